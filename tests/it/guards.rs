//! What is not written over, not signed unasked, and not given twice: each case was once possible.

use std::fs;

use crate::support::{RECIPE_SUBJECT, Sandbox, has, run_milvus_recipe};

const FAST: [&str; 2] = ["--key-type", "ecdsa-p256"];

fn refuses(sandbox: &Sandbox, args: &[&str], why: &str) {
    let before = sandbox.snapshot();
    let output = sandbox.certgen(args).output();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{args:?} was not refused: {err}");
    assert!(err.contains(why) && err.contains("\nhint: "), "{args:?}: {err}");
    assert_eq!(sandbox.snapshot(), before, "{args:?}");
}

#[test]
fn files_of_a_ca_are_never_written_over() {
    let sandbox = Sandbox::with_set();
    fs::copy(sandbox.file("server.csr"), sandbox.file("ca.csr")).unwrap();
    refuses(&sandbox, &["sign", "ca.csr"], "ca.pem: is a file of the CA");
    let ca = Sandbox::new();
    ca.certgen(&["ca", "--cn", "ca", "-q"]).args(&FAST).succeeds();
    let external = ["--ca-cert", "ca.pem", "--ca-key", "ca.key", "--san", "foo.example.com", "--ou", "x"];
    refuses(&ca, &[&["server", "ca"][..], &external].concat(), "ca.pem: already exists");
    refuses(&ca, &["csr", "ca"], "ca.pem: already exists");
}

#[test]
fn a_certificate_gets_beside_no_key_but_its_own() {
    let (sandbox, other) = (Sandbox::with_set(), Sandbox::with_set());
    fs::copy(other.file("server.csr"), sandbox.file("server.csr")).unwrap();
    refuses(&sandbox, &["sign", "server.csr"], "server.key: already exists, and is not the key");
    fs::copy(other.file("server.csr"), sandbox.file("request.pem")).unwrap();
    refuses(&sandbox, &["sign", "request.pem"], "request.pem: the certificate would be written over it");
    fs::copy(other.file("server.csr"), sandbox.file(".csr")).unwrap();
    refuses(&sandbox, &["sign", ".csr"], "its name cannot be a certificate's");
}

#[test]
fn keys_in_use_are_not_replaced_without_a_word() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["csr", "foo.example", "-q"]).args(&FAST).succeeds();
    refuses(
        &sandbox,
        &["client", "foo.example", "--key-type", "rsa"],
        "foo.example.key: already exists, and is ECDSA P-256",
    );
    let other = Sandbox::with_set();
    other.certgen(&["client", "bob", "-q"]).args(&FAST).succeeds();
    fs::copy(other.file("bob.pem"), sandbox.file("bob.pem")).unwrap();
    refuses(&sandbox, &["client", "bob"], "bob.pem: already exists, issued by another CA");
    if !has("openssl") {
        return;
    }
    let combined = Sandbox::with_set();
    combined.write("client.pem", combined.read("client.pem") + &combined.read("client.key"));
    combined.remove("client.key");
    refuses(&combined, &[], "client.pem: holds its private key too");
    refuses(
        &combined,
        &["renew"],
        "put the key into a file of its own: openssl pkey -in client.pem -out client.key",
    );
    sandbox.openssl("pkcs8 -topk8 -in server.key -out e.key -passout pass:x");
    fs::rename(sandbox.file("e.key"), sandbox.file("server.key")).unwrap();
    refuses(&sandbox, &[], "server.key: is encrypted with a password, which Milvus cannot open");
    // A CA's key with a password is not written without it.
    let sandbox = Sandbox::with_set();
    sandbox.openssl("pkcs8 -topk8 -in ca.key -out e.key -passout pass:x");
    fs::rename(sandbox.file("e.key"), sandbox.file("ca.key")).unwrap();
    let before = sandbox.read("ca.key");
    let run =
        sandbox.certgen(&["--key-format", "traditional", "-q"]).env("MILVUS_CERTGEN_CA_KEY_PASSWORD", "x");
    run.succeeds();
    assert_eq!(sandbox.read("ca.key"), before);
}

#[test]
fn the_ca_signs_no_names_that_only_an_unsigned_file_asks_for() {
    let sandbox = Sandbox::with_set_of(&["--cn", "db.example.com"]);
    let evil = Sandbox::with_set_of(&["--cn", "bank.example.com", "--org", "Evil"]);
    for name in ["server.key", "server.pem", "server.csr"] {
        fs::copy(evil.file(name), sandbox.file(name)).unwrap();
    }
    refuses(
        &sandbox,
        &[],
        "server.pem: is not issued by this CA, or not for its role; it was for \"bank.example.com\"",
    );
    let out = sandbox.certgen(&["--cn", "db.example.com", "-v"]).succeeds();
    assert!(out.contains("C=CN, O=milvus, OU=milvus, CN=db.example.com\n"), "{out}");
    // A damaged certificate does not silently become localhost's.
    sandbox.write("server.pem", "");
    refuses(&sandbox, &[], "server.pem: is empty; it was for \"db.example.com\"");
    sandbox.certgen(&["--cn", "db.example.com", "-q"]).succeeds();
}

