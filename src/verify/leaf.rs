//! A server's or client's files and their relation to the CA.

use time::{Duration, OffsetDateTime};

use super::{Code, Finding, Findings, Severity};
use crate::certificate::{Certificate, Constraints};
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::san::San;
use crate::serial::Serial;
use crate::set::{CertificateFile, Leaf, LeafFiles};

/// What `openssl x509 -days 3650` makes a minute after the CA outlives it by that minute: nothing to speak of.
const OUTLIVES_BY: Duration = Duration::days(1);

/// Looks at a server's or client's files and, where its certificate is known, their relation to the CA.
#[must_use]
pub fn leaf(leaf: &Leaf, ca: Option<&Certificate>, ca_base: &BaseName, now: OffsetDateTime) -> Vec<Finding> {
    let (role, files) = (leaf.role, &leaf.files);
    let mut findings = Findings::new(&leaf.base);
    findings.file(FileKind::Key, &files.key);
    findings.file(FileKind::Certificate, &files.certificate);
    findings.file(FileKind::Csr, &files.request);
    request(&mut findings, files);
    let Some(CertificateFile { certificate, chain, .. }) = files.certificate.sound() else {
        return findings.list;
    };
    findings.pair(certificate, files.key.sound());
    let ca_pem = ca_base.file(FileKind::Certificate);
    if let Some(ca) = ca {
        issuer(&mut findings, certificate, ca, &ca_pem);
    }
    findings.validity(certificate, now);
    findings.signature(certificate);
    findings.numbers(certificate);
    findings.key_kind(certificate);
    findings.demo_key(certificate);
    usages(&mut findings, role, certificate);
    names(&mut findings, role, certificate);
    if let Some(limits) = ca.and_then(|ca| ca.name_constraints.as_ref()).filter(|_| role == Role::Server) {
        findings.addresses(certificate, limits, &ca_pem);
    }
    // Beside a certificate that the CA has not signed, it is another CA's.
    let is_stale = |ca: &Certificate, issuer: &Certificate| {
        issuer.subject.der == ca.subject.der
            && issuer.der != ca.der
            && certificate.is_signed_by(&ca.public_key)
    };
    if ca.zip(chain.first()).is_some_and(|(ca, issuer)| is_stale(ca, issuer)) {
        findings.certificate(Code::StaleChain, format!("carries an older copy of {ca_pem}"));
    }
    findings.list
}

fn request(findings: &mut Findings<'_>, files: &LeafFiles) {
    let Some(request) = files.request.sound() else { return };
    if files.key.sound().is_some_and(|file| file.key.public().spki != request.public_key.spki) {
        let key = findings.base.file(FileKind::Key);
        findings.add(FileKind::Csr, Code::CsrMismatch, format!("is a request for another key than {key}"));
    } else if !request.signature_is_valid && request.public_key.kind.is_ok() {
        findings.add(FileKind::Csr, Code::CsrDamaged, "is damaged: its signature does not match");
    }
}

fn issuer(findings: &mut Findings<'_>, certificate: &Certificate, ca: &Certificate, pem: &str) {
    if !certificate.is_issued_by(ca) {
        if certificate.is_self_issued() && certificate.is_signed_by(&certificate.public_key) {
            findings
                .certificate(Code::SelfSigned, format!("is self-signed, and not signed by {pem}"))
                .seen("OpenSSL: self-signed certificate");
        } else {
            findings
                .certificate(Code::NotSignedByCa, format!("is not signed by {pem}"))
                .seen("Go: x509: certificate signed by unknown authority")
                .seen("OpenSSL: unable to get local issuer certificate")
                .seen("pymilvus: CERTIFICATE_VERIFY_FAILED");
        }
        return;
    }
    if certificate.subject.der == ca.subject.der {
        let finding = findings.certificate(
            Code::SameSubject,
            format!("has the subject of {pem}, so that clients take it for self-signed"),
        );
        if certificate.authority_key_identifier.is_some() {
            finding.severity = Severity::Warning;
            finding.message = format!("has the subject of {pem}: only their key identifiers tell them apart");
        } else {
            finding.seen("OpenSSL: self-signed certificate");
        }
    }
    key_identifiers(findings, certificate, ca, pem);
    if certificate.not_after > ca.not_after.saturating_add(OUTLIVES_BY) {
        findings.certificate(Code::OutlivesCa, format!("is valid longer than {pem}"));
    }
}

