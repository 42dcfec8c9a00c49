//! `csr`: a key, and a request for a certificate that a CA elsewhere signs.

use zeroize::Zeroizing;

use crate::certificate::Csr;
use crate::error::{DamageKind, Failure, Result};
use crate::files::FileKind;
use crate::issue::Progress;
use crate::job::CsrJob;
use crate::keys::{self, KeyFormat, PrivateKey};
use crate::pki;
use crate::plan::{holds_key, request_holds_key, unusable_key};
use crate::report::Report;
use crate::run::{World, write_files};
use crate::set::{KeyFile, LeafFiles, Loaded};
use crate::store::{Change, Reader};

/// Runs the command. A key that is there stays, and so does a request that asks for the same with it.
pub(super) fn run(job: &CsrJob, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let dir = &job.spec.out_dir;
    let names = write_files(dir, dry_run, world, |reader, world| {
        let files = read(job, reader)?;
        decide(job, &files, world)
    })?;
    Ok(Report::of_files(dir, &names, dry_run))
}

fn read(job: &CsrJob, reader: &Reader<'_>) -> Result<LeafFiles> {
    let mut set = reader.leaves(&job.spec.shape())?;
    Ok(set.leaves.pop().map(|leaf| leaf.files).unwrap_or_default())
}

fn decide(job: &CsrJob, files: &LeafFiles, world: &mut World<'_>) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    check_certificate(job, files)?;
    let kept = usable_key(job, files)?;
    let key = match kept {
        Some(file) => file.key.clone(),
        None => make_key(job, &mut changes, world)?,
    };
    let serves = kept.is_some() && files.request.sound().is_some_and(|csr| asks_for(csr, job, &key));
    if !serves {
        check_request(job, files)?;
        let csr = pki::request(job.role, &job.identity, &key)?;
        let contents = Zeroizing::new(csr.to_pem().into_bytes());
        changes.push(Change::new(job.base.file(FileKind::Csr), FileKind::Csr.mode(), contents));
    }
    Ok(changes)
}

/// A request for somebody else than the certificate of that name is for belongs elsewhere.
fn check_certificate(job: &CsrJob, files: &LeafFiles) -> Result<()> {
    let Some(certificate) = files.sound_certificate() else { return Ok(()) };
    let has = certificate.subject.common_name().unwrap_or_default();
    if certificate.is_ca() || Some(has) != job.identity.subject.common_name() {
        let pem = job.base.file(FileKind::Certificate);
        return Err(Failure::failed(format!("{pem}: is there already, for {has:?}"))
            .hint("make the request in another directory, with --out-dir"));
    }
    Ok(())
}

/// A private key in the request's place would be lost.
fn check_request(job: &CsrJob, files: &LeafFiles) -> Result<()> {
    let path = |kind| job.spec.out_dir.join(job.base.file(kind));
    if request_holds_key(&files.request) {
        return Err(holds_key(&path(FileKind::Csr), &path(FileKind::Key), files.key.is_missing()));
    }
    Ok(())
}

fn rekeys(job: &CsrJob) -> bool {
    job.spec.leaves.iter().any(|leaf| leaf.wish.rekeys())
}

/// The key that is there. One that cannot be used or is of another kind is not written over: it may be in use.
fn usable_key<'a>(job: &CsrJob, files: &'a LeafFiles) -> Result<Option<&'a KeyFile>> {
    let name = job.base.file(FileKind::Key);
    if rekeys(job) {
        return Ok(None);
    }
    match (&files.key, job.spec.key) {
        (Loaded::Locked(damage) | Loaded::Damaged(damage), _) if damage.kind != DamageKind::Empty => {
            Err(unusable_key(damage, &job.spec.out_dir.join(&name)))
        }
        (Loaded::Sound(file), Some(asked)) if !file.key.kind().covers(asked) => {
            Err(Failure::failed(format!("{name}: is {}, and {asked} is asked for", file.key.kind()))
                .hint(format!("move {name} away, or add --rekey to replace it with a new key")))
        }
        (key, _) => Ok(key.sound()),
    }
}

fn make_key(job: &CsrJob, changes: &mut Vec<Change>, world: &mut World<'_>) -> Result<PrivateKey> {
    let (kind, name) = (job.spec.new_key(), job.base.file(FileKind::Key));
    (world.progress)(Progress::Keys(vec![name.clone()], kind));
    let key = keys::generate(kind, 1)?.remove(0);
    let format = job.spec.key_format.unwrap_or(KeyFormat::Pkcs8);
    changes.push(Change::new(name, FileKind::Key.mode(), key.to_pem(format)?));
    Ok(key)
}

fn asks_for(csr: &Csr, job: &CsrJob, key: &PrivateKey) -> bool {
    csr.public_key.spki == key.public().spki
        && csr.signature.is_good()
        && csr.role() == job.role
        && csr.subject == job.identity.subject
        && csr.subject_alt_names == job.identity.names
}
