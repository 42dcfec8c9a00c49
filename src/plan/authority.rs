//! The CA's part of a plan: cases 1, 4 and 5 of a run on what is there already.

use time::OffsetDateTime;

use super::{Action, AuthorityPlan, authority_validity, is_expiring};
use crate::certificate::Certificate;
use crate::check::{self, Code, Concern, Finding, Place, Run};
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown, take_password_off, typed};
use crate::foreign::typed_flag;
use crate::pki::MaySignFor;
use crate::profile::Role;
use crate::request::{CaPolicy, Request};
use crate::san::{San, add_missing};
use crate::set::{Loaded, Set};

pub(super) fn plan(request: &Request, set: &Set, now: OffsetDateTime) -> Result<AuthorityPlan> {
    let Some(certificate) = set.ca_certificate() else {
        return match (set.ca.certificate.problem(), request.ca) {
            (Some(problem), _) if !set.ca.certificate.is_missing() => {
                Err(unusable(request, FileKind::Certificate, problem, "put the right file back"))
            }
            (_, CaPolicy::Ensure) => missing(request, set, now),
            (_, CaPolicy::Use | CaPolicy::Renew) => Err(no_ca(request)),
        };
    };
    check_key_file(request, set)?;
    let weaknesses = weaknesses(request, set, now)?;
    match request.ca {
        CaPolicy::Ensure => ensure(request, set, certificate, &weaknesses, now),
        CaPolicy::Renew => renew(request, set, certificate, now),
        CaPolicy::Use => use_as_it_is(request, set, certificate, &weaknesses, now),
    }
}

fn no_ca(request: &Request) -> Failure {
    let failure = Failure::failed(format!("{}: is missing", path(request, FileKind::Certificate)));
    if request.external_ca.is_some() {
        return failure.hint("name a CA's certificate with --ca-cert, and its key with --ca-key");
    }
    let mut dir = match typed(&request.out_dir) {
        here if here == "." => String::new(),
        dir => format!(" -o {dir}"),
    };
    if request.ca_base != BaseName::of_role(Role::Ca) {
        dir = format!("{dir} {}", typed_flag("--ca-file", &request.ca_base.to_string()));
    }
    failure.hint(format!("make a CA with: milvus-certgen ca{dir}; or name one with --ca-cert and --ca-key"))
}

/// There is no ca.pem: a new CA, unless certificates are there that another one has signed.
fn missing(request: &Request, set: &Set, now: OffsetDateTime) -> Result<AuthorityPlan> {
    if let Some(leaf) = set.leaves.iter().find(|leaf| !leaf.files.certificate.is_missing()) {
        let signed = leaf.base.file(FileKind::Certificate);
        return Err(unusable(
            request,
            FileKind::Certificate,
            &format!("is missing, but {signed} is there, which it has signed"),
            "put the file back",
        ));
    }
    check_key_file(request, set)?;
    let key_name = request.ca_base.file(FileKind::Key);
    let kept = set.ca.key.sound();
    let subject = request.ca_subject()?;
    if subject.is_empty() {
        return Err(Failure::usage("the CA's subject would be empty, which clients refuse")
            .hint("give at least --organization"));
    }
    let reasons = match kept {
        Some(_) => vec![format!("{key_name} is there without its certificate")],
        None => vec!["not there yet".to_owned()],
    };
    Ok(AuthorityPlan {
        action: Action::Issue,
        reasons,
        subject,
        validity: authority_validity(request, now)?,
        key_identifier: None,
        may_sign_for: if request.constrain {
            MaySignFor::Names(names_of_all(request)?)
        } else {
            MaySignFor::Anything
        },
        make_key: kept.is_none().then(|| request.new_key()),
        discard_key: request.discard_ca_key,
        rewrite_key: kept.is_some_and(|file| request.key_format.is_some_and(|asked| asked != file.format)),
    })
}

/// Every name that a new set is made with, and those that only the CA is told of.
fn names_of_all(request: &Request) -> Result<Vec<San>> {
    let mut names = request.ca_names.clone();
    for leaf in &request.leaves {
        add_missing(&mut names, request.identity(leaf, None, None)?.names);
    }
    if names.is_empty() {
        return Err(Failure::usage("--constrain: there is no name that the CA could sign for")
            .hint("give the names with --cn and --san"));
    }
    Ok(names)
}

