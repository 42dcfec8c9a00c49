//! What holds for names in certificates and requests, whoever wrote them.

use milvus_certgen::fuzzing::{is_hidden, printable};
use milvus_certgen::san::San;
use milvus_certgen::subject::{AttributeType, Subject};

/// A name that is valid stays so when an attribute is set, and is read again as it was written.
pub fn check_subject(subject: &Subject) {
    assert!(!printable(&subject.text).contains(is_hidden));
    assert_eq!(&Subject::from_der(&subject.der), subject);
    assert!(subject.is_valid() || subject.fault().is_some());
    match subject.clone().with(AttributeType::CommonName, "--cn", "new") {
        Ok(new) => {
            assert!(subject.is_valid());
            assert_eq!(new.common_name(), Some("new"));
            assert_eq!(Subject::from_der(&new.der), new);
        }
        Err(_) => assert!(!subject.is_valid(), "{subject}"),
    }
}

/// What is offered as a value for `--san` is accepted there, and is the same name.
pub fn check_san(san: &San) {
    if let Some(value) = san.flag_value() {
        assert_eq!(San::parse("--san", &value).ok().as_ref(), Some(san));
    }
}
