//! The command line. The doc comments are the help.

use clap::error::ContextValue;
use clap::{Parser, Subcommand};

use crate::error::Result;
use crate::foreign::{is_hidden, printable};
use crate::job::Job;

mod args;
mod config;
mod convert;
mod jobs;
mod look;
mod make;

use config::ConfigArgs;
use look::{CheckArgs, ProbeArgs};
use make::{CaArgs, CsrArgs, EnsureArgs, FixturesArgs, IdentityArgs, RenewArgs, SignArgs};

/// Make the nine TLS files that Milvus needs: a private CA, a server and a client certificate
///
/// Writes ca.key ca.pem ca.srl, server.key server.pem server.csr, client.key client.pem client.csr, as gen.sh on
/// the Milvus page "Encryption in Transit" does, with certificates that every client accepts. A second run changes
/// nothing; it renews what expires, and mends what is missing or weak, with the CA that is there.
#[derive(Debug, Parser)]
#[command(
    name = "milvus-certgen",
    version = VERSION,
    max_term_width = 100,
    after_long_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    ensure: EnsureArgs,
}

/// With the commit that it was built from, where that is known (build.rs).
const VERSION: &str = match option_env!("MILVUS_CERTGEN_BUILD") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

const AFTER_HELP: &str = "\
Examples:
  milvus-certgen --cn localhost
      Make the nine files in the current directory.
  milvus-certgen --cn milvus.example.com --san milvus,10.0.0.7 -o tls
      A server that is reached by three names; the files go to ./tls.
  milvus-certgen --key-type ecdsa-p256 --days 90 --dry-run
      Say what would be done, and why, and change nothing.
  milvus-certgen client alice
      A certificate for one client more, from the CA in the current directory.

Only flags that are given, here or by environment, are held against files that are there already.
Defaults shape what is made new: a plain run leaves a sound set alone, whatever its names.

Exit codes: 0 done, 1 failed, 2 usage, 3 check or probe found a problem.";

#[derive(Debug, Subcommand)]
enum Command {
    /// Make a CA: ca.key and ca.pem only
    ///
    /// Steps 1 and 2 of the Milvus page's "Modify the detail of certificate files". A CA that is there already is
    /// kept, and signed again with its own key if it is weak or runs out.
    #[command(after_long_help = "Example:\n  milvus-certgen ca --organization acme --ca-days 3650")]
    Ca(CaArgs),
    /// Make a key and a certificate signing request
    ///
    /// Steps 3 and 4 of the Milvus page: NAME.key, kept if it is there, and NAME.csr, for a CA elsewhere to sign.
    #[command(after_long_help = "Example:\n  milvus-certgen csr milvus.example.com --role server")]
    Csr(CsrArgs),
    /// Sign requests that somebody else made
    ///
    /// Step 5 of the Milvus page: writes FILE.pem beside each FILE.csr and advances the CA's serial file. The names
    /// are the request's own (or its CN) unless --san is given. What a request may not choose is overruled or
    /// refused: to be a CA, to sign certificates, other purposes than its role's.
    #[command(
        after_long_help = "Example:\n  milvus-certgen sign milvus.example.com.csr --role server --days 365"
    )]
    Sign(SignArgs),
    /// Make certificates for further servers
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there. NAME is the CN, and the name that
    /// clients check.
    #[command(after_long_help = "Example:\n  milvus-certgen server node-1.example.com node-2.example.com")]
    Server(IdentityArgs),
    /// Make certificates for further clients
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there. NAME is the CN, and a
    /// subjectAltName where it is a host name, an address or a mail address. A run that was interrupted goes on
    /// where it stopped.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen client alice bob@example.com\n  milvus-certgen client --from names.txt --key-type ecdsa-p256"
    )]
    Client(IdentityArgs),
    /// Make certificates for servers that are clients too, such as the members of an etcd cluster
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there, with the extended key usages
    /// serverAuth and clientAuth. NAME is the CN, and the name that clients and the other members check.
    #[command(
        after_long_help = "Example:\n  milvus-certgen peer etcd-0 etcd-1 etcd-2 --san etcd.example.com"
    )]
    Peer(IdentityArgs),
    /// Sign certificates again now, with the CA that is there
    ///
    /// The server's and the client's, or the named ones, or all that this CA signed in the directory. Keys are kept
    /// unless --rekey. Milvus reads its files once, at start: restart it afterwards.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen renew\n  milvus-certgen renew --all --days 365\n  milvus-certgen renew --ca"
    )]
    Renew(RenewArgs),
    /// Say what is wrong with a set, how it shows, and what mends it
    ///
    /// Looks at the files of a directory (made here, by gen.sh or by anyone), or at those that --ca-cert, --cert and
    /// --key name, and changes nothing. Exit code 0 if nothing is an error (with --strict: nor a warning), 3 if something
    /// is, 1 if it could not be looked at. Private keys are not needed:
    /// what could not be checked without them is said.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen check\n  milvus-certgen check tls --name milvus.example.com --strict\n  milvus-certgen check --ca-cert ca.pem --cert server.pem --json"
    )]
    Check(CheckArgs),
    /// Say what a running server is, and whether a client with this set can talk to it
    ///
    /// Connects as the set's client would (ca.pem, client.pem and client.key of the directory), and without a
    /// certificate, and in plaintext. Exit code 0 if a client connects, 3 if not, 1 if that could not be found out.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen probe localhost:19530\n  milvus-certgen probe milvus.example.com --dir tls --tls-mode 2\n  milvus-certgen probe 10.0.0.7:19530 --server-name milvus.example.com --json"
    )]
    Probe(ProbeArgs),
    /// Print Milvus's configuration, or a client's code, for the set that is there
    ///
    /// Ready to paste or to pipe, with the set's own paths and names. Refuses a set that would not work.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen config milvus-yaml --tls-mode 2\n  milvus-certgen config pymilvus --host milvus.example.com > connect.py\n  milvus-certgen config kubernetes --dir tls --namespace milvus | kubectl apply -f -"
    )]
    Config(ConfigArgs),
    /// Make sets that are broken on purpose, for those who test TLS code
    ///
    /// Beside a good set: expired, not yet valid, of another host, of another CA, of the wrong extended key usage,
    /// without a subjectAltName, with a weak key. README.md there says who must refuse which; their subjects say that
    /// they are broken.
    #[command(after_long_help = "Example:\n  milvus-certgen fixtures testdata")]
    Fixtures(FixturesArgs),
    /// Print completions for a shell
    #[command(after_long_help = "Example:\n  milvus-certgen completions bash")]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_long_help = "Examples:\n  milvus-certgen man\n  milvus-certgen man --out-dir man")]
    Man {
        /// Write the pages of all commands into a directory instead
        #[arg(short, long, value_name = "DIR")]
        out_dir: Option<std::path::PathBuf>,
    },
}

