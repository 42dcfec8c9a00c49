//! Files that do not belong together.

use super::row::{Row, row};
use super::signing::{
    CA, CLIENT, SERVER, attach_issuer, but, copy, damage_signature, new_ca, sign, sign_ca, sign_ca_with,
    sign_with, swap, with_own_key_identifier,
};
use crate::support::Sandbox;

pub(super) fn rows() -> Vec<Row> {
    let mut rows = keys();
    rows.extend(issuers());
    rows.extend(key_identifiers());
    rows.extend(other_cas());
    rows.extend(serials());
    rows
}

fn keys() -> Vec<Row> {
    vec![
        row(
            "server.key and client.key have changed places",
            |s| swap(s, "server.key", "client.key"),
            &[
                "error key-mismatch server.key",
                "error key-mismatch client.key",
                "warning csr-mismatch server.csr",
                "warning csr-mismatch client.csr",
            ],
        ),
        row(
            "server.pem and client.pem have changed places",
            |s| swap(s, "server.pem", "client.pem"),
            &[
                "error key-mismatch server.key",
                "error key-mismatch client.key",
                "error wrong-eku server.pem",
                "error wrong-eku client.pem",
                "note no-issuer server.pem",
            ],
        ),
        row(
            "server.key is the client's",
            |s| copy(s, "client.key", s, "server.key"),
            &["error key-mismatch server.key", "warning csr-mismatch server.csr"],
        ),
        row(
            "client.key is the server's",
            |s| copy(s, "server.key", s, "client.key"),
            &["error key-mismatch client.key", "warning csr-mismatch client.csr"],
        ),
        row(
            "server.key is of another type",
            |s| {
                s.openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out server.key");
            },
            &["error key-mismatch server.key", "warning csr-mismatch server.csr"],
        ),
        row("ca.key is the server's", |s| copy(s, "server.key", s, "ca.key"), &["error key-mismatch ca.key"]),
        row(
            "ca.key and server.key have changed places",
            |s| swap(s, "ca.key", "server.key"),
            &[
                "error key-mismatch ca.key",
                "error key-mismatch server.key",
                "warning csr-mismatch server.csr",
            ],
        ),
        row(
            "server.csr is the client's",
            |s| copy(s, "client.csr", s, "server.csr"),
            &["warning csr-mismatch server.csr"],
        ),
        row(
            "server.csr has another signature",
            |s| damage_signature(s, "server.csr"),
            &["warning csr-damaged server.csr"],
        ),
        row(
            "a run was interrupted",
            |s| {
                let run = s.certgen(&["renew"]).env("MILVUS_CERTGEN_TEST_ABORT_AT", "Decided");
                assert_eq!(run.output().status.code(), None, "the run ends before it is done");
            },
            &["error interrupted ca.pem"],
        ),
    ]
}

fn issuers() -> Vec<Row> {
    vec![
        row(
            "another CA of another name",
            |s| {
                let other = Sandbox::with_set_of(&["--organization", "other", "--days", "365"]);
                for name in ["ca.key", "ca.pem", "ca.srl"] {
                    copy(&other, name, s, name);
                }
            },
            &["error not-signed-by-ca server.pem", "error not-signed-by-ca client.pem"],
        ),
        row(
            "another CA of the same name",
            |s| {
                let other = Sandbox::with_set_of(&["--days", "365"]);
                for name in ["ca.key", "ca.pem"] {
                    copy(&other, name, s, name);
                }
                // What the other CA has signed last is less than what is here.
                s.write("ca.srl", "01\n");
            },
            &["error not-signed-by-ca server.pem", "error not-signed-by-ca client.pem"],
        ),
        row(
            "server.pem has another signature",
            |s| {
                damage_signature(s, "server.pem");
                attach_issuer(s);
            },
            &["error not-signed-by-ca server.pem"],
        ),
        row(
            "a server that signed itself",
            |s| {
                let desk = Sandbox::new();
                desk.write("extensions", but(SERVER, "authorityKeyIdentifier="));
                s.openssl(&format!(
                    "x509 -req -in server.csr -signkey server.key -days 365 -out server.pem -extfile {}",
                    desk.file("extensions").display()
                ));
            },
            &["error self-signed server.pem"],
        ),
        row(
            "a client that signed itself",
            |s| {
                let desk = Sandbox::new();
                desk.write("extensions", but(CLIENT, "authorityKeyIdentifier="));
                s.openssl(&format!(
                    "x509 -req -in client.csr -signkey client.key -days 365 -out client.pem -extfile {}",
                    desk.file("extensions").display()
                ));
            },
            &["error self-signed client.pem"],
        ),
        row(
            "CA and server have the same subject",
            |s| {
                let subject = "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost";
                s.openssl(&format!("req -new -key server.key -subj {subject} -out server.csr"));
                sign(s, "server", SERVER);
            },
            &[],
        ),
        row(
            "CA and client have the same subject, and the client no authorityKeyIdentifier",
            |s| {
                let subject = "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost";
                s.openssl(&format!("req -new -key client.key -subj {subject} -out client.csr"));
                let bare = but(&but(CLIENT, "authorityKeyIdentifier=none"), "subjectKeyIdentifier=none");
                sign(s, "client", &bare);
            },
            &["note same-subject client.pem", "note key-identifier client.pem"],
        ),
        row(
            "CA and server have the same subject, and the server no authorityKeyIdentifier",
            |s| {
                let subject = "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost";
                s.openssl(&format!("req -new -key server.key -subj {subject} -out server.csr"));
                sign(
                    s,
                    "server",
                    &but(&but(SERVER, "authorityKeyIdentifier=none"), "subjectKeyIdentifier=none"),
                );
            },
            &["warning same-subject server.pem", "warning key-identifier server.pem"],
        ),
    ]
}

