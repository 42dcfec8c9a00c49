//! The CA's files, and what `check` asks of their surroundings.

use time::OffsetDateTime;

use super::finding::Findings;
use super::{Asked, Code, Finding, Owner, Severity, date};
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::{CertificateFile, KeyFile, Loaded, Set};

/// Checks the CA's files by themselves, as a run does.
#[must_use]
pub fn ca(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    files(set, now).list
}

/// As `check` does: with their surroundings.
pub(super) fn asked(set: &Set, asked: &Asked<'_>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = files(set, now);
    if set.ca.key.sound().is_some() {
        findings.mode((asked.mode_of)(Owner::Ca.file(FileKind::Key)));
    }
    if let Some(file) = set.ca.certificate.sound() {
        findings.expiring(&file.certificate, asked.expires_within, now);
        findings.holds_key(file.holds_key);
        purposes(&mut findings, &file.certificate, set);
        above(&mut findings, file, now);
        serial_file(&mut findings, set);
    }
    if set.ca.key.sound().is_some() && looks_mounted(set) {
        findings.add(
            FileKind::Key,
            Code::CaKeyExposed,
            "is beside the server's files alone, as in a directory that is mounted into a container: who breaks into \
             Milvus can sign for anybody",
        );
    }
    findings.list
}

fn files(set: &Set, now: OffsetDateTime) -> Findings {
    let files = &set.ca;
    let mut findings = Findings::new(Owner::Ca);
    key_file(&mut findings, &files.key);
    findings.file(FileKind::Certificate, &files.certificate);
    // The next run that signs begins one.
    if !files.serial.is_missing() {
        findings.file(FileKind::Serial, &files.serial);
    }
    let Some(file) = files.certificate.sound() else { return findings };
    let certificate = &file.certificate;
    findings.pair(certificate, files.key.sound(), None);
    findings.demo_key(certificate);
    if !certificate.is_ca() {
        findings
            .certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)")
            .seen("OpenSSL: invalid CA certificate");
        return findings;
    }
    if certificate.is_self_issued() && certificate.signature(&certificate.public_key).is_bad() {
        findings.certificate(Code::DamagedSignature, "is damaged: its own signature does not match");
    }
    findings.validity(certificate, now);
    findings.signature_and_serial(certificate);
    findings.key_kind(certificate);
    extensions(&mut findings, file);
    findings
}

/// The CA key may be kept elsewhere, out of reach of whoever checks, or be given up.
fn key_file(findings: &mut Findings, key: &Loaded<KeyFile>) {
    match key {
        Loaded::Missing => findings.key_not_checked("is not here"),
        Loaded::Locked(problem) | Loaded::Forbidden(problem) | Loaded::Unreadable(problem) => {
            findings.key_not_checked(problem);
        }
        Loaded::Damaged(_) => findings.file(FileKind::Key, key),
        Loaded::Discarded | Loaded::Sound(_) => {}
    }
}

/// What a CA's certificate says of itself.
fn extensions(findings: &mut Findings, file: &CertificateFile) {
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

/// A CA's `extendedKeyUsage` binds what it signs; webpki alone does not ask it of whom it trusts.
fn purposes(findings: &mut Findings, ca: &Certificate, set: &Set) {
    let Some(usage) = ca.extended_key_usage.filter(|usage| !usage.any) else { return };
    for (role, allowed) in [(Role::Server, usage.server_auth), (Role::Client, usage.client_auth)] {
        if !allowed && set.first(role).is_some() {
            let purpose = role.purpose().unwrap_or_default();
            let message = format!("has an extendedKeyUsage without {purpose}, which binds what it signs");
            findings
                .certificate(Code::WrongEku, message)
                .seen("OpenSSL: unsuitable certificate purpose")
                .seen("Go: x509: certificate specifies an incompatible key usage");
        }
    }
}

/// The CAs between the CA and a root, as far as they are in its file.
fn above(findings: &mut Findings, file: &CertificateFile, now: OffsetDateTime) {
    let mut top = &file.certificate;
    for above in file.above() {
        if now > above.not_after {
            let message =
                format!("holds {} above it, which expired on {}", above.subject.text, date(above.not_after));
            findings.certificate(Code::Expired, message).seen("OpenSSL: certificate has expired");
        }
        top = above;
    }
    if !top.is_self_issued() {
        let message = format!(
            "ends with {}, which is no root: OpenSSL and Node ask for the CA above it",
            top.subject.text
        );
        findings
            .certificate(Code::NoIssuer, message)
            .seen("OpenSSL: unable to get issuer certificate")
            .severity = Severity::Warning;
    }
}

fn serial_file(findings: &mut Findings, set: &Set) {
    let (Some(ca), Some(last)) = (set.ca_certificate(), set.ca.serial.sound()) else { return };
    let signed = set.leaves.iter().filter_map(|leaf| leaf.files.sound_certificate());
    let newest = signed
        .filter(|certificate| certificate.is_issued_by(ca))
        .filter_map(|certificate| certificate.serial.as_ref())
        .max();
    if let Some(newest) = newest.filter(|newest| last.as_ref().is_none_or(|last| last < *newest)) {
        let holds = last.as_ref().map_or_else(|| "00".to_owned(), Serial::to_string);
        let message =
            format!("holds {holds}, and {newest} has been given already: OpenSSL would give numbers twice");
        findings.add(FileKind::Serial, Code::SerialFileBehind, message);
    }
}

/// Only what Milvus reads is there, and the CA's key.
fn looks_mounted(set: &Set) -> bool {
    let [server] = set.leaves.as_slice() else { return false };
    server.role == Role::Server
        && server.files.key.sound().is_some()
        && server.files.certificate.sound().is_some()
        && server.files.request.is_missing()
        && set.ca.serial.is_missing()
}
