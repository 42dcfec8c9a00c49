//! `config`'s flags, and its job.

use std::path::PathBuf;

use clap::Args;
use clap::builder::FalseyValueParser;

use super::Behaviour;
use super::look::{NamedFileArgs, SetArgs, question};
use crate::config::Target;
use crate::error::{Failure, Result};
use crate::job::{ConfigJob, Job};

#[derive(Debug, Args)]
pub(super) struct ConfigArgs {
    /// What for
    #[arg(value_name = "TARGET")]
    pub(super) target: Target,
    /// Directory of the set [default: .]
    #[arg(long, value_name = "DIR", help_heading = "Files (which ones)")]
    pub(super) dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) place: SetArgs,
    /// 1: only the server shows a certificate; 2: clients do too
    #[arg(
        long,
        value_name = "MODE",
        env = "MILVUS_CERTGEN_TLS_MODE",
        default_value = "1",
        value_parser = clap::value_parser!(u8).range(1..=2),
        hide_env_values = true
    )]
    pub(super) tls_mode: u8,
    /// Where clients find Milvus [default: the first name in the server's certificate]
    #[arg(long, value_name = "HOST", env = "MILVUS_CERTGEN_HOST", hide_env_values = true)]
    pub(super) host: Option<String>,
    /// Port of Milvus's gRPC service
    #[arg(
        long,
        value_name = "PORT",
        env = "MILVUS_CERTGEN_PORT",
        default_value = "19530",
        value_parser = clap::value_parser!(u16).range(1..),
        hide_env_values = true
    )]
    pub(super) port: u16,
    /// TLS between the parts of Milvus too (Milvus 2.5 and newer)
    #[arg(long, env = "MILVUS_CERTGEN_INTERNAL_TLS", value_parser = FalseyValueParser::new(), hide_env_values = true)]
    pub(super) internal_tls: bool,
    /// Directory in which Milvus finds the files: /var/lib/milvus/tls for its script of Docker, /etc/milvus/tls for
    /// packages
    #[arg(
        long,
        value_name = "DIR",
        env = "MILVUS_CERTGEN_MOUNT_PATH",
        default_value = "/milvus/tls",
        hide_env_values = true
    )]
    pub(super) mount_path: String,
    /// ID of this cluster in the replication (config cdc)
    #[arg(
        long,
        value_name = "ID",
        env = "MILVUS_CERTGEN_CLUSTER",
        required_if_eq("target", "cdc"),
        hide_env_values = true
    )]
    pub(super) cluster: Option<String>,
    /// Version of milvus-backup's configuration file [default: 2]
    #[arg(
        long,
        value_name = "VERSION",
        env = "MILVUS_CERTGEN_FOR_VERSION",
        value_parser = clap::value_parser!(u8).range(1..=2),
        hide_env_values = true
    )]
    pub(super) for_version: Option<u8>,
    /// Name of the Kubernetes Secret, and the beginning of the names of what goes with it
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_KUBERNETES_NAME",
        default_value = "milvus-tls",
        help_heading = "Kubernetes",
        hide_env_values = true
    )]
    pub(super) name: String,
    /// Namespace of the Kubernetes objects
    #[arg(
        long,
        value_name = "NAME",
        env = "MILVUS_CERTGEN_KUBERNETES_NAMESPACE",
        default_value = "default",
        help_heading = "Kubernetes",
        hide_env_values = true
    )]
    pub(super) namespace: String,
}

impl ConfigArgs {
    pub(super) fn into_job(self) -> Result<(Job, Behaviour)> {
        // "-selfsigned" is what is put behind the name at most.
        check_label("--name", &self.name, 63 - "-selfsigned".len())?;
        check_label("--namespace", &self.namespace, 63)?;
        check_mount_path(&self.mount_path)?;
        check_cluster(self.cluster.as_deref())?;
        let job = ConfigJob {
            target: self.target,
            question: question(self.dir, self.place, NamedFileArgs::default())?,
            tls_mode: self.tls_mode,
            host: self.host,
            port: self.port,
            internal_tls: self.internal_tls,
            name: self.name,
            namespace: self.namespace,
            mount_path: self.mount_path.trim_end_matches('/').to_owned(),
            cluster: self.cluster.filter(|_| self.target == Target::Cdc),
            for_version: self.for_version,
        };
        Ok((Job::Config(job), Behaviour::default()))
    }
}

/// In all languages alike: no quotes, no blanks, no `:`, which ends a path in a Compose file.
fn check_mount_path(path: &str) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.len() > 1 && path.starts_with('/') && path.chars().all(is_plain) {
        return Ok(());
    }
    Err(Failure::usage(format!("--mount-path {path:?}: not a path that is plain in every configuration"))
        .hint("give a directory from the root, such as /var/lib/milvus/tls"))
}

/// As Milvus finds it again in a key of its configuration, which has no case and no underscores; and as a directory.
fn check_cluster(id: Option<&str>) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match id {
        Some(id) if id.is_empty() || !id.chars().all(is_plain) => {
            Err(Failure::usage(format!("--cluster {id:?}: not an ID that can be part of a key"))
                .hint("give letters, digits, '-' and '_', such as by-dev2"))
        }
        _ => Ok(()),
    }
}

/// A label as Kubernetes takes it (RFC 1123).
fn check_label(flag: &str, text: &str, longest: usize) -> Result<()> {
    let is_label = !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        return Ok(());
    }
    Err(Failure::usage(format!("{flag} {text:?}: not a name that Kubernetes takes"))
        .hint(format!("give at most {longest} lower-case letters, digits and '-', such as milvus-tls")))
}
