//! Several certificates in one file, in whatever order people join them: bundles of CAs in ca.pem, and chains in
//! server.pem. Whom openssl, Go, Node and Python accept, `check` and every run accept, and nobody else.

use std::process::Command;

use crate::check::Verdict;
use crate::check::signing::{CA, SERVER, but, sign_ca, sign_ca_with};
use crate::peers::Peer;
use crate::support::{Sandbox, has};

const ONE_WAY: (&str, &str, &str) = ("ca.pem", "localhost", "one-way");
const MUTUAL: (&str, &str, &str) = ("ca.pem", "localhost", "mutual");

fn assert_accepted(set: &Sandbox, peers: &[Peer]) {
    let verdict = Verdict::of(set, &["--name", "localhost"]);
    let grave: Vec<_> = verdict.findings().filter(|finding| finding.text("severity") != "note").collect();
    assert!(verdict.exit == 0 && grave.is_empty(), "{:?}", verdict.found());
    for (purpose, pem) in [("sslserver -verify_hostname localhost", "server"), ("sslclient", "client")] {
        set.openssl(&format!(
            "verify -x509_strict -purpose {purpose} -CAfile ca.pem -untrusted {pem}.pem {pem}.pem"
        ));
    }
    assert_each(peers, set, ONE_WAY, true);
    assert_each(peers, set, MUTUAL, true);
}

fn assert_each(peers: &[Peer], set: &Sandbox, case: (&str, &str, &str), accepted: bool) {
    for peer in peers {
        peer.assert(set, case, accepted);
    }
}

fn assert_rejected(set: &Sandbox, peers: &[Peer], code: &str) {
    let verdict = Verdict::of(set, &["--name", "localhost"]);
    assert!(verdict.exit == 3 && verdict.found().contains(code), "{code}: {:?}", verdict.found());
    assert_each(peers, set, ONE_WAY, false);
}

fn count(set: &Sandbox, pem: &str) -> usize {
    set.read(pem).matches("-----BEGIN CERTIFICATE").count()
}

fn kept(set: &Sandbox) {
    let before = set.snapshot();
    assert!(set.certgen(&[]).succeeds().contains("no changes"));
    assert_eq!(set.snapshot(), before);
}

#[test]
fn the_own_ca_is_found_wherever_it_is_in_a_bundle() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    let others: Vec<String> = ["one", "two"]
        .iter()
        .map(|name| Sandbox::with_set_of(&["--organization", name]).read("ca.pem"))
        .collect();
    for at in 0..3 {
        for without_key in [false, true] {
            let set = Sandbox::with_set();
            let mut all = others.clone();
            all.insert(at, set.read("ca.pem"));
            set.write("ca.pem", all.concat());
            if without_key {
                set.remove("ca.key");
            }
            assert_accepted(&set, &peers);
            kept(&set);
            if without_key {
                continue;
            }
            // What signs keeps the others, which somebody trusts.
            for command in [&["renew"][..], &["renew", "--ca", "--all"], &["--san", "db.example.com"]] {
                set.certgen(command).args(&["-q"]).succeeds();
                assert_eq!(count(&set, "ca.pem"), 3, "{command:?}");
                assert!(others.iter().all(|other| set.read("ca.pem").contains(other)), "{command:?}");
                assert_eq!(count(&set, "server.pem"), 2, "its own issuer alone follows it");
                assert_accepted(&set, &peers);
                kept(&set);
            }
            set.certgen(&["client", "alice", "-q", "--key-type", "ecdsa-p256"]).succeeds();
            set.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem alice.pem");
        }
    }
    let set = Sandbox::with_set();
    set.write("ca.pem", others.concat());
    set.remove("ca.key");
    assert_rejected(&set, &peers, "error not-signed-by-ca server.pem");
}

