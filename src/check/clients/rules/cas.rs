//! CAs, signatures, and forms that RFC 5280 does not allow.

use super::super::super::Code;
use super::super::Client::{Go, Java, Milvus, Node, Pymilvus as Grpc, Python, Rust};
use super::super::{Case, Part, Rule};
use super::{APPEND, PURPOSE, SHAKER, case, rule};

const EXTENSION: &str = "unhandled critical extension";
const GO_EXTENSION: &str = "x509: unhandled critical extension";
const CANNOT_SIGN: &str = "x509: invalid signature: parent certificate cannot sign this kind of certificate";
const PATH: &str = "path length constraint exceeded";
const TOO_WEAK: &str = "CA signature digest algorithm too weak";
const INSECURE: &str = "x509: cannot verify signature: insecure algorithm";
const CRITICAL_AKI: &str = "x509: authority key identifier incorrectly marked critical";
const NEGATIVE: &str = "x509: negative serial number";
const SERIAL: Code = Code::BadSerial;

pub(super) const RULES: &[Rule] = &[
    // CAs.
    rule(
        Code::NotCa,
        Part::Ca,
        &[
            (Milvus, CANNOT_SIGN),
            (Go, CANNOT_SIGN),
            (Java, "is not a CA certificate"),
            (Node, PURPOSE),
            (Python, "invalid CA certificate"),
        ],
    ),
    rule(Code::CaNoKeyUsage, Part::Ca, &[(Python, "CA cert does not include key usage extension")]),
    case(
        Code::CaNoKeyUsage,
        Case::PathLength,
        Part::Ca,
        &[(Python, "Path length given without key usage keyCertSign")],
    ),
    rule(Code::CaNoKeyUsage, Part::Above, &[]),
    rule(
        Code::CaCannotSign,
        Part::Ca,
        &[
            (Milvus, CANNOT_SIGN),
            (Go, CANNOT_SIGN),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            (Java, "does not have keyCertSign bit set in KeyUsage extension"),
            (Node, "key usage does not include certificate signing"),
            (Python, "invalid CA certificate"),
        ],
    ),
    rule(
        Code::CaCannotSign,
        Part::Between,
        &[
            (Go, CANNOT_SIGN),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            (Java, "CA key usage check failed: keyCertSign bit is not set"),
            (Node, "key usage does not include certificate signing"),
            (Python, "invalid CA certificate"),
        ],
    ),
    rule(Code::PathLength, Part::Ca, &[(Node, PATH)]),
    rule(
        Code::PathLength,
        Part::Between,
        &[(Go, "x509: too many intermediates for path length constraint"), (Node, PATH), (Python, PATH)],
    ),
    rule(
        Code::BasicConstraintsNotCritical,
        Part::Ca,
        &[(Python, "Basic Constraints of CA cert not marked critical")],
    ),
    rule(
        Code::WeakSignature,
        Part::Server,
        &[(Go, INSECURE), (Node, TOO_WEAK), (Python, TOO_WEAK), (Rust, "")],
    ),
    rule(
        Code::WeakSignature,
        Part::Client,
        &[(Milvus, INSECURE), (Node, "ca md too weak"), (Python, "ca md too weak")],
    ),
    rule(Code::UnknownSignature, Part::Server, &[(Go, ""), (Rust, "")]),
    rule(
        Code::UnknownSignature,
        Part::Client,
        &[(Milvus, "x509: cannot verify signature: algorithm unimplemented")],
    ),
    rule(Code::RustRejects, Part::Server, &[(Rust, "")]),
    rule(Code::RustRejects, Part::Client, &[]),
    // Forms.
    rule(SERIAL, Part::Server, &[]),
    rule(SERIAL, Part::Client, &[]),
    rule(SERIAL, Part::Ca, &[]),
    case(SERIAL, Case::Negative, Part::Server, &[(Milvus, NEGATIVE), (Go, NEGATIVE)]),
    case(SERIAL, Case::Negative, Part::Client, &[(Milvus, NEGATIVE), (Go, NEGATIVE)]),
    case(SERIAL, Case::Negative, Part::Ca, &[(Milvus, ""), (Go, APPEND)]),
    rule(
        Code::BadDate,
        Part::Server,
        &[
            (Milvus, "x509: malformed GeneralizedTime"),
            (Go, "x509: malformed GeneralizedTime"),
            (Grpc, "DECODE_ERROR"),
            (Node, "format error in certificate's notAfter field"),
            (Python, "format error in certificate's notAfter field"),
            (Rust, ""),
        ],
    ),
    rule(
        Code::BadDate,
        Part::Ca,
        &[
            (Milvus, ""),
            (Go, APPEND),
            (Grpc, SHAKER),
            (Node, "format error in certificate's notAfter field"),
            (Python, "format error in certificate's notAfter field"),
        ],
    ),
    rule(
        Code::CriticalExtension,
        Part::Server,
        &[
            (Go, GO_EXTENSION),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unhandled critical extension"),
            (Java, "unrecognized critical extension(s)"),
            (Node, EXTENSION),
            (Python, EXTENSION),
            (Rust, ""),
        ],
    ),
    rule(
        Code::CriticalExtension,
        Part::Client,
        &[(Milvus, GO_EXTENSION), (Rust, "UnsupportedCriticalExtension")],
    ),
    case(
        Code::CriticalExtension,
        Case::AuthorityCritical,
        Part::Client,
        &[(Milvus, CRITICAL_AKI), (Go, CRITICAL_AKI), (Rust, "UnsupportedCriticalExtension")],
    ),
    rule(
        Code::CriticalExtension,
        Part::Ca,
        &[(Milvus, GO_EXTENSION), (Go, GO_EXTENSION), (Node, EXTENSION), (Python, EXTENSION)],
    ),
    rule(Code::CriticalExtension, Part::Above, &[(Node, EXTENSION)]),
    rule(
        Code::CriticalExtension,
        Part::Between,
        &[
            (Go, GO_EXTENSION),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unhandled critical extension"),
            (Java, "unrecognized critical extension(s)"),
            (Node, EXTENSION),
            (Python, EXTENSION),
            (Rust, ""),
        ],
    ),
];
