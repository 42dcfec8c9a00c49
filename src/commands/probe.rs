//! `probe`: connect, ask, judge, and say so. Nothing is written.

use std::path::PathBuf;
use std::time::Duration;

use time::OffsetDateTime;

use super::print;
use crate::check::{self, client_set};
use crate::cli::{LookArgs, Parsed, SetArgs, WHICH_FILES};
use crate::error::{Exit, Failure, Result};
use crate::probe::{Endpoint, Expectation, Probe, diagnose, probe};
use crate::profile::Role;
use crate::report::ProbeReport;
use crate::san::San;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or a URI; the port is 19530 unless it is said
    #[arg(value_name = "HOST:PORT", value_parser = Endpoint::parse)]
    target: Endpoint,
    /// Name of the server in its certificate, where that is not HOST; what pymilvus calls `server_name`
    #[arg(long, value_name = "NAME", value_parser = Parsed(San::parse))]
    server_name: Option<San>,
    /// What Milvus is expected to be in: 1 (one-way) or 2 (two-way) [default: what it is in]
    #[arg(long, value_name = "MODE", value_parser = clap::value_parser!(u8).range(1..=2))]
    tls_mode: Option<u8>,
    /// Longest wait for anything, in seconds (0.5) or with a unit (500ms)
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        value_parser = Parsed(wait),
        allow_hyphen_values = true
    )]
    timeout: Duration,
    /// Directory of the set [default: .]
    #[arg(long, value_name = "DIR", help_heading = WHICH_FILES)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    /// Certificate of the CA that the client trusts, instead of ca.pem in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    ca_cert: Option<PathBuf>,
    /// Certificate of the client, instead of client.pem in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    key: Option<PathBuf>,
    #[command(flatten)]
    output: LookArgs,
}

impl Args {
    /// Where it could not be found out whether a client would connect, why is the error, after the report.
    pub(super) fn run(self, now: OffsetDateTime) -> Result<Exit> {
        let target = self.target;
        let name = match self.server_name {
            Some(name) => name,
            // A zone says which interface leads to an address; it is no part of the name.
            None => San::parse("HOST:PORT", target.host.split('%').next().unwrap_or_default())?,
        };
        let question = self.place.question(self.dir, [self.ca_cert, self.cert, self.key])?;
        let set = client_set(&question)?;
        let client = set.first(Role::Client).map(|client| &client.files);
        let client = client.filter(|files| files.credentials().is_some());
        let server_name = check::server_name(&name).ok_or_else(|| {
            Failure::usage(format!("--server-name {name}: not a name that TLS can ask for"))
                .hint("give a host name or an address")
        })?;
        let found = probe(&Probe { endpoint: &target, server_name, client, timeout: self.timeout });
        let expectation =
            Expectation { endpoint: &target, server_name: &name, set: &set, tls_mode: self.tls_mode, now };
        let diagnosis = diagnose(&found, &expectation);
        let report = ProbeReport::new(&question, &expectation, &found, &diagnosis);
        print(&report, self.output.into())?;
        diagnosis.unknown.map_or_else(|| Ok(report.exit()), Err)
    }
}

/// Seconds, perhaps with decimals, or with a unit.
fn wait(flag: &str, text: &str) -> Result<Duration> {
    let refuse = |why: &str| {
        Failure::usage(format!("{flag} {text:?}: {why}"))
            .hint("give seconds, such as --timeout 5, or milliseconds, such as --timeout 500ms")
    };
    let (number, scale) = match (text.strip_suffix("ms"), text.strip_suffix('s')) {
        (Some(number), _) => (number, 0.001),
        (None, Some(number)) => (number, 1.0),
        (None, None) => (text, 1.0),
    };
    let seconds: f64 = number.trim().parse().map_err(|_| refuse("not a number of seconds"))?;
    let seconds = seconds * scale;
    if !(0.001..=3600.0).contains(&seconds) {
        return Err(refuse("not between a millisecond and an hour"));
    }
    Ok(Duration::from_secs_f64(seconds))
}
