//! Certificate signing requests, in PEM and in DER.
#![no_main]

use libfuzzer_sys::fuzz_target;
use milvus_certgen::certificate::{Csr, csr_from_pem};
use milvus_certgen::profile::Role;

#[path = "common/subjects.rs"]
mod subjects;

fuzz_target!(|file: &[u8]| {
    if let Ok(request) = Csr::from_der(file) {
        check(&request);
    }
    if let Ok(request) = csr_from_pem(file) {
        check(&request);
    }
});

fn check(request: &Csr) {
    let mut again = csr_from_pem(request.to_pem().as_bytes()).expect("a request that was written");
    assert!(!again.holds_key);
    again.holds_key = request.holds_key;
    assert_eq!(&again, request);
    subjects::check_subject(&request.subject);
    request.subject_alt_names.iter().for_each(subjects::check_san);
    for role in [request.role(), Role::Server, Role::Client] {
        assert!(request.overruled(role).iter().all(|what| !what.is_empty()));
    }
    _ = (request.unknown_critical_extensions(), request.public_key.to_string());
}
