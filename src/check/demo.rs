//! The keys that Milvus publishes for its demos (configs/cert in its repository and its images).

use crate::keys::PublicKey;

/// SHA-256 of each `SubjectPublicKeyInfo`, in hexadecimal: CA, server, client.
const DEMO_KEYS: [&str; 3] = [
    "0910eccda921ace7fbb64961f976a2dca359e95e4dbecf02d47ca2d3b0e0fc05",
    "94226eaf3a8acb733dafa214dc91fbee87b787a94c9ba147c6b2f314f59cc9d7",
    "08415416c5c5af5504e3a27ec383b8baf238d3595db39e5a292079d3d49baa9a",
];

/// True if anyone can have the private half.
pub fn is_demo_key(key: &PublicKey) -> bool {
    let digest = ring::digest::digest(&ring::digest::SHA256, &key.spki);
    let is_digest = |hex: &str| {
        let bytes = (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16));
        bytes.eq(digest.as_ref().iter().map(|byte| Ok(*byte)))
    };
    DEMO_KEYS.iter().any(|hex| is_digest(hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hashes_are_hashes_and_a_key_of_ours_has_none_of_them() {
        for (i, hash) in DEMO_KEYS.iter().enumerate() {
            assert!(hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit()), "{hash}");
            assert!(!DEMO_KEYS[..i].contains(hash), "{hash} comes twice");
        }
        let key = crate::keys::generate(crate::keys::KeyKind::EcdsaP256, 1).unwrap().remove(0);
        assert!(!is_demo_key(key.public()));
    }
}
