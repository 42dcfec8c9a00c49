//! nginx with what `config nginx` prints, in front of a server of Go's as Milvus is one; and each wrong form of it.

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::go::Server;
use super::{Probed, probe, trusting};
use crate::support::{Sandbox, has, text};

/// What keeps nginx within its directory.
const AROUND: &str = "daemon off; pid nginx.pid; worker_processes 1; error_log error.log; events {} http { \
     access_log off; client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; \
     scgi_temp_path t5;";

struct Nginx {
    child: Child,
    dir: Sandbox,
    target: String,
}

impl Nginx {
    fn start(page: &str) -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
        let dir = Sandbox::new();
        let page = page.replace("listen 443", &format!("listen 127.0.0.1:{port}"));
        dir.write("nginx.conf", format!("{AROUND}\n{page}}}\n"));
        let path = dir.path().to_str().unwrap();
        let child = Command::new("nginx")
            .args(["-p", path, "-c", "nginx.conf"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let nginx = Self { child, dir, target: format!("localhost:{port}") };
        let end = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < end, "{}", nginx.dir.read("error.log"));
            std::thread::sleep(Duration::from_millis(20));
        }
        nginx
    }

    fn probed(&self, set: &Sandbox) -> Probed {
        probe(set, &[&self.target])
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // Its worker goes with it when it is told to go, not when it is killed.
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
        let _ = self.child.wait();
    }
}

fn page(set: &Sandbox, mode: &str, server: &Server) -> String {
    let dir = set.path().to_str().unwrap();
    let output = set
        .certgen(&["config", "nginx", "--dir", dir, "--tls-mode", mode, "--port", &server.port.to_string()])
        .output();
    text(&output.stdout)
}

#[test]
fn the_printed_proxy_leads_to_milvus_in_both_modes() {
    if !has("go") || !has("nginx") {
        return;
    }
    let set = Sandbox::with_set();
    for (mode, words) in [("1", ["one-way", "milvus"]), ("2", ["mutual", "milvus"])] {
        let server = Server::start(&set, &words);
        let page = page(&set, mode, &server);
        let probed = Nginx::start(&page).probed(&set);
        assert_eq!((probed.code, &probed.json["server"]["kind"]), (0, &"milvus".into()), "{:#}", probed.json);
        // The backend's certificate is checked.
        let unknown = page.replace("grpc_ssl_name \"localhost\"", "grpc_ssl_name elsewhere");
        assert_ne!(unknown, page);
        assert_eq!(Nginx::start(&unknown).probed(&set).code, 3, "mode {mode}: nginx takes any certificate");
        // Each wrong form has its own cause and cure.
        for (right, wrong, code, says) in [
            ("\"grpcs://", "\"grpc://", "not-milvus", "HTTP status 502"),
            ("location / {", "location /x {", "not-milvus", "HTTP status 404"),
            (" ssl http2;", " ssl;", "no-http2", "config nginx"),
            ("grpc_ssl_certificate", "#grpc_ssl_certificate", "not-milvus", "HTTP status 502"),
        ] {
            let changed = page.replace(right, wrong);
            if changed != page {
                Nginx::start(&changed).probed(&set).assert_says(code, says);
            }
            assert!(changed != page || mode == "1", "{right}");
        }
        if mode == "2" {
            let refused = Nginx::start(&page).probed(&trusting(&set));
            assert_eq!(refused.code, 3, "nginx lets in who has no certificate: {:#}", refused.json);
            refused.assert_says("not-milvus", "does not accept the client's certificate");
        }
    }
}

/// As Milvus's REST port in tlsMode 2, or a proxy before it: HTTP/1.1 alone, and nothing without a client certificate.
#[test]
fn a_port_of_http_1_that_demands_a_certificate_says_that_it_is_missing() {
    if !has("nginx") {
        return;
    }
    let set = Sandbox::with_set();
    let dir = set.path().display();
    let page = |verify: &str| {
        format!(
            "server {{ listen 443 ssl; ssl_certificate {dir}/server.pem; ssl_certificate_key {dir}/server.key; \
             ssl_client_certificate {dir}/ca.pem; ssl_verify_client {verify}; location / {{ return 200 '{{\"code\":200}}'; }} }}"
        )
    };
    let nginx = Nginx::start(&page("on"));
    let probed = nginx.probed(&trusting(&set));
    assert_eq!((probed.code, &probed.json["tls_mode"]), (3, &2.into()), "{:#}", probed.json);
    probed.assert_says("client-certificate-needed", "none is set (HTTP status 400)");
    assert_eq!(probed.json["findings"].as_array().unwrap().len(), 1, "{:#}", probed.json);
    // One of another CA is not accepted either.
    let stranger = Sandbox::with_set();
    super::copy(&set.file("ca.pem"), &stranger.file("trusted.pem"));
    let args =
        [nginx.target.as_str(), "--ca-cert", "trusted.pem", "--cert", "client.pem", "--key", "client.key"];
    probe(&stranger, &args).assert_says("client-certificate-refused", "HTTP status 400");
    // With its certificate the client gets an answer, and without TLS's demand everybody does.
    assert_eq!(nginx.probed(&set).code, 0);
    assert_eq!(Nginx::start(&page("off")).probed(&trusting(&set)).code, 0);
}

/// The same of a server that ends the handshake at once, as Go's do.
#[test]
fn a_handshake_that_offers_http_1_alone_is_asked_for_the_certificate_too() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server =
        super::servers::OpenSsl::start(&set, "-alpn http/1.1 -Verify 1 -verify_return_error -CAfile ca.pem");
    let probed = probe(&trusting(&set), &[&server.target(), "--timeout", "2"]);
    assert_eq!(probed.code, 3, "{:#}", probed.json);
    probed.assert_says("client-certificate-needed", "none is set");
    // What does not ask for one is still no Milvus.
    let server = super::servers::OpenSsl::start(&set, "-alpn http/1.1");
    probe(&trusting(&set), &[&server.target(), "--timeout", "2"]).assert_says("no-http2", "h2");
}
