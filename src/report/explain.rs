//! The report of `explain`: a code's row of the table, and the clients that reject it.

use std::io::{self, Write};

use super::text::{BOLD, marked, write_wrapped};
use super::{Layout, Text};
use crate::check::{Code, Run, Severity, rules};
use crate::foreign::printable;

/// What is known of a code.
#[derive(Debug)]
pub struct Explanation(Code);

impl Explanation {
    /// Of that code.
    pub fn new(code: Code) -> Self {
        Self(code)
    }

    /// Error, warning or note: as the gravest of the clients that reject it, or as the table says.
    fn severity(&self) -> Severity {
        let own = rules().filter(|rule| rule.code == self.0).flat_map(|rule| rule.by);
        own.map(|(client, _)| client.severity()).max().unwrap_or(self.0.row().severity)
    }
}

impl Text for Explanation {
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        let (row, severity) = (self.0.row(), self.severity());
        let style = marked(severity);
        writeln!(out, "{BOLD}{}{BOLD:#}: {style}{}{style:#}", row.name, severity.name())?;
        write_wrapped(out, layout.width, "", "", &row.explanation.replace('`', ""))?;
        let mut quotes: Vec<(&str, &str)> = Vec::new();
        for (client, says) in rules().filter(|rule| rule.code == self.0).flat_map(|rule| rule.by) {
            // Some go on with what differs from certificate to certificate.
            if !says.is_empty() && !says.ends_with(' ') && !quotes.contains(&(client.name(), says)) {
                quotes.push((client.name(), says));
            }
        }
        if !quotes.is_empty() {
            writeln!(out, "\nClients report:")?;
        }
        for (client, says) in quotes {
            writeln!(out, "  {client}: {}", printable(says))?;
        }
        let run = match (row.leaf.run, row.ca.run) {
            (Run::Reissues, _) | (_, Run::Reissues) => "A run of milvus-certgen reissues the certificate.",
            (Run::Rewrites, _) | (_, Run::Rewrites) => "A run of milvus-certgen rewrites the file.",
            _ => return Ok(()),
        };
        writeln!(out, "\n{run}")
    }
}
