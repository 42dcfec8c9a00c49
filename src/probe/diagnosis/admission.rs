//! Whether a server lets this client in.

use super::{Expectation, problem, refused, refused_handshake};
use crate::check::{self, Code, Finding, Fix, Message, Owner, Severity};
use crate::files::FileKind;
use crate::probe::{Refusal, Reply, Server, Tls};
use crate::profile::Role;
use crate::set::Leaf;
use crate::subject::Subject;

const CLOSED: &str = "it closes the connection";

/// Whether it lets this client in.
pub(super) fn admission(server: &Server, tls: &Tls, expected: &Expectation<'_>) -> Vec<Finding> {
    let clients = expected.set.leaves.iter().enumerate();
    let client = clients.into_iter().find(|(_, leaf)| leaf.role == Role::Client);
    let refusal = match &server.handshake.reply {
        Reply::Accepted | Reply::Silent => return Vec::new(),
        Reply::Refused(refusal) => Some(refusal),
        Reply::Closed | Reply::NotTls(_) => None,
    };
    let why = refusal.map_or_else(|| CLOSED.to_owned(), Refusal::to_string);
    if !tls.asks_for_certificate {
        return vec![refusal.map_or_else(|| refused(CLOSED), refused_handshake)];
    }
    let Some((at, client)) = client.filter(|(_, client)| client.files.credentials().is_some()) else {
        return vec![needed(client, &why)];
    };
    let owner = Owner::Leaf(at);
    let mut findings = check::credentials(owner, client, expected.set.ca.certificate.parsed(), expected.now);
    findings.retain(|finding| finding.severity == Severity::Error);
    for finding in &mut findings {
        finding.fix = elsewhere(finding.fix);
    }
    let message = Message::of("rejects ", owner.file(FileKind::Certificate)).and(format!(": {why}"));
    let mut finding = problem(
        Code::ClientCertificateRefused,
        match other_issuers(client, tls) {
            Some(issuers) => message.and(format!("; it accepts certificates issued by {issuers}")),
            None => message,
        },
    );
    finding.seen("Go (Milvus): tls: failed to verify certificate").seen("pymilvus: Socket closed");
    // If the certificate has a problem of its own, that one needs the fix.
    if !findings.is_empty() {
        finding.fix = Fix::None;
    }
    findings.push(finding);
    findings
}

fn needed(client: Option<(usize, &Leaf)>, why: &str) -> Finding {
    let message = Message::from("requires a client certificate, as in tlsMode 2, and ");
    let message = match client.and_then(|(at, client)| Some((at, unusable(client)?))) {
        Some((at, (kind, problem))) => message.name(Owner::Leaf(at).file(kind)).and(format!(" {problem}")),
        None => message.and("none is set"),
    };
    let mut finding = problem(Code::ClientCertificateNeeded, message.and(format!(" ({why})")));
    finding.seen("Go (Milvus): tls: client didn't provide a certificate").seen("pymilvus: Socket closed");
    finding
}

/// The fix for a user who probably does not have the CA key.
fn elsewhere(fix: Fix) -> Fix {
    match fix {
        Fix::SignWithCa => Fix::ClientOfCa,
        Fix::PairUp => Fix::NameClientKey,
        Fix::Reissue | Fix::Renew | Fix::Rekey | Fix::AddPurpose => Fix::ReissueClient,
        other => other,
    }
}

/// The client's file that cannot be used, and the reason.
fn unusable(client: &Leaf) -> Option<(FileKind, &str)> {
    let certificate = client.files.certificate.problem().map(|problem| (FileKind::Certificate, problem));
    certificate.or_else(|| client.files.key.problem().map(|problem| (FileKind::Key, problem)))
}

/// The accepted issuers, if this certificate's issuer is not among them.
fn other_issuers(client: &Leaf, tls: &Tls) -> Option<String> {
    let issuer = &client.files.parsed_certificate()?.issuer.der;
    if tls.accepted_issuers.is_empty() || tls.accepted_issuers.contains(issuer) {
        return None;
    }
    let names: Vec<String> = tls.accepted_issuers.iter().map(|der| Subject::from_der(der).text).collect();
    Some(names.join(" and "))
}
