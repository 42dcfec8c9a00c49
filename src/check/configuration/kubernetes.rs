//! Values of the chart `zilliztech/milvus`, and resources of Milvus Operator.

use super::form::{embedded, kubernetes_variables, milvus_yaml};
use super::mounts::{Mount, Mounts, Source};
use super::settings::{Settings, as_text};
use super::{Instance, Reading, stray};
use crate::check::{Code, Finding, Fix, Place};
use crate::yaml::Node;

fn place(line: usize) -> Place {
    Place::Configuration { source: 0, line }
}

/// Sections of the values that belong to charts below this one.
const OTHER_CHARTS: [&str; 8] = ["etcd", "minio", "pulsar", "pulsarv3", "kafka", "woodpecker", "tei", "attu"];

/// Values of the chart. Of all of them only `extraConfigFiles."user.yaml"` is Milvus's configuration: one string
/// (`indent` takes nothing else), which is mounted under that name alone, and not at all beside a `customConfigMap`
/// (zilliztech/milvus-helm `charts/milvus/templates/configmap.yaml` and standalone-deployment.yaml, 5.0.19).
pub(super) fn read_values(document: &Node, reading: &mut Reading) {
    let mut settings = Settings::default();
    let files = document.get("extraConfigFiles");
    for (key, value) in files.map(Node::pairs).unwrap_or_default() {
        let name = key.text().unwrap_or_default();
        if value.text().is_none() {
            let message = format!(
                "has extraConfigFiles.\"{name}\" as a mapping; the chart takes one string, and Helm fails"
            );
            let fix = Fix::Say("write `user.yaml: |` and indent what follows");
            reading.find(Finding { fix, ..Finding::new(Code::ConfigWrongType, place(key.line), message) });
            settings.extend(&milvus_yaml(value, &place, reading));
            continue;
        }
        let own = embedded(value, name, 0, reading);
        if name == "user.yaml" {
            settings.extend(&own);
            continue;
        }
        let why = format!("the chart does not mount for Milvus ({name}): it mounts user.yaml alone");
        let lost = own.iter().filter(|setting| stray::concerns_tls(setting));
        let lost: Vec<Finding> = lost
            .map(|setting| stray::misplaced(setting, &why, "set it in extraConfigFiles.\"user.yaml\""))
            .collect();
        reading.findings.extend(lost);
    }
    let custom =
        document.get("customConfigMap").filter(|node| node.text().is_some_and(|text| !text.is_empty()));
    let first = settings.iter().find(|setting| stray::concerns_tls(setting)).cloned();
    if let (Some(custom), Some(setting)) = (custom, first) {
        let why = format!("the chart ignores beside customConfigMap (line {})", custom.line);
        let fix = "set it in that ConfigMap's milvus.yaml, or leave customConfigMap out";
        reading.find(stray::misplaced(&setting, &why, fix));
        settings = Settings::default();
    }
    misplaced_values(document, reading);
    let is_cluster = document.at(&["cluster", "enabled"]).and_then(as_text).as_deref() != Some("false");
    let component = if is_cluster { "proxy" } else { "standalone" };
    kubernetes_variables(document.at(&[component, "extraEnv"]), &mut settings);
    let own = document.get("proxy").filter(|_| is_cluster);
    let mounts = mounts(&[Some(document), own]);
    let version = document.at(&["image", "all", "tag"]).and_then(Node::text).and_then(version);
    let at = files.map_or(document.line, |files| files.line);
    reading.instances.push(Instance {
        settings,
        mounts: Some(mounts),
        version,
        serves_clients: true,
        at: Some(place(at)),
        ..Instance::default()
    });
}

/// Milvus's settings at the top of the values, as `--set common.security.tlsMode=2` puts them there.
fn misplaced_values(document: &Node, reading: &mut Reading) {
    for (key, value) in document.pairs() {
        let name = key.text().unwrap_or_default();
        if name == "extraConfigFiles" || OTHER_CHARTS.contains(&name) {
            continue;
        }
        let mut own = Settings::default();
        if value.is_mapping() {
            own.extend(&Settings::of(value, &place));
        }
        let lost = own.iter().map(|setting| super::settings::Setting {
            key: format!("{name}.{}", setting.key),
            name: super::settings::formatted(&format!("{name}.{}", setting.key)),
            ..setting.clone()
        });
        for setting in lost.filter(stray::concerns_tls) {
            let fix = "set it in extraConfigFiles.\"user.yaml\", as `milvus-certgen config helm` prints it";
            reading.find(stray::misplaced(
                &setting,
                "the chart does not read: it passes user.yaml alone to Milvus",
                fix,
            ));
        }
    }
}

