//! A server's or client's part of a plan: keep, reissue or issue.

use time::OffsetDateTime;

use super::guard::{check_files, check_identity, inherited};
use super::limits::Limits;
use super::losses::{check_leaf, rekeyed, unusable};
use super::{Action, AuthorityPlan, KeyChoice, LeafPlan, MISSING, is_expiring, validity};
use crate::certificate::Certificate;
use crate::check::{self, Code, Finding, Names, Owner, Place, Run};
use crate::error::Result;
use crate::files::FileKind;
use crate::pki::Identity;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, Leaf, LeafFiles};
use crate::spec::{LeafSpec, Spec, Wish};

/// `authority` is the existing CA's file; `None` for a new CA.
pub(super) fn plan(
    asked: &LeafSpec,
    spec: &Spec,
    there: &Leaf,
    authority: Option<&CertificateFile>,
    ca: &AuthorityPlan,
    limits: &Limits,
    now: OffsetDateTime,
) -> Result<LeafPlan> {
    let files = &there.files;
    let existing = files.parsed_certificate();
    let own_issuer = authority.map(|file| &file.certificate);
    // Another CA in ca.pem may have issued the existing certificate.
    let issuer = authority.zip(existing).and_then(|(file, existing)| file.issuer_of(existing)).or(own_issuer);
    check_files(asked, spec, there, issuer, now)?;
    let kept = inherited(asked, spec, files, issuer)?;
    let mut identity = match asked.wish.csr() {
        Some(csr) => csr.identity.clone(),
        None => spec.identity(
            asked,
            kept.map(|certificate| &certificate.subject),
            kept.and_then(|certificate| certificate.subject_alt_names.as_deref()),
        )?,
    };
    let kept_names = kept.and_then(|certificate| certificate.subject_alt_names.as_deref());
    let left_out = limits.leave_out(&mut identity, asked, kept_names.unwrap_or_default());
    let findings = authority.map_or_else(Vec::new, |ca| check::leaf(Owner::Leaf(0), there, Some(ca), now));
    let names = |place: Place| match place {
        Place::File(Owner::Ca, kind) => spec.ca_base.file(kind),
        Place::File(_, kind) => there.base.file(kind),
        Place::Server | Place::Configuration { .. } => String::new(),
    };
    let (key, key_reason) = choose_key(asked, files, spec);
    let mut reasons = match (files.is_empty(), issuer, existing) {
        (true, ..) => vec![MISSING.to_owned()],
        (false, Some(_), Some(existing)) => {
            why_sign(asked, spec, &findings, &names, existing, &identity, now)
        }
        (false, Some(_), None) => why_faulty(&findings, &names),
        (false, None, _) => vec!["the CA is new".to_owned()],
    };
    reasons.extend(key_reason.filter(|_| !files.is_empty()));
    let loses_its_issuer =
        existing.zip(own_issuer).is_some_and(|(leaf, issuer)| loses_its_issuer(leaf, issuer, ca));
    match asked.wish {
        Wish::Sign(_) => reasons = vec![format!("requested by {}", there.base.file(FileKind::Csr))],
        Wish::Renew { .. } => reasons = vec!["renewal requested".to_owned()],
        Wish::Refresh => reasons.clear(),
        Wish::Ensure { .. } | Wish::Create { .. } => {}
    }
    if loses_its_issuer && !matches!(asked.wish, Wish::Sign(_) | Wish::Renew { .. }) {
        reasons.push("it refers to the CA certificate by its serial number, which changes".to_owned());
    }
    // A key that no run replaces by itself is replaced by one that is told to.
    if asked.wish.rekeys() && (!reasons.is_empty() || unusable(&files.key).is_some()) {
        let key = there.base.file(FileKind::Key);
        reasons.retain(|reason| !reason.starts_with(&format!("{key} ")));
        reasons.extend(rekeyed(&there.base, &files.key));
    }
    let is_new = files.is_empty() || (asked.wish.csr().is_some() && files.certificate.is_missing());
    let mut action = match (reasons.is_empty(), is_new) {
        (true, _) => Action::Keep,
        (false, true) => Action::Issue,
        (false, false) => Action::Resign,
    };
    let rewrite_key = key == KeyChoice::Keep
        && files.key.parsed().is_some_and(|file| {
            file.oddity.is_some() || spec.key_format.is_some_and(|asked| asked != file.format)
        });
    let rewrite_certificate = files.certificate.parsed().is_some_and(|file| file.oddity.is_some());
    let with_issuer = asked.role.serves() && keeps_issuer(files, spec, action);
    if action == Action::Keep {
        reasons = why_refresh(asked.role, spec, files, &findings, &names, ca, rewrite_key);
        if !reasons.is_empty() {
            action = Action::Refresh;
        }
    }
    let validity = validity(spec.leaf_days(), "--days", now)?;
    let validity = match own_issuer {
        Some(issuer) if ca.action != Action::Resign => validity.ending_by(issuer.not_after),
        // A new CA certificate lasts at least as long (plan::outlive).
        _ => validity,
    };
    let renews = !loses_its_issuer
        && existing.is_some_and(|existing| is_renewal(existing, &identity, &key, &findings));
    let mut plan = LeafPlan {
        role: asked.role,
        base: asked.base.clone(),
        action,
        reasons,
        renews: renews && action == Action::Resign,
        identity,
        validity,
        key,
        rewrite_key,
        rewrite_certificate,
        with_issuer,
        notes: Vec::new(),
    };
    let limited = findings.iter().find(|finding| finding.code == Code::AddressConstraint);
    plan.notes.extend(limited.map(|finding| finding.sentence(&names)));
    check_leaf(&plan, asked, spec, files)?;
    if plan.signs() {
        plan.notes.extend(say_left_out(&plan, &left_out));
        check_identity(&plan, spec)?;
        limits.check(&plan, spec)?;
    }
    Ok(plan)
}

