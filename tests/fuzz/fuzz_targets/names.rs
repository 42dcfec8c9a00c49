//! The list of names of `--from FILE`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::path::{Component, Path};

use milvus_certgen::files::{BaseName, FileKind};
use milvus_certgen::fuzzing;

fuzz_target!(|file: &[u8]| {
    let Some(listed) = fuzzing::names(file) else { return };
    assert!(!listed.is_empty());
    assert!(listed.windows(2).all(|pair| pair[0].0 < pair[1].0), "lines count up");
    for (_, name) in &listed {
        assert!(!name.is_empty() && !name.starts_with('-') && name.trim() == name, "{name:?}");
        assert!(!name.contains('\n'), "{name:?}");
        if let Ok(base) = BaseName::made_safe(name) {
            let file = base.file(FileKind::Key);
            let parts: Vec<Component<'_>> = Path::new(&file).components().collect();
            assert_eq!(parts, [Component::Normal(file.as_ref())], "{name:?} leaves its directory");
            assert!(!file.starts_with(['.', '-']) && !file.chars().any(char::is_control), "{file:?}");
        }
    }
    // The first line alone may begin with a byte order mark.
    let names: Vec<&str> = listed.iter().map(|(_, name)| name.as_str()).collect();
    let written = format!("# names\n{}\n", names.join("\n"));
    let again = fuzzing::names(written.as_bytes()).expect("these names were accepted");
    assert!(again.iter().map(|(_, name)| name.as_str()).eq(names));
});
