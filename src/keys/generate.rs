//! Making keys.

use crypto_bigint::BoxedUint;
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use zeroize::Zeroizing;

use super::{KeyKind, PrivateKey, PublicKey};
use crate::error::{Failure, Result};
use crate::parallel::on_all_cores;
use milvus_certgen_primes as primes;

/// Makes `count` keys of one kind from the operating system's randomness. RSA uses all cores.
pub fn generate(kind: KeyKind, count: usize) -> Result<Vec<PrivateKey>> {
    match kind {
        KeyKind::Rsa(bits) => generate_rsa(bits, count),
        KeyKind::EcdsaP256 => repeat(count, &rcgen::PKCS_ECDSA_P256_SHA256),
        KeyKind::EcdsaP384 => repeat(count, &rcgen::PKCS_ECDSA_P384_SHA384),
        KeyKind::Ed25519 => repeat(count, &rcgen::PKCS_ED25519),
    }
}

/// Creates a key of each kind, in their order. Keys of one kind are created together.
pub fn generate_each(kinds: &[KeyKind]) -> Result<Vec<PrivateKey>> {
    let mut keys: Vec<Option<PrivateKey>> = kinds.iter().map(|_| None).collect();
    for (at, kind) in kinds.iter().enumerate() {
        if kinds[..at].contains(kind) {
            continue;
        }
        let places = || (at..kinds.len()).filter(|&place| kinds[place] == *kind);
        for (place, key) in places().zip(generate(*kind, places().count())?) {
            keys[place] = Some(key);
        }
    }
    Ok(keys.into_iter().flatten().collect())
}

fn repeat(count: usize, algorithm: &'static rcgen::SignatureAlgorithm) -> Result<Vec<PrivateKey>> {
    (0..count)
        .map(|_| {
            let mut pair = rcgen::KeyPair::generate_for(algorithm).map_err(|_| no_randomness())?;
            let key = PrivateKey::from_pkcs8(pair.serialized_der());
            zeroize::Zeroize::zeroize(&mut pair);
            key.map_err(|problem| Failure::failed(format!("a new key {problem}")))
        })
        .collect()
}

fn generate_rsa(bits: u32, count: usize) -> Result<Vec<PrivateKey>> {
    primes::pairs(count, bits, on_all_cores, from_primes).ok_or_else(no_randomness)?.into_iter().collect()
}

/// An RSA key of 1024 bits, as PEM and as a public key: for tests of its rejection. ring signs with none so short,
/// hence it is no [`PrivateKey`].
pub fn generate_weak_rsa() -> Result<(Zeroizing<Vec<u8>>, PublicKey)> {
    const BITS: u32 = 1024;
    let unusable = || Failure::failed("a weak RSA key could not be created");
    let of_primes = |p, q| rsa::PrivateKey::from_p_q(p, q, BoxedUint::from(primes::EXPONENT));
    let key = primes::pairs(1, BITS, on_all_cores, of_primes)
        .ok_or_else(no_randomness)?
        .remove(0)
        .map_err(|_| unusable())?;
    let pem = key.to_pkcs8_pem(rsa::pkcs8::LineEnding::LF).map_err(|_| unusable())?;
    let spki = key.as_public_key().to_public_key_der().map_err(|_| unusable())?;
    let public = PublicKey { kind: Ok(KeyKind::Rsa(BITS)), ..PublicKey::from_spki(spki.as_bytes()) };
    Ok((Zeroizing::new(pem.as_bytes().to_vec()), public))
}

/// `rsa` derives the private exponent as NIST SP 800-56B does (least common multiple) and validates the key.
fn from_primes(p: BoxedUint, q: BoxedUint) -> Result<PrivateKey> {
    let unusable =
        |why: &dyn std::fmt::Display| Failure::failed(format!("an RSA key could not be created: {why}"));
    let key = rsa::PrivateKey::from_p_q(p, q, BoxedUint::from(primes::EXPONENT)).map_err(|e| unusable(&e))?;
    let pkcs8 = key.to_pkcs8_der().map_err(|e| unusable(&e))?;
    PrivateKey::from_pkcs8(pkcs8.as_bytes()).map_err(|e| unusable(&e))
}

fn no_randomness() -> Failure {
    Failure::failed("keys: the operating system gave no randomness")
}
