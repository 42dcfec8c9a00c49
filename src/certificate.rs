//! Reading certificates and requests: x509-parser lives here. What is read is owned and typed; nothing above
//! parses again.

use std::net::IpAddr;

use time::OffsetDateTime;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::prelude::{FromDer, X509Certificate, X509CertificationRequest};
use x509_parser::x509::X509Name;

use crate::keys::PublicKey;
use crate::san::San;
use crate::serial::Serial;
use crate::subject::{Attribute, Encoding, Subject};

/// A distinguished name as a certificate has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Its DER: two names are the same if these octets are.
    pub der: Vec<u8>,
    /// For people.
    pub text: String,
    /// The attributes, where they are one to a set and no type comes twice: such a name can be written again.
    pub subject: Option<Subject>,
}

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
    /// `None` where it is zero, negative or over 20 octets.
    pub serial: Option<Serial>,
    pub issuer: Name,
    pub subject: Name,
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
    pub public_key: PublicKey,
    /// True if the certificate is signed with SHA-1, MD5 or something older.
    pub weak_signature: bool,
    pub basic_constraints: Option<BasicConstraints>,
    pub key_usage: Option<KeyUsage>,
    pub extended_key_usage: Option<ExtendedKeyUsage>,
    /// `None` without the extension.
    pub subject_alt_names: Option<Vec<San>>,
    /// How many alternative names are of a kind that this tool does not write.
    pub other_names: usize,
    pub subject_key_identifier: Option<Vec<u8>>,
    pub authority_key_identifier: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads one certificate's DER. The error completes a sentence that begins with the file's name.
    pub fn from_der(der: &[u8]) -> Result<Self, String> {
        let (rest, parsed) =
            X509Certificate::from_der(der).map_err(|_| "holds a damaged certificate".to_owned())?;
        if !rest.is_empty() {
            return Err("holds a certificate with octets after its end".to_owned());
        }
        let mut certificate = Self {
            der: der.to_vec(),
            version: parsed.version().0.saturating_add(1),
            serial: Serial::from_der_integer(parsed.raw_serial()),
            issuer: name(parsed.issuer()),
            subject: name(parsed.subject()),
            not_before: parsed.validity().not_before.to_datetime(),
            not_after: parsed.validity().not_after.to_datetime(),
            public_key: PublicKey::from_spki(parsed.public_key().raw),
            weak_signature: is_weak(&parsed.signature_algorithm.algorithm.to_id_string()),
            basic_constraints: None,
            key_usage: None,
            extended_key_usage: None,
            subject_alt_names: None,
            other_names: 0,
            subject_key_identifier: None,
            authority_key_identifier: None,
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
            }
            ParsedExtension::SubjectAlternativeName(names) => {
                let (known, other) = alternative_names(&names.general_names);
                self.subject_alt_names = Some(known);
                self.other_names = other;
            }
            ParsedExtension::SubjectKeyIdentifier(id) => {
                self.subject_key_identifier = Some(id.0.to_vec());
            }
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                self.authority_key_identifier = id.key_identifier.as_ref().map(|id| id.0.to_vec());
            }
            ParsedExtension::ParseError { .. } => {
                return Err(format!("holds a certificate with a damaged extension ({})", extension.oid));
            }
            _ => {}
        }
        Ok(())
    }

    /// True if issuer and subject are the same name.
    #[must_use]
    pub fn is_self_issued(&self) -> bool {
        self.issuer.der == self.subject.der
    }

    /// True if `basicConstraints` says so.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.basic_constraints.is_some_and(|basic| basic.ca)
    }

    /// True if the signature on this certificate is by that key.
    #[must_use]
    pub fn is_signed_by(&self, issuer: &PublicKey) -> bool {
        let (Ok((_, certificate)), Ok((_, key))) = (
            X509Certificate::from_der(&self.der),
            x509_parser::x509::SubjectPublicKeyInfo::from_der(&issuer.spki),
        ) else {
            return false;
        };
        certificate.verify_signature(Some(&key)).is_ok()
    }

    /// SHA-256 of the DER, as `openssl x509 -fingerprint -sha256` prints it: pairs of hex digits with colons.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, &self.der);
        let pairs: Vec<String> = digest.as_ref().iter().map(|octet| format!("{octet:02X}")).collect();
        pairs.join(":")
    }

    /// PEM with LF.
    #[must_use]
    pub fn to_pem(&self) -> String {
        pem_of("CERTIFICATE", &self.der)
    }
}

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

