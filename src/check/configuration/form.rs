//! Which configuration a file is: known by its structure, as nobody keeps to names of files.

use std::path::Path;

use super::settings::{self, Setting, Settings};
use super::stray;
use super::{Instance, Reading, compose, kubernetes};
use crate::check::{Code, Finding, Place};
use crate::yaml::{self, Node, Style};

/// Which configuration a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// milvus.yaml, or user.yaml beside it.
    Milvus,
    /// docker-compose.yml, or an override of it.
    Compose,
    /// Values of the chart `zilliztech/milvus`.
    Helm,
    /// A resource of Milvus Operator.
    Operator,
}

/// Sections of milvus.yaml (milvus-io/milvus `configs/milvus.yaml`, 2.3 to 3.0).
const SECTIONS: [&str; 29] = [
    "common",
    "tls",
    "internaltls",
    "proxy",
    "etcd",
    "metastore",
    "tikv",
    "localstorage",
    "minio",
    "mq",
    "woodpecker",
    "pulsar",
    "kafka",
    "rocksmq",
    "natsmq",
    "mixcoord",
    "rootcoord",
    "querycoord",
    "querynode",
    "indexcoord",
    "indexnode",
    "datacoord",
    "datanode",
    "streamingnode",
    "log",
    "grpc",
    "quotaandlimits",
    "trace",
    "knowhere",
];

/// Keys that values of the chart have and milvus.yaml has not (zilliztech/milvus-helm `charts/milvus/values.yaml`, 5.0.19).
/// The first is the heading of `helm get values`.
const VALUES: [&str; 22] = [
    "USER-SUPPLIED VALUES",
    "COMPUTED VALUES",
    "extraConfigFiles",
    "customConfigMap",
    "volumes",
    "volumeMounts",
    "cluster",
    "standalone",
    "image",
    "service",
    "ingress",
    "serviceAccount",
    "nodeSelector",
    "tolerations",
    "rootCoordinator",
    "mixCoordinator",
    "externalS3",
    "externalEtcd",
    "externalKafka",
    "externalPulsar",
    "pulsarv3",
    "attu",
];

impl Form {
    /// `None` where no document is any of them.
    pub(super) fn of(documents: &[Node]) -> Option<Self> {
        let forms = [Self::Operator, Self::Compose, Self::Helm, Self::Milvus];
        forms.into_iter().find(|form| documents.iter().any(|document| form.is_form_of(document)))
    }

    pub(super) fn is_form_of(self, document: &Node) -> bool {
        let has = |key: &str| document.get(key).is_some();
        match self {
            Self::Operator => document
                .get("apiVersion")
                .and_then(Node::text)
                .is_some_and(|text| text.starts_with("milvus.io/")),
            Self::Compose => document.get("services").is_some_and(Node::is_mapping),
            Self::Helm => !has("apiVersion") && VALUES.into_iter().any(has),
            Self::Milvus => {
                let is_section = |key: &Node| {
                    key.text().is_some_and(|key| {
                        let first = key.split('.').next().unwrap_or_default();
                        SECTIONS.contains(&settings::formatted(first).as_str()) || stray::is_tls(key)
                    })
                };
                !has("apiVersion") && document.pairs().iter().any(|(key, _)| is_section(key))
            }
        }
    }

    /// What people call it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Milvus => "milvus.yaml",
            Self::Compose => "Compose file",
            Self::Helm => "Helm values",
            Self::Operator => "Milvus Operator resource",
        }
    }

    pub(super) fn read(self, document: &Node, dir: &Path, reading: &mut Reading) {
        match self {
            Self::Milvus => {
                let place = |line| Place::Configuration { source: 0, line };
                let settings = milvus_yaml(document, &place, reading);
                let at = Some(place(document.line));
                reading.instances.push(Instance {
                    settings,
                    serves_clients: true,
                    at,
                    ..Instance::default()
                });
            }
            Self::Compose => compose::read(document, dir, reading),
            Self::Helm => kubernetes::read_values(document, reading),
            Self::Operator => kubernetes::read_resource(document, reading),
        }
    }
}

/// The settings of a milvus.yaml, wherever it stands, and what Milvus ignores of them.
pub(super) fn milvus_yaml(node: &Node, place: &dyn Fn(usize) -> Place, reading: &mut Reading) -> Settings {
    for key in settings::repeated(node) {
        let message = format!(
            "{:?} comes twice in one mapping: Milvus reads the last one alone, and nothing of the others",
            key.text().unwrap_or_default()
        );
        reading.find(Finding::new(Code::ConfigDuplicateKey, place(key.line), message));
    }
    Settings::of(node, place)
}

/// A milvus.yaml as one text within another file, as the chart has it. A literal one (`|`) keeps its lines.
pub(super) fn embedded(node: &Node, key: &str, source: usize, reading: &mut Reading) -> Settings {
    let text = node.text().unwrap_or_default();
    let is_literal = matches!(&node.content, yaml::Content::Scalar(_, Style::Literal));
    let first = node.line;
    let place = move |line: usize| Place::Configuration {
        source,
        line: if is_literal { first + line.saturating_sub(1) } else { first },
    };
    match yaml::parse(text) {
        Ok(documents) => match documents.first() {
            Some(document) => milvus_yaml(document, &place, reading),
            None => Settings::default(),
        },
        Err(invalid) => {
            let message =
                format!("is not valid YAML within {key} ({}): Milvus ignores all of {key}", invalid.why);
            reading.find(Finding::new(Code::ConfigWrongType, place(invalid.line), message));
            Settings::default()
        }
    }
}

/// Variables of the environment as Kubernetes has them: a list of `name` and `value`.
pub(super) fn kubernetes_variables(list: Option<&Node>, settings: &mut Settings) {
    for item in list.map(Node::items).unwrap_or_default() {
        let Some(name) = item.get("name").and_then(Node::text) else { continue };
        // What comes from a Secret or a field is not known here.
        let value = item.get("value").and_then(Node::text).map(str::to_owned);
        settings.push(Setting::variable(name, value, Place::Configuration { source: 0, line: item.line }));
    }
}
