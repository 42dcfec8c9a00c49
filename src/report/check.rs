//! What `check` says.

use std::io::{self, Write};

use serde::Serialize;
use time::OffsetDateTime;

use super::clients::{ClientFacts, clients, write_clients};
use super::text::{BOLD, GREEN, columns, list, marked};
use super::{Facts, Text, as_word};
use crate::certificate::Certificate;
use crate::check::{self, Checked, Question};
use crate::check::{Files, Finding, Handshake, Owner, Severity};
use crate::error::Exit;
use crate::files::FileKind;
use crate::foreign::printable;
use crate::profile::Role;
use crate::set::CertificateFile;

/// A set and what is wrong with it. Its JSON form is part of the contract: `schema` grows when a field changes its
/// meaning.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// 1
    schema: u32,
    /// The directory as it was given.
    directory: String,
    /// True if the exit code is 0.
    ok: bool,
    errors: usize,
    warnings: usize,
    notes: usize,
    /// The CA, the server, the client, and further ones.
    certificates: Vec<CertificateFacts>,
    /// The gravest first.
    findings: Vec<FindingFacts>,
    /// Handshakes in memory, as Milvus and its clients do them.
    handshakes: Vec<HandshakeFacts>,
    /// Milvus, and what each client makes of the files.
    clients: Vec<ClientFacts>,
}

/// A certificate that is there.
#[derive(Debug, Serialize)]
pub(super) struct CertificateFacts {
    #[serde(serialize_with = "as_word")]
    role: Role,
    file: String,
    /// The file of its issuer; `null` where it is signed by somebody else.
    issued_by: Option<String>,
    #[serde(skip)]
    is_self_signed: bool,
    certificate: Facts,
}

/// One finding.
#[derive(Debug, Serialize)]
pub(super) struct FindingFacts {
    /// Never changes its meaning.
    code: &'static str,
    /// `error`, `warning` or `note`.
    #[serde(serialize_with = "as_word")]
    severity: Severity,
    /// The file, or the address of a server.
    subject: String,
    message: String,
    /// Who says what, word for word.
    seen_as: Vec<String>,
    /// A command, or a sentence where there is none; `null` where there is nothing to do.
    fix: Option<String>,
}

#[derive(Debug, Serialize)]
struct HandshakeFacts {
    name: String,
    tls_mode: u8,
    /// Why it fails; `null` where it succeeds.
    problem: Option<String>,
}

impl CheckReport {
    /// Collects the facts.
    pub fn new(question: &Question, checked: &Checked, strict: bool, now: OffsetDateTime) -> Self {
        let gravest_allowed = if strict { Severity::Note } else { Severity::Warning };
        let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
        let files = check::files(question, &checked.set);
        Self {
            schema: 1,
            directory: question.dir.display().to_string(),
            ok: checked.findings.iter().all(|finding| finding.severity <= gravest_allowed),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            certificates: certificates(&files, now),
            findings: checked.findings.iter().map(|finding| FindingFacts::new(finding, &files)).collect(),
            handshakes: checked.handshakes.iter().map(HandshakeFacts::new).collect(),
            clients: clients(&checked.findings, &files),
        }
    }

    /// 0, or 3 where something is wrong.
    pub fn exit(&self) -> Exit {
        if self.ok { Exit::Done } else { Exit::Problem }
    }
}

fn certificates(files: &Files<'_>, now: OffsetDateTime) -> Vec<CertificateFacts> {
    let set = files.set;
    let ca_pem = files.name(Owner::Ca.file(FileKind::Certificate));
    let facts = |role: Role, file: String, certificate: &Certificate| {
        let signed = set.ca_certificate().is_some_and(|ca| certificate.is_issued_by(ca));
        let issued_by = signed.then(|| ca_pem.clone());
        // One that the CA has signed may have its subject.
        let is_self_signed = certificate.is_self_issued() && (role == Role::Ca || !signed);
        CertificateFacts { role, file, issued_by, is_self_signed, certificate: Facts::new(certificate, now) }
    };
    let ca = set
        .ca
        .certificate
        .parsed()
        .map(|CertificateFile { certificate, .. }| facts(Role::Ca, ca_pem.clone(), certificate));
    let leaves = set.leaves.iter().enumerate().filter_map(|(at, leaf)| {
        let certificate = leaf.files.parsed_certificate()?;
        Some(facts(leaf.role, files.name(Owner::Leaf(at).file(FileKind::Certificate)), certificate))
    });
    ca.into_iter().chain(leaves).collect()
}

