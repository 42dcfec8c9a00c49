//! The steps after a run: who needs which file, and the command that prints the configuration for it.

use serde::{Serialize, Serializer};

use crate::files::{BaseName, FileKind, quoted, shown};
use crate::foreign::quoted_flag;
use crate::plan::{Action, KeyChoice, LeafPlan, Plan};
use crate::profile::Role;
use crate::set::Set;
use crate::spec::Spec;

/// A sentence, and perhaps the command that does what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub(super) text: String,
    pub(super) command: Option<String>,
}

impl Step {
    fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), command: None }
    }

    fn with(text: impl Into<String>, command: String) -> Self {
        Self { text: text.into(), command: Some(command) }
    }
}

impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.command {
            None => serializer.serialize_str(&self.text),
            Some(command) => serializer.collect_str(&format_args!("{}: {command}", self.text)),
        }
    }
}

/// What has to be done with the files, as far as this run makes it necessary.
pub(super) fn next(plan: &Plan, spec: &Spec, set: &Set) -> Vec<Step> {
    if plan.keeps_everything() {
        return Vec::new();
    }
    match (plan.ca.action, set.first(Role::Server), set.first(Role::Client)) {
        (Action::Issue, Some(_), Some(_)) => first_steps(plan, spec, set),
        (Action::Issue, None, None) => {
            let dir = dir_flag("--out-dir", spec);
            let command = format!("milvus-certgen{}{dir}", base_flags(spec, set));
            vec![Step::with("issue the server and client certificates", command)]
        }
        _ => later_steps(plan, spec, set),
    }
}

/// With a new CA: from the files to a client that connects.
fn first_steps(plan: &Plan, spec: &Spec, set: &Set) -> Vec<Step> {
    let config = |target: &str| {
        format!("milvus-certgen config {target}{}{}", dir_flag("--dir", spec), base_flags(spec, set))
    };
    let [ca_pem, ca_key] = [FileKind::Certificate, FileKind::Key].map(|kind| set.ca_base.file(kind));
    let pair = |role: Role| {
        let base = set.first(role).map_or_else(|| BaseName::of_role(role), |leaf| leaf.base.clone());
        [FileKind::Certificate, FileKind::Key].map(|kind| base.file(kind))
    };
    let ([server_pem, server_key], [client_pem, client_key]) = (pair(Role::Server), pair(Role::Client));
    let mount = match &spec.tls_dir {
        Some(tls_dir) => format!("mount {} at /milvus/tls", shown(&tls_dir.path)),
        None => format!("copy {server_pem}, {server_key} and {ca_pem} to /milvus/tls"),
    };
    let mut steps = Vec::new();
    if plan.ca.discard_key {
        steps.push(Step::new(format!(
            "{ca_key} was discarded: when the certificates expire, start over with --force"
        )));
    }
    if !plan.ca.discard_key {
        let command = format!("{} > docker-compose.override.yml", config("compose"));
        steps.push(Step::with("Milvus in Docker Compose: mount the files and enable TLS with", command));
    }
    let elsewhere = if plan.ca.discard_key { "" } else { " elsewhere" };
    steps.push(Step::with(
        format!("Milvus{elsewhere}: {mount}, add this to milvus.yaml, and restart Milvus"),
        config("milvus-yaml"),
    ));
    let host = set.first(Role::Server).and_then(|server| {
        Some(server.files.parsed_certificate()?.subject_alt_names.as_ref()?.first()?.to_string())
    });
    steps.push(Step::with(
        format!(
            "clients trust {ca_pem} and connect to {}; with tlsMode 2 they need {client_pem} and {client_key} too",
            host.as_deref().unwrap_or("the server's name")
        ),
        config("pymilvus"),
    ));
    steps
}

/// With an existing CA: who needs what is new.
fn later_steps(plan: &Plan, spec: &Spec, set: &Set) -> Vec<Step> {
    let ca_pem = spec.ca_copy.as_ref().unwrap_or(&set.ca_base).file(FileKind::Certificate);
    let mut steps: Vec<Step> = Vec::new();
    let changed = plan.leaves.iter().filter(|leaf| leaf.action != Action::Keep);
    let mut restart = plan.ca.action == Action::Resign;
    for leaf in changed {
        let [pem, key, csr] =
            [FileKind::Certificate, FileKind::Key, FileKind::Csr].map(|kind| leaf.base.file(kind));
        if matches!(leaf.key, KeyChoice::PublicHalf(_)) {
            steps.push(Step::new(format!("send {pem} and {ca_pem} to whoever created {csr}")));
            continue;
        }
        let is_own_server = leaf.role == Role::Server && leaf.base == BaseName::of_role(Role::Server);
        restart |= is_own_server || (leaf.role.serves() && leaf.action != Action::Issue);
        match (leaf.action, leaf.new_key()) {
            (Action::Issue, _) => {
                steps.push(Step::new(format!("{} needs {pem}, {key} and {ca_pem}", owner(leaf))));
            }
            // Its directory is up to date already.
            _ if is_own_server && spec.tls_dir.is_some() => {}
            (_, Some(_)) => steps.push(Step::new(format!("{} needs the new {pem} and {key}", owner(leaf)))),
            _ => steps.push(Step::new(format!("{} needs the new {pem}", owner(leaf)))),
        }
        if was_trusted_alone(leaf, plan) {
            steps.push(Step::new(format!(
                "clients that trust a copy of the old {pem} need {ca_pem} in its place, once"
            )));
        }
    }
    if restart {
        steps.push(Step::new("restart Milvus: it reads its files once, at start"));
    }
    steps
}

fn owner(leaf: &LeafPlan) -> String {
    match leaf.role {
        Role::Client if leaf.base == BaseName::of_role(Role::Client) => "the client".to_owned(),
        Role::Server if leaf.base == BaseName::of_role(Role::Server) => "Milvus".to_owned(),
        role => format!("{role} {}", leaf.base),
    }
}

/// True if the old file could be what one-way clients trust, as the Milvus page has it, and the new one has another
/// issuer at its end: a lone certificate says nothing of one that comes after it.
fn was_trusted_alone(leaf: &LeafPlan, plan: &Plan) -> bool {
    let old = plan.set.leaves.iter().find(|old| old.base == leaf.base);
    let old = old.and_then(|old| old.files.certificate.parsed());
    leaf.signs() && leaf.role.serves() && old.is_some_and(|file| file.chain.is_empty())
}

fn dir_flag(flag: &str, spec: &Spec) -> String {
    match quoted(&spec.out_dir) {
        here if here == "." => String::new(),
        dir => format!(" {flag} {dir}"),
    }
}

/// The base names that are not the default ones.
fn base_flags(spec: &Spec, set: &Set) -> String {
    let ca = spec.ca_copy.as_ref().unwrap_or(&set.ca_base);
    let leaf = |role| set.first(role).map(|leaf| &leaf.base);
    let all = [
        ("--ca-file", Role::Ca, Some(ca)),
        ("--server-file", Role::Server, leaf(Role::Server)),
        ("--client-file", Role::Client, leaf(Role::Client)),
    ];
    let other = all.into_iter().filter_map(|(flag, role, base)| {
        let base = base.filter(|base| **base != BaseName::of_role(role))?;
        Some(format!(" {}", quoted_flag(flag, &base.to_string())))
    });
    other.collect()
}
