//! TLS handshakes in memory, with the set's own keys: as Milvus in tlsMode 1 (one-way) and 2 (mutual, TLS 1.3).

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use time::OffsetDateTime;

use super::clients::{Case, Part};
use super::{Code, Finding, Owner, chain};
use crate::files::FileKind;
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, LeafFiles, Set};

/// A clock that stands at the run's `now`.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// One handshake in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handshake {
    /// The name that the client asks for.
    pub name: String,
    /// 1 or 2, as Milvus counts.
    pub tls_mode: u8,
    /// Why it fails, if it does.
    pub problem: Option<String>,
}

/// One-way, and mutual if a client exists: for every `--name` of `check`, or for the first that a
/// client could ask for. Every other name is the chain check's. Without `asked` it is a run that wants to write.
pub(super) fn check(
    set: &Set,
    ca: &CertificateFile,
    asked: Option<&[San]>,
    now: OffsetDateTime,
) -> (Vec<Handshake>, Vec<Finding>) {
    let (mut handshakes, mut findings) = (Vec::new(), Vec::new());
    let servers = set.leaves.iter().enumerate().find(|(_, leaf)| leaf.role.serves());
    let Some((at, server)) = servers.filter(|(_, server)| server.files.credentials().is_some()) else {
        return (handshakes, findings);
    };
    let own =
        server.files.parsed_certificate().and_then(|certificate| certificate.subject_alt_names.as_deref());
    let own = own.unwrap_or_default();
    let names: Vec<&San> = match asked.unwrap_or_default() {
        [] => own.iter().find(|name| chain::server_name(name).is_some()).into_iter().collect(),
        asked => asked.iter().collect(),
    };
    // A peer is a client of its like.
    let client = set.first(Role::Client).or(Some(server).filter(|server| server.role == Role::Peer));
    let client = client.map(|client| &client.files);
    let client = client.filter(|files| files.key.parsed().is_some());
    for name in names {
        let Some(server_name) = chain::server_name(name) else { continue };
        // For a run one is enough: a mutual handshake's client verifies the server as that of a one-way one does.
        if asked.is_none() && client.is_some() && shake(&server.files, client, ca, &server_name, now).is_ok()
        {
            continue;
        }
        for (tls_mode, client) in [(1, None), (2, client)] {
            if tls_mode == 2 && client.is_none() {
                continue;
            }
            let mut problem = shake(&server.files, client, ca, &server_name, now).err();
            // A name that it is not for has a finding of its own.
            if !chain::has_name(own, name) {
                problem = problem.map(|_| "the certificate is not for that name".to_owned());
            } else if let Some(why) = &problem {
                let message = format!("fails a handshake as in tlsMode {tls_mode}: {why}");
                let pem = Owner::Leaf(at).file(FileKind::Certificate);
                let mut finding = Finding::new(Code::Handshake, pem, message);
                if is_too_large(&server.files) {
                    finding.rate(Case::TooLarge, Part::Server, Role::Server);
                }
                findings.push(finding);
            }
            handshakes.push(Handshake { name: name.to_string(), tls_mode, problem });
        }
    }
    if set.first(Role::Client).is_none() && server.role != Role::Peer {
        let pem = Owner::Absent(Role::Client).file(FileKind::Certificate);
        let message = "is missing: a handshake as in tlsMode 2 was not checked";
        findings.push(Finding::new(Code::NotChecked, pem, message));
    }
    (handshakes, findings)
}

/// More certificates than any client but Go reads in one message.
fn is_too_large(server: &LeafFiles) -> bool {
    let file = server.certificate.parsed();
    file.is_some_and(|file| file.all().map(|certificate| certificate.der.len()).sum::<usize>() > 0xffff)
}

