//! Sound sets, other sets than those of a run, and what is asked of them.

use std::collections::BTreeSet;
use std::fs;

use super::row::Verdict;
use crate::support::{RECIPE_SUBJECT, Sandbox, as_someone_else, has, run_milvus_recipe, text};

fn set_of(expected: &[&str]) -> BTreeSet<String> {
    expected.iter().map(|&one| one.to_owned()).collect()
}

fn handshakes(verdict: &Verdict) -> Vec<(String, u64, bool)> {
    let shaken = verdict.json["handshakes"].as_array().unwrap().iter();
    shaken
        .map(|one| {
            let name = one["name"].as_str().unwrap().to_owned();
            (name, one["tls_mode"].as_u64().unwrap(), one["problem"].is_null())
        })
        .collect()
}

#[test]
fn a_sound_set_of_each_kind_of_key_has_no_finding() {
    for key_type in ["rsa", "ecdsa-p256", "ecdsa-p384", "ed25519"] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "--days", "365", "-q"]).succeeds();
        let before = set.snapshot();
        let verdict = Verdict::of(&set, &[]);
        let expected = match key_type {
            "ed25519" => set_of(&["error ed25519-key server.key", "warning ed25519-key client.key"]),
            _ => BTreeSet::new(),
        };
        // pymilvus does not connect to it.
        let exit = if key_type == "ed25519" { 3 } else { 0 };
        assert_eq!((verdict.found(), verdict.exit), (expected, exit), "{key_type}");
        assert_eq!(verdict.json["ok"], exit == 0);
        let both = [("localhost".to_owned(), 1, true), ("localhost".to_owned(), 2, true)];
        assert_eq!(handshakes(&verdict), both, "{key_type}");
        let strict = Verdict::of(&set, &["--strict"]);
        assert_eq!(strict.exit, if key_type == "ed25519" { 3 } else { 0 }, "{key_type} --strict");
        assert_eq!(strict.json["ok"], key_type != "ed25519");
        assert_eq!(set.snapshot(), before, "{key_type}");
    }
}

#[test]
fn strict_takes_warnings_for_errors_and_notes_for_notes() {
    let set = Sandbox::with_set_of(&["--days", "4000"]);
    let verdict = Verdict::of(&set, &["--strict"]);
    let note = set_of(&["note long-validity server.pem"]);
    assert_eq!((verdict.found(), verdict.exit), (note, 0), "a note is no warning");
    set.set_mode("server.key", 0o644);
    assert_eq!(Verdict::of(&set, &[]).exit, 0);
    assert_eq!(Verdict::of(&set, &["--strict"]).exit, 3);
    let quiet = set.certgen(&["check", "--strict", "-q"]).output();
    assert_eq!((quiet.status.code(), quiet.stdout, quiet.stderr), (Some(3), vec![], vec![]));
}

#[test]
fn what_gen_sh_makes() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::new();
    run_milvus_recipe(&set, RECIPE_SUBJECT);
    let verdict = Verdict::of(&set, &[]);
    let codes: Vec<(&str, &str)> =
        verdict.findings().map(|finding| (finding.text("code"), finding.text("subject"))).collect();
    for (code, subject) in [
        ("ca-no-key-usage", "ca.pem"),
        ("no-san", "server.pem"),
        ("no-eku", "server.pem"),
        ("no-eku", "client.pem"),
        ("no-issuer", "server.pem"),
    ] {
        assert!(codes.contains(&(code, subject)), "{code} {subject}: {codes:?}");
    }
    // openssl before 3.2 gives a certificate no authorityKeyIdentifier by itself.
    let others = codes.iter().filter(|(code, _)| {
        !["ca-no-key-usage", "no-san", "no-eku", "no-issuer", "long-validity", "key-identifier"]
            .contains(code)
    });
    assert_eq!(others.count(), 0, "{codes:?}");
    // Milvus and pymilvus accept them; Go does not.
    assert_eq!(verdict.exit, 3);
    set.certgen(&["-q"]).succeeds();
    let mended = Verdict::of(&set, &[]);
    assert_eq!((mended.found(), mended.exit), (set_of(&[]), 0));
}

