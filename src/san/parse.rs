//! Parses a name as people type it.

use std::net::IpAddr;

use super::San;
use crate::foreign::quoted;

/// Why a text is not a name, before anyone knows which flag it came from.
pub(super) struct Refused {
    pub(super) why: String,
    pub(super) hint: String,
}

fn refused(why: impl Into<String>, hint: impl Into<String>) -> Refused {
    Refused { why: why.into(), hint: hint.into() }
}

pub(super) fn parse(text: &str) -> Result<San, Refused> {
    if text.is_empty() {
        return Err(refused("a name is missing", "use a DNS name or an IP address, such as db.example.com"));
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
        let why = if text.ends_with(']') {
            "is in brackets, as in a URI; certificates have none"
        } else {
            "has a port, and certificates have none"
        };
        return Err(refused(why, format!("use {}", quoted(host))));
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
            "a wildcard needs two labels after it, or clients reject it",
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
