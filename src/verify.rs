//! Looking at a set and saying what is wrong with it: findings, which are data and not errors.
//!
//! The same code decides what a run must sign again ([`ca`], [`leaf`]) and whether what it made may be written
//! ([`set`]). Where a finding quotes a client, the quote is what that client prints.

use std::fmt;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::serial::Serial;
use crate::set::{KeyFile, Loaded, Set};

mod chain;
mod handshake;
mod leaf;

pub use leaf::leaf;

/// What is wrong, as a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is explained where it is found")]
pub enum Code {
    Missing,
    Damaged,
    KeyMismatch,
    CsrMismatch,
    CsrSignature,
    NotSignedByCa,
    SelfSignature,
    SameSubject,
    NotYetValid,
    Expired,
    OutlivesCa,
    NoNames,
    Purpose,
    KeyUsage,
    NotCa,
    CaKeyUsage,
    CannotSign,
    PathLength,
    BasicConstraints,
    KeyIdentifier,
    WeakSignature,
    Serial,
    SerialRepeated,
    StaleChain,
    Chain,
    Handshake,
}

impl Code {
    /// True for what stops a client, and so calls for a signature; the others are worth a word.
    #[must_use]
    pub fn is_error(self) -> bool {
        // Any two certificates of `openssl x509 -days 3650` differ by the seconds between the commands.
        self != Self::OutlivesCa
    }
}

/// One thing that is wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// The file's name.
    pub file: String,
    /// Completes a sentence that begins with the file's name.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.message)
    }
}

/// Collects findings about the files of one certificate.
struct Findings<'a> {
    base: &'a BaseName,
    list: Vec<Finding>,
}

impl<'a> Findings<'a> {
    fn new(base: &'a BaseName) -> Self {
        Self { base, list: Vec::new() }
    }

    fn add(&mut self, kind: FileKind, code: Code, message: impl Into<String>) {
        self.list.push(Finding { code, file: self.base.file(kind), message: message.into() });
    }

    fn certificate(&mut self, code: Code, message: impl Into<String>) {
        self.add(FileKind::Certificate, code, message);
    }

    fn file<T>(&mut self, kind: FileKind, file: &Loaded<T>) {
        if let Some(problem) = file.problem() {
            let code = if file.is_missing() { Code::Missing } else { Code::Damaged };
            self.add(kind, code, problem);
        }
    }

    fn pair(&mut self, certificate: &Certificate, key: Option<&KeyFile>) {
        if key.is_some_and(|file| file.key.public().spki != certificate.public_key.spki) {
            let pem = self.base.file(FileKind::Certificate);
            self.add(FileKind::Key, Code::KeyMismatch, format!("is not the key of {pem}"));
        }
    }

    fn validity(&mut self, certificate: &Certificate, now: OffsetDateTime) {
        if now < certificate.not_before {
            self.certificate(
                Code::NotYetValid,
                format!("is not valid before {}", date(certificate.not_before)),
            );
        }
        if now > certificate.not_after {
            self.certificate(Code::Expired, format!("expired on {}", date(certificate.not_after)));
        }
    }

    fn signature_and_serial(&mut self, certificate: &Certificate) {
        if certificate.weak_signature {
            self.certificate(Code::WeakSignature, "is signed with SHA-1 or MD5, which clients refuse");
        }
        if certificate.serial.is_none() {
            self.certificate(
                Code::Serial,
                "has a serial number that is zero, negative or longer than 20 octets",
            );
        }
    }
}

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
    if !certificate.is_ca() {
        findings.certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)");
        return findings.list;
    }
    if certificate.is_self_issued() && !certificate.is_signed_by(&certificate.public_key) {
        findings.certificate(Code::SelfSignature, "is damaged: its own signature does not match");
    }
    findings.validity(certificate, now);
    findings.signature_and_serial(certificate);
    match certificate.key_usage {
        None => findings.certificate(
            Code::CaKeyUsage,
            "has no keyUsage (Python: CA cert does not include key usage extension)",
        ),
        Some(usage) if !usage.key_cert_sign => {
            findings.certificate(Code::CannotSign, "has a keyUsage without keyCertSign");
        }
        Some(_) => {}
    }
    // RFC 5280 section 4.2.1.9: how many CAs may stand between a CA and a leaf.
    for (below, above) in file.above().enumerate() {
        let allowed = above.basic_constraints.and_then(|basic| basic.path_length);
        if allowed.is_some_and(|allowed| below >= usize::try_from(allowed).unwrap_or(usize::MAX)) {
            let above = &above.subject.text;
            findings.certificate(
                Code::PathLength,
                format!("may not sign: {above} above it allows no CA below (pathlen)"),
            );
        }
    }
    if certificate.basic_constraints.is_some_and(|basic| !basic.critical) {
        findings.certificate(Code::BasicConstraints, "has a basicConstraints that is not critical");
    }
    if certificate.subject_key_identifier.is_none() {
        findings.certificate(Code::KeyIdentifier, "has no subjectKeyIdentifier");
    }
    findings.list
}

/// Looks at a whole set as a run is about to write it: everything above, the chain for every name by
/// rustls-webpki, and handshakes one-way and mutual in memory. What may be written has no error among its findings.
#[must_use]
pub fn set(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = ca(set, now);
    let Some(ca) = set.ca_certificate() else { return findings };
    // A set whose CA key is kept elsewhere is whole without it.
    let ca_key = set.ca_base.file(FileKind::Key);
    findings.retain(|finding| !(finding.code == Code::Missing && finding.file == ca_key));
    for one in &set.leaves {
        findings.extend(leaf(one, ca, &set.ca_base, now));
    }
    findings.extend(serials(set, ca));
    if !findings.iter().any(|finding| finding.code.is_error()) {
        findings.extend(chain::check(set, ca, now));
    }
    if !findings.iter().any(|finding| finding.code.is_error()) {
        findings.extend(handshake::check(set, ca, now));
    }
    findings
}

/// RFC 5280 section 4.1.2.2: one CA never gives a serial number twice.
fn serials(set: &Set, ca: &Certificate) -> Vec<Finding> {
    let mut seen: Vec<&Serial> = ca.serial.iter().filter(|_| ca.is_self_issued()).collect();
    let mut list = Vec::new();
    for leaf in &set.leaves {
        let Some(serial) = leaf.files.sound_certificate().and_then(|c| c.serial.as_ref()) else { continue };
        if seen.contains(&serial) {
            let mut findings = Findings::new(&leaf.base);
            findings
                .certificate(Code::SerialRepeated, format!("has the serial number {serial} a second time"));
            list.extend(findings.list);
        }
        seen.push(serial);
    }
    list
}

/// The day, for people; always UTC.
pub(crate) fn date(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}
