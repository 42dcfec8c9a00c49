//! What a file is that is not the PEM it should be.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::fuzzing::{Form, holds_key};

fuzz_target!(|file: &[u8]| {
    let form = Form::of(file);
    assert!(!form.name().is_empty());
    for line in [form.to_key(), form.to_certificates(), form.to_request()].into_iter().flatten() {
        assert!(line.contains("{}"), "{line}");
    }
    assert!(holds_key(file) || !form.may_hold_key());
    // Blanks before and after a text change nothing of what it is.
    if std::str::from_utf8(file).is_ok() && matches!(form, Form::EscapedPem | Form::OtherPem | Form::Text) {
        assert_eq!(Form::of(&[b"\n ", file, b" \n"].concat()), form);
    }
});
