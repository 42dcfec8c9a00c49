//! A set: the files of one directory, parsed. Data only; `store` reads it, `plan` and `check` look at it.

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::{Certificate, Csr};
use crate::error::Damage;
use crate::files::BaseName;
use crate::keys::PublicKey;

pub use crate::keys::KeyFile;
use crate::profile::Role;
use crate::serial::Serial;

mod arrange;
pub mod parse;

/// One file of a set.
#[derive(Debug, Clone, Default)]
pub enum Loaded<T> {
    /// There is no such file.
    #[default]
    Missing,
    /// Its place says that it was given up on purpose (`--discard-ca-key`).
    Discarded,
    /// A password keeps it shut.
    Locked(Damage),
    /// This user may not read it; the text completes a sentence that begins with the file's name.
    Forbidden(String),
    /// It exists, but cannot be read; the text completes a sentence that begins with the file's name.
    Unreadable(String),
    /// It exists, but is not what it should be.
    Damaged(Damage),
    /// It exists and could be parsed.
    Parsed(T),
}

impl<T> Loaded<T> {
    /// The content, if it could be parsed.
    pub fn parsed(&self) -> Option<&T> {
        match self {
            Self::Parsed(content) => Some(content),
            Self::Missing
            | Self::Discarded
            | Self::Locked(_)
            | Self::Forbidden(_)
            | Self::Unreadable(_)
            | Self::Damaged(_) => None,
        }
    }

    /// True without a file, or with one that says that the key was discarded.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::Discarded)
    }

    /// The problem; completes a sentence that begins with the file's name.
    pub fn problem(&self) -> Option<&str> {
        match self {
            Self::Missing => Some("is missing"),
            Self::Discarded => Some("was discarded (--discard-ca-key)"),
            Self::Forbidden(problem) | Self::Unreadable(problem) => Some(problem),
            Self::Locked(damage) | Self::Damaged(damage) => Some(&damage.text),
            Self::Parsed(_) => None,
        }
    }
}

impl<T, D: Into<Damage>> From<Result<T, D>> for Loaded<T> {
    fn from(parsed: Result<T, D>) -> Self {
        match parsed {
            Ok(content) => Self::Parsed(content),
            Err(damage) => Self::Damaged(damage.into()),
        }
    }
}

/// A certificate file: the certificate, and what follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateFile {
    /// The first certificate of the file.
    pub certificate: Certificate,
    /// The others, in order: in server.pem its issuer.
    pub chain: Vec<Certificate>,
    /// There is a private key in the file too.
    pub holds_key: bool,
    /// The public half of that key, if it is the only one and can be read.
    pub held_key: Option<PublicKey>,
    /// The reason why Milvus cannot read the file.
    pub oddity: Option<Oddity>,
}

/// The reason why Milvus cannot read a certificate file, although its certificates can be parsed. Each completes a
/// sentence that begins with the file's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// Its PEM.
    Form(&'static str),
    /// The certificate is not the first in it, but the one at that place, counted from one.
    Order(usize),
}

impl Oddity {
    /// The words.
    pub fn text(self) -> &'static str {
        match self {
            Self::Form(text) => text,
            Self::Order(_) => "has its certificate after another one, but Milvus and clients use the first",
        }
    }
}

impl CertificateFile {
    /// All certificates of the file, in PEM.
    pub fn to_pem(&self) -> String {
        self.all().map(Certificate::to_pem).collect()
    }

    /// All certificates of the file: in ca.pem the CA's own, and the others that are trusted.
    pub fn all(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(&self.chain)
    }

    /// These certificates alone, as they are written here.
    pub fn new(certificate: Certificate, chain: Vec<Certificate>) -> Self {
        Self { certificate, chain, holds_key: false, held_key: None, oddity: None }
    }

    /// The issuers of an intermediate CA's certificate that are in its file, up to the root; none for a root, whatever
    /// else is in the file.
    pub fn above(&self) -> Vec<&Certificate> {
        issuers(&self.certificate, self.all())
    }

    /// The certificate and those above it.
    pub fn path(&self) -> Vec<&Certificate> {
        std::iter::once(&self.certificate).chain(self.above()).collect()
    }

