//! Certificates that x509-parser reads and some clients do not.

use x509_parser::asn1_rs::{Any, DerParser, Error, FromDer, SequenceIterator, Tag};
use x509_parser::extensions::X509Extension;
use x509_parser::oid_registry::{
    OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519,
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_KEY_USAGE, OID_X509_EXT_NAME_CONSTRAINTS, OID_X509_EXT_SUBJECT_ALT_NAME, OidRegistry,
};
use x509_parser::x509::SubjectPublicKeyInfo;

/// The name of a critical extension that not all clients process, where it is one.
pub(super) fn unprocessed(extension: &X509Extension<'_>) -> Option<String> {
    let processed = [
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
    ];
    let is_unprocessed = extension.critical && !processed.contains(&extension.oid);
    let names = OidRegistry::default().with_x509();
    is_unprocessed.then(|| {
        names.get(&extension.oid).map_or_else(|| extension.oid.to_id_string(), |entry| entry.sn().to_owned())
    })
}

/// The purposes in the value of an `extendedKeyUsage`, all of them: x509-parser keeps those it knows apart.
pub(super) fn purposes(value: &[u8]) -> Vec<Vec<u64>> {
    let Ok((_, list)) = Any::from_der(value) else { return Vec::new() };
    let oids = elements(list.data).filter_map(|purpose| purpose.oid().ok());
    oids.filter_map(|oid| oid.iter().map(Iterator::collect)).collect()
}

/// True if Go and gRPC's C core verify what such a key has signed: RSA, the curves of NIST, Ed25519. Ed448, `secp256k1` and
/// the like they do not.
pub(super) fn is_widely_verified(spki: &[u8]) -> bool {
    let Ok((_, key)) = SubjectPublicKeyInfo::from_der(spki) else { return false };
    let curve = key.algorithm.parameters.as_ref().and_then(|parameters| parameters.as_oid().ok());
    let algorithm = &key.algorithm.algorithm;
    [OID_PKCS1_RSAENCRYPTION, OID_SIG_ED25519].contains(algorithm)
        || curve.is_some_and(|curve| [OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521].contains(&curve))
}

/// The date that is not as RFC 5280 section 4.1.2.5 says: with seconds, without fractions, in Z. `tbs` is the DER of
/// the certificate's signed part.
pub(super) fn malformed_date(tbs: &[u8]) -> Option<&'static str> {
    let (_, tbs) = Any::from_der(tbs).ok()?;
    // The algorithm, the issuer and the validity are the first three sequences in it.
    let validity = elements(tbs.data).filter(|element| element.tag() == Tag::Sequence).nth(2)?;
    let dates = ["notBefore", "notAfter"].into_iter().zip(elements(validity.data));
    dates.into_iter().find(|(_, date)| !is_plain(date)).map(|(name, _)| name)
}

fn elements(der: &[u8]) -> impl Iterator<Item = Any<'_>> {
    SequenceIterator::<Any<'_>, DerParser, Error>::new(der).map_while(Result::ok)
}

fn is_plain(date: &Any<'_>) -> bool {
    let digits = match date.tag() {
        Tag::UtcTime => 12,
        Tag::GeneralizedTime => 14,
        _ => return false,
    };
    date.data.len() == digits + 1
        && date.data[..digits].iter().all(u8::is_ascii_digit)
        && date.data.ends_with(b"Z")
}
