//! Reading certificates and requests: x509-parser lives here. What is read is owned and of types of its own; nothing above
//! parses again.

use time::OffsetDateTime;
use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::keys::PublicKey;
use crate::profile::Role;
use crate::san::San;
use crate::serial::{Serial, SerialFault};
use crate::subject::Subject;

mod constraints;
mod csr;
mod name;
mod pem;
mod signature;
mod strict;

pub use constraints::Constraints;
pub use csr::Csr;
pub use pem::{Certificates, certificates_from_pem, csr_from_pem, read_certificates};
pub use signature::Signature;

use name::alternative_names;
use signature::Verdicts;

/// `basicConstraints` (RFC 5280 section 4.2.1.9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub struct BasicConstraints {
    pub ca: bool,
    pub path_length: Option<u32>,
    pub critical: bool,
}

/// `keyUsage` (RFC 5280 section 4.2.1.3), the bits that matter to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's")]
#[expect(clippy::struct_excessive_bools, reason = "a bit string")]
pub struct KeyUsage {
    pub digital_signature: bool,
    pub key_encipherment: bool,
    pub key_cert_sign: bool,
    pub crl_sign: bool,
}

/// `extendedKeyUsage` (RFC 5280 section 4.2.1.12), the purposes that matter to TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the RFC's")]
pub struct ExtendedKeyUsage {
    pub any: bool,
    pub server_auth: bool,
    pub client_auth: bool,
}

/// A certificate, parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 5280's")]
pub struct Certificate {
    pub der: Vec<u8>,
    /// X.509 version: 1 or 3.
    pub version: u32,
    /// `None` where it is zero, negative or over 20 bytes.
    pub serial: Option<Serial>,
    /// The type of the name.
    pub serial_fault: Option<SerialFault>,
    /// The value in its DER.
    pub serial_bytes: Vec<u8>,
    pub issuer: Subject,
    pub subject: Subject,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    /// The date that has fractions, or lacks the seconds.
    pub malformed_date: Option<&'static str>,
    pub public_key: PublicKey,
    /// True if the certificate is signed with SHA-1, MD5 or something older.
    pub weak_signature: bool,
    pub basic_constraints: Option<BasicConstraints>,
    pub key_usage: Option<KeyUsage>,
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// All of its purposes, as object identifiers.
    pub purposes: Vec<Vec<u64>>,
    /// `None` without the extension.
    pub subject_alt_names: Option<Vec<San>>,
    /// The extension is critical, as it must be without a subject.
    pub names_are_critical: bool,
    /// How many alternative names are of a kind that this tool does not write.
    pub other_names: usize,
    pub subject_key_identifier: Option<Vec<u8>>,
    pub authority_key_identifier: Option<Vec<u8>>,
    /// The issuer's serial number as its DER has it, where `authorityKeyIdentifier` names it too.
    pub authority_serial: Option<Vec<u8>>,
    pub name_constraints: Option<Constraints>,
    /// The critical extensions that not all clients process.
    pub critical_extensions: Vec<String>,
    verdicts: Verdicts,
}

impl Certificate {
    /// Reads one certificate's DER. The error completes a sentence that begins with the file's name.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|_| "holds a damaged certificate".to_owned())?;
        if !rest.is_empty() {
            return Err("holds a certificate with bytes after its end".to_owned());
        }
        let serial = Serial::from_der_integer(parsed.raw_serial());
        let mut certificate = Self {
            der: der.to_vec(),
            version: parsed.version().0.saturating_add(1),
            serial_fault: serial.as_ref().err().copied(),
            serial: serial.ok(),
            serial_bytes: parsed.raw_serial().to_vec(),
            issuer: Subject::from_der(parsed.issuer().as_raw()),
            subject: Subject::from_der(parsed.subject().as_raw()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            malformed_date: strict::malformed_date(parsed.tbs_certificate.as_ref()),
            public_key: PublicKey::from_spki(parsed.public_key().raw),
            weak_signature: is_weak(&parsed.signature_algorithm.algorithm.to_id_string()),
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            purposes: Vec::new(),
            subject_alt_names: None,
            names_are_critical: false,
            other_names: 0,
            subject_key_identifier: None,
            authority_key_identifier: None,
            authority_serial: None,
            name_constraints: None,
            critical_extensions: parsed.extensions().iter().filter_map(strict::unprocessed).collect(),
            verdicts: Verdicts::default(),
        };
        for extension in parsed.extensions() {
            certificate.read_extension(extension)?;
        }
        Ok(certificate)
    }

