//! From the flags of a command to its job.

use super::Behaviour;
use super::args::{
    AttributeArgs, DaysArgs, ExternalCaArgs, KeyArgs, KeyFormatArg, OutDirArgs, OutputArgs, RenewWithinArgs,
    RoleArg, TlsDirArgs, ValidityArgs,
};
use super::convert::{access, attributes, base_names, common_name, days, key_kind, names, out_dir, password};
use super::make::{CaArgs, CsrArgs, EnsureArgs, FixturesArgs, IdentityArgs, RenewArgs, SignArgs};
use crate::check::server_name;
use crate::error::{Failure, Result};
use crate::files::BaseName;
use crate::job::{CsrJob, FixturesJob, IdentitiesJob, Job, Names, RenewJob, SignJob, Which};
use crate::keys::{KeyFormat, KeyKind};
use crate::profile::Role;
use crate::san::{add_missing, names_of_common_name};
use crate::spec::{CaPolicy, ExternalCa, LeafSpec, Spec, TlsDir, Wish};

impl EnsureArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let [ca_base, server_base, client_base] = base_names(&[
            ("--ca-file", &self.out_dir.ca_file),
            ("--server-file", &self.leaf_files.server_file),
            ("--client-file", &self.leaf_files.client_file),
        ])?;
        let mut spec = Spec { ca_base, ..Spec::default() };
        set_out_dir(&mut spec, self.out_dir)?;
        set_attributes(&mut spec, self.attributes)?;
        set_validity(&mut spec, &self.validity)?;
        set_keys(&mut spec, &self.keys)?;
        spec.common_name = common_name("--cn", self.common_name.cn)?;
        spec.leaf_only = self.leaf_only.leaf_only;
        spec.access = access(&self.access)?;
        spec.force = self.force.force;
        spec.tls_dir = tls_dir(self.tls_dir, &server_base);
        spec.discard_ca_key = self.discard.discard_ca_key;
        spec.constrain = self.new_ca.constrain;
        let copy = spec.ca_base.clone();
        set_external_ca(&mut spec, self.external_ca)?;
        if spec.external_ca.is_some() {
            check_external(&spec)?;
            spec.ca = CaPolicy::Use;
            spec.ca_copy = Some(copy);
        }
        let mut server = LeafSpec::new(Role::Server, server_base);
        server.common_name = spec.common_name.clone().map(|name| ("--cn", name));
        server.names = names(&self.names.san)?;
        let mut client = LeafSpec::new(Role::Client, client_base);
        client.common_name =
            common_name("--client-cn", self.client_name.client_cn)?.map(|name| ("--client-cn", name));
        spec.leaves = vec![server, client];
        spec.leaves.iter_mut().for_each(|leaf| leaf.wish = Wish::Ensure { rekey: self.rekey.rekey });
        Ok((Job::Ensure(spec.checked()?), self.output.into()))
    }
}

impl CaArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let ca_base = BaseName::parse("--ca-file", &self.out_dir.ca_file)?;
        let mut spec = Spec { ca_base, leaves: Vec::new(), ..Spec::default() };
        set_out_dir(&mut spec, self.out_dir)?;
        set_attributes(&mut spec, self.attributes)?;
        set_validity(&mut spec, &self.validity)?;
        set_keys(&mut spec, &self.keys)?;
        spec.common_name = common_name("--cn", self.common_name.cn)?;
        spec.force = self.force.force;
        spec.constrain = self.new_ca.constrain;
        if spec.constrain {
            // The addresses that come with localhost are no names that somebody asks for.
            let own = spec.common_name.as_deref().and_then(names_of_common_name);
            spec.ca_names = own.unwrap_or_default().into_iter().take(1).collect();
            add_missing(&mut spec.ca_names, names(&self.names.san)?.unwrap_or_default());
        }
        spec.password = password(None)?;
        spec.tls_dir = tls_dir(self.tls_dir, &BaseName::of_role(Role::Server));
        Ok((Job::Ensure(spec.checked()?), self.output.into()))
    }
}

