//! The certificates of what stands behind Milvus: etcd's members, `MinIO`, Kafka.

use std::path::Path;

use minijinja::{Value, context};

use super::context::Setting;
use super::{Row, Secured};
use crate::check;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, quoted, shown};
use crate::profile::Role;
use crate::san::San;
use crate::set::Leaf;

impl Setting<'_> {
    /// One for each certificate: what it is called, where it is reached, and its files; and all in a row.
    pub(super) fn members(&self, row: &Row) -> Result<Value> {
        let Some(what) = row.behind else { return self.secured(row) };
        // Those that show their certificate to each other need one for both.
        let role = if row.needs_client(1) { Role::Peer } else { Role::Server };
        let asked = self.host.map(|host| San::parse("--host", host)).transpose()?;
        let (mut members, mut peers, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
        for (leaf, names) in self.leaves_for(role) {
            let is_meant = match &asked {
                Some(host) => check::has_name(names, host),
                None => leaf.base.to_string().to_ascii_lowercase().contains(what),
            };
            let host = asked.as_ref().or(names.iter().find(|name| name.is_host()));
            let Some(host) = host.filter(|_| is_meant) else { continue };
            let host = host.value();
            let host = if host.contains(':') { format!("[{host}]") } else { host };
            members.push(context! {
                name => leaf.base.to_string(),
                host => host,
                pem => leaf.base.file(FileKind::Certificate),
                key => leaf.base.file(FileKind::Key),
            });
            peers.push(format!("{}=https://{host}:2380", leaf.base));
            hosts.push(host);
        }
        if members.is_empty() {
            return Err(self.lacks(role, self.host.unwrap_or(what)));
        }
        let at = |port: u16| hosts.iter().map(|host| format!("{host}:{port}")).collect::<Vec<_>>().join(",");
        Ok(context! {
            members => members,
            initial_cluster => peers.join(","),
            etcd_endpoints => at(2379),
            kafka_brokers => at(9093),
        })
    }

    /// `--secure`: the files of the services of Milvus's own Compose file, which are reached by their names.
    fn secured(&self, row: &Row) -> Result<Value> {
        let mut files = Vec::new();
        for secured in self.secure.iter().filter(|_| row.signs) {
            let (name, role) = match secured {
                Secured::Etcd => ("etcd", Role::Peer),
                Secured::Minio => ("minio", Role::Server),
            };
            let host = San::Dns(name.to_owned());
            let found = self.leaves_for(role).find(|(_, names)| check::has_name(names, &host));
            let (leaf, _) = found.ok_or_else(|| self.lacks(role, name))?;
            let pem = self.path(row.access, &leaf.base.file(FileKind::Certificate))?;
            let key = self.path(row.access, &leaf.base.file(FileKind::Key))?;
            files.push((name, context! { pem => pem, key => key }));
        }
        let client = if self.secure.contains(&Secured::Etcd) { Some(self.client()?) } else { None };
        let client = client.map(|client| {
            let file = |kind| self.path(row.access, &client.base.file(kind));
            Ok::<_, Failure>(context! { pem => file(FileKind::Certificate)?, key => file(FileKind::Key)? })
        });
        let of = |name: &str| files.iter().find(|(own, _)| *own == name).map(|(_, files)| files.clone());
        Ok(context! { etcd => of("etcd"), minio => of("minio"), client => client.transpose()? })
    }

    /// With files as `peer NAME` calls them, which need no quotes in any language.
    fn leaves_for(&self, role: Role) -> impl Iterator<Item = (&Leaf, &[San])> {
        let is_plain =
            |leaf: &&Leaf| BaseName::made_safe(&leaf.base.to_string()).is_ok_and(|base| base == leaf.base);
        let leaves = self.set.leaves.iter().filter(is_plain).filter(move |leaf| leaf.role.covers(role));
        leaves.filter_map(|leaf| {
            let certificate = leaf.files.parsed_certificate()?;
            Some((leaf, certificate.subject_alt_names.as_deref().unwrap_or_default()))
        })
    }

    fn lacks(&self, role: Role, name: &str) -> Failure {
        let mut hint = format!("issue one with: milvus-certgen {role} {name}");
        if self.dir != Path::new(".") {
            hint = format!("{hint} --out-dir {}", quoted(self.dir));
        }
        Failure::failed(format!("{}: has no {role} certificate for {name}", shown(self.dir))).hint(hint)
    }
}
