//! Certificates that do not say what they should.

use super::row::{Row, row};
use super::signing::{
    CA, CLIENT, SERVER, attach_issuer, but, damage_signature, sign, sign_between, sign_ca, sign_ca_with,
    sign_with, split_seconds,
};

/// A server's and a client's.
pub(super) fn rows() -> Vec<Row> {
    let mut rows = validity();
    rows.extend(names());
    rows.extend(extensions());
    rows.extend(not_for_all());
    rows
}

fn validity() -> Vec<Row> {
    vec![
        row(
            "openssl signs as a run does",
            |s| {
                sign_ca(s, CA);
                sign(s, "server", SERVER);
                sign(s, "client", CLIENT);
            },
            &[],
        ),
        row("a server for a while", |s| sign_between(s, "server", SERVER, [-200, 100]), &[]),
        row(
            "an expired server",
            |s| sign_between(s, "server", SERVER, [-200, -1]),
            &["error expired server.pem"],
        ),
        row(
            "an expired client",
            |s| sign_between(s, "client", CLIENT, [-200, -1]),
            &["error expired client.pem"],
        ),
        row(
            "a server of the future",
            |s| sign_between(s, "server", SERVER, [2, 100]),
            &["error not-yet-valid server.pem"],
        ),
        row(
            "a server that expires soon",
            |s| sign_between(s, "server", SERVER, [-200, 20]),
            &["warning expiring server.pem"],
        ),
        row("a server of a few days", |s| sign_between(s, "server", SERVER, [-2, 6]), &[]),
        // A third of its days is left to renew it, however many are asked for.
        row("a server in its second third", |s| sign_between(s, "server", SERVER, [-18, 12]), &[]),
        row(
            "a server in its last third",
            |s| sign_between(s, "server", SERVER, [-21, 9]),
            &["warning expiring server.pem"],
        ),
        row(
            "a server that expires later than is asked for",
            |s| sign_between(s, "server", SERVER, [-200, 20]),
            &[],
        )
        .asked(&["--expires-within", "10"]),
        row(
            "a server that outlives its CA",
            |s| sign_with(s, "server", SERVER, "-days 500 -set_serial 0x1001"),
            &["warning outlives-ca server.pem"],
        ),
        row("a server for longer than Apple allows", |_| {}, &["note long-validity server.pem"]).made(&[
            "--days",
            "4000",
            "--ca-days",
            "4000",
        ]),
        row(
            "SHA-1",
            |s| sign_with(s, "server", SERVER, "-days 365 -set_serial 0x1001 -sha1"),
            &["error weak-signature server.pem"],
        ),
        // All clients but rustls accept it.
        row(
            "ECDSA with SHA-512",
            |s| sign_with(s, "server", SERVER, "-days 365 -set_serial 0x1001 -sha512"),
            &["warning rust-rejects server.pem"],
        ),
        row(
            "ECDSA with SHA-224",
            |s| sign_with(s, "server", SERVER, "-days 365 -set_serial 0x1001 -sha224"),
            &["error unknown-signature server.pem"],
        ),
        row(
            "a request that is signed with ECDSA and SHA-512",
            |s| {
                s.openssl("req -new -key server.key -subj /CN=localhost -sha512 -out server.csr");
            },
            &[],
        ),
        row(
            "Milvus's demo key",
            |s| {
                s.write("demo.pub", DEMO_KEY);
                sign_with(s, "client", CLIENT, "-days 365 -set_serial 0x1002 -force_pubkey demo.pub");
                s.remove("demo.pub");
            },
            &["error demo-key client.pem", "error key-mismatch client.key"],
        ),
        row(
            "SHA-1 with RSA",
            |s| sign_with(s, "client", CLIENT, "-days 365 -set_serial 0x1002 -sha1"),
            &["error weak-signature client.pem"],
        )
        .made(&["--key-type", "rsa"]),
    ]
}

fn names() -> Vec<Row> {
    vec![
        row(
            "a server without names",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=")),
            &["error no-san server.pem"],
        ),
        row(
            "a server without a subject, whose names are not critical",
            |s| {
                s.openssl("req -new -key server.key -subj / -out server.csr");
                sign(s, "server", SERVER);
            },
            &["warning san-not-critical server.pem"],
        ),
        row(
            "a server with an email address alone",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=email:me@example.com")),
            &["error no-san server.pem"],
        ),
        row(
            "a server whose only name is none",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=DNS:localhost:19530")),
            &["error no-san server.pem"],
        ),
        row(
            "another name than the CN, where there are none",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=")),
            &["error no-san server.pem", "error name-not-in-san server.pem"],
        )
        .asked(&["--name", "db.example"]),
        row("a client without names", |s| sign(s, "client", &but(CLIENT, "subjectAltName=")), &[]),
        row("a name that the certificate does not have", |_| {}, &["error name-not-in-san server.pem"])
            .asked(&["--name", "db.example"]),
        row("an address that the certificate does not have", |_| {}, &["error name-not-in-san server.pem"])
            .asked(&["--name", "10.0.0.7"]),
        row(
            "an address without any",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=DNS:localhost,DNS:10.0.0.7")),
            &["error name-not-in-san server.pem", "warning chain server.pem"],
        )
        .asked(&["--name", "10.0.0.7"]),
        row(
            "a name where there are addresses only",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=IP:10.0.0.7")),
            &["error name-not-in-san server.pem"],
        )
        .asked(&["--name", "localhost"]),
        row(
            "a name below a wildcard's",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=DNS:*.example.com")),
            &["error name-not-in-san server.pem"],
        )
        .asked(&["--name", "a.b.example.com"]),
        row(
            "a name for a wildcard",
            |s| sign(s, "server", &but(SERVER, "subjectAltName=DNS:*.example.com")),
            &[],
        )
        .asked(&["--name", "a.example.com"]),
    ]
}

