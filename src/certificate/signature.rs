//! Whether a signature is by a key, as far as that can be told here.

use std::sync::{Mutex, PoisonError};

use x509_parser::asn1_rs::ToDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::error::X509Error;
use x509_parser::objects::oid2sn;
use x509_parser::oid_registry::{Oid, OidRegistry};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use crate::keys::{self, KeyKind, PublicKey};

/// The result of verifying a signature with a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Signature {
    /// The key created it.
    Good,
    /// The key did not make it, or what was signed has changed.
    Bad,
    /// It cannot be verified here: the algorithm.
    Unknown(String),
}

impl Signature {
    /// True if the signature is known to be the key's.
    pub fn is_good(&self) -> bool {
        *self == Self::Good
    }

    /// True if it is known that the key did not make it.
    pub fn is_bad(&self) -> bool {
        *self == Self::Bad
    }

    /// Of what was signed, by that key: first with what x509-parser knows.
    pub(super) fn new(
        verified: &Result<(), X509Error>,
        signed: &[u8],
        algorithm: &AlgorithmIdentifier<'_>,
        signature: &[u8],
        key: &PublicKey,
    ) -> Self {
        let Err(why) = verified else { return Self::Good };
        if is_of_other_family(&algorithm.algorithm.to_id_string(), key) {
            return Self::Bad;
        }
        match (by_other_means(signed, algorithm, signature, key), why) {
            (Some(true), _) => Self::Good,
            (Some(false), _) => Self::Bad,
            // ring tells keys that it does not take from signatures that do not match by nothing.
            (None, X509Error::SignatureVerificationError) if key.kind.is_ok() => Self::Bad,
            (None, _) => Self::Unknown(name_of(&algorithm.algorithm)),
        }
    }
}

fn by_other_means(
    signed: &[u8],
    algorithm: &AlgorithmIdentifier<'_>,
    signature: &[u8],
    key: &PublicKey,
) -> Option<bool> {
    let (_, info) = SubjectPublicKeyInfo::from_der(&key.spki).ok()?;
    let [key_algorithm, algorithm] = [&info.algorithm, algorithm].map(|algorithm| {
        let oid = algorithm.algorithm.to_der_vec().ok()?;
        let parameters = match &algorithm.parameters {
            Some(parameters) => parameters.to_der_vec().ok()?,
            None => Vec::new(),
        };
        Some([oid, parameters].concat())
    });
    keys::verify((&key_algorithm?, &info.subject_public_key.data), &algorithm?, signed, signature)
}

/// True for an ECDSA signature and an RSA key, and the like.
fn is_of_other_family(algorithm: &str, key: &PublicKey) -> bool {
    let Ok(kind) = key.kind else { return false };
    // PKCS#1, ANSI X9.62, RFC 8410.
    let families = [("1.2.840.113549.1.1.", 0), ("1.2.840.10045.4.", 1), ("1.3.101.112", 2)];
    let own = match kind {
        KeyKind::Rsa(_) => 0,
        KeyKind::EcdsaP256 | KeyKind::EcdsaP384 => 1,
        KeyKind::Ed25519 => 2,
    };
    families.iter().any(|(prefix, family)| algorithm.starts_with(prefix) && *family != own)
}

fn name_of(algorithm: &Oid<'_>) -> String {
    let registry = OidRegistry::default().with_crypto();
    oid2sn(algorithm, &registry).map_or_else(|_| algorithm.to_id_string(), str::to_owned)
}

/// Results for a certificate's signature, by public key: each key is tried once.
#[derive(Debug, Default)]
pub(super) struct Verdicts(Mutex<Vec<(Vec<u8>, Signature)>>);

impl Verdicts {
    pub(super) fn of(&self, certificate: &[u8], issuer: &PublicKey) -> Signature {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, signature)) = known.iter().find(|(spki, _)| *spki == issuer.spki) {
            return signature.clone();
        }
        let signature = verify(certificate, issuer);
        known.push((issuer.spki.clone(), signature.clone()));
        signature
    }
}

/// A copy has to ask again.
impl Clone for Verdicts {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// Cached results do not make certificates different.
impl PartialEq for Verdicts {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Verdicts {}

fn verify(certificate: &[u8], issuer: &PublicKey) -> Signature {
    let parsed = (X509Certificate::from_der(certificate), SubjectPublicKeyInfo::from_der(&issuer.spki));
    let (Ok((_, certificate)), Ok((_, key))) = parsed else { return Signature::Bad };
    let verified = certificate.verify_signature(Some(&key));
    Signature::new(
        &verified,
        certificate.tbs_certificate.as_ref(),
        &certificate.signature_algorithm,
        &certificate.signature_value.data,
        issuer,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_verified_is_called_bad() {
        let key = crate::keys::generate(crate::keys::KeyKind::EcdsaP256, 1).unwrap().remove(0);
        let mut short = key.public().clone();
        short.kind = Err(crate::keys::OtherKey::Rsa(1024));
        let mismatch = || Err(X509Error::SignatureVerificationError);
        let unsupported = || Err(X509Error::SignatureUnsupportedAlgorithm);
        let told = |verified: Result<(), X509Error>, oid: &str, key: &PublicKey| {
            let algorithm = AlgorithmIdentifier::new(oid.parse::<Oid<'static>>().unwrap(), None);
            Signature::new(&verified, b"signed", &algorithm, b"not a signature", key)
        };
        let (sha256, sha512) = ("1.2.840.10045.4.3.2", "1.2.840.10045.4.3.4");
        assert_eq!(told(Ok(()), sha256, key.public()), Signature::Good);
        assert_eq!(told(mismatch(), sha256, key.public()), Signature::Bad);
        assert_eq!(told(unsupported(), sha512, key.public()), Signature::Bad);
        short.spki = b"no key".to_vec();
        let unknown = told(mismatch(), sha256, &short);
        assert_eq!(unknown, Signature::Unknown("ecdsa-with-SHA256".to_owned()));
        assert_eq!(told(unsupported(), "1.2.840.113549.1.1.11", key.public()), Signature::Bad);
        assert_eq!(told(unsupported(), "1.2.3.4", key.public()), Signature::Unknown("1.2.3.4".to_owned()));
    }
}
