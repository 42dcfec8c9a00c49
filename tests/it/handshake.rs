//! TLS handshakes by rustls with the files as they are on disk: every success beside the failures next to it.

use std::sync::Arc;
use std::time::Duration;

use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::time_provider::TimeProvider;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::support::Sandbox;

/// One handshake; what is not said is as in a plain one-way connection to localhost.
struct Handshake<'a> {
    server: (&'a Sandbox, &'a str),
    trust: (&'a Sandbox, &'a str),
    name: &'a str,
    client: Option<(&'a Sandbox, &'a str)>,
    /// As Milvus's tlsMode 2: a client certificate by this CA, TLS 1.3 at the least.
    demands_client_of: Option<&'a Sandbox>,
    /// Seconds from now.
    when: i64,
}

impl<'a> Handshake<'a> {
    fn one_way(set: &'a Sandbox) -> Self {
        Self {
            server: (set, "server"),
            trust: (set, "ca.pem"),
            name: "localhost",
            client: None,
            demands_client_of: None,
            when: 0,
        }
    }

    fn mutual(set: &'a Sandbox) -> Self {
        Self { client: Some((set, "client")), demands_client_of: Some(set), ..Self::one_way(set) }
    }

    /// Who refuses, and why; `Ok` if nobody does.
    fn shake(&self) -> Result<(), String> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let clock: Arc<dyn TimeProvider> = Arc::new(Clock(self.when));
        let verifier = WebPkiServerVerifier::builder_with_provider(roots(self.trust), provider.clone());
        let client = ClientConfig::builder_with_details(provider.clone(), clock.clone())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_webpki_verifier(verifier.build().unwrap());
        let client = match self.client {
            Some(files) => client.with_client_auth_cert(certificates(files), key(files)).unwrap(),
            None => client.with_no_client_auth(),
        };
        let server = ServerConfig::builder_with_details(provider.clone(), clock);
        let server = match self.demands_client_of {
            Some(set) => {
                let verifier = WebPkiClientVerifier::builder_with_provider(roots((set, "ca.pem")), provider);
                let server = server.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
                server.with_client_cert_verifier(verifier.build().unwrap())
            }
            None => server.with_safe_default_protocol_versions().unwrap().with_no_client_auth(),
        };
        let server = server.with_single_cert(certificates(self.server), key(self.server)).unwrap();
        let name = ServerName::try_from(self.name.to_owned()).unwrap();
        converse(
            ClientConnection::new(Arc::new(client), name).unwrap(),
            ServerConnection::new(Arc::new(server)).unwrap(),
        )
    }
}

#[derive(Debug)]
struct Clock(i64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let now = i64::try_from(UnixTime::now().as_secs()).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_secs(u64::try_from(now + self.0).ok()?)))
    }
}

fn certificates((set, name): (&Sandbox, &str)) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_file_iter(set.file(&format!("{name}.pem"))).unwrap().map(|c| c.unwrap()).collect()
}

fn key((set, name): (&Sandbox, &str)) -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_file(set.file(&format!("{name}.key"))).unwrap()
}

fn roots((set, file): (&Sandbox, &str)) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(set.file(file)).unwrap() {
        roots.add(certificate.unwrap()).unwrap();
    }
    Arc::new(roots)
}

fn converse(mut client: ClientConnection, mut server: ServerConnection) -> Result<(), String> {
    for _ in 0..8 {
        let mut wire = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut wire).unwrap();
        }
        let mut unread = wire.as_slice();
        while !unread.is_empty() {
            server.read_tls(&mut unread).unwrap();
            server.process_new_packets().map_err(|e| format!("server: {e}"))?;
        }
        let mut wire = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut wire).unwrap();
        }
        let mut unread = wire.as_slice();
        while !unread.is_empty() {
            client.read_tls(&mut unread).unwrap();
            client.process_new_packets().map_err(|e| format!("client: {e}"))?;
        }
        if !client.is_handshaking() && !server.is_handshaking() && !client.wants_write() {
            return Ok(());
        }
    }
    panic!("the handshake does not come to an end");
}

const DAY: i64 = 86400;