#[test]
fn expires_within_is_the_window_of_a_word() {
    let set = Sandbox::with_set_of(&["--days", "100", "--ca-days", "3650"]);
    for (days, expiring) in
        [("0", false), ("20", false), ("30", false), ("98", false), ("101", true), ("3650", true)]
    {
        let codes = Verdict::of(&set, &["--expires-within", days]).found();
        assert_eq!(
            codes.iter().any(|one| one.contains(" expiring ")),
            expiring,
            "{days}: exactly as it was set"
        );
    }
    let set = Sandbox::with_set_of(&["--days", "100", "--ca-days", "100"]);
    assert_eq!(Verdict::of(&set, &["--strict"]).exit, 0);
}

#[test]
fn a_directory_that_is_mounted_is_judged_for_what_it_is() {
    let set = Sandbox::new();
    let flags = ["--key-type", "ecdsa-p256", "--days", "365", "--tls-dir", "tls", "-o", "all", "-q"];
    set.certgen(&flags).succeeds();
    let verdict = Verdict::of(&set, &["tls"]);
    let expected = set_of(&["note not-checked ca.key", "note not-checked client.pem"]);
    assert_eq!((verdict.found(), verdict.exit), (expected, 0));
    assert_eq!(handshakes(&verdict), [("localhost".to_owned(), 1, true)]);

    // What a client is given.
    fs::create_dir(set.file("app")).unwrap();
    for name in ["ca.pem", "client.pem", "client.key"] {
        fs::copy(set.file("all").join(name), set.file("app").join(name)).unwrap();
    }
    let verdict = Verdict::of(&set, &["app"]);
    let expected = set_of(&["note not-checked ca.key", "note not-checked server.pem"]);
    assert_eq!((verdict.found(), verdict.exit), (expected, 0));
    assert_eq!(handshakes(&verdict), []);
}

#[test]
fn files_of_other_names_are_named_one_by_one() {
    let set = Sandbox::with_set_of(&["--days", "365"]);
    for (from, to) in [("ca.pem", "root.crt"), ("server.pem", "tls.crt"), ("server.key", "tls.key")] {
        fs::rename(set.file(from), set.file(to)).unwrap();
    }
    let named = ["--ca-cert", "root.crt", "--cert", "tls.crt", "--key", "tls.key"];
    let verdict = Verdict::of(&set, &named);
    // There is no client among them.
    assert_eq!((verdict.found(), verdict.exit), (set_of(&["note not-checked client.pem"]), 0));
    assert_eq!(verdict.json["certificates"][1]["file"], "tls.crt");
    assert_eq!(verdict.json["certificates"][1]["issued_by"], "root.crt");

    let no_key = Verdict::of(&set, &named[..4]);
    assert_eq!(no_key.exit, 0);
    assert!(no_key.found().contains("note not-checked --key"), "{:?}", no_key.found());

    let other_key = Verdict::of(&set, &["--ca-cert", "root.crt", "--cert", "tls.crt", "--key", "client.key"]);
    assert_eq!((other_key.found(), other_key.exit), (set_of(&["error key-mismatch client.key"]), 3));

    let files = ["--ca-cert", "root.crt", "--cert", "client.pem", "--key", "client.key"];
    let client = Verdict::of(&set, &files);
    assert_eq!((client.exit, &client.json["certificates"][1]["role"]), (0, &"client".into()));
    // A name is asked of a server, whatever the certificate says that it is.
    let as_server = Verdict::of(&set, &[&files[..], &["--name", "x.example"]].concat());
    assert_eq!(as_server.json["certificates"][1]["role"], "server");
    let codes: BTreeSet<&str> = as_server.findings().map(|finding| finding.text("code")).collect();
    assert!(
        as_server.exit == 3 && codes.contains("wrong-eku") && codes.contains("name-not-in-san"),
        "{codes:?}"
    );
    let named = Verdict::of(
        &set,
        &["--ca-cert", "root.crt", "--cert", "tls.crt", "--key", "tls.key", "--name", "localhost"],
    );
    assert_eq!((named.exit, &named.json["certificates"][1]["role"]), (0, &"server".into()));
}

