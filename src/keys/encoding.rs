//! The PEM forms of a private key: PKCS#8, and the traditional PKCS#1 (RSA) and SEC1 (EC).

use std::fmt;

use pem_rfc7468::LineEnding;
use pkcs8::der::{Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, ObjectIdentifier, PrivateKeyInfoRef};
use zeroize::Zeroizing;

use super::{KeyKind, PrivateKey};
use crate::error::{Damage, DamageKind};

#[cfg(test)]
mod tests;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

/// How a private key's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyFormat {
    /// `BEGIN PRIVATE KEY` (RFC 5958); what Java's gRPC insists on.
    Pkcs8,
    /// `BEGIN RSA PRIVATE KEY` (RFC 8017) or `BEGIN EC PRIVATE KEY` (RFC 5915).
    Traditional,
}

/// Why a file is no private key that can be used here. Displayed after `NAME.key: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyProblem {
    /// The file has no octets.
    Empty,
    /// There is no PEM block; the word says what there is.
    NotPem(&'static str),
    /// There are PEM blocks, but none of a private key; the word says what the first is.
    NoKey(String),
    /// It has a password.
    Encrypted,
    /// It has another password than the one given.
    WrongPassword,
    /// It is encrypted in a way from before PBES2, which the password does not open here.
    OldEncryption,
    /// A kind of key that cannot sign here; the word names it.
    Unsupported(String),
    /// It says it is a key, but its octets are not.
    Damaged,
}

impl KeyProblem {
    /// True if a password keeps the key shut: it may well be sound.
    #[must_use]
    pub fn is_password(&self) -> bool {
        matches!(self, Self::Encrypted | Self::WrongPassword | Self::OldEncryption)
    }

    /// What kind of damage it is to the file.
    #[must_use]
    pub fn damage(&self) -> Damage {
        let kind = match self {
            Self::Empty | Self::NotPem(_) => DamageKind::NotPem,
            Self::NoKey(_) => DamageKind::OtherContent,
            Self::Unsupported(kind) if super::is_short_rsa(kind) => DamageKind::Weak,
            Self::Unsupported(_) => DamageKind::Unsupported,
            _ => DamageKind::Broken,
        };
        Damage::new(kind, self.to_string())
    }
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::NotPem(found) => write!(f, "holds {found}, not a PEM private key"),
            Self::NoKey(found) => write!(f, "holds a {found}, not a PEM private key"),
            Self::Encrypted => f.write_str("is encrypted with a password"),
            Self::WrongPassword => f.write_str("is encrypted, and the password given does not open it"),
            Self::OldEncryption => f.write_str(
                "is encrypted with a password in an old way (openssl pkcs8 -topk8 -v2 aes256 converts it)",
            ),
            Self::Unsupported(kind) => write!(
                f,
                "is a private key of an unsupported kind ({kind}; RSA 2048 to 4096, ECDSA P-256, P-384 and Ed25519 are supported)"
            ),
            Self::Damaged => f.write_str("is damaged: not a sound private key"),
        }
    }
}

/// What stands in the place of a CA's key that was discarded: a set has its nine files, and says why one is no key.
pub const DISCARDED: &str = "# This CA's private key was discarded as soon as it had signed (milvus-certgen --discard-ca-key).\n\
     # The CA can sign nothing more; start over with: milvus-certgen --force\n";

/// Reads the first private key of a PEM file; text and other blocks around it are passed over. A password opens
/// an encrypted PKCS#8 key (PBES2, RFC 8018).
pub fn from_pem_with(file: &[u8], password: Option<&str>) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    let Some(password) = password else { return from_pem(file) };
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(KeyProblem::Empty);
    }
    let (label, block) = key_block(file)?;
    if label != "ENCRYPTED PRIVATE KEY" {
        return from_pem(file).map_err(|problem| match problem {
            KeyProblem::Encrypted => KeyProblem::OldEncryption,
            other => other,
        });
    }
    let mut buffer = Zeroizing::new(vec![0; block.len()]);
    let (_, der) = pem_rfc7468::decode(block, &mut buffer).map_err(|_| KeyProblem::Damaged)?;
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(der).map_err(|_| KeyProblem::OldEncryption)?;
    let opened = encrypted.decrypt(password).map_err(|_| KeyProblem::WrongPassword)?;
    PrivateKey::from_pkcs8(opened.as_bytes()).map(|key| (key, KeyFormat::Pkcs8))
}

