//! Sets that are broken on purpose: each is refused for what its README says, and for nothing else.

use std::process::Command;

use crate::support::{Sandbox, has, snapshot};

const BROKEN: [(&str, &str); 7] = [
    ("expired", "expired"),
    ("not-yet-valid", "not-yet-valid"),
    ("wrong-host", "name-not-in-san"),
    ("wrong-ca", "not-signed-by-ca"),
    ("wrong-eku", "wrong-eku"),
    ("no-san", "no-san"),
    ("weak-key", "weak-key"),
];

fn fixtures() -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["fixtures", "f", "-q"]).succeeds();
    sandbox
}

/// The codes of errors and warnings that `check` gives, each once.
fn codes(sandbox: &Sandbox, directory: &str) -> Vec<String> {
    let out = sandbox.certgen(&["check", directory, "--name", "localhost", "--json"]).output().stdout;
    let report: serde_json::Value = serde_json::from_slice(&out).unwrap();
    let findings = report["findings"].as_array().unwrap().iter();
    let mut codes: Vec<String> = findings
        .filter(|finding| finding["severity"] != "note")
        .map(|finding| finding["code"].as_str().unwrap().to_owned())
        .collect();
    codes.sort();
    codes.dedup();
    codes
}

#[test]
fn each_has_the_one_flaw_that_its_name_says() {
    let sandbox = fixtures();
    assert_eq!(codes(&sandbox, "f/good"), [] as [&str; 0]);
    let readme = sandbox.read("f/README.md");
    assert!(readme.contains("| good | nothing is wrong with it | nobody |"));
    for (directory, code) in BROKEN {
        let directory_path = format!("f/{directory}");
        assert_eq!(codes(&sandbox, &directory_path), [code], "{directory}");
        assert!(readme.contains(&format!("| {directory} |")), "{directory}");
        let pem = sandbox.read(&format!("f/{directory}/server.pem"));
        let chain = milvus_certgen::certificate::certificates_from_pem(pem.as_bytes()).unwrap();
        let subject = &chain[0].subject.text;
        assert!(subject.contains(&format!("BROKEN: {directory}")), "{subject}");
        assert!(!sandbox.file(&format!("f/{directory}/ca.key")).exists(), "{directory}: the CA's key");
        assert_eq!(sandbox.read(&format!("f/{directory}/ca.pem")), sandbox.read("f/good/ca.pem"));
        assert_eq!(sandbox.mode(&format!("f/{directory}/server.key")), 0o600);
    }
}

#[test]
fn openssl_refuses_what_it_should() {
    if !has("openssl") {
        return;
    }
    let sandbox = fixtures();
    let verify = |directory: &str, pem: &str, purpose: &str| {
        let output = Command::new("openssl")
            .args(["verify", "-x509_strict", "-auth_level", "2", "-purpose", purpose, "-CAfile", "ca.pem"])
            .args(if pem == "server.pem" { &["-verify_hostname", "localhost"][..] } else { &[] })
            .arg(pem)
            .current_dir(sandbox.file(&format!("f/{directory}")))
            .output()
            .unwrap();
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (pem, purpose) in [("server.pem", "sslserver"), ("client.pem", "sslclient")] {
        let (accepted, said) = verify("good", pem, purpose);
        assert!(accepted, "{said}");
        for (directory, _) in BROKEN {
            let (accepted, said) = verify(directory, pem, purpose);
            // OpenSSL falls back to the CN; and the client of these two is fine.
            let is_fine = directory == "no-san" || (directory == "wrong-host" && pem == "client.pem");
            assert_eq!(accepted, is_fine, "{directory}/{pem}: {said}");
        }
    }
}

#[test]
fn a_second_run_changes_nothing_and_force_makes_all_anew() {
    let sandbox = fixtures();
    let before = snapshot(&sandbox.file("f/weak-key"));
    let out = sandbox.certgen(&["fixtures", "f"]).succeeds();
    assert_eq!(out, "up to date, no changes\n");
    assert_eq!(snapshot(&sandbox.file("f/weak-key")), before);

    // Names that are asked for are held against what is there.
    sandbox.certgen(&["fixtures", "f", "--san", "localhost", "-q"]).succeeds();
    let err = sandbox.certgen(&["fixtures", "f", "--san", "db.example.com"]).fails(1);
    assert!(err.contains("without the name db.example.com") && err.contains("--force"), "{err}");
    assert_eq!(snapshot(&sandbox.file("f/weak-key")), before);

    sandbox.remove("f/README.md");
    let err = sandbox.certgen(&["fixtures", "f"]).fails(1);
    assert!(err.contains("f/good: exists") && err.contains("--force"), "{err}");
    assert_eq!(snapshot(&sandbox.file("f/weak-key")), before);

    let old_ca = sandbox.read("f/good/ca.pem");
    sandbox.certgen(&["fixtures", "f", "--force", "--san", "db.example.com", "-q"]).succeeds();
    assert_ne!(sandbox.read("f/good/ca.pem"), old_ca);
    let good = sandbox.certgen(&["check", "f/good", "--name", "db.example.com", "-q"]).output();
    assert!(good.status.success());
}

#[test]
fn a_readme_of_somebody_else_stays() {
    let sandbox = Sandbox::new();
    sandbox.write("README.md", "# mine\n");
    for flags in [&["fixtures", "."][..], &["fixtures", ".", "--force"], &["fixtures", ".", "--dry-run"]] {
        let err = sandbox.certgen(flags).fails(1);
        assert!(err.contains("README.md: exists, and was not created by this command"), "{err}");
    }
    assert_eq!(sandbox.read("README.md"), "# mine\n");
    assert_eq!(sandbox.snapshot().len(), 1);
}

#[test]
fn nothing_is_made_on_a_dry_run_or_in_a_place_that_is_none() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["fixtures", "f", "--dry-run"]).succeeds();
    assert!(!sandbox.file("f").exists());
    sandbox.write("file", "");
    sandbox.certgen(&["fixtures", "file"]).fails(1);
    sandbox.certgen(&["fixtures", "file/such"]).fails(1);
    sandbox.certgen(&["fixtures"]).fails(2);
    sandbox.certgen(&["fixtures", "f", "--san", "a b"]).fails(2);
    sandbox.certgen(&["fixtures", "f", "--san", "URI:spiffe://a/b"]).fails(2);
    assert!(!sandbox.file("f").exists());
}
