//! One TLS handshake, and the wait for a refusal that comes after it.

use std::io::ErrorKind;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, ClientConnection, ProtocolVersion, StreamOwned};

use super::reply::{Refusal, Reply};
use super::wire::{self, Wire};
use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::set::{CertificateFile, LeafFiles};

mod record;

use record::{ClientCertificateResolver, HandshakeRecord, RecordingVerifier};

/// How long a server may take to refuse a client after the client's part of TLS 1.3 is over. Go and OpenSSL send a
/// session ticket at once where they do not refuse, which ends the wait.
const LATE_REFUSAL: Duration = Duration::from_secs(2);

/// The settings of a TLS client.
pub(super) struct ClientSettings {
    server_name: ServerName<'static>,
    client: Option<Arc<CertifiedKey>>,
    versions: &'static [&'static rustls::SupportedProtocolVersion],
    provider: Arc<CryptoProvider>,
    protocol: &'static [u8],
}

impl ClientSettings {
    /// TLS 1.2 and 1.3, with that certificate if there is one.
    pub(super) fn new(server_name: ServerName<'static>, client: Option<&LeafFiles>) -> Result<Self> {
        let provider = Arc::new(crate::keys::tls_provider());
        let client = client.map(|files| certified(files, &provider)).transpose()?.flatten();
        Ok(Self { server_name, client, versions: rustls::ALL_VERSIONS, provider, protocol: b"h2" })
    }

    /// As a client that knows nothing newer.
    pub(super) fn with_tls12_alone(self) -> Self {
        static TLS12_ALONE: [&rustls::SupportedProtocolVersion; 1] = [&rustls::version::TLS12];
        Self { versions: &TLS12_ALONE, ..self }
    }

    /// As a client of the web that knows nothing newer.
    pub(super) fn with_http1(self) -> Self {
        Self { protocol: b"http/1.1", ..self }
    }
}

fn certified(files: &LeafFiles, provider: &CryptoProvider) -> Result<Option<Arc<CertifiedKey>>> {
    let Some((chain, key)) = files.credentials() else { return Ok(None) };
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|e| Failure::failed(format!("the client's private key cannot be used: {e}")))?;
    Ok(Some(Arc::new(CertifiedKey::new(chain, key))))
}

/// The version that was agreed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    Tls12,
    Tls13,
}

impl Version {
    /// `TLS 1.2` or `TLS 1.3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLS 1.2",
            Self::Tls13 => "TLS 1.3",
        }
    }
}

/// The negotiated parameters, and the data that the server sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tls {
    /// The version.
    pub version: Version,
    /// The cipher suite, in IANA's words.
    pub cipher: Option<String>,
    /// The protocol that ALPN chose.
    pub alpn: Option<String>,
    /// The server's certificates; `None` if they cannot be read or were not sent.
    pub chain: Option<CertificateFile>,
    /// False if what the server signed was not signed with the key of its certificate. A key that cannot be checked
    /// is given the benefit of the doubt: it has a finding of its own.
    pub proves_key: bool,
    /// True if it asks for a client certificate.
    pub asks_for_certificate: bool,
    /// The CAs that it says it takes client certificates of, as DER of their names.
    pub accepted_issuers: Vec<Vec<u8>>,
}

/// A handshake and its end.
#[derive(Debug, Clone, PartialEq)]
pub struct HandshakeResult {
    pub reply: Reply,
    /// The server has gone on after the client's part was over: what it does later is no refusal of this client.
    pub is_confirmed: bool,
    /// `None` where it did not come to that.
    pub tls: Option<Tls>,
}

impl HandshakeResult {
    /// True if the server ends the handshake for want of a client certificate that it accepts.
    pub fn demands_certificate(&self) -> bool {
        let is_rejected = matches!(self.reply, Reply::Refused(_) | Reply::Closed);
        is_rejected && self.tls.as_ref().is_some_and(|tls| tls.asks_for_certificate)
    }

    /// True if gRPC can use the connection.
    pub fn speaks_http2(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.alpn.as_deref() == Some("h2"))
    }
}

/// Shakes hands, and waits for TLS 1.3's late refusal. The connection is returned where the server goes on with it.
pub(super) fn connect_tls(
    wire: Wire,
    settings: &ClientSettings,
) -> Result<(HandshakeResult, Option<StreamOwned<ClientConnection, Wire>>)> {
    let record = Arc::new(HandshakeRecord::default());
    let connection =
        ClientConnection::new(Arc::new(config(settings, &record)?), settings.server_name.clone())
            .map_err(|e| Failure::failed(format!("TLS cannot begin: {e}")))?;
    let mut stream = StreamOwned::new(connection, wire);
    let mut reply = complete(&mut stream);
    // Without TLS, the connection may end in any way.
    let heard = &stream.sock.heard;
    if reply != Reply::Accepted && !heard.is_empty() && !looks_like_tls(heard) {
        reply = Reply::NotTls(wire::first_line(heard));
    }
    let tls = tls(&stream.conn, &record);
    let is_accepted = reply == Reply::Accepted;
    let is_confirmed = is_accepted
        && (stream.conn.tls13_tickets_received() > 0
            || stream.conn.protocol_version() != Some(ProtocolVersion::TLSv1_3));
    Ok((HandshakeResult { reply, is_confirmed, tls }, is_accepted.then_some(stream)))
}

