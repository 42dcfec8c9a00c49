//! Private keys that a password keeps shut.

use pkcs8::EncryptedPrivateKeyInfoRef;
use pkcs8::der::Decode;
use pkcs8::pkcs5::Error;
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
    let der = block.der().ok_or(KeyProblem::Damaged("not sound PEM"))?;
    let algorithm = form::encryption(&der).ok_or(KeyProblem::Damaged("not a sound private key"))?;
    let is_legacy = LEGACY_OIDS.iter().any(|oid| position(&der[..der.len().min(120)], oid).is_some());
    let Some(password) = password else { return Err(KeyProblem::Encrypted(is_legacy)) };
    let unsupported = || KeyProblem::OldEncryption { how: name(&algorithm.oid.to_string()), is_legacy };
    let encrypted = EncryptedPrivateKeyInfoRef::from_der(&der).map_err(|_| unsupported())?;
    match encrypted.decrypt(password) {
        Ok(opened) => Ok(Zeroizing::new(opened.as_bytes().to_vec())),
        // One wrong password in 256 leaves octets that look padded, and are no key.
        Err(pkcs8::Error::EncryptedPrivateKey(Error::DecryptFailed) | pkcs8::Error::Asn1(_)) => {
            Err(KeyProblem::WrongPassword)
        }
        Err(_) => Err(unsupported()),
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
        "1.2.840.113549.1.5.13" => "PBES2 with a cipher or PRF that is not read here",
        other => return other.to_owned(),
    };
    name.to_owned()
}
