//! Options for the CA: an existing one, or what a new one may issue.

use std::path::{Path, PathBuf};

use clap::Args;
use zeroize::Zeroizing;

use super::CA;
use crate::error::{Failure, Result};
use crate::files::BaseName;
use crate::spec::{ExternalCa, Spec};

const PASSWORD_HELP: &str = "File whose first line is the password of the CA key (PKCS#8). The environment variable \
    MILVUS_CERTGEN_CA_KEY_PASSWORD can hold the password itself";

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = "Existing CA (its .srl file is kept next to it, as with OpenSSL)")]
pub struct ExternalCaArgs {
    /// CA certificate, with the intermediate CAs above it if there are any, instead of ca.pem in --out-dir
    #[arg(long, value_name = "PATH")]
    ca_cert: Option<PathBuf>,
    /// Its CA key
    #[arg(long, value_name = "PATH")]
    ca_key: Option<PathBuf>,
    /// File whose first line is the password of the CA key
    #[arg(long, long_help = PASSWORD_HELP, value_name = "PATH")]
    ca_key_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = CA)]
pub struct NewCaArgs {
    /// Add name constraints to a new CA: the host names of the CN and every --san, and names below them; no IP
    /// addresses; TLS servers and clients only
    #[arg(long)]
    pub constrain: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = CA)]
pub struct ForceArgs {
    /// Start over with a new CA and new keys. All clients then need the new ca.pem
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
                return Err(Failure::usage("--ca-cert: --ca-key is missing, which signs")
                    .hint("give the CA's private key with --ca-key"));
            }
            (None, Some(_)) => {
                return Err(Failure::usage("--ca-key: --ca-cert is missing, its certificate")
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
