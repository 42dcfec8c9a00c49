//! The specification of a run: the flags, parsed into types once and not checked again later.
//!
//! A flag that was given (typed, or set in the environment) applies to existing files too; a default only
//! applies to new ones. So every field here is an `Option`, and the defaults are methods.

use std::path::PathBuf;

use zeroize::Zeroizing;

use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, Owner};
use crate::keys::{KeyFormat, KeyKind};
use crate::profile::Role;
use crate::san::{San, names_of_common_name};
use crate::set::{CaFiles, Leaf, Set};
use crate::subject::AttributeType;

mod identity;
mod leaf;

pub use leaf::{AcceptedCsr, LeafSpec, Wish};

/// gen.sh's `-days 3650`.
pub const DEFAULT_DAYS: u32 = 3650;

/// A subject attribute that a flag sets; an empty value leaves it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// The attribute type.
    pub attribute: AttributeType,
    /// The flag, for messages.
    pub flag: &'static str,
    /// The value, with all limits checked.
    pub value: String,
}

/// The action that is allowed on the CA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CaPolicy {
    /// Issued if it is missing, reissued if it is weak or expires soon.
    Ensure,
    /// It must exist, and stays as it is.
    Use,
    /// It must exist, and is renewed with its own key.
    Renew,
}

/// A CA whose files are not those of the set.
#[derive(Debug, Clone)]
pub struct ExternalCa {
    /// `--ca-cert`: the CA's certificate, and perhaps those above it.
    pub certificate: PathBuf,
    /// `--ca-key`
    pub key: PathBuf,
}

/// The access to the files.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Access {
    /// The mode of the servers' and clients' keys; the CA's stays 0600.
    pub key_mode: Option<u32>,
    /// The owner of all files.
    pub owner: Option<Owner>,
}

/// `--tls-dir`: a second directory with what a Milvus server needs.
#[derive(Debug, Clone)]
pub struct TlsDir {
    /// The directory.
    pub path: PathBuf,
    /// The base name of the server's files.
    pub server: BaseName,
}

/// The specification of a run.
#[derive(Debug, Clone)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub struct Spec {
    /// The output directory.
    pub out_dir: PathBuf,
    /// The base name of the CA's files.
    pub ca_base: BaseName,
    /// The action that is allowed on the CA.
    pub ca: CaPolicy,
    /// The password of the CA's key, if it has one.
    pub password: Option<Zeroizing<String>>,
    /// The CA, if it is external.
    pub external_ca: Option<ExternalCa>,
    /// The certificates under the CA.
    pub leaves: Vec<LeafSpec>,
    /// The subject attributes that were given, but for the common names.
    pub attributes: Vec<Given>,
    /// `--cn`: the CA's, and that of new certificates without a common name of their own.
    pub common_name: Option<String>,
    /// `--days`
    pub days: Option<u32>,
    /// `--ca-days`, never less than `--days`.
    pub ca_days: Option<u32>,
    /// `--renew-within`
    pub renew_within: Option<u32>,
    /// `--key-type` and `--key-size`
    pub key: Option<KeyKind>,
    /// `--key-format`
    pub key_format: Option<KeyFormat>,
    /// The base name for a copy of the external CA certificate, if one is wanted.
    pub ca_copy: Option<BaseName>,
    /// `--tls-dir`: a second directory with what a Milvus server needs.
    pub tls_dir: Option<TlsDir>,
    /// `--key-mode` and `--owner`
    pub access: Access,
    /// `--discard-ca-key`
    pub discard_ca_key: bool,
    /// `--constrain`
    pub constrain: bool,
    /// A certificate that is not part of the run names the CA's by its serial number.
    pub ca_is_named_by_number: bool,
    /// Names that a new CA may sign for besides those of the leaves.
    pub ca_names: Vec<San>,
    /// `--leaf-only`
    pub leaf_only: bool,
    /// `--force`
    pub force: bool,
}