fn say_left_out(plan: &LeafPlan, names: &[San]) -> Option<String> {
    let names: Vec<String> = names.iter().map(San::to_string).collect();
    let pem = plan.base.file(FileKind::Certificate);
    (!names.is_empty()).then(|| {
        format!(
            "{pem} does not include {}: not all clients accept addresses under a CA with constraints (--constrain)",
            names.join(" and ")
        )
    })
}

/// True if nothing changes but the dates.
fn is_renewal(existing: &Certificate, identity: &Identity, key: &KeyChoice, findings: &[Finding]) -> bool {
    existing.subject == identity.subject
        && existing.subject_alt_names.as_ref() == Some(&identity.names)
        && !matches!(key, KeyChoice::Make(_))
        && faults(findings).all(|finding| finding.code == Code::Expired)
}

/// A number that RFC 5280 does not allow is not kept, even where a certificate goes by it.
fn loses_its_issuer(leaf: &Certificate, issuer: &Certificate, ca: &AuthorityPlan) -> bool {
    ca.action == Action::Resign && ca.serial.is_none() && leaf.names_by_number(issuer)
}

/// The reasons to reissue an existing certificate: its own problems, and flags that change it.
fn why_sign(
    asked_of: &LeafSpec,
    spec: &Spec,
    findings: &[Finding],
    names: Names<'_>,
    existing: &Certificate,
    identity: &Identity,
    now: OffsetDateTime,
) -> Vec<String> {
    let mut reasons = why_faulty(findings, names);
    if existing.not_after >= now && is_expiring(existing, spec, now) {
        reasons.push(format!("expires on {}", check::date(existing.not_after)));
    }
    let mut there = existing.subject_alt_names.clone().unwrap_or_default();
    for given in spec.given(asked_of) {
        let has = existing.subject.value(given.attribute).unwrap_or_default();
        let asked = identity.subject.value(given.attribute).unwrap_or_default();
        if has != asked {
            let name = given.attribute.short_name();
            reasons.push(format!("{} sets {name} {asked:?} instead of {has:?}", given.flag));
            // A second reason about the same name is not needed.
            there.extend(San::parse(given.flag, asked));
        }
    }
    if asked_of.gives_names() {
        let lacking: Vec<String> =
            identity.names.iter().filter(|name| !there.contains(name)).map(ToString::to_string).collect();
        if !lacking.is_empty() {
            reasons.push(format!("lacks the names {}", lacking.join(", ")));
        }
    }
    reasons
}

