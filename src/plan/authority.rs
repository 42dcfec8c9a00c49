//! The CA's part of a plan: cases 1, 4 and 5 of a run on what is there already.

use time::OffsetDateTime;

use super::{Action, AuthorityPlan, authority_validity, is_expiring};
use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{FileKind, shown};
use crate::request::Request;
use crate::set::Set;
use crate::verify::{self, Code};

pub(super) fn plan(request: &Request, set: &Set, now: OffsetDateTime) -> Result<AuthorityPlan> {
    match set.ca.certificate.sound() {
        Some(file) => existing(request, set, &file.certificate, now),
        None if set.ca.certificate.is_missing() => missing(request, set, now),
        None => Err(unusable(
            request,
            FileKind::Certificate,
            set.ca.certificate.problem().unwrap_or_default(),
            "put the right file back",
        )),
    }
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
        make_key: kept.is_none().then(|| request.new_key()),
        rewrite_key: kept.is_some_and(|file| request.key_format.is_some_and(|asked| asked != file.format)),
    })
}

/// There is a ca.pem: it is used whatever its subject, signed again where it is weak, or refused.
fn existing(
    request: &Request,
    set: &Set,
    certificate: &Certificate,
    now: OffsetDateTime,
) -> Result<AuthorityPlan> {
    check_key_file(request, set)?;
    let mut reasons = Vec::new();
    for finding in verify::ca(set, now) {
        match finding.code {
            // check_key_file's and check_usable's.
            Code::Missing | Code::Damaged => {}
            Code::KeyMismatch => {
                return Err(unusable(
                    request,
                    FileKind::Key,
                    &finding.message,
                    "put back the key and the certificate that belong together",
                ));
            }
            Code::NotCa | Code::SelfSignature => {
                return Err(unusable(
                    request,
                    FileKind::Certificate,
                    &finding.message,
                    "put a CA's certificate there",
                ));
            }
            code if code.is_error() => reasons.push(finding.message),
            _ => {}
        }
    }
    if certificate.not_after >= now && is_expiring(certificate, request, now) {
        reasons.push(format!("expires on {}", verify::date(certificate.not_after)));
    }
    let renewable = certificate.is_self_issued() && set.ca.key.sound().is_some();
    let only_expiring = reasons.iter().all(|reason| reason.starts_with("expires on"));
    if !reasons.is_empty() && !renewable && !only_expiring {
        let why = reasons.join(", and ");
        let remedy = if certificate.is_self_issued() {
            "put its key there, so that it can be signed again"
        } else {
            "have its own CA sign it again"
        };
        return Err(unusable(request, FileKind::Certificate, &why, remedy));
    }
    let subject = certificate.subject.subject.clone();
    let action = match (reasons.is_empty() || !renewable, &subject) {
        (true, _) => Action::Keep,
        (false, Some(_)) => Action::Resign,
        (false, None) => {
            let why = format!(
                "{}, and its subject {} cannot be written again as it is",
                reasons.join(", and "),
                certificate.subject.text
            );
            return Err(unusable(request, FileKind::Certificate, &why, "sign it with openssl"));
        }
    };
    if action == Action::Keep {
        reasons.clear();
    }
    let rewrite_key =
        set.ca.key.sound().is_some_and(|file| request.key_format.is_some_and(|asked| asked != file.format));
    if rewrite_key {
        reasons.push("--key-format asks for another form of the key".to_owned());
    }
    let serial_is_missing = set.ca.serial.is_missing();
    if serial_is_missing {
        reasons.push(format!("{} is missing", request.ca_base.file(FileKind::Serial)));
    }
    let action = match action {
        Action::Keep if rewrite_key || serial_is_missing => Action::Refresh,
        action => action,
    };
    Ok(AuthorityPlan {
        action,
        reasons,
        subject: subject.unwrap_or_default(),
        validity: authority_validity(request, now)?,
        key_identifier: certificate.subject_key_identifier.clone(),
        make_key: None,
        rewrite_key,
    })
}

/// A key that is there must be one; a missing one may be kept elsewhere.
fn check_key_file(request: &Request, set: &Set) -> Result<()> {
    let key = FileKind::Key;
    match set.ca.key.problem().filter(|_| !set.ca.key.is_missing()) {
        None => Ok(()),
        Some(problem) if problem.contains("password") => {
            let file = path(request, key);
            Err(unusable(
                request,
                key,
                problem,
                &format!(
                    "take it off with: openssl pkey -in {file} -out {file}.plain && mv {file}.plain {file}"
                ),
            ))
        }
        Some(problem) => Err(unusable(request, key, problem, "put the right key there")),
    }
}

/// Case 5, once it is known whether the CA must sign.
pub(super) fn check_usable(request: &Request, set: &Set, ca: &AuthorityPlan, signs: bool) -> Result<()> {
    if signs && ca.make_key.is_none() && set.ca.key.is_missing() {
        let why = "is missing, and something must be signed";
        return Err(unusable(request, FileKind::Key, why, "put the file back"));
    }
    if let (Some(problem), false) = (set.ca.serial.problem(), set.ca.serial.is_missing()) {
        let file = path(request, FileKind::Serial);
        return Err(Failure::failed(format!("{file}: {problem}")).hint(format!(
            "put the last serial number there in hexadecimal, or begin anew with: rm {file}"
        )));
    }
    Ok(())
}

fn unusable(request: &Request, kind: FileKind, problem: &str, remedy: &str) -> Failure {
    Failure::failed(format!("{}: {problem}", path(request, kind)))
        .hint(format!("{remedy}, or start over with --force: a new CA, which every client must be given"))
}

fn path(request: &Request, kind: FileKind) -> String {
    shown(&request.out_dir.join(request.ca_base.file(kind))).to_string()
}
