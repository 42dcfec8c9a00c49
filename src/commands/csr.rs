//! `csr`: a key, and a request for a certificate that a CA elsewhere signs.

use zeroize::Zeroizing;

use super::{System, reported};
use crate::certificate::Csr;
use crate::cli::{
    AttributeArgs, KeyArgs, OutDirArgs, OutputArgs, Parsed, RekeyArgs, SanArgs, common_name, distinct,
};
use crate::error::{DamageKind, Exit, Failure, Result};
use crate::files::{BaseName, FileKind};
use crate::issue::Progress;
use crate::keys::{self, KeyFormat, PrivateKey};
use crate::pki::{self, Identity};
use crate::plan::{holds_key, request_holds_key, unusable_key};
use crate::profile::Role;
use crate::report::Report;
use crate::run::{World, write_files};
use crate::set::{KeyFile, LeafFiles, Loaded};
use crate::spec::{LeafSpec, Spec, Wish};
use crate::store::{Change, Reader};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CN of the request, and base name of the files
    #[arg(value_name = "NAME", value_parser = Parsed(common_name))]
    name: String,
    /// Role of the certificate
    #[arg(long, value_name = "ROLE", default_value = "server")]
    role: Role,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    rekey: RekeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    /// A key that is there stays, and so does a request that asks for the same with it.
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let output = self.output;
        let job = self.job()?;
        let dir = &job.spec.out_dir;
        reported(output, system, |world| {
            let written = write_files(dir, output.dry_run, world, |reader, world| {
                let files = read(&job, reader)?;
                decide(&job, &files, world)
            })?;
            Ok(Report::of_files(dir, written, output.dry_run))
        })
    }

    fn job(self) -> Result<Job> {
        let mut spec = self.out_dir.spec();
        spec.attributes = self.attributes.given()?;
        self.keys.set(&mut spec)?;
        let leaf = LeafSpec {
            common_name: Some(("NAME", self.name.clone())),
            names: distinct(self.names.san),
            wish: Wish::Ensure { rekey: self.rekey.rekey },
            ..LeafSpec::new(self.role, BaseName::made_safe(&self.name)?)
        };
        spec.leaves = vec![leaf];
        let spec = spec.checked()?;
        let leaf = spec.leaves[0].clone();
        let identity = spec.identity(&leaf, None, None)?;
        Ok(Job { spec, leaf, identity })
    }
}

/// What is asked for.
struct Job {
    spec: Spec,
    leaf: LeafSpec,
    identity: Identity,
}

fn read(job: &Job, reader: &Reader<'_>) -> Result<LeafFiles> {
    let mut set = reader.leaves(&job.spec.shape())?;
    Ok(set.leaves.pop().map(|leaf| leaf.files).unwrap_or_default())
}

fn decide(job: &Job, files: &LeafFiles, world: &mut World<'_>) -> Result<Vec<Change>> {
    let mut changes = Vec::new();
    check_certificate(job, files)?;
    let kept = usable_key(job, files)?;
    let key = match kept {
        Some(file) => file.key.clone(),
        None => make_key(job, &mut changes, world)?,
    };
    let serves = kept.is_some() && files.request.parsed().is_some_and(|csr| asks_for(csr, job, &key));
    if !serves {
        check_request(job, files)?;
        let csr = pki::request(job.leaf.role, &job.identity, &key)?;
        let contents = Zeroizing::new(csr.to_pem().into_bytes());
        changes.push(Change::new(job.leaf.base.file(FileKind::Csr), FileKind::Csr.mode(), contents));
    }
    Ok(changes)
}

/// A request for somebody else than the certificate of that name is for belongs elsewhere.
fn check_certificate(job: &Job, files: &LeafFiles) -> Result<()> {
    let Some(certificate) = files.parsed_certificate() else { return Ok(()) };
    let has = certificate.subject.common_name().unwrap_or_default();
    if certificate.is_ca() || Some(has) != job.identity.subject.common_name() {
        let pem = job.leaf.base.file(FileKind::Certificate);
        return Err(Failure::failed(format!("{pem}: already exists, for {has:?}"))
            .hint("create the request in another directory, with --out-dir"));
    }
    Ok(())
}

/// A private key in the request's place would be lost.
fn check_request(job: &Job, files: &LeafFiles) -> Result<()> {
    let path = |kind| job.spec.out_dir.join(job.leaf.base.file(kind));
    if request_holds_key(&files.request) {
        return Err(holds_key(&path(FileKind::Csr), &path(FileKind::Key), files.key.is_missing()));
    }
    Ok(())
}

/// The key that is there. One that cannot be used or is of another kind is not written over: it may be in use.
fn usable_key<'a>(job: &Job, files: &'a LeafFiles) -> Result<Option<&'a KeyFile>> {
    let name = job.leaf.base.file(FileKind::Key);
    if job.leaf.wish.rekeys() {
        return Ok(None);
    }
    match (&files.key, job.spec.key) {
        (Loaded::Locked(damage) | Loaded::Damaged(damage), _) if damage.kind != DamageKind::Empty => {
            Err(unusable_key(damage, &job.spec.out_dir.join(&name)))
        }
        (Loaded::Parsed(file), Some(asked)) if !file.key.kind().covers(asked) => {
            Err(Failure::failed(format!("{name}: is {}, and {asked} is asked for", file.key.kind()))
                .hint(format!("move {name} away, or add --rekey to replace it with a new key")))
        }
        (key, _) => Ok(key.parsed()),
    }
}

fn make_key(job: &Job, changes: &mut Vec<Change>, world: &mut World<'_>) -> Result<PrivateKey> {
    let (kind, name) = (job.spec.new_key(), job.leaf.base.file(FileKind::Key));
    (world.progress)(Progress::Keys(vec![name.clone()], kind));
    let key = keys::generate(kind, 1)?.remove(0);
    let format = job.spec.key_format.unwrap_or(KeyFormat::Pkcs8);
    changes.push(Change::new(name, FileKind::Key.mode(), key.to_pem(format)?));
    Ok(key)
}

fn asks_for(csr: &Csr, job: &Job, key: &PrivateKey) -> bool {
    csr.public_key.spki == key.public().spki
        && csr.signature.is_good()
        && csr.asks_to_be(job.leaf.role)
        && csr.subject == job.identity.subject
        && csr.subject_alt_names == job.identity.names
}
