//! Files that cannot be read, and keys that cannot be used.

use super::super::super::Code;
use super::super::Client::{Go, Java, Milvus, Node, Pymilvus as Grpc, Python, Rust};
use super::super::{Case, Part, Rule};
use super::{APPEND, By, SHAKER, case, rule};

const NO_FILE: &str = "no such file or directory";
const NO_FILE_: &str = "No such file or directory";
const NO_KEY: &str = "File does not contain valid private key";
const NO_CERTIFICATE: &str = "File does not contain valid certificates";
const OTHER_KEY: &str = "tls: private key does not match public key";
const OTHER_TYPE: &str = "tls: private key type does not match public key type";
const NO_SUCH_KIND: &str = "SSLV3_ALERT_HANDSHAKE_FAILURE";
/// A file of a client that none can load, one by one.
const LOADED: By = &[(Grpc, ""), (Go, ""), (Java, ""), (Node, ""), (Python, ""), (Rust, "")];

/// A ca.pem in which no client finds a certificate.
const NO_ROOTS: By = &[
    (Milvus, ""),
    (Grpc, SHAKER),
    (Go, APPEND),
    (Java, NO_CERTIFICATE),
    (Node, "self-signed certificate in certificate chain"),
    (Python, ""),
    (Rust, "UnknownIssuer"),
];

