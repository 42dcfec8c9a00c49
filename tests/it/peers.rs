//! The TLS stacks that Milvus and its clients are built on, with the files as they are: Go (Milvus), Python as strict
//! as in 3.13, Node, and `GnuTLS`. Every success beside its negatives.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{RECIPE_SUBJECT, Sandbox, has, run_milvus_recipe};

pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

/// A command that takes DIR TRUST NAME MODE and shakes hands.
pub(crate) struct Peer {
    program: PathBuf,
    script: Option<PathBuf>,
}

impl Peer {
    /// Those that are here; Go's program goes away with its workshop.
    pub(crate) fn present() -> (Vec<Self>, Option<Sandbox>) {
        let mut peers = Vec::new();
        let mut workshop = None;
        for (program, name) in [("node", "handshake.js"), ("python3", "handshake.py")] {
            if has(program) {
                peers.push(Self { program: program.into(), script: Some(script(name)) });
            }
        }
        if has("go") {
            let (kept, program) = go_program("handshake.go");
            peers.push(Self { program, script: None });
            workshop = Some(kept);
        }
        (peers, workshop)
    }

    pub(crate) fn is_go(&self) -> bool {
        self.script.is_none()
    }

    pub(crate) fn is_node(&self) -> bool {
        self.program == Path::new("node")
    }

    /// True if the handshake succeeds, whatever the reason is where it does not.
    pub(crate) fn accepts(&self, set: &Sandbox, (trust, name, mode): (&str, &str, &str)) -> bool {
        self.shake(set, trust, name, mode).status.success()
    }

    fn shake(&self, set: &Sandbox, trust: &str, name: &str, mode: &str) -> Output {
        let mut command = Command::new(&self.program);
        command.args(&self.script).arg(set.path()).args([trust, name, mode]).output().unwrap()
    }

    pub(crate) fn assert(&self, set: &Sandbox, (trust, name, mode): (&str, &str, &str), accepted: bool) {
        let output = self.shake(set, trust, name, mode);
        let said =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        let expected = if accepted { 0 } else { 3 };
        assert_eq!(
            output.status.code(),
            Some(expected),
            "{} {trust} {name} {mode}: {said}",
            self.program.display()
        );
    }
}

fn assert_all(peer: &Peer) {
    for key_type in ["rsa", "ecdsa-p256", "ed25519"] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "-q"]).succeeds();
        let other = Sandbox::with_set();
        for name in ["ca.pem", "client.pem", "client.key"] {
            std::fs::copy(other.file(name), set.file(&format!("other-{name}"))).unwrap();
        }
        for (case, accepted) in [
            (("ca.pem", "localhost", "one-way"), true),
            (("server.pem", "localhost", "one-way"), true),
            (("ca.pem", "localhost", "mutual"), true),
            (("ca.pem", "evil.example", "one-way"), false),
            (("other-ca.pem", "localhost", "one-way"), false),
        ] {
            peer.assert(&set, case, accepted);
        }
        // A client of another CA, and the server's certificate as a client's.
        for (pem, key) in [("other-client.pem", "other-client.key"), ("server.pem", "server.key")] {
            std::fs::copy(set.file(pem), set.file("client.pem")).unwrap();
            std::fs::copy(set.file(key), set.file("client.key")).unwrap();
            peer.assert(&set, ("ca.pem", "localhost", "mutual"), false);
        }
    }
}

/// Under a CA with constraints.
fn assert_constrained(peer: &Peer) {
    let set =
        Sandbox::with_set_of(&["--constrain", "--san", "*.db.example.com", "--client-cn", "Alice Smith"]);
    for trust in ["ca.pem", "server.pem"] {
        for name in ["localhost", "a.db.example.com"] {
            peer.assert(&set, (trust, name, "one-way"), true);
            peer.assert(&set, (trust, name, "mutual"), true);
        }
        peer.assert(&set, (trust, "evil.example", "one-way"), false);
    }
}

/// What the recipe of the Milvus page makes is refused, and accepted once a run has brought it up to date.
fn assert_recipe_is_mended(peer: &Peer, refusal: &str) {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::new();
    run_milvus_recipe(&set, RECIPE_SUBJECT);
    let output = peer.shake(&set, "ca.pem", "localhost", "one-way");
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.code() == Some(3) && said.contains(refusal), "{said}");
    set.certgen(&["-q"]).succeeds();
    peer.assert(&set, ("ca.pem", "localhost", "one-way"), true);
    peer.assert(&set, ("ca.pem", "localhost", "mutual"), true);
}

