//! A server's or client's certificate and the CA that should have signed it.

use time::Duration;

use super::clients::Case;
use super::findings::Findings;
use super::{Code, Message, Owner, Place};
use crate::certificate::{Certificate, Constraints, Signature};
use crate::files::FileKind;
use crate::san::San;
use crate::serial::Serial;
use crate::set::{CertificateFile, issuers};

/// The CA certificate.
pub(super) const CA_PEM: Place = Place::File(Owner::Ca, FileKind::Certificate);

/// `openssl x509 -days 3650`, run a minute after the CA was issued, outlives it by that minute: not a problem.
const OUTLIVES_BY: Duration = Duration::days(1);

/// Facts from the other files of the set.
#[derive(Default)]
pub(super) struct Known {
    /// The owner of the key that it has instead of its own.
    pub(super) swapped: Option<Owner>,
    /// The CA key is missing, so that the CA may be an external one.
    pub(super) lacks_ca_key: bool,
}

/// Whether a CA of ca.pem has signed it, and how the two name each other.
pub(super) fn issuer(findings: &mut Findings, own: &CertificateFile, file: &CertificateFile, known: &Known) {
    let certificate = &own.certificate;
    let Some(ca) = file.issuer_of(certificate) else {
        // `--ca-cert server.pem`: it is trusted itself, as the Milvus page's one-way step has it.
        if file.all().any(|trusted| trusted.der == certificate.der) {
            let message = "is trusted without the CA certificate, which Node and rustls reject";
            findings.certificate_case(Code::NoIssuer, Case::TrustedAlone, message);
            return;
        }
        return not_signed(findings, own, file, known);
    };
    if let (Signature::Unknown(algorithm), Ok(_), false) =
        (certificate.issued_by(ca), &ca.public_key.kind, certificate.weak_signature)
    {
        // If the CA's key or the digest is the cause, that has a finding of its own.
        let message = format!(
            "is signed with {algorithm}, which cannot be verified here: it was not checked whether the CA signed it"
        );
        findings.certificate(Code::UnknownSignature, message);
    }
    if certificate.subject.der == ca.subject.der && !is_told_apart(certificate) {
        findings.certificate(
            Code::SameSubject,
            Message::of("has the subject of ", CA_PEM)
                .and(" and no key identifiers, so that clients take it for self-signed"),
        );
    }
    key_identifiers(findings, certificate, ca, &Message::from("").name(CA_PEM));
    if certificate.not_after > ca.not_after.saturating_add(OUTLIVES_BY) {
        findings.certificate(Code::OutlivesCa, Message::of("is valid longer than ", CA_PEM));
    }
}

/// No CA of ca.pem has signed it: what is sent along may lead to one.
fn not_signed(findings: &mut Findings, own: &CertificateFile, file: &CertificateFile, known: &Known) {
    let certificate = &own.certificate;
    let path = issuers(certificate, own.chain.iter().chain(file.all()));
    if path.iter().any(|ca| file.all().any(|trusted| trusted.der == ca.der)) {
        return;
    }
    let top = path.last().copied().unwrap_or(certificate);
    let is_named = file.all().any(|ca| ca.subject.der == top.issuer.der);
    if certificate.is_self_signed() {
        findings.certificate(Code::SelfSigned, Message::of("is self-signed, and not signed by ", CA_PEM));
        return;
    }
    if known.lacks_ca_key && !is_named && !top.is_self_issued() {
        let whose = if path.is_empty() { "is" } else { "includes a CA certificate that is" };
        let message =
            format!("{whose} issued by {}, whose certificate is neither in it nor in ", top.issuer.text);
        findings.certificate(Code::MissingIssuer, Message::of(message, CA_PEM));
    } else {
        let message = Message::of("is not signed by ", CA_PEM);
        let is_of_other = certificate.issuer.der != file.certificate.subject.der;
        let other = if is_of_other { format!(", but by {}", certificate.issuer.text) } else { String::new() };
        let identifier = certificate.authority_key_identifier.as_ref();
        let is_named = !is_of_other
            && identifier.is_some()
            && identifier == file.certificate.subject_key_identifier.as_ref();
        let case = if is_named { Case::OtherSignature } else { Case::Any };
        findings.certificate_case(Code::NotSignedByCa, case, message.and(other));
    }
}

/// If subject and issuer are equal, key identifiers show that another key has signed: OpenSSL, Go, gRPC, Node, the JDK,
/// `GnuTLS` and rustls use them.
fn is_told_apart(certificate: &Certificate) -> bool {
    let authority = certificate.authority_key_identifier.as_ref();
    authority.is_some() && authority != certificate.subject_key_identifier.as_ref()
}

/// Required by RFC 5280 section 4.2.1.1, and by Python 3.13 and `openssl verify -x509_strict`. `called` names the issuer.
pub(super) fn key_identifiers(
    findings: &mut Findings,
    certificate: &Certificate,
    ca: &Certificate,
    called: &Message,
) {
    if certificate.authority_key_identifier.is_none() {
        // Nobody asks it of a certificate without any extensions.
        let case = if certificate.version < 3 { Case::Version1 } else { Case::NoAuthority };
        findings.certificate_case(Code::KeyIdentifier, case, "has no authorityKeyIdentifier");
    } else if let Some(message) = misnamed(certificate, ca, called) {
        findings.certificate_case(Code::KeyIdentifier, Case::OtherAuthority, message);
    }
}

/// How the authorityKeyIdentifier of a certificate leads away from its issuer, which is called so.
pub(super) fn misnamed(certificate: &Certificate, ca: &Certificate, called: &Message) -> Option<Message> {
    let (authority, subject) = (&certificate.authority_key_identifier, &ca.subject_key_identifier);
    if authority.is_some() && subject.is_some() && authority != subject {
        return Some(called.clone().after("has an authorityKeyIdentifier that is not that of ".to_owned()));
    }
    // `authorityKeyIdentifier = keyid, issuer:always`, as easy-rsa has it.
    let number = certificate.authority_serial.as_ref().filter(|number| **number != ca.serial_bytes)?;
    let number = match Serial::from_der_integer(number) {
        Ok(number) => format!("the serial number {number}"),
        Err(_) => "a serial number".to_owned(),
    };
    let message = called.clone().after(format!("identifies its issuer by {number}, which "));
    Some(message.and(" does not have"))
}

/// gRPC's C core fails if it has to check an address against constraints, whether they allow it or not.
pub(super) fn addresses(findings: &mut Findings, certificate: &Certificate, limits: &Constraints) {
    let mut names = certificate.subject_alt_names.iter().flatten();
    if limits.limit_addresses() && names.any(|name| matches!(name, San::Ip(_))) {
        let message = Message::of("has IP addresses, and ", CA_PEM)
            .and(" limits addresses, which pymilvus and C++ cannot check");
        findings.certificate(Code::AddressConstraint, message);
    }
}
