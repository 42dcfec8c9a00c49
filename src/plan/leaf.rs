//! A server's or client's part of a plan: cases 1 to 3 of a run on what is there already.

use time::OffsetDateTime;

use super::{Action, AuthorityPlan, KeyChoice, LeafPlan, is_expiring, validity};
use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown, typed};
use crate::pki::Identity;
use crate::profile::Role;
use crate::request::{LeafRequest, Request};
use crate::san::San;
use crate::set::{Leaf, LeafFiles};
use crate::verify::{self, Code, Finding};

/// `issuer` is the CA's certificate that is there; `None` where the CA is made new.
pub(super) fn plan(
    asked: &LeafRequest,
    request: &Request,
    there: &Leaf,
    issuer: Option<&Certificate>,
    ca: &AuthorityPlan,
    now: OffsetDateTime,
) -> Result<LeafPlan> {
    let files = &there.files;
    let existing = files.sound_certificate();
    check_files(asked, request, there, issuer, now)?;
    let kept = inherited(asked, request, files, issuer)?;
    let identity = match &asked.foreign {
        Some(foreign) => foreign.identity.clone(),
        None => request.identity(
            asked,
            kept.and_then(|certificate| certificate.subject.subject.as_ref()),
            kept.and_then(|certificate| certificate.subject_alt_names.as_deref()),
        )?,
    };
    let findings = issuer.map_or_else(Vec::new, |ca| verify::leaf(there, ca, &request.ca_base, now));
    let (key, key_reason) = choose_key(asked, files, request);
    let mut reasons = match (files.is_empty(), issuer, existing) {
        (true, ..) => vec!["not there yet".to_owned()],
        (false, Some(_), Some(existing)) => why_sign(asked, request, &findings, existing, &identity, now),
        (false, Some(_), None) => why_faulty(&findings, &there.base),
        (false, None, _) => vec!["the CA is new".to_owned()],
    };
    reasons.extend(key_reason.filter(|_| !files.is_empty()));
    if asked.foreign.is_some() {
        reasons = vec![format!("{} asks for it", there.base.file(FileKind::Csr))];
    } else if asked.renew {
        reasons = vec!["a renewal was asked for".to_owned()];
    } else if asked.only_refresh {
        reasons.clear();
    }
    let is_new = files.is_empty() || (asked.foreign.is_some() && files.certificate.is_missing());
    let mut action = match (reasons.is_empty(), is_new) {
        (true, _) => Action::Keep,
        (false, true) => Action::Issue,
        (false, false) => Action::Resign,
    };
    let rewrite_key = key == KeyChoice::Keep
        && files.key.sound().is_some_and(|file| request.key_format.is_some_and(|asked| asked != file.format));
    let with_issuer = asked.role == Role::Server && keeps_issuer(files, request, action);
    if action == Action::Keep {
        reasons = why_refresh(asked.role, request, files, &findings, ca, rewrite_key);
        if !reasons.is_empty() {
            action = Action::Refresh;
        }
    }
    let validity = validity(request.leaf_days(), "--days", now)?;
    let validity = match issuer {
        Some(issuer) if ca.action != Action::Resign => validity.ending_by(issuer.not_after),
        // A CA certificate that is signed now is made to last at least as long (plan::outlive).
        _ => validity,
    };
    let plan = LeafPlan {
        role: asked.role,
        base: asked.base.clone(),
        action,
        reasons,
        identity,
        validity,
        key,
        rewrite_key,
        with_issuer,
    };
    if plan.signs() {
        check_identity(&plan, request, existing, ca)?;
        check_constraints(&plan, request, issuer)?;
    }
    Ok(plan)
}

/// The certificate whose subject and names are taken over: one that this CA has signed. Anything else may have been
/// put there by whoever can write the file, and the CA does not vouch for what it says unless a flag does.
fn inherited<'a>(
    asked: &LeafRequest,
    request: &Request,
    files: &'a LeafFiles,
    issuer: Option<&Certificate>,
) -> Result<Option<&'a Certificate>> {
    let is_ours = |certificate: &&Certificate| {
        issuer.is_some_and(|ca| certificate.is_signed_by(&ca.public_key))
            && certificate.role().is_none_or(|role| role == asked.role)
    };
    let existing = files.sound_certificate();
    if let Some(certificate) = existing.filter(is_ours) {
        return Ok(Some(certificate));
    }
    if asked.foreign.is_some() || asked.gives_names() || issuer.is_none() {
        return Ok(None);
    }
    // Without flags it would become localhost, whatever it was before: not without a word.
    let said = existing
        .map(|certificate| (&certificate.subject, certificate.subject_alt_names.clone().unwrap_or_default()))
        .or_else(|| files.request.sound().map(|csr| (&csr.subject, csr.subject_alt_names.clone())));
    let Some((subject, names)) = said else { return Ok(None) };
    let would_be = request.identity(asked, None, None)?;
    let common_name = subject.subject.as_ref().and_then(|subject| subject.common_name()).unwrap_or_default();
    let is_the_same = Some(common_name) == would_be.subject.common_name()
        && names.iter().all(|name| would_be.names.contains(name));
    if is_the_same {
        return Ok(None);
    }
    let pem = request.out_dir.join(asked.base.file(FileKind::Certificate));
    let problem = files.certificate.problem().unwrap_or("is not this CA's, or not for its role");
    let flag = if asked.role == Role::Server { "--cn" } else { "--client-cn" };
    Err(Failure::failed(format!(
        "{}: {problem}, and what is left of it is for {common_name:?}",
        shown(&pem)
    ))
    .hint(format!("if it is to be signed for that again, say so: {flag} '{common_name}', and --san for further names")))
}

