//! A server's or client's files and their relation to the CA.

use time::OffsetDateTime;

use super::clients::{Case, Client, Part};
use super::findings::Findings;
use super::issuer::{CA_PEM, Known, addresses, issuer};
use super::path::path;
use super::{Code, Extra, Finding, Message, Owner, Severity, chain, is_valid};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::keys::{KeyFormat, KeyKind};
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, KeyFile, Leaf, LeafFiles, Loaded, Set};
use crate::spec::DEFAULT_DAYS;

/// Apple's platforms refuse server certificates that are valid for more days, whoever has signed them
/// (<https://support.apple.com/en-us/103769>).
const LONGEST_FOR_APPLE: i64 = 825;

const ED25519: &str = "is Ed25519, which clients built on gRPC's C core (Python, C++) do not accept";

/// Checks a server's or client's files and, where its certificate is known, their relation to the CA, as a run does.
pub fn leaf(owner: Owner, leaf: &Leaf, ca: Option<&CertificateFile>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Findings::new(owner, leaf.role);
    findings.file(FileKind::Key, &leaf.files.key);
    findings.file(FileKind::Certificate, &leaf.files.certificate);
    findings.file(FileKind::Csr, &leaf.files.request);
    content(&mut findings, leaf, ca, &Known::default(), now);
    findings.list
}

/// The same without the files: what its certificate and its key say where they are in use.
pub fn credentials(
    owner: Owner,
    leaf: &Leaf,
    ca: Option<&CertificateFile>,
    now: OffsetDateTime,
) -> Vec<Finding> {
    let mut findings = Findings::new(owner, leaf.role);
    content(&mut findings, leaf, ca, &Known::default(), now);
    findings.list
}

/// Problems of clients with their own key and certificate, and of Milvus with the certificate.
pub fn used(owner: Owner, own: &Leaf, ca: Option<&CertificateFile>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Findings::new(owner, own.role);
    content(&mut findings, own, ca, &Known::default(), now);
    if let Some(file) = own.files.key.parsed() {
        key_form(&mut findings, own.role, file);
    }
    findings.list.retain(|finding| !finding.rejections.is_empty());
    findings.list
}

/// Checks the certificates that a running server sends, for a client that trusts the CA.
pub fn served(chain: &CertificateFile, ca: Option<&CertificateFile>, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Findings::new(Owner::Served, Role::Server);
    let files = LeafFiles { certificate: Loaded::Parsed(chain.clone()), ..LeafFiles::default() };
    let leaf = Leaf { role: Role::Server, base: BaseName::of_role(Role::Server), files };
    let trusted = ca.map(|ca| chain::trusted(chain, Role::Server, ca, now));
    content(&mut findings, &leaf, ca, &Known::default(), now);
    if chain.certificate.public_key.kind == Ok(KeyKind::Ed25519) {
        findings.about(Part::ServerKey, |findings| {
            findings.certificate(Code::Ed25519Key, ED25519);
        });
    }
    if let Some(ca) = ca {
        path(&mut findings, Role::Server, chain, ca, now);
    }
    let is_said = findings.list.iter().any(|finding| finding.is_rejected_by(Client::Rust));
    if let (Some(Err(why)), false, true) = (trusted, is_said, is_valid(&findings.list)) {
        findings.certificate(Code::ServedUntrusted, format!("is not trusted: {why}"));
    }
    findings.list
}

