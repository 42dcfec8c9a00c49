//! A server's or client's files and their relation to the CA.

use time::OffsetDateTime;

use super::{Code, Finding, Findings};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::set::{CertificateFile, Leaf};

/// Looks at a server's or client's files and their relation to the CA.
#[must_use]
pub fn leaf(leaf: &Leaf, ca: &Certificate, ca_base: &BaseName, now: OffsetDateTime) -> Vec<Finding> {
    let (role, files) = (leaf.role, &leaf.files);
    let mut findings = Findings::new(&leaf.base);
    findings.file(FileKind::Key, &files.key);
    findings.file(FileKind::Certificate, &files.certificate);
    findings.file(FileKind::Csr, &files.request);
    if let Some(request) = files.request.sound() {
        let csr = FileKind::Csr;
        if files.key.sound().is_some_and(|file| file.key.public().spki != request.public_key.spki) {
            findings.add(
                csr,
                Code::CsrMismatch,
                format!("is a request for another key than {}", leaf.base.file(FileKind::Key)),
            );
        } else if !request.signature_is_valid {
            findings.add(csr, Code::CsrSignature, "is damaged: its signature does not match");
        }
    }
    let Some(CertificateFile { certificate, chain, .. }) = files.certificate.sound() else {
        return findings.list;
    };
    findings.pair(certificate, files.key.sound());
    let ca_pem = ca_base.file(FileKind::Certificate);
    issuer(&mut findings, certificate, ca, &ca_pem);
    findings.validity(certificate, now);
    findings.signature_and_serial(certificate);
    if let Err(kind) = &certificate.public_key.kind {
        findings.certificate(Code::KeyMismatch, format!("has a key that clients refuse ({kind})"));
    }
    usages(&mut findings, role, certificate);
    names(&mut findings, role, certificate);
    if chain.first().is_some_and(|issuer| issuer.subject.der == ca.subject.der && issuer.der != ca.der) {
        findings.certificate(Code::StaleChain, format!("carries an older copy of {ca_pem}"));
    }
    findings.list
}

fn issuer(findings: &mut Findings<'_>, certificate: &Certificate, ca: &Certificate, pem: &str) {
    if certificate.issuer.der != ca.subject.der || !certificate.is_signed_by(&ca.public_key) {
        findings.certificate(Code::NotSignedByCa, format!("is not signed by {pem}"));
        return;
    }
    if certificate.subject.der == ca.subject.der {
        findings.certificate(
            Code::SameSubject,
            format!("has the subject of {pem}, so that clients take it for self-signed"),
        );
    }
    // What RFC 5280 section 4.2.1.1 asks for, and Python 3.13 and openssl -x509_strict insist on.
    match (&certificate.authority_key_identifier, &ca.subject_key_identifier) {
        (None, _) => findings.certificate(
            Code::KeyIdentifier,
            "has no authorityKeyIdentifier (Python: Missing Authority Key Identifier)",
        ),
        (Some(authority), Some(subject)) if authority != subject => findings
            .certificate(Code::KeyIdentifier, format!("has an authorityKeyIdentifier that is not {pem}'s")),
        _ => {}
    }
    if certificate.not_after > ca.not_after {
        findings.certificate(Code::OutlivesCa, format!("is valid longer than {pem}"));
    }
}

fn usages(findings: &mut Findings<'_>, role: Role, certificate: &Certificate) {
    match certificate.extended_key_usage {
        None => findings.certificate(
            Code::Purpose,
            format!("has no extendedKeyUsage {}", role.purpose().unwrap_or_default()),
        ),
        Some(usage) => {
            let allowed = if role == Role::Server { usage.server_auth } else { usage.client_auth };
            if !allowed && !usage.any {
                findings.certificate(
                    Code::Purpose,
                    format!("has an extendedKeyUsage without {}", role.purpose().unwrap_or_default()),
                );
            }
        }
    }
    if let Some(usage) = certificate.key_usage {
        if !usage.digital_signature {
            findings.certificate(Code::KeyUsage, "has a keyUsage without digitalSignature");
        }
        if usage.key_cert_sign {
            findings.certificate(Code::KeyUsage, "has keyCertSign, which only a CA may have");
        }
    }
    if certificate.is_ca() {
        findings.certificate(Code::KeyUsage, "is a CA certificate");
    }
}

fn names(findings: &mut Findings<'_>, role: Role, certificate: &Certificate) {
    let none = certificate.subject_alt_names.as_ref().is_none_or(Vec::is_empty);
    if role == Role::Server && none {
        findings.certificate(
            Code::NoNames,
            "has no subjectAltName (Go: certificate relies on legacy Common Name field, use SANs instead)",
        );
    }
}
