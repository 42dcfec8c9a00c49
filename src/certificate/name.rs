//! Names as certificates have them.

use std::net::IpAddr;

use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Name;

use crate::san::San;
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

impl Name {
    /// Reads the DER of a name; `None` where it is none.
    #[must_use]
    pub fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Name::from_der(der).ok()?;
        rest.is_empty().then(|| name(&parsed))
    }

    /// The common name, if there is one and the name can be written again.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.subject.as_ref()?.common_name()
    }
}

pub(super) fn name(parsed: &X509Name<'_>) -> Name {
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
pub(super) fn alternative_names(general: &[GeneralName<'_>]) -> (Vec<San>, usize) {
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
