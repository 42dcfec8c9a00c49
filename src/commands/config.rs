//! `config`: check the set, and print configuration that goes with it. Nothing is written.

use std::io::{self, Write};

use time::OffsetDateTime;

use crate::check::Severity;
use crate::check::{check, files};
use crate::config::{Setting, render};
use crate::error::{Failure, Result};
use crate::files::typed;
use crate::job::ConfigJob;

/// Runs the command.
pub(super) fn run(job: &ConfigJob, now: OffsetDateTime) -> Result<()> {
    let dir = &job.question.dir;
    let checked = check(&job.question, now)?;
    if let Some(finding) = checked.findings.iter().find(|finding| finding.for_runs == Severity::Error) {
        let files = files(&job.question, &checked.set);
        let finding = finding.sentence(&|place| files.name(place));
        let failure = Failure::failed(format!("{finding}: a set that does not work is not configured"));
        return Err(failure.hint(format!("see what is wrong with: milvus-certgen check {}", typed(dir))));
    }
    let text = render(
        job.target,
        &Setting {
            dir,
            set: &checked.set,
            client_base: &job.question.pair[1],
            tls_mode: job.tls_mode,
            host: job.host.as_deref(),
            port: job.port,
            internal_tls: job.internal_tls,
            name: &job.name,
            namespace: &job.namespace,
        },
    )?;
    super::printed(io::stdout().lock().write_all(text.as_bytes()))
}
