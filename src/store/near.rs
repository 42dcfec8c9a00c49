//! Where the certificates are, if not in the directory that was named: one level below it.

use std::path::{Path, PathBuf};

use crate::files::{BaseName, FileKind};

/// Usual names come first; then all others, by their names.
const USUAL: [&str; 5] = ["certs", "tls", "cert", "certificates", "ssl"];

/// So many are looked at: this is for a hint.
const MOST: usize = 1000;

/// The directory right below that has a CA certificate of that name; one that has the CA key too comes first.
pub fn ca_below(dir: &Path, ca: &BaseName) -> Option<PathBuf> {
    let entries = std::fs::read_dir(dir).ok()?.take(MOST).flatten();
    let others =
        entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path());
    let mut others: Vec<PathBuf> = others.collect();
    others.sort();
    let has = |below: &PathBuf, kind| below.join(ca.file(kind)).is_file();
    let all = || USUAL.iter().map(|name| dir.join(name)).chain(others.iter().cloned());
    let with_ca = |kind| all().find(|below| has(below, FileKind::Certificate) && has(below, kind));
    let found = with_ca(FileKind::Key).or_else(|| with_ca(FileKind::Certificate))?;
    Some(found.strip_prefix(".").map(Path::to_owned).unwrap_or(found))
}
