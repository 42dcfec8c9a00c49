//! Further servers and clients, one or many, and their renewal.

use std::fmt::Write as _;

use crate::support::{NINE, Sandbox, has};

#[test]
fn ca_csr_and_sign_are_the_page_s_five_steps() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["ca", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    assert_eq!(sandbox.snapshot().into_keys().collect::<Vec<_>>(), ["ca.key", "ca.pem"]);
    sandbox.certgen(&["csr", "localhost", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    let key = sandbox.read("localhost.key");
    sandbox.certgen(&["csr", "localhost", "-q", "--san", "db.example.com"]).succeeds();
    assert_eq!(sandbox.read("localhost.key"), key, "the key is kept");
    sandbox.certgen(&["sign", "localhost.csr", "-q"]).succeeds();
    let before = sandbox.snapshot();
    sandbox.certgen(&["ca", "-q"]).succeeds();
    sandbox.certgen(&["csr", "localhost", "-q", "--san", "db.example.com"]).succeeds();
    assert_eq!(sandbox.snapshot(), before);
    if has("openssl") {
        sandbox.openssl("verify -x509_strict -verify_hostname db.example.com -CAfile ca.pem localhost.pem");
    }
}

#[test]
fn clients_and_servers_are_added_to_a_set() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let args = ["--key-type", "ecdsa-p256"];
    sandbox.certgen(&["client", "alice", "bob@example.com", "Carol Smith", "-q"]).args(&args).succeeds();
    sandbox.certgen(&["server", "node-1.example", "--san", "10.0.0.7", "-q"]).args(&args).succeeds();
    let after = sandbox.snapshot();
    assert_eq!(after.len(), 9 + 4 * 3);
    for name in NINE.iter().filter(|name| **name != "ca.srl") {
        assert_eq!(before[*name], after[*name], "{name}");
    }
    #[cfg(unix)]
    assert_eq!(sandbox.mode("Carol_Smith.key"), 0o600);
    let again = sandbox.certgen(&["client", "alice", "bob@example.com", "Carol Smith"]).succeeds();
    assert!(again.contains("no changes"), "{again}");
    assert_eq!(sandbox.snapshot(), after);
    if has("openssl") {
        sandbox.openssl("verify -x509_strict -purpose sslclient -verify_email bob@example.com -CAfile ca.pem bob@example.com.pem");
        sandbox.openssl(
            "verify -x509_strict -purpose sslserver -verify_ip 10.0.0.7 -CAfile ca.pem node-1.example.pem",
        );
        let negative = sandbox.openssl_output("verify -purpose sslserver -CAfile ca.pem alice.pem");
        assert!(!negative.status.success());
    }
}

#[test]
fn names_that_cannot_be_are_refused_before_anything_is_made() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let long = "x".repeat(65);
    for (args, code, why) in [
        (&["client", "a b", "a_b"][..], 2, "its files would be those of \"a b\""),
        (&["client", "Alice", "alice"], 2, "its files would be those of \"Alice\""),
        (&["client", "ca"], 2, "its files would be the CA's"),
        (&["client", "server"], 2, "its files would be the server's"),
        (&["client", ""], 2, "a name is missing"),
        (&["client", "a\nb"], 2, "control character"),
        (&["client", &long], 2, "at most 64"),
        (&["server", "My Server"], 2, "clients check the host's name"),
        (&["client", "client"], 1, "client.pem: already exists, for the client \"localhost\""),
        (&["client", "--from", "nothing"], 1, "--from nothing"),
    ] {
        let err = sandbox.certgen(args).fails(code);
        assert!(err.contains(why) && err.contains("\nhint: "), "{args:?}: {err}");
        assert_eq!(sandbox.snapshot(), before, "{args:?}");
    }
    let err = sandbox.certgen(&["client"]).fails(2);
    assert!(err.contains("NAME: missing"), "{err}");
    let err = Sandbox::new().certgen(&["client", "alice"]).fails(1);
    assert!(
        err.starts_with("error: ca.pem: is missing\nhint: create a CA with: milvus-certgen ca;"),
        "{err}"
    );
}

