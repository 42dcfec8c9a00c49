//! The journal of a transaction, which others may have written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use std::collections::HashSet;
use std::path::{Component, Path};

use milvus_certgen::fuzzing;

fuzz_target!(|file: &[u8]| {
    // Both as it is, and as the names behind a header: few mutations leave that whole.
    let Ok(text) = std::str::from_utf8(file) else { return };
    for text in [text.to_owned(), format!("milvus-certgen journal 1\n{text}\n")] {
        let Some((names, written)) = fuzzing::journal(&text) else { continue };
        assert_eq!(written, text);
        assert!(!names.is_empty());
        let distinct: HashSet<&String> = names.iter().collect();
        assert_eq!(distinct.len(), names.len(), "{names:?}");
        for name in &names {
            let parts: Vec<Component<'_>> = Path::new(name).components().collect();
            assert_eq!(parts, [Component::Normal(name.as_ref())], "{name:?} leaves its directory");
            assert!(!name.starts_with('.') && !name.chars().any(char::is_control), "{name:?}");
        }
    }
});