impl CsrArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let mut spec = Spec { leaves: Vec::new(), ..Spec::default() };
        set_out_dir(&mut spec, self.out_dir)?;
        set_attributes(&mut spec, self.attributes)?;
        set_keys(&mut spec, &self.keys)?;
        let role = Role::from(self.role);
        let base = BaseName::made_safe(&self.name)?;
        let mut leaf = LeafSpec::new(role, base.clone());
        leaf.common_name = common_name("NAME", Some(self.name))?.map(|name| ("NAME", name));
        leaf.names = names(&self.names.san)?;
        leaf.wish = Wish::Ensure { rekey: self.rekey.rekey };
        spec.leaves = vec![leaf];
        let spec = spec.checked()?;
        let identity = spec.identity(&spec.leaves[0], None, None)?;
        Ok((Job::Csr(CsrJob { spec, base, role, identity }), self.output.into()))
    }
}

impl SignArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let mut spec = signing_request(self.out_dir, self.external_ca)?;
        set_leaf_validity(&mut spec, &self.validity.days, &self.validity.renew_within)?;
        spec.leaf_only = self.leaf_only.leaf_only;
        spec.access = access(&self.access)?;
        spec.tls_dir = tls_dir(self.tls_dir, &BaseName::of_role(Role::Server));
        let names = names(&self.names.san)?;
        let job =
            SignJob { spec: spec.checked()?, files: self.files, role: self.role.map(Role::from), names };
        Ok((Job::Sign(job), self.output.into()))
    }
}

impl IdentityArgs {
    pub(super) fn into_job(self, role: Role) -> Result<(Job, Behaviour)> {
        let mut spec = signing_request(self.out_dir, self.external_ca)?;
        set_attributes(&mut spec, self.attributes)?;
        set_leaf_validity(&mut spec, &self.validity.days, &self.validity.renew_within)?;
        set_keys(&mut spec, &self.keys)?;
        spec.leaf_only = self.leaf_only.leaf_only;
        spec.access = access(&self.access)?;
        spec.tls_dir = tls_dir(self.tls_dir, &BaseName::of_role(Role::Server));
        let names_from = match self.from {
            Some(file) => Names::From(file),
            None => Names::Given(self.names),
        };
        let sans = names(&self.san.san)?;
        let job =
            IdentitiesJob { spec: spec.checked()?, role, names: names_from, sans, rekey: self.rekey.rekey };
        Ok((Job::Identities(job), self.output.into()))
    }
}

impl FixturesArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let names = names(&self.san)?;
        if let Some(name) = names.iter().flatten().find(|name| server_name(name).is_none()) {
            return Err(Failure::usage(format!("--san {name}: not a name that a client can ask for"))
                .hint("give host names and addresses"));
        }
        let job = FixturesJob { dir: out_dir(self.dir)?, names, force: self.force };
        Ok((Job::Fixtures(job), self.output.into()))
    }
}

impl RenewArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let [_, server, client] = base_names(&[
            ("--ca-file", &self.out_dir.ca_file),
            ("--server-file", &self.leaf_files.server_file),
            ("--client-file", &self.leaf_files.client_file),
        ])?;
        let mut spec = signing_request(self.out_dir, self.external_ca)?;
        set_validity(&mut spec, &self.validity)?;
        set_keys(&mut spec, &self.keys)?;
        spec.leaf_only = self.leaf_only.leaf_only;
        spec.access = access(&self.access)?;
        spec.tls_dir = tls_dir(self.tls_dir, &server);
        if self.ca {
            if spec.external_ca.is_some() {
                return Err(Failure::usage("--ca: a CA from elsewhere is not signed again here")
                    .hint("run renew --ca in the CA's own directory"));
            }
            spec.ca = CaPolicy::Renew;
        }
        let which = match (self.all, self.names.is_empty(), self.ca) {
            (true, ..) => Which::All,
            (false, false, _) => Which::Named(self.names),
            (false, true, true) => Which::Nothing,
            (false, true, false) => Which::Pair,
        };
        let job = RenewJob { spec: spec.checked()?, which, pair: (server, client), rekey: self.rekey };
        Ok((Job::Renew(job), self.output.into()))
    }
}

