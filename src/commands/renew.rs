//! `renew`: signed again now, with the CA that is there.

use std::path::Path;

use super::{System, carry_out_completed, reported};
use crate::certificate::{Certificate, certificates_from_pem};
use crate::cli::{ExternalCaArgs, KeyArgs, LeafFileArgs, OutDirArgs, OutputArgs, ServerArgs, ValidityArgs};
use crate::error::{Exit, Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::report::Report;
use crate::run::{World, look_below};
use crate::spec::{CaPolicy, LeafSpec, Spec, Wish};
use crate::store::{Reader, read_path};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Certificates to renew, by file or by CN [default: server and client]
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// All certificates in the directory that the CA issued
    #[arg(long)]
    all: bool,
    /// The CA certificate, with the same key: certificates that it issued stay valid
    #[arg(long)]
    ca: bool,
    /// Create new keys too
    #[arg(long)]
    rekey: bool,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    leaf_files: LeafFileArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// Which certificates are renewed.
#[derive(PartialEq, Eq)]
enum Which {
    /// The server's and the client's, as far as they are there.
    Pair,
    /// These, by base name or by the name that they were made for.
    Named(Vec<String>),
    /// All in the directory that the CA has signed.
    All,
    /// None: only the CA's.
    Nothing,
}

struct Job {
    /// The CA and the validity; its leaves are those that are found.
    spec: Spec,
    which: Which,
    /// What the server's and the client's files are called.
    pair: [BaseName; 2],
    rekey: bool,
}

impl Args {
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let output = self.output;
        let job = self.job()?;
        reported(output, system, |world| renew(&job, output.dry_run, world))
    }

    fn job(self) -> Result<Job> {
        let pair = self.leaf_files.beside(&self.out_dir.ca_file)?;
        let mut spec = Spec { ca: CaPolicy::Use, ..self.out_dir.spec() };
        self.external_ca.set(&mut spec)?;
        self.validity.set(&mut spec);
        self.keys.set(&mut spec)?;
        self.server.set(&mut spec, &pair[0]);
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
        Ok(Job { spec: spec.checked()?, which, pair, rekey: self.rekey })
    }
}

fn renew(job: &Job, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let left_alone = std::cell::RefCell::default();
    let complete = |template: &Spec, reader: &Reader<'_>| {
        let found = find(template, job, reader)?;
        left_alone.replace(found.left_alone.clone());
        with_leaves(template, job, &found)
    };
    let mut report = carry_out_completed(&job.spec, &complete, dry_run, world)?;
    report.add_notes(left_alone.into_inner());
    Ok(report)
}

/// The specification for what was found: a certificate each.
fn with_leaves(template: &Spec, job: &Job, found: &Found) -> Result<Spec> {
    let mut spec = template.clone();
    spec.ca_is_named_by_number = found.all.iter().any(|one| one.names_by_number);
    for One { base, role, names_by_number } in &found.all {
        let is_asked = found.asked.contains(base);
        // A server.pem that carries the CA's certificate follows it, and is not signed for that. What goes by the CA's
        // serial number is looked at: the plan says whether that stays.
        let is_concerned = role.is_some_and(Role::serves) || (role.is_some() && *names_by_number);
        let follows = spec.ca == CaPolicy::Renew && is_concerned;
        if !is_asked && !follows {
            continue;
        }
        let Some(role) = role else {
            let pem = base.file(FileKind::Certificate);
            return Err(Failure::failed(format!(
                "{pem}: does not say whether it is a server's or a client's (extendedKeyUsage)"
            ))
            .hint("bring the set up to date with: milvus-certgen; or make it anew with server NAME or client NAME"));
        };
        let wish = if is_asked { Wish::Renew { rekey: job.rekey } } else { Wish::Refresh };
        spec.leaves.push(LeafSpec { wish, ..LeafSpec::new(*role, base.clone()) });
    }
    Ok(spec)
}

/// A certificate that the CA has signed.
struct One {
    base: BaseName,
    role: Option<Role>,
    /// It names the CA's certificate by its serial number.
    names_by_number: bool,
}

