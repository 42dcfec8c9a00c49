//! The table of clients beside the clients themselves, on a live handshake.

use std::fmt::Write as _;

use milvus_certgen::internal::{Case as Kind, Client, Concern, Part, Rule, rules as table};
use serde_json::Value;

use super::live::{Asked, Live, Said, is_refusal};
use crate::check::{Row, Verdict, rows};
use crate::support::{Sandbox, has};

pub(super) struct Case {
    pub(super) row: Row,
    pub(super) set: Sandbox,
    pub(super) verdict: Verdict,
}

impl Case {
    /// What `check` says that the client does.
    fn of(&self, client: &str) -> &Value {
        let clients = self.verdict.json["clients"].as_array().unwrap();
        clients.iter().find(|one| one["client"] == client).unwrap()
    }
}

fn cases() -> Vec<Case> {
    let cases = rows().into_iter().map(|row| {
        let set = row.broken();
        let verdict = Verdict::of(&set, row.asked);
        Case { row, set, verdict }
    });
    cases.collect()
}

fn live(cases: &[Case]) -> Option<Live> {
    let asked: Vec<Asked<'_>> =
        cases.iter().map(|case| Asked { name: case.row.server_name(), dir: case.set.path() }).collect();
    Live::of(&asked)
}

/// Where `check` and the client differ: whether it accepts, or what it says.
fn difference(case: &Case, client: &str, said: &Said) -> Option<String> {
    let claimed = case.of(client);
    let heard: Vec<&String> = said.iter().filter(|said| is_refusal(said)).collect();
    // Where no server can serve the files, no client can be asked; Milvus does not start with them either.
    if said.iter().all(|said| said == "absent") {
        let is_served = case.of("milvus")["accepts"] != false && case.of("milvus")["accepts"] != Value::Null;
        return (client != "milvus" && is_served && case.set.file("server.pem").exists())
            .then(|| "no server can serve it, and check says that Milvus does".to_owned());
    }
    let words = claimed["says"].as_str().unwrap_or_default();
    let agrees = match claimed["accepts"].as_bool() {
        Some(false) => heard.iter().any(|heard| heard.contains(words)),
        _ => heard.is_empty(),
    };
    (!agrees).then(|| format!("check: {claimed}\n    live: {said:?}"))
}

/// Where Debian's Go 1.19, about as old as that of Milvus 2.3, does otherwise or says otherwise.
const OLD_GO: [&str; 6] = [
    "a negative serial number",
    "a server with a negative serial number",
    "a CA with a negative serial number",
    "a client with a critical authorityKeyIdentifier",
    "Milvus's demo key",
    "a server with more certificates than a handshake carries",
];

#[test]
fn each_client_does_what_the_table_says() {
    if !has("openssl") {
        return;
    }
    let cases = cases();
    let Some(live) = live(&cases) else { return };
    let mut wrong = String::new();
    for (of_whom, said_by) in [("", &live.said), (" (old)", &live.of_old_go)] {
        for (client, all) in said_by {
            for (case, said) in cases.iter().zip(all) {
                if !of_whom.is_empty() && OLD_GO.contains(&case.row.name) {
                    continue;
                }
                if let Some(difference) = difference(case, client, said) {
                    writeln!(wrong, "{}: {client}{of_whom}\n    {difference}", case.row.name).unwrap();
                }
            }
        }
    }
    wrong.push_str(&untrue(&cases, &live));
    assert!(wrong.is_empty(), "{wrong}");
}

/// Rules that no set shows, and words that nobody has said of any set.
fn untrue(cases: &[Case], live: &Live) -> String {
    let mut wrong = String::new();
    let all = table().flat_map(|rule| rule.by.iter().map(move |one| (rule, one)));
    // The other test shows that one.
    let all = all.filter(|(rule, _)| rule.case != Kind::TrustedAlone);
    for (Rule { code, .. }, (client, says)) in all {
        let Some(all) = live.said.get(client.word()) else { continue };
        let is_shown = |(case, said): (&Case, &Said)| {
            case.verdict.findings().any(|finding| finding.text("code") == code.name())
                && said.iter().any(|said| said.contains(says))
        };
        if !cases.iter().zip(all).any(is_shown) {
            writeln!(wrong, "{}: {} says nowhere: {says}", code.name(), client.word()).unwrap();
        }
    }
    wrong
}

