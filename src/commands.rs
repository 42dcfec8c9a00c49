//! The command line: all commands, and what their runs have in common. One file a command, each a short story: its
//! options, then read, decide, act, report.

use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use serde::Serialize;
use time::OffsetDateTime;

use crate::cli::{self, Env, OutputArgs};
use crate::error::{Exit, Failure, Result};
use crate::issue::Progress;
use crate::profile::Role;
use crate::report::progress::{Narrator, say_unknown_variable, say_waiting};
use crate::report::{Detail, Layout, Outcome, Report, Text, write_json};
use crate::run::{self, Complete, DirectoryKind, Done, World};
use crate::spec::Spec;
use crate::store::Step;

mod ca;
mod check;
mod config;
mod csr;
mod ensure;
mod explain;
mod fixtures;
mod identities;
mod manual;
mod names;
mod probe;
mod renew;
mod sign;

/// TLS certificates for Milvus: a private CA, a server and a client certificate
///
/// Creates ca.key ca.pem ca.srl, server.key server.pem server.csr, client.key client.pem client.csr, as gen.sh on the
/// Milvus page "Encryption in Transit" does, with certificates that every client accepts. If the certificates are valid,
/// a further run changes nothing; it renews expiring certificates and reissues weak ones with the existing CA.
#[derive(Debug, Parser)]
#[command(
    name = "milvus-certgen",
    version = VERSION,
    max_term_width = 100,
    before_help = EXAMPLES,
    before_long_help = "",
    after_help = COMMANDS,
    after_long_help = AFTER_HELP,
    args_conflicts_with_subcommands = true,
    disable_help_subcommand = true
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    ensure: ensure::Args,
}

/// With the commit that it was built from, where that is known (build.rs).
const VERSION: &str = match option_env!("MILVUS_CERTGEN_BUILD") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

const EXAMPLES: &str = "\
Examples:
  milvus-certgen --cn localhost -o certs --tls-dir tls
  milvus-certgen check certs
  milvus-certgen config compose --dir certs > docker-compose.override.yml";

const COMMANDS: &str = "\
Commands (each has -h): ca csr sign server client peer renew check probe explain
                        config fixtures completions man";

/// The short help of the default command: one screen, examples first.
const SHORT_HELP: &str = "\
{about}

{before-help}{usage-heading} milvus-certgen [OPTIONS]
       milvus-certgen <COMMAND> [OPTIONS]

Options (all of them: --help):
{options}{after-help}";

/// The options that most people need.
const SHORT_OPTIONS: [&str; 10] =
    ["cn", "san", "out_dir", "tls_dir", "days", "key_type", "dry_run", "help", "quiet", "version"];

const AFTER_HELP: &str = "\
Examples:
  milvus-certgen --cn localhost -o certs --tls-dir tls
      Create the nine files in certs, and a copy of what Milvus mounts in tls.
  milvus-certgen --cn milvus.example.com --san milvus,10.0.0.7 -o certs --tls-dir tls
      A server with three names.
  milvus-certgen --key-type ecdsa-p256 --days 90 -o certs --dry-run
      Print what a run would do and why; change nothing.
  milvus-certgen client alice -o certs
      Issue a further client certificate with the CA in certs.

Existing files are compared only with options that you set explicitly, on the command line or as environment
variables; defaults apply to new files only.

Exit codes: 0 done, 1 failed, 2 usage, 3 check or probe found a problem.";

