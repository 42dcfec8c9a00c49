//! Whether a server lets this client in.

use super::{Expectation, refused_handshake};
use crate::files::{BaseName, FileKind};
use crate::probe::{Outcome, Server, Tls};
use crate::profile::Role;
use crate::set::Leaf;
use crate::subject::Subject;
use crate::verify::{self, Code, Finding, Severity};

/// Whether it lets this client in.
pub(super) fn admission(
    server: &Server,
    tls: &Tls,
    target: &str,
    expected: &Expectation<'_>,
) -> Vec<Finding> {
    let client = expected.set.first(Role::Client);
    let usable = client.filter(|client| has_credentials(client));
    let pem = client.map_or_else(
        || BaseName::of_role(Role::Client).file(FileKind::Certificate),
        |client| client.base.file(FileKind::Certificate),
    );
    let why = match &server.greeting.outcome {
        Outcome::Accepted | Outcome::Silent => return Vec::new(),
        Outcome::Refused(why) => why.clone(),
        _ => "it closes the connection".to_owned(),
    };
    if !tls.asks_for_certificate {
        return vec![refused_handshake(&why, target)];
    }
    let Some(client) = usable else {
        let what = client.map_or_else(|| "there is none here".to_owned(), |client| unusable(client, &pem));
        let mut finding = Finding::new(
            Code::ClientCertificateNeeded,
            target,
            format!("demands a client certificate, as in tlsMode 2, and {what} ({why})"),
        );
        finding
            .seen("Go (Milvus): tls: client didn't provide a certificate")
            .seen("pymilvus: Socket closed")
            .fix = Some(
            "give the client's with --cert and --key, or the directory of a whole set with --dir".to_owned(),
        );
        return vec![finding];
    };
    let mut findings =
        verify::leaf(client, expected.set.ca_certificate(), &expected.set.ca_base, expected.now);
    findings.retain(|finding| {
        (finding.file == pem || finding.code == Code::KeyMismatch) && finding.severity == Severity::Error
    });
    for finding in &mut findings {
        finding.fix = Some(match finding.code {
            Code::NotSignedByCa | Code::SelfSigned => {
                "use a client certificate of this CA; where its key is: milvus-certgen client NAME".to_owned()
            }
            Code::KeyMismatch => format!(
                "give its own key with --key, or make a new one where the CA's key is: milvus-certgen renew {} --rekey",
                client.base
            ),
            _ => format!("sign it again where the CA's key is: milvus-certgen renew {}", client.base),
        });
    }
    let mut message = format!("refuses {pem}: {why}");
    if let Some(issuers) = other_issuers(client, tls) {
        message = format!("{message}; it takes certificates of {issuers}");
    }
    let mut finding = Finding::new(Code::ClientCertificateRefused, target, message);
    finding.seen("Go (Milvus): tls: failed to verify certificate").seen("pymilvus: Socket closed");
    // Where the certificate has a fault of its own, that is what needs to be mended.
    if findings.is_empty() {
        finding.fix = Some(
            "give Milvus the CA that signed the client's certificate (tls.caPemPath in milvus.yaml), and restart it"
                .to_owned(),
        );
    }
    findings.push(finding);
    findings
}

fn has_credentials(client: &Leaf) -> bool {
    client.files.key.sound().is_some() && client.files.certificate.sound().is_some()
}

fn unusable(client: &Leaf, pem: &str) -> String {
    match (client.files.certificate.problem(), client.files.key.problem()) {
        (Some(problem), _) => format!("{pem} {problem}"),
        (None, Some(problem)) => format!("{} {problem}", client.base.file(FileKind::Key)),
        (None, None) => "there is none here".to_owned(),
    }
}

/// Whose certificates it takes, where that is not who signed this one.
fn other_issuers(client: &Leaf, tls: &Tls) -> Option<String> {
    let issuer = &client.files.sound_certificate()?.issuer.der;
    if tls.accepted_issuers.is_empty() || tls.accepted_issuers.contains(issuer) {
        return None;
    }
    let names: Vec<String> = tls.accepted_issuers.iter().map(|der| Subject::from_der(der).text).collect();
    Some(names.join(" and "))
}