/// What is wrong with the CA's certificate that signing it again mends; what nothing mends is refused.
fn weaknesses(request: &Request, set: &Set, now: OffsetDateTime) -> Result<Vec<Finding>> {
    let names = names(set);
    let mut mendable = Vec::new();
    for finding in check::ca(set, now) {
        let row = finding.code.row();
        // check_key_file's and check_usable's.
        if row.concerns == Concern::File {
            continue;
        }
        match row.ca.run {
            Run::Ignores => {}
            Run::Reissues | Run::Rewrites => mendable.push(finding),
            Run::Refuses(remedy) => {
                let file = if finding.at.is(FileKind::Key) { FileKind::Key } else { FileKind::Certificate };
                return Err(unusable(request, file, &finding.message.text(&names), remedy));
            }
        }
    }
    Ok(mendable)
}

/// The default run: the CA is used whatever its subject, and signed again where it is weak.
fn ensure(
    request: &Request,
    set: &Set,
    certificate: &Certificate,
    weaknesses: &[Finding],
    now: OffsetDateTime,
) -> Result<AuthorityPlan> {
    let mut reasons: Vec<String> = weaknesses.iter().map(|finding| finding.reason(&names(set))).collect();
    let is_weak = !reasons.is_empty();
    if certificate.not_after >= now && is_expiring(certificate, request, now) {
        reasons.push(format!("expires on {}", check::date(certificate.not_after)));
    }
    let mut plan = kept(request, certificate, now)?;
    if !reasons.is_empty() {
        match why_not_renewable(set, certificate) {
            None => {
                plan.action = Action::Resign;
                plan.reasons = reasons;
            }
            // One that only runs out still serves; the notes say so.
            Some(_) if !is_weak => {}
            Some((why, remedy)) => {
                let why = format!("{}, and {why}", reasons.join(", and "));
                return Err(unusable(request, FileKind::Certificate, &why, remedy));
            }
        }
    }
    plan.rewrite_key = set.ca.key.sound().is_some_and(|file| {
        // One with a password is not written without it.
        !file.was_encrypted && request.key_format.is_some_and(|asked| asked != file.format)
    });
    if plan.rewrite_key {
        plan.reasons.push("--key-format asks for another form of the key".to_owned());
    }
    plan.discard_key = request.discard_ca_key && set.ca.key.sound().is_some();
    if plan.discard_key {
        plan.reasons.push("--discard-ca-key asks for it without its key".to_owned());
    }
    let serial_is_missing = set.ca.serial.is_missing() && !request.leaves.is_empty();
    if serial_is_missing {
        plan.reasons.push(format!("{} is missing", request.ca_base.file(FileKind::Serial)));
    }
    if plan.action == Action::Keep && (plan.rewrite_key || plan.discard_key || serial_is_missing) {
        plan.action = Action::Refresh;
    }
    Ok(plan)
}

