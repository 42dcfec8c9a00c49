//! The CA's files by themselves.

use time::OffsetDateTime;

use super::{Code, Finding, Findings, Severity};
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::set::{CertificateFile, Set};

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
    findings.demo_key(certificate);
    if !certificate.is_ca() {
        findings
            .certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)")
            .seen("OpenSSL: invalid CA certificate");
        return findings.list;
    }
    if certificate.is_self_issued() && !certificate.may_be_signed_by(&certificate.public_key) {
        findings.certificate(Code::DamagedSignature, "is damaged: its own signature does not match");
    }
    findings.authority(certificate, now);
    findings.path_length(file);
    findings.purposes(file, set);
    for above in file.above() {
        findings.above(above, now);
    }
    findings.list
}

impl Findings<'_> {
    /// What a CA's certificate says of itself.
    fn authority(&mut self, certificate: &Certificate, now: OffsetDateTime) {
        self.validity(certificate, now);
        self.signature(certificate);
        self.numbers(certificate);
        self.key_kind(certificate);
        self.ca_extensions(certificate);
        self.critical_extensions(certificate);
    }

    /// A CA between the CA and a root, or the root.
    fn above(&mut self, above: &Certificate, now: OffsetDateTime) {
        let start = self.list.len();
        if above.is_ca() {
            self.authority(above, now);
        } else {
            self.certificate(Code::NotCa, "is not a CA certificate (no basicConstraints CA:TRUE)")
                .seen("OpenSSL: invalid CA certificate");
        }
        let mut own = self.list.split_off(start);
        own.retain_mut(|finding| match finding.code {
            // Nobody looks at a root's own signature.
            Code::WeakSignature => !above.is_self_issued(),
            Code::UnsupportedKey => {
                finding.message =
                    format!("has a key that Milvus or pymilvus cannot use ({})", above.public_key);
                finding.severity = Severity::Error;
                !above.has_widely_verified_key()
            }
            _ => true,
        });
        for finding in &mut own {
            finding.message = format!("holds {} above it, which {}", above.subject.text, finding.message);
        }
        self.list.extend(own);
    }

    fn ca_extensions(&mut self, certificate: &Certificate) {
        match certificate.key_usage {
            None => {
                self.certificate(Code::CaNoKeyUsage, "has no keyUsage")
                    .seen("Python 3.13: CA cert does not include key usage extension");
            }
            Some(usage) if !usage.key_cert_sign => {
                self.certificate(Code::CaCannotSign, "has a keyUsage without keyCertSign")
                    .seen("OpenSSL: invalid CA certificate");
            }
            Some(_) => {}
        }
        if certificate.basic_constraints.is_some_and(|basic| !basic.critical) {
            self.certificate(
                Code::BasicConstraintsNotCritical,
                "has a basicConstraints that is not critical",
            )
            .seen("Python 3.13: Basic Constraints of CA cert not marked critical");
        }
        if certificate.subject_key_identifier.is_none() {
            self.certificate(Code::KeyIdentifier, "has no subjectKeyIdentifier")
                .seen("Python 3.13: Missing Subject Key Identifier");
        }
    }

    /// What a client does not process and must not pass over. rustls does not look at the certificates that it trusts.
    fn critical_extensions(&mut self, certificate: &Certificate) {
        let is_processed = |name: &&String| *name == "certificatePolicies" && certificate.is_self_issued();
        for name in certificate.critical_extensions.iter().filter(|name| !is_processed(name)) {
            let message = format!("has a critical extension that not all clients process ({name})");
            self.certificate(Code::CriticalExtension, message);
        }
        if let Some(why) =
            certificate.name_constraints.as_ref().and_then(|constraints| constraints.unreadable)
        {
            self.certificate(Code::CriticalExtension, "has nameConstraints that Milvus cannot read")
                .seen(format!("Milvus (Go): x509: {why}"));
        }
    }

    /// RFC 5280 section 4.2.1.9: how many CAs may stand between a CA and a leaf.
    fn path_length(&mut self, file: &CertificateFile) {
        for (below, above) in file.above().enumerate() {
            let allowed = above.basic_constraints.and_then(|basic| basic.path_length);
            if allowed.is_some_and(|allowed| below >= usize::try_from(allowed).unwrap_or(usize::MAX)) {
                let above = &above.subject.text;
                self.certificate(
                    Code::PathLength,
                    format!("may not sign: {above} above it allows no CA below (pathlen)"),
                )
                .seen("OpenSSL: path length constraint exceeded");
            }
        }
    }

    /// The `extendedKeyUsage` of a CA binds what it signs, and so does that of a CA above it; webpki alone does not ask
    /// it of whom it trusts.
    fn purposes(&mut self, file: &CertificateFile, set: &Set) {
        for (depth, ca) in std::iter::once(&file.certificate).chain(file.above()).enumerate() {
            // OpenSSL and rustls do not take any purpose for this one.
            let Some(usage) = ca.extended_key_usage else { continue };
            for (role, allowed) in [(Role::Server, usage.server_auth), (Role::Client, usage.client_auth)] {
                if allowed || set.first(role).is_none() {
                    continue;
                }
                let purpose = role.purpose().unwrap_or_default();
                let what = format!("has an extendedKeyUsage without {purpose}, which binds what it signs");
                let message = match depth {
                    0 => what,
                    _ => format!("holds {} above it, which {what}", ca.subject.text),
                };
                self.certificate(Code::WrongEku, message)
                    .seen("OpenSSL: unsuitable certificate purpose")
                    .seen("Go: x509: certificate specifies an incompatible key usage");
            }
        }
    }
}