    fn read_extension(
        &mut self,
        extension: &x509_parser::extensions::X509Extension<'_>,
    ) -> Result<(), String> {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(basic) => {
                self.basic_constraints = Some(BasicConstraints {
                    ca: basic.ca,
                    path_length: basic.path_len_constraint,
                    critical: extension.critical,
                });
            }
            ParsedExtension::KeyUsage(usage) => {
                self.key_usage = Some(KeyUsage {
                    digital_signature: usage.digital_signature(),
                    key_encipherment: usage.key_encipherment(),
                    key_cert_sign: usage.key_cert_sign(),
                    crl_sign: usage.crl_sign(),
                });
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                self.extended_key_usage = Some(ExtendedKeyUsage {
                    any: usage.any,
                    server_auth: usage.server_auth,
                    client_auth: usage.client_auth,
                });
                self.purposes = strict::purposes(extension.value);
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                let (known, other) = alternative_names(&names.general_names);
                self.subject_alt_names = Some(known);
                self.other_names = other;
                self.names_are_critical = extension.critical;
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                self.subject_key_identifier = Some(id.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_identifier = id.key_identifier.as_ref().map(|id| id.0.to_vec());
                self.authority_serial = id.authority_cert_serial.map(<[u8]>::to_vec);
            }
            ParsedExtension::NameConstraints(constraints) => {
                self.name_constraints = Some(Constraints::new(constraints, extension.value));
            }
            ParsedExtension::ParseError { .. } => {
                return Err(format!("holds a certificate with a damaged extension ({})", extension.oid));
            }
            _ => {}
        }
        Ok(())
    }

    /// True if issuer and subject are the same name.
    pub fn is_self_issued(&self) -> bool {
        self.issuer.der == self.subject.der
    }

    /// True if it is its own issuer, as far as that can be verified: one that a CA of the same name has signed is not.
    pub fn is_self_signed(&self) -> bool {
        self.is_self_issued() && !self.signature(&self.public_key).is_bad()
    }

    /// Its purpose, if the certificate has one.
    pub fn role(&self) -> Option<Role> {
        let usage = self.extended_key_usage?;
        match (usage.server_auth, usage.client_auth) {
            (true, false) => Some(Role::Server),
            (false, true) => Some(Role::Client),
            (true, true) => Some(Role::Peer),
            (false, false) => None,
        }
    }

    /// True if `basicConstraints` says so.
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|basic| basic.ca)
    }

    /// True if that CA has signed it, and it says so.
    pub fn is_issued_by(&self, ca: &Self) -> bool {
        self.issued_by(ca).is_good()
    }

    /// True if it names the CA's certificate by its serial number too, and not by its key alone.
    pub fn names_by_number(&self, ca: &Self) -> bool {
        self.authority_serial.as_ref() == Some(&ca.serial_bytes) && self.issuer.der == ca.subject.der
    }

    /// True if Go and gRPC's C core know the kind of its key; ring need not.
    pub fn has_widely_verified_key(&self) -> bool {
        strict::is_widely_verified(&self.public_key.spki)
    }

    /// Whether that CA has signed it; not by one that is not named as its issuer.
    pub fn issued_by(&self, ca: &Self) -> Signature {
        if self.issuer.der == ca.subject.der { self.signature(&ca.public_key) } else { Signature::Bad }
    }

    /// Whether the signature on this certificate is by that key.
    pub fn signature(&self, issuer: &PublicKey) -> Signature {
        self.verdicts.of(&self.der, issuer)
    }

    /// SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` prints it: pairs of hex digits with colons.
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der);
        let pairs: Vec<String> = digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect();
        pairs.join(":")
    }

    /// PEM with LF.
    pub fn to_pem(&self) -> String {
        pem::pem_of("CERTIFICATE", &self.der)
    }
}

/// MD2, MD4, MD5 and SHA-1 with RSA (RFC 8017), and SHA-1 with ECDSA (RFC 5758).
fn is_weak(signature_algorithm: &str) -> bool {
    matches!(
        signature_algorithm,
        "1.2.840.113549.1.1.2"
            | "1.2.840.113549.1.1.3"
            | "1.2.840.113549.1.1.4"
            | "1.2.840.113549.1.1.5"
            | "1.2.840.10045.4.1"
    )
}
