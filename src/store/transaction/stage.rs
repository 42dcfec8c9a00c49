//! The stage: a directory beside the files in which a transaction's files wait, and its journal.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::PathBuf;

use super::files::{failed, why};
use super::journal::Journal;
use crate::error::{Failure, Result};
use crate::files::{quoted, shown};
use crate::store::dir::{Dir, Kind, effective_user};

pub(super) const STAGE: &str = ".milvus-certgen";
pub(super) const JOURNAL: &str = "journal";
pub(super) const JOURNAL_DRAFT: &str = "journal.new";
/// Larger than the names of a hundred thousand files.
const LARGEST_JOURNAL: u64 = 16 * 1024 * 1024;

/// An open stage that is this user's own.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) dir: Dir,
}

/// A run that was interrupted after its decision: which of its files count already, and where they wait.
#[derive(Debug)]
pub struct Interrupted {
    stage: Stage,
    journal: Journal,
}

impl Interrupted {
    /// Looks for one in the directory. Changes nothing. A stage of another user is an error.
    pub fn find(dir: &Dir) -> Result<Option<Self>> {
        let Some(stage) = Stage::find(dir)? else { return Ok(None) };
        let journal = stage.journal()?;
        Ok(journal.map(|journal| Self { stage, journal }))
    }

    /// The file as it waits, if it is one of those that are moved and has not been moved yet.
    pub fn open(&self, name: &str) -> Option<File> {
        let is_listed = self.journal.names().iter().any(|listed| listed == name);
        is_listed.then(|| self.stage.dir.open_file(name).ok().flatten()).flatten()
    }

    pub(super) fn into_parts(self) -> (Stage, Journal) {
        (self.stage, self.journal)
    }
}

impl Stage {
    /// Creates the stage, which must not exist.
    pub(super) fn create(parent: &Dir) -> Result<Self> {
        parent
            .create_dir(STAGE.as_ref(), 0o700)
            .map_err(|e| failed(parent.path(), "cannot be written to", &e))?;
        let dir = open(parent)?.ok_or_else(|| changed_meanwhile(parent))?;
        let (user, mode) = dir.user_and_mode().map_err(|e| failed(dir.path(), "cannot be read", &e))?;
        if user != effective_user() {
            return Err(foreign(&dir, user, mode));
        }
        // The umask or an access control list may have changed 0700.
        if mode & 0o777 != 0o700 {
            let _ = dir.restrict();
        }
        match dir.names() {
            Ok(names) if names.is_empty() => Ok(Self { dir }),
            // Made by this run a moment ago, and not what was opened.
            Ok(_) => Err(changed_meanwhile(parent)),
            Err(e) => Err(failed(dir.path(), "cannot be read", &e)),
        }
    }

    /// Opens the stage that an earlier run has left. A stage that another user could have created is refused, and not
    /// followed: it would be moved with this user's rights.
    pub(super) fn find(parent: &Dir) -> Result<Option<Self>> {
        let Some(dir) = open(parent)? else { return Ok(None) };
        let (user, mode) = dir.user_and_mode().map_err(|e| failed(dir.path(), "cannot be read", &e))?;
        if user != effective_user() || mode & 0o022 != 0 {
            return Err(foreign(&dir, user, mode));
        }
        Ok(Some(Self { dir }))
    }

    /// The journal, if the run that left the stage had decided.
    pub(super) fn journal(&self) -> Result<Option<Journal>> {
        let path = self.dir.path().join(JOURNAL);
        let refuse = |why: &str| {
            Err(Failure::failed(format!("{}: {why}", shown(&path))).hint(remove(self.dir.path())))
        };
        match self.dir.entry(JOURNAL) {
            Ok(None) => return Ok(None),
            Ok(Some(entry)) if entry.kind != Kind::File || entry.user != effective_user() => {
                return refuse("is no journal of this program");
            }
            Ok(Some(_)) => {}
            Err(e) => return Err(failed(&path, "cannot be read", &e)),
        }
        match self.read_journal() {
            Ok(Some(journal)) => Ok(Some(journal)),
            Ok(None) => refuse("is no journal of this program"),
            Err(e) => Err(failed(&path, "cannot be read", &e)),
        }
    }

    fn read_journal(&self) -> io::Result<Option<Journal>> {
        let Some(file) = self.dir.open_file(JOURNAL)? else { return Ok(None) };
        if !file.metadata()?.is_file() || file.metadata()?.len() > LARGEST_JOURNAL {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        file.take(LARGEST_JOURNAL).read_to_end(&mut bytes)?;
        Ok(String::from_utf8(bytes).ok().as_deref().and_then(Journal::parse))
    }

    /// Removes the stage and what is in it: the journal first, or a kill on the way would leave one that tells of
    /// files that are gone. Nothing in a stage is a directory.
    pub(super) fn clear(self, parent: &Dir) -> Result<()> {
        let cleared = || -> io::Result<()> {
            remove_if_there(&self.dir, JOURNAL.as_ref())?;
            for name in self.dir.names()? {
                remove_if_there(&self.dir, &name)?;
            }
            parent.remove_dir(STAGE.as_ref())
        };
        match cleared() {
            Err(e) if e.kind() != ErrorKind::NotFound => {
                Err(failed(self.dir.path(), "cannot be removed", &e))
            }
            _ => Ok(()),
        }
    }
}

fn remove_if_there(dir: &Dir, name: &OsStr) -> io::Result<()> {
    match dir.remove(name) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn open(parent: &Dir) -> Result<Option<Dir>> {
    let path = parent.path().join(STAGE);
    match parent.sub(STAGE) {
        Ok(dir) => Ok(Some(dir)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => match parent.entry(STAGE) {
            Ok(Some(entry)) if entry.kind != Kind::Dir => {
                let what = if entry.kind == Kind::Link { "a symbolic link" } else { "not a directory" };
                Err(Failure::failed(format!("{}: is {what}", shown(&path)))
                    .hint(format!("milvus-certgen stages its files there; {}", remove(&path))))
            }
            Ok(Some(entry)) if e.kind() == ErrorKind::PermissionDenied => Err(Failure::failed(format!(
                "{}: cannot be read: {}; user {} left it",
                shown(&path),
                why(&e),
                entry.user
            ))
            .hint(format!("run as that user to finish what was interrupted; or {}", remove(&path)))),
            _ => Err(failed(&path, "cannot be opened", &e)),
        },
    }
}

fn foreign(dir: &Dir, user: u32, mode: u32) -> Failure {
    let why = if user == effective_user() {
        format!("others may write to it (mode {mode:04o})")
    } else {
        format!("belongs to user {user}, and this run is user {}'s", effective_user())
    };
    Failure::failed(format!("{}: {why}: its files are not used", shown(dir.path())))
        .hint(format!("look at it, then {}", remove(dir.path())))
}

fn changed_meanwhile(parent: &Dir) -> Failure {
    Failure::failed(format!("{}: was replaced while it was created", shown(&parent.path().join(STAGE))))
        .hint("another process writes to this directory at the same time: use a separate directory")
}

fn remove(path: &std::path::Path) -> String {
    let path: PathBuf = path.components().collect();
    format!("remove it: rm -rf {}", quoted(&path))
}
