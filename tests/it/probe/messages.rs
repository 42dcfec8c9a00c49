//! Snapshots of what `probe` says.

use std::process::Output;

use super::go;
use super::http2::{answering, version};
use super::servers::{OpenSsl, Tcp};
use crate::messages::assert_snapshot;
use crate::support::{Sandbox, has, text};

/// Ports differ from run to run.
fn said(output: &Output, port: u16) -> String {
    let all = format!("{}{}", text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap();
    format!("{}[exit {code}]\n", all.replace(&format!(":{port}"), ":[PORT]"))
}

#[test]
fn a_milvus_that_is_right() {
    if !has("go") {
        return;
    }
    let set = Sandbox::with_set();
    let server = go::Server::start(&set, &["mutual", "milvus"]);
    let target = format!("127.0.0.1:{}", server.port);
    assert_snapshot("probe-right", &said(&set.certgen(&["probe", &target]).output(), server.port));
    assert_snapshot(
        "probe-right-json",
        &said(&set.certgen(&["probe", "--json", &target]).output(), server.port),
    );
}

#[test]
fn a_server_with_much_that_is_wrong() {
    if !has("openssl") {
        return;
    }
    let (set, other) = (Sandbox::with_set(), Sandbox::with_set_of(&["--cn", "db.example.com"]));
    let server = OpenSsl::start(&other, "-alpn h2 -tls1_2 -Verify 1 -verify_return_error -CAfile ca.pem");
    let target = format!("127.0.0.1:{}", server.port);
    let output = set.certgen(&["probe", &target, "--tls-mode", "1"]).output();
    assert_snapshot("probe-wrong", &said(&output, server.port));
}

#[test]
fn a_ca_that_is_not_here() {
    if !has("openssl") {
        return;
    }
    let server = OpenSsl::start(&Sandbox::with_set(), "-alpn h2");
    let target = format!("127.0.0.1:{}", server.port);
    let output = Sandbox::new().certgen(&["probe", &target]).output();
    assert_snapshot("probe-unknown", &said(&output, server.port));
}

#[test]
fn plaintext() {
    let set = Sandbox::with_set();
    let server = Tcp::start(answering(version("v2.3.5")));
    let target = format!("127.0.0.1:{}", server.port);
    assert_snapshot("probe-plaintext", &said(&set.certgen(&["probe", &target]).output(), server.port));
}
