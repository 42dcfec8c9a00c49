//! Recognises files that are not PEM: the form by name, whether a private key may be in it, and the command that
//! converts it.

use pkcs8::der::Decode;
use pkcs8::{AlgorithmIdentifierRef, PrivateKeyInfoRef};
use x509_parser::prelude::FromDer;

use crate::pem::position;

mod conversion;
mod text;

use text::text_form;

/// A form in which other programs keep keys, certificates and requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Nothing but blanks.
    Empty,
    /// Nothing but zero bytes, as a crash leaves them.
    Zeros,
    /// UTF-16, little endian or not, with or without a byte order mark.
    Utf16(&'static str),
    /// DER of a private key without a password.
    DerKey,
    /// DER of an encrypted PKCS#8 private key.
    DerEncryptedKey,
    /// DER of a certificate.
    DerCertificate,
    /// DER of a request.
    DerRequest,
    /// DER of a public key.
    DerPublicKey,
    /// DER of something else.
    Der,
    /// PKCS#7 in DER, or in PEM.
    Pkcs7(Coding),
    /// A PKCS#12 key store.
    Pkcs12 {
        /// With RC2, which OpenSSL 3 only reads when told to.
        is_legacy: bool,
    },
    /// Java's old key store.
    Jks,
    /// Its successor with a better cipher.
    Jceks,
    /// Bouncy Castle's key stores.
    BouncyCastle,
    /// An OpenSSH private key.
    OpenSsh(OpenSsh),
    /// A public key in OpenSSH's form.
    OpenSshPublic,
    /// `PuTTY`'s private keys (.ppk).
    Putty,
    /// A PGP key.
    Pgp,
    /// A JSON Web Key.
    Jwk,
    /// Base64 without BEGIN and END lines, of PEM or of DER.
    Base64(Coding),
    /// PEM whose line breaks are written `\n`.
    EscapedPem,
    /// PEM of something else, such as a public key; the caller names the label.
    OtherPem,
    /// Any other text.
    Text,
    /// Any other bytes.
    Binary,
}

/// How the bytes are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    Pem,
    Der,
}

/// The properties of an OpenSSH key that can be read without its password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenSsh {
    /// ssh-keygen before 9.6 writes these in no other form.
    pub is_ed25519: bool,
    /// It has a password.
    pub is_encrypted: bool,
}

impl Form {
    /// Looks at the bytes.
    pub fn of(file: &[u8]) -> Self {
        if file.iter().all(u8::is_ascii_whitespace) {
            return Self::Empty;
        }
        if file.iter().all(|byte| *byte == 0) {
            return Self::Zeros;
        }
        utf16(file).or_else(|| magic(file)).or_else(|| der(file)).unwrap_or_else(
            || match std::str::from_utf8(file) {
                Ok(text) => text_form(text),
                Err(_) => Self::Binary,
            },
        )
    }

    /// Completes "holds ...".
    pub fn name(self) -> &'static str {
        match self {
            Self::Empty => "nothing",
            Self::Zeros => "only zero bytes",
            Self::Utf16(_) => "UTF-16 text",
            Self::DerKey => "a private key in DER",
            Self::DerEncryptedKey => "an encrypted private key in DER",
            Self::DerCertificate => "a certificate in DER",
            Self::DerRequest => "a request (CSR) in DER",
            Self::DerPublicKey => "a public key in DER",
            Self::Der => "DER",
            Self::Pkcs7(Coding::Pem) => "PKCS#7",
            Self::Pkcs7(Coding::Der) => "PKCS#7 in DER",
            Self::Pkcs12 { .. } => "a PKCS#12 key store",
            Self::Jks => "a Java key store (JKS)",
            Self::Jceks => "a Java key store (JCEKS)",
            Self::BouncyCastle => "a Bouncy Castle key store",
            Self::OpenSsh(_) => "an OpenSSH private key",
            Self::OpenSshPublic => "an OpenSSH public key",
            Self::Putty => "a PuTTY private key (.ppk)",
            Self::Pgp => "a PGP key",
            Self::Jwk => "a JSON Web Key",
            Self::Base64(Coding::Pem) => "the base64 of a PEM file",
            Self::Base64(Coding::Der) => "base64 without BEGIN and END lines",
            Self::EscapedPem => "PEM whose line breaks are written \\n",
            Self::OtherPem => "PEM of something else",
            Self::Text => "text",
            Self::Binary => "data of an unknown form",
        }
    }

    /// True for the forms in which private keys are kept.
    pub fn may_hold_key(self) -> bool {
        matches!(
            self,
            Self::Utf16(_)
                | Self::DerKey
                | Self::DerEncryptedKey
                | Self::Pkcs12 { .. }
                | Self::Jks
                | Self::Jceks
                | Self::BouncyCastle
                | Self::OpenSsh(_)
                | Self::Putty
                | Self::Pgp
                | Self::Jwk
                | Self::Base64(_)
                | Self::EscapedPem
        )
    }
}

