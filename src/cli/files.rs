//! Options for where files go, what they are called, and who may read them.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser};

use super::{FILES, Parsed};
use crate::error::{Failure, Result};
use crate::files::{BaseName, Owner};
use crate::spec::{Access, Spec, TlsDir};

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub struct OutDirArgs {
    /// Directory of the files
    ///
    /// Created if it is missing.
    #[arg(
        short,
        long,
        aliases = ["out", "output", "output-dir", "dir"],
        value_name = "DIR",
        default_value = ".",
        value_parser = OsStringValueParser::new().try_map(directory)
    )]
    out_dir: PathBuf,
    /// Base name of ca.key, ca.pem and ca.srl
    #[arg(long, value_name = "BASE", default_value = "ca", value_parser = Parsed(BaseName::parse))]
    pub ca_file: BaseName,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub struct LeafFileArgs {
    /// Base name of server.key, server.pem and server.csr
    #[arg(long, value_name = "BASE", default_value = "server", value_parser = Parsed(BaseName::parse))]
    server_file: BaseName,
    /// Base name of client.key, client.pem and client.csr
    #[arg(long, value_name = "BASE", default_value = "client", value_parser = Parsed(BaseName::parse))]
    client_file: BaseName,
}

const TLS_DIR_HELP: &str = "Second directory with exactly what is mounted into the Milvus container: server.pem, \
    server.key and ca.pem, never ca.key. Created, updated and renewed with the certificates";

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub struct TlsDirArgs {
    /// Second directory, with what Milvus mounts
    #[arg(long, value_name = "DIR", long_help = TLS_DIR_HELP)]
    tls_dir: Option<PathBuf>,
}

// For what a server sends, and who may read it.
#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub struct ServerArgs {
    /// Do not include the CA certificate in server.pem. Clients that trust only server.pem, as the Milvus page's one-way
    /// step does, then fail in Node, Rust and Python before 3.13
    #[arg(long)]
    leaf_only: bool,
    /// Mode of the keys of servers and clients; with --tls-dir, of the key in that directory [default: 0600]
    #[arg(long, value_name = "OCTAL", value_parser = Parsed(key_mode))]
    key_mode: Option<u32>,
    /// Owner of the files, as numbers; with --tls-dir, of the files in that directory. Milvus 3 runs as 999. Needs root
    #[arg(long, value_name = "UID[:GID]", value_parser = Parsed(owner))]
    owner: Option<Owner>,
    #[command(flatten)]
    tls_dir: TlsDirArgs,
}

impl OutDirArgs {
    /// What is made in the directory, without a server or client yet.
    pub fn spec(self) -> Spec {
        Spec { out_dir: self.out_dir, ca_base: self.ca_file, leaves: Vec::new(), ..Spec::default() }
    }
}

impl LeafFileArgs {
    /// The base names of server and client; all three are different.
    pub fn beside(self, ca_file: &BaseName) -> Result<[BaseName; 2]> {
        let names = [
            ("--ca-file", ca_file),
            ("--server-file", &self.server_file),
            ("--client-file", &self.client_file),
        ];
        for (i, (flag, name)) in names.iter().enumerate() {
            if let Some((other, _)) = names[..i].iter().find(|(_, other)| name.collides_with(other)) {
                let name = name.to_string();
                return Err(Failure::usage(format!("{flag} {name:?}: {other} has that name already"))
                    .hint("give each of the three its own base name"));
            }
        }
        Ok([self.server_file, self.client_file])
    }
}

impl TlsDirArgs {
    pub fn set(self, spec: &mut Spec, server: &BaseName) {
        spec.tls_dir = self.tls_dir.map(|path| TlsDir { path, server: server.clone() });
    }
}

impl ServerArgs {
    pub fn set(self, spec: &mut Spec, server: &BaseName) {
        spec.leaf_only = self.leaf_only;
        spec.access = Access { key_mode: self.key_mode, owner: self.owner };
        self.tls_dir.set(spec, server);
    }
}

fn directory(text: OsString) -> Result<PathBuf> {
    if text.is_empty() {
        return Err(Failure::usage("--out-dir \"\": a directory is missing")
            .hint("use '.' for the current directory"));
    }
    Ok(text.into())
}

/// A key is read by its owner, perhaps by others, and written by nobody else.
fn key_mode(flag: &str, text: &str) -> Result<u32> {
    let refuse = |why: &str| {
        Failure::usage(format!("{flag} {text:?}: {why}"))
            .hint("give an octal mode, such as 0600, 0640 or 0644")
    };
    let digits = text.strip_prefix("0o").unwrap_or(text);
    let is_octal =
        !digits.is_empty() && digits.len() <= 4 && digits.bytes().all(|b| matches!(b, b'0'..=b'7'));
    let mode = u32::from_str_radix(digits, 8)
        .ok()
        .filter(|_| is_octal)
        .ok_or_else(|| refuse("not an octal mode"))?;
    if mode & 0o400 == 0 {
        return Err(refuse("its owner could not read the key"));
    }
    if mode & !0o644 != 0 {
        return Err(refuse("others could write the key, or it would be a program"));
    }
    Ok(mode)
}

fn owner(flag: &str, text: &str) -> Result<Owner> {
    let refuse = || {
        Failure::usage(format!("{flag} {text:?}: not the number of a user, or of a user and a group"))
            .hint("give numbers, such as 999 or 999:999; the names of a container's users are not known here")
    };
    let number = |text: &str| {
        let is_number = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // The largest number means "leave as it is" to the operating system.
        text.parse().ok().filter(|&id: &u32| is_number && id != u32::MAX).ok_or_else(refuse)
    };
    match text.split_once(':') {
        None => Ok(Owner { user: number(text)?, group: None }),
        Some((user, group)) => Ok(Owner { user: number(user)?, group: Some(number(group)?) }),
    }
}
