//! Decides what a run does with existing files.
//!
//! [`plan`] is a pure function of the specification, the set and the time. For every role it says keep, refresh, reissue
//! or issue, and why; or it refuses, with the file and what to do about it.

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind};
use crate::keys::{KeyFormat, KeyKind, PublicKey};
use crate::pki::{Identity, MaySignFor, Validity};
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::Set;
use crate::spec::Spec;
use crate::subject::Subject;

mod authority;
mod guard;
mod leaf;
mod limits;
mod losses;
mod signer;

use limits::Limits;
pub(crate) use losses::{holds_key, request_holds_key, unusable_key};

#[cfg(test)]
mod tests;

/// The reason for a certificate of which no file exists.
pub const MISSING: &str = "not there yet";

/// The action for a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Nothing: the certificate is valid and up to date.
    Keep,
    /// The certificate stays; a file of the role is rewritten.
    Refresh,
    /// A new certificate; the key stays unless `key` says otherwise.
    Resign,
    /// None existed: all files of the role are created.
    Issue,
}

/// The CA's part of a plan.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each decision is independent of the others")]
pub struct AuthorityPlan {
    /// The action.
    pub action: Action,
    /// The reasons, for the line of ca.pem in the report.
    pub reasons: Vec<String>,
    /// A new certificate differs from the old one in its dates alone.
    pub renews: bool,
    /// The subject of the certificate, if one is signed.
    pub subject: Subject,
    /// From when until when, if a certificate is signed.
    pub validity: Validity,
    /// The serial number that it keeps, if it does not get a new one.
    pub serial: Option<Serial>,
    /// The key identifier that it keeps.
    pub key_identifier: Option<Vec<u8>>,
    /// The limits on the certificates that it may issue.
    pub may_sign_for: MaySignFor,
    /// The kind of a new key; `None` keeps the existing one.
    pub make_key: Option<KeyKind>,
    /// The key is not kept once it has signed.
    pub discard_key: bool,
    /// The key file is rewritten in the format of `--key-format`.
    pub rewrite_key: bool,
    /// The certificate file is written again as Milvus reads it; the certificates stay.
    pub rewrite_certificate: bool,
    /// Problems of some clients with the CA, if it issues certificates without being reissued.
    pub warnings: Vec<String>,
}

/// The key of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyChoice {
    /// The existing one.
    Keep,
    /// A new one.
    Make(KeyKind),
    /// Somebody else's: only its public half is here.
    PublicHalf(PublicKey),
}

/// A server's or client's part of a plan.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each decision is independent of the others")]
pub struct LeafPlan {
    /// Server or client.
    pub role: Role,
    /// The base name of its files.
    pub base: BaseName,
    /// The action.
    pub action: Action,
    /// Why.
    pub reasons: Vec<String>,
    /// A new certificate differs from the old one in its dates alone.
    pub renews: bool,
    /// The subject and the names of a new certificate.
    pub identity: Identity,
    /// From when until when, if a certificate is signed.
    pub validity: Validity,
    /// The key of the certificate.
    pub key: KeyChoice,
    /// The key file is rewritten: in the format of `--key-format`, or as Milvus reads it.
    pub rewrite_key: bool,
    /// The certificate file is written again as Milvus reads it; the certificates stay.
    pub rewrite_certificate: bool,
    /// The CA certificate is included in the certificate file.
    pub with_issuer: bool,
    /// Notes about the certificate.
    pub notes: Vec<String>,
}

impl LeafPlan {
    /// True if a certificate is signed.
    pub fn signs(&self) -> bool {
        matches!(self.action, Action::Resign | Action::Issue)
    }

    /// The kind of a new key, if one is created.
    pub fn new_key(&self) -> Option<KeyKind> {
        match self.key {
            KeyChoice::Make(kind) if self.signs() => Some(kind),
            _ => None,
        }
    }
}

/// The actions of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The CA's part.
    pub ca: AuthorityPlan,
    /// The others', in the order of the specification.
    pub leaves: Vec<LeafPlan>,
    /// Notes for the user.
    pub notes: Vec<String>,
    /// The existing files, or none of them with `--force`.
    pub set: Set,
    /// `--key-format`
    pub key_format: Option<KeyFormat>,
}

impl Plan {
    /// The kinds of the new keys, the CA's first.
    pub fn new_keys(&self) -> Vec<KeyKind> {
        self.ca.make_key.into_iter().chain(self.leaves.iter().filter_map(LeafPlan::new_key)).collect()
    }

    /// The names of their files.
    pub fn new_key_files(&self) -> Vec<String> {
        let ca = self.ca.make_key.map(|_| self.set.ca_base.file(FileKind::Key));
        let leaves = self.leaves.iter().filter(|leaf| leaf.new_key().is_some());
        ca.into_iter().chain(leaves.map(|leaf| leaf.base.file(FileKind::Key))).collect()
    }

    /// True if no file will be written.
    pub fn keeps_everything(&self) -> bool {
        self.ca.action == Action::Keep && self.leaves.iter().all(|leaf| leaf.action == Action::Keep)
    }
}