fn key_identifiers() -> Vec<Row> {
    vec![
        row(
            "a server without authorityKeyIdentifier",
            |s| sign(s, "server", &but(SERVER, "authorityKeyIdentifier=none")),
            &["warning key-identifier server.pem"],
        ),
        row(
            "a client without authorityKeyIdentifier",
            |s| sign(s, "client", &but(CLIENT, "authorityKeyIdentifier=none")),
            &["note key-identifier client.pem"],
        ),
        row(
            "a client with another CA's authorityKeyIdentifier",
            |s| {
                let other = "2.5.29.35=DER:301680140102030405060708090a0b0c0d0e0f1011121314";
                sign(s, "client", &(but(CLIENT, "authorityKeyIdentifier=none") + other));
            },
            &["note key-identifier client.pem"],
        ),
        row(
            "a server that names its issuer by number alone",
            |s| sign(s, "server", &but(SERVER, "authorityKeyIdentifier=issuer:always")),
            &["warning key-identifier server.pem"],
        ),
        row(
            "a server that names its issuer by a number that it no longer has",
            |s| {
                sign(s, "server", &but(SERVER, "authorityKeyIdentifier=keyid,issuer:always"));
                sign_ca(s, CA);
            },
            &["error key-identifier server.pem"],
        ),
        row("server.pem stands alone", |_| {}, &["note no-issuer server.pem"]).made(&["--leaf-only"]),
        row(
            "server.pem includes the last CA certificate but one",
            |s| {
                let server = s.read("server.pem");
                sign_ca(s, CA);
                s.write("server.pem", server);
            },
            &["warning stale-chain server.pem"],
        ),
    ]
}

/// CAs that a run never makes.
fn other_cas() -> Vec<Row> {
    vec![
        row("the CA above allows no CA below", |s| put_below(s, CA), &["warning path-length ca.pem"]),
        row(
            "the CA above is for servers only",
            |s| {
                put_below(
                    s,
                    &(but(CA, "basicConstraints=critical,CA:TRUE") + "extendedKeyUsage=serverAuth\n"),
                );
            },
            &["note wrong-eku ca.pem"],
        ),
        row(
            "the CA above has no keyUsage",
            |s| put_below(s, "basicConstraints=critical,CA:TRUE\nsubjectKeyIdentifier=hash\n"),
            &["note ca-no-key-usage ca.pem"],
        ),
        row(
            "the CA above has a critical extension that nobody knows",
            |s| {
                put_below(
                    s,
                    &(but(CA, "basicConstraints=critical,CA:TRUE") + "1.2.3.4.5=critical,DER:0500\n"),
                );
            },
            &["warning critical-extension ca.pem"],
        ),
        row(
            "the CA's own root is not in ca.pem",
            |s| {
                put_below(s, &but(CA, "basicConstraints=critical,CA:TRUE"));
                s.write("ca.pem", s.openssl("x509 -in ca.pem"));
                attach_issuer(s);
            },
            &["warning no-issuer ca.pem"],
        ),
        row(
            "a CA with P-521",
            |s| new_ca(s, "EC -pkeyopt ec_paramgen_curve:P-521", ""),
            &["warning unsupported-key ca.key", "warning unsupported-key ca.pem"],
        ),
        row(
            "a CA with RSA 1024",
            |s| new_ca(s, "RSA -pkeyopt rsa_keygen_bits:1024", ""),
            &["error weak-key ca.key", "warning weak-key ca.pem"],
        ),
        row("a CA that openssl has made", |s| new_ca(s, "EC -pkeyopt ec_paramgen_curve:P-256", ""), &[]),
        row(
            "a CA that signs with RSA-PSS",
            |s| {
                new_ca(
                    s,
                    "RSA -pkeyopt rsa_keygen_bits:2048",
                    "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32",
                );
            },
            &[],
        ),
    ]
}

