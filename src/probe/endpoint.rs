//! HOST:PORT, as people write it.

use std::fmt;
use std::net::Ipv6Addr;

use crate::error::{Failure, Result};

/// The port of Milvus's gRPC service.
const DEFAULT_PORT: u16 = 19530;

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// A name or an address; IPv6 without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// Takes `HOST`, `HOST:PORT`, `[IPV6]:PORT`, and the URIs that clients are given (`https://HOST:PORT`).
    pub fn parse(text: &str) -> Result<Self> {
        let refuse = |why: &str| {
            Failure::usage(format!("HOST:PORT {text:?}: {why}"))
                .hint("give a host and a port, such as localhost:19530 or [::1]:19530")
        };
        let schemes = ["https://", "http://", "tcp://", "grpc://"];
        let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = match rest.strip_prefix('[') {
            Some(bracketed) => {
                let (host, after) = bracketed.split_once(']').ok_or_else(|| refuse("no ']' after '['"))?;
                let is_v6 = host.split('%').next().is_some_and(|bare| bare.parse::<Ipv6Addr>().is_ok());
                if !is_v6 {
                    return Err(refuse("no IPv6 address between the brackets"));
                }
                match (after, after.strip_prefix(':')) {
                    ("", _) => (host, None),
                    (_, Some(port)) => (host, Some(port)),
                    _ => return Err(refuse("something other than a port after ']'")),
                }
            }
            None if rest.parse::<Ipv6Addr>().is_ok() => (rest, None),
            None => match rest.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (rest, None),
            },
        };
        if host.is_empty() {
            return Err(refuse("a host is missing"));
        }
        if host.contains(|c: char| c.is_whitespace() || c.is_control() || "/@?#".contains(c)) {
            return Err(refuse("no host name"));
        }
        let port = match port {
            None => DEFAULT_PORT,
            Some(port) => match port.parse() {
                Ok(number) if number > 0 && port.bytes().all(|b| b.is_ascii_digit()) => number,
                _ => return Err(refuse("the port is no number from 1 to 65535")),
            },
        };
        Ok(Self { host: host.to_owned(), port })
    }

    /// As HTTP's `:authority` has it: a zone means something on this machine alone, and is no part of it.
    pub fn http_authority(&self) -> String {
        let host = self.host.split('%').next().unwrap_or_default();
        Self { host: host.to_owned(), port: self.port }.to_string()
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, host, port) in [
            ("localhost", "localhost", 19530),
            ("localhost:19531", "localhost", 19531),
            ("127.0.0.1:1", "127.0.0.1", 1),
            ("::1", "::1", 19530),
            ("[::1]", "::1", 19530),
            ("[fe80::1%eth0]:65535", "fe80::1%eth0", 65535),
            ("https://db.example.com:443/", "db.example.com", 443),
            ("http://localhost:19530", "localhost", 19530),
            ("tcp://localhost", "localhost", 19530),
        ] {
            let endpoint = Endpoint::parse(text).unwrap();
            assert_eq!((endpoint.host.as_str(), endpoint.port), (host, port), "{text}");
        }
    }

    #[test]
    fn a_zone_stays_on_this_machine() {
        let endpoint = Endpoint::parse("[fe80::1%eth0]:1").unwrap();
        assert_eq!(
            (endpoint.to_string().as_str(), endpoint.http_authority().as_str()),
            ("[fe80::1%eth0]:1", "[fe80::1]:1")
        );
    }

    #[test]
    fn what_is_no_target_is_refused() {
        for text in [
            "",
            ":19530",
            "localhost:",
            "localhost:0",
            "localhost:65536",
            "localhost:+1",
            "a:b:c",
            "[::1",
            "[::1]x",
            "[localhost]:1",
            "a b",
            "https://",
            "user@host:1",
            "host/path:1",
        ] {
            assert!(Endpoint::parse(text).is_err(), "{text}");
        }
    }
}