#[derive(Debug, Subcommand)]
#[command(defer = true)]
enum Command {
    /// Create a CA: ca.key and ca.pem only
    ///
    /// Steps 1 and 2 of the Milvus page's "Modify the detail of certificate files". An existing CA is kept; its
    /// certificate is renewed with the same key if it expires, and reissued if it is weak.
    #[command(after_long_help = "Example:\n  milvus-certgen ca --organization acme --ca-days 10y -o certs")]
    Ca(Env<ca::Args>),
    /// Create a key and a certificate signing request (CSR)
    ///
    /// Steps 3 and 4 of the Milvus page: NAME.key, kept if it exists, and NAME.csr, for another CA to sign.
    #[command(after_long_help = "Example:\n  milvus-certgen csr milvus.example.com --role server -o certs")]
    Csr(Env<csr::Args>),
    /// Sign CSRs that were created elsewhere
    ///
    /// Step 5 of the Milvus page: writes FILE.pem next to each FILE.csr and advances the CA's .srl file. The names are
    /// those of the request (or its CN) unless --san is set. A request for more (to be a CA, to sign certificates, other
    /// purposes than its role's) is overruled or rejected.
    #[command(
        after_long_help = "Example:\n  milvus-certgen sign certs/milvus.example.com.csr --role server --days 1y -o certs"
    )]
    Sign(Env<sign::Args>),
    /// Issue additional server certificates
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, with the existing CA. NAME is the CN, and the host name that clients
    /// check.
    #[command(
        after_long_help = "Example:\n  milvus-certgen server node-1.example.com node-2.example.com -o certs"
    )]
    Server(Env<identities::Args>),
    /// Issue additional client certificates
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, with the existing CA. NAME is the CN, and a subject alternative name
    /// if it is a host name, an IP address or an email address. An interrupted run continues where it stopped.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen client alice bob@example.com -o certs\n  milvus-certgen client --from names.txt --key-type ecdsa-p256 -o certs"
    )]
    Client(Env<identities::Args>),
    /// Issue certificates for both roles, such as for members of an etcd cluster
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, with the existing CA and the extended key usages serverAuth and
    /// clientAuth. NAME is the CN, and the host name that clients and the other members check.
    #[command(
        after_long_help = "Example:\n  milvus-certgen peer etcd-0 etcd-1 etcd-2 --san etcd.example.com -o certs"
    )]
    Peer(Env<identities::Args>),
    /// Renew certificates now with the existing CA
    ///
    /// The server and client certificates, or those that are named, or all in the directory that this CA issued. Keys are
    /// kept unless --rekey. Milvus reads its files once, at start: restart it afterwards.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen renew -o certs --tls-dir tls\n  milvus-certgen renew --all --days 1y -o certs --tls-dir tls\n  milvus-certgen renew --ca -o certs --tls-dir tls"
    )]
    Renew(Env<renew::Args>),
    /// Check certificate files and suggest fixes
    ///
    /// Checks a directory (created by milvus-certgen, gen.sh or anything else), or the files of --ca-cert, --cert and
    /// --key, and changes nothing. Exit code 0 without errors (with --strict: nor warnings), 3 with errors, 1 if the files
    /// cannot be read. Private keys are not required; checks that need one are then skipped, and it says so.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen check certs\n  milvus-certgen check certs --name milvus.example.com --strict\n  milvus-certgen check --ca-cert certs/ca.pem --cert certs/server.pem --json"
    )]
    Check(Env<check::Args>),
    /// Test a running server's TLS setup
    ///
    /// Connects as a client with ca.pem, client.pem and client.key of the directory, without a certificate, and in
    /// plaintext. Exit code 0 if a client connects, 3 if not, 1 if that could not be determined.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen probe localhost:19530 --dir certs\n  milvus-certgen probe localhost --dir certs --wait 60\n  milvus-certgen probe milvus.example.com --dir certs --tls-mode 2 --json"
    )]
    Probe(Env<probe::Args>),
    /// Explain a code that check or probe printed
    ///
    /// How the problem arises, which clients reject it and what they report, and how to fix it. Without CODE: all codes.
    #[command(after_long_help = "Example:\n  milvus-certgen explain no-san")]
    Explain(explain::Args),
    /// Print configuration for Milvus, its clients, and what is around it
    ///
    /// Ready to paste or to pipe, with the paths and names of the directory. Fails if check finds an error there.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen config milvus-yaml --dir certs --tls-mode 2\n  milvus-certgen config pymilvus --dir certs --host milvus.example.com > connect.py\n  milvus-certgen config kubernetes --dir certs --namespace milvus | kubectl apply -f -"
    )]
    Config(Env<config::Args>),
    /// Generate invalid certificates for testing
    ///
    /// Next to valid ones: expired, not yet valid, for another host, of another CA, with the wrong extended key usage,
    /// without a subject alternative name, with a weak key. Their README.md says who must reject which; their subjects
    /// say that they are invalid.
    #[command(after_long_help = "Example:\n  milvus-certgen fixtures testdata")]
    Fixtures(Env<fixtures::Args>),
    /// Print completions for a shell
    #[command(after_long_help = "Example:\n  milvus-certgen completions bash")]
    Completions {
        /// The shell
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page
    #[command(after_long_help = "Examples:\n  milvus-certgen man\n  milvus-certgen man --out-dir man")]
    Man {
        /// Write the pages of all commands into a directory instead
        #[arg(short, long, value_name = "DIR")]
        out_dir: Option<PathBuf>,
    },
}

/// The command line itself, for completions, manual pages and hints.
fn definition() -> clap::Command {
    cli::with_variables(Cli::command())
}

/// What a process brings to a command.
pub struct System<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills bytes from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of a transaction.
    pub at: &'a mut dyn FnMut(DirectoryKind, Step),
}

impl Cli {
    /// Reads this process's command line and environment; where help or the version is asked for, prints it and ends the
    /// process.
    pub fn of_this_process() -> Result<Self> {
        let mut words: Vec<OsString> = std::env::args_os().collect();
        // `help check` is `check --help`.
        if words.get(1).is_some_and(|word| word == "help") {
            words.remove(1);
            words.push("--help".into());
        }
        let mut command = Self::command();
        let name = words.get(1).and_then(|first| command.find_subcommand(first)).map(clap::Command::get_name);
        let name = name.unwrap_or("milvus-certgen").to_owned();
        // The variables of the default command are nothing to the others.
        if name == "milvus-certgen" {
            let is_short = words.iter().any(|word| word == "-h");
            command = cli::with_variables(command);
            command = if is_short { in_one_screen(command) } else { command };
        }
        let quiet = words.iter().any(|word| word == "-q" || word == "--quiet");
        let unknown = if quiet { Vec::new() } else { cli::unknown_variables(&command, definition) };
        for (variable, near) in unknown {
            say_unknown_variable(&variable, near.as_deref());
        }
        let matches =
            cli::matches(command, words, definition).map_err(|failure| cli::name_variable(&name, failure))?;
        Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }

    /// Runs the command and prints its report.
    pub fn run(self, system: &mut System<'_>) -> Result<Exit> {
        // A command's name is text; what comes in its place need not be.
        let first = std::env::args_os().nth(1).filter(|_| self.command.is_some());
        let name = first.as_deref().and_then(OsStr::to_str).unwrap_or("milvus-certgen");
        self.run_command(system).map_err(|failure| cli::name_variable(name, failure))
    }

    fn run_command(self, system: &mut System<'_>) -> Result<Exit> {
        match self.command {
            None => self.ensure.run(system),
            Some(Command::Ca(Env(args))) => args.run(system),
            Some(Command::Csr(Env(args))) => args.run(system),
            Some(Command::Sign(Env(args))) => args.run(system),
            Some(Command::Server(Env(args))) => args.run(Role::Server, system),
            Some(Command::Client(Env(args))) => args.run(Role::Client, system),
            Some(Command::Peer(Env(args))) => args.run(Role::Peer, system),
            Some(Command::Renew(Env(args))) => args.run(system),
            Some(Command::Check(Env(args))) => args.run(system.now),
            Some(Command::Probe(Env(args))) => args.run(system.now),
            Some(Command::Explain(args)) => args.run(),
            Some(Command::Config(Env(args))) => args.run(system.now),
            Some(Command::Fixtures(Env(args))) => args.run(system),
            Some(Command::Completions { shell }) => manual::completions(shell),
            Some(Command::Man { out_dir }) => manual::pages(out_dir.as_deref(), system),
        }
    }
}

fn in_one_screen(command: clap::Command) -> clap::Command {
    let command = command.mut_args(|arg| {
        let is_shown = SHORT_OPTIONS.contains(&arg.get_id().as_str());
        arg.hide_short_help(!is_shown)
    });
    command.help_template(SHORT_HELP)
}

/// Does the work, and prints its report.
fn reported<R: Text + Serialize>(
    output: OutputArgs,
    system: &mut System<'_>,
    work: impl FnOnce(&mut World<'_>) -> Result<R>,
) -> Result<Exit> {
    print(&in_world(output.quiet, system, work)?, output)
}

fn in_world<T>(
    quiet: bool,
    system: &mut System<'_>,
    work: impl FnOnce(&mut World<'_>) -> Result<T>,
) -> Result<T> {
    let mut narrator = Narrator::new(quiet);
    work(&mut World {
        now: system.now,
        random: system.random,
        at: &mut *system.at,
        progress: &mut |step: Progress| narrator.step(&step),
        on_wait: &|directory: &Path| say_waiting(quiet, directory),
    })
}

/// What most commands are in the end: the specification carried out, or only rehearsed, and a report of it.
fn carry_out(spec: &Spec, dry_run: bool, world: &mut World<'_>) -> Result<Report> {
    carry_out_completed(spec, &run::as_it_is, dry_run, world)
}

/// The same for a specification that is completed from what the directory holds.
fn carry_out_completed(
    template: &Spec,
    complete: Complete<'_>,
    dry_run: bool,
    world: &mut World<'_>,
) -> Result<Report> {
    let Done { spec, plan, set, written, recovered } = if dry_run {
        run::rehearse(template, complete, world)?
    } else {
        run::act(template, complete, world)?
    };
    let outcome = Outcome { dry_run, recovered, written };
    Ok(Report::new(&plan, &spec, &set, outcome, world.now))
}

fn print(report: &(impl Text + Serialize), output: OutputArgs) -> Result<Exit> {
    let detail = match output {
        OutputArgs { quiet: true, .. } => Detail::Errors,
        OutputArgs { verbose: true, .. } => Detail::Verbose,
        OutputArgs { .. } => Detail::Normal,
    };
    printed(if output.json {
        write_json(report, &mut io::stdout().lock())
    } else {
        let mut out = anstream::stdout().lock();
        report.write_text(&mut out, Layout::new(detail, columns())).and_then(|()| out.flush())
    })
}

/// Of the terminal, as shells tell it; clap goes by it too.
fn columns() -> Option<usize> {
    std::env::var("COLUMNS").ok()?.parse().ok()
}

fn printed(written: io::Result<()>) -> Result<Exit> {
    match written {
        // `milvus-certgen | head -1`: the reader has gone, the work is done.
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::failed(format!("standard output: {e}")))
        }
        _ => Ok(Exit::Done),
    }
}
