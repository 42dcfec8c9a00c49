//! Certificates, in PEM and in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::certificate::{Certificate, read_certificates};
use milvus_certgen::set::parse;

#[path = "common/subjects.rs"]
mod subjects;

fuzz_target!(|file: &[u8]| {
    if let Ok(certificate) = Certificate::from_der(file) {
        check(&certificate);
    }
    let Ok(read) = read_certificates(file) else {
        assert!(parse::certificates(file).is_err());
        return;
    };
    assert!(!read.list.is_empty());
    read.list.iter().for_each(check);
    let written: String = read.list.iter().map(Certificate::to_pem).collect();
    let again = read_certificates(written.as_bytes()).expect("certificates that were written");
    assert_eq!((again.list, again.oddity), (read.list, None));
    let in_set = parse::certificates(file).expect("certificates that were read");
    assert!(in_set.held_key.is_none() || in_set.holds_key);
});

fn check(certificate: &Certificate) {
    assert_eq!(Certificate::from_der(&certificate.der).as_ref(), Ok(certificate));
    assert_eq!(certificate.fingerprint().len(), 32 * 3 - 1);
    subjects::check_subject(&certificate.subject);
    subjects::check_subject(&certificate.issuer);
    let names = certificate.subject_alt_names.iter().flatten();
    names.clone().for_each(subjects::check_san);
    if let Some(constraints) = &certificate.name_constraints {
        names.for_each(|name| _ = constraints.allow(name));
        _ = constraints.to_string();
    }
    assert!(certificate.is_self_issued() || !certificate.is_issued_by(certificate));
    _ = (certificate.role(), certificate.is_ca(), certificate.public_key.to_string());
}
