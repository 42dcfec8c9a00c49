//! The CA's files, and what `check` asks of their surroundings.

use time::OffsetDateTime;

use super::clients::{Case, Part};
use super::findings::Findings;
use super::issuer::{key_identifiers, misnamed};
use super::path::{lacking_purpose, path_length};
use super::{Code, Extra, Finding, Fix, Owner};
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::{CertificateFile, KeyFile, Loaded, Set, issuers};

/// Checks the CA's files by themselves, as a run does.
pub fn ca(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    files(set, now).list
}

/// As `check` does: with their surroundings.
pub(super) fn existing(set: &Set, extra: &Extra<'_>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = files(set, now);
    if set.ca.key.parsed().is_some() {
        findings.mode((extra.mode_of)(Owner::Ca.file(FileKind::Key)));
    }
    if let Some(file) = set.ca.certificate.parsed() {
        findings.expiring(&file.certificate, extra.expires_within, now);
        findings.holds_key(file.holds_key);
        findings.oddity(file.oddity);
        top(&mut findings, file);
        other_issuers(&mut findings, file, set, now);
        serial_file(&mut findings, set);
    }
    if set.ca.key.parsed().is_some() && looks_mounted(set) {
        findings.add(
            FileKind::Key,
            Code::CaKeyExposed,
            "is next to the server's files alone, as in a directory that is mounted into a container: whoever breaks \
             into Milvus can issue certificates",
        );
    }
    findings.list
}

/// Problems with the CA that clients trust for a running server. The served certificate may be trusted itself.
pub fn trusted(set: &Set, served: &Certificate, now: OffsetDateTime) -> Vec<Finding> {
    let Some(file) = set.ca.certificate.parsed() else { return Vec::new() };
    if file.certificate.der == served.der {
        return Vec::new();
    }
    let mut findings = files(set, now);
    findings.oddity(file.oddity);
    top(&mut findings, file);
    if set.first(Role::Server).is_none() {
        purposes(&mut findings, file, &[Role::Server]);
    }
    let pem = Owner::Ca.file(FileKind::Certificate);
    findings.list.retain(|finding| finding.at == pem && !finding.rejections.is_empty());
    findings.list
}

fn files(set: &Set, now: OffsetDateTime) -> Findings {
    let files = &set.ca;
    let mut findings = Findings::new(Owner::Ca, Role::Ca);
    key_file(&mut findings, &files.key);
    findings.file(FileKind::Certificate, &files.certificate);
    // The next run that signs begins one.
    if !files.serial.is_missing() {
        findings.file(FileKind::Serial, &files.serial);
    }
    let Some(file) = files.certificate.parsed() else { return findings };
    let certificate = &file.certificate;
    findings.pair(certificate, files.key.parsed(), None);
    findings.demo_key(certificate);
    if !certificate.is_ca() {
        findings.certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)");
        return findings;
    }
    if certificate.is_self_issued() && certificate.signature(&certificate.public_key).is_bad() {
        findings.certificate(Code::DamagedSignature, "is damaged: its own signature does not match");
    }
    authority(&mut findings, certificate, now);
    own_identifier(&mut findings, certificate, file.above().first().copied());
    path_length(&mut findings, &file.path());
    let is_there = |role: &Role| set.leaves.iter().any(|leaf| leaf.role.covers(*role));
    let roles: Vec<Role> = [Role::Server, Role::Client].into_iter().filter(is_there).collect();
    purposes(&mut findings, file, &roles);
    let path = file.path();
    for (at, ca) in path.iter().enumerate().skip(1) {
        above(&mut findings, ca, path.get(at + 1).copied(), now);
    }
    findings
}

/// Other CAs of ca.pem that have issued certificates of the set. The others are trusted too, and not checked.
fn other_issuers(findings: &mut Findings, file: &CertificateFile, set: &Set, now: OffsetDateTime) {
    let mut known = file.path();
    for leaf in set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate()) {
        let path = issuers(leaf, file.all());
        for (at, &ca) in path.iter().enumerate() {
            if known.iter().all(|other| other.der != ca.der) {
                known.push(ca);
                above(findings, ca, path.get(at + 1).copied(), now);
            }
        }
    }
}

/// Checks a CA certificate by itself.
fn authority(findings: &mut Findings, certificate: &Certificate, now: OffsetDateTime) {
    findings.validity(certificate, now);
    // No client verifies a root's own signature.
    if !certificate.is_self_issued() {
        findings.signature(certificate);
    }
    findings.numbers(certificate);
    findings.key_kind(certificate);
    extensions(findings, certificate);
    critical_extensions(findings, certificate);
}

/// A CA between a certificate and a root, or the root; and its own issuer, where that is known.
pub(super) fn above(
    findings: &mut Findings,
    above: &Certificate,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) {
    let part = if findings.owner == Owner::Ca { Part::Above } else { Part::Between };
    findings.about(part, |findings| {
        if above.is_ca() {
            authority(findings, above, now);
            if let Some(issuer) = issuer {
                key_identifiers(findings, above, issuer, &issuer.subject.text.clone().into());
            }
        } else {
            findings.certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)");
        }
        for finding in &mut findings.list {
            let text = format!("holds {} above it, which ", above.subject.text);
            finding.message = finding.message.clone().after(text);
            finding.fix = Fix::AnotherCa;
        }
    });
}

