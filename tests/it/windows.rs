//! What is different on Windows: no modes and owners, and a lock that is a file.

use std::process::Stdio;

use crate::support::{NINE, Sandbox};

#[test]
fn owners_and_modes_are_rejected_and_nothing_is_written() {
    for flags in [["--owner", "999"], ["--key-mode", "0640"]] {
        let sandbox = Sandbox::new();
        let err = sandbox.certgen(&["--key-type", "ecdsa-p256"]).args(&flags).fails(2);
        assert!(err.contains(&format!("{}: Windows has no", flags[0])) && err.contains("hint: "), "{err}");
        assert!(sandbox.snapshot().is_empty());
    }
}

#[test]
fn runs_at_once_wait_for_each_other_and_leave_no_lock() {
    let sandbox = Sandbox::new();
    let runs: Vec<_> = (0..4)
        .map(|i| {
            let name = format!("node-{i}.example.com");
            let mut run = sandbox.certgen(&["--key-type", "ecdsa-p256", "-q", "--san", &name]);
            run.command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
        })
        .collect();
    for mut run in runs {
        assert!(run.wait().unwrap().success());
    }
    let mut names: Vec<String> = sandbox.snapshot().into_keys().collect();
    names.sort();
    let mut nine = NINE.map(str::to_owned);
    nine.sort();
    assert_eq!(names, nine);
    sandbox.certgen(&["check", "-q"]).succeeds();
}

#[test]
fn a_copy_is_kept_in_step_and_a_directory_made_in_vain_goes_away() {
    let sandbox = Sandbox::new();
    let flags = ["--key-type", "ecdsa-p256", "-q", "-o", "certs", "--tls-dir", "tls"];
    sandbox.certgen(&flags).succeeds();
    sandbox.certgen(&["renew", "-q", "-o", "certs", "--tls-dir", "tls"]).succeeds();
    for name in ["server.pem", "server.key", "ca.pem"] {
        assert_eq!(sandbox.read(&format!("certs/{name}")), sandbox.read(&format!("tls/{name}")), "{name}");
    }
    // The CA key has no business in a mounted directory: refused, and the new directory is removed again.
    sandbox.certgen(&["-o", "new", "--tls-dir", "certs", "--key-type", "ecdsa-p256"]).fails(1);
    assert!(!sandbox.file("new").exists());
}
