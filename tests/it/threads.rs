//! Where the system grants no further thread, one does all the work.

use std::fs;
use std::net::TcpListener;
use std::process::Output;

use crate::support::{Sandbox, as_someone_else_under, has, text};

fn alone(sandbox: &Sandbox, args: &[&str]) -> Output {
    as_someone_else_under(sandbox, &["prlimit", "--nproc=1"], args)
}

/// A directory in which everybody may write.
fn open_to_all() -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file("tls")).unwrap();
    sandbox.set_mode("tls", 0o777);
    sandbox
}

#[test]
fn one_thread_makes_all_keys_signs_and_writes() {
    if !has("prlimit") {
        return;
    }
    let sandbox = open_to_all();
    sandbox.write("names.txt", "alice\nbob\ncarol\n");
    for args in [
        &["-o", "tls", "-q"][..],
        &["renew", "--all", "-o", "tls", "-q"],
        &["client", "--from", "names.txt", "-o", "tls", "-q"],
        &["client", "dave", "--key-type", "ecdsa-p256", "-o", "tls", "-q"],
        &["csr", "db.example.com", "-o", "tls", "-q"],
        &["check", "tls", "-q"],
    ] {
        let output = alone(&sandbox, args);
        let err = text(&output.stderr);
        assert_eq!((output.status.code(), err.as_str()), (Some(0), ""), "{args:?}");
    }
    for name in ["server.pem", "client.pem", "alice.pem", "bob.pem", "carol.pem", "dave.pem"] {
        assert!(sandbox.file("tls").join(name).is_file(), "{name}");
    }
}

#[test]
fn one_thread_makes_fixtures() {
    if !has("prlimit") {
        return;
    }
    let sandbox = open_to_all();
    let output = alone(&sandbox, &["fixtures", "tls/fixtures", "-q"]);
    assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
}

#[test]
fn one_thread_probes() {
    if !has("prlimit") {
        return;
    }
    let sandbox = open_to_all();
    // A port on which nothing listens any more, and a name that has two addresses on most machines.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for host in ["127.0.0.1", "localhost"] {
        let output = alone(&sandbox, &["probe", &format!("{host}:{port}")]);
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        assert!(err.starts_with("error: ") && err.contains("nothing listens"), "{err}");
    }
}

#[test]
fn one_thread_needs_no_spinner() {
    // On a terminal, which `script` gives it.
    if !has("prlimit") || !has("script") {
        return;
    }
    let sandbox = open_to_all();
    let binary = sandbox.file("binary").display().to_string();
    // Copies the binary.
    alone(&sandbox, &["--version"]);
    let binary =
        if fs::exists(&binary).unwrap() { binary } else { env!("CARGO_BIN_EXE_milvus-certgen").to_owned() };
    let line = format!("prlimit --nproc=1 {binary} -o tls");
    let mut run = sandbox.certgen(&[]);
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &line, "/dev/null"]).current_dir(sandbox.path());
    if crate::support::is_root() {
        std::os::unix::process::CommandExt::uid(&mut command, 65534);
    }
    run.command = command;
    let output = run.output();
    let out = text(&output.stdout);
    assert!(output.status.success() && out.contains("wrote 9 files"), "{out}");
    assert!(!out.contains("panicked"), "{out}");
}
