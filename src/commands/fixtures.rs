//! `fixtures`: sets that are broken on purpose. All or nothing, as everything that writes.

use zeroize::Zeroizing;

use crate::certificate::{Certificate, certificates_from_pem};
use crate::engine::World;
use crate::error::{Failure, Result};
use crate::files::shown;
use crate::fixtures::{FIXTURES, Fixture, Flaw, Maker, TITLE, readme};
use crate::job::FixturesJob;
use crate::report::Report;
use crate::san::names_of_common_name;
use crate::store::{Change, Directory, read_in};

const README: &str = "README.md";

/// Runs the command. Where all is there already, nothing is made anew.
pub(super) fn run(job: &FixturesJob, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let dir = job.dir.as_path();
    if dry_run {
        Directory::exists(dir)?;
        let changes = decide(job, world)?;
        return Ok(Report::of_files(dir, &names(&changes), true));
    }
    let directory = Directory::lock(dir, || (world.waiting)(dir))?;
    directory.recover()?;
    let result = decide(job, world).and_then(|changes| {
        directory.commit(&changes, &mut world.at)?;
        Ok(Report::of_files(dir, &names(&changes), false))
    });
    if result.is_err() {
        directory.abandon();
    }
    result
}

fn decide(job: &FixturesJob, world: &World<'_>) -> Result<Vec<Change>> {
    let there = read_in(&job.dir, README)?;
    let own = readme().into_bytes();
    let is_ours = there.as_ref().is_none_or(|there| there.starts_with(TITLE.as_bytes()));
    if !is_ours {
        return Err(Failure::failed(format!(
            "{}: is there already, and is another's",
            shown(&job.dir.join(README))
        ))
        .hint("give a directory of their own, such as: milvus-certgen fixtures testdata"));
    }
    if !job.force {
        if there.is_some_and(|there| *there == own) && is_complete(job) {
            check_names(job)?;
            return Ok(Vec::new());
        }
        let is_taken = |fixture: &&Fixture| job.dir.join(fixture.directory).exists();
        if let Some(taken) = FIXTURES.iter().find(is_taken) {
            return Err(Failure::failed(format!(
                "{}: is there already, and not all of the other fixtures are",
                shown(&job.dir.join(taken.directory))
            ))
            .hint("give another directory, or make all of them anew with --force"));
        }
    }
    let dir = std::path::absolute(&job.dir)
        .map_err(|e| Failure::failed(format!("{}: {e}", shown(&job.dir))).hint("give another directory"))?;
    make(job, &dir, world)
}

/// README.md comes last in the transaction, and says that the rest was there.
fn is_complete(job: &FixturesJob) -> bool {
    FIXTURES.iter().all(|fixture| server_certificate(job, fixture.directory).is_some())
}

fn server_certificate(job: &FixturesJob, directory: &str) -> Option<Certificate> {
    let octets = read_in(&job.dir.join(directory), "server.pem").ok().flatten()?;
    certificates_from_pem(&octets).ok().map(|mut chain| chain.remove(0))
}

/// Names that were asked for are held against what is there, as everywhere.
fn check_names(job: &FixturesJob) -> Result<()> {
    let good = FIXTURES.iter().find(|fixture| fixture.flaw == Flaw::None);
    let own = good.and_then(|good| server_certificate(job, good.directory));
    let own = own.and_then(|certificate| certificate.subject_alt_names).unwrap_or_default();
    match job.names.iter().flatten().find(|name| !own.contains(name)) {
        None => Ok(()),
        Some(name) => Err(Failure::failed(format!(
            "{}: the fixtures are there already, without the name {name}",
            shown(&job.dir)
        ))
        .hint("make all of them anew with --force")),
    }
}

fn make(job: &FixturesJob, dir: &std::path::Path, world: &World<'_>) -> Result<Vec<Change>> {
    let names = job.names.clone().or_else(|| names_of_common_name("localhost")).unwrap_or_default();
    let mut maker = Maker::new(&names, world.now, world.random)?;
    let mut changes = Vec::new();
    for fixture in &FIXTURES {
        for made in maker.make(fixture)? {
            let mut change = Change::new(made.name, made.mode, made.contents);
            change.place = Some(dir.join(fixture.directory));
            changes.push(change);
        }
    }
    changes.push(Change::new(README.to_owned(), 0o644, Zeroizing::new(readme().into_bytes())));
    Ok(changes)
}

/// With their directories.
fn names(changes: &[Change]) -> Vec<String> {
    changes
        .iter()
        .map(|change| {
            let directory = change.place.as_deref().and_then(|place| place.file_name());
            match directory {
                Some(directory) => format!("{}/{}", directory.to_string_lossy(), change.name),
                None => change.name.clone(),
            }
        })
        .collect()
}
