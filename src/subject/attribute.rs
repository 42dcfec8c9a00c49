//! Attribute types and values (X.520, RFC 5280 appendix A.1, RFC 4519): what they are called, and what they may hold.

use std::fmt::Write;

use der::asn1::ObjectIdentifier;
use x509_parser::der_parser::asn1_rs::{Oid, Tag};

/// The attribute types that gen.sh writes, in the order in which it writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum AttributeType {
    /// `C`, two letters, `PrintableString`.
    Country,
    /// `ST`, at most 128 characters.
    State,
    /// `L`, at most 128 characters.
    Locality,
    /// `O`, at most 64 characters.
    Organization,
    /// `OU`, at most 64 characters.
    OrganizationalUnit,
    /// `CN`, at most 64 characters.
    CommonName,
}

/// The properties of an attribute type.
struct Known {
    oid: ObjectIdentifier,
    name: &'static str,
    /// The largest number of characters.
    limit: usize,
}

const fn known(oid: &str, name: &'static str, limit: usize) -> Known {
    Known { oid: ObjectIdentifier::new_unwrap(oid), name, limit }
}

/// [`AttributeType`]'s in its order, then what else is common in names, under the names that OpenSSL prints.
static KNOWN: [Known; 29] = [
    known("2.5.4.6", "C", 2),
    known("2.5.4.8", "ST", 128),
    known("2.5.4.7", "L", 128),
    known("2.5.4.10", "O", 64),
    known("2.5.4.11", "OU", 64),
    known("2.5.4.3", "CN", 64),
    known("1.2.840.113549.1.9.1", "emailAddress", 255),
    known("1.2.840.113549.1.9.2", "unstructuredName", 255),
    known("1.2.840.113549.1.9.8", "unstructuredAddress", 255),
    known("0.9.2342.19200300.100.1.1", "UID", 256),
    known("0.9.2342.19200300.100.1.25", "DC", 255),
    known("2.5.4.4", "surname", 32768),
    known("2.5.4.5", "serialNumber", 64),
    known("2.5.4.9", "street", 128),
    known("2.5.4.12", "title", 64),
    known("2.5.4.13", "description", 1024),
    known("2.5.4.15", "businessCategory", 128),
    known("2.5.4.17", "postalCode", 40),
    known("2.5.4.20", "telephoneNumber", 32),
    known("2.5.4.41", "name", 32768),
    known("2.5.4.42", "givenName", 32768),
    known("2.5.4.43", "initials", 32768),
    known("2.5.4.44", "generationQualifier", 32768),
    known("2.5.4.46", "dnQualifier", 256),
    known("2.5.4.65", "pseudonym", 128),
    known("2.5.4.97", "organizationIdentifier", 256),
    known("1.3.6.1.4.1.311.60.2.1.1", "jurisdictionL", 128),
    known("1.3.6.1.4.1.311.60.2.1.2", "jurisdictionST", 128),
    known("1.3.6.1.4.1.311.60.2.1.3", "jurisdictionC", 2),
];

impl AttributeType {
    const ALL: [Self; 6] = [
        Self::Country,
        Self::State,
        Self::Locality,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::CommonName,
    ];

    /// The object identifier (X.520).
    pub fn oid(self) -> &'static ObjectIdentifier {
        &KNOWN[self as usize].oid
    }

    /// The short name that OpenSSL and RFC 4514 use.
    pub fn short_name(self) -> &'static str {
        KNOWN[self as usize].name
    }

    pub(super) fn from_oid(oid: &[u8]) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.oid().as_bytes() == oid)
    }
}

/// One attribute of a name that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Attribute {
    /// The contents of the attribute type's OBJECT IDENTIFIER.
    pub(super) oid: Vec<u8>,
    pub(super) value: Value,
}

/// An attribute's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Value {
    Text(String),
    /// Characters that its type of string cannot have; the reason completes "its O ...".
    Invalid(String, String),
    /// Nothing that a client can read as text: the contents.
    Other(Vec<u8>),
}

impl Attribute {
    /// Its short name, or else the object identifier in numbers.
    pub(super) fn name(&self) -> String {
        let known = KNOWN.iter().find(|known| known.oid.as_bytes() == self.oid);
        known.map_or_else(|| in_numbers(&self.oid), |known| known.name.to_owned())
    }

    /// The value as text, where it is one.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) | Value::Invalid(text, _) => Some(text),
            Value::Other(_) => None,
        }
    }

    /// Why it cannot stand in a certificate that all clients read; completes "its O ...".
    pub(super) fn fault(&self) -> Option<String> {
        match &self.value {
            Value::Other(_) => Some("is of a type that Go, and so Milvus, cannot read".to_owned()),
            Value::Invalid(text, why) => Some(format!("{text:?}: {why}")),
            Value::Text(text) => {
                let known = KNOWN.iter().find(|known| known.oid.as_bytes() == self.oid);
                let why = if text.is_empty() { Some("is empty".to_owned()) } else { None };
                why.or_else(|| value_fault(known, text).map(|why| format!("{text:?}: {why}")))
            }
        }
    }
}

