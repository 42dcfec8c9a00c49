//! Checks a set: findings, which are data and not errors.
//!
//! The same code decides which certificates a run must reissue ([`ca`], [`leaf`]), whether new ones may be written
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
mod findings;
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

/// The checks of the `check` command beyond those of a run: file modes, expiry, and the names that clients use.
struct Extra<'a> {
    /// The host names and addresses that clients connect to.
    names: &'a [San],
    /// A certificate that expires within that many days is reported; see [`is_expiring`].
    expires_within: Option<u32>,
    /// True for a leaf whose private key must exist: the server and the client, not additional certificates.
    needs_key: &'a dyn Fn(&Leaf) -> bool,
    /// The permission bits of a file.
    mode_of: &'a dyn Fn(Place) -> Option<u32>,
    /// A directory is checked, and not single files: a file that is not in it is missing.
    is_directory: bool,
    /// The directory holds the files of an interrupted run.
    is_interrupted: bool,
}

/// Checks a whole set before a run writes it. It may be written if it [`is_valid`].
pub fn set(set: &Set, now: OffsetDateTime) -> Vec<Finding> {
    check_all(set, None, now).0
}

/// Checks every file by itself and with the files that it belongs to; if they have no problems, the chain for every
/// name with rustls-webpki; if that is valid, handshakes in memory. The caller leaves out leaves without any file.
fn check_all(set: &Set, extra: Option<&Extra<'_>>, now: OffsetDateTime) -> (Vec<Finding>, Vec<Handshake>) {
    let mut findings = match extra {
        Some(extra) => ca::existing(set, extra, now),
        None => ca(set, now),
    };
    for (at, one) in set.leaves.iter().enumerate() {
        findings.extend(match extra {
            Some(extra) => leaf::existing(set, at, extra, now),
            None => leaf(Owner::Leaf(at), one, set.ca.certificate.parsed(), now),
        });
    }
    let mut handshakes = Vec::new();
    if let Some(ca) = set.ca.certificate.parsed() {
        findings.extend(serials(set, &ca.certificate));
        if is_worth_a_handshake(&findings) {
            let (faults, are_verified) = chain::check(set, ca, now);
            findings.extend(faults);
            if are_verified && is_worth_a_handshake(&findings) {
                let (done, failed) = handshake::check(set, ca, extra.map(|extra| extra.names), now);
                findings.extend(failed);
                handshakes = done;
            }
        }
    }
    if let Some(extra) = extra {
        findings.extend(names::check(set, extra.names));
        findings.extend(surroundings(set, extra));
    }
    (findings, handshakes)
}

/// False where rustls, which stands for the others, would only say again what is wrong, or cannot verify it.
fn is_worth_a_handshake(findings: &[Finding]) -> bool {
    let is_said = |finding: &Finding| match finding.rejections.as_slice() {
        // webpki rejects some problems that a run fixes and no client rejects: a client that is a CA, for example.
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
        let Some(certificate) = leaf.files.parsed_certificate() else { continue };
        let Some(serial) = &certificate.serial else { continue };
        // The same certificate under another name is a copy.
        let is_same =
            |other: &Leaf| other.files.parsed_certificate().is_some_and(|c| c.der == certificate.der);
        if set.leaves[..at].iter().any(is_same) {
            continue;
        }
        if seen.contains(&(&certificate.issuer, serial)) {
            let pem = Owner::Leaf(at).file(FileKind::Certificate);
            let message = format!("has the serial number of another certificate: {serial}");
            list.push(Finding::new(Code::SerialRepeated, pem, message));
        }
        seen.push((&certificate.issuer, serial));
    }
    list
}

/// Files that do not exist and so were not checked, and an interrupted run.
fn surroundings(set: &Set, extra: &Extra<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let [server, client] =
        [Role::Server, Role::Client].map(|role| Owner::Absent(role).file(FileKind::Certificate));
    if extra.is_directory {
        let is_without = |role| set.first(role).is_none();
        if set.leaves.is_empty() {
            let message =
                Message::of("is missing, and so is ", client).and(": this directory has no certificates");
            findings.push(Finding::new(Code::Missing, server, message));
        } else if is_without(Role::Server) {
            let message = "is missing: no server certificate was checked";
            findings.push(Finding::new(Code::NotChecked, server, message));
        }
    }
    if extra.is_interrupted {
        let message = "is part of an interrupted run, and some files are old and some are new; the next run \
                       finishes it, and the certificates are shown as they will be then";
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
