//! The PEM forms of a private key: PKCS#8, and the traditional PKCS#1 (RSA) and SEC1 (EC).

use clap::ValueEnum;
use pkcs8::der::asn1::{AnyRef, OctetStringRef};
use pkcs8::der::{Decode, Encode};
use pkcs8::{AlgorithmIdentifierRef, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::pkcs1::{RsaPrivateKey, UintRef};
use zeroize::Zeroizing;

use super::ec::{self, EC_PUBLIC_KEY, P256, P384};
use super::{KeyKind, KeyProblem, OtherKey, PrivateKey, names, password};
use crate::form::Form;
use crate::pem::{self, Block, position};

#[cfg(test)]
mod tests;

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const CUT_SHORT: KeyProblem = KeyProblem::Damaged("it ends before its END line");
const DAMAGED: KeyProblem = KeyProblem::Damaged("not a valid private key");

/// How a private key's file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "they would be help of the values")]
pub enum KeyFormat {
    // `BEGIN PRIVATE KEY` (RFC 5958); what Java's gRPC insists on.
    Pkcs8,
    // `BEGIN RSA PRIVATE KEY` (RFC 8017) or `BEGIN EC PRIVATE KEY` (RFC 5915).
    Traditional,
}

/// The content of ca.key after the key was discarded: the set keeps its nine files, and this one says why it has no key.
pub const DISCARDED: &str = "# This CA's private key was discarded as soon as it had signed (milvus-certgen --discard-ca-key).\n\
     # The CA can sign nothing more; start over with: milvus-certgen --force\n";

/// A private key, and what its file is like.
#[derive(Debug, Clone)]
pub struct KeyFile {
    /// The key.
    pub key: PrivateKey,
    /// The form that it is in.
    pub format: KeyFormat,
    /// A password was needed.
    pub was_encrypted: bool,
    /// The reason why Milvus or a client cannot read the file; completes a sentence that begins with its name.
    pub oddity: Option<&'static str>,
    /// There are further private keys behind it.
    pub has_more: bool,
}

impl KeyFile {
    /// A key alone, as it is written here.
    pub fn new(key: PrivateKey, format: KeyFormat) -> Self {
        Self { key, format, was_encrypted: false, oddity: None, has_more: false }
    }
}

/// Reads the first private key of a PEM file; text and other blocks around it are passed over. A password opens
/// an encrypted PKCS#8 key (PBES2, RFC 8018).
pub fn read(file: &[u8], password: Option<&str>) -> Result<KeyFile, KeyProblem> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(KeyProblem::Empty);
    }
    let blocks = pem::blocks(file);
    let mut keys = blocks.iter().filter(|block| is_private_key(block));
    let Some(block) = keys.next() else { return Err(without_key(file, &blocks)) };
    if block.is_cut_short() {
        return Err(match Form::of(file) {
            form @ Form::EscapedPem => KeyProblem::Form(form),
            _ => CUT_SHORT,
        });
    }
    let was_encrypted = password::is_encrypted(block);
    let (key, format) = if was_encrypted {
        (PrivateKey::from_pkcs8(&password::open(block, password)?)?, KeyFormat::Pkcs8)
    } else {
        from_block(block, &blocks, file)?
    };
    let oddity = pem::oddity(block).or_else(|| mislabelled(block.label, format, key.kind()));
    Ok(KeyFile { key, format, was_encrypted, oddity, has_more: keys.next().is_some() })
}

/// The first private key of a PEM file that has no password, and its form.
pub fn from_pem(file: &[u8]) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    read(file, None).map(|read| (read.key, read.format))
}

fn is_private_key(block: &Block<'_>) -> bool {
    block.label == "PRIVATE KEY" || block.label.ends_with(" PRIVATE KEY")
}

/// `openssl ecparam -genkey` writes `EC PARAMETERS` before its key, so that the first block is not always it.
fn without_key(file: &[u8], blocks: &[Block<'_>]) -> KeyProblem {
    match (Form::of(file), blocks.first()) {
        (Form::OtherPem, _) if blocks.iter().any(Block::is_cut_short) => CUT_SHORT,
        (Form::OtherPem, Some(first)) => KeyProblem::NoKey(first.label.to_owned()),
        (form, _) => KeyProblem::Form(form),
    }
}

/// The bytes decide what it is, as Go and OpenSSL do it; the label only names what is none of these.
fn from_block(
    block: &Block<'_>,
    blocks: &[Block<'_>],
    file: &[u8],
) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    let not_pem = || match Form::of(file) {
        form @ (Form::EscapedPem | Form::OpenSsh(_)) => KeyProblem::Form(form),
        _ => KeyProblem::Damaged("invalid PEM"),
    };
    let der = block.der().ok_or_else(not_pem)?;
    if PrivateKeyInfoRef::from_der(&der).is_ok() {
        return PrivateKey::from_pkcs8(&der).map(|key| (key, KeyFormat::Pkcs8));
    }
    if RsaPrivateKey::<UintRef<'_>>::from_der(&der).is_ok() {
        let algorithm = AlgorithmIdentifierRef { oid: RSA_ENCRYPTION, parameters: Some(AnyRef::NULL) };
        return from_parts(algorithm, &der);
    }
    if let Ok(ec) = sec1::EcPrivateKey::from_der(&der) {
        let curve = match ec.parameters {
            Some(sec1::EcParameters::NamedCurve(curve)) => Some(curve),
            None => curve_before(blocks),
        };
        let curve = curve.ok_or(KeyProblem::Damaged("an EC key that does not say its curve"))?;
        let algorithm = AlgorithmIdentifierRef { oid: EC_PUBLIC_KEY, parameters: Some((&curve).into()) };
        return from_parts(algorithm, &der);
    }
    Err(match block.label {
        "OPENSSH PRIVATE KEY" => KeyProblem::Form(Form::of(file)),
        "EC PRIVATE KEY" if has_explicit_curve(&der) => KeyProblem::ExplicitCurve,
        "PRIVATE KEY" | "RSA PRIVATE KEY" | "EC PRIVATE KEY" => DAMAGED,
        other => KeyProblem::Unsupported(OtherKey::Named(other.trim_end_matches(" PRIVATE KEY").to_owned())),
    })
}

