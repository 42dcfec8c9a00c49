//! The flags, in groups that commands share. The doc comments are the help.

use std::path::PathBuf;

use clap::builder::{FalseyValueParser, OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

const SUBJECT: &str = "Subject (what the certificates say they are; '' leaves an attribute out)";
const VALIDITY: &str = "Validity (from an hour ago, for clocks that differ, until so many days from now)";
const KEYS: &str = "Keys (made from the operating system's randomness, readable by you alone)";
const FILES: &str = "Files (where they go and what they are called)";
const BEHAVIOUR: &str = "Behaviour";
const PASSWORD_HELP: &str = "File whose first line is the password of the CA's key (PKCS#8), wherever the key is. \
    The environment variable MILVUS_CERTGEN_CA_KEY_PASSWORD may hold the password itself";
const CA_FROM_ELSEWHERE: &str = "CA from elsewhere (its serial file stands beside it, as OpenSSL does it)";

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub(super) struct CommonNameArgs {
    /// Common name: the host that clients connect to [default: localhost]
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_CN",
        visible_alias = "common-name",
        hide_env_values = true
    )]
    pub(super) cn: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub(super) struct AttributeArgs {
    /// Country, two letters [default: CN]
    #[arg(
        long,
        value_name = "CC",
        env = "MILVUS_CERTGEN_COUNTRY",
        alias = "country-name",
        hide_env_values = true
    )]
    pub(super) country: Option<String>,
    /// State or province, in the CA's subject only [default: Shanghai]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_STATE",
        alias = "state-or-province-name",
        hide_env_values = true
    )]
    pub(super) state: Option<String>,
    /// City, in the CA's subject only [default: Shanghai]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_LOCALITY",
        aliases = ["location", "locality-name"],
        hide_env_values = true
    )]
    pub(super) locality: Option<String>,
    /// Organization [default: milvus]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_ORGANIZATION",
        visible_alias = "org",
        alias = "organization-name",
        hide_env_values = true
    )]
    pub(super) organization: Option<String>,
    /// Organizational unit [default: milvus]
    #[arg(
        long,
        value_name = "TEXT",
        env = "MILVUS_CERTGEN_ORGANIZATIONAL_UNIT",
        visible_alias = "ou",
        alias = "organizational-unit-name",
        hide_env_values = true
    )]
    pub(super) organizational_unit: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = SUBJECT)]
pub(super) struct ClientNameArgs {
    /// Common name of the client's certificate [default: the CN]
    #[arg(long, value_name = "NAME", env = "MILVUS_CERTGEN_CLIENT_CN", hide_env_values = true)]
    pub(super) client_cn: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    next_help_heading = "Names (what clients check: the CN, and these; localhost brings 127.0.0.1 and ::1)"
)]
pub(super) struct NameArgs {
    /// Further names of the server, repeated or with commas between them: DNS names (also *.db.example.com),
    /// IPv4 and IPv6 addresses, mail addresses, URIs. DNS:, IP:, email: and URI: say the kind
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_SAN",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(super) san: Vec<String>,
}

/// The same for commands where the names are one certificate's own: an environment that is made for the server
/// must not name anybody else.
#[derive(Debug, Args)]
#[command(next_help_heading = "Names (what clients check)")]
pub(super) struct SanArgs {
    /// Names, repeated or with commas between them: DNS names (also *.db.example.com), IPv4 and IPv6 addresses, mail
    /// addresses, URIs. DNS:, IP:, email: and URI: say the kind
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_NAME_SAN",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(super) san: Vec<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
pub(super) struct DaysArgs {
    /// Days until server and client certificates expire, at most as long as the CA's [default: 3650]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_DAYS",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) days: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
pub(super) struct CaDaysArgs {
    /// Days until the CA's certificate expires, not less than --days [default: as --days]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_CA_DAYS",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) ca_days: Option<String>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
pub(super) struct RenewWithinArgs {
    /// Sign again what expires within so many days; never more than a third of a certificate's lifetime
    /// [default: 30]
    #[arg(
        long,
        value_name = "DAYS",
        env = "MILVUS_CERTGEN_RENEW_WITHIN",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) renew_within: Option<String>,
}

/// What commands have that sign the CA too.
#[derive(Debug, Args)]
pub(super) struct ValidityArgs {
    #[command(flatten)]
    pub(super) days: DaysArgs,
    #[command(flatten)]
    pub(super) ca_days: CaDaysArgs,
    #[command(flatten)]
    pub(super) renew_within: RenewWithinArgs,
}

/// What commands have that only use it.
#[derive(Debug, Args)]
pub(super) struct LeafValidityArgs {
    #[command(flatten)]
    pub(super) days: DaysArgs,
    #[command(flatten)]
    pub(super) renew_within: RenewWithinArgs,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = KEYS)]
pub(super) struct KeyArgs {
    /// Kind of key [default: rsa]. Clients built on gRPC's C core (Python, C++) do not take ed25519
    #[arg(long, value_name = "TYPE", env = "MILVUS_CERTGEN_KEY_TYPE", hide_env_values = true)]
    pub(super) key_type: Option<KeyTypeArg>,
    /// Bits of an RSA key: 2048, 3072 or 4096 [default: 2048]
    #[arg(
        long,
        value_name = "BITS",
        env = "MILVUS_CERTGEN_KEY_SIZE",
        allow_hyphen_values = true,
        hide_env_values = true
    )]
    pub(super) key_size: Option<String>,
    /// Form of the key files [default: pkcs8]; traditional is BEGIN RSA PRIVATE KEY or BEGIN EC PRIVATE KEY
    #[arg(long, value_name = "FORMAT", env = "MILVUS_CERTGEN_KEY_FORMAT", hide_env_values = true)]
    pub(super) key_format: Option<KeyFormatArg>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = KEYS)]
