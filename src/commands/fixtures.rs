//! `fixtures`: sets that are broken on purpose.
//!
//! Each goes into a directory of its own, in a transaction of its own. README.md says first that the directory is
//! not complete, and last what is in it: a run that finds the first makes all of them anew.

use std::path::PathBuf;

use zeroize::Zeroizing;

use super::{System, reported};
use crate::certificate::{Certificate, certificates_from_pem};
use crate::check::server_name;
use crate::cli::{OutputArgs, Parsed, distinct, listed};
use crate::error::{Exit, Failure, Result};
use crate::files::shown;
use crate::fixtures::{FIXTURES, Fixture, Flaw, Made, Maker, TITLE, incomplete_readme, readme};
use crate::report::Report;
use crate::run::{DirectoryKind, World, Written, in_directory};
use crate::san::{San, names_of_common_name};
use crate::store::{Change, Directory, Kind, Reader, Staged};

const README: &str = "README.md";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory for the test certificates; created if it is missing
    #[arg(value_name = "DIR")]
    dir: PathBuf,
    /// Names of the valid server certificate, repeated or with commas [default: localhost and its addresses]
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Parsed(listed))]
    san: Vec<Option<San>>,
    /// Create all of them again
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    output: OutputArgs,
}

struct Job {
    dir: PathBuf,
    /// The good server's names, where they were given.
    names: Option<Vec<San>>,
    /// Make all anew.
    force: bool,
}

impl Args {
    pub(super) fn run(self, system: &mut System<'_>) -> Result<Exit> {
        let names = distinct(self.san);
        if let Some(name) = names.iter().flatten().find(|name| server_name(name).is_none()) {
            return Err(Failure::usage(format!("--san {name}: not a name that a client can ask for"))
                .hint("give host names and addresses"));
        }
        let (job, output) = (Job { dir: self.dir, names, force: self.force }, self.output);
        reported(output, system, |world| fixtures(&job, output.dry_run, world))
    }
}

/// If all of them exist, nothing is created.
fn fixtures(job: &Job, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let dir = job.dir.as_path();
    if dry_run {
        let there = Directory::find(dir)?;
        let is_made = decide(job, &Reader::strict(there.as_ref()))?;
        if is_made {
            Directory::check_writable(dir)?;
        }
        let made = if is_made { make(job, world)? } else { Vec::new() };
        return Ok(Report::of_files(dir, names(&made), true));
    }
    in_directory(dir, world.on_wait, |directory| {
        directory.recover()?;
        if !decide(job, &Reader::strict(Some(directory.dir())))? {
            return Ok(Report::of_files(dir, Written::default(), false));
        }
        let made = make(job, world)?;
        let names = names(&made);
        write(directory, made, world)?;
        Ok(Report::of_files(dir, names, false))
    })
}

/// True if they are made. Whatever is there and was not made by this command is in the way.
fn decide(job: &Job, reader: &Reader<'_>) -> Result<bool> {
    let there = reader.file(README)?;
    let is_ours = there.as_ref().is_none_or(|there| there.starts_with(TITLE.as_bytes()));
    if !is_ours {
        return Err(Failure::failed(format!(
            "{}: exists, and was not created by this command",
            shown(&job.dir.join(README))
        ))
        .hint("give a directory of their own, such as: milvus-certgen fixtures testdata"));
    }
    for fixture in &FIXTURES {
        let entry = reader.dir.and_then(|dir| dir.entry(fixture.directory).ok().flatten());
        if entry.is_some_and(|entry| entry.kind != Kind::Dir) {
            let path = job.dir.join(fixture.directory);
            return Err(Failure::failed(format!("{}: exists, and is no directory", shown(&path)))
                .hint("move it away, or give another directory"));
        }
    }
    let says = |text: String| there.as_ref().is_some_and(|there| **there == text.into_bytes());
    if job.force || says(incomplete_readme()) {
        return Ok(true);
    }
    if says(readme()) && FIXTURES.iter().all(|fixture| server_certificate(reader, fixture).is_some()) {
        check_names(job, reader)?;
        return Ok(false);
    }
    let is_taken = |fixture: &&Fixture| reader.has(fixture.directory);
    match FIXTURES.iter().find(is_taken) {
        None => Ok(true),
        Some(taken) => Err(Failure::failed(format!(
            "{}: exists, and not all of the other fixtures do",
            shown(&job.dir.join(taken.directory))
        ))
        .hint("give another directory, or make all of them anew with --force")),
    }
}

fn server_certificate(reader: &Reader<'_>, fixture: &Fixture) -> Option<Certificate> {
    let dir = reader.dir?.sub(fixture.directory).ok()?;
    let octets = Reader::strict(Some(&dir)).file("server.pem").ok().flatten()?;
    certificates_from_pem(&octets).ok().map(|mut chain| chain.remove(0))
}

/// Names that were asked for are held against what is there, as everywhere.
fn check_names(job: &Job, reader: &Reader<'_>) -> Result<()> {
    let good = FIXTURES.iter().find(|fixture| fixture.flaw == Flaw::None);
    let own = good.and_then(|good| server_certificate(reader, good));
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

/// All of them in memory: their directories, and what goes there.
fn make(job: &Job, world: &World<'_>) -> Result<Vec<(&'static str, Vec<Change>)>> {
    let names = job.names.clone().or_else(|| names_of_common_name("localhost")).unwrap_or_default();
    let mut maker = Maker::new(&names, world.now, world.random)?;
    let change = |made: Made| Change::new(made.name, made.mode, made.contents);
    FIXTURES
        .iter()
        .map(|fixture| Ok((fixture.directory, maker.make(fixture)?.into_iter().map(change).collect())))
        .collect()
}

fn write(directory: &Directory, made: Vec<(&'static str, Vec<Change>)>, world: &mut World<'_>) -> Result<()> {
    let at = &mut |step| (world.at)(DirectoryKind::Set, step);
    directory.commit(&[document(incomplete_readme())], at)?;
    let below: Vec<(Directory, Vec<Change>)> = made
        .into_iter()
        .map(|(name, changes)| Ok((directory.open_below(name)?, changes)))
        .collect::<Result<_>>()?;
    let mut staged: Vec<Staged<'_>> = Vec::new();
    for (below, changes) in &below {
        below.lock(|| (world.on_wait)(below.dir().path()))?;
        let result = below.recover().and_then(|_| below.stage(changes, &mut |_| {}));
        match result {
            Ok(one) => staged.extend(one),
            Err(failure) => {
                staged.into_iter().for_each(Staged::discard);
                return Err(failure);
            }
        }
    }
    for staged in staged {
        staged.commit(&mut |_| {})?;
    }
    directory.commit(&[document(readme())], at)
}

fn document(text: String) -> Change {
    Change::new(README.to_owned(), 0o644, Zeroizing::new(text.into_bytes()))
}

/// With their directories.
fn names(made: &[(&str, Vec<Change>)]) -> Written {
    let files = made.iter().flat_map(|(directory, changes)| {
        changes.iter().map(move |change| format!("{directory}/{}", change.name))
    });
    Written::of_names(files.chain((!made.is_empty()).then(|| README.to_owned())).collect())
}
