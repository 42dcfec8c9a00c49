//! Why a file is no private key that can be used here.

use std::fmt;

use super::OtherKey;
use crate::error::{Damage, DamageKind};
use crate::form::Form;

/// Why a file is no private key that can be used here. Displayed after `NAME.key: `.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyProblem {
    /// The file has no bytes, or only blanks.
    Empty,
    /// There is no PEM block of a private key, but something else.
    Form(Form),
    /// There are PEM blocks, but none of a private key; the word says what the first is.
    NoKey(String),
    /// It has a password; `true` where OpenSSL 3 opens it only with its legacy provider.
    Encrypted(bool),
    /// It has another password than the one given.
    WrongPassword,
    /// It is encrypted in a way that no password opens here.
    OldEncryption {
        /// How, in the standard's words.
        how: String,
        /// OpenSSL 3 opens it only with its legacy provider.
        is_legacy: bool,
    },
    /// A kind of key that cannot sign here.
    Unsupported(OtherKey),
    /// An EC key whose curve is written out in numbers.
    ExplicitCurve,
    /// It says it is a key, but its bytes are not; the text says how.
    Damaged(&'static str),
}

/// Keeps the key as it is, without its password.
const TAKE_PASSWORD_OFF: &str = "openssl pkey -in {} -out {}.plain && mv {}.plain {}";
const TAKE_OLD_PASSWORD_OFF: &str =
    "openssl pkey -provider legacy -provider default -in {} -out {}.plain && mv {}.plain {}";

impl KeyProblem {
    /// True if a password protects the key: it may well be valid.
    pub fn is_password(&self) -> bool {
        matches!(self, Self::Encrypted(_) | Self::WrongPassword | Self::OldEncryption { .. })
    }

    /// The kind of damage.
    pub fn damage(&self) -> Damage {
        let kind = match self {
            Self::Empty => DamageKind::Empty,
            Self::Form(Form::OtherPem | Form::Pkcs7(_)) | Self::NoKey(_) => DamageKind::OtherContent,
            Self::Form(_) => DamageKind::NotPem,
            Self::Unsupported(kind) if kind.is_short() => DamageKind::Weak,
            Self::Unsupported(_) | Self::ExplicitCurve | Self::OldEncryption { .. } => {
                DamageKind::Unsupported
            }
            _ => DamageKind::Broken,
        };
        Damage { conversion: self.conversion(), holds_key: true, ..Damage::new(kind, self.to_string()) }
    }

    fn conversion(&self) -> Option<&'static str> {
        match self {
            Self::Form(form) => form.to_key(),
            Self::Encrypted(false) | Self::WrongPassword => Some(TAKE_PASSWORD_OFF),
            Self::Encrypted(true) => Some(TAKE_OLD_PASSWORD_OFF),
            // A password was given: it is to have one.
            Self::OldEncryption { is_legacy: false, .. } => {
                Some("openssl pkcs8 -topk8 -v2 aes256 -in {} -out {}.new && mv {}.new {}")
            }
            Self::OldEncryption { is_legacy: true, .. } => Some(
                "openssl pkcs8 -topk8 -v2 aes256 -provider legacy -provider default -in {} -out {}.new && mv {}.new {}",
            ),
            Self::ExplicitCurve => {
                Some("openssl pkey -in {} -ec_param_enc named_curve -out {}.new && mv {}.new {}")
            }
            _ => None,
        }
    }
}

impl fmt::Display for KeyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::Form(form) => write!(f, "holds {}, not a PEM private key", form.name()),
            Self::NoKey(found) => write!(f, "holds a {found}, not a PEM private key"),
            Self::Encrypted(_) => f.write_str("is encrypted with a password"),
            Self::WrongPassword => f.write_str("is encrypted, and the password does not decrypt it"),
            Self::OldEncryption { how, .. } => {
                write!(f, "is encrypted with a password in a form that is not supported ({how})")
            }
            Self::Unsupported(kind) => write!(
                f,
                "is a private key of an unsupported kind ({kind}; RSA 2048 to 4096, ECDSA P-256, P-384 and Ed25519 are supported): \
                 milvus-certgen cannot sign with it; {}",
                kind.readers()
            ),
            Self::ExplicitCurve => {
                f.write_str("is an EC private key with explicit curve parameters, not a named curve")
            }
            Self::Damaged(how) => write!(f, "is damaged: {how}"),
        }
    }
}
