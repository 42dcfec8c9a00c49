//! Looking at a set and saying what is wrong with it: findings, which are data and not errors.
//!
//! The same code decides what a run must sign again ([`ca`], [`leaf`]), whether what it made may be written
//! ([`set`]), and what `check` says. Where a finding quotes a client, the quote is what that client prints.

use std::fmt;

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::error::DamageKind;
use crate::files::{BaseName, FileKind};
use crate::serial::Serial;
use crate::set::{KeyFile, Leaf, Loaded, Set};

mod authority;
mod chain;
mod code;
mod demo;
mod handshake;
mod inspect;
mod leaf;
mod numbers;
mod remedy;
mod words;

pub use authority::ca;
pub use chain::{has_name, server_name, trusted};
pub use code::{Code, Severity};
pub use demo::is_demo_key;
pub use inspect::{Handshake, Inspected, Inspection, inspect, name_not_in_san};
pub use leaf::leaf;
pub use remedy::Remedies;

/// One thing that is wrong with one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is.
    pub code: Code,
    /// How grave it is here.
    pub severity: Severity,
    /// The file's name; for a running server, its address.
    pub file: String,
    /// Completes a sentence that begins with the file's name.
    pub message: String,
    /// How it shows: who says what, word for word.
    pub seen_as: Vec<String>,
    /// What mends it: a command that works when typed, or a sentence where there is none.
    pub fix: Option<String>,
}

impl Finding {
    /// One of the code's own gravity.
    pub fn new(code: Code, file: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: code.severity(),
            file: file.into(),
            message: message.into(),
            seen_as: Vec::new(),
            fix: None,
        }
    }

    /// Adds what somebody says of it, as `Go: tls: bad certificate`.
    pub fn seen(&mut self, who_says_what: impl Into<String>) -> &mut Self {
        self.seen_as.push(who_says_what.into());
        self
    }

    /// What is wrong and, where that is not plain to everybody, what the first who is quoted says of it.
    #[must_use]
    pub fn reason(&self) -> String {
        let is_plain = matches!(
            self.code,
            Code::Expired | Code::NotYetValid | Code::NotSignedByCa | Code::SelfSigned | Code::KeyMismatch
        );
        match self.seen_as.first().filter(|_| !is_plain && !self.code.is_about_file()) {
            Some(seen) => format!("{} ({seen})", self.message),
            None => self.message.clone(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.file, self.reason())
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

    fn add(&mut self, kind: FileKind, code: Code, message: impl Into<String>) -> &mut Finding {
        let at = self.list.len();
        self.list.push(Finding::new(code, self.base.file(kind), message));
        &mut self.list[at]
    }

    fn certificate(&mut self, code: Code, message: impl Into<String>) -> &mut Finding {
        self.add(FileKind::Certificate, code, message)
    }

    fn file<T>(&mut self, kind: FileKind, file: &Loaded<T>) {
        let code = match file {
            Loaded::Sound(_) => return,
            Loaded::Missing | Loaded::Discarded => Code::Missing,
            Loaded::Locked(_) => Code::EncryptedKey,
            Loaded::Forbidden(_) | Loaded::Unreadable(_) => Code::Unreadable,
            Loaded::Damaged(damage) => match damage.kind {
                DamageKind::NotPem => Code::NotPem,
                DamageKind::OtherContent => Code::OtherContent,
                DamageKind::Weak => Code::WeakKey,
                DamageKind::Unsupported => Code::UnsupportedKey,
                DamageKind::Broken => Code::Damaged,
            },
        };
        self.add(kind, code, file.problem().unwrap_or_default());
    }

    fn pair(&mut self, certificate: &Certificate, key: Option<&KeyFile>) {
        if key.is_some_and(|file| file.key.public().spki != certificate.public_key.spki) {
            let pem = self.base.file(FileKind::Certificate);
            self.add(FileKind::Key, Code::KeyMismatch, format!("is not the key of {pem}"))
                .seen("Go (Milvus): tls: private key does not match public key")
                .seen("OpenSSL: key values mismatch");
        }
    }

    fn validity(&mut self, certificate: &Certificate, now: OffsetDateTime) {
        if now < certificate.not_before {
            let message = format!("is not valid before {}", date(certificate.not_before));
            self.certificate(Code::NotYetValid, message).seen("OpenSSL: certificate is not yet valid");
        }
        if now > certificate.not_after {
            let message = format!("expired on {}", date(certificate.not_after));
            self.certificate(Code::Expired, message)
                .seen("OpenSSL: certificate has expired")
                .seen("Go: x509: certificate has expired or is not yet valid")
                .seen("pymilvus: CERTIFICATE_VERIFY_FAILED: certificate has expired");
        }
    }

    fn signature(&mut self, certificate: &Certificate) {
        if certificate.weak_signature {
            self.certificate(Code::WeakSignature, "is signed with SHA-1 or MD5, which clients refuse")
                .seen("Go: x509: cannot verify signature: insecure algorithm")
                .seen("OpenSSL: CA signature digest algorithm too weak");
        }
    }

    fn key_kind(&mut self, certificate: &Certificate) {
        let Err(kind) = &certificate.public_key.kind else { return };
        if crate::keys::is_short_rsa(kind) {
            self.certificate(Code::WeakKey, format!("has a key that clients refuse: {kind} is too short"))
                .seen(if certificate.is_ca() {
                    "OpenSSL: CA certificate key too weak"
                } else {
                    "OpenSSL: EE certificate key too weak"
                });
        } else {
            self.certificate(
                Code::UnsupportedKey,
                format!("has a key that not all clients take ({kind}): rustls refuses it"),
            );
        }
    }

    fn demo_key(&mut self, certificate: &Certificate) {
        if demo::is_demo_key(&certificate.public_key) {
            self.certificate(
                Code::DemoKey,
                "is for the demo key that Milvus publishes: its private half is in every Milvus image",
            );
        }
    }
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
        findings.extend(leaf(one, Some(ca), &set.ca_base, now));
    }
    findings.extend(serials(set, ca));
    let has_error = |findings: &[Finding]| {
        let is_grave =
            |found: &Finding| found.severity == Severity::Error && found.code.calls_for_signature();
        findings.iter().any(is_grave)
    };
    if !has_error(&findings) {
        findings.extend(chain::check(set, ca, now));
    }
    if !has_error(&findings) {
        findings.extend(handshake::check(set, ca, now));
    }
    findings
}

/// RFC 5280 section 4.1.2.2: one CA never gives a serial number twice.
fn serials(set: &Set, ca: &Certificate) -> Vec<Finding> {
    let mut seen: Vec<&Serial> = ca.serial.iter().filter(|_| ca.is_self_issued()).collect();
    let mut list = Vec::new();
    for (at, leaf) in set.leaves.iter().enumerate() {
        let Some(certificate) = leaf.files.sound_certificate() else { continue };
        let Some(serial) = &certificate.serial else { continue };
        // The same certificate under another name is a copy.
        let is_same =
            |other: &Leaf| other.files.sound_certificate().is_some_and(|c| c.der == certificate.der);
        if set.leaves[..at].iter().any(is_same) {
            continue;
        }
        if seen.contains(&serial) {
            let pem = leaf.base.file(FileKind::Certificate);
            let message = format!("has the serial number {serial} a second time");
            list.push(Finding::new(Code::SerialRepeated, pem, message));
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
