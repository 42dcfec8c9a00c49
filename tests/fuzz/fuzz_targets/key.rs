//! Private keys, in PEM and in DER, with a password and without.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::fuzzing::{encode, holds_key};
use milvus_certgen::keys::{KeyFile, KeyFormat, PrivateKey, encoding};

/// The one of all encrypted keys that tests/fuzz/run makes.
const PASSWORD: &str = "password";

fuzz_target!(|file: &[u8]| {
    check(file);
    // The bytes decide which form it is, and not the label.
    for label in ["PRIVATE KEY", "ENCRYPTED PRIVATE KEY"] {
        check(&encode(label, file).expect("a label of PEM"));
    }
});

fn check(file: &[u8]) {
    for password in [None, Some(PASSWORD)] {
        match encoding::read(file, password) {
            Ok(read) => {
                assert!(holds_key(file));
                assert!(password.is_some() || !read.was_encrypted);
                check_written(&read);
            }
            Err(problem) => assert!(!problem.damage().text.is_empty()),
        }
    }
}

fn check_written(read: &KeyFile) {
    let key = &read.key;
    assert!(key.to_pem(read.format).is_ok(), "a form that it was in");
    for format in [KeyFormat::Pkcs8, KeyFormat::Traditional] {
        let Ok(written) = key.to_pem(format) else { continue };
        let again = encoding::read(&written, None).expect("a key that was written");
        assert_eq!(again.key.public(), key.public());
        assert_eq!((again.key.kind(), again.format), (key.kind(), format));
        assert_eq!((again.oddity, again.was_encrypted, again.has_more), (None, false, false));
        // The private half too; an EC key alone may have got its curve's name.
        assert!(again.key.to_pem(format).is_ok_and(|twice| twice == written));
    }
    // Signer::clone builds on this.
    let clone = PrivateKey::from_pkcs8(key.pkcs8()).expect("a key that was read");
    assert_eq!(clone.pkcs8(), key.pkcs8());
}
