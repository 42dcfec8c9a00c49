//! Certificate signing requests.

use x509_parser::extensions::ParsedExtension;
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::name::{Name, alternative_names, name};
use super::pem::pem_of;
use crate::keys::PublicKey;
use crate::san::San;

/// A certificate signing request (PKCS#10, RFC 2986), parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 2986's")]
pub struct Csr {
    pub der: Vec<u8>,
    pub subject: Name,
    pub public_key: PublicKey,
    /// True if the request is signed by the key that it names.
    pub signature_is_valid: bool,
    pub subject_alt_names: Vec<San>,
}

impl Csr {
    /// Reads one request's DER. The error completes a sentence that begins with the file's name.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) =
            X509CertificationRequest::from_der(der).map_err(|_| "holds a damaged request".to_owned())?;
        if !rest.is_empty() {
            return Err("holds a request with octets after its end".to_owned());
        }
        let info = &parsed.certification_request_info;
        let names =
            parsed.requested_extensions().into_iter().flatten().find_map(|extension| match extension {
                ParsedExtension::SubjectAlternativeName(names) => {
                    Some(alternative_names(&names.general_names).0)
                }
                _ => None,
            });
        Ok(Self {
            der: der.to_vec(),
            subject: name(&info.subject),
            public_key: PublicKey::from_spki(info.subject_pki.raw),
            signature_is_valid: parsed.verify_signature().is_ok(),
            subject_alt_names: names.unwrap_or_default(),
        })
    }

    /// PEM with LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem_of("CERTIFICATE REQUEST", &self.der)
    }
}
