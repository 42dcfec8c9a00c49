//! Subjects and names of new certificates: flags, then existing certificates, then gen.sh's defaults.

use super::{Given, LeafSpec, Spec};
use crate::error::Result;
use crate::pki::Identity;
use crate::profile::Role;
use crate::san::{San, add_missing, names_of_common_name};
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

impl Spec {
    /// The subject of a new CA.
    pub fn ca_subject(&self) -> Result<Subject> {
        let mut subject = Subject::default();
        for (attribute, value) in DEFAULTS {
            subject = subject.with(attribute, "", value)?;
        }
        let common_name = self.common_name.as_deref().unwrap_or(DEFAULT_COMMON_NAME);
        subject = subject.with(AttributeType::CommonName, "--cn", common_name)?;
        laid_over(subject, self.attributes.clone())
    }

    /// The subject and the names of a server's or client's certificate. Existing values stay unless a flag changes them.
    pub fn identity(
        &self,
        leaf: &LeafSpec,
        existing: Option<&Subject>,
        names: Option<&[San]>,
    ) -> Result<Identity> {
        let subject = match existing {
            Some(existing) => existing.clone(),
            None => self.new_leaf_subject()?,
        };
        let subject = laid_over(subject, self.given(leaf))?;
        let common_name = subject.common_name().unwrap_or_default();
        // An address counts only as an address: others have signed it as a DNS name.
        let kept = names.unwrap_or_default().iter().map(San::as_clients_read_it);
        let mut result = Vec::new();
        match (leaf.role, &leaf.names) {
            (Role::Server | Role::Peer | Role::Ca, Some(asked)) => {
                add_missing(&mut result, names_of_common_name(common_name).into_iter().flatten());
                add_missing(&mut result, asked.iter().cloned());
            }
            (Role::Server | Role::Peer | Role::Ca, None) => {
                if kept.len() == 0 || leaf.common_name.is_some() {
                    add_missing(&mut result, names_of_common_name(common_name).into_iter().flatten());
                }
                add_missing(&mut result, kept);
            }
            (Role::Client, asked) => {
                if kept.len() == 0 || leaf.gives_names() {
                    result.extend(San::parse("CN", common_name));
                    add_missing(&mut result, asked.iter().flatten().cloned());
                } else {
                    result.extend(kept);
                }
            }
        }
        Ok(Identity { subject, names: result })
    }

    /// The attributes that were given for a server or client.
    pub fn given(&self, leaf: &LeafSpec) -> Vec<Given> {
        let common_name = leaf.common_name.clone().map(|(flag, value)| Given {
            attribute: AttributeType::CommonName,
            flag,
            value,
        });
        let own = self.attributes.iter().filter(|given| is_leaf_attribute(given.attribute)).cloned();
        own.chain(common_name).collect()
    }

    fn new_leaf_subject(&self) -> Result<Subject> {
        let mut subject = Subject::default();
        for (attribute, value) in DEFAULTS.into_iter().filter(|(attribute, _)| is_leaf_attribute(*attribute))
        {
            subject = subject.with(attribute, "", value)?;
        }
        let common_name = self.common_name.as_deref().unwrap_or(DEFAULT_COMMON_NAME);
        subject.with(AttributeType::CommonName, "--cn", common_name)
    }
}

fn laid_over(mut subject: Subject, given: Vec<Given>) -> Result<Subject> {
    for Given { attribute, flag, value } in given {
        subject = subject.with(attribute, flag, &value)?;
    }
    Ok(subject)
}

/// gen.sh leaves state and locality to the CA.
fn is_leaf_attribute(attribute: AttributeType) -> bool {
    !matches!(attribute, AttributeType::State | AttributeType::Locality)
}
