//! A directory by its handle (openat and its like). `rustix` is used here and nowhere else.

use std::ffi::{OsStr, OsString};
use std::fs::{File, Permissions, TryLockError};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};

use super::{Entry, Kind, MOST_LINKS, absent, leads_out};
use crate::files::Owner;

/// A directory that is open.
#[derive(Debug)]
pub struct Dir {
    handle: File,
    /// As it was given: for messages only.
    path: PathBuf,
}

/// Tells one directory from another, whatever their paths: device and inode.
pub type DirectoryId = (u64, u64);

impl Dir {
    /// Opens the directory. The path was typed by the user: links in it are followed.
    pub fn open(path: &Path) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = rustix::fs::open(path, flags, Mode::empty())?;
        Ok(Self { handle: handle.into(), path: path.to_owned() })
    }

    /// Opens a directory in this one; a link in its place is an error.
    pub fn sub(&self, name: &str) -> io::Result<Self> {
        self.sub_with(name.as_ref(), OFlags::NOFOLLOW)
    }

    fn sub_with(&self, name: &Path, flags: OFlags) -> io::Result<Self> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | flags;
        let handle = rustix::fs::openat(&self.handle, name, flags, Mode::empty())?;
        Ok(Self { handle: handle.into(), path: self.path.join(name) })
    }

    /// As it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The handle to sync so that the directory's entries are durable; `None` where the system has no such call.
    #[expect(clippy::unnecessary_wraps, reason = "Windows has none")]
    pub fn to_sync(&self) -> Option<&File> {
        Some(&self.handle)
    }

    /// Locks the directory, if no other run holds it. The kernel takes the lock back, also from a run that is killed.
    pub fn try_lock(&self) -> Result<(), TryLockError> {
        self.handle.try_lock()
    }

    /// Locks the directory, and waits for the run that holds it.
    pub fn lock(&self) -> io::Result<()> {
        self.handle.lock()
    }

    /// Nothing: a lock does not keep a directory from being removed, and a run that waits for it must see that it is gone.
    #[expect(clippy::unused_self, reason = "Windows gives the lock back")]
    pub fn release(&self) {}

    /// True if a run holds the directory.
    pub fn is_locked(&self) -> bool {
        let other = Self::open(&self.path);
        other.is_ok_and(|other| matches!(other.handle.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }

    /// The number of the user who owns it, and the permission bits.
    pub fn user_and_mode(&self) -> io::Result<(u32, u32)> {
        self.handle.metadata().map(|metadata| (metadata.uid(), metadata.mode() & 0o7777))
    }

    /// Nobody but its owner may enter it.
    pub fn restrict(&self) -> io::Result<()> {
        self.handle.set_permissions(Permissions::from_mode(0o700))
    }

    /// See [`DirectoryId`].
    pub fn id(&self) -> io::Result<DirectoryId> {
        self.handle.metadata().map(|metadata| (metadata.dev(), metadata.ino()))
    }

    /// The entry of that name; `None` if none exists.
    pub fn entry(&self, name: &str) -> io::Result<Option<Entry>> {
        match rustix::fs::statat(&self.handle, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry {
                kind: kind(FileType::from_raw_mode(stat.st_mode)),
                inode: stat.st_ino,
                mode: permissions(Mode::from_raw_mode(stat.st_mode)),
                user: stat.st_uid,
                group: stat.st_gid,
            })),
            Err(e) => absent(e.into()),
        }
    }

    /// Opens a file to read it. A link is followed if it leads to a file of this same directory; any other is an
    /// error. Never waits for whoever might write into a pipe.
    pub fn open_file(&self, name: &str) -> io::Result<Option<File>> {
        let mut name = OsString::from(name);
        for links in 0..MOST_LINKS {
            match rustix::fs::openat(&self.handle, name.as_os_str(), READ | OFlags::NOFOLLOW, Mode::empty()) {
                Ok(file) => return Ok(Some(file.into())),
                Err(rustix::io::Errno::LOOP | rustix::io::Errno::MLINK) => name = self.linked(&name)?,
                Err(rustix::io::Errno::NOENT) if links > 0 => break,
                Err(e) => return absent(e.into()),
            }
        }
        Err(leads_out())
    }

    /// The same for a file that is only looked at: a link may lead anywhere.
    pub fn open_followed(&self, name: &str) -> io::Result<Option<File>> {
        match rustix::fs::openat(&self.handle, name, READ, Mode::empty()) {
            Ok(file) => Ok(Some(file.into())),
            Err(e) => absent(e.into()),
        }
    }

    /// The target of a link, as it is written.
    pub fn link_target(&self, name: &OsStr) -> io::Result<PathBuf> {
        let target = rustix::fs::readlinkat(&self.handle, name, Vec::new())?;
        Ok(PathBuf::from(OsString::from_vec(target.into_bytes())))
    }

    /// The name in this directory that a link leads to.
    fn linked(&self, name: &OsStr) -> io::Result<OsString> {
        let target = self.link_target(name)?;
        let file = target.file_name().ok_or_else(leads_out)?;
        let parent = target.parent().filter(|parent| !parent.as_os_str().is_empty());
        let is_here = match parent {
            None => true,
            Some(parent) => match self.sub_with(parent, OFlags::empty()) {
                Ok(dir) => dir.id()? == self.id()?,
                Err(_) => false,
            },
        };
        if is_here { Ok(file.to_owned()) } else { Err(leads_out()) }
    }

    /// Creates a file, which must not exist, with its final mode.
    pub fn create(&self, name: &str, mode: u32) -> io::Result<File> {
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        Ok(rustix::fs::openat(&self.handle, name, flags, raw(mode))?.into())
    }

    /// Creates a directory, which must not exist.
    pub fn create_dir(&self, name: &OsStr, mode: u32) -> io::Result<()> {
        Ok(rustix::fs::mkdirat(&self.handle, name, raw(mode))?)
    }

    /// Moves a file from here into another directory, replacing an entry of that name.
    pub fn rename(&self, name: &str, to: &Self, new_name: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.handle, name, &to.handle, new_name)?)
    }

    /// Removes a file, or a link.
    pub fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::empty())?)
    }

    /// Removes a directory that is empty.
    pub fn remove_dir(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.handle, name, AtFlags::REMOVEDIR)?)
    }

    /// All names in the directory, in no order.
    pub fn names(&self) -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in rustix::fs::Dir::read_from(&self.handle)? {
            let entry = entry?;
            let name = OsStr::from_bytes(entry.file_name().to_bytes());
            if name != "." && name != ".." {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }

    /// True if this user may create and rename files here, as far as permissions tell.
    pub fn is_writable(&self) -> bool {
        let access = rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK;
        rustix::fs::accessat(&self.handle, ".", access, AtFlags::EACCESS).is_ok()
    }
}

