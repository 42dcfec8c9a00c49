//! The binary is killed at every system call that changes something, of every command that writes. One more run, and
//! everything is whole: the set, its copy, and nothing is left over.

use std::fs;
use std::process::{Command, Output};

use crate::support::{Sandbox, binary, has, snapshot, text};

const CALLS: &str = "openat,mkdirat,renameat,renameat2,unlinkat,write,fsync,fchmod,fchown,flock";

/// What runs before, the command that is killed, and the one after it.
struct Case {
    before: &'static str,
    killed: &'static str,
    after: &'static str,
}

const CASES: [Case; 6] = [
    Case { before: "", killed: "--tls-dir tls", after: "--tls-dir tls" },
    Case { before: "--tls-dir tls", killed: "--tls-dir tls --force", after: "--tls-dir tls" },
    Case { before: "--tls-dir tls", killed: "renew --rekey --tls-dir tls", after: "--tls-dir tls" },
    Case { before: "--tls-dir tls", killed: "renew --ca --tls-dir tls", after: "--tls-dir tls" },
    Case { before: "", killed: "client alice", after: "client alice" },
    Case { before: "", killed: "csr node.example.com", after: "csr node.example.com" },
];

fn killed_at(sandbox: &Sandbox, command: &str, at: usize) -> Output {
    Command::new("strace")
        .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject={CALLS}:signal=KILL:when={at}")])
        .arg(binary())
        .args(command.split_whitespace())
        .args(["--key-type", "ecdsa-p256"])
        .current_dir(sandbox.path())
        .output()
        .unwrap()
}

fn assert_whole(sandbox: &Sandbox, case: &Case, at: usize) {
    let what = format!("{} killed at call {at}", case.killed);
    let words: Vec<&str> = case.after.split_whitespace().collect();
    sandbox.certgen(&words).args(&["--key-type", "ecdsa-p256", "-q"]).succeeds();
    if sandbox.file("server.pem").exists() {
        let output = sandbox.certgen(&["check"]).output();
        assert!(output.status.success(), "{what}: {}", text(&output.stdout));
    }
    for name in ["alice", "node.example.com", "server", "client"] {
        let there = ["key", "pem", "csr"].map(|end| sandbox.file(&format!("{name}.{end}")).exists());
        assert!(there == [true; 3] || there == [false; 3] || there == [true, false, true], "{what}: {name}");
    }
    if case.after.contains("--tls-dir") {
        for (name, entry) in snapshot(&sandbox.file("tls")) {
            assert_eq!(entry.3, fs::read(sandbox.file(&name)).unwrap(), "{what}: tls/{name}");
        }
    }
    for left in [".milvus-certgen", "tls/.milvus-certgen"] {
        assert!(!sandbox.file(left).exists(), "{what}: {left}");
    }
    let again = sandbox.certgen(&words).args(&["--key-type", "ecdsa-p256"]).succeeds();
    assert!(again.contains("no changes"), "{what}: {again}");
}

#[test]
fn a_kill_at_any_call_and_one_more_run_leave_everything_whole() {
    if !has("strace") {
        return;
    }
    // All of them where time is no matter; a different part in every run elsewhere.
    let is_thorough = std::env::var_os("CERTGEN_TESTS_SKIP_NOTHING").is_some();
    let (step, first) = if is_thorough { (1, 1) } else { (9, 1 + std::process::id() as usize % 9) };
    for case in &CASES {
        for at in (first..).step_by(step) {
            let sandbox = Sandbox::new();
            if case.killed != case.after || case.killed.starts_with("client") {
                let words: Vec<&str> = case.before.split_whitespace().collect();
                sandbox.certgen(&words).args(&["--key-type", "ecdsa-p256", "-q"]).succeeds();
            }
            let output = killed_at(&sandbox, case.killed, at);
            if output.status.success() {
                assert!(at > 10, "{}: {at} calls are too few", case.killed);
                break;
            }
            assert_eq!(output.status.code(), None, "{}: {}", case.killed, text(&output.stderr));
            assert_whole(&sandbox, case, at);
        }
    }
}
