//! Milvus's REST interface, which has a port of its own when TLS is on: HTTP/1.1 that answers in JSON.

use std::io::{Read, Write};

/// Version 1 of the interface, and version 2, which Milvus 2.4 brought.
const REQUESTS: [&str; 2] = ["GET /v1/vector/collections", "POST /v2/vectordb/collections/list"];

/// The start of all answers of Milvus, also when access is denied.
const ANSWER: &[u8] = b"\r\n\r\n{\"code\":";

/// How nginx says that a client certificate is missing or not accepted, after a handshake that it let pass (HTTP status
/// 400; `src/http/ngx_http_special_response.c` in nginx).
const REJECTED: &[u8] = b"SSL certificate";

/// Who answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Heard {
    /// Milvus.
    Rest,
    /// A server that goes no further without a client certificate that it accepts.
    CertificateRejected,
    /// Anybody else, or nobody.
    Other,
}

/// Asks over connections of their own; there is one for each request.
pub(super) fn ask<S: Read + Write>(mut connect: impl FnMut() -> Option<S>, http_authority: &str) -> Heard {
    let mut last = Heard::Other;
    for request in REQUESTS {
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {http_authority}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
             Connection: close\r\n\r\n{{}}"
        );
        let Some(mut stream) = connect() else { return last };
        let mut heard = Vec::new();
        // How it ends is no matter: what was heard tells.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.take(4096).read_to_end(&mut heard));
        let has = |words: &[u8]| heard.windows(words.len()).any(|window| window == words);
        if has(ANSWER) {
            return Heard::Rest;
        }
        if heard.starts_with(b"HTTP/1.1 400 ") && has(REJECTED) {
            last = Heard::CertificateRejected;
        }
    }
    last
}
