//! `--key-mode` and `--owner`: who may read the files.

use std::fs;
use std::io::Write;
use std::os::unix::fs::MetadataExt;

use crate::support::{NINE, Sandbox, as_someone_else, is_root, text};

#[test]
fn the_mode_is_that_asked_for_whatever_the_umask() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.certgen(&[]);
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "umask 077; exec \"$0\" --key-mode 0640 --key-type ecdsa-p256 -q"]);
    command.arg(env!("CARGO_BIN_EXE_milvus-certgen")).current_dir(sandbox.path());
    run.command = command;
    run.succeeds();
    assert_eq!(sandbox.mode("server.key"), 0o640);
    assert_eq!(sandbox.mode("client.key"), 0o640);
    assert_eq!(sandbox.mode("ca.key"), 0o600, "the CA's key is nobody else's");
    assert_eq!(sandbox.mode("ca.pem"), 0o600, "the umask counts where nothing was asked for");
}

#[test]
fn a_later_run_checks_the_mode_and_changes_nothing_else() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let out = sandbox.certgen(&["--key-mode", "640"]).succeeds();
    assert!(out.contains("changed the owner or mode of 2 files in .: server.key client.key"), "{out}");
    let after = sandbox.snapshot();
    for name in NINE {
        assert_eq!(before[name].3, after[name].3, "{name}");
    }
    assert_eq!((sandbox.mode("server.key"), sandbox.mode("client.key")), (0o640, 0o640));
    assert!(sandbox.certgen(&["--key-mode", "0640"]).succeeds().contains("no changes"));
    assert!(sandbox.certgen(&[]).succeeds().contains("no changes"), "not asked for, not held against");
    assert_eq!(sandbox.snapshot(), after);
    sandbox.certgen(&["client", "alice", "--key-type", "ecdsa-p256", "--key-mode", "0644", "-q"]).succeeds();
    assert_eq!(sandbox.mode("alice.key"), 0o644);
}

#[test]
fn modes_and_owners_that_cannot_be_are_refused() {
    for (flags, why) in [
        (["--key-mode", "abc"], "not an octal mode"),
        (["--key-mode", "0888"], "not an octal mode"),
        (["--key-mode", ""], "not an octal mode"),
        (["--key-mode", "07777"], "not an octal mode"),
        (["--key-mode", "0666"], "others could write the key"),
        (["--key-mode", "0700"], "it would be a program"),
        (["--key-mode", "0040"], "its owner could not read the key"),
        (["--owner", "milvus"], "not the number of a user"),
        (["--owner", "999:"], "not the number of a user"),
        (["--owner", "-1"], ""),
        (["--owner", "4294967295"], "not the number of a user"),
    ] {
        let sandbox = Sandbox::new();
        let err = sandbox.certgen(&flags).fails(2);
        assert!(err.contains(why), "{flags:?}: {err}");
        assert!(sandbox.snapshot().is_empty());
    }
}

#[test]
fn files_are_given_to_their_owner_or_not_made_at_all() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file("tls")).unwrap();
    sandbox.set_mode("tls", 0o777);
    let output = as_someone_else(&sandbox, &["-o", "tls", "--owner", "1:1", "--key-type", "ecdsa-p256"]);
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    let why = "cannot be given to --owner 1:1: operation not permitted\nhint: run as root";
    assert!(err.starts_with("error: tls/ca.key: ") && err.contains(why), "{err}");
    assert!(crate::support::snapshot(&sandbox.file("tls")).is_empty(), "nothing is written");
    if !is_root() {
        let _ = writeln!(
            std::io::stderr(),
            "skipped the rest of access::files_are_given: only root may give files away"
        );
        return;
    }
    let owner = |name: &str| {
        let metadata = fs::metadata(sandbox.file("tls").join(name)).unwrap();
        (metadata.uid(), metadata.gid())
    };
    let run = |owner: &str| sandbox.certgen(&["-o", "tls", "--owner", owner, "--key-type", "ecdsa-p256"]);
    run("999:998").args(&["-q"]).succeeds();
    for name in NINE {
        assert_eq!(owner(name), (999, 998), "{name}");
    }
    let before = crate::support::snapshot(&sandbox.file("tls"));
    assert!(run("999:998").succeeds().contains("no changes"));
    assert!(run("999").succeeds().contains("no changes"));
    assert_eq!(crate::support::snapshot(&sandbox.file("tls")), before);
    run("1000").args(&["-q"]).succeeds();
    assert_eq!(owner("server.key").0, 1000);
    let changed = crate::support::snapshot(&sandbox.file("tls"));
    assert!(NINE.iter().all(|name| before[*name].3 == changed[*name].3), "not a byte has changed");
}
