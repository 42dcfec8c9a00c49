//! The project's own promises: the house, and the oldest compiler.

use std::collections::{BTreeMap, BTreeSet};
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

/// The modules of src and the code of each, without comments and unit tests. `main`, `lib` and the build script see all.
fn modules() -> BTreeMap<String, String> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut modules: BTreeMap<String, String> = BTreeMap::new();
    for file in sources(&src) {
        let relative = file.strip_prefix(&src).unwrap().to_string_lossy().into_owned();
        let module = relative.split(['/', '.']).next().unwrap();
        if ["main", "lib", "build", "fuzzing"].contains(&module) || relative.ends_with("tests.rs") {
            continue;
        }
        let text = fs::read_to_string(&file).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let code: String = code
            .lines()
            .filter(|line| !line.trim_start().starts_with("//"))
            .flat_map(|line| [line, "\n"])
            .collect();
        modules.entry(module.to_owned()).or_default().push_str(&code);
    }
    modules
}

/// The modules that some code names: `crate::set::Set`, and `use crate::{run, set::Set};`.
fn imports(code: &str) -> BTreeSet<String> {
    let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for path in code.split("crate::").skip(1) {
        let Some(list) = path.strip_prefix('{') else {
            found.insert(word(path));
            continue;
        };
        let mut depth = 0;
        let mut at_start = true;
        for (at, c) in list.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => at_start = true,
                c if at_start && c.is_alphanumeric() => {
                    found.insert(word(&list[at..]));
                    at_start = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn imports_are_found_in_both_forms() {
    let code =
        "use crate::set::Set; use crate::{\n    files::{BaseName, quoted},\n    run,\n}; crate::check::set()";
    assert_eq!(imports(code).into_iter().collect::<Vec<_>>(), ["check", "files", "run", "set"]);
}

/// "Lower modules never import upper ones" (lib.rs): taking away, again and again, what imports nothing that is left
/// takes all away.
#[test]
fn no_module_imports_one_above_it() {
    let modules = modules();
    assert!(modules.len() > 20, "the modules were not found");
    let mut left: BTreeMap<&str, BTreeSet<String>> = modules
        .iter()
        .map(|(module, code)| {
            let mut imports = imports(code);
            imports.retain(|import| import != module && modules.contains_key(import));
            (module.as_str(), imports)
        })
        .collect();
    while !left.is_empty() {
        let lowest: Vec<&str> =
            left.iter().filter(|(_, imports)| imports.is_empty()).map(|(module, _)| *module).collect();
        assert!(!lowest.is_empty(), "these import each other: {left:?}");
        for module in lowest {
            left.remove(module);
            for imports in left.values_mut() {
                imports.remove(module);
            }
        }
    }
}

/// What lib.rs says of who does what, as far as names in the code tell.
#[test]
fn files_terminal_clock_and_rcgen_are_reached_from_few_places() {
    let rules: [(&str, &[&str]); 7] = [
        ("rcgen::", &["keys", "pki", "profile"]),
        ("rustix::", &["store"]),
        ("fs::rename", &["store"]),
        ("remove_file", &["store"]),
        ("File::create", &["store"]),
        ("now_utc", &[]),
        ("process::exit", &[]),
    ];
    for (module, code) in modules() {
        for (name, allowed) in rules {
            assert!(!code.contains(name) || allowed.contains(&module.as_str()), "{module} uses {name}");
        }
    }
}
