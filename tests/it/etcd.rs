//! A real etcd with what `config etcd` prints: only its ports and directories are others.

use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::{Sandbox, has, text};

const FAST: [&str; 3] = ["--key-type", "ecdsa-p256", "-q"];

/// Members on the loopback; they end with this.
struct Cluster {
    members: Vec<Child>,
    endpoints: Vec<String>,
}

impl Cluster {
    /// One for each document of the page but the last, which is Milvus's.
    fn start(sandbox: &Sandbox, page: &str) -> Self {
        let mut page = page.replace("/etc/etcd/tls", sandbox.path().to_str().unwrap());
        let names: Vec<String> = page
            .lines()
            .filter_map(|line| line.strip_prefix("name: "))
            .map(|name| name.trim_matches('"').to_owned())
            .collect();
        let mut endpoints = Vec::new();
        for name in &names {
            let [clients, peers] = [free_port(), free_port()];
            page = page
                .replace(&format!("//{name}:2379"), &format!("//127.0.0.1:{clients}"))
                .replace(&format!("//{name}:2380"), &format!("//127.0.0.1:{peers}"));
            endpoints.push(format!("127.0.0.1:{clients}"));
        }
        let documents = page.split("\n---\n").skip(1).take(names.len());
        let members = documents.zip(&names).map(|(document, name)| {
            // Where a member listens is what it tells the others.
            let url = |key: &str| {
                let line = document.lines().find_map(|line| line.strip_prefix(key)).unwrap();
                line.trim_start_matches(": ").trim_matches('"').to_owned()
            };
            let own = document
                .replace("https://0.0.0.0:2379", &url("advertise-client-urls"))
                .replace("https://0.0.0.0:2380", &url("initial-advertise-peer-urls"))
                .replace(":2381", &format!(":{}", free_port()));
            let data = sandbox.file(&format!("data-{name}"));
            sandbox.write(
                &format!("{name}.yaml"),
                format!("{own}\nenable-grpc-gateway: true\ndata-dir: {}\n", data.display()),
            );
            let log = std::fs::File::create(sandbox.file(&format!("{name}.log"))).unwrap();
            Command::new("etcd")
                .args(["--config-file", &format!("{name}.yaml")])
                .current_dir(sandbox.path())
                .stdout(Stdio::null())
                .stderr(log)
                .spawn()
                .unwrap()
        });
        Self { members: members.collect(), endpoints }
    }

    fn ctl(&self, sandbox: &Sandbox, client: &str, words: &[&str]) -> Output {
        let mut command = Command::new("etcdctl");
        command.current_dir(sandbox.path()).env("ETCDCTL_API", "3");
        command.args(["--dial-timeout=2s", "--command-timeout=3s", "--cacert=ca.pem"]);
        command.arg(format!("--endpoints={}", self.endpoints.join(",")));
        if !client.is_empty() {
            command.args([format!("--cert={client}.pem"), format!("--key={client}.key")]);
        }
        command.args(words).output().unwrap()
    }

    /// Waits until all are healthy; false if they are not in that time.
    fn is_healthy(&self, sandbox: &Sandbox, within: Duration) -> bool {
        let end = Instant::now() + within;
        while Instant::now() < end {
            if self.ctl(sandbox, "client", &["endpoint", "health"]).status.success() {
                return true;
            }
            std::thread::sleep(Duration::from_millis(200));
        }
        false
    }

