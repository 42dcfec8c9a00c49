//! `check`: a table of broken sets, and what is said of each.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use milvus_certgen::internal::{Code, Concern};

use crate::support::has;

mod asked;
mod certificates;
mod chains;
mod client;
mod configuration;
mod files;
mod fixes;
mod hostile;
mod mistakes;
mod pairs;
mod row;
pub(crate) mod signing;
mod words;

pub(crate) use row::{Row, Verdict, rows};

/// Exactly these findings, the exit code that follows, and nothing touched. All rows that differ are shown at once.
#[test]
fn each_broken_set_has_its_findings_and_no_others() {
    if !has("openssl") {
        return;
    }
    let mut wrong = String::new();
    for row in rows() {
        let set = row.broken();
        let before = set.snapshot();
        let verdict = Verdict::of(&set, row.asked);
        assert_eq!(set.snapshot(), before, "{}: check changes nothing", row.name);
        let (found, expected) = (verdict.found(), row.expected());
        let exit = if expected.iter().any(|found| found.starts_with("error ")) { 3 } else { 0 };
        if found != expected || verdict.exit != exit {
            writeln!(wrong, "{}: exit {}", row.name, verdict.exit).unwrap();
            expected.difference(&found).for_each(|one| writeln!(wrong, "  not found: {one}").unwrap());
            for one in verdict.findings().filter(|one| !expected.contains(&one.to_string())) {
                writeln!(wrong, "  not expected: {one} {}", one.text("message")).unwrap();
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// So that a new code does not come without a set that has it.
#[test]
fn each_code_is_found_somewhere() {
    // What only a running server shows is `probe`'s.
    let codes: BTreeSet<&str> = Code::ALL
        .iter()
        .map(|code| code.row())
        .filter(|row| !matches!(row.concerns, Concern::Server | Concern::Configuration))
        .map(|row| row.name)
        .collect();
    assert!(codes.contains("missing") && codes.contains("not-checked") && codes.len() > 45, "{codes:?}");
    let expected: Vec<String> = rows().iter().flat_map(row::Row::expected).collect();
    let found: BTreeSet<&str> = expected.iter().map(|one| one.split(' ').nth(1).unwrap()).collect();
    let lacking: Vec<_> = codes.difference(&found).collect();
    assert!(lacking.is_empty(), "{lacking:?}");
}
