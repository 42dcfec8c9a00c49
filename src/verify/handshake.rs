//! TLS handshakes in memory, with the set's own keys: as Milvus in tlsMode 1 (one-way) and 2 (mutual, TLS 1.3).

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};
use time::OffsetDateTime;

use super::{Code, Finding, Findings, chain};
use crate::certificate::Certificate;
use crate::profile::Role;
use crate::set::{LeafFiles, Set};

/// A clock that stands at the run's `now`.
#[derive(Debug)]
struct At(UnixTime);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(self.0)
    }
}

/// Shakes hands for the first name that a TLS client could ask for: one-way if there is a server, mutual if there
/// is a client too. Every other name is the chain check's.
pub(super) fn check(set: &Set, ca: &Certificate, now: OffsetDateTime) -> Vec<Finding> {
    let Some(server) = set.first(Role::Server) else { return Vec::new() };
    let mut findings = Findings::new(&server.base);
    let names =
        server.files.sound_certificate().and_then(|certificate| certificate.subject_alt_names.as_ref());
    let Some(name) = names.and_then(|names| names.iter().find_map(chain::server_name)) else {
        return findings.list;
    };
    if let Err(why) = shake(&server.files, None, ca, &name, now) {
        findings.certificate(Code::Handshake, format!("fails a one-way (tlsMode 1) TLS handshake: {why}"));
    }
    let client = set.first(Role::Client).map(|client| &client.files);
    if let Some(Err(why)) = client.map(|client| shake(&server.files, Some(client), ca, &name, now)) {
        findings.certificate(Code::Handshake, format!("fails a mutual (tlsMode 2) TLS handshake: {why}"));
    }
    findings.list
}

/// A handshake in memory for that name; mutual if there is a client.
pub(super) fn shake(
    server: &LeafFiles,
    client: Option<&LeafFiles>,
    ca: &Certificate,
    name: &ServerName<'static>,
    now: OffsetDateTime,
) -> Result<(), String> {
    let provider = Arc::new(crate::keys::tls_provider());
    let clock = Arc::new(At(chain::unix_time(now)));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.der.clone())).map_err(|e| e.to_string())?;
    let roots = Arc::new(roots);
    let server = server_config(server, client.is_some(), &provider, &roots, &clock)?;
    let client = client_config(client, &provider, &roots, &clock).map_err(|e| e.to_string())?;
    let mut client =
        ClientConnection::new(Arc::new(client), name.clone()).map_err(|e| format!("client: {e}"))?;
    let mut server = ServerConnection::new(Arc::new(server)).map_err(|e| format!("server: {e}"))?;
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
    match files.and_then(credentials) {
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
    let (certificates, key) = credentials(files).ok_or("the server has no key or no certificate")?;
    config.with_single_cert(certificates, key).map_err(|e| e.to_string())
}

fn credentials(files: &LeafFiles) -> Option<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>)> {
    let file = files.certificate.sound()?;
    let certificates = std::iter::once(&file.certificate)
        .chain(&file.chain)
        .map(|certificate| CertificateDer::from(certificate.der.clone()))
        .collect();
    let key = files.key.sound()?.key.pkcs8().to_vec();
    Some((certificates, PrivateKeyDer::Pkcs8(key.into())))
}

/// Carries octets to and fro until both sides are done, or one refuses.
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
            server.process_new_packets().map_err(|e| format!("the server refuses: {e}"))?;
        }
        while server.wants_write() {
            server.write_tls(&mut wire).map_err(|e| e.to_string())?;
        }
        while !wire.is_empty() {
            let read = client.read_tls(&mut wire.as_slice()).map_err(|e| e.to_string())?;
            wire.drain(..read);
            client.process_new_packets().map_err(|e| format!("the client refuses: {e}"))?;
        }
        if !client.is_handshaking() && !server.is_handshaking() && !client.wants_write() {
            return Ok(());
        }
    }
    Err("the handshake does not come to an end".to_owned())
}
