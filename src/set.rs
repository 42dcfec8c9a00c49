//! A set: the files of one directory, parsed. Data only; `store` reads it, `plan` and `verify` look at it.

use crate::certificate::{Certificate, Csr};
use crate::keys::{KeyFormat, PrivateKey};
use crate::profile::Role;
use crate::serial::Serial;

/// One file of a set.
#[derive(Debug, Clone, Default)]
pub enum Loaded<T> {
    /// There is no such file.
    #[default]
    Missing,
    /// It is there, but not what it should be; the text completes a sentence that begins with the file's name.
    Damaged(String),
    /// It is there and sound by itself.
    Sound(T),
}

impl<T> Loaded<T> {
    /// The content, if it is sound.
    pub fn sound(&self) -> Option<&T> {
        match self {
            Self::Sound(content) => Some(content),
            Self::Missing | Self::Damaged(_) => None,
        }
    }

    /// True if there is no file.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing)
    }

    /// What is wrong, completing a sentence that begins with the file's name.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Missing => Some("is missing"),
            Self::Damaged(problem) => Some(problem),
            Self::Sound(_) => None,
        }
    }
}

/// A private key and the form of its file.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The key.
    pub key: PrivateKey,
    /// How the file has it.
    pub format: KeyFormat,
}

/// A certificate file: the certificate, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    /// The first certificate of the file.
    pub certificate: Certificate,
    /// The others, in order: in server.pem its issuer.
    pub chain: Vec<Certificate>,
}

/// ca.key, ca.pem and ca.srl.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "a field is a file")]
pub struct CaFiles {
    pub key: Loaded<KeyFile>,
    pub certificate: Loaded<CertificateFile>,
    /// `Sound(None)` where the file says zero: nothing has been issued yet.
    pub serial: Loaded<Option<Serial>>,
}

/// NAME.key, NAME.pem and NAME.csr.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "a field is a file")]
pub struct LeafFiles {
    pub key: Loaded<KeyFile>,
    pub certificate: Loaded<CertificateFile>,
    pub request: Loaded<Csr>,
}

impl LeafFiles {
    /// True if there is none of the three.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.key.is_missing() && self.certificate.is_missing() && self.request.is_missing()
    }
}

/// The nine files.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "a field is a role")]
pub struct Set {
    pub ca: CaFiles,
    pub server: LeafFiles,
    pub client: LeafFiles,
}

impl Set {
    /// The files of the server or the client.
    ///
    /// # Panics
    /// If the role is the CA, which has other files.
    #[must_use]
    pub fn leaf(&self, role: Role) -> &LeafFiles {
        match role {
            Role::Server => &self.server,
            Role::Client => &self.client,
            Role::Ca => unreachable!("the CA is not a leaf"),
        }
    }

    /// True if the directory has none of the nine files.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let ca = &self.ca;
        ca.key.is_missing()
            && ca.certificate.is_missing()
            && ca.serial.is_missing()
            && self.server.is_empty()
            && self.client.is_empty()
    }
}
