//! Files that are missing, something else, or damaged, and keys by themselves.

use std::fs;

use super::row::{Row, row};
use super::signing::{CLIENT, SERVER, new_key, sign};
use crate::support::Sandbox;

/// Writes the file again with what openssl makes of it.
fn converted(set: &Sandbox, name: &str, line: &str) {
    set.openssl(&format!("{line} -in {name} -out {name}.new"));
    fs::rename(set.file(&format!("{name}.new")), set.file(name)).unwrap();
}

fn halved(set: &Sandbox, name: &str) {
    let whole = set.read(name);
    set.write(name, &whole[..whole.len() / 2]);
}

fn directory_instead(set: &Sandbox, name: &str) {
    set.remove(name);
    fs::create_dir(set.file(name)).unwrap();
}

fn appended(set: &Sandbox, name: &str, more: &str) {
    set.write(name, set.read(name) + &set.read(more));
}

pub(super) fn rows() -> Vec<Row> {
    let mut rows = absent();
    rows.extend(contents());
    rows.extend(keys());
    rows.extend(forms());
    rows
}

/// PEM that openssl reads, and Milvus does not.
fn forms() -> Vec<Row> {
    vec![
        row(
            "a byte order mark before server.pem",
            |s| s.write("server.pem", format!("\u{feff}{}", s.read("server.pem"))),
            &["error pem-form server.pem", "note no-issuer server.pem"],
        )
        .made(&["--leaf-only"]),
        row(
            "a byte order mark before server.key",
            |s| s.write("server.key", format!("\u{feff}{}", s.read("server.key"))),
            &["error pem-form server.key"],
        ),
        row(
            "a byte order mark before client.key",
            |s| s.write("client.key", format!("\u{feff}{}", s.read("client.key"))),
            &["error pem-form client.key"],
        ),
        row(
            "a byte order mark before client.pem",
            |s| s.write("client.pem", format!("\u{feff}{}", s.read("client.pem"))),
            &["error pem-form client.pem"],
        ),
        row(
            "a byte order mark before ca.pem",
            |s| s.write("ca.pem", format!("\u{feff}{}", s.read("ca.pem"))),
            &["error pem-form ca.pem"],
        ),
        row(
            "ca.pem as it was pasted into YAML",
            |s| s.write("ca.pem", s.read("ca.pem").replace("-----BEGIN", "    -----BEGIN")),
            &["error pem-form ca.pem"],
        ),
        row(
            "server.pem joined without a line end",
            |s| s.write("server.pem", s.read("server.pem").replace("-----\n-----", "----------")),
            &["error pem-form server.pem"],
        ),
        row(
            "server.pem with an older label",
            |s| s.write("server.pem", s.read("server.pem").replace(" CERTIFICATE", " X509 CERTIFICATE")),
            &["error pem-form server.pem"],
        ),
    ]
}

fn absent() -> Vec<Row> {
    vec![
        row("nothing is broken", |_| {}, &[]),
        row("no server.key", |s| s.remove("server.key"), &["error missing server.key"]),
        row("no server.pem", |s| s.remove("server.pem"), &["error missing server.pem"]),
        row("no client.key", |s| s.remove("client.key"), &["error missing client.key"]),
        row("no client.pem", |s| s.remove("client.pem"), &["error missing client.pem"]),
        row("no ca.pem", |s| s.remove("ca.pem"), &["error missing ca.pem"]),
        row("no ca.key", |s| s.remove("ca.key"), &["note not-checked ca.key"]),
        row("no ca.srl", |s| s.remove("ca.srl"), &[]),
        row(
            "no requests",
            |s| {
                s.remove("server.csr");
                s.remove("client.csr");
            },
            &[],
        ),
        row(
            "no client",
            |s| ["client.key", "client.pem", "client.csr"].iter().for_each(|name| s.remove(name)),
            &["note not-checked client.pem"],
        ),
        row(
            "no server",
            |s| ["server.key", "server.pem", "server.csr"].iter().for_each(|name| s.remove(name)),
            &["note not-checked server.pem"],
        ),
        row(
            "nothing at all",
            |s| s.snapshot().keys().for_each(|name| s.remove(name)),
            &["error missing ca.pem", "error missing server.pem", "note not-checked ca.key"],
        ),
        row("the CA's key is discarded", |_| {}, &[]).made(&["--discard-ca-key"]),
        row(
            "the CA's key beside what is mounted",
            |s| {
                for name in ["client.key", "client.pem", "client.csr", "server.csr", "ca.srl"] {
                    s.remove(name);
                }
            },
            &["warning ca-key-exposed ca.key", "note not-checked client.pem"],
        ),
    ]
}

