//! What `check` must not say, and what it must not advise.

use std::fs;

use super::row::Verdict;
use super::signing::{CLIENT, SERVER, but, sign};
use crate::support::{Sandbox, has};

fn fixes(verdict: &Verdict) -> Vec<String> {
    let fixes = verdict.findings().map(|finding| finding.text("fix").to_owned());
    fixes.filter(|fix| !fix.is_empty()).collect()
}

/// A new CA in the place of a sound one would cut off whoever trusts it.
#[test]
fn nobody_is_told_to_start_over_without_need() {
    let nothing = Sandbox::new();
    let verdict = Verdict::of(&nothing, &[]);
    assert_eq!((verdict.exit, fixes(&verdict).iter().all(|fix| fix == "milvus-certgen")), (3, true));

    let authority = Sandbox::new();
    authority.certgen(&["ca", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    let verdict = Verdict::of(&authority, &[]);
    assert_eq!((verdict.exit, fixes(&verdict)), (3, vec!["milvus-certgen".to_owned()]));
    let before = authority.read("ca.pem");
    authority.certgen(&["-q", "--key-type", "ecdsa-p256"]).succeeds();
    assert_eq!(authority.read("ca.pem"), before);
    assert_eq!(Verdict::of(&authority, &[]).exit, 0);

    // A CA that was named is not this directory's to make anew.
    let other = Sandbox::with_set();
    let path = other.file("ca.pem");
    let named = Verdict::of(&authority, &["--ca-cert", path.to_str().unwrap()]);
    assert!(
        named.exit == 3 && fixes(&named).iter().all(|fix| !fix.contains("--force")),
        "{:?}",
        fixes(&named)
    );
}

#[test]
fn a_path_that_leads_nowhere_was_not_meant() {
    let set = Sandbox::with_set();
    set.write("file", "");
    for (args, message) in [
        (&["check", "--ca-cert", "no.pem"][..], "no.pem: does not exist"),
        (&["check", "--cert", "no.pem"], "no.pem: does not exist"),
        (&["check", "--cert", "server.pem", "--key", "no.key"], "no.key: does not exist"),
        (&["check", "file"], "file: is not a directory"),
        (&["probe", "localhost", "--ca-cert", "no.pem"], "no.pem: does not exist"),
    ] {
        let err = set.certgen(args).fails(1);
        assert!(
            err.contains(message) && err.contains("hint: ") && !err.contains("--out-dir"),
            "{args:?}: {err}"
        );
    }
}

#[test]
fn a_copy_is_no_second_certificate() {
    let set = Sandbox::with_set_of(&["--days", "365"]);
    fs::copy(set.file("server.pem"), set.file("backup.pem")).unwrap();
    let found = Verdict::of(&set, &[]).found();
    assert!(found.iter().all(|finding| !finding.contains("serial-repeated")), "{found:?}");
}

/// The issuer of server.pem is sent along, and ca.pem is the root alone: what clients want.
#[test]
fn an_intermediate_that_is_sent_along_is_trusted() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set_of(&["--days", "365", "--ca-days", "365"]);
    set.write("ca.ext", "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign\nsubjectKeyIdentifier=hash\n");
    set.openssl("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.pem -days 365 -subj /CN=root -addext keyUsage=critical,keyCertSign");
    set.openssl("req -new -key ca.key -subj /CN=between -out ca.csr");
    set.openssl("x509 -req -in ca.csr -CA root.pem -CAkey root.key -CAcreateserial -days 365 -extfile ca.ext -out ca.pem");
    sign(&set, "server", SERVER);
    sign(&set, "client", CLIENT);
    // Both send the intermediate.
    let between = set.read("ca.pem");
    let client = set.read("client.pem") + &between;
    set.write("client.pem", client);
    fs::rename(set.file("root.pem"), set.file("ca.pem")).unwrap();
    set.remove("ca.key");
    set.remove("ca.srl");
    let verdict = Verdict::of(&set, &["--name", "localhost"]);
    assert_eq!(verdict.exit, 0, "{:?}", verdict.found());
    assert!(verdict.found().iter().all(|finding| !finding.contains("not-signed")), "{:?}", verdict.found());
    // Without it they are not.
    let alone = set.read("server.pem");
    let end = alone.find("-----END CERTIFICATE-----\n").unwrap() + "-----END CERTIFICATE-----\n".len();
    set.write("server.pem", &alone[..end]);
    let verdict = Verdict::of(&set, &[]);
    assert!(verdict.found().contains("error missing-issuer server.pem"), "{:?}", verdict.found());
}

#[test]
fn names_that_no_client_can_ask_for_are_none() {
    if !has("openssl") {
        return;
    }
    for (names, is_sound) in [
        ("DNS:localhost", true),
        ("DNS:*", false),
        ("DNS:localhost:19530", false),
        ("email:me@example.com", false),
        ("URI:spiffe://a/b", false),
        ("URI:spiffe://a/b,DNS:localhost", true),
    ] {
        let set = Sandbox::with_set_of(&["--days", "365"]);
        sign(&set, "server", &but(SERVER, &format!("subjectAltName={names}")));
        let found = Verdict::of(&set, &[]).found();
        let says = found.iter().any(|found| found.contains(" no-san server.pem"));
        assert_eq!(says, !is_sound, "{names}: {found:?}");
    }
}
