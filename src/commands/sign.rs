//! `sign`: requests that somebody else made. A request may choose its subject, its names and its key, and nothing else.

use std::path::{Path, PathBuf};

use super::{System, carry_out, reported};
use crate::certificate::{Csr, Signature, csr_from_pem};
use crate::cli::{ExternalCaArgs, LeafValidityArgs, OutDirArgs, OutputArgs, SanArgs, ServerArgs, distinct};
use crate::error::{Exit, Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::pki::Identity;
use crate::profile::Role;
use crate::report::Report;
use crate::run::{self, World};
use crate::san::{San, names_of_common_name};
use crate::spec::{AcceptedCsr, CaPolicy, ExternalCa, LeafSpec, Spec, Wish};
use crate::store::{Directory, DirectoryId, read_path};

/// More names than any client's TLS stack takes in one certificate (rustls stops at 64 KiB).
const MOST_NAMES: usize = 1000;

/// Six attributes of the lengths that RFC 5280 allows take less.
const LONGEST_SUBJECT: usize = 4096;

/// So many are signed and written together; few enough that their files can be open at once.
const AT_ONCE: usize = 128;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// CSR files
    #[arg(value_name = "FILE.csr", required = true)]
    files: Vec<PathBuf>,
    /// Role of the certificates [default: what the CSR requests, or server]
    #[arg(long, value_name = "ROLE")]
    role: Option<Role>,
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    validity: LeafValidityArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    server: ServerArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// What holds for all requests of a run.
struct Terms {
    /// The CA and the validity.
    spec: Spec,
    /// `None` leaves it to the request's extended key usage.
    role: Option<Role>,
    /// Instead of the request's own names.
    names: Option<Vec<San>>,
}

impl Args {
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let mut spec = Spec { ca: CaPolicy::Use, ..self.out_dir.spec() };
        self.external_ca.set(&mut spec)?;
        self.validity.set(&mut spec);
        self.server.set(&mut spec, &BaseName::of_role(Role::Server));
        let terms = Terms { spec: spec.checked()?, role: self.role, names: distinct(self.names.san) };
        let (files, output) = (self.files, self.output);
        reported(output, system, |world| sign(&files, &terms, output.dry_run, world))
    }
}

/// All requests are judged before the first is signed, also by the CA's constraints and by what is there: those of one
/// directory are then one run, and those of several are tried out first.
fn sign(files: &[PathBuf], terms: &Terms, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let judged: Vec<Judged> = files.iter().map(|file| judge(file, terms)).collect::<Result<_>>()?;
    let mut directories: Vec<Vec<Judged>> = Vec::new();
    for one in judged {
        match directories.iter_mut().find(|others| others[0].place == one.place) {
            Some(others) if others.iter().any(|other| other.leaf.base.collides_with(&one.leaf.base)) => {
                return Err(Failure::usage(format!("{}.pem would be written twice", one.leaf.base))
                    .hint("give each request once"));
            }
            Some(others) => others.push(one),
            None => directories.push(vec![one]),
        }
    }
    let runs: Vec<&[Judged]> = directories.iter().flat_map(|judged| judged.chunks(AT_ONCE)).collect();
    if runs.len() > 1 && !dry_run {
        for judged in &runs {
            run::rehearse(&spec(judged, &terms.spec), &run::as_it_is, world)?;
        }
    }
    let mut reports = Vec::new();
    for judged in runs {
        let mut report = carry_out(&spec(judged, &terms.spec), dry_run, world)?;
        report.add_notes(judged.iter().flat_map(|one| one.notes.clone()).collect());
        reports.push(report);
    }
    Ok(Report::joined(reports))
}

/// A request that may be signed.
struct Judged {
    dir: PathBuf,
    /// Which directory that is, however it was named.
    place: Option<DirectoryId>,
    leaf: LeafSpec,
    /// What it asked for and does not get.
    notes: Vec<String>,
}

/// The certificates go beside the requests, and the CA is where it is.
fn spec(judged: &[Judged], template: &Spec) -> Spec {
    let ca = template.external_ca.clone().unwrap_or_else(|| ExternalCa {
        certificate: template.ca_path(FileKind::Certificate),
        key: template.ca_path(FileKind::Key),
    });
    Spec {
        out_dir: judged[0].dir.clone(),
        external_ca: Some(ca),
        leaves: judged.iter().map(|one| one.leaf.clone()).collect(),
        ..template.clone()
    }
}