/// A handshake in memory for that name; mutual with a client.
fn shake(
    server: &LeafFiles,
    client: Option<&LeafFiles>,
    ca: &CertificateFile,
    name: &ServerName<'static>,
    now: OffsetDateTime,
) -> Result<(), String> {
    let provider = Arc::new(crate::keys::tls_provider());
    let clock = Arc::new(At(chain::unix_time(now)));
    let mut roots = RootCertStore::empty();
    for ca in std::iter::once(&ca.certificate).chain(chain::anchors(ca)) {
        roots.add(CertificateDer::from(ca.der.clone())).map_err(|e| e.to_string())?;
    }
    let roots = Arc::new(roots);
    let server = server_config(server, client.is_some(), &provider, &roots, &clock)?;
    let client = client_config(client, &provider, &roots, &clock).map_err(|e| said(&e))?;
    let mut client =
        ClientConnection::new(Arc::new(client), name.clone()).map_err(|e| format!("client: {}", said(&e)))?;
    let mut server = ServerConnection::new(Arc::new(server)).map_err(|e| format!("server: {}", said(&e)))?;
    converse(&mut client, &mut server)
}

fn client_config(
    files: Option<&LeafFiles>,
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    clock: &Arc<At>,
) -> Result<ClientConfig, rustls::Error> {
    let verifier = WebPkiServerVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .map_err(|e| rustls::Error::General(e.to_string()))?;
    let config = ClientConfig::builder_with_details(provider.clone(), clock.clone())
        .with_safe_default_protocol_versions()?
        .with_webpki_verifier(verifier);
    match files.and_then(LeafFiles::credentials) {
        Some((certificates, key)) => config.with_client_auth_cert(certificates, key),
        None => Ok(config.with_no_client_auth()),
    }
}

fn server_config(
    files: &LeafFiles,
    mutual: bool,
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    clock: &Arc<At>,
) -> Result<ServerConfig, String> {
    let config = ServerConfig::builder_with_details(provider.clone(), clock.clone());
    let config = if mutual {
        // As Milvus: RequireAndVerifyClientCert, and TLS 1.3 at the least.
        let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
            .build()
            .map_err(|e| e.to_string())?;
        config
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|e| e.to_string())?
            .with_client_cert_verifier(verifier)
    } else {
        config.with_safe_default_protocol_versions().map_err(|e| e.to_string())?.with_no_client_auth()
    };
    let (certificates, key) = files.credentials().ok_or("the server has no key or no certificate")?;
    config.with_single_cert(certificates, key).map_err(|e| said(&e))
}

/// rustls writes out its own types where it has no words.
fn said(why: &rustls::Error) -> String {
    match why {
        rustls::Error::InvalidCertificate(_) => "the other side's certificate is not accepted".to_owned(),
        rustls::Error::PeerIncompatible(_) => "the other side offers nothing that fits".to_owned(),
        rustls::Error::PeerMisbehaved(_) => "the other side does not keep to TLS".to_owned(),
        rustls::Error::InconsistentKeys(_) => "the key is not that of the certificate".to_owned(),
        other => other.to_string(),
    }
}

/// Carries bytes to and fro until both sides are done, or one refuses.
fn converse(client: &mut ClientConnection, server: &mut ServerConnection) -> Result<(), String> {
    // A handshake is three flights; after TLS 1.3's last one the server still has to look at the client's.
    for _ in 0..8 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).map_err(|e| e.to_string())?;
        }
        while !wire.is_empty() {
            let read = server.read_tls(&mut wire.as_slice()).map_err(|e| e.to_string())?;
            wire.drain(..read);
            server.process_new_packets().map_err(|e| format!("the server rejects it: {}", said(&e)))?;
        }
        while server.wants_write() {
            server.write_tls(&mut wire).map_err(|e| e.to_string())?;
        }
        while !wire.is_empty() {
            let read = client.read_tls(&mut wire.as_slice()).map_err(|e| e.to_string())?;
            wire.drain(..read);
            client.process_new_packets().map_err(|e| format!("the client rejects it: {}", said(&e)))?;
        }
        if !client.is_handshaking() && !server.is_handshaking() && !client.wants_write() {
            return Ok(());
        }
    }
    Err("the handshake does not come to an end".to_owned())
}
