//! Private keys that a password keeps shut.

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode;
use pkcs8::pkcs5::pbes2::Kdf;
use pkcs8::pkcs5::{EncryptionScheme, Error};
use zeroize::Zeroizing;

use super::KeyProblem;
use crate::form;
use crate::pem::{Block, position};

/// DES and RC2 by themselves, which OpenSSL 3 opens only with its legacy provider: what they are called in
/// traditional PEM, and the DER of their identifiers (RFC 8018, RFC 7292; DES-CBC and RC2-CBC within PBES2).
const LEGACY_NAMES: [&[u8]; 3] = [b"DES-CBC,", b"DES-CFB,", b"RC2-"];
const LEGACY_OIDS: [&[u8]; 11] = [
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x01",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x03",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x04",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x06",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0a",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0b",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06",
    b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x02",
    b"\x2b\x0e\x03\x02\x07",
    b"\x2a\x86\x48\x86\xf7\x0d\x03\x02",
];

/// The file says how much work its password takes, and whoever wrote it may have meant to stop the program: PBKDF2's
/// iterations, as many as NIST advises for critical keys (SP 800-132); scrypt's memory in bytes, eight times as much as
/// OpenSSL allows.
const MOST_ITERATIONS: u32 = if cfg!(fuzzing) { 100 } else { 10_000_000 };
const MOST_MEMORY: u64 = if cfg!(fuzzing) { 1 << 16 } else { 256 << 20 };

/// True for `BEGIN ENCRYPTED PRIVATE KEY` and for a traditional key with header lines that say so.
pub(super) fn is_encrypted(block: &Block<'_>) -> bool {
    block.label == "ENCRYPTED PRIVATE KEY" || is_traditional(block)
}

fn is_traditional(block: &Block<'_>) -> bool {
    position(block.headers, b"ENCRYPTED").is_some() || position(block.headers, b"DEK-Info").is_some()
}

/// The PKCS#8 DER within, opened with the password.
pub(super) fn open(block: &Block<'_>, password: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyProblem> {
    if is_traditional(block) {
        let is_legacy = LEGACY_NAMES.iter().any(|name| {
            // DES-EDE3-CBC is none of them.
            position(block.headers, &[b" ", *name].concat()).is_some()
        });
        return Err(match password {
            None => KeyProblem::Encrypted(is_legacy),
            Some(_) => KeyProblem::OldEncryption { how: dek_info(block.headers), is_legacy },
        });
    }
    let der = block.der().ok_or(KeyProblem::Damaged("invalid PEM"))?;
    let algorithm = form::encryption(&der).ok_or(KeyProblem::Damaged("not a valid private key"))?;
    let is_legacy = LEGACY_OIDS.iter().any(|oid| position(&der[..der.len().min(120)], oid).is_some());
    let Some(password) = password else { return Err(KeyProblem::Encrypted(is_legacy)) };
    let unsupported = || KeyProblem::OldEncryption { how: name(&algorithm.oid.to_string()), is_legacy };
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| unsupported())?;
    if let Some(how) = excess(&encrypted.encryption_algorithm) {
        return Err(KeyProblem::OldEncryption { how, is_legacy });
    }
    match encrypted.decrypt(password) {
        Ok(opened) => Ok(Zeroizing::new(opened.as_bytes().to_vec())),
        // One wrong password in 256 leaves bytes that look padded, and are no key.
        Err(pkcs8::Error::EncryptedPrivateKey(Error::DecryptFailed) | pkcs8::Error::Asn1(_)) => {
            Err(KeyProblem::WrongPassword)
        }
        Err(_) => Err(unsupported()),
    }
}

/// The work factor of the file that is too large for any password, or zero.
fn excess(algorithm: &EncryptionScheme) -> Option<String> {
    let EncryptionScheme::Pbes2(parameters) = algorithm else { return None };
    match &parameters.kdf {
        Kdf::Pbkdf2(pbkdf2) if pbkdf2.iteration_count > MOST_ITERATIONS => {
            Some(format!("PBKDF2 with {} iterations", pbkdf2.iteration_count))
        }
        Kdf::Scrypt(scrypt) => {
            // One after another, each with that memory anew: their number is work too.
            let blocks = u64::from(scrypt.block_size) * u64::from(scrypt.parallelization) * 128;
            let work = scrypt.cost_parameter.saturating_mul(blocks);
            // The library counts on N's highest bit.
            (work == 0 || work > MOST_MEMORY).then(|| format!("scrypt with N={}", scrypt.cost_parameter))
        }
        _ => None,
    }
}

