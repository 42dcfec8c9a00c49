//! Distinguished names: what a certificate says about whom.
//!
//! A [`Subject`] is parsed once, with the limits of X.520 (`RFC 5280`, appendix A.1: the `ub-` bounds), and is
//! then either written as it stands or laid over the one that a certificate already has.

use std::fmt;

use crate::error::{Failure, Result};

#[cfg(test)]
mod tests;

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
    #[must_use]
    pub fn oid(self) -> &'static [u64] {
        match self {
            Self::Country => &[2, 5, 4, 6],
            Self::State => &[2, 5, 4, 8],
            Self::Locality => &[2, 5, 4, 7],
            Self::Organization => &[2, 5, 4, 10],
            Self::OrganizationalUnit => &[2, 5, 4, 11],
            Self::CommonName => &[2, 5, 4, 3],
        }
    }

    fn from_oid(oid: &[u64]) -> Option<Self> {
        Self::ALL.into_iter().find(|attribute| attribute.oid() == oid)
    }

    /// The short name that OpenSSL and RFC 4514 use.
    #[must_use]
    pub fn short_name(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::State => "ST",
            Self::Locality => "L",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::CommonName => "CN",
        }
    }

    /// The largest number of characters (RFC 5280, appendix A.1).
    fn limit(self) -> usize {
        match self {
            Self::Country => 2,
            Self::State | Self::Locality => 128,
            Self::Organization | Self::OrganizationalUnit | Self::CommonName => 64,
        }
    }
}

/// How an attribute's value is encoded in a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are X.680's")]
pub enum Encoding {
    Printable,
    Utf8,
    Ia5,
    Bmp,
    Teletex,
    Universal,
}

/// One attribute of a distinguished name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribute {
    /// The attribute type's object identifier.
    pub oid: Vec<u64>,
    /// How the value is written.
    pub encoding: Encoding,
    /// The value.
    pub value: String,
}

/// A distinguished name: attributes in order, each type at most once.
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Subject {
    attributes: Vec<Attribute>,
}

impl Subject {
    /// A name read from a certificate, as it stands there.
    #[must_use]
    pub fn from_attributes(attributes: Vec<Attribute>) -> Self {
        Self { attributes }
    }

    /// The attributes in the order in which they are written.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// True if there is no attribute at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.attributes.is_empty()
    }

    /// The value of the attribute, if the name has it.
    #[must_use]
    pub fn value(&self, attribute: AttributeType) -> Option<&str> {
        self.attributes.iter().find(|a| a.oid == attribute.oid()).map(|a| a.value.as_str())
    }

    /// The common name, if there is one.
    #[must_use]
    pub fn common_name(&self) -> Option<&str> {
        self.value(AttributeType::CommonName)
    }

    /// Sets one attribute to what `flag` says; an empty value leaves the attribute out.
    ///
    /// An attribute that is new to the name goes where gen.sh would have written it.
    pub fn with(mut self, attribute: AttributeType, flag: &str, value: &str) -> Result<Self> {
        let at = self.attributes.iter().position(|a| a.oid == attribute.oid());
        if value.is_empty() {
            if let Some(at) = at {
                self.attributes.remove(at);
            }
            return Ok(self);
        }
        let new = parse_attribute(attribute, flag, value)?;
        match at {
            Some(at) => self.attributes[at] = new,
            None => {
                let at = self
                    .attributes
                    .iter()
                    .position(|a| AttributeType::from_oid(&a.oid).is_some_and(|other| other > attribute))
                    .unwrap_or(self.attributes.len());
                self.attributes.insert(at, new);
            }
        }
        Ok(self)
    }
}

fn parse_attribute(attribute: AttributeType, flag: &str, value: &str) -> Result<Attribute> {
    if let Some(control) = value.chars().find(|c| c.is_control()) {
        return Err(Failure::usage(format!("{flag} {value:?}: contains the control character {control:?}"))
            .hint("type the name without line breaks, tabs or NUL"));
    }
    if attribute == AttributeType::Country {
        if value.len() != 2 || !value.bytes().all(|b| b.is_ascii_alphabetic()) {
            return Err(Failure::usage(format!("{flag} {value:?}: a country is two letters"))
                .hint("use the ISO 3166 code, such as CN, DE or US, or '' to leave the country out"));
        }
        return Ok(Attribute {
            oid: attribute.oid().to_vec(),
            encoding: Encoding::Printable,
            value: value.to_ascii_uppercase(),
        });
    }
    let (length, limit) = (value.chars().count(), attribute.limit());
    if length > limit {
        return Err(Failure::usage(format!(
            "{flag} {value:?}: {length} characters, but {} holds at most {limit} (RFC 5280)",
            attribute.short_name()
        ))
        .hint(match attribute {
            AttributeType::CommonName => "use a shorter CN and give the long name with --san",
            _ => "shorten it, or use '' to leave it out",
        }));
    }
    Ok(Attribute { oid: attribute.oid().to_vec(), encoding: Encoding::Utf8, value: value.to_owned() })
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, attribute) in self.attributes.iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match AttributeType::from_oid(&attribute.oid) {
                Some(known) => f.write_str(known.short_name())?,
                None => {
                    let dotted: Vec<String> = attribute.oid.iter().map(u64::to_string).collect();
                    f.write_str(&dotted.join("."))?;
                }
            }
            f.write_str("=")?;
            // A name comes from a file that anyone may have made: nothing in it may steer the terminal.
            for c in attribute.value.chars() {
                if c.is_control() {
                    write!(f, "{}", c.escape_default())?;
                } else {
                    write!(f, "{c}")?;
                }
            }
        }
        Ok(())
    }
}
