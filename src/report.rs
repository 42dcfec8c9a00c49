//! What a run says at its end: the facts, as text or as one JSON object. The only code that prints, with `progress`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind, shown};
use crate::foreign::is_hidden;
use crate::pki::Validity;
use crate::plan::{Action, KeyChoice, LeafPlan, Plan};
use crate::profile::Role;
use crate::san::San;
use crate::set::Set;
use crate::spec::Spec;
use crate::subject::Subject;

mod check;
mod clients;
mod facts;
mod probe;
pub mod progress;
mod tally;
mod text;
mod word;

pub use check::CheckReport;
use facts::{Facts, NameFact, rfc3339};
pub use probe::ProbeReport;
pub use tally::Tally;
use word::as_word;

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
    /// The names of the files that were written; none with `--dry-run`.
    written: Vec<String>,
    /// With `--dry-run`: the names of the files that would be written; else absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    would_write: Option<Vec<String>>,
    /// Things worth a word.
    notes: Vec<String>,
    /// What to do now.
    next: Vec<String>,
}

#[derive(Debug, Serialize)]
struct CertificateReport {
    #[serde(serialize_with = "as_word")]
    role: Role,
    /// `issue`, `re-sign`, `refresh` or `keep`.
    #[serde(serialize_with = "as_word")]
    action: Action,
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
    fn new(subject: &Subject, names: &[San], validity: Validity) -> Self {
        Self {
            subject: subject.to_string(),
            names: names.iter().map(NameFact::new).collect(),
            not_after: rfc3339(validity.not_after),
        }
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
    pub fn new(plan: &Plan, spec: &Spec, set: &Set, outcome: Outcome<'_>, now: OffsetDateTime) -> Self {
        let planned = |action: Action, subject: &Subject, names: &[San], validity: Validity| {
            let shown = outcome.dry_run && matches!(action, Action::Issue | Action::Resign);
            shown.then(|| Planned::new(subject, names, validity))
        };
        let facts =
            |certificate: Option<&Certificate>| certificate.map(|certificate| Facts::new(certificate, now));
        let mut certificates = vec![CertificateReport {
            role: Role::Ca,
            action: plan.ca.action,
            reasons: plan.ca.reasons.clone(),
            file: set.ca_base.file(FileKind::Certificate),
            certificate: facts(set.ca_certificate()),
            planned: planned(plan.ca.action, &plan.ca.subject, &[], plan.ca.validity),
        }];
        certificates.extend(plan.leaves.iter().zip(&set.leaves).map(|(plan, leaf)| CertificateReport {
            role: plan.role,
            action: plan.action,
            reasons: plan.reasons.clone(),
            file: plan.base.file(FileKind::Certificate),
            certificate: facts(leaf.files.parsed_certificate()),
            planned: planned(plan.action, &plan.identity.subject, &plan.identity.names, plan.validity),
        }));
        Self {
            schema: 1,
            directory: spec.out_dir.display().to_string(),
            dry_run: outcome.dry_run,
            changed: !outcome.written.is_empty(),
            recovered: outcome.recovered,
            certificates,
            written: if outcome.dry_run { Vec::new() } else { outcome.written.to_vec() },
            would_write: outcome.dry_run.then(|| outcome.written.to_vec()),
            notes: plan.notes.clone(),
            next: if outcome.dry_run { Vec::new() } else { next(plan, spec, set) },
        }
    }

    /// The report of a command that makes files and signs nothing.
    pub fn of_files(directory: &Path, written: &[String], dry_run: bool) -> Self {
        Self {
            schema: 1,
            directory: directory.display().to_string(),
            dry_run,
            changed: !written.is_empty(),
            recovered: false,
            certificates: Vec::new(),
            written: if dry_run { Vec::new() } else { written.to_vec() },
            would_write: dry_run.then(|| written.to_vec()),
            notes: Vec::new(),
            next: Vec::new(),
        }
    }

    /// More things worth a word.
    pub fn add_notes(&mut self, notes: Vec<String>) {
        self.notes.extend(notes);
    }

    /// One report of several runs with the same CA, which stands in it once.
    pub fn joined(reports: Vec<Self>) -> Self {
        let mut reports = reports.into_iter();
        let Some(mut joined) = reports.next() else { return Self::of_files(Path::new("."), &[], false) };
        for report in reports {
            joined.changed |= report.changed;
            joined.recovered |= report.recovered;
            joined.certificates.extend(report.certificates.into_iter().filter(|c| c.role != Role::Ca));
            // The serial file is written by each of them.
            add_new(&mut joined.written, report.written);
            if let (Some(joined), Some(more)) = (&mut joined.would_write, report.would_write) {
                add_new(joined, more);
            }
            joined.notes.extend(report.notes);
            joined.next.extend(report.next);
        }
        joined
    }
}

fn add_new(names: &mut Vec<String>, more: Vec<String>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// What can be printed for a person.
pub trait Text {
    /// Lines of text, with colours that the stream may take out again.
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()>;
}

/// One JSON object and a newline. What a terminal would not show is escaped: it can only stand within a string.
pub fn write_json(report: &impl Serialize, out: &mut dyn Write) -> io::Result<()> {
    let text = serde_json::to_string_pretty(report)?;
    let mut json = String::with_capacity(text.len() + 1);
    for c in text.chars() {
        if c != '\n' && is_hidden(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String does not fail.
                let _ = write!(json, "\\u{unit:04x}");
            }
        } else {
            json.push(c);
        }
    }
    json.push('\n');
    out.write_all(json.as_bytes())
}

/// What the Milvus page tells its reader to do with the files, as far as this run makes it necessary.
fn next(plan: &Plan, spec: &Spec, set: &Set) -> Vec<String> {
    if plan.keeps_everything() {
        return Vec::new();
    }
    let is_foreign = |leaf: &&LeafPlan| matches!(leaf.key, KeyChoice::PublicHalf(_));
    let foreign = plan.leaves.iter().filter(is_foreign);
    let foreign = foreign
        .map(|leaf| [FileKind::Certificate, FileKind::Csr].map(|kind| leaf.base.file(kind)))
        .map(|[pem, csr]| format!("give {pem} to whoever made {csr}"));
    let foreign: Vec<String> = foreign.collect();
    if !foreign.is_empty() {
        return foreign;
    }
    let changed = |role| plan.leaves.iter().find(|leaf| leaf.role == role && leaf.action != Action::Keep);
    if plan.ca.action != Action::Issue {
        let mut next = Vec::new();
        if changed(Role::Server).is_some() || plan.ca.action == Action::Resign {
            next.push("restart Milvus: it reads its files once, at start".to_owned());
        }
        let changed: Vec<String> = plan
            .leaves
            .iter()
            .filter(|leaf| leaf.role == Role::Client && leaf.action != Action::Keep)
            .map(|leaf| leaf.base.file(FileKind::Certificate))
            .collect();
        if !changed.is_empty() {
            next.push(format!("give clients the new {}", changed.join(", ")));
        }
        return next;
    }
    let (Some(server), Some(client)) = (set.first(Role::Server), set.first(Role::Client)) else {
        return Vec::new();
    };
    let names =
        server.files.parsed_certificate().and_then(|certificate| certificate.subject_alt_names.as_ref());
    let server_name = names.and_then(|names| names.first()).map(ToString::to_string).unwrap_or_default();
    let stays = if plan.ca.discard_key { "was discarded" } else { "stays here" };
    let (ca_pem, ca_key) = (set.ca_base.file(FileKind::Certificate), set.ca_base.file(FileKind::Key));
    let pem = |base: &BaseName| base.file(FileKind::Certificate);
    let key = |base: &BaseName| base.file(FileKind::Key);
    let mount = match &spec.tls_dir {
        Some(tls_dir) => format!("mount {} at /milvus/tls; {ca_key} {stays}", shown(&tls_dir.path)),
        None => format!(
            "copy {}, {} and {ca_pem} into the tls folder beside docker-compose.yml; {ca_key} {stays}",
            pem(&server.base),
            key(&server.base),
        ),
    };
    vec![
        mount,
        "set common.security.tlsMode in milvus.yaml to 1 (one-way) or 2 (two-way), and restart Milvus"
            .to_owned(),
        format!(
            "clients trust {ca_pem} (pymilvus one-way: as server_pem_path) and connect to server_name {server_name:?}; \
             two-way they also need {} and {}",
            pem(&client.base),
            key(&client.base),
        ),
    ]
}
