//! The CA's files by themselves.

use time::OffsetDateTime;

use super::{Code, Finding, Findings};
use crate::files::FileKind;
use crate::set::{CertificateFile, Set};

/// Looks at the CA's files by themselves.
#[must_use]
pub fn ca(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    let files = &set.ca;
    let mut findings = Findings::new(&set.ca_base);
    findings.file(FileKind::Key, &files.key);
    findings.file(FileKind::Certificate, &files.certificate);
    findings.file(FileKind::Serial, &files.serial);
    let Some(file) = files.certificate.sound() else { return findings.list };
    let certificate = &file.certificate;
    findings.pair(certificate, files.key.sound());
    findings.demo_key(certificate);
    if !certificate.is_ca() {
        findings
            .certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)")
            .seen("OpenSSL: invalid CA certificate");
        return findings.list;
    }
    if certificate.is_self_issued() && !certificate.is_signed_by(&certificate.public_key) {
        findings.certificate(Code::DamagedSignature, "is damaged: its own signature does not match");
    }
    findings.validity(certificate, now);
    findings.signature_and_serial(certificate);
    findings.key_kind(certificate);
    ca_extensions(&mut findings, file);
    findings.list
}

/// What a CA's certificate says of itself.
fn ca_extensions(findings: &mut Findings<'_>, file: &CertificateFile) {
    let certificate = &file.certificate;
    match certificate.key_usage {
        None => {
            findings
                .certificate(Code::CaNoKeyUsage, "has no keyUsage")
                .seen("Python 3.13: CA cert does not include key usage extension");
        }
        Some(usage) if !usage.key_cert_sign => {
            findings
                .certificate(Code::CaCannotSign, "has a keyUsage without keyCertSign")
                .seen("OpenSSL: invalid CA certificate");
        }
        Some(_) => {}
    }
    // RFC 5280 section 4.2.1.9: how many CAs may stand between a CA and a leaf.
    for (below, above) in file.above().enumerate() {
        let allowed = above.basic_constraints.and_then(|basic| basic.path_length);
        if allowed.is_some_and(|allowed| below >= usize::try_from(allowed).unwrap_or(usize::MAX)) {
            let above = &above.subject.text;
            findings
                .certificate(
                    Code::PathLength,
                    format!("may not sign: {above} above it allows no CA below (pathlen)"),
                )
                .seen("OpenSSL: path length constraint exceeded");
        }
    }
    if certificate.basic_constraints.is_some_and(|basic| !basic.critical) {
        findings
            .certificate(Code::BasicConstraintsNotCritical, "has a basicConstraints that is not critical")
            .seen("Python 3.13: Basic Constraints of CA cert not marked critical");
    }
    if certificate.subject_key_identifier.is_none() {
        findings
            .certificate(Code::KeyIdentifier, "has no subjectKeyIdentifier")
            .seen("Python 3.13: Missing Subject Key Identifier");
    }
}
