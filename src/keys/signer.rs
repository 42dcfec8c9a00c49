//! Signs with ring, or with the `rsa` crate for RSA keys that ring does not support.
//!
//! ring signs with moduli of 2048, 3072 and 4096 bits and an exponent of 65537 or more; 2432, 2560 or 3584 bits and
//! an exponent of 3 are as good, and Milvus and every client take them.

use std::sync::Arc;

use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode;
use rcgen::PublicKeyData;
use rsa::pkcs1::ALGORITHM_OID;
use rsa::pkcs8::EncodePublicKey;
use rsa::sha2::{Digest, Sha256, Sha384, Sha512};
use rsa::{Pkcs1v15Sign, Pss};
use rustls::crypto::{CryptoProvider, KeyProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use zeroize::{Zeroize, Zeroizing};

use super::verification::VERIFICATION;
use super::{KeyProblem, encoding};

/// A private key that can sign.
#[derive(Debug)]
pub struct Signer {
    with: With,
    /// PKCS#8, version 1.
    pkcs8: Zeroizing<Vec<u8>>,
}

#[derive(Debug)]
enum With {
    Ring(Box<rcgen::KeyPair>),
    Rsa(Box<Rsa>),
}

#[derive(Debug)]
struct Rsa {
    key: rsa::PrivateKey,
    /// The DER of the public key within the `SubjectPublicKeyInfo`.
    public: Vec<u8>,
}

impl Signer {
    /// Takes PKCS#8, version 1.
    pub(super) fn new(pkcs8: Zeroizing<Vec<u8>>) -> Result<Self, KeyProblem> {
        let borrowed = rustls::pki_types::PrivatePkcs8KeyDer::from(pkcs8.as_slice());
        let with = match rcgen::KeyPair::try_from(&borrowed) {
            Ok(pair) => With::Ring(Box::new(pair)),
            Err(_) => With::Rsa(Box::new(Rsa::new(&pkcs8).ok_or_else(|| encoding::why_unusable(&pkcs8))?)),
        };
        Ok(Self { with, pkcs8 })
    }

    pub(super) fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }
}

impl Clone for Signer {
    fn clone(&self) -> Self {
        Self::new(self.pkcs8.clone()).expect("these bytes made a key before")
    }
}

impl Drop for Signer {
    fn drop(&mut self) {
        if let With::Ring(pair) = &mut self.with {
            pair.zeroize();
        }
    }
}

impl PublicKeyData for Signer {
    fn der_bytes(&self) -> &[u8] {
        match &self.with {
            With::Ring(pair) => pair.der_bytes(),
            With::Rsa(rsa) => &rsa.public,
        }
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match &self.with {
            With::Ring(pair) => pair.algorithm(),
            With::Rsa(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Signer {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match &self.with {
            With::Ring(pair) => rcgen::SigningKey::sign(&**pair, message),
            With::Rsa(rsa) => {
                rsa.sign(SignatureScheme::RSA_PKCS1_SHA256, message).ok_or(rcgen::Error::RemoteKeyError)
            }
        }
    }
}

impl Rsa {
    fn new(pkcs8: &[u8]) -> Option<Self> {
        // A key for RSA-PSS alone is another kind, which Go does not load.
        let info =
            PrivateKeyInfoRef::from_der(pkcs8).ok().filter(|info| info.algorithm.oid == ALGORITHM_OID)?;
        let key = rsa::PrivateKey::try_from(info).ok()?;
        let spki = key.as_public_key().to_public_key_der().ok()?;
        let spki = pkcs8::spki::SubjectPublicKeyInfoRef::from_der(spki.as_bytes()).ok()?;
        let public = spki.subject_public_key.raw_bytes().to_vec();
        Some(Self { key, public })
    }

    /// The private exponent is blinded, as against all who can measure how long it takes.
    fn sign(&self, scheme: SignatureScheme, message: &[u8]) -> Option<Vec<u8>> {
        let mut random = getrandom::SysRng;
        let (sha256, sha384, sha512) =
            (|| Sha256::digest(message), || Sha384::digest(message), || Sha512::digest(message));
        match scheme {
            SignatureScheme::RSA_PKCS1_SHA256 => {
                self.key.sign_with_rng(&mut random, Pkcs1v15Sign::new::<Sha256>(), &sha256())
            }
            SignatureScheme::RSA_PKCS1_SHA384 => {
                self.key.sign_with_rng(&mut random, Pkcs1v15Sign::new::<Sha384>(), &sha384())
            }
            SignatureScheme::RSA_PKCS1_SHA512 => {
                self.key.sign_with_rng(&mut random, Pkcs1v15Sign::new::<Sha512>(), &sha512())
            }
            SignatureScheme::RSA_PSS_SHA256 => {
                self.key.sign_with_rng(&mut random, Pss::<Sha256>::new(), &sha256())
            }
            SignatureScheme::RSA_PSS_SHA384 => {
                self.key.sign_with_rng(&mut random, Pss::<Sha384>::new(), &sha384())
            }
            SignatureScheme::RSA_PSS_SHA512 => {
                self.key.sign_with_rng(&mut random, Pss::<Sha512>::new(), &sha512())
            }
            _ => return None,
        }
        .ok()
    }
}

/// rustls with ring, with the RSA keys that ring does not take, and with the signatures on certificates that it does not
/// verify.
pub fn tls_provider() -> CryptoProvider {
    let ring = rustls::crypto::ring::default_provider();
    let signature_verification_algorithms =
        WebPkiSupportedAlgorithms { all: VERIFICATION, ..ring.signature_verification_algorithms };
    CryptoProvider { key_provider: &AllKeys, signature_verification_algorithms, ..ring }
}

#[derive(Debug)]
struct AllKeys;

impl KeyProvider for AllKeys {
    fn load_private_key(&self, key: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, rustls::Error> {
        rustls::crypto::ring::sign::any_supported_type(&key).or_else(|error| {
            let PrivateKeyDer::Pkcs8(pkcs8) = &key else { return Err(error) };
            let rsa = Rsa::new(pkcs8.secret_pkcs8_der()).ok_or(error)?;
            Ok(Arc::new(TlsRsa(Arc::new(rsa))) as Arc<dyn SigningKey>)
        })
    }
}

#[derive(Debug)]
struct TlsRsa(Arc<Rsa>);

impl SigningKey for TlsRsa {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn rustls::sign::Signer>> {
        const SCHEMES: [SignatureScheme; 6] = [
            SignatureScheme::RSA_PSS_SHA512,
            SignatureScheme::RSA_PSS_SHA384,
            SignatureScheme::RSA_PSS_SHA256,
            SignatureScheme::RSA_PKCS1_SHA512,
            SignatureScheme::RSA_PKCS1_SHA384,
            SignatureScheme::RSA_PKCS1_SHA256,
        ];
        let scheme = SCHEMES.into_iter().find(|scheme| offered.contains(scheme))?;
        Some(Box::new(TlsSigner { rsa: self.0.clone(), scheme }))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::RSA
    }
}

#[derive(Debug)]
struct TlsSigner {
    rsa: Arc<Rsa>,
    scheme: SignatureScheme,
}

impl rustls::sign::Signer for TlsSigner {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.rsa.sign(self.scheme, message).ok_or_else(|| rustls::Error::General("signing failed".to_owned()))
    }

    fn scheme(&self) -> SignatureScheme {
        self.scheme
    }
}
