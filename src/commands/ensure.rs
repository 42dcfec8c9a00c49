//! The default command: issue all certificates, or bring existing ones up to date.

use super::{System, carry_out, reported};
use crate::cli::{
    AttributeArgs, CA, CommonNameArgs, ExternalCaArgs, ForceArgs, KeyArgs, LeafFileArgs, NewCaArgs,
    OutDirArgs, OutputArgs, Parsed, RekeyArgs, SAN_HELP, SUBJECT, ServerArgs, ValidityArgs, common_name,
    distinct, listed,
};
use crate::error::{Exit, Failure, Result};
use crate::profile::Role;
use crate::san::San;
use crate::spec::{CaPolicy, LeafSpec, Spec, Wish};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    common_name: CommonNameArgs,
    /// More host names and IP addresses of the server
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = Parsed(listed),
        long_help = SAN_HELP
    )]
    san: Vec<Option<San>>,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    leaf_files: LeafFileArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    rekey: RekeyArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    /// Common name of the client certificate [default: the value of --cn]
    #[arg(long, value_name = "NAME", value_parser = Parsed(common_name), help_heading = SUBJECT)]
    client_cn: Option<String>,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    new_ca: NewCaArgs,
    /// Discard the CA key after signing: it cannot be stolen, and the CA can issue nothing more. For CI
    #[arg(long, help_heading = CA)]
    discard_ca_key: bool,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

impl Args {
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let output = self.output;
        let spec = self.spec()?;
        reported(output, system, |world| carry_out(&spec, output.dry_run, world))
    }

    fn spec(self) -> Result<Spec> {
        let ca_file = self.out_dir.ca_file.clone();
        let [server_base, client_base] = self.leaf_files.beside(&ca_file)?;
        let mut spec = self.out_dir.spec();
        spec.attributes = self.attributes.given()?;
        self.validity.set(&mut spec);
        self.keys.set(&mut spec)?;
        self.server.set(&mut spec, &server_base);
        spec.common_name = self.common_name.cn;
        spec.force = self.force.force;
        spec.discard_ca_key = self.discard_ca_key;
        spec.constrain = self.new_ca.constrain;
        self.external_ca.set(&mut spec)?;
        if spec.external_ca.is_some() {
            check_external(&spec)?;
            spec.ca = CaPolicy::Use;
            spec.ca_copy = Some(ca_file);
        }
        let wish = Wish::Ensure { rekey: self.rekey.rekey };
        let server = LeafSpec {
            common_name: spec.common_name.clone().map(|name| ("--cn", name)),
            names: distinct(self.san),
            wish: wish.clone(),
            ..LeafSpec::new(Role::Server, server_base)
        };
        let client = LeafSpec {
            common_name: self.client_cn.map(|name| ("--client-cn", name)),
            wish,
            ..LeafSpec::new(Role::Client, client_base)
        };
        spec.leaves = vec![server, client];
        spec.checked()
    }
}

/// Options for a new CA contradict an existing one.
fn check_external(spec: &Spec) -> Result<()> {
    let own =
        [(spec.force, "--force"), (spec.constrain, "--constrain"), (spec.discard_ca_key, "--discard-ca-key")];
    match own.iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, flag)) => {
            Err(Failure::usage(format!("{flag}: --ca-cert names an existing CA, and no new one is created"))
                .hint(format!("omit {flag}, or --ca-cert and --ca-key")))
        }
    }
}
