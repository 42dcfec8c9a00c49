//! `--tls-dir`: server.pem, server.key and ca.pem once more, and never the CA's key: what the Milvus page mounts into
//! the container.
//!
//! It is a copy, committed after the set in a transaction of its own. No file says where it is: a copy that differs
//! from its set is reason enough for the next run that names its directory to write it.

use std::io::Read;

use zeroize::Zeroizing;

use super::unlocked;
use crate::certificate::{Certificate, certificates_from_pem};
use crate::error::{Failure, Result};
use crate::files::{FileKind, quoted, shown};
use crate::keys::{PublicKey, encoding};
use crate::set::Set;
use crate::spec::{Spec, TlsDir};
use crate::store::{Change, Dir, Directory, Entry, Reader, staged};

type Bytes = Zeroizing<Vec<u8>>;

/// The content of the copy's directory before the run.
#[derive(Debug)]
pub(super) struct Copy {
    /// The three files: server.pem, server.key and ca.pem.
    files: Vec<Existing>,
    /// The keys of other files, and whose they are.
    others: Vec<(String, PublicKey)>,
    /// The public keys of the CA certificates in it.
    authorities: Vec<PublicKey>,
    /// The server's key as a run has staged it that was killed before it could put it in its place.
    staged_key: Option<Bytes>,
}

#[derive(Debug)]
struct Existing {
    name: String,
    kind: FileKind,
    contents: Option<Bytes>,
    entry: Option<Entry>,
}

impl Copy {
    /// Reads the directory for a rehearsal, or for a run that holds no lock yet; `None` without `--tls-dir`.
    pub(super) fn find(spec: &Spec) -> Result<Option<Self>> {
        let Some(tls_dir) = &spec.tls_dir else { return Ok(None) };
        let copy = unlocked(&tls_dir.path, |reader| {
            let Some(dir) = reader.dir else { return Self::read(spec, tls_dir, reader, None) };
            for other in [Some(spec.out_dir.clone()), spec.external_ca_dir()].into_iter().flatten() {
                let other = Directory::find(&other)?.map(|other| other.id());
                if other.is_some_and(|other| other.ok() == dir.id().ok()) {
                    return Err(own_directory(tls_dir));
                }
            }
            Self::read(spec, tls_dir, reader, Self::staged_key(spec, dir)?)
        })?;
        Ok(Some(copy))
    }

    /// Finishes or clears what a killed run has left in the directory, and reads it.
    pub(super) fn recover(spec: &Spec, directory: Option<&Directory>) -> Result<Option<Self>> {
        let (Some(tls_dir), Some(directory)) = (&spec.tls_dir, directory) else { return Ok(None) };
        let staged_key = Self::staged_key(spec, directory.dir())?;
        directory.recover()?;
        Self::read(spec, tls_dir, &Reader::strict(Some(directory.dir())), staged_key).map(Some)
    }

    fn staged_key(spec: &Spec, dir: &Dir) -> Result<Option<Bytes>> {
        let Some(tls_dir) = &spec.tls_dir else { return Ok(None) };
        let Some(mut file) = staged(dir, &tls_dir.server.file(FileKind::Key))? else { return Ok(None) };
        let mut bytes = Zeroizing::new(Vec::new());
        Ok(file.read_to_end(&mut bytes).is_ok().then_some(bytes))
    }

