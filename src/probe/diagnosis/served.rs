//! The certificates that a server sends, as clients look at them.

use super::Expectation;
use crate::check::{self, Client, Code, Finding, Fix, Message, Owner, Place};
use crate::files::FileKind;
use crate::probe::{Reply, Server, Tls};
use crate::profile::Role;
use crate::set::{CertificateFile, Leaf, Set};

/// The location of findings about them.
const SERVED: Place = Place::File(Owner::Served, FileKind::Certificate);

/// The CN of ingress-nginx's default certificate (kubernetes/ingress-nginx internal/net/ssl/ssl.go).
const INGRESS_DEFAULT: &str = "Kubernetes Ingress Controller Fake Certificate";

/// The certificates that it sends, as clients look at them.
pub(super) fn served(tls: &Tls, expected: &Expectation<'_>) -> Vec<Finding> {
    let Some(chain) = &tls.chain else {
        return vec![Finding::new(Code::Damaged, SERVED, "cannot be read")];
    };
    let set = expected.set;
    let mut findings = check::served(chain, set.ca.certificate.parsed(), expected.now);
    // A key of a kind that cannot be checked has a finding of its own.
    if !tls.proves_key && chain.certificate.public_key.kind.is_ok() {
        let message = "is not the server's own: the server does not prove that it has the private key";
        findings.push(Finding::new(Code::ServedUntrusted, SERVED, message));
    }
    findings.extend(check::name_not_in_san(SERVED, &chain.certificate, expected.server_name));
    let other = other_than_here(chain, set);
    for finding in findings.iter_mut().filter(|finding| finding.fix == Fix::None) {
        // If the directory has another certificate, reissuing it changes nothing.
        finding.fix = if other.is_some() { Fix::DeployFiles } else { Fix::ReissueServer };
    }
    findings.extend(other);
    if chain.certificate.subject.common_name() == Some(INGRESS_DEFAULT) {
        let message = "is the default of ingress-nginx: the Ingress has no TLS Secret for this host";
        let finding = Finding::new(Code::ServedUntrusted, SERVED, message);
        findings.push(Finding { fix: Fix::ConfigureProxy("ingress"), ..finding });
    }
    findings
}

/// Problems of clients with the CA that they trust and, if the server requests it, with their own certificate. The
/// server itself shows whether Milvus rejects either.
pub(super) fn trusted(server: &Server, tls: &Tls, expected: &Expectation<'_>) -> Vec<Finding> {
    let Expectation { set, now, .. } = *expected;
    let Some(chain) = &tls.chain else { return Vec::new() };
    let mut findings = check::trusted(set, &chain.certificate, now);
    let client = set.leaves.iter().enumerate().find(|(_, leaf)| leaf.role == Role::Client);
    if let (Some((at, client)), true) =
        (client, server.handshake.reply == Reply::Accepted && tls.asks_for_certificate)
    {
        findings.extend(check::used(Owner::Leaf(at), client, set.ca.certificate.parsed(), now));
    }
    findings.into_iter().filter_map(|finding| finding.without(Client::Milvus)).collect()
}

/// Milvus reads its files once, at start.
fn other_than_here(chain: &CertificateFile, set: &Set) -> Option<Finding> {
    let own = |leaf: &Leaf| leaf.files.parsed_certificate().map(|certificate| certificate.der.clone());
    let mut servers = set.leaves.iter().filter(|leaf| leaf.role == Role::Server);
    let at = set.leaves.iter().position(|leaf| leaf.role == Role::Server)?;
    own(&set.leaves[at])?;
    if servers.any(|leaf| own(leaf).as_ref() == Some(&chain.certificate.der)) {
        return None;
    }
    let message = Message::of("is not the one in ", Owner::Leaf(at).file(FileKind::Certificate))
        .and(": Milvus has not been restarted since, or it reads other files");
    Some(Finding::new(Code::OtherCertificateServed, SERVED, message))
}
