//! What `check` asks beyond what a run does: the surroundings, the days left, the names that somebody will use.

use time::OffsetDateTime;

use super::{Code, Finding, Findings, Severity, chain};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::san::San;
use crate::serial::Serial;
use crate::set::{CaFiles, Leaf, Loaded, Set};

mod faults;
mod handshakes;
mod names;

use handshakes::shake_all;
use names::asked_names;
pub use names::name_not_in_san;

/// A set, and what is asked of it.
pub struct Inspection<'a> {
    /// The files. Leaves of which there is no file at all are left out by the caller.
    pub set: &'a Set,
    /// Whose private key must be there: the server's and the client's own, not those of further identities.
    pub needs_key: &'a dyn Fn(&BaseName) -> bool,
    /// The permission bits of a file.
    pub mode_of: &'a dyn Fn(&str) -> Option<u32>,
    /// What clients will call the server.
    pub names: &'a [San],
    /// So many days before the end a certificate is worth a word.
    pub expires_within: u32,
    /// The time of the run.
    pub now: OffsetDateTime,
}

/// One handshake in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The name that the client asks for.
    pub name: String,
    /// 1 or 2, as Milvus counts.
    pub tls_mode: u8,
    /// Why it fails, if it does.
    pub problem: Option<String>,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Inspected {
    pub findings: Vec<Finding>,
    pub handshakes: Vec<Handshake>,
}

/// Looks at everything. Whatever a run would find is among the findings, each as grave as it is to those who use the
/// set as it is.
#[must_use]
pub fn inspect(inspection: &Inspection<'_>) -> Inspected {
    let Inspection { set, now, .. } = *inspection;
    let mut findings = ca(inspection);
    for leaf in &set.leaves {
        findings.extend(one_leaf(inspection, leaf));
    }
    if let Some(ca) = set.ca_certificate() {
        findings.extend(super::serials(set, ca));
    }
    tell_swapped(&mut findings, set);
    let mut handshakes = Vec::new();
    if let (true, Some(ca)) = (is_sound(&findings), set.ca_certificate()) {
        findings.extend(chain::check(set, ca, now));
        if is_sound(&findings) {
            handshakes = shake_all(inspection, ca, &mut findings);
        }
    }
    findings.extend(asked_names(inspection));
    Inspected { findings, handshakes }
}

fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity < Severity::Error)
}

