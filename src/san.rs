//! Subject alternative names (RFC 5280 section 4.2.1.6): the names that clients check.

use std::fmt;
use std::net::IpAddr;

use crate::error::{Failure, Result};
use crate::foreign::quoted;

#[cfg(test)]
mod tests;

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

    /// The name as a certificate has it, where it is one that `parse` could have made.
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

    /// As `--san` takes it; `None` where it takes no such name, though a certificate from elsewhere may have one.
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

/// Adds the names that are not there yet, in order.
pub fn add_missing(names: &mut Vec<San>, more: impl IntoIterator<Item = San>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}

/// Why a text is not a name, before anyone knows which flag it came from.
struct Refused {
    why: String,
    hint: String,
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Refused {
    Refused { why: why.into(), hint: hint.into() }
}

fn parse(text: &str) -> Result<San, Refused> {
    if text.is_empty() {
        return Err(refused("a name is missing", "give a DNS name or an IP address, such as db.example.com"));
    }
    if let Some(bad) = text.chars().find(|c| c.is_control() || c.is_whitespace()) {
        return Err(refused(format!("contains {bad:?}"), "names have no spaces, tabs or line breaks"));
    }
    if let Some((kind, rest)) = text.split_once(':') {
        match kind.to_ascii_lowercase().as_str() {
            "dns" => return parse_dns(rest).map(San::Dns),
            "ip" => return parse_ip(rest),
            "email" => return parse_email(rest),
            "uri" => return parse_uri(rest),
            _ => {}
        }
    }
    recognise(text)
}

fn recognise(text: &str) -> Result<San, Refused> {
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Ok(San::Ip(ip));
    }
    if let Some((scheme, rest)) = text.split_once("://") {
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let host = without_port(authority).unwrap_or(authority);
        return match scheme.to_ascii_lowercase().as_str() {
            "http" | "https" | "tcp" | "grpc" | "grpcs" | "tls" => Err(refused(
                "a URL, not a name",
                format!(
                    "use {}, or {} if a URI name is really wanted",
                    quoted(host),
                    quoted(format!("URI:{text}"))
                ),
            )),
            _ => parse_uri(text),
        };
    }
    if text.contains('/') {
        return Err(refused("neither a name nor an address", "certificates have no address ranges or paths"));
    }
    if text.contains('@') {
        return parse_email(text);
    }
    if let Some(host) = without_port(text) {
        return Err(refused("has a port, and certificates have none", format!("use {}", quoted(host))));
    }
    if text.contains(':') {
        if text.to_ascii_lowercase().starts_with("urn:") {
            return parse_uri(text);
        }
        return Err(refused(
            "not an IPv6 address",
            "write it as ::1 or 2001:db8::7, without brackets or zone",
        ));
    }
    parse_dns(text).map(San::Dns)
}

