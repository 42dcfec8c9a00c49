//! Private and public keys: their kinds, and their types.
//!
//! Making keys is in [`generate`], their PEM forms are in [`encoding`].

use std::fmt;

use clap::ValueEnum;
use clap::builder::PossibleValue;
use x509_parser::prelude::FromDer;
use zeroize::Zeroizing;

use crate::error::{Failure, Result};

mod ec;
pub mod encoding;
mod generate;
mod names;
mod password;
mod problem;
mod signer;
mod verification;

pub use encoding::{KeyFile, KeyFormat};
pub use generate::{generate, generate_each, generate_weak_rsa};
pub use problem::KeyProblem;
pub use signer::{Signer, tls_provider};
pub use verification::VERIFICATION;
pub(crate) use verification::verify;

/// The kinds of key that every verifier in reach of Milvus accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyKind {
    /// RSA with a modulus of that many bits, 2048 to 4096.
    Rsa(u32),
    /// ECDSA on P-256.
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
}

impl KeyKind {
    /// True if a key of this kind is as requested, or stronger: a longer RSA key is no reason to create another.
    pub fn covers(self, asked: Self) -> bool {
        match (self, asked) {
            (Self::Rsa(bits), Self::Rsa(asked)) => bits >= asked,
            _ => self == asked,
        }
    }

    /// A kind of key that takes no time to make, in place of one that does.
    pub fn stand_in(self) -> Self {
        if self.is_rsa() { Self::EcdsaP256 } else { self }
    }

    /// The value of `--key-type`.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Rsa(_) => "rsa",
            Self::EcdsaP256 => "ecdsa-p256",
            Self::EcdsaP384 => "ecdsa-p384",
            Self::Ed25519 => "ed25519",
        }
    }

    /// The kind of the key that takes the place of one of this kind: `--key-size` knows 2048, 3072 and 4096.
    pub fn successor(self) -> Self {
        match self {
            Self::Rsa(bits) => Self::Rsa(bits.clamp(2048, 4096).next_multiple_of(1024)),
            other => other,
        }
    }

    /// RSA keys do key encipherment in old cipher suites; the others only sign.
    pub fn is_rsa(self) -> bool {
        matches!(self, Self::Rsa(_))
    }
}

impl ValueEnum for KeyKind {
    fn value_variants<'a>() -> &'a [Self] {
        &[Self::Rsa(2048), Self::EcdsaP256, Self::EcdsaP384, Self::Ed25519]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.type_name()))
    }
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::EcdsaP256 => f.write_str("ECDSA P-256"),
            Self::EcdsaP384 => f.write_str("ECDSA P-384"),
            Self::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// A public key as certificates and requests carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicKey {
    /// The DER of the `SubjectPublicKeyInfo`.
    pub spki: Vec<u8>,
    /// The kind, or what it is instead.
    pub kind: Result<KeyKind, OtherKey>,
}

impl PublicKey {
    /// Reads the DER of a `SubjectPublicKeyInfo`.
    pub fn from_spki(spki: &[u8]) -> Self {
        Self { spki: spki.to_vec(), kind: kind_of_spki(spki) }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Ok(kind) => kind.fmt(f),
            Err(other) => other.fmt(f),
        }
    }
}

/// A kind of key that not every verifier accepts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OtherKey {
    /// RSA of that many bits: fewer than 2048, or more than 4096.
    Rsa(u32),
    /// Anything else, by its name.
    Named(String),
}

impl OtherKey {
    /// True if it is weak, and not only unusual.
    pub fn is_short(&self) -> bool {
        matches!(self, Self::Rsa(bits) if *bits < 2048)
    }

