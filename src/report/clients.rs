//! Which clients accept the files: the last lines of `check` and `probe`.

use std::io::{self, Write};

use serde::Serialize;

use super::as_word;
use super::text::{GREEN, marked};
use crate::check::{self, Client, ClientVerdict, Files, Finding, Severity};
use crate::foreign::printable;

/// One client, or Milvus.
#[derive(Debug, Serialize)]
pub(super) struct ClientFacts {
    #[serde(serialize_with = "as_word")]
    pub(super) client: Client,
    /// `null` where what it would verify cannot be read.
    pub(super) accepts: Option<bool>,
    /// The file that it rejects; `null` where it accepts all.
    file: Option<String>,
    /// What it reports, word for word; `null` where that is not known.
    says: Option<String>,
}

/// Of all of them.
pub(super) fn clients(findings: &[Finding], files: &Files<'_>) -> Vec<ClientFacts> {
    let facts = |ClientVerdict { client, accepts, rejects }| {
        let (file, says) = rejects.map(|(at, says)| (files.name(at), says)).unzip();
        ClientFacts { client, accepts, file, says: says.filter(|says| !says.is_empty()) }
    };
    check::verdicts(findings, files.set).into_iter().map(facts).collect()
}

/// One line for those that accept, and one for each rejection.
pub(super) fn write_clients(out: &mut dyn Write, clients: &[ClientFacts]) -> io::Result<()> {
    let names = |accepts: Option<bool>| {
        let names = clients.iter().filter(|one| one.accepts == accepts).map(|one| one.client.name());
        names.collect::<Vec<_>>().join(" · ")
    };
    let accepting = names(Some(true));
    if !accepting.is_empty() {
        writeln!(out, "clients: {GREEN}accepted{GREEN:#} by {accepting}")?;
    }
    let unknown = names(None);
    if !unknown.is_empty() {
        writeln!(out, "clients: not checked for {unknown}")?;
    }
    let mut groups: Vec<(Vec<Client>, &ClientFacts)> = Vec::new();
    for one in clients.iter().filter(|one| one.accepts == Some(false)) {
        match groups.iter_mut().find(|(_, first)| (&first.file, &first.says) == (&one.file, &one.says)) {
            Some((together, _)) => together.push(one.client),
            None => groups.push((vec![one.client], one)),
        }
    }
    for (together, ClientFacts { file, says, .. }) in groups {
        let style = marked(together.iter().map(|client| client.severity()).max().unwrap_or(Severity::Note));
        let who = together.iter().map(|client| client.name()).collect::<Vec<_>>().join(" · ");
        let verb = if together.len() == 1 { "rejects" } else { "reject" };
        let file = printable(file.as_deref().unwrap_or_default());
        let says = says.as_ref().map_or_else(String::new, |says| format!(": {}", printable(says)));
        writeln!(out, "clients: {who} {style}{verb}{style:#} {file}{says}")?;
    }
    Ok(())
}