#[test]
fn a_list_of_names_is_made_whole_and_only_once() {
    let sandbox = Sandbox::with_set();
    let mut list = "# the team\n\n".to_owned();
    for i in 0..100 {
        writeln!(list, "  user-{i}  # number {i}").unwrap();
    }
    sandbox.write("names", list + "user-7\n");
    let run = || sandbox.certgen(&["client", "--from", "names", "--key-type", "ecdsa-p256"]);
    let dry = run().args(&["--dry-run"]).succeeds();
    assert_eq!(dry, "100 names in .: 100 would be issued, 0 would be reissued, 0 unchanged\n");
    assert_eq!(run().succeeds(), "100 names in .: 100 issued, 0 reissued, 0 unchanged\n");
    let before = sandbox.snapshot();
    assert_eq!(before.len(), 9 + 1 + 300);
    assert_eq!(run().succeeds(), "100 names in .: 0 issued, 0 reissued, 100 unchanged\n");
    assert_eq!(sandbox.snapshot(), before);
    sandbox.remove("user-42.pem");
    let json: serde_json::Value = serde_json::from_str(&run().args(&["--json"]).succeeds()).unwrap();
    assert_eq!((&json["re_signed"], &json["kept"]), (&1.into(), &99.into()));
    // All serial numbers differ.
    let mut serials = std::collections::HashSet::new();
    for name in sandbox.snapshot().keys().filter(|name| name.ends_with(".pem")) {
        let chain =
            milvus_certgen::certificate::certificates_from_pem(sandbox.read(name).as_bytes()).unwrap();
        assert!(serials.insert(chain[0].serial.clone()), "{name}");
    }
}

#[test]
fn a_list_that_is_killed_midway_goes_on_where_it_stopped() {
    let sandbox = Sandbox::with_set();
    let names: Vec<String> = (0..400).map(|i| format!("user-{i}")).collect();
    sandbox.write("names", names.join("\n"));
    let run = || sandbox.certgen(&["client", "--from", "names", "--key-type", "ecdsa-p256"]);
    let made = || sandbox.snapshot().keys().filter(|name| name.starts_with("user-")).count();
    let mut child = run().command.stdout(std::process::Stdio::null()).spawn().unwrap();
    while made() < 96 && child.try_wait().unwrap().is_none() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = sandbox.snapshot();
    let out = run().succeeds();
    let after = sandbox.snapshot();
    assert_eq!(made(), 1200, "{out}");
    assert!(!sandbox.file(".milvus-certgen").exists());
    // What was whole stays; a batch that was decided is finished, and is whole then too.
    for (name, entry) in kept.iter().filter(|(name, _)| name.ends_with(".pem") && name.starts_with("user-")) {
        let base = name.trim_end_matches(".pem");
        if kept.contains_key(&format!("{base}.key")) && kept.contains_key(&format!("{base}.csr")) {
            assert_eq!(entry.3, after[name].3, "{name}");
        }
    }
    assert!(run().succeeds().contains("400 unchanged"), "all of them serve");
}