/// `renew --ca`: signed again whatever its state.
fn renew(
    request: &Request,
    set: &Set,
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<AuthorityPlan> {
    if let Some((why, remedy)) = why_not_renewable(set, certificate) {
        let why = format!("cannot be signed again: {why}");
        return Err(unusable(request, FileKind::Certificate, &why, remedy));
    }
    let mut plan = kept(request, certificate, now)?;
    plan.action = Action::Resign;
    plan.reasons = vec!["--ca asks for it".to_owned()];
    Ok(plan)
}

/// A CA that signs as it is: refused only where no client would take what it signs.
fn use_as_it_is(
    request: &Request,
    set: &Set,
    certificate: &Certificate,
    weaknesses: &[Finding],
    now: OffsetDateTime,
) -> Result<AuthorityPlan> {
    for finding in weaknesses {
        if matches!(finding.code, Code::Expired | Code::CaCannotSign | Code::PathLength) {
            let remedy = match finding.code {
                Code::PathLength => "have the CA above sign it with a longer pathlen, or use another",
                _ if request.external_ca.is_some() => {
                    "have it signed again where it was made, or use another"
                }
                _ => "sign it again with: milvus-certgen renew --ca",
            };
            let problem = finding.message.text(&names(set));
            return Err(unusable(request, FileKind::Certificate, &problem, remedy));
        }
    }
    kept(request, certificate, now)
}

fn kept(request: &Request, certificate: &Certificate, now: OffsetDateTime) -> Result<AuthorityPlan> {
    Ok(AuthorityPlan {
        action: Action::Keep,
        reasons: Vec::new(),
        subject: certificate.subject.clone(),
        validity: authority_validity(request, now)?,
        key_identifier: certificate.subject_key_identifier.clone(),
        may_sign_for: match &certificate.name_constraints {
            Some(constraints) => MaySignFor::AsBefore(constraints.der.clone()),
            None => MaySignFor::Anything,
        },
        make_key: None,
        discard_key: false,
        rewrite_key: false,
    })
}

/// Why the CA's certificate cannot be signed again with its own key, and what to do instead.
fn why_not_renewable(set: &Set, certificate: &Certificate) -> Option<(String, &'static str)> {
    if !certificate.is_self_issued() {
        return Some(("another CA has signed it".to_owned(), "have that CA sign it again"));
    }
    if set.ca.key.sound().is_none() {
        let problem = set.ca.key.problem().unwrap_or_default();
        return Some((format!("its key {problem}"), "put its key there, so that it can be signed again"));
    }
    None
}

/// A key that is there must be one; a missing one may be kept elsewhere.
fn check_key_file(request: &Request, set: &Set) -> Result<()> {
    match &set.ca.key {
        Loaded::Sound(_) | Loaded::Missing | Loaded::Discarded => Ok(()),
        Loaded::Locked(problem) => {
            let remedy = format!(
                "give it with --ca-key-password-file or MILVUS_CERTGEN_CA_KEY_PASSWORD, or take it off with: {}",
                take_password_off(&request.ca_path(FileKind::Key))
            );
            Err(unusable(request, FileKind::Key, problem, &remedy))
        }
        Loaded::Forbidden(problem) | Loaded::Unreadable(problem) => {
            Err(unusable(request, FileKind::Key, problem, "run as the user who owns it"))
        }
        Loaded::Damaged(damage) => {
            Err(unusable(request, FileKind::Key, &damage.text, "put the right key there"))
        }
    }
}

/// Case 5, once it is known whether the CA must sign.
pub(super) fn check_usable(request: &Request, set: &Set, ca: &AuthorityPlan, signs: bool) -> Result<()> {
    if signs && ca.make_key.is_none() && set.ca.key.is_missing() {
        let problem = set.ca.key.problem().unwrap_or_default();
        let remedy =
            if matches!(set.ca.key, Loaded::Discarded) { "use another CA" } else { "put the file back" };
        return Err(unusable(
            request,
            FileKind::Key,
            &format!("{problem}, and something must be signed"),
            remedy,
        ));
    }
    // RFC 5280 section 4.1.2.4: an issuer has a name.
    let subject_fault = if ca.subject.is_empty() { Some("is empty") } else { None };
    let subject_fault = subject_fault.or_else(|| (!ca.subject.is_valid()).then_some("is no name in DER"));
    if let (Some(why), true) = (subject_fault, signs) {
        let why = format!("its subject {why}, and clients refuse what such a CA signs");
        return Err(unusable(request, FileKind::Certificate, &why, "use another CA"));
    }
    if let (Some(problem), false) = (set.ca.serial.problem(), set.ca.serial.is_missing()) {
        return Err(Failure::failed(format!("{}: {problem}", path(request, FileKind::Serial))).hint(
            format!(
                "put the last serial number there in hexadecimal, or begin anew with: rm {}",
                typed(&request.ca_path(FileKind::Serial))
            ),
        ));
    }
    Ok(())
}

fn unusable(request: &Request, kind: FileKind, problem: &str, remedy: &str) -> Failure {
    let failure = Failure::failed(format!("{}: {problem}", path(request, kind)));
    match request.ca {
        CaPolicy::Ensure => failure.hint(format!(
            "{remedy}, or start over with --force: a new CA, which every client must be given"
        )),
        CaPolicy::Use | CaPolicy::Renew => failure.hint(remedy),
    }
}

fn names(set: &Set) -> impl Fn(Place) -> String {
    |place| place.name_in(set)
}

fn path(request: &Request, kind: FileKind) -> String {
    shown(&request.ca_path(kind)).to_string()
}
