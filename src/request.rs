//! What is asked for: the flags, parsed into types once. After this nobody checks them again.
//!
//! A flag that was given (typed, or set in the environment) is a demand on what is there already; a default only
//! shapes what is made new. So every field here is an `Option`, and the defaults are methods.

use std::path::PathBuf;

use crate::error::{Failure, Result};
use crate::keys::{KeyFormat, KeyKind};
use crate::pki::Identity;
use crate::profile::Role;
use crate::san::{San, add_missing, names_of_common_name};
use crate::store::Layout;
use crate::subject::{AttributeType, Subject};

/// gen.sh's variables.
const DEFAULTS: [(AttributeType, &str); 5] = [
    (AttributeType::Country, "CN"),
    (AttributeType::State, "Shanghai"),
    (AttributeType::Locality, "Shanghai"),
    (AttributeType::Organization, "milvus"),
    (AttributeType::OrganizationalUnit, "milvus"),
];
const DEFAULT_COMMON_NAME: &str = "localhost";

/// gen.sh's `-days 3650`.
pub const DEFAULT_DAYS: u32 = 3650;

/// Certificates are renewed that many days before they expire, unless `--renew-within` says otherwise.
pub const DEFAULT_RENEW_WITHIN: u32 = 30;

/// A subject attribute that a flag sets; an empty value leaves it out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Given {
    /// Which attribute.
    pub attribute: AttributeType,
    /// The flag, for messages.
    pub flag: &'static str,
    /// The value, with all limits checked.
    pub value: String,
}

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// Where the set is.
    pub out_dir: PathBuf,
    /// What its files are called.
    pub layout: Layout,
    /// The subject attributes that were given, but for the common names.
    pub attributes: Vec<Given>,
    /// `--cn`
    pub common_name: Option<String>,
    /// `--client-cn`
    pub client_common_name: Option<String>,
    /// `--san`, without duplicates. Never empty.
    pub names: Option<Vec<San>>,
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
    /// `--leaf-only`
    pub leaf_only: bool,
    /// `--force`
    pub force: bool,
}

impl Request {
    /// The kind of key that is made where one must be made.
    #[must_use]
    pub fn new_key(&self) -> KeyKind {
        self.key.unwrap_or(KeyKind::Rsa(2048))
    }

    /// Days of a server's or client's certificate.
    #[must_use]
    pub fn leaf_days(&self) -> u32 {
        let most = self.ca_days.unwrap_or(u32::MAX);
        self.days.unwrap_or_else(|| DEFAULT_DAYS.min(most))
    }

    /// Days of a CA's certificate.
    #[must_use]
    pub fn authority_days(&self) -> u32 {
        self.ca_days.unwrap_or_else(|| self.leaf_days())
    }

    /// The subject of a new CA.
    pub fn ca_subject(&self) -> Result<Subject> {
        let mut subject = Subject::default();
        for (attribute, value) in DEFAULTS {
            subject = subject.with(attribute, "", value)?;
        }
        self.laid_over(Role::Ca, subject.with(AttributeType::CommonName, "", DEFAULT_COMMON_NAME)?)
    }

    /// The subject of a server's or client's certificate: what is there with what is given laid over it, or all new.
    pub fn leaf_subject(&self, role: Role, existing: Option<&Subject>) -> Result<Subject> {
        if let Some(existing) = existing {
            return self.laid_over(role, existing.clone());
        }
        let mut subject = Subject::default();
        for (attribute, value) in DEFAULTS.into_iter().filter(|(attribute, _)| is_leaf_attribute(*attribute))
        {
            subject = subject.with(attribute, "", value)?;
        }
        // A new client is named as the server is, unless --client-cn says otherwise.
        let common_name = self.common_name.as_deref().unwrap_or(DEFAULT_COMMON_NAME);
        self.laid_over(role, subject.with(AttributeType::CommonName, "--cn", common_name)?)
    }

    fn laid_over(&self, role: Role, mut subject: Subject) -> Result<Subject> {
        for given in self.given(role) {
            subject = subject.with(given.attribute, given.flag, &given.value)?;
        }
        Ok(subject)
    }

    /// The attributes that were given for a role.
    pub fn given(&self, role: Role) -> impl Iterator<Item = Given> {
        let common_name = match role {
            Role::Client => self.client_common_name.clone().map(|value| ("--client-cn", value)),
            Role::Ca | Role::Server => self.common_name.clone().map(|value| ("--cn", value)),
        };
        let common_name =
            common_name.map(|(flag, value)| Given { attribute: AttributeType::CommonName, flag, value });
        self.attributes
            .clone()
            .into_iter()
            .filter(move |given| role == Role::Ca || is_leaf_attribute(given.attribute))
            .chain(common_name)
    }

    /// What a server's or client's certificate will say: its subject, and the names that go with it.
    ///
    /// `names` are those of the certificate that is there, if there is one.
    pub fn identity(
        &self,
        role: Role,
        existing: Option<&Subject>,
        names: Option<&[San]>,
    ) -> Result<Identity> {
        let subject = self.leaf_subject(role, existing)?;
        let common_name = subject.common_name().unwrap_or_default();
        let mut result = Vec::new();
        if role == Role::Client {
            match names.filter(|_| self.client_common_name.is_none()) {
                Some(kept) if !kept.is_empty() => result.extend(kept.iter().cloned()),
                _ => result.extend(San::parse("--client-cn", common_name)),
            }
        } else if let Some(asked) = &self.names {
            add_missing(&mut result, names_of_common_name(common_name).into_iter().flatten());
            add_missing(&mut result, asked.iter().cloned());
        } else {
            let kept = names.unwrap_or_default();
            if kept.is_empty() || self.common_name.is_some() {
                add_missing(&mut result, names_of_common_name(common_name).into_iter().flatten());
            }
            add_missing(&mut result, kept.iter().cloned());
        }
        Ok(Identity { subject, names: result })
    }

    /// True if a flag says something about the names of the role.
    #[must_use]
    pub fn gives_names(&self, role: Role) -> bool {
        match role {
            Role::Server => self.names.is_some() || self.common_name.is_some(),
            Role::Client => self.client_common_name.is_some(),
            Role::Ca => false,
        }
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
        if let (Some(name), None) = (&self.common_name, &self.names) {
            check_server_name(name)?;
        }
        Ok(self)
    }
}

/// gen.sh leaves state and locality to the CA.
fn is_leaf_attribute(attribute: AttributeType) -> bool {
    !matches!(attribute, AttributeType::State | AttributeType::Locality)
}

/// Without `--san` the common name is the only name that clients can check, so it has to be one.
fn check_server_name(common_name: &str) -> Result<()> {
    if common_name.is_empty() {
        return Err(Failure::usage(
            "--cn \"\": without a CN or a --san the server has no name that clients can check",
        )
        .hint("name the host that clients connect to: --cn db.example.com, or --san db.example.com"));
    }
    if names_of_common_name(common_name).is_some() {
        return Ok(());
    }
    let failure = match San::parse("--cn", common_name) {
        Err(failure) => failure,
        Ok(_) => Failure::usage(format!("--cn {common_name:?}: a URI, not a name")),
    };
    let why = format!("{}; clients check the host's name, and without --san it is the CN", failure.message);
    let hint = match failure.hint {
        Some(hint) if hint.starts_with("use ") => hint,
        _ => "add the host's name, such as --san db.example.com; the CN can then be any text".to_owned(),
    };
    Err(Failure::usage(why).hint(hint))
}
