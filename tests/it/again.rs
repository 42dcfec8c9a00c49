//! A run where something is there already.

use crate::support::{RECIPE_SUBJECT, Sandbox, has, run_milvus_recipe};

#[test]
fn a_second_run_touches_nothing_not_even_a_timestamp() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&[]).succeeds();
    assert!(out.contains("no changes"), "{out}");
    sandbox
        .certgen(&["--cn", "localhost", "--san", "127.0.0.1", "--days", "7", "--key-type", "ecdsa-p256"])
        .succeeds();
    assert_eq!(sandbox.snapshot(), before);
}

#[cfg(unix)]
#[test]
fn a_second_run_works_where_nothing_can_be_written() {
    let sandbox = Sandbox::with_set();
    sandbox.set_mode("", 0o555);
    let out = sandbox.certgen(&[]).succeeds();
    sandbox.set_mode("", 0o755);
    assert!(out.contains("no changes"), "{out}");
}

#[test]
fn a_set_is_left_alone_by_plain_runs_whatever_it_was_made_with() {
    let sandbox = Sandbox::with_set_of(&["--cn", "db.example.com", "--client-cn", "app", "--org", "acme"]);
    let before = sandbox.snapshot();
    sandbox.certgen(&["-q"]).succeeds();
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn a_new_name_signs_the_server_again_and_leaves_ca_client_and_keys() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["--san", "db.example.com"]).succeeds();
    assert!(
        out.contains("server.pem  reissued") && out.contains("reason: lacks the names db.example.com"),
        "{out}"
    );
    assert!(out.contains("wrote 3 files to .: ca.srl server.pem server.csr"), "{out}");
    assert!(out.contains("restart Milvus"), "{out}");
    let after = sandbox.snapshot();
    for name in ["ca.key", "ca.pem", "server.key", "client.key", "client.pem", "client.csr"] {
        assert_eq!(before[name], after[name], "{name}");
    }
    for name in ["ca.srl", "server.pem", "server.csr"] {
        assert_ne!(before[name], after[name], "{name}");
    }
}

#[test]
fn a_dry_run_says_what_and_why_and_changes_nothing() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["--dry-run", "--cn", "db.example.com"]).succeeds();
    assert!(
        out.contains("server.pem  would be reissued")
            && out.contains("reason: --cn sets CN \"db.example.com\""),
        "{out}"
    );
    assert!(out.contains("dry run: nothing was written"), "{out}");
    assert_eq!(sandbox.snapshot(), before);
    let empty = Sandbox::new();
    let out = empty.certgen(&["--dry-run", "-o", "tls"]).succeeds();
    assert!(out.contains("ca.pem      would be issued"), "{out}");
    assert!(empty.snapshot().is_empty());
}

#[test]
fn force_starts_over() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["--force", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(out.contains("ca.pem      issued") && out.contains("reason: --force starts over"), "{out}");
    let after = sandbox.snapshot();
    assert_eq!(after.len(), 9);
    for (name, entry) in before {
        assert_ne!(entry.3, after[&name].3, "{name}");
    }
}

#[test]
fn one_missing_file_is_mended() {
    for (name, written) in [
        ("server.csr", "ca.srl server.pem server.csr"),
        ("server.key", "ca.srl server.key server.pem server.csr"),
        ("client.pem", "ca.srl client.pem client.csr"),
        ("ca.srl", "ca.srl"),
    ] {
        let sandbox = Sandbox::with_set();
        sandbox.remove(name);
        let out = sandbox.certgen(&["--key-type", "ecdsa-p256"]).succeeds();
        assert!(out.contains(&format!(": {written}\n")), "{name}: {out}");
        let before = sandbox.snapshot();
        sandbox.certgen(&["-q"]).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{name}");
    }
}

