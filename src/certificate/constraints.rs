//! `nameConstraints` (RFC 5280 section 4.2.1.10): what a CA may sign for.

use std::fmt;
use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};

use crate::san::San;

/// The constraints of a CA's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// The DER of the extension's value: a certificate that is signed again carries it on.
    pub der: Vec<u8>,
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subtree {
    Dns(String),
    /// Address and mask, as long as each other.
    Ip(Vec<u8>, Vec<u8>),
    /// Kinds that are left to the verifier.
    Other,
}

impl Constraints {
    /// From what x509-parser has read, and the DER that it read.
    pub(super) fn new(parsed: &NameConstraints<'_>, der: &[u8]) -> Self {
        let subtrees = |list: &Option<Vec<GeneralSubtree<'_>>>| {
            list.iter().flatten().map(|subtree| Subtree::from(&subtree.base)).collect()
        };
        Self {
            der: der.to_vec(),
            permitted: subtrees(&parsed.permitted_subtrees),
            excluded: subtrees(&parsed.excluded_subtrees),
        }
    }

    /// True if the CA may sign for the name. A kind of name without a subtree is not constrained.
    #[must_use]
    pub fn allow(&self, name: &San) -> bool {
        let constrained = self.permitted.iter().any(|subtree| subtree.is_of_kind(name));
        let permitted = !constrained || self.permitted.iter().any(|subtree| subtree.holds(name));
        permitted && !self.excluded.iter().any(|subtree| subtree.holds(name))
    }
}

/// The permitted subtrees, for people.
impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known: Vec<String> = self.permitted.iter().filter_map(Subtree::text).collect();
        f.write_str(&known.join(", "))
    }
}

impl From<&GeneralName<'_>> for Subtree {
    fn from(base: &GeneralName<'_>) -> Self {
        match base {
            GeneralName::DNSName(name) => Self::Dns(name.to_ascii_lowercase()),
            GeneralName::IPAddress(octets) if matches!(octets.len(), 8 | 32) => {
                let (address, mask) = octets.split_at(octets.len() / 2);
                Self::Ip(address.to_vec(), mask.to_vec())
            }
            _ => Self::Other,
        }
    }
}

impl Subtree {
    fn is_of_kind(&self, name: &San) -> bool {
        matches!((self, name), (Self::Dns(_), San::Dns(_)) | (Self::Ip(..), San::Ip(_)))
    }

    fn holds(&self, name: &San) -> bool {
        match (self, name) {
            (Self::Dns(base), San::Dns(name)) => {
                let name = name.strip_prefix("*.").unwrap_or(name);
                let base = base.strip_prefix('.').unwrap_or(base);
                base.is_empty()
                    || name.strip_suffix(base).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            (Self::Ip(address, mask), San::Ip(ip)) => {
                let octets = octets(*ip);
                octets.len() == address.len()
                    && octets.iter().zip(address).zip(mask).all(|((o, a), m)| o & m == a & m)
            }
            _ => false,
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Dns(base) => Some(base.clone()),
            Self::Ip(address, mask) => {
                let ip = <[u8; 4]>::try_from(address.as_slice())
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(address.as_slice()).map(IpAddr::from))
                    .ok()?;
                let bits: u32 = mask.iter().map(|octet| octet.count_ones()).sum();
                Some(format!("{ip}/{bits}"))
            }
            Self::Other => None,
        }
    }
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_held_as_rfc_5280_says() {
        let constraints = Constraints {
            der: Vec::new(),
            permitted: vec![
                Subtree::Dns("db.example".into()),
                Subtree::Dns("localhost".into()),
                Subtree::Ip(vec![10, 0, 0, 0], vec![255, 0, 0, 0]),
            ],
            excluded: vec![Subtree::Dns("secret.db.example".into())],
        };
        for (name, allowed) in [
            ("db.example", true),
            ("a.db.example", true),
            ("*.db.example", true),
            ("localhost", true),
            ("10.1.2.3", true),
            ("user@elsewhere.example", true),
            ("xdb.example", false),
            ("example", false),
            ("*.example.org", false),
            ("secret.db.example", false),
            ("a.secret.db.example", false),
            ("11.1.2.3", false),
            ("::1", false),
        ] {
            assert_eq!(constraints.allow(&San::parse("--san", name).unwrap()), allowed, "{name}");
        }
        assert_eq!(constraints.to_string(), "db.example, localhost, 10.0.0.0/8");
    }
}
