//! Options for subjects and subject alternative names.

use clap::Args;

use super::{Parsed, SUBJECT};
use crate::error::Result;
use crate::san::{San, add_missing};
use crate::spec::Given;
use crate::subject::{AttributeType, Subject};

#[derive(Debug, Args)]
pub struct CommonNameArgs {
    /// Host name that clients connect to [default: localhost]
    ///
    /// The common name (CN) of the CA, server and client certificates, and the server's first name.
    #[arg(long, value_name = "NAME", alias = "common-name", value_parser = Parsed(common_name))]
    pub cn: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub struct AttributeArgs {
    /// Country, two letters [default: CN]
    #[arg(long, value_name = "CC", alias = "country-name")]
    country: Option<String>,
    /// State or province, in the CA certificate only [default: Shanghai]
    #[arg(long, value_name = "TEXT", alias = "state-or-province-name")]
    state: Option<String>,
    /// Locality (city), in the CA certificate only [default: Shanghai]
    #[arg(long, value_name = "TEXT", aliases = ["location", "locality-name"])]
    locality: Option<String>,
    /// Organization [default: milvus]
    #[arg(long, value_name = "TEXT", visible_alias = "org", alias = "organization-name")]
    organization: Option<String>,
    /// Organizational unit [default: milvus]
    #[arg(long, value_name = "TEXT", visible_alias = "ou", alias = "organizational-unit-name")]
    organizational_unit: Option<String>,
}

impl AttributeArgs {
    /// Those that are set.
    pub fn given(self) -> Result<Vec<Given>> {
        let all = [
            (AttributeType::Country, "--country", self.country),
            (AttributeType::State, "--state", self.state),
            (AttributeType::Locality, "--locality", self.locality),
            (AttributeType::Organization, "--organization", self.organization),
            (AttributeType::OrganizationalUnit, "--organizational-unit", self.organizational_unit),
        ];
        let set = all.into_iter().filter_map(|(attribute, flag, value)| Some((attribute, flag, value?)));
        set.map(|(attribute, flag, value)| {
            Subject::default().with(attribute, flag, &value)?;
            Ok(Given { attribute, flag, value })
        })
        .collect()
    }
}

pub const SAN_HELP: &str = "Subject alternative names, repeated or with commas: host names (also *.db.example.com), IPv4 \
    and IPv6 addresses, email addresses, URIs. A prefix DNS:, IP:, email: or URI: sets the type";

// Names of one certificate.
#[derive(Debug, Args)]
pub struct SanArgs {
    /// Subject alternative names: host names and IP addresses, repeated or with commas
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Parsed(listed), long_help = SAN_HELP)]
    pub san: Vec<Option<San>>,
}

/// A common name that fits into a subject.
pub fn common_name(flag: &str, text: &str) -> Result<String> {
    Subject::default().with(AttributeType::CommonName, flag, text)?;
    Ok(text.to_owned())
}

/// One of several names with commas between them; nothing in the place of one is none.
pub fn listed(flag: &str, text: &str) -> Result<Option<San>> {
    Some(text.trim()).filter(|text| !text.is_empty()).map(|text| San::parse(flag, text)).transpose()
}

/// The names of a list, each once; `None` where there are none.
pub fn distinct(listed: Vec<Option<San>>) -> Option<Vec<San>> {
    let mut names = Vec::new();
    add_missing(&mut names, listed.into_iter().flatten());
    Some(names).filter(|names| !names.is_empty())
}
