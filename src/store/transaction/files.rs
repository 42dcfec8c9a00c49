//! One file of a transaction, and what can go wrong with it.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;

use zeroize::Zeroizing;

use crate::error::{Failure, Result};
use crate::files::{Owner, quoted, shown};
use crate::store::dir::{Dir, set_mode, set_owner};

/// One file to be put in its place.
#[derive(Debug)]
pub struct Change {
    /// The name within the directory.
    pub name: String,
    /// The mode with which it is created; reduced by the umask, except for a mode that is set explicitly.
    pub mode: u32,
    /// The mode is set explicitly.
    pub exact_mode: bool,
    /// The owner, if set.
    pub owner: Option<Owner>,
    /// Its contents stay: it is written because of its mode or owner.
    pub access_only: bool,
    /// All of it.
    pub contents: Zeroizing<Vec<u8>>,
}

impl Change {
    /// A file with the mode of its kind.
    pub fn new(name: String, mode: u32, contents: Zeroizing<Vec<u8>>) -> Self {
        Self { name, mode, exact_mode: false, owner: None, access_only: false, contents }
    }

    /// Sets the mode and the owner, if they are set explicitly.
    pub fn give(&mut self, mode: Option<u32>, owner: Option<Owner>) {
        self.owner = owner;
        if let Some(mode) = mode {
            self.mode = mode;
            self.exact_mode = true;
        }
    }
}

/// Creates a file with its final mode, and writes it.
pub(super) fn write_new(dir: &Dir, name: &str, mode: u32, contents: &[u8]) -> io::Result<File> {
    let mut file = dir.create(name, mode)?;
    file.write_all(contents)?;
    Ok(file)
}

/// Gives the file to its owner while it is still staged, in a directory that nobody else may enter.
pub(super) fn set_access(file: &File, change: &Change, path: &Path) -> Result<()> {
    if change.exact_mode {
        set_mode(file, change.mode).map_err(|e| failed(path, "cannot be given its mode", &e))?;
    }
    let Some(owner) = change.owner else { return Ok(()) };
    set_owner(file, owner).map_err(|e| {
        Failure::failed(format!("{}: cannot be given to --owner {owner}: {}", shown(path), why(&e)))
            .hint("run as root, or leave --owner out and run as that user")
    })
}

pub(super) fn failed(path: &Path, what: &str, error: &io::Error) -> Failure {
    let failure = Failure::failed(format!("{}: {what}: {}", shown(path), why(error)));
    match error.kind() {
        ErrorKind::PermissionDenied => {
            failure.hint("run as the directory's owner, or choose a directory of yours with --out-dir")
        }
        ErrorKind::ReadOnlyFilesystem => {
            failure.hint("choose a directory that can be written with --out-dir")
        }
        ErrorKind::StorageFull => failure.hint("free some space, or choose another directory with --out-dir"),
        _ => failure.hint(format!("look at it with: ls -la {}", quoted(path))),
    }
}

/// The operating system's words without Rust's "(os error 13)", in lower case as all of ours.
pub(in crate::store) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}
