//! One gRPC call, to identify the server: `GetVersion` of Milvus's service (milvus.proto).
//!
//! h2 is asynchronous and nothing else has to be done meanwhile: its futures are polled by hand over a stream that
//! blocks, one read a turn.

use std::future::Future;
use std::io::{self, ErrorKind, Read, Write};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reply::Reply;

const METHOD: &str = "/milvus.proto.milvus.MilvusService/GetVersion";

/// An empty message: not compressed, of length zero.
const EMPTY_MESSAGE: &[u8] = &[0; 5];

/// More than a version takes.
const LONGEST_ANSWER: usize = 64 * 1024;

/// `UNIMPLEMENTED`: a gRPC server without Milvus's service.
const UNIMPLEMENTED: &str = "12";

/// `DEADLINE_EXCEEDED` and `UNAVAILABLE`: a proxy's answer if the server is not available.
const ABSENT: [&str; 2] = ["4", "14"];

/// Milvus answers with these if access is denied or it is not ready: `UNKNOWN`, `PERMISSION_DENIED`, `RESOURCE_EXHAUSTED`,
/// `INTERNAL`, `UNAUTHENTICATED`.
const REFUSALS: [&str; 5] = ["2", "7", "8", "13", "16"];

/// The kind of server that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// Milvus, of that version.
    Milvus(String),
    /// A server that knows Milvus's service, and answers with that instead of its version: it asks for a user, say.
    MilvusSays(String),
    /// A proxy in front of a Milvus that is not available; its error.
    Unavailable(String),
    /// A gRPC server without Milvus's service.
    OtherGrpc,
    /// A web server; its status.
    Web(u16),
    /// Milvus, on the port of its REST interface.
    Rest,
    /// None that makes sense.
    Nothing,
}

/// Asks over a connection that is ready for HTTP/2. Where TLS refuses late, how it does.
pub(super) fn ask<S: Read + Write + Unpin>(stream: S, http_authority: &str) -> (Answer, Option<Reply>) {
    let mut io = BlockingIo { stream, may_read: false, refusal: None };
    match call(&mut io, http_authority) {
        Some(answer) => (answer, None),
        None => (Answer::Nothing, io.refusal.take()),
    }
}

fn call<S: Read + Write + Unpin>(io: &mut BlockingIo<S>, http_authority: &str) -> Option<Answer> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("http://{http_authority}{METHOD}"))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(())
        .ok()?;
    let mut context = Context::from_waker(Waker::noop());
    let handshake = pin!(h2::client::handshake(io));
    // It only writes, which never waits.
    let Poll::Ready(Ok((client, connection))) = handshake.poll(&mut context) else { return None };
    let mut connection = pin!(connection);
    let Poll::Ready(Ok(mut client)) = pin!(client.ready()).poll(&mut context) else { return None };
    let (response, mut body) = client.send_request(request, false).ok()?;
    body.send_data(Bytes::from_static(EMPTY_MESSAGE), true).ok()?;
    let mut answer = pin!(read_answer(response));
    loop {
        if let Poll::Ready(answer) = answer.as_mut().poll(&mut context) {
            return answer.ok();
        }
        // One read; the stream's own deadline ends what would not end.
        if connection.as_mut().poll(&mut context).is_ready() {
            return match answer.as_mut().poll(&mut context) {
                Poll::Ready(answer) => answer.ok(),
                Poll::Pending => None,
            };
        }
    }
}

async fn read_answer(response: h2::client::ResponseFuture) -> Result<Answer, h2::Error> {
    let (head, mut body): (_, RecvStream) = Response::into_parts(response.await?);
    let is_grpc =
        head.headers.get("content-type").is_some_and(|t| t.as_bytes().starts_with(b"application/grpc"));
    if !is_grpc {
        return Ok(Answer::Web(head.status.as_u16()));
    }
    // Without a body the status is in the head.
    if let Some(answer) = answer_of_status(&head.headers) {
        return Ok(answer);
    }
    let mut message = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        if message.len() + piece.len() > LONGEST_ANSWER {
            return Ok(Answer::Nothing);
        }
        message.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await?.unwrap_or_default();
    Ok(answer_of_status(&trailers).unwrap_or_else(|| match version(&message) {
        Some(version) => Answer::Milvus(version),
        None => Answer::MilvusSays("a version that cannot be read".to_owned()),
    }))
}

/// Reads a status other than OK.
fn answer_of_status(headers: &HeaderMap) -> Option<Answer> {
    let status = headers.get("grpc-status")?.to_str().unwrap_or_default();
    let message = headers.get("grpc-message").and_then(|m| m.to_str().ok()).unwrap_or_default();
    let said: String = message.chars().take(200).collect();
    let said = format!("gRPC status {status} {said}").trim_end().to_owned();
    match status {
        "0" => None,
        UNIMPLEMENTED => Some(Answer::OtherGrpc),
        _ if ABSENT.contains(&status) => Some(Answer::Unavailable(said)),
        _ if REFUSALS.contains(&status) => Some(Answer::MilvusSays(said)),
        _ => Some(Answer::Nothing),
    }
}

/// Field 2 of `GetVersionResponse`: a string. The other field, the status, is a message; both have a length.
fn version(message: &[u8]) -> Option<String> {
    let mut rest = message.get(5..)?;
    while let [key, length, after @ ..] = rest {
        // Both fit in one byte of a varint: a field number below 16, a text below 128 bytes.
        if key & 7 != 2 || length & 0x80 != 0 {
            return None;
        }
        let (value, next) = after.split_at_checked(usize::from(*length))?;
        if key >> 3 == 2 {
            return String::from_utf8(value.to_vec()).ok();
        }
        rest = next;
    }
    None
}

/// Adapts a blocking stream to an asynchronous one: after every read it reports once that no data is ready, so
/// that the caller polls again.
struct BlockingIo<S> {
    stream: S,
    may_read: bool,
    refusal: Option<Reply>,
}

impl<S: Read + Unpin> AsyncRead for BlockingIo<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.may_read = !this.may_read;
        if this.may_read {
            // Writes go first: h2 flushes when there is nothing to read.
            return Poll::Pending;
        }
        let result = again(|| this.stream.read(buffer.initialize_unfilled()));
        match result {
            Ok(read) => {
                if read == 0 {
                    this.refusal.get_or_insert(Reply::Closed);
                }
                buffer.advance(read);
                Poll::Ready(Ok(()))
            }
            Err(e) => {
                this.refusal.get_or_insert_with(|| Reply::from(&e));
                Poll::Ready(Err(e))
            }
        }
    }
}

impl<S: Write + Unpin> AsyncWrite for BlockingIo<S> {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        Poll::Ready(again(|| this.stream.write(bytes)))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        Poll::Ready(again(|| this.stream.flush()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

fn again<T>(mut write: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match write() {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
