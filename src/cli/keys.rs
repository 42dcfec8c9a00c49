//! Options for private keys.

use clap::Args;

use super::{KEYS, Parsed};
use crate::error::{Failure, Result};
use crate::keys::{KeyFormat, KeyKind};
use crate::spec::Spec;

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = KEYS)]
pub struct KeyArgs {
    /// rsa, ecdsa-p256, ecdsa-p384 or ed25519 [default: rsa]
    ///
    /// pymilvus and other clients on gRPC's C core reject ed25519.
    #[arg(long, value_name = "TYPE", hide_possible_values = true)]
    key_type: Option<KeyKind>,
    /// RSA key size: 2048, 3072 or 4096 bits [default: 2048]
    #[arg(long, value_name = "BITS", value_parser = Parsed(size), allow_hyphen_values = true)]
    key_size: Option<u32>,
    /// Format of the key files [default: pkcs8]; traditional is BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY
    #[arg(long, value_name = "FORMAT")]
    key_format: Option<KeyFormat>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = KEYS)]
pub struct RekeyArgs {
    /// Create new keys for reissued certificates. Only --rekey and --force replace an unusable key file
    #[arg(long)]
    pub rekey: bool,
}

impl KeyArgs {
    pub fn set(&self, spec: &mut Spec) -> Result<()> {
        spec.key = self.kind()?;
        spec.key_format = self.key_format;
        if spec.key == Some(KeyKind::Ed25519) && spec.key_format == Some(KeyFormat::Traditional) {
            return Err(Failure::usage("--key-format traditional: an ed25519 key has no traditional form")
                .hint("leave --key-format out"));
        }
        Ok(())
    }

    fn kind(&self) -> Result<Option<KeyKind>> {
        match (self.key_type, self.key_size) {
            (kind, None) => Ok(kind),
            (None | Some(KeyKind::Rsa(_)), Some(bits)) => Ok(Some(KeyKind::Rsa(bits))),
            (Some(kind), Some(size)) => Err(Failure::usage(format!(
                "--key-size {size}: only RSA keys have a size, and --key-type is {}",
                kind.type_name()
            ))
            .hint("leave --key-size out")),
        }
    }
}

fn size(flag: &str, text: &str) -> Result<u32> {
    let sizes = [2048, 3072, 4096];
    sizes.into_iter().find(|size: &u32| size.to_string() == text).ok_or_else(|| {
        Failure::usage(format!("{flag} {text:?}: RSA keys here have 2048, 3072 or 4096 bits"))
            .hint("shorter keys are refused by clients, longer ones only make handshakes slow")
    })
}
