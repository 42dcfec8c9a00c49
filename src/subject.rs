//! Distinguished names: what a certificate says about whom.
//!
//! A [`Subject`] is kept as its DER. Ours is parsed once from what a flag says, with the limits of X.520 (`RFC 5280`,
//! appendix A.1: the `ub-` bounds). One that somebody else wrote is copied byte for byte into what is signed: a
//! verifier compares the issuer's bytes with the CA's, and no encoder reproduces every name byte for byte
//! (several OUs, sets of attributes, old kinds of strings).

use std::fmt;

use crate::error::{Failure, Result};

mod attribute;
mod read;
#[cfg(test)]
mod tests;

pub use attribute::AttributeType;

use attribute::{Attribute, fault};
use read::{Member, Rdn};

/// A distinguished name.
///
/// ```
/// use milvus_certgen::subject::{AttributeType, Subject};
///
/// let subject = Subject::default()
///     .with(AttributeType::Country, "--country", "CN")?
///     .with(AttributeType::CommonName, "--cn", "localhost")?;
/// assert_eq!(subject.to_string(), "C=CN, CN=localhost");
/// # Ok::<(), milvus_certgen::error::Failure>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// Its DER: two names are the same if these bytes are.
    pub der: Vec<u8>,
    /// For people, as RFC 4514 has it but in the order of the DER: `C=CN, O=milvus, CN=localhost`.
    pub text: String,
    /// `None` where the bytes are no name in DER.
    rdns: Option<Vec<Rdn>>,
}

impl Default for Subject {
    /// The empty name.
    fn default() -> Self {
        Self { der: vec![0x30, 0], text: String::new(), rdns: Some(Vec::new()) }
    }
}

impl Subject {
    /// A name as a certificate or a request has it.
    pub fn from_der(der: &[u8]) -> Self {
        let attributes = read::attributes(der);
        let text = match &attributes {
            Some(attributes) => text(attributes.iter().map(Vec::as_slice)),
            None => "a name that cannot be read".to_owned(),
        };
        let rdns = attributes.and_then(|attributes| read::rdns(der, attributes));
        Self { der: der.to_vec(), text, rdns }
    }

    fn of(rdns: Vec<Rdn>) -> der::Result<Self> {
        let der = read::der_of(&rdns)?;
        let attributes: Vec<Vec<Attribute>> = rdns
            .iter()
            .map(|rdn| rdn.members.iter().map(|member| member.attribute.clone()).collect())
            .collect();
        Ok(Self { der, text: text(attributes.iter().map(Vec::as_slice)), rdns: Some(rdns) })
    }

    /// True if it is a name in DER: one that may stand in a certificate.
    pub fn is_valid(&self) -> bool {
        self.rdns.is_some()
    }

    /// True without any attribute.
    pub fn is_empty(&self) -> bool {
        self.rdns.as_ref().is_some_and(Vec::is_empty)
    }

    fn attributes(&self) -> impl DoubleEndedIterator<Item = &Attribute> {
        self.rdns.iter().flatten().flat_map(|rdn| &rdn.members).map(|member| &member.attribute)
    }

    /// The value of the attribute, if the name has it; the last one counts, which is the most specific.
    pub fn value(&self, attribute: AttributeType) -> Option<&str> {
        let oid = attribute.oid().as_bytes();
        self.attributes().rev().find(|attribute| attribute.oid == oid).and_then(Attribute::text)
    }

    /// The common name, if it has one.
    pub fn common_name(&self) -> Option<&str> {
        self.value(AttributeType::CommonName)
    }

    /// Why an existing name should not be signed; completes a sentence that begins with a file's name.
    pub fn fault(&self) -> Option<String> {
        if !self.is_valid() {
            return Some(format!("its subject is not a valid DER name: {}", self.text));
        }
        self.attributes().find_map(|one| one.fault().map(|why| format!("its {} {why}", one.name())))
    }

    /// Sets one attribute to what `flag` says; an empty value leaves the attribute out. It occurs once afterwards.
    ///
    /// An attribute that is new to the name goes where gen.sh would have written it.
    pub fn with(self, attribute: AttributeType, flag: &str, value: &str) -> Result<Self> {
        let new = if value.is_empty() { None } else { Some(parse_attribute(attribute, flag, value)?) };
        let Some(rdns) = self.rdns else {
            return Err(Failure::failed(format!("{flag} {value:?}: the subject is not a valid DER name"))
                .hint("leave the flag out, or make the certificate anew elsewhere"));
        };
        laid_over(rdns, attribute, new)
            .and_then(Self::of)
            .map_err(|e| Failure::failed(format!("{flag} {value:?}: cannot be encoded: {e}")))
    }
}

/// The new attribute takes the place of the first of its type, and the others are removed.
fn laid_over(old: Vec<Rdn>, attribute: AttributeType, mut new: Option<Member>) -> der::Result<Vec<Rdn>> {
    let oid = attribute.oid().as_bytes();
    let mut rdns = Vec::with_capacity(old.len() + 1);
    for rdn in old {
        if rdn.members.iter().all(|member| member.attribute.oid != oid) {
            rdns.push(rdn);
            continue;
        }
        let mut members = rdn.members;
        members.retain(|member| member.attribute.oid != oid);
        members.extend(new.take());
        if !members.is_empty() {
            rdns.push(Rdn::of(members)?);
        }
    }
    if let Some(new) = new {
        let comes_after = |member: &Member| {
            AttributeType::from_oid(&member.attribute.oid).is_some_and(|other| other > attribute)
        };
        let at = rdns.iter().position(|rdn| rdn.members.iter().any(comes_after)).unwrap_or(rdns.len());
        rdns.insert(at, Rdn::of(vec![new])?);
    }
    Ok(rdns)
}

fn parse_attribute(attribute: AttributeType, flag: &str, value: &str) -> Result<Member> {
    if let Some(why) = fault(attribute, value) {
        return Err(Failure::usage(format!("{flag} {value:?}: {why}")).hint(match attribute {
            _ if why.starts_with("contains") => "type the name without line breaks, tabs or NUL",
            AttributeType::Country => {
                "use the ISO 3166 code, such as CN, DE or US, or '' to leave the country out"
            }
            AttributeType::CommonName => "use a shorter CN and give the long name with --san",
            _ => "shorten it, or use '' to leave it out",
        }));
    }
    let value =
        if attribute == AttributeType::Country { value.to_ascii_uppercase() } else { value.to_owned() };
    Member::new(attribute, &value)
        .map_err(|e| Failure::failed(format!("{flag} {value:?}: cannot be encoded: {e}")))
}

/// `+` between the attributes of a set, a comma between sets.
fn text<'a>(rdns: impl Iterator<Item = &'a [Attribute]>) -> String {
    let mut text = String::new();
    for (i, attributes) in rdns.enumerate() {
        for (j, attribute) in attributes.iter().enumerate() {
            text.push_str(match (i, j) {
                (0, 0) => "",
                (_, 0) => ", ",
                _ => " + ",
            });
            text.push_str(&attribute.name());
            text.push('=');
            attribute.value.write(&mut text);
        }
    }
    text
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