/// A record of a handshake or an alert (RFC 8446 section 5.1).
fn looks_like_tls(heard: &[u8]) -> bool {
    matches!(heard, [21 | 22, 3, ..] | [21 | 22])
}

fn complete(stream: &mut StreamOwned<ClientConnection, Wire>) -> Reply {
    while stream.conn.is_handshaking() {
        if let Err(e) = stream.conn.complete_io(&mut stream.sock) {
            return if stream.sock.is_closed && stream.sock.heard.is_empty() {
                Reply::Closed
            } else {
                Reply::from(&e)
            };
        }
    }
    // The last flight may still wait to be sent.
    while stream.conn.wants_write() {
        if let Err(e) = stream.conn.write_tls(&mut stream.sock) {
            return Reply::from(&e);
        }
    }
    if stream.conn.protocol_version() != Some(ProtocolVersion::TLSv1_3) {
        return Reply::Accepted;
    }
    late_refusal(stream).unwrap_or(Reply::Accepted)
}

/// TLS 1.3: the client is done before the server has looked at its certificate.
fn late_refusal(stream: &mut StreamOwned<ClientConnection, Wire>) -> Option<Reply> {
    let deadline = stream.sock.wait_at_most(LATE_REFUSAL);
    let mut refused = None;
    while refused.is_none() && stream.conn.tls13_tickets_received() == 0 && stream.conn.wants_read() {
        match stream.conn.read_tls(&mut stream.sock) {
            Ok(0) => refused = Some(Reply::Closed),
            Ok(_) => match stream.conn.process_new_packets() {
                // Data: it talks with us.
                Ok(state) if state.plaintext_bytes_to_read() > 0 => break,
                Ok(state) if state.peer_has_closed() => refused = Some(Reply::Closed),
                Ok(_) => {}
                Err(e) => refused = Some(Reply::Refused(Refusal::from(&e))),
            },
            // Patience at its end is no refusal: some servers say nothing until they are asked.
            Err(e) if e.kind() == ErrorKind::TimedOut => break,
            Err(e) => refused = Some(Reply::from(&e)),
        }
    }
    stream.sock.wait_until(deadline);
    refused
}

fn tls(connection: &ClientConnection, record: &HandshakeRecord) -> Option<Tls> {
    let version = match connection.protocol_version()? {
        ProtocolVersion::TLSv1_3 => Version::Tls13,
        _ => Version::Tls12,
    };
    let chain = record.chain.lock().map(|chain| chain.clone()).unwrap_or_default();
    let accepted_issuers = record.accepted_issuers.lock().map(|issuers| issuers.clone()).unwrap_or_default();
    Some(Tls {
        version,
        cipher: connection.negotiated_cipher_suite().map(|suite| {
            let name = format!("{:?}", suite.suite());
            // rustls writes TLS13_AES_128_GCM_SHA256, the registry TLS_AES_128_GCM_SHA256.
            name.replacen("TLS13_", "TLS_", 1)
        }),
        alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
        chain: certificates(&chain),
        proves_key: record.proves_key.load(Ordering::Relaxed),
        asks_for_certificate: record.asked.load(Ordering::Relaxed),
        accepted_issuers,
    })
}

fn certificates(chain: &[Vec<u8>]) -> Option<CertificateFile> {
    let mut parsed: Vec<Certificate> =
        chain.iter().map_while(|der| Certificate::from_der(der).ok()).collect();
    if parsed.is_empty() {
        return None;
    }
    let certificate = parsed.remove(0);
    Some(CertificateFile::new(certificate, parsed))
}

fn config(settings: &ClientSettings, record: &Arc<HandshakeRecord>) -> Result<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(settings.provider.clone())
        .with_protocol_versions(settings.versions)
        .map_err(|e| Failure::failed(format!("TLS cannot begin: {e}")))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(RecordingVerifier {
            record: record.clone(),
            provider: settings.provider.clone(),
        }))
        .with_client_cert_resolver(Arc::new(ClientCertificateResolver {
            record: record.clone(),
            client: settings.client.clone(),
        }));
    config.alpn_protocols = vec![settings.protocol.to_vec()];
    // Every connection is to show everything.
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}
