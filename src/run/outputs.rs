//! Files besides the set's own, the access to all of them, and the checks before anything is written.

use std::path::Path;

use time::OffsetDateTime;

use crate::check::{self, Finding, Owner, Place, Run, Severity};
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, quoted, shown};
use crate::form;
use crate::issue::Issued;
use crate::plan::{Action, KeyChoice, LeafPlan, Plan, holds_key};
use crate::set::Set;
use crate::spec::{Access, Spec};
use crate::store::{Change, Dir, Kind, Reader, has_other_names};

/// Copies the external CA certificate beside the certificates that it issues: Milvus in tlsMode 2 and every client need
/// it. A CA's key of the same name is another CA's.
pub(super) fn add_ca_copy(spec: &Spec, issued: &mut Issued, reader: &Reader<'_>) -> Result<()> {
    let Some(base) = &spec.ca_copy else { return Ok(()) };
    let (key, pem) = (base.file(FileKind::Key), base.file(FileKind::Certificate));
    let is_there = reader.has(&key);
    let key = spec.out_dir.join(key);
    let there = reader.file(&pem)?;
    if there.as_ref().is_some_and(|there| form::holds_key(there)) {
        return Err(holds_key(&spec.out_dir.join(&pem), &key, !is_there));
    }
    if is_there && !is_same_file(&key, &spec.ca_path(FileKind::Key)) {
        return Err(Failure::failed(format!("{}: already exists, and belongs to another CA", shown(&key)))
            .hint("choose another directory with --out-dir, or another name with --ca-file"));
    }
    if is_same_file(&spec.out_dir.join(&pem), &spec.ca_path(FileKind::Certificate)) {
        return Ok(());
    }
    let Some(ca) = issued.set.ca.certificate.parsed() else { return Ok(()) };
    let text = ca.to_pem();
    if there.is_none_or(|there| *there != text.as_bytes()) {
        let contents = zeroize::Zeroizing::new(text.into_bytes());
        issued.changes.push(Change::new(pem, FileKind::Certificate.mode(), contents));
    }
    Ok(())
}

fn is_same_file(one: &Path, other: &Path) -> bool {
    one.canonicalize().ok().zip(other.canonicalize().ok()).is_some_and(|(one, other)| one == other)
}

/// `--key-mode` and `--owner`: for what is written, and for what exists with another mode or owner. With `--tls-dir` they
/// are the copy's alone: it is what the container reads, and the user's own files stay the user's.
pub(super) fn set_access(spec: &Spec, issued: &mut Issued, reader: &Reader<'_>) -> Result<()> {
    let Access { key_mode, owner } = spec.access;
    if spec.access == Access::default() {
        return Ok(());
    }
    if cfg!(windows) {
        let flag = if owner.is_some() { "--owner" } else { "--key-mode" };
        return Err(Failure::usage(format!("{flag}: Windows has no numbers of users and no modes"))
            .hint("leave it out: files have the access rules of their directory, see: icacls"));
    }
    if spec.tls_dir.is_some() {
        return Ok(());
    }
    let mode_of = |name: &str| {
        let is_key = issued.set.leaves.iter().any(|leaf| leaf.base.file(FileKind::Key) == name);
        key_mode.filter(|_| is_key)
    };
    for (name, kind) in own_files(spec, &issued.set) {
        let Some(dir) = reader.dir.filter(|_| !issued.changes.iter().any(|change| change.name == name))
        else {
            continue;
        };
        let entry = dir.entry(&name).ok().flatten();
        if entry.is_none_or(|entry| entry.kind == Kind::File && entry.has_access(mode_of(&name), owner)) {
            continue;
        }
        check_given_away(dir, &name)?;
        if let Some(contents) = reader.file(&name)? {
            let change = Change::new(name, kind.mode(), contents);
            issued.changes.push(Change { access_only: true, ..change });
        }
    }
    for change in &mut issued.changes {
        change.give(mode_of(&change.name), owner);
    }
    Ok(())
}

/// The files of the set in its directory; nothing else that may have a name like theirs.
fn own_files(spec: &Spec, set: &Set) -> Vec<(String, FileKind)> {
    let ca = [FileKind::Key, FileKind::Certificate, FileKind::Serial];
    let leaf = [FileKind::Key, FileKind::Certificate, FileKind::Csr];
    let named = |base: &BaseName, kinds: [FileKind; 3]| kinds.map(|kind| (base.file(kind), kind));
    let ca = spec.external_ca.is_none().then(|| named(&set.ca_base, ca));
    ca.into_iter().chain(set.leaves.iter().map(|one| named(&one.base, leaf))).flatten().collect()
}

/// A file that gets another owner or mode is rewritten with its content: it must be this directory's own, and
/// not a link to a file that only root can read.
fn check_given_away(dir: &Dir, name: &str) -> Result<()> {
    let path = dir.path().join(name);
    let is_link = dir.entry(name).is_ok_and(|entry| entry.is_some_and(|entry| entry.kind != Kind::File));
    let why = match dir.open_file(name) {
        _ if is_link => "is a symbolic link",
        Ok(Some(file)) if has_other_names(&file) => "has other names too (hard links)",
        _ => return Ok(()),
    };
    Err(Failure::failed(format!("{}: {why}, and is not given another owner or mode", shown(&path))).hint(
        format!(
            "replace the link with a copy of the file: cp {0} {0}.copy && mv {0}.copy {0}",
            quoted(&path)
        ),
    ))
}

