//! What templates are filled in with.

use std::ffi::OsStr;
use std::net::IpAddr;
use std::path::Path;

use base64ct::{Base64, Encoding};
use minijinja::value::merge_maps;
use minijinja::{Value, context};
use zeroize::Zeroizing;

use super::quote::Quoting;
use super::{Access, Client, Row, Secured, Side, whole};
use crate::certificate::Certificate;
use crate::check;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::foreign::{is_hidden, quoted};
use crate::keys::KeyKind;
use crate::profile::Role;
use crate::san::San;
use crate::set::{Leaf, Set};
use crate::store::read_path;

/// Where Compose mounts what Milvus reads, beside the Compose file.
const MOUNTED: &str = "tls";

/// Used where that may be the set's own directory, with ca.key in it.
const MOUNTED_INSTEAD: &str = "milvus-tls";

/// The set, and what is asked for.
pub struct Setting<'a> {
    /// The set's directory, as it was typed.
    pub dir: &'a Path,
    /// The set; it has been checked.
    pub set: &'a Set,
    /// What the client's files are called, whether they are there or not.
    pub client_base: &'a BaseName,
    /// 1 or 2.
    pub tls_mode: u8,
    /// `--host`: where clients find the server.
    pub host: Option<&'a str>,
    /// The port of Milvus's gRPC service.
    pub port: u16,
    /// `--internal-tls`
    pub internal_tls: bool,
    /// Name of the Kubernetes objects.
    pub name: &'a str,
    /// Their namespace.
    pub namespace: &'a str,
    /// Where Milvus finds the files.
    pub mount_path: &'a str,
    /// `--cluster`: what the replicating cluster calls this one.
    pub cluster: Option<&'a str>,
    /// `--secure`: what of Milvus's own Compose file talks TLS too.
    pub secure: &'a [Secured],
    /// `--mount-only`: Compose gets no service that renews the certificates.
    pub mount_only: bool,
    /// `--for-version`: the version of what the configuration is for, where there are several forms.
    pub for_version: Option<u8>,
}

