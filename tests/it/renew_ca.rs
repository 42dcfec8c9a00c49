//! A CA certificate that is signed again: what it has signed stays valid, for those who trust the old one too.

use std::process::Command;

use milvus_certgen::certificate::{Certificate, certificates_from_pem};
use milvus_certgen::issue;
use milvus_certgen::keys::{KeyFormat, KeyKind};
use milvus_certgen::profile::Role;
use milvus_certgen::set::Set;
use milvus_certgen::spec::Spec;
use time::{Duration, OffsetDateTime};

use crate::check::signing::{CA, CLIENT, SERVER, but, sign, sign_between, sign_ca, sign_ca_with};
use crate::peers::script;
use crate::support::{Sandbox, has};

fn first(set: &Sandbox, pem: &str) -> Certificate {
    certificates_from_pem(set.read(pem).as_bytes()).unwrap().remove(0)
}

/// As easy-rsa signs: `authorityKeyIdentifier` names the CA certificate by its serial number too.
fn by_number(extensions: &str) -> String {
    but(extensions, "authorityKeyIdentifier=keyid,issuer:always")
}

/// Server and client as they are, by everyone who is here.
fn assert_accepted(set: &Sandbox, trust: &str) {
    for (purpose, pem) in [("sslserver -verify_hostname localhost", "server"), ("sslclient", "client")] {
        set.openssl(&format!("verify -x509_strict -purpose {purpose} -CAfile {trust} {pem}.pem"));
    }
    for (program, peer) in [("python3", "handshake.py"), ("node", "handshake.js")] {
        if !has(program) {
            continue;
        }
        for mode in ["one-way", "mutual"] {
            let mut command = Command::new(program);
            let said =
                command.arg(script(peer)).arg(set.path()).args([trust, "localhost", mode]).output().unwrap();
            assert!(said.status.success(), "{peer} {mode}: {}", String::from_utf8_lossy(&said.stdout));
        }
    }
}

/// RFC 5280 section 4.1.2.2 asks for a new number, and Firefox insists on it: without need there is one.
#[test]
fn the_number_changes_where_nothing_goes_by_it() {
    let set = Sandbox::with_set();
    let before = first(&set, "ca.pem");
    let out = set.certgen(&["renew", "--ca"]).succeeds();
    let after = first(&set, "ca.pem");
    assert_ne!(before.serial, after.serial);
    assert_eq!(before.subject_key_identifier, after.subject_key_identifier);
    assert!(!out.contains("serial number"), "{out}");
}

/// What is done before the CA's certificate is signed again, and after.
type Case = (fn(&Sandbox), fn(&Sandbox));

#[test]
fn the_number_stays_where_a_certificate_goes_by_it() {
    if !has("openssl") {
        return;
    }
    let renew = |set: &Sandbox| set.certgen(&["renew", "--ca"]).succeeds();
    let plain = |set: &Sandbox| set.certgen(&[]).succeeds();
    let server: Case = (|s| sign(s, "server", &by_number(SERVER)), |_| {});
    let client: Case = (|s| sign(s, "client", &by_number(CLIENT)), |_| {});
    let handed_out: Case = (
        // Only the CA's own certificate says how it signs.
        |s| {
            if first(s, "ca.pem").authority_serial.is_none() {
                sign_ca(s, &(but(CA, "authorityKeyIdentifier=keyid:always,issuer:always")));
            }
            sign(s, "client", &by_number(CLIENT));
            std::fs::rename(s.file("client.pem"), s.file("handed-out")).unwrap();
        },
        |s| std::fs::rename(s.file("handed-out"), s.file("client.pem")).unwrap(),
    );
    for (run, weaken) in [
        (&renew as &dyn Fn(&Sandbox) -> String, (|_| {}) as fn(&Sandbox)),
        (&plain, |s| {
            let own = "authorityKeyIdentifier=keyid:always,issuer:always";
            sign_ca(s, &but(&but(CA, own), "basicConstraints=CA:TRUE"));
        }),
    ] {
        for (prepare, restore) in [server, client, handed_out] {
            let set = Sandbox::with_set();
            weaken(&set);
            prepare(&set);
            let number = first(&set, "ca.pem").serial.unwrap();
            std::fs::copy(set.file("ca.pem"), set.file("old-ca")).unwrap();
            let pems =
                ["server.pem", "client.pem"].map(|pem| set.file(pem).exists().then(|| first(&set, pem)));
            let out = run(&set);
            let note =
                format!("note: ca.pem keeps its serial number {number}, by which certificates refer to it");
            assert!(out.contains(&note), "{out}");
            assert_eq!(first(&set, "ca.pem").serial, Some(number));
            let after =
                ["server.pem", "client.pem"].map(|pem| set.file(pem).exists().then(|| first(&set, pem)));
            if pems[1].is_some() {
                assert_eq!(pems, after, "none is signed again");
            }
            restore(&set);
            assert_accepted(&set, "ca.pem");
            // What is signed now, by those who have the old one.
            set.certgen(&["renew", "-q"]).succeeds();
            assert_accepted(&set, "ca.pem");
            if first(&set, "old-ca").basic_constraints.is_some_and(|basic| basic.critical) {
                assert_accepted(&set, "old-ca");
            }
            assert!(set.certgen(&["check"]).output().status.success());
        }
    }
}

