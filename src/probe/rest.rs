//! Milvus's REST interface, which has a port of its own when TLS is on: HTTP/1.1 that answers in JSON.

use std::io::{Read, Write};

/// Version 1 of the interface, and version 2, which Milvus 2.4 brought.
const REQUESTS: [&str; 2] = ["GET /v1/vector/collections", "POST /v2/vectordb/collections/list"];

/// The start of all answers of Milvus, also when access is denied.
const ANSWER: &[u8] = b"\r\n\r\n{\"code\":";

/// True if Milvus answers over one of the connections; there is one for each request.
pub(super) fn is_rest<S: Read + Write>(mut connect: impl FnMut() -> Option<S>, http_authority: &str) -> bool {
    REQUESTS.into_iter().any(|request| {
        let request = format!(
            "{request} HTTP/1.1\r\nHost: {http_authority}\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\
             Connection: close\r\n\r\n{{}}"
        );
        let Some(mut stream) = connect() else { return false };
        let mut heard = Vec::new();
        // How it ends is no matter: what was heard tells.
        let _ = stream.write_all(request.as_bytes()).and_then(|()| stream.take(4096).read_to_end(&mut heard));
        heard.windows(ANSWER.len()).any(|window| window == ANSWER)
    })
}
