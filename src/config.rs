//! Milvus's configuration and its clients' code for the set that is there.
//!
//! The texts are templates (`config/templates/`, in minijinja's language, which is Jinja's): somebody who knows Milvus
//! can edit them without knowing Rust. Every value is written as a whole literal of the file's own language.

use std::path::{Path, PathBuf};

use minijinja::{Environment, Value};

use crate::error::{Failure, Result};

mod context;
mod members;
mod quote;
mod values;

pub use context::Setting;
use quote::Quoting;
pub use values::with_values;

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
    /// REST requests with curl
    Rest,
    /// Variables for tools that have no TLS options (tlsMode 1 only)
    Env,
    /// docker-compose.override.yaml for Dify (tlsMode 1 only)
    Dify,
    /// application.yaml of Spring AI
    SpringAi,
    /// Python program with `langchain-milvus`
    Langchain,
    /// etcd's members, and the block of milvus.yaml for them
    Etcd,
    /// `MinIO`'s files, and the block of milvus.yaml for it
    Minio,
    /// Kafka's properties, and the block of milvus.yaml for it
    Kafka,
    /// Block of milvus.yaml for replication to this cluster (--cluster)
    Cdc,
    /// nginx in front of Milvus
    Nginx,
    /// Ingress of ingress-nginx
    Ingress,
}

/// What of Milvus's own Compose file talks TLS too: the values of `--secure`, and their help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Secured {
    /// With client certificates
    Etcd,
    /// The object store
    Minio,
}

/// Whose configuration it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    /// Milvus's.
    Server,
    /// A client's, which has an option for a server name other than the host.
    Client,
    /// A client's that checks the host alone.
    ClientOfHost,
}

/// How it finds the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Access {
    /// Where Milvus finds them, mounted.
    Mounted,
    /// By their paths, as the directory was typed.
    Paths,
    /// By paths from the root: what reads them takes a relative one for something else.
    WholePaths,
    /// It holds them itself, private keys too.
    Contents,
}

/// When it is of no use without the client's key and certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Client {
    Never,
    InMode2,
    Always,
    /// In no mode, since it has no way to present them: not printed for tlsMode 2.
    Unable,
}

/// What a target is made of and needs.
#[derive(Debug, Clone, Copy)]
struct Row {
    template: &'static str,
    quoting: Quoting,
    side: Side,
    access: Access,
    client: Client,
    /// Something in it signs with the CA key.
    signs: bool,
    /// What stands behind Milvus and has certificates of its own, as it is called in their files' names.
    behind: Option<&'static str>,
}

impl Row {
    const fn server(template: &'static str, quoting: Quoting) -> Self {
        let client = Client::Never;
        Self {
            template,
            quoting,
            side: Side::Server,
            access: Access::Mounted,
            client,
            signs: false,
            behind: None,
        }
    }

    const fn client(template: &'static str, quoting: Quoting) -> Self {
        let (side, access, client) = (Side::Client, Access::Paths, Client::InMode2);
        Self { template, quoting, side, access, client, signs: false, behind: None }
    }

    const fn behind(what: &'static str, client: Client, template: &'static str) -> Self {
        Self { client, behind: Some(what), ..Self::server(template, Quoting::Yaml) }
    }

    /// True if it is of no use without the client's key and certificate.
    fn needs_client(&self, tls_mode: u8) -> bool {
        self.client == Client::Always || (self.client == Client::InMode2 && tls_mode == 2)
    }
}