/// The set's CA is no root any more: another CA with these extensions has issued its certificate.
fn put_below(s: &Sandbox, above: &str) {
    let desk = Sandbox::new();
    let at = |name: &str| desk.file(name).display().to_string();
    desk.openssl("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out above.key");
    desk.openssl("req -new -key above.key -subj /O=above -out above.csr");
    desk.write("above", above);
    desk.openssl(
        "x509 -req -in above.csr -signkey above.key -extfile above -days 400 -set_serial 1 -out above.pem",
    );
    desk.write("extensions", with_own_key_identifier(s, &but(CA, "authorityKeyIdentifier=keyid")));
    s.openssl(&format!("x509 -x509toreq -in ca.pem -signkey ca.key -out {}", at("ca.csr")));
    s.openssl(&format!(
        "x509 -req -in {} -CA {} -CAkey {} -set_serial 2 -days 365 -out ca.pem -extfile {}",
        at("ca.csr"),
        at("above.pem"),
        at("above.key"),
        at("extensions")
    ));
    s.write("ca.pem", s.read("ca.pem") + &desk.read("above.pem"));
    attach_issuer(s);
}

fn serials() -> Vec<Row> {
    vec![
        row(
            "client.pem has the server's number",
            |s| {
                sign_with(s, "server", SERVER, "-days 365 -set_serial 0x1001");
                sign_with(s, "client", CLIENT, "-days 365 -set_serial 0x1001");
            },
            &["warning serial-repeated client.pem"],
        ),
        row(
            "server.pem has the CA's number",
            |s| {
                sign_ca_with(s, CA, "-days 365 -set_serial 0x1001");
                sign_with(s, "server", SERVER, "-days 365 -set_serial 0x1001");
            },
            &["warning serial-repeated server.pem"],
        ),
        row("ca.srl is behind", |s| s.write("ca.srl", "01\n"), &["warning serial-file-behind ca.srl"]),
        row("ca.srl is at zero", |s| s.write("ca.srl", "00\n"), &["warning serial-file-behind ca.srl"]),
        row("ca.srl is ahead", |s| s.write("ca.srl", "7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF0\n"), &[]),
        row(
            "a serial number of zero",
            |s| sign_with(s, "server", SERVER, "-days 365 -set_serial 0"),
            &["note bad-serial server.pem"],
        ),
        row(
            "a negative serial number",
            |s| sign_with(s, "client", CLIENT, "-days 365 -set_serial -5"),
            &["error bad-serial client.pem"],
        ),
        row(
            "a server with a negative serial number",
            |s| sign_with(s, "server", SERVER, "-days 365 -set_serial -5"),
            &["error bad-serial server.pem"],
        ),
        row(
            "a serial number of 21 bytes",
            |s| {
                let flags = "-days 365 -set_serial 0x010203040506070809101112131415161718192021";
                sign_with(s, "server", SERVER, flags);
            },
            &["note bad-serial server.pem"],
        ),
        row(
            "a CA with the serial number zero",
            |s| sign_ca_with(s, CA, "-days 365 -set_serial 0"),
            &["note bad-serial ca.pem"],
        ),
        row(
            "a CA with a negative serial number",
            |s| sign_ca_with(s, CA, "-days 365 -set_serial -5"),
            &["error bad-serial ca.pem"],
        ),
    ]
}