/// What RFC 5280 section 4.2.1.1 asks for, and Python 3.13 and `openssl verify -x509_strict` insist on.
fn key_identifiers(findings: &mut Findings<'_>, certificate: &Certificate, ca: &Certificate, pem: &str) {
    match (&certificate.authority_key_identifier, &ca.subject_key_identifier) {
        (None, _) => {
            findings
                .certificate(Code::KeyIdentifier, "has no authorityKeyIdentifier")
                .seen("Python 3.13: Missing Authority Key Identifier");
        }
        (Some(authority), Some(subject)) if authority != subject => {
            findings
                .certificate(
                    Code::KeyIdentifier,
                    format!("has an authorityKeyIdentifier that is not {pem}'s"),
                )
                .seen("OpenSSL: unable to get local issuer certificate");
        }
        _ => {
            // `authorityKeyIdentifier = keyid, issuer:always`, as easy-rsa has it.
            let number = certificate.authority_serial.as_ref();
            if let Some(number) = number.filter(|number| **number != ca.serial_octets) {
                let number = match Serial::from_der_integer(number) {
                    Ok(number) => format!("the serial number {number}"),
                    Err(_) => "a serial number".to_owned(),
                };
                let message = format!("names its issuer by {number}, which {pem} does not have");
                findings
                    .certificate(Code::KeyIdentifier, message)
                    .seen("OpenSSL: unable to get local issuer certificate");
            }
        }
    }
}

impl Findings<'_> {
    /// gRPC's C core gives up where it has to hold an address against constraints, whether they allow it or not.
    fn addresses(&mut self, certificate: &Certificate, limits: &Constraints, pem: &str) {
        let mut names = certificate.subject_alt_names.iter().flatten();
        if limits.limit_addresses() && names.any(|name| matches!(name, San::Ip(_))) {
            let message =
                format!("has IP addresses, and {pem} limits addresses, which pymilvus and C++ cannot check");
            self.certificate(Code::AddressConstraint, message)
                .seen("pymilvus: CERTIFICATE_VERIFY_FAILED: unsupported name constraint type");
        }
    }
}

fn usages(findings: &mut Findings<'_>, role: Role, certificate: &Certificate) {
    let purpose = role.purpose().unwrap_or_default();
    match certificate.extended_key_usage {
        None => {
            findings.certificate(Code::NoEku, format!("has no extendedKeyUsage {purpose}"));
        }
        Some(usage) => {
            let allowed = if role == Role::Server { usage.server_auth } else { usage.client_auth };
            if !allowed && !usage.any {
                let finding = findings
                    .certificate(Code::WrongEku, format!("has an extendedKeyUsage without {purpose}"));
                match role {
                    Role::Client => finding
                        .seen("Go (Milvus): x509: certificate specifies an incompatible key usage")
                        .seen("pymilvus: Socket closed"),
                    _ => finding
                        .seen("OpenSSL: unsuitable certificate purpose")
                        .seen("Go: x509: certificate specifies an incompatible key usage"),
                };
            }
        }
    }
    if let Some(usage) = certificate.key_usage {
        if !usage.digital_signature {
            findings.certificate(Code::NoDigitalSignature, "has a keyUsage without digitalSignature");
        }
        if usage.key_cert_sign && !certificate.is_ca() {
            findings
                .certificate(Code::KeyCertSignOnLeaf, "has keyCertSign, which only a CA may have")
                .seen("Python 3.13: Key usage keyCertSign invalid for non-CA cert");
        }
    }
    if certificate.is_ca() {
        findings
            .certificate(Code::LeafIsCa, "is a CA certificate")
            .seen("rustls: invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))");
    }
}

fn names(findings: &mut Findings<'_>, role: Role, certificate: &Certificate) {
    let none = certificate.subject_alt_names.as_ref().is_none_or(Vec::is_empty);
    if role == Role::Server && none {
        findings
            .certificate(Code::NoSan, "has no subjectAltName")
            .seen("Go: certificate relies on legacy Common Name field, use SANs instead");
    }
}
