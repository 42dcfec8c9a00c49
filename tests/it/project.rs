//! The project's own promises: the house, and the oldest compiler.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn sources(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn no_dependency_asks_for_a_newer_compiler_than_we_state() {
    let rustc = Command::new("rustc").arg("-vV").output().unwrap();
    let rustc = String::from_utf8(rustc.stdout).unwrap();
    let host = rustc.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline", "--filter-platform", host])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let minor = |version: &str| version.split('.').nth(1).unwrap().parse::<u32>().unwrap();
    let ours = minor(env!("CARGO_PKG_RUST_VERSION"));
    for package in metadata["packages"].as_array().unwrap() {
        if let Some(version) = package["rust_version"].as_str() {
            assert!(minor(version) <= ours, "{} asks for Rust {version}", package["name"]);
        }
    }
}

#[test]
fn lower_rows_never_import_upper_rows() {
    // From the top down. `main` and `lib` see everything.
    let rows: [&[&str]; 10] = [
        &["commands"],
        &["cli", "report"],
        &["config", "probe", "run"],
        &["issue"],
        &["plan"],
        &["check", "spec"],
        &["store"],
        &["set"],
        &["pki"],
        &["certificate", "files"],
    ];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for (row, modules) in rows.iter().enumerate() {
        let above: Vec<&str> = rows[..row].iter().flat_map(|modules| modules.iter().copied()).collect();
        for file in sources(&src) {
            let relative = file.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let module = relative.split(['/', '.']).next().unwrap().to_owned();
            if !modules.contains(&module.as_str()) || relative.ends_with("tests.rs") {
                continue;
            }
            let text = fs::read_to_string(&file).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            for upper in &above {
                assert!(
                    !code.contains(&format!("crate::{upper}")),
                    "{relative} imports {upper}, a row above it"
                );
            }
        }
    }
}
