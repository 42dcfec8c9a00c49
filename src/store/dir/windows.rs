//! A directory by its path, for Windows: files in it have the access rules of the directory; it has no modes and
//! no owners, and a link is looked at before it is followed, which is two steps.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, ErrorKind};
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Entry, Kind, MOST_LINKS, absent, leads_out};
use crate::files::Owner;

/// Is in the directory while a run holds it. Windows removes it with its last handle, also of a run that is killed.
const LOCK: &str = ".milvus-certgen.lock";
/// FILE_FLAG_DELETE_ON_CLOSE, and the rights GENERIC_WRITE and DELETE that it takes (winnt.h).
const DELETE_ON_CLOSE: u32 = 0x0400_0000;
const WRITE_AND_DELETE: u32 = 0x4000_0000 | 0x0001_0000;
/// ERROR_SHARING_VIOLATION: somebody has the file open (winerror.h).
const SHARING_VIOLATION: i32 = 32;
/// ERROR_ACCESS_DENIED: the file is about to go, or this user may create none here.
const ACCESS_DENIED: i32 = 5;
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(20);
/// A second: a file that is about to go takes much less.
const MOST_DENIALS: u32 = 50;

/// An existing directory.
#[derive(Debug)]
pub struct Dir {
    /// As it was given.
    path: PathBuf,
    /// The lock, while this run holds it.
    lock: Mutex<Option<File>>,
}

/// Tells one directory from another: the path with all links followed, as a hash.
pub type DirectoryId = (u64, u64);