/// Reads the first private key of a PEM file that has no password.
pub fn from_pem(file: &[u8]) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(KeyProblem::Empty);
    }
    let (label, block) = key_block(file)?;
    if label == "ENCRYPTED PRIVATE KEY" || contains(block, b"Proc-Type: 4,ENCRYPTED") {
        return Err(KeyProblem::Encrypted);
    }
    let mut buffer = Zeroizing::new(vec![0; block.len()]);
    let (_, der) = pem_rfc7468::decode(block, &mut buffer).map_err(|_| KeyProblem::Damaged)?;
    match label {
        "PRIVATE KEY" => PrivateKey::from_pkcs8(der).map(|key| (key, KeyFormat::Pkcs8)),
        "RSA PRIVATE KEY" => {
            let algorithm =
                AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(pkcs8::der::AnyRef::NULL) };
            from_parts(algorithm, der)
        }
        "EC PRIVATE KEY" => {
            let ec = sec1::EcPrivateKey::from_der(der).map_err(|_| KeyProblem::Damaged)?;
            let Some(sec1::EcParameters::NamedCurve(curve)) = ec.parameters else {
                return Err(KeyProblem::Unsupported("EC without a named curve".to_owned()));
            };
            let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&curve).into()) };
            from_parts(algorithm, der)
        }
        other => Err(KeyProblem::Unsupported(other.to_owned())),
    }
}

fn from_parts(
    algorithm: AlgorithmIdentifierRef<'_>,
    key: &[u8],
) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    let pkcs8 = to_pkcs8(algorithm, key).map_err(|_| KeyProblem::Damaged)?;
    PrivateKey::from_pkcs8(&pkcs8).map(|key| (key, KeyFormat::Traditional))
}

fn to_pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> pkcs8::der::Result<Zeroizing<Vec<u8>>> {
    let octets = pkcs8::der::asn1::OctetStringRef::new(key)?;
    PrivateKeyInfoRef::new(algorithm, octets).to_der().map(Zeroizing::new)
}

/// PKCS#8 version 1 of a key that may be version 2: ring writes the latter for Ed25519, OpenSSL 3.0 reads only the former.
pub(super) fn without_public_key(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| KeyProblem::Damaged)?;
    let key = info.private_key.as_bytes();
    let full_length = match info.algorithm.parameters_oid() {
        Ok(P256) => 32,
        Ok(P384) => 48,
        _ => return to_pkcs8(info.algorithm, key).map_err(|_| KeyProblem::Damaged),
    };
    let key = with_full_length(key, full_length)?;
    to_pkcs8(info.algorithm, &key).map_err(|_| KeyProblem::Damaged)
}

/// An EC key with as many octets as its curve has (RFC 5915), which ring insists on: `GnuTLS` writes one more where
/// the first bit is set, others leave zeros at the front out.
fn with_full_length(key: &[u8], length: usize) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let mut ec = sec1::EcPrivateKey::from_der(key).map_err(|_| KeyProblem::Damaged)?;
    let zeros = ec.private_key.iter().take_while(|&&octet| octet == 0).count();
    let significant = &ec.private_key[zeros..];
    let mut padded = Zeroizing::new(vec![0; length]);
    let start = length.checked_sub(significant.len()).ok_or(KeyProblem::Damaged)?;
    padded[start..].copy_from_slice(significant);
    ec.private_key = &padded;
    ec.to_der().map(Zeroizing::new).map_err(|_| KeyProblem::Damaged)
}

/// Tells a key of another kind from a damaged one, after ring has refused it without a word.
pub(super) fn why_unusable(der: &[u8]) -> KeyProblem {
    let Ok(info) = PrivateKeyInfoRef::from_der(der) else { return KeyProblem::Damaged };
    let oid = info.algorithm.oid;
    if oid == EC_PUBLIC_KEY {
        return match info.algorithm.parameters_oid() {
            Ok(curve) if curve == P256 || curve == P384 => ec_without_public_key(&info),
            Ok(curve) => KeyProblem::Unsupported(format!("EC on curve {curve}")),
            Err(_) => KeyProblem::Unsupported("EC without a named curve".to_owned()),
        };
    }
    if oid == RSA_ENCRYPTION {
        return match pkcs8_rsa_bits(&info) {
            Some(bits) if !(2048..=4096).contains(&bits) => KeyProblem::Unsupported(format!("RSA {bits}")),
            _ => KeyProblem::Damaged,
        };
    }
    if oid == ObjectIdentifier::new_unwrap("1.3.101.112") {
        return KeyProblem::Damaged;
    }
    KeyProblem::Unsupported(format!("algorithm {oid}"))
}

