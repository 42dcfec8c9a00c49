//! The extensions of each role's certificate, in one table.

use std::fmt;

use clap::ValueEnum;

use crate::keys::KeyKind;

/// The purpose of a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
#[expect(missing_docs, reason = "they would be help of the values")]
pub enum Role {
    // The private certificate authority.
    #[value(skip)]
    Ca,
    // Milvus.
    Server,
    // Connects to Milvus.
    Client,
    // A server that connects to others of its kind with the same certificate: a member of an etcd cluster.
    Peer,
}

impl Role {
    /// The three of the Milvus page, in the order of its files.
    pub const ALL: [Self; 3] = [Self::Ca, Self::Server, Self::Client];

    /// `ca`, `server`, `client` or `peer`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Server => "server",
            Self::Client => "client",
            Self::Peer => "peer",
        }
    }

    /// True if clients connect to it, and check its name.
    pub fn serves(self) -> bool {
        matches!(self, Self::Server | Self::Peer)
    }

    /// The purposes of the role's certificate, each as the role that has only that.
    pub fn sides(self) -> &'static [Self] {
        match self {
            Self::Ca => &[],
            Self::Server => &[Self::Server],
            Self::Client => &[Self::Client],
            Self::Peer => &[Self::Server, Self::Client],
        }
    }

    /// True if a certificate for this role is one for the other too.
    pub fn covers(self, other: Self) -> bool {
        self == other || (self == Self::Peer && other != Self::Ca)
    }

    /// The extended key usage of a role with one, in RFC 5280's words.
    pub fn purpose(self) -> Option<&'static str> {
        match self {
            Self::Ca | Self::Peer => None,
            Self::Server => Some("serverAuth"),
            Self::Client => Some("clientAuth"),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// id-kp-serverAuth (RFC 5280 section 4.2.1.12).
pub const SERVER_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 1];

/// id-kp-clientAuth
pub const CLIENT_AUTH: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 3, 2];

/// The extensions of one certificate, but for names and key identifiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Profile {
    /// `basicConstraints`, always critical.
    pub is_ca: rcgen::IsCa,
    /// `keyUsage`, always critical.
    pub key_usages: Vec<rcgen::KeyUsagePurpose>,
    /// `extendedKeyUsage`; none for a CA, which it would bind in what it signs (`--constrain` wants that).
    pub extended_key_usages: Vec<rcgen::ExtendedKeyUsagePurpose>,
}

impl Profile {
    /// The row of the table for a role and a kind of key.
    pub fn new(role: Role, key: KeyKind) -> Self {
        use rcgen::ExtendedKeyUsagePurpose as Purpose;
        use rcgen::KeyUsagePurpose as Usage;

        if role == Role::Ca {
            return Self {
                is_ca: rcgen::IsCa::Ca(rcgen::BasicConstraints::Constrained(0)),
                key_usages: vec![Usage::KeyCertSign, Usage::CrlSign],
                extended_key_usages: Vec::new(),
            };
        }
        let mut key_usages = vec![Usage::DigitalSignature];
        if key.is_rsa() {
            // As in gen.sh's openssl.cnf; contentCommitment is today's word for nonRepudiation.
            key_usages.extend([Usage::ContentCommitment, Usage::KeyEncipherment]);
        }
        let purpose = |side: &Role| match side {
            Role::Client => Purpose::ClientAuth,
            _ => Purpose::ServerAuth,
        };
        let extended_key_usages = role.sides().iter().map(purpose).collect();
        Self { is_ca: rcgen::IsCa::ExplicitNoCa, key_usages, extended_key_usages }
    }
}
