//! The only code that creates, renames or removes files.
//!
//! A run holds a lock on its directory, and works through its open handle. What it writes goes, whole and synced,
//! into a directory beside the files (`.milvus-certgen`, the stage); then a journal of the names is moved into it in one
//! rename, and that is the moment of decision. Only after it are the files moved to their places. A run that finds a
//! journal finishes the moves; one that finds staged files without a journal throws them away. So after a kill at any
//! moment the next run sees either the old set or the new one, whole. Readers may see a mix for the microseconds
//! between the moves.
//!
//! A transaction is one directory's. Whoever may write to the directory can create a stage too: it is used only
//! if it is this user's own, and it never says where a file goes.

use std::fs::{File, TryLockError};
use std::io::{self, ErrorKind};
use std::path::Path;

use crate::error::{Failure, Result};
use crate::files::shown;

mod files;
mod journal;
mod make;
mod stage;
mod sync;

pub use files::Change;
pub(super) use files::why;
pub use stage::Interrupted;

use super::dir::{Dir, DirectoryId, Kind};
use files::{failed, set_access, write_new};
use journal::Journal;
use make::{Made, check_makeable, open, open_or_make};
use stage::{JOURNAL, JOURNAL_DRAFT, Stage};
use sync::{sync_all, sync_dir};

/// The number of files that are open at once.
const OPEN_AT_ONCE: usize = 64;

/// A moment within a transaction, told to an observer: the tests end the process at one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The directory for staged files exists.
    StageMade,
    /// The file with this number is staged.
    Staged(usize),
    /// The journal is written, but not yet in its place.
    JournalDrafted,
    /// The journal is in its place: the new set counts from here on.
    Decided,
    /// The file with this number is in its place.
    Moved(usize),
    /// All files are in their places.
    AllMoved,
    /// The journal is gone.
    JournalRemoved,
}

/// A directory, locked for one run.
#[derive(Debug)]
pub struct Directory {
    dir: Dir,
    /// The directories that this run created, outermost first.
    made: Vec<Made>,
}

impl Directory {
    /// Opens the directory without a lock: to look at it, or to ask which comes first. `None` if it does not exist.
    pub fn find(path: &Path) -> Result<Option<Dir>> {
        open(path)
    }

    /// An error if a run could not write to the directory, or not make it. Changes nothing.
    pub fn check_writable(path: &Path) -> Result<()> {
        match open(path)? {
            Some(dir) if dir.is_writable() => Ok(()),
            Some(_) => Err(failed(path, "cannot be written to", &ErrorKind::PermissionDenied.into())),
            None => check_makeable(path),
        }
    }

    /// Opens the directory, and makes it with its parents if it is missing. It is not locked yet: where a run needs
    /// several, the order of the locks goes by [`Directory::id`].
    pub fn open(path: &Path) -> Result<Self> {
        let mut made = Vec::new();
        let dir = open_or_make(path, &mut made);
        let made_some = |made: Vec<Made>| made.iter().rev().for_each(Made::remove);
        match dir {
            Ok(dir) => Ok(Self { dir, made }),
            Err(failure) => {
                made_some(made);
                Err(failure)
            }
        }
    }

    /// Opens a directory in this one, and makes it if it is missing; a link in its place is refused.
    pub fn open_below(&self, name: &str) -> Result<Self> {
        let path = self.dir.path().join(name);
        match self.dir.create_dir(name.as_ref(), 0o777) {
            Ok(()) => {}
            Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
            Err(e) => return Err(failed(&path, "cannot be created", &e)),
        }
        let dir =
            self.dir.sub(name).map_err(|e| failed(&path, "is not a directory", &e).hint("move it away"))?;
        Ok(Self { dir, made: Vec::new() })
    }

