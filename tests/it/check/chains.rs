//! Several certificates in a file, in whatever order.

use super::row::{Row, row};
use super::signing::{CA, CLIENT, SERVER, but, sign_ca, sign_ca_with};
use crate::support::Sandbox;

pub(super) fn rows() -> Vec<Row> {
    vec![
        row("another CA before the set's own", |s| trust_too(s, true), &[]),
        row("another CA behind the set's own", |s| trust_too(s, false), &[]),
        row(
            "the CA's certificate is before the server's",
            |s| s.write("server.pem", s.read("ca.pem") + &s.openssl("x509 -in server.pem")),
            &["error chain-order server.pem"],
        ),
        row(
            "the CA's certificate is before the client's",
            |s| s.write("client.pem", s.read("ca.pem") + &s.read("client.pem")),
            &["error chain-order client.pem"],
        ),
        row(
            "the certificate of the issuing CA is missing",
            |s| {
                put_between(s, &but(CA, "authorityKeyIdentifier=keyid"));
                s.write("server.pem", s.openssl("x509 -in server.pem"));
                s.remove("ca.key");
            },
            &["error missing-issuer server.pem", "note not-checked ca.key"],
        )
        .made(&["--days", "300"]),
        row(
            "the certificate of the client's issuing CA is missing",
            |s| {
                put_between_for(s, "client", CLIENT, &but(CA, "authorityKeyIdentifier=keyid"));
                s.write("client.pem", s.openssl("x509 -in client.pem"));
                s.remove("ca.key");
            },
            &["error missing-issuer client.pem", "note not-checked ca.key"],
        )
        .made(&["--days", "300"]),
        row(
            "a CA in between that the own CA does not allow",
            |s| put_between(s, &but(CA, "authorityKeyIdentifier=keyid")),
            &["error path-length server.pem"],
        ),
        row(
            "a CA in between that may not sign",
            |s| {
                sign_ca(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                put_between(s, &(but(CA, "keyUsage=critical,cRLSign") + "authorityKeyIdentifier=keyid\n"));
            },
            &["error ca-cannot-sign server.pem"],
        ),
        row(
            "a CA in between with a critical extension that nobody knows",
            |s| {
                sign_ca(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                put_between(s, &(but(CA, "1.2.3.4.5=critical,DER:0500") + "authorityKeyIdentifier=keyid\n"));
            },
            &["error critical-extension server.pem"],
        ),
        row(
            "a CA in between for clients only",
            |s| {
                sign_ca(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                put_between(s, &(but(CA, "extendedKeyUsage=clientAuth") + "authorityKeyIdentifier=keyid\n"));
            },
            &["error wrong-eku server.pem"],
        ),
        row(
            "a CA in between that may sign for other names only",
            |s| {
                sign_ca(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                let limits = "nameConstraints=critical,permitted;DNS:example.com";
                put_between(s, &(but(CA, limits) + "authorityKeyIdentifier=keyid\n"));
            },
            &["error chain server.pem"],
        ),
        row(
            "a CA in between that does not name its issuer",
            |s| {
                sign_ca(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                put_between(s, &but(CA, "authorityKeyIdentifier=none"));
            },
            &["warning key-identifier server.pem"],
        ),
        row(
            "a root that names its key by another identifier",
            |s| {
                let other = "2.5.29.35=DER:301680140102030405060708090a0b0c0d0e0f1011121314\n";
                sign_ca(s, &(CA.to_owned() + other));
            },
            &["warning key-identifier ca.pem"],
        ),
        row(
            "a root that signed itself with SHA-1",
            |s| sign_ca_with(s, CA, "-days 365 -set_serial 0x1000 -sha1"),
            &[],
        ),
    ]
}

/// Another CA's certificate in ca.pem, as while one CA follows another.
fn trust_too(s: &Sandbox, is_first: bool) {
    let other = Sandbox::with_set_of(&["--organization", "other", "--days", "365"]).read("ca.pem");
    let own = s.read("ca.pem");
    s.write("ca.pem", if is_first { other + &own } else { own + &other });
}

/// The server's certificate is issued by a CA below the set's own, whose certificate follows it.
fn put_between(s: &Sandbox, extensions: &str) {
    put_between_for(s, "server", SERVER, extensions);
}

fn put_between_for(s: &Sandbox, role: &str, own: &str, extensions: &str) {
    let desk = Sandbox::new();
    let at = |name: &str| desk.file(name).display().to_string();
    desk.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out between.key");
    desk.openssl("req -new -key between.key -subj /O=between -out between.csr");
    desk.write("between.ext", extensions);
    desk.write("own.ext", own);
    let [csr, pem, key] = ["between.csr", "between.pem", "between.key"].map(at);
    s.openssl(&format!(
        "x509 -req -in {csr} -CA ca.pem -CAkey ca.key -set_serial 0x2001 -days 300 -out {pem} -extfile {}",
        at("between.ext")
    ));
    s.openssl(&format!(
        "x509 -req -in {role}.csr -CA {pem} -CAkey {key} -set_serial 0x2002 -days 200 -out {role}.pem -extfile {}",
        at("own.ext")
    ));
    let pem = format!("{role}.pem");
    s.write(&pem, s.read(&pem) + &desk.read("between.pem"));
}
