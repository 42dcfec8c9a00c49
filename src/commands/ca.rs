//! `ca`: a CA alone.

use super::{System, carry_out, reported};
use crate::cli::{
    AttributeArgs, CommonNameArgs, ForceArgs, KeyArgs, NewCaArgs, OutDirArgs, OutputArgs, SanArgs,
    TlsDirArgs, ValidityArgs, distinct, password,
};
use crate::error::{Exit, Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::san::{add_missing, names_of_common_name};
use crate::spec::Spec;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common_name: CommonNameArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    new_ca: NewCaArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    tls_dir: TlsDirArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let output = self.output;
        let spec = self.spec()?;
        if !spec.force {
            check_orphans(&spec)?;
        }
        reported(output, system, |world| carry_out(&spec, output.dry_run, world))
    }

    fn spec(self) -> Result<Spec> {
        let mut spec = self.out_dir.spec();
        spec.attributes = self.attributes.given()?;
        self.validity.set(&mut spec);
        self.keys.set(&mut spec)?;
        spec.common_name = self.common_name.cn;
        spec.force = self.force.force;
        spec.constrain = self.new_ca.constrain;
        if spec.constrain {
            // The addresses that come with localhost are no names that somebody asks for.
            let own = spec.common_name.as_deref().and_then(names_of_common_name);
            spec.ca_names = own.unwrap_or_default().into_iter().take(1).collect();
            add_missing(&mut spec.ca_names, distinct(self.names.san).unwrap_or_default());
        }
        spec.password = password(None)?;
        self.tls_dir.set(&mut spec, &BaseName::of_role(Role::Server));
        spec.checked()
    }
}

/// Where ca.pem is missing, but not what it has signed, a new CA would be none of theirs.
fn check_orphans(spec: &Spec) -> Result<()> {
    let ca = spec.ca_path(FileKind::Certificate);
    let orphan = [Role::Server, Role::Client]
        .map(|role| spec.out_dir.join(BaseName::of_role(role).file(FileKind::Certificate)))
        .into_iter()
        .find(|pem| pem.exists());
    match orphan.filter(|_| !ca.exists()) {
        None => Ok(()),
        Some(pem) => Err(Failure::failed(format!(
            "{}: is missing, but {} exists, which it issued",
            shown(&ca),
            shown(&pem)
        ))
        .hint("put the file back, or start over with: milvus-certgen --force")),
    }
}
