//! Connects to a running server and collects facts about it; `diagnosis` interprets them.
//!
//! Several short connections, each with one question: with the set's client certificate, without one, with TLS 1.2
//! alone, in plaintext.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;

use crate::error::{Failure, Result};
use crate::set::{CertificateFile, LeafFiles};

mod diagnosis;
mod endpoint;
mod grpc;
mod handshake;
mod plain;
mod reach;
mod reply;
mod rest;
mod wire;

pub use diagnosis::{Diagnosis, Expectation, diagnose};
pub use endpoint::Endpoint;
pub use grpc::Answer;
pub use handshake::{HandshakeResult, Tls, Version};
pub use plain::Plain;
pub use reach::{Attempt, Reached};
pub use reply::{Refusal, Reply};

use handshake::{ClientSettings, connect_tls};
use wire::Wire;

/// The server to probe, and the client.
pub struct Probe<'a> {
    /// The server.
    pub endpoint: &'a Endpoint,
    /// Its name in the client's eyes: `--server-name`, or the host.
    pub server_name: ServerName<'static>,
    /// The client's key and certificate, if they can be used.
    pub client: Option<&'a LeafFiles>,
    /// The longest wait for anything.
    pub timeout: Duration,
}

/// The result of a probe.
#[derive(Debug)]
pub struct Found {
    /// Every address of the host, and whether it answers.
    pub attempts: Vec<Attempt>,
    /// The answers of the first address that takes connections; `None` where none does.
    pub server: Option<Server>,
    /// The reason for none, if the attempts do not show it.
    pub failure: Option<Failure>,
}

/// The answers of the server at one address.
#[derive(Debug)]
pub struct Server {
    /// The address.
    pub address: SocketAddr,
    /// To a client as the set makes it: with its certificate, if it has one.
    pub handshake: HandshakeResult,
    /// To a client without a certificate, if one was requested and sent before.
    pub without_certificate: Option<HandshakeResult>,
    /// True if it accepts TLS 1.2 from clients without TLS 1.3; `None` if that was not tried.
    pub takes_tls12: Option<bool>,
    /// In plaintext, where it does not talk TLS.
    pub plain: Option<Plain>,
    /// To a gRPC call, over TLS or in plaintext.
    pub answer: Option<Answer>,
}

impl Server {
    /// The certificates that it sends, its own first; empty where it sent none.
    pub fn chain(&self) -> Option<&CertificateFile> {
        self.handshake.tls.as_ref()?.chain.as_ref()
    }

    /// True if it talks TLS, and no gRPC.
    fn may_be_rest(&self) -> bool {
        match &self.handshake.reply {
            Reply::Accepted => !self.handshake.speaks_http2() || matches!(self.answer, Some(Answer::Web(_))),
            Reply::Refused(why) => why.is_about_protocol(),
            Reply::Closed | Reply::Silent | Reply::NotTls(_) => false,
        }
    }
}

/// Asks everything.
pub fn probe(probe: &Probe<'_>) -> Found {
    let attempts = match reach::reach(probe.endpoint, probe.timeout) {
        Ok(attempts) => attempts,
        Err(failure) => return Found { attempts: Vec::new(), server: None, failure: Some(failure) },
    };
    let Some(address) = attempts.iter().find(|a| a.reached == Reached::Connected).map(|a| a.address) else {
        return Found { attempts, server: None, failure: None };
    };
    match interview(probe, address) {
        Ok(server) => Found { attempts, server: Some(server), failure: None },
        Err(failure) => Found { attempts, server: None, failure: Some(failure) },
    }
}

