//! Checks a set and says what is wrong with it: findings, which are data and not errors.
//!
//! The same code decides what a run must issue again ([`ca`], [`leaf`]), whether what it made may be written
//! ([`set`]), and what `check` says ([`check()`]). Where a finding quotes a client, the quote is what that client
//! prints.

use time::{Duration, OffsetDateTime};

use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::san::San;
use crate::serial::Serial;
use crate::set::{Leaf, Set};
use crate::subject::Subject;

mod ca;
mod certificate;
mod chain;
mod clients;
mod code;
mod configuration;
mod demo;
mod files;
mod finding;
mod fix;
mod handshake;
mod issuer;
mod leaf;
mod names;
mod numbers;
mod path;
mod question;
mod table;
mod words;

pub use ca::{ca, trusted};
pub use chain::{has_name, server_name};
pub use clients::{Case, Client, ClientVerdict, Part, Rule, rules, verdicts};
pub use code::{Concern, Run, Severity};
pub use configuration::{Configuration, merged};
pub use demo::is_demo_key;
pub use files::{Files, Server};
pub use finding::{Finding, Message, Names, Owner, Place, is_valid};
pub use fix::Fix;
pub use handshake::Handshake;
pub use leaf::{credentials, leaf, served, used};
pub use names::name_not_in_san;
pub use question::{Checked, Question, check, client_set, files};
pub use table::Code;

/// What `check` asks beyond what a run does: the surroundings, the days left, the names that somebody will use.
pub struct Asked<'a> {
    /// What clients will call the server.
    pub names: &'a [San],
    /// So many days before the end a certificate is worth a word; see [`is_expiring`].
    pub expires_within: Option<u32>,
    /// Whose private key must be there: the server's and the client's own, not those of further identities.
    pub needs_key: &'a dyn Fn(&Leaf) -> bool,
    /// The permission bits of a file.
    pub mode_of: &'a dyn Fn(Place) -> Option<u32>,
    /// A directory was named and not single files: what is not in it is missing. Of these base names are the
    /// server's and the client's files.
    pub is_directory: bool,
    /// The directory holds what an interrupted run has left.
    pub is_interrupted: bool,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inspected {
    pub findings: Vec<Finding>,
    pub handshakes: Vec<Handshake>,
}

/// Checks a whole set as a run is about to write it. What may be written [`is_valid`].
pub fn set(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    conduct(set, None, now).findings
}

/// Checks a whole set as it is, for those who use it. Leaves of which there is no file at all are left out by the
/// caller.
fn inspect(set: &Set, asked: &Asked<'_>, now: OffsetDateTime) -> Inspected {
    conduct(set, Some(asked), now)
}

/// Every file by itself and with those that it belongs to; where nothing is wrong with them, the chain for every name
/// by rustls-webpki; where that holds, handshakes in memory.
fn conduct(set: &Set, asked: Option<&Asked<'_>>, now: OffsetDateTime) -> Inspected {
    let mut findings = match asked {
        Some(asked) => ca::asked(set, asked, now),
        None => ca(set, now),
    };
    for (at, one) in set.leaves.iter().enumerate() {
        findings.extend(match asked {
            Some(asked) => leaf::asked(set, at, asked, now),
            None => leaf(Owner::Leaf(at), one, set.ca.certificate.sound(), now),
        });
    }
    let mut handshakes = Vec::new();
    if let Some(ca) = set.ca.certificate.sound() {
        findings.extend(serials(set, &ca.certificate));
        if is_worth_a_handshake(&findings) {
            let (faults, are_verified) = chain::check(set, ca, now);
            findings.extend(faults);
            if are_verified && is_worth_a_handshake(&findings) {
                let (done, failed) = handshake::check(set, ca, asked.map(|asked| asked.names), now);
                findings.extend(failed);
                handshakes = done;
            }
        }
    }
    if let Some(asked) = asked {
        findings.extend(names::check(set, asked.names));
        findings.extend(surroundings(set, asked));
    }
    Inspected { findings, handshakes }
}

/// False where rustls, which stands for the others, would only say again what is wrong, or cannot verify it.
fn is_worth_a_handshake(findings: &[Finding]) -> bool {
    let is_said = |finding: &Finding| match finding.rejections.as_slice() {
        // What runs repair though nobody rejects it is rejected by webpki: a client that is a CA, say.
        [] => finding.for_runs == Severity::Error,
        _ => finding.is_rejected_by(Client::Rust) || finding.is_rejected_by(Client::Milvus),
    };
    !findings.iter().any(|finding| is_said(finding) || finding.code == Code::UnknownSignature)
}

