//! What a run says at its end: the facts, as text or as one JSON object. The only code that prints, with `progress`.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::Path;

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::error::Failure;
use crate::files::FileKind;
use crate::foreign::is_hidden;
use crate::pki::Validity;
use crate::plan::{Action, Plan};
use crate::profile::Role;
use crate::run::Written;
use crate::san::San;
use crate::set::Set;
use crate::spec::Spec;
use crate::subject::Subject;

mod check;
mod clients;
mod configuration;
mod explain;
mod facts;
mod next;
mod probe;
pub mod progress;
mod tally;
mod text;
mod word;

pub use check::CheckReport;
pub use explain::Explanation;
use facts::{Facts, NameFact, rfc3339};
use next::{Step, next};
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
    #[serde(flatten)]
    files: FileFacts,
    /// Neither errors nor next steps.
    notes: Vec<String>,
    /// Next steps for the user, in order.
    next: Vec<Step>,
}

/// `written`: the paths of the files that were written, empty with `--dry-run`; and with it, `would_write`.
#[derive(Debug)]
struct FileFacts {
    dry_run: bool,
    files: Written,
}

impl Serialize for FileFacts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let paths = self.files.paths();
        if self.dry_run {
            map.serialize_entry("written", &[(); 0])?;
            map.serialize_entry("would_write", &paths)?;
        } else {
            map.serialize_entry("written", &paths)?;
        }
        map.end()
    }
}

#[derive(Debug, Serialize)]
struct CertificateReport {
    #[serde(serialize_with = "as_word")]
    role: Role,
    /// `issue`, `re-sign`, `refresh` or `keep`.
    #[serde(serialize_with = "as_word")]
    action: Action,
    reasons: Vec<String>,
    /// The new certificate differs in its dates alone.
    #[serde(skip)]
    renews: bool,
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
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// `--dry-run`
    pub dry_run: bool,
    /// An interrupted run was finished first.
    pub recovered: bool,
    /// The files that were written, or would be.
    pub written: Written,
}

impl Report {
    /// Collects the facts. `set` is as it is after the run.
    pub fn new(plan: &Plan, spec: &Spec, set: &Set, outcome: Outcome, now: OffsetDateTime) -> Self {
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
            renews: plan.ca.renews,
            file: set.ca_base.file(FileKind::Certificate),
            certificate: facts(set.ca_certificate()),
            planned: planned(plan.ca.action, &plan.ca.subject, &[], plan.ca.validity),
        }];
        certificates.extend(plan.leaves.iter().zip(&set.leaves).map(|(plan, leaf)| CertificateReport {
            role: plan.role,
            action: plan.action,
            reasons: plan.reasons.clone(),
            renews: plan.renews,
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
            files: FileFacts { dry_run: outcome.dry_run, files: outcome.written },
            notes: plan.notes.clone(),
            next: if outcome.dry_run { Vec::new() } else { next(plan, spec, set) },
        }
    }

    /// The report of a command that makes files and signs nothing.
    pub fn of_files(directory: &Path, written: Written, dry_run: bool) -> Self {
        Self {
            schema: 1,
            directory: directory.display().to_string(),
            dry_run,
            changed: !written.is_empty(),
            recovered: false,
            certificates: Vec::new(),
            files: FileFacts { dry_run, files: written },
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
        let Some(mut joined) = reports.next() else {
            return Self::of_files(Path::new("."), Written::default(), false);
        };
        for report in reports {
            joined.changed |= report.changed;
            joined.recovered |= report.recovered;
            joined.certificates.extend(report.certificates.into_iter().filter(|c| c.role != Role::Ca));
            joined.files.files.join(report.files.files);
            joined.notes.extend(report.notes);
            let new: Vec<Step> = report.next.into_iter().filter(|step| !joined.next.contains(step)).collect();
            joined.next.extend(new);
        }
        joined
    }
}

/// How much of it is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Detail {
    /// `--quiet`: the errors that were found.
    Errors,
    /// What fits into a screen.
    Normal,
    /// `--verbose`
    Verbose,
}

/// A command that failed, for `--json`.
#[derive(Debug, Serialize)]
pub struct ErrorReport<'a> {
    /// 1
    schema: u32,
    error: ErrorFacts<'a>,
}

#[derive(Debug, Serialize)]
struct ErrorFacts<'a> {
    message: &'a str,
    /// `null` without one.
    hint: Option<&'a str>,
    /// 1 or 2.
    exit_code: u8,
}

impl<'a> ErrorReport<'a> {
    /// Of that failure.
    pub fn new(failure: &'a Failure) -> Self {
        let Failure { exit, message, hint, .. } = failure;
        let error = ErrorFacts { message, hint: hint.as_deref(), exit_code: *exit as u8 };
        Self { schema: 1, error }
    }
}

/// How a report is printed.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// How much of it.
    pub detail: Detail,
    /// Columns of the terminal; sentences are wrapped, commands and client errors are not.
    pub width: usize,
}

impl Layout {
    /// For a terminal of that many columns, if that is known.
    pub fn new(detail: Detail, columns: Option<usize>) -> Self {
        // A terminal that nobody has made wider; fewer columns are of no use.
        Self { detail, width: columns.unwrap_or(80).max(40) }
    }
}

/// What can be printed for a person.
pub trait Text {
    /// Lines of text, with colours that the stream may take out again.
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()>;
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
