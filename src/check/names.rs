//! The names that clients will use, and those of the certificate.

use super::{Code, Finding, Owner, Place, chain};
use crate::files::FileKind;
use crate::san::San;
use crate::set::Set;

/// `--name`: what clients will call the server must be in its certificate.
pub(super) fn check(set: &Set, asked: &[San]) -> Vec<Finding> {
    let Some(at) = set.leaves.iter().position(|leaf| leaf.role.serves()) else { return Vec::new() };
    let Some(certificate) = set.leaves[at].files.sound_certificate() else { return Vec::new() };
    let own = certificate.subject_alt_names.as_deref().unwrap_or_default();
    if own.is_empty() {
        // no-san says it.
        return Vec::new();
    }
    let pem = Owner::Leaf(at).file(FileKind::Certificate);
    let lacking = asked.iter().filter(|name| !chain::has_name(own, name));
    lacking.map(|name| name_not_in_san(pem, own, name)).collect()
}

/// The certificate is not for that name.
pub fn name_not_in_san(at: Place, own: &[San], name: &San) -> Finding {
    let list = own.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut message = format!("is not for {name}, but for {list}");
    if let San::Ip(ip) = name
        && own.contains(&San::Dns(ip.to_string()))
    {
        message.push_str("; an address counts only as an IP name, not as a DNS name");
    }
    let of_kind = |is_ip: bool| {
        let names = own
            .iter()
            .filter(|own| matches!(own, San::Ip(_)) == is_ip && matches!(own, San::Ip(_) | San::Dns(_)));
        names.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let is_ip = matches!(name, San::Ip(_));
    let mut finding = Finding::new(Code::NameNotInSan, at, message);
    match (is_ip, of_kind(is_ip)) {
        (true, ips) if ips.is_empty() => finding.seen(format!(
            "Go: x509: cannot validate certificate for {name} because it doesn't contain any IP SANs"
        )),
        (false, names) if names.is_empty() => finding
            .seen(format!("Go: x509: certificate is not valid for any names, but wanted to match {name}")),
        (_, names) => finding.seen(format!("Go: x509: certificate is valid for {names}, not {name}")),
    };
    finding.seen(if is_ip { "OpenSSL: IP address mismatch" } else { "OpenSSL: hostname mismatch" });
    finding.seen("pymilvus: Hostname Verification Check failed");
    finding
}
