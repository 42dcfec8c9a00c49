//! Where files go besides the set's own place, and who may read them.

use std::path::{Path, PathBuf};

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{FileKind, shown};
use crate::form;
use crate::issue::Issued;
use crate::plan::holds_key;
use crate::profile::Role;
use crate::request::{Access, Request};
use crate::store::{self, Change, Directory};

/// The certificate of a CA from elsewhere once more beside what it signs: Milvus in tlsMode 2 and every client need
/// it. A CA's key of the same name is another CA's.
pub(super) fn add_ca_copy(request: &Request, issued: &mut Issued) -> Result<()> {
    let Some(base) = &request.ca_copy else { return Ok(()) };
    let (key, pem) = (base.file(FileKind::Key), base.file(FileKind::Certificate));
    let key = request.out_dir.join(key);
    if key.exists() && !is_same_file(&key, &request.ca_path(FileKind::Key)) {
        return Err(Failure::failed(format!("{}: is there already, and is another CA's", shown(&key)))
            .hint("choose another directory with --out-dir, or another name with --ca-file"));
    }
    if is_same_file(&request.out_dir.join(&pem), &request.ca_path(FileKind::Certificate)) {
        return Ok(());
    }
    let Some(ca) = issued.set.ca.certificate.sound() else { return Ok(()) };
    let text: String = std::iter::once(&ca.certificate).chain(ca.above()).map(Certificate::to_pem).collect();
    let there = store::read_in(&request.out_dir, &pem)?;
    if there.as_ref().is_some_and(|there| form::holds_key(there)) {
        return Err(holds_key(&request.out_dir.join(&pem), &key, !key.exists()));
    }
    if there.is_none_or(|there| *there != text.as_bytes()) {
        let contents = zeroize::Zeroizing::new(text.into_bytes());
        issued.changes.push(Change::new(pem, FileKind::Certificate.mode(), contents));
    }
    Ok(())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

/// `--tls-dir`: server.pem, server.key and ca.pem once more, and never the CA's key: what the Milvus page mounts
/// into the container. Kept in step with the set, in the same transaction.
pub(super) fn add_tls_dir(request: &Request, issued: &mut Issued) -> Result<()> {
    let Some(tls_dir) = &request.tls_dir else { return Ok(()) };
    let Some(server) = issued.set.first(Role::Server) else { return Ok(()) };
    let place = whole_path(tls_dir, &request.out_dir)?;
    let names = [
        (server.base.file(FileKind::Certificate), FileKind::Certificate),
        (server.base.file(FileKind::Key), FileKind::Key),
        (
            request.ca_copy.as_ref().unwrap_or(&issued.set.ca_base).file(FileKind::Certificate),
            FileKind::Certificate,
        ),
    ];
    for (name, kind) in names {
        let new = issued.changes.iter().find(|change| change.name == name && change.place.is_none());
        let contents = match new {
            Some(change) => change.contents.clone(),
            None => store::read_typed(&request.out_dir.join(&name))?.unwrap_or_default(),
        };
        let copy = tls_dir.join(&name);
        let mode = request.access.key_mode.filter(|_| kind == FileKind::Key);
        let same = store::read_in(tls_dir, &name)?.is_some_and(|there| there == contents);
        if same && store::has_access(&copy, mode, request.access.owner) {
            continue;
        }
        let mut change = Change::new(name, kind.mode(), contents);
        change.place = Some(place.clone());
        change.give(mode, request.access.owner);
        issued.changes.push(change);
    }
    Ok(())
}

/// The path from the root: a journal outlives the process and its current directory.
fn whole_path(dir: &Path, request_dir: &Path) -> Result<PathBuf> {
    Directory::exists(dir)?;
    let parent = dir.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let whole = match dir.canonicalize() {
        Ok(whole) => Ok(whole),
        Err(_) => parent.canonicalize().map(|parent| parent.join(dir.file_name().unwrap_or_default())),
    };
    let whole = whole.map_err(|e| Failure::failed(format!("--tls-dir {}: {}", dir.display(), e.kind())))?;
    if request_dir.canonicalize().is_ok_and(|own| own == whole) {
        return Err(Failure::usage(format!(
            "--tls-dir {}: is the set's own directory, where ca.key is",
            dir.display()
        ))
        .hint("give a directory of its own, such as --tls-dir tls"));
    }
    if whole.to_string_lossy().contains(['\n', '\t', '\u{fffd}']) {
        return Err(Failure::usage(format!(
            "--tls-dir {}: its path has characters that are not kept",
            dir.display()
        ))
        .hint("use a directory whose path is plain text, without tabs and line breaks"));
    }
    Ok(whole)
}

/// `--key-mode` and `--owner`: for what is written, and for what is there with another mode or owner.
pub(super) fn set_access(request: &Request, issued: &mut Issued) -> Result<()> {
    let Access { key_mode, owner } = request.access;
    if request.access == Access::default() {
        return Ok(());
    }
    let mode_of = |name: &str| {
        let is_key = issued.set.leaves.iter().any(|leaf| leaf.base.file(FileKind::Key) == name);
        key_mode.filter(|_| is_key)
    };
    let kinds = [FileKind::Key, FileKind::Certificate, FileKind::Serial, FileKind::Csr];
    let own_ca = Some(&issued.set.ca_base).filter(|_| request.external_ca.is_none());
    let bases = own_ca.into_iter().chain(issued.set.leaves.iter().map(|leaf| &leaf.base));
    for (base, kind) in bases.flat_map(|base| kinds.map(|kind| (base, kind))) {
        let name = base.file(kind);
        if issued.changes.iter().any(|change| change.name == name) {
            continue;
        }
        let path = request.out_dir.join(&name);
        if store::has_access(&path, mode_of(&name), owner) {
            continue;
        }
        if let Some(contents) = store::read_typed(&path)? {
            issued.changes.push(Change::new(name, kind.mode(), contents));
        }
    }
    for change in &mut issued.changes {
        change.give(mode_of(&change.name), owner);
    }
    Ok(())
}