const READ: OFlags = OFlags::RDONLY.union(OFlags::CLOEXEC).union(OFlags::NONBLOCK).union(OFlags::NOCTTY);

/// Opens a file whose path was typed by the user, as [`Dir::open_followed`] does.
pub fn open_path(path: &Path) -> io::Result<Option<File>> {
    match rustix::fs::open(path, READ, Mode::empty()) {
        Ok(file) => Ok(Some(file.into())),
        Err(e) => absent(e.into()),
    }
}

/// The user as whom this process creates files.
pub fn effective_user() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// True if what was to be opened is a socket, or a device that does not exist.
pub fn is_socket(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::NXIO.raw_os_error())
}

/// True if the file system does not know the operation, as shared folders of virtual machines do not know fsync of
/// a directory; unlike an operation that was tried and failed.
pub fn is_unsupported(error: &io::Error) -> bool {
    use rustix::io::Errno;

    [Errno::INVAL, Errno::NOTSUP, Errno::OPNOTSUPP, Errno::NOSYS]
        .iter()
        .any(|errno| error.raw_os_error() == Some(errno.raw_os_error()))
}

#[allow(clippy::useless_conversion, reason = "16 bits on macOS")]
fn raw(mode: u32) -> Mode {
    Mode::from_raw_mode(mode.try_into().unwrap_or_default())
}

#[allow(clippy::useless_conversion, reason = "16 bits on macOS")]
fn permissions(mode: Mode) -> u32 {
    u32::from(mode.as_raw_mode()) & 0o7777
}

fn kind(of: FileType) -> Kind {
    match of {
        FileType::RegularFile => Kind::File,
        FileType::Directory => Kind::Dir,
        FileType::Symlink => Kind::Link,
        _ => Kind::Other,
    }
}

/// The permission bits of an existing file; links are followed. `None` on systems without them.
pub fn mode_of(path: &Path) -> Option<u32> {
    path.metadata().ok().map(|metadata| metadata.permissions().mode() & 0o7777)
}

/// True if the file has further names (hard links).
pub fn has_other_names(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| metadata.nlink() > 1)
}

/// Sets the permission bits of an open file.
pub fn set_mode(file: &File, mode: u32) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(mode))
}

/// Gives an open file to another user.
pub fn set_owner(file: &File, owner: Owner) -> io::Result<()> {
    fchown(file, Some(owner.user), owner.group)
}
