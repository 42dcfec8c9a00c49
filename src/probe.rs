//! Connects to a running server and finds out what it is, without a diagnosis: facts, for `check` to look at.
//!
//! Several short connections, each with one question: with the set's client certificate, without one, with TLS 1.2
//! alone, in plaintext.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;

use crate::error::{Failure, Result};
use crate::set::{CertificateFile, LeafFiles};

mod diagnosis;
mod greet;
mod grpc;
mod outcome;
mod plain;
mod reach;
mod rest;
mod target;
mod wire;

pub use diagnosis::{Diagnosis, Expectation, diagnose};
pub use greet::{Greeting, Tls, Version};
pub use grpc::Answer;
pub use outcome::{Outcome, Refusal};
pub use plain::Plain;
pub use reach::{Attempt, Reached};
pub use target::Target;

use greet::{Hello, greet};
use wire::Wire;

/// What is asked, and of whom.
pub struct Probe<'a> {
    /// The server.
    pub target: &'a Target,
    /// Its name in the client's eyes: `--server-name`, or the host.
    pub server_name: ServerName<'static>,
    /// The client's key and certificate, where there are some that can be used.
    pub client: Option<&'a LeafFiles>,
    /// The longest wait for anything.
    pub timeout: Duration,
}

/// What came back.
#[derive(Debug)]
pub struct Found {
    /// Every address of the host, and whether anything answers there.
    pub attempts: Vec<Attempt>,
    /// The answers of the first address that takes connections; `None` where none does.
    pub server: Option<Server>,
    /// Why there is none, where that is not among the attempts.
    pub failure: Option<Failure>,
}

/// What the server at one address says.
#[derive(Debug)]
pub struct Server {
    /// The address.
    pub address: SocketAddr,
    /// To a client as the set makes it: with its certificate, if it has one.
    pub greeting: Greeting,
    /// To a client without a certificate, where one was asked for and given before.
    pub without_certificate: Option<Greeting>,
    /// True if it talks TLS 1.2 to who has nothing newer; `None` where that was not tried.
    pub takes_tls12: Option<bool>,
    /// In plaintext, where it does not talk TLS.
    pub plain: Option<Plain>,
    /// To a gRPC call, over TLS or in plaintext.
    pub answer: Option<Answer>,
}

impl Server {
    /// The certificates that it sends, its own first; empty where it sent none.
    pub fn chain(&self) -> Option<&CertificateFile> {
        self.greeting.tls.as_ref()?.chain.as_ref()
    }

    /// True if it talks TLS, and no gRPC.
    fn may_be_rest(&self) -> bool {
        match &self.greeting.outcome {
            Outcome::Accepted => !self.greeting.speaks_http2() || matches!(self.answer, Some(Answer::Web(_))),
            Outcome::Refused(why) => why.is_about_protocol(),
            Outcome::Closed | Outcome::Silent | Outcome::NotTls(_) => false,
        }
    }
}

/// Asks everything.
pub fn probe(probe: &Probe<'_>) -> Found {
    let attempts = match reach::reach(probe.target, probe.timeout) {
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
    let hello = Hello::new(probe.server_name.clone(), probe.client)?;
    let (greeting, answer) = converse(probe, address, &hello)?;
    let mut server =
        Server { address, greeting, without_certificate: None, takes_tls12: None, plain: None, answer };
    let hello = |client| -> Result<Hello> { Hello::new(probe.server_name.clone(), client) };
    let is_rest = server.may_be_rest() && {
        let hello = hello(probe.client)?.with_http1();
        let mut last = None;
        let connect = || {
            let (greeting, stream) = greet(wire(probe, address).ok()?, &hello).ok()?;
            last = Some(greeting);
            stream
        };
        let heard = rest::ask(connect, &probe.target.authority());
        let demands = last.as_ref().is_some_and(Greeting::demands_certificate);
        let asks = last
            .as_ref()
            .and_then(|greeting| greeting.tls.as_ref())
            .is_some_and(|tls| tls.asks_for_certificate);
        match (heard, last) {
            (rest::Heard::Rest, Some(greeting)) => {
                server.greeting = Greeting { is_confirmed: true, ..greeting };
                server.answer = Some(Answer::Rest);
            }
            // What keeps this client out is the certificate; which protocol there is behind it is not known yet.
            (_, Some(greeting)) if demands && !server.greeting.speaks_http2() => server.greeting = greeting,
            // With HTTP/2 it was asked before, and has answered.
            (rest::Heard::CertificateRejected, Some(greeting)) if asks && !server.greeting.speaks_http2() => {
                let outcome = Outcome::Refused(Refusal::Other("HTTP status 400".to_owned()));
                server.greeting = Greeting { outcome, ..greeting };
            }
            _ => {}
        }
        heard == rest::Heard::Rest
    };
    let hello = || hello(None).map(|hello| if is_rest { hello.with_http1() } else { hello });
    if matches!(server.greeting.outcome, Outcome::NotTls(_) | Outcome::Closed | Outcome::Silent) {
        let authority = probe.target.authority();
        let plain = plain::ask(|| wire(probe, address), &authority)?;
        server.answer = match plain {
            Plain::Http2 => Some(grpc::ask(wire(probe, address)?, &authority).0),
            Plain::Http1(_) | Plain::Other(_) | Plain::Closed | Plain::Silent => None,
        };
        server.plain = Some(plain);
    }
    if server.greeting.tls.as_ref().is_some_and(|tls| tls.asks_for_certificate) && probe.client.is_some() {
        server.without_certificate = Some(converse(probe, address, &hello()?)?.0);
    }
    if server.greeting.tls.as_ref().is_some_and(|tls| tls.version == Version::Tls13) {
        let (greeting, _) = greet(wire(probe, address)?, &hello()?.with_tls12_alone())?;
        server.takes_tls12 = Some(greeting.tls.is_some());
    }
    Ok(server)
}

/// A handshake and, where it succeeds, a gRPC call: what comes back then is the answer to the client's certificate too.
fn converse(probe: &Probe<'_>, address: SocketAddr, hello: &Hello) -> Result<(Greeting, Option<Answer>)> {
    let (mut greeting, connection) = greet(wire(probe, address)?, hello)?;
    let Some(connection) = connection.filter(|_| greeting.speaks_http2()) else {
        return Ok((greeting, None));
    };
    let (answer, end) = grpc::ask(connection, &probe.target.authority());
    match end {
        // TLS 1.3 that was slow to refuse.
        Some(refusal @ Outcome::Refused(_)) => greeting.outcome = refusal,
        Some(Outcome::Closed) if !greeting.is_confirmed => greeting.outcome = Outcome::Closed,
        end => {
            greeting.is_confirmed |= end != Some(Outcome::Silent);
            return Ok((greeting, Some(answer)));
        }
    }
    Ok((greeting, None))
}

/// A new connection; one that was possible a moment ago may not be now.
fn wire(probe: &Probe<'_>, address: SocketAddr) -> Result<Wire> {
    Wire::connect(address, probe.timeout).map_err(|e| {
        Failure::failed(format!("{address}: takes no further connection: {}", reach::why(&e)))
            .hint("run it again; if it stays so, look at the server's log")
    })
}

/// The end of a wait that begins now.
fn deadline(timeout: Duration) -> Instant {
    Instant::now() + timeout
}
