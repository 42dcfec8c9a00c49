//! The chain check of rustls-webpki, for every name.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::finding::Findings;
use super::{Code, Finding, Owner, words};
use crate::certificate::Certificate;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, Leaf, Set};

/// Checks every leaf against the CA, and a server's for each of its names.
pub(super) fn check(set: &Set, ca: &Certificate, now: OffsetDateTime) -> Vec<Finding> {
    // The trust anchor is the top of the CA's own file, as far as signatures can be checked here; what is between it
    // and the leaf is checked too.
    let mut chain = vec![ca];
    for above in set.ca.certificate.sound().into_iter().flat_map(CertificateFile::above) {
        if !chain.last().is_some_and(|below| below.signature(&above.public_key).is_good()) {
            break;
        }
        chain.push(above);
    }
    // What is beside the CA in its file, or is sent along, may stand between.
    let beside = set.ca.certificate.sound().map_or(&[][..], |file| &file.chain);
    set.leaves
        .iter()
        .enumerate()
        .flat_map(|(at, leaf)| {
            let along = leaf.files.certificate.sound().map_or(&[][..], |file| &file.chain);
            let path: Vec<&Certificate> = along.iter().chain(beside).chain(chain.iter().copied()).collect();
            check_leaf(Owner::Leaf(at), leaf, &path, now)
        })
        .collect()
}

fn check_leaf(owner: Owner, leaf: &Leaf, chain: &[&Certificate], now: OffsetDateTime) -> Vec<Finding> {
    let mut findings = Findings::new(owner);
    let Some(certificate) = leaf.files.sound_certificate() else { return findings.list };
    let is_server = leaf.role == Role::Server;
    let usage = if is_server { KeyUsage::server_auth() } else { KeyUsage::client_auth() };
    match verify(certificate, chain, usage, now) {
        Err(why) => {
            findings.certificate(Code::Chain, format!("does not verify against the CA: {}", words::of(&why)));
        }
        Ok(()) if is_server => {
            for name in certificate.subject_alt_names.iter().flatten() {
                if !is_valid_for(certificate, name) {
                    let is_address = matches!(name, San::Dns(dns) if dns.parse::<std::net::IpAddr>().is_ok());
                    let why = if is_address {
                        ": an address counts only as an IP name, not as a DNS name"
                    } else {
                        ""
                    };
                    findings.certificate(Code::Chain, format!("is not valid for its own name {name}{why}"));
                }
            }
        }
        Ok(()) => {}
    }
    findings.list
}

/// Whether who trusts the last of `path` trusts the certificate of a server or client; what is before it was sent
/// along.
pub fn trusted(
    certificate: &Certificate,
    role: Role,
    path: &[&Certificate],
    now: OffsetDateTime,
) -> Result<(), String> {
    let usage = if role == Role::Client { KeyUsage::client_auth() } else { KeyUsage::server_auth() };
    verify(certificate, path, usage, now).map_err(|why| words::of(&why).to_owned())
}

fn verify(
    certificate: &Certificate,
    chain: &[&Certificate],
    usage: KeyUsage,
    now: OffsetDateTime,
) -> Result<(), webpki::Error> {
    let mut issuers: Vec<CertificateDer<'_>> =
        chain.iter().map(|issuer| CertificateDer::from(issuer.der.as_slice())).collect();
    let Some(top) = issuers.pop() else { return Err(webpki::Error::UnknownIssuer) };
    let anchor = anchor_from_trusted_cert(&top)?;
    let leaf = CertificateDer::from(certificate.der.as_slice());
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(
            webpki::ALL_VERIFICATION_ALGS,
            &[anchor],
            &issuers,
            unix_time(now),
            usage,
            None,
            None,
        )
        .map(|_| ())
}

fn is_valid_for(certificate: &Certificate, name: &San) -> bool {
    let Some(name) = server_name(name) else { return true };
    let leaf = CertificateDer::from(certificate.der.as_slice());
    EndEntityCert::try_from(&leaf).is_ok_and(|leaf| leaf.verify_is_valid_for_subject_name(&name).is_ok())
}

/// True if a client that asks for the name takes a certificate with these.
pub fn has_name(own: &[San], name: &San) -> bool {
    own.iter().any(|own| match (own, name) {
        (San::Dns(own), San::Dns(name)) => match own.strip_prefix("*.") {
            // RFC 6125 section 6.4.3: a wildcard stands for one whole label.
            Some(rest) => {
                own == name
                    || name.split_once('.').is_some_and(|(label, parent)| !label.is_empty() && parent == rest)
            }
            None => own == name,
        },
        _ => own == name,
    })
}

/// The name as a TLS client would ask for it; mail addresses and URIs are none. A wildcard is asked for by example.
pub fn server_name(name: &San) -> Option<ServerName<'static>> {
    match name {
        San::Dns(name) => {
            let example = name.strip_prefix("*.").map(|rest| format!("any.{rest}"));
            ServerName::try_from(example.unwrap_or_else(|| name.clone())).ok()
        }
        San::Ip(ip) => Some(ServerName::from(*ip)),
        San::Email(_) | San::Uri(_) => None,
    }
}

/// Dates before 1970 are as good as 1970 here: no certificate of ours is valid then.
pub(super) fn unix_time(at: OffsetDateTime) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(at.unix_timestamp()).unwrap_or_default()))
}
