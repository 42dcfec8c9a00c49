//! `renew`: signed again now, with the CA that is there.

use std::fs;
use std::path::Path;

use crate::certificate::{Certificate, certificates_from_pem};
use crate::engine::{self, Done, World};
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::job::{RenewJob, Which};
use crate::profile::Role;
use crate::report::{Outcome, Report};
use crate::request::{CaPolicy, LeafRequest, Request};
use crate::store::read_typed;

/// Runs the command.
pub(super) fn run(job: RenewJob, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let mut request = job.request;
    let found = find(&request, &job.which)?;
    let is_asked = |base: &BaseName| match &job.which {
        Which::Nothing => false,
        Which::Pair(..) | Which::Named(_) | Which::All => found.asked.contains(base),
    };
    request.leaves = found
        .all
        .iter()
        // A server.pem that carries the CA's certificate follows it.
        .filter(|(base, role)| is_asked(base) || (request.ca == CaPolicy::Renew && *role == Role::Server))
        .map(|(base, role)| {
            let mut leaf = LeafRequest::new(*role, base.clone());
            leaf.renew = is_asked(base);
            leaf.rekey = job.rekey && leaf.renew;
            leaf
        })
        .collect();
    let Done { plan, set, written, recovered } =
        if dry_run { engine::rehearse(&request, world)? } else { engine::act(&request, world)? };
    let outcome = Outcome { dry_run, recovered, written: &written };
    Ok(Report::new(&plan, &request, &set, outcome, world.now))
}

/// The certificates of a directory that are no CAs, and which of them are asked for.
struct Found {
    all: Vec<(BaseName, Role)>,
    asked: Vec<BaseName>,
}

fn find(request: &Request, which: &Which) -> Result<Found> {
    let ca = ca_certificate(request)?;
    let all = certificates_in(&request.out_dir, ca.as_ref())?;
    let there = |base: &BaseName| all.iter().any(|(other, _)| other == base);
    let asked = match which {
        Which::Nothing => Vec::new(),
        Which::All => all.iter().map(|(base, _)| base.clone()).collect(),
        Which::Pair(server, client) => {
            [server, client].into_iter().filter(|base| there(base)).cloned().collect()
        }
        Which::Named(names) => {
            names.iter().map(|name| named(name, request, &there)).collect::<Result<_>>()?
        }
    };
    if asked.is_empty() && *which != Which::Nothing {
        return Err(Failure::failed(format!(
            "{}: there is no certificate to renew that the CA has signed",
            shown(&request.out_dir)
        ))
        .hint("give the set's directory with --out-dir, or make a set with: milvus-certgen"));
    }
    Ok(Found { all, asked })
}

fn named(name: &str, request: &Request, there: &dyn Fn(&BaseName) -> bool) -> Result<BaseName> {
    let bare = name.strip_suffix(".pem").unwrap_or(name);
    BaseName::made_safe(bare).ok().filter(there).ok_or_else(|| {
        Failure::failed(format!(
            "{name}: there is no such certificate in {} that the CA has signed",
            shown(&request.out_dir)
        ))
        .hint("look with: ls *.pem; or make it with: milvus-certgen client NAME")
    })
}

fn ca_certificate(request: &Request) -> Result<Option<Certificate>> {
    let Some(octets) = read_typed(&request.ca_path(FileKind::Certificate))? else { return Ok(None) };
    Ok(certificates_from_pem(&octets).ok().map(|mut chain| chain.remove(0)))
}

/// Sorted by name, so that serial numbers do not depend on the file system.
fn certificates_in(dir: &Path, ca: Option<&Certificate>) -> Result<Vec<(BaseName, Role)>> {
    let unreadable =
        |e: std::io::Error| Failure::failed(format!("{}: cannot be read: {}", shown(dir), e.kind()));
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_none_or(|extension| extension != "pem") || !path.is_file() {
            continue;
        }
        let Some(octets) = read_typed(&path)? else { continue };
        let Ok(chain) = certificates_from_pem(&octets) else { continue };
        let certificate = &chain[0];
        let is_signed = ca.is_some_and(|ca| {
            certificate.issuer.der == ca.subject.der && certificate.is_signed_by(&ca.public_key)
        });
        if is_signed && !certificate.is_ca() {
            found.push((BaseName::beside(&path), certificate.role()));
        }
    }
    found.sort_by_key(|(base, role)| (*role, base.to_string()));
    Ok(found)
}
