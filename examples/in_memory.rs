//! Makes a set in memory, without a file, and shakes hands with it: a server that demands a client certificate,
//! as Milvus in tlsMode 2, and a client that has one. Run it with: `cargo run --example in_memory`

#![expect(clippy::print_stdout, reason = "an example shows what it does")]

use std::error::Error;
use std::sync::Arc;

use milvus_certgen::error::Failure;
use milvus_certgen::issue;
use milvus_certgen::keys::KeyKind;
use milvus_certgen::profile::Role;
use milvus_certgen::set::Set;
use milvus_certgen::spec::Spec;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

fn main() -> Result<(), Box<dyn Error>> {
    let set = make_set("db.example.com")?;
    let protocol = shake_hands(&set, "db.example.com")?;
    println!("db.example.com: both sides are who they say they are ({protocol})");
    match shake_hands(&set, "evil.example.com") {
        Ok(_) => Err("a wrong name was accepted".into()),
        Err(why) => {
            println!("evil.example.com: refused, {why}");
            Ok(())
        }
    }
}

fn make_set(name: &str) -> Result<Set, Failure> {
    let spec = Spec { key: Some(KeyKind::EcdsaP256), ..Spec::default() }.with_common_name(name);
    let random =
        |bytes: &mut [u8]| getrandom::fill(bytes).map_err(|e| Failure::failed(format!("no randomness: {e}")));
    issue::make(&spec, time::OffsetDateTime::now_utc(), random)
}

fn shake_hands(set: &Set, name: &str) -> Result<&'static str, Box<dyn Error>> {
    let provider = Arc::new(default_provider());
    let ca = set.ca_certificate().ok_or("no CA")?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(ca.der.clone()))?;
    let roots = Arc::new(roots);

    let (certificates, key) = credentials(set, Role::Server)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone()).build()?;
    let server = ServerConfig::builder_with_provider(provider.clone())
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(certificates, key)?;

    let (certificates, key) = credentials(set, Role::Client)?;
    let client = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates, key)?;

    let mut client = ClientConnection::new(Arc::new(client), ServerName::try_from(name.to_owned())?)?;
    let mut server = ServerConnection::new(Arc::new(server))?;
    while client.is_handshaking() || server.is_handshaking() || client.wants_write() {
        let mut to_server = Vec::new();
        client.write_tls(&mut to_server)?;
        server.read_tls(&mut to_server.as_slice())?;
        server.process_new_packets()?;
        let mut to_client = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut to_client)?;
        }
        let mut unread = to_client.as_slice();
        while !unread.is_empty() {
            client.read_tls(&mut unread)?;
            client.process_new_packets()?;
        }
    }
    Ok(client.protocol_version().and_then(|version| version.as_str()).unwrap_or("TLS"))
}

type Credentials = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn credentials(set: &Set, role: Role) -> Result<Credentials, Box<dyn Error>> {
    let files = &set.first(role).ok_or("no such certificate")?.files;
    let file = files.certificate.parsed().ok_or("no certificate")?;
    let certificates = std::iter::once(&file.certificate)
        .chain(&file.chain)
        .map(|certificate| CertificateDer::from(certificate.der.clone()))
        .collect();
    let key = &files.key.parsed().ok_or("no key")?.key;
    Ok((certificates, PrivateKeyDer::Pkcs8(key.pkcs8().to_vec().into())))
}