/// The host where the text is `host:port`, `[v6]:port` or `[v6]`.
fn without_port(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, after) = rest.split_once(']')?;
        let is_port = after.is_empty() || after.strip_prefix(':').is_some_and(is_digits);
        return (host.parse::<IpAddr>().is_ok() && is_port).then_some(host);
    }
    let (host, port) = text.split_once(':')?;
    (is_digits(port) && !host.is_empty()).then_some(host)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// As an address's part: decimal, octal, or hexadecimal with `0x`.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix("0x");
    digits.map_or_else(|| is_digits(text), |digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn parse_ip(text: &str) -> Result<San, Refused> {
    text.parse().map(San::Ip).map_err(|_| match without_port(text) {
        Some(host) => refused("not a plain IP address", format!("use {}", quoted(format!("IP:{host}")))),
        None => refused("not an IP address", "write it as IP:10.0.0.7 or IP:2001:db8::7"),
    })
}

/// A host name by RFC 1123's rules, with `_` besides (Docker's service names have it) and `*` as a whole first label.
fn parse_dns(text: &str) -> Result<String, Refused> {
    if !text.is_ascii() {
        return Err(match a_label_form(text) {
            Some(ascii) => refused(
                "not ASCII, as names in certificates are",
                format!("use its A-label form, {}", quoted(ascii)),
            ),
            None => refused("not ASCII, as names in certificates are", "use the A-label form (xn--...)"),
        });
    }
    if let Some(name) = text.strip_suffix('.') {
        return Err(refused(
            "ends with a dot, which certificates leave out",
            format!("use {}", quoted(name)),
        ));
    }
    if text.len() > 253 {
        return Err(refused(
            format!("{} characters, but a DNS name has at most 253", text.len()),
            "shorten it",
        ));
    }
    let name = text.to_ascii_lowercase();
    let (wildcard, rest) = match name.strip_prefix("*.") {
        Some(rest) => (true, rest),
        None => (false, name.as_str()),
    };
    for label in rest.split('.') {
        check_label(label)?;
    }
    if wildcard && !rest.contains('.') {
        return Err(refused(
            "a wildcard needs two labels after it, or clients refuse it",
            format!("use a wildcard under a domain, such as {}", quoted(format!("*.db.{rest}"))),
        ));
    }
    // Every parser of addresses takes such a name for a broken IPv4 address (WHATWG URL, "ends in a number").
    if rest.rsplit('.').next().is_some_and(is_number) {
        return Err(refused("not an IPv4 address, and a name does not end in a number", "check the address"));
    }
    Ok(name)
}

/// The name in ASCII, for a hint: Punycode (RFC 3492) of the lower-case labels. The mapping of rarer characters
/// would bring half a megabyte of tables into the program.
fn a_label_form(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let labels = lower.split('.').map(|label| {
        if label.is_ascii() {
            return Some(label.to_owned());
        }
        idna::punycode::encode_str(label).map(|encoded| format!("xn--{encoded}"))
    });
    labels.collect::<Option<Vec<_>>>().map(|labels| labels.join("."))
}

fn check_label(label: &str) -> Result<(), Refused> {
    if label.is_empty() {
        return Err(refused("has an empty label", "a DNS name is labels with single dots between them"));
    }
    if label.contains('*') {
        return Err(refused(
            "a wildcard must be the whole first label",
            "write it as *.example.com, or list the names one by one",
        ));
    }
    if label.len() > 63 {
        return Err(refused(
            format!("has a label of {} characters, but 63 is the limit", label.len()),
            "shorten it",
        ));
    }
    if let Some(bad) = label.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))) {
        return Err(refused(
            format!("{bad:?} is not allowed in a host name"),
            "letters, digits, '-' and '_' are, and dots between labels",
        ));
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(refused(format!("the label {label:?} begins or ends with '-'"), "leave that '-' out"));
    }
    Ok(())
}

fn parse_email(text: &str) -> Result<San, Refused> {
    let hint = "write it as user@example.com";
    let Some((local, domain)) = text.rsplit_once('@') else {
        return Err(refused("not a mail address", hint));
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
    let dots_ok = !local.starts_with('.') && !local.ends_with('.') && !local.contains("..");
    if local.is_empty() || local.len() > 64 || !local.chars().all(allowed) || !dots_ok {
        return Err(refused("not a mail address", hint));
    }
    let domain = parse_dns(domain)?;
    if domain.starts_with("*.") {
        return Err(refused("a mail address has no wildcard", hint));
    }
    Ok(San::Email(format!("{local}@{domain}")))
}

fn parse_uri(text: &str) -> Result<San, Refused> {
    let hint = "write it with its scheme, such as spiffe://cluster.local/milvus";
    let (scheme, rest) = text.split_once(':').ok_or_else(|| refused("a URI without a scheme", hint))?;
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    // RFC 3986: printable ASCII without the characters it excludes.
    let excluded = |c: char| !c.is_ascii_graphic() || "\"<>\\^`{|}".contains(c);
    if !scheme_ok || rest.trim_start_matches('/').is_empty() || rest.contains(excluded) {
        return Err(refused("not a URI", hint));
    }
    Ok(San::Uri(text.to_owned()))
}