/// The curve that an `EC PARAMETERS` block names.
fn curve_before(blocks: &[Block<'_>]) -> Option<ObjectIdentifier> {
    let parameters = blocks.iter().find(|block| block.label == "EC PARAMETERS")?;
    ObjectIdentifier::from_der(&parameters.der()?).ok()
}

/// prime-field (RFC 3279): a curve in numbers says which field it is over, a named one does not.
fn has_explicit_curve(der: &[u8]) -> bool {
    position(der, b"\x06\x07\x2a\x86\x48\xce\x3d\x01\x01").is_some()
}

/// Go and OpenSSL's newer commands look at the bytes, gRPC's C core at the label.
fn mislabelled(label: &str, format: KeyFormat, kind: KeyKind) -> Option<&'static str> {
    let fitting = match (format, kind) {
        (KeyFormat::Pkcs8, _) => matches!(label, "PRIVATE KEY" | "ENCRYPTED PRIVATE KEY"),
        (KeyFormat::Traditional, KeyKind::Rsa(_)) => label == "RSA PRIVATE KEY",
        (KeyFormat::Traditional, _) => label == "EC PRIVATE KEY",
    };
    (!fitting).then_some("has a BEGIN line that names another form than it holds, which pymilvus cannot read")
}

fn from_parts(
    algorithm: AlgorithmIdentifierRef<'_>,
    key: &[u8],
) -> Result<(PrivateKey, KeyFormat), KeyProblem> {
    let pkcs8 = to_pkcs8(algorithm, key).map_err(|_| DAMAGED)?;
    PrivateKey::from_pkcs8(&pkcs8).map(|key| (key, KeyFormat::Traditional))
}

fn to_pkcs8(algorithm: AlgorithmIdentifierRef<'_>, key: &[u8]) -> pkcs8::der::Result<Zeroizing<Vec<u8>>> {
    PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(key)?).to_der().map(Zeroizing::new)
}

/// PKCS#8 version 1, as all read it: ring writes version 2 for Ed25519, which OpenSSL 3.0 does not read. EC keys are
/// made whole.
pub(super) fn plain_pkcs8(der: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|_| DAMAGED)?;
    let key = info.private_key.as_bytes();
    let is_ec = info.algorithm.oid == EC_PUBLIC_KEY;
    match info.algorithm.parameters_oid() {
        Ok(curve) if is_ec && (curve == P256 || curve == P384) => {
            to_pkcs8(info.algorithm, &ec::whole(key, curve)?).map_err(|_| DAMAGED)
        }
        _ => to_pkcs8(info.algorithm, key).map_err(|_| DAMAGED),
    }
}

/// Tells a key of another kind from a damaged one, after ring has refused it without a word.
pub(super) fn why_unusable(der: &[u8]) -> KeyProblem {
    let Ok(info) = PrivateKeyInfoRef::from_der(der) else { return DAMAGED };
    let oid = info.algorithm.oid;
    if oid == EC_PUBLIC_KEY {
        return match info.algorithm.parameters_oid() {
            Ok(curve) if curve == P256 || curve == P384 => DAMAGED,
            Ok(curve) => KeyProblem::Unsupported(OtherKey::Named(names::curve(&curve.to_string()))),
            Err(_) => KeyProblem::ExplicitCurve,
        };
    }
    if oid == RSA_ENCRYPTION {
        return match pkcs8_rsa_bits(&info) {
            Some(bits) if !(2048..=4096).contains(&bits) => KeyProblem::Unsupported(OtherKey::Rsa(bits)),
            _ => DAMAGED,
        };
    }
    if oid == ED25519 {
        return DAMAGED;
    }
    KeyProblem::Unsupported(OtherKey::Named(names::algorithm(&oid.to_string())))
}

fn pkcs8_rsa_bits(info: &PrivateKeyInfoRef<'_>) -> Option<u32> {
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
        (KeyFormat::Pkcs8, _) => pem::encode("PRIVATE KEY", pkcs8).ok_or(ENCODING),
        (KeyFormat::Traditional, KeyKind::Rsa(_)) => pem::encode("RSA PRIVATE KEY", inner).ok_or(ENCODING),
        (KeyFormat::Traditional, KeyKind::EcdsaP256 | KeyKind::EcdsaP384) => {
            let curve = if kind == KeyKind::EcdsaP256 { P256 } else { P384 };
            let mut ec = sec1::EcPrivateKey::from_der(inner).map_err(|_| ENCODING)?;
            ec.parameters = Some(sec1::EcParameters::NamedCurve(curve));
            let der = Zeroizing::new(ec.to_der().map_err(|_| ENCODING)?);
            pem::encode("EC PRIVATE KEY", &der).ok_or(ENCODING)
        }
        (KeyFormat::Traditional, KeyKind::Ed25519) => Err("Ed25519 has no traditional form"),
    }
}