/// The CA key may be kept in another place, unreadable for this user, or discarded.
fn key_file(findings: &mut Findings, key: &Loaded<KeyFile>) {
    match key {
        Loaded::Missing => findings.key_not_checked("is missing"),
        Loaded::Locked(damage) => findings.key_not_checked(&damage.text),
        Loaded::Forbidden(problem) | Loaded::Unreadable(problem) => findings.key_not_checked(problem),
        Loaded::Damaged(_) => findings.file(FileKind::Key, key),
        Loaded::Discarded | Loaded::Parsed(_) => {}
    }
}

/// If a root's authorityKeyIdentifier is not its own, clients look for a CA above it.
fn own_identifier(findings: &mut Findings, certificate: &Certificate, issuer: Option<&Certificate>) {
    if !certificate.is_self_issued() {
        if let Some(issuer) = issuer {
            key_identifiers(findings, certificate, issuer, &issuer.subject.text.clone().into());
        }
    } else if let Some(message) = misnamed(certificate, certificate, &"its own".into()) {
        findings.certificate_case(Code::KeyIdentifier, Case::OwnIdentifier, message);
    }
}

fn extensions(findings: &mut Findings, certificate: &Certificate) {
    match certificate.key_usage {
        None => {
            let is_limited = certificate.basic_constraints.is_some_and(|basic| basic.path_length.is_some());
            let case = if is_limited && findings.part.is_none() { Case::PathLength } else { Case::Any };
            findings.certificate_case(Code::CaNoKeyUsage, case, "has no keyUsage");
        }
        Some(usage) if !usage.key_cert_sign => {
            findings.certificate(Code::CaCannotSign, "has a keyUsage without keyCertSign");
        }
        Some(_) => {}
    }
    if certificate.basic_constraints.is_some_and(|basic| !basic.critical) {
        findings
            .certificate(Code::BasicConstraintsNotCritical, "has a basicConstraints that is not critical");
    }
    if certificate.subject_key_identifier.is_none() {
        findings.certificate(Code::KeyIdentifier, "has no subjectKeyIdentifier");
    }
}

/// Critical extensions that a client does not process. rustls ignores those of trusted certificates.
fn critical_extensions(findings: &mut Findings, certificate: &Certificate) {
    let is_processed = |name: &&String| *name == "certificatePolicies" && certificate.is_self_issued();
    for name in certificate.critical_extensions.iter().filter(|name| !is_processed(name)) {
        let message = format!("has a critical extension that not all clients process ({name})");
        findings.certificate(Code::CriticalExtension, message);
    }
    if let Some(why) = certificate.name_constraints.as_ref().and_then(|constraints| constraints.unreadable) {
        findings
            .certificate_case(
                Code::CriticalExtension,
                Case::Constraint,
                "has nameConstraints that Milvus cannot read",
            )
            .seen(format!("Milvus: x509: {why}"));
    }
}

/// The `extendedKeyUsage` of a CA binds what it signs, and so does that of a CA above it; webpki alone does not ask
/// it of whom it trusts.
fn purposes(findings: &mut Findings, file: &CertificateFile, roles: &[Role]) {
    for (depth, ca) in file.path().into_iter().enumerate() {
        for role in roles {
            let Some((what, case)) = lacking_purpose(ca, *role) else { continue };
            if depth == 0 {
                findings.certificate_case(Code::WrongEku, case, what);
                continue;
            }
            let message = format!("holds {} above it, which {what}", ca.subject.text);
            findings.about(Part::Above, |findings| {
                findings.certificate_case(Code::WrongEku, case, message).fix = Fix::AnotherCa;
            });
        }
    }
}

/// The CAs between the CA and a root should be in its file.
fn top(findings: &mut Findings, file: &CertificateFile) {
    let top = file.above().last().copied().unwrap_or(&file.certificate);
    if !top.is_self_issued() {
        let message =
            format!("ends with {}, which is not a root: Node requires the CA above it", top.subject.text);
        findings.certificate_case(Code::NoIssuer, Case::WithoutRoot, message);
    }
}

fn serial_file(findings: &mut Findings, set: &Set) {
    let (Some(ca), Some(last)) = (set.ca_certificate(), set.ca.serial.parsed()) else { return };
    let signed = set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate());
    let newest = signed
        .filter(|certificate| certificate.is_issued_by(ca))
        .filter_map(|certificate| certificate.serial.as_ref())
        .max();
    if let Some(newest) = newest.filter(|newest| last.as_ref().is_none_or(|last| last < *newest)) {
        let holds = last.as_ref().map_or_else(|| "00".to_owned(), Serial::to_string);
        let message =
            format!("holds {holds}, but {newest} was already issued: OpenSSL would issue numbers twice");
        findings.add(FileKind::Serial, Code::SerialFileBehind, message);
    }
}

/// True for a directory with the server's files and the CA key alone.
fn looks_mounted(set: &Set) -> bool {
    let [server] = set.leaves.as_slice() else { return false };
    server.role == Role::Server
        && server.files.key.parsed().is_some()
        && server.files.certificate.parsed().is_some()
        && server.files.request.is_missing()
        && set.ca.serial.is_missing()
}
