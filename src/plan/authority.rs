//! The CA's part of a plan: a new CA, an existing one, or one that cannot be used.

use time::OffsetDateTime;

use super::{Action, AuthorityPlan, MISSING, authority_validity, is_expiring, limits, losses, signer};
use crate::certificate::Certificate;
use crate::check::{self, Code, Finding, Place, Run};
use crate::error::{Damage, Failure, Result};
use crate::files::{BaseName, FileKind, converted, quoted, shown};
use crate::foreign::quoted_flag;
use crate::pki::{Before, MaySignFor};
use crate::profile::{CLIENT_AUTH, Role, SERVER_AUTH};
use crate::set::{Loaded, Set};
use crate::spec::{CaPolicy, Spec};

pub(super) fn plan(spec: &Spec, set: &Set, now: OffsetDateTime) -> Result<AuthorityPlan> {
    let Some(certificate) = set.ca_certificate() else {
        if let Loaded::Damaged(Damage { conversion: Some(line), text, .. }) = &set.ca.certificate {
            let file = spec.ca_path(FileKind::Certificate);
            return Err(Failure::failed(format!("{}: {text}", shown(&file)))
                .hint(format!("convert it with: {}", converted(line, &file))));
        }
        return match (set.ca.certificate.problem(), spec.ca) {
            (Some(problem), _) if !set.ca.certificate.is_missing() => {
                Err(unusable(spec, FileKind::Certificate, problem, "put the right file back"))
            }
            (_, CaPolicy::Ensure) => missing(spec, set, now),
            (_, CaPolicy::Use | CaPolicy::Renew) => Err(no_ca(spec)),
        };
    };
    losses::check_ca_key(spec, set)?;
    let weaknesses = signer::weaknesses(spec, set, now)?;
    match spec.ca {
        CaPolicy::Ensure => ensure(spec, set, certificate, &weaknesses, now),
        CaPolicy::Renew => renew(spec, set, certificate, now),
        CaPolicy::Use => {
            let warnings = signer::refuse_unfit(spec, set, &weaknesses)?;
            Ok(AuthorityPlan { warnings, ..kept(spec, set, certificate, now)? })
        }
    }
}

fn no_ca(spec: &Spec) -> Failure {
    let failure = Failure::failed(format!("{}: is missing", path(spec, FileKind::Certificate)));
    if spec.external_ca.is_some() {
        return failure.hint("set the CA certificate with --ca-cert, and its key with --ca-key");
    }
    let mut dir = match quoted(&spec.out_dir) {
        here if here == "." => String::new(),
        dir => format!(" -o {dir}"),
    };
    if spec.ca_base != BaseName::of_role(Role::Ca) {
        dir = format!("{dir} {}", quoted_flag("--ca-file", &spec.ca_base.to_string()));
    }
    failure.hint(format!(
        "create a CA with: milvus-certgen ca{dir}; or use an existing one with --ca-cert and --ca-key"
    ))
}

/// Without ca.pem: a new CA, unless certificates of another one exist.
fn missing(spec: &Spec, set: &Set, now: OffsetDateTime) -> Result<AuthorityPlan> {
    if let Some(leaf) = set.leaves.iter().find(|leaf| !leaf.files.certificate.is_missing()) {
        let signed = leaf.base.file(FileKind::Certificate);
        return Err(unusable(
            spec,
            FileKind::Certificate,
            &format!("is missing, but {signed}, which it issued, exists"),
            "put the file back",
        ));
    }
    losses::check_ca_key(spec, set)?;
    let key_name = spec.ca_base.file(FileKind::Key);
    let kept = set.ca.key.parsed();
    let subject = spec.ca_subject()?;
    if subject.is_empty() {
        return Err(Failure::usage("the CA's subject would be empty, which clients reject")
            .hint("set at least --organization"));
    }
    let reasons = match kept {
        Some(_) => vec![format!("{key_name} exists without its certificate")],
        None => vec![MISSING.to_owned()],
    };
    Ok(AuthorityPlan {
        action: Action::Issue,
        reasons,
        renews: false,
        subject,
        validity: authority_validity(spec, now)?,
        serial: None,
        key_identifier: None,
        may_sign_for: if spec.constrain {
            MaySignFor::Hosts(limits::hosts(spec)?)
        } else {
            MaySignFor::Anything
        },
        make_key: kept.is_none().then(|| spec.new_key()),
        discard_key: spec.discard_ca_key,
        rewrite_key: kept.is_some_and(|file| spec.key_format.is_some_and(|asked| asked != file.format)),
        rewrite_certificate: false,
        warnings: Vec::new(),
    })
}

