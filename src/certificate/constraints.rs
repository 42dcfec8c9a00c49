//! `nameConstraints` (RFC 5280 section 4.2.1.10): what a CA may sign for.

use std::fmt;
use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, GeneralSubtree, NameConstraints};

use crate::san::San;

/// The constraints of a CA's certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraints {
    /// The DER of the extension's value: a reissued certificate keeps it.
    pub der: Vec<u8>,
    /// Go's error where it cannot read them.
    pub unreadable: Option<&'static str>,
    permitted: Vec<Subtree>,
    excluded: Vec<Subtree>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Subtree {
    Dns(String),
    /// Address and mask, as long as each other.
    Ip(Vec<u8>, Vec<u8>),
    Email(String),
    /// Kinds that are left to the verifier.
    Other,
}

impl Constraints {
    /// From what x509-parser has read, and the DER that it read.
    pub(super) fn new(parsed: &NameConstraints<'_>, der: &[u8]) -> Self {
        let subtrees = |list: &Option<Vec<GeneralSubtree<'_>>>| -> Vec<Subtree> {
            list.iter().flatten().map(|subtree| Subtree::from(&subtree.base)).collect()
        };
        let [permitted, excluded] =
            [subtrees(&parsed.permitted_subtrees), subtrees(&parsed.excluded_subtrees)];
        let mut all = permitted.iter().chain(&excluded).peekable();
        let unreadable = match all.peek() {
            None => Some("empty name constraints extension"),
            Some(_) => all.find_map(Subtree::unreadable),
        };
        Self { der: der.to_vec(), unreadable, permitted, excluded }
    }

    /// Those of a new CA: these hosts and those below them, and no addresses.
    pub fn of_hosts(hosts: &[String]) -> Self {
        let permitted = hosts.iter().map(|host| Subtree::Dns(host.trim_start_matches("*.").to_owned()));
        let excluded = [4, 16].map(|bytes| Subtree::Ip(vec![0; bytes], vec![0; bytes]));
        Self {
            der: Vec::new(),
            unreadable: None,
            permitted: permitted.collect(),
            excluded: excluded.to_vec(),
        }
    }

    /// True if they say anything of addresses.
    pub fn limit_addresses(&self) -> bool {
        self.permitted.iter().chain(&self.excluded).any(|subtree| matches!(subtree, Subtree::Ip(..)))
    }

    /// True if the CA may sign for the name. A kind of name without a subtree is not constrained.
    pub fn allow(&self, name: &San) -> bool {
        let constrained = self.permitted.iter().any(|subtree| subtree.is_of_kind(name));
        let permitted = !constrained || self.permitted.iter().any(|subtree| subtree.holds(name));
        permitted && !self.excluded.iter().any(|subtree| subtree.holds(name))
    }
}

/// For people: what completes "they permit".
impl fmt::Display for Constraints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts = |subtrees: &[Subtree]| {
            let known: Vec<String> = subtrees.iter().filter_map(Subtree::text).collect();
            known.join(", ")
        };
        let permitted = texts(&self.permitted);
        f.write_str(if permitted.is_empty() { "all names" } else { &permitted })?;
        let excluded = texts(&self.excluded);
        if !excluded.is_empty() {
            write!(f, " except {excluded}")?;
        }
        for (kind, is_all) in [
            ("host names", Subtree::is_all_hosts as fn(&Subtree) -> bool),
            ("IP addresses", Subtree::is_all_addresses),
        ] {
            if self.excluded.iter().any(is_all) {
                write!(f, " and no {kind}")?;
            }
        }
        Ok(())
    }
}

impl From<&GeneralName<'_>> for Subtree {
    fn from(base: &GeneralName<'_>) -> Self {
        match base {
            GeneralName::DNSName(name) => Self::Dns(name.to_ascii_lowercase()),
            GeneralName::IPAddress(bytes) if matches!(bytes.len(), 8 | 32) => {
                let (address, mask) = bytes.split_at(bytes.len() / 2);
                Self::Ip(address.to_vec(), mask.to_vec())
            }
            GeneralName::RFC822Name(base) => Self::Email(base.to_ascii_lowercase()),
            _ => Self::Other,
        }
    }
}

