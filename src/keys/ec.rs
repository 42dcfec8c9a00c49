//! EC private keys as they come (RFC 5915), made whole: ring insists on every byte.

use pkcs8::ObjectIdentifier;
use pkcs8::der::{Decode, Encode};
use zeroize::Zeroizing;

use super::KeyProblem;

pub(super) const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
pub(super) const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
pub(super) const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");

const DAMAGED: KeyProblem = KeyProblem::Damaged("not a valid private key");

/// The key with as many bytes as its curve has and with its public half. `GnuTLS` writes one byte more where the
/// first bit is set, others leave zeros at the front out; Java and hand-made keys are without the public half, and
/// `openssl ec -conv_form compressed` writes half of that.
pub(super) fn whole(key: &[u8], curve: ObjectIdentifier) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    let length = if curve == P256 { 32 } else { 48 };
    let mut ec = sec1::EcPrivateKey::from_der(key).map_err(|_| DAMAGED)?;
    let zeros = ec.private_key.iter().take_while(|&&byte| byte == 0).count();
    let significant = &ec.private_key[zeros..];
    let mut padded = Zeroizing::new(vec![0; length]);
    let start = length.checked_sub(significant.len()).ok_or(DAMAGED)?;
    padded[start..].copy_from_slice(significant);
    ec.private_key = &padded;
    let is_whole = ec.public_key.is_some_and(|point| point.len() == 1 + 2 * length && point[0] == 4);
    let computed = if is_whole { None } else { Some(public_half(&padded, curve).ok_or(DAMAGED)?) };
    if let Some(point) = &computed {
        // Whatever form it is in, the bytes after the first are x.
        let x = ec.public_key.map(|given| given.get(1..=length).unwrap_or_default());
        if x.is_some_and(|x| x != &point[1..=length]) {
            return Err(KeyProblem::Damaged("its public half is not that of its private half"));
        }
        ec.public_key = Some(point);
    }
    ec.to_der().map(Zeroizing::new).map_err(|_| DAMAGED)
}

fn public_half(scalar: &[u8], curve: ObjectIdentifier) -> Option<Box<[u8]>> {
    if curve == P256 {
        p256::SecretKey::from_slice(scalar).ok().map(|key| key.public_key().to_sec1_bytes())
    } else {
        p384::SecretKey::from_slice(scalar).ok().map(|key| key.public_key().to_sec1_bytes())
    }
}
