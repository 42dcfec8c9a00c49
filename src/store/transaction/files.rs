//! The operations on single files and directories that a transaction is made of.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Change, Directory, STAGE};
use crate::error::{Failure, Result};
use crate::files::{shown, typed};

pub(super) fn make_stage(dir: &Path) -> Result<()> {
    let made = fs::DirBuilder::new().mode(0o700).create(dir.join(STAGE));
    made.map_err(|e| failed(dir, "cannot be written to", &e))
}

/// Removes a directory of staged files, if it is one: a link in its place is not followed.
pub(super) fn clear(stage: &Path) -> Result<()> {
    match fs::remove_dir_all(stage) {
        Err(e) if e.kind() != ErrorKind::NotFound => Err(failed(stage, "cannot be removed", &e)),
        _ => Ok(()),
    }
}

/// Opens and locks the directory; `None` if it is not there, or is another one by the time it is locked.
pub(super) fn lock_there(path: &Path, waiting: &impl Fn()) -> Result<Option<File>> {
    let handle = match File::open(path) {
        Ok(handle) => handle,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(failed(path, "cannot be opened", &e)),
    };
    match handle.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => {
            waiting();
            handle.lock().map_err(|e| failed(path, "cannot be locked", &e))?;
        }
        Err(fs::TryLockError::Error(e)) => return Err(failed(path, "cannot be locked", &e)),
    }
    let locked = handle.metadata().map_err(|e| failed(path, "cannot be read", &e))?;
    Ok(Some(handle).filter(|_| Directory::identity(path) == Some((locked.dev(), locked.ino()))))
}

pub(super) fn is_there(path: &Path) -> Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Ok(true),
        Ok(_) => Err(Failure::failed(format!("--out-dir {}: is not a directory", shown(path)))
            .hint("give a directory; it is made if it is missing")),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(failed(path, "cannot be opened", &e)),
    }
}

/// True if the directory was made.
pub(super) fn make_if_missing(path: &Path) -> Result<bool> {
    if is_there(path)? {
        return Ok(false);
    }
    match fs::create_dir(path) {
        Ok(()) => Ok(true),
        // Another run was faster.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(false),
        Err(e) if e.kind() == ErrorKind::NotFound => Err(parent_missing(path, path.parent().unwrap_or(path))),
        Err(e) => Err(failed(path, "cannot be made", &e)),
    }
}

pub(super) fn parent_missing(path: &Path, parent: &Path) -> Failure {
    Failure::failed(format!("--out-dir {}: its parent directory is missing", shown(path)))
        .hint(format!("mkdir -p {}", typed(parent)))
}

/// Creates a file with its final mode, and writes it.
pub(super) fn write_new(path: &Path, mode: u32, contents: &[u8]) -> io::Result<File> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(path)?;
    file.write_all(contents)?;
    Ok(file)
}

/// Gives the file to its owner while it is still staged, in a directory that nobody else may enter.
pub(super) fn set_access(file: &File, change: &Change, place: &Path) -> Result<()> {
    if change.exact_mode {
        let mode = fs::Permissions::from_mode(change.mode);
        file.set_permissions(mode).map_err(|e| failed(place, "cannot be given its mode", &e))?;
    }
    let Some(owner) = change.owner else { return Ok(()) };
    fchown(file, Some(owner.user), owner.group).map_err(|e| {
        Failure::failed(format!("{}: cannot be given to --owner {owner}: {}", shown(place), why(&e)))
            .hint("run as root, or leave --owner out and run as that user")
    })
}

/// Syncs files side by side: a journaling file system takes them together, where one after the other it would
/// write its journal for each.
pub(super) fn sync_all(files: &[File]) -> io::Result<()> {
    const AT_ONCE: usize = 16;
    let next = AtomicUsize::new(0);
    let sync_some = || -> io::Result<()> {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            file.sync_all()?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE.min(files.len())).map(|_| scope.spawn(sync_some)).collect();
        workers.into_iter().try_for_each(|worker| {
            worker.join().unwrap_or_else(|_| Err(io::Error::other("the work stopped")))
        })
    })
}

pub(super) fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
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
        ErrorKind::StorageFull => failure.hint("make room, or choose another directory with --out-dir"),
        _ => failure,
    }
}

/// The operating system's words without Rust's "(os error 13)", in lower case as all of ours.
pub(in crate::store) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    text.to_lowercase()
}
