//! The report for a person.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{CertificateReport, NameFact, Report, Text};
use crate::check::Severity;
use crate::foreign::printable;
use crate::plan::Action;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();

/// How a finding of that gravity is marked.
pub(super) fn marked(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => YELLOW,
        Severity::Note => AnsiColor::Cyan.on_default(),
    }
}

impl Text for Report {
    fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.recovered {
            writeln!(out, "finished a run that was interrupted")?;
        }
        let width = self.certificates.iter().map(|c| columns(&c.file)).max().unwrap_or_default();
        for certificate in &self.certificates {
            self.write_certificate(out, certificate, width)?;
        }
        for note in &self.notes {
            writeln!(out, "{YELLOW}note{YELLOW:#}: {}", printable(note))?;
        }
        let last = match (self.changed, self.dry_run) {
            (false, _) => "nothing to do: what is there serves".to_owned(),
            (true, true) => {
                writeln!(out, "would write {}", printable(&self.files(self.would_write.as_deref())))?;
                "dry run: nothing was written".to_owned()
            }
            (true, false) => format!("wrote {}", self.files(Some(&self.written))),
        };
        writeln!(out, "{}", printable(&last))?;
        if !self.next.is_empty() {
            writeln!(out, "\nnext:")?;
            for step in &self.next {
                writeln!(out, "  - {}", printable(step))?;
            }
        }
        Ok(())
    }
}

impl Report {
    fn files(&self, names: Option<&[String]>) -> String {
        let names = names.unwrap_or_default();
        let files = if names.len() == 1 { "file" } else { "files" };
        format!("{} {files} in {}: {}", names.len(), self.directory, names.join(" "))
    }

    fn write_certificate(
        &self,
        out: &mut dyn Write,
        certificate: &CertificateReport,
        width: usize,
    ) -> io::Result<()> {
        let word = match (certificate.action, self.dry_run) {
            (Action::Issue, false) => "made",
            (Action::Issue, true) => "would be made",
            (Action::Resign, false) => "re-signed",
            (Action::Resign, true) => "would be re-signed",
            (Action::Refresh, false) => "written again",
            (Action::Refresh, true) => "would be written again",
            (Action::Keep, _) => "kept",
        };
        let style = if certificate.action == Action::Keep { Style::new() } else { GREEN };
        write!(out, "{BOLD}{:width$}{BOLD:#}  {style}{word}{style:#}", printable(&certificate.file))?;
        match certificate.reasons.as_slice() {
            [] => writeln!(out)?,
            [only] => writeln!(out, ": {}", printable(only))?,
            several => {
                writeln!(out, ":")?;
                for reason in several {
                    writeln!(out, "{:width$}  - {}", "", printable(reason))?;
                }
            }
        }
        let mut line = |text: String| writeln!(out, "{:width$}  {}", "", printable(&text));
        if let Some(planned) = &certificate.planned {
            line(planned.subject.clone())?;
            if !planned.names.is_empty() {
                line(format!("for {}", list(&planned.names)))?;
            }
            return line(format!("until {}", day(&planned.not_after)));
        }
        let Some(facts) = &certificate.certificate else { return Ok(()) };
        line(facts.subject.clone())?;
        if !facts.names.is_empty() {
            line(format!("for {}", list(&facts.names)))?;
        }
        let day = day(&facts.not_after);
        let when = match facts.days_left {
            1 => format!("expires {day}, in 1 day"),
            days if days < 0 => format!("expired {day}"),
            days => format!("expires {day}, in {days} days"),
        };
        line(format!("{}, {when}", facts.key))?;
        line(format!("SHA-256 {}", facts.sha256))
    }
}

/// How many characters of the line it takes.
pub(super) fn columns(text: &str) -> usize {
    printable(text).chars().count()
}

pub(super) fn list(names: &[NameFact]) -> String {
    let names: Vec<&str> = names.iter().map(|name| name.value.as_str()).collect();
    names.join(", ")
}

pub(super) fn day(rfc3339: &str) -> &str {
    rfc3339.split('T').next().unwrap_or_default()
}