#[test]
fn further_identities_are_shown_and_judged() {
    let set = Sandbox::with_set_of(&["--days", "365"]);
    set.certgen(&["client", "alice", "--key-type", "ecdsa-p256", "--days", "300", "-q"]).succeeds();
    set.certgen(&["server", "node-1.example.com", "--key-type", "ecdsa-p256", "--days", "300", "-q"])
        .succeeds();
    let verdict = Verdict::of(&set, &[]);
    assert_eq!((verdict.found(), verdict.exit), (BTreeSet::new(), 0));
    let shown = verdict.json["certificates"].as_array().unwrap().iter();
    let shown: Vec<(&str, &str)> =
        shown.map(|one| (one["role"].as_str().unwrap(), one["file"].as_str().unwrap())).collect();
    assert_eq!(
        shown,
        [
            ("ca", "ca.pem"),
            ("server", "server.pem"),
            ("client", "client.pem"),
            ("client", "alice.pem"),
            ("server", "node-1.example.com.pem"),
        ]
    );
    set.remove("alice.key");
    fs::copy(set.file("client.key"), set.file("node-1.example.com.key")).unwrap();
    let found = Verdict::of(&set, &[]).found();
    for expected in ["note not-checked alice.key", "error key-mismatch node-1.example.com.key"] {
        assert!(found.contains(expected), "{expected}: {found:?}");
    }
}

#[test]
fn each_asked_name_is_tried_in_handshakes() {
    let set = Sandbox::with_set_of(&["--days", "365", "--san", "*.db.example,10.0.0.7"]);
    let names = "localhost,a.db.example,10.0.0.7,evil.example";
    let verdict = Verdict::of(&set, &["--name", names, "--name", "::1"]);
    let mut expected = Vec::new();
    for (name, succeeds) in [
        ("localhost", true),
        ("a.db.example", true),
        ("10.0.0.7", true),
        ("evil.example", false),
        ("::1", true),
    ] {
        expected.extend([1, 2].map(|mode| (name.to_owned(), mode, succeeds)));
    }
    assert_eq!(handshakes(&verdict), expected);
    assert_eq!((verdict.found(), verdict.exit), (set_of(&["error name-not-in-san server.pem"]), 3));
}

#[test]
fn a_file_that_may_not_be_read_is_said() {
    for (name, expected) in
        [("server.key", "note not-checked server.key"), ("server.pem", "error unreadable server.pem")]
    {
        let set = Sandbox::with_set_of(&["--days", "365"]);
        // The others may be.
        for entry in set.snapshot().keys() {
            set.set_mode(entry, if entry == name { 0o000 } else { 0o644 });
        }
        let output = as_someone_else(&set, &["check", "--json"]);
        let json: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
        let verdict = Verdict { exit: output.status.code().unwrap(), json };
        let finding = verdict.findings().find(|finding| finding.to_string() == expected).unwrap();
        // Who may not read a key can still judge the rest.
        let fix = if name == "server.pem" { "run check as the user who may read it" } else { "" };
        assert_eq!(finding.text("fix"), fix);
        assert_eq!(verdict.exit, if expected.starts_with("error") { 3 } else { 0 });
    }
}

#[test]
fn a_password_opens_the_cas_key() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set_of(&["--days", "365"]);
    set.openssl("pkcs8 -topk8 -in ca.key -out ca.new -passout pass:secret");
    fs::rename(set.file("ca.new"), set.file("ca.key")).unwrap();
    for (password, finding) in [("secret", None), ("other", Some("note not-checked ca.key"))] {
        let run = set.certgen(&["check", "--json"]).env("MILVUS_CERTGEN_CA_KEY_PASSWORD", password);
        let json = serde_json::from_str(&text(&run.output().stdout)).unwrap();
        let found = Verdict { exit: 0, json }.found();
        assert_eq!(found, finding.map(str::to_owned).into_iter().collect(), "{password}");
    }
}

#[test]
fn wrong_flags_are_refused_with_a_hint() {
    let set = Sandbox::with_set();
    for (flags, message, hint) in [
        (&["--key", "server.key"][..], "--key", "--cert"),
        (&["--name", "https://milvus.example:19530"], "--name", "hint: "),
        (&["--expires-within", "soon"], "--expires-within", "hint: "),
        (&["--expires-within", "-1"], "--expires-within", "hint: "),
        (&["--ca-file", "tls/ca"], "--ca-file", "hint: "),
        (&["--dry-run"], "--dry-run", "--help"),
        (&["tls", "more"], "more", "--help"),
    ] {
        let err = set.certgen(&["check"]).args(flags).fails(2);
        assert!(err.contains(message) && err.contains(hint), "{flags:?}: {err}");
    }
}

#[test]
fn a_directory_that_is_none_is_refused() {
    let set = Sandbox::with_set();
    let err = set.certgen(&["check", "no-such"]).fails(1);
    assert!(err.contains("error: no-such: does not exist") && err.contains("hint: "), "{err}");
    let err = set.certgen(&["check", "ca.pem"]).fails(1);
    assert!(err.contains("ca.pem: "), "{err}");
}
