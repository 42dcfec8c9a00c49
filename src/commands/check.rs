//! `check`: read, judge, and say so. Nothing is written.

use time::OffsetDateTime;

use crate::check::check;
use crate::error::Result;
use crate::job::CheckJob;
use crate::report::CheckReport;

/// Runs the command.
pub(super) fn run(job: &CheckJob, now: OffsetDateTime) -> Result<CheckReport> {
    let checked = check(&job.question, now)?;
    Ok(CheckReport::new(&job.question, &checked, job.strict, now))
}
