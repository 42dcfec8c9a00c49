//! Recognises the forms that are text.

use super::{Coding, Form, OpenSsh};
use crate::pem::{self, position};

pub(super) fn text_form(text: &str) -> Form {
    let text = text.trim_start_matches('\u{feff}').trim();
    let blocks = pem::blocks(text.as_bytes());
    if let Some(block) = blocks.iter().find(|block| block.label == "OPENSSH PRIVATE KEY") {
        return Form::OpenSsh(block.der().map_or(OPAQUE, |der| openssh(&der)));
    }
    if blocks.iter().any(|block| block.label.starts_with("PGP ")) {
        return Form::Pgp;
    }
    if text.contains("-----\\n") || text.contains("-----\\r\\n") {
        return Form::EscapedPem;
    }
    if blocks.iter().any(|block| block.label == "PKCS7" || block.label == "CMS") {
        return Form::Pkcs7(Coding::Pem);
    }
    if !blocks.is_empty() {
        return Form::OtherPem;
    }
    if text.starts_with("PuTTY-User-Key-File-") {
        return Form::Putty;
    }
    if ["ssh-", "ecdsa-sha2-", "sk-", "---- BEGIN SSH2 PUBLIC KEY"]
        .iter()
        .any(|start| text.starts_with(start))
    {
        return Form::OpenSshPublic;
    }
    if text.starts_with('{') && text.contains("\"kty\"") {
        return Form::Jwk;
    }
    base64_of(text).unwrap_or(Form::Text)
}

/// Recognises base64 without BEGIN and END lines; a short text may be a word.
fn base64_of(text: &str) -> Option<Form> {
    use base64ct::{Base64, Encoding};

    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c) || c.is_ascii_whitespace();
    if text.len() < 40 || !text.chars().all(is_base64) {
        return None;
    }
    let clean: zeroize::Zeroizing<String> =
        zeroize::Zeroizing::new(text.chars().filter(|c| !c.is_ascii_whitespace()).collect());
    let bytes = zeroize::Zeroizing::new(Base64::decode_vec(&clean).ok()?);
    if bytes.trim_ascii_start().starts_with(b"-----BEGIN ") {
        return Some(Form::Base64(Coding::Pem));
    }
    (bytes.first() == Some(&0x30)).then_some(Form::Base64(Coding::Der))
}

const OPAQUE: OpenSsh = OpenSsh { is_ed25519: false, is_encrypted: false };

/// `openssh-key-v1`: the cipher's name comes first, the public key after it.
fn openssh(der: &[u8]) -> OpenSsh {
    const MAGIC: &[u8] = b"openssh-key-v1\0";
    OpenSsh {
        is_ed25519: position(&der[..der.len().min(200)], b"ssh-ed25519").is_some(),
        is_encrypted: der.strip_prefix(MAGIC).is_some_and(|rest| !rest.starts_with(b"\0\0\0\x04none")),
    }
}