fn ca(inspection: &Inspection<'_>) -> Vec<Finding> {
    let Inspection { set, now, .. } = *inspection;
    let CaFiles { key, certificate, .. } = &set.ca;
    let base = &set.ca_base;
    let (key_name, srl_name) = (base.file(FileKind::Key), base.file(FileKind::Serial));
    let mut list = super::ca(set, now);
    list.retain_mut(|finding| {
        let is_key = finding.file == key_name;
        match finding.code {
            Code::Missing if is_key && matches!(key, Loaded::Discarded) => return false,
            Code::Missing | Code::Unreadable | Code::EncryptedKey if is_key => {
                let problem = if key.is_missing() { "is not here" } else { finding.message.as_str() };
                let pem = base.file(FileKind::Certificate);
                *finding = not_checked(&key_name, &format!("{problem}: whether it is the key of {pem}"));
            }
            Code::Missing if finding.file == srl_name => return false,
            Code::DamagedSignature if set.ca_certificate().is_some_and(|ca| !can_tell(ca, ca)) => {
                return false;
            }
            _ if finding.file == srl_name => finding.severity = Severity::Warning,
            _ => {}
        }
        true
    });
    let mut findings = Findings { base, list };
    if key.sound().is_some() {
        findings.readable_key(inspection);
    }
    if let Some(file) = certificate.sound() {
        findings.expiring(&file.certificate, inspection);
        findings.holds_key(file.holds_key);
        findings.top(file);
        serial_file(&mut findings, set);
    }
    if key.sound().is_some() && looks_mounted(set) {
        findings.add(
            FileKind::Key,
            Code::CaKeyExposed,
            "is beside the server's files alone, as in a directory that is mounted into a container: who breaks into \
             Milvus can sign for anybody",
        );
    }
    findings.list
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

fn serial_file(findings: &mut Findings<'_>, set: &Set) {
    let (Some(ca), Some(last)) = (set.ca_certificate(), set.ca.serial.sound()) else { return };
    let signed = set.leaves.iter().filter_map(|leaf| leaf.files.sound_certificate());
    let newest = signed
        .filter(|certificate| certificate.is_issued_by(ca))
        .filter_map(|certificate| certificate.serial.as_ref())
        .max();
    if let Some(newest) = newest.filter(|newest| last.as_ref().is_none_or(|last| last < *newest)) {
        let holds = last.as_ref().map_or_else(|| "00".to_owned(), Serial::to_string);
        findings.add(
            FileKind::Serial,
            Code::SerialFileBehind,
            format!("holds {holds}, and {newest} has been given already: OpenSSL would give numbers twice"),
        );
    }
}

fn one_leaf(inspection: &Inspection<'_>, leaf: &Leaf) -> Vec<Finding> {
    let Inspection { set, now, .. } = *inspection;
    let names = [FileKind::Key, FileKind::Csr].map(|kind| leaf.base.file(kind));
    let mut list = super::leaf(leaf, set.ca_certificate(), &set.ca_base, now);
    list.retain_mut(|finding| {
        let [is_key, is_csr] = names.each_ref().map(|name| *name == finding.file);
        match finding.code {
            Code::Missing if is_csr => return false,
            Code::NotSignedByCa => {
                let both = leaf.files.sound_certificate().zip(set.ca_certificate());
                let is_certain =
                    both.is_none_or(|(leaf, ca)| leaf.issuer.der != ca.subject.der || can_tell(leaf, ca));
                return is_certain && !is_signed_through(leaf, set, now);
            }
            _ if is_csr => finding.severity = Severity::Warning,
            Code::Missing if is_key && !(inspection.needs_key)(&leaf.base) => {
                let pem = leaf.base.file(FileKind::Certificate);
                *finding = not_checked(&names[0], &format!("is not here: whether it is the key of {pem}"));
            }
            // Whoever runs `check` need not be who runs Milvus.
            Code::Unreadable if is_key && matches!(leaf.files.key, Loaded::Forbidden(_)) => {
                let pem = leaf.base.file(FileKind::Certificate);
                let message = format!("{}: whether it is the key of {pem}", finding.message);
                *finding = not_checked(&names[0], &message);
            }
            Code::Missing => {
                finding.seen("Go (Milvus): no such file or directory");
            }
            Code::EncryptedKey => {
                finding.seen("Go (Milvus): tls: failed to parse private key");
            }
            _ => {}
        }
        true
    });
    let mut findings = Findings { base: &leaf.base, list };
    if let Some(file) = leaf.files.key.sound() {
        findings.readable_key(inspection);
        findings.key_form(leaf.role, file.format, file.key.kind());
    }
    if let Some(file) = leaf.files.certificate.sound() {
        findings.expiring(&file.certificate, inspection);
        findings.holds_key(file.holds_key && leaf.files.key.sound().is_some());
        findings.length(leaf.role, &file.certificate);
        findings.usable_names(leaf.role, &file.certificate);
        let is_alone = file.chain.is_empty() && leaf.role == Role::Server;
        let is_ours = set.ca_certificate().is_some_and(|ca| file.certificate.is_signed_by(&ca.public_key));
        if is_alone && is_ours {
            findings
                .certificate(
                    Code::NoIssuer,
                    "is without its issuer: who trusts it alone, as the Milvus page's one-way step says, is refused by \
                     Node, rustls and Python before 3.13",
                )
                .seen("Node: unable to verify the first certificate");
        }
    }
    findings.list
}

/// True if what is sent along, or is beside the CA in its file, leads to the CA.
fn is_signed_through(leaf: &Leaf, set: &Set, now: OffsetDateTime) -> bool {
    let (Some(own), Some(ca)) = (leaf.files.certificate.sound(), set.ca.certificate.sound()) else {
        return false;
    };
    let path: Vec<&Certificate> = own.chain.iter().chain(&ca.chain).chain([&ca.certificate]).collect();
    chain::trusted(&own.certificate, leaf.role, &path, now).is_ok()
}

/// False where the key or the digest, which has a finding of its own, is one that cannot be checked here: what did
/// not verify may well be signed.
fn can_tell(certificate: &Certificate, issuer: &Certificate) -> bool {
    issuer.public_key.kind.is_ok() && !certificate.weak_signature
}

fn not_checked(file: &str, message: &str) -> Finding {
    Finding::new(Code::NotChecked, file, format!("{message} was not checked"))
}

/// Keys and certificates that have changed places: the finding says whose they are.
fn tell_swapped(findings: &mut [Finding], set: &Set) {
    for leaf in &set.leaves {
        let Some(key) = leaf.files.key.sound() else { continue };
        let spki = &key.key.public().spki;
        let owner = set.leaves.iter().find(|other| {
            other.files.sound_certificate().is_some_and(|certificate| certificate.public_key.spki == *spki)
        });
        let Some(owner) = owner.filter(|owner| owner.base != leaf.base) else { continue };
        let key_name = leaf.base.file(FileKind::Key);
        let mismatch = |f: &&mut Finding| f.code == Code::KeyMismatch && f.file == key_name;
        if let Some(finding) = findings.iter_mut().find(mismatch) {
            let [own, others] = [&leaf.base, &owner.base].map(|base| base.file(FileKind::Certificate));
            finding.message = format!("is not the key of {own}, but of {others}");
        }
    }
}
