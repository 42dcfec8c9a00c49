//! Certificates that a server should not serve, each beside one that is sound.

use super::servers::OpenSsl;
use super::{copy, probe, trusting};
use crate::support::{Sandbox, has};

pub(super) const P256: &str = "ec -pkeyopt ec_paramgen_curve:P-256";

/// What clients want of a server.
const SERVER_EXTENSIONS: [&str; 5] = [
    "basicConstraints=critical,CA:FALSE",
    "keyUsage=critical,digitalSignature",
    "extendedKeyUsage=serverAuth",
    "subjectAltName=DNS:localhost",
    "authorityKeyIdentifier=keyid",
];

pub(super) const CLIENT_EXTENSIONS: [&str; 3] =
    ["keyUsage=critical,digitalSignature", "extendedKeyUsage=clientAuth", "authorityKeyIdentifier=keyid"];

/// With one of them instead of its namesake; with nothing after `=`, without.
fn but(extension: &'static str) -> Vec<&'static str> {
    let is_same = |other: &&str| other.split('=').next() == extension.split('=').next();
    let mut list: Vec<_> = SERVER_EXTENSIONS.into_iter().filter(|other| !is_same(other)).collect();
    list.extend((!extension.ends_with('=')).then_some(extension));
    list
}

/// server.pem and server.key in a directory of their own, signed by the CA with `openssl ca` and its flags.
pub(super) fn sign_with(
    ca: &Sandbox,
    key: &str,
    extensions: impl AsRef<[&'static str]>,
    flags: &str,
) -> Sandbox {
    let home = workshop();
    home.write("extensions.cnf", extensions.as_ref().join("\n") + "\n");
    home.openssl(&format!(
        "req -new -config openssl.cnf -newkey {key} -nodes -keyout server.key -out server.csr -subj /CN=localhost"
    ));
    let [pem, ca_key] = ["ca.pem", "ca.key"].map(|name| ca.file(name));
    home.openssl(&format!(
        "ca -batch -config openssl.cnf -cert {} -keyfile {} -in server.csr -out server.pem -notext -days 30 \
         -extfile extensions.cnf {flags}",
        pem.display(),
        ca_key.display()
    ));
    home
}

fn workshop() -> Sandbox {
    let home = Sandbox::new();
    home.write(
        "openssl.cnf",
        "[req]\ndistinguished_name = dn\n[dn]\n[ca]\ndefault_ca = own\n[own]\nnew_certs_dir = .\n\
         database = index\nserial = serial\ndefault_md = sha256\npolicy = any\n[any]\ncommonName = supplied\n\
         [v3_ca]\nbasicConstraints = critical,CA:TRUE\nkeyUsage = critical,keyCertSign\n\
         subjectKeyIdentifier = hash\n",
    );
    home.write("index", "");
    home.write("serial", "1000");
    home
}

const TLS: &str = "unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted";

#[test]
fn what_a_certificate_says() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let client = trusting(&set);
    let past = "-startdate 20200101000000Z -enddate 20210101000000Z";
    let future = "-startdate 20980101000000Z -enddate 20990101000000Z";
    for (extension, flags, code, codes) in [
        (SERVER_EXTENSIONS[0], "", 0, "not-milvus"),
        (SERVER_EXTENSIONS[0], past, 3, "expired not-milvus"),
        (SERVER_EXTENSIONS[0], future, 3, "not-yet-valid outlives-ca not-milvus"),
        ("subjectAltName=", "", 3, "no-san not-milvus"),
        ("subjectAltName=DNS:other.example", "", 3, "name-not-in-san not-milvus"),
        ("subjectAltName=DNS:*.example.com,DNS:localhost", "", 0, "not-milvus"),
        ("extendedKeyUsage=", "", 0, "no-eku not-milvus"),
        ("extendedKeyUsage=clientAuth", "", 3, "wrong-eku not-milvus"),
        ("extendedKeyUsage=clientAuth,serverAuth", "", 0, "not-milvus"),
        ("basicConstraints=critical,CA:TRUE", "", 0, "leaf-is-ca not-milvus"),
    ] {
        let home = sign_with(&set, P256, but(extension), flags);
        let server = OpenSsl::start(&home, "-alpn h2");
        println!("{extension} {flags}");
        probe(&client, &[&server.target()]).assert(&format!("exit {code}, {TLS}: {codes}"));
    }
}

#[test]
fn what_is_too_weak() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::new();
    set.certgen(&["--key-type", "rsa", "-q"]).succeeds();
    let client = trusting(&set);
    for (key, flags, code, codes) in [
        ("rsa:2048", "", 0, "not-milvus"),
        ("rsa:2048", "-md sha1", 3, "weak-signature not-milvus"),
        // That it has its key cannot be checked: which is no reason to say that it has not.
        ("rsa:1024", "", 0, "weak-key not-milvus"),
    ] {
        let home = sign_with(&set, key, SERVER_EXTENSIONS, flags);
        let server = OpenSsl::start(&home, "-alpn h2 -cipher DEFAULT@SECLEVEL=0");
        println!("{key} {flags}");
        probe(&client, &[&server.target()]).assert(&format!("exit {code}, {TLS}: {codes}"));
    }
}

