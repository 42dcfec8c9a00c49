//! The table: each rule is checked with the clients themselves, on live handshakes, by `tests/it/agreement`.

use super::super::Code;
use super::{Case, Client, Part, Rule};

mod cas;
mod files;
mod issuers;
mod names;

/// All rules.
pub fn rules() -> impl Iterator<Item = &'static Rule> {
    [files::RULES, issuers::RULES, names::RULES, cas::RULES].into_iter().flatten()
}

type By = &'static [(Client, &'static str)];

const fn rule(code: Code, part: Part, by: By) -> Rule {
    case(code, Case::Any, part, by)
}

const fn case(code: Code, case: Case, part: Part, by: By) -> Rule {
    Rule { code, case, part, by }
}

const SHAKER: &str = "Failed to create security handshaker.";
const APPEND: &str = "credentials: failed to append certificates";
const PURPOSE: &str = "unsuitable certificate purpose";