fn interview(probe: &Probe<'_>, address: SocketAddr) -> Result<Server> {
    let settings = ClientSettings::new(probe.server_name.clone(), probe.client)?;
    let (handshake, answer) = converse(probe, address, &settings)?;
    let mut server =
        Server { address, handshake, without_certificate: None, takes_tls12: None, plain: None, answer };
    let settings =
        |client| -> Result<ClientSettings> { ClientSettings::new(probe.server_name.clone(), client) };
    let is_rest = server.may_be_rest() && {
        let settings = settings(probe.client)?.with_http1();
        let mut last = None;
        let connect = || {
            let (handshake, stream) = connect_tls(wire(probe, address).ok()?, &settings).ok()?;
            last = Some(handshake);
            stream
        };
        let heard = rest::ask(connect, &probe.endpoint.http_authority());
        let demands = last.as_ref().is_some_and(HandshakeResult::demands_certificate);
        let asks = last
            .as_ref()
            .and_then(|handshake| handshake.tls.as_ref())
            .is_some_and(|tls| tls.asks_for_certificate);
        match (heard, last) {
            (rest::Heard::Rest, Some(handshake)) => {
                server.handshake = HandshakeResult { is_confirmed: true, ..handshake };
                server.answer = Some(Answer::Rest);
            }
            // What keeps this client out is the certificate; which protocol there is behind it is not known yet.
            (_, Some(handshake)) if demands && !server.handshake.speaks_http2() => {
                server.handshake = handshake;
            }
            // With HTTP/2 it was asked before, and has answered.
            (rest::Heard::CertificateRejected, Some(handshake))
                if asks && !server.handshake.speaks_http2() =>
            {
                let reply = Reply::Refused(Refusal::Other("HTTP status 400".to_owned()));
                server.handshake = HandshakeResult { reply, ..handshake };
            }
            _ => {}
        }
        heard == rest::Heard::Rest
    };
    let settings = || settings(None).map(|settings| if is_rest { settings.with_http1() } else { settings });
    if matches!(server.handshake.reply, Reply::NotTls(_) | Reply::Closed | Reply::Silent) {
        let http_authority = probe.endpoint.http_authority();
        let plain = plain::ask(|| wire(probe, address), &http_authority)?;
        server.answer = match plain {
            Plain::Http2 => Some(grpc::ask(wire(probe, address)?, &http_authority).0),
            Plain::Http1(_) | Plain::Other(_) | Plain::Closed | Plain::Silent => None,
        };
        server.plain = Some(plain);
    }
    if server.handshake.tls.as_ref().is_some_and(|tls| tls.asks_for_certificate) && probe.client.is_some() {
        server.without_certificate = Some(converse(probe, address, &settings()?)?.0);
    }
    if server.handshake.tls.as_ref().is_some_and(|tls| tls.version == Version::Tls13) {
        let (handshake, _) = connect_tls(wire(probe, address)?, &settings()?.with_tls12_alone())?;
        server.takes_tls12 = Some(handshake.tls.is_some());
    }
    Ok(server)
}

/// A handshake and, where it succeeds, a gRPC call: what comes back then is the answer to the client's certificate too.
fn converse(
    probe: &Probe<'_>,
    address: SocketAddr,
    settings: &ClientSettings,
) -> Result<(HandshakeResult, Option<Answer>)> {
    let (mut handshake, connection) = connect_tls(wire(probe, address)?, settings)?;
    let Some(connection) = connection.filter(|_| handshake.speaks_http2()) else {
        return Ok((handshake, None));
    };
    let (answer, end) = grpc::ask(connection, &probe.endpoint.http_authority());
    match end {
        // TLS 1.3 that was slow to refuse.
        Some(refusal @ Reply::Refused(_)) => handshake.reply = refusal,
        Some(Reply::Closed) if !handshake.is_confirmed => handshake.reply = Reply::Closed,
        end => {
            handshake.is_confirmed |= end != Some(Reply::Silent);
            return Ok((handshake, Some(answer)));
        }
    }
    Ok((handshake, None))
}

/// A new connection; one that was possible a moment ago may not be now.
fn wire(probe: &Probe<'_>, address: SocketAddr) -> Result<Wire> {
    Wire::connect(address, probe.timeout).map_err(|e| {
        Failure::failed(format!("{address}: accepts no further connections: {}", reach::why(&e)))
            .hint("run it again; if it persists, see the server's log")
    })
}

/// The end of a wait that begins now.
fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}