/// The verdict is each client's own.
#[test]
fn who_connects() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let client = trusting(&set);
    for (extension, rejecting) in [
        (SERVER_EXTENSIONS[0], &[][..]),
        ("subjectAltName=", &["go", "rust"]),
        ("basicConstraints=critical,CA:TRUE", &["rust"]),
        ("keyUsage=critical,keyAgreement", &["pymilvus", "java"]),
        ("extendedKeyUsage=anyExtendedKeyUsage", &["pymilvus", "node", "python", "rust"]),
        ("authorityKeyIdentifier=none", &["python"]),
    ] {
        let home = sign_with(&set, P256, but(extension), "");
        let server = OpenSsl::start(&home, "-alpn h2");
        let probed = probe(&client, &[&server.target()]);
        assert_eq!(probed.rejecting(), rejecting, "{extension}");
        let connects = !rejecting.iter().any(|client| ["pymilvus", "go"].contains(client));
        assert_eq!(probed.json["ok"], connects, "{extension}");
    }
    for (key_type, rejecting) in [("ed25519", &["pymilvus"][..]), ("rsa", &[])] {
        let set = Sandbox::new();
        set.certgen(&["--key-type", key_type, "-q"]).succeeds();
        let server = OpenSsl::start(&set, "-alpn h2");
        assert_eq!(probe(&trusting(&set), &[&server.target()]).rejecting(), rejecting, "{key_type}");
    }
}

/// The Milvus page's one-way step.
#[test]
fn clients_that_trust_the_server_s_own_certificate() {
    if !has("openssl") {
        return;
    }
    for (flags, rejecting) in [(&[][..], &[][..]), (&["--leaf-only"], &["node", "rust"])] {
        let set = Sandbox::with_set_of(flags);
        let server = OpenSsl::start(&set, "-alpn h2");
        let client = Sandbox::new();
        copy(&set.file("server.pem"), &client.file("server.pem"));
        let probed = probe(&client, &[&server.target(), "--ca-cert", "server.pem"]);
        assert_eq!((probed.rejecting(), &probed.json["ok"]), (rejecting.to_vec(), &true.into()), "{flags:?}");
        // Another server's certificate is no help.
        let other = Sandbox::with_set_of(flags);
        copy(&other.file("server.pem"), &client.file("server.pem"));
        let probed = probe(&client, &[&server.target(), "--ca-cert", "server.pem"]);
        assert_eq!(probed.json["ok"], false, "{flags:?}");
    }
}

/// `openssl x509 -req` without extensions makes version 1.
#[test]
fn version_1() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let home = trusting(&set);
    copy(&set.file("server.key"), &home.file("server.key"));
    let csr = "req -new -key server.key -out server.csr -subj /CN=localhost -config openssl.cnf";
    home.write("openssl.cnf", "[req]\ndistinguished_name = dn\n[dn]\n");
    home.openssl(csr);
    let key = set.file("ca.key");
    home.openssl(&format!(
        "x509 -req -in server.csr -CA ca.pem -CAkey {} -set_serial 5 -out server.pem",
        key.display()
    ));
    assert!(home.openssl("x509 -in server.pem -noout -text").contains("Version: 1 "));
    let server = OpenSsl::start(&home, "-alpn h2");
    probe(&trusting(&set), &[&server.target()])
        .assert(&format!("exit 3, {TLS}: no-san no-eku not-milvus key-identifier"));
}

