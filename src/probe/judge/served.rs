//! The certificates that a server sends, as clients look at them.

use super::Expectation;
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::foreign::typed;
use crate::probe::Tls;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, Leaf, LeafFiles, Loaded, Set};
use crate::verify::{self, Code, Finding, Severity};

/// What findings about them are headed with.
const SERVED: &str = "served certificate";

/// The certificates that it sends, as clients look at them.
pub(super) fn served(tls: &Tls, expected: &Expectation<'_>) -> Vec<Finding> {
    let Some(chain) = &tls.chain else {
        let message = "cannot be read";
        return vec![Finding::new(Code::Damaged, SERVED, message)];
    };
    let set = expected.set;
    let leaf = Leaf {
        role: Role::Server,
        base: BaseName::given(None, std::path::Path::new(SERVED)),
        files: LeafFiles { certificate: Loaded::Sound(chain.clone()), ..LeafFiles::default() },
    };
    let mut findings = verify::leaf(&leaf, set.ca_certificate(), &set.ca_base, expected.now);
    findings.retain(|finding| !finding.code.is_about_file());
    if let Some(ca) = set.ca_certificate() {
        // What is between the leaf and the CA may be sent along.
        let path: Vec<&Certificate> = chain.chain.iter().chain([ca]).collect();
        let trusted = verify::trusted(&chain.certificate, Role::Server, &path, expected.now);
        let is_about_issuer = |code| matches!(code, Code::NotSignedByCa | Code::SelfSigned);
        match trusted {
            Ok(()) => findings.retain(|finding| !is_about_issuer(finding.code)),
            Err(why) if findings.iter().all(|finding| finding.severity < Severity::Error) => {
                findings.push(Finding::new(Code::ServedUntrusted, SERVED, format!("is not trusted: {why}")));
            }
            Err(_) => {}
        }
    }
    // A key of a kind that cannot be checked has a finding of its own.
    if !tls.proves_key && chain.certificate.public_key.kind.is_ok() {
        let message = "is not the server's own: it does not prove that it has the private key";
        findings.push(Finding::new(Code::ServedUntrusted, SERVED, message));
    }
    let own = chain.certificate.subject_alt_names.as_deref().unwrap_or_default();
    if !own.is_empty() && !verify::has_name(own, expected.server_name) {
        let mut finding = verify::name_not_in_san(SERVED, own, expected.server_name);
        finding.fix = Some(match own.iter().find(|name| matches!(name, San::Dns(_) | San::Ip(_))) {
            Some(name) => format!(
                "connect with server_name {} (--server-name here), or have the name put into the server's \
                 certificate",
                typed(name.value())
            ),
            None => "have the name put into the server's certificate".to_owned(),
        });
        findings.push(finding);
    }
    let other = other_than_here(chain, set);
    for finding in &mut findings {
        // Where the directory has another certificate, signing it once more changes nothing.
        let remedy = if other.is_some() {
            "put the directory's files where Milvus reads them, and restart it"
        } else {
            "sign the server's certificate again where the CA's key is: milvus-certgen; and restart Milvus"
        };
        finding.fix.get_or_insert_with(|| remedy.to_owned());
    }
    findings.extend(other);
    findings
}

/// Milvus reads its files once, at start.
fn other_than_here(chain: &CertificateFile, set: &Set) -> Option<Finding> {
    let mut servers = set.leaves.iter().filter(|leaf| leaf.role == Role::Server);
    let is_same =
        |leaf: &Leaf| leaf.files.sound_certificate().is_some_and(|c| c.der == chain.certificate.der);
    let server = set.first(Role::Server).filter(|leaf| leaf.files.sound_certificate().is_some())?;
    if servers.any(is_same) {
        return None;
    }
    let pem = server.base.file(FileKind::Certificate);
    let message =
        format!("is not the one in {pem}: Milvus has not been restarted since, or it reads other files");
    let mut finding = Finding::new(Code::OtherCertificateServed, SERVED, message);
    finding.fix = Some("restart Milvus, which reads its files once, at start".to_owned());
    Some(finding)
}