/// A number that may not stay takes what goes by it along, in one run, and it says what is left to do.
#[test]
fn a_number_that_cannot_stay_reissues_what_goes_by_it() {
    if !has("openssl") {
        return;
    }
    for flags in [&[][..], &["renew", "--ca"]] {
        let set = Sandbox::with_set();
        sign_ca_with(&set, CA, "-days 365 -set_serial -5");
        sign(&set, "server", &by_number(SERVER));
        sign(&set, "client", &by_number(CLIENT));
        let warning =
            "note: ca.pem gets a new serial number; certificates kept elsewhere that refer to the old one";
        let before = set.snapshot();
        let out = set.certgen(flags).args(&["--dry-run"]).succeeds();
        assert!(out.contains(warning), "before anything is written: {out}");
        assert_eq!(set.snapshot(), before);
        let out = set.certgen(flags).succeeds();
        for pem in ["server.pem  reissued", "client.pem  reissued"] {
            assert!(out.contains(pem) && out.matches("reason: it refers to").count() == 2, "{out}");
        }
        assert!(out.contains(warning), "{out}");
        assert_accepted(&set, "ca.pem");
        assert!(set.certgen(&["check"]).output().status.success());
    }
}

#[test]
fn a_ca_keeps_what_it_allows_below_and_the_name_by_which_its_key_goes() {
    if !has("openssl") {
        return;
    }
    for length in ["", ",pathlen:0", ",pathlen:3"] {
        let set = Sandbox::with_set();
        sign_ca(&set, &but(CA, &format!("basicConstraints=critical,CA:TRUE{length}")));
        let before = first(&set, "ca.pem").basic_constraints;
        set.certgen(&["renew", "--ca", "-q"]).succeeds();
        assert_eq!(first(&set, "ca.pem").basic_constraints, before);
    }
    // Its certificate does not name the key, and those that it has signed do.
    let set = Sandbox::with_set();
    let named = first(&set, "server.pem").authority_key_identifier;
    sign_ca(&set, &but(CA, "subjectKeyIdentifier=none"));
    set.certgen(&["-q"]).succeeds();
    assert_eq!(first(&set, "ca.pem").subject_key_identifier, named);
    assert_accepted(&set, "ca.pem");
}

/// Writes a set that was made in memory.
fn write(set: &Set, to: &Sandbox) {
    let ca = &set.ca.certificate.parsed().unwrap().certificate;
    let key = |file: &milvus_certgen::set::KeyFile| file.key.to_pem(KeyFormat::Pkcs8).unwrap();
    to.write("ca.key", key(set.ca.key.parsed().unwrap()));
    to.write("ca.pem", ca.to_pem());
    to.write("ca.srl", set.ca.serial.parsed().unwrap().as_ref().unwrap().to_srl());
    for role in [Role::Server, Role::Client] {
        let files = &set.first(role).unwrap().files;
        to.write(&format!("{role}.key"), key(files.key.parsed().unwrap()));
        let file = files.certificate.parsed().unwrap();
        let chain: String =
            std::iter::once(&file.certificate).chain(&file.chain).map(Certificate::to_pem).collect();
        to.write(&format!("{role}.pem"), chain);
        to.write(&format!("{role}.csr"), files.request.parsed().unwrap().to_pem());
    }
}

fn made_at(now: OffsetDateTime, days: u32) -> Sandbox {
    let spec = Spec { key: Some(KeyKind::EcdsaP256), ca_days: Some(days), ..Spec::default() };
    let random = |bytes: &mut [u8]| {
        bytes.fill(7);
        Ok(())
    };
    let sandbox = Sandbox::new();
    write(&issue::make(&spec, now, random).unwrap(), &sandbox);
    sandbox
}

/// The command of a hint.
fn hinted(err: &str) -> Vec<&str> {
    let (_, hint) =
        err.split_once("hint: if the clock is right now: milvus-certgen ").unwrap_or_else(|| panic!("{err}"));
    hint.split(';').next().unwrap().split(' ').collect()
}

