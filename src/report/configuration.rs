//! What `check --config` says of the configuration itself.

use std::io::{self, Write};

use serde::Serialize;

use super::text::BOLD;
use crate::check::Configuration;
use crate::foreign::printable;

/// The configuration that was judged.
#[derive(Debug, Serialize)]
pub(super) struct ConfigurationFacts {
    /// As it was given; "standard input" for `-`.
    file: String,
    /// milvus.yaml, Compose file, Helm values or Milvus Operator resource.
    form: &'static str,
    /// As Milvus reads it; `null` where it depends on what is not in the file.
    tls_mode: Option<u8>,
}

impl ConfigurationFacts {
    pub(super) fn new(configuration: &Configuration) -> Self {
        let file = configuration.sources.first().cloned().unwrap_or_default();
        Self { file, form: configuration.form.name(), tls_mode: configuration.tls_mode }
    }

    pub(super) fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        let mode = match self.tls_mode {
            Some(0) => ", tlsMode 0 (plaintext)",
            Some(1) => ", tlsMode 1 (one-way)",
            Some(2) => ", tlsMode 2 (two-way)",
            _ => "",
        };
        writeln!(out, "{BOLD}{}{BOLD:#}  {}{mode}", printable(&self.file), self.form)
    }
}