#[test]
fn a_ca_key_kept_elsewhere_is_missed_only_when_something_must_be_signed() {
    let sandbox = Sandbox::with_set();
    sandbox.remove("ca.key");
    let before = sandbox.snapshot();
    sandbox.certgen(&["-q"]).succeeds();
    let err = sandbox.certgen(&["--san", "db.example.com"]).fails(1);
    assert!(
        err.starts_with("error: ca.key: is missing, but is needed to issue certificates\nhint: "),
        "{err}"
    );
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn a_gen_sh_directory_is_brought_up_to_date_in_place() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::new();
    run_milvus_recipe(&sandbox, RECIPE_SUBJECT);
    let ca_modulus = sandbox.openssl("x509 -in ca.pem -noout -pubkey -subject -ext subjectKeyIdentifier");
    let (keys, old_ca) =
        (["ca.key", "server.key", "client.key"].map(|k| sandbox.read(k)), sandbox.read("ca.pem"));
    let out = sandbox.certgen(&[]).succeeds();
    assert!(
        out.contains("has no keyUsage (Python 3.13: CA cert does not include key usage extension)"),
        "{out}"
    );
    assert!(out.contains("legacy Common Name field"), "{out}");
    assert_eq!(keys, ["ca.key", "server.key", "client.key"].map(|k| sandbox.read(k)), "keys are kept");
    let again = sandbox.openssl("x509 -in ca.pem -noout -pubkey -subject -ext subjectKeyIdentifier");
    assert_eq!(ca_modulus, again, "key, subject and identifier of the CA stay");
    // Strict verifiers accept the new files, and who still trusts the old CA certificate is not cut off.
    sandbox.openssl(
        "verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile ca.pem server.pem",
    );
    sandbox.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem client.pem");
    sandbox.write("old-ca.pem", old_ca);
    sandbox.openssl("verify -purpose sslserver -verify_hostname localhost -CAfile old-ca.pem server.pem");
    sandbox.remove("old-ca.pem");
    let before = sandbox.snapshot();
    sandbox.certgen(&["-q"]).succeeds();
    assert_eq!(sandbox.snapshot(), before, "and then nothing is left to do");
}

#[test]
fn what_people_have_in_their_files_is_read() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    // Other forms of the same keys, with the parameters block that `openssl ecparam -genkey` writes before.
    sandbox.openssl("ec -in server.key -out traditional.key");
    let parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    let traditional = sandbox.read("traditional.key");
    sandbox.write("server.key", format!("{parameters}{traditional}"));
    sandbox.remove("traditional.key");
    // Windows line ends, the text of `openssl x509 -text` before, a bundle with another CA behind.
    let other = Sandbox::with_set();
    let ca = sandbox.openssl("x509 -in ca.pem -text").replace('\n', "\r\n");
    sandbox.write("ca.pem", format!("{ca}{}", other.read("ca.pem")));
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&[]).succeeds();
    assert!(out.contains("no changes"), "{out}");
    assert_eq!(sandbox.snapshot(), before);
    sandbox.certgen(&["-q", "--san", "db.example.com"]).succeeds();
    sandbox.openssl("verify -x509_strict -verify_hostname db.example.com -CAfile ca.pem server.pem");
}

#[test]
fn a_pkcs1_ca_key_signs() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.certgen(&["-q", "--key-format", "traditional"]).succeeds();
    assert!(sandbox.read("ca.key").starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    sandbox.certgen(&["-q", "--san", "db.example.com"]).succeeds();
    sandbox.openssl("verify -x509_strict -verify_hostname db.example.com -CAfile ca.pem server.pem");
    let before = sandbox.read("ca.key");
    sandbox.certgen(&["-q", "--key-format", "pkcs8"]).succeeds();
    assert!(sandbox.read("ca.key").starts_with("-----BEGIN PRIVATE KEY-----"));
    sandbox.write("old.key", before);
    assert_eq!(sandbox.openssl("pkey -in old.key -pubout"), sandbox.openssl("pkey -in ca.key -pubout"));
}