    fn read(spec: &Spec, tls_dir: &TlsDir, reader: &Reader<'_>, staged_key: Option<Bytes>) -> Result<Self> {
        let names = names(spec, tls_dir);
        let ca_key = spec.ca_copy.as_ref().unwrap_or(&spec.ca_base).file(FileKind::Key);
        let mut copy = Self { files: Vec::new(), others: Vec::new(), authorities: Vec::new(), staged_key };
        for (name, kind) in &names {
            let contents = reader.file(name)?;
            let entry = reader.dir.and_then(|dir| dir.entry(name).ok().flatten());
            copy.files.push(Existing { name: name.clone(), kind: *kind, contents, entry });
        }
        let others = reader.dir.map(Dir::names).transpose();
        let others = others.map_err(|e| Failure::failed(format!("{}: {e}", shown(&tls_dir.path))))?;
        for name in others.unwrap_or_default() {
            let Some(name) = name.to_str() else { continue };
            if name == ca_key {
                return Err(holds_ca_key(tls_dir, name));
            }
            if ![".key", ".pem"].iter().any(|ending| name.ends_with(ending)) {
                continue;
            }
            // A file that cannot be read is not ours, and stays unchanged.
            let Ok(Some(bytes)) = reader.file(name) else { continue };
            let is_copied = names.iter().any(|(copied, kind)| copied == name && *kind == FileKind::Key);
            if let (false, Some(key)) = (is_copied, key_in(&bytes)) {
                copy.others.push((name.to_owned(), key));
            }
            let chain = certificates_from_pem(&bytes).unwrap_or_default();
            copy.authorities.extend(chain.into_iter().filter(Certificate::is_ca).map(|ca| ca.public_key));
        }
        Ok(copy)
    }

    /// The changes that bring the copy up to date with the set. Refuses a directory that holds a CA key, and files that are
    /// not a copy of this set: they belong to someone.
    pub(super) fn changes(
        &self,
        spec: &Spec,
        set: &Set,
        changes: &[Change],
        reader: &Reader<'_>,
    ) -> Result<Vec<Change>> {
        let Some(tls_dir) = &spec.tls_dir else { return Ok(Vec::new()) };
        let originals = self.originals(spec, set, changes, reader)?;
        self.check(tls_dir, &originals)?;
        let mut copies = Vec::new();
        for (existing, original) in self.files.iter().zip(originals) {
            let Some(contents) = original.after else { continue };
            let access = spec.access;
            let mode = access.key_mode.filter(|_| existing.kind == FileKind::Key);
            let is_same = existing.contents.as_ref() == Some(&contents);
            if is_same && existing.entry.is_some_and(|entry| entry.has_access(mode, access.owner)) {
                continue;
            }
            let mut change = Change::new(existing.name.clone(), existing.kind.mode(), contents);
            change.give(mode, access.owner);
            copies.push(Change { access_only: is_same, ..change });
        }
        Ok(copies)
    }

    fn originals(
        &self,
        spec: &Spec,
        set: &Set,
        changes: &[Change],
        reader: &Reader<'_>,
    ) -> Result<Vec<Original>> {
        let TlsDir { server, .. } = spec.tls_dir.as_ref().ok_or_else(|| Failure::failed("no --tls-dir"))?;
        let is_ca =
            |name: &str| name != server.file(FileKind::Certificate) && name != server.file(FileKind::Key);
        self.files
            .iter()
            .map(|Existing { name, .. }| {
                let before = reader.file(name)?;
                let written = changes.iter().find(|change| change.name == *name);
                let mut after = written.map(|change| change.contents.clone()).or_else(|| before.clone());
                if after.is_none() && is_ca(name) {
                    // An external CA, without a copy of it beside the certificates.
                    after =
                        set.ca.certificate.parsed().map(|file| Zeroizing::new(file.to_pem().into_bytes()));
                }
                Ok(Original { before, after })
            })
            .collect()
    }

    fn check(&self, tls_dir: &TlsDir, originals: &[Original]) -> Result<()> {
        let known: Vec<Known> = originals.iter().flat_map(Original::known).collect();
        let is_known = |key: &PublicKey| known.iter().any(|known| known.is(key));
        let authorities: Vec<&PublicKey> =
            known.iter().filter_map(|known| known.authority.as_ref()).chain(&self.authorities).collect();
        if let Some((name, _)) =
            self.others.iter().find(|(_, key)| authorities.iter().any(|ca| ca.spki == key.spki))
        {
            return Err(holds_ca_key(tls_dir, name));
        }
        // A run that was killed after it had written the set had staged just this set's key here.
        let key = originals.get(1).and_then(|original| original.before.as_ref());
        if key.is_some() && self.staged_key.as_ref() == key {
            return Ok(());
        }
        let mut proven = false;
        let mut doubtful = None;
        for existing in &self.files {
            let Some(contents) = existing.contents.as_ref().filter(|contents| !contents.is_empty()) else {
                continue;
            };
            let verdict = match existing.kind {
                FileKind::Key => {
                    key_in(contents).map(|key| is_known(&key) || self.is_certified(&key, &known))
                }
                _ => certificates_from_pem(contents).ok().map(|chain| {
                    let certificate = &chain[0];
                    is_known(&certificate.public_key) || is_signed(certificate, &known)
                }),
            };
            match verdict {
                Some(true) => proven = true,
                Some(false) => return Err(not_a_copy(tls_dir, existing)),
                // A private key that cannot be read may be the only one.
                None if existing.kind == FileKind::Key => return Err(not_a_copy(tls_dir, existing)),
                None => doubtful = Some(existing),
            }
        }
        match doubtful {
            Some(existing) if !proven => Err(not_a_copy(tls_dir, existing)),
            _ => Ok(()),
        }
    }

