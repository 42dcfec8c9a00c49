//! The default command, and `ca`: make the set, or make what is there serve.

use super::carry_out;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::report::Report;
use crate::run::World;
use crate::spec::Spec;

/// Runs the command.
pub(super) fn run(spec: &Spec, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    if spec.leaves.is_empty() && !spec.force {
        check_orphans(spec)?;
    }
    carry_out(spec, dry_run, world)
}

/// `ca` where ca.pem is missing, but not what it has signed: a new CA would be none of theirs.
fn check_orphans(spec: &Spec) -> Result<()> {
    let ca = spec.ca_path(FileKind::Certificate);
    let orphan = [Role::Server, Role::Client]
        .map(|role| spec.out_dir.join(BaseName::of_role(role).file(FileKind::Certificate)))
        .into_iter()
        .find(|pem| pem.exists());
    match orphan.filter(|_| !ca.exists()) {
        None => Ok(()),
        Some(pem) => Err(Failure::failed(format!(
            "{}: is missing, but {} is there, which it has signed",
            shown(&ca),
            shown(&pem)
        ))
        .hint("put the file back, or start over with: milvus-certgen --force")),
    }
}
