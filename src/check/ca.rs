//! The CA's files, and what `check` asks of their surroundings.

use time::OffsetDateTime;

use super::finding::Findings;
use super::{Asked, Code, Finding, Fix, Owner, Severity};
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::{CertificateFile, KeyFile, Loaded, Set};

/// Checks the CA's files by themselves, as a run does.
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
        top(&mut findings, file);
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
    authority(&mut findings, certificate, now);
    path_length(&mut findings, file);
    purposes(&mut findings, file, set);
    for ca in file.above() {
        above(&mut findings, ca, now);
    }
    findings
}

/// What a CA's certificate says of itself.
fn authority(findings: &mut Findings, certificate: &Certificate, now: OffsetDateTime) {
    findings.validity(certificate, now);
    findings.signature(certificate);
    findings.numbers(certificate);
    findings.key_kind(certificate);
    extensions(findings, certificate);
    critical_extensions(findings, certificate);
}

/// A CA between the CA and a root, or the root.
fn above(findings: &mut Findings, above: &Certificate, now: OffsetDateTime) {
    let mut own = Findings::new(findings.owner);
    if above.is_ca() {
        authority(&mut own, above, now);
    } else {
        own.certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)")
            .seen("OpenSSL: invalid CA certificate");
    }
    own.list.retain_mut(|finding| match finding.code {
        // Nobody looks at a root's own signature.
        Code::WeakSignature => !above.is_self_issued(),
        Code::UnsupportedKey => {
            finding.message =
                format!("has a key that Milvus or pymilvus cannot use ({})", above.public_key).into();
            finding.severity = Severity::Error;
            !above.has_widely_verified_key()
        }
        _ => true,
    });
    for mut finding in own.list {
        finding.message = finding.message.after(format!("holds {} above it, which ", above.subject.text));
        finding.fix = Fix::Reissue;
        findings.list.push(finding);
    }
}

/// The CA key may be kept elsewhere, out of reach of whoever checks, or be given up.
fn key_file(findings: &mut Findings, key: &Loaded<KeyFile>) {
    match key {
        Loaded::Missing => findings.key_not_checked("is not here"),
        Loaded::Locked(damage) => findings.key_not_checked(&damage.text),
        Loaded::Forbidden(problem) | Loaded::Unreadable(problem) => findings.key_not_checked(problem),
        Loaded::Damaged(_) => findings.file(FileKind::Key, key),
        Loaded::Discarded | Loaded::Sound(_) => {}
    }
}

fn extensions(findings: &mut Findings, certificate: &Certificate) {
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

/// What a client does not process and must not pass over. rustls does not look at the certificates that it trusts.
fn critical_extensions(findings: &mut Findings, certificate: &Certificate) {
    let is_processed = |name: &&String| *name == "certificatePolicies" && certificate.is_self_issued();
    for name in certificate.critical_extensions.iter().filter(|name| !is_processed(name)) {
        let message = format!("has a critical extension that not all clients process ({name})");
        findings.certificate(Code::CriticalExtension, message);
    }
    if let Some(why) = certificate.name_constraints.as_ref().and_then(|constraints| constraints.unreadable) {
        findings
            .certificate(Code::CriticalExtension, "has nameConstraints that Milvus cannot read")
            .seen(format!("Milvus (Go): x509: {why}"));
    }
}

/// RFC 5280 section 4.2.1.9: how many CAs may stand between a CA and a leaf.
fn path_length(findings: &mut Findings, file: &CertificateFile) {
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
}

/// The `extendedKeyUsage` of a CA binds what it signs, and so does that of a CA above it; webpki alone does not ask
/// it of whom it trusts.
fn purposes(findings: &mut Findings, file: &CertificateFile, set: &Set) {
    for (depth, ca) in std::iter::once(&file.certificate).chain(file.above()).enumerate() {
        // OpenSSL and rustls do not take any purpose for this one.
        let Some(usage) = ca.extended_key_usage else { continue };
        for (role, allowed) in [(Role::Server, usage.server_auth), (Role::Client, usage.client_auth)] {
            if allowed || set.first(role).is_none() {
                continue;
            }
            let purpose = role.purpose().unwrap_or_default();
            let what = format!("has an extendedKeyUsage without {purpose}, which binds what it signs");
            let finding = match depth {
                0 => findings.certificate(Code::WrongEku, what),
                _ => {
                    let message = format!("holds {} above it, which {what}", ca.subject.text);
                    let finding = findings.certificate(Code::WrongEku, message);
                    finding.fix = Fix::Reissue;
                    finding
                }
            };
            finding
                .seen("OpenSSL: unsuitable certificate purpose")
                .seen("Go: x509: certificate specifies an incompatible key usage");
        }
    }
}

/// The CAs between the CA and a root should be in its file.
fn top(findings: &mut Findings, file: &CertificateFile) {
    let top = file.above().last().unwrap_or(&file.certificate);
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