/// The default run: the CA is used whatever its subject, and reissued if it is weak.
fn ensure(
    spec: &Spec,
    set: &Set,
    certificate: &Certificate,
    weaknesses: &[Finding],
    now: OffsetDateTime,
) -> Result<AuthorityPlan> {
    let mendable = || weaknesses.iter().filter(|finding| finding.run() != Run::Ignores);
    let mut reasons: Vec<String> = mendable().map(|finding| finding.reason(&names(set))).collect();
    if certificate.not_after >= now && is_expiring(certificate, spec, now) {
        reasons.push(format!("expires on {}", check::date(certificate.not_after)));
    }
    let mut plan = kept(spec, set, certificate, now)?;
    if !reasons.is_empty() {
        match why_not_renewable(set, certificate) {
            None => {
                plan.action = Action::Resign;
                plan.renews = mendable().all(|finding| finding.code == Code::Expired);
                plan.reasons = reasons;
            }
            // One that only expires soon is still valid; a note says so.
            Some(why) => plan.warnings = signer::refuse_unrenewable(spec, set, weaknesses, why)?,
        }
    }
    plan.rewrite_key = set.ca.key.parsed().is_some_and(|file| {
        // One with a password is not written without it.
        !file.was_encrypted && spec.key_format.is_some_and(|asked| asked != file.format)
    });
    if plan.rewrite_key {
        plan.reasons.push("--key-format changes the key's format".to_owned());
    }
    plan.discard_key = spec.discard_ca_key && set.ca.key.parsed().is_some();
    if plan.discard_key {
        plan.reasons.push("--discard-ca-key removes the CA key".to_owned());
    }
    let serial_is_missing = set.ca.serial.is_missing() && !spec.leaves.is_empty();
    if serial_is_missing {
        plan.reasons.push(format!("{} is missing, and is created", spec.ca_base.file(FileKind::Serial)));
    }
    let oddity = set.ca.certificate.parsed().and_then(|file| file.oddity);
    if let (Some(oddity), None) = (oddity, &spec.external_ca) {
        plan.reasons.push(oddity.text().to_owned());
        plan.rewrite_certificate = true;
    }
    let is_refreshed = plan.rewrite_key || plan.discard_key || plan.rewrite_certificate || serial_is_missing;
    if plan.action == Action::Keep && is_refreshed {
        plan.action = Action::Refresh;
    }
    Ok(plan)
}

/// `renew --ca`: renewed whatever its state.
fn renew(spec: &Spec, set: &Set, certificate: &Certificate, now: OffsetDateTime) -> Result<AuthorityPlan> {
    if let Some((why, fix)) = why_not_renewable(set, certificate) {
        let why = format!("cannot be renewed: {why}");
        return Err(unusable(spec, FileKind::Certificate, &why, fix));
    }
    let mut plan = kept(spec, set, certificate, now)?;
    plan.action = Action::Resign;
    plan.renews = true;
    plan.reasons = vec!["renewal requested (--ca)".to_owned()];
    Ok(plan)
}

fn kept(spec: &Spec, set: &Set, certificate: &Certificate, now: OffsetDateTime) -> Result<AuthorityPlan> {
    let mut purposes = certificate.purposes.clone();
    if certificate.extended_key_usage.is_some() {
        let lacking = [SERVER_AUTH, CLIENT_AUTH].map(<[u64]>::to_vec);
        purposes.extend(lacking.into_iter().filter(|purpose| !certificate.purposes.contains(purpose)));
    }
    Ok(AuthorityPlan {
        action: Action::Keep,
        reasons: Vec::new(),
        renews: false,
        subject: certificate.subject.clone(),
        validity: authority_validity(spec, now)?,
        serial: certificate.serial.clone().filter(|_| is_named_by_number(spec, set, certificate)),
        key_identifier: key_identifier(set, certificate),
        may_sign_for: MaySignFor::AsBefore(Before {
            constraints: certificate.name_constraints.as_ref().map(|constraints| constraints.der.clone()),
            purposes,
            path_length: certificate.basic_constraints.and_then(|basic| basic.path_length),
        }),
        make_key: None,
        discard_key: false,
        rewrite_key: false,
        rewrite_certificate: false,
        warnings: Vec::new(),
    })
}