impl Default for Spec {
    /// A plain run: the nine files, no flag given.
    fn default() -> Self {
        Self {
            out_dir: PathBuf::from("."),
            ca_base: BaseName::of_role(Role::Ca),
            ca: CaPolicy::Ensure,
            password: None,
            external_ca: None,
            leaves: [Role::Server, Role::Client].map(LeafSpec::of_role).to_vec(),
            attributes: Vec::new(),
            common_name: None,
            days: None,
            ca_days: None,
            renew_within: None,
            key: None,
            key_format: None,
            ca_copy: None,
            tls_dir: None,
            access: Access::default(),
            discard_ca_key: false,
            constrain: false,
            ca_is_named_by_number: false,
            ca_names: Vec::new(),
            leaf_only: false,
            force: false,
        }
    }
}

impl Spec {
    /// Names the server, as `--cn` does.
    pub fn with_common_name(mut self, name: &str) -> Self {
        self.common_name = Some(name.to_owned());
        for leaf in self.leaves.iter_mut().filter(|leaf| leaf.role == Role::Server) {
            leaf.common_name = Some(("--cn", name.to_owned()));
        }
        self
    }

    /// The path of a file of the CA.
    pub fn ca_path(&self, kind: FileKind) -> PathBuf {
        match (&self.external_ca, kind) {
            (Some(ca), FileKind::Key) => ca.key.clone(),
            // As OpenSSL does it: beside the certificate, with another extension.
            (Some(ca), FileKind::Serial) => ca.certificate.with_extension("srl"),
            (Some(ca), FileKind::Certificate | FileKind::Csr) => ca.certificate.clone(),
            (None, kind) => self.out_dir.join(self.ca_base.file(kind)),
        }
    }

    /// The directory of an external CA.
    pub fn external_ca_dir(&self) -> Option<PathBuf> {
        let parent = self.external_ca.as_ref()?.certificate.parent()?;
        Some(if parent.as_os_str().is_empty() { PathBuf::from(".") } else { parent.to_owned() })
    }

    /// The names of the files, without their contents.
    pub fn shape(&self) -> Set {
        Set {
            ca_base: self.ca_base.clone(),
            ca: CaFiles::default(),
            leaves: self.leaves.iter().map(|leaf| Leaf::nothing(leaf.role, leaf.base.clone())).collect(),
        }
    }

    /// The kind of a new key.
    pub fn new_key(&self) -> KeyKind {
        self.key.unwrap_or(KeyKind::Rsa(2048))
    }

    /// Days of a server's or client's certificate.
    pub fn leaf_days(&self) -> u32 {
        let most = self.ca_days.unwrap_or(u32::MAX);
        self.days.unwrap_or_else(|| DEFAULT_DAYS.min(most))
    }

    /// Days of a CA's certificate.
    pub fn authority_days(&self) -> u32 {
        self.ca_days.unwrap_or_else(|| self.leaf_days())
    }

    /// Checks what no single flag can tell: called once, by the command line.
    pub fn checked(self) -> Result<Self> {
        if let (Some(days), Some(ca_days)) = (self.days, self.ca_days)
            && ca_days < days
        {
            return Err(Failure::usage(format!(
                "--ca-days {ca_days}: less than --days {days}, and no certificate outlives its CA"
            ))
            .hint(format!("use --ca-days {days} or more, or leave it out")));
        }
        for leaf in self.leaves.iter().filter(|leaf| leaf.role == Role::Server && leaf.names.is_none()) {
            if let Some((flag, name)) = &leaf.common_name {
                check_server_name(flag, name)?;
            }
        }
        Ok(self)
    }
}

/// Without `--san` the common name is the only name that clients can check, so it has to be one.
fn check_server_name(flag: &str, common_name: &str) -> Result<()> {
    if common_name.is_empty() {
        return Err(Failure::usage(
            "--cn \"\": without a CN or a --san the server has no name that clients can check",
        )
        .hint("set the host name that clients connect to: --cn db.example.com, or --san db.example.com"));
    }
    if names_of_common_name(common_name).is_some() {
        return Ok(());
    }
    let failure = match San::parse(flag, common_name) {
        Err(failure) => failure,
        Ok(name) => Failure::usage(format!("{flag} {common_name:?}: {}, not a host's name", name.in_words())),
    };
    let why = format!("{}; clients check the host's name, and without --san it is the CN", failure.message);
    let hint = match failure.hint {
        Some(hint) if hint.starts_with("use ") => hint,
        _ => "add the host's name, such as --san db.example.com; the CN can then be any text".to_owned(),
    };
    Err(Failure::usage(why).hint(hint))
}
