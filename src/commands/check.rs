//! `check`: read, judge, and say so. Nothing is written.

use std::path::PathBuf;

use time::OffsetDateTime;

use super::print;
use crate::check::{Checked, check};
use crate::cli::{LookArgs, Parsed, SetArgs, WHICH_FILES, distinct, listed, window};
use crate::error::{Exit, Result};
use crate::report::CheckReport;
use crate::san::San;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Directory of the certificates [default: .]
    #[arg(value_name = "DIR")]
    dir: Option<PathBuf>,
    /// Same as DIR
    #[arg(long = "dir", value_name = "DIR", hide = true, conflicts_with = "dir")]
    named_dir: Option<PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    /// CA certificate, instead of ca.pem in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    ca_cert: Option<PathBuf>,
    /// One certificate, instead of those in the directory
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    cert: Option<PathBuf>,
    /// Private key of that certificate
    #[arg(long, value_name = "PATH", help_heading = WHICH_FILES)]
    key: Option<PathBuf>,
    /// Milvus's configuration: milvus.yaml, a Compose file, values of the Helm chart or a Milvus Operator resource; - is
    /// standard input. With DIR, both are checked, else the configuration alone
    #[arg(long, value_name = "FILE", help_heading = WHICH_FILES)]
    config: Option<PathBuf>,
    /// Host names and IP addresses that clients connect to, repeated or with commas: each must be in the server
    /// certificate, and is tried in a TLS handshake
    #[arg(
        long = "name",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = Parsed(listed),
        help_heading = WHICH_FILES
    )]
    names: Vec<Option<San>>,
    /// Warn of certificates that expire within this time [default: 30 days, at most a third of their validity]
    #[arg(
        long,
        value_name = "DAYS",
        value_parser = Parsed(window),
        allow_hyphen_values = true,
        help_heading = WHICH_FILES
    )]
    expires_within: Option<u32>,
    /// Exit code 3 for warnings too
    #[arg(long, help_heading = WHICH_FILES)]
    strict: bool,
    #[command(flatten)]
    output: LookArgs,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> Result<Exit> {
        let named = [self.ca_cert, self.cert, self.key];
        let dir = self.dir.or(self.named_dir);
        let is_of_files = dir.is_some() || named.iter().any(Option::is_some) || !self.names.is_empty();
        let mut question = self.place.question(dir, named)?;
        question.names = distinct(self.names).unwrap_or_default();
        question.expires_within = self.expires_within;
        let checked = match &self.config {
            Some(config) => Checked::with_configuration(&question, config, !is_of_files, now)?,
            None => check(&question, now)?,
        };
        let report = CheckReport::new(&question, &checked, self.strict, now);
        print(&report, self.output.into())?;
        Ok(report.exit())
    }
}