/// As `check` does: within its set, and with its surroundings.
pub(super) fn existing(set: &Set, at: usize, extra: &Extra<'_>, now: OffsetDateTime) -> Vec<Finding> {
    let leaf = &set.leaves[at];
    let mut findings = Findings::new(Owner::Leaf(at), leaf.role);
    match &leaf.files.key {
        Loaded::Missing if !(extra.needs_key)(leaf) => findings.key_not_checked("is missing"),
        // The user of `check` may not be the user of Milvus.
        Loaded::Forbidden(problem) => findings.key_not_checked(problem),
        key => findings.file(FileKind::Key, key),
    }
    findings.file(FileKind::Certificate, &leaf.files.certificate);
    // Only a run needs it, and creates it.
    if !leaf.files.request.is_missing() {
        findings.file(FileKind::Csr, &leaf.files.request);
    }
    let known = Known { swapped: swapped_with(set, at), lacks_ca_key: set.ca.key.parsed().is_none() };
    let ca = set.ca.certificate.parsed();
    content(&mut findings, leaf, ca, &known, now);
    if let Some(file) = leaf.files.key.parsed() {
        findings.mode((extra.mode_of)(Owner::Leaf(at).file(FileKind::Key)));
        if let Some(text) = file.oddity {
            let is_milvus_s = text.ends_with("which Milvus cannot read");
            findings.form(FileKind::Key, text);
            // The server's key is read by Milvus alone.
            if let Some(finding) =
                findings.list.last_mut().filter(|_| leaf.role == Role::Server && !is_milvus_s)
            {
                finding.weigh(Severity::Warning);
            }
        }
        key_form(&mut findings, leaf.role, file);
    }
    if let Some(file) = leaf.files.certificate.parsed() {
        findings.oddity(file.oddity);
        if let Some(ca) = ca {
            path(&mut findings, leaf.role, file, ca, now);
        }
        findings.expiring(&file.certificate, extra.expires_within, now);
        findings.holds_key(file.holds_key && leaf.files.key.parsed().is_some());
        if leaf.role.serves() {
            server(&mut findings, file, ca);
        }
    }
    findings.list
}

fn content(
    findings: &mut Findings,
    leaf: &Leaf,
    ca: Option<&CertificateFile>,
    known: &Known,
    now: OffsetDateTime,
) {
    let (role, files) = (leaf.role, &leaf.files);
    request(findings, files);
    let Some(own @ CertificateFile { certificate, chain, .. }) = files.certificate.parsed() else { return };
    findings.pair(certificate, files.key.parsed(), known.swapped);
    if let Some(ca) = ca {
        issuer(findings, own, ca, known);
    }
    let ca = ca.map(|ca| ca.issuer_of(certificate).unwrap_or(&ca.certificate));
    findings.validity(certificate, now);
    findings.signature(certificate);
    findings.numbers(certificate);
    findings.key_kind(certificate);
    findings.demo_key(certificate);
    usages(findings, role, certificate);
    names(findings, role, certificate);
    for name in &certificate.critical_extensions {
        let message = format!("has a critical extension that not all clients process ({name})");
        let case = if name == "authorityKeyIdentifier" { Case::AuthorityCritical } else { Case::Any };
        findings.certificate_case(Code::CriticalExtension, case, message);
    }
    if let Some(limits) = ca.and_then(|ca| ca.name_constraints.as_ref()).filter(|_| role.serves()) {
        addresses(findings, certificate, limits);
    }
    // Beside a certificate that the CA has not signed, it is another CA's.
    let is_stale = |ca: &Certificate, issuer: &Certificate| {
        issuer.subject.der == ca.subject.der
            && issuer.der != ca.der
            && certificate.signature(&ca.public_key).is_good()
    };
    if ca.zip(chain.first()).is_some_and(|(ca, issuer)| is_stale(ca, issuer)) {
        findings.certificate(Code::StaleChain, Message::of("includes an older copy of ", CA_PEM));
    }
}

fn request(findings: &mut Findings, files: &LeafFiles) {
    let Some(request) = files.request.parsed() else { return };
    if files.key.parsed().is_some_and(|file| file.key.public().spki != request.public_key.spki) {
        let key = findings.owner.file(FileKind::Key);
        let message = Message::of("is a request for another key than ", key);
        findings.add(FileKind::Csr, Code::CsrMismatch, message);
    } else if request.signature.is_bad() {
        findings.add(FileKind::Csr, Code::CsrDamaged, "is damaged: its signature does not match");
    }
}