#[test]
fn python() {
    if !has("python3") {
        return;
    }
    let peer = Peer { program: "python3".into(), script: Some(script("handshake.py")) };
    assert_all(&peer);
    assert_constrained(&peer);
    assert_recipe_is_mended(&peer, "CA cert does not include key usage extension");
}

#[test]
fn node() {
    if !has("node") {
        return;
    }
    let peer = Peer { program: "node".into(), script: Some(script("handshake.js")) };
    assert_all(&peer);
    assert_constrained(&peer);
    if !has("openssl") {
        return;
    }
    // Node takes the recipe's set with ca.pem, but not as the page's one-way step says.
    let set = Sandbox::new();
    run_milvus_recipe(&set, RECIPE_SUBJECT);
    peer.assert(&set, ("server.pem", "localhost", "one-way"), false);
    set.certgen(&["-q"]).succeeds();
    peer.assert(&set, ("server.pem", "localhost", "one-way"), true);
}

/// A program of tests/peers, and the directory that it is gone with.
pub(crate) fn go_program(source: &str) -> (Sandbox, PathBuf) {
    let workshop = Sandbox::new();
    let program = workshop.file("program");
    let built = Command::new("go")
        .args(["build", "-o"])
        .arg(&program)
        .arg(script(source))
        .env("GOCACHE", workshop.file("cache"))
        .env("GOFLAGS", "-mod=mod")
        .env("CGO_ENABLED", "0")
        .output()
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    (workshop, program)
}

#[test]
fn go() {
    if !has("go") {
        return;
    }
    let (_workshop, program) = go_program("handshake.go");
    let peer = Peer { program, script: None };
    assert_all(&peer);
    assert_constrained(&peer);
    assert_recipe_is_mended(&peer, "relies on legacy Common Name field, use SANs instead");
}

#[test]
fn gnutls() {
    if !has("certtool") {
        return;
    }
    let verify = |set: &Sandbox, ca: &str, pem: &str, rest: &[&str]| {
        Command::new("certtool")
            .args(["--verify", "--load-ca-certificate", ca, "--infile", pem])
            .args(rest)
            .current_dir(set.path())
            .output()
            .unwrap()
            .status
            .success()
    };
    let (server_auth, client_auth) = ("1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2");
    for key_type in ["rsa", "ecdsa-p256", "ecdsa-p384", "ed25519"] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "--san", "*.db.example.com", "-q"]).succeeds();
        let other = Sandbox::with_set();
        std::fs::copy(other.file("ca.pem"), set.file("other-ca.pem")).unwrap();
        for (ca, pem, rest, accepted) in [
            (
                "ca.pem",
                "server.pem",
                vec!["--verify-hostname", "localhost", "--verify-purpose", server_auth],
                true,
            ),
            ("ca.pem", "server.pem", vec!["--verify-hostname", "127.0.0.1"], true),
            ("ca.pem", "server.pem", vec!["--verify-hostname", "a.db.example.com"], true),
            ("ca.pem", "client.pem", vec!["--verify-purpose", client_auth], true),
            ("ca.pem", "server.pem", vec!["--verify-hostname", "evil.example"], false),
            ("ca.pem", "server.pem", vec!["--verify-purpose", client_auth], false),
            ("ca.pem", "client.pem", vec!["--verify-purpose", server_auth], false),
            ("other-ca.pem", "client.pem", vec![], false),
        ] {
            assert_eq!(verify(&set, ca, pem, &rest), accepted, "{key_type} {ca} {pem} {rest:?}");
        }
    }
    let set =
        Sandbox::with_set_of(&["--constrain", "--san", "*.db.example.com", "--client-cn", "Alice Smith"]);
    for (pem, rest, accepted) in [
        ("server.pem", vec!["--verify-hostname", "localhost", "--verify-purpose", server_auth], true),
        ("server.pem", vec!["--verify-hostname", "a.db.example.com", "--verify-purpose", server_auth], true),
        ("client.pem", vec!["--verify-purpose", client_auth], true),
        ("server.pem", vec!["--verify-hostname", "evil.example", "--verify-purpose", server_auth], false),
    ] {
        assert_eq!(verify(&set, "ca.pem", pem, &rest), accepted, "{pem} {rest:?}");
    }
}