#[test]
fn who_has_signed() {
    if !has("openssl") {
        return;
    }
    let (set, other) = (Sandbox::with_set(), Sandbox::with_set());
    let client = trusting(&set);
    let server = OpenSsl::start(&other, "-alpn h2");
    probe(&client, &[&server.target()])
        .assert(&format!("exit 3, {TLS}: not-signed-by-ca not-milvus"))
        .assert_says("not-signed-by-ca", "pymilvus: CERTIFICATE_VERIFY_FAILED");
    probe(&trusting(&other), &[&server.target()]).assert(&format!("exit 0, {TLS}: not-milvus"));
    let home = workshop();
    home.openssl(
        "req -x509 -config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
         -out server.pem -days 30 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
         -addext extendedKeyUsage=serverAuth -addext basicConstraints=critical,CA:FALSE",
    );
    let server = OpenSsl::start(&home, "-alpn h2");
    probe(&client, &[&server.target()]).assert(&format!("exit 3, {TLS}: self-signed not-milvus"));
}

#[test]
fn an_intermediate_ca() {
    if !has("openssl") {
        return;
    }
    let root = workshop();
    let new = "-config openssl.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes";
    root.openssl(&format!(
        "req -x509 {new} -keyout ca.key -out ca.pem -subj /CN=root -extensions v3_ca -days 30"
    ));
    let between = Sandbox::new();
    root.openssl(&format!("req {new} -keyout between.key -out between.csr -subj /CN=between"));
    root.openssl(
        "x509 -req -in between.csr -CA ca.pem -CAkey ca.key -set_serial 2 -out between.pem -days 30 \
         -extfile openssl.cnf -extensions v3_ca",
    );
    copy(&root.file("between.pem"), &between.file("ca.pem"));
    copy(&root.file("between.key"), &between.file("ca.key"));
    let home = sign_with(&between, P256, SERVER_EXTENSIONS, "");
    copy(&between.file("ca.pem"), &home.file("between.pem"));
    let sends_all = OpenSsl::start(&home, "-alpn h2 -cert_chain between.pem");
    let sends_one = OpenSsl::start(&home, "-alpn h2");
    let client = trusting(&root);
    let probed = probe(&client, &[&sends_all.target()]);
    probed.assert(&format!("exit 0, {TLS}: not-milvus"));
    assert_eq!(probed.json["certificates"].as_array().unwrap().len(), 2);
    let probed = probe(&client, &[&sends_one.target()]);
    probed.assert(&format!("exit 3, {TLS}: not-signed-by-ca not-milvus"));
    assert_eq!(probed.json["certificates"].as_array().unwrap().len(), 1);
    // Node asks for the root.
    let probed = probe(&trusting(&between), &[&sends_one.target()]);
    probed.assert(&format!("exit 0, {TLS}: no-issuer not-milvus"));
    assert_eq!(probed.rejecting(), ["node"]);
    // Another CA's certificate in its place is no help.
    let stranger = Sandbox::with_set();
    copy(&stranger.file("ca.pem"), &home.file("between.pem"));
    let sends_other = OpenSsl::start(&home, "-alpn h2 -cert_chain between.pem");
    probe(&client, &[&sends_other.target()]).assert(&format!("exit 3, {TLS}: not-signed-by-ca not-milvus"));
}

/// What a server says of itself is for people's eyes, and must not steer their terminals.
#[test]
fn a_hostile_subject() {
    if !has("openssl") {
        return;
    }
    let home = workshop();
    home.write(
        "hostile.cnf",
        "[req]\nprompt = no\ndistinguished_name = dn\nutf8 = yes\nstring_mask = utf8only\n\
         [dn]\nCN = \u{1b}]0;owned\u{7}\u{9b}31m\n",
    );
    home.openssl(
        "req -x509 -config hostile.cnf -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
         -out server.pem -days 30 -addext subjectAltName=DNS:localhost",
    );
    let server = OpenSsl::start(&home, "-alpn h2");
    let set = Sandbox::with_set();
    let out = set.certgen(&["probe", "-v", &server.target()]).output();
    assert_eq!(out.status.code(), Some(3));
    let out = crate::support::text(&out.stdout);
    assert!(out.contains("CN=\\u{1b}]0\\;owned\\u{7}\\u{9b}31m"), "{out}");
    assert!(!out.chars().any(|c| c.is_control() && c != '\n'), "{out:?}");
}
