//! Making directories that are missing, and taking them away again when nothing came of the run.

use std::ffi::OsString;
use std::io::{self, ErrorKind};
use std::path::{Component, Path};

use super::files::failed;
use crate::error::{Failure, Result};
use crate::files::shown;
use crate::store::dir::Dir;

/// A directory that this run created.
#[derive(Debug)]
pub(super) struct Made {
    /// The parent directory: synced before the journal.
    pub(super) parent: Dir,
    name: OsString,
}

impl Made {
    /// Removes it again if nothing came into it.
    pub(super) fn remove(&self) {
        let _ = self.parent.remove_dir(&self.name);
    }
}

/// Opens the directory; `None` if it does not exist.
pub(super) fn open(path: &Path) -> Result<Option<Dir>> {
    match Dir::open(path) {
        Ok(dir) => Ok(Some(dir)),
        Err(e) if e.kind() == ErrorKind::NotFound => match path.symlink_metadata() {
            // The link was meant for another directory, which is not known here.
            Ok(metadata) if metadata.is_symlink() => Err(Failure::failed(format!(
                "{}: is a symbolic link to {}, which does not exist",
                shown(path),
                shown(&path.read_link().unwrap_or_default())
            ))
            .hint("create that directory, or remove the link")),
            _ => Ok(None),
        },
        Err(e) if e.kind() == ErrorKind::NotADirectory => Err(not_a_directory(path)),
        Err(e) => Err(failed(path, "cannot be opened", &e)),
    }
}

/// Opens the directory, and creates it with its parents if it is missing. Created ones are added to `made`.
pub(super) fn open_or_make(path: &Path, made: &mut Vec<Made>) -> Result<Dir> {
    if let Some(dir) = open(path)? {
        return Ok(dir);
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let parent = open_or_make(parent, made)?;
    let Some(Component::Normal(name)) = path.components().next_back() else {
        return Err(failed(path, "cannot be created", &ErrorKind::NotFound.into()));
    };
    match parent.create_dir(name, 0o777) {
        Ok(()) => made.push(Made { parent, name: name.to_owned() }),
        // Another run was faster.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => {}
        Err(e) => return Err(failed(path, "cannot be created", &e)),
    }
    open(path)?.ok_or_else(|| failed(path, "cannot be opened", &ErrorKind::NotFound.into()))
}

/// An error if the directory could not be created. Changes nothing.
pub(super) fn check_makeable(path: &Path) -> Result<()> {
    for above in path.ancestors().skip(1) {
        let above = if above.as_os_str().is_empty() { Path::new(".") } else { above };
        if let Some(dir) = open(above)? {
            let denied = || failed(path, "cannot be created", &io::Error::from(ErrorKind::PermissionDenied));
            return if dir.is_writable() { Ok(()) } else { Err(denied()) };
        }
    }
    Ok(())
}

fn not_a_directory(path: &Path) -> Failure {
    Failure::failed(format!("{}: is not a directory", shown(path)))
        .hint("name a directory; it is created if it is missing")
}
