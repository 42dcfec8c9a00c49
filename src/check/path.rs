//! The CAs from a certificate up to a root, in ca.pem or sent along, as what they bind.

use time::OffsetDateTime;

use super::ca::above;
use super::clients::{Case, Part};
use super::findings::Findings;
use super::issuer::CA_PEM;
use super::{Code, Fix, Message, Owner};
use crate::certificate::Certificate;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, issuers};

/// Limits of the CAs above a certificate, and problems of those that are sent along; the ones in ca.pem are checked with
/// ca.pem.
pub(super) fn path(
    findings: &mut Findings,
    role: Role,
    own: &CertificateFile,
    file: &CertificateFile,
    now: OffsetDateTime,
) {
    let path = issuers(&own.certificate, own.chain.iter().chain(file.all()));
    let is_trusted = |ca: &Certificate| file.all().any(|trusted| trusted.der == ca.der);
    let Some(along) = path.iter().position(|ca| is_trusted(ca)) else { return };
    for (at, &ca) in path.iter().enumerate() {
        let is_along = at < along;
        if is_along {
            above(findings, ca, path.get(at + 1).copied(), now);
            findings.about(Part::Between, |findings| {
                for (what, case) in role.sides().iter().filter_map(|side| lacking_purpose(ca, *side)) {
                    let message = format!("holds {} above it, which {what}", ca.subject.text);
                    findings.certificate_case(Code::WrongEku, case, message).fix = Fix::AnotherCa;
                }
                names(findings, &own.certificate, ca, is_along);
            });
        } else {
            names(findings, &own.certificate, ca, is_along);
        }
    }
    if along > 0 {
        findings.about(Part::Between, |findings| path_length(findings, &path));
    }
}

fn names(findings: &mut Findings, certificate: &Certificate, ca: &Certificate, is_along: bool) {
    let Some(limits) = &ca.name_constraints else { return };
    let mut names = certificate.subject_alt_names.iter().flatten();
    let Some(name) = names.find(|name| !limits.allow(name)) else { return };
    let message = if is_along {
        format!("holds {} above it, which may not sign for {name}", ca.subject.text).into()
    } else {
        Message::of(format!("is for {name}, for which "), CA_PEM).and(" may not sign")
    };
    let message = message.and(format!(" (its nameConstraints permit {limits})"));
    findings.certificate_case(Code::Chain, Case::Constraint, message).fix = Fix::AnotherCa;
}

/// True if all CAs above a certificate that has email addresses allow them, as far as that can be told here: rustls
/// rejects it even so.
pub(super) fn has_allowed_addresses(own: &CertificateFile, file: &CertificateFile) -> bool {
    let names = own.certificate.subject_alt_names.as_deref().unwrap_or_default();
    let path = issuers(&own.certificate, own.chain.iter().chain(file.all()));
    let mut limits = path.iter().filter_map(|ca| ca.name_constraints.as_ref());
    names.iter().any(|name| matches!(name, San::Email(_)))
        && limits.all(|limits| names.iter().all(|name| limits.allow(name)))
}

/// The `extendedKeyUsage` of a CA binds what it signs. OpenSSL and rustls do not take any purpose for this one.
pub(super) fn lacking_purpose(ca: &Certificate, role: Role) -> Option<(String, Case)> {
    let usage = ca.extended_key_usage?;
    let (is_allowed, case) = match role {
        Role::Server => (usage.server_auth, Case::NoServerAuth),
        Role::Client | Role::Peer | Role::Ca => (usage.client_auth, Case::NoClientAuth),
    };
    let purpose = role.purpose().filter(|_| !is_allowed)?;
    Some((format!("has an extendedKeyUsage without {purpose}, which limits what it issues"), case))
}

/// RFC 5280 section 4.2.1.9: how many CAs may stand between a CA and a leaf. `path` leads up from the leaf's issuer.
pub(super) fn path_length(findings: &mut Findings, path: &[&Certificate]) {
    for (below, above) in path.iter().enumerate().skip(1) {
        let allowed = above.basic_constraints.and_then(|basic| basic.path_length);
        if allowed.is_some_and(|allowed| below > usize::try_from(allowed).unwrap_or(usize::MAX)) {
            let count = match allowed {
                Some(0) => "no CA",
                _ => "fewer CAs",
            };
            let what =
                if findings.owner == Owner::Ca { "may not sign" } else { "is below a CA that may not sign" };
            let above = &above.subject.text;
            let message = format!("{what}: {above} above it allows {count} below (pathlen)");
            findings.certificate(Code::PathLength, message);
        }
    }
}