    /// The gateway: etcd as a client of itself, with the certificate of the server.
    fn gateway(&self, sandbox: &Sandbox) -> Output {
        let url = format!("https://{}/v3/kv/range", self.endpoints[0]);
        Command::new("curl")
            .args([
                "-sS",
                "--max-time",
                "10",
                "--cacert",
                "ca.pem",
                "--cert",
                "client.pem",
                "--key",
                "client.key",
            ])
            .args(["--data", r#"{"key":"a2V5"}"#, &url])
            .current_dir(sandbox.path())
            .output()
            .unwrap()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for member in &mut self.members {
            let _ = member.kill();
            let _ = member.wait();
        }
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

fn has_etcd() -> bool {
    has("etcd") && has("etcdctl") && has("curl")
}

fn log(sandbox: &Sandbox, member: &str) -> String {
    sandbox.read(&format!("{member}.log"))
}

/// What it is when it may sign for servers alone, as the Milvus page's server certificate.
fn with_server_certificates(sandbox: &Sandbox, page: &str, names: &[&str]) -> String {
    names.iter().fold(page.to_owned(), |page, name| {
        let other = format!("only-{name}");
        sandbox.certgen(&["server", &other, "--san", &format!("{name},127.0.0.1")]).args(&FAST).succeeds();
        page.replace(&format!("/{name}.pem"), &format!("/{other}.pem"))
            .replace(&format!("/{name}.key"), &format!("/{other}.key"))
    })
}

#[test]
fn a_member_takes_the_set_s_client_and_nobody_else() {
    if !has_etcd() {
        return;
    }
    let (sandbox, other) = (Sandbox::with_set(), Sandbox::with_set());
    sandbox.certgen(&["peer", "etcd-0", "--san", "127.0.0.1"]).args(&FAST).succeeds();
    for kind in ["pem", "key"] {
        std::fs::copy(other.file(&format!("client.{kind}")), sandbox.file(&format!("other.{kind}"))).unwrap();
    }
    let page = sandbox.certgen(&["config", "etcd"]).succeeds();
    let cluster = Cluster::start(&sandbox, &page);
    assert!(cluster.is_healthy(&sandbox, Duration::from_secs(20)), "{}", log(&sandbox, "etcd-0"));
    assert!(cluster.ctl(&sandbox, "client", &["put", "key", "value"]).status.success());
    let answer = text(&cluster.gateway(&sandbox).stdout);
    assert!(answer.contains("dmFsdWU="), "the gateway: {answer}");
    for (client, why) in [
        ("", "client didn't provide a certificate"),
        ("other", "certificate signed by unknown authority"),
        ("server", "incompatible key usage"),
    ] {
        assert!(!log(&sandbox, "etcd-0").contains(why), "{client:?}");
        let output = cluster.ctl(&sandbox, client, &["get", "key"]);
        assert!(!output.status.success(), "{client:?} is let in");
        assert!(log(&sandbox, "etcd-0").contains(why), "{client:?}: {}", log(&sandbox, "etcd-0"));
    }

    // It reads its files for each handshake: a renewal needs no restart.
    let served = || {
        let line = format!(
            "s_client -connect {} -CAfile ca.pem -cert client.pem -key client.key -verify_return_error",
            cluster.endpoints[0]
        );
        let mut command = Command::new("openssl");
        let output =
            command.args(line.split(' ')).current_dir(sandbox.path()).stdin(Stdio::null()).output().unwrap();
        let out = String::from_utf8_lossy(&output.stdout).into_owned();
        let begin = out.find("-----BEGIN").unwrap_or_else(|| panic!("{out}"));
        out[begin..].split_inclusive("-----END CERTIFICATE-----").next().unwrap().to_owned()
    };
    let before = served();
    sandbox.certgen(&["renew", "etcd-0", "--rekey", "-q"]).succeeds();
    let after = served();
    assert_ne!(after, before);
    assert!(sandbox.read("etcd-0.pem").starts_with(&after));
    assert!(cluster.ctl(&sandbox, "client", &["get", "key"]).status.success());
    assert!(text(&cluster.gateway(&sandbox).stdout).contains("dmFsdWU="), "the gateway after the renewal");
}

#[test]
fn a_member_with_a_server_s_certificate_has_no_gateway() {
    if !has_etcd() {
        return;
    }
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["peer", "etcd-0", "--san", "127.0.0.1"]).args(&FAST).succeeds();
    let page = sandbox.certgen(&["config", "etcd"]).succeeds();
    let cluster = Cluster::start(&sandbox, &with_server_certificates(&sandbox, &page, &["etcd-0"]));
    assert!(cluster.is_healthy(&sandbox, Duration::from_secs(20)), "{}", log(&sandbox, "etcd-0"));
    cluster.ctl(&sandbox, "client", &["put", "key", "value"]);
    let answer = text(&cluster.gateway(&sandbox).stdout);
    assert!(!answer.contains("dmFsdWU="), "{answer}");
    let log = log(&sandbox, "etcd-0");
    assert!(log.contains("incompatible key usage") || log.contains("bad certificate"), "{log}");
}

#[test]
fn three_members_form_a_cluster_with_peer_certificates_alone() {
    if !has_etcd() {
        return;
    }
    let sandbox = Sandbox::with_set();
    let names = ["etcd-0", "etcd-1", "etcd-2"];
    sandbox.certgen(&["peer", "--san", "127.0.0.1"]).args(&FAST).args(&names).succeeds();
    let page = sandbox.certgen(&["config", "etcd"]).succeeds();
    {
        let cluster = Cluster::start(&sandbox, &page);
        assert!(cluster.is_healthy(&sandbox, Duration::from_secs(30)), "{}", log(&sandbox, "etcd-0"));
        assert!(cluster.ctl(&sandbox, "client", &["put", "key", "value"]).status.success());
        let out = text(&cluster.ctl(&sandbox, "client", &["member", "list"]).stdout);
        assert_eq!(out.matches("started").count(), 3, "{out}");
    }
    for name in names {
        std::fs::remove_dir_all(sandbox.file(&format!("data-{name}"))).unwrap();
    }
    let cluster = Cluster::start(&sandbox, &with_server_certificates(&sandbox, &page, &names));
    assert!(!cluster.is_healthy(&sandbox, Duration::from_secs(5)), "servers' certificates form a cluster");
    let log = log(&sandbox, "etcd-0");
    assert!(log.contains("incompatible key usage") || log.contains("bad certificate"), "{log}");
}