/// The order that is recommended: the new CA is trusted beside the old one first, and then it signs.
#[test]
fn one_ca_follows_another() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for is_new_first in [true, false] {
        let set = Sandbox::with_set();
        let new = Sandbox::with_set_of(&["--organization", "new"]);
        let (old_ca, new_ca) = (set.read("ca.pem"), new.read("ca.pem"));
        set.write("ca.pem", if is_new_first { new_ca.clone() + &old_ca } else { old_ca.clone() + &new_ca });
        assert_accepted(&set, &peers);
        for name in ["ca.key", "ca.srl"] {
            set.write(name, new.read(name));
        }
        // What the old CA has signed is as good as before.
        assert_accepted(&set, &peers);
        kept(&set);
        let by = |pem: &str| set.openssl(&format!("x509 -in {pem} -noout -issuer"));
        assert!(!by("server.pem").contains("new"));
        let client = [set.read("client.pem"), set.read("client.key")];
        set.certgen(&["renew", "server", "-q"]).succeeds();
        assert!(by("server.pem").contains("O = new") && !by("client.pem").contains("new"));
        assert!(set.read("server.pem").ends_with(&new_ca) && count(&set, "server.pem") == 2);
        assert_accepted(&set, &peers);
        set.certgen(&["renew", "-q"]).succeeds();
        assert!(by("client.pem").contains("O = new"));
        assert_accepted(&set, &peers);
        // Clients with a certificate of the old CA are let in until it leaves ca.pem.
        set.write("client.pem", &client[0]);
        set.write("client.key", &client[1]);
        set.remove("client.csr");
        assert_each(&peers, &set, MUTUAL, true);
        set.write("ca.pem", &new_ca);
        assert_each(&peers, &set, MUTUAL, false);
        assert!(Verdict::of(&set, &[]).found().contains("error not-signed-by-ca client.pem"));
    }
}

#[test]
fn the_signature_of_a_root_is_nobody_s_business() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for flags in ["-sha1", "-sha512", "-sha224"] {
        let set = Sandbox::with_set();
        sign_ca_with(&set, CA, &format!("-days 3650 -set_serial 0x1000 {flags}"));
        assert_accepted(&set, &peers);
        kept(&set);
        set.certgen(&["client", "alice", "-q", "--key-type", "ecdsa-p256"]).succeeds();
        set.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem alice.pem");
    }
}

/// root.pem, int.pem below it, and a server's certificate below that, in server.pem without any of the others.
fn corporate() -> Sandbox {
    let set = Sandbox::with_set();
    sign_ca(&set, &but(CA, "basicConstraints=critical,CA:TRUE"));
    std::fs::rename(set.file("ca.pem"), set.file("root.pem")).unwrap();
    std::fs::rename(set.file("ca.key"), set.file("root.key")).unwrap();
    set.write("int.ext", but(CA, "authorityKeyIdentifier=keyid"));
    set.write("server.ext", SERVER);
    for line in [
        "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out int.key",
        "req -new -key int.key -subj /O=corp/CN=int -out int.csr",
        "x509 -req -in int.csr -CA root.pem -CAkey root.key -set_serial 7 -days 300 -extfile int.ext -out int.pem",
        "x509 -req -in server.csr -CA int.pem -CAkey int.key -set_serial 8 -days 200 -extfile server.ext -out server.pem",
    ] {
        set.openssl(line);
    }
    for name in [
        "root.key",
        "int.key",
        "int.csr",
        "int.ext",
        "server.ext",
        "ca.srl",
        "client.pem",
        "client.key",
        "client.csr",
    ] {
        set.remove(name);
    }
    set
}

fn joined(set: &Sandbox, names: &[&str]) -> String {
    names.iter().map(|name| set.read(name)).collect()
}