/// What is not written over, and what no signature mends.
fn check_files(
    asked: &LeafRequest,
    request: &Request,
    there: &Leaf,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<()> {
    let path = |kind| shown(&request.out_dir.join(there.base.file(kind))).to_string();
    let existing = there.files.sound_certificate();
    if let Some(certificate) = existing.filter(|certificate| certificate.not_before > now) {
        return Err(Failure::failed(format!(
            "{}: is not valid before {}, and today is {}",
            path(FileKind::Certificate),
            verify::date(certificate.not_before),
            verify::date(now)
        ))
        .hint("set the clock right; or move the file away, and it is made anew"));
    }
    let key_problem = there.files.key.problem().unwrap_or_default();
    if key_problem.contains("encrypted") {
        let key = path(FileKind::Key);
        return Err(Failure::failed(format!("{key}: {key_problem}, which Milvus cannot open")).hint(
            format!(
                "take it off with: openssl pkey -in '{key}' -out '{key}.plain' && mv '{key}.plain' '{key}'"
            ),
        ));
    }
    let holds_key = there.files.certificate.sound().is_some_and(|file| file.holds_key);
    if holds_key && there.files.key.is_missing() {
        let (pem, key) = (there.base.file(FileKind::Certificate), there.base.file(FileKind::Key));
        let (pem, key) = (request.out_dir.join(pem), request.out_dir.join(key));
        return Err(Failure::failed(format!("{}: holds its private key too", shown(&pem))).hint(format!(
            "put the key into a file of its own: openssl pkey -in {} -out {}",
            typed(&pem),
            typed(&key)
        )));
    }
    if !asked.exclusive {
        return Ok(());
    }
    let name = asked.common_name.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
    let refuse = |kind: FileKind, why: &str| {
        Err(Failure::failed(format!("{}: is there already, {why}", path(kind))).hint(format!(
            "move it away, or make {name:?} elsewhere: --out-dir DIR --ca-cert {} --ca-key {}",
            typed(&request.ca_path(FileKind::Certificate)),
            typed(&request.ca_path(FileKind::Key))
        )))
    };
    if let Some(certificate) = existing {
        let has = certificate.subject.subject.as_ref().and_then(|subject| subject.common_name());
        let role = certificate.role();
        if has.unwrap_or_default() != name
            || role.is_some_and(|role| role != asked.role)
            || certificate.is_ca()
        {
            let role = role.map_or_else(|| "somebody".to_owned(), |role| format!("the {role}"));
            return refuse(FileKind::Certificate, &format!("for {role} {:?}", has.unwrap_or_default()));
        }
        if issuer.is_some_and(|ca| !certificate.is_signed_by(&ca.public_key)) {
            return refuse(FileKind::Certificate, "and another CA has signed it");
        }
    } else if let (Some(file), Some(asked)) = (there.files.key.sound(), request.key)
        && !file.key.kind().covers(asked)
    {
        return refuse(FileKind::Key, &format!("and is {}", file.key.kind()));
    }
    Ok(())
}

/// Why what is there does not serve: its own faults, and what the given flags ask for beyond it.
fn why_sign(
    asked_of: &LeafRequest,
    request: &Request,
    findings: &[Finding],
    existing: &Certificate,
    identity: &Identity,
    now: OffsetDateTime,
) -> Vec<String> {
    let mut reasons = why_faulty(findings, &asked_of.base);
    if existing.not_after >= now && is_expiring(existing, request, now) {
        reasons.push(format!("expires on {}", verify::date(existing.not_after)));
    }
    let subject = existing.subject.subject.as_ref();
    let mut there = existing.subject_alt_names.clone().unwrap_or_default();
    for given in request.given(asked_of) {
        let has = subject.and_then(|subject| subject.value(given.attribute)).unwrap_or_default();
        let asked = identity.subject.value(given.attribute).unwrap_or_default();
        if has != asked {
            let name = given.attribute.short_name();
            reasons.push(format!("{} asks for {name} {asked:?}, and it has {has:?}", given.flag));
            // That the name is new is said with that.
            there.extend(San::parse(given.flag, asked));
        }
    }
    if asked_of.gives_names() {
        let lacking: Vec<String> =
            identity.names.iter().filter(|name| !there.contains(name)).map(ToString::to_string).collect();
        if !lacking.is_empty() {
            reasons.push(format!("it lacks the names {}", lacking.join(", ")));
        }
    }
    reasons
}

/// The findings that call for a signature, as reasons. A file other than the certificate is named.
fn why_faulty(findings: &[Finding], base: &BaseName) -> Vec<String> {
    let certificate = base.file(FileKind::Certificate);
    findings
        .iter()
        .filter(|finding| finding.code.is_error() && finding.code != Code::StaleChain)
        .map(
            |finding| {
                if finding.file == certificate { finding.message.clone() } else { finding.to_string() }
            },
        )
        .collect()
}

/// The key that the certificate is for, and why a sound one that is there is not it.
fn choose_key(asked: &LeafRequest, files: &LeafFiles, request: &Request) -> (KeyChoice, Option<String>) {
    if let Some(foreign) = &asked.foreign {
        return (KeyChoice::Foreign(foreign.key.clone()), None);
    }
    let Some(file) = files.key.sound() else {
        // The certificate of somebody who keeps the key is renewed for that key.
        return match files.sound_certificate().filter(|_| asked.renew && files.key.is_missing()) {
            Some(certificate) if !asked.rekey => (KeyChoice::Foreign(certificate.public_key.clone()), None),
            _ => (KeyChoice::Make(request.new_key()), None),
        };
    };
    if asked.rekey {
        return (KeyChoice::Make(request.key.unwrap_or(file.key.kind())), None);
    }
    match request.key {
        Some(asked) if !file.key.kind().covers(asked) => (
            KeyChoice::Make(asked),
            Some(format!("its key is {}, and {asked} is asked for", file.key.kind())),
        ),
        _ => (KeyChoice::Keep, None),
    }
}

/// The issuer goes into server.pem unless `--leaf-only`; a server.pem that was without it stays so while kept.
fn keeps_issuer(files: &LeafFiles, request: &Request, action: Action) -> bool {
    let has_chain = files.certificate.sound().is_some_and(|file| !file.chain.is_empty());
    !request.leaf_only && (action != Action::Keep || has_chain)
}

fn why_refresh(
    role: Role,
    request: &Request,
    files: &LeafFiles,
    findings: &[Finding],
    ca: &AuthorityPlan,
    rewrite_key: bool,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let has_chain = files.certificate.sound().is_some_and(|file| !file.chain.is_empty());
    if rewrite_key {
        reasons.push("--key-format asks for another form of the key".to_owned());
    }
    if role == Role::Server && has_chain {
        if request.leaf_only {
            reasons.push("--leaf-only asks for it without its issuer".to_owned());
        } else if ca.action == Action::Resign {
            reasons.push("it carries the CA's certificate, which is signed again".to_owned());
        } else if let Some(stale) = findings.iter().find(|finding| finding.code == Code::StaleChain) {
            reasons.push(stale.message.clone());
        }
    }
    reasons
}

/// What only matters once a certificate is to be signed.
fn check_identity(
    plan: &LeafPlan,
    request: &Request,
    existing: Option<&Certificate>,
    ca: &AuthorityPlan,
) -> Result<()> {
    let pem = request.out_dir.join(plan.base.file(FileKind::Certificate));
    if let Some(existing) = existing.filter(|certificate| certificate.subject.subject.is_none()) {
        return Err(Failure::failed(format!(
            "{}: must be signed again ({}), but its subject {} cannot be written again as it is",
            shown(&pem),
            plan.reasons.join(", and "),
            existing.subject.text
        ))
        .hint(format!("move {} away, and a new one is made", shown(&pem))));
    }
    if plan.identity.subject.is_empty() && plan.identity.names.is_empty() {
        return Err(Failure::usage(format!(
            "the {}'s certificate would say nothing of whom it is for",
            plan.role
        ))
        .hint("give it a name with --client-cn, or an attribute such as --organization"));
    }
    if plan.role == Role::Server && plan.identity.names.is_empty() {
        let common_name = plan.identity.subject.common_name().unwrap_or_default();
        return Err(Failure::failed(format!(
            "{}: needs a name that clients can check, and its CN {common_name:?} is none",
            shown(&pem)
        ))
        .hint("name the host that clients connect to: --san db.example.com"));
    }
    if plan.identity.subject == ca.subject {
        let what = format!("the {}'s subject would be the CA's ({})", plan.role, ca.subject);
        let remedy = match (ca.action, plan.role) {
            (Action::Issue, _) => "give --state or --locality a value: only the CA's subject has them",
            (_, Role::Client) => "tell them apart with another --client-cn",
            _ => "tell them apart with another --organizational-unit",
        };
        return Err(Failure::usage(format!("{what}, and clients take such a certificate for self-signed"))
            .hint(remedy));
    }
    Ok(())
}

/// What the CA may not sign for is refused here, and not found out by the client.
fn check_constraints(plan: &LeafPlan, request: &Request, issuer: Option<&Certificate>) -> Result<()> {
    let Some(constraints) = issuer.and_then(|issuer| issuer.name_constraints.as_ref()) else { return Ok(()) };
    let Some(outside) = plan.identity.names.iter().find(|name| !constraints.allow(name)) else {
        return Ok(());
    };
    let pem = request.out_dir.join(plan.base.file(FileKind::Certificate));
    Err(Failure::failed(format!(
        "{}: the CA may not sign for {outside}; its nameConstraints permit {constraints}",
        shown(&pem)
    ))
    .hint("use a name below those, or another CA"))
}
