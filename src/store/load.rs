//! Reading the files of a set.

use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::transaction::Journal;
use crate::certificate::{Certificate, certificates_from_pem, csr_from_pem};
use crate::error::{Damage, DamageKind, Failure, Result};
use crate::files::{BaseName, FileKind, Owner, shown};
use crate::set::{CaFiles, LeafFiles, Loaded, Set, parse};

/// Larger than any key or certificate chain; a file beyond it is something else, and not read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// Reads the files that `shape` names. Damage within a file is part of the result; a file that cannot be read at
/// all, a directory in its place or a symbolic link out of the directory is an error.
///
/// Where a run was interrupted after its decision, `journal` says which of its files count already.
pub fn load(dir: &Path, shape: &Set, journal: Option<&Journal>, password: Option<&str>) -> Result<Set> {
    let ca = Reader { dir, journal, unreadable: Unreadable::Refuse }.ca(&shape.ca_base, password)?;
    Ok(Set { ca, ..load_leaves(dir, shape, journal)? })
}

/// Reads the files that `shape` names to look at them and no more: what cannot be read is part of the result, and
/// links are followed wherever they lead, as into the volume of a Kubernetes Secret.
pub fn look(dir: &Path, shape: &Set, journal: Option<&Journal>, password: Option<&str>) -> Result<Set> {
    let reader = Reader { dir, journal, unreadable: Unreadable::Say };
    let mut set = shape.emptied();
    set.ca = reader.ca(&shape.ca_base, password)?;
    for leaf in &mut set.leaves {
        leaf.files = reader.leaf(&leaf.base)?;
    }
    Ok(set)
}

/// Reads one file of each kind to look at it; a path that is not given is a missing file.
#[must_use]
pub fn look_at(key: Option<&Path>, certificate: Option<&Path>, password: Option<&str>) -> LeafFiles {
    LeafFiles {
        key: key.map_or(Loaded::Missing, |path| parsed(looked_at(path), |file| parse::key(file, password))),
        certificate: certificate.map_or(Loaded::Missing, |path| parsed(looked_at(path), parse::certificates)),
        request: Loaded::Missing,
    }
}

/// What a directory holds besides the files that were named: certificates that are no CA's, each with the base name
/// of its file, sorted. What cannot be read or is none is passed over.
pub fn certificates_in(dir: &Path) -> Result<Vec<(BaseName, Certificate)>> {
    let failed = |e: std::io::Error| unreadable(dir, &e);
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let is_pem = path.extension().is_some_and(|extension| extension == "pem");
        let is_plain = path.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
        if !is_pem || !is_plain || path.to_str().is_none() {
            continue;
        }
        let Ok(Some(octets)) = read_typed(&path) else { continue };
        let Ok(mut chain) = certificates_from_pem(&octets) else { continue };
        let certificate = chain.remove(0);
        // A name that could be taken for a flag, or could steer a terminal, is none of a run's.
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        if let (false, Ok(base)) = (certificate.is_ca(), BaseName::parse("NAME", stem)) {
            found.push((base, certificate));
        }
    }
    found.sort_by_key(|(base, _)| base.to_string());
    Ok(found)
}

/// The permission bits of a file that is there.
#[must_use]
pub fn mode_of(path: &Path) -> Option<u32> {
    fs::metadata(path).ok().map(|metadata| metadata.mode() & 0o7777)
}

/// The same without the CA's files.
pub fn load_leaves(dir: &Path, shape: &Set, journal: Option<&Journal>) -> Result<Set> {
    let reader = Reader { dir, journal, unreadable: Unreadable::Refuse };
    let mut set = shape.emptied();
    for leaf in &mut set.leaves {
        leaf.files = reader.leaf(&leaf.base)?;
    }
    Ok(set)
}

/// Reads the files of a CA from elsewhere. Links are followed: the paths were typed.
pub fn load_ca(key: &Path, certificate: &Path, serial: &Path, password: Option<&str>) -> Result<CaFiles> {
    Ok(CaFiles {
        key: parsed(read_followed(key)?, |file| parse::key(file, password)),
        certificate: parsed(read_followed(certificate)?, parse::certificates),
        serial: parsed(read_followed(serial)?, parse::serial),
    })
}

/// Reads a file of a directory; a symbolic link out of it is an error, as everywhere in a set.
pub fn read_in(dir: &Path, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match read_file(dir, &dir.join(name))? {
        Contents::Octets(octets) => Ok(Some(octets)),
        Contents::Missing | Contents::Forbidden(_) | Contents::Unreadable(_) | Contents::TooLarge => Ok(None),
    }
}

/// True if the file has the mode and the owner that were asked for, or is not there.
#[must_use]
pub fn has_access(path: &Path, mode: Option<u32>, owner: Option<Owner>) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return true };
    let has_mode = mode.is_none_or(|mode| metadata.mode() & 0o7777 == mode);
    let is_owned = owner.is_none_or(|owner| {
        metadata.uid() == owner.user && owner.group.is_none_or(|group| metadata.gid() == group)
    });
    has_mode && is_owned
}

/// Reads a file whose path was typed; `None` if there is none.
pub fn read_typed(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match read_followed(path)? {
        Contents::Missing | Contents::Forbidden(_) | Contents::Unreadable(_) => Ok(None),
        Contents::Octets(octets) => Ok(Some(octets)),
        Contents::TooLarge => {
            Err(Failure::failed(format!("{}: is larger than any key or certificate", shown(path)))
                .hint("look at it with: ls -l"))
        }
    }
}

