//! The default command, and `ca`: make the set, or make what is there serve.

use crate::engine::{self, Done, World};
use crate::error::Result;
use crate::report::{Outcome, Report};
use crate::request::Request;

/// Runs the command.
pub(super) fn run(request: &Request, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    let Done { plan, set, written, recovered } =
        if dry_run { engine::rehearse(request, world)? } else { engine::act(request, world)? };
    let outcome = Outcome { dry_run, recovered, written: &written };
    Ok(Report::new(&plan, request, &set, outcome, world.now))
}
