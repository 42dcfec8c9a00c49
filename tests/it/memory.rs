//! Private keys leave nothing behind in memory, and no core.

use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::{Sandbox, has, text};

/// Looks at the memory of a run at its end; `None` where that cannot be done here.
fn memory_of(sandbox: &Sandbox, args: &[&str]) -> Option<Output> {
    const NOT_ALLOWED: i32 = 77;
    if !cfg!(target_os = "linux") || !has("python3") {
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/memory.py");
    let mut command = Command::new("python3");
    command.arg(script).arg(env!("CARGO_BIN_EXE_milvus-certgen")).args(args).current_dir(sandbox.path());
    let output = command.output().unwrap();
    (output.status.code() != Some(NOT_ALLOWED)).then_some(output)
}

#[test]
fn no_part_of_an_rsa_key_is_left_in_memory() {
    let sandbox = Sandbox::new();
    // A first run makes the keys, a renewal reads them and signs with them, a second run only looks.
    for args in [&["-q"][..], &["renew", "--all", "-q"], &["-q"], &["check", "-q"]] {
        let Some(output) = memory_of(&sandbox, args) else { return };
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{args:?}: {err}");
        assert_eq!(out.trim(), "nothing is left of 3 keys", "{args:?}");
    }
}

#[test]
fn what_looks_for_keys_in_memory_finds_them() {
    // Another program that reads a key, and gives its memory back as it is.
    let sandbox = Sandbox::new();
    sandbox.certgen(&["csr", "db.example.com", "-q"]).succeeds();
    if memory_of(&sandbox, &["--version"]).is_none() {
        return;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/memory.py");
    let mut command = Command::new("python3");
    command.arg(script).args(["/bin/sh", "-c", "key=$(cat db.example.com.key)"]).current_dir(sandbox.path());
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let err = text(&output.stderr);
    assert!(err.contains("db.example.com.key: line 3 of the PEM in [heap]"), "{err}");
}

#[test]
fn a_run_leaves_no_core() {
    let sandbox = Sandbox::new();
    let ends = |script: &str| {
        let mut run = sandbox.certgen(&[]);
        let mut command = Command::new("sh");
        command.args(["-c", script]).arg(env!("CARGO_BIN_EXE_milvus-certgen")).current_dir(sandbox.path());
        run.command = command;
        // A debug build ends there as if it crashed.
        run.env("MILVUS_CERTGEN_TEST_ABORT_AT", "Decided").output().status
    };
    let any_process = ends("ulimit -c unlimited; kill -ABRT $$");
    if !any_process.core_dumped() || !cfg!(debug_assertions) {
        let _ = writeln!(
            std::io::stderr(),
            "skipped a_run_leaves_no_core: this machine or build writes none anyway"
        );
        return;
    }
    let run = ends("ulimit -c unlimited; exec \"$0\" --key-type ecdsa-p256 -q");
    assert_eq!((run.signal(), run.core_dumped()), (any_process.signal(), false));
}
