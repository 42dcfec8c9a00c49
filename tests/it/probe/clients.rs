//! What the server thinks of the client's certificate.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::certificates::{CLIENT_EXTENSIONS, P256, sign_with};
use super::servers::{OpenSsl, Tcp, hear_out, relay};
use super::{copy, probe, trusting};
use crate::support::{Sandbox, has};

const DEMANDED: &str = "-alpn h2 -Verify 1 -verify_return_error -CAfile ca.pem";
const OPTIONAL: &str = "-alpn h2 -verify 1 -CAfile ca.pem";

/// Who comes, and what is said beyond `not-milvus`, which stands at the end where the client is let in.
struct Visitors {
    set: Sandbox,
    other: Sandbox,
}

impl Visitors {
    fn new() -> Self {
        let (set, other) = (Sandbox::with_set_of(&["--san", "127.0.0.1"]), Sandbox::with_set());
        for (from, to) in [("client.pem", "other.pem"), ("client.key", "other.key")] {
            copy(&other.file(from), &set.file(to));
        }
        let past = "-startdate 20200101000000Z -enddate 20210101000000Z";
        let expired = sign_with(&set, P256, CLIENT_EXTENSIONS, past);
        copy(&expired.file("server.pem"), &set.file("expired.pem"));
        copy(&expired.file("server.key"), &set.file("expired.key"));
        Self { set, other }
    }

    /// Certificate, key, and the codes of the refusal.
    fn wrong() -> [(&'static str, &'static str, &'static str); 4] {
        [
            ("other.pem", "other.key", "not-signed-by-ca client-certificate-refused"),
            ("expired.pem", "expired.key", "expired client-certificate-refused"),
            ("server.pem", "server.key", "wrong-eku client-certificate-refused"),
            ("client.pem", "other.key", "key-mismatch client-certificate-refused"),
        ]
    }
}

#[test]
fn a_certificate_is_demanded() {
    if !has("openssl") {
        return;
    }
    let visitors = Visitors::new();
    let Visitors { set, other } = &visitors;
    // In TLS 1.3 the refusal comes when the client's part is over: with or without a session ticket before it.
    for (flags, version) in [("", "TLS 1.3"), (" -num_tickets 0", "TLS 1.3"), (" -tls1_2", "TLS 1.2")] {
        let server = OpenSsl::start(set, &format!("{DEMANDED}{flags}"));
        let target = server.target();
        let tls = format!("unknown, tlsMode 2, {version}, certificate demanded");
        probe(set, &[&target]).assert(&format!("exit 0, {tls}, accepted: not-milvus"));
        for (pem, key, codes) in Visitors::wrong() {
            probe(set, &[&target, "--cert", pem, "--key", key])
                .assert(&format!("exit 3, {tls}, not accepted: {codes}"))
                .assert_says("client-certificate-refused", "TLS alert ");
        }
        probe(&trusting(set), &[&target])
            .assert(&format!("exit 3, {tls}, not accepted: client-certificate-needed"))
            .assert_says("client-certificate-needed", "none is set");
        // Neither trusts the other.
        probe(other, &[&target]).assert(&format!(
            "exit 3, {tls}, not accepted: not-signed-by-ca client-certificate-refused other-certificate-served"
        ));
    }
}

#[test]
fn why_a_certificate_is_refused() {
    if !has("openssl") {
        return;
    }
    let Visitors { set, .. } = Visitors::new();
    let server = OpenSsl::start(&set, DEMANDED);
    let says = |pem: &str, key: &str, code: &str, what: &str| {
        probe(&set, &[&server.target(), "--cert", pem, "--key", key]).assert_says(code, what);
    };
    let refused = "client-certificate-refused";
    says("other.pem", "other.key", refused, "rejects other.pem: TLS alert unknown_ca");
    says("other.pem", "other.key", "not-signed-by-ca", "use a client certificate of this CA");
    says("expired.pem", "expired.key", refused, "rejects expired.pem: TLS alert certificate_expired");
    says("server.pem", "server.key", "wrong-eku", "incompatible key usage");
    says("client.pem", "other.key", "key-mismatch", "name its own key with --key");
    // Where the certificate itself is at fault, Milvus's CA is not to be changed.
    for (pem, key, _) in Visitors::wrong() {
        let probed = probe(&set, &[&server.target(), "--cert", pem, "--key", key]);
        let findings = probed.json["findings"].as_array().unwrap().clone();
        let finding = findings.iter().find(|finding| finding["code"] == refused).unwrap();
        assert!(finding["fix"].is_null(), "{finding}");
    }
}

#[test]
fn a_certificate_that_cannot_be_shown() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, DEMANDED);
    let refused = "exit 3, unknown, tlsMode 2, TLS 1.3, certificate demanded, not accepted: \
                   client-certificate-needed";
    let accepted = "exit 0, unknown, tlsMode 2, TLS 1.3, certificate demanded, accepted: not-milvus";
    let client = trusting(&set);
    copy(&set.file("client.pem"), &client.file("client.pem"));
    probe(&client, &[&server.target()])
        .assert(refused)
        .assert_says("client-certificate-needed", "client.key is missing");
    client.write("client.key", "nonsense");
    probe(&client, &[&server.target()])
        .assert(refused)
        .assert_says("client-certificate-needed", "client.key holds text");
    set.openssl("pkcs8 -topk8 -in client.key -out locked.key -passout pass:secret -v2 aes-256-cbc");
    copy(&set.file("locked.key"), &client.file("client.key"));
    probe(&client, &[&server.target()])
        .assert(refused)
        .assert_says("client-certificate-needed", "client.key is ");
    copy(&set.file("client.key"), &client.file("client.key"));
    probe(&client, &[&server.target()]).assert(accepted);
    client.remove("client.pem");
    probe(&client, &[&server.target()])
        .assert(refused)
        .assert_says("client-certificate-needed", "client.pem is missing");
}

