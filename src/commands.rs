//! One file a command, each a short story: read, decide, act, report.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use time::OffsetDateTime;

use crate::cli::Behaviour;
use crate::error::{Exit, Failure, Result};
use crate::issue::Progress;
use crate::job::Job;
use crate::report::progress::{Narrator, say_waiting};
use crate::report::{Outcome, Report, Text, write_json};
use crate::run::{self, Complete, Done, Place, World};
use crate::spec::Spec;
use crate::store::Step;

mod check;
mod config;
mod csr;
mod ensure;
mod fixtures;
mod identities;
mod manual;
mod names;
mod probe;
mod renew;
mod sign;

/// What a process brings to a command.
pub struct System<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills octets from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of a transaction.
    pub at: &'a mut dyn FnMut(Place, Step),
}

/// Runs the command and prints its report.
pub fn run(job: Job, behaviour: Behaviour, system: &mut System<'_>) -> Result<Exit> {
    let mut narrator = Narrator::new(behaviour.quiet);
    let mut progress = |step: Progress| narrator.step(&step);
    let waiting = |directory: &Path| say_waiting(behaviour.quiet, directory);
    let mut world = World {
        now: system.now,
        random: system.random,
        at: &mut *system.at,
        progress: &mut progress,
        waiting: &waiting,
    };
    let dry_run = behaviour.dry_run;
    match job {
        Job::Check(job) => {
            let report = check::run(&job, system.now)?;
            print(&report, behaviour)?;
            return Ok(report.exit());
        }
        Job::Probe(job) => {
            let (report, unknown) = probe::run(&job, system.now)?;
            print(&report, behaviour)?;
            return unknown.map_or_else(|| Ok(report.exit()), Err);
        }
        Job::Config(job) => config::run(&job, system.now)?,
        Job::Fixtures(job) => print(&fixtures::run(&job, dry_run, &mut world)?, behaviour)?,
        Job::Completions(shell) => manual::completions(shell)?,
        Job::Man(directory) => manual::pages(directory.as_deref(), &mut world)?,
        Job::Ensure(spec) => print(&ensure::run(&spec, dry_run, &mut world)?, behaviour)?,
        Job::Csr(job) => print(&csr::run(&job, dry_run, &mut world)?, behaviour)?,
        Job::Sign(job) => print(&sign::run(&job, dry_run, &mut world)?, behaviour)?,
        Job::Renew(job) => print(&renew::run(&job, dry_run, &mut world)?, behaviour)?,
        Job::Identities(job) => match identities::run(&job, behaviour, &mut world)? {
            identities::Outcome::Report(report) => print(&report, behaviour)?,
            identities::Outcome::Tally(tally) => print(&tally, behaviour)?,
        },
    }
    Ok(Exit::Done)
}

/// What most commands are in the end: the specification carried out, or only rehearsed, and a report of it.
fn carry_out(spec: &Spec, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    carry_out_completed(spec, &run::as_it_is, dry_run, world)
}

/// The same for a specification that is completed from what the directory holds.
fn carry_out_completed(
    template: &Spec,
    complete: Complete<'_>,
    dry_run: bool,
    world: &mut World<'_>,
) -> Result<Report> {
    let Done { spec, plan, set, written, recovered } = if dry_run {
        run::rehearse(template, complete, world)?
    } else {
        run::act(template, complete, world)?
    };
    let outcome = Outcome { dry_run, recovered, written: &written };
    Ok(Report::new(&plan, &spec, &set, outcome, world.now))
}

fn print(report: &(impl Text + Serialize), behaviour: Behaviour) -> Result<()> {
    let written = if behaviour.json {
        write_json(report, &mut io::stdout().lock())
    } else if behaviour.quiet {
        Ok(())
    } else {
        let mut out = anstream::stdout().lock();
        report.write_text(&mut out).and_then(|()| out.flush())
    };
    printed(written)
}

fn printed(written: io::Result<()>) -> Result<()> {
    match written {
        // `milvus-certgen | head -1`: the reader has gone, the work is done.
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Failure::failed(format!("standard output: {e}"))),
        Ok(()) => Ok(()),
    }
}
