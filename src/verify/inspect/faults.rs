//! What a run does not mind, and somebody does.

use time::Duration;

use super::Inspection;
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::keys::{KeyFormat, KeyKind};
use crate::profile::Role;
use crate::san::San;
use crate::set::CertificateFile;
use crate::verify::{Code, Findings, Severity, chain, date};

/// Apple's platforms refuse server certificates that are valid for more days, whoever has signed them
/// (<https://support.apple.com/en-us/103769>).
const LONGEST_FOR_APPLE: i64 = 825;

impl Findings<'_> {
    pub(super) fn expiring(&mut self, certificate: &Certificate, inspection: &Inspection<'_>) {
        let (end, now) = (certificate.not_after, inspection.now);
        let window = Duration::days(inspection.expires_within.into());
        // Certificates for a few days, renewed as often, are not about to expire from their first hour on.
        let window = window.min((end - certificate.not_before) / 3);
        if end >= now && end - now < window {
            let days = (end - now).whole_days();
            let left = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            self.certificate(Code::Expiring, format!("expires on {}, in {left}", date(end)));
        }
    }

    /// A name that no client can ask for is as good as none.
    pub(super) fn usable_names(&mut self, role: Role, certificate: &Certificate) {
        let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
        let is_unusable = |name: &San| chain::server_name(name).is_none();
        if role == Role::Server && !names.is_empty() && names.iter().all(is_unusable) {
            let list = names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            self.certificate(Code::NoSan, format!("has no name that a client can ask for, only {list}"));
        }
    }

    /// The CAs between the CA and a root should be in its file.
    pub(super) fn top(&mut self, file: &CertificateFile) {
        let top = file.above().last().unwrap_or(&file.certificate);
        if !top.is_self_issued() {
            self.certificate(
                Code::NoIssuer,
                format!(
                    "ends with {}, which is no root: OpenSSL and Node ask for the CA above it",
                    top.subject.text
                ),
            )
            .seen("OpenSSL: unable to get issuer certificate")
            .severity = Severity::Warning;
        }
    }

    pub(super) fn length(&mut self, role: Role, certificate: &Certificate) {
        let days = (certificate.not_after - certificate.not_before).whole_days();
        if role == Role::Server && days > LONGEST_FOR_APPLE {
            self.certificate(
                Code::LongValidity,
                format!("is valid for {days} days; Apple's platforms refuse more than {LONGEST_FOR_APPLE}"),
            );
        }
    }

    pub(super) fn readable_key(&mut self, inspection: &Inspection<'_>) {
        let mode = (inspection.mode_of)(&self.base.file(FileKind::Key));
        if let Some(mode) = mode.filter(|mode| mode & 0o007 != 0) {
            self.add(
                FileKind::Key,
                Code::KeyReadable,
                format!("has mode {mode:04o}: every user of this machine may read it"),
            );
        }
    }

    pub(super) fn holds_key(&mut self, holds_key: bool) {
        if holds_key {
            self.certificate(
                Code::CertificateHoldsKey,
                "holds a private key too, which goes wherever the certificate goes",
            );
        }
    }

    pub(super) fn key_form(&mut self, role: Role, format: KeyFormat, kind: KeyKind) {
        // The server's key is read by Milvus alone, and Go takes all forms.
        if format == KeyFormat::Traditional && role == Role::Client {
            self.add(FileKind::Key, Code::KeyNotPkcs8, "is not in PKCS#8, which Java's gRPC insists on")
                .seen("Java: File does not contain valid private key");
        }
        if kind == KeyKind::Ed25519 {
            self.add(
                FileKind::Key,
                Code::Ed25519Key,
                "is Ed25519, which clients built on gRPC's C core (Python, C++) do not take",
            );
        }
    }
}
