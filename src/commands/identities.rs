//! `server NAME ...` and `client NAME ...`: one name or thousands, in batches, each batch whole.

use std::path::PathBuf;

use super::names::{self, Listed, wrong_line};
use super::{System, carry_out, reported};
use crate::cli::{
    AttributeArgs, ExternalCaArgs, KeyArgs, LeafValidityArgs, OutDirArgs, OutputArgs, RekeyArgs, SanArgs,
    ServerArgs, distinct,
};
use crate::error::{Exit, Failure, Result};
use crate::files::BaseName;
use crate::profile::Role;
use crate::report::Tally;
use crate::report::progress::Bar;
use crate::run::{self, Batch, Locked, World};
use crate::san::{San, names_of_common_name};
use crate::spec::{CaPolicy, LeafSpec, Spec, Wish};
use crate::subject::{AttributeType, Subject};

/// So many identities are made and committed together: enough that the cores never wait for the disk, few enough
/// that an interruption loses little and memory stays flat. RSA keys take seconds to lose, the others nothing.
fn batch_size(template: &Spec) -> usize {
    if template.new_key().is_rsa() { 32 } else { 128 }
}

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CN and file name of each certificate
    #[arg(value_name = "NAME", required_unless_present = "from")]
    names: Vec<String>,
    /// Read the names from a file, one per line; # starts a comment, - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "names")]
    from: Option<PathBuf>,
    #[command(flatten)]
    san: SanArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    validity: LeafValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    rekey: RekeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What holds for all certificates of a run.
struct Terms {
    /// The CA, keys and validity; its leaves are those of the names.
    spec: Spec,
    role: Role,
    sans: Option<Vec<San>>,
    rekey: bool,
}

impl Args {
    /// All names are checked before the first key is made.
    pub(super) fn run(self, role: Role, system: &mut System<'_>) -> Result<Exit> {
        let mut spec = Spec { ca: CaPolicy::Use, ..self.out_dir.spec() };
        self.external_ca.set(&mut spec)?;
        spec.attributes = self.attributes.given()?;
        self.validity.set(&mut spec);
        self.keys.set(&mut spec)?;
        self.server.set(&mut spec, &BaseName::of_role(Role::Server));
        let (sans, rekey) = (distinct(self.san.san), self.rekey.rekey);
        let terms = Terms { spec: spec.checked()?, role, sans, rekey };
        let (typed, output) = (self.names, self.output);
        let Some(file) = self.from else {
            let named = typed.iter().map(|name| Ok((name.as_str(), leaf(name, &terms)?)));
            let spec = Spec { leaves: unique(named)?, ..terms.spec.clone() };
            return reported(output, system, |world| carry_out(&spec, output.dry_run, world));
        };
        let listed = names::read(&file)?;
        let named = listed.iter().map(|Listed { line, name }| {
            let leaf = leaf(name, &terms).map_err(|failure| wrong_line(&file, *line, &failure.message))?;
            Ok((name.as_str(), leaf))
        });
        let leaves = unique(named)?;
        reported(output, system, |world| bulk(&terms.spec, &leaves, output, world))
    }
}

/// While one batch is signed and written, the keys of the next are being made.
fn bulk(template: &Spec, leaves: &[LeafSpec], output: OutputArgs, world: &mut World<'_>) -> Result<Tally> {
    let mut tally = Tally::new(&template.out_dir, leaves.len(), output.dry_run);
    let specs =
        leaves.chunks(batch_size(template)).map(|batch| Spec { leaves: batch.to_vec(), ..template.clone() });
    if output.dry_run {
        for spec in specs {
            tally.add(&run::rehearse(&spec, &run::as_it_is, world)?.plan);
        }
        return Ok(tally);
    }
    let locked = Locked::new(template, world.on_wait)?;
    let result = write_all(specs, &locked, &mut tally, output, world);
    if result.is_err() {
        locked.abandon();
    }
    result.map(|()| tally)
}

fn write_all(
    specs: impl Iterator<Item = Spec> + Clone,
    locked: &Locked,
    tally: &mut Tally,
    output: OutputArgs,
    world: &mut World<'_>,
) -> Result<()> {
    locked.recover()?;
    // What is refused in a late batch is refused before the first is written.
    for spec in specs.clone() {
        run::plan_only(&spec, world)?;
    }
    let mut bar = Bar::new(specs.clone().map(|spec| spec.leaves.len()).sum(), output.quiet);
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
fn unique<'a>(named: impl Iterator<Item = Result<(&'a str, LeafSpec)>>) -> Result<Vec<LeafSpec>> {
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

fn leaf(name: &str, terms: &Terms) -> Result<LeafSpec> {
    Subject::default().with(AttributeType::CommonName, "NAME", name)?;
    if name.is_empty() {
        return Err(Failure::usage("NAME \"\": a name is missing").hint("say who the certificate is for"));
    }
    if terms.role.serves() && terms.sans.is_none() && names_of_common_name(name).is_none() {
        let why = match San::parse("NAME", name) {
            Ok(other) => format!("NAME {name:?}: {}, not a host's name", other.in_words()),
            Err(failure) => failure.message,
        };
        return Err(Failure::usage(format!("{why}; clients check the host's name"))
            .hint("name the host, or add its name with --san"));
    }
    let base = BaseName::made_safe(name)?;
    let mut others = [Role::Server, Role::Client].into_iter().filter(|role| *role != terms.role);
    if let Some(other) = others.find(|role| base.collides_with(&BaseName::of_role(*role))) {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the {other}'s"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    if base.collides_with(&terms.spec.ca_base) && terms.spec.external_ca.is_none() {
        return Err(Failure::usage(format!("NAME {name:?}: its files would be the CA's"))
            .hint("make it in another directory, with --ca-cert and --ca-key"));
    }
    Ok(LeafSpec {
        common_name: Some(("NAME", name.to_owned())),
        names: terms.sans.clone(),
        wish: Wish::Create { rekey: terms.rekey },
        ..LeafSpec::new(terms.role, base)
    })
}
