//! The command line. The doc comments are the help.

use std::path::PathBuf;

use clap::builder::TypedValueParser;
use clap::{Args, Parser, ValueEnum};

use crate::error::{Failure, Result};
use crate::keys::{KeyFormat, KeyKind};
use crate::profile::Role;
use crate::request::{LeafRequest, Request};

mod convert;

use convert::{base_names, days, key_kind, names, subject};

/// Make the nine TLS files that Milvus needs: a private CA, a server and a client certificate
///
/// Writes ca.key ca.pem ca.srl, server.key server.pem server.csr, client.key client.pem client.csr, as gen.sh on
/// the Milvus page "Encryption in Transit" does, with certificates that every client accepts. A second run changes
/// nothing; it renews what expires, and mends what is missing or weak, with the CA that is there.
#[derive(Debug, Parser)]
#[command(name = "milvus-certgen", version, max_term_width = 100, after_long_help = AFTER_HELP)]
pub struct Cli {
    #[command(flatten)]
    subject: SubjectArgs,
    #[command(flatten)]
    names: NameArgs,
    #[command(flatten)]
    validity: ValidityArgs,
    #[command(flatten)]
    keys: KeyArgs,
    #[command(flatten)]
    files: FileArgs,
    #[command(flatten)]
    behaviour: BehaviourArgs,
}

const AFTER_HELP: &str = "\
Examples:
  milvus-certgen --cn localhost
      Make the nine files in the current directory.
  milvus-certgen --cn milvus.example.com --san milvus,10.0.0.7 -o tls
      A server that is reached by three names; the files go to ./tls.
  milvus-certgen --key-type ecdsa-p256 --days 90 --dry-run
      Say what would be done, and why, and change nothing.

Only flags that are given, here or by environment, are held against files that are there already.
Defaults shape what is made new: a plain run leaves a sound set alone, whatever its names.

Exit codes: 0 done, 1 failed, 2 usage.";

/// Who the certificates are for. The CA gets all attributes, server and client all but state and locality.
/// An empty value ('') leaves an attribute out.
#[derive(Debug, Args)]
#[command(next_help_heading = "Subject (what the certificates say they are; '' leaves an attribute out)")]
struct SubjectArgs {
    /// Common name: the host that clients connect to [default: localhost]
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_CN",
        visible_alias = "common-name",
        hide_env_values = true
    )]
    cn: Option<String>,
    /// Country, two letters [default: CN]
    #[arg(
        long,
        value_name = "CC",
        env = "MILVUS_CERTGEN_COUNTRY",
        alias = "country-name",
        hide_env_values = true
    )]
    country: Option<String>,
    /// State or province, in the CA's subject only [default: Shanghai]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_STATE",
        alias = "state-or-province-name",
        hide_env_values = true
    )]
    state: Option<String>,
    /// City, in the CA's subject only [default: Shanghai]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_LOCALITY",
        aliases = ["location", "locality-name"],
        hide_env_values = true
    )]
    locality: Option<String>,
    /// Organization [default: milvus]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_ORGANIZATION",
        visible_alias = "org",
        alias = "organization-name",
        hide_env_values = true
    )]
    organization: Option<String>,
    /// Organizational unit [default: milvus]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_ORGANIZATIONAL_UNIT",
        visible_alias = "ou",
        alias = "organizational-unit-name",
        hide_env_values = true
    )]
    organizational_unit: Option<String>,
    /// Common name of the client's certificate [default: the CN]
    #[arg(long, value_name = "NAME", env = "MILVUS_CERTGEN_CLIENT_CN", hide_env_values = true)]
    client_cn: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    next_help_heading = "Names (what clients check: the CN, and these; localhost brings 127.0.0.1 and ::1)"
)]
struct NameArgs {
    /// Further names of the server, repeated or with commas between them: DNS names (also *.db.example.com),
    /// IPv4 and IPv6 addresses, mail addresses, URIs. DNS:, IP:, email: and URI: say the kind
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_SAN",
        value_delimiter = ',',
        hide_env_values = true
    )]
    san: Vec<String>,
}

