//! The command line. The doc comments are the help.

use clap::builder::FalseyValueParser;
use clap::{Args, Parser, Subcommand};

use crate::error::Result;
use crate::job::Job;

mod args;
mod config;
mod convert;
mod jobs;
mod look;

use config::TargetArg;
use look::{ClientFileArgs, LookArgs, NamedFileArgs, SetArgs};

use args::{
    AccessArgs, AttributeArgs, ClientNameArgs, CommonNameArgs, DiscardArgs, ExternalCaArgs, ForceArgs,
    KeyArgs, LeafFileArgs, LeafOnlyArgs, LeafValidityArgs, NameArgs, NewCaArgs, OutDirArgs, OutputArgs,
    RoleArg, SanArgs, TlsDirArgs, ValidityArgs,
};

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

#[derive(Debug, Args)]
struct EnsureArgs {
    #[command(flatten)]
    common_name: CommonNameArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    client_name: ClientNameArgs,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    leaf_files: LeafFileArgs,
    #[command(flatten)]
    leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    tls_dir: TlsDirArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    new_ca: NewCaArgs,
    #[command(flatten)]
    discard: DiscardArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct CaArgs {
    #[command(flatten)]
    common_name: CommonNameArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    /// Names that --constrain lets the CA sign for, besides the CN
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    new_ca: NewCaArgs,
    #[command(flatten)]
    force: ForceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct CsrArgs {
    /// CN of the request, and the name of the files
    #[arg(value_name = "NAME")]
    name: String,
    /// What the certificate is to be for
    #[arg(
        long,
        value_name = "ROLE",
        env = "MILVUS_CERTGEN_ROLE",
        default_value = "server",
        hide_env_values = true
    )]
    role: RoleArg,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct SignArgs {
    /// The requests
    #[arg(value_name = "FILE.csr", required = true)]
    files: Vec<std::path::PathBuf>,
    /// What the certificates are for [default: what the request asks for, or server]
    #[arg(long, value_name = "ROLE", env = "MILVUS_CERTGEN_ROLE", hide_env_values = true)]
    role: Option<RoleArg>,
    #[command(flatten)]
    names: SanArgs,
    #[command(flatten)]
    validity: LeafValidityArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct IdentityArgs {
    /// Who the certificates are for
    #[arg(value_name = "NAME", required_unless_present = "from")]
    names: Vec<String>,
    /// Take the names from a file, one a line; # begins a comment, and - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "MILVUS_CERTGEN_FROM",
        conflicts_with = "names",
        hide_env_values = true
    )]
    from: Option<std::path::PathBuf>,
    #[command(flatten)]
    san: SanArgs,
    #[command(flatten)]
    attributes: AttributeArgs,
    #[command(flatten)]
    validity: LeafValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct RenewArgs {
    /// Which ones, by file or by the name that they were made for [default: server and client]
    #[arg(value_name = "NAME", conflicts_with = "all")]
    names: Vec<String>,
    /// All certificates in the directory that the CA has signed
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_ALL", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    all: bool,
    /// The CA's own certificate, with its own key: what it signed stays valid
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_CA", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    ca: bool,
    /// Make new keys too
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_REKEY", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    rekey: bool,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    out_dir: OutDirArgs,
    #[command(flatten)]
    leaf_files: LeafFileArgs,
    #[command(flatten)]
    leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    access: AccessArgs,
    #[command(flatten)]
    external_ca: ExternalCaArgs,
    #[command(flatten)]
    output: OutputArgs,
}

#[derive(Debug, Args)]
struct CheckArgs {
    /// Directory of the set [default: .]
    #[arg(value_name = "DIR")]
    dir: Option<std::path::PathBuf>,
    /// The same as DIR, as `probe` and `config` have it
    #[arg(long = "dir", value_name = "DIR", hide = true, conflicts_with = "dir")]
    named_dir: Option<std::path::PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    #[command(flatten)]
    named: NamedFileArgs,
    /// What clients call the server, repeated or with commas between them: each must be in its certificate, and is
    /// tried in a handshake
    #[arg(
        long = "name",
        value_name = "NAME",
        env = "MILVUS_CERTGEN_CHECK_NAME",
        value_delimiter = ',',
        hide_env_values = true
    )]
    names: Vec<String>,
    /// Warn of what expires within so many days; never more than a third of a certificate's lifetime
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_EXPIRES_WITHIN",
        default_value = "30",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    expires_within: String,
    /// Warnings count as errors
    #[arg(long, env = "MILVUS_CERTGEN_STRICT", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    strict: bool,
    #[command(flatten)]
    output: LookArgs,
}

