//! Checks of every certificate and its key, for CAs as well as servers and clients.

use time::OffsetDateTime;

use super::clients::Case;
use super::findings::Findings;
use super::{Code, Message, Owner, Severity, date, demo, is_expiring};
use crate::certificate::Certificate;
use crate::error::DamageKind;
use crate::files::FileKind;
use crate::keys::{OtherKey, PublicKey};
use crate::profile::Role;
use crate::set::{KeyFile, Loaded, Oddity};

impl Findings {
    /// A file by itself.
    pub(super) fn file<T>(&mut self, kind: FileKind, file: &Loaded<T>) {
        let code = match file {
            Loaded::Parsed(_) => return,
            Loaded::Missing | Loaded::Discarded => Code::Missing,
            Loaded::Locked(_) => Code::EncryptedKey,
            Loaded::Forbidden(_) | Loaded::Unreadable(_) => Code::Unreadable,
            Loaded::Damaged(damage) => match damage.kind {
                DamageKind::Empty | DamageKind::NotPem => Code::NotPem,
                DamageKind::OtherContent => Code::OtherContent,
                DamageKind::Weak => Code::WeakKey,
                DamageKind::Unsupported => Code::UnsupportedKey,
                DamageKind::Broken => Code::Damaged,
            },
        };
        let finding = self.add(kind, code, file.problem().unwrap_or_default());
        // No client reads these.
        if matches!(kind, FileKind::Csr | FileKind::Serial) {
            finding.weigh(Severity::Warning);
        }
    }

    /// A key that cannot be read, and is optional here.
    pub(super) fn key_not_checked(&mut self, problem: &str) {
        let pem = self.owner.file(FileKind::Certificate);
        self.not_checked(FileKind::Key, Message::of(format!("{problem}: whether it is the key of "), pem));
    }

    /// `swapped` is the owner of the key, if it is another one.
    pub(super) fn pair(&mut self, certificate: &Certificate, key: Option<&KeyFile>, swapped: Option<Owner>) {
        if let Some(key) =
            key.map(|file| file.key.public()).filter(|key| key.spki != certificate.public_key.spki)
        {
            let mut message = Message::of("is not the key of ", self.owner.file(FileKind::Certificate));
            if let Some(other) = swapped {
                message = message.and(", but of ").name(other.file(FileKind::Certificate));
            }
            let is_rsa = |key: &PublicKey| matches!(key.kind, Ok(kind) if kind.is_rsa());
            let is_of_type = is_rsa(key) == is_rsa(&certificate.public_key);
            let case = if is_of_type { Case::Any } else { Case::OtherKeyType };
            self.add_case(FileKind::Key, Code::KeyMismatch, case, message);
        }
    }

    pub(super) fn validity(&mut self, certificate: &Certificate, now: OffsetDateTime) {
        if now < certificate.not_before {
            let message = format!("is not valid before {}", date(certificate.not_before));
            self.certificate(Code::NotYetValid, message);
        }
        if now > certificate.not_after {
            let message = format!("expired on {}", date(certificate.not_after));
            self.certificate(Code::Expired, message);
        }
    }

    pub(super) fn expiring(&mut self, certificate: &Certificate, within: Option<u32>, now: OffsetDateTime) {
        let end = certificate.not_after;
        if end >= now && is_expiring(certificate, within, now) {
            let days = (end - now).whole_days();
            let left = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
            self.certificate(Code::Expiring, format!("expires on {}, in {left}", date(end)));
        }
    }

    pub(super) fn signature(&mut self, certificate: &Certificate) {
        if certificate.weak_signature {
            self.certificate(Code::WeakSignature, "is signed with SHA-1 or MD5, which clients reject");
        }
    }

    pub(super) fn key_kind(&mut self, certificate: &Certificate) {
        let Err(kind) = &certificate.public_key.kind else { return };
        if kind.is_short() {
            self.certificate(Code::WeakKey, format!("has a key that clients reject: {kind} is too short"));
        } else {
            let is_ca = self.owner == Owner::Ca;
            // More clients verify such a CA's signatures than use such a key themselves.
            let (message, is_rejected) = if is_ca {
                let is_verified = certificate.has_widely_verified_key();
                let who = if is_verified { "Rust clients" } else { "Milvus or pymilvus" };
                (format!("has a key whose signatures {who} cannot verify ({kind})"), !is_verified)
            } else {
                let message = format!("has a key that not all clients accept ({kind}): {}", kind.readers());
                // Milvus takes it of a client.
                let is_client_s = kind.to_string() == "P-521" && certificate.role() == Some(Role::Client);
                (message, !is_client_s && !matches!(kind, OtherKey::Rsa(..=8192)))
            };
            let case = match kind.to_string().as_str() {
                "P-521" => Case::P521,
                "Ed448" => Case::Ed448,
                _ => Case::Any,
            };
            let finding = self.certificate_case(Code::UnsupportedKey, case, message);
            if is_rejected {
                finding.weigh(Severity::Error);
            }
        }
    }

    pub(super) fn demo_key(&mut self, certificate: &Certificate) {
        if demo::is_demo_key(&certificate.public_key) {
            self.certificate(
                Code::DemoKey,
                "is for the demo key that Milvus publishes: its private half is in every Milvus image",
            );
        }
    }

    /// A file that only looks right.
    pub(super) fn oddity(&mut self, oddity: Option<Oddity>) {
        match oddity {
            Some(Oddity::Form(text)) => self.form(FileKind::Certificate, text),
            Some(order @ Oddity::Order(_)) => {
                self.certificate(Code::ChainOrder, order.text());
            }
            None => {}
        }
    }

    /// PEM that Milvus or a client does not read.
    pub(super) fn form(&mut self, kind: FileKind, text: &'static str) {
        let case = if text == crate::pem::INDENTED { Case::Indented } else { Case::Any };
        self.add_case(kind, Code::PemForm, case, text);
    }

    pub(super) fn holds_key(&mut self, holds_key: bool) {
        if holds_key {
            self.certificate(
                Code::CertificateHoldsKey,
                "holds a private key too, which is copied wherever the certificate is copied",
            );
        }
    }

    pub(super) fn mode(&mut self, mode: Option<u32>) {
        if let Some(mode) = mode.filter(|mode| mode & 0o007 != 0) {
            let message = format!("has mode {mode:04o}: every user of this machine may read it");
            self.add(FileKind::Key, Code::KeyReadable, message);
        }
    }
}