fn ec_without_public_key(info: &PrivateKeyInfoRef<'_>) -> KeyProblem {
    match sec1::EcPrivateKey::from_der(info.private_key.as_bytes()) {
        Ok(ec) if ec.public_key.is_none() => {
            KeyProblem::Unsupported("EC key file without its public key; openssl pkey adds it".to_owned())
        }
        _ => KeyProblem::Damaged,
    }
}

fn pkcs8_rsa_bits(info: &PrivateKeyInfoRef<'_>) -> Option<u32> {
    use rsa::pkcs1::{RsaPrivateKey, UintRef};
    let key = RsaPrivateKey::<UintRef<'_>>::from_der(info.private_key.as_bytes()).ok()?;
    Some(super::modulus_bits(key.modulus.as_bytes()))
}

/// Writes a key as PEM, with LF, in a buffer that is overwritten after use.
pub(super) fn to_pem(
    pkcs8: &[u8],
    kind: KeyKind,
    format: KeyFormat,
) -> Result<Zeroizing<Vec<u8>>, &'static str> {
    const ENCODING: &str = "its encoding failed";
    let info = PrivateKeyInfoRef::from_der(pkcs8).map_err(|_| ENCODING)?;
    let inner = info.private_key.as_bytes();
    match (format, kind) {
        (KeyFormat::Pkcs8, _) => encode("PRIVATE KEY", pkcs8).ok_or(ENCODING),
        (KeyFormat::Traditional, KeyKind::Rsa(_)) => encode("RSA PRIVATE KEY", inner).ok_or(ENCODING),
        (KeyFormat::Traditional, KeyKind::EcdsaP256 | KeyKind::EcdsaP384) => {
            let curve = if kind == KeyKind::EcdsaP256 { P256 } else { P384 };
            let mut ec = sec1::EcPrivateKey::from_der(inner).map_err(|_| ENCODING)?;
            ec.parameters = Some(sec1::EcParameters::NamedCurve(curve));
            let der = Zeroizing::new(ec.to_der().map_err(|_| ENCODING)?);
            encode("EC PRIVATE KEY", &der).ok_or(ENCODING)
        }
        (KeyFormat::Traditional, KeyKind::Ed25519) => Err("Ed25519 has no traditional form"),
    }
}

fn encode(label: &str, der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = pem_rfc7468::encoded_len(label, LineEnding::LF, der).ok()?;
    let mut buffer = Zeroizing::new(vec![0; length]);
    let written = pem_rfc7468::encode(label, LineEnding::LF, der, &mut buffer).ok()?.len();
    buffer.truncate(written);
    Some(buffer)
}

/// The first block whose label ends in `PRIVATE KEY`: `openssl ecparam -genkey` writes `EC PARAMETERS` before it.
fn key_block(file: &[u8]) -> Result<(&str, &[u8]), KeyProblem> {
    let mut found = None;
    let mut rest = file;
    while let Some(at) = position(rest, b"-----BEGIN ") {
        let block = &rest[at..];
        let after = &block[b"-----BEGIN ".len()..];
        let label_end = position(after, b"-----").ok_or(KeyProblem::Damaged)?;
        let label = std::str::from_utf8(&after[..label_end]).map_err(|_| KeyProblem::Damaged)?;
        let end = format!("-----END {label}-----");
        if label.ends_with("PRIVATE KEY") {
            let length = position(block, end.as_bytes()).ok_or(KeyProblem::Damaged)? + end.len();
            return Ok((label, &block[..length]));
        }
        found.get_or_insert(label);
        rest = after;
    }
    Err(match found {
        Some(label) => KeyProblem::NoKey(label.to_owned()),
        None if file.first() == Some(&0x30) => KeyProblem::NotPem("DER"),
        None => KeyProblem::NotPem("something else"),
    })
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    position(haystack, needle).is_some()
}