/// The certificates of a directory that are no CAs, and which of them are asked for.
struct Found {
    all: Vec<One>,
    asked: Vec<BaseName>,
    /// What is there, and might have been meant.
    left_alone: Vec<String>,
}

fn find(spec: &Spec, job: &Job, reader: &Reader<'_>) -> Result<Found> {
    let which = &job.which;
    let mut all = signed_in(reader, &authorities(spec, reader)?)?;
    let [server, client] = &job.pair;
    // The Milvus page's certificates do not say what they are for, or all that they are for servers; their names do.
    for One { base, role, .. } in &mut all {
        let by_name =
            [(server, Role::Server), (client, Role::Client)].into_iter().find(|(pair, _)| base == *pair);
        *role = by_name.map(|(_, role)| role).or(*role);
    }
    let there = |base: &BaseName| all.iter().any(|other| other.base == *base);
    let asked = match which {
        Which::Nothing => Vec::new(),
        Which::All => all.iter().map(|one| one.base.clone()).collect(),
        Which::Pair => [server, client].into_iter().filter(|base| there(base)).cloned().collect(),
        Which::Named(names) => names.iter().map(|name| named(name, spec, &there)).collect::<Result<_>>()?,
    };
    if asked.is_empty() && *which != Which::Nothing {
        let failure =
            Failure::failed(format!("{}: no certificate that this CA issued", shown(&spec.out_dir)))
                .hint("name the directory with --out-dir, or issue certificates with: milvus-certgen");
        return Err(look_below(failure, spec));
    }
    let left_alone = [server, client]
        .into_iter()
        .map(|base| (base, base.file(FileKind::Certificate)))
        .filter(|(base, pem)| *which == Which::Pair && !there(base) && reader.has(pem))
        .map(|(_, pem)| format!("{pem} is not signed by the CA, and is left alone"))
        .collect();
    Ok(Found { all, asked, left_alone })
}

fn named(name: &str, spec: &Spec, there: &dyn Fn(&BaseName) -> bool) -> Result<BaseName> {
    let file = Path::new(name).file_name().and_then(|file| file.to_str()).unwrap_or(name);
    let bare = [".pem", ".key", ".csr"].iter().find_map(|end| file.strip_suffix(end)).unwrap_or(file);
    if bare == spec.ca_base.to_string() {
        return Err(Failure::usage(format!("{name}: is the CA")).hint("milvus-certgen renew --ca"));
    }
    // The file's own name, or that of the person.
    let bases = [BaseName::parse("NAME", bare), BaseName::made_safe(bare)];
    bases.into_iter().flatten().find(there).ok_or_else(|| {
        Failure::failed(format!(
            "{name}: there is no such certificate in {} that the CA has signed",
            shown(&spec.out_dir)
        ))
        .hint("look with: ls *.pem; or make it with: milvus-certgen client NAME")
    })
}

/// Those that ca.pem has: all of them are trusted.
fn authorities(spec: &Spec, reader: &Reader<'_>) -> Result<Vec<Certificate>> {
    let octets = match &spec.external_ca {
        Some(ca) => read_path(&ca.certificate)?,
        None => reader.file(&spec.ca_base.file(FileKind::Certificate))?,
    };
    Ok(octets.and_then(|octets| certificates_from_pem(&octets).ok()).unwrap_or_default())
}

/// Sorted by role and name, so that serial numbers do not depend on the file system.
fn signed_in(reader: &Reader<'_>, authorities: &[Certificate]) -> Result<Vec<One>> {
    if authorities.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<One> = reader
        .certificates()?
        .into_iter()
        .filter_map(|(base, certificate)| {
            let ca = authorities.iter().find(|ca| certificate.is_issued_by(ca))?;
            Some(One { base, role: certificate.role(), names_by_number: certificate.names_by_number(ca) })
        })
        .collect();
    found.sort_by_key(|one| (one.role, one.base.to_string()));
    Ok(found)
}
