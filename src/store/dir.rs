//! A directory. Everything in it is reached from its handle and by one plain name, so that nobody who may write to the
//! directory can redirect a run between two steps. Windows has no such functions in safe Rust: it uses the path.

use std::io::{self, ErrorKind};

use crate::files::Owner;

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

pub use system::has_other_names;
pub use system::{Dir, DirectoryId, mode_of};
pub(super) use system::{effective_user, is_socket, is_unsupported, open_path, set_mode, set_owner};

/// Links within a directory that are followed, one after the other.
const MOST_LINKS: usize = 8;

/// The kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Dir,
    Link,
    Other,
}

/// A directory entry; a link is not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// A file, a directory, a link or something else.
    pub kind: Kind,
    /// Tells it from another file of the same name.
    pub inode: u64,
    /// The permission bits.
    pub mode: u32,
    /// The number of the user who owns it.
    pub user: u32,
    /// Number of its group.
    pub group: u32,
}

impl Entry {
    /// True if it has that mode and owner.
    pub fn has_access(&self, mode: Option<u32>, owner: Option<Owner>) -> bool {
        mode.is_none_or(|mode| self.mode == mode)
            && owner.is_none_or(|owner| {
                self.user == owner.user && owner.group.is_none_or(|group| self.group == group)
            })
    }
}

/// True if the error says that a link leads out of the directory.
pub(super) fn is_link_out(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<LeadsOut>()).is_some()
}

/// See [`is_link_out`].
#[derive(Debug)]
struct LeadsOut;

impl std::fmt::Display for LeadsOut {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a symbolic link out of the directory")
    }
}

impl std::error::Error for LeadsOut {}

fn leads_out() -> io::Error {
    io::Error::other(LeadsOut)
}

fn absent<T>(error: io::Error) -> io::Result<Option<T>> {
    if error.kind() == ErrorKind::NotFound { Ok(None) } else { Err(error) }
}