    /// The programs that can use it, as measured.
    pub fn readers(&self) -> &'static str {
        match self {
            Self::Rsa(..2048) => "Go, OpenSSL and what is built on them reject it",
            Self::Rsa(..=8192) => "Milvus and its clients accept it",
            Self::Rsa(_) => "Go rejects more than 8192 bits",
            Self::Named(name) => match name.as_str() {
                "P-521" => "Milvus, Go, Node and Python accept it, pymilvus and C++ (gRPC) do not",
                "Ed448" | "RSA-PSS" => "Node and Python accept it, Milvus (Go) cannot load it",
                "P-224" => "Milvus loads it, and no client accepts it",
                _ => "Milvus (Go) cannot load it",
            },
        }
    }
}

impl fmt::Display for OtherKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rsa(bits) => write!(f, "RSA {bits}"),
            Self::Named(name) => f.write_str(name),
        }
    }
}

fn kind_of_spki(spki: &[u8]) -> Result<KeyKind, OtherKey> {
    use x509_parser::oid_registry as oid;
    use x509_parser::public_key::PublicKey as Parsed;

    let Ok((_, info)) = x509_parser::x509::SubjectPublicKeyInfo::from_der(spki) else {
        return Err(OtherKey::Named("unreadable key".to_owned()));
    };
    if info.algorithm.algorithm == oid::OID_SIG_ED25519 {
        return Ok(KeyKind::Ed25519);
    }
    match info.parsed() {
        Ok(Parsed::RSA(rsa)) => {
            let bits = modulus_bits(rsa.modulus);
            if (2048..=4096).contains(&bits) { Ok(KeyKind::Rsa(bits)) } else { Err(OtherKey::Rsa(bits)) }
        }
        Ok(Parsed::EC(_)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|p| p.as_oid().ok());
            match curve {
                Some(curve) if curve == oid::OID_EC_P256 => Ok(KeyKind::EcdsaP256),
                Some(curve) if curve == oid::OID_NIST_EC_P384 => Ok(KeyKind::EcdsaP384),
                Some(curve) => Err(OtherKey::Named(names::curve(&curve.to_string()))),
                None => Err(OtherKey::Named("EC without a named curve".to_owned())),
            }
        }
        _ => Err(OtherKey::Named(names::algorithm(&info.algorithm.algorithm.to_string()))),
    }
}

fn modulus_bits(modulus: &[u8]) -> u32 {
    let mut bytes = modulus.iter().skip_while(|&&byte| byte == 0);
    match bytes.next() {
        Some(first) => {
            let rest = u32::try_from(bytes.count()).unwrap_or(u32::MAX / 16);
            rest * 8 + (8 - first.leading_zeros())
        }
        None => 0,
    }
}

/// A private key that can sign.
///
/// Its secret bytes are overwritten when it is dropped.
#[derive(Clone)]
pub struct PrivateKey {
    signer: Signer,
    public: PublicKey,
    kind: KeyKind,
}

impl PrivateKey {
    /// Takes PKCS#8, version 1 or 2; the key is checked (sizes, consistency with the public key).
    pub fn from_pkcs8(der: &[u8]) -> Result<Self, KeyProblem> {
        let signer = Signer::new(encoding::plain_pkcs8(der)?)?;
        let public = PublicKey::from_spki(&rcgen::PublicKeyData::subject_public_key_info(&signer));
        match public.kind.clone() {
            Ok(kind) => Ok(Self { signer, public, kind }),
            Err(other) => Err(KeyProblem::Unsupported(other)),
        }
    }

    /// The kind of key.
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The public key that belongs to it.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The key pair for rcgen.
    pub fn signer(&self) -> &Signer {
        &self.signer
    }

    /// PKCS#8, version 1 (OpenSSL 3.0 does not read version 2).
    pub fn pkcs8(&self) -> &[u8] {
        self.signer.pkcs8()
    }

    /// PEM in that form. Ed25519 has no traditional form.
    pub fn to_pem(&self, format: KeyFormat) -> Result<Zeroizing<Vec<u8>>> {
        encoding::to_pem(self.pkcs8(), self.kind, format)
            .map_err(|why| Failure::failed(format!("the {} key cannot be written: {why}", self.kind)))
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.kind)
    }
}
