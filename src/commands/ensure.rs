//! The default command: make the set, or make what is there serve.

use std::io::{self, Write};

use time::OffsetDateTime;

use crate::cli::Behaviour;
use crate::error::{Failure, Result};
use crate::issue::{Issued, issue};
use crate::plan::{Plan, plan};
use crate::report::progress::Narrator;
use crate::report::{Outcome, Report};
use crate::request::Request;
use crate::set::Set;
use crate::store::transaction::Journal;
use crate::store::{Directory, Step, load};
use crate::verify;

/// What comes from outside: everything else is a function of it and the directory.
pub struct World<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills octets from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of the transaction.
    pub at: &'a mut dyn FnMut(Step),
}

/// Runs the command.
pub fn run(request: &Request, behaviour: Behaviour, world: World<'_>) -> Result<()> {
    let report = if behaviour.dry_run { rehearse(request, &world)? } else { act(request, behaviour, world)? };
    print(&report, behaviour)
}

/// `--dry-run`: reads and decides.
fn rehearse(request: &Request, world: &World<'_>) -> Result<Report> {
    Directory::exists(&request.out_dir)?;
    let journal = Journal::find(&request.out_dir)?;
    let set = load(&request.out_dir, &request.shape(), journal.as_ref())?;
    let plan = plan(request, &set, world.now)?;
    let outcome = Outcome { dry_run: true, ..Outcome::default() };
    Ok(Report::new(&plan, request, &set, outcome, world.now))
}

fn act(request: &Request, behaviour: Behaviour, mut world: World<'_>) -> Result<Report> {
    let mut narrator = Narrator::new(behaviour.quiet);
    // Where the directory is missing too, the work comes before it: who interrupts the search for keys leaves
    // not even an empty directory behind.
    let made = if Directory::exists(&request.out_dir)? {
        None
    } else {
        Some(decide(request, request.shape(), &world, &mut narrator)?)
    };
    let directory = Directory::lock(&request.out_dir, || narrator.waiting(&request.out_dir))?;
    let result = act_locked(request, &mut world, &directory, made, narrator);
    if result.is_err() {
        directory.abandon();
    }
    result
}

fn act_locked(
    request: &Request,
    world: &mut World<'_>,
    directory: &Directory,
    made: Option<Decision>,
    mut narrator: Narrator,
) -> Result<Report> {
    let recovered = directory.recover()?;
    let set = load(&request.out_dir, &request.shape(), None)?;
    let Decision { plan, issued: Issued { set, changes } } = match made {
        // Another run may have been faster since.
        Some(made) if set.is_empty() => made,
        _ => decide(request, set, world, &mut narrator)?,
    };
    if !changes.is_empty() {
        self_check(&set, world.now)?;
        directory.commit(&changes, &mut world.at)?;
    }
    let written: Vec<String> = changes.iter().map(|change| change.name.clone()).collect();
    let outcome = Outcome { dry_run: false, recovered, written: &written };
    Ok(Report::new(&plan, request, &set, outcome, world.now))
}

/// A plan, and what it makes.
struct Decision {
    plan: Plan,
    issued: Issued,
}

fn decide(request: &Request, set: Set, world: &World<'_>, narrator: &mut Narrator) -> Result<Decision> {
    let plan = plan(request, &set, world.now)?;
    let issued = issue(&plan, request, set, world.random, |step| narrator.step(&step))?;
    narrator.done();
    Ok(Decision { plan, issued })
}

/// Nothing is written that `verify` would fault.
fn self_check(set: &Set, now: OffsetDateTime) -> Result<()> {
    let findings = verify::set(set, now);
    match findings.into_iter().find(|finding| finding.code.is_error()) {
        None => Ok(()),
        Some(finding) => Err(Failure::failed(format!("self-check: {finding}; nothing was written"))
            .hint("if the file is from elsewhere, move it away and run again; if not, please report this")),
    }
}

fn print(report: &Report, behaviour: Behaviour) -> Result<()> {
    let written = if behaviour.json {
        report.write_json(&mut io::stdout().lock())
    } else if behaviour.quiet {
        Ok(())
    } else {
        let mut out = anstream::stdout().lock();
        report.write_text(&mut out).and_then(|()| out.flush())
    };
    match written {
        // `milvus-certgen | head -1`: the reader has gone, the work is done.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Failure::failed(format!("standard output: {e}"))),
        Ok(()) => Ok(()),
    }
}