/// The findings that call for a signature, as reasons. A file other than the certificate is named.
fn why_faulty(findings: &[Finding], names: Names<'_>) -> Vec<String> {
    faults(findings)
        .map(|finding| {
            let is_plain = finding.at.is(FileKind::Certificate);
            if is_plain { finding.reason(names) } else { finding.sentence(names) }
        })
        .collect()
}

fn faults(findings: &[Finding]) -> impl Iterator<Item = &Finding> {
    findings.iter().filter(|finding| finding.code.row().leaf.run == Run::Reissues)
}

/// The key of the certificate, and the reason if an existing one is replaced.
fn choose_key(asked: &LeafSpec, files: &LeafFiles, spec: &Spec) -> (KeyChoice, Option<String>) {
    if let Some(csr) = asked.wish.csr() {
        return (KeyChoice::PublicHalf(csr.key.clone()), None);
    }
    let Some(file) = files.key.parsed() else {
        // Without its key here, a certificate is renewed for the same public key.
        let is_kept_elsewhere =
            files.key.is_missing() && matches!(asked.wish, Wish::Renew { rekey: false } | Wish::Refresh);
        return match files.parsed_certificate().filter(|_| is_kept_elsewhere) {
            Some(certificate) => (KeyChoice::PublicHalf(certificate.public_key.clone()), None),
            None => (KeyChoice::Make(spec.new_key()), None),
        };
    };
    if asked.wish.rekeys() {
        return (KeyChoice::Make(spec.key.unwrap_or(file.key.kind().successor())), None);
    }
    if check::is_demo_key(file.key.public()) {
        let why = "its key is the demo key that Milvus publishes".to_owned();
        return (KeyChoice::Make(spec.key.unwrap_or(file.key.kind().successor())), Some(why));
    }
    match spec.key {
        Some(asked) if !file.key.kind().covers(asked) => {
            (KeyChoice::Make(asked), Some(format!("its key changes from {} to {asked}", file.key.kind())))
        }
        _ => (KeyChoice::Keep, None),
    }
}

/// The issuer goes into server.pem unless `--leaf-only`; a server.pem that was without it stays so while kept.
fn keeps_issuer(files: &LeafFiles, spec: &Spec, action: Action) -> bool {
    let has_chain = files.certificate.parsed().is_some_and(|file| !file.chain.is_empty());
    !spec.leaf_only && (action != Action::Keep || has_chain)
}

fn why_refresh(
    role: Role,
    spec: &Spec,
    files: &LeafFiles,
    findings: &[Finding],
    names: Names<'_>,
    ca: &AuthorityPlan,
    rewrite_key: bool,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let has_chain = files.certificate.parsed().is_some_and(|file| !file.chain.is_empty());
    match files.key.parsed().and_then(|file| file.oddity) {
        Some(oddity) if rewrite_key => reasons.push(format!("its key file {oddity}")),
        _ if rewrite_key => reasons.push("--key-format changes the key's format".to_owned()),
        _ => {}
    }
    reasons.extend(
        files.certificate.parsed().and_then(|file| file.oddity).map(|oddity| oddity.text().to_owned()),
    );
    if role.serves() && has_chain {
        if spec.leaf_only {
            reasons.push("--leaf-only removes the CA certificate from it".to_owned());
        } else if ca.action == Action::Resign {
            reasons.push("it includes the CA certificate, which is reissued".to_owned());
        } else if let Some(stale) =
            findings.iter().find(|finding| finding.code.row().leaf.run == Run::Rewrites)
        {
            reasons.push(stale.reason(names));
        }
    }
    reasons
}
