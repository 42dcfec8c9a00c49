//! `probe`: connect, ask, judge, and say so. Nothing is written.

use time::OffsetDateTime;

use crate::check;
use crate::check::client_set;
use crate::error::{Failure, Result};
use crate::job::ProbeJob;
use crate::probe::{Expectation, Probe, diagnose, probe};
use crate::profile::Role;
use crate::report::ProbeReport;

/// Runs the command. Where it could not be found out whether a client would connect, why is returned too.
pub(super) fn run(job: &ProbeJob, now: OffsetDateTime) -> Result<(ProbeReport, Option<Failure>)> {
    let set = client_set(&job.question)?;
    let client = set.first(Role::Client).map(|client| &client.files);
    let client = client.filter(|files| files.credentials().is_some());
    let server_name = check::server_name(&job.server_name).ok_or_else(|| {
        Failure::usage(format!("--server-name {}: not a name that TLS can ask for", job.server_name))
            .hint("give a host name or an address")
    })?;
    let found = probe(&Probe { target: &job.target, server_name, client, timeout: job.timeout });
    let expectation = Expectation {
        target: &job.target,
        server_name: &job.server_name,
        set: &set,
        tls_mode: job.tls_mode,
        now,
    };
    let diagnosis = diagnose(&found, &expectation);
    let report = ProbeReport::new(job, &set, &found, &diagnosis, now);
    Ok((report, diagnosis.unknown))
}