/// The specification of a command that signs with a CA that must be there.
fn signing_request(dir: OutDirArgs, ca: ExternalCaArgs) -> Result<Spec> {
    let ca_base = BaseName::parse("--ca-file", &dir.ca_file)?;
    let mut spec = Spec { ca_base, ca: CaPolicy::Use, leaves: Vec::new(), ..Spec::default() };
    set_out_dir(&mut spec, dir)?;
    set_external_ca(&mut spec, ca)?;
    Ok(spec)
}

/// What only makes sense for a CA of the set's own.
fn check_external(spec: &Spec) -> Result<()> {
    let own =
        [(spec.force, "--force"), (spec.constrain, "--constrain"), (spec.discard_ca_key, "--discard-ca-key")];
    match own.iter().find(|(is_given, _)| *is_given) {
        None => Ok(()),
        Some((_, flag)) => Err(Failure::usage(format!("{flag}: with --ca-cert no CA is made here"))
            .hint(format!("leave {flag} out, or --ca-cert and --ca-key"))),
    }
}

fn set_external_ca(spec: &mut Spec, ca: ExternalCaArgs) -> Result<()> {
    spec.password = password(ca.ca_key_password_file.as_deref())?;
    spec.external_ca = match (ca.ca_cert, ca.ca_key) {
        (Some(certificate), Some(key)) => {
            spec.ca_base = BaseName::beside(&certificate);
            Some(ExternalCa { certificate, key })
        }
        (None, None) => None,
        (Some(_), None) => {
            return Err(Failure::usage("--ca-cert: without --ca-key nothing can be signed")
                .hint("give the CA's private key with --ca-key"));
        }
        (None, Some(_)) => {
            return Err(Failure::usage("--ca-key: without --ca-cert it is not known what it signs for")
                .hint("give the CA's certificate with --ca-cert"));
        }
    };
    Ok(())
}

fn set_out_dir(spec: &mut Spec, args: OutDirArgs) -> Result<()> {
    spec.out_dir = out_dir(args.out_dir)?;
    Ok(())
}

fn tls_dir(args: TlsDirArgs, server: &BaseName) -> Option<TlsDir> {
    args.tls_dir.map(|path| TlsDir { path, server: server.clone() })
}

fn set_attributes(spec: &mut Spec, args: AttributeArgs) -> Result<()> {
    spec.attributes = attributes(args)?;
    Ok(())
}

fn set_validity(spec: &mut Spec, args: &ValidityArgs) -> Result<()> {
    spec.ca_days = days("--ca-days", args.ca_days.ca_days.as_deref(), 1)?;
    set_leaf_validity(spec, &args.days, &args.renew_within)
}

fn set_leaf_validity(spec: &mut Spec, args: &DaysArgs, renew_within: &RenewWithinArgs) -> Result<()> {
    spec.days = days("--days", args.days.as_deref(), 1)?;
    spec.renew_within = days("--renew-within", renew_within.renew_within.as_deref(), 0)?;
    Ok(())
}

fn set_keys(spec: &mut Spec, args: &KeyArgs) -> Result<()> {
    spec.key = key_kind(args)?;
    spec.key_format = args.key_format.map(|format| match format {
        KeyFormatArg::Pkcs8 => KeyFormat::Pkcs8,
        KeyFormatArg::Traditional => KeyFormat::Traditional,
    });
    if spec.key == Some(KeyKind::Ed25519) && spec.key_format == Some(KeyFormat::Traditional) {
        return Err(Failure::usage("--key-format traditional: an ed25519 key has no traditional form")
            .hint("leave --key-format out"));
    }
    Ok(())
}

impl From<OutputArgs> for Behaviour {
    fn from(args: OutputArgs) -> Self {
        Self { dry_run: args.dry_run, quiet: args.quiet, json: args.json }
    }
}

impl From<RoleArg> for Role {
    fn from(role: RoleArg) -> Self {
        match role {
            RoleArg::Server => Self::Server,
            RoleArg::Client => Self::Client,
        }
    }
}