/// Where on the page a fault is, and what it is beyond its code.
fn place(rule: &Rule) -> (&'static str, &'static str) {
    let file = match rule.part {
        Part::ServerKey => "server.key",
        Part::Server => "server.pem",
        Part::ClientKey => "client.key",
        Part::Client => "client.pem",
        Part::Ca => "ca.pem",
        Part::Above => "ca.pem, a CA above",
        Part::Between => "a CA that is sent along",
    };
    let case = match rule.case {
        Kind::Any | Kind::Indented | Kind::TooLarge => "",
        Kind::OtherKeyType => ", of another type",
        Kind::NoAuthority => ", no authorityKeyIdentifier",
        Kind::OtherAuthority => ", another authorityKeyIdentifier",
        Kind::OwnIdentifier => ", a root that names another key as its own",
        Kind::P521 => ", P-521",
        Kind::Ed448 => ", Ed448",
        Kind::Ip => ", an IP address",
        Kind::IpAsDns => ", an IP address as a DNS name",
        Kind::CommonName => ", the CN where there are no DNS names",
        Kind::AnyPurpose => ", anyExtendedKeyUsage",
        Kind::NoServerAuth => ", no serverAuth",
        Kind::NoClientAuth => ", no clientAuth",
        Kind::PathLength => ", with a pathlen",
        Kind::Negative => ", negative",
        Kind::AuthorityCritical => ", a critical authorityKeyIdentifier",
        Kind::Constraint => ", nameConstraints",
        Kind::NoName => ", no name that a client can ask for",
        Kind::NoDnsName => ", email addresses or URIs alone",
        Kind::Version1 => ", X.509 version 1",
        Kind::OtherSignature => ", a damaged signature",
        Kind::WithoutRoot => ", ca.pem without its root",
        Kind::TrustedAlone => ", server.pem alone is trusted",
    };
    (file, case)
}

/// The lines of the page: what a certificate says, and who rejects it.
fn lines() -> Vec<String> {
    let of_certificates = table().filter(|rule| rule.code.row().concerns == Concern::Certificate);
    let rejected = of_certificates.filter(|rule| !rule.by.is_empty());
    let line = |rule: &Rule| {
        let (file, case) = place(rule);
        let of = |client: &Client| rule.by.iter().any(|(by, _)| by == client);
        let who: Vec<&str> =
            Client::ALL.iter().filter(|client| of(client)).map(|client| client.name()).collect();
        format!("| `{}`{case} | {file} | {} |", rule.code.name(), who.join(", "))
    };
    rejected.map(line).collect()
}

#[test]
fn the_pages_have_the_table() {
    let lines = lines();
    let page = include_str!("../../../examples/troubleshooting/README.md");
    let (_, shown) = page.split_once("| what | where | rejected by |\n|---|---|---|\n").unwrap();
    let shown = shown.split("\n\n").next().unwrap();
    assert!(shown.trim_end() == lines.join("\n"), "the page should have:\n{}\n", lines.join("\n"));
    for client in Client::ALL {
        assert!(page.contains(client.version()), "{}", client.version());
    }
}

/// The Milvus page's one-way step: clients trust server.pem. With the issuer in it all accept it, and without it all but
/// those of the rule.
#[test]
fn who_trusts_the_server_s_own_certificate() {
    let rule = table().find(|rule| rule.case == Kind::TrustedAlone && rule.part == Part::Server).unwrap();
    let rejecting: Vec<&str> = rule.by.iter().map(|(client, _)| client.word()).collect();
    assert_eq!(rejecting, ["node", "rust"]);
    for (flags, rejecting) in [(&[][..], vec![]), (&["--leaf-only"], rejecting)] {
        let set = Sandbox::with_set_of(flags);
        set.write("ca.pem", set.read("server.pem"));
        let Some(live) = Live::of(&[Asked { name: "localhost", dir: set.path() }]) else { return };
        let refusing =
            live.said.iter().filter(|(_, said)| is_refusal(&said[0][0])).map(|(client, _)| *client);
        assert_eq!(refusing.collect::<Vec<_>>(), rejecting, "{flags:?}: {:?}", live.said);
    }
}