/// True if a certificate names the CA's by its serial number (`authorityKeyIdentifier`, as easy-rsa writes it), so that
/// OpenSSL, Node, Python and gRPC's C core would not find its issuer under another number.
///
/// RFC 5280 section 4.1.2.2 asks for a number that the CA has given to no other certificate, and NSS (Firefox) rejects
/// two certificates with one: so the number stays only where a certificate goes by it.
pub(super) fn is_named_by_number(spec: &Spec, set: &Set, ca: &Certificate) -> bool {
    let leaves = set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate());
    spec.ca_is_named_by_number || leaves.chain([ca]).any(|certificate| certificate.names_by_number(ca))
}

/// The CA's own, or where it has none, the one by which a certificate that it has signed names it.
fn key_identifier(set: &Set, ca: &Certificate) -> Option<Vec<u8>> {
    let leaves = set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate());
    let mut named =
        leaves.filter(|leaf| leaf.is_issued_by(ca)).filter_map(|leaf| leaf.authority_key_identifier.clone());
    ca.subject_key_identifier.clone().or_else(|| named.next())
}

/// Why the CA certificate cannot be renewed with its own key, and the fix.
fn why_not_renewable(set: &Set, certificate: &Certificate) -> Option<(String, &'static str)> {
    if !certificate.is_self_issued() {
        return Some(("another CA issued it".to_owned(), "have that CA reissue it"));
    }
    if set.ca.key.parsed().is_none() {
        let problem = set.ca.key.problem().unwrap_or_default();
        return Some((format!("its key {problem}"), put_back(set, "put its key back")));
    }
    None
}

/// Case 5, once it is known whether the CA must sign.
pub(super) fn check_usable(spec: &Spec, set: &Set, ca: &AuthorityPlan, signs: bool) -> Result<()> {
    if signs && ca.make_key.is_none() && set.ca.key.is_missing() {
        let problem = set.ca.key.problem().unwrap_or_default();
        let remedy = put_back(set, "put the file back");
        return Err(unusable(
            spec,
            FileKind::Key,
            &format!("{problem}, but is needed to issue certificates"),
            remedy,
        ));
    }
    // RFC 5280 section 4.1.2.4: an issuer has a name.
    let subject_fault = if ca.subject.is_empty() { Some("is empty") } else { None };
    let subject_fault =
        subject_fault.or_else(|| (!ca.subject.is_valid()).then_some("is not a valid DER name"));
    if let (Some(why), true) = (subject_fault, signs) {
        let why = format!("its subject {why}; clients reject certificates of such a CA");
        return Err(unusable(spec, FileKind::Certificate, &why, "use another CA"));
    }
    if let (Some(problem), false) = (set.ca.serial.problem(), set.ca.serial.is_missing()) {
        return Err(Failure::failed(format!("{}: {problem}", path(spec, FileKind::Serial))).hint(format!(
            "write the last serial number into it in hexadecimal, or start from a new number with: rm {}",
            quoted(&spec.ca_path(FileKind::Serial))
        )));
    }
    Ok(())
}

/// Nobody can put back a key that was discarded.
fn put_back(set: &Set, remedy: &'static str) -> &'static str {
    if matches!(set.ca.key, Loaded::Discarded) { "" } else { remedy }
}

/// An empty `remedy` stands for none but a new CA.
pub(super) fn unusable(spec: &Spec, kind: FileKind, problem: &str, remedy: &str) -> Failure {
    let failure = Failure::failed(format!("{}: {problem}", path(spec, kind)));
    let or = if remedy.is_empty() { "" } else { ", or " };
    match spec.ca {
        CaPolicy::Ensure => failure.hint(format!(
            "{remedy}{or}start over with --force: a new CA, whose ca.pem every client then needs"
        )),
        CaPolicy::Use | CaPolicy::Renew if remedy.is_empty() => {
            failure.hint("start over with a new CA: milvus-certgen --force")
        }
        CaPolicy::Use | CaPolicy::Renew => failure.hint(remedy),
    }
}

pub(super) fn names(set: &Set) -> impl Fn(Place) -> String {
    |place| place.name_in(set)
}

fn path(spec: &Spec, kind: FileKind) -> String {
    shown(&spec.ca_path(kind)).to_string()
}