#[derive(Debug, Args)]
#[command(
    next_help_heading = "Validity (from an hour ago, for clocks that differ, until so many days from now)"
)]
struct ValidityArgs {
    /// Days until server and client certificates expire, at most as long as the CA's [default: 3650]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_DAYS",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    days: Option<String>,
    /// Days until the CA's certificate expires, not less than --days [default: as --days]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_CA_DAYS",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    ca_days: Option<String>,
    /// Sign again what expires within so many days; never more than a third of a certificate's lifetime
    /// [default: 30]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_RENEW_WITHIN",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    renew_within: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = "Keys (made from the operating system's randomness, readable by you alone)")]
struct KeyArgs {
    /// Kind of key [default: rsa]. Clients built on gRPC's C core (Python, C++) do not take ed25519
    #[arg(long, value_name = "TYPE", env = "MILVUS_CERTGEN_KEY_TYPE", hide_env_values = true)]
    key_type: Option<KeyTypeArg>,
    /// Bits of an RSA key: 2048, 3072 or 4096 [default: 2048]
    #[arg(
        long,
        value_name = "BITS",
        env = "MILVUS_CERTGEN_KEY_SIZE",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    key_size: Option<String>,
    /// Form of the key files [default: pkcs8]; traditional is BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY
    #[arg(long, value_name = "FORMAT", env = "MILVUS_CERTGEN_KEY_FORMAT", hide_env_values = true)]
    key_format: Option<KeyFormatArg>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Files (where they go and what they are called)")]
struct FileArgs {
    /// Directory of the set; made if it is missing
    #[arg(
        short,
        long,
        value_name = "DIR",
        env = "MILVUS_CERTGEN_OUT_DIR",
        default_value = ".",
        value_parser = clap::builder::OsStringValueParser::new().map(PathBuf::from),
        hide_env_values = true
    )]
    out_dir: PathBuf,
    /// Base name of ca.key, ca.pem and ca.srl
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_CA_FILE",
        default_value = "ca",
        hide_env_values = true
    )]
    ca_file: String,
    /// Base name of server.key, server.pem and server.csr
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_SERVER_FILE",
        default_value = "server",
        hide_env_values = true
    )]
    server_file: String,
    /// Base name of client.key, client.pem and client.csr
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_CLIENT_FILE",
        default_value = "client",
        hide_env_values = true
    )]
    client_file: String,
    /// Leave the CA's certificate out of server.pem. Clients that trust a lone server.pem, as the Milvus page's
    /// one-way step says, are then refused by Node, rustls and Python before 3.13
    #[arg(long, env = "MILVUS_CERTGEN_LEAF_ONLY", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    leaf_only: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Behaviour")]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
struct BehaviourArgs {
    /// Start over: a new CA and everything under it. Whoever trusted the old CA must be given the new one
    #[arg(long, env = "MILVUS_CERTGEN_FORCE", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    force: bool,
    /// Say what would be done and why, and change nothing
    #[arg(long, env = "MILVUS_CERTGEN_DRY_RUN", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    dry_run: bool,
    /// Print nothing but errors (and the object of --json)
    #[arg(short, long, env = "MILVUS_CERTGEN_QUIET", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    quiet: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long, env = "MILVUS_CERTGEN_JSON", value_parser = clap::builder::FalseyValueParser::new(), hide_env_values = true)]
    json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyTypeArg {
    Rsa,
    EcdsaP256,
    EcdsaP384,
    Ed25519,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum KeyFormatArg {
    Pkcs8,
    Traditional,
}

/// How a run behaves, apart from what it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the flags'")]
pub struct Behaviour {
    pub dry_run: bool,
    pub quiet: bool,
    pub json: bool,
}

impl Cli {
    /// Parses the flags into types.
    pub fn into_request(self) -> Result<(Request, Behaviour)> {
        let behaviour = Behaviour {
            dry_run: self.behaviour.dry_run,
            quiet: self.behaviour.quiet,
            json: self.behaviour.json,
        };
        let key = key_kind(&self.keys)?;
        let key_format = self.keys.key_format.map(|format| match format {
            KeyFormatArg::Pkcs8 => KeyFormat::Pkcs8,
            KeyFormatArg::Traditional => KeyFormat::Traditional,
        });
        if key == Some(KeyKind::Ed25519) && key_format == Some(KeyFormat::Traditional) {
            return Err(Failure::usage("--key-format traditional: an ed25519 key has no traditional form")
                .hint("leave --key-format out"));
        }
        if self.files.out_dir.as_os_str().is_empty() {
            return Err(Failure::usage("--out-dir \"\": a directory is missing")
                .hint("use '.' for the current directory"));
        }
        let [ca_base, server_base, client_base] = base_names(&self.files)?;
        let (attributes, common_name, client_common_name) = subject(self.subject)?;
        let server = LeafRequest {
            role: Role::Server,
            base: server_base,
            common_name: common_name.clone().map(|name| ("--cn", name)),
            names: names(&self.names.san)?,
        };
        let client = LeafRequest {
            role: Role::Client,
            base: client_base,
            common_name: client_common_name.map(|name| ("--client-cn", name)),
            names: None,
        };
        let request = Request {
            out_dir: self.files.out_dir,
            ca_base,
            leaves: vec![server, client],
            attributes,
            common_name,
            days: days("--days", self.validity.days.as_deref(), 1)?,
            ca_days: days("--ca-days", self.validity.ca_days.as_deref(), 1)?,
            renew_within: days("--renew-within", self.validity.renew_within.as_deref(), 0)?,
            key,
            key_format,
            leaf_only: self.files.leaf_only,
            force: self.behaviour.force,
        };
        Ok((request.checked()?, behaviour))
    }
}
