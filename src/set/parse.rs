//! Parses the bytes of a set's files, wherever they come from.

use super::{CertificateFile, KeyFile, Loaded, Oddity};
use crate::certificate::read_certificates;
use crate::error::Damage;
use crate::keys::encoding::{self, DISCARDED};
use crate::serial::Serial;

/// NAME.key; a password opens one that has one.
pub fn key(file: &[u8], password: Option<&str>) -> Loaded<KeyFile> {
    if file == DISCARDED.as_bytes() {
        return Loaded::Discarded;
    }
    match encoding::read(file, password) {
        Ok(key) => Loaded::Parsed(key),
        Err(problem) if problem.is_password() => Loaded::Locked(problem.damage()),
        Err(problem) => Loaded::Damaged(problem.damage()),
    }
}

/// NAME.pem, with the certificates behind the first.
pub fn certificates(file: &[u8]) -> Result<CertificateFile, Damage> {
    let read = read_certificates(file)?;
    let mut chain = read.list;
    let certificate = chain.remove(0);
    let holds_key = file.windows(16).any(|window| window == b"PRIVATE KEY-----");
    let held_key = encoding::read(file, None).ok().filter(|held| holds_key && !held.has_more);
    Ok(CertificateFile {
        oddity: read.oddity.map(Oddity::Form),
        holds_key,
        held_key: held_key.map(|held| held.key.public().clone()),
        ..CertificateFile::new(certificate, chain)
    })
}

/// ca.srl
pub fn serial(file: &[u8]) -> Result<Option<Serial>, String> {
    Serial::parse_srl(file).map_err(str::to_owned)
}