impl Subtree {
    fn is_of_kind(&self, name: &San) -> bool {
        matches!(
            (self, name),
            (Self::Dns(_), San::Dns(_)) | (Self::Ip(..), San::Ip(_)) | (Self::Email(_), San::Email(_))
        )
    }

    fn holds(&self, name: &San) -> bool {
        match (self, name) {
            (Self::Dns(base), San::Dns(name)) => {
                let name = name.strip_prefix("*.").unwrap_or(name);
                match name.strip_suffix(base.as_str()) {
                    // With a dot before it, it is not among the names below it.
                    Some(rest) if base.starts_with('.') => !rest.is_empty(),
                    Some(rest) => base.is_empty() || rest.is_empty() || rest.ends_with('.'),
                    None => false,
                }
            }
            (Self::Ip(address, mask), San::Ip(ip)) => {
                let bytes = bytes(*ip);
                bytes.len() == address.len()
                    && bytes.iter().zip(address).zip(mask).all(|((o, a), m)| o & m == a & m)
            }
            // A mailbox, a host, or with a dot before it the hosts below one.
            (Self::Email(base), San::Email(address)) => {
                let address = address.to_ascii_lowercase();
                let host = address.rsplit('@').next().unwrap_or_default();
                if base.contains('@') {
                    *base == address
                } else if base.starts_with('.') {
                    host.ends_with(base.as_str())
                } else {
                    host == base
                }
            }
            _ => false,
        }
    }

    fn unreadable(&self) -> Option<&'static str> {
        match self {
            Self::Dns(base) if base.ends_with('.') || base.contains("..") => {
                Some("failed to parse dnsName constraint")
            }
            Self::Ip(_, mask) => {
                let bits = mask.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
                let has_gap = bits.skip_while(|bit| *bit == 1).any(|bit| bit == 1);
                has_gap.then_some("IP constraint contained invalid mask")
            }
            Self::Dns(_) | Self::Email(_) | Self::Other => None,
        }
    }

    fn is_all_hosts(&self) -> bool {
        matches!(self, Self::Dns(base) if base.is_empty())
    }

    fn is_all_addresses(&self) -> bool {
        matches!(self, Self::Ip(_, mask) if mask.iter().all(|byte| *byte == 0))
    }

    fn text(&self) -> Option<String> {
        match self {
            _ if self.is_all_hosts() || self.is_all_addresses() => None,
            Self::Dns(base) | Self::Email(base) => Some(base.clone()),
            Self::Ip(address, mask) => {
                let ip = <[u8; 4]>::try_from(address.as_slice())
                    .map(IpAddr::from)
                    .or_else(|_| <[u8; 16]>::try_from(address.as_slice()).map(IpAddr::from))
                    .ok()?;
                let bits: u32 = mask.iter().map(|byte| byte.count_ones()).sum();
                Some(format!("{ip}/{bits}"))
            }
            Self::Other => None,
        }
    }
}

fn bytes(ip: IpAddr) -> Vec<u8> {
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
            unreadable: None,
            permitted: vec![
                Subtree::Dns("db.example".into()),
                Subtree::Dns("localhost".into()),
                Subtree::Dns(".below.example".into()),
                Subtree::Email("mail.example".into()),
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
            ("user@mail.example", true),
            ("user@elsewhere.example", false),
            ("root@secret.example", false),
            ("a.below.example", true),
            ("below.example", false),
            ("xbelow.example", false),
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
        assert_eq!(
            constraints.to_string(),
            "db.example, localhost, .below.example, mail.example, 10.0.0.0/8 except secret.db.example"
        );
        for (mask, readable) in
            [([255, 0, 0, 0], true), ([0; 4], true), ([255; 4], true), ([255, 0, 255, 0], false)]
        {
            assert_eq!(
                Subtree::Ip(vec![10, 0, 0, 0], mask.to_vec()).unreadable().is_none(),
                readable,
                "{mask:?}"
            );
        }
        let hosts = Constraints::of_hosts(&["*.db.example".to_owned(), "localhost".to_owned()]);
        assert_eq!(hosts.to_string(), "db.example, localhost and no IP addresses");
        for (name, allowed) in
            [("a.db.example", true), ("127.0.0.1", false), ("::1", false), ("example", false)]
        {
            assert_eq!(hosts.allow(&San::parse("--san", name).unwrap()), allowed, "{name}");
        }
    }
}