/// Decides what to do. See the module's documentation.
pub fn plan(spec: &Spec, set: Set, now: OffsetDateTime) -> Result<Plan> {
    if !spec.force {
        return decide(spec, set, now);
    }
    let mut plan = decide(spec, set.emptied(), now)?;
    plan.ca.reasons = vec![losses::forced(&set.ca_base, &set.ca.key, &set.ca.certificate)];
    for (plan, leaf) in plan.leaves.iter_mut().zip(&set.leaves) {
        plan.reasons = vec![losses::forced(&leaf.base, &leaf.files.key, &leaf.files.certificate)];
    }
    Ok(plan)
}

fn decide(spec: &Spec, owned: Set, now: OffsetDateTime) -> Result<Plan> {
    let set = &owned;
    let mut ca = authority::plan(spec, set, now)?;
    // A new CA has issued no existing certificate.
    let issuer = set.ca.certificate.parsed().filter(|_| ca.action != Action::Issue);
    let limits = Limits::new(&ca, issuer);
    let mut leaves = Vec::with_capacity(set.leaves.len());
    for (asked, there) in spec.leaves.iter().zip(&set.leaves) {
        leaves.push(leaf::plan(asked, spec, there, issuer, &ca, &limits, now)?);
    }
    losses::check_authority(&ca, spec, set)?;
    outlive(&mut ca, &leaves, set, spec.ca_days.is_some());
    let signs = leaves.iter().any(LeafPlan::signs) || matches!(ca.action, Action::Resign | Action::Issue);
    authority::check_usable(spec, set, &ca, signs)?;
    let mut notes = notes(spec, set, &ca, now);
    if leaves.iter().any(LeafPlan::signs) {
        notes.extend(ca.warnings.iter().cloned());
    }
    notes.extend(leaves.iter().flat_map(|leaf| leaf.notes.iter().cloned()));
    Ok(Plan { ca, leaves, notes, key_format: spec.key_format, set: owned })
}

/// A new CA certificate lasts at least as long as what it has signed or will sign.
fn outlive(ca: &mut AuthorityPlan, leaves: &[LeafPlan], set: &Set, is_asked: bool) {
    // The CA may have issued other certificates: unless --ca-days is set, a renewal never shortens its validity.
    if let Some(old) = set.ca_certificate().filter(|_| !is_asked) {
        ca.validity.not_after = ca.validity.not_after.max(old.not_after);
    }
    for (plan, there) in leaves.iter().zip(&set.leaves) {
        let ends = if plan.signs() {
            Some(plan.validity.not_after)
        } else {
            there.files.parsed_certificate().map(|certificate| certificate.not_after)
        };
        ca.validity.not_after = ca.validity.not_after.max(ends.unwrap_or(ca.validity.not_after));
    }
    ca.validity = ca.validity.in_seconds();
}

fn notes(spec: &Spec, set: &Set, ca: &AuthorityPlan, now: OffsetDateTime) -> Vec<String> {
    let mut notes = Vec::new();
    let (Some(file), true) = (set.ca.certificate.parsed(), ca.action != Action::Issue) else { return notes };
    if let (Some(asked), Ok(kind)) = (spec.key, &file.certificate.public_key.kind)
        && !kind.covers(asked)
    {
        notes.push(format!("the CA keeps its {kind} key; only --force replaces it"));
    }
    if spec.constrain && file.certificate.name_constraints.is_none() {
        notes.push(
            "the existing CA may issue for any name; --constrain applies to a new CA only (--force)"
                .to_owned(),
        );
    }
    notes.extend(number_note(spec, set, &file.certificate, ca));
    if ca.action == Action::Keep && is_expiring(&file.certificate, spec, now) {
        notes.push(format!(
            "the CA expires on {} and cannot be renewed here",
            crate::check::date(file.certificate.not_after)
        ));
    }
    notes
}

/// A note about certificates that refer to a reissued CA certificate by its serial number.
fn number_note(spec: &Spec, set: &Set, old: &Certificate, ca: &AuthorityPlan) -> Option<String> {
    if ca.action != Action::Resign || !authority::is_named_by_number(spec, set, old) {
        return None;
    }
    let pem = set.ca_base.file(FileKind::Certificate);
    Some(match &ca.serial {
        Some(number) => format!(
            "{pem} keeps its serial number {number}, by which certificates refer to it (authorityKeyIdentifier); Firefox \
             rejects two CA certificates with one serial number: remove the old one there"
        ),
        None => format!(
            "{pem} gets a new serial number; certificates kept elsewhere that refer to the old one \
             (authorityKeyIdentifier) must be reissued"
        ),
    })
}

/// True within the window before the end: `--renew-within` or 30 days.
fn is_expiring(certificate: &Certificate, spec: &Spec, now: OffsetDateTime) -> bool {
    crate::check::is_expiring(certificate, spec.renew_within, now)
}

fn authority_validity(spec: &Spec, now: OffsetDateTime) -> Result<Validity> {
    let flag = if spec.ca_days.is_some() { "--ca-days" } else { "--days" };
    validity(spec.authority_days(), flag, now)
}

fn validity(days: u32, flag: &str, now: OffsetDateTime) -> Result<Validity> {
    Validity::days_from(now, days).ok_or_else(|| {
        Failure::usage(format!("{flag} {days}: ends after the year 9999, which no certificate can contain"))
            .hint("use fewer days, such as 3650")
    })
}
