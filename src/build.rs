//! Puts the commit into the version, where the sources are a checkout of this repository.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=src/build.rs");
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    // A package in somebody else's repository must not claim that one's commit.
    let build = if Path::new(".git").exists() { git(&["log", "-1", "--format=%h %cs"]) } else { None };
    if let Some(commit) = build {
        for path in ["HEAD", "logs/HEAD"] {
            if let Some(file) = git(&["rev-parse", "--git-path", path]) {
                println!("cargo::rerun-if-changed={file}");
            }
        }
        println!("cargo::rustc-env=MILVUS_CERTGEN_BUILD={version} ({commit})");
    }
}

fn git(args: &[&str]) -> Option<String> {
    let output = Command::new("git").args(args).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    Some(text).filter(|text| !text.is_empty())
}
