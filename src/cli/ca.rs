//! Flags for the CA: one from elsewhere, and what a new one is.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::BEHAVIOUR;
use crate::error::{Failure, Result};
use crate::files::BaseName;
use crate::spec::{ExternalCa, Spec};

const PASSWORD_HELP: &str = "File whose first line is the password of the CA's key (PKCS#8), wherever the key is. \
    The environment variable MILVUS_CERTGEN_CA_KEY_PASSWORD may hold the password itself";

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = "CA from elsewhere (its serial file stands beside it, as OpenSSL does it)")]
pub struct ExternalCaArgs {
    /// Certificate of the CA, and perhaps of those above it, instead of ca.pem in --out-dir
    #[arg(long, value_name = "PATH")]
    ca_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PATH")]
    ca_key: Option<PathBuf>,
    /// File whose first line is the password of the CA's key (PKCS#8), wherever the key is
    #[arg(long, long_help = PASSWORD_HELP, value_name = "PATH")]
    ca_key_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub struct NewCaArgs {
    /// Limit a new CA to the host names of the CN and every --san, and names below them; it issues for no IP addresses,
    /// and for TLS servers and clients only
    #[arg(long)]
    pub constrain: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub struct ForceArgs {
    /// Start over: a new CA and everything under it. Whoever trusted the old CA must be given the new one
    #[arg(long)]
    pub force: bool,
}

impl ExternalCaArgs {
    pub fn set(self, spec: &mut Spec) -> Result<()> {
        spec.password = password(self.ca_key_password_file.as_deref())?;
        spec.external_ca = match (self.ca_cert, self.ca_key) {
            (Some(certificate), Some(key)) => {
                spec.ca_base = BaseName::beside(&certificate);
                Some(ExternalCa { certificate, key })
            }
            (None, None) => None,
            (Some(_), None) => {
                return Err(Failure::usage("--ca-cert: without --ca-key nothing can be signed")
                    .hint("give the CA's private key with --ca-key"));
            }
            (None, Some(_)) => {
                return Err(Failure::usage("--ca-key: without --ca-cert it is not known what it signs for")
                    .hint("give the CA's certificate with --ca-cert"));
            }
        };
        Ok(())
    }
}

/// The password of the CA's key: the first line of the file, or what the environment says.
pub fn password(file: Option<&Path>) -> Result<Option<Zeroizing<String>>> {
    let Some(file) = file else {
        return Ok(std::env::var("MILVUS_CERTGEN_CA_KEY_PASSWORD").ok().map(Zeroizing::new));
    };
    let text = std::fs::read_to_string(file).map(Zeroizing::new).map_err(|e| {
        Failure::failed(format!("--ca-key-password-file {}: cannot be read: {}", file.display(), e.kind()))
            .hint("give a file whose first line is the password")
    })?;
    Ok(text.lines().next().map(|line| Zeroizing::new(line.to_owned())))
}
