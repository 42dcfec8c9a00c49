//! `fixtures`: sets that are broken on purpose. All or nothing, as everything that writes.

use zeroize::Zeroizing;

use crate::engine::World;
use crate::error::{Failure, Result};
use crate::files::shown;
use crate::fixtures::{FIXTURES, Maker, readme};
use crate::job::FixturesJob;
use crate::report::Report;
use crate::store::{Change, Directory, read_in};

const README: &str = "README.md";

/// Runs the command. Where all is there already, nothing is made anew.
pub(super) fn run(job: &FixturesJob, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let dir = job.dir.as_path();
    if dry_run {
        Directory::exists(dir)?;
        let changes = if is_complete(job) { Vec::new() } else { make(job, dir, world)? };
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
    if is_complete(job) {
        return Ok(Vec::new());
    }
    let dir = std::path::absolute(&job.dir)
        .map_err(|e| Failure::failed(format!("{}: {e}", shown(&job.dir))).hint("give another directory"))?;
    let is_taken = |name: &str| dir.join(name).exists();
    if let Some(taken) = FIXTURES.iter().find(|fixture| is_taken(fixture.directory)).filter(|_| !job.force) {
        return Err(Failure::failed(format!(
            "{}: is there already, and not all of the other fixtures are",
            shown(&job.dir.join(taken.directory))
        ))
        .hint("give another directory, or make all of them anew with --force"));
    }
    make(job, &dir, world)
}

/// The README comes last in the transaction, and says that the rest is there.
fn is_complete(job: &FixturesJob) -> bool {
    let same = read_in(&job.dir, README).ok().flatten().is_some_and(|there| *there == readme().into_bytes());
    let is_there = |directory: &str| job.dir.join(directory).join("server.pem").exists();
    !job.force && same && FIXTURES.iter().all(|fixture| is_there(fixture.directory))
}

fn make(job: &FixturesJob, dir: &std::path::Path, world: &World<'_>) -> Result<Vec<Change>> {
    let mut maker = Maker::new(&job.names, world.now, world.random)?;
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