/// RFC 5280 section 4.1.2.2: one CA never gives a serial number twice.
fn serials(set: &Set, ca: &Certificate) -> Vec<Finding> {
    let own = ca.serial.iter().filter(|_| ca.is_self_issued());
    let mut seen: Vec<(&Subject, &Serial)> = own.map(|serial| (&ca.subject, serial)).collect();
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
        if seen.contains(&(&certificate.issuer, serial)) {
            let pem = Owner::Leaf(at).file(FileKind::Certificate);
            let message = format!("has the serial number {serial} a second time");
            list.push(Finding::new(Code::SerialRepeated, pem, message));
        }
        seen.push((&certificate.issuer, serial));
    }
    list
}

/// What is not there at all, and so was not checked; and what may not stay as it is.
fn surroundings(set: &Set, asked: &Asked<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let [server, client] =
        [Role::Server, Role::Client].map(|role| Owner::Absent(role).file(FileKind::Certificate));
    if asked.is_directory {
        let is_without = |role| set.first(role).is_none();
        if set.leaves.is_empty() {
            let message = Message::of("is missing, and so is ", client).and(": there is no set here");
            findings.push(Finding::new(Code::Missing, server, message));
        } else if is_without(Role::Server) {
            let message = "is not here: nothing of a server's certificate was checked";
            findings.push(Finding::new(Code::NotChecked, server, message));
        }
    }
    if asked.is_interrupted {
        let message = "is part of a run that was interrupted, and some files are old and some new; the next run \
                       finishes it, and the set is shown as it will be then";
        let pem = Owner::Ca.file(FileKind::Certificate);
        findings.push(Finding::new(Code::Interrupted, pem, message));
    }
    findings
}

/// Certificates expire soon that many days before their end, where nothing else was set.
const DEFAULT_WINDOW: Duration = Duration::days(30);

/// True within so many days before the end. The default is 30 days, and at most the last third of the certificate's own
/// lifetime: one for a few days is not about to expire from its first hour on, nor renewed at every run.
pub fn is_expiring(certificate: &Certificate, within: Option<u32>, now: OffsetDateTime) -> bool {
    let lifetime = certificate.not_after - certificate.not_before;
    let window = within.map_or(DEFAULT_WINDOW.min(lifetime / 3), |days| Duration::days(days.into()));
    certificate.not_after - now < window
}

/// The day, for people; always UTC.
pub(crate) fn date(at: OffsetDateTime) -> String {
    let at = at.to_offset(time::UtcOffset::UTC);
    format!("{:04}-{:02}-{:02}", at.year(), u8::from(at.month()), at.day())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::pki::{self, MaySignFor, Validity};
    use crate::subject::Subject;

    #[test]
    fn the_default_window_is_a_third_of_the_lifetime_at_most_and_one_that_is_set_is_exact() {
        let not_before = datetime!(2026-01-01 00:00:00 UTC);
        let key = crate::keys::generate(crate::keys::KeyKind::EcdsaP256, 1).unwrap().remove(0);
        let serial = Serial::from_der_integer(&[1]).unwrap();
        let of_days = |days| {
            let validity = Validity { not_before, not_after: not_before + Duration::days(days) };
            pki::self_sign(&Subject::default(), &key, &serial, validity, None, &MaySignFor::Anything).unwrap()
        };
        let is_expiring = |lifetime, left, within| {
            let certificate = of_days(lifetime);
            is_expiring(&certificate, within, certificate.not_after - Duration::days(left))
        };
        for (lifetime, left, within, expected) in [
            (365, 29, None, true),
            (365, 31, None, false),
            (365, 59, Some(60), true),
            (365, 61, Some(60), false),
            // Of 30 days the default is 10, not 15.
            (30, 9, None, true),
            (30, 11, None, false),
            (30, 14, Some(3650), true),
            (30, 11, Some(12), true),
            (30, 9, Some(5), false),
            (30, 1, Some(0), false),
        ] {
            let case = format!("{lifetime} days, {left} left, {within:?}");
            assert_eq!(is_expiring(lifetime, left, within), expected, "{case}");
        }
    }
}
