//! Names as they are: rcgen builds all of a certificate but its names, which go into it byte for byte.
//!
//! rcgen's `DistinguishedName` is a map by attribute type: it cannot say two OUs or a set of attributes, and its
//! encoder panics at object identifiers and strings that others have written. A verifier compares the issuer's bytes
//! with those of the CA's subject, so that both are copied, and only then is the whole signed.

use der::asn1::{Any, BitStringRef};
use der::{Decode, Encode};
use rcgen::{DistinguishedName, DnType, PublicKeyData, SignatureAlgorithm, SigningKey};

use crate::keys::PrivateKey;
use crate::subject::Subject;

/// Signs nothing: what rcgen builds with it has no signature yet.
pub(super) struct Unsigned<'a>(pub(super) &'a PrivateKey);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.signer().der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        PublicKeyData::algorithm(self.0.signer())
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(Vec::new())
    }
}

/// A placeholder for the subject. rcgen marks alternative names critical without a subject.
pub(super) fn stand_in(subject: &Subject) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    if !subject.is_empty() {
        name.push(DnType::CommonName, "stand-in");
    }
    name
}

/// The position of a name in the structure that is signed.
#[derive(Clone, Copy)]
pub(super) enum NameField {
    /// `TBSCertificate`: version, serialNumber, signature, issuer.
    Issuer = 3,
    /// Then validity, subject.
    Subject = 5,
    /// `CertificationRequestInfo`: version, subject.
    SubjectOfRequest = 1,
}

/// Puts the names in their places and signs: a certificate and a request are both what is signed, the algorithm, and
/// the signature.
pub(super) fn signed(
    built: &[u8],
    names: &[(NameField, &Subject)],
    key: &PrivateKey,
) -> Result<Vec<u8>, String> {
    let failed = |e: der::Error| e.to_string();
    let [unsigned, algorithm, _] = <[Any; 3]>::try_from(Vec::<Any>::from_der(built).map_err(failed)?)
        .map_err(|parts| format!("{} parts instead of three", parts.len()))?;
    let mut parts: Vec<Any> = unsigned.decode_as().map_err(failed)?;
    for (place, name) in names {
        let part = parts.get_mut(*place as usize).ok_or("a name has no place")?;
        *part = Any::from_der(&name.der).map_err(failed)?;
    }
    let to_be_signed = Any::encode_from(&parts).map_err(failed)?;
    let signature = to_be_signed
        .to_der()
        .map_err(failed)
        .and_then(|bytes| key.signer().sign(&bytes).map_err(|e| e.to_string()))?;
    let signature = BitStringRef::from_bytes(&signature).and_then(|bits| Any::encode_from(&bits));
    vec![to_be_signed, algorithm, signature.map_err(failed)?].to_der().map_err(failed)
}
