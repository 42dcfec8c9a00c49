//! What `check` says beside what others say of the same broken sets: Milvus and its clients ([`clients`]), and the tools
//! that people check certificates with, `openssl verify -x509_strict` and `certtool --verify`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::check::{Row, Verdict, rows};
use crate::support::{Sandbox, has};

mod clients;
mod live;

/// Who says what of one set: empty where the set is accepted, or that half of it is not there.
type Sayings = BTreeMap<&'static str, String>;

struct Case {
    row: Row,
    verdict: Verdict,
    sayings: Sayings,
}

/// All rows, broken, with what the tools say.
fn cases() -> Vec<Case> {
    let cases = rows().into_iter().map(|row| {
        let set = row.broken();
        let verdict = Verdict::of(&set, row.asked);
        let mut sayings = openssl(&set, row.server_name());
        if has("certtool") {
            sayings.extend(gnutls(&set, row.server_name()));
        }
        Case { row, verdict, sayings }
    });
    cases.collect()
}

fn is_ip(name: &str) -> bool {
    name.parse::<std::net::IpAddr>().is_ok()
}

fn openssl(set: &Sandbox, name: &str) -> Sayings {
    let kind = if is_ip(name) { "ip" } else { "hostname" };
    let server = format!("-purpose sslserver -verify_{kind} {name}");
    let verify = |pem: &str, flags: &str| {
        if !set.file(pem).exists() {
            return String::new();
        }
        let line =
            format!("verify -x509_strict -auth_level 2 -no-CApath -no-CAstore -CAfile ca.pem {flags} {pem}");
        refusal(&set.openssl_output(&line))
    };
    Sayings::from([
        ("OpenSSL server", verify("server.pem", &server)),
        ("OpenSSL client", verify("client.pem", "-purpose sslclient")),
    ])
}

fn gnutls(set: &Sandbox, name: &str) -> Sayings {
    let verify = |pem: &str, flags: &[&str]| {
        if !set.file(pem).exists() {
            return String::new();
        }
        let mut command = Command::new("certtool");
        command.args(["--verify", "--load-ca-certificate", "ca.pem", "--infile", pem]).args(flags);
        refusal(&command.current_dir(set.path()).output().unwrap())
    };
    Sayings::from([
        (
            "GnuTLS server",
            verify("server.pem", &["--verify-hostname", name, "--verify-purpose", "1.3.6.1.5.5.7.3.1"]),
        ),
        ("GnuTLS client", verify("client.pem", &["--verify-purpose", "1.3.6.1.5.5.7.3.2"])),
    ])
}

fn refusal(output: &std::process::Output) -> String {
    if output.status.success() {
        return String::new();
    }
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    said.concat().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn table(cases: &[&Case]) -> String {
    let mut table = String::new();
    for case in cases {
        writeln!(table, "{}\n  check: {:?}", case.row.name, case.verdict.found()).unwrap();
        for (who, said) in case.sayings.iter().filter(|(_, said)| !said.is_empty()) {
            writeln!(table, "  {who}: {said}").unwrap();
        }
    }
    table
}

#[test]
fn whatever_a_strict_tool_refuses_has_a_finding() {
    if !has("openssl") {
        return;
    }
    let cases = cases();
    let is_silent = |case: &&Case| {
        let refuses = case.sayings.values().any(|said| !said.is_empty());
        refuses && case.verdict.found().iter().all(|found| found.contains(" not-checked "))
    };
    let silent: Vec<&Case> = cases.iter().filter(is_silent).collect();
    assert!(silent.is_empty(), "refused by a tool, and no finding:\n{}", table(&silent));
}