    /// True if the server.pem beside the key is for it, and this set's CA has signed it: an older copy.
    fn is_certified(&self, key: &PublicKey, known: &[Known]) -> bool {
        let pem = self.files.iter().find(|file| file.kind == FileKind::Certificate);
        let chain = pem.and_then(|file| certificates_from_pem(file.contents.as_ref()?).ok());
        chain.is_some_and(|chain| chain[0].public_key.spki == key.spki && is_signed(&chain[0], known))
    }
}

/// A file of the set that is copied.
struct Original {
    before: Option<Bytes>,
    after: Option<Bytes>,
}

/// A public key of the set, before or after the run.
struct Known {
    key: PublicKey,
    /// The same, where it is a CA's.
    authority: Option<PublicKey>,
}

impl Known {
    fn is(&self, key: &PublicKey) -> bool {
        self.key.spki == key.spki
    }
}

impl Original {
    fn known(&self) -> Vec<Known> {
        let bytes = [&self.before, &self.after].into_iter().flatten();
        bytes
            .filter_map(|bytes| match key_in(bytes) {
                Some(key) => Some(Known { key, authority: None }),
                None => certificates_from_pem(bytes).ok().map(|mut chain| {
                    let certificate = chain.remove(0);
                    let authority = certificate.is_ca().then(|| certificate.public_key.clone());
                    Known { key: certificate.public_key, authority }
                }),
            })
            .collect()
    }
}

fn is_signed(certificate: &Certificate, known: &[Known]) -> bool {
    known.iter().filter_map(|known| known.authority.as_ref()).any(|ca| certificate.signature(ca).is_good())
}

fn key_in(bytes: &[u8]) -> Option<PublicKey> {
    encoding::from_pem(bytes).ok().map(|(key, _)| key.public().clone())
}

/// The three names, in the order of a report.
fn names(spec: &Spec, tls_dir: &TlsDir) -> [(String, FileKind); 3] {
    let ca = spec.ca_copy.as_ref().unwrap_or(&spec.ca_base);
    [
        (tls_dir.server.file(FileKind::Certificate), FileKind::Certificate),
        (tls_dir.server.file(FileKind::Key), FileKind::Key),
        (ca.file(FileKind::Certificate), FileKind::Certificate),
    ]
}

pub(super) fn own_directory(tls_dir: &TlsDir) -> Failure {
    let path = shown(&tls_dir.path);
    Failure::usage(format!("--tls-dir {path}: is the directory that holds the CA key"))
        .hint("use a separate directory, such as --tls-dir tls")
}

fn holds_ca_key(tls_dir: &TlsDir, name: &str) -> Failure {
    let dir = quoted(&tls_dir.path);
    Failure::failed(format!(
        "{}: is a CA key, and --tls-dir {dir} is for a Milvus server to read",
        shown(&tls_dir.path.join(name))
    ))
    .hint(format!(
        "use an empty directory for --tls-dir; if {dir} is the directory of the certificates, use: -o {dir}"
    ))
}

fn not_a_copy(tls_dir: &TlsDir, existing: &Existing) -> Failure {
    let path = tls_dir.path.join(&existing.name);
    Failure::failed(format!(
        "{}: is not a copy of the file in the output directory, and is not overwritten",
        shown(&path)
    ))
    .hint("use an empty directory for --tls-dir, or move that file away")
}
