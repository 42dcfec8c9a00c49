//! Servers that talk neither TLS nor HTTP/2, or begin and do not go on.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::ServerConnection;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::probe;
use super::servers::{Nobody, Tcp, hear_out};
use crate::support::{Sandbox, text};

const UNKNOWN: &str = "exit 1, unknown, tlsMode -, no TLS:";
const NOT_TLS: &str = "exit 3, unknown, tlsMode -, no TLS: not-tls";
const TLS_FAILED: &str = "exit 3, unknown, tlsMode -, no TLS: tls-failed";

/// Says that at once, and then listens.
fn saying(words: &'static [u8]) -> Tcp {
    Tcp::start(move |stream| {
        (&stream).write_all(words)?;
        hear_out(&stream)
    })
}

#[test]
fn nothing_listens() {
    let (set, nobody) = (Sandbox::with_set(), Nobody::new());
    let target = format!("127.0.0.1:{}", nobody.port());
    let probed = probe(&set, &[&target]);
    probed.assert("exit 1, -, tlsMode -, no TLS:");
    assert!(
        probed.err.contains(&format!("error: {target}: nothing listens on this port (127.0.0.1)\n")),
        "{}",
        probed.err
    );
    assert_eq!(probed.json["addresses"][0]["result"], "nothing listens");
    let err = set.certgen(&["probe", &target]).fails(1);
    assert_eq!(err, probed.err, "the same words without --json");
    assert_eq!(set.certgen(&["probe", "-q", &target]).fails(1), err, "--quiet keeps no error back");
}

#[test]
fn silence_and_farewell() {
    let set = Sandbox::with_set();
    let silent = Tcp::start(|stream| hear_out(&stream));
    let probed = probe(&set, &[&silent.target(), "--timeout", "300ms"]);
    probed.assert(UNKNOWN);
    assert!(probed.err.contains("accepted the connection but timed out"), "{}", probed.err);
    assert!(probed.took < Duration::from_secs(5), "{:?}", probed.took);
    let closing = Tcp::start(|_| Ok(()));
    let probed = probe(&set, &[&closing.target()]);
    probed.assert(UNKNOWN);
    assert!(probed.err.contains("closed it without an answer"), "{}", probed.err);
    assert!(probed.took < Duration::from_secs(5), "{:?}", probed.took);
    let closes_when_spoken_to = Tcp::start(|mut stream| stream.read(&mut [0; 512]).map(drop));
    probe(&set, &[&closes_when_spoken_to.target()]).assert(UNKNOWN);
}

