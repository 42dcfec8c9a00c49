//! What `check --config` says of the configuration itself.

use std::io::{self, Write};

use serde::Serialize;

use super::text::{BOLD, mode_word};
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
        // Any other number is a finding.
        let mode = self.tls_mode.filter(|mode| *mode <= 2);
        let mode = mode.map(|mode| format!(", tlsMode {mode} ({})", mode_word(mode)));
        let mode = mode.unwrap_or_default();
        writeln!(out, "{BOLD}{}{BOLD:#}  {}{mode}", printable(&self.file), self.form)
    }
}