#[test]
fn renew_knows_gen_sh_s_client_from_its_server() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::new();
    run_milvus_recipe(&sandbox, RECIPE_SUBJECT);
    sandbox.certgen(&["renew", "-q"]).succeeds();
    sandbox.openssl("verify -purpose sslclient -CAfile ca.pem client.pem");
    sandbox.openssl("verify -purpose sslserver -verify_hostname localhost -CAfile ca.pem server.pem");
    let sandbox = Sandbox::new();
    run_milvus_recipe(&sandbox, RECIPE_SUBJECT);
    let before = sandbox.snapshot();
    sandbox.certgen(&["renew", "--ca", "-q"]).succeeds();
    let after = sandbox.snapshot();
    for name in ["server.pem", "client.pem", "server.csr"] {
        assert_eq!(before[name], after[name], "{name}: --ca signs the CA alone");
    }
    fs::copy(sandbox.file("client.pem"), sandbox.file("third.pem")).unwrap();
    refuses(&sandbox, &["renew", "third"], "third.pem: does not say whether it is a server's or a client's");
}

#[test]
fn a_lost_serial_file_gives_no_number_twice() {
    let serial = |sandbox: &Sandbox, name: &str| {
        let chain =
            milvus_certgen::certificate::certificates_from_pem(sandbox.read(name).as_bytes()).unwrap();
        chain[0].serial.clone().unwrap()
    };
    for _ in 0..8 {
        let sandbox = Sandbox::with_set();
        sandbox.certgen(&["client", "alice", "-q"]).args(&FAST).succeeds();
        sandbox.remove("ca.srl");
        sandbox.certgen(&["-q"]).succeeds();
        sandbox.certgen(&["client", "bob", "-q"]).args(&FAST).succeeds();
        assert_ne!(serial(&sandbox, "alice.pem"), serial(&sandbox, "bob.pem"));
    }
}

#[test]
fn an_environment_made_for_the_server_names_nobody_else() {
    let sandbox = Sandbox::with_set();
    let run = sandbox
        .certgen(&["client", "eve", "--json"])
        .args(&FAST)
        .env("MILVUS_CERTGEN_SAN", "milvus,10.0.0.7");
    let json = run.succeeds();
    assert!(
        !json.contains("10.0.0.7") || !json.contains("\"eve.pem\",\n      \"certificate\": null"),
        "{json}"
    );
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(report["certificates"][1]["certificate"]["names"].as_array().unwrap().len(), 1);
}

#[test]
fn a_renewed_ca_never_ends_before_what_it_may_have_signed() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["ca", "-q"]).args(&FAST).succeeds();
    sandbox.certgen(&["client", "alice", "-q"]).args(&FAST).succeeds();
    let days_left = |flags: &[&str]| {
        let report = sandbox.certgen(&["renew", "--ca", "--json"]).args(flags).succeeds();
        let report: serde_json::Value = serde_json::from_str(&report).unwrap();
        report["certificates"][0]["certificate"]["days_left"].as_i64().unwrap()
    };
    assert_eq!(days_left(&["--days", "7"]), 3650);
    assert_eq!(days_left(&["--ca-days", "7"]), 7, "set explicitly");
    let err = sandbox.certgen(&["client", "bob", "--ca-days", "3"]).fails(2);
    assert!(err.contains("--ca-days: no such option"), "{err}");
}

#[test]
fn a_clock_that_is_wrong_signs_nothing() {
    use milvus_certgen::pki::{self, MaySignFor, Validity};
    use milvus_certgen::serial::Serial;

    let sandbox = Sandbox::with_set();
    let (key, _) = milvus_certgen::keys::encoding::from_pem(sandbox.read("ca.key").as_bytes()).unwrap();
    let now = time::OffsetDateTime::now_utc();
    let old = milvus_certgen::certificate::certificates_from_pem(sandbox.read("ca.pem").as_bytes()).unwrap();
    let subject = old[0].subject.clone();
    let future =
        Validity { not_before: now + time::Duration::days(2), not_after: now + time::Duration::days(400) };
    let id = old[0].subject_key_identifier.as_deref();
    let ca = pki::self_sign(&subject, &key, &Serial::from_random([9; 20]), future, id, &MaySignFor::Anything)
        .unwrap();
    sandbox.write("ca.pem", ca.to_pem());
    refuses(&sandbox, &[], "ca.pem: is not valid before ");
}

