//! The DER of names: taken apart down to the attribute, and put together again. What nobody asked to change stays
//! byte for byte as it was read.

use der::asn1::{Any, AnyRef, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use der::{Decode, Encode, Length, Reader, SliceReader, Tag, Tagged};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{AttributeTypeAndValue, RelativeDistinguishedName, X509Name};

use super::attribute::{Attribute, AttributeType, Value};

/// A set of attributes: one, but for names of old directories.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rdn {
    /// Its DER, a SET.
    set: Any,
    pub(super) members: Vec<Member>,
}

/// An attribute, and its DER, a SEQUENCE.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    sequence: Any,
    pub(super) attribute: Attribute,
}

impl Rdn {
    pub(super) fn of(mut members: Vec<Member>) -> der::Result<Self> {
        let sequences: Vec<Any> = members.iter().map(|member| member.sequence.clone()).collect();
        // DER has an order.
        let set = SetOfVec::try_from(sequences)?;
        members.sort_by_key(|member| set.iter().position(|other| *other == member.sequence));
        Ok(Self { set: Any::encode_from(&set)?, members })
    }
}

impl Member {
    /// As this program writes it: `C` as a `PrintableString`, the others as a `UTF8String`.
    pub(super) fn new(attribute: AttributeType, value: &str) -> der::Result<Self> {
        let text = match attribute {
            AttributeType::Country => Any::encode_from(&PrintableStringRef::new(value)?)?,
            _ => Any::encode_from(&Utf8StringRef::new(value)?)?,
        };
        let oid: &ObjectIdentifier = attribute.oid();
        Ok(Self {
            sequence: Any::encode_from(&vec![Any::encode_from(oid)?, text])?,
            attribute: Attribute { oid: oid.as_bytes().to_vec(), value: Value::Text(value.to_owned()) },
        })
    }
}

/// The DER of the whole name.
pub(super) fn der_of(rdns: &[Rdn]) -> der::Result<Vec<u8>> {
    rdns.iter().map(|rdn| rdn.set.clone()).collect::<Vec<Any>>().to_der()
}

/// The readable parts of a name, for people.
pub(super) fn attributes(der: &[u8]) -> Option<Vec<Vec<Attribute>>> {
    let (rest, name) = X509Name::from_der(der).ok()?;
    let attributes = |rdn: &RelativeDistinguishedName<'_>| rdn.iter().map(attribute).collect();
    rest.is_empty().then(|| name.iter_rdn().map(attributes).collect())
}

fn attribute(read: &AttributeTypeAndValue<'_>) -> Attribute {
    let value = read.attr_value();
    Attribute { oid: read.attr_type().as_bytes().to_vec(), value: Value::read(value.tag(), value.as_bytes()) }
}

/// The parts of a name; `None` where it is no DER, or no name by RFC 5280 section 4.1.2.4: a verifier that is strict
/// refuses what such a name is copied into.
pub(super) fn rdns(der: &[u8], attributes: Vec<Vec<Attribute>>) -> Option<Vec<Rdn>> {
    let sets = Vec::<Any>::from_der(der).ok()?;
    if sets.len() != attributes.len() {
        return None;
    }
    let rdn = |(set, attributes): (Any, Vec<Attribute>)| {
        let sequences = sequences(&set).filter(|sequences| sequences.len() == attributes.len())?;
        let members: Vec<Member> = std::iter::zip(sequences, attributes)
            .map(|(sequence, attribute)| Member { sequence, attribute })
            .collect();
        (!members.is_empty() && members.iter().all(is_valid)).then_some(Rdn { set, members })
    };
    std::iter::zip(sets, attributes).map(rdn).collect()
}

/// The members of a SET, in their original order.
fn sequences(set: &Any) -> Option<Vec<Any>> {
    if set.tag() != Tag::Set {
        return None;
    }
    let mut reader = SliceReader::new(set.value()).ok()?;
    let mut members = Vec::new();
    while !reader.is_finished() {
        members.push(Any::decode(&mut reader).ok().filter(|any| any.tag() == Tag::Sequence)?);
    }
    Some(members)
}

/// True if type and value fill the sequence, each with the shortest form of its length, and the type is one.
fn is_valid(member: &Member) -> bool {
    let Member { sequence, attribute } = member;
    let parts = sequence.value();
    let length = |contents: &[u8]| AnyRef::new(Tag::OctetString, contents).and_then(|any| any.encoded_len());
    let Ok(before) = length(&attribute.oid).and_then(usize::try_from) else { return false };
    let Some(value) = parts.get(before..) else { return false };
    let has_value = value.len() >= 2
        && SliceReader::new(&value[1..])
            .and_then(|mut reader| Length::decode(&mut reader).map(|said| (said, reader.remaining_len())))
            .is_ok_and(|(said, rest)| said == rest);
    let arcs = attribute.oid.split_inclusive(|&byte| byte < 0x80);
    let is_oid = !attribute.oid.is_empty()
        && arcs.clone().all(|arc| arc[0] != 0x80 && arc.last().is_some_and(|&byte| byte < 0x80));
    is_oid && has_value
}