/// Whether the certificate is demanded is asked by a connection of its own, which may come to nothing.
#[test]
fn what_is_not_clear_is_not_said() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, DEMANDED);
    let port = server.port;
    let count = AtomicUsize::new(0);
    // The first is to see whether anything listens, the second comes with a certificate, the third without.
    let tired = Tcp::start(move |stream| match count.fetch_add(1, Ordering::SeqCst) {
        0 | 1 => relay(&stream, port),
        _ => hear_out(&stream),
    });
    probe(&set, &[&tired.target(), "--timeout", "2"])
        .assert("exit 0, unknown, tlsMode -, TLS 1.3, certificate asked for, accepted: not-milvus");
}

#[test]
fn a_certificate_is_optional() {
    if !has("openssl") {
        return;
    }
    let Visitors { set, .. } = Visitors::new();
    let tls = "unknown, tlsMode 1, TLS 1.3, certificate optional";
    let lenient = OpenSsl::start(&set, OPTIONAL);
    let strict = OpenSsl::start(&set, &format!("{OPTIONAL} -verify_return_error"));
    for server in [&lenient, &strict] {
        probe(&set, &[&server.target()]).assert(&format!("exit 0, {tls}, accepted: not-milvus"));
        probe(&trusting(&set), &[&server.target()]).assert(&format!("exit 0, {tls}, accepted: not-milvus"));
        probe(&set, &[&server.target(), "--tls-mode", "2"])
            .assert(&format!("exit 3, {tls}, accepted: tls-mode not-milvus"));
    }
    for (pem, key, codes) in Visitors::wrong() {
        let probed = probe(&set, &[&strict.target(), "--cert", pem, "--key", key]);
        probed.assert(&format!("exit 3, {tls}, not accepted: {codes}"));
    }
    let args = ["--cert", "other.pem", "--key", "other.key"];
    probe(&set, &[&[lenient.target().as_str()], &args[..]].concat())
        .assert(&format!("exit 0, {tls}, accepted: not-milvus"));
    let out = set.certgen(&["probe", &strict.target()]).args(&args).output();
    let out = crate::support::text(&out.stdout);
    assert!(out.contains("\n  client     client certificate requested, this one not accepted\n"), "{out}");
}
