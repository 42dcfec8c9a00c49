//! The names that clients will use, and those of the certificate.

use super::clients::{Case, Client, Part};
use super::{Code, Finding, Owner, Place, chain};
use crate::certificate::Certificate;
use crate::files::FileKind;
use crate::profile::Role;
use crate::san::San;
use crate::set::Set;

/// `--name`: what clients will call the server must be in its certificate.
pub(super) fn check(set: &Set, asked: &[San]) -> Vec<Finding> {
    let Some(at) = set.leaves.iter().position(|leaf| leaf.role.serves()) else { return Vec::new() };
    let Some(certificate) = set.leaves[at].files.parsed_certificate() else { return Vec::new() };
    let pem = Owner::Leaf(at).file(FileKind::Certificate);
    asked.iter().filter_map(|name| name_not_in_san(pem, certificate, name)).collect()
}

/// A finding if the certificate is not valid for that name.
pub fn name_not_in_san(at: Place, certificate: &Certificate, name: &San) -> Option<Finding> {
    let own = certificate.subject_alt_names.as_deref().unwrap_or_default();
    let common = certificate.subject.common_name();
    let is_common =
        matches!(name, San::Dns(name) if common.is_some_and(|own| own.eq_ignore_ascii_case(name)));
    // Without any name, no-san has the clients that use the CN.
    if chain::has_name(own, name) || own.is_empty() && is_common {
        return None;
    }
    let list = own.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut message = match own {
        [] => format!("is not for {name}"),
        _ => format!("is not for {name}, but for {list}"),
    };
    let is_as_dns = matches!(name, San::Ip(ip) if own.contains(&San::Dns(ip.to_string())));
    if is_as_dns {
        message.push_str("; an address counts only as an IP name, not as a DNS name");
    }
    let case = match name {
        _ if own.is_empty() => Case::NoName,
        San::Ip(_) if is_as_dns => Case::IpAsDns,
        San::Ip(_) => Case::Ip,
        _ if is_common && !own.iter().any(|own| matches!(own, San::Dns(_))) => Case::CommonName,
        _ => Case::Any,
    };
    let of_kind = |is_ip: bool| {
        let names = own
            .iter()
            .filter(|own| matches!(own, San::Ip(_)) == is_ip && matches!(own, San::Ip(_) | San::Dns(_)));
        names.map(ToString::to_string).collect::<Vec<_>>().join(", ")
    };
    let is_ip = matches!(name, San::Ip(_));
    let mut finding = Finding::new(Code::NameNotInSan, at, message);
    let go = match (is_ip, of_kind(is_ip)) {
        (true, ips) if ips.is_empty() => {
            format!("x509: cannot validate certificate for {name} because it doesn't contain any IP SANs")
        }
        (false, names) if names.is_empty() => {
            format!("x509: certificate is not valid for any names, but wanted to match {name}")
        }
        (_, names) => format!("x509: certificate is valid for {names}, not {name}"),
    };
    finding.rate(case, Part::Server, Role::Server).says(Client::Go, go);
    Some(finding)
}