/// The public key of the client's certificate that Milvus publishes for its demos (configs/cert/client.pem there).
const DEMO_KEY: &str = "\
-----BEGIN PUBLIC KEY-----\n\
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAsEP6skudyfF3aTNui3BR\n\
nbUzM438z6DbcJ0nX6qzItojGXjMAz0ZB6HhxPZch2D7LA2xbizSTy4m3AQn3eUn\n\
hCy5chtxgz/ltIp1LN5BNL6F2x+C5kjgii588NBn25SDVjAe2qoKRz7UU3HVh3D6\n\
PiiQOumWw+XDSMO+2gcXLAyWuNBrp88VTirRkKKcqY64+ppKWrlc0/Q8IcpWLzEf\n\
lS9dqY6Mxgr0kzUoCXz+w19lMB0zBAW8YkzUOxfMOF+Xdsbkth3qS8tP/rlqNXu4\n\
wxgFjduwJa9e+up9qLN1gpS9OlOpppU+xxNk77p4YgTY1p1mnxDWnh/Vua5lTQwp\n\
iwIDAQAB\n\
-----END PUBLIC KEY-----\n\
";

fn extensions() -> Vec<Row> {
    vec![
        row(
            "a server for no purpose in particular",
            |s| sign(s, "server", &but(SERVER, "extendedKeyUsage=")),
            &["warning no-eku server.pem"],
        ),
        row(
            "a client for no purpose in particular",
            |s| sign(s, "client", &but(CLIENT, "extendedKeyUsage=")),
            &["warning no-eku client.pem"],
        ),
        row(
            "a server that may be a client only",
            |s| sign(s, "server", &but(SERVER, "extendedKeyUsage=clientAuth")),
            &["error wrong-eku server.pem"],
        ),
        row(
            "a client that may be a server only",
            |s| sign(s, "client", &but(CLIENT, "extendedKeyUsage=serverAuth")),
            &["error wrong-eku client.pem"],
        ),
        row(
            "a server for both purposes",
            |s| sign(s, "server", &but(SERVER, "extendedKeyUsage=serverAuth,clientAuth")),
            &[],
        ),
        row(
            "a server for any purpose",
            |s| sign(s, "server", &but(SERVER, "extendedKeyUsage=anyExtendedKeyUsage")),
            &["error wrong-eku server.pem"],
        ),
        row(
            "a server that may not sign handshakes",
            |s| sign(s, "server", &but(SERVER, "keyUsage=critical,keyAgreement")),
            &["error no-digital-signature server.pem"],
        ),
        row(
            "a client that may not sign handshakes",
            |s| sign(s, "client", &but(CLIENT, "keyUsage=critical,keyEncipherment")),
            &["note no-digital-signature client.pem"],
        )
        .made(&["--key-type", "rsa"]),
        row("a server without keyUsage", |s| sign(s, "server", &but(SERVER, "keyUsage=")), &[]),
        row(
            "a server that may sign certificates",
            |s| sign(s, "server", &but(SERVER, "keyUsage=critical,digitalSignature,keyCertSign")),
            &["warning key-cert-sign-on-leaf server.pem"],
        ),
        row(
            "a server that is a CA",
            |s| sign(s, "server", &but(SERVER, "basicConstraints=critical,CA:TRUE")),
            &["warning leaf-is-ca server.pem"],
        ),
        row(
            "a server without basicConstraints",
            |s| sign(s, "server", &but(SERVER, "basicConstraints=")),
            &[],
        ),
        row(
            "a server of version 1",
            |s| sign(s, "server", ""),
            &["error no-san server.pem", "note key-identifier server.pem", "warning no-eku server.pem"],
        ),
        row(
            "a server whose date has a fraction of a second",
            |s| {
                sign_with(s, "server", SERVER, "-days 10000 -set_serial 0x1001");
                split_seconds(s, "server");
            },
            &["error bad-date server.pem", "note long-validity server.pem"],
        )
        .made(&["--key-type", "rsa", "--ca-days", "10001"]),
        row(
            "a CA whose date has a fraction of a second",
            |s| {
                sign_ca_with(s, CA, "-days 10000 -set_serial 0x1000");
                split_seconds(s, "ca");
            },
            &["error bad-date ca.pem"],
        )
        .made(&["--key-type", "rsa"]),
        row(
            "a server with a critical extension that nobody knows",
            |s| sign(s, "server", &but(SERVER, "1.2.3.4.5=critical,DER:0500")),
            &["error critical-extension server.pem"],
        ),
        row(
            "a server with more certificates than a handshake carries",
            |s| s.write("server.pem", s.read("server.pem") + &s.read("ca.pem").repeat(200)),
            &["error handshake server.pem"],
        ),
    ]
}

