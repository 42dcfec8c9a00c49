//! A client's certificate that does not say what it should: Milvus verifies it, and clients only load it.

use super::row::{Row, row};
use super::signing::{CLIENT, but, sign, sign_between, sign_with};

pub(super) fn rows() -> Vec<Row> {
    vec![
        row(
            "a client with ECDSA and SHA-224",
            |s| sign_with(s, "client", CLIENT, "-days 365 -set_serial 0x1002 -sha224"),
            &["error unknown-signature client.pem"],
        ),
        row(
            "a client with ECDSA and SHA-512",
            |s| sign_with(s, "client", CLIENT, "-days 365 -set_serial 0x1002 -sha512"),
            &["note rust-rejects client.pem"],
        ),
        row(
            "a client of the future",
            |s| sign_between(s, "client", CLIENT, [2, 100]),
            &["error not-yet-valid client.pem"],
        ),
        row(
            "a client for any purpose",
            |s| sign(s, "client", &but(CLIENT, "extendedKeyUsage=anyExtendedKeyUsage")),
            &["note wrong-eku client.pem"],
        ),
        row(
            "a client that may sign certificates",
            |s| sign(s, "client", &but(CLIENT, "keyUsage=critical,digitalSignature,keyCertSign")),
            &["note key-cert-sign-on-leaf client.pem"],
        ),
        row(
            "a client that is a CA",
            |s| sign(s, "client", &but(CLIENT, "basicConstraints=critical,CA:TRUE")),
            &["note leaf-is-ca client.pem"],
        ),
        row(
            "a client with a critical extension that nobody knows",
            |s| sign(s, "client", &but(CLIENT, "1.2.3.4.5=critical,DER:0500")),
            &["error critical-extension client.pem"],
        ),
        row(
            "a client with a critical authorityKeyIdentifier",
            |s| sign(s, "client", &but(CLIENT, "authorityKeyIdentifier=critical,keyid")),
            &["error critical-extension client.pem"],
        ),
    ]
}
