//! The flags of the commands that only look, and their jobs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::Behaviour;
use super::args::LeafFileArgs;
use super::convert::{base_names, days, names_of_flag, password};
use crate::check::Question;
use crate::error::{Failure, Result};
use crate::job::{CheckJob, Job, ProbeJob};
use crate::probe::Target;
use crate::san::San;

/// Where a set is and what its files are called, for commands whose argument is its directory.
#[derive(Debug, Args)]
#[command(next_help_heading = "Files (which ones)")]
pub(super) struct SetArgs {
    /// The same as DIR, as other commands have it
    #[arg(
        short,
        long,
        aliases = ["out", "output", "output-dir"],
        value_name = "DIR",
        env = "MILVUS_CERTGEN_OUT_DIR",
        hide = true
    )]
    pub(super) out_dir: Option<PathBuf>,
    /// Base name of ca.key, ca.pem and ca.srl
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_CA_FILE",
        default_value = "ca",
        hide_env_values = true
    )]
    pub(super) ca_file: String,
    #[command(flatten)]
    pub(super) leaf_files: LeafFileArgs,
}

/// Files that are named one by one, for `check`.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files (which ones)")]
pub(super) struct NamedFileArgs {
    /// Certificate of the CA, instead of ca.pem in the directory
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CA_CERT", hide_env_values = true)]
    pub(super) ca_cert: Option<PathBuf>,
    /// One certificate, instead of those in the directory
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CHECK_CERT", hide_env_values = true)]
    pub(super) cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CHECK_KEY", hide_env_values = true)]
    pub(super) key: Option<PathBuf>,
}

/// The same for `probe`, where they are the client's.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Files (which ones)")]
pub(super) struct ClientFileArgs {
    /// Certificate of the CA that the client trusts, instead of ca.pem in the directory
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CA_CERT", hide_env_values = true)]
    pub(super) ca_cert: Option<PathBuf>,
    /// Certificate of the client, instead of client.pem in the directory
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_PROBE_CERT", hide_env_values = true)]
    pub(super) cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_PROBE_KEY", hide_env_values = true)]
    pub(super) key: Option<PathBuf>,
}

impl From<ClientFileArgs> for NamedFileArgs {
    fn from(args: ClientFileArgs) -> Self {
        Self { ca_cert: args.ca_cert, cert: args.cert, key: args.key }
    }
}

/// How the result is printed.
#[derive(Debug, Args)]
#[command(next_help_heading = "Behaviour")]
pub(super) struct LookArgs {
    /// Print nothing but errors: the exit code says it
    #[arg(short, long, env = "MILVUS_CERTGEN_QUIET", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) quiet: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long, env = "MILVUS_CERTGEN_JSON", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) json: bool,
}

impl From<LookArgs> for Behaviour {
    fn from(args: LookArgs) -> Self {
        Self { dry_run: false, quiet: args.quiet, json: args.json }
    }
}

#[derive(Debug, Args)]
pub(super) struct CheckArgs {
    /// Directory of the set [default: .]
    #[arg(value_name = "DIR")]
    pub(super) dir: Option<PathBuf>,
    /// The same as DIR, as `probe` and `config` have it
    #[arg(long = "dir", value_name = "DIR", hide = true, conflicts_with = "dir")]
    pub(super) named_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: SetArgs,
    #[command(flatten)]
    pub(super) named: NamedFileArgs,
    /// What clients call the server, repeated or with commas between them: each must be in its certificate, and is
    /// tried in a handshake
    #[arg(
        long = "name",
        value_name = "NAME",
        env = "MILVUS_CERTGEN_CHECK_NAME",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(super) names: Vec<String>,
    /// Warn of what expires within so many days; never more than a third of a certificate's lifetime
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_EXPIRES_WITHIN",
        default_value = "30",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) expires_within: String,
    /// Warnings count as errors
    #[arg(long, env = "MILVUS_CERTGEN_STRICT", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) strict: bool,
    #[command(flatten)]
    pub(super) output: LookArgs,
}

#[derive(Debug, Args)]
pub(super) struct ProbeArgs {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or a URI; the port is 19530 unless it is said
    #[arg(value_name = "HOST:PORT")]
    pub(super) target: String,
    /// Name of the server in its certificate, where that is not HOST; what pymilvus calls `server_name`
    #[arg(long, value_name = "NAME", env = "MILVUS_CERTGEN_SERVER_NAME", hide_env_values = true)]
    pub(super) server_name: Option<String>,
    /// What Milvus is expected to be in: 1 (one-way) or 2 (two-way) [default: what it is in]
    #[arg(
        long,
        value_name = "MODE",
        env = "MILVUS_CERTGEN_TLS_MODE",
        value_parser = clap::value_parser!(u8).range(1..=2),
        hide_env_values = true
    )]
    pub(super) tls_mode: Option<u8>,
    /// Longest wait for anything, in seconds (0.5) or with a unit (500ms)
    #[arg(
        long,
        value_name = "SECONDS",
        env = "MILVUS_CERTGEN_TIMEOUT",
        default_value = "5",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) timeout: String,
    /// Directory of the set [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Files (which ones)")]
    pub(super) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: SetArgs,
    #[command(flatten)]
    pub(super) named: ClientFileArgs,
    #[command(flatten)]
    pub(super) output: LookArgs,
}

impl CheckArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let mut question = question(self.dir.or(self.named_dir), self.place, self.named)?;
        question.names = names_of_flag("--name", &self.names)?.unwrap_or_default();
        question.expires_within =
            days("--expires-within", Some(&self.expires_within), 0)?.unwrap_or(DEFAULT_EXPIRES_WITHIN);
        Ok((Job::Check(CheckJob { question, strict: self.strict }), self.output.into()))
    }
}

impl ProbeArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        let target = Target::parse(&self.target)?;
        let server_name = match &self.server_name {
            Some(name) => San::parse("--server-name", name)?,
            // A zone says which interface leads to an address; it is no part of the name.
            None => San::parse("HOST:PORT", target.host.split('%').next().unwrap_or_default())?,
        };
        let job = ProbeJob {
            target,
            question: question(self.dir, self.place, self.named.into())?,
            server_name,
            tls_mode: self.tls_mode,
            timeout: timeout(&self.timeout)?,
        };
        Ok((Job::Probe(job), self.output.into()))
    }
}

/// Seconds, perhaps with decimals, or with a unit.
fn timeout(text: &str) -> Result<Duration> {
    let refuse = |why: &str| {
        Failure::usage(format!("--timeout {text:?}: {why}"))
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

const DEFAULT_EXPIRES_WITHIN: u32 = 30;

/// Which set is looked at.
pub(super) fn question(dir: Option<PathBuf>, place: SetArgs, named: NamedFileArgs) -> Result<Question> {
    let [ca_base, server, client] = base_names(&[
        ("--ca-file", &place.ca_file),
        ("--server-file", &place.leaf_files.server_file),
        ("--client-file", &place.leaf_files.client_file),
    ])?;
    if named.key.is_some() && named.cert.is_none() {
        return Err(Failure::usage("--key: without --cert it is not known whose key it is")
            .hint("give the certificate with --cert"));
    }
    Ok(Question {
        dir: dir.or(place.out_dir).unwrap_or_else(|| PathBuf::from(".")),
        ca_base,
        pair: [server, client],
        ca_certificate: named.ca_cert,
        certificate: named.cert,
        key: named.key,
        names: Vec::new(),
        expires_within: DEFAULT_EXPIRES_WITHIN,
        password: password(None)?,
    })
}
