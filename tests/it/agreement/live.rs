//! Milvus's server and every client, live: one process a client, which takes all sets one after another.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore};

use crate::peers::script;
use crate::support::{has, peers_python};

/// A set, and what clients call its server.
pub(super) struct Asked<'a> {
    pub(super) name: &'a str,
    pub(super) dir: &'a Path,
}

/// What a client says of a set, one-way and mutual: "accepted", "absent" where there is nothing to be said, or why it
/// refuses.
pub(super) type Said = [String; 2];

/// By the names that `check --json` has for them.
pub(super) struct Live {
    pub(super) said: BTreeMap<&'static str, Vec<Said>>,
    /// The same by Debian's Go, as old as that of Milvus 2.3.
    pub(super) of_old_go: BTreeMap<&'static str, Vec<Said>>,
}

/// Whatever `said`, in one word.
pub(super) fn is_refusal(said: &str) -> bool {
    said != "accepted" && said != "absent"
}

impl Live {
    /// Everybody who is here.
    pub(super) fn of(asked: &[Asked<'_>]) -> Option<Self> {
        if !has("node") {
            return None;
        }
        let stand = Stand::of(asked);
        let ports: Vec<[u16; 2]> = stand.ports.clone();
        let mut lines = String::new();
        for (Asked { name, dir }, [one_way, mutual]) in asked.iter().zip(&ports) {
            writeln!(lines, "{name} {} {one_way} {mutual}", dir.display()).unwrap();
        }
        let mut live = Self { said: BTreeMap::new(), of_old_go: BTreeMap::new() };
        std::thread::scope(|scope| {
            let run = |command: Command| {
                let lines = &lines;
                scope.spawn(move || answers(command, lines))
            };
            let peers = peers_python();
            let grpc = peers.as_ref().map(|python| run(script_of(python, "clients.py", &["grpc"])));
            let new_go = peers.as_ref().map(|python| run(go(&python.with_file_name("go"), "new")));
            let old_go = has("go").then(|| run(go(Path::new("go"), "old")));
            let java = has("javac").then(|| run(java()));
            let node = run(script_of(Path::new("node"), "clients.js", &[]));
            let python = has("python3").then(|| run(script_of(Path::new("python3"), "clients.py", &["ssl"])));
            let rust = asked.iter().zip(&ports).map(|(set, ports)| rust(set, *ports)).collect();
            live.said.insert("rust", rust);
            let two = [("pymilvus", grpc), ("java", java), ("node", Some(node)), ("python", python)];
            for (client, thread) in two {
                let Some(lines) = thread.map(|thread| thread.join().unwrap()) else { continue };
                assert_eq!(lines.len(), asked.len() * 2, "{client}: {lines:?}");
                live.said.insert(client, pairs(&lines));
            }
            for (thread, said) in [(new_go, &mut live.said), (old_go, &mut live.of_old_go)] {
                let Some(lines) = thread.map(|thread| thread.join().unwrap()) else { continue };
                assert_eq!(lines.len(), asked.len() * 4);
                let pairs = pairs(&lines);
                said.insert("go", pairs.iter().step_by(2).cloned().collect());
                said.insert("milvus", pairs.iter().skip(1).step_by(2).cloned().collect());
            }
        });
        Some(live)
    }
}

fn pairs(lines: &[String]) -> Vec<Said> {
    lines.chunks(2).map(|two| [two[0].clone(), two[1].clone()]).collect()
}

/// The server, for as long as this lives.
struct Stand {
    process: Child,
    ports: Vec<[u16; 2]>,
}

impl Stand {
    fn of(asked: &[Asked<'_>]) -> Self {
        let mut command = script_of(Path::new("node"), "stand.js", &[]);
        command.args(asked.iter().map(|set| set.dir)).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines().take(asked.len());
        let ports = lines.map(|line| {
            let line = line.unwrap();
            let (one_way, mutual) = line.split_once(' ').unwrap();
            [one_way.parse().unwrap(), mutual.parse().unwrap()]
        });
        let ports = ports.collect();
        Self { process, ports }
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn script_of(program: &Path, name: &str, args: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.env("PYTHONDONTWRITEBYTECODE", "1").arg(script(name)).args(args);
    command
}

/// Builds the program, with a cache that the next run finds: a release of Go compiles its library for a minute.
fn go(go: &Path, which: &str) -> Command {
    let kept = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let program = kept.join(format!("clients-{which}"));
    let mut command = Command::new(go);
    command.args(["build", "-o"]).arg(&program).arg(script("clients.go"));
    command
        .env("GOCACHE", kept.join(format!("go-cache-{which}")))
        .env("CGO_ENABLED", "0")
        .env("GOTOOLCHAIN", "local");
    // Go bears no other directory's module, and no flags of the tester's.
    let built = command.env("GOFLAGS", "").current_dir(kept).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    Command::new(program)
}

/// Debian's libnetty-java and the JDK.
fn java() -> Command {
    let jars = ["handler", "common", "buffer", "transport", "codec", "resolver"];
    let jars: Vec<PathBuf> =
        jars.iter().map(|jar| format!("/usr/share/java/netty-{jar}.jar").into()).collect();
    assert!(jars.iter().all(|jar| jar.exists()), "libnetty-java is not installed");
    let mut command = Command::new("java");
    command.arg("-XX:TieredStopAtLevel=1").arg("-cp").arg(std::env::join_paths(jars).unwrap());
    command.arg(script("Clients.java"));
    command
}

fn answers(mut command: Command, lines: &str) -> Vec<String> {
    let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut stdin = process.stdin.take().unwrap();
    let mut out = String::new();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.write_all(lines.as_bytes()));
        process.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    });
    let status = process.wait().unwrap();
    assert!(status.success(), "{command:?}: {status} after {out}");
    out.lines().map(str::to_owned).collect()
}

/// As tonic does it, on which Milvus's Rust SDK is built: transport/channel/service/tls.rs.
fn rust(set: &Asked<'_>, ports: [u16; 2]) -> Said {
    let is_there = ["client.pem", "client.key"].iter().any(|name| set.dir.join(name).exists());
    [false, true].map(|mutual| {
        let port = ports[usize::from(mutual)];
        if port == 0 || mutual && !is_there {
            return "absent".to_owned();
        }
        match shake(set, port, mutual) {
            Ok(()) => "accepted".to_owned(),
            Err(why) => why.split_whitespace().collect::<Vec<_>>().join(" "),
        }
    })
}

fn shake(set: &Asked<'_>, port: u16, mutual: bool) -> Result<(), String> {
    let read = |name: &str| std::fs::read(set.dir.join(name)).map_err(|e| e.to_string());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = RootCertStore::empty();
    let trusted: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read("ca.pem")?).collect();
    roots.add_parsable_certificates(trusted.map_err(|e| e.to_string())?);
    let config = ClientConfig::builder_with_provider(provider);
    let config = config.with_safe_default_protocol_versions().unwrap().with_root_certificates(roots);
    let mut config = if mutual {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&read("client.pem")?).collect();
        let key = PrivateKeyDer::from_pem_slice(&read("client.key")?).map_err(|e| e.to_string())?;
        config.with_client_auth_cert(chain.map_err(|e| e.to_string())?, key).map_err(|e| e.to_string())?
    } else {
        config.with_no_client_auth()
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from(set.name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let mut stream = TcpStream::connect(("127.0.0.1", port)).map_err(|e| e.to_string())?;
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    while client.is_handshaking() || client.wants_write() {
        client.complete_io(&mut stream).map_err(|e| e.to_string())?;
    }
    Ok(())
}
