//! The properties of a finding's code: its row in the [table](super::table).

use super::fix::Fix;
use super::table::Code;

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Another client rejects it, or will some day.
    Warning,
    /// Milvus, pymilvus, C++ or a client in Go rejects it.
    Error,
}

impl Severity {
    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// The subject of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Concern {
    /// A file: its form, its mode, its place.
    File,
    /// The content of a certificate or key.
    Certificate,
    /// A running server, or another that answers in its place.
    Server,
    /// How Milvus is configured.
    Configuration,
}

/// A run's reaction to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Run {
    /// Issues the certificate again, and creates what goes with it.
    Reissues,
    /// Writes the file again; the certificate stays.
    Rewrites,
    /// Fails before anything is written; what the user can do.
    Refuses(&'static str),
    /// Nothing.
    Ignores,
}

/// The reactions to a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Handling {
    /// By a run.
    pub run: Run,
    /// By the user.
    pub fix: Fix,
}

const NOTHING: Handling = Handling { run: Run::Ignores, fix: Fix::None };

/// All that is decided by a code alone. What depends on the certificates is decided where it is found, and stands in
/// the finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Row {
    /// Never changes: for scripts, and for looking it up.
    pub name: &'static str,
    /// For a run; where the table of clients or the place says otherwise, not for people.
    pub severity: Severity,
    /// The subject.
    pub concerns: Concern,
    /// The message needs no client's error beside it to be understood.
    pub is_plain: bool,
    /// For a file of the CA.
    pub ca: Handling,
    /// For a file of a server or client.
    pub leaf: Handling,
    /// For a running server.
    pub server: Fix,
    /// One paragraph: what it means, how it arises, what fixes it.
    pub explanation: &'static str,
}

/// A row of which the other columns are still empty.
pub(super) const fn row(name: &'static str, severity: Severity, concerns: Concern) -> Row {
    let (ca, leaf) = (NOTHING, NOTHING);
    Row { name, severity, concerns, is_plain: false, ca, leaf, server: Fix::None, explanation: "" }
}

impl Row {
    pub(super) const fn ca(self, run: Run, fix: Fix) -> Self {
        Self { ca: Handling { run, fix }, ..self }
    }

    pub(super) const fn leaf(self, run: Run, fix: Fix) -> Self {
        Self { leaf: Handling { run, fix }, ..self }
    }

    pub(super) const fn server(self, fix: Fix) -> Self {
        Self { server: fix, ..self }
    }

    pub(super) const fn plain(self) -> Self {
        Self { is_plain: true, ..self }
    }

    pub(super) const fn means(self, explanation: &'static str) -> Self {
        Self { explanation, ..self }
    }
}

impl Code {
    /// The name that never changes.
    pub fn name(self) -> &'static str {
        self.row().name
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{Finding, Place, is_valid};
    use super::*;

    #[test]
    fn names_are_plain_and_come_once() {
        let mut names = BTreeSet::new();
        for code in Code::ALL {
            let name = code.name();
            assert!(
                name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(names.insert(name), "{name} comes twice");
        }
    }

    #[test]
    fn each_explanation_is_a_paragraph_of_whole_sentences() {
        for row in Code::ALL.iter().map(|code| code.row()) {
            let text = row.explanation;
            assert!(text.len() > 80 && text.ends_with('.') && !text.contains('\n'), "{}: {text:?}", row.name);
            assert!(!text.contains("  "), "{}: {text:?}", row.name);
        }
    }

    /// A warning says that something could be better: no run may fail for it.
    #[test]
    fn only_errors_keep_a_run_from_writing() {
        for &code in Code::ALL {
            let finding = Finding::new(code, Place::Server, "is not as it should be");
            assert_eq!(is_valid(&[finding]), code.row().severity < Severity::Error, "{}", code.name());
        }
    }

    #[test]
    fn an_error_in_a_file_is_fixed_by_somebody() {
        for code in Code::ALL {
            let Row { name, severity, concerns, ca, leaf, server, .. } = code.row();
            let fixes = [ca.fix, leaf.fix, server];
            let is_of_server = matches!(concerns, Concern::Server | Concern::Configuration);
            if severity == Severity::Error && !is_of_server {
                assert!(fixes.iter().any(|fix| *fix != Fix::None), "{name} says not how it is fixed");
            }
            for handling in [ca, leaf] {
                let is_repaired = matches!(handling.run, Run::Reissues | Run::Rewrites);
                assert!(
                    !is_repaired || handling.fix != Fix::None,
                    "{name}: a run repairs it, and no fix says so"
                );
            }
        }
    }
}