impl Target {
    /// The table of targets: a new one is a value above, a row here and its template.
    fn row(self) -> Row {
        let (server, client) = (Row::server, Row::client);
        match self {
            Self::MilvusYaml => server(include_str!("config/templates/milvus-yaml.yaml"), Quoting::Yaml),
            Self::Compose => Row {
                signs: true,
                access: Access::WholePaths,
                ..server(include_str!("config/templates/compose.yaml"), Quoting::Compose)
            },
            Self::Kubernetes => Row {
                access: Access::Contents,
                client: Client::InMode2,
                ..server(include_str!("config/templates/kubernetes.yaml"), Quoting::Yaml)
            },
            Self::Helm => server(include_str!("config/templates/helm.yaml"), Quoting::Yaml),
            Self::Operator => server(include_str!("config/templates/operator.yaml"), Quoting::Yaml),
            Self::CertManager => server(include_str!("config/templates/cert-manager.yaml"), Quoting::Yaml),
            Self::Pymilvus => client(include_str!("config/templates/client.py"), Quoting::Source),
            Self::Java => client(include_str!("config/templates/MilvusTls.java"), Quoting::Source),
            Self::Node => client(include_str!("config/templates/client.js"), Quoting::Source),
            Self::Go => client(include_str!("config/templates/client.go"), Quoting::Source),
            Self::Rust => client(include_str!("config/templates/client.rs"), Quoting::Rust),
            Self::Cpp => client(include_str!("config/templates/client.cpp"), Quoting::Source),
            // Compose takes a relative path for a volume's name.
            Self::Attu => Row {
                access: Access::WholePaths,
                ..client(include_str!("config/templates/attu.yaml"), Quoting::Compose)
            },
            Self::MilvusBackup => client(include_str!("config/templates/milvus-backup.yaml"), Quoting::Yaml),
            Self::MilvusCli => Row {
                side: Side::ClientOfHost,
                ..client(include_str!("config/templates/milvus-cli.sh"), Quoting::Shell)
            },
            Self::Rest => Row {
                side: Side::ClientOfHost,
                ..client(include_str!("config/templates/rest.sh"), Quoting::Shell)
            },
            Self::Env => Row {
                side: Side::ClientOfHost,
                access: Access::WholePaths,
                client: Client::Unable,
                ..client(include_str!("config/templates/env.sh"), Quoting::Shell)
            },
            Self::Dify => Row {
                access: Access::WholePaths,
                client: Client::Unable,
                ..client(include_str!("config/templates/dify.yaml"), Quoting::Compose)
            },
            Self::SpringAi => client(include_str!("config/templates/spring-ai.yaml"), Quoting::Yaml),
            Self::Langchain => client(include_str!("config/templates/langchain.py"), Quoting::Source),
            Self::Etcd => Row::behind("etcd", Client::Always, include_str!("config/templates/etcd.yaml")),
            Self::Minio => Row::behind("minio", Client::Never, include_str!("config/templates/minio.yaml")),
            Self::Kafka => Row::behind("kafka", Client::Always, include_str!("config/templates/kafka.yaml")),
            Self::Cdc => Row {
                client: Client::Always,
                ..server(include_str!("config/templates/cdc.yaml"), Quoting::Yaml)
            },
            Self::Nginx => Row {
                access: Access::WholePaths,
                ..client(include_str!("config/templates/nginx.conf"), Quoting::Nginx)
            },
            Self::Ingress => server(include_str!("config/templates/ingress.yaml"), Quoting::Yaml),
        }
    }
}

/// Fills the target's template in.
pub fn render(target: Target, setting: &Setting<'_>) -> Result<String> {
    let row = target.row();
    fill(row.template, row.quoting, setting.values(&row)?)
}

/// A name that the row does not give is an error, not an empty text.
fn fill(template: &str, quoting: Quoting, values: Value) -> Result<String> {
    let mut environment = Environment::new();
    environment.set_trim_blocks(true);
    environment.set_lstrip_blocks(true);
    environment.set_keep_trailing_newline(true);
    environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
    environment.set_formatter(move |out, _, value| quoting.write(out, value));
    environment.render_str(template, values).map_err(|e| {
        Failure::failed(format!("the template cannot be filled in: {e:#}")).hint("please report this")
    })
}

/// The path from the root, where what is printed may be read from another directory.
fn whole(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|e| Failure::failed(format!("{}: {e}", path.display())).hint("give another directory"))
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;
    use minijinja::context;

    use super::*;

    /// `client_pem_path=""` connects to nothing, and says nothing of why.
    #[test]
    fn what_a_row_does_not_give_is_an_error_and_not_an_empty_text() {
        let given = fill("path={{ client_pem }}", Quoting::Source, context! { client_pem => "client.pem" });
        assert_eq!(given.unwrap(), "path=\"client.pem\"");
        let lacking = fill("path={{ client_pem }}", Quoting::Source, context! {}).unwrap_err();
        assert!(lacking.message.contains("undefined value"), "{lacking}");
    }

    #[test]
    fn each_row_gives_what_its_template_shows() {
        for target in Target::value_variants() {
            let row = target.row();
            let shows = |name: &str| row.template.contains(&format!("{{{{ {name}"));
            let shows_client = ["client_pem", "client_key"].map(shows);
            assert!(shows_client == [false; 2] || row.needs_client(2), "{target:?}: the client's files");
            assert_eq!(shows("server_key_base64"), row.access == Access::Contents, "{target:?}: contents");
            assert_eq!(row.needs_client(1), row.client == Client::Always, "{target:?}");
            assert_eq!(row.template.contains("members"), row.behind.is_some(), "{target:?}: members");
        }
    }
}
