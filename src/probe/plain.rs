//! Asks in plaintext a server that does not speak TLS.

use std::io::{Read, Write};
use std::time::Duration;

use super::wire::{Wire, first_line};
use crate::error::Result;

/// The HTTP/2 connection preface (RFC 9113 section 3.4) and an empty SETTINGS frame.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// A server that does not answer within this time is silent.
const PATIENCE: Duration = Duration::from_secs(2);

/// The protocol of an answer in plaintext.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plain {
    /// HTTP/2, which gRPC uses.
    Http2,
    /// HTTP/1; its first line.
    Http1(String),
    /// Something else; its first bytes, for people.
    Other(String),
    /// It closes the connection without a word.
    Closed,
    /// It keeps the connection, and says nothing.
    Silent,
}

/// Asks in plaintext.
pub(super) fn ask(connect: impl Fn() -> Result<Wire>, http_authority: &str) -> Result<Plain> {
    match say(connect()?, PREFACE) {
        plain @ (Plain::Http2 | Plain::Http1(_)) => Ok(plain),
        // Some web servers take HTTP/2 for nonsense.
        plain => {
            let request = format!("GET / HTTP/1.1\r\nHost: {http_authority}\r\nConnection: close\r\n\r\n");
            Ok(match say(connect()?, request.as_bytes()) {
                web @ Plain::Http1(_) => web,
                _ => plain,
            })
        }
    }
}

fn say(mut wire: Wire, words: &[u8]) -> Plain {
    wire.wait_at_most(PATIENCE);
    // Some speak first, and some refuse to listen: what was heard tells more than how it ended.
    let _ = wire.write_all(words);
    let mut buffer = [0; 512];
    while wire.heard.len() < 9 && wire.read(&mut buffer).is_ok_and(|read| read > 0) {}
    match wire.heard.as_slice() {
        [] if wire.is_closed => Plain::Closed,
        [] => Plain::Silent,
        // Length, type 4 (SETTINGS), stream 0.
        [_, _, _, 4, _, 0, 0, 0, 0, ..] => Plain::Http2,
        heard if heard.starts_with(b"HTTP/1.") => Plain::Http1(first_line(heard)),
        heard => Plain::Other(first_line(heard)),
    }
}
