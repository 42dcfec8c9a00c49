//! PEM files of certificates and requests.

use super::{Certificate, Csr};
use crate::error::{Damage, DamageKind};

/// All certificates of a PEM file, in order; text around them is passed over. Never empty.
pub fn certificates_from_pem(file: &[u8]) -> Result<Vec<Certificate>, Damage> {
    let blocks = pem_blocks(file, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])?;
    blocks.iter().map(|der| Certificate::from_der(der).map_err(Damage::from)).collect()
}

/// The request of a PEM file.
pub fn csr_from_pem(file: &[u8]) -> Result<Csr, Damage> {
    let blocks = pem_blocks(file, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
    match blocks.as_slice() {
        [der] => Csr::from_der(der).map_err(Damage::from),
        _ => Err(format!("holds {} requests, where one was expected", blocks.len()).into()),
    }
}

fn pem_blocks(file: &[u8], labels: &[&str]) -> Result<Vec<Vec<u8>>, Damage> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err(Damage::new(DamageKind::NotPem, "is empty"));
    }
    let blocks =
        ::pem::parse_many(file).map_err(|_| Damage::new(DamageKind::Broken, "is damaged: not sound PEM"))?;
    // A block that is cut short is passed over as text would be.
    let begun = file.windows(11).filter(|window| *window == b"-----BEGIN ").count();
    if begun > blocks.len() {
        return Err(Damage::new(DamageKind::Broken, "is damaged: not sound PEM"));
    }
    let other = blocks.iter().map(|block| block.tag().to_owned()).find(|tag| !labels.contains(&tag.as_str()));
    let wanted: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| labels.contains(&block.tag()))
        .map(::pem::Pem::into_contents)
        .collect();
    match (wanted.is_empty(), other) {
        (false, _) => Ok(wanted),
        (true, Some(tag)) => {
            Err(Damage::new(DamageKind::OtherContent, format!("holds a {tag}, not a {}", labels[0])))
        }
        (true, None) => Err(Damage::new(DamageKind::NotPem, format!("holds no PEM {}", labels[0]))),
    }
}

pub(super) fn pem_of(label: &str, der: &[u8]) -> String {
    let lf = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, der), lf)
}