#[test]
fn one_way_and_its_negatives() {
    for key_type in ["rsa", "ecdsa-p256", "ecdsa-p384", "ed25519"] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "--san", "*.db.example.com,10.0.0.7", "-q"]).succeeds();
        let other = Sandbox::with_set();
        let plain = || Handshake::one_way(&set);
        for (what, handshake, refusal) in [
            ("localhost", plain(), None),
            ("127.0.0.1", Handshake { name: "127.0.0.1", ..plain() }, None),
            ("::1", Handshake { name: "::1", ..plain() }, None),
            ("a wildcard", Handshake { name: "a.db.example.com", ..plain() }, None),
            ("10.0.0.7", Handshake { name: "10.0.0.7", ..plain() }, None),
            // As the Milvus page says for one-way: trust server.pem.
            ("trust in server.pem", Handshake { trust: (&set, "server.pem"), ..plain() }, None),
            ("in nine years", Handshake { when: 9 * 365 * DAY, ..plain() }, None),
            ("another name", Handshake { name: "evil.example", ..plain() }, Some("not valid for name")),
            ("too deep", Handshake { name: "a.b.db.example.com", ..plain() }, Some("not valid for name")),
            ("another address", Handshake { name: "10.0.0.8", ..plain() }, Some("not valid for name")),
            (
                "another CA",
                Handshake { trust: (&other, "ca.pem"), ..plain() },
                Some("client: invalid peer certificate: "),
            ),
            (
                "a client's certificate",
                Handshake { server: (&set, "client"), ..plain() },
                Some("key usage for server authentication"),
            ),
            ("expired", Handshake { when: 3651 * DAY, ..plain() }, Some("expired")),
            ("before its time", Handshake { when: -DAY, ..plain() }, Some("not valid yet")),
        ] {
            assert_outcome(&format!("{key_type}: {what}"), &handshake, refusal);
        }
    }
}

#[test]
fn mutual_and_its_negatives() {
    for key_type in ["rsa", "ecdsa-p256", "ed25519"] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "-q"]).succeeds();
        let other = Sandbox::with_set();
        let plain = || Handshake::mutual(&set);
        for (what, handshake, refusal) in [
            ("with client.pem", plain(), None),
            ("nobody", Handshake { client: None, ..plain() }, Some("server: peer sent no certificates")),
            (
                "the server's certificate as client",
                Handshake { client: Some((&set, "server")), ..plain() },
                Some(
                    "server: invalid peer certificate: certificate does not allow extended key usage for client",
                ),
            ),
            (
                "a client of another CA",
                Handshake { client: Some((&other, "client")), ..plain() },
                Some("server: invalid peer certificate: "),
            ),
            ("wrong name", Handshake { name: "evil.example", ..plain() }, Some("client: ")),
            ("expired", Handshake { when: 3651 * DAY, ..plain() }, Some("client: ")),
        ] {
            assert_outcome(&format!("{key_type}: {what}"), &handshake, refusal);
        }
    }
}

#[test]
fn an_expired_client_is_refused_by_the_server() {
    let set = Sandbox::with_set_of(&["--days", "400"]);
    set.certgen(&["-q", "--force", "--key-type", "ecdsa-p256", "--days", "400"]).succeeds();
    let short = Sandbox::new();
    for name in ["ca.key", "ca.pem", "ca.srl", "server.key", "server.pem", "server.csr"] {
        std::fs::copy(set.file(name), short.file(name)).unwrap();
    }
    short.certgen(&["-q", "--key-type", "ecdsa-p256", "--days", "10"]).succeeds();
    let handshake = |when| Handshake { client: Some((&short, "client")), when, ..Handshake::mutual(&set) };
    assert_outcome("in time", &handshake(9 * DAY), None);
    assert_outcome(
        "too late",
        &handshake(11 * DAY),
        Some("server: invalid peer certificate: certificate expired"),
    );
}

#[test]
fn who_trusts_the_old_files_still_connects_after_a_renewal() {
    let set = Sandbox::with_set();
    std::fs::copy(set.file("ca.pem"), set.file("old-ca.pem")).unwrap();
    std::fs::copy(set.file("server.pem"), set.file("old-server.pem")).unwrap();
    set.certgen(&["--san", "db.example.com", "-q"]).succeeds();
    for trust in ["ca.pem", "old-ca.pem", "old-server.pem"] {
        assert_outcome(trust, &Handshake { trust: (&set, trust), ..Handshake::mutual(&set) }, None);
    }
    // With --leaf-only the Milvus page's one-way trust does not even work before a renewal.
    set.certgen(&["--leaf-only", "-q"]).succeeds();
    assert_outcome(
        "a lone leaf",
        &Handshake { trust: (&set, "server.pem"), ..Handshake::one_way(&set) },
        Some(""),
    );
}

fn assert_outcome(what: &str, handshake: &Handshake<'_>, refusal: Option<&str>) {
    match (handshake.shake(), refusal) {
        (Ok(()), None) => {}
        (Err(why), Some(expected)) if why.contains(expected) => {}
        (outcome, _) => panic!("{what}: {outcome:?}, expected {refusal:?}"),
    }
}
