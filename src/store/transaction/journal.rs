//! The journal: which files a decided transaction moves, and where to.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::STAGE;
use super::files::failed;
use crate::error::{Failure, Result};
use crate::files::shown;

pub(super) const JOURNAL: &str = "journal";
const HEADER: &str = "milvus-certgen journal 1";

/// A file to be moved: its name, and the directory where that is not the set's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) name: String,
    pub(super) place: Option<PathBuf>,
}

/// The files that a decided transaction moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Journal {
    pub(super) entries: Vec<Entry>,
    waiting: Vec<String>,
}

impl Journal {
    /// Reads the journal of a run that was interrupted after its decision, if there is one. Changes nothing.
    pub fn find(dir: &Path) -> Result<Option<Self>> {
        let path = dir.join(STAGE).join(JOURNAL);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => return Ok(None),
            Err(e) => return Err(failed(&path, "cannot be read", &e)),
        };
        let Some(entries) = parse(&text) else {
            return Err(Failure::failed(format!("{}: is no journal of this program", shown(&path)))
                .hint(format!("look at it, then remove {}", shown(&dir.join(STAGE)))));
        };
        let here = entries.iter().filter(|entry| entry.place.is_none()).map(|entry| entry.name.clone());
        let waiting = here.filter(|name| dir.join(STAGE).join(name).exists()).collect();
        Ok(Some(Self { entries, waiting }))
    }

    /// Where the file waits, relative to the set's directory, if it has not been moved yet.
    #[must_use]
    pub fn staged(&self, name: &str) -> Option<PathBuf> {
        self.waiting.iter().any(|waiting| waiting == name).then(|| Path::new(STAGE).join(name))
    }
}

/// What is written down before a transaction's decision.
pub(super) fn text_of(entries: &[Entry]) -> String {
    let mut text = format!("{HEADER}\n");
    for entry in entries {
        text.push_str(&entry.name);
        if let Some(place) = &entry.place {
            text.push('\t');
            text.push_str(&place.to_string_lossy());
        }
        text.push('\n');
    }
    text
}

/// The entries come from a file: none of the names may lead out of its directory, and a place is said whole.
fn parse(text: &str) -> Option<Vec<Entry>> {
    let mut lines = text.lines();
    if lines.next() != Some(HEADER) {
        return None;
    }
    let entries: Vec<Entry> = lines
        .map(|line| {
            let (name, place) = match line.split_once('\t') {
                Some((name, place)) => (name, Some(PathBuf::from(place))),
                None => (line, None),
            };
            let is_plain = !name.is_empty() && !name.contains('/') && !name.starts_with('.');
            let is_whole = place.as_ref().is_none_or(|place| place.is_absolute());
            (is_plain && is_whole).then(|| Entry { name: name.to_owned(), place })
        })
        .collect::<Option<_>>()?;
    Some(entries).filter(|entries| !entries.is_empty())
}