/// The CA has signed it, but for somebody else: a server does not become who a client was.
#[test]
fn names_are_not_taken_over_from_a_certificate_for_another_role() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["client", "alice", "-q"]).args(&FAST).succeeds();
    for end in ["pem", "key", "csr"] {
        fs::copy(sandbox.file(&format!("alice.{end}")), sandbox.file(&format!("server.{end}"))).unwrap();
    }
    refuses(&sandbox, &[], "server.pem: is not issued by this CA, or not for its role; it was for \"alice\"");
    refuses(&sandbox, &["--key-type", "rsa"], "server.pem: is not issued by this CA, or not for its role");
    // Its own role's is taken over.
    sandbox.certgen(&["server", "db.example.com", "-q"]).args(&FAST).succeeds();
    for end in ["pem", "key", "csr"] {
        fs::copy(sandbox.file(&format!("db.example.com.{end}")), sandbox.file(&format!("server.{end}")))
            .unwrap();
    }
    assert!(sandbox.certgen(&[]).succeeds().contains("no changes"));
}

#[test]
fn requests_and_certificates_of_one_name_are_for_one_thing() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["csr", "node.example", "-q"]).args(&FAST).succeeds();
    let before = sandbox.read("node.example.csr");
    sandbox.certgen(&["csr", "node.example", "--role", "client", "-q"]).args(&FAST).succeeds();
    assert_ne!(sandbox.read("node.example.csr"), before, "another role is another request");
    let set = Sandbox::with_set();
    refuses(&set, &["renew", "ca"], "ca: is the CA\nhint: milvus-certgen renew --ca");
    set.certgen(&["renew", "./server.pem", "client.key", "-q"]).succeeds();
    fs::copy(Sandbox::with_set().file("client.pem"), set.file("client.pem")).unwrap();
    let out = set.certgen(&["renew", "--dry-run"]).succeeds();
    assert!(out.contains("note: client.pem is not signed by the CA, and is left alone"), "{out}");
    refuses(&set, &["csr", "server"], "server.pem: already exists, for \"localhost\"");
    let orphans = Sandbox::with_set();
    orphans.remove("ca.pem");
    orphans.remove("ca.key");
    refuses(&orphans, &["ca"], "ca.pem: is missing, but server.pem exists");
    refuses(
        &Sandbox::new(),
        &["--cn", "", "--country", "", "--org", "", "--ou", "", "--san", "foo.example"],
        "the client certificate would have neither a subject nor a name",
    );
}

#[test]
fn names_in_a_list_keep_their_hash_and_lose_the_byte_order_mark() {
    let sandbox = Sandbox::with_set();
    sandbox.write("names", "\u{feff}alice\r\nbob#1 # the first bob\n#nobody\n");
    sandbox.certgen(&["client", "--from", "names", "-q"]).args(&FAST).succeeds();
    assert!(sandbox.file("alice.pem").exists() && sandbox.file("bob_1.pem").exists());
    assert_eq!(sandbox.snapshot().keys().filter(|name| name.ends_with(".pem")).count(), 5);
}

#[test]
fn hints_are_quoted_for_the_shell() {
    let sandbox = Sandbox::new();
    let err = sandbox.certgen(&["client", "a", "-o", "no such", "--ca-file", "root"]).fails(1);
    assert!(err.contains("milvus-certgen ca -o 'no such' --ca-file root;"), "{err}");
}

/// Runs that fail remove a directory that they have made, while others wait for it.
#[test]
fn a_failing_run_takes_no_directory_from_another() {
    let sandbox = Sandbox::with_set();
    for round in 0..20 {
        let dir = format!("dir{round}");
        let wrong = ["--ca-cert", "ca.pem", "--ca-key", "server.key"];
        let mut children = Vec::new();
        for i in 0..2 {
            let mut run = sandbox.certgen(&["client", "a", "-q", "-o", &dir]).args(&wrong);
            children.push((false, run.command.stderr(std::process::Stdio::null()).spawn().unwrap()));
            let mut run = sandbox.certgen(&["csr", &format!("x{i}"), "-q", "-o", &dir]).args(&FAST);
            children.push((true, run.command.stderr(std::process::Stdio::null()).spawn().unwrap()));
        }
        for (succeeds, mut child) in children {
            assert_eq!(child.wait().unwrap().success(), succeeds, "round {round}");
        }
    }
}

/// Runs with a CA elsewhere lock two directories: always in one order, also where one has to be made.
#[test]
fn runs_with_a_ca_elsewhere_never_wait_for_each_other_for_ever() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["ca", "-q", "-o", "pki"]).args(&FAST).succeeds();
    for round in 0..20 {
        let dir = format!("out{round}");
        let children: Vec<_> = (0..4)
            .map(|i| {
                let name = format!("c{i}");
                let ca = ["--ca-cert", "pki/ca.pem", "--ca-key", "pki/ca.key"];
                let mut run = sandbox.certgen(&["client", &name, "-q", "-o", &dir]).args(&ca).args(&FAST);
                run.command.stderr(std::process::Stdio::null()).spawn().unwrap()
            })
            .collect();
        for mut child in children {
            assert!(child.wait().unwrap().success(), "round {round}");
        }
    }
}
