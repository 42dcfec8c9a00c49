//! A server's or client's certificate and the CA that should have signed it.

use time::Duration;

use super::finding::Findings;
use super::{Code, Message, Owner, Place};
use crate::certificate::{Certificate, Constraints, Signature};
use crate::files::FileKind;
use crate::san::San;
use crate::serial::Serial;

/// The CA certificate.
pub(super) const CA_PEM: Place = Place::File(Owner::Ca, FileKind::Certificate);

/// What `openssl x509 -days 3650` makes a minute after the CA outlives it by that minute: nothing to speak of.
const OUTLIVES_BY: Duration = Duration::days(1);

/// What the other files of the set tell.
#[derive(Default)]
pub(super) struct Known {
    /// Whose key it has instead of its own.
    pub(super) swapped: Option<Owner>,
    /// Other certificates lead from it to the CA.
    pub(super) is_signed_through: bool,
}

/// Whether the CA has signed it, and how the two name each other.
pub(super) fn issuer(findings: &mut Findings, certificate: &Certificate, ca: &Certificate, known: &Known) {
    let signature = certificate.issued_by(ca);
    if let (Signature::Unknown(algorithm), Ok(_), false) =
        (&signature, &ca.public_key.kind, certificate.weak_signature)
    {
        // Where the CA's key or the digest is to blame, that has a finding of its own.
        let message = format!(
            "is signed with {algorithm}, which cannot be verified here: whether by the CA was not checked"
        );
        findings.certificate(Code::UnknownSignature, message);
    }
    if signature.is_bad() {
        if known.is_signed_through {
            return;
        }
        if certificate.is_self_issued() && certificate.signature(&certificate.public_key).is_good() {
            findings
                .certificate(Code::SelfSigned, Message::of("is self-signed, and not signed by ", CA_PEM))
                .seen("OpenSSL: self-signed certificate");
        } else {
            findings
                .certificate(Code::NotSignedByCa, Message::of("is not signed by ", CA_PEM))
                .seen("Go: x509: certificate signed by unknown authority")
                .seen("OpenSSL: unable to get local issuer certificate")
                .seen("pymilvus: CERTIFICATE_VERIFY_FAILED");
        }
        return;
    }
    if certificate.subject.der == ca.subject.der && !is_told_apart(certificate) {
        findings
            .certificate(
                Code::SameSubject,
                Message::of("has the subject of ", CA_PEM)
                    .and(" and no key identifiers, so that clients take it for self-signed"),
            )
            .seen("OpenSSL: self-signed certificate");
    }
    key_identifiers(findings, certificate, ca);
    if certificate.not_after > ca.not_after.saturating_add(OUTLIVES_BY) {
        findings.certificate(Code::OutlivesCa, Message::of("is valid longer than ", CA_PEM));
    }
}

/// Where subject and issuer are one name, key identifiers tell that another key has signed: OpenSSL, Go, gRPC, Node, the
/// JDK, `GnuTLS` and rustls go by them.
fn is_told_apart(certificate: &Certificate) -> bool {
    let authority = certificate.authority_key_identifier.as_ref();
    authority.is_some() && authority != certificate.subject_key_identifier.as_ref()
}

/// What RFC 5280 section 4.2.1.1 asks for, and Python 3.13 and `openssl verify -x509_strict` insist on.
fn key_identifiers(findings: &mut Findings, certificate: &Certificate, ca: &Certificate) {
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
                    Message::of("has an authorityKeyIdentifier that is not ", CA_PEM).and("'s"),
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
                let message = Message::of(format!("names its issuer by {number}, which "), CA_PEM)
                    .and(" does not have");
                findings
                    .certificate(Code::KeyIdentifier, message)
                    .seen("OpenSSL: unable to get local issuer certificate");
            }
        }
    }
}

/// gRPC's C core gives up where it has to hold an address against constraints, whether they allow it or not.
pub(super) fn addresses(findings: &mut Findings, certificate: &Certificate, limits: &Constraints) {
    let mut names = certificate.subject_alt_names.iter().flatten();
    if limits.limit_addresses() && names.any(|name| matches!(name, San::Ip(_))) {
        let message = Message::of("has IP addresses, and ", CA_PEM)
            .and(" limits addresses, which pymilvus and C++ cannot check");
        findings
            .certificate(Code::AddressConstraint, message)
            .seen("pymilvus: CERTIFICATE_VERIFY_FAILED: unsupported name constraint type");
    }
}
