//! Milvus's configuration and its clients' code for the set that is there.
//!
//! The texts are templates (`config/templates/`, in minijinja's language, which is Jinja's): somebody who knows Milvus
//! can edit them without knowing Rust. Every value is written as a whole literal of the file's own language.

use std::path::{Path, PathBuf};

use minijinja::Environment;

use crate::error::{Failure, Result};

mod context;
mod quote;

pub use context::Setting;
use quote::Quoting;

/// What configuration is for: the values of `config TARGET`, and their help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Target {
    /// The block of milvus.yaml
    MilvusYaml,
    /// docker-compose.override.yml for Milvus's own docker-compose.yml, with a service that makes the set
    Compose,
    /// The Secret (it holds private keys, never the CA's)
    Kubernetes,
    /// Values for the Helm chart, which use the Secret
    Helm,
    /// A Milvus resource for the Operator, which uses the Secret
    Operator,
    /// Issuer and Certificates, for who lets Kubernetes sign and renew
    CertManager,
    /// Python client
    Pymilvus,
    /// Java client
    Java,
    /// Node client
    Node,
    /// Go client
    Go,
    /// Rust client
    Rust,
    /// C++ client
    Cpp,
    /// Compose service of the web interface
    Attu,
    /// Block of backup.yaml
    MilvusBackup,
    /// Commands for `milvus_cli`, which has tlsMode 1 only
    MilvusCli,
}

impl Target {
    /// True for what a client has; the others are for the server.
    #[must_use]
    pub fn is_client(self) -> bool {
        matches!(
            self,
            Self::Pymilvus
                | Self::Java
                | Self::Node
                | Self::Go
                | Self::Rust
                | Self::Cpp
                | Self::Attu
                | Self::MilvusBackup
                | Self::MilvusCli
        )
    }

    fn template(self) -> (&'static str, Quoting) {
        match self {
            Self::MilvusYaml => (include_str!("config/templates/milvus-yaml.yaml"), Quoting::Yaml),
            Self::Compose => (include_str!("config/templates/compose.yaml"), Quoting::Compose),
            Self::Kubernetes => (include_str!("config/templates/kubernetes.yaml"), Quoting::Yaml),
            Self::Helm => (include_str!("config/templates/helm.yaml"), Quoting::Yaml),
            Self::Operator => (include_str!("config/templates/operator.yaml"), Quoting::Yaml),
            Self::CertManager => (include_str!("config/templates/cert-manager.yaml"), Quoting::Yaml),
            Self::Pymilvus => (include_str!("config/templates/client.py"), Quoting::Source),
            Self::Java => (include_str!("config/templates/MilvusTls.java"), Quoting::Source),
            Self::Node => (include_str!("config/templates/client.js"), Quoting::Source),
            Self::Go => (include_str!("config/templates/client.go"), Quoting::Source),
            Self::Rust => (include_str!("config/templates/client.rs"), Quoting::Rust),
            Self::Cpp => (include_str!("config/templates/client.cpp"), Quoting::Source),
            Self::Attu => (include_str!("config/templates/attu.yaml"), Quoting::Compose),
            Self::MilvusBackup => (include_str!("config/templates/milvus-backup.yaml"), Quoting::Yaml),
            Self::MilvusCli => (include_str!("config/templates/milvus-cli.sh"), Quoting::Shell),
        }
    }
}

/// Fills the target's template in.
pub fn render(target: Target, setting: &Setting<'_>) -> Result<String> {
    let (template, quoting) = target.template();
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_formatter(move |out, _, value| quoting.write(out, value));
    environment.render_str(template, setting.values(target)?).map_err(|e| {
        Failure::failed(format!("the template cannot be filled in: {e:#}")).hint("please report this")
    })
}

/// The path from the root, where what is printed may be read from another directory.
fn whole(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|e| Failure::failed(format!("{}: {e}", path.display())).hint("give another directory"))
}