/// No file of an external CA is overwritten, but its serial file; no serial file is a link; no certificate gets
/// beside a key that is not its own, and no other certificate has the CA's key.
pub(super) fn check_outputs(spec: &Spec, set: &Set, changes: &[Change], reader: &Reader<'_>) -> Result<()> {
    let serial = spec.ca_base.file(FileKind::Serial);
    check_serial_file(spec, changes, &serial)?;
    if spec.external_ca.is_some() {
        let ca_files = [FileKind::Key, FileKind::Certificate, FileKind::Serial]
            .map(|kind| spec.ca_path(kind).canonicalize().ok());
        for change in changes.iter().filter(|change| change.name != serial) {
            let path = spec.out_dir.join(&change.name);
            let whole = path.canonicalize().ok();
            if whole.is_some() && ca_files.contains(&whole) {
                return Err(Failure::failed(format!("{}: is a file of the CA", shown(&path)))
                    .hint("give the certificate another name, or another directory"));
            }
        }
    }
    for change in changes {
        let is_dir =
            |dir: &Dir| dir.entry(&change.name).ok().flatten().is_some_and(|entry| entry.kind == Kind::Dir);
        if reader.dir.is_some_and(is_dir) && (spec.external_ca.is_none() || change.name != serial) {
            let path = spec.out_dir.join(&change.name);
            return Err(Failure::failed(format!("{}: is a directory, where a file should be", shown(&path)))
                .hint("move it away"));
        }
    }
    check_keys(spec, set, changes)
}

/// A serial number is given once: two files that count the same CA's apart would give it twice.
fn check_serial_file(spec: &Spec, changes: &[Change], serial: &str) -> Result<()> {
    let path = spec.ca_path(FileKind::Serial);
    let is_written = changes.iter().any(|change| change.name == serial);
    if is_written && path.symlink_metadata().is_ok_and(|metadata| metadata.is_symlink()) {
        return Err(Failure::failed(format!(
            "{}: is a symbolic link, and a file in its place would repeat serial numbers",
            shown(&path)
        ))
        .hint(
            "name the CA where its serial file is, with --ca-cert and --ca-key; or put the file itself in its place",
        ));
    }
    Ok(())
}

fn check_keys(spec: &Spec, set: &Set, changes: &[Change]) -> Result<()> {
    let ca = set.ca_certificate().map(|ca| &ca.public_key.spki);
    for leaf in &set.leaves {
        let (key, pem) = (leaf.base.file(FileKind::Key), leaf.base.file(FileKind::Certificate));
        let is_written = changes.iter().any(|change| change.name == pem || change.name == key);
        let Some(file) = leaf.files.key.parsed().filter(|_| is_written) else { continue };
        let path = spec.out_dir.join(key);
        if ca.is_some_and(|ca| *ca == file.key.public().spki) {
            return Err(Failure::failed(format!("{}: is the CA's private key", shown(&path)))
                .hint(format!("move it away, and {} gets a key of its own", leaf.base)));
        }
        let certified = leaf.files.parsed_certificate();
        if certified.is_some_and(|certificate| file.key.public().spki != certificate.public_key.spki) {
            return Err(Failure::failed(format!(
                "{}: already exists, and is not the key of the certificate",
                shown(&path)
            ))
            .hint("move it away, or sign the request in another directory"));
        }
    }
    Ok(())
}

/// Refuses a new certificate that `check` reports an error for. The plan has checked the others.
pub(super) fn self_check(plan: &Plan, set: &Set, changes: &[Change], now: OffsetDateTime) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let is_signed = |place: Place| match place {
        Place::File(Owner::Ca, FileKind::Certificate) => {
            matches!(plan.ca.action, Action::Issue | Action::Resign)
        }
        Place::File(Owner::Leaf(at), FileKind::Certificate) => {
            plan.leaves.get(at).is_some_and(LeafPlan::signs)
        }
        _ => false,
    };
    let is_fault = |finding: &Finding| finding.for_runs == Severity::Error && finding.run() != Run::Ignores;
    let fault = check::set(set, now).into_iter().find(|finding| is_fault(finding) && is_signed(finding.at));
    fault.map_or(Ok(()), |finding| Err(not_written(plan, &finding.sentence(&|place| place.name_in(set)))))
}

/// With an existing CA or CSR the cause is in it, and only shows in the new certificate; else it is a bug.
fn not_written(plan: &Plan, problem: &str) -> Failure {
    let is_from_elsewhere = plan.ca.action != Action::Issue
        || plan.leaves.iter().any(|leaf| matches!(leaf.key, KeyChoice::PublicHalf(_)));
    if is_from_elsewhere {
        let failure = Failure::failed(format!("{problem}; nothing was written"));
        return failure.hint("use another CA, or a CA certificate with basicConstraints and keyUsage alone");
    }
    Failure::failed(format!("internal error: the new {problem}; nothing was written"))
        .hint("please report this, with the command line")
}
