//! Collects findings while files are checked.

use super::clients::{self, Case, Part};
use super::finding::{Finding, Message, Owner};
use super::table::Code;
use crate::files::FileKind;
use crate::profile::Role;

/// Collects findings about the files of one owner.
pub(super) struct Findings {
    pub(super) owner: Owner,
    /// The role of the certificate that is checked.
    pub(super) role: Role,
    /// The part that is checked, if it is not the file's own.
    pub(super) part: Option<Part>,
    pub(super) list: Vec<Finding>,
}

impl Findings {
    pub(super) fn new(owner: Owner, role: Role) -> Self {
        Self { owner, role, part: None, list: Vec::new() }
    }

    pub(super) fn add(&mut self, kind: FileKind, code: Code, message: impl Into<Message>) -> &mut Finding {
        self.add_case(kind, code, Case::Any, message)
    }

    /// One of the cases of a code that clients treat differently.
    pub(super) fn add_case(
        &mut self,
        kind: FileKind,
        code: Code,
        case: Case,
        message: impl Into<Message>,
    ) -> &mut Finding {
        let at = self.list.len();
        let mut finding = Finding::new(code, self.owner.file(kind), message);
        let part = self.part.or_else(|| clients::part(self.owner, self.role, kind));
        if let Some(part) = part {
            finding.rate(case, part, self.role);
        }
        self.list.push(finding);
        &mut self.list[at]
    }

    pub(super) fn certificate(&mut self, code: Code, message: impl Into<Message>) -> &mut Finding {
        self.add(FileKind::Certificate, code, message)
    }

    pub(super) fn certificate_case(
        &mut self,
        code: Code,
        case: Case,
        message: impl Into<Message>,
    ) -> &mut Finding {
        self.add_case(FileKind::Certificate, code, case, message)
    }

    /// Checks another part than the owner's own file: a CA above a certificate, for example.
    pub(super) fn about(&mut self, part: Part, check: impl FnOnce(&mut Self)) {
        let mut own = Self { part: Some(part), list: Vec::new(), ..*self };
        check(&mut own);
        self.list.append(&mut own.list);
    }

    /// A check that was left out.
    pub(super) fn not_checked(&mut self, kind: FileKind, message: Message) {
        self.add(kind, Code::NotChecked, message.and(" was not checked"));
    }
}