/// What some clients process, and others do not.
fn not_for_all() -> Vec<Row> {
    vec![
        row(
            "a CA that may sign for email addresses of a host",
            |s| {
                sign_ca(s, &but(CA, "nameConstraints=critical,permitted;email:example.com"));
                sign(s, "server", &but(SERVER, "subjectAltName=DNS:localhost,email:a@example.com"));
            },
            &["warning rust-rejects server.pem"],
        ),
        row(
            "a CA that may sign for email addresses of another host",
            |s| {
                sign_ca(s, &but(CA, "nameConstraints=critical,permitted;email:example.com"));
                sign(s, "client", &but(CLIENT, "subjectAltName=DNS:localhost,email:a@other.example"));
            },
            &["error chain client.pem"],
        ),
    ]
}

/// A CA's, and what is under it.
pub(super) fn authorities() -> Vec<Row> {
    vec![
        row(
            "a CA without keyUsage",
            |s| sign_ca(s, &but(CA, "keyUsage=")),
            &["warning ca-no-key-usage ca.pem"],
        ),
        row(
            "a CA without keyUsage, as the Milvus page has it",
            |s| sign_ca(s, &but(&but(CA, "keyUsage="), "basicConstraints=critical,CA:TRUE")),
            &["warning ca-no-key-usage ca.pem"],
        ),
        row(
            "a CA that may not sign certificates",
            |s| sign_ca(s, &but(CA, "keyUsage=critical,cRLSign")),
            &["error ca-cannot-sign ca.pem"],
        ),
        row(
            "a CA whose basicConstraints are not critical",
            |s| sign_ca(s, &but(CA, "basicConstraints=CA:TRUE")),
            &["warning basic-constraints-not-critical ca.pem"],
        ),
        row(
            "a CA that says that it is none",
            |s| sign_ca(s, &but(CA, "basicConstraints=critical,CA:FALSE")),
            &["error not-ca ca.pem"],
        ),
        row(
            "a CA that does not say that it is one",
            |s| sign_ca(s, &but(&but(CA, "basicConstraints="), "keyUsage=")),
            &["error not-ca ca.pem"],
        ),
        row(
            "a CA without subjectKeyIdentifier",
            |s| sign_ca(s, &but(CA, "subjectKeyIdentifier=none")),
            &["warning key-identifier ca.pem"],
        ),
        row(
            "a CA with another subjectKeyIdentifier",
            |s| sign_ca(s, &but(CA, "subjectKeyIdentifier=0102030405060708090A")),
            &["error key-identifier server.pem", "note key-identifier client.pem"],
        ),
        row(
            "a CA that may sign for other names only",
            |s| sign_ca(s, &but(CA, "nameConstraints=critical,permitted;DNS:example.com")),
            &["error chain server.pem", "error chain client.pem"],
        ),
        row(
            "a CA that limits addresses",
            |s| {
                let ones = ["FFFF"; 8].join(":");
                let limits = format!(
                    "nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,\
                     permitted;IP:0:0:0:0:0:0:0:1/{ones}"
                );
                sign_ca(s, &but(CA, &limits));
            },
            &["error address-constraint server.pem"],
        ),
        row(
            "a CA with a critical extension that nobody knows",
            |s| sign_ca(s, &but(CA, "1.2.3.4.5=critical,DER:0500")),
            &["error critical-extension ca.pem"],
        ),
        row(
            "a CA for clients only",
            |s| sign_ca(s, &but(CA, "extendedKeyUsage=clientAuth")),
            &["error wrong-eku ca.pem"],
        ),
        row(
            "a CA for servers only",
            |s| sign_ca(s, &but(CA, "extendedKeyUsage=serverAuth")),
            &["error wrong-eku ca.pem"],
        ),
        row(
            "a CA whose own signature is another",
            |s| {
                damage_signature(s, "ca.pem");
                attach_issuer(s);
            },
            &["warning damaged-signature ca.pem"],
        ),
        row(
            "an expired CA",
            |s| {
                sign_between(s, "ca", CA, [-200, -1]);
                sign_between(s, "server", SERVER, [-200, -1]);
            },
            &["error expired ca.pem", "error expired server.pem", "warning outlives-ca client.pem"],
        ),
        row("a CA of the future", |s| sign_between(s, "ca", CA, [2, 500]), &["error not-yet-valid ca.pem"]),
        row(
            "a CA that expires soon",
            |s| {
                sign_between(s, "ca", CA, [-200, 20]);
                sign_between(s, "server", SERVER, [-2, 6]);
                sign_between(s, "client", CLIENT, [-2, 6]);
            },
            &["warning expiring ca.pem"],
        ),
    ]
}