/// True if a private key is, or may well be, in a file where none belongs.
pub fn holds_key(file: &[u8]) -> bool {
    position(file, b"PRIVATE KEY").is_some() || Form::of(file).may_hold_key()
}

fn utf16(file: &[u8]) -> Option<Form> {
    if file.starts_with(b"\xff\xfe") || file.starts_with(b"\xfe\xff") {
        return Some(Form::Utf16("UTF-16"));
    }
    let zeros = |first: usize| file.iter().skip(first).step_by(2).take(64).all(|byte| *byte == 0);
    match file.len() {
        0..=3 => None,
        _ if zeros(1) => Some(Form::Utf16("UTF-16LE")),
        _ if zeros(0) => Some(Form::Utf16("UTF-16BE")),
        _ => None,
    }
}

/// Recognises a file by its first bytes.
fn magic(file: &[u8]) -> Option<Form> {
    const BKS: [&[u8]; 2] = [b"\0\0\0\x01\0\0\0\x14", b"\0\0\0\x02\0\0\0\x14"];
    if file.starts_with(b"\xfe\xed\xfe\xed") {
        Some(Form::Jks)
    } else if file.starts_with(b"\xce\xce\xce\xce") {
        Some(Form::Jceks)
    } else if BKS.iter().any(|start| file.starts_with(start)) {
        Some(Form::BouncyCastle)
    } else {
        None
    }
}

/// Recognises a file that begins with a DER (or, for key stores, BER) SEQUENCE.
fn der(file: &[u8]) -> Option<Form> {
    const PKCS7: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07";
    /// PKCS #5 and the PKCS #12 algorithms for passwords.
    const FAMILIES: [&str; 2] = ["1.2.840.113549.1.5.", "1.2.840.113549.1.12.1."];
    /// pbeWithSHAAnd128BitRC2-CBC and pbeWithSHAAnd40BitRC2-CBC (RFC 7292).
    const RC2: [&[u8]; 2] =
        [b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05", b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06"];
    let &[0x30, length, ..] = file else { return None };
    // Text begins with a zero too; its length byte would be one of a short SEQUENCE.
    if length < 0x80 && usize::from(length) + 2 != file.len() {
        return None;
    }
    let start = &file[..file.len().min(32)];
    if PrivateKeyInfoRef::from_der(file).is_ok()
        || rsa::pkcs1::RsaPrivateKey::<rsa::pkcs1::UintRef<'_>>::from_der(file).is_ok()
        || sec1::EcPrivateKey::from_der(file).is_ok()
    {
        return Some(Form::DerKey);
    }
    let is_for_passwords = |algorithm: AlgorithmIdentifierRef<'_>| {
        let oid = algorithm.oid.to_string();
        FAMILIES.iter().any(|family| oid.starts_with(family))
    };
    if encryption(file).is_some_and(is_for_passwords) {
        return Some(Form::DerEncryptedKey);
    }
    if let Some(at) = position(start, PKCS7) {
        if position(&start[..at], b"\x02\x01\x03").is_some() {
            return Some(Form::Pkcs12 { is_legacy: RC2.iter().any(|oid| position(file, oid).is_some()) });
        }
        return Some(Form::Pkcs7(Coding::Der));
    }
    if x509_parser::certificate::X509Certificate::from_der(file).is_ok() {
        return Some(Form::DerCertificate);
    }
    if x509_parser::certification_request::X509CertificationRequest::from_der(file).is_ok() {
        return Some(Form::DerRequest);
    }
    if x509_parser::x509::SubjectPublicKeyInfo::from_der(file).is_ok() {
        return Some(Form::DerPublicKey);
    }
    Some(if is_bcfks(file) { Form::BouncyCastle } else { Form::Der })
}

/// How the DER of an encrypted PKCS#8 key is encrypted.
pub(crate) fn encryption(der: &[u8]) -> Option<AlgorithmIdentifierRef<'_>> {
    use pkcs8::der::Reader;
    use pkcs8::der::asn1::{AnyRef, OctetStringRef};

    AnyRef::from_der(der)
        .ok()?
        .sequence(|reader| {
            let algorithm: AlgorithmIdentifierRef<'_> = reader.decode()?;
            let _: &OctetStringRef = reader.decode()?;
            pkcs8::der::Result::Ok(algorithm)
        })
        .ok()
}

/// An encrypted store (PBES2), and a MAC over it.
fn is_bcfks(file: &[u8]) -> bool {
    const PBES2: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
    position(&file[..file.len().min(32)], PBES2).is_some()
}