impl FindingFacts {
    pub(super) fn new(finding: &Finding, files: &Files<'_>) -> Self {
        let names = |place| files.name(place);
        Self {
            code: finding.code.name(),
            severity: finding.severity,
            subject: names(finding.at),
            message: finding.message.text(&names),
            seen_as: finding.quotes(),
            fix: files.fix(finding),
        }
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let style = marked(self.severity);
        let (subject, message) = (printable(&self.subject), printable(&self.message));
        writeln!(out, "{style}{}[{}]{style:#} {subject} {message}", self.severity.name(), self.code)?;
        for seen in &self.seen_as {
            writeln!(out, "  seen as  {}", printable(seen))?;
        }
        match &self.fix {
            Some(fix) => writeln!(out, "  fix      {}", printable(fix)),
            None => Ok(()),
        }
    }
}

impl HandshakeFacts {
    fn new(handshake: &Handshake) -> Self {
        let Handshake { name, tls_mode, problem } = handshake.clone();
        Self { name, tls_mode, problem }
    }
}

impl CertificateFacts {
    pub(super) fn write_text(&self, out: &mut dyn Write, width: usize) -> io::Result<()> {
        let facts = &self.certificate;
        write!(out, "{BOLD}{:width$}{BOLD:#}  {}", printable(&self.file), self.role.name())?;
        match &self.issued_by {
            _ if self.is_self_signed => writeln!(out, ", self-signed")?,
            Some(issuer) => writeln!(out, ", issued by {}", printable(issuer))?,
            None => writeln!(out, ", issued by {}", printable(&facts.issuer))?,
        }
        let mut line =
            |label: &str, text: &str| writeln!(out, "{:width$}  {label:8}  {}", "", printable(text));
        line("subject", if facts.subject.is_empty() { "(empty)" } else { &facts.subject })?;
        if !facts.names.is_empty() {
            line("names", &list(&facts.names))?;
        }
        line("key", &facts.key)?;
        line("serial", facts.serial.as_deref().unwrap_or("(none that counts)"))?;
        line("valid", &facts.validity())?;
        line("SHA-256", &facts.sha256)
    }
}

impl Text for CheckReport {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let width = self.certificates.iter().map(|one| columns(&one.file)).max().unwrap_or_default();
        for certificate in &self.certificates {
            certificate.write_text(out, width)?;
        }
        if !self.certificates.is_empty() {
            writeln!(out)?;
        }
        for handshake in &self.handshakes {
            let HandshakeFacts { name, tls_mode, problem } = handshake;
            let what = if *tls_mode == 1 { "one-way" } else { "two-way" };
            let how = problem.as_ref().map_or_else(|| "succeeds".to_owned(), |why| format!("fails: {why}"));
            let (name, how) = (printable(name), printable(&how));
            writeln!(out, "handshake as {name}, tlsMode {tls_mode} ({what}): {how}")?;
        }
        for finding in &self.findings {
            finding.write_text(out)?;
        }
        write_clients(out, &self.clients)?;
        let count = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let counts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let counts: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
        match (self.ok, counts.as_slice()) {
            (true, []) => writeln!(out, "{GREEN}sound{GREEN:#}"),
            (true, counts) => writeln!(out, "{GREEN}sound{GREEN:#}: {}", counts.join(", ")),
            (false, counts) => {
                let red = marked(Severity::Error);
                writeln!(out, "{red}not sound{red:#}: {}", counts.join(", "))
            }
        }
    }
}