/// Why a value is invalid for the attribute.
pub(super) fn fault(attribute: AttributeType, value: &str) -> Option<String> {
    value_fault(Some(&KNOWN[attribute as usize]), value)
}

fn value_fault(known: Option<&Known>, value: &str) -> Option<String> {
    if let Some(bad) = value.chars().find(|c| c.is_control() || steers(*c)) {
        let kind = if bad.is_control() { "control" } else { "invisible" };
        return Some(format!("contains the {kind} character {bad:?}"));
    }
    let known = known?;
    if known.limit == 2 {
        let is_code = value.len() == 2 && value.bytes().all(|b| b.is_ascii_alphabetic());
        return (!is_code).then(|| "a country is two letters".to_owned());
    }
    let length = value.chars().count();
    (length > known.limit)
        .then(|| format!("{length} characters, but {} holds at most {} (RFC 5280)", known.name, known.limit))
}

/// Characters that turn the text around them, or hide in it. Joiners are not among them: Persian is written with them.
fn steers(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

impl Value {
    /// From a string of that type. A string that Go refuses to read (crypto/x509, parseASN1String) is invalid.
    pub(super) fn read(tag: Tag, contents: &[u8]) -> Self {
        let lossy = || String::from_utf8_lossy(contents).into_owned();
        match tag {
            Tag::Utf8String => match std::str::from_utf8(contents) {
                Ok(text) => Self::Text(text.to_owned()),
                Err(_) => Self::Invalid(lossy(), "is not UTF-8, though it says so".to_owned()),
            },
            Tag::PrintableString => Self::within("a PrintableString", contents, |b| {
                b.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&b)
            }),
            Tag::Ia5String => Self::within("an IA5String", contents, |b| b.is_ascii()),
            Tag::NumericString => {
                Self::within("a NumericString", contents, |b| b.is_ascii_digit() || b == b' ')
            }
            // As OpenSSL reads it, whatever X.61 says: Latin-1.
            Tag::T61String => Self::Text(contents.iter().map(|&byte| char::from(byte)).collect()),
            Tag::BmpString if contents.len().is_multiple_of(2) => {
                let units = contents.chunks(2).map(|pair| pair.iter().fold(0, |n, &b| n << 8 | u16::from(b)));
                let text: Result<String, _> = char::decode_utf16(units).collect();
                text.map_or_else(|_| Self::Other(contents.to_vec()), Self::Text)
            }
            Tag::UniversalString if contents.len().is_multiple_of(4) => {
                let quads = contents.chunks(4).map(|q| q.iter().fold(0, |n, &b| n << 8 | u32::from(b)));
                match quads.map(char::from_u32).collect() {
                    Some(text) => Self::Invalid(text, UNREAD.to_owned()),
                    None => Self::Other(contents.to_vec()),
                }
            }
            Tag::VisibleString => Self::Invalid(lossy(), UNREAD.to_owned()),
            _ => Self::Other(contents.to_vec()),
        }
    }

    fn within(kind: &str, contents: &[u8], allowed: impl Fn(u8) -> bool) -> Self {
        let text: String = contents.iter().map(|&byte| char::from(byte)).collect();
        match contents.iter().find(|&&byte| !allowed(byte)) {
            None => Self::Text(text),
            Some(&bad) => {
                let why = format!("is {kind}, which cannot hold {:?}; Go refuses it", char::from(bad));
                Self::Invalid(text, why)
            }
        }
    }

    /// RFC 4514: a backslash before what would end the value, `#` and hexadecimal digits for what is no text.
    pub(super) fn write(&self, out: &mut String) {
        let text = match self {
            Self::Text(text) | Self::Invalid(text, _) => text,
            Self::Other(contents) => {
                out.push('#');
                for byte in contents {
                    // Writing to a String does not fail.
                    let _ = write!(out, "{byte:02x}");
                }
                return;
            }
        };
        let last = text.chars().count().saturating_sub(1);
        for (at, c) in text.chars().enumerate() {
            let is_edge = (at == 0 && matches!(c, ' ' | '#')) || (at == last && c == ' ');
            if is_edge || ",+\"\\<>;".contains(c) {
                out.push('\\');
            }
            out.push(c);
        }
    }
}

const UNREAD: &str = "is of a type of string that Go, and so Milvus, cannot read";

/// The numbers of an object identifier. The first two share one (X.690 section 8.19.4), which may be above 79: 2.999.
fn in_numbers(oid: &[u8]) -> String {
    let Some(mut numbers) = Oid::new_relative(oid.into()).iter().map(Iterator::collect::<Vec<u64>>) else {
        return "an attribute of unknown type".to_owned();
    };
    let Some(&first) = numbers.first() else { return "an attribute without a type".to_owned() };
    let root = (first / 40).min(2);
    numbers[0] = first - root * 40;
    numbers.insert(0, root);
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    numbers.join(".")
}
