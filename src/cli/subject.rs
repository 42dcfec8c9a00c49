//! Flags for what certificates say about whom.

use clap::Args;

use super::Parsed;
use crate::error::Result;
use crate::san::{San, add_missing};
use crate::spec::Given;
use crate::subject::{AttributeType, Subject};

pub const SUBJECT: &str = "Subject (what the certificates say they are; '' leaves an attribute out)";

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub struct CommonNameArgs {
    /// Common name: the host that clients connect to [default: localhost]
    #[arg(long, value_name = "NAME", visible_alias = "common-name", value_parser = Parsed(common_name))]
    pub cn: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub struct AttributeArgs {
    /// Country, two letters [default: CN]
    #[arg(long, value_name = "CC", alias = "country-name")]
    country: Option<String>,
    /// State or province, in the CA's subject only [default: Shanghai]
    #[arg(long, value_name = "TEXT", alias = "state-or-province-name")]
    state: Option<String>,
    /// City, in the CA's subject only [default: Shanghai]
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

// Names of one certificate.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names (what clients check)")]
pub struct SanArgs {
    /// Names, repeated or with commas between them: DNS names (also *.db.example.com), IPv4 and IPv6 addresses, mail
    /// addresses, URIs. DNS:, IP:, email: and URI: say the kind
    #[arg(long, value_name = "NAME", value_delimiter = ',', value_parser = Parsed(listed))]
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
