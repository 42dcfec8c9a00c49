//! Names and addresses.

use std::net::{Ipv4Addr, SocketAddr, TcpStream, ToSocketAddrs};
use std::time::Duration;

use super::http2::{answering, version};
use super::probe;
use super::servers::Tcp;
use crate::support::Sandbox;

#[test]
fn every_address_of_a_name_is_tried() {
    let set = Sandbox::with_set();
    let server = Tcp::start(answering(version("v2.3.5")));
    let probed = probe(&set, &[&server.target()]);
    probed.assert("exit 3, milvus, tlsMode 0, no TLS: plaintext");
    let mut expected: Vec<SocketAddr> = Vec::new();
    for address in ("localhost", server.port).to_socket_addrs().unwrap() {
        if !expected.contains(&address) {
            expected.push(address);
        }
    }
    let tried: Vec<(String, String)> = probed.json["addresses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tried| {
            let word = |name: &str| tried[name].as_str().unwrap().to_owned();
            (word("address"), word("result"))
        })
        .collect();
    let is_reached = |address: &SocketAddr| TcpStream::connect(address).is_ok();
    let expected: Vec<(String, bool)> = expected.iter().map(|a| (a.to_string(), is_reached(a))).collect();
    assert_eq!(
        tried.iter().map(|(a, result)| (a.clone(), result == "connected")).collect::<Vec<_>>(),
        expected
    );
    let own = SocketAddr::from((Ipv4Addr::LOCALHOST, server.port)).to_string();
    assert_eq!(probed.json["server"]["address"], own);
}

#[test]
fn a_name_that_nobody_has() {
    let set = Sandbox::with_set();
    let probed = probe(&set, &["milvus.invalid:19530", "--timeout", "10"]);
    assert_eq!((probed.code, &probed.json["ok"]), (1, &serde_json::Value::Null));
    assert_eq!(probed.json["addresses"], serde_json::json!([]));
    assert!(probed.json["unknown"].as_str().unwrap().contains("cannot be found"), "{}", probed.json);
    assert!(
        probed.err.starts_with("error: milvus.invalid:19530: the host's address cannot be found: ")
            && probed.err.ends_with("\nhint: look it up with: getent hosts milvus.invalid\n"),
        "{}",
        probed.err
    );
    assert!(probed.took < Duration::from_secs(15), "{:?}", probed.took);
}

#[test]
fn what_people_type() {
    let set = Sandbox::with_set();
    let server = Tcp::start(answering(version("v2.3.5")));
    let port = server.port;
    for target in [
        format!("localhost:{port}"),
        format!("LOCALHOST:{port}"),
        format!("127.0.0.1:{port}"),
        format!("https://localhost:{port}"),
        format!("http://localhost:{port}/"),
        format!("tcp://localhost:{port}"),
    ] {
        probe(&set, &[&target]).assert("exit 3, milvus, tlsMode 0, no TLS: plaintext");
    }
}
