//! What Milvus would ignore of a configuration, or stumble over: for `check --config`.
//!
//! A file is taken apart by its form ([`form`]) into what Milvus finds in each of its containers: settings, each with
//! the line that sets it, and mounts. Then the same rules ([`rules`]) judge all forms alike.

use std::path::{Path, PathBuf};

use crate::check::{Finding, Place};
use crate::error::{Failure, Result};
use crate::files::shown;
use crate::yaml;

mod compose;
mod form;
mod kubernetes;
mod merge;
mod mounts;
mod rules;
mod settings;
mod stray;

pub use form::Form;
pub use merge::merged;
use mounts::Mounts;
use settings::Settings;

/// A configuration and what is wrong with it.
#[derive(Debug)]
pub struct Configuration {
    /// What it is.
    pub form: Form,
    /// The tlsMode of each Milvus in it, as Milvus reads it; `None` where that cannot be known from here.
    pub tls_mode: Option<u8>,
    /// The file that was named, and those that it mounts: what [`Place::Configuration`] counts.
    pub sources: Vec<String>,
    /// What is wrong with it.
    pub findings: Vec<Finding>,
}

/// A container in which Milvus runs, or Milvus wherever it runs.
#[derive(Debug, Default)]
struct Instance {
    /// What it is called, where there are several: "service standalone".
    name: Option<String>,
    settings: Settings,
    /// What is mounted; `None` where that is not known from here.
    mounts: Option<Mounts>,
    /// The version of the image, where it has one.
    version: Option<[u32; 3]>,
    /// False for a part of a cluster to which no client connects.
    serves_clients: bool,
    /// Its own place, for what is wrong because nothing is there.
    at: Option<Place>,
}

/// What reading a file yields.
#[derive(Debug, Default)]
struct Reading {
    instances: Vec<Instance>,
    findings: Vec<Finding>,
    /// Names of files, as the user knows them.
    sources: Vec<String>,
}

impl Configuration {
    /// Judges a text. Other files are looked for from the directory that it is in; `own` is the directory of a
    /// certificate set that belongs to it.
    pub fn judge(name: &str, text: &str, dir: &Path, own: Option<&Path>) -> Result<Self> {
        let documents = yaml::parse(text).map_err(|invalid| {
            Failure::failed(format!("{name}:{}: is not valid YAML: {}", invalid.line, invalid.why))
                .hint("indent with spaces, alike on each level, and quote texts with ': ' or ' #' in them")
        })?;
        let form = Form::of(&documents).ok_or_else(|| unknown(name))?;
        let mut reading = Reading { sources: vec![name.to_owned()], ..Reading::default() };
        for document in documents.iter().filter(|document| form.is_form_of(document)) {
            form.read(document, dir, &mut reading);
        }
        let Reading { instances, mut findings, sources } = reading;
        let mut modes = Vec::new();
        for instance in &instances {
            findings.extend(rules::judge(instance, own));
            modes.extend(Some(instance).filter(|instance| instance.serves_clients).map(rules::tls_mode));
        }
        modes.dedup();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let tls_mode = if let [mode] = modes.as_slice() { *mode } else { None };
        Ok(Self { form, tls_mode, sources, findings })
    }

    /// Reads the file, or standard input for `-`, and judges it.
    pub fn check(path: &Path, own: Option<&Path>) -> Result<Self> {
        let text = crate::store::read_text(path, yaml::LARGEST)?;
        if path == Path::new("-") {
            return Self::judge("standard input", &text, Path::new("."), own);
        }
        let dir = path
            .parent()
            .filter(|dir| !dir.as_os_str().is_empty())
            .map_or_else(|| PathBuf::from("."), Into::into);
        Self::judge(&shown(path).to_string(), &text, &dir, own)
    }
}

fn unknown(name: &str) -> Failure {
    Failure::failed(format!(
        "{name}: is none of milvus.yaml, a Compose file, values of the Helm chart and a resource of Milvus Operator"
    ))
    .hint("give the file that sets tlsMode; print one with: milvus-certgen config milvus-yaml")
}

impl Reading {
    fn find(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