fn contents() -> Vec<Row> {
    vec![
        row("server.key is empty", |s| s.write("server.key", ""), &["error not-pem server.key"]),
        row("server.pem is empty", |s| s.write("server.pem", ""), &["error not-pem server.pem"]),
        row("ca.pem is empty", |s| s.write("ca.pem", " \n"), &["error not-pem ca.pem"]),
        row("ca.key is empty", |s| s.write("ca.key", ""), &["error not-pem ca.key"]),
        row("client.key is empty", |s| s.write("client.key", ""), &["error not-pem client.key"]),
        row("client.pem is empty", |s| s.write("client.pem", ""), &["error not-pem client.pem"]),
        row(
            "client.pem holds its key alone",
            |s| s.write("client.pem", s.read("client.key")),
            &["error other-content client.pem"],
        ),
        row(
            "client.key holds its certificate",
            |s| s.write("client.key", s.read("client.pem")),
            &["error other-content client.key"],
        ),
        row("client.key is cut", |s| halved(s, "client.key"), &["error damaged client.key"]),
        row(
            "client.key is a directory",
            |s| directory_instead(s, "client.key"),
            &["error unreadable client.key"],
        ),
        row(
            "client.pem is a directory",
            |s| directory_instead(s, "client.pem"),
            &["error unreadable client.pem"],
        ),
        row("server.csr is empty", |s| s.write("server.csr", ""), &["warning not-pem server.csr"]),
        row("ca.srl is empty", |s| s.write("ca.srl", ""), &["warning damaged ca.srl"]),
        row("ca.srl is no number", |s| s.write("ca.srl", "garbage"), &["warning damaged ca.srl"]),
        row(
            "server.key is DER",
            |s| converted(s, "server.key", "pkey -outform DER"),
            &["error not-pem server.key"],
        ),
        row(
            "server.pem is DER",
            |s| converted(s, "server.pem", "x509 -outform DER"),
            &["error not-pem server.pem"],
        ),
        row("ca.pem is DER", |s| converted(s, "ca.pem", "x509 -outform DER"), &["error not-pem ca.pem"]),
        row(
            "client.csr is DER",
            |s| converted(s, "client.csr", "req -outform DER"),
            &["warning not-pem client.csr"],
        ),
        row(
            "server.pem holds its key alone",
            |s| s.write("server.pem", s.read("server.key")),
            &["error other-content server.pem"],
        ),
        row(
            "server.key holds its certificate",
            |s| s.write("server.key", s.read("server.pem")),
            &["error other-content server.key"],
        ),
        row(
            "client.csr holds its certificate",
            |s| s.write("client.csr", s.read("client.pem")),
            &["warning other-content client.csr"],
        ),
        row(
            "ca.pem holds a request",
            |s| s.write("ca.pem", s.read("server.csr")),
            &["error other-content ca.pem"],
        ),
        row("server.key is cut", |s| halved(s, "server.key"), &["error damaged server.key"]),
        row("client.pem is cut", |s| halved(s, "client.pem"), &["error damaged client.pem"]),
        row("ca.pem is cut", |s| halved(s, "ca.pem"), &["error damaged ca.pem"]),
        row("ca.key is cut", |s| halved(s, "ca.key"), &["error damaged ca.key"]),
        row("server.csr is cut", |s| halved(s, "server.csr"), &["warning damaged server.csr"]),
        row(
            "server.key is a directory",
            |s| directory_instead(s, "server.key"),
            &["error unreadable server.key"],
        ),
        row(
            "server.pem is a directory",
            |s| directory_instead(s, "server.pem"),
            &["error unreadable server.pem"],
        ),
        row("ca.pem is a directory", |s| directory_instead(s, "ca.pem"), &["error unreadable ca.pem"]),
        row("ca.srl is a directory", |s| directory_instead(s, "ca.srl"), &["warning unreadable ca.srl"]),
        row(
            "server.pem holds its key too",
            |s| appended(s, "server.pem", "server.key"),
            &["warning certificate-holds-key server.pem"],
        ),
        row(
            "ca.pem holds its key too",
            |s| appended(s, "ca.pem", "ca.key"),
            &["warning certificate-holds-key ca.pem"],
        ),
    ]
}

fn keys() -> Vec<Row> {
    const ENCRYPT: &str = "pkcs8 -topk8 -passout pass:secret";
    vec![
        row(
            "server.key has a password",
            |s| converted(s, "server.key", ENCRYPT),
            &["error encrypted-key server.key"],
        ),
        row(
            "client.key has a password in the old way",
            |s| converted(s, "client.key", "ec -aes128 -passout pass:secret"),
            &["error encrypted-key client.key"],
        ),
        row("ca.key has a password", |s| converted(s, "ca.key", ENCRYPT), &["note not-checked ca.key"]),
        row("server.key is SEC1", |s| converted(s, "server.key", "ec"), &[]),
        row(
            "client.key is SEC1",
            |s| converted(s, "client.key", "ec"),
            &["warning key-not-pkcs8 client.key"],
        ),
        row(
            "client.key is PKCS#1",
            |s| converted(s, "client.key", "rsa -traditional"),
            &["warning key-not-pkcs8 client.key"],
        )
        .made(&["--key-type", "rsa"]),
        row(
            "server.key may be read by all",
            |s| s.set_mode("server.key", 0o644),
            &["warning key-readable server.key"],
        ),
        row("ca.key may be read by all", |s| s.set_mode("ca.key", 0o604), &["warning key-readable ca.key"]),
        row("server.key may be read by its group", |s| s.set_mode("server.key", 0o640), &[]),
        row("Ed25519", |_| {}, &["error ed25519-key server.key", "warning ed25519-key client.key"])
            .made(&["--key-type", "ed25519"]),
        row(
            "a server with RSA 1024",
            |s| {
                new_key(s, "server", "RSA -pkeyopt rsa_keygen_bits:1024");
                sign(s, "server", SERVER);
            },
            &["warning weak-key server.key", "warning weak-key server.pem"],
        ),
        row(
            "a client with RSA 1024",
            |s| {
                new_key(s, "client", "RSA -pkeyopt rsa_keygen_bits:1024");
                sign(s, "client", CLIENT);
            },
            &["warning weak-key client.key", "warning weak-key client.pem"],
        ),
        row(
            "a server with P-521",
            |s| {
                new_key(s, "server", "EC -pkeyopt ec_paramgen_curve:P-521");
                sign(s, "server", SERVER);
            },
            &["warning unsupported-key server.key", "error unsupported-key server.pem"],
        ),
        row(
            "a client with Ed448",
            |s| {
                new_key(s, "client", "ED448");
                sign(s, "client", CLIENT);
            },
            &["warning unsupported-key client.key", "error unsupported-key client.pem"],
        ),
    ]
}
