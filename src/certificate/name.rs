//! Alternative names as certificates have them.

use std::net::IpAddr;

use x509_parser::extensions::GeneralName;

use crate::san::San;

/// The names that this tool knows, and how many it does not.
pub(super) fn alternative_names(general: &[GeneralName<'_>]) -> (Vec<San>, usize) {
    let known: Vec<San> = general.iter().filter_map(alternative_name).collect();
    let other = general.len() - known.len();
    (known, other)
}

fn alternative_name(general: &GeneralName<'_>) -> Option<San> {
    match general {
        GeneralName::DNSName(name) => Some(San::from_certificate_dns(name)),
        GeneralName::RFC822Name(name) => Some(San::Email((*name).to_owned())),
        GeneralName::URI(uri) => Some(San::Uri((*uri).to_owned())),
        GeneralName::IPAddress(bytes) => {
            let ip = <[u8; 4]>::try_from(*bytes)
                .map(IpAddr::from)
                .or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            ip.ok().map(San::Ip)
        }
        _ => None,
    }
}
