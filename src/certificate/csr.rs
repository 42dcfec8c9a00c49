//! Certificate signing requests.

use x509_parser::cri_attributes::ParsedCriAttribute;
use x509_parser::extensions::{ParsedExtension, X509Extension};
use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::name::alternative_names;
use super::pem::pem_of;
use super::{Signature, is_weak};
use crate::keys::PublicKey;
use crate::profile::Role;
use crate::san::San;
use crate::subject::Subject;

/// A certificate signing request (PKCS#10, RFC 2986), parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 2986's")]
pub struct Csr {
    pub der: Vec<u8>,
    pub subject: Subject,
    pub public_key: PublicKey,
    /// Whether the key that it names has signed it.
    pub signature: Signature,
    /// True if it is signed with SHA-1, MD5 or something older.
    pub weak_signature: bool,
    pub subject_alt_names: Vec<San>,
    /// How many alternative names are of a kind that this tool does not write.
    pub other_names: usize,
    /// There is a private key in its file too.
    pub holds_key: bool,
    wishes: Wishes,
}

/// The extensions of a request other than its names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is an extension of its own")]
struct Wishes {
    ca: bool,
    key_cert_sign: bool,
    server_auth: bool,
    client_auth: bool,
    other_purposes: bool,
    name_constraints: bool,
    unknown_critical: bool,
}

impl Csr {
    /// Reads one request's DER. The error completes a sentence that begins with the file's name.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) =
            X509CertificationRequest::from_der(der).map_err(|_| "holds a damaged request".to_owned())?;
        if !rest.is_empty() {
            return Err("holds a request with bytes after its end".to_owned());
        }
        let info = &parsed.certification_request_info;
        let public_key = PublicKey::from_spki(info.subject_pki.raw);
        let mut csr = Self {
            der: der.to_vec(),
            subject: Subject::from_der(info.subject.as_raw()),
            signature: Signature::new(
                &parsed.verify_signature(),
                info.raw,
                &parsed.signature_algorithm,
                &parsed.signature_value.data,
                &public_key,
            ),
            public_key,
            weak_signature: is_weak(&parsed.signature_algorithm.algorithm.to_id_string()),
            subject_alt_names: Vec::new(),
            other_names: 0,
            holds_key: false,
            wishes: Wishes::default(),
        };
        for attribute in info.iter_attributes() {
            if let ParsedCriAttribute::ExtensionRequest(request) = attribute.parsed_attribute() {
                for extension in &request.extensions {
                    csr.read_extension(extension)?;
                }
            }
        }
        Ok(csr)
    }

    fn read_extension(&mut self, extension: &X509Extension<'_>) -> Result<(), String> {
        let wishes = &mut self.wishes;
        match extension.parsed_extension() {
            ParsedExtension::SubjectAlternativeName(names) => {
                let (known, other) = alternative_names(&names.general_names);
                self.subject_alt_names.extend(known);
                self.other_names += other;
            }
            ParsedExtension::BasicConstraints(basic) => wishes.ca |= basic.ca,
            ParsedExtension::KeyUsage(usage) => {
                wishes.key_cert_sign |= usage.key_cert_sign() || usage.crl_sign();
            }
            ParsedExtension::ExtendedKeyUsage(usage) => {
                wishes.server_auth |= usage.server_auth;
                wishes.client_auth |= usage.client_auth;
                wishes.other_purposes |= usage.any
                    || usage.code_signing
                    || usage.email_protection
                    || usage.time_stamping
                    || usage.ocsp_signing
                    || !usage.other.is_empty();
            }
            ParsedExtension::NameConstraints(_) => wishes.name_constraints = true,
            ParsedExtension::ParseError { .. } => {
                return Err(format!("holds a request with a damaged extension ({})", extension.oid));
            }
            ParsedExtension::UnsupportedExtension { .. } => wishes.unknown_critical |= extension.critical,
            _ => {}
        }
        Ok(())
    }

    /// True if it asks for a critical extension that is unknown here.
    pub fn unknown_critical_extensions(&self) -> bool {
        self.wishes.unknown_critical
    }

    /// True if it asks for that role's purposes and no other of TLS's.
    pub fn asks_to_be(&self, role: Role) -> bool {
        let asks = [self.wishes.server_auth, self.wishes.client_auth];
        asks == [Role::Server, Role::Client].map(|side| role.covers(side))
    }

    /// The purpose that it asks for: a client if it asks for that alone. Never both: the signer decides that
    /// (`--role peer`).
    pub fn role(&self) -> Role {
        if self.wishes.client_auth && !self.wishes.server_auth { Role::Client } else { Role::Server }
    }

    /// Requested extensions that are ignored, each in words.
    pub fn overruled(&self, role: Role) -> Vec<&'static str> {
        let wishes = &self.wishes;
        let other_role = (wishes.server_auth && !role.covers(Role::Server))
            || (wishes.client_auth && !role.covers(Role::Client));
        [
            (wishes.ca, "asks to be a CA, and does not become one"),
            (wishes.key_cert_sign, "asks to sign certificates or revocation lists, and may not"),
            (
                other_role || wishes.other_purposes,
                "asks for other purposes than its role's, and gets only that",
            ),
            (wishes.name_constraints, "asks for nameConstraints, and gets none"),
        ]
        .into_iter()
        .filter_map(|(asked, what)| asked.then_some(what))
        .collect()
    }

    /// PEM with LF.
    pub fn to_pem(&self) -> String {
        pem_of("CERTIFICATE REQUEST", &self.der)
    }
}
