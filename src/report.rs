//! What a run says at its end: the facts, as text or as one JSON object. The only code that prints, with `progress`.

use std::io::{self, Write};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificate::Certificate;
use crate::plan::{Action, Plan};
use crate::profile::Role;
use crate::request::Request;
use crate::san::San;
use crate::set::Set;
use crate::store::FileKind;

pub mod progress;
mod text;

/// The facts of a run. Its JSON form is part of the contract: `schema` grows when a field changes its meaning.
#[derive(Debug, Serialize)]
pub struct Report {
    /// 1
    schema: u32,
    /// The directory as it was given.
    directory: String,
    /// True if nothing was written because of `--dry-run`.
    dry_run: bool,
    /// True if a file was written (or would be).
    changed: bool,
    /// True if an interrupted run was finished first.
    recovered: bool,
    /// The CA, the server and the client, in this order.
    certificates: Vec<CertificateReport>,
    /// The names of the files that were written (or would be, as far as a plan can tell).
    written: Vec<String>,
    /// Things worth a word.
    notes: Vec<String>,
    /// What to do now.
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CertificateReport {
    role: &'static str,
    /// `issue`, `re-sign`, `refresh` or `keep`.
    action: &'static str,
    reasons: Vec<String>,
    file: String,
    /// `null` where there is none (yet).
    certificate: Option<Facts>,
    /// With `--dry-run`: what would be signed; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    planned: Option<Planned>,
}

#[derive(Debug, Serialize)]
struct Planned {
    subject: String,
    names: Vec<NameFact>,
    not_after: String,
}

impl Planned {
    fn new(plan: &Plan, role: Role) -> Self {
        let leaf = if role == Role::Client { &plan.client } else { &plan.server };
        let (subject, names, validity) = match role {
            Role::Ca => (&plan.ca.subject, &[][..], plan.ca.validity),
            Role::Server | Role::Client => (&leaf.identity.subject, &leaf.identity.names[..], leaf.validity),
        };
        Self {
            subject: subject.to_string(),
            names: names.iter().map(NameFact::new).collect(),
            not_after: rfc3339(validity.not_after),
        }
    }
}

#[derive(Debug, Serialize)]
struct Facts {
    subject: String,
    issuer: String,
    names: Vec<NameFact>,
    key: String,
    serial: Option<String>,
    not_before: String,
    not_after: String,
    /// Whole days from now; negative if expired.
    days_left: i64,
    sha256: String,
}

#[derive(Debug, Serialize)]
struct NameFact {
    #[serde(rename = "type")]
    kind: &'static str,
    value: String,
}

impl NameFact {
    fn new(name: &San) -> Self {
        Self { kind: name.kind(), value: name.value() }
    }
}

/// What happened besides the plan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Outcome<'a> {
    /// `--dry-run`
    pub dry_run: bool,
    /// An interrupted run was finished first.
    pub recovered: bool,
    /// The names of the files that were written.
    pub written: &'a [String],
}

impl Report {
    /// Collects the facts. `set` is as it is after the run.
    #[must_use]
    pub fn new(plan: &Plan, request: &Request, set: &Set, outcome: Outcome<'_>, now: OffsetDateTime) -> Self {
        let certificates = plan.actions().into_iter().map(|(role, action, reasons)| {
            let file = match role {
                Role::Ca => &set.ca.certificate,
                Role::Server | Role::Client => &set.leaf(role).certificate,
            };
            CertificateReport {
                role: role.name(),
                action: action_word(action),
                reasons: reasons.to_vec(),
                file: request.layout.file_name(FileKind::Certificate(role)),
                certificate: file.sound().map(|file| Facts::new(&file.certificate, now)),
                planned: (outcome.dry_run && matches!(action, Action::Issue | Action::Resign))
                    .then(|| Planned::new(plan, role)),
            }
        });
        Self {
            schema: 1,
            directory: request.out_dir.display().to_string(),
            dry_run: outcome.dry_run,
            changed: !plan.keeps_everything(),
            recovered: outcome.recovered,
            certificates: certificates.collect(),
            written: outcome.written.to_vec(),
            notes: plan.notes.clone(),
            next: if outcome.dry_run { Vec::new() } else { next(plan, request, set) },
        }
    }

    /// One JSON object and a newline.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

impl Facts {
    fn new(certificate: &Certificate, now: OffsetDateTime) -> Self {
        let names = certificate.subject_alt_names.iter().flatten();
        Self {
            subject: certificate.subject.text.clone(),
            issuer: certificate.issuer.text.clone(),
            names: names.map(NameFact::new).collect(),
            key: certificate.public_key.to_string(),
            serial: certificate.serial.as_ref().map(ToString::to_string),
            not_before: rfc3339(certificate.not_before),
            not_after: rfc3339(certificate.not_after),
            days_left: (certificate.not_after - now).whole_days(),
            sha256: certificate.fingerprint(),
        }
    }
}

fn rfc3339(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Keep => "keep",
        Action::Refresh => "refresh",
        Action::Resign => "re-sign",
        Action::Issue => "issue",
    }
}

/// What the Milvus page tells its reader to do with the files, as far as this run makes it necessary.
fn next(plan: &Plan, request: &Request, set: &Set) -> Vec<String> {
    let layout = &request.layout;
    let pem = |role| layout.file_name(FileKind::Certificate(role));
    let key = |role| layout.file_name(FileKind::Key(role));
    if plan.keeps_everything() {
        return Vec::new();
    }
    if plan.ca.action != Action::Issue {
        let mut next = vec!["restart Milvus: it reads its files once, at start".to_owned()];
        if plan.client.action != Action::Keep {
            next.push(format!("give clients the new {}", pem(Role::Client)));
        }
        return next;
    }
    let server_name = set.server.certificate.sound().and_then(|file| {
        let names = file.certificate.subject_alt_names.as_ref()?;
        names.first().map(ToString::to_string)
    });
    vec![
        format!(
            "copy {}, {} and {} into the tls folder beside docker-compose.yml; {} stays here",
            pem(Role::Server),
            key(Role::Server),
            pem(Role::Ca),
            key(Role::Ca)
        ),
        "set common.security.tlsMode in milvus.yaml to 1 (one-way) or 2 (two-way), and restart Milvus"
            .to_owned(),
        format!(
            "clients trust {} and connect to server_name {:?}; two-way they also need {} and {}",
            pem(Role::Ca),
            server_name.unwrap_or_default(),
            pem(Role::Client),
            key(Role::Client)
        ),
    ]
}
