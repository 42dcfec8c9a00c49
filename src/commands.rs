//! The command line: all commands, and what their runs have in common. One file a command, each a short story: its
//! flags, then read, decide, act, report.

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
use crate::report::progress::{Narrator, say_waiting};
use crate::report::{Outcome, Report, Text, write_json};
use crate::run::{self, Complete, DirectoryKind, Done, World};
use crate::spec::Spec;
use crate::store::Step;

mod ca;
mod check;
mod config;
mod csr;
mod ensure;
mod fixtures;
mod identities;
mod manual;
mod names;
mod probe;
mod renew;
mod sign;

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
    ensure: ensure::Args,
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
#[command(defer = true)]
enum Command {
    /// Make a CA: ca.key and ca.pem only
    ///
    /// Steps 1 and 2 of the Milvus page's "Modify the detail of certificate files". A CA that is there already is
    /// kept, and signed again with its own key if it is weak or runs out.
    #[command(after_long_help = "Example:\n  milvus-certgen ca --organization acme --ca-days 3650")]
    Ca(Env<ca::Args>),
    /// Make a key and a certificate signing request
    ///
    /// Steps 3 and 4 of the Milvus page: NAME.key, kept if it is there, and NAME.csr, for a CA elsewhere to sign.
    #[command(after_long_help = "Example:\n  milvus-certgen csr milvus.example.com --role server")]
    Csr(Env<csr::Args>),
    /// Sign requests that somebody else made
    ///
    /// Step 5 of the Milvus page: writes FILE.pem beside each FILE.csr and advances the CA's serial file. The names
    /// are the request's own (or its CN) unless --san is given. What a request may not choose is overruled or
    /// refused: to be a CA, to sign certificates, other purposes than its role's.
    #[command(
        after_long_help = "Example:\n  milvus-certgen sign milvus.example.com.csr --role server --days 365"
    )]
    Sign(Env<sign::Args>),
    /// Make certificates for further servers
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there. NAME is the CN, and the name that
    /// clients check.
    #[command(after_long_help = "Example:\n  milvus-certgen server node-1.example.com node-2.example.com")]
    Server(Env<identities::Args>),
    /// Make certificates for further clients
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there. NAME is the CN, and a
    /// subjectAltName where it is a host name, an address or a mail address. A run that was interrupted goes on
    /// where it stopped.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen client alice bob@example.com\n  milvus-certgen client --from names.txt --key-type ecdsa-p256"
    )]
    Client(Env<identities::Args>),
    /// Make certificates for servers that are clients too, such as the members of an etcd cluster
    ///
    /// NAME.key, NAME.csr and NAME.pem for each NAME, from the CA that is there, with the extended key usages
    /// serverAuth and clientAuth. NAME is the CN, and the name that clients and the other members check.
    #[command(
        after_long_help = "Example:\n  milvus-certgen peer etcd-0 etcd-1 etcd-2 --san etcd.example.com"
    )]
    Peer(Env<identities::Args>),
    /// Sign certificates again now, with the CA that is there
    ///
    /// The server's and the client's, or the named ones, or all that this CA signed in the directory. Keys are kept
    /// unless --rekey. Milvus reads its files once, at start: restart it afterwards.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen renew\n  milvus-certgen renew --all --days 365\n  milvus-certgen renew --ca"
    )]
    Renew(Env<renew::Args>),
    /// Say what is wrong with a set, how it shows, and what mends it
    ///
    /// Looks at the files of a directory (made here, by gen.sh or by anyone), or at those that --ca-cert, --cert and
    /// --key name, and changes nothing. Exit code 0 if nothing is an error (with --strict: nor a warning), 3 if something
    /// is, 1 if it could not be looked at. Private keys are not needed:
    /// what could not be checked without them is said.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen check\n  milvus-certgen check tls --name milvus.example.com --strict\n  milvus-certgen check --ca-cert ca.pem --cert server.pem --json"
    )]
    Check(Env<check::Args>),
    /// Say what a running server is, and whether a client with this set can talk to it
    ///
    /// Connects as the set's client would (ca.pem, client.pem and client.key of the directory), and without a
    /// certificate, and in plaintext. Exit code 0 if a client connects, 3 if not, 1 if that could not be found out.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen probe localhost:19530\n  milvus-certgen probe milvus.example.com --dir tls --tls-mode 2\n  milvus-certgen probe 10.0.0.7:19530 --server-name milvus.example.com --json"
    )]
    Probe(Env<probe::Args>),
    /// Print Milvus's configuration, or a client's code, for the set that is there
    ///
    /// Ready to paste or to pipe, with the set's own paths and names. Refuses a set that would not work.
    #[command(
        after_long_help = "Examples:\n  milvus-certgen config milvus-yaml --tls-mode 2\n  milvus-certgen config pymilvus --host milvus.example.com > connect.py\n  milvus-certgen config kubernetes --dir tls --namespace milvus | kubectl apply -f -"
    )]
    Config(Env<config::Args>),
    /// Make sets that are broken on purpose, for those who test TLS code
    ///
    /// Beside a good set: expired, not yet valid, of another host, of another CA, of the wrong extended key usage,
    /// without a subjectAltName, with a weak key. README.md there says who must refuse which; their subjects say that
    /// they are broken.
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

/// The command line itself, for completions and manual pages.
fn definition() -> clap::Command {
    cli::with_variables(Cli::command())
}

/// What a process brings to a command.
pub struct System<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills octets from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of a transaction.
    pub at: &'a mut dyn FnMut(DirectoryKind, Step),
}

impl Cli {
    /// Reads this process's command line and environment; where clap rejects them, or help is asked for, it says so and
    /// ends the process.
    pub fn of_this_process() -> Result<Self> {
        let mut command = Self::command();
        let first = std::env::args_os().nth(1);
        // The variables of the default command are nothing to the others.
        if first.is_none_or(|first| command.find_subcommand(first).is_none()) {
            command = cli::with_variables(command);
        }
        let matches = cli::matches(command)?;
        Ok(Self::from_arg_matches(&matches).unwrap_or_else(|error| error.exit()))
    }

    /// Runs the command and prints its report.
    pub fn run(self, system: &mut System<'_>) -> Result<Exit> {
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
            Some(Command::Config(Env(args))) => args.run(system.now),
            Some(Command::Fixtures(Env(args))) => args.run(system),
            Some(Command::Completions { shell }) => manual::completions(shell),
            Some(Command::Man { out_dir }) => manual::pages(out_dir.as_deref(), system),
        }
    }
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
    let outcome = Outcome { dry_run, recovered, written: &written };
    Ok(Report::new(&plan, &spec, &set, outcome, world.now))
}

fn print(report: &(impl Text + Serialize), output: OutputArgs) -> Result<Exit> {
    printed(if output.json {
        write_json(report, &mut io::stdout().lock())
    } else if output.quiet {
        Ok(())
    } else {
        let mut out = anstream::stdout().lock();
        report.write_text(&mut out).and_then(|()| out.flush())
    })
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