/// How a run behaves, apart from what it makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Behaviour {
    pub dry_run: bool,
    pub quiet: bool,
    pub json: bool,
}

/// The command line itself, for completions and manual pages.
pub fn definition() -> clap::Command {
    <Cli as clap::CommandFactory>::command()
}

/// Flags to which an empty value says something: to leave the attribute out.
const MAY_BE_EMPTY: [&str; 5] = ["country", "state", "locality", "organization", "organizational_unit"];

/// An empty variable is as none: Compose's `${VARIABLE:-}` makes such ones.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    command
        .mut_args(|arg| {
            let is_empty = arg.get_env().and_then(std::env::var_os).is_some_and(|value| value.is_empty());
            if is_empty && !MAY_BE_EMPTY.contains(&arg.get_id().as_str()) {
                arg.env(None::<&'static str>)
            } else {
                arg
            }
        })
        .mut_subcommands(without_empty_variables)
}

/// Arguments may be names of files that others have made (`*.csr`), which clap repeats as they are.
fn printable_error(mut error: clap::Error) -> clap::Error {
    let is_foreign = |text: &str| text.chars().any(is_hidden);
    let foreign: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if is_foreign(text) => {
                Some((kind, Some(ContextValue::String(printable(text).into_owned()))))
            }
            // What to type instead would be wrong when escaped.
            ContextValue::StyledStrs(texts) if texts.iter().any(|text| is_foreign(&text.to_string())) => {
                Some((kind, None))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in foreign {
        match value {
            Some(value) => error.insert(kind, value),
            None => error.remove(kind),
        };
    }
    error
}

impl Cli {
    /// Reads this process's command line and environment; where that is not possible, or help is asked for, it says so
    /// and ends the process, as clap does it.
    pub fn of_this_process() -> Self {
        let is_empty = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            value.is_empty() && name.as_encoded_bytes().starts_with(b"MILVUS_CERTGEN_")
        };
        // Seldom so, and going through all flags of all commands takes time.
        let has_empty = std::env::vars_os().any(is_empty);
        let command = if has_empty { without_empty_variables(definition()) } else { definition() };
        let matches = command.try_get_matches().unwrap_or_else(|error| printable_error(error).exit());
        <Self as clap::FromArgMatches>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }

    /// Parses the flags into types.
    pub fn into_job(self) -> Result<(Job, Behaviour)> {
        match self.command {
            None => self.ensure.into_job(),
            Some(Command::Ca(args)) => args.into_job(),
            Some(Command::Csr(args)) => args.into_job(),
            Some(Command::Sign(args)) => args.into_job(),
            Some(Command::Server(args)) => args.into_job(crate::profile::Role::Server),
            Some(Command::Client(args)) => args.into_job(crate::profile::Role::Client),
            Some(Command::Peer(args)) => args.into_job(crate::profile::Role::Peer),
            Some(Command::Renew(args)) => args.into_job(),
            Some(Command::Check(args)) => args.into_job(),
            Some(Command::Probe(args)) => args.into_job(),
            Some(Command::Config(args)) => args.into_job(),
            Some(Command::Fixtures(args)) => args.into_job(),
            Some(Command::Completions { shell }) => Ok((Job::Completions(shell), Behaviour::default())),
            Some(Command::Man { out_dir }) => Ok((Job::Man(out_dir), Behaviour::default())),
        }
    }
}
