//! Private parsers for the fuzz targets; only in builds with `--cfg fuzzing` (see `tests/fuzz/run`).
//!
//! The two files are compiled here once more, so that nothing of the modules around them becomes public.

use std::path::Path;

pub use crate::foreign::{is_hidden, printable};
pub use crate::form::{Form, holds_key};
pub use crate::pem::{blocks, encode, oddity};

#[path = "store/transaction/journal.rs"]
mod journal;
#[path = "commands/names.rs"]
#[expect(dead_code, reason = "the commands use the rest")]
mod names;

/// The names of a journal, and the text that it is written as; `None` if it is not accepted.
pub fn journal(text: &str) -> Option<(Vec<String>, String)> {
    journal::Journal::parse(text).map(|journal| (journal.names().to_vec(), journal.text()))
}

/// The names of a file for `--from`, each with its line; `None` if it is not accepted.
pub fn names(file: &[u8]) -> Option<Vec<(usize, String)>> {
    let listed = names::list(file, Path::new("-")).ok()?;
    Some(listed.into_iter().map(|listed| (listed.line, listed.name)).collect())
}
