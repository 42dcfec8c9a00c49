//! Private keys: what is read, and what is never written over.

mod forms;
mod kept;
mod odd;

use std::path::Path;
use std::process::Command;

use crate::support::Sandbox;

/// Runs a line as a shell does in the directory; what it said if it failed.
fn shell(sandbox: &Sandbox, line: &str) -> Result<(), String> {
    let binary = Path::new(env!("CARGO_BIN_EXE_milvus-certgen")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let output = Command::new("sh")
        .args(["-c", line])
        .current_dir(sandbox.path())
        .env("PATH", path)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    let said = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    if output.status.success() { Ok(()) } else { Err(format!("{line}: {}", said.concat())) }
}

/// The public half of a key file, as this crate reads it.
fn public(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    let bytes = std::fs::read(sandbox.file(name)).unwrap();
    let (key, _) = milvus_certgen::keys::encoding::from_pem(&bytes)
        .unwrap_or_else(|problem| panic!("{name}: {problem}\n{}", String::from_utf8_lossy(&bytes)));
    key.public().spki.clone()
}
