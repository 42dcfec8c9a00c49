//! PEM (RFC 7468) as files have it: read with every liberty that OpenSSL or the RFC's lax grammar takes, written in
//! one way.
//!
//! Any line width, blanks, indentation, CRLF, a byte order mark, text and other blocks around, header lines, an END
//! line and a BEGIN line run together: none of that makes a file a damaged one. [`oddity`] says what of it Milvus
//! does not read.

use base64ct::{Base64, Encoding};
use pem_rfc7468::LineEnding;
use zeroize::Zeroizing;

const BEGIN: &[u8] = b"-----BEGIN ";
const END: &[u8] = b"-----END ";
const DASHES: &[u8] = b"-----";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The text between a BEGIN line and its END line.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// The word between BEGIN and the dashes, such as `CERTIFICATE`.
    pub label: &'a str,
    /// Header lines (RFC 1421), as traditional encrypted keys have them.
    pub headers: &'a [u8],
    /// The base64 with its line breaks; `None` where the END line is missing or another block's.
    body: Option<&'a [u8]>,
    /// The bytes before the BEGIN line, and after the END line.
    around: (&'a [u8], &'a [u8]),
    /// The text after the BEGIN line's dashes on the same line.
    trailer: &'a [u8],
}

impl Block<'_> {
    /// True if the block ends where the file or another block begins.
    pub fn is_cut_short(&self) -> bool {
        self.body.is_none()
    }

    /// The bytes; `None` where the block is cut short or is not base64.
    pub fn der(&self) -> Option<Zeroizing<Vec<u8>>> {
        let body = self.body?;
        let mut base64 = Zeroizing::new(Vec::with_capacity(body.len()));
        base64.extend(body.iter().filter(|byte| !byte.is_ascii_whitespace()));
        let mut der = Zeroizing::new(vec![0; base64.len()]);
        let length = Base64::decode(base64.as_slice(), &mut der).ok()?.len();
        der.truncate(length);
        Some(der)
    }
}

/// All blocks of a file, in order, also those that are cut short.
pub fn blocks(file: &[u8]) -> Vec<Block<'_>> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(begin) = position(&file[at..], BEGIN).map(|offset| at + offset) {
        at = begin + BEGIN.len();
        let Some(label) = label_of(&file[at..]) else {
            // Not even the line is whole.
            let around = (&file[..begin], &file[at..]);
            found.push(Block { label: "", headers: b"", body: None, around, trailer: b"" });
            continue;
        };
        at += label.len() + DASHES.len();
        let rest = &file[at..];
        let next = position(rest, BEGIN).unwrap_or(rest.len());
        let end = position(&rest[..next], END).filter(|&end| {
            let after = &rest[end + END.len()..];
            after.strip_prefix(label.as_bytes()).is_some_and(|after| after.starts_with(DASHES))
        });
        let content = end.map(|end| &rest[..end]);
        let (headers, body) = content.map_or((&rest[..next], None), |content| {
            let (headers, body) = without_headers(content);
            (headers, Some(body))
        });
        let after = end.map_or(next, |end| end + END.len() + label.len() + DASHES.len());
        let trailer = rest[..next].split(|&byte| byte == b'\n').next().unwrap_or_default();
        found.push(Block { label, headers, body, around: (&file[..begin], &rest[after..]), trailer });
        at += after;
    }
    found
}

/// The text before the dashes, on one line and printable.
fn label_of(after_begin: &[u8]) -> Option<&str> {
    let label = &after_begin[..position(after_begin, DASHES)?];
    let is_printable = label.iter().all(|byte| byte.is_ascii_graphic() || *byte == b' ');
    std::str::from_utf8(label).ok().filter(|label| is_printable && !label.is_empty())
}

/// Header lines have a colon, which base64 has not, and end with a blank line.
fn without_headers(content: &[u8]) -> (&[u8], &[u8]) {
    if !content.contains(&b':') {
        return (&[], content);
    }
    let mut at = 0;
    let mut in_headers = false;
    for line in content.split_inclusive(|&byte| byte == b'\n') {
        let is_blank = line.iter().all(u8::is_ascii_whitespace);
        if is_blank && in_headers {
            break;
        }
        in_headers = in_headers || !is_blank;
        at += line.len();
    }
    content.split_at(at)
}

/// PEM with LF, in a buffer that is overwritten after use; `None` where the label is none.
pub fn encode(label: &str, der: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let length = pem_rfc7468::encoded_len(label, LineEnding::LF, der).ok()?;
    let mut buffer = Zeroizing::new(vec![0; length]);
    let written = pem_rfc7468::encode(label, LineEnding::LF, der, &mut buffer).ok()?.len();
    buffer.truncate(written);
    Some(buffer)
}

/// As in a file that was pasted into YAML.
pub const INDENTED: &str = "has an indented BEGIN line, which Milvus cannot read";

/// The reason why Go, and with it Milvus, cannot read a block that is read here (`encoding/pem`: both lines begin at
/// the start of a line and have nothing behind them). Completes a sentence that begins with the file's name.
pub fn oddity(block: &Block<'_>) -> Option<&'static str> {
    let (before, after) = block.around;
    if before == BYTE_ORDER_MARK {
        return Some("begins with a byte order mark, which Milvus cannot read");
    }
    let line_before = before.rsplit(|&byte| byte == b'\n').next().unwrap_or_default();
    if line_before.ends_with(DASHES) || after.starts_with(BEGIN) {
        return Some("has an END line and a BEGIN line run together, which Milvus cannot read");
    }
    if !line_before.is_empty() {
        let is_blank = line_before.iter().all(u8::is_ascii_whitespace);
        return Some(if is_blank {
            INDENTED
        } else {
            "has text before a BEGIN line, which Milvus cannot read"
        });
    }
    let is_at_line_start = |content: &[u8]| {
        content.last() == Some(&b'\n') || (content.is_empty() && block.headers.ends_with(b"\n"))
    };
    let line_after = after.split(|&byte| byte == b'\n').next().unwrap_or_default();
    let is_plain = |line: &[u8]| line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'));
    if !block.body.is_some_and(is_at_line_start) || !is_plain(line_after) || !is_plain(block.trailer) {
        return Some("has an indented END line, or text on its BEGIN or END line, which Milvus cannot read");
    }
    None
}

/// The start of the first file's bytes in the second.
pub fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests;