#[test]
fn a_set_of_a_clock_that_was_ahead_is_renewed_by_the_hint() {
    let set = made_at(OffsetDateTime::now_utc() + Duration::days(2), 3650);
    let before = set.snapshot();
    for flags in [&[][..], &["client", "alice"], &["renew"]] {
        let err = set.certgen(flags).fails(1);
        assert!(err.starts_with("error: ca.pem: is not valid before "), "{flags:?}: {err}");
        assert_eq!(hinted(&err), ["renew", "--ca", "--all"], "{flags:?}");
    }
    assert_eq!(set.snapshot(), before);
    let fix = "fix: if the clock is right now: milvus-certgen renew --ca --all; if not, set it right";
    let check = String::from_utf8(set.certgen(&["check"]).output().stdout).unwrap();
    assert_eq!(check.matches(fix).count(), 3, "{check}");
    let keys = [set.read("ca.key"), set.read("server.key"), set.read("client.key")];
    set.certgen(&["renew", "--ca", "--all", "-q"]).succeeds();
    assert!(set.certgen(&["check"]).output().status.success());
    assert!(set.certgen(&[]).succeeds().contains("no changes"));
    assert_eq!([set.read("ca.key"), set.read("server.key"), set.read("client.key")], keys);
}

#[test]
fn a_leaf_of_a_clock_that_was_ahead_is_renewed_by_the_hint() {
    if !has("openssl") {
        return;
    }
    for (role, extensions) in [("server", SERVER), ("client", CLIENT)] {
        let set = Sandbox::with_set();
        sign_between(&set, role, extensions, [2, 200]);
        let other = Sandbox::new();
        let err = set.certgen(&[]).fails(1);
        assert!(err.starts_with(&format!("error: {role}.pem: is not valid before ")), "{err}");
        assert_eq!(hinted(&err), ["renew", role]);
        let err = other.certgen(&["-o", &set.path().display().to_string()]).fails(1);
        let command = hinted(&err);
        assert_eq!(command[2..], ["-o", &set.path().display().to_string()]);
        // The CA's certificate alone can be renewed beside it.
        set.certgen(&["renew", "--ca", "-q"]).succeeds();
        other.certgen(&command).args(&["-q"]).succeeds();
        assert!(set.certgen(&["check"]).output().status.success());
    }
}

/// 9999-12-31T23:59:59Z stands for no end at all (RFC 5280 section 4.1.2.5).
#[test]
fn a_ca_without_an_end_works_in_every_command() {
    let now = OffsetDateTime::now_utc();
    let end = time::macros::datetime!(9999-12-31 23:59:59 UTC);
    let days = u32::try_from((end - now).whole_days()).unwrap();
    let set = made_at(now, days);
    let fast = ["--key-type", "ecdsa-p256", "-q"];
    assert_eq!(first(&set, "ca.pem").not_after.year(), 9999);
    for command in [
        &[][..],
        &["check", "--strict", "--name", "localhost"],
        &["check", "--expires-within", "3650000"],
        &["config", "client-python"],
        &["renew"],
        &["renew", "--ca"],
        &["--san", "db.example.com"],
    ] {
        let run = set.certgen(command).output();
        let err = String::from_utf8_lossy(&run.stderr).into_owned();
        assert!(matches!(run.status.code(), Some(0..=3)) && !err.contains("panicked"), "{command:?}: {err}");
    }
    set.certgen(&["client", "alice"]).args(&fast).succeeds();
    assert_eq!(first(&set, "ca.pem").not_after.year(), 9999, "a renewal never shortens its life");
    // The longest that can be asked for, and one more.
    let longest = days.to_string();
    Sandbox::new().certgen(&["--days", &longest, "--ca-days", &longest]).args(&fast).succeeds();
    let err = Sandbox::new().certgen(&["--ca-days", &(days + 2).to_string()]).args(&fast).fails(2);
    assert!(err.contains("ends after the year 9999"), "{err}");
}

#[test]
fn a_ca_of_certtool_without_an_end() {
    if !has("certtool") {
        return;
    }
    let desk = Sandbox::new();
    desk.write("t", "cn = root\nca\ncert_signing_key\ncrl_signing_key\nexpiration_days = -1\n");
    for line in [
        "--generate-privkey --key-type ecdsa --curve secp256r1 --outfile ca.key",
        "--generate-self-signed --load-privkey ca.key --template t --outfile ca.pem",
    ] {
        let made = Command::new("certtool").args(line.split(' ')).current_dir(desk.path()).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    }
    assert_eq!(first(&desk, "ca.pem").not_after.year(), 9999);
    desk.certgen(&["--key-type", "ecdsa-p256", "-q"]).succeeds();
    assert!(desk.certgen(&["check"]).output().status.success());
    desk.certgen(&["renew", "--ca", "-q"]).succeeds();
    assert!(desk.certgen(&["check"]).output().status.success());
}
