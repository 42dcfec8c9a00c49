//! Reading the files of a set.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use zeroize::Zeroizing;

use super::dir::{Dir, Kind, is_link_out, is_socket, open_path};
use super::transaction::{Interrupted, why};
use crate::certificate::{Certificate, certificates_from_pem, csr_from_pem};
use crate::error::{Damage, DamageKind, Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::set::{CaFiles, LeafFiles, Loaded, Set, parse};

/// Larger than any key or certificate chain; a file beyond it is something else, and not read.
const LARGEST_FILE: u64 = 1024 * 1024;

/// The treatment of links, and of files that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// For a run that may write: a file that cannot be read is an error, and so is a link out of the directory.
    Strict,
    /// For reading only: a file that cannot be read is part of the result, and links are followed wherever they lead, as
    /// into the volume of a Kubernetes Secret.
    Lenient,
}

/// Reads the files of a directory. Damage within a file is part of the result.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    /// `None` if the directory does not exist.
    pub dir: Option<&'a Dir>,
    /// A run that was interrupted after its decision: what it has staged counts already.
    pub interrupted: Option<&'a Interrupted>,
    /// The treatment of links and unreadable files.
    pub policy: Policy,
}

impl<'a> Reader<'a> {
    /// For a run that may write, where nothing is left over from another.
    pub fn strict(dir: Option<&'a Dir>) -> Self {
        Self { dir, interrupted: None, policy: Policy::Strict }
    }

    /// Reads the files that `shape` names.
    pub fn set(&self, shape: &Set, password: Option<&str>) -> Result<Set> {
        Ok(Set { ca: self.ca(&shape.ca_base, password)?, ..self.leaves(shape)? }.arranged())
    }

    /// The same without the CA's files.
    pub fn leaves(&self, shape: &Set) -> Result<Set> {
        let mut set = shape.emptied();
        for leaf in &mut set.leaves {
            leaf.files = self.leaf(&leaf.base)?;
        }
        Ok(set)
    }

    fn ca(&self, base: &BaseName, password: Option<&str>) -> Result<CaFiles> {
        Ok(CaFiles {
            key: self.parsed(&base.file(FileKind::Key), |file| parse::key(file, password))?,
            certificate: self.parsed(&base.file(FileKind::Certificate), parse::certificates)?,
            serial: self.parsed(&base.file(FileKind::Serial), parse::serial)?,
        })
    }

    fn leaf(&self, base: &BaseName) -> Result<LeafFiles> {
        Ok(LeafFiles {
            key: self.parsed(&base.file(FileKind::Key), |file| parse::key(file, None))?,
            certificate: self.parsed(&base.file(FileKind::Certificate), parse::certificates)?,
            request: self.parsed(&base.file(FileKind::Csr), csr_from_pem)?,
        }
        .arranged())
    }

    /// The other certificates of the directory that are not a CA's, each with the base name of its file, sorted. Links and
    /// files that cannot be read or parsed are skipped.
    pub fn certificates(&self) -> Result<Vec<(BaseName, Certificate)>> {
        let Some(dir) = self.dir else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for name in dir.names().map_err(|e| unreadable(dir.path(), &e))? {
            let Some(name) = name.to_str() else { continue };
            let Some(stem) = name.strip_suffix(".pem") else { continue };
            let is_plain =
                dir.entry(name).is_ok_and(|entry| entry.is_some_and(|entry| entry.kind == Kind::File));
            if !is_plain {
                continue;
            }
            let Ok(Contents::Bytes(bytes)) = self.contents(name) else { continue };
            let Ok(mut chain) = certificates_from_pem(&bytes) else { continue };
            let certificate = chain.remove(0);
            // A name that could be taken for a flag, or could steer a terminal, is none of a run's.
            if let (false, Ok(base)) = (certificate.is_ca(), BaseName::parse("NAME", stem)) {
                found.push((base, certificate));
            }
        }
        found.sort_by_key(|(base, _)| base.to_string());
        Ok(found)
    }

    /// True if an entry of that name exists.
    pub fn has(&self, name: &str) -> bool {
        self.dir.is_some_and(|dir| dir.entry(name).is_ok_and(|entry| entry.is_some()))
    }

    /// All of a file, as it is; `None` if it does not exist.
    pub fn file(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        match self.contents(name)? {
            Contents::Bytes(bytes) => Ok(Some(bytes)),
            Contents::Missing => Ok(None),
            Contents::Forbidden(_) | Contents::Unreadable(_) | Contents::TooLarge => {
                let path = self.dir.map_or_else(|| name.into(), |dir| dir.path().join(name));
                Err(too_large(&path))
            }
        }
    }

    fn parsed<T, P: Into<Loaded<T>>>(&self, name: &str, parse: impl Fn(&[u8]) -> P) -> Result<Loaded<T>> {
        Ok(parsed(self.contents(name)?, parse))
    }

    fn contents(&self, name: &str) -> Result<Contents> {
        let Some(dir) = self.dir else { return Ok(Contents::Missing) };
        let path = dir.path().join(name);
        if let Some(file) = self.interrupted.and_then(|interrupted| interrupted.open(name)) {
            return read(&path, Ok(Some(file)));
        }
        match self.policy {
            Policy::Strict => match dir.open_file(name) {
                Err(e) if is_link_out(&e) => Err(link_out(dir, name)),
                opened => read(&path, opened),
            },
            Policy::Lenient => Ok(read_leniently(&path, dir.open_followed(name))),
        }
    }
}