/// `DEK-Info: AES-128-CBC,0123...` without the salt.
fn dek_info(headers: &[u8]) -> String {
    let text = String::from_utf8_lossy(headers);
    let cipher = text.lines().find_map(|line| line.trim().strip_prefix("DEK-Info:"));
    let cipher = cipher.and_then(|value| value.split(',').next()).unwrap_or_default().trim();
    let cipher: String = cipher.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').take(40).collect();
    format!("traditional PEM with DEK-Info {cipher}")
}

fn name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.5.1" => "pbeWithMD2AndDES-CBC",
        "1.2.840.113549.1.5.3" => "pbeWithMD5AndDES-CBC",
        "1.2.840.113549.1.5.4" => "pbeWithMD2AndRC2-CBC",
        "1.2.840.113549.1.5.6" => "pbeWithMD5AndRC2-CBC",
        "1.2.840.113549.1.5.10" => "pbeWithSHA1AndDES-CBC",
        "1.2.840.113549.1.5.11" => "pbeWithSHA1AndRC2-CBC",
        "1.2.840.113549.1.12.1.1" => "pbeWithSHA1And128BitRC4",
        "1.2.840.113549.1.12.1.2" => "pbeWithSHA1And40BitRC4",
        "1.2.840.113549.1.12.1.3" => "pbeWithSHA1And3-KeyTripleDES-CBC",
        "1.2.840.113549.1.12.1.4" => "pbeWithSHA1And2-KeyTripleDES-CBC",
        "1.2.840.113549.1.12.1.5" => "pbeWithSHA1And128BitRC2-CBC",
        "1.2.840.113549.1.12.1.6" => "pbeWithSHA1And40BitRC2-CBC",
        "1.2.840.113549.1.5.13" => "PBES2 with a cipher or PRF that is not supported",
        other => return other.to_owned(),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use pkcs8::der::Encode;
    use pkcs8::der::asn1::OctetStringRef;
    use pkcs8::pkcs5::pbes2::{self, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams};

    use super::*;
    use crate::pem;

    fn opened(kdf: Kdf) -> KeyProblem {
        let parameters =
            pbes2::Parameters { kdf, encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: [0; 16] } };
        let encrypted = EncryptedPrivateKeyInfoRef {
            encryption_algorithm: EncryptionScheme::Pbes2(parameters),
            encrypted_data: OctetStringRef::new(&[7; 48]).unwrap(),
        };
        let file = pem::encode("ENCRYPTED PRIVATE KEY", &encrypted.to_der().unwrap()).unwrap();
        open(&pem::blocks(&file)[0], Some("password")).unwrap_err()
    }

    fn pbkdf2(iteration_count: u32) -> Kdf {
        let (salt, prf) = (Salt::new([1; 8]).unwrap(), Pbkdf2Prf::HmacWithSha256);
        Kdf::Pbkdf2(Pbkdf2Params { salt, iteration_count, key_length: None, prf })
    }

    fn scrypt(cost_parameter: u64, block_size: u16, parallelization: u16) -> Kdf {
        let salt = Salt::new([1; 8]).unwrap();
        Kdf::Scrypt(ScryptParams { salt, cost_parameter, block_size, parallelization, key_length: None })
    }

    #[test]
    fn a_file_that_asks_for_endless_work_or_memory_is_rejected_at_once() {
        for (kdf, why) in [
            (pbkdf2(u32::MAX), "PBKDF2 with 4294967295 iterations"),
            (pbkdf2(10_000_001), "PBKDF2 with 10000001 iterations"),
            (scrypt(1 << 40, 8, 1), "scrypt with N=1099511627776"),
            (scrypt(1 << 63, u16::MAX, u16::MAX), "scrypt with N=9223372036854775808"),
            (scrypt(1 << 14, 8, u16::MAX), "scrypt with N=16384"),
            (scrypt(0, 8, 1), "scrypt with N=0"),
        ] {
            let KeyProblem::OldEncryption { how, .. } = opened(kdf) else { panic!("{why}") };
            assert_eq!(how, why);
        }
        for kdf in [pbkdf2(2048), scrypt(1 << 14, 8, 1)] {
            assert_eq!(opened(kdf), KeyProblem::WrongPassword);
        }
    }
}
