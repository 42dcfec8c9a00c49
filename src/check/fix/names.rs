//! Fixes for names that a certificate lacks.

use std::path::Path;

use crate::check::{Files, Place, server_name};
use crate::files::quoted;
use crate::foreign;
use crate::san::{San, add_missing};
use crate::set::Leaf;

impl Files<'_> {
    pub(super) fn name_host(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(leaf) if has_names(leaf) && !usable_names(leaf).iter().any(is_host) => {
                "name the host that clients connect to, where the CA key is: milvus-certgen --san NAME"
                    .to_owned()
            }
            _ => self.reissue(at),
        }
    }

    /// A new CA that limits host names only, with the names that the server has. Its CA may still sign for addresses,
    /// and somebody may need them: no run takes them away by itself.
    pub(super) fn constrain_anew(&self, at: Place) -> String {
        let certificate = self.leaf(at).and_then(|leaf| leaf.files.parsed_certificate());
        let names = certificate.and_then(|c| c.subject_alt_names.as_deref()).unwrap_or_default();
        let hosts: Vec<&str> = names
            .iter()
            .filter_map(|name| match name {
                San::Dns(host) => Some(host.as_str()),
                San::Ip(_) | San::Email(_) | San::Uri(_) => None,
            })
            .collect();
        let Some((first, rest)) = hosts.split_first() else {
            return "start over with a host name: milvus-certgen --force --constrain --cn NAME".to_owned();
        };
        let mut flags = format!("--force --constrain --cn {}", foreign::quoted(first));
        if !rest.is_empty() {
            flags = format!("{flags} --san {}", foreign::quoted(rest.join(",")));
        }
        self.command(&flags)
    }

    /// A run that signs for more names; the ones that the certificate has stay, as far as a run takes them.
    pub(super) fn add_names(&self, at: Place) -> Option<String> {
        let (leaf, names) = (self.leaf(at)?, self.names);
        let may_sign = |name: &San| {
            let constraints = self.set.ca_certificate().and_then(|ca| ca.name_constraints.as_ref());
            constraints.is_none_or(|constraints| constraints.allow(name))
        };
        if let Some(name) = names.iter().find(|name| !may_sign(name)) {
            return Some(format!("use another CA: this one may not sign for {name}"));
        }
        if !self.pair.contains(&&leaf.base) {
            return None;
        }
        let mut all = usable_names(leaf);
        add_missing(&mut all, names.iter().cloned());
        let list: Vec<String> = all.iter().filter_map(San::flag_value).collect();
        Some(self.signing(&format!("--san {}", quoted(Path::new(&list.join(","))))))
    }

    pub(super) fn name_server(&self) -> String {
        let names = self
            .server
            .and_then(|server| server.certificate)
            .and_then(|certificate| certificate.subject_alt_names.as_deref());
        match names.unwrap_or_default().iter().find(|name| matches!(name, San::Dns(_) | San::Ip(_))) {
            Some(name) => format!(
                "connect with server_name {} (--server-name here), or have the name added to the server \
                 certificate",
                foreign::quoted(name.value())
            ),
            None => "have the name added to the server certificate".to_owned(),
        }
    }
}

fn has_names(leaf: &Leaf) -> bool {
    let names = leaf.files.parsed_certificate().and_then(|c| c.subject_alt_names.as_ref());
    names.is_some_and(|names| !names.is_empty())
}

/// Those that a run takes.
fn usable_names(leaf: &Leaf) -> Vec<San> {
    let names = leaf.files.parsed_certificate().and_then(|c| c.subject_alt_names.as_deref());
    let names = names.unwrap_or_default().iter().map(San::as_clients_read_it);
    let mut usable = Vec::new();
    add_missing(&mut usable, names.filter(|name| name.flag_value().is_some()));
    usable
}

/// True for what a client can ask for.
fn is_host(name: &San) -> bool {
    server_name(name).is_some()
}