pub(super) struct RekeyArgs {
    /// New keys for what is reissued. Only this replaces a key file that cannot be used
    #[arg(long, env = "MILVUS_CERTGEN_REKEY", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) rekey: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub(super) struct OutDirArgs {
    /// Directory of the set; made if it is missing
    #[arg(
        short,
        long,
        aliases = ["out", "output", "output-dir", "dir"],
        value_name = "DIR",
        env = "MILVUS_CERTGEN_OUT_DIR",
        default_value = ".",
        value_parser = OsStringValueParser::new().map(PathBuf::from),
        hide_env_values = true
    )]
    pub(super) out_dir: PathBuf,
    /// Base name of ca.key, ca.pem and ca.srl
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_CA_FILE",
        default_value = "ca",
        hide_env_values = true
    )]
    pub(super) ca_file: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub(super) struct LeafFileArgs {
    /// Base name of server.key, server.pem and server.csr
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_SERVER_FILE",
        default_value = "server",
        hide_env_values = true
    )]
    pub(super) server_file: String,
    /// Base name of client.key, client.pem and client.csr
    #[arg(
        long,
        value_name = "BASE",
        env = "MILVUS_CERTGEN_CLIENT_FILE",
        default_value = "client",
        hide_env_values = true
    )]
    pub(super) client_file: String,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub(super) struct LeafOnlyArgs {
    /// Leave the CA's certificate out of server.pem. Clients that trust a lone server.pem, as the Milvus page's
    /// one-way step says, are then refused by Node, rustls and Python before 3.13
    #[arg(long, env = "MILVUS_CERTGEN_LEAF_ONLY", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) leaf_only: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub(super) struct TlsDirArgs {
    /// Second directory with exactly what is mounted into the Milvus container: server.pem, server.key and ca.pem,
    /// never ca.key. Made, kept and renewed together with the set
    #[arg(long, value_name = "DIR", env = "MILVUS_CERTGEN_TLS_DIR", hide_env_values = true)]
    pub(super) tls_dir: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = FILES)]
pub(super) struct AccessArgs {
    /// Mode of the server's and client's keys, for containers that do not run as root [default: 0600]
    #[arg(long, value_name = "OCTAL", env = "MILVUS_CERTGEN_KEY_MODE", hide_env_values = true)]
    pub(super) key_mode: Option<String>,
    /// Owner of all files, by number; Milvus 3 runs as 999. Needs root
    #[arg(long, value_name = "UID[:GID]", env = "MILVUS_CERTGEN_OWNER", hide_env_values = true)]
    pub(super) owner: Option<String>,
}

#[derive(Debug, Args)]
#[expect(clippy::struct_field_names, reason = "a field is a flag")]
#[command(next_help_heading = CA_FROM_ELSEWHERE)]
pub(super) struct ExternalCaArgs {
    /// Certificate of the CA, and perhaps of those above it, instead of ca.pem in --out-dir
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CA_CERT", hide_env_values = true)]
    pub(super) ca_cert: Option<PathBuf>,
    /// Its private key
    #[arg(long, value_name = "PATH", env = "MILVUS_CERTGEN_CA_KEY", hide_env_values = true)]
    pub(super) ca_key: Option<PathBuf>,
    /// File whose first line is the password of the CA's key (PKCS#8), wherever the key is
    #[arg(long, long_help = PASSWORD_HELP, value_name = "PATH", env = "MILVUS_CERTGEN_CA_KEY_PASSWORD_FILE", hide_env_values = true)]
    pub(super) ca_key_password_file: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub(super) struct NewCaArgs {
    /// Limit a new CA to the host names of the CN and every --san, and names below them; it issues for no IP addresses,
    /// and for TLS servers and clients only
    #[arg(long, env = "MILVUS_CERTGEN_CONSTRAIN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) constrain: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub(super) struct DiscardArgs {
    /// Do not keep the CA's key once it has signed: nothing is left to steal, and nothing more can be signed. For CI
    #[arg(long, env = "MILVUS_CERTGEN_DISCARD_CA_KEY", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) discard_ca_key: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub(super) struct ForceArgs {
    /// Start over: a new CA and everything under it. Whoever trusted the old CA must be given the new one
    #[arg(long, env = "MILVUS_CERTGEN_FORCE", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) force: bool,
}

#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub(super) struct OutputArgs {
    /// Say what would be done and why, and change nothing
    #[arg(long, env = "MILVUS_CERTGEN_DRY_RUN", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) dry_run: bool,
    /// Print nothing but errors (and the object of --json)
    #[arg(short, long, env = "MILVUS_CERTGEN_QUIET", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) quiet: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long, env = "MILVUS_CERTGEN_JSON", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KeyTypeArg {
    Rsa,
    EcdsaP256,
    EcdsaP384,
    Ed25519,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum KeyFormatArg {
    Pkcs8,
    Traditional,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum RoleArg {
    Server,
    Client,
    /// Both: a server that connects to others with the same certificate, such as an etcd member
    Peer,
}