    /// The CA of the file that has signed the certificate; where that cannot be verified here, the one that it names.
    pub fn issuer_of(&self, certificate: &Certificate) -> Option<&Certificate> {
        let not_bad = || self.all().find(|ca| !certificate.issued_by(ca).is_bad());
        self.all().find(|ca| certificate.is_issued_by(ca)).or_else(not_bad)
    }

    /// The chain after a certificate that a CA of the file has issued: that CA, and those above it.
    pub fn chain_of(&self, certificate: &Certificate) -> Option<Vec<Certificate>> {
        let issuer = self.issuer_of(certificate)?;
        let above = issuers(issuer, self.all());
        Some(std::iter::once(issuer).chain(above).cloned().collect())
    }
}

/// The issuers of a certificate among others, whatever their order, the nearest first and the root last; as far as they
/// exist.
pub fn issuers<'a>(
    certificate: &'a Certificate,
    others: impl Iterator<Item = &'a Certificate>,
) -> Vec<&'a Certificate> {
    let others: Vec<&Certificate> = others.collect();
    let mut path: Vec<&Certificate> = vec![certificate];
    while let Some(below) = path.last().copied().filter(|below| !below.is_self_signed()) {
        let is_new = |ca: &&&Certificate| path.iter().all(|known| known.der != ca.der);
        let mut named = others.iter().filter(is_new).filter(|ca| !below.issued_by(ca).is_bad()).copied();
        let Some(first) = named.next() else { break };
        // A signature of a kind that cannot be verified here is left to those who can.
        let signed = std::iter::once(first).chain(named).find(|ca| below.is_issued_by(ca));
        path.push(signed.unwrap_or(first));
    }
    path.remove(0);
    path
}

/// ca.key, ca.pem and ca.srl.
#[derive(Debug, Clone, Default)]
#[expect(missing_docs, reason = "a field is a file")]
pub struct CaFiles {
    pub key: Loaded<KeyFile>,
    pub certificate: Loaded<CertificateFile>,
    /// `Parsed(None)` where the file says zero: nothing has been issued yet.
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
    /// The certificate, if it could be parsed.
    pub fn parsed_certificate(&self) -> Option<&Certificate> {
        self.certificate.parsed().map(|file| &file.certificate)
    }

    /// The certificate chain and the key, for a TLS handshake.
    pub fn credentials(&self) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
        let file = self.certificate.parsed()?;
        let key = self.key.parsed()?.key.pkcs8().to_vec();
        let certificates =
            file.all().map(|certificate| CertificateDer::from(certificate.der.clone())).collect();
        Some((certificates, PrivateKeyDer::Pkcs8(key.into())))
    }

    /// True if none of the three exists.
    pub fn is_empty(&self) -> bool {
        self.key.is_missing() && self.certificate.is_missing() && self.request.is_missing()
    }
}

/// A server or a client and its files.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Leaf {
    pub role: Role,
    pub base: BaseName,
    pub files: LeafFiles,
}

impl Leaf {
    /// A leaf without files.
    pub fn nothing(role: Role, base: BaseName) -> Self {
        Self { role, base, files: LeafFiles::default() }
    }
}

/// A CA and certificates under it; with a server and a client these are the nine files.
#[derive(Debug, Clone)]
pub struct Set {
    /// The base name of the CA's files.
    pub ca_base: BaseName,
    /// The CA's files.
    pub ca: CaFiles,
    /// The others, in the order of the specification.
    pub leaves: Vec<Leaf>,
}

impl Set {
    /// The same names, and no file of them.
    pub fn emptied(&self) -> Self {
        Self {
            ca_base: self.ca_base.clone(),
            ca: CaFiles::default(),
            leaves: self.leaves.iter().map(|leaf| Leaf::nothing(leaf.role, leaf.base.clone())).collect(),
        }
    }

    /// The first leaf of the role.
    pub fn first(&self, role: Role) -> Option<&Leaf> {
        self.leaves.iter().find(|leaf| leaf.role == role)
    }

    /// The CA certificate, if it could be parsed.
    pub fn ca_certificate(&self) -> Option<&Certificate> {
        self.ca.certificate.parsed().map(|file| &file.certificate)
    }

    /// True if none of the files exists.
    pub fn is_empty(&self) -> bool {
        let ca = &self.ca;
        ca.key.is_missing()
            && ca.certificate.is_missing()
            && ca.serial.is_missing()
            && self.leaves.iter().all(|leaf| leaf.files.is_empty())
    }
}
