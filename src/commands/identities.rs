//! `server NAME ...` and `client NAME ...`: one name or thousands, in batches, each batch whole.

use std::io::Read;
use std::path::Path;

use super::carry_out;
use crate::cli::Behaviour;
use crate::engine::{self, Batch, Locked, World};
use crate::error::{Failure, Result};
use crate::files::BaseName;
use crate::job::{IdentitiesJob, Names};
use crate::profile::Role;
use crate::report::progress::Bar;
use crate::report::{Report, Tally};
use crate::request::{LeafRequest, Request};
use crate::san::{San, names_of_common_name};
use crate::store::Directory;
use crate::subject::{AttributeType, Subject};

/// So many identities are made and committed together: enough that the cores never wait for the disk, few enough
/// that an interruption loses little and memory stays flat. RSA keys take seconds to lose, the others nothing.
fn batch_size(template: &Request) -> usize {
    if template.new_key().is_rsa() { 32 } else { 128 }
}

/// A report of each certificate, or only how many there were.
pub(super) enum Outcome {
    Report(Report),
    Tally(Tally),
}

/// Runs the command. All names are checked before the first key is made.
pub(super) fn run(job: IdentitiesJob, behaviour: Behaviour, world: &mut World<'_>) -> Result<Outcome> {
    let (names, is_bulk) = match &job.names {
        Names::Given(names) => (names.clone(), false),
        Names::From(file) => (names_from(file)?, true),
    };
    let leaves = leaves(&names, &job)?;
    if !is_bulk {
        let request = Request { leaves, ..job.request };
        return carry_out(&request, behaviour.dry_run, world).map(Outcome::Report);
    }
    bulk(&job.request, &leaves, behaviour, world).map(Outcome::Tally)
}

/// While one batch is signed and written, the keys of the next are being made.
fn bulk(
    template: &Request,
    leaves: &[LeafRequest],
    behaviour: Behaviour,
    world: &mut World<'_>,
) -> Result<Tally> {
    let mut tally = Tally::new(&template.out_dir, leaves.len(), behaviour.dry_run);
    let requests = leaves
        .chunks(batch_size(template))
        .map(|batch| Request { leaves: batch.to_vec(), ..template.clone() });
    if behaviour.dry_run {
        for request in requests {
            tally.add(&engine::rehearse(&request, world)?.plan);
        }
        return Ok(tally);
    }
    Directory::exists(&template.out_dir)?;
    let locked = Locked::new(template, world.waiting)?;
    locked.recover()?;
    // What is refused in a late batch is refused before the first is written.
    for request in requests.clone() {
        engine::rehearse(&request, world)?;
    }
    let mut bar = Bar::new(leaves.len(), behaviour.quiet);
    let mut waiting: Option<Batch> = None;
    for request in requests {
        let next = Batch::begin(request, world)?;
        if let Some(batch) = waiting.replace(next) {
            finish(batch, world, &locked, &mut tally, &mut bar)?;
        }
    }
    if let Some(batch) = waiting {
        finish(batch, world, &locked, &mut tally, &mut bar)?;
    }
    Ok(tally)
}

fn finish(
    batch: Batch,
    world: &mut World<'_>,
    locked: &Locked,
    tally: &mut Tally,
    bar: &mut Bar,
) -> Result<()> {
    let done = batch.finish(world, locked)?;
    bar.advance(done.plan.leaves.len());
    tally.add(&done.plan);
    Ok(())
}

/// One name a line; `#` begins a comment. `-` is standard input.
fn names_from(file: &Path) -> Result<Vec<String>> {
    let failed = |why: &dyn std::fmt::Display| {
        Failure::failed(format!("--from {}: {why}", file.display()))
            .hint("give a file with one name a line, or - for standard input")
    };
    let text = if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text).map_err(|e| failed(&e.kind()))?;
        text
    } else {
        std::fs::read_to_string(file).map_err(|e| failed(&e.kind()))?
    };
    let lines = text.trim_start_matches('\u{feff}').lines().map(without_comment);
    let names: Vec<String> = lines.filter(|line| !line.is_empty()).map(str::to_owned).collect();
    if names.is_empty() {
        return Err(failed(&"holds no name"));
    }
    Ok(names)
}

/// A `#` begins a comment at the start of a line or after a space; within a name it is the name's.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('#').map(|(at, _)| at);
    let start = comment.into_iter().find(|&at| at == 0 || line[..at].ends_with(char::is_whitespace));
    line[..start.unwrap_or(line.len())].trim()
}

fn leaves(names: &[String], job: &IdentitiesJob) -> Result<Vec<LeafRequest>> {
    let mut leaves: Vec<LeafRequest> = Vec::with_capacity(names.len());
    let mut taken = std::collections::HashMap::new();
    for name in names {
        let leaf = leaf(name, job)?;
        let key = leaf.base.to_string().to_ascii_lowercase();
        match taken.insert(key, name) {
            None => leaves.push(leaf),
            // The same name twice is one.
            Some(other) if other == name => {}
            Some(other) => {
                return Err(Failure::usage(format!("NAME {name:?}: its files would be those of {other:?}"))
                    .hint("make one of them in another directory"));
            }
        }
    }
    Ok(leaves)
}

fn leaf(name: &str, job: &IdentitiesJob) -> Result<LeafRequest> {
    Subject::default().with(AttributeType::CommonName, "NAME", name)?;
    if name.is_empty() {
        return Err(Failure::usage("NAME \"\": a name is missing").hint("say who the certificate is for"));
    }
    if job.role == Role::Server && job.sans.is_none() && names_of_common_name(name).is_none() {
        let failure = San::parse("NAME", name).err();
        let why =
            failure.map_or_else(|| format!("NAME {name:?}: a URI, not a name"), |failure| failure.message);
        return Err(Failure::usage(format!("{why}; clients check the host's name"))
            .hint("name the host, or add its name with --san"));
    }
    let base = BaseName::made_safe(name)?;
    let other_role = if job.role == Role::Server { Role::Client } else { Role::Server };
    if base.collides_with(&BaseName::of_role(other_role)) {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the {other_role}'s"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    if base.collides_with(&job.request.ca_base) && job.request.external_ca.is_none() {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the CA's"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    let mut leaf = LeafRequest::new(job.role, base);
    leaf.common_name = Some(("NAME", name.to_owned()));
    leaf.names.clone_from(&job.sans);
    leaf.exclusive = true;
    leaf.rekey = job.rekey;
    Ok(leaf)
}
