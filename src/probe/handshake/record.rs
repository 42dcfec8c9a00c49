//! The callbacks that record a handshake.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{CertificateError, DigitallySignedStruct, SignatureScheme};

/// Data that the callbacks of a handshake record.
#[derive(Debug, Default)]
pub(super) struct HandshakeRecord {
    pub(super) chain: Mutex<Vec<Vec<u8>>>,
    pub(super) proves_key: AtomicBool,
    pub(super) asked: AtomicBool,
    pub(super) accepted_issuers: Mutex<Vec<Vec<u8>>>,
}

impl HandshakeRecord {
    /// An X.509 version 1 certificate, say, is refused before its key is looked at: that proves nothing.
    fn note_proof(&self, proof: &Result<HandshakeSignatureValid, rustls::Error>) {
        let is_bad = matches!(proof, Err(rustls::Error::InvalidCertificate(CertificateError::BadSignature)));
        self.proves_key.store(!is_bad, Ordering::Relaxed);
    }
}

/// Accepts every certificate and records it: it is checked afterwards. Nothing secret is ever sent over
/// such a connection.
#[derive(Debug)]
pub(super) struct RecordingVerifier {
    pub(super) record: Arc<HandshakeRecord>,
    pub(super) provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for RecordingVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if let Ok(mut chain) = self.record.chain.lock() {
            *chain = std::iter::once(end_entity).chain(intermediates).map(|der| der.to_vec()).collect();
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let proof = rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms);
        self.record.note_proof(&proof);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        let proof = rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms);
        self.record.note_proof(&proof);
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Sends the client certificate if the server requests one, and records the request.
#[derive(Debug)]
pub(super) struct ClientCertificateResolver {
    pub(super) record: Arc<HandshakeRecord>,
    pub(super) client: Option<Arc<CertifiedKey>>,
}

impl ResolvesClientCert for ClientCertificateResolver {
    fn resolve(&self, issuers: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.record.asked.store(true, Ordering::Relaxed);
        if let Ok(mut accepted) = self.record.accepted_issuers.lock() {
            *accepted = issuers.iter().map(|issuer| issuer.to_vec()).collect();
        }
        self.client.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}
