//! The only code that creates, renames or removes files.
//!
//! A run holds a lock on its directory. What it writes goes, whole and synced, into a directory beside the files
//! (`.milvus-certgen`); then a journal of the names is put there in one rename, and that is the moment of decision.
//! Only after it are the files moved to their places. A run that finds a journal finishes the moves; one that
//! finds staged files without a journal throws them away. So after a kill at any moment the next run sees either
//! the old set or the new one, whole. Readers may see a mix for the microseconds between the moves.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::error::{Failure, Result};
use crate::files::{Owner, shown};

pub(super) mod files;
mod journal;

pub use journal::Journal;

use files::{
    clear, failed, is_there, lock_there, make_if_missing, make_stage, parent_missing, set_access, sync,
    sync_all, write_new,
};

use journal::{Entry, JOURNAL, text_of};

const STAGE: &str = ".milvus-certgen";
const JOURNAL_DRAFT: &str = "journal.new";
/// Which other directories have staged files of this transaction, for whoever clears up.
const PLACES: &str = "places";

impl Change {
    /// A file with the mode of its kind.
    #[must_use]
    pub fn new(name: String, mode: u32, contents: Zeroizing<Vec<u8>>) -> Self {
        Self { name, place: None, mode, exact_mode: false, owner: None, contents }
    }

    /// Sets the mode and the owner, where they were asked for.
    pub fn give(&mut self, mode: Option<u32>, owner: Option<Owner>) {
        self.owner = owner;
        if let Some(mode) = mode {
            self.mode = mode;
            self.exact_mode = true;
        }
    }
}

/// One file to be put in its place.
#[derive(Debug)]
pub struct Change {
    /// The name within the directory.
    pub name: String,
    /// The directory, whole, where it is not the set's own.
    pub place: Option<PathBuf>,
    /// The mode with which it is created; less what the umask takes, but for a mode that was asked for.
    pub mode: u32,
    /// The mode was asked for.
    pub exact_mode: bool,
    /// Who owns it, if that was asked for.
    pub owner: Option<Owner>,
    /// All of it.
    pub contents: Zeroizing<Vec<u8>>,
}

/// A moment within a transaction, told to an observer: the tests end the process there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The directory for staged files is there.
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

/// A set's directory, locked for one run.
#[derive(Debug)]
pub struct Directory {
    path: PathBuf,
    /// Holds the lock, and syncs the directory's entries.
    handle: File,
    created: bool,
}

impl Directory {
    /// Opens the directory, makes it if it is missing (but not its parent), and waits for other runs in it.
    /// `waiting` is called before a wait.
    pub fn lock(path: &Path, waiting: impl Fn()) -> Result<Self> {
        loop {
            let created = make_if_missing(path)?;
            if let Some(handle) = lock_there(path, &waiting)? {
                return Ok(Self { path: path.to_owned(), handle, created });
            }
            // A run that failed has removed the directory it had made, while this one waited for it.
        }
    }

    /// The same for a directory that must be there.
    pub fn lock_existing(path: &Path, waiting: impl Fn()) -> Result<Self> {
        match lock_there(path, &waiting)? {
            Some(handle) => Ok(Self { path: path.to_owned(), handle, created: false }),
            None => Err(Failure::failed(format!("{}: there is no such directory", shown(path)))
                .hint("name the directory of a CA")),
        }
    }

    /// What tells this directory from another, whatever their paths: runs lock in this order.
    #[must_use]
    pub fn identity(path: &Path) -> Option<(u64, u64)> {
        fs::metadata(path).ok().map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// Makes the directory if it is missing (but not its parent).
    pub fn make(path: &Path) -> Result<bool> {
        make_if_missing(path)
    }

    /// True if the directory is there; an error if [`Directory::lock`] could not make it. Changes nothing.
    pub fn exists(path: &Path) -> Result<bool> {
        if is_there(path)? {
            return Ok(true);
        }
        match path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
            Some(parent) if !parent.exists() => Err(parent_missing(path, parent)),
            _ => Ok(false),
        }
    }

