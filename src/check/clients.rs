//! Milvus and its clients: which of them rejects what, and its error. Severity, what a finding is seen as, and the verdict
//! of each client follow from one [table](rules).

use super::finding::{Finding, Owner, Place};
use super::{Code, Severity};
use crate::files::FileKind;
use crate::profile::Role;
use crate::set::{Loaded, Set};

mod rules;

pub use rules::rules;

/// Milvus, or what a client is built on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Client {
    /// Go's crypto/tls as a server: it reads server.pem and server.key, and in tlsMode 2 verifies clients with ca.pem.
    Milvus,
    /// gRPC's C core with `BoringSSL`; the C++ SDK too.
    Pymilvus,
    /// Go's crypto/tls.
    Go,
    /// Netty and the JDK.
    Java,
    /// OpenSSL with Node's own settings.
    Node,
    /// `ssl.create_default_context()` of Python 3.13: REST clients such as requests and httpx.
    Python,
    /// rustls with ring.
    Rust,
}

impl Client {
    /// All of them, Milvus first.
    pub const ALL: [Self; 7] =
        [Self::Milvus, Self::Pymilvus, Self::Go, Self::Java, Self::Node, Self::Python, Self::Rust];

    /// In a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milvus => "Milvus",
            Self::Pymilvus => "pymilvus",
            Self::Go => "Go",
            Self::Java => "Java",
            Self::Node => "Node",
            Self::Python => "Python 3.13",
            Self::Rust => "Rust",
        }
    }

    /// In JSON.
    pub fn word(self) -> &'static str {
        match self {
            Self::Milvus => "milvus",
            Self::Pymilvus => "pymilvus",
            Self::Go => "go",
            Self::Java => "java",
            Self::Node => "node",
            Self::Python => "python",
            Self::Rust => "rust",
        }
    }

    /// How grave it is that this one rejects something: *error* for Milvus, pymilvus and Go (Milvus's own: its SDK,
    /// backup, replication and nodes among themselves), *warning* for the others.
    pub fn severity(self) -> Severity {
        match self {
            Self::Milvus | Self::Pymilvus | Self::Go => Severity::Error,
            Self::Java | Self::Node | Self::Python | Self::Rust => Severity::Warning,
        }
    }

    /// The version that the quotes of the table were measured with.
    pub fn version(self) -> &'static str {
        match self {
            Self::Milvus | Self::Go => "Go 1.27.3",
            Self::Pymilvus => "grpcio 1.85.1",
            Self::Java => "Netty 4.1.48, OpenJDK 17",
            Self::Node => "Node 20.20, OpenSSL 3",
            Self::Python => "Python 3.13, OpenSSL 3",
            Self::Rust => "rustls 0.23",
        }
    }
}

/// The certificate or key that a rule is about, as clients read and verify it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Part {
    ServerKey,
    Server,
    ClientKey,
    Client,
    /// The CA certificate that clients and Milvus trust.
    Ca,
    /// A CA above it in ca.pem.
    Above,
    /// A CA that is sent along, between the certificate and ca.pem.
    Between,
}

/// The variant of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Case {
    Any,
    OtherKeyType,
    NoAuthority,
    OtherAuthority,
    OwnIdentifier,
    P521,
    Ed448,
    Ip,
    IpAsDns,
    CommonName,
    AnyPurpose,
    NoServerAuth,
    NoClientAuth,
    PathLength,
    Negative,
    AuthorityCritical,
    Constraint,
    TooLarge,
    Indented,
    NoName,
    NoDnsName,
    Version1,
    OtherSignature,
    TrustedAlone,
    WithoutRoot,
}

/// The clients that reject a problem in a part, with their error; empty if the error differs from case to case.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The problem.
    pub code: Code,
    /// More exactly.
    pub case: Case,
    /// The location.
    pub part: Part,
    /// The clients that reject it; empty if none does.
    pub by: &'static [(Client, &'static str)],
}

/// A client that rejects a file, and its error; empty if that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    pub client: Client,
    pub says: String,
}

/// The rule of the table; `None` if it has none.
pub(super) fn rejections(code: Code, case: Case, part: Part, role: Role) -> Option<Vec<Rejection>> {
    let found = rules().find(|rule| (rule.code, rule.case, rule.part) == (code, case, part))?;
    let by = found.by.iter().filter_map(|&(client, says)| {
        let client = match (part, role) {
            // The chain that a client sends is verified by Milvus alone, which is Go.
            (Part::Between, Role::Client) if client == Client::Go => Client::Milvus,
            (Part::Between, Role::Client) => return None,
            _ => client,
        };
        Some(Rejection { client, says: says.to_owned() })
    });
    Some(by.collect())
}

/// How grave it is for the gravest of the clients that reject it; *note* if none does.
pub(super) fn severity(rejections: &[Rejection]) -> Severity {
    rejections.iter().map(|rejection| rejection.client.severity()).max().unwrap_or(Severity::Note)
}

/// The verdict of a client on the files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientVerdict {
    /// The client.
    pub client: Client,
    /// `None` if the certificate cannot be read by any client.
    pub accepts: Option<bool>,
    /// The rejected file and the client's error; empty if that is not known.
    pub rejects: Option<(Place, String)>,
}

/// The verdict of each client: the gravest finding that it rejects.
pub fn verdicts(findings: &[Finding], set: &Set) -> Vec<ClientVerdict> {
    let server = set.first(Role::Server).map(|leaf| &leaf.files.certificate);
    let is_served = findings.iter().any(|finding| finding.at.owner() == Some(Owner::Served));
    let is_unread = !is_served && server.is_some_and(|certificate| !matches!(certificate, Loaded::Parsed(_)));
    Client::ALL.into_iter().map(|client| verdict(client, findings, is_unread)).collect()
}

fn verdict(client: Client, findings: &[Finding], is_unread: bool) -> ClientVerdict {
    let by = |finding: &Finding| {
        let own = finding.rejections.iter().find(|rejection| rejection.client == client)?;
        Some((finding.at, own.says.clone()))
    };
    // A name that is not in the certificate is what a client reports first.
    let of_names = findings.iter().filter(|finding| finding.code == Code::NameNotInSan);
    let rejects = of_names.chain(findings).find_map(by);
    let accepts = match (&rejects, is_unread) {
        (Some(_), _) => Some(false),
        (None, true) => None,
        (None, false) => Some(true),
    };
    ClientVerdict { client, accepts, rejects }
}

/// The part of a set that a file is.
pub(super) fn part(owner: Owner, role: Role, kind: FileKind) -> Option<Part> {
    match (owner, role, kind) {
        // No client reads these.
        (_, _, FileKind::Csr | FileKind::Serial)
        | (Owner::Ca, _, FileKind::Key)
        | (_, Role::Ca, FileKind::Key) => None,
        (Owner::Ca, _, FileKind::Certificate) | (_, Role::Ca, FileKind::Certificate) => Some(Part::Ca),
        (_, Role::Client, FileKind::Key) => Some(Part::ClientKey),
        (_, Role::Client, FileKind::Certificate) => Some(Part::Client),
        (_, Role::Server | Role::Peer, FileKind::Key) => Some(Part::ServerKey),
        (_, Role::Server | Role::Peer, FileKind::Certificate) => Some(Part::Server),
    }
}
