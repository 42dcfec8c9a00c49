//! `--tls-dir`: what is mounted into the Milvus container, kept in step with the set in one transaction.

use std::fs;
use std::io::Write;

use crate::support::{Sandbox, snapshot};

const MOUNTED: [&str; 3] = ["ca.pem", "server.key", "server.pem"];

fn assert_in_step(sandbox: &Sandbox, what: &str) {
    let mounted = snapshot(&sandbox.file("tls"));
    assert_eq!(mounted.keys().map(String::as_str).collect::<Vec<_>>(), MOUNTED, "{what}");
    for name in MOUNTED {
        assert_eq!(mounted[name].3, fs::read(sandbox.file(name)).unwrap(), "{what}: {name}");
    }
}

#[test]
fn the_second_directory_has_what_the_page_mounts_and_never_the_ca_key() {
    let sandbox = Sandbox::new();
    let run = |flags: &[&str]| {
        sandbox.certgen(&["--tls-dir", "tls", "--key-type", "ecdsa-p256"]).args(flags).succeeds()
    };
    let out = run(&[]);
    assert!(out.contains("wrote 12 files in .: ca.key"), "{out}");
    assert!(out.contains("tls/server.pem tls/server.key tls/ca.pem") || out.contains("tls/ca.pem"), "{out}");
    assert!(out.contains("mount tls at /milvus/tls; ca.key stays here"), "{out}");
    assert_in_step(&sandbox, "made");
    assert_eq!(sandbox.mode("tls/server.key"), 0o600);
    let before = (sandbox.snapshot(), snapshot(&sandbox.file("tls")));
    assert!(run(&[]).contains("nothing to do"));
    assert_eq!((sandbox.snapshot(), snapshot(&sandbox.file("tls"))), before);
    run(&["--san", "db.example.com"]);
    assert_in_step(&sandbox, "renewed");
    sandbox.certgen(&["--san", "db2.example.com", "-q"]).succeeds();
    fs::remove_file(sandbox.file("tls/server.key")).unwrap();
    let out = run(&[]);
    assert!(out.contains("wrote 2 files in .: tls/server.pem tls/server.key"), "{out}");
    assert_in_step(&sandbox, "brought up to date");
    run(&["--key-mode", "0640"]);
    assert_eq!(sandbox.mode("tls/server.key"), 0o640);
}

#[test]
fn places_that_cannot_be_are_refused_and_nothing_is_written() {
    let sandbox = Sandbox::with_set();
    sandbox.write("file", "");
    fs::create_dir(sandbox.file("odd")).unwrap();
    fs::create_dir(sandbox.file("odd/server.pem")).unwrap();
    fs::create_dir(sandbox.file("linked")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", sandbox.file("linked/ca.pem")).unwrap();
    let before = sandbox.snapshot();
    for (dir, why) in [
        (".", "--tls-dir .: is the set's own directory"),
        ("file", "file: is not a directory"),
        ("no/such", "no/such: its parent directory is missing"),
        ("odd", "odd/server.pem: is a directory, where a file should be"),
        ("linked", "linked/ca.pem: is a symbolic link out of the directory"),
    ] {
        let output = sandbox.certgen(&["--tls-dir", dir, "--san", "x.example"]).output();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)) && err.contains(why), "{dir}: {err}");
        assert_eq!(sandbox.snapshot(), before, "{dir}");
    }
}

#[test]
fn a_crash_leaves_both_directories_in_step() {
    if !cfg!(debug_assertions) {
        let _ = writeln!(std::io::stderr(), "skipped tls_dir crash test: release builds have no hook for it");
        return;
    }
    let mut steps = vec!["StageMade".to_owned()];
    // ca.srl, server.pem and server.csr here, and server.pem there.
    steps.extend((0..4).map(|i| format!("Staged({i})")));
    steps.extend(["JournalDrafted", "Decided"].map(str::to_owned));
    steps.extend((0..4).map(|i| format!("Moved({i})")));
    steps.extend(["AllMoved", "JournalRemoved"].map(str::to_owned));
    for step in steps {
        let sandbox = Sandbox::with_set_of(&["--tls-dir", "tls"]);
        let old = sandbox.read("server.pem");
        let crashed = sandbox
            .certgen(&["--tls-dir", "tls", "--san", "db.example.com"])
            .env("MILVUS_CERTGEN_TEST_ABORT_AT", &step)
            .output();
        assert_eq!(crashed.status.code(), None, "{step} is reached");
        // Even a run that does not name the second directory finishes, or clears, what is there.
        assert!(sandbox.certgen(&[]).succeeds().contains("nothing to do"), "{step}");
        assert_in_step(&sandbox, &step);
        let is_new = sandbox.read("server.pem") != old;
        let is_decided =
            !["StageMade", "JournalDrafted"].contains(&step.as_str()) && !step.starts_with("Staged");
        assert_eq!(is_new, is_decided, "{step}");
        assert!(!sandbox.file(".milvus-certgen").exists() && !sandbox.file("tls/.milvus-certgen").exists());
    }
}