/// Reads one file of each kind to look at it; a path that is not given is a missing file.
pub fn load_leniently(key: Option<&Path>, certificate: Option<&Path>, password: Option<&str>) -> LeafFiles {
    let look = |path: &Path| read_leniently(path, open_path(path));
    LeafFiles {
        key: key.map_or(Loaded::Missing, |path| parsed(look(path), |file| parse::key(file, password))),
        certificate: certificate.map_or(Loaded::Missing, |path| parsed(look(path), parse::certificates)),
        request: Loaded::Missing,
    }
    .arranged()
}

/// Reads the files of an external CA. Links are followed: the paths were typed.
pub fn load_ca(key: &Path, certificate: &Path, serial: &Path, password: Option<&str>) -> Result<CaFiles> {
    let read = |path| read(path, open_path(path));
    Ok(CaFiles {
        key: parsed(read(key)?, |file| parse::key(file, password)),
        certificate: parsed(read(certificate)?, parse::certificates),
        serial: parsed(read(serial)?, parse::serial),
    })
}

/// Reads a file whose path was typed by the user; `None` if it does not exist.
pub fn read_path(path: &Path) -> Result<Option<Zeroizing<Vec<u8>>>> {
    match read(path, open_path(path))? {
        Contents::Missing | Contents::Forbidden(_) | Contents::Unreadable(_) => Ok(None),
        Contents::Bytes(bytes) => Ok(Some(bytes)),
        Contents::TooLarge => Err(too_large(path)),
    }
}

/// Reads a text whose path was typed, such as a configuration: `-` is standard input. It is read once and may be a pipe.
pub fn read_text(path: &Path, largest: u64) -> Result<String> {
    let mut octets = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(largest + 1).read_to_end(&mut octets)
    } else {
        File::open(path).and_then(|file| file.take(largest + 1).read_to_end(&mut octets))
    }
    .map_err(|e| unreadable(path, &e))?;
    if octets.len() as u64 > largest {
        return Err(Failure::failed(format!("{}: larger than {largest} bytes", shown(path)))
            .hint("give the configuration alone"));
    }
    String::from_utf8(octets).map_err(|_| {
        Failure::failed(format!("{}: not a text in UTF-8", shown(path))).hint("give a file of YAML")
    })
}

fn parsed<T, P: Into<Loaded<T>>>(contents: Contents, parse: impl Fn(&[u8]) -> P) -> Loaded<T> {
    match contents {
        Contents::Missing => Loaded::Missing,
        Contents::Forbidden(problem) => Loaded::Forbidden(problem),
        Contents::Unreadable(problem) => Loaded::Unreadable(problem),
        Contents::TooLarge => {
            Loaded::Damaged(Damage::new(DamageKind::NotPem, "is larger than any key or certificate"))
        }
        Contents::Bytes(bytes) => parse(&bytes).into(),
    }
}

enum Contents {
    Missing,
    Forbidden(String),
    Unreadable(String),
    TooLarge,
    Bytes(Zeroizing<Vec<u8>>),
}

/// Reads what was opened, if it is a regular file: the open file is checked, which cannot be replaced.
fn read(path: &Path, opened: io::Result<Option<File>>) -> Result<Contents> {
    let file = match opened {
        Ok(Some(file)) => file,
        Ok(None) => return Ok(Contents::Missing),
        Err(e) if is_socket(&e) => return Err(no_file(path, "not a regular file")),
        Err(e) => return Err(unreadable(path, &e)),
    };
    let metadata = file.metadata().map_err(|e| unreadable(path, &e))?;
    if !metadata.is_file() {
        return Err(no_file(path, if metadata.is_dir() { "a directory" } else { "not a regular file" }));
    }
    // The buffer has its full size at once, so that growing it leaves no copy of a key behind.
    let size = usize::try_from(metadata.len().min(LARGEST_FILE)).unwrap_or_default();
    let mut bytes = Zeroizing::new(Vec::with_capacity(size + 1));
    file.take(LARGEST_FILE + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    if bytes.len() as u64 > LARGEST_FILE {
        return Ok(Contents::TooLarge);
    }
    Ok(Contents::Bytes(bytes))
}

fn read_leniently(path: &Path, opened: io::Result<Option<File>>) -> Contents {
    let is_forbidden = opened.as_ref().is_err_and(|e| e.kind() == ErrorKind::PermissionDenied);
    read(path, opened).unwrap_or_else(|failure| {
        let named = format!("{}: ", shown(path));
        let text = failure.message.strip_prefix(&named).unwrap_or(&failure.message).to_owned();
        if is_forbidden { Contents::Forbidden(text) } else { Contents::Unreadable(text) }
    })
}

fn link_out(dir: &Dir, name: &str) -> Failure {
    let target = dir.link_target(name.as_ref()).unwrap_or_default();
    Failure::failed(format!(
        "{}: is a symbolic link out of the directory, to {}",
        shown(&dir.path().join(name)),
        shown(&target)
    ))
    .hint("put the file itself in its place, or set --out-dir to the directory it is in")
}

fn no_file(path: &Path, what: &str) -> Failure {
    Failure::failed(format!("{}: is {what}, where a file should be", shown(path)))
        .hint("move it away, or choose other names with --out-dir, --ca-file, --server-file or --client-file")
}

fn too_large(path: &Path) -> Failure {
    Failure::failed(format!("{}: is larger than any key or certificate", shown(path)))
        .hint("look at it with: ls -l")
}

fn unreadable(path: &Path, error: &io::Error) -> Failure {
    let failure = Failure::failed(format!("{}: cannot be read: {}", shown(path), why(error)));
    match error.kind() {
        ErrorKind::PermissionDenied => failure.hint("run as the user who owns the file"),
        _ => failure.hint("look at it with: ls -l"),
    }
}