/// All certificates of a PEM file, in order; text around them is passed over. Never empty.
pub fn certificates_from_pem(file: &[u8]) -> Result<Vec<Certificate>, String> {
    let blocks = pem_blocks(file, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])?;
    blocks.iter().map(|der| Certificate::from_der(der)).collect()
}

/// The request of a PEM file.
pub fn csr_from_pem(file: &[u8]) -> Result<Csr, String> {
    let blocks = pem_blocks(file, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
    match blocks.as_slice() {
        [der] => Csr::from_der(der),
        _ => Err(format!("holds {} requests, where one was expected", blocks.len())),
    }
}

fn pem_blocks(file: &[u8], labels: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty".to_owned());
    }
    let blocks = pem::parse_many(file).map_err(|_| "is damaged: not sound PEM".to_owned())?;
    let other = blocks.iter().map(|block| block.tag().to_owned()).find(|tag| !labels.contains(&tag.as_str()));
    let wanted: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| labels.contains(&block.tag()))
        .map(pem::Pem::into_contents)
        .collect();
    match (wanted.is_empty(), other) {
        (false, _) => Ok(wanted),
        (true, Some(tag)) => Err(format!("holds a {tag}, not a {}", labels[0])),
        (true, None) => Err(format!("holds no PEM {}", labels[0])),
    }
}

fn pem_of(label: &str, der: &[u8]) -> String {
    let lf = pem::EncodeConfig::new().set_line_ending(pem::LineEnding::LF);
    pem::encode_config(&pem::Pem::new(label, der), lf)
}

fn name(parsed: &X509Name<'_>) -> Name {
    let attributes = attributes(parsed);
    let text = match &attributes {
        Some(attributes) => Subject::from_attributes(attributes.clone()).to_string(),
        None => parsed.to_string().chars().flat_map(char::escape_debug).collect(),
    };
    let once = |attributes: &Vec<Attribute>| {
        (1..attributes.len()).all(|i| attributes[..i].iter().all(|a| a.oid != attributes[i].oid))
    };
    Name {
        der: parsed.as_raw().to_vec(),
        text,
        subject: attributes.filter(once).map(Subject::from_attributes),
    }
}

fn attributes(parsed: &X509Name<'_>) -> Option<Vec<Attribute>> {
    use x509_parser::der_parser::asn1_rs::Tag;

    let mut attributes = Vec::new();
    for set in parsed.iter_rdn() {
        let mut members = set.iter();
        let (Some(attribute), None) = (members.next(), members.next()) else { return None };
        let value = attribute.attr_value();
        let utf8 = || std::str::from_utf8(value.data).ok().map(str::to_owned);
        let (encoding, value) = match value.tag() {
            Tag::PrintableString => (Encoding::Printable, utf8()?),
            Tag::Utf8String => (Encoding::Utf8, utf8()?),
            Tag::Ia5String => (Encoding::Ia5, utf8()?),
            Tag::T61String => (Encoding::Teletex, utf8()?),
            Tag::BmpString => {
                let units: Vec<u16> = value
                    .data
                    .chunks(2)
                    .map(|pair| pair.iter().fold(0, |n, &b| n << 8 | u16::from(b)))
                    .collect();
                (Encoding::Bmp, String::from_utf16(&units).ok()?)
            }
            Tag::UniversalString => {
                let quads = value.data.chunks(4).map(|q| q.iter().fold(0, |n, &b| n << 8 | u32::from(b)));
                (Encoding::Universal, quads.map(char::from_u32).collect::<Option<String>>()?)
            }
            _ => return None,
        };
        attributes.push(Attribute { oid: attribute.attr_type().iter()?.collect(), encoding, value });
    }
    Some(attributes)
}

/// The names that this tool knows, and how many it does not.
fn alternative_names(general: &[GeneralName<'_>]) -> (Vec<San>, usize) {
    let known: Vec<San> = general.iter().filter_map(alternative_name).collect();
    let other = general.len() - known.len();
    (known, other)
}

fn alternative_name(general: &GeneralName<'_>) -> Option<San> {
    match general {
        GeneralName::DNSName(name) => Some(San::from_certificate_dns(name)),
        GeneralName::RFC822Name(name) => Some(San::Email((*name).to_owned())),
        GeneralName::URI(uri) => Some(San::Uri((*uri).to_owned())),
        GeneralName::IPAddress(octets) => {
            let ip = <[u8; 4]>::try_from(*octets)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(*octets).map(IpAddr::from));
            ip.ok().map(San::Ip)
        }
        _ => None,
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
