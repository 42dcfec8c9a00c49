//! `server NAME ...` and `client NAME ...`: one name or thousands, in batches, each batch whole.

use super::carry_out;
use super::names::{self, Listed, wrong_line};
use crate::cli::Behaviour;
use crate::error::{Failure, Result};
use crate::files::BaseName;
use crate::job::{IdentitiesJob, Names};
use crate::profile::Role;
use crate::report::progress::Bar;
use crate::report::{Report, Tally};
use crate::run::{self, Batch, Locked, World};
use crate::san::{San, names_of_common_name};
use crate::spec::{LeafSpec, Spec, Wish};
use crate::subject::{AttributeType, Subject};

/// So many identities are made and committed together: enough that the cores never wait for the disk, few enough
/// that an interruption loses little and memory stays flat. RSA keys take seconds to lose, the others nothing.
fn batch_size(template: &Spec) -> usize {
    if template.new_key().is_rsa() { 32 } else { 128 }
}

/// A report of each certificate, or only how many there were.
pub(super) enum Outcome {
    Report(Report),
    Tally(Tally),
}

/// Runs the command. All names are checked before the first key is made.
pub(super) fn run(job: &IdentitiesJob, behaviour: Behaviour, world: &mut World<'_>) -> Result<Outcome> {
    match &job.names {
        Names::Given(names) => {
            let names = names.iter().map(|name| Ok((name.as_str(), leaf(name, job)?)));
            let spec = Spec { leaves: distinct(names)?, ..job.spec.clone() };
            carry_out(&spec, behaviour.dry_run, world).map(Outcome::Report)
        }
        Names::From(file) => {
            let listed = names::read(file)?;
            let named = listed.iter().map(|Listed { line, name }| {
                let leaf = leaf(name, job).map_err(|failure| wrong_line(file, *line, &failure.message))?;
                Ok((name.as_str(), leaf))
            });
            bulk(&job.spec, &distinct(named)?, behaviour, world).map(Outcome::Tally)
        }
    }
}

/// While one batch is signed and written, the keys of the next are being made.
fn bulk(template: &Spec, leaves: &[LeafSpec], behaviour: Behaviour, world: &mut World<'_>) -> Result<Tally> {
    let mut tally = Tally::new(&template.out_dir, leaves.len(), behaviour.dry_run);
    let specs =
        leaves.chunks(batch_size(template)).map(|batch| Spec { leaves: batch.to_vec(), ..template.clone() });
    if behaviour.dry_run {
        for spec in specs {
            tally.add(&run::rehearse(&spec, &run::as_it_is, world)?.plan);
        }
        return Ok(tally);
    }
    let locked = Locked::new(template, world.waiting)?;
    let result = write_all(specs, &locked, &mut tally, behaviour, world);
    if result.is_err() {
        locked.abandon();
    }
    result.map(|()| tally)
}

fn write_all(
    specs: impl Iterator<Item = Spec> + Clone,
    locked: &Locked,
    tally: &mut Tally,
    behaviour: Behaviour,
    world: &mut World<'_>,
) -> Result<()> {
    locked.recover()?;
    // What is refused in a late batch is refused before the first is written.
    for spec in specs.clone() {
        run::judge(&spec, world)?;
    }
    let mut bar = Bar::new(specs.clone().map(|spec| spec.leaves.len()).sum(), behaviour.quiet);
    let mut waiting: Option<Batch> = None;
    for spec in specs {
        let next = Batch::begin(spec, world, locked)?;
        if let Some(batch) = waiting.replace(next) {
            finish(batch, world, locked, tally, &mut bar)?;
        }
    }
    if let Some(batch) = waiting {
        finish(batch, world, locked, tally, &mut bar)?;
    }
    Ok(())
}

fn finish(
    batch: Batch,
    world: &mut World<'_>,
    locked: &Locked,
    tally: &mut Tally,
    bar: &mut Bar,
) -> Result<()> {
    let plan = batch.finish(world, locked)?;
    bar.advance(plan.leaves.len());
    tally.add(&plan);
    Ok(())
}

/// A name that comes twice is one; two names with the same files are an error.
fn distinct<'a>(named: impl Iterator<Item = Result<(&'a str, LeafSpec)>>) -> Result<Vec<LeafSpec>> {
    let mut leaves = Vec::new();
    let mut taken = std::collections::HashMap::new();
    for one in named {
        let (name, leaf) = one?;
        let key = leaf.base.to_string().to_ascii_lowercase();
        match taken.insert(key, name) {
            None => leaves.push(leaf),
            Some(other) if other == name => {}
            Some(other) => {
                return Err(Failure::usage(format!("NAME {name:?}: its files would be those of {other:?}"))
                    .hint("make one of them in another directory"));
            }
        }
    }
    Ok(leaves)
}

fn leaf(name: &str, job: &IdentitiesJob) -> Result<LeafSpec> {
    Subject::default().with(AttributeType::CommonName, "NAME", name)?;
    if name.is_empty() {
        return Err(Failure::usage("NAME \"\": a name is missing").hint("say who the certificate is for"));
    }
    if job.role == Role::Server && job.sans.is_none() && names_of_common_name(name).is_none() {
        let why = match San::parse("NAME", name) {
            Ok(other) => format!("NAME {name:?}: {}, not a host's name", other.in_words()),
            Err(failure) => failure.message,
        };
        return Err(Failure::usage(format!("{why}; clients check the host's name"))
            .hint("name the host, or add its name with --san"));
    }
    let base = BaseName::made_safe(name)?;
    let other_role = if job.role == Role::Server { Role::Client } else { Role::Server };
    if base.collides_with(&BaseName::of_role(other_role)) {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the {other_role}'s"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    if base.collides_with(&job.spec.ca_base) && job.spec.external_ca.is_none() {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the CA's"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    let mut leaf = LeafSpec::new(job.role, base);
    leaf.common_name = Some(("NAME", name.to_owned()));
    leaf.names.clone_from(&job.sans);
    leaf.wish = Wish::Create { rekey: job.rekey };
    Ok(leaf)
}