fn usages(findings: &mut Findings, role: Role, certificate: &Certificate) {
    for side in role.sides() {
        purpose(findings, *side, certificate);
    }
    if let Some(usage) = certificate.key_usage {
        if !usage.digital_signature {
            findings.certificate(Code::NoDigitalSignature, "has a keyUsage without digitalSignature");
        }
        if usage.key_cert_sign && !certificate.is_ca() {
            findings.certificate(Code::KeyCertSignOnLeaf, "has keyCertSign, which only a CA may have");
        }
    }
    if certificate.is_ca() {
        findings.certificate(Code::LeafIsCa, "is a CA certificate");
    }
}

/// `side` is a role with one purpose.
fn purpose(findings: &mut Findings, side: Role, certificate: &Certificate) {
    let purpose = side.purpose().unwrap_or_default();
    let Some(usage) = certificate.extended_key_usage else {
        findings.certificate(Code::NoEku, format!("has no extendedKeyUsage {purpose}"));
        return;
    };
    let allowed = if side == Role::Server { usage.server_auth } else { usage.client_auth };
    if !allowed {
        let case = if usage.any { Case::AnyPurpose } else { Case::Any };
        let message = format!("has an extendedKeyUsage without {purpose}");
        findings.certificate_case(Code::WrongEku, case, message);
    }
}

fn names(findings: &mut Findings, role: Role, certificate: &Certificate) {
    let none = certificate.subject_alt_names.as_ref().is_none_or(Vec::is_empty);
    if role.serves() && none {
        let case = if certificate.version < 3 { Case::Version1 } else { Case::Any };
        findings.certificate_case(Code::NoSan, case, "has no subjectAltName");
    }
    // RFC 5280 section 4.2.1.6.
    if !none && certificate.subject.is_empty() && !certificate.names_are_critical {
        findings
            .certificate(Code::SanNotCritical, "has no subject, and a subjectAltName that is not critical");
    }
}

fn key_form(findings: &mut Findings, role: Role, file: &KeyFile) {
    // The server's key is read by Milvus alone, and Go takes all forms.
    if file.format == KeyFormat::Traditional && role == Role::Client {
        findings.add(FileKind::Key, Code::KeyNotPkcs8, "is not in PKCS#8, which Java's gRPC insists on");
    }
    if file.key.kind() == KeyKind::Ed25519 {
        findings.add(FileKind::Key, Code::Ed25519Key, ED25519);
    }
}

/// Problems of a server certificate that a run ignores.
fn server(findings: &mut Findings, file: &CertificateFile, ca: Option<&CertificateFile>) {
    let certificate = &file.certificate;
    let days = (certificate.not_after - certificate.not_before).whole_days();
    // Not what a run issues by default, as the Milvus page does.
    if days > i64::from(DEFAULT_DAYS) {
        findings.certificate(
            Code::LongValidity,
            format!("is valid for {days} days; Apple's platforms reject more than {LONGEST_FOR_APPLE}"),
        );
    }
    // A name that no client can ask for is as good as none.
    let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
    if !names.is_empty() && names.iter().all(|name| chain::server_name(name).is_none()) {
        let list = names.iter().map(San::to_string).collect::<Vec<_>>().join(", ");
        // Without any DNS name, most clients go by the CN.
        let has_dns = names.iter().any(|name| matches!(name, San::Dns(_)));
        let case = if has_dns { Case::NoName } else { Case::NoDnsName };
        let message = format!("has no host name or IP address that a client can check, only {list}");
        findings.certificate_case(Code::NoSan, case, message);
    }
    if file.chain.is_empty() && ca.is_some_and(|ca| ca.all().any(|ca| certificate.is_issued_by(ca))) {
        findings.certificate(
            Code::NoIssuer,
            "does not include the CA certificate: as the only trusted file, as in the Milvus page's one-way step, it is \
             rejected by Node, rustls and Python before 3.13",
        );
    }
}

/// The leaf whose certificate the key belongs to, if it is another one of the set.
fn swapped_with(set: &Set, at: usize) -> Option<Owner> {
    let spki = &set.leaves[at].files.key.parsed()?.key.public().spki;
    let is_for = |leaf: &Leaf| leaf.files.parsed_certificate().is_some_and(|c| c.public_key.spki == *spki);
    set.leaves.iter().position(is_for).filter(|other| *other != at).map(Owner::Leaf)
}