#[test]
fn other_protocols() {
    let set = Sandbox::with_set();
    let ssh = saying(b"SSH-2.0-OpenSSH_9.2\r\n");
    let args = ["--timeout", "300ms"];
    probe(&set, &[&[ssh.target().as_str()], &args[..]].concat())
        .assert(NOT_TLS)
        .assert_says("not-tls", "its answer begins with \\\"SSH-2.0-OpenSSH_9.2\\\"");
    let redis = Tcp::start(|mut stream| {
        let _ = stream.read(&mut [0; 512])?;
        stream.write_all(b"-ERR unknown command\r\n")
    });
    probe(&set, &[&[redis.target().as_str()], &args[..]].concat())
        .assert(NOT_TLS)
        .assert_says("not-tls", "-ERR unknown command");
    // In colours, if it could.
    let hostile = saying(b"\x1b]0;owned\x07\x9b31m\xff\n");
    let out = set.certgen(&["probe", &hostile.target()]).args(&args).output();
    assert_eq!(out.status.code(), Some(3));
    let out = text(&out.stdout);
    assert!(out.contains(r#"begins with "\u{1b}]0;owned\u{7}�31m�""#), "{out}");
}

#[test]
fn a_web_server_in_plaintext() {
    let set = Sandbox::with_set();
    let answer = |words: &'static [u8]| {
        Tcp::start(move |mut stream| {
            let mut bytes = [0; 512];
            let read = stream.read(&mut bytes)?;
            if bytes[..read].starts_with(b"GET ") { stream.write_all(words) } else { Ok(()) }
        })
    };
    // It answers no more than what it understands; others say 400 to everything.
    let picky = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let plain = saying(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    let hostile = answer(b"HTTP/1.1 200 \x1b[31m\r\n\r\n");
    let web = "exit 3, web, tlsMode -, no TLS: not-tls";
    for (server, line) in [
        (&picky, "HTTP/1.1 200 OK"),
        (&plain, "HTTP/1.1 400 Bad Request"),
        (&hostile, "HTTP/1.1 200 \\u001b[31m"),
    ] {
        probe(&set, &[&server.target(), "--timeout", "1"])
            .assert(web)
            .assert_says("not-tls", &format!("is a web server in plaintext, which answers \\\"{line}\\\""))
            .assert_says("not-tls", "19530");
    }
}

#[test]
fn nonsense_without_end() {
    let set = Sandbox::with_set();
    let flood = Tcp::start(|mut stream| {
        loop {
            stream.write_all(&[b'x'; 16384])?;
        }
    });
    let drip = |bytes: &'static [u8]| {
        Tcp::start(move |mut stream| {
            for byte in bytes.iter().cycle() {
                stream.write_all(&[*byte])?;
                thread::sleep(Duration::from_millis(50));
            }
            Ok(())
        })
    };
    // A record of 16 KB that never comes to its end, from one that never stops.
    let slow_tls = drip(&[22, 3, 3, 0x3f, 0xff, 2, 0, 0x3f, 0xfb, 3, 3, 0]);
    let slow = drip(b"slow");
    for (server, verdict) in [(&flood, NOT_TLS), (&slow, NOT_TLS), (&slow_tls, NOT_TLS)] {
        let probed = probe(&set, &[&server.target(), "--timeout", "800ms"]);
        probed.assert(verdict);
        assert!(probed.took < Duration::from_secs(10), "{:?}", probed.took);
    }
}

#[test]
fn tls_that_makes_no_sense() {
    let set = Sandbox::with_set();
    for (words, verdict, says) in [
        (&[22, 3, 3, 0, 5, 9, 9, 9, 9, 9][..], TLS_FAILED, "rejects the TLS handshake"),
        (&[21, 3, 3, 0, 2, 2, 40], TLS_FAILED, "TLS alert handshake_failure"),
        (&[21, 3, 3, 0, 2, 2, 112], TLS_FAILED, "TLS alert unrecognised_name"),
        (&[21, 3, 3, 0, 2, 2, 48], TLS_FAILED, "TLS alert unknown_ca"),
        (&[21, 3, 1, 0, 2, 2, 70], "exit 3, unknown, tlsMode -, no TLS: tls-version", "protocol_version"),
        (&[21, 3, 3, 0, 2, 2, 120], "exit 3, unknown, tlsMode -, no TLS: no-http2", "does not support h2"),
    ] {
        let server = saying(words);
        let code = verdict.rsplit(' ').next().unwrap();
        println!("{words:?}");
        probe(&set, &[&server.target(), "--timeout", "1"]).assert(verdict).assert_says(code, says);
    }
}

/// The first record of a sound handshake, and no more.
fn begin(stream: &TcpStream, config: Arc<rustls::ServerConfig>) -> io::Result<()> {
    let mut connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut wire = stream;
    while !connection.wants_write() {
        if connection.read_tls(&mut wire)? == 0 {
            return Ok(());
        }
        connection.process_new_packets().map_err(io::Error::other)?;
    }
    let mut flight = Vec::new();
    connection.write_tls(&mut flight)?;
    let length = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
    wire.write_all(&flight[..length])
}

#[test]
fn a_handshake_that_does_not_go_on() {
    let set = Sandbox::with_set();
    let chain =
        milvus_certgen::certificate::certificates_from_pem(set.read("server.pem").as_bytes()).unwrap();
    let chain = chain.into_iter().map(|certificate| CertificateDer::from(certificate.der)).collect();
    let (key, _) = milvus_certgen::keys::encoding::from_pem(set.read("server.key").as_bytes()).unwrap();
    let key = PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let closes = config.clone();
    let stalls = Tcp::start(move |stream| {
        begin(&stream, config.clone())?;
        hear_out(&stream)
    });
    let probed = probe(&set, &[&stalls.target(), "--timeout", "500ms"]);
    probed.assert("exit 1, unknown, tlsMode -, TLS 1.3, certificate not asked for, not accepted:");
    assert!(probed.err.contains("began the TLS handshake but timed out"), "{}", probed.err);
    let leaves = Tcp::start(move |stream| begin(&stream, closes.clone()));
    probe(&set, &[&leaves.target()])
        .assert("exit 3, unknown, tlsMode -, TLS 1.3, certificate not asked for, not accepted: tls-failed")
        .assert_says("tls-failed", "it closes the connection");
}
