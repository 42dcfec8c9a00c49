//! What each role's certificate contains: the one table of extensions.

use std::fmt;

use clap::ValueEnum;

use crate::keys::KeyKind;

/// The three roles of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ValueEnum)]
#[expect(missing_docs, reason = "they would be help of the values")]
pub enum Role {
    // The private certificate authority.
    #[value(skip)]
    Ca,
    // Milvus.
    Server,
    // Who connects to Milvus.
    Client,
}

impl Role {
    /// All three, in the order of the files on the Milvus page.
    pub const ALL: [Self; 3] = [Self::Ca, Self::Server, Self::Client];

    /// `ca`, `server` or `client`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ca => "ca",
            Self::Server => "server",
            Self::Client => "client",
        }
    }

    /// The extended key usage of the role's certificate, in RFC 5280's words.
    pub fn purpose(self) -> Option<&'static str> {
        match self {
            Self::Ca => None,
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
        let purpose = if role == Role::Server { Purpose::ServerAuth } else { Purpose::ClientAuth };
        Self { is_ca: rcgen::IsCa::ExplicitNoCa, key_usages, extended_key_usages: vec![purpose] }
    }
}