/// What becomes of a file that cannot be read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Unreadable {
    /// It is an error.
    Refuse,
    /// It is part of the result.
    Say,
}

struct Reader<'a> {
    dir: &'a Path,
    journal: Option<&'a Journal>,
    unreadable: Unreadable,
}

impl Reader<'_> {
    fn ca(&self, base: &BaseName, password: Option<&str>) -> Result<CaFiles> {
        Ok(CaFiles {
            key: self.read(&base.file(FileKind::Key), |file| parse::key(file, password))?,
            certificate: self.read(&base.file(FileKind::Certificate), parse::certificates)?,
            serial: self.read(&base.file(FileKind::Serial), parse::serial)?,
        })
    }

    fn leaf(&self, base: &BaseName) -> Result<LeafFiles> {
        Ok(LeafFiles {
            key: self.read(&base.file(FileKind::Key), |file| parse::key(file, None))?,
            certificate: self.read(&base.file(FileKind::Certificate), parse::certificates)?,
            request: self.read(&base.file(FileKind::Csr), csr_from_pem)?,
        })
    }

    fn read<T, P: Into<Loaded<T>>>(&self, name: &str, parse: impl Fn(&[u8]) -> P) -> Result<Loaded<T>> {
        let path = match self.journal.and_then(|journal| journal.staged(name)) {
            Some(staged) => self.dir.join(staged),
            None => self.dir.join(name),
        };
        let contents = match self.unreadable {
            Unreadable::Refuse => read_file(self.dir, &path)?,
            Unreadable::Say => looked_at(&path),
        };
        Ok(parsed(contents, parse))
    }
}

fn looked_at(path: &Path) -> Contents {
    read_followed(path).unwrap_or_else(|failure| {
        let named = format!("{}: ", shown(path));
        let text = failure.message.strip_prefix(&named).unwrap_or(&failure.message).to_owned();
        if is_forbidden(path) { Contents::Forbidden(text) } else { Contents::Unreadable(text) }
    })
}

/// True if it is only this user who may not read the file.
fn is_forbidden(path: &Path) -> bool {
    let is_denied = |e: &std::io::Error| e.kind() == ErrorKind::PermissionDenied;
    match fs::metadata(path) {
        Ok(metadata) => metadata.is_file() && File::open(path).is_err_and(|e| is_denied(&e)),
        Err(e) => is_denied(&e),
    }
}

fn parsed<T, P: Into<Loaded<T>>>(contents: Contents, parse: impl Fn(&[u8]) -> P) -> Loaded<T> {
    match contents {
        Contents::Missing => Loaded::Missing,
        Contents::Forbidden(problem) => Loaded::Forbidden(problem),
        Contents::Unreadable(problem) => Loaded::Unreadable(problem),
        Contents::TooLarge => {
            Loaded::Damaged(Damage::new(DamageKind::NotPem, "is larger than any key or certificate"))
        }
        Contents::Octets(octets) => parse(&octets).into(),
    }
}

enum Contents {
    Missing,
    Forbidden(String),
    Unreadable(String),
    TooLarge,
    Octets(Zeroizing<Vec<u8>>),
}

fn read_file(dir: &Path, path: &Path) -> Result<Contents> {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Contents::Missing),
        Err(e) => return Err(unreadable(path, &e)),
    };
    if metadata.is_symlink() {
        check_link(dir, path)?;
    }
    read_followed(path)
}

fn read_followed(path: &Path) -> Result<Contents> {
    // Opened without waiting for a writer: a named pipe in a file's place must not hang the run.
    let metadata = match fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) if e.kind() == ErrorKind::NotFound => return Ok(Contents::Missing),
        Err(e) => return Err(unreadable(path, &e)),
    };
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "a directory" } else { "not a regular file" };
        return Err(Failure::failed(format!("{}: is {what}, where a file should be", shown(path))).hint(
            "move it away, or choose other names with --out-dir, --ca-file, --server-file or --client-file",
        ));
    }
    let file = File::open(path).map_err(|e| unreadable(path, &e))?;
    // The buffer has its full size at once, so that growing it leaves no copy of a key behind.
    let size = usize::try_from(metadata.len().min(LARGEST_FILE)).unwrap_or_default();
    let mut octets = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(LARGEST_FILE + 1).read_to_end(&mut octets).map_err(|e| unreadable(path, &e))?;
    if octets.len() as u64 > LARGEST_FILE {
        return Ok(Contents::TooLarge);
    }
    Ok(Contents::Octets(octets))
}

/// A link within the directory is read; one that leads out of it is refused, whatever it points to.
fn check_link(dir: &Path, path: &Path) -> Result<()> {
    let outside = |target: PathBuf| {
        Failure::failed(format!(
            "{}: is a symbolic link out of the directory, to {}",
            shown(path),
            shown(&target)
        ))
        .hint("put the file itself there, or give the directory it is in with --out-dir")
    };
    let dir = fs::canonicalize(dir).map_err(|e| unreadable(dir, &e))?;
    match fs::canonicalize(path) {
        Ok(target) if target.parent() == Some(dir.as_path()) => Ok(()),
        Ok(target) => Err(outside(target)),
        Err(_) => Err(outside(fs::read_link(path).map_err(|e| unreadable(path, &e))?)),
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::failed(format!(
        "{}: cannot be read: {}",
        shown(path),
        super::transaction::files::why(error)
    ));
    match error.kind() {
        ErrorKind::PermissionDenied => failure.hint("run as the user who owns the file"),
        _ => failure.hint("look at it with: ls -l"),
    }
}
