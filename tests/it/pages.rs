//! The sets that Milvus's own pages make are brought up to date in place, by every command that may do so: keys,
//! subjects and the trust in the old CA certificate stay.

use std::fs;

use crate::check::Verdict;
use crate::peers::Peer;
use crate::support::{
    RECIPE_SUBJECT, Sandbox, has, renew_as_current_milvus_recipe, run_current_milvus_recipe,
    run_milvus_recipe,
};

const KEYS: [&str; 3] = ["ca.key", "server.key", "client.key"];

/// openssl 1.1 writes key identifiers only where they are asked for.
const NO_IDENTIFIERS: &str = "subjectKeyIdentifier = none\nauthorityKeyIdentifier = none\n";

/// openssl 3 writes both by itself.
const IDENTIFIERS: &str = "subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid,issuer\n";

/// The pages of 2.4, and of 2.5 and later with an older and a newer openssl.
const PAGES: [fn(&Sandbox); 3] = [
    |sandbox| run_milvus_recipe(sandbox, RECIPE_SUBJECT),
    |sandbox| run_current_milvus_recipe(sandbox, NO_IDENTIFIERS),
    |sandbox| run_current_milvus_recipe(sandbox, IDENTIFIERS),
];

fn subjects(set: &Sandbox) -> [String; 3] {
    ["ca", "server", "client"].map(|base| set.openssl(&format!("x509 -in {base}.pem -noout -subject")))
}

/// Everyone accepts both certificates, also those who have the CA certificate from before and are not strict.
fn assert_up_to_date(set: &Sandbox, old_ca: &str, peers: &[Peer]) {
    let verdict = Verdict::of(set, &["--name", "localhost"]);
    let grave: Vec<_> = verdict.findings().filter(|finding| finding.text("severity") != "note").collect();
    assert!(verdict.exit == 0 && grave.is_empty(), "{:?}", verdict.found());
    let before = set.snapshot();
    assert!(set.certgen(&[]).succeeds().contains("no changes"));
    assert_eq!(set.snapshot(), before);
    set.write("old-ca.pem", old_ca);
    for (purpose, pem) in [("sslserver -verify_hostname localhost", "server"), ("sslclient", "client")] {
        set.openssl(&format!("verify -x509_strict -purpose {purpose} -CAfile ca.pem {pem}.pem"));
        set.openssl(&format!("verify -purpose {purpose} -CAfile old-ca.pem {pem}.pem"));
    }
    for peer in peers {
        for trust in ["ca.pem", "server.pem"] {
            peer.assert(set, (trust, "localhost", "one-way"), true);
            peer.assert(set, (trust, "localhost", "mutual"), true);
            peer.assert(set, (trust, "evil.example", "one-way"), false);
        }
    }
    set.remove("old-ca.pem");
}

#[test]
fn each_page_s_set_is_brought_up_to_date_in_place() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for page in PAGES {
        // A run, a renewal of both, one of the CA with all that it has signed, and what runs before Milvus in Compose.
        for command in [&[][..], &["renew", "--ca", "--all"], &["--tls-dir", "tls"]] {
            let set = Sandbox::new();
            page(&set);
            let (keys, old_ca, names) = (KEYS.map(|key| set.read(key)), set.read("ca.pem"), subjects(&set));
            let before = set.snapshot();
            let rehearsed = set.certgen(command).args(&["--dry-run"]).succeeds();
            assert!(rehearsed.contains("client.pem") && set.snapshot() == before, "{rehearsed}");
            set.certgen(command).succeeds();
            assert_eq!(KEYS.map(|key| set.read(key)), keys, "keys are kept");
            assert_eq!(subjects(&set), names, "and so are subjects");
            if !command.is_empty() && command[0] == "--tls-dir" {
                assert_eq!(set.read("tls/server.pem"), set.read("server.pem"));
                fs::remove_dir_all(set.file("tls")).unwrap();
            }
            assert_up_to_date(&set, &old_ca, &peers);
        }
    }
}

/// What is wrong with today's page, and that the command that is printed for it mends it.
#[test]
fn today_s_page_is_refused_for_what_it_is_and_the_fix_is_the_run() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for (identifiers, is_alike) in [(NO_IDENTIFIERS, true), (IDENTIFIERS, false)] {
        let set = Sandbox::new();
        run_current_milvus_recipe(&set, identifiers);
        let old_ca = set.read("ca.pem");
        let verdict = Verdict::of(&set, &[]);
        let found = verdict.found();
        assert_eq!(verdict.exit, 3);
        for (code, is_found) in [
            ("error wrong-eku client.pem", true),
            ("warning ca-no-key-usage ca.pem", true),
            ("warning same-subject server.pem", is_alike),
            ("note same-subject client.pem", is_alike),
        ] {
            assert_eq!(found.contains(code), is_found, "{code}: {found:?}");
        }
        for finding in verdict.findings().filter(|finding| finding.text("severity") == "error") {
            assert_eq!(finding.text("fix"), "milvus-certgen", "{finding}");
        }
        for peer in &peers {
            peer.assert(&set, ("ca.pem", "localhost", "mutual"), false);
        }
        set.certgen(&[]).succeeds();
        assert_up_to_date(&set, &old_ca, &peers);
        // renew.sh goes on from there, and so does the next run.
        let ca = set.read("ca.pem");
        renew_as_current_milvus_recipe(&set, identifiers);
        assert_eq!(Verdict::of(&set, &[]).exit, 3);
        set.certgen(&["renew"]).succeeds();
        assert_eq!(set.read("ca.pem"), ca);
        assert_up_to_date(&set, &old_ca, &peers);
    }
}

/// The page tells its readers to put their own host's name there.
#[test]
fn today_s_page_with_another_name_keeps_it() {
    if !has("openssl") {
        return;
    }
    for command in [&[][..], &["renew"], &["renew", "client"], &["--leaf-only"]] {
        let set = Sandbox::new();
        run_current_milvus_recipe(&set, IDENTIFIERS);
        let extensions =
            "basicConstraints=CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:db.example.com\n";
        set.write("ext", format!("{extensions}{IDENTIFIERS}"));
        for role in ["server", "client"] {
            set.openssl(&format!(
                "req -new -key {role}.key -subj /C=US/O=zilliz/CN=db.example.com -out {role}.csr"
            ));
            set.openssl(&format!(
                "x509 -req -in {role}.csr -CA ca.pem -CAkey ca.key -days 365 -extfile ext -out {role}.pem"
            ));
        }
        set.remove("ext");
        set.certgen(command).succeeds();
        for (purpose, pem) in
            [("sslserver -verify_hostname db.example.com", "server"), ("sslclient", "client")]
        {
            set.openssl(&format!("verify -purpose {purpose} -CAfile ca.pem {pem}.pem"));
            let subject = set.openssl(&format!("x509 -in {pem}.pem -noout -subject"));
            assert_eq!(subject, "subject=C = US, O = zilliz, CN = db.example.com\n", "{command:?}");
        }
    }
}

/// A certificate of another key is nobody's to take over, whatever its purpose.
#[test]
fn a_server_s_certificate_in_the_client_s_place_is_not_taken_over() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set_of(&["--cn", "db.example.com"]);
    fs::copy(set.file("server.pem"), set.file("client.pem")).unwrap();
    let before = set.snapshot();
    let err = set.certgen(&[]).fails(1);
    let why = "client.pem: is not issued by this CA, or not for its role; it was for \"db.example.com\"";
    assert!(err.contains(why), "{err}");
    assert_eq!(set.snapshot(), before);
}
