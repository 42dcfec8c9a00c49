//! The blocks of a PEM file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::fuzzing::{blocks, encode, oddity};

fuzz_target!(|file: &[u8]| {
    for block in blocks(file) {
        let oddity_of_block = oddity(&block);
        let Some(der) = block.der() else { continue };
        assert!(!block.is_cut_short());
        let Some(written) = encode(block.label, &der) else { continue };
        let again = blocks(&written);
        assert_eq!(again.len(), 1, "{:?}", block.label);
        assert_eq!(again[0].label, block.label);
        assert!(again[0].headers.is_empty());
        assert_eq!(again[0].der().as_deref(), Some(&*der));
        assert_eq!(oddity(&again[0]), None, "before: {oddity_of_block:?}");
    }
});
