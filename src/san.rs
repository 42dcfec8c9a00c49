//! Subject alternative names (RFC 5280 section 4.2.1.6): the names that clients check.

use std::fmt;
use std::net::IpAddr;

use crate::error::{Failure, Result};

mod parse;
#[cfg(test)]
mod tests;

use parse::{Refused, parse};

/// One subject alternative name, of a kind that the TLS world uses.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum San {
    /// A DNS name in lower case, perhaps with `*` as its first label.
    Dns(String),
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A mail address (`rfc822Name`).
    Email(String),
    /// A URI with its scheme, such as `spiffe://cluster/milvus`.
    Uri(String),
}

impl San {
    /// Parses what a person types: a kind recognised by itself, or one said with OpenSSL's prefix
    /// (`DNS:`, `IP:`, `email:`, `URI:`). `flag` is named in the error.
    ///
    /// ```
    /// use milvus_certgen::san::San;
    ///
    /// assert_eq!(San::parse("--san", "DB.example.com")?, San::Dns("db.example.com".into()));
    /// assert_eq!(San::parse("--san", "IP:::1")?, San::Ip("::1".parse().unwrap()));
    /// assert!(San::parse("--san", "localhost:19530").is_err());
    /// # Ok::<(), milvus_certgen::error::Failure>(())
    /// ```
    pub fn parse(flag: &str, text: &str) -> Result<Self> {
        parse(text)
            .map_err(|Refused { why, hint }| Failure::usage(format!("{flag} {text:?}: {why}")).hint(hint))
    }

    /// The name as a certificate has it, if `parse` accepts it.
    pub fn from_certificate_dns(name: &str) -> Self {
        Self::Dns(name.to_ascii_lowercase())
    }

    /// The same name, with an address that was written as a DNS name as an address.
    pub fn as_clients_read_it(&self) -> Self {
        match self {
            Self::Dns(name) => name.parse().map_or_else(|_| self.clone(), Self::Ip),
            _ => self.clone(),
        }
    }

    /// The value for `--san`; `None` for a name that it does not accept, though other tools' certificates may have it.
    pub fn flag_value(&self) -> Option<String> {
        let text = match self {
            Self::Uri(uri) => format!("URI:{uri}"),
            other => other.value(),
        };
        parse(&text).ok().filter(|again| again == self).map(|_| text)
    }

    /// True of a name that a server goes by.
    pub fn is_host(&self) -> bool {
        matches!(self, Self::Dns(_) | Self::Ip(_))
    }

    /// The word for the kind, as in the JSON output.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Dns(_) => "dns",
            Self::Ip(_) => "ip",
            Self::Email(_) => "email",
            Self::Uri(_) => "uri",
        }
    }

    /// The kind in a sentence.
    pub fn in_words(&self) -> &'static str {
        match self {
            Self::Dns(_) => "a DNS name",
            Self::Ip(_) => "an IP address",
            Self::Email(_) => "a mail address",
            Self::Uri(_) => "a URI",
        }
    }

    /// The name without its kind.
    pub fn value(&self) -> String {
        match self {
            Self::Dns(name) | Self::Email(name) | Self::Uri(name) => name.clone(),
            Self::Ip(ip) => ip.to_string(),
        }
    }
}

impl fmt::Display for San {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.value())
    }
}

/// The names that a common name stands for: itself, and for `localhost` both loopback addresses too.
///
/// `None` where the common name is none that a client can check (a person's name, a title, a mail address).
pub fn names_of_common_name(common_name: &str) -> Option<Vec<San>> {
    let name = parse(common_name).ok()?;
    if !name.is_host() {
        return None;
    }
    let mut names = vec![name];
    if names[0] == San::Dns("localhost".to_owned()) {
        names.push(San::Ip(IpAddr::from([127, 0, 0, 1])));
        names.push(San::Ip(std::net::Ipv6Addr::LOCALHOST.into()));
    }
    Some(names)
}

/// True for the addresses that come with the name `localhost`.
pub fn is_loopback(name: &San) -> bool {
    names_of_common_name("localhost").is_some_and(|names| matches!(name, San::Ip(_)) && names.contains(name))
}

/// Adds the names that are missing, in order.
pub fn add_missing(names: &mut Vec<San>, more: impl IntoIterator<Item = San>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}
