//! The protocol above TLS, and the server that answers.

use super::problem;
use crate::check::{Code, Finding, Fix, Severity};
use crate::probe::{Answer, Server, Tls};

/// Checks HTTP/2 and the gRPC answer.
pub(super) fn protocol(server: &Server, tls: &Tls) -> Option<Finding> {
    if server.answer == Some(Answer::Rest) {
        return None;
    }
    if !server.handshake.speaks_http2() {
        let instead = tls.alpn.as_ref().map_or("nothing".to_owned(), |alpn| format!("{alpn:?}"));
        let message = format!("selects {instead} by ALPN and not h2, which gRPC requires: it is not Milvus");
        return Some(Finding { fix: Fix::ConfigureProxy("nginx"), ..problem(Code::NoHttp2, message) });
    }
    let answer = server.answer.as_ref()?;
    match answer {
        Answer::Milvus(_) | Answer::MilvusSays(_) | Answer::Unavailable(_) | Answer::Rest => None,
        Answer::Web(status) => Some(proxy(*status, tls)),
        Answer::OtherGrpc => Some(problem(Code::NotMilvus, other_server(answer))),
        Answer::Nothing => {
            let message = "did not answer gRPC: probably not Milvus";
            Some(Finding { severity: Severity::Warning, ..problem(Code::NotMilvus, message) })
        }
    }
}

/// The HTTP status of a proxy in front of Milvus; each status has its own cause.
fn proxy(status: u16, tls: &Tls) -> Finding {
    let (what, fix) = match status {
        // nginx answers this without a client certificate, or with one that it does not accept.
        400 | 495 | 496 if tls.asks_for_certificate => {
            ("is a proxy that does not accept the client's certificate", Fix::NameClientFiles)
        }
        502..=504 => (
            "is a proxy without a connection to Milvus: it must speak gRPC over TLS (grpcs://, GRPCS), and in \
             tlsMode 2 present a client certificate",
            Fix::ConfigureProxy("nginx"),
        ),
        404 => (
            "is a web server, not Milvus, or a proxy without a route to Milvus for this host name",
            Fix::None,
        ),
        _ => return problem(Code::NotMilvus, other_server(&Answer::Web(status))),
    };
    let finding = problem(Code::NotMilvus, format!("{what} (HTTP status {status})"));
    if fix == Fix::None { finding } else { Finding { fix, ..finding } }
}

/// Describes a server that is not Milvus.
pub(super) fn other_server(answer: &Answer) -> String {
    match answer {
        Answer::Web(status) => {
            format!("is a web server, not Milvus: it answers a gRPC call with HTTP status {status}")
        }
        _ => "is a gRPC server, but not Milvus: it does not know Milvus's service".to_owned(),
    }
}
