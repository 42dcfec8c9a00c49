//! PEM files of certificates and requests.

use x509_parser::prelude::FromDer;

use super::{Certificate, Csr};
use crate::error::{Damage, DamageKind};
use crate::form::{self, Coding, Form};
use crate::pem::{self, Block, position};

/// The label that Go, and with it Milvus, looks for.
const CERTIFICATE: &str = "CERTIFICATE";

/// OpenSSL's own: an older label, and one that may carry its opinion of the certificate behind it.
const OTHER_LABELS: [&str; 2] = ["X509 CERTIFICATE", "TRUSTED CERTIFICATE"];

/// The certificates of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificates {
    /// All of them, in order. Never empty.
    pub list: Vec<Certificate>,
    /// The reason why Milvus cannot read the file; completes a sentence that begins with its name.
    pub oddity: Option<&'static str>,
}

/// All certificates of a PEM file, in order; text around them is passed over. Never empty.
pub fn certificates_from_pem(file: &[u8]) -> Result<Vec<Certificate>, Damage> {
    read_certificates(file).map(|certificates| certificates.list)
}

/// The same, with what is odd about the file.
pub fn read_certificates(file: &[u8]) -> Result<Certificates, Damage> {
    let is_certificate =
        |block: &Block<'_>| block.label == CERTIFICATE || OTHER_LABELS.contains(&block.label);
    let blocks = wanted(file, &is_certificate, CERTIFICATE, Form::to_certificates)?;
    let list = blocks.iter().map(certificate).collect::<Result<_, _>>()?;
    let oddity = blocks.iter().find_map(|block| {
        pem::oddity(block).or_else(|| {
            (block.label != CERTIFICATE)
                .then_some("has a BEGIN line other than BEGIN CERTIFICATE, which Milvus passes over")
        })
    });
    Ok(Certificates { list, oddity })
}

fn certificate(block: &Block<'_>) -> Result<Certificate, Damage> {
    let der = block.der().ok_or_else(not_pem)?;
    let mut der = der.as_slice();
    if block.label == "TRUSTED CERTIFICATE"
        && let Ok((opinion, _)) = x509_parser::certificate::X509Certificate::from_der(der)
    {
        der = &der[..der.len() - opinion.len()];
    }
    Certificate::from_der(der).map_err(Damage::from)
}

/// The request of a PEM file.
pub fn csr_from_pem(file: &[u8]) -> Result<Csr, Damage> {
    let is_request =
        |block: &Block<'_>| matches!(block.label, "CERTIFICATE REQUEST" | "NEW CERTIFICATE REQUEST");
    let blocks = wanted(file, &is_request, "CERTIFICATE REQUEST", Form::to_request)?;
    match blocks.as_slice() {
        [block] => {
            let mut csr = Csr::from_der(&block.der().ok_or_else(not_pem)?)?;
            csr.holds_key = position(file, b"PRIVATE KEY-----").is_some();
            Ok(csr)
        }
        _ => Err(format!("holds {} requests, where one was expected", blocks.len()).into()),
    }
}

/// The blocks of that kind; or what the file holds instead, and how it is converted.
fn wanted<'a>(
    file: &'a [u8],
    is_wanted: &dyn Fn(&Block<'_>) -> bool,
    label: &str,
    conversion: fn(Form) -> Option<&'static str>,
) -> Result<Vec<Block<'a>>, Damage> {
    let blocks = pem::blocks(file);
    if blocks.iter().any(Block::is_cut_short) {
        let form = Form::of(file);
        return Err(match form {
            Form::EscapedPem => Damage {
                conversion: conversion(form),
                holds_key: form::holds_key(file),
                ..Damage::new(DamageKind::NotPem, format!("holds {}", form.name()))
            },
            _ => Damage { holds_key: form::holds_key(file), ..not_pem() },
        });
    }
    let wanted: Vec<Block<'_>> = blocks.iter().copied().filter(|block| is_wanted(block)).collect();
    if !wanted.is_empty() {
        return Ok(wanted);
    }
    let form = Form::of(file);
    let damage = match (form, blocks.first()) {
        (Form::Empty, _) => Damage::new(DamageKind::Empty, "is empty"),
        (Form::OtherPem, Some(first)) => {
            Damage::new(DamageKind::OtherContent, format!("holds a {}, not a {label}", first.label))
        }
        (Form::Text, _) => Damage::new(DamageKind::NotPem, format!("holds no PEM {label}")),
        (Form::Pkcs7(Coding::Pem), _) => {
            Damage::new(DamageKind::OtherContent, format!("holds PKCS#7, not a PEM {label}"))
        }
        (form, _) => Damage::new(DamageKind::NotPem, format!("holds {}, not a PEM {label}", form.name())),
    };
    Err(Damage { conversion: conversion(form), holds_key: form::holds_key(file), ..damage })
}

fn not_pem() -> Damage {
    Damage::new(DamageKind::Broken, "is damaged: invalid PEM")
}

pub(super) fn pem_of(label: &str, der: &[u8]) -> String {
    let text = pem::encode(label, der).and_then(|text| String::from_utf8(text.to_vec()).ok());
    text.expect("the label is PEM's, and base64 is text")
}
