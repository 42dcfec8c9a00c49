//! Issuers, key identifiers, dates and constraints.

use super::super::super::Code;
use super::super::Client::{Go, Java, Milvus, Node, Pymilvus as Grpc, Python, Rust};
use super::super::{Case, Part, Rule};
use super::{case, rule};

const UNKNOWN: &str = "x509: certificate signed by unknown authority";
const EXPIRED: &str = "x509: certificate has expired or is not yet valid";
const GO_NAME: &str = "is not authorized to sign for this name";
const SUBTREE: &str = "permitted subtree violation";
const NO_ISSUER: &str = "unable to get local issuer certificate";

pub(super) const RULES: &[Rule] = &[
    // Issuers.
    rule(
        Code::NotSignedByCa,
        Part::Server,
        &[
            (Go, UNKNOWN),
            (Grpc, "CERTIFICATE_VERIFY_FAILED"),
            (Java, "PKIX path"),
            (Node, ""),
            (Python, "certificate verify failed"),
            (Rust, ""),
        ],
    ),
    rule(Code::NotSignedByCa, Part::Client, &[(Milvus, UNKNOWN)]),
    case(
        Code::NotSignedByCa,
        Case::OtherSignature,
        Part::Server,
        &[
            (Go, UNKNOWN),
            (Grpc, "BAD_SIGNATURE: certificate signature failure"),
            (Java, "signature check failed"),
            (Node, "certificate signature failure"),
            (Python, "certificate signature failure"),
            (Rust, ""),
        ],
    ),
    case(Code::NotSignedByCa, Case::OtherSignature, Part::Client, &[(Milvus, UNKNOWN)]),
    rule(
        Code::MissingIssuer,
        Part::Server,
        &[
            (Go, UNKNOWN),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            (Java, "unable to find valid certification path to requested target"),
            (Node, "unable to verify the first certificate"),
            (Python, NO_ISSUER),
            (Rust, "UnknownIssuer"),
        ],
    ),
    rule(Code::MissingIssuer, Part::Client, &[(Milvus, UNKNOWN)]),
    rule(
        Code::SelfSigned,
        Part::Server,
        &[
            (Go, UNKNOWN),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            (Java, "unable to find valid certification path to requested target"),
            (Node, "self-signed certificate"),
            (Python, "self-signed certificate"),
            (Rust, "UnknownIssuer"),
        ],
    ),
    rule(Code::SelfSigned, Part::Client, &[(Milvus, UNKNOWN)]),
    rule(
        Code::SameSubject,
        Part::Server,
        &[(Node, "self-signed certificate"), (Python, "self-signed certificate")],
    ),
    rule(Code::SameSubject, Part::Client, &[]),
    case(
        Code::KeyIdentifier,
        Case::NoAuthority,
        Part::Server,
        &[(Python, "Missing Authority Key Identifier")],
    ),
    case(Code::KeyIdentifier, Case::NoAuthority, Part::Client, &[]),
    case(
        Code::KeyIdentifier,
        Case::NoAuthority,
        Part::Between,
        &[(Python, "Missing Authority Key Identifier")],
    ),
    case(
        Code::KeyIdentifier,
        Case::OtherAuthority,
        Part::Server,
        &[
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unable to get local issuer certificate"),
            (Java, "Path does not chain with any of the trust anchors"),
            (Node, "unable to verify the first certificate"),
            (Python, NO_ISSUER),
        ],
    ),
    case(Code::KeyIdentifier, Case::OtherAuthority, Part::Client, &[]),
    rule(Code::KeyIdentifier, Part::Ca, &[(Python, "Missing Subject Key Identifier")]),
    case(Code::KeyIdentifier, Case::OwnIdentifier, Part::Ca, &[(Node, "unable to get issuer certificate")]),
    case(Code::KeyIdentifier, Case::Version1, Part::Server, &[]),
    case(
        Code::NoIssuer,
        Case::TrustedAlone,
        Part::Server,
        &[(Node, "unable to verify the first certificate"), (Rust, "")],
    ),
    case(Code::NoIssuer, Case::WithoutRoot, Part::Ca, &[(Node, "unable to get issuer certificate")]),
    // Dates.
    rule(
        Code::NotYetValid,
        Part::Server,
        &[
            (Go, EXPIRED),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: certificate is not yet valid"),
            (Java, "NotBefore: "),
            (Node, "certificate is not yet valid"),
            (Python, "certificate is not yet valid"),
            (Rust, "certificate not valid yet"),
        ],
    ),
    rule(Code::NotYetValid, Part::Client, &[(Milvus, EXPIRED)]),
    rule(
        Code::NotYetValid,
        Part::Ca,
        &[
            (Milvus, EXPIRED),
            (Go, EXPIRED),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: certificate is not yet valid"),
            (Node, "certificate is not yet valid"),
            (Python, "certificate is not yet valid"),
        ],
    ),
    rule(
        Code::Expired,
        Part::Server,
        &[
            (Go, EXPIRED),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: certificate has expired"),
            (Java, "NotAfter: "),
            (Node, "certificate has expired"),
            (Python, "certificate has expired"),
            (Rust, "certificate expired"),
        ],
    ),
    rule(Code::Expired, Part::Client, &[(Milvus, EXPIRED)]),
    rule(
        Code::Expired,
        Part::Ca,
        &[
            (Milvus, EXPIRED),
            (Go, EXPIRED),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: certificate has expired"),
            (Node, "certificate has expired"),
            (Python, "certificate has expired"),
        ],
    ),
    // Constraints.
    rule(
        Code::AddressConstraint,
        Part::Server,
        &[(Grpc, "CERTIFICATE_VERIFY_FAILED: unsupported name constraint type")],
    ),
    case(
        Code::Chain,
        Case::Constraint,
        Part::Server,
        &[
            (Go, GO_NAME),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: permitted subtree violation"),
            (Node, SUBTREE),
            (Python, SUBTREE),
            (Rust, ""),
        ],
    ),
    case(
        Code::Chain,
        Case::Constraint,
        Part::Between,
        &[
            (Go, GO_NAME),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: permitted subtree violation"),
            (Java, "name constraints check failed"),
            (Node, SUBTREE),
            (Python, SUBTREE),
            (Rust, ""),
        ],
    ),
    case(Code::Chain, Case::Constraint, Part::Client, &[(Milvus, GO_NAME)]),
    case(
        Code::Handshake,
        Case::TooLarge,
        Part::Server,
        &[
            (Grpc, "EXCESSIVE_MESSAGE_SIZE"),
            (Java, "exceeds the maximum allowed size"),
            (Node, "excessive message size"),
            (Python, "excessive message size"),
            (Rust, ""),
        ],
    ),
];
