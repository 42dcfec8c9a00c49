//! Signatures that ring does not verify, and Milvus and its clients do: ECDSA with a digest longer than the curve. P-521
//! would make the program a tenth of a megabyte larger, and is left to others.

use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader};
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use ring::digest::{SHA512, digest};
use rustls::pki_types::{AlgorithmIdentifier, InvalidSignature, SignatureVerificationAlgorithm, alg_id};

/// Every algorithm that a signature can be verified with here: ring's, and those that it lacks.
pub const VERIFICATION: &[&dyn SignatureVerificationAlgorithm] = &[
    webpki::ring::ECDSA_P256_SHA256,
    webpki::ring::ECDSA_P256_SHA384,
    webpki::ring::ECDSA_P384_SHA256,
    webpki::ring::ECDSA_P384_SHA384,
    webpki::ring::ED25519,
    webpki::ring::RSA_PKCS1_2048_8192_SHA256,
    webpki::ring::RSA_PKCS1_2048_8192_SHA384,
    webpki::ring::RSA_PKCS1_2048_8192_SHA512,
    webpki::ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    webpki::ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
    BEYOND_RING[0],
    BEYOND_RING[1],
];

const BEYOND_RING: [&dyn SignatureVerificationAlgorithm; 2] = [&EcdsaSha512::P256, &EcdsaSha512::P384];

/// ECDSA with SHA-512 on a curve that is shorter than the digest.
#[derive(Debug)]
enum EcdsaSha512 {
    P256,
    P384,
}

impl SignatureVerificationAlgorithm for EcdsaSha512 {
    fn verify_signature(&self, key: &[u8], message: &[u8], signature: &[u8]) -> Result<(), InvalidSignature> {
        let digest = digest(&SHA512, message);
        let is_good = match self {
            Self::P256 => is_good::<p256::ecdsa::Signature, _>(
                p256::ecdsa::VerifyingKey::from_sec1_bytes(key),
                digest.as_ref(),
                &scalars(signature, 32).ok_or(InvalidSignature)?,
            ),
            Self::P384 => is_good::<p384::ecdsa::Signature, _>(
                p384::ecdsa::VerifyingKey::from_sec1_bytes(key),
                digest.as_ref(),
                &scalars(signature, 48).ok_or(InvalidSignature)?,
            ),
        };
        if is_good { Ok(()) } else { Err(InvalidSignature) }
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        match self {
            Self::P256 => alg_id::ECDSA_P256,
            Self::P384 => alg_id::ECDSA_P384,
        }
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_SHA512
    }
}

fn is_good<S, K>(key: Result<K, p256::ecdsa::Error>, digest: &[u8], scalars: &[u8]) -> bool
where
    S: for<'a> TryFrom<&'a [u8]>,
    K: PrehashVerifier<S>,
{
    let Ok(signature) = S::try_from(scalars) else { return false };
    key.is_ok_and(|key| key.verify_prehash(digest, &signature).is_ok())
}

/// The two numbers of a signature (RFC 3279 section 2.2.3), each as long as the curve's.
fn scalars(signature: &[u8], length: usize) -> Option<Vec<u8>> {
    let mut reader = SliceReader::new(signature).ok()?;
    let numbers = reader
        .sequence(|numbers| Ok::<_, der::Error>([UintRef::decode(numbers)?, UintRef::decode(numbers)?]))
        .ok()?;
    reader.finish().ok()?;
    let mut both = Vec::with_capacity(2 * length);
    for number in numbers {
        let zeros = length.checked_sub(number.as_bytes().len())?;
        both.resize(both.len() + zeros, 0);
        both.extend_from_slice(number.as_bytes());
    }
    Some(both)
}

/// Whether a key has signed, where ring cannot say; `None` where nothing here is for such a key and signature. The
/// algorithms are in DER without their SEQUENCE.
pub(crate) fn verify(
    (key_algorithm, key): (&[u8], &[u8]),
    signature_algorithm: &[u8],
    message: &[u8],
    signature: &[u8],
) -> Option<bool> {
    let algorithm = BEYOND_RING.iter().find(|algorithm| {
        algorithm.public_key_alg_id().as_ref() == key_algorithm
            && algorithm.signature_alg_id().as_ref() == signature_algorithm
    })?;
    Some(algorithm.verify_signature(key, message, signature).is_ok())
}