/// A resource of the Operator. `spec.config` is Milvus's configuration, a mapping
/// (zilliztech/milvus-operator `apis/milvus.io/v1beta1/milvus_types.go` and `values_types.go`, 1.3.8).
pub(super) fn read_resource(document: &Node, reading: &mut Reading) {
    let mut settings = Settings::default();
    let config = document.at(&["spec", "config"]);
    match config {
        Some(config) if config.is_mapping() => settings = milvus_yaml(config, &place, reading),
        Some(config) if !config.is_null() => {
            let message = "has spec.config as a string; it is a mapping, and Kubernetes rejects the resource";
            let fix = Fix::Say("leave the `|` out, so that the lines below are keys of spec.config");
            reading.find(Finding { fix, ..Finding::new(Code::ConfigWrongType, place(config.line), message) });
            settings = embedded(config, "spec.config", 0, reading);
        }
        _ => {}
    }
    let everything = Settings::of(document, &place);
    let is_elsewhere = |key: &str| !key.starts_with("spec.config.");
    for setting in
        everything.iter().filter(|setting| is_elsewhere(&setting.key) && stray::is_tls(&setting.key))
    {
        let why = "Milvus Operator does not pass on: only spec.config is Milvus's configuration";
        reading.find(stray::misplaced(setting, why, "move it below spec.config"));
    }
    let components = document.at(&["spec", "components"]);
    let is_cluster = document.at(&["spec", "mode"]).and_then(Node::text) == Some("cluster");
    let own =
        components.and_then(|components| components.get(if is_cluster { "proxy" } else { "standalone" }));
    for list in [components, own] {
        kubernetes_variables(list.and_then(|node| node.get("env")), &mut settings);
    }
    let mounts = mounts(&[components, own]);
    let image = components.and_then(|components| components.get("image")).and_then(Node::text);
    let name = document.at(&["metadata", "name"]).and_then(Node::text);
    reading.instances.push(Instance {
        name: name.map(|name| format!("Milvus {name}")),
        settings,
        mounts: Some(mounts),
        version: image.and_then(version),
        serves_clients: true,
        at: Some(place(config.map_or(document.line, |config| config.line))),
    });
}

/// `volumes` and `volumeMounts` of the whole and of a component.
fn mounts(parents: &[Option<&Node>]) -> Mounts {
    // The data of a standalone Milvus, and of other parts, whose volumes both have by themselves.
    let data = Mount { target: "/var/lib/milvus".to_owned(), source: Source::Volume, at: place(1) };
    let mut mounts = Mounts(vec![data]);
    let list =
        |key: &str| parents.iter().flatten().filter_map(|node| node.get(key)).flat_map(Node::items).collect();
    let volumes: Vec<&Node> = list("volumes");
    let mounted: Vec<&Node> = list("volumeMounts");
    for mount in mounted {
        let text = |key: &str| mount.get(key).and_then(Node::text);
        let Some(target) = text("mountPath") else { continue };
        let name = text("name").unwrap_or_default();
        let volume = volumes.iter().find(|volume| volume.get("name").and_then(Node::text) == Some(name));
        let is_own =
            ["milvus-config", "milvus-data-disk", "tools", "disk", "milvus-logs-disk"].contains(&name);
        let Some(volume) = volume else {
            let source = if is_own { Source::Volume } else { Source::Nowhere(name.to_owned()) };
            mounts.0.push(Mount { target: target.to_owned(), source, at: place(mount.line) });
            continue;
        };
        let items = volume.at(&["secret", "items"]).or_else(|| volume.at(&["configMap", "items"]));
        let keys = items
            .map(|items| items.items().iter().filter_map(|item| item.get("path")?.text().map(str::to_owned)));
        let is_file = text("subPath").is_some();
        let source = keys.filter(|_| !is_file).map_or(Source::Volume, |keys| Source::Keys(keys.collect()));
        mounts.0.push(Mount { target: target.to_owned(), source, at: place(mount.line) });
    }
    mounts
}

/// The version in the tag of an image: `milvusdb/milvus:v2.4.13-gpu`.
pub(super) fn version(image: &str) -> Option<[u32; 3]> {
    let tag = image.rsplit_once(':').map_or(image, |(_, tag)| tag);
    let digits = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let mut parts = tag.strip_prefix('v').unwrap_or(tag).splitn(3, '.');
    Some([digits(parts.next()?)?, digits(parts.next()?)?, digits(parts.next()?)?])
}