    /// Finishes a run that was interrupted after its decision, and clears what one left before it.
    /// True if files were moved.
    pub fn recover(&self) -> Result<bool> {
        let stage = self.stage();
        match fs::symlink_metadata(&stage) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(false),
            Err(e) => return Err(failed(&stage, "cannot be read", &e)),
            Ok(metadata) if !metadata.is_dir() => {
                return Err(Failure::failed(format!("{}: is not a directory", shown(&stage)))
                    .hint("it is this program's place for files on their way; remove it"));
            }
            Ok(_) => {}
        }
        let journal = Journal::find(&self.path)?;
        if let Some(journal) = &journal {
            self.roll_forward(&journal.entries, &mut |_| {})?;
        }
        self.clear_stage()?;
        Ok(journal.is_some())
    }

    /// Puts the files in their places, all or none. `at` is told of every step.
    pub fn commit(&self, changes: &[Change], at: &mut dyn FnMut(Step)) -> Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        let entries: Vec<Entry> = changes
            .iter()
            .map(|change| Entry { name: change.name.clone(), place: change.place.clone() })
            .collect();
        self.make_stages(&entries)
            .and_then(|()| {
                at(Step::StageMade);
                self.stage_all(changes, &entries, at)
            })
            .inspect_err(|_| {
                // Nothing has been moved yet: what was staged, keys among it, goes at once; the journal first, or a
                // kill on the way would leave one that tells of files that are gone.
                let _ = fs::remove_file(self.stage().join(JOURNAL));
                let _ = self.clear_stage();
            })?;
        self.roll_forward(&entries, at)?;
        self.clear_stage()
    }

    /// Removes the directory again if this run made it and nothing came into it.
    pub fn abandon(self) {
        if self.created {
            let _ = fs::remove_dir(&self.path);
        }
    }

    fn stage(&self) -> PathBuf {
        self.path.join(STAGE)
    }

    /// Where the file belongs, and where it waits: on the same file system, so that a rename moves it.
    fn paths(&self, name: &str, place: Option<&Path>) -> (PathBuf, PathBuf) {
        let dir = place.unwrap_or(&self.path);
        (dir.join(name), dir.join(STAGE).join(name))
    }

    fn make_stages(&self, entries: &[Entry]) -> Result<()> {
        make_stage(&self.path)?;
        let mut places: Vec<&Path> = entries.iter().filter_map(|entry| entry.place.as_deref()).collect();
        places.dedup();
        if places.is_empty() {
            return Ok(());
        }
        let lines: Vec<String> = places.iter().map(|place| place.to_string_lossy().into_owned()).collect();
        let file = write_new(&self.stage().join(PLACES), 0o600, lines.join("\n").as_bytes());
        file.map_err(|e| failed(&self.path, "cannot be written to", &e))?;
        for place in places {
            make_if_missing(place)?;
            clear(&place.join(STAGE))?;
            make_stage(place)?;
        }
        Ok(())
    }

    fn stage_all(&self, changes: &[Change], entries: &[Entry], at: &mut dyn FnMut(Step)) -> Result<()> {
        let stage = self.stage();
        let mut files = Vec::with_capacity(changes.len());
        for (i, change) in changes.iter().enumerate() {
            let (place, staged) = self.paths(&change.name, change.place.as_deref());
            if fs::symlink_metadata(&place).is_ok_and(|metadata| metadata.is_dir()) {
                return Err(Failure::failed(format!(
                    "{}: is a directory, where a file should be",
                    shown(&place)
                ))
                .hint("move it away"));
            }
            let file = write_new(&staged, change.mode, &change.contents)
                .map_err(|e| failed(&place, "cannot be written", &e))?;
            set_access(&file, change, &place)?;
            files.push(file);
            at(Step::Staged(i));
        }
        sync_all(&files).map_err(|e| failed(&self.path, "cannot be synced", &e))?;
        let (draft, place) = (stage.join(JOURNAL_DRAFT), stage.join(JOURNAL));
        let decided = write_new(&draft, 0o600, text_of(entries).as_bytes()).and_then(|file| {
            file.sync_all()?;
            at(Step::JournalDrafted);
            for place in entries.iter().filter_map(|entry| entry.place.as_deref()) {
                sync(&place.join(STAGE))?;
            }
            sync(&stage)?;
            fs::rename(&draft, &place)?;
            sync(&stage)
        });
        decided.map_err(|e| failed(&self.path, "cannot be written to", &e))?;
        self.handle.sync_all().map_err(|e| failed(&self.path, "cannot be synced", &e))?;
        at(Step::Decided);
        Ok(())
    }

    fn roll_forward(&self, entries: &[Entry], at: &mut dyn FnMut(Step)) -> Result<()> {
        for (i, entry) in entries.iter().enumerate() {
            let (place, staged) = self.paths(&entry.name, entry.place.as_deref());
            match fs::rename(staged, &place) {
                Ok(()) => at(Step::Moved(i)),
                // Moved by the run that was interrupted.
                Err(e) if e.kind() == ErrorKind::NotFound => {}
                Err(e) => {
                    return Err(failed(&place, "cannot be replaced", &e)
                        .hint("mend that, then run again: the new files wait beside the old ones"));
                }
            }
        }
        for place in entries.iter().filter_map(|entry| entry.place.as_deref()) {
            sync(place).map_err(|e| failed(place, "cannot be synced", &e))?;
        }
        self.handle.sync_all().map_err(|e| failed(&self.path, "cannot be synced", &e))?;
        at(Step::AllMoved);
        let journal = self.stage().join(JOURNAL);
        fs::remove_file(&journal).map_err(|e| failed(&journal, "cannot be removed", &e))?;
        at(Step::JournalRemoved);
        Ok(())
    }

    fn clear_stage(&self) -> Result<()> {
        let stage = self.stage();
        let places = fs::read_to_string(stage.join(PLACES)).unwrap_or_default();
        for place in places.lines().map(Path::new).filter(|place| place.is_absolute()) {
            clear(&place.join(STAGE))?;
        }
        clear(&stage)
    }
}
