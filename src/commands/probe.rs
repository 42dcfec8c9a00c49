//! `probe`: connect, ask, judge, and say so. Nothing is written.

use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use time::OffsetDateTime;

use super::print;
use crate::check::{self, client_set};
use crate::cli::{LookArgs, Parsed, SetArgs, WHICH_FILES, tls_mode};
use crate::error::{Exit, Failure, Result};
use crate::probe::{Endpoint, Expectation, Probe, diagnose, probe};
use crate::profile::Role;
use crate::report::ProbeReport;
use crate::san::San;

/// Milvus takes seconds to start.
const BETWEEN_TRIES: Duration = Duration::from_millis(500);

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Server: HOST, HOST:PORT, [IPV6]:PORT or a URI; the default port is 19530
    #[arg(value_name = "HOST:PORT", value_parser = Endpoint::parse)]
    target: Endpoint,
    /// Host name in the server's certificate, if it is not HOST (pymilvus: `server_name`)
    #[arg(long, value_name = "NAME", value_parser = Parsed(San::parse))]
    server_name: Option<San>,
    /// Expected tlsMode: 1 (one-way) or 2 (two-way) [default: any]
    #[arg(long, value_name = "MODE", value_parser = Parsed(tls_mode))]
    tls_mode: Option<u8>,
    /// Timeout of each step, in seconds or as 500ms
    #[arg(
        long,
        value_name = "SECONDS",
        default_value = "5",
        value_parser = Parsed(wait),
        allow_hyphen_values = true
    )]
    timeout: Duration,
    /// Retry until a client connects, at most so long: seconds, or 2m
    #[arg(long, value_name = "SECONDS", value_parser = Parsed(wait), allow_hyphen_values = true)]
    wait: Option<Duration>,
    /// Directory with ca.pem, client.pem and client.key [default: .]
    #[arg(long, value_name = "DIR", help_heading = WHICH_FILES)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    /// CA certificate that the client trusts, instead of ca.pem in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    ca_cert: Option<PathBuf>,
    /// Client certificate, instead of client.pem in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    cert: Option<PathBuf>,
    /// Private key of the client certificate
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
        let expectation =
            Expectation { endpoint: &target, server_name: &name, set: &set, tls_mode: self.tls_mode, now };
        let started = Instant::now();
        let (report, diagnosis) = loop {
            let server_name = server_name.clone();
            let found = probe(&Probe { endpoint: &target, server_name, client, timeout: self.timeout });
            let diagnosis = diagnose(&found, &expectation);
            let report = ProbeReport::new(&question, &expectation, &found, &diagnosis);
            let is_done = diagnosis.unknown.is_none() && report.exit() == Exit::Done;
            match self.wait.and_then(|wait| wait.checked_sub(started.elapsed())) {
                Some(left) if !is_done => thread::sleep(left.min(BETWEEN_TRIES)),
                _ => break (report, diagnosis),
            }
        };
        print(&report, self.output.into())?;
        match diagnosis.unknown {
            None => Ok(report.exit()),
            Some(failure) => Err(Failure { is_reported: true, ..failure }),
        }
    }
}

/// Seconds, perhaps with decimals, or with a unit.
fn wait(flag: &str, text: &str) -> Result<Duration> {
    let refuse = |why: &str| {
        Failure::usage(format!("{flag} {text:?}: {why}"))
            .hint(format!("use seconds, such as {flag} 5, or a unit: 500ms, 2m"))
    };
    let units = [("ms", 0.001), ("s", 1.0), ("m", 60.0)];
    let found = units.into_iter().find_map(|(unit, scale)| Some((text.strip_suffix(unit)?, scale)));
    let (number, scale) = found.unwrap_or((text, 1.0));
    let seconds: f64 = number.trim().parse().map_err(|_| refuse("not a number of seconds"))?;
    let seconds = seconds * scale;
    if !(0.001..=3600.0).contains(&seconds) {
        return Err(refuse("not between a millisecond and an hour"));
    }
    Ok(Duration::from_secs_f64(seconds))
}
