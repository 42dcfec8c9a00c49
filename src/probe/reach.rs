//! Finds the addresses of a host, and those that accept connections.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use super::Endpoint;
use crate::error::{Failure, Result};
use crate::foreign::quoted;

/// One address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    pub address: SocketAddr,
    pub reached: Reached,
}

/// The result of an attempt to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reached {
    /// Somebody takes it.
    Connected,
    /// Nobody listens.
    Refused,
    /// Nobody answers, not even with a refusal.
    TimedOut,
    /// Anything else, in words.
    Failed(String),
}

impl Reached {
    /// The words for it.
    pub fn in_words(&self) -> &str {
        match self {
            Self::Connected => "connected",
            Self::Refused => "nothing listens",
            Self::TimedOut => "no answer in time",
            Self::Failed(why) => why,
        }
    }
}

/// All addresses of the host, at the same time; in the order in which clients would try them.
pub(super) fn reach(endpoint: &Endpoint, timeout: Duration) -> Result<Vec<Attempt>> {
    let addresses = resolve(endpoint, timeout)?;
    let attempts: Vec<_> = addresses
        .into_iter()
        .map(|address| (address, thread::Builder::new().spawn(move || attempt(address, timeout))))
        .collect();
    Ok(attempts
        .into_iter()
        .map(|(address, thread)| {
            let reached = match thread {
                Ok(thread) => {
                    thread.join().unwrap_or_else(|_| Reached::Failed("the attempt stopped".to_owned()))
                }
                // The system grants no more threads: one after the other, then.
                Err(_) => attempt(address, timeout),
            };
            Attempt { address, reached }
        })
        .collect())
}

fn attempt(address: SocketAddr, timeout: Duration) -> Reached {
    match TcpStream::connect_timeout(&address, timeout) {
        Ok(_) => Reached::Connected,
        Err(e) => match e.kind() {
            ErrorKind::ConnectionRefused => Reached::Refused,
            ErrorKind::TimedOut | ErrorKind::WouldBlock => Reached::TimedOut,
            _ => Reached::Failed(why(&e)),
        },
    }
}

/// The system's resolver has a timeout of its own; it is abandoned at ours.
fn resolve(endpoint: &Endpoint, timeout: Duration) -> Result<Vec<SocketAddr>> {
    let (sender, receiver) = mpsc::channel();
    let (host, port) = (endpoint.host.clone(), endpoint.port);
    let look_up = move || {
        let found = (host.as_str(), port).to_socket_addrs().map(Iterator::collect::<Vec<_>>);
        // Nobody listens any more if it took too long.
        let _ = sender.send(found);
    };
    // If no thread can be started, only the system's own timeout applies.
    if thread::Builder::new().spawn(look_up.clone()).is_err() {
        look_up();
    }
    let failed = |reason: &str| {
        Failure::failed(format!("{endpoint}: the host's address cannot be found: {reason}"))
            .hint(format!("look it up with: getent hosts {}", quoted(&endpoint.host)))
    };
    match receiver.recv_timeout(timeout) {
        Ok(Ok(addresses)) if addresses.is_empty() => Err(failed("it has none")),
        Ok(Ok(mut addresses)) => {
            let mut seen = Vec::new();
            addresses.retain(|address| {
                let is_new = !seen.contains(address);
                seen.push(*address);
                is_new
            });
            Ok(addresses)
        }
        Ok(Err(e)) => Err(failed(&why(&e))),
        Err(_) => Err(failed("no answer in time")),
    }
}

/// The operating system's words in ours: lower case, and no number.
pub(super) fn why(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(text);
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => error.kind().to_string(),
    }
}
