//! The report for a person: it fits into 80 columns.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use super::{CertificateReport, Detail, Layout, NameFact, Report, Text};
use crate::check::Severity;
use crate::files::shown;
use crate::foreign::printable;
use crate::plan::{Action, MISSING};
use crate::profile::Role;
use crate::run::WrittenTo;

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();

/// How a finding of that severity is marked.
pub(super) fn marked(severity: Severity) -> Style {
    match severity {
        Severity::Error => AnsiColor::Red.on_default().bold(),
        Severity::Warning => YELLOW,
        Severity::Note => CYAN,
    }
}

impl Text for Report {
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        if layout.detail == Detail::Errors {
            return Ok(());
        }
        if self.recovered {
            writeln!(out, "finished an interrupted run")?;
        }
        let width = self.certificates.iter().map(|c| columns(&c.file)).max().unwrap_or_default();
        let written = self.files.files.paths();
        for certificate in &self.certificates {
            let is_written = written.contains(&certificate.file);
            certificate.write_text(out, width, (self.dry_run, is_written), layout)?;
        }
        for note in &self.notes {
            write_wrapped(out, layout.width, &format!("{YELLOW}note{YELLOW:#}: "), "  ", note)?;
        }
        if !self.changed {
            writeln!(out, "up to date, no changes")?;
        }
        for written in self.files.files.directories() {
            self.write_files(out, written, layout)?;
        }
        if self.dry_run && self.changed {
            writeln!(out, "dry run: nothing was written")?;
        }
        if !self.next.is_empty() {
            writeln!(out, "\nnext:")?;
        }
        for step in &self.next {
            let colon = if step.command.is_some() { ":" } else { "" };
            write_wrapped(out, layout.width, "  - ", "    ", &format!("{}{colon}", step.text))?;
            if let Some(command) = &step.command {
                writeln!(out, "      {BOLD}{}{BOLD:#}", printable(command))?;
            }
        }
        Ok(())
    }
}

impl Report {
    fn write_files(&self, out: &mut dyn Write, written: &WrittenTo, layout: Layout) -> io::Result<()> {
        let directory = match &written.directory {
            None => self.directory.clone(),
            Some(directory) => shown(directory).to_string(),
        };
        let [wrote, changed] = if self.dry_run {
            ["would write", "would change the owner or mode of"]
        } else {
            ["wrote", "changed the owner or mode of"]
        };
        for (what, names, preposition) in
            [(wrote, &written.names, "to"), (changed, &written.access_only, "in")]
        {
            let number = names.len();
            let files = if number == 1 { "file" } else { "files" };
            if number > 0 {
                let names = names.join(" ");
                let text = format!("{what} {number} {files} {preposition} {directory}: {names}");
                write_wrapped(out, layout.width, "", "  ", &text)?;
            }
        }
        Ok(())
    }
}

impl CertificateReport {
    /// One line, one for each reason, and the details if they are wanted.
    fn write_text(
        &self,
        out: &mut dyn Write,
        width: usize,
        (dry_run, is_written): (bool, bool),
        layout: Layout,
    ) -> io::Result<()> {
        let verbose = layout.detail == Detail::Verbose;
        let word = match self.action {
            Action::Issue => "issued",
            Action::Resign if self.renews => "renewed",
            Action::Resign => "reissued",
            Action::Refresh if is_written => "rewritten",
            // Another file of it is.
            Action::Refresh | Action::Keep => "unchanged",
        };
        let would = if dry_run && word != "unchanged" { "would be " } else { "" };
        let style = if word == "unchanged" { Style::new() } else { GREEN };
        let start = format!("{BOLD}{:width$}{BOLD:#}  {style}{would}{word}{style:#}", printable(&self.file));
        let used = width + 2 + would.len() + word.len();
        writeln!(out, "{start}{}", printable(&self.summary(used, layout)))?;
        let indent = " ".repeat(width + 2);
        // A new file needs no reason.
        for reason in self.reasons.iter().filter(|reason| *reason != MISSING) {
            write_wrapped(out, layout.width, &format!("{indent}reason: "), &format!("{indent}  "), reason)?;
        }
        if verbose
            && self.planned.is_none()
            && let Some(facts) = &self.certificate
        {
            for line in [&facts.subject, &facts.key, &format!("SHA-256 {}", facts.sha256)] {
                writeln!(out, "{indent}{}", printable(line))?;
            }
        }
        Ok(())
    }

    /// Names and end, in what `used` leaves of a line.
    fn summary(&self, used: usize, layout: Layout) -> String {
        let (names, not_after, has_expired) = match (&self.planned, &self.certificate) {
            (Some(planned), _) => (&planned.names, &planned.not_after, false),
            (None, Some(facts)) => (&facts.names, &facts.not_after, facts.has_expired),
            (None, None) => return String::new(),
        };
        let expires = expiry(not_after, has_expired);
        if self.role == Role::Ca || names.is_empty() {
            return format!(", {expires}");
        }
        let room = if layout.detail == Detail::Verbose {
            usize::MAX
        } else {
            layout.width.saturating_sub(used + expires.len() + 7)
        };
        format!(" for {}; {expires}", list(names, room))
    }
}

/// The text, broken at blanks; `first` comes before its first line and may be coloured, `rest` before the others.
pub(super) fn write_wrapped(
    out: &mut dyn Write,
    width: usize,
    first: &str,
    rest: &str,
    text: &str,
) -> io::Result<()> {
    let text = printable(text);
    // Colours take no room, and are always before the first line: its visible length is that without them.
    let visible = anstream::adapter::strip_str(first).to_string();
    let options = textwrap::Options::new(width)
        .initial_indent(&visible)
        .subsequent_indent(rest)
        .break_words(false)
        .word_separator(textwrap::WordSeparator::AsciiSpace)
        .word_splitter(textwrap::WordSplitter::NoHyphenation);
    for (at, line) in textwrap::wrap(&text, options).iter().enumerate() {
        match line.strip_prefix(visible.as_str()) {
            Some(line) if at == 0 => writeln!(out, "{first}{line}")?,
            _ => writeln!(out, "{line}")?,
        }
    }
    Ok(())
}

/// How many characters of the line it takes.
pub(super) fn columns(text: &str) -> usize {
    printable(text).chars().count()
}

/// The names with commas between them, and the number of those that have no room.
pub(super) fn list(names: &[NameFact], room: usize) -> String {
    let all = names.iter().map(|name| name.value.as_str()).collect::<Vec<_>>();
    let text = all.join(", ");
    if columns(&text) <= room {
        return text;
    }
    // The last of them is never shown here; the first is always.
    let ends = all[..all.len() - 1].iter().scan(0, |end, name| {
        *end += columns(name) + 2;
        Some(*end - 2)
    });
    let shown = ends.take_while(|end| end + 13 <= room).count().max(1);
    match all.len() - shown {
        0 => text,
        more => format!("{} and {more} more", all[..shown].join(", ")),
    }
}

/// Milvus's word for a tlsMode.
pub(super) fn mode_word(tls_mode: u8) -> &'static str {
    match tls_mode {
        0 => "plaintext",
        1 => "one-way",
        _ => "two-way",
    }
}

/// The day on which it expires, or did.
pub(super) fn expiry(not_after: &str, has_expired: bool) -> String {
    format!("{} {}", if has_expired { "expired" } else { "expires" }, day(not_after))
}

pub(super) fn day(rfc3339: &str) -> &str {
    rfc3339.split('T').next().unwrap_or_default()
}
