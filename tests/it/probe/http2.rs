//! HTTP/2 in plaintext, by hand: Milvus in tlsMode 0, and who only resembles it.

use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpStream};
use std::time::Duration;

use super::probe;
use super::servers::{Tcp, hear_out};
use crate::support::{Sandbox, text};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags, 0, 0, 0, stream], payload].concat()
}

/// HPACK's plainest form: each name and value spelled out.
fn fields(fields: &[(&str, &str)]) -> Vec<u8> {
    let bytes = |text: &str| [&[u8::try_from(text.len()).unwrap()], text.as_bytes()].concat();
    fields.iter().flat_map(|(name, value)| [vec![0], bytes(name), bytes(value)].concat()).collect()
}

const GRPC: [(&str, &str); 2] = [(":status", "200"), ("content-type", "application/grpc")];

/// An answer without a body.
fn status(fields_of_head: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_STREAM | END_HEADERS, 1, &fields(fields_of_head))
}

/// `GetVersionResponse` with that version.
pub(super) fn version(version: &str) -> Vec<u8> {
    let message = [&[0x12, u8::try_from(version.len()).unwrap()], version.as_bytes()].concat();
    let length = u32::try_from(message.len()).unwrap().to_be_bytes();
    [
        frame(HEADERS, END_HEADERS, 1, &fields(&GRPC)),
        frame(DATA, 0, 1, &[&[0][..], &length, &message].concat()),
        status(&[("grpc-status", "0")]),
    ]
    .concat()
}

/// Shakes hands, and gives that answer to every request.
pub(super) fn answering(answer: Vec<u8>) -> impl Fn(TcpStream) -> io::Result<()> + Send + Sync + 'static {
    move |stream| {
        until_asked(&stream)?;
        (&stream).write_all(&answer)?;
        hear_out(&stream)
    }
}

/// Who does not begin as HTTP/2 does is left standing, as gRPC does it.
fn until_asked(mut stream: &TcpStream) -> io::Result<()> {
    let mut preface = [0; PREFACE.len()];
    stream.read_exact(&mut preface)?;
    if preface != *PREFACE {
        return Err(io::ErrorKind::InvalidData.into());
    }
    stream.write_all(&frame(SETTINGS, 0, 0, &[]))?;
    loop {
        let mut head = [0; 9];
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        io::copy(&mut stream.take(length.into()), &mut io::sink())?;
        if head[3] == HEADERS {
            return Ok(());
        }
    }
}

#[test]
fn who_answers() {
    let set = Sandbox::with_set();
    let asks_who =
        [GRPC.as_slice(), &[("grpc-status", "16"), ("grpc-message", "auth check failure")]].concat();
    for (answer, kind, who) in [
        (version("v2.3.5"), "milvus", "is Milvus v2.3.5 in plaintext"),
        (status(&asks_who), "milvus", "is Milvus in plaintext"),
        (
            status(&[GRPC.as_slice(), &[("grpc-status", "14"), ("grpc-message", "no upstream")]].concat()),
            "unknown",
            "is an HTTP/2 server in plaintext",
        ),
        (
            status(&[GRPC.as_slice(), &[("grpc-status", "banana")]].concat()),
            "unknown",
            "is an HTTP/2 server in plaintext",
        ),
        (frame(GOAWAY, 0, 0, &[0; 8]), "unknown", "is an HTTP/2 server in plaintext"),
        (b"no frame at all".to_vec(), "unknown", "is an HTTP/2 server in plaintext"),
    ] {
        let server = Tcp::start(answering(answer));
        println!("{who}");
        let probed = probe(&set, &[&server.target()]);
        probed
            .assert(&format!("exit 3, {kind}, tlsMode 0, no TLS: plaintext"))
            .assert_says("plaintext", who)
            .assert_says("plaintext", "milvus-certgen config milvus-yaml");
        assert_eq!(probed.json["server"]["version"].as_str(), (who.contains("v2")).then_some("v2.3.5"));
        let says = probed.json["server"]["says"].as_str().unwrap_or_default();
        assert_eq!(says.contains("auth check failure"), who == "is Milvus in plaintext", "{says}");
    }
}

/// Milvus's settings are no help there.
#[test]
fn who_is_not_milvus_in_plaintext() {
    let set = Sandbox::with_set();
    for (answer, kind, who) in [
        (
            status(&[GRPC.as_slice(), &[("grpc-status", "12")]].concat()),
            "grpc",
            "is a gRPC server, but not Milvus",
        ),
        (status(&[(":status", "404")]), "web", "is a web server, not Milvus"),
    ] {
        let server = Tcp::start(answering(answer));
        let probed = probe(&set, &[&server.target()]);
        probed
            .assert(&format!("exit 3, {kind}, tlsMode -, no TLS: not-milvus"))
            .assert_says("not-milvus", who);
    }
}

#[test]
fn nothing_that_it_says_steers_the_terminal() {
    let set = Sandbox::with_set();
    for version_of_enemy in ["\u{1b}[2J\u{7}", "a\r\nb", "\u{9b}31m"] {
        let server = Tcp::start(answering(version(version_of_enemy)));
        let out = set.certgen(&["probe", &server.target()]).output();
        let out = text(&out.stdout);
        assert!(out.contains("Milvus ") && !out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
        let first = out.lines().next().unwrap();
        assert!(first.ends_with(", in plaintext (tlsMode 0)"), "{first}");
    }
}

/// Whatever comes without an end, the run has one: in time, and in memory.
#[test]
fn answers_without_end() {
    let set = Sandbox::with_set();
    let head = frame(HEADERS, END_HEADERS, 1, &fields(&GRPC));
    for (first, again) in [
        (vec![], vec![]),
        (head.clone(), vec![]),
        (head.clone(), frame(DATA, 0, 1, &[7; 8000])),
        (head.clone(), frame(DATA, 0, 1, &[])),
        (head, frame(PING, 0, 0, &[7; 8])),
        (vec![], frame(SETTINGS, 0, 0, &[])),
        (vec![], frame(HEADERS, 0, 1, &fields(&[("a", "b"); 100]))),
    ] {
        let server = Tcp::start(move |stream| {
            until_asked(&stream)?;
            (&stream).write_all(&first)?;
            while !again.is_empty() {
                (&stream).write_all(&again)?;
            }
            hear_out(&stream)
        });
        let probed = probe(&set, &[&server.target(), "--timeout", "400ms"]);
        probed.assert("exit 3, unknown, tlsMode 0, no TLS: plaintext");
        assert!(probed.took < Duration::from_secs(8), "{:?}", probed.took);
    }
}

#[test]
fn ipv6_and_zones() {
    let set = Sandbox::with_set();
    let loopback = IpAddr::from(Ipv6Addr::LOCALHOST);
    let Ok(server) = Tcp::start_at(loopback, answering(version("v2.3.5"))) else {
        return eprintln!("skipped: this machine has no ::1");
    };
    let plaintext = "exit 3, milvus, tlsMode 0, no TLS: plaintext";
    let target = format!("[::1]:{}", server.port);
    let probed = probe(&set, &[&target]);
    probed.assert(plaintext);
    assert_eq!(
        (&probed.json["target"], &probed.json["server_name"]),
        (&target.clone().into(), &"::1".into())
    );
    assert_eq!(probed.json["server"]["address"], target);
    // A zone is for this machine, and no part of what the server is told.
    probe(&set, &[&format!("[::1%1]:{}", server.port)]).assert(plaintext);
}