impl Dir {
    /// Opens the directory. The path was typed by the user: links in it are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        if !fs::metadata(path)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Ok(Self { path: path.to_owned(), lock: Mutex::default() })
    }

    /// Opens a directory in this one; a link in its place is an error.
    pub fn sub(&self, name: &str) -> io::Result<Self> {
        let path = self.path.join(name);
        if !fs::symlink_metadata(&path)?.is_dir() {
            return Err(ErrorKind::NotADirectory.into());
        }
        Self::open(&path)
    }

    /// As it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Nothing: NTFS keeps a journal of the entries itself, and has no call that waits for it.
    pub fn to_sync(&self) -> Option<&File> {
        None
    }

    /// Locks the directory, if no other run holds it.
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        let mut denials = 0;
        loop {
            let opened = OpenOptions::new()
                .write(true)
                .create(true)
                .truncate(false)
                .access_mode(WRITE_AND_DELETE)
                .share_mode(0)
                .custom_flags(DELETE_ON_CLOSE)
                .open(self.path.join(LOCK));
            match opened {
                Ok(file) => {
                    self.hold(Some(file));
                    return Ok(());
                }
                Err(e) if e.raw_os_error() == Some(SHARING_VIOLATION) => {
                    return Err(TryLockError::WouldBlock);
                }
                Err(e) if e.raw_os_error() == Some(ACCESS_DENIED) => {
                    denials += 1;
                    if denials > MOST_DENIALS {
                        // If no file can be created, two runs cannot both write.
                        return Ok(());
                    }
                    thread::sleep(BETWEEN_ATTEMPTS);
                }
                // A run that failed has removed the directory that it had made: whoever locks asks for that next.
                Err(e) if e.kind() == ErrorKind::NotFound => return Ok(()),
                Err(e) => return Err(TryLockError::Error(e)),
            }
        }
    }

    fn hold(&self, file: Option<File>) {
        *self.lock.lock().unwrap_or_else(PoisonError::into_inner) = file;
    }

    /// Locks the directory, and waits for the run that holds it.
    pub fn lock(&self) -> io::Result<()> {
        loop {
            match self.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => thread::sleep(BETWEEN_ATTEMPTS),
                Err(TryLockError::Error(e)) => return Err(e),
            }
        }
    }

    /// Before the directory is removed: with the lock in it that fails.
    pub fn release(&self) {
        self.hold(None);
    }

    /// True if a run holds the directory.
    pub fn is_locked(&self) -> bool {
        let opened = File::open(self.path.join(LOCK));
        opened.is_err_and(|e| e.raw_os_error() == Some(SHARING_VIOLATION))
    }

    /// See [`effective_user`]; nobody else's mode.
    #[expect(clippy::unnecessary_wraps, reason = "Unix asks the system")]
    pub fn user_and_mode(&self) -> io::Result<(u32, u32)> {
        Ok((effective_user(), 0o700))
    }

    /// Nothing: it has the access rules of the directory that it is in.
    #[expect(clippy::unnecessary_wraps, reason = "Unix asks the system")]
    pub fn restrict(&self) -> io::Result<()> {
        Ok(())
    }

    /// See [`DirectoryId`].
    pub fn id(&self) -> io::Result<DirectoryId> {
        let mut hasher = DefaultHasher::new();
        self.path.canonicalize()?.hash(&mut hasher);
        Ok((hasher.finish(), 0))
    }

    /// The entry of that name; `None` if none exists.
    pub fn entry(&self, name: &str) -> io::Result<Option<Entry>> {
        let metadata = match fs::symlink_metadata(self.path.join(name)) {
            Ok(metadata) => metadata,
            Err(e) => return absent(e),
        };
        let kind = match metadata.file_type() {
            kind if kind.is_symlink() => Kind::Link,
            kind if kind.is_dir() => Kind::Dir,
            kind if kind.is_file() => Kind::File,
            _ => Kind::Other,
        };
        let written = metadata.modified()?.duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        // A file that replaces it has another time.
        let inode = u64::try_from(written.as_nanos()).unwrap_or_default();
        Ok(Some(Entry { kind, inode, mode: 0o600, user: effective_user(), group: 0 }))
    }

    /// Opens a file to read it. A link is followed if it leads to a file of this same directory; any other is an
    /// error.
    pub fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        let mut name = OsString::from(name);
        for links in 0..MOST_LINKS {
            let path = self.path.join(&name);
            match fs::symlink_metadata(&path) {
                Ok(metadata) if metadata.is_symlink() => name = self.linked(&name)?,
                Ok(_) => return open_path(&path),
                Err(e) if e.kind() == ErrorKind::NotFound && links > 0 => break,
                Err(e) => return absent(e),
            }
        }
        Err(leads_out())
    }

    /// The same for a file that is only looked at: a link may lead anywhere.
    pub fn open_followed(&self, name: &str) -> io::Result<Option<File>> {
        open_path(&self.path.join(name))
    }

    /// The target of a link, as it is written.
    pub fn link_target(&self, name: &OsStr) -> io::Result<PathBuf> {
        fs::read_link(self.path.join(name))
    }

    /// The name in this directory that a link leads to.
    fn linked(&self, name: &OsStr) -> io::Result<OsString> {
        let target = self.path.join(self.link_target(name)?);
        let file = target.file_name().ok_or_else(leads_out)?;
        let parent = target.parent().and_then(|parent| parent.canonicalize().ok());
        if parent == self.path.canonicalize().ok() { Ok(file.to_owned()) } else { Err(leads_out()) }
    }

    /// Creates a file, which must not exist. It has the access rules of the directory.
    pub fn create(&self, name: &str, _mode: u32) -> io::Result<File> {
        File::create_new(self.path.join(name))
    }

    /// Creates a directory, which must not exist.
    pub fn create_dir(&self, name: &OsStr, _mode: u32) -> io::Result<()> {
        fs::create_dir(self.path.join(name))
    }

    /// Moves a file from here into another directory, replacing an entry of that name.
    pub fn rename(&self, name: &str, to: &Self, new_name: &str) -> io::Result<()> {
        fs::rename(self.path.join(name), to.path.join(new_name))
    }

    /// Removes a file, or a link.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    /// Removes a directory that is empty.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        fs::remove_dir(self.path.join(name))
    }

    /// All names in the directory but the lock's, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let names = fs::read_dir(&self.path)?.map(|entry| entry.map(|entry| entry.file_name()));
        names.filter(|name| name.as_ref().map_or(true, |name| name != LOCK)).collect()
    }

    /// True: what the access rules say is known when a file is created.
    pub fn is_writable(&self) -> bool {
        true
    }
}

/// Opens a file whose path was typed by the user, as [`Dir::open_followed`] does.
pub fn open_path(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        // Windows opens no directories as files, and calls that a denial.
        Err(_) if path.is_dir() => Err(ErrorKind::IsADirectory.into()),
        Err(e) => absent(e),
    }
}

/// There are no numbers of users.
pub fn effective_user() -> u32 {
    0
}

/// There are none that have names in a directory.
pub fn is_socket(_: &io::Error) -> bool {
    false
}

/// True if the file system does not know the operation; unlike one that was tried and failed.
pub fn is_unsupported(error: &io::Error) -> bool {
    error.kind() == ErrorKind::Unsupported
}

/// There are no permission bits.
pub fn mode_of(_: &Path) -> Option<u32> {
    None
}

/// Not known without calls that are unsafe; a file is never given to somebody else here.
pub fn has_other_names(_: &File) -> bool {
    false
}

/// The command line has refused it.
pub fn set_mode(_: &File, _mode: u32) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}

/// The command line has refused it.
pub fn set_owner(_: &File, _owner: Owner) -> io::Result<()> {
    Err(ErrorKind::Unsupported.into())
}
