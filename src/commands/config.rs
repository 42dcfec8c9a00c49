//! `config`: check the set, and print configuration that goes with it. Nothing is written.

use std::io::{self, Write};
use std::path::PathBuf;

use time::OffsetDateTime;

use crate::check::{Severity, check, files};
use crate::cli::{Parsed, SetArgs, WHICH_FILES, tls_mode};
use crate::config::{Secured, Setting, Target, render, with_values};
use crate::error::{Exit, Failure, Result};
use crate::files::{quoted, shown};

const KUBERNETES: &str = "Kubernetes";

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// What the configuration is for
    #[arg(value_name = "TARGET")]
    target: Target,
    /// Directory of the certificates [default: .]
    #[arg(long, value_name = "DIR", help_heading = WHICH_FILES)]
    dir: Option<PathBuf>,
    #[command(flatten)]
    place: SetArgs,
    /// 1: one-way TLS, clients verify the server; 2: two-way TLS, the server verifies clients too
    #[arg(
        long,
        value_name = "MODE",
        default_value = "1",
        value_parser = Parsed(tls_mode)
    )]
    tls_mode: u8,
    /// Host that clients connect to [default: the first name in the server certificate]
    #[arg(long, value_name = "HOST")]
    host: Option<String>,
    /// Port of Milvus's gRPC service
    #[arg(
        long,
        value_name = "PORT",
        default_value = "19530",
        value_parser = Parsed(port)
    )]
    port: u16,
    /// Enable TLS between the components of Milvus too (Milvus 2.5 and newer)
    #[arg(long)]
    internal_tls: bool,
    /// Directory in which Milvus reads the files: /var/lib/milvus/tls for `standalone_embed.sh`, /etc/milvus/tls for
    /// packages
    #[arg(long, value_name = "DIR", default_value = "/milvus/tls", value_parser = Parsed(mount_path))]
    mount_path: String,
    /// ID of this cluster in the replication (config cdc)
    #[arg(long, value_name = "ID", required_if_eq("target", "cdc"), value_parser = Parsed(cluster))]
    cluster: Option<String>,
    /// Enable TLS for services of Milvus's own Compose file too (config compose)
    #[arg(long, value_name = "SERVICE", value_delimiter = ',')]
    secure: Vec<Secured>,
    /// Only mount the files, without a service that renews them (config compose)
    #[arg(long)]
    mount_only: bool,
    /// Your values of the chart: their user.yaml, volumes and volumeMounts are merged with what is printed
    /// (config helm)
    #[arg(long, value_name = "FILE")]
    values: Option<PathBuf>,
    /// Version of milvus-backup's configuration file [default: 2]
    #[arg(long, value_name = "VERSION", value_parser = Parsed(backup_version))]
    for_version: Option<u8>,
    /// Name of the Kubernetes Secret, and prefix of related names
    #[arg(
        long,
        value_name = "NAME",
        default_value = "milvus-tls",
        value_parser = Parsed(name),
        help_heading = KUBERNETES
    )]
    name: String,
    /// Namespace of the Kubernetes objects
    #[arg(
        long,
        value_name = "NAME",
        default_value = "default",
        value_parser = Parsed(namespace),
        help_heading = KUBERNETES
    )]
    namespace: String,
}

impl Args {
    pub(super) fn run(self, now: OffsetDateTime) -> Result<Exit> {
        let question = self.place.question(self.dir, [None, None, None])?;
        let dir = &question.dir;
        let checked = check(&question, now)?;
        if let Some(finding) = checked.findings.iter().find(|finding| finding.for_runs == Severity::Error) {
            let files = files(&question, &checked.set);
            let finding = finding.sentence(&|place| files.name(place));
            let failure = Failure::failed(format!(
                "{finding}: cannot generate configuration, fix the certificates first"
            ));
            return Err(failure.hint(format!("milvus-certgen check {}", quoted(dir))));
        }
        let setting = Setting {
            dir,
            set: &checked.set,
            client_base: &question.pair[1],
            tls_mode: self.tls_mode,
            host: self.host.as_deref(),
            port: self.port,
            internal_tls: self.internal_tls,
            name: &self.name,
            namespace: &self.namespace,
            mount_path: &self.mount_path,
            cluster: self.cluster.as_deref().filter(|_| self.target == Target::Cdc),
            secure: &self.secure,
            mount_only: self.mount_only,
            for_version: self.for_version,
        };
        let mut text = render(self.target, &setting)?;
        if let Some(values) = self.values.filter(|_| self.target == Target::Helm) {
            let own = crate::store::read_text(&values, crate::yaml::LARGEST)?;
            text = with_values(&text, &own, &shown(&values).to_string())?;
        }
        super::printed(io::stdout().lock().write_all(text.as_bytes()))
    }
}

/// As Milvus's `proxy.port`.
fn port(flag: &str, text: &str) -> Result<u16> {
    text.parse().ok().filter(|port| *port > 0).ok_or_else(|| {
        Failure::usage(format!("{flag} {text:?}: not a port, 1 to 65535"))
            .hint(format!("such as {flag} 19530"))
    })
}

fn backup_version(flag: &str, text: &str) -> Result<u8> {
    match text {
        "1" => Ok(1),
        "2" | "v2" => Ok(2),
        _ => Err(Failure::usage(format!("{flag} {text:?}: not 1 or 2")).hint(format!("such as {flag} 1"))),
    }
}

/// "-selfsigned" is what is put behind the name at most.
fn name(flag: &str, text: &str) -> Result<String> {
    label(flag, text, 63 - "-selfsigned".len())
}

fn namespace(flag: &str, text: &str) -> Result<String> {
    label(flag, text, 63)
}

/// In all languages alike: no quotes, no blanks, no `:`, which ends a path in a Compose file.
fn mount_path(flag: &str, path: &str) -> Result<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    if path.len() > 1 && path.starts_with('/') && path.chars().all(is_plain) {
        return Ok(path.trim_end_matches('/').to_owned());
    }
    Err(Failure::usage(format!("{flag} {path:?}: not a path that is plain in every configuration"))
        .hint("give a directory from the root, such as /var/lib/milvus/tls"))
}

/// As Milvus finds it again in a key of its configuration, which has no case and no underscores; and as a directory.
fn cluster(flag: &str, id: &str) -> Result<String> {
    if !id.is_empty() && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_') {
        return Ok(id.to_owned());
    }
    Err(Failure::usage(format!("{flag} {id:?}: not an ID that can be part of a key"))
        .hint("give letters, digits, '-' and '_', such as by-dev2"))
}

/// A label as Kubernetes takes it (RFC 1123).
fn label(flag: &str, text: &str, longest: usize) -> Result<String> {
    let is_label = !text.is_empty()
        && text.len() <= longest
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !text.starts_with('-')
        && !text.ends_with('-');
    if is_label {
        return Ok(text.to_owned());
    }
    Err(Failure::usage(format!("{flag} {text:?}: not a name that Kubernetes takes"))
        .hint(format!("give at most {longest} lower-case letters, digits and '-', such as milvus-tls")))
}
