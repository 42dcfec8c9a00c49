//! The shell's lines that convert a form; `{}` stands for the file.
//!
//! Each writes a new file first: OpenSSL before 3.0 empties what `-out` names before it reads `-in`. A key store stays,
//! under the name that says what it is: there is more in it than one key.

use super::{Coding, Form, OpenSsh};

impl Form {
    /// The shell's line that makes a private key in PEM of it; `{}` stands for the file.
    pub fn to_key(self) -> Option<&'static str> {
        Some(match self {
            Self::Utf16("UTF-16BE") => FROM_UTF16BE,
            Self::Utf16("UTF-16LE") => FROM_UTF16LE,
            Self::Utf16(_) => FROM_UTF16,
            Self::DerKey | Self::DerEncryptedKey | Self::Der => {
                "openssl pkey -inform DER -in {} -out {}.new && mv {}.new {}"
            }
            Self::Pkcs12 { is_legacy: false } => {
                "openssl pkcs12 -in {} -nocerts -nodes -out {}.new && mv {} {}.p12 && mv {}.new {}"
            }
            Self::Pkcs12 { is_legacy: true } => {
                "openssl pkcs12 -legacy -in {} -nocerts -nodes -out {}.new && mv {} {}.p12 && mv {}.new {}"
            }
            Self::Jks => {
                "keytool -importkeystore -srckeystore {} -srcstoretype JKS -destkeystore {}.p12 -deststoretype PKCS12 && \
                 openssl pkcs12 -in {}.p12 -nocerts -nodes -out {}.new && mv {} {}.jks && mv {}.new {}"
            }
            Self::Jceks => {
                "keytool -importkeystore -srckeystore {} -srcstoretype JCEKS -destkeystore {}.p12 -deststoretype PKCS12 && \
                 openssl pkcs12 -in {}.p12 -nocerts -nodes -out {}.new && mv {} {}.jceks && mv {}.new {}"
            }
            Self::OpenSsh(OpenSsh { is_ed25519: false, .. }) => "ssh-keygen -p -N '' -m PKCS8 -f {}",
            // The 16 bytes before the seed are PKCS#8's (RFC 8410 section 7); the seed is where an OpenSSH key
            // without a password has it.
            Self::OpenSsh(OpenSsh { is_encrypted: false, .. }) => ED25519_FROM_OPENSSH,
            Self::OpenSsh(_) => ED25519_FROM_ENCRYPTED_OPENSSH,
            Self::Putty => "puttygen {} -O private-openssh -o {}.new && mv {} {}.ppk && mv {}.new {}",
            Self::Base64(Coding::Pem) => "(umask 077; base64 -d {} > {}.new) && mv {}.new {}",
            Self::Base64(Coding::Der) => {
                "base64 -d {} | openssl pkey -inform DER -out {}.new && mv {}.new {}"
            }
            Self::EscapedPem => "(umask 077; printf '%b\\n' \"$(cat {})\" > {}.new) && mv {}.new {}",
            _ => return None,
        })
    }

    /// The shell's line that makes certificates in PEM of it.
    pub fn to_certificates(self) -> Option<&'static str> {
        Some(match self {
            Self::Utf16("UTF-16BE") => FROM_UTF16BE,
            Self::Utf16("UTF-16LE") => FROM_UTF16LE,
            Self::Utf16(_) => FROM_UTF16,
            Self::DerCertificate => "openssl x509 -inform DER -in {} -out {}.new && mv {}.new {}",
            Self::Pkcs7(Coding::Der) => {
                "openssl pkcs7 -inform DER -print_certs -in {} -out {}.new && mv {}.new {}"
            }
            Self::Pkcs7(Coding::Pem) => "openssl pkcs7 -print_certs -in {} -out {}.new && mv {}.new {}",
            Self::Pkcs12 { is_legacy: false } => {
                "openssl pkcs12 -in {} -nokeys -out {}.new && mv {} {}.p12 && mv {}.new {}"
            }
            Self::Pkcs12 { is_legacy: true } => {
                "openssl pkcs12 -legacy -in {} -nokeys -out {}.new && mv {} {}.p12 && mv {}.new {}"
            }
            Self::Jks | Self::Jceks => {
                "keytool -list -rfc -keystore {} > {}.new && mv {} {}.jks && mv {}.new {}"
            }
            Self::Base64(Coding::Pem) => "base64 -d {} > {}.new && mv {}.new {}",
            Self::Base64(Coding::Der) => {
                "base64 -d {} | openssl x509 -inform DER -out {}.new && mv {}.new {}"
            }
            Self::EscapedPem => "printf '%b\\n' \"$(cat {})\" > {}.new && mv {}.new {}",
            _ => return None,
        })
    }

    /// The shell's line that makes a request in PEM of it.
    pub fn to_request(self) -> Option<&'static str> {
        match self {
            Self::DerRequest => Some("openssl req -inform DER -in {} -out {}.new && mv {}.new {}"),
            Self::Utf16(_) | Self::Base64(Coding::Pem) | Self::EscapedPem => self.to_certificates(),
            _ => None,
        }
    }
}

const FROM_UTF16: &str = "(umask 077; iconv -f UTF-16 -t UTF-8 {} > {}.new) && mv {}.new {}";
const FROM_UTF16LE: &str = "(umask 077; iconv -f UTF-16LE -t UTF-8 {} > {}.new) && mv {}.new {}";
const FROM_UTF16BE: &str = "(umask 077; iconv -f UTF-16BE -t UTF-8 {} > {}.new) && mv {}.new {}";
const ED25519_FROM_OPENSSH: &str = "(printf '\\060\\056\\002\\001\\000\\060\\005\\006\\003\\053\\145\\160\\004\\042\\004\\040'; \
     sed /-----/d {} | base64 -d | tail -c +162 | head -c 32) | openssl pkey -inform DER -out {}.new && mv {}.new {}";
const ED25519_FROM_ENCRYPTED_OPENSSH: &str = "ssh-keygen -p -N '' -f {} && \
     (printf '\\060\\056\\002\\001\\000\\060\\005\\006\\003\\053\\145\\160\\004\\042\\004\\040'; \
     sed /-----/d {} | base64 -d | tail -c +162 | head -c 32) | openssl pkey -inform DER -out {}.new && mv {}.new {}";