    /// Waits for other runs in the directory. `on_wait` is called before a wait. False if by the time it is locked
    /// the path leads to another directory: a run that failed has removed the one it had made.
    pub fn lock(&self, on_wait: impl Fn()) -> Result<bool> {
        let path = self.dir.path();
        match self.dir.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                on_wait();
                self.dir.lock().map_err(|e| failed(path, "cannot be locked", &e))?;
            }
            Err(TryLockError::Error(e)) => return Err(failed(path, "cannot be locked", &e)),
        }
        let there = Dir::open(path).and_then(|dir| dir.id()).ok();
        Ok(there.is_some() && there == self.dir.id().ok())
    }

    /// Identifies the directory whatever its path; runs lock in this order.
    pub fn id(&self) -> Result<DirectoryId> {
        self.dir.id().map_err(|e| failed(self.dir.path(), "cannot be read", &e))
    }

    /// For reading.
    pub fn dir(&self) -> &Dir {
        &self.dir
    }

    /// Finishes a run that was interrupted after its decision, and clears what one left before it.
    /// True if files were moved.
    pub fn recover(&self) -> Result<bool> {
        let (stage, journal) = match Interrupted::find(&self.dir)? {
            Some(interrupted) => {
                let (stage, journal) = interrupted.into_parts();
                (stage, Some(journal))
            }
            None => match Stage::find(&self.dir)? {
                Some(stage) => (stage, None),
                None => return Ok(false),
            },
        };
        if let Some(journal) = &journal {
            self.roll_forward(&stage, journal, &mut |_| {})?;
        }
        stage.clear(&self.dir)?;
        Ok(journal.is_some())
    }

    /// Puts the files in their places, all or none. `at` is told of every step.
    pub fn commit(&self, changes: &[Change], at: &mut dyn FnMut(Step)) -> Result<()> {
        match self.stage(changes, at)? {
            Some(staged) => staged.commit(at),
            None => Ok(()),
        }
    }

    /// Writes and syncs the files, without putting them in their places. Nothing is left of it if it fails, or if
    /// the result is dropped by [`Staged::discard`]. `None` without changes.
    pub fn stage(&self, changes: &[Change], at: &mut dyn FnMut(Step)) -> Result<Option<Staged<'_>>> {
        if changes.is_empty() {
            return Ok(None);
        }
        let names = changes.iter().map(|change| change.name.clone()).collect();
        let journal = Journal::new(names).ok_or_else(|| unwritable_names(self.dir.path(), changes))?;
        let stage = Stage::create(&self.dir)?;
        at(Step::StageMade);
        match self.fill(&stage, changes, &journal, at) {
            Ok(()) => Ok(Some(Staged { directory: self, stage, journal })),
            Err(failure) => {
                let _ = stage.clear(&self.dir);
                Err(failure)
            }
        }
    }

    /// Removes the directories that this run created, as far as they are empty.
    pub fn abandon(self) {
        self.dir.release();
        self.made.iter().rev().for_each(Made::remove);
    }

    fn fill(
        &self,
        stage: &Stage,
        changes: &[Change],
        journal: &Journal,
        at: &mut dyn FnMut(Step),
    ) -> Result<()> {
        let unsynced = |e: io::Error| failed(self.dir.path(), "cannot be synced", &e);
        let mut files = Vec::new();
        for (i, change) in changes.iter().enumerate() {
            self.check_place(&change.name)?;
            let path = self.dir.path().join(&change.name);
            let file = write_new(&stage.dir, &change.name, change.mode, &change.contents)
                .map_err(|e| failed(&path, "cannot be written", &e))?;
            set_access(&file, change, &path)?;
            files.push(file);
            if files.len() == OPEN_AT_ONCE {
                sync_all(&files.iter().collect::<Vec<_>>()).map_err(unsynced)?;
                files.clear();
            }
            at(Step::Staged(i));
        }
        let draft = write_new(&stage.dir, JOURNAL_DRAFT, 0o600, journal.text().as_bytes());
        files.push(draft.map_err(|e| failed(self.dir.path(), "cannot be written to", &e))?);
        // The entries of the stage, the stage's own, and those of the directories on the way to it.
        let mut all: Vec<&File> = files.iter().collect();
        let made = self.made.iter().map(|made| &made.parent);
        all.extend([&stage.dir, &self.dir].into_iter().chain(made).filter_map(Dir::to_sync));
        sync_all(&all).map_err(unsynced)?;
        at(Step::JournalDrafted);
        Ok(())
    }

    fn check_place(&self, name: &str) -> Result<()> {
        if self.dir.entry(name).is_ok_and(|entry| entry.is_some_and(|entry| entry.kind == Kind::Dir)) {
            let path = self.dir.path().join(name);
            return Err(Failure::failed(format!("{}: is a directory, where a file should be", shown(&path)))
                .hint("move it away"));
        }
        Ok(())
    }

    fn roll_forward(&self, stage: &Stage, journal: &Journal, at: &mut dyn FnMut(Step)) -> Result<()> {
        for (i, name) in journal.names().iter().enumerate() {
            match stage.dir.rename(name, &self.dir, name) {
                Ok(()) => at(Step::Moved(i)),
                // Moved by the run that was interrupted.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => {
                    return Err(failed(&self.dir.path().join(name), "cannot be replaced", &e)
                        .hint("fix that, then run again: the new files are staged beside the old ones"));
                }
            }
        }
        sync_dir(&self.dir).map_err(|e| failed(self.dir.path(), "cannot be synced", &e))?;
        at(Step::AllMoved);
        stage
            .dir
            .remove(JOURNAL.as_ref())
            .map_err(|e| failed(&stage.dir.path().join(JOURNAL), "cannot be removed", &e))?;
        at(Step::JournalRemoved);
        Ok(())
    }
}

/// The file of that name that an interrupted run has staged, whether it had decided or not.
pub fn staged(dir: &Dir, name: &str) -> Result<Option<File>> {
    let stage = Stage::find(dir)?;
    Ok(stage.and_then(|stage| stage.dir.open_file(name).ok().flatten()))
}

/// Files that wait, whole and synced, for their commit.
#[derive(Debug)]
pub struct Staged<'a> {
    directory: &'a Directory,
    stage: Stage,
    journal: Journal,
}

impl Staged<'_> {
    /// Decides, and puts the files in their places.
    pub fn commit(self, at: &mut dyn FnMut(Step)) -> Result<()> {
        let Self { directory, stage, journal } = self;
        let decided = stage
            .dir
            .rename(JOURNAL_DRAFT, &stage.dir, JOURNAL)
            .and_then(|()| sync_dir(&stage.dir))
            .map_err(|e| failed(directory.dir.path(), "cannot be written to", &e));
        if let Err(failure) = decided {
            let _ = stage.clear(&directory.dir);
            return Err(failure);
        }
        at(Step::Decided);
        directory.roll_forward(&stage, &journal, at)?;
        stage.clear(&directory.dir)
    }

    /// Throws the files away.
    pub fn discard(self) {
        let _ = self.stage.clear(&self.directory.dir);
    }
}

fn unwritable_names(dir: &Path, changes: &[Change]) -> Failure {
    let mut names = changes.iter().map(|change| change.name.as_str());
    let bad = names.find(|name| !journal::is_plain(name)).unwrap_or_default();
    Failure::failed(format!("{}: the file name {bad:?} cannot be written", shown(dir)))
        .hint("use names without line breaks and other control characters, of at most 255 bytes")
}
