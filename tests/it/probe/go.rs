//! Servers of Go's crypto/tls and net/http, which Milvus is built on.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use super::{copy, probe, trusting};
use crate::support::{Sandbox, has};

/// tests/peers/serve.go.
pub(super) struct Server {
    child: Child,
    pub(super) port: u16,
}

impl Server {
    /// `one-way`, `mutual` or `optional`, what it is, and further words.
    pub(super) fn start(set: &Sandbox, words: &[&str]) -> Self {
        let mut child = Command::new(program())
            .arg(set.path())
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().parse().unwrap_or_else(|_| panic!("serve.go says {line:?}, and no port"));
        Self { child, port }
    }

    fn target(&self) -> String {
        format!("localhost:{}", self.port)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Built once; what it is built from is kept for the next time, as net/http takes long.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let home = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let program = home.join("serve");
        let built = Command::new("go")
            .args(["build", "-o"])
            .arg(&program)
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/serve.go"))
            .env("GOCACHE", home.join("go"))
            .env("GOFLAGS", "-mod=mod")
            .env("CGO_ENABLED", "0")
            .output()
            .unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        program
    })
}

#[test]
fn who_answers_over_tls() {
    if !has("go") {
        return;
    }
    let set = Sandbox::with_set();
    let tls = "tlsMode 1, TLS 1.3, certificate not asked for, accepted";
    for (what, verdict) in [
        ("milvus", format!("exit 0, milvus, {tls}:")),
        ("says", format!("exit 0, milvus, {tls}:")),
        ("grpc", format!("exit 3, grpc, {tls}: not-milvus")),
        ("web", format!("exit 3, web, {tls}: not-milvus")),
        // In TLS 1.3 the refusal comes when the version is settled.
        (
            "http1",
            "exit 3, unknown, tlsMode -, TLS 1.3, certificate not asked for, not accepted: no-http2"
                .to_owned(),
        ),
    ] {
        let server = Server::start(&set, &["one-way", what]);
        let probed = probe(&set, &[&server.target()]);
        probed.assert(&verdict);
        match what {
            "milvus" => assert_eq!(probed.json["server"]["version"], "v2.3.5"),
            "says" => assert_eq!(probed.json["server"]["says"], "gRPC status 16 auth check failure"),
            "web" => drop(probed.assert_says("not-milvus", "HTTP status 404")),
            _ => assert!(probed.json["server"]["version"].is_null()),
        }
    }
}

/// With HTTP/2 or without: what clients of REST need is TLS and an answer.
#[test]
fn the_port_of_rest_is_milvus_s() {
    if !has("go") {
        return;
    }
    let set = Sandbox::with_set();
    for what in ["rest", "rest1"] {
        let server = Server::start(&set, &["one-way", what]);
        probe(&set, &[&server.target()])
            .assert("exit 0, rest, tlsMode 1, TLS 1.3, certificate not asked for, accepted:");
        // Its certificate is looked at all the same.
        let other = probe(&set, &[&server.target(), "--server-name", "other.example"]);
        assert_eq!(other.code, 3, "{:#}", other.json);
        let server = Server::start(&set, &["mutual", what]);
        probe(&set, &[&server.target()])
            .assert("exit 0, rest, tlsMode 2, TLS 1.3, certificate demanded, accepted:");
        let refused = probe(&trusting(&set), &[&server.target()]);
        assert_eq!(refused.code, 3, "{:#}", refused.json);
        if what == "rest" {
            refused.assert_says("client-certificate-needed", "certificate");
        }
    }
}

#[test]
fn an_ingress_without_a_certificate_is_known_by_its_default() {
    if !has("go") {
        return;
    }
    let name = "Kubernetes Ingress Controller Fake Certificate";
    let set = Sandbox::with_set_of(&["--cn", name, "--san", "localhost"]);
    let server = Server::start(&set, &["one-way", "web"]);
    let probed = probe(&set, &[&server.target()]);
    probed.assert_says("served-untrusted", "milvus-certgen config ingress");
    let plain = Sandbox::with_set();
    let server = Server::start(&plain, &["one-way", "web"]);
    assert!(!probe(&plain, &[&server.target()]).verdict().contains("served-untrusted"));
}

#[test]
fn client_certificates() {
    if !has("go") {
        return;
    }
    let (set, other) = (Sandbox::with_set(), Sandbox::with_set());
    copy(&other.file("client.pem"), &set.file("other.pem"));
    copy(&other.file("client.key"), &set.file("other.key"));
    let others = ["--cert", "other.pem", "--key", "other.key"];
    let own = ["--cert", "server.pem", "--key", "server.key"];
    // Without tickets, Go says nothing to a client that it takes: only a request tells.
    for words in [&["mutual", "milvus"][..], &["mutual", "milvus", "no-tickets"]] {
        let server = Server::start(&set, words);
        let target = server.target();
        let with = |args: &[&str]| probe(&set, &[&[target.as_str()], args].concat());
        let two = "tlsMode 2, TLS 1.3, certificate demanded";
        let right = format!("exit 0, milvus, {two}, accepted:");
        with(&[]).assert(&right);
        with(&["--tls-mode", "2"]).assert(&right);
        with(&["--tls-mode", "1"]).assert(&format!("exit 3, milvus, {two}, accepted: tls-mode"));
        with(&others).assert(&format!(
            "exit 3, unknown, {two}, not accepted: not-signed-by-ca client-certificate-refused"
        ));
        with(&own)
            .assert(&format!("exit 3, unknown, {two}, not accepted: wrong-eku client-certificate-refused"));
        probe(&trusting(&set), &[&target])
            .assert(&format!("exit 3, unknown, {two}, not accepted: client-certificate-needed"));
    }
    let server = Server::start(&set, &["optional", "milvus"]);
    let one = "tlsMode 1, TLS 1.3, certificate optional";
    probe(&set, &[&server.target()]).assert(&format!("exit 0, milvus, {one}, accepted:"));
    probe(&trusting(&set), &[&server.target()]).assert(&format!("exit 0, milvus, {one}, accepted:"));
    probe(&set, &[&[server.target().as_str()], &others[..]].concat()).assert(&format!(
        "exit 3, unknown, {one}, not accepted: not-signed-by-ca client-certificate-refused"
    ));
}