fn judge(file: &Path, terms: &Terms) -> Result<Judged> {
    let refuse = |why: &str, hint: &str| Failure::failed(format!("{}: {why}", shown(file))).hint(hint);
    let octets = read_path(file)?
        .ok_or_else(|| refuse("no such file", "name a request, such as milvus.example.com.csr"))?;
    let csr = csr_from_pem(&octets).map_err(|damage| {
        refuse(&damage.text, "make a request with: milvus-certgen csr NAME; or: openssl req -new")
    })?;
    check_key(&csr).map_err(|why| {
        refuse(&why, "make it again with a key of RSA 2048 to 4096, P-256, P-384 or Ed25519, and SHA-256")
    })?;
    if csr.unknown_critical_extensions() {
        return Err(refuse(
            "asks for a critical extension that is not known here",
            "make it again without that extension",
        ));
    }
    if csr.subject.der.len() > LONGEST_SUBJECT {
        return Err(refuse(
            &format!("its subject has {} octets", csr.subject.der.len()),
            "make it again with a shorter subject",
        ));
    }
    let subject = csr.subject.clone();
    if let Some(why) = subject.fault() {
        return Err(refuse(&why, "make it again with a subject that all clients read"));
    }
    let role = terms.role.unwrap_or_else(|| csr.role());
    let names = names(&csr, terms, role, subject.common_name().unwrap_or_default())
        .map_err(|why| refuse(&why, "give its names with --san, or make it again"))?;
    let stem = file.file_stem().and_then(|stem| stem.to_str());
    let base = stem.and_then(|stem| BaseName::parse("FILE.csr", stem).ok()).ok_or_else(|| {
        refuse("its name cannot be a certificate's", "give it a plain name, such as node-1.csr")
    })?;
    if file.extension().is_some_and(|extension| extension == "pem") {
        return Err(refuse("the certificate would be written over it", "name the request FILE.csr"));
    }
    let accepted = AcceptedCsr { identity: Identity { subject, names }, key: csr.public_key.clone() };
    let leaf = LeafSpec { wish: Wish::Sign(accepted), ..LeafSpec::new(role, base) };
    let dir = match file.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    };
    let notes = csr.overruled(role).into_iter().map(|what| format!("{}: {what}", shown(file))).collect();
    let place = Directory::find(&dir)?.and_then(|dir| dir.id().ok());
    Ok(Judged { dir, place, leaf, notes })
}

fn check_key(csr: &Csr) -> Result<(), String> {
    if let Err(kind) = &csr.public_key.kind {
        return Err(format!("its key is one that clients refuse ({kind})"));
    }
    if csr.weak_signature {
        return Err("is signed with SHA-1 or MD5".to_owned());
    }
    match &csr.signature {
        Signature::Good => Ok(()),
        Signature::Bad => {
            Err("its signature does not match its key: it is damaged, or not from who has the key".to_owned())
        }
        Signature::Unknown(algorithm) => {
            Err(format!("is signed with {algorithm}, which cannot be verified here"))
        }
    }
}

/// `--san`, or the request's own names, or what its CN stands for: for a server with one that is a host's.
fn names(csr: &Csr, terms: &Terms, role: Role, common_name: &str) -> Result<Vec<San>, String> {
    let names = match &terms.names {
        Some(names) => names.clone(),
        None => names_asked_for(csr)?,
    };
    if !role.serves() && names.is_empty() {
        return Ok(San::parse("CN", common_name).into_iter().collect());
    }
    if !role.serves() || names.iter().any(San::is_host) {
        return Ok(names);
    }
    if names.is_empty() {
        return names_of_common_name(common_name)
            .ok_or_else(|| format!("asks for no name that clients can check (its CN is {common_name:?})"));
    }
    let kinds: Vec<String> = names.iter().map(ToString::to_string).collect();
    Err(format!("asks to be a server, and for no host name or address, only for {}", kinds.join(", ")))
}

/// Each is checked as if it had been typed.
fn names_asked_for(csr: &Csr) -> Result<Vec<San>, String> {
    if csr.other_names > 0 {
        return Err(format!("asks for {} names of kinds that are not signed here", csr.other_names));
    }
    if csr.subject_alt_names.len() > MOST_NAMES {
        return Err(format!(
            "asks for {} names; {MOST_NAMES} are the most that is signed",
            csr.subject_alt_names.len()
        ));
    }
    let checked = csr.subject_alt_names.iter().map(|name| {
        let prefix = if matches!(name, San::Uri(_)) { "URI:" } else { "" };
        let again = San::parse("name", &format!("{prefix}{name}"))
            .map_err(|e| format!("asks for the {}", e.message))?;
        if again == *name {
            Ok(again)
        } else {
            Err(format!("asks for the name {:?} as a {}", name.value(), name.kind()))
        }
    });
    checked.collect()
}