#[derive(Debug, Args)]
struct ProbeArgs {
    /// The server: HOST, HOST:PORT, [IPV6]:PORT or a URI; the port is 19530 unless it is said
    #[arg(value_name = "HOST:PORT")]
    target: String,
    /// Name of the server in its certificate, where that is not HOST; what pymilvus calls `server_name`
    #[arg(long, value_name = "NAME", env = "MILVUS_CERTGEN_SERVER_NAME", hide_env_values = true)]
    server_name: Option<String>,
    /// What Milvus is expected to be in: 1 (one-way) or 2 (two-way) [default: what it is in]
    #[arg(
        long,
        value_name = "MODE",
        env = "MILVUS_CERTGEN_TLS_MODE",
        value_parser = clap::value_parser!(u8).range(1..=2),
        hide_env_values = true
    )]
    tls_mode: Option<u8>,
    /// Longest wait for anything, in seconds (0.5) or with a unit (500ms)
    #[arg(
        long,
        value_name = "SECONDS",
        env = "MILVUS_CERTGEN_TIMEOUT",
        default_value = "5",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    timeout: String,
    /// Directory of the set [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Files (which ones)")]
    dir: Option<std::path::PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    #[command(flatten)]
    named: ClientFileArgs,
    #[command(flatten)]
    output: LookArgs,
}

#[derive(Debug, Args)]
struct ConfigArgs {
    /// What for
    #[arg(value_name = "TARGET")]
    target: TargetArg,
    /// Directory of the set [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Files (which ones)")]
    dir: Option<std::path::PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    /// 1: only the server shows a certificate; 2: clients do too
    #[arg(
        long,
        value_name = "MODE",
        env = "MILVUS_CERTGEN_TLS_MODE",
        default_value = "1",
        value_parser = clap::value_parser!(u8).range(1..=2),
        hide_env_values = true
    )]
    tls_mode: u8,
    /// Where clients find Milvus [default: the first name in the server's certificate]
    #[arg(long, value_name = "HOST", env = "MILVUS_CERTGEN_HOST", hide_env_values = true)]
    host: Option<String>,
    /// Port of Milvus's gRPC service
    #[arg(
        long,
        value_name = "PORT",
        env = "MILVUS_CERTGEN_PORT",
        default_value = "19530",
        value_parser = clap::value_parser!(u16).range(1..),
        hide_env_values = true
    )]
    port: u16,
    /// TLS between the parts of Milvus too (Milvus 2.5 and newer)
    #[arg(long, env = "MILVUS_CERTGEN_INTERNAL_TLS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    internal_tls: bool,
    /// Name of the Kubernetes Secret, and the beginning of the names of what goes with it
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_KUBERNETES_NAME",
        default_value = "milvus-tls",
        help_heading = "Kubernetes",
        hide_env_values = true
    )]
    name: String,
    /// Namespace of the Kubernetes objects
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_KUBERNETES_NAMESPACE",
        default_value = "default",
        help_heading = "Kubernetes",
        hide_env_values = true
    )]
    namespace: String,
}

#[derive(Debug, Args)]
struct FixturesArgs {
    /// Directory of their directories; made if it is missing
    #[arg(value_name = "DIR")]
    dir: std::path::PathBuf,
    /// Names of the good server, repeated or with commas between them [default: localhost and its
    /// addresses]
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_NAME_SAN",
        value_delimiter = ',',
        hide_env_values = true
    )]
    san: Vec<String>,
    /// Make all of them anew
    #[arg(long, env = "MILVUS_CERTGEN_FIXTURES_FORCE", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    force: bool,
    #[command(flatten)]
    output: OutputArgs,
}

/// How a run behaves, apart from what it makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the flags'")]
pub struct Behaviour {
    pub dry_run: bool,
    pub quiet: bool,
    pub json: bool,
}

/// The command line itself, for completions and manual pages.
#[must_use]
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

impl Cli {
    /// Reads this process's command line and environment; where that is not possible, or help is asked for, it says so
    /// and ends the process, as clap does it.
    #[must_use]
    pub fn of_this_process() -> Self {
        let matches = without_empty_variables(definition()).get_matches();
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
