//! The report of `check`: the verdict first, then a line a certificate, findings, handshakes and clients.

use std::collections::HashMap;
use std::io::{self, Write};

use serde::Serialize;
use time::OffsetDateTime;

use super::clients::{ClientFacts, clients, write_clients};
use super::configuration::ConfigurationFacts;
use super::text::{BOLD, GREEN, columns, expiry, list, marked, mode_word, write_wrapped};
use super::{Detail, Facts, Layout, Text, as_word};
use crate::certificate::Certificate;
use crate::check::{self, Checked, Question};
use crate::check::{Files, Finding, Handshake, Owner, Severity};
use crate::error::Exit;
use crate::files::FileKind;
use crate::foreign::printable;
use crate::profile::Role;
use crate::set::CertificateFile;

/// The files that were checked, and their findings. Its JSON form is part of the contract: `schema` grows when a field changes its
/// meaning.
#[derive(Debug, Serialize)]
pub struct CheckReport {
    /// 1
    schema: u32,
    /// The directory as it was given; `null` where only a configuration was checked.
    directory: Option<String>,
    /// The configuration; absent where none was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    configuration: Option<ConfigurationFacts>,
    /// The directory, or the certificate or the configuration that was named instead.
    #[serde(skip)]
    checked: String,
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

/// An existing certificate.
#[derive(Debug, Serialize)]
pub(super) struct CertificateFacts {
    #[serde(serialize_with = "as_word")]
    role: Role,
    file: String,
    /// The file of its issuer; `null` where another CA issued it.
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
    /// What clients report, word for word.
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
        let configuration = checked.configuration.as_ref();
        let sources = configuration.map_or(&[][..], |configuration| &configuration.sources);
        let files = Files { sources, ..check::files(question, &checked.set) };
        let is_of_files = !checked.is_configuration_alone;
        Self {
            schema: 1,
            directory: is_of_files.then(|| question.dir.display().to_string()),
            configuration: configuration.map(ConfigurationFacts::new),
            checked: match configuration.filter(|_| !is_of_files) {
                Some(configuration) => configuration.sources.first().cloned().unwrap_or_default(),
                None => question.certificate.as_ref().unwrap_or(&question.dir).display().to_string(),
            },
            ok: checked.findings.iter().all(|finding| finding.severity <= gravest_allowed),
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
            certificates: certificates(&files, now),
            findings: checked.findings.iter().map(|finding| FindingFacts::new(finding, &files)).collect(),
            handshakes: checked.handshakes.iter().map(HandshakeFacts::new).collect(),
            clients: if is_of_files { clients(&checked.findings, &files) } else { Vec::new() },
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

    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        let style = marked(self.severity);
        let first = format!("{style}{}[{}]{style:#} ", self.severity.name(), self.code);
        write_wrapped(out, layout.width, &first, "  ", &format!("{} {}", self.subject, self.message))?;
        for quote in &self.seen_as {
            let text = match quote.split_once(": ") {
                Some((client, words)) => format!("{client} reports: {words}"),
                None => quote.clone(),
            };
            writeln!(out, "  {}", printable(&text))?;
        }
        match &self.fix {
            Some(fix) => writeln!(out, "  fix: {}", printable(fix)),
            None => Ok(()),
        }
    }
}

/// So many of one code, or so many certificates, are shown without --verbose.
const FEW: usize = 8;

/// Those of one code that are too many are counted.
pub(super) fn write_findings(
    out: &mut dyn Write,
    findings: &[FindingFacts],
    layout: Layout,
) -> io::Result<()> {
    let shown =
        |finding: &&FindingFacts| layout.detail != Detail::Errors || finding.severity == Severity::Error;
    let kind = |finding: &FindingFacts| (finding.code, finding.severity.name());
    let mut all: HashMap<_, usize> = HashMap::new();
    for finding in findings.iter().filter(shown) {
        *all.entry(kind(finding)).or_default() += 1;
    }
    let mut seen: HashMap<_, usize> = HashMap::new();
    for finding in findings.iter().filter(shown) {
        let (code, severity) = kind(finding);
        let (seen, all) = (seen.entry(kind(finding)).or_default(), all[&kind(finding)]);
        *seen += 1;
        if *seen <= FEW || layout.detail == Detail::Verbose {
            finding.write_text(out, layout)?;
        } else if *seen == all {
            let (style, more) = (marked(finding.severity), all - FEW);
            writeln!(out, "{style}{severity}[{code}]{style:#} {more} more (--verbose)")?;
        }
    }
    Ok(())
}

impl HandshakeFacts {
    fn new(handshake: &Handshake) -> Self {
        let Handshake { name, tls_mode, problem } = handshake.clone();
        Self { name, tls_mode, problem }
    }
}

impl CertificateFacts {
    fn write_text(&self, out: &mut dyn Write, width: usize, layout: Layout) -> io::Result<()> {
        let facts = &self.certificate;
        write!(out, "{BOLD}{:width$}{BOLD:#}  ", printable(&self.file))?;
        let role = if self.role == Role::Ca { "CA" } else { self.role.name() };
        let issuer = match &self.issued_by {
            _ if self.is_self_signed => ", self-signed".to_owned(),
            Some(_) => String::new(),
            None => format!(", issued by {}", facts.issuer),
        };
        let expires = expiry(&facts.not_after, facts.has_expired);
        let used = width + role.len() + issuer.len() + expires.len() + 9;
        let room =
            if layout.detail == Detail::Verbose { usize::MAX } else { layout.width.saturating_sub(used) };
        let names = match facts.names.as_slice() {
            [] => String::new(),
            names => format!(" for {}", list(names, room)),
        };
        writeln!(out, "{}", printable(&format!("{role}{names}{issuer}; {expires}")))?;
        if layout.detail != Detail::Verbose {
            return Ok(());
        }
        let mut line =
            |label: &str, text: &str| writeln!(out, "{:width$}  {label:8}  {}", "", printable(text));
        line("subject", if facts.subject.is_empty() { "(empty)" } else { &facts.subject })?;
        line("key", &facts.key)?;
        line("serial", facts.serial.as_deref().unwrap_or("(none that is valid)"))?;
        line("valid", &facts.validity())?;
        line("SHA-256", &facts.sha256)
    }
}

impl Text for CheckReport {
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        if layout.detail == Detail::Errors {
            return write_findings(out, &self.findings, layout);
        }
        self.write_verdict(out)?;
        let shown = match self.certificates.as_slice() {
            all if layout.detail == Detail::Verbose || all.len() <= FEW => all,
            // The CA, the server and the client come first.
            many => &many[..3],
        };
        let width = shown.iter().map(|one| columns(&one.file)).max().unwrap_or_default();
        for certificate in shown {
            certificate.write_text(out, width, layout)?;
        }
        match self.certificates.len() - shown.len() {
            0 => {}
            more => writeln!(out, "and {more} more certificates (--verbose)")?,
        }
        if let Some(configuration) = &self.configuration {
            configuration.write_text(out)?;
        }
        write_findings(out, &self.findings, layout)?;
        self.write_handshakes(out, layout)?;
        write_clients(out, &self.clients)
    }
}

