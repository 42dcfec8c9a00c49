//! The certificates of what stands behind Milvus: etcd's members, `MinIO`, Kafka.

use minijinja::{Value, context};

use super::Row;
use super::context::Setting;
use crate::check;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::san::San;
use crate::set::Leaf;

impl Setting<'_> {
    /// One for each certificate: what it is called, where it is reached, and its files; and all in a row.
    pub(super) fn members(&self, row: &Row) -> Result<Value> {
        let Some(what) = row.behind else { return Ok(context! {}) };
        // Those that show their certificate to each other need one for both.
        let role = if row.needs_client(1) { Role::Peer } else { Role::Server };
        let asked = self.host.map(|host| San::parse("--host", host)).transpose()?;
        let (mut members, mut peers, mut hosts) = (Vec::new(), Vec::new(), Vec::new());
        // Files as `peer NAME` calls them need no quotes in any language.
        let is_plain =
            |leaf: &&Leaf| BaseName::made_safe(&leaf.base.to_string()).is_ok_and(|base| base == leaf.base);
        for leaf in self.set.leaves.iter().filter(is_plain).filter(|leaf| leaf.role.covers(role)) {
            let Some(certificate) = leaf.files.sound_certificate() else { continue };
            let names = certificate.subject_alt_names.as_deref().unwrap_or_default();
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
            let name = self.host.unwrap_or(what);
            return Err(Failure::failed(format!(
                "{}: has no {role} certificate for {name}",
                shown(self.dir)
            ))
            .hint(format!("issue one with: milvus-certgen {role} {name}")));
        }
        let at = |port: u16| hosts.iter().map(|host| format!("{host}:{port}")).collect::<Vec<_>>().join(",");
        Ok(context! {
            members => members,
            initial_cluster => peers.join(","),
            etcd_endpoints => at(2379),
            kafka_brokers => at(9093),
        })
    }
}
