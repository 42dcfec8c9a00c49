//! PEM files of certificates and requests.

use super::{Certificate, Csr};

/// All certificates of a PEM file, in order; text around them is passed over. Never empty.
pub fn certificates_from_pem(file: &[u8]) -> Result<Vec<Certificate>, String> {
    let blocks = pem_blocks(file, &["CERTIFICATE", "X509 CERTIFICATE", "TRUSTED CERTIFICATE"])?;
    blocks.iter().map(|der| Certificate::from_der(der)).collect()
}

/// The request of a PEM file.
pub fn csr_from_pem(file: &[u8]) -> Result<Csr, String> {
    let blocks = pem_blocks(file, &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"])?;
    match blocks.as_slice() {
        [der] => Csr::from_der(der),
        _ => Err(format!("holds {} requests, where one was expected", blocks.len())),
    }
}

fn pem_blocks(file: &[u8], labels: &[&str]) -> Result<Vec<Vec<u8>>, String> {
    if file.iter().all(u8::is_ascii_whitespace) {
        return Err("is empty".to_owned());
    }
    let blocks = ::pem::parse_many(file).map_err(|_| "is damaged: not sound PEM".to_owned())?;
    let other = blocks.iter().map(|block| block.tag().to_owned()).find(|tag| !labels.contains(&tag.as_str()));
    let wanted: Vec<Vec<u8>> = blocks
        .into_iter()
        .filter(|block| labels.contains(&block.tag()))
        .map(::pem::Pem::into_contents)
        .collect();
    match (wanted.is_empty(), other) {
        (false, _) => Ok(wanted),
        (true, Some(tag)) => Err(format!("holds a {tag}, not a {}", labels[0])),
        (true, None) => Err(format!("holds no PEM {}", labels[0])),
    }
}

pub(super) fn pem_of(label: &str, der: &[u8]) -> String {
    let lf = ::pem::EncodeConfig::new().set_line_ending(::pem::LineEnding::LF);
    ::pem::encode_config(&::pem::Pem::new(label, der), lf)
}
