//! What `check` says beside what openssl, Go, Python and `GnuTLS` say of the same broken sets: whatever one of them
//! refuses has a finding, and what a finding quotes has been said.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::check::{Row, Verdict, rows};
use crate::peers::{go_program, script};
use crate::support::{Sandbox, has};

/// Who says what of one set: empty where the set is accepted, or that half of it is not there.
type Sayings = BTreeMap<&'static str, String>;

struct Case {
    row: Row,
    set: Sandbox,
    verdict: Verdict,
    sayings: Sayings,
}

/// All rows, broken, with what everybody says.
fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = rows()
        .into_iter()
        .map(|row| {
            let set = row.broken();
            let verdict = Verdict::of(&set, row.asked);
            let mut sayings = openssl(&set, row.server_name());
            if has("certtool") {
                sayings.extend(gnutls(&set, row.server_name()));
            }
            Case { row, set, verdict, sayings }
        })
        .collect();
    let asked: Vec<(&str, &Path)> =
        cases.iter().map(|case| (case.row.server_name(), case.set.path())).collect();
    let mut by_program = Vec::new();
    if has("go") {
        let (_workshop, program) = go_program("verify.go");
        by_program.push((["Go server", "Go client"], said(Command::new(program), &asked)));
    }
    if has("python3") {
        let mut python = Command::new("python3");
        python.arg("-B").arg(script("verify.py"));
        by_program.push((["Python one-way", "Python mutual"], said(python, &asked)));
    }
    for (who, lines) in by_program {
        assert_eq!(lines.len(), cases.len() * 2, "{who:?}");
        for (case, said) in cases.iter_mut().zip(lines.chunks(2)) {
            for (who, said) in who.into_iter().zip(said) {
                let is_refusal = said != "accepted" && said != "absent";
                case.sayings.insert(who, if is_refusal { said.clone() } else { String::new() });
            }
        }
    }
    cases
}

/// Two lines for each set.
fn said(mut program: Command, asked: &[(&str, &Path)]) -> Vec<String> {
    let output = program.args(asked.iter().flat_map(|(name, dir)| [Path::new(name), dir])).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
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
    let said = [&output.stdout, &output.stderr].map(|octets| String::from_utf8_lossy(octets));
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

/// Peers that refuse what works with Milvus and its clients, or that do not know what is current.
const ALONE: [(&str, &str, &str); 0] = [];

#[test]
fn whatever_a_peer_refuses_has_a_finding_and_quotes_are_true() {
    if !has("openssl") {
        return;
    }
    let cases = cases();
    let is_silent = |case: &&Case| {
        let is_grave = |found: &String| !found.starts_with("note ");
        let is_alone =
            |who: &str| ALONE.iter().any(|(row, alone, _)| *row == case.row.name && who.starts_with(alone));
        let refuses = case.sayings.iter().any(|(who, said)| !said.is_empty() && !is_alone(who));
        refuses && !case.verdict.found().iter().any(is_grave)
    };
    let silent: Vec<&Case> = cases.iter().filter(is_silent).collect();
    assert!(silent.is_empty(), "refused by a peer, and no finding:\n{}", table(&silent));

    let untrue = untrue_quotes(&cases);
    assert!(untrue.is_empty(), "never said:\n{untrue}");
}

/// Quotes that nobody here says of any set whose finding has them.
fn untrue_quotes(cases: &[Case]) -> String {
    let mut sets: BTreeMap<(String, String), (bool, BTreeSet<&'static str>)> = BTreeMap::new();
    for case in cases {
        for finding in case.verdict.findings() {
            for seen in finding.seen_as() {
                let (who, quote) = seen.split_once(": ").unwrap();
                let who = who.split(' ').next().unwrap();
                if !["Go", "OpenSSL", "Python"].contains(&who) {
                    continue;
                }
                // Python's ssl is OpenSSL, and prints what OpenSSL says.
                let speaks =
                    |name: &str| name.starts_with(who) || who == "OpenSSL" && name.starts_with("Python");
                let mut said = case.sayings.iter().filter(|(name, _)| speaks(name));
                let entry = sets.entry((finding.text("code").to_owned(), seen.to_owned())).or_default();
                entry.0 |= said.any(|(_, said)| said.contains(quote));
                entry.1.insert(case.row.name);
            }
        }
    }
    let mut untrue = String::new();
    for ((code, seen), (is_true, rows)) in sets {
        if !is_true {
            writeln!(untrue, "{code}: {seen}").unwrap();
            let cases: Vec<&Case> = cases.iter().filter(|case| rows.contains(case.row.name)).collect();
            untrue.push_str(&table(&cases[..cases.len().min(2)]));
        }
    }
    untrue
}
