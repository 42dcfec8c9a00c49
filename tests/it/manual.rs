//! Completions, manual pages, and the version.

use std::process::{Command, Stdio};

use crate::support::{Sandbox, has};

#[test]
fn completions_are_scripts_that_their_shell_reads() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = sandbox.certgen(&["completions", shell]).succeeds();
        assert!(script.contains("milvus-certgen") && script.contains("tls-dir"), "{shell}");
        sandbox.write(shell, &script);
    }
    if has("bash") {
        let read = Command::new("bash").arg("-n").arg(sandbox.file("bash")).status().unwrap();
        assert!(read.success());
        let works = "source ./bash; COMP_WORDS=(milvus-certgen pro); COMP_CWORD=1; \
                     _milvus__certgen milvus-certgen pro milvus-certgen; echo ${COMPREPLY[@]}";
        let output = Command::new("bash").args(["-c", works]).current_dir(sandbox.path()).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stdout), "probe\n");
    }
    sandbox.certgen(&["completions", "cmd.exe"]).fails(2);
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let sandbox = Sandbox::new();
    let page = sandbox.certgen(&["man"]).succeeds();
    assert!(page.contains(".TH") && page.contains("check"), "{page}");
    sandbox.certgen(&["man", "--out-dir", "man"]).succeeds();
    for name in ["milvus-certgen", "milvus-certgen-check", "milvus-certgen-probe", "milvus-certgen-config"] {
        let page = sandbox.read(&format!("man/{name}.1"));
        assert!(page.contains(".TH"), "{name}");
    }
    if Command::new("man").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok() {
        let output = Command::new("man")
            .args(["--warnings", "-l", "man/milvus-certgen.1"])
            .current_dir(sandbox.path())
            .env("MANPAGER", "cat")
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "groff has something to say");
    }
    sandbox.write("file", "");
    let err = sandbox.certgen(&["man", "--out-dir", "file"]).fails(1);
    assert!(err.contains("file: is not a directory"), "{err}");
}

#[test]
fn the_version_names_the_commit_of_a_checkout() {
    let version = Sandbox::new().certgen(&["--version"]).succeeds();
    let plain = concat!("milvus-certgen ", env!("CARGO_PKG_VERSION"));
    let is_checkout = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(".git").exists();
    if !is_checkout || !has("git") {
        assert_eq!(version.trim_end(), plain);
        return;
    }
    let head = Command::new("git")
        .args(["log", "-1", "--format=%h"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let head = String::from_utf8(head.stdout).unwrap();
    assert!(version.starts_with(&format!("{plain} ({}", head.trim())), "{version} of {head}");
}
