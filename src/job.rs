//! What each command is asked for: the flags of one command, parsed into types.

use std::path::PathBuf;
use std::time::Duration;

use clap_complete::Shell;

use crate::check::Question;
use crate::config;
use crate::files::BaseName;
use crate::pki::Identity;
use crate::probe::Target;
use crate::profile::Role;
use crate::san::San;
use crate::spec::Spec;

/// One command with all that it needs.
#[derive(Debug)]
pub enum Job {
    /// The default command, and `ca`, which has no leaves.
    Ensure(Spec),
    /// `csr`
    Csr(CsrJob),
    /// `sign`
    Sign(SignJob),
    /// `server` and `client`
    Identities(IdentitiesJob),
    /// `renew`
    Renew(RenewJob),
    /// `check`
    Check(CheckJob),
    /// `probe`
    Probe(ProbeJob),
    /// `config`
    Config(ConfigJob),
    /// `fixtures`
    Fixtures(FixturesJob),
    /// `completions`
    Completions(Shell),
    /// `man`: where the pages go; without a directory the main page is printed.
    Man(Option<PathBuf>),
}

/// `fixtures DIR`: sets that are broken on purpose.
#[derive(Debug)]
pub struct FixturesJob {
    /// Where their directories go.
    pub dir: PathBuf,
    /// The good server's names, where they were given.
    pub names: Option<Vec<San>>,
    /// Make all anew.
    pub force: bool,
}

/// `config TARGET`: Milvus's configuration, or a client's.
#[derive(Debug)]
pub struct ConfigJob {
    /// What for.
    pub target: config::Target,
    /// Which set.
    pub question: Question,
    /// 1 or 2.
    pub tls_mode: u8,
    /// `--host`
    pub host: Option<String>,
    /// The port of Milvus's gRPC service.
    pub port: u16,
    /// `--internal-tls`
    pub internal_tls: bool,
    /// Name of the Kubernetes objects.
    pub name: String,
    /// Their namespace.
    pub namespace: String,
}

/// `probe HOST:PORT`: what a running server is.
#[derive(Debug)]
pub struct ProbeJob {
    /// The server.
    pub target: Target,
    /// The client's set.
    pub question: Question,
    /// `--server-name`, or the host.
    pub server_name: San,
    /// `--tls-mode`: 1 or 2, where one is expected.
    pub tls_mode: Option<u8>,
    /// The longest wait for anything.
    pub timeout: Duration,
}

/// `check [DIR]`: what is wrong with a set.
#[derive(Debug)]
pub struct CheckJob {
    /// Which set, and what is asked of it.
    pub question: Question,
    /// `--strict`: warnings count as errors.
    pub strict: bool,
}

/// `csr NAME`: a key, and a request for it.
#[derive(Debug)]
pub struct CsrJob {
    /// Where, which kind and form of key; its leaf says whether the key is made anew.
    pub spec: Spec,
    /// What the files are called.
    pub base: BaseName,
    /// What the certificate is to be for.
    pub role: Role,
    /// What the request asks for.
    pub identity: Identity,
}

/// `sign FILE.csr ...`: requests of somebody else.
#[derive(Debug)]
pub struct SignJob {
    /// The CA and the validity; its leaves are those of the files.
    pub spec: Spec,
    /// The requests.
    pub files: Vec<PathBuf>,
    /// What for; `None` leaves it to the request's extended key usage.
    pub role: Option<Role>,
    /// `--san`, instead of the request's own names.
    pub names: Option<Vec<San>>,
}

/// Where the names of many identities come from.
#[derive(Debug)]
pub enum Names {
    /// The command line.
    Given(Vec<String>),
    /// A file with a name a line; `-` is standard input.
    From(PathBuf),
}

/// `server NAME ...` and `client NAME ...`
#[derive(Debug)]
pub struct IdentitiesJob {
    /// The CA, keys and validity; its leaves are those of the names.
    pub spec: Spec,
    /// Server or client.
    pub role: Role,
    /// The names.
    pub names: Names,
    /// `--san`, for each of them.
    pub sans: Option<Vec<San>>,
    /// `--rekey`, for each of them.
    pub rekey: bool,
}

/// Which certificates are renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The server's and the client's, as far as they are there.
    Pair,
    /// These, by base name or by the name that they were made for.
    Named(Vec<String>),
    /// All in the directory that the CA has signed.
    All,
    /// None: only the CA's.
    Nothing,
}

/// `renew`
#[derive(Debug)]
pub struct RenewJob {
    /// The CA and the validity; its leaves are those that are found.
    pub spec: Spec,
    /// Which certificates.
    pub which: Which,
    /// What the server's and the client's files are called.
    pub pair: (BaseName, BaseName),
    /// `--rekey`
    pub rekey: bool,
}