impl Setting<'_> {
    pub(super) fn values(&self, row: &Row) -> Result<Value> {
        self.check_paths(row)?;
        self.check_mode(row)?;
        if row.signs && !self.mount_only && self.set.ca.key.parsed().is_none() {
            let key = self.dir.join(self.set.ca_base.file(FileKind::Key));
            let problem = self.set.ca.key.problem().unwrap_or_default();
            return Err(Failure::failed(format!(
                "{}: {problem}, and the service that renews certificates signs with it",
                shown(&key)
            ))
            .hint("leave that service out: milvus-certgen config compose --mount-only"));
        }
        let server = self.leaf(Role::Server)?;
        let certificate = server.files.parsed_certificate().ok_or_else(|| self.missing(&server.base))?;
        let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
        let (host, server_name) = self.host_and_name(row.side, names, &server.base)?;
        let bracketed = if host.contains(':') { format!("[{host}]") } else { host.clone() };
        let address = format!("{bracketed}:{}", self.port);
        let ca_pem = self.set.ca_base.file(FileKind::Certificate);
        // REST never shares gRPC's port.
        let rest_port = if self.port == 8080 { 8081 } else { 8080 };
        let (key_algorithm, key_size) = algorithm(certificate);
        let client = if row.needs_client(self.tls_mode) { Some(self.client()?) } else { None };
        let files = match (row.access, client) {
            (Access::Contents, client) => self.contents(server, client, &ca_pem)?,
            (access, Some(client)) => {
                let path = |kind| self.path(access, &client.base.file(kind));
                context! { client_pem => path(FileKind::Certificate)?, client_key => path(FileKind::Key)? }
            }
            (_, None) => context! {},
        };
        Ok(context! {
            host => host,
            port => self.port,
            uri => format!("https://{address}"),
            address => address,
            loopback => is_loopback(&host),
            server_name => server_name,
            internal_sni => server_name,
            two_way => self.tls_mode == 2,
            tls_mode => self.tls_mode,
            internal_tls => self.internal_tls,
            mounted_server_pem => self.in_mount(&server.base.file(FileKind::Certificate)),
            mounted_server_key => self.in_mount(&server.base.file(FileKind::Key)),
            mounted_ca_pem => self.in_mount(&ca_pem),
            mount => self.mount_path,
            ca_file => self.set.ca_base.to_string(),
            server_file => server.base.to_string(),
            client_file => self.client_base.to_string(),
            ca_pem => self.path(row.access, &ca_pem)?,
            common_name => certificate.subject.common_name().unwrap_or(&server_name),
            server_names => names.iter().filter_map(San::flag_value).collect::<Vec<_>>(),
            dns_names => names.iter().filter(|n| matches!(n, San::Dns(_))).map(San::value).collect::<Vec<_>>(),
            ip_addresses => names.iter().filter(|n| matches!(n, San::Ip(_))).map(San::value).collect::<Vec<_>>(),
            days => (certificate.not_after - certificate.not_before).whole_days(),
            key_algorithm => key_algorithm,
            key_size => key_size,
            dir => path_text(&whole(self.dir)?),
            mount_only => self.mount_only,
            mount_to_write => format!("./{}:/tls", self.mounted()?),
            mount_to_read => format!("./{}:{}:ro", self.mounted()?, self.mount_path),
            name => self.name,
            name_client => format!("{}-client", self.name),
            name_ingress => format!("{}-ingress", self.name),
            name_ca => format!("{}-ca", self.name),
            name_selfsigned => format!("{}-selfsigned", self.name),
            namespace => self.namespace,
            rest_port => rest_port,
            rest_uri => format!("https://{bracketed}:{rest_port}"),
            server_pem => self.path(row.access, &server.base.file(FileKind::Certificate))?,
            server_key => self.path(row.access, &server.base.file(FileKind::Key))?,
            ca_name => ca_pem,
            cluster => self.cluster.unwrap_or_default(),
            for_version => self.for_version.unwrap_or(2),
            ..merge_maps([self.members(row)?, files])
        })
    }

    /// A line break in a path would end a line of what is printed, and there is no form of it that all languages have.
    fn check_paths(&self, row: &Row) -> Result<()> {
        let dir = whole(self.dir)?;
        let is_fit = |c| !is_hidden(c) && (row.quoting != Quoting::Nginx || c != '$');
        if dir.to_str().is_some_and(|dir| dir.chars().all(is_fit)) {
            return Ok(());
        }
        Err(Failure::failed(format!(
            "{:?}: a path that cannot be written into a configuration",
            dir.display().to_string()
        ))
        .hint("give the set a directory of plain text, without tabs, line breaks and what is not seen"))
    }

    /// What has no setting for a client certificate cannot be configured for a Milvus that demands one.
    fn check_mode(&self, row: &Row) -> Result<()> {
        if row.client != Client::Unable || self.tls_mode != 2 {
            return Ok(());
        }
        Err(Failure::failed("--tls-mode 2: it has no setting for a client certificate").hint(
            "put a proxy between it and Milvus, which has one: milvus-certgen config nginx --tls-mode 2",
        ))
    }

    fn leaf(&self, role: Role) -> Result<&Leaf> {
        self.set.first(role).ok_or_else(|| self.missing(&BaseName::of_role(role)))
    }

    fn missing(&self, base: &BaseName) -> Failure {
        let pem = self.dir.join(base.file(FileKind::Certificate));
        Failure::failed(format!("{}: is missing", shown(&pem)))
            .hint("give the directory of a whole set with --dir, or make one with: milvus-certgen")
    }

    /// Where clients find the server, and the name that its certificate has for them.
    fn host_and_name(&self, side: Side, names: &[San], base: &BaseName) -> Result<(String, String)> {
        let concrete = |name: &&San| match name {
            San::Dns(name) => !name.starts_with("*."),
            San::Ip(_) => true,
            San::Email(_) | San::Uri(_) => false,
        };
        let first = names.iter().find(concrete).map(San::value);
        let Some(host) = self.host else {
            // Where no client is configured, no host is named; Milvus's own parts may go by any name of the certificate.
            let below = names.iter().filter(|_| side == Side::Server).find_map(|name| match name {
                San::Dns(name) => Some(format!("milvus.{}", name.strip_prefix("*.")?)),
                _ => None,
            });
            let name = first.or(below).ok_or_else(|| self.nameless(names, base))?;
            return Ok((name.clone(), name));
        };
        let name = San::parse("--host", host)?;
        if !concrete(&&name) {
            return Err(Failure::usage(format!("--host {host:?}: not a host that clients connect to"))
                .hint("give a host name or an IP address, such as db.example.com"));
        }
        // What the certificate is not for is checked under a name that it is for.
        let server_name = if check::has_name(names, &name) { Some(name.value()) } else { first };
        let server_name = server_name.ok_or_else(|| self.nameless(names, base))?;
        if side == Side::ClientOfHost && server_name != name.value() {
            let pem = self.dir.join(base.file(FileKind::Certificate));
            return Err(Failure::failed(format!(
                "--host {host:?}: {} is not for it, and this client cannot be told another name",
                shown(&pem)
            ))
            .hint(format!("give a --host that it is for, such as {}", quoted(&server_name))));
        }
        Ok((name.value(), server_name))
    }

    fn nameless(&self, names: &[San], base: &BaseName) -> Failure {
        let pem = self.dir.join(base.file(FileKind::Certificate));
        let is_wildcard = names.iter().any(|name| matches!(name, San::Dns(_)));
        let what = if is_wildcard {
            "is for no host by its own name"
        } else {
            "has no name that a client can check"
        };
        Failure::failed(format!("{}: {what}", shown(&pem)))
            .hint("say with --host which host clients connect to, or sign for it: milvus-certgen --san db.example.com")
    }

    /// The client, whose key and certificate are there.
    pub(super) fn client(&self) -> Result<&Leaf> {
        let client = self.leaf(Role::Client)?;
        for kind in [FileKind::Certificate, FileKind::Key] {
            let path = self.dir.join(client.base.file(kind));
            if !path.exists() {
                return Err(Failure::failed(format!("{}: is missing, and this needs it", shown(&path)))
                    .hint("give the directory of a whole set with --dir, or issue it with: milvus-certgen"));
            }
        }
        Ok(client)
    }

    pub(super) fn path(&self, access: Access, file: &str) -> Result<String> {
        let path = self.dir.join(file);
        Ok(match access {
            Access::WholePaths => path_text(&whole(&path)?),
            Access::Paths => shown(&path).to_string(),
            Access::Mounted | Access::Contents => self.in_mount(file),
        })
    }

    /// Where Milvus finds a file: what it shows to another cluster lies apart from its own.
    fn in_mount(&self, file: &str) -> String {
        let apart = self.cluster.map(|cluster| format!("{cluster}/")).unwrap_or_default();
        format!("{}/{apart}{file}", self.mount_path)
    }

    /// The directory that Milvus gets: never the one with ca.key.
    fn mounted(&self) -> Result<&'static str> {
        // By the last part of its name alone: where the Compose file will stand is not known.
        let own = self.dir.canonicalize().or_else(|_| whole(self.dir))?;
        Ok(if own.file_name() == Some(OsStr::new(MOUNTED)) { MOUNTED_INSTEAD } else { MOUNTED })
    }

    /// What goes into a Kubernetes Secret; never the CA's key.
    fn contents(&self, server: &Leaf, client: Option<&Leaf>, ca_pem: &str) -> Result<Value> {
        let encoded = |file: String| -> Result<Zeroizing<String>> {
            let path = self.dir.join(&file);
            let octets = read_path(&path)?.ok_or_else(|| {
                Failure::failed(format!("{}: is missing", shown(&path)))
                    .hint("give the directory of a whole set with --dir")
            })?;
            Ok(Zeroizing::new(Base64::encode_string(&octets)))
        };
        let client = match client {
            None => context! {},
            Some(client) => context! {
                client_pem_base64 => encoded(client.base.file(FileKind::Certificate))?.as_str(),
                client_key_base64 => encoded(client.base.file(FileKind::Key))?.as_str(),
            },
        };
        Ok(context! {
            ca_pem_base64 => encoded(ca_pem.to_owned())?.as_str(),
            server_pem_base64 => encoded(server.base.file(FileKind::Certificate))?.as_str(),
            server_key_base64 => encoded(server.base.file(FileKind::Key))?.as_str(),
            ..client
        })
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// In cert-manager's words; Ed25519 has no size there, and clients on gRPC's C core do not take it.
fn algorithm(certificate: &Certificate) -> (&'static str, u32) {
    match certificate.public_key.kind {
        Ok(KeyKind::Rsa(bits)) => ("RSA", bits),
        Ok(KeyKind::EcdsaP384) => ("ECDSA", 384),
        _ => ("ECDSA", 256),
    }
}

fn path_text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
