//! The flags of the commands that make something, put together from the groups.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::args::{
    AccessArgs, AttributeArgs, ClientNameArgs, CommonNameArgs, DiscardArgs, ExternalCaArgs, ForceArgs,
    KeyArgs, LeafFileArgs, LeafOnlyArgs, LeafValidityArgs, NameArgs, NewCaArgs, OutDirArgs, OutputArgs,
    RekeyArgs, RoleArg, SanArgs, TlsDirArgs, ValidityArgs,
};

#[derive(Debug, Args)]
pub(super) struct EnsureArgs {
    #[command(flatten)]
    pub(super) common_name: CommonNameArgs,
    #[command(flatten)]
    pub(super) attributes: AttributeArgs,
    #[command(flatten)]
    pub(super) client_name: ClientNameArgs,
    #[command(flatten)]
    pub(super) names: NameArgs,
    #[command(flatten)]
    pub(super) validity: ValidityArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) rekey: RekeyArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    #[command(flatten)]
    pub(super) leaf_files: LeafFileArgs,
    #[command(flatten)]
    pub(super) leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    pub(super) access: AccessArgs,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    #[command(flatten)]
    pub(super) external_ca: ExternalCaArgs,
    #[command(flatten)]
    pub(super) new_ca: NewCaArgs,
    #[command(flatten)]
    pub(super) discard: DiscardArgs,
    #[command(flatten)]
    pub(super) force: ForceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CaArgs {
    #[command(flatten)]
    pub(super) common_name: CommonNameArgs,
    #[command(flatten)]
    pub(super) attributes: AttributeArgs,
    #[command(flatten)]
    pub(super) validity: ValidityArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    /// Names that --constrain lets the CA sign for, besides the CN
    #[command(flatten)]
    pub(super) names: SanArgs,
    #[command(flatten)]
    pub(super) new_ca: NewCaArgs,
    #[command(flatten)]
    pub(super) force: ForceArgs,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct CsrArgs {
    /// CN of the request, and the name of the files
    #[arg(value_name = "NAME")]
    pub(super) name: String,
    /// What the certificate is to be for
    #[arg(
        long,
        value_name = "ROLE",
        env = "MILVUS_CERTGEN_ROLE",
        default_value = "server",
        hide_env_values = true
    )]
    pub(super) role: RoleArg,
    #[command(flatten)]
    pub(super) attributes: AttributeArgs,
    #[command(flatten)]
    pub(super) names: SanArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) rekey: RekeyArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct SignArgs {
    /// The requests
    #[arg(value_name = "FILE.csr", required = true)]
    pub(super) files: Vec<PathBuf>,
    /// What the certificates are for [default: what the request asks for, or server]
    #[arg(long, value_name = "ROLE", env = "MILVUS_CERTGEN_ROLE", hide_env_values = true)]
    pub(super) role: Option<RoleArg>,
    #[command(flatten)]
    pub(super) names: SanArgs,
    #[command(flatten)]
    pub(super) validity: LeafValidityArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    #[command(flatten)]
    pub(super) leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    pub(super) access: AccessArgs,
    #[command(flatten)]
    pub(super) external_ca: ExternalCaArgs,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct IdentityArgs {
    /// Who the certificates are for
    #[arg(value_name = "NAME", required_unless_present = "from")]
    pub(super) names: Vec<String>,
    /// Take the names from a file, one a line; # begins a comment, and - is standard input
    #[arg(
        long,
        value_name = "FILE",
        env = "MILVUS_CERTGEN_FROM",
        conflicts_with = "names",
        hide_env_values = true
    )]
    pub(super) from: Option<PathBuf>,
    #[command(flatten)]
    pub(super) san: SanArgs,
    #[command(flatten)]
    pub(super) attributes: AttributeArgs,
    #[command(flatten)]
    pub(super) validity: LeafValidityArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) rekey: RekeyArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    #[command(flatten)]
    pub(super) leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    pub(super) access: AccessArgs,
    #[command(flatten)]
    pub(super) external_ca: ExternalCaArgs,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct RenewArgs {
    /// Which ones, by file or by the name that they were made for [default: server and client]
    #[arg(value_name = "NAME", conflicts_with = "all")]
    pub(super) names: Vec<String>,
    /// All certificates in the directory that the CA has signed
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_ALL", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) all: bool,
    /// The CA's own certificate, with its own key: what it signed stays valid
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_CA", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) ca: bool,
    /// Make new keys too
    #[arg(long, env = "MILVUS_CERTGEN_RENEW_REKEY", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) rekey: bool,
    #[command(flatten)]
    pub(super) validity: ValidityArgs,
    #[command(flatten)]
    pub(super) keys: KeyArgs,
    #[command(flatten)]
    pub(super) out_dir: OutDirArgs,
    #[command(flatten)]
    pub(super) leaf_files: LeafFileArgs,
    #[command(flatten)]
    pub(super) leaf_only: LeafOnlyArgs,
    #[command(flatten)]
    pub(super) access: AccessArgs,
    #[command(flatten)]
    pub(super) external_ca: ExternalCaArgs,
    #[command(flatten)]
    pub(super) tls_dir: TlsDirArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Debug, Args)]
pub(super) struct FixturesArgs {
    /// Directory of their directories; made if it is missing
    #[arg(value_name = "DIR")]
    pub(super) dir: PathBuf,
    /// Names of the good server, repeated or with commas between them [default: localhost and its
    /// addresses]
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_NAME_SAN",
        value_delimiter = ',',
        hide_env_values = true
    )]
    pub(super) san: Vec<String>,
    /// Make all of them anew
    #[arg(long, env = "MILVUS_CERTGEN_FIXTURES_FORCE", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) force: bool,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