pub(super) const RULES: &[Rule] = &[
    // Files.
    rule(Code::Missing, Part::ServerKey, &[(Milvus, NO_FILE)]),
    rule(Code::Missing, Part::Server, &[(Milvus, NO_FILE)]),
    rule(
        Code::Missing,
        Part::ClientKey,
        &[
            (Grpc, NO_FILE_),
            (Go, NO_FILE),
            (Java, NO_KEY),
            (Node, "ENOENT: no such file or directory"),
            (Python, NO_FILE_),
            (Rust, NO_FILE_),
        ],
    ),
    rule(
        Code::Missing,
        Part::Client,
        &[
            (Grpc, NO_FILE_),
            (Go, NO_FILE),
            (Java, NO_CERTIFICATE),
            (Node, "ENOENT: no such file or directory"),
            (Python, NO_FILE_),
            (Rust, NO_FILE_),
        ],
    ),
    rule(
        Code::Missing,
        Part::Ca,
        &[
            (Milvus, NO_FILE),
            (Grpc, NO_FILE_),
            (Go, NO_FILE),
            (Java, NO_CERTIFICATE),
            (Node, "ENOENT: no such file or directory"),
            (Python, NO_FILE_),
            (Rust, NO_FILE_),
        ],
    ),
    rule(Code::Unreadable, Part::ServerKey, &[(Milvus, "")]),
    rule(Code::Unreadable, Part::Server, &[(Milvus, "")]),
    rule(Code::Unreadable, Part::ClientKey, LOADED),
    rule(Code::Unreadable, Part::Client, LOADED),
    rule(
        Code::Unreadable,
        Part::Ca,
        &[(Milvus, ""), (Grpc, ""), (Go, ""), (Java, NO_CERTIFICATE), (Node, ""), (Python, ""), (Rust, "")],
    ),
    rule(Code::NotPem, Part::ServerKey, &[(Milvus, "tls: failed to find any PEM data in key input")]),
    rule(Code::NotPem, Part::Server, &[(Milvus, "tls: failed to find any PEM data in certificate input")]),
    rule(Code::NotPem, Part::ClientKey, LOADED),
    rule(Code::NotPem, Part::Client, LOADED),
    rule(Code::NotPem, Part::Ca, NO_ROOTS),
    rule(
        Code::OtherContent,
        Part::ServerKey,
        &[(Milvus, "tls: failed to find PEM block with type ending in \"PRIVATE KEY\" in key input")],
    ),
    rule(
        Code::OtherContent,
        Part::Server,
        &[(Milvus, "tls: failed to find certificate PEM data in certificate input")],
    ),
    rule(Code::OtherContent, Part::ClientKey, LOADED),
    rule(Code::OtherContent, Part::Client, LOADED),
    rule(Code::OtherContent, Part::Ca, NO_ROOTS),
    rule(Code::Damaged, Part::ServerKey, &[(Milvus, "")]),
    rule(Code::Damaged, Part::Server, &[(Milvus, "")]),
    rule(Code::Damaged, Part::ClientKey, LOADED),
    rule(Code::Damaged, Part::Client, LOADED),
    rule(
        Code::Damaged,
        Part::Ca,
        &[
            (Milvus, ""),
            (Grpc, ""),
            (Go, APPEND),
            (Java, NO_CERTIFICATE),
            (Node, ""),
            (Python, ""),
            (Rust, ""),
        ],
    ),
    rule(Code::PemForm, Part::ServerKey, &[(Milvus, "")]),
    rule(Code::PemForm, Part::Server, &[(Milvus, "")]),
    rule(
        Code::PemForm,
        Part::ClientKey,
        &[(Grpc, SHAKER), (Go, "tls: failed to find any PEM data in key input"), (Rust, "no items found")],
    ),
    rule(
        Code::PemForm,
        Part::Client,
        &[
            (Grpc, SHAKER),
            (Go, "tls: failed to find any PEM data in certificate input"),
            (Rust, "peer sent no certificates"),
        ],
    ),
    rule(Code::PemForm, Part::Ca, &[(Milvus, ""), (Grpc, SHAKER), (Go, APPEND), (Rust, "UnknownIssuer")]),
    case(
        Code::PemForm,
        Case::Indented,
        Part::Ca,
        &[
            (Milvus, ""),
            (Grpc, SHAKER),
            (Go, APPEND),
            (Node, "self-signed certificate in certificate chain"),
            (Python, "no certificate or crl found"),
            (Rust, "UnknownIssuer"),
        ],
    ),
    rule(Code::ChainOrder, Part::Server, &[(Milvus, OTHER_KEY)]),
    rule(
        Code::ChainOrder,
        Part::Client,
        &[
            (Milvus, "tls: invalid signature by the client certificate"),
            (Grpc, SHAKER),
            (Go, OTHER_KEY),
            (Java, "Certificate chain is not valid"),
            (Node, "key values mismatch"),
            (Python, "key values mismatch"),
            (Rust, "KeyMismatch"),
        ],
    ),
    rule(Code::EncryptedKey, Part::ServerKey, &[(Milvus, "tls: failed to parse private key")]),
    rule(
        Code::EncryptedKey,
        Part::ClientKey,
        &[
            (Grpc, SHAKER),
            (Go, "tls: failed to parse private key"),
            (Java, NO_KEY),
            (Node, ""),
            (Python, ""),
            (Rust, ""),
        ],
    ),
    // Keys.
    rule(Code::WeakKey, Part::Server, &[(Python, "EE certificate key too weak"), (Rust, "")]),
    rule(Code::WeakKey, Part::Client, &[(Python, "ee key too small"), (Rust, "")]),
    rule(Code::WeakKey, Part::ServerKey, &[(Python, "EE certificate key too weak"), (Rust, "")]),
    rule(Code::WeakKey, Part::ClientKey, &[(Python, "ee key too small"), (Rust, "")]),
    rule(Code::WeakKey, Part::Ca, &[(Python, "CA certificate key too weak"), (Rust, "")]),
    case(Code::UnsupportedKey, Case::P521, Part::Server, &[(Grpc, NO_SUCH_KIND), (Rust, "")]),
    case(Code::UnsupportedKey, Case::P521, Part::Ca, &[(Rust, "")]),
    case(
        Code::UnsupportedKey,
        Case::Ed448,
        Part::Client,
        &[(Grpc, SHAKER), (Go, "tls: failed to parse private key"), (Java, NO_KEY), (Rust, "")],
    ),
    rule(Code::Ed25519Key, Part::ServerKey, &[(Grpc, NO_SUCH_KIND)]),
    rule(Code::Ed25519Key, Part::ClientKey, &[(Java, NO_KEY)]),
    rule(Code::KeyNotPkcs8, Part::ClientKey, &[(Java, NO_KEY)]),
    rule(Code::KeyMismatch, Part::ServerKey, &[(Milvus, OTHER_KEY)]),
    case(Code::KeyMismatch, Case::OtherKeyType, Part::ServerKey, &[(Milvus, OTHER_TYPE)]),
    rule(
        Code::KeyMismatch,
        Part::ClientKey,
        &[
            (Milvus, "tls: invalid signature by the client certificate"),
            (Grpc, SHAKER),
            (Go, OTHER_KEY),
            (Node, "key values mismatch"),
            (Python, "key values mismatch"),
            (Rust, "KeyMismatch"),
        ],
    ),
    case(
        Code::KeyMismatch,
        Case::OtherKeyType,
        Part::ClientKey,
        &[
            (Milvus, "tls: client certificate used with invalid signature algorithm"),
            (Grpc, SHAKER),
            (Go, OTHER_TYPE),
            (Python, "no certificate assigned"),
            (Rust, "KeyMismatch"),
        ],
    ),
];