#[test]
fn a_renewal_keeps_keys_names_and_what_trusts_the_ca() {
    let sandbox = Sandbox::with_set_of(&["--san", "db.example.com"]);
    sandbox.certgen(&["client", "alice", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["renew"]).succeeds();
    assert!(out.contains("server.pem  renewed") && out.contains("reason: renewal requested"), "{out}");
    assert!(out.contains("restart Milvus") && out.contains("the client needs the new client.pem"), "{out}");
    let after = sandbox.snapshot();
    for name in ["ca.key", "ca.pem", "server.key", "client.key", "alice.pem", "alice.key"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    assert_ne!(before["server.pem"].3, after["server.pem"].3);
    sandbox.certgen(&["renew", "alice", "--rekey", "-q"]).succeeds();
    assert_ne!(sandbox.snapshot()["alice.key"].3, after["alice.key"].3);
    assert_eq!(sandbox.snapshot()["server.pem"], after["server.pem"]);
    let out = sandbox.certgen(&["renew", "--all", "--days", "90"]).succeeds();
    assert_eq!(out.matches("renewed").count(), 3, "{out}");
    if has("openssl") {
        sandbox.openssl("verify -x509_strict -verify_hostname db.example.com -CAfile ca.pem server.pem");
        assert!(!sandbox.openssl_output("x509 -in alice.pem -noout -checkend 7862400").status.success());
    }
    let err = sandbox.certgen(&["renew", "nobody"]).fails(1);
    assert!(err.contains("nobody: there is no such certificate in . that the CA has signed"), "{err}");
    assert!(Sandbox::new().certgen(&["renew"]).fails(1).contains("no certificate that this CA issued"));
}

#[test]
fn a_renewed_ca_breaks_nothing_that_it_signed() {
    let sandbox = Sandbox::with_set();
    std::fs::copy(sandbox.file("ca.pem"), sandbox.file("old-ca.pem")).unwrap();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["renew", "--ca"]).succeeds();
    assert!(out.contains("ca.pem      renewed") && out.contains("reason: renewal requested (--ca)"), "{out}");
    assert!(
        out.contains("server.pem  rewritten") && out.contains("reason: it includes the CA certificate"),
        "{out}"
    );
    let after = sandbox.snapshot();
    assert_eq!(before["client.pem"], after["client.pem"]);
    assert!(sandbox.read("server.pem").ends_with(&sandbox.read("ca.pem")));
    if has("openssl") {
        for ca in ["ca.pem", "old-ca.pem"] {
            sandbox.openssl(&format!("verify -x509_strict -purpose sslclient -CAfile {ca} client.pem"));
            sandbox.openssl(&format!("verify -x509_strict -purpose sslserver -CAfile {ca} server.pem"));
        }
    }
    assert!(sandbox.certgen(&[]).succeeds().contains("no changes"));
}

/// More than one batch, of which the last name cannot be signed.
#[test]
fn a_list_with_a_name_that_cannot_be_signed_leaves_nothing_behind() {
    let fast = ["--key-type", "ecdsa-p256", "-q"];
    let mut names: String = (0..200).fold(String::new(), |mut names, i| {
        writeln!(names, "n{i}.localhost").unwrap();
        names
    });
    names.push_str("last.example\n");
    let sandbox = Sandbox::with_set_of(&["--constrain"]);
    sandbox.write("names", &names);
    let refuses = |args: &[&str], why: &str| {
        let before = sandbox.snapshot();
        let output = sandbox.certgen(args).args(&fast).output();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && err.contains(why) && err.contains("\nhint: "), "{err}");
        assert_eq!(sandbox.snapshot(), before, "{args:?}");
    };
    refuses(&["client", "--from", "names"], "last.example.pem: the CA may not sign for last.example");
    let ca = ["--ca-cert", "ca.pem", "--ca-key", "ca.key", "-o", "new"];
    refuses(
        &[&["server", "--from", "names"], &ca[..]].concat(),
        "last.example.pem: the CA may not sign for last.example",
    );
    assert!(!sandbox.file("new").exists());
    // Somebody else's files, and those of the CA.
    sandbox.write("last.example.pem", Sandbox::with_set().read("client.pem"));
    refuses(&["client", "--from", "names"], "last.example.pem: already exists, for the client \"localhost\"");
    sandbox.remove("last.example.pem");
    sandbox.write("names", names.replace("last.example", "ca"));
    let ca = ["--ca-cert", "ca.pem", "--ca-key", "ca.key", "--san", "a.localhost"];
    std::fs::copy(sandbox.file("ca.pem"), sandbox.file("kept")).unwrap();
    refuses(&[&["client", "--from", "names"], &ca[..]].concat(), "ca.pem: already exists");
    sandbox.write("names", names.replace("last.example", "last.localhost"));
    sandbox.certgen(&["client", "--from", "names"]).args(&fast).succeeds();
    assert_eq!(sandbox.snapshot().keys().filter(|name| name.ends_with(".localhost.pem")).count(), 201);
}