#[test]
fn a_missing_intermediate_is_what_is_missing() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    let set = corporate();
    set.write("ca.pem", set.read("root.pem"));
    assert_rejected(&set, &peers, "error missing-issuer server.pem");
    let verdict = Verdict::of(&set, &[]);
    let finding = verdict.findings().find(|finding| finding.text("code") == "missing-issuer").unwrap();
    assert!(
        finding
            .text("message")
            .contains("is issued by O=corp, CN=int, whose certificate is neither in it nor in ca.pem")
    );
    let fix = finding.text("fix");
    assert!(fix.starts_with("append the issuing CA's certificate to server.pem;"), "{fix}");
    // As it says.
    set.write("server.pem", joined(&set, &["server.pem", "int.pem"]));
    let verdict = Verdict::of(&set, &[]);
    assert_eq!(verdict.exit, 0, "{:?}", verdict.found());
    assert_each(&peers, &set, ONE_WAY, true);
    // And a run leaves it alone: nothing of the chain is lost.
    set.write("ca.srl", "1000\n");
    let chain = set.read("server.pem");
    let out = set.certgen(&["server", "server", "--dry-run"]).output();
    assert_eq!(set.read("server.pem"), chain, "{}", String::from_utf8_lossy(&out.stderr));
}

#[test]
fn a_chain_in_another_order_is_said_as_order_and_reordered() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for names in [
        &["root.pem", "int.pem", "leaf.pem"][..],
        &["int.pem", "leaf.pem"],
        &["int.pem", "leaf.pem", "root.pem"],
        &["int.pem", "root.pem", "leaf.pem"],
    ] {
        let set = corporate();
        std::fs::rename(set.file("server.pem"), set.file("leaf.pem")).unwrap();
        set.write("ca.pem", set.read("root.pem"));
        set.write("server.pem", joined(&set, names));
        set.remove("leaf.pem");
        let verdict = Verdict::of(&set, &[]);
        let errors: Vec<String> = verdict
            .findings()
            .filter(|finding| finding.text("severity") == "error")
            .map(|finding| finding.to_string())
            .collect();
        assert_eq!(errors, ["error chain-order server.pem"], "{names:?}");
        let fix = verdict.findings().find(|finding| finding.text("code") == "chain-order").unwrap();
        let fix = fix.text("fix").to_owned();
        let status = Command::new("sh").args(["-ec", &fix]).current_dir(set.path()).status().unwrap();
        assert!(status.success(), "{fix}");
        assert_eq!(count(&set, "server.pem"), names.len(), "nothing is lost");
        assert_eq!(Verdict::of(&set, &[]).exit, 0, "{names:?}");
        assert_each(&peers, &set, ONE_WAY, true);
    }
    // A run reorders what is its own.
    let set = Sandbox::with_set();
    let right = set.read("server.pem");
    let leaf = set.openssl("x509 -in server.pem");
    set.write("server.pem", set.read("ca.pem") + &leaf);
    let out = set.certgen(&[]).succeeds();
    assert!(out.contains("has its certificate after another one"), "{out}");
    assert_eq!(set.read("server.pem"), right);
    assert_accepted(&set, &peers);
}

#[test]
fn an_intermediate_in_ca_pem_without_its_root_is_a_warning() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    let set = corporate();
    set.write("ca.pem", set.read("int.pem"));
    let verdict = Verdict::of(&set, &[]);
    assert_eq!(verdict.exit, 0, "{:?}", verdict.found());
    assert!(verdict.found().contains("warning no-issuer ca.pem"), "{:?}", verdict.found());
    for peer in &peers {
        // Node wants the root; the others trust it as it is, Python since 3.13 (VERIFY_X509_PARTIAL_CHAIN).
        peer.assert(&set, ONE_WAY, !peer.is_node());
    }
    // In any order, and with a stranger among them.
    let other = Sandbox::with_set_of(&["--organization", "other"]).read("ca.pem");
    for names in [["int.pem", "root.pem"], ["root.pem", "int.pem"]] {
        set.write("ca.pem", other.clone() + &joined(&set, &names));
        let verdict = Verdict::of(&set, &[]);
        assert_eq!(verdict.exit, 0, "{:?}", verdict.found());
        assert!(!verdict.found().iter().any(|found| found.starts_with("warning")), "{:?}", verdict.found());
        assert_each(&peers, &set, ONE_WAY, true);
    }
}
