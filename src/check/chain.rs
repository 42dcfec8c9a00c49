//! The chain check of rustls-webpki, for every name.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, ServerName, SignatureVerificationAlgorithm, UnixTime};
use time::OffsetDateTime;
use webpki::{EndEntityCert, KeyUsage, anchor_from_trusted_cert};

use super::findings::Findings;
use super::path::has_allowed_addresses;
use super::{Code, Finding, Fix, Owner, Severity, words};
use crate::certificate::Certificate;
use crate::keys;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, Set, issuers};

/// Checks every leaf against the CAs of ca.pem, and a server's for each of its names. True if all are verified, so that
/// rustls can stand for Milvus and its clients in a handshake.
pub(super) fn check(set: &Set, ca: &CertificateFile, now: OffsetDateTime) -> (Vec<Finding>, bool) {
    let (mut list, mut are_verified) = (Vec::new(), true);
    for (at, leaf) in set.leaves.iter().enumerate() {
        let Some(own) = leaf.files.certificate.parsed() else { continue };
        let mut findings = Findings::new(Owner::Leaf(at), leaf.role);
        are_verified &= check_leaf(&mut findings, leaf.role, own, ca, now);
        list.extend(findings.list);
    }
    (list, are_verified)
}

/// The trust anchors of clients: the roots of the file, and the top of the CA's own chain if that is not a root, as far as
/// signatures can be verified here. Certificates between them and a leaf are checked too.
pub(super) fn anchors(ca: &CertificateFile) -> Vec<&Certificate> {
    let mut top = &ca.certificate;
    for above in ca.above() {
        if !top.is_issued_by(above) {
            break;
        }
        top = above;
    }
    ca.all().filter(|other| other.der == top.der || other.is_self_issued()).collect()
}

/// True if the certificate is verified, if need be with what ring lacks.
fn check_leaf(
    findings: &mut Findings,
    role: Role,
    own: &CertificateFile,
    ca: &CertificateFile,
    now: OffsetDateTime,
) -> bool {
    let by_rustls = verify(own, role, ca, webpki::ALL_VERIFICATION_ALGS, now);
    let verified = match &by_rustls {
        Ok(()) => Ok(()),
        Err(_) => verify(own, role, ca, keys::VERIFICATION, now),
    };
    match &verified {
        Err(webpki::Error::NameConstraintViolation) if has_allowed_addresses(own, ca) => {
            let message = "is rejected by Rust clients, which know no nameConstraints for email addresses";
            findings.certificate(Code::RustRejects, message).fix = Fix::AnotherCa;
        }
        // The CA's key cannot be verified here, and has a finding of its own.
        Err(_) if is_beyond_us(own, ca) => {}
        Err(why) => {
            findings.certificate(Code::Chain, format!("does not verify against the CA: {}", words::of(why)));
        }
        Ok(()) => {
            if let Err(why) = &by_rustls {
                only_rustls(findings, own, ca, why);
            }
            if role.serves() {
                own_names(findings, &own.certificate);
            }
        }
    }
    verified.is_ok()
}

fn own_names(findings: &mut Findings, certificate: &Certificate) {
    for name in certificate.subject_alt_names.iter().flatten() {
        if !is_valid_for(certificate, name) {
            let is_address = matches!(name, San::Dns(dns) if dns.parse::<std::net::IpAddr>().is_ok());
            let why =
                if is_address { ": an address counts only as an IP name, not as a DNS name" } else { "" };
            let message = format!("is not valid for its own name {name}{why}");
            // No client rejects it unless that name is used.
            findings.certificate(Code::Chain, message).severity = Severity::Warning;
        }
    }
}

/// True if a signature of the chain is of a kind that nothing here verifies.
fn is_beyond_us(own: &CertificateFile, ca: &CertificateFile) -> bool {
    let mut below = &own.certificate;
    issuers(below, own.chain.iter().chain(ca.all())).into_iter().any(|issuer| {
        let is_unknown = !below.is_issued_by(issuer);
        below = issuer;
        is_unknown
    })
}

/// A certificate that rustls with ring does not verify, though all other clients do. Nothing if the CA's key is the cause,
/// which has a finding of its own.
fn only_rustls(findings: &mut Findings, own: &CertificateFile, ca: &CertificateFile, why: &webpki::Error) {
    let issuer = ca.issuer_of(&own.certificate);
    if issuer.is_some_and(|ca| ca.public_key.kind.is_err()) {
        return;
    }
    let is_own = own.chain.is_empty() || issuer.is_some_and(Certificate::is_self_issued);
    let finding =
        findings.certificate(Code::RustRejects, format!("is rejected by Rust clients: {}", words::of(why)));
    if !is_own {
        finding.fix = Fix::AnotherCa;
    }
}

/// Whether clients that trust the CAs of a file trust the certificate of a server or client, with its chain.
pub(super) fn trusted(
    own: &CertificateFile,
    role: Role,
    ca: &CertificateFile,
    now: OffsetDateTime,
) -> Result<(), String> {
    verify(own, role, ca, keys::VERIFICATION, now).map_err(|why| words::of(&why).to_owned())
}

/// For each purpose of the role.
fn verify(
    own: &CertificateFile,
    role: Role,
    ca: &CertificateFile,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    now: OffsetDateTime,
) -> Result<(), webpki::Error> {
    role.sides().iter().try_for_each(|side| verify_side(own, *side, ca, algorithms, now))
}

fn verify_side(
    own: &CertificateFile,
    side: Role,
    ca: &CertificateFile,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
    now: OffsetDateTime,
) -> Result<(), webpki::Error> {
    let usage = if side == Role::Client { KeyUsage::client_auth() } else { KeyUsage::server_auth() };
    let [tops, issuers] =
        [anchors(ca), own.chain.iter().chain(ca.all()).collect::<Vec<_>>()].map(|certificates| {
            let ders =
                certificates.into_iter().map(|certificate| CertificateDer::from(certificate.der.as_slice()));
            ders.collect::<Vec<_>>()
        });
    // One that rustls cannot read is no anchor of its.
    let anchors: Vec<_> = tops.iter().filter_map(|top| anchor_from_trusted_cert(top).ok()).collect();
    let leaf = CertificateDer::from(own.certificate.der.as_slice());
    EndEntityCert::try_from(&leaf)?
        .verify_for_usage(algorithms, &anchors, &issuers, unix_time(now), usage, None, None)
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

/// The name for a TLS client; `None` for mail addresses and URIs. For a wildcard it is an example.
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
