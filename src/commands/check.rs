//! `check`: read, judge, and say so. Nothing is written.

use time::OffsetDateTime;

use crate::error::Result;
use crate::examine::examine;
use crate::job::CheckJob;
use crate::report::CheckReport;

/// Runs the command.
pub(super) fn run(job: &CheckJob, now: OffsetDateTime) -> Result<CheckReport> {
    let examined = examine(&job.question, now)?;
    Ok(CheckReport::new(&job.question, &examined, job.strict, now))
}