impl CheckReport {
    fn write_verdict(&self, out: &mut dyn Write) -> io::Result<()> {
        let count = |n: usize, word: &str| if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") };
        let counts = [(self.errors, "error"), (self.warnings, "warning"), (self.notes, "note")];
        let counts: Vec<String> =
            counts.iter().filter(|(n, _)| *n > 0).map(|(n, word)| count(*n, word)).collect();
        let subject = printable(&self.checked);
        let (style, verdict) =
            if self.ok { (GREEN, "no problems found") } else { (marked(Severity::Error), "invalid") };
        let counts = if counts.is_empty() { String::new() } else { format!(" ({})", counts.join(", ")) };
        writeln!(out, "{BOLD}{subject}{BOLD:#}: {style}{verdict}{style:#}{counts}")
    }

    /// One line for those that succeed, and one for each that fails.
    fn write_handshakes(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        for HandshakeFacts { name, tls_mode, problem } in &self.handshakes {
            let result = match problem {
                Some(problem) => format!("fails: {problem}"),
                None if layout.detail == Detail::Verbose => "succeeds".to_owned(),
                None => continue,
            };
            let text =
                format!("TLS handshake as {name}, tlsMode {tls_mode} ({}) {result}", mode_word(*tls_mode));
            write_wrapped(out, layout.width, "", "  ", &text)?;
        }
        let succeeding = self.handshakes.iter().filter(|handshake| handshake.problem.is_none());
        let mut modes: Vec<u8> = succeeding.map(|handshake| handshake.tls_mode).collect();
        modes.sort_unstable();
        modes.dedup();
        if layout.detail == Detail::Verbose || modes.is_empty() {
            return Ok(());
        }
        let of_mode = |mode: u8| {
            let names = self.handshakes.iter().filter(|one| one.tls_mode == mode && one.problem.is_none());
            names.map(|one| one.name.as_str()).collect::<Vec<_>>()
        };
        let mut groups: Vec<(Vec<&str>, Vec<&str>)> = Vec::new();
        for mode in modes {
            let names = of_mode(mode);
            match groups.iter_mut().find(|(_, known)| *known == names) {
                Some((modes, _)) => modes.push(mode_word(mode)),
                None => groups.push((vec![mode_word(mode)], names)),
            }
        }
        for (modes, names) in groups {
            let text = format!("TLS handshakes succeed {} as {}", modes.join(" and "), names.join(", "));
            write_wrapped(out, layout.width, "", "  ", &text)?;
        }
        Ok(())
    }
}
