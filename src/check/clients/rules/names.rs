//! Names, purposes and key usages.

use super::super::super::Code;
use super::super::Client::{Go, Java, Milvus, Node, Pymilvus as Grpc, Python, Rust};
use super::super::{Case, Part, Rule};
use super::{PURPOSE, case, rule};

const USAGE: &str = "x509: certificate specifies an incompatible key usage";

pub(super) const RULES: &[Rule] = &[
    // Names.
    rule(
        Code::NoSan,
        Part::Server,
        &[
            (Go, "x509: certificate relies on legacy Common Name field, use SANs instead"),
            (Rust, "certificate not valid for name"),
        ],
    ),
    case(
        Code::NoSan,
        Case::Version1,
        Part::Server,
        &[
            (Go, "x509: certificate relies on legacy Common Name field, use SANs instead"),
            (Rust, "UnsupportedCertVersion"),
        ],
    ),
    case(
        Code::NoSan,
        Case::NoDnsName,
        Part::Server,
        &[(Go, "x509: certificate is not valid for any names"), (Rust, "certificate not valid for name")],
    ),
    case(
        Code::NameNotInSan,
        Case::NoName,
        Part::Server,
        &[
            (Go, "x509: "),
            (Grpc, "Hostname Verification Check failed"),
            (Java, ""),
            (Node, "Hostname/IP does not match certificate's altnames"),
            (Python, ""),
            (Rust, ""),
        ],
    ),
    case(
        Code::NoSan,
        Case::NoName,
        Part::Server,
        &[
            (Go, "x509: certificate is "),
            (Grpc, "Hostname Verification Check failed"),
            (Java, ""),
            (Node, "Hostname/IP does not match certificate's altnames"),
            (Python, "Hostname mismatch"),
            (Rust, "certificate not valid for name"),
        ],
    ),
    rule(
        Code::SanNotCritical,
        Part::Server,
        &[
            (Java, "SubjectAlternativeName extension MUST be marked critical when subject field is empty"),
            (Python, "Subject empty and Subject Alt Name extension not critical"),
        ],
    ),
    rule(
        Code::NameNotInSan,
        Part::Server,
        &[
            (Go, "x509: certificate is "),
            (Grpc, "Hostname Verification Check failed"),
            (Java, "No subject alternative DNS name matching"),
            (Node, "Hostname/IP does not match certificate's altnames"),
            (Python, "Hostname mismatch"),
            (Rust, "certificate not valid for name"),
        ],
    ),
    case(
        Code::NameNotInSan,
        Case::Ip,
        Part::Server,
        &[
            (Go, "x509: "),
            (Grpc, "Hostname Verification Check failed"),
            (Java, "No subject alternative names matching IP address"),
            (Node, "Hostname/IP does not match certificate's altnames"),
            (Python, "IP address mismatch"),
            (Rust, "certificate not valid for name"),
        ],
    ),
    case(
        Code::NameNotInSan,
        Case::IpAsDns,
        Part::Server,
        &[
            (Go, "x509: "),
            (Java, "No subject alternative names matching IP address"),
            (Node, "Hostname/IP does not match certificate's altnames"),
            (Python, "IP address mismatch"),
            (Rust, "certificate not valid for name"),
        ],
    ),
    case(
        Code::NameNotInSan,
        Case::CommonName,
        Part::Server,
        &[(Go, "x509: certificate is "), (Rust, "certificate not valid for name")],
    ),
    // Purposes.
    rule(
        Code::WrongEku,
        Part::Server,
        &[
            (Go, USAGE),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose"),
            (Java, "Extended key usage does not permit use for TLS server authentication"),
            (Node, PURPOSE),
            (Python, PURPOSE),
            (Rust, ""),
        ],
    ),
    case(
        Code::WrongEku,
        Case::AnyPurpose,
        Part::Server,
        &[
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose"),
            (Node, PURPOSE),
            (Python, PURPOSE),
            (Rust, ""),
        ],
    ),
    rule(Code::WrongEku, Part::Client, &[(Milvus, USAGE)]),
    case(Code::WrongEku, Case::AnyPurpose, Part::Client, &[]),
    case(Code::WrongEku, Case::NoServerAuth, Part::Ca, &[(Go, USAGE), (Node, PURPOSE), (Python, PURPOSE)]),
    case(Code::WrongEku, Case::NoClientAuth, Part::Ca, &[(Milvus, USAGE)]),
    case(Code::WrongEku, Case::NoServerAuth, Part::Above, &[]),
    case(Code::WrongEku, Case::NoClientAuth, Part::Above, &[]),
    case(
        Code::WrongEku,
        Case::NoServerAuth,
        Part::Between,
        &[
            (Go, USAGE),
            (Grpc, "CERTIFICATE_VERIFY_FAILED: unsupported certificate purpose"),
            (Node, PURPOSE),
            (Python, PURPOSE),
            (Rust, ""),
        ],
    ),
    rule(
        Code::NoDigitalSignature,
        Part::Server,
        &[(Grpc, "KEY_USAGE_BIT_INCORRECT"), (Java, "KeyUsage does not allow digital signatures")],
    ),
    rule(Code::NoDigitalSignature, Part::Client, &[]),
    rule(Code::KeyCertSignOnLeaf, Part::Server, &[(Python, "Key usage keyCertSign invalid for non-CA cert")]),
    rule(Code::KeyCertSignOnLeaf, Part::Client, &[]),
    rule(Code::LeafIsCa, Part::Server, &[(Rust, "CaUsedAsEndEntity")]),
    rule(Code::LeafIsCa, Part::Client, &[]),
];
