//! What a finding says of its cure: a command that works when typed.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use super::row::{Row, Verdict, rows};
use crate::support::{Sandbox, has};

/// Sentences, for what no command mends.
const SENTENCES: [&str; 12] = [
    "append the CA certificates above it, up to the root",
    "name the host that clients connect to, where the CA key is: ",
    "append the issuing CA's certificate to ",
    "set the clock right, or wait",
    "have it reissued without that, or use another CA",
    "put the right one in its place; or start over: ",
    "where the CA key is: ",
    "the CA key was discarded; start over: ",
    "move it to where only you can read it, and run milvus-certgen there",
    "move it away",
    "run check as the user who may read it",
    "have the CA above reissue it with a longer pathlen",
];

/// Commands that cannot do it, each with the reason.
const IN_VAIN: [(&str, &str, &str); 5] = [
    ("an address without any", "chain", "renew keeps the names; --san is the other finding's command"),
    ("server.pem and client.pem have changed places", "wrong-eku", "a run does not guess whose they are"),
    ("server.pem and client.pem have changed places", "no-issuer", "the keys come first"),
    (
        "CA and server have the same subject, and the server no authorityKeyIdentifier",
        "key-identifier",
        "the subject comes first",
    ),
    ("an expired CA", "outlives-ca", "renew --ca writes nothing beside a server that has expired"),
];

/// Runs it as a shell would, with the binary found by its name.
fn run(set: &Sandbox, line: &str) -> String {
    let binary = Path::new(env!("CARGO_BIN_EXE_milvus-certgen")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    // openssl asks for a password on the terminal, and takes it from here where there is none.
    command.args(["-c", line]).current_dir(set.path()).env("PATH", path);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("MILVUS_CERTGEN_") {
            command.env_remove(name);
        }
    }
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if output.status.success() { String::new() } else { format!("{}: {}", output.status, said.concat()) }
}

/// What is left of the findings that a row's commands promise to mend, each command on a set of its own.
fn in_vain(row: &Row) -> String {
    let mut report = String::new();
    let broken = row.broken();
    let verdict = Verdict::of(&broken, row.asked);
    let mut tried = BTreeSet::new();
    for finding in verdict.findings() {
        let fix = finding.text("fix");
        // The clock of the tests is right.
        let fix = fix.strip_prefix("if the clock is right now: ").unwrap_or(fix);
        let fix = fix.strip_suffix("; if not, set it right").unwrap_or(fix);
        let is_command = !fix.is_empty() && !SENTENCES.iter().any(|sentence| fix.starts_with(sentence));
        // openssl asks for the password, and there is nobody here to type it.
        let asks = finding.text("code") == "encrypted-key";
        let is_vain =
            IN_VAIN.iter().any(|(name, code, _)| *name == row.name && *code == finding.text("code"));
        if !is_command || asks || is_vain || !tried.insert((finding.text("code"), finding.text("subject"))) {
            continue;
        }
        let set = row.broken();
        let failure = run(&set, fix);
        let after = Verdict::of(&set, row.asked);
        let is_left = |left: super::row::Finding<'_>| {
            left.text("code") == finding.text("code") && left.text("subject") == finding.text("subject")
        };
        if !failure.is_empty() || after.findings().any(is_left) {
            writeln!(report, "{}: {finding}: {fix}\n  {failure}\n  {:?}", row.name, after.found()).unwrap();
        }
    }
    report
}

#[test]
fn each_command_mends_what_it_is_said_to_mend() {
    if !has("openssl") {
        return;
    }
    let left: String = rows().iter().map(in_vain).collect();
    assert!(left.is_empty(), "not mended:\n{left}");
}

/// The password is typed where openssl asks for it.
#[test]
fn the_command_for_a_key_with_a_password_asks_for_it() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    set.openssl("pkcs8 -topk8 -in server.key -out server.new -passout pass:secret");
    std::fs::rename(set.file("server.new"), set.file("server.key")).unwrap();
    let verdict = Verdict::of(&set, &[]);
    let fix = verdict.findings().next().unwrap().text("fix").to_owned();
    let failure = run(&set, &fix.replace("openssl pkey ", "openssl pkey -passin pass:secret "));
    assert_eq!(failure, "", "{fix}");
    assert_eq!(Verdict::of(&set, &[]).exit, 0);
}
