//! A Compose file: services with Milvus in them, their variables and what they mount.
//!
//! Short and long forms are those of compose-spec/compose-spec spec.md; variables in values are filled in from their
//! defaults alone (`${NAME:-default}`), as the environment of `docker compose` is not known here.

use std::path::Path;

use super::form::milvus_yaml;
use super::mounts::{Mount, Mounts, Source, on_host};
use super::settings::{Setting, Settings, as_text, formatted, merged};
use super::{Instance, Reading, stray};
use crate::check::{Code, Finding, Place};
use crate::files::shown;
use crate::yaml::{self, Node};

/// What Milvus reads besides its variables (milvus-io/milvus `pkg/util/paramtable/base_table.go`), the later ones first
/// in the order in which they win.
const FILES: [&str; 3] =
    ["/milvus/configs/milvus.yaml", "/milvus/configs/default.yaml", "/milvus/configs/user.yaml"];

fn place(line: usize) -> Place {
    Place::Configuration { source: 0, line }
}

pub(super) fn read(document: &Node, dir: &Path, reading: &mut Reading) {
    let services: Vec<(&Node, &Node)> = document.get("services").map(merged).unwrap_or_default();
    for (name, service) in &services {
        if is_milvus(name, service) {
            let others: Vec<&Node> =
                services.iter().filter(|(other, _)| other != name).map(|(_, service)| *service).collect();
            let instance = instance(name, service, &others, dir, reading);
            reading.instances.push(instance);
        }
    }
}

/// By its image, its command, its variables, or, in an override, by the name that Milvus's own file has for it.
fn is_milvus(name: &Node, service: &Node) -> bool {
    let field = |key: &str| find(service, key);
    if let Some(image) = field("image").and_then(Node::text) {
        let last = image.rsplit('/').next().unwrap_or_default();
        let last = last.split([':', '@']).next().unwrap_or_default();
        if last == "milvus" || last.starts_with("milvus-gpu") {
            return true;
        }
        // Beside it stand etcd, Attu, and tools with variables of their own.
        if !image.contains('$') {
            return false;
        }
    }
    let words = field("command").map(words).unwrap_or_default();
    let runs = words.windows(2).any(|pair| pair == ["milvus", "run"]);
    runs || name.text() == Some("standalone") || variables(service).iter().any(stray::concerns_tls)
}

/// A field of a service, also one that `<<` merges into it.
fn find<'a>(service: &'a Node, key: &str) -> Option<&'a Node> {
    merged(service).into_iter().find(|(own, _)| own.text() == Some(key)).map(|(_, value)| value)
}

/// A command in either form, as words.
fn words(command: &Node) -> Vec<String> {
    let items = command.items().iter().filter_map(Node::text);
    let text = command.text().unwrap_or_default().split_whitespace();
    items.chain(text).map(str::to_owned).collect()
}

fn instance(name: &Node, service: &Node, others: &[&Node], dir: &Path, reading: &mut Reading) -> Instance {
    let field = |key: &str| find(service, key);
    let mounts = mounts(service, others, dir);
    let mut settings = Settings::default();
    for file in FILES {
        let found = mounts.0.iter().find(|mount| mount.target == file);
        if let Some(found) = found {
            settings.extend(&mounted_settings(found, reading));
        }
    }
    for variable in variables(service) {
        settings.push(variable);
    }
    let words = field("command").map(words).unwrap_or_default();
    let role = words.windows(3).find(|three| three[..2] == ["milvus", "run"]).map(|three| three[2].as_str());
    // What an image built here has in it, or the file that this one is laid over, is not known.
    let is_whole = field("build").is_none() && field("extends").is_none() && field("volumes_from").is_none();
    let is_known = is_whole && (field("image").is_some() || field("volumes").is_some());
    Instance {
        name: name.text().map(|name| format!("service {name}")),
        settings,
        mounts: is_known.then_some(mounts),
        version: field("image").and_then(Node::text).and_then(super::kubernetes::version),
        serves_clients: role
            .is_none_or(|role| ["standalone", "proxy", "mixture", "embedded"].contains(&role)),
        at: Some(place(name.line)),
    }
}

/// The settings of a milvus.yaml that is mounted from here; none where it is somewhere else.
fn mounted_settings(mount: &Mount, reading: &mut Reading) -> Settings {
    let Source::Host { path, .. } = &mount.source else { return Settings::default() };
    let file = shown(path).to_string();
    if !path.is_file() {
        let what = if path.exists() {
            "is not a file"
        } else {
            "does not exist, and Docker creates a directory in its place"
        };
        reading.find(Finding::new(Code::ConfigFileMissing, mount.at, format!("mounts {file}, which {what}")));
        return Settings::default();
    }
    let source = reading.sources.len();
    reading.sources.push(file.clone());
    let parsed = crate::store::read_text(path, yaml::LARGEST).ok().map(|text| yaml::parse(&text));
    match parsed {
        Some(Ok(documents)) => {
            let place = move |line| Place::Configuration { source, line };
            documents.first().map(|document| milvus_yaml(document, &place, reading)).unwrap_or_default()
        }
        Some(Err(invalid)) => {
            let message = format!("is not valid YAML ({}): Milvus ignores all of it", invalid.why);
            let at = Place::Configuration { source, line: invalid.line };
            reading.find(Finding::new(Code::ConfigWrongType, at, message));
            Settings::default()
        }
        None => Settings::default(),
    }
}

/// `environment`, as a mapping or as a list of `NAME=value`.
fn variables(service: &Node) -> Vec<Setting> {
    let Some(environment) = find(service, "environment") else { return Vec::new() };
    let pairs = merged(environment).into_iter().filter_map(|(name, value)| {
        // Compose's own YAML is 1.2: `yes` is the text.
        let value = if value.is_null() { None } else { value.text().and_then(filled_in) };
        Some(Setting::variable(name.text()?, value, place(name.line)))
    });
    let items = environment.items().iter().filter_map(|item| {
        let text = as_text(item)?;
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, filled_in(value)),
            None => (text.as_str(), None),
        };
        Some(Setting::variable(name, value, place(item.line)))
    });
    // Without a value it comes from the environment of `docker compose`.
    pairs.chain(items).filter(|variable| !formatted(&variable.name).is_empty()).collect()
}

/// With the defaults of its variables in their places; `None` where one has none.
fn filled_in(text: &str) -> Option<String> {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        let (before, after) = (&rest[..at], &rest[at + 1..]);
        result.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
            continue;
        }
        let (expression, after) = after.strip_prefix('{')?.split_once('}')?;
        let (_, default) = expression.split_once(":-").or_else(|| expression.split_once('-'))?;
        result.push_str(default);
        rest = after;
    }
    result.push_str(rest);
    Some(result)
}

fn mounts(service: &Node, others: &[&Node], dir: &Path) -> Mounts {
    let list = |service: &Node| -> Vec<(Option<String>, String, bool, usize)> {
        let items = find(service, "volumes").map(Node::items).unwrap_or_default();
        items.iter().filter_map(volume).collect()
    };
    // `certs: /certs` of one service is what another one finds in `/milvus/tls`.
    let written: Vec<String> = others
        .iter()
        .flat_map(|other| list(other))
        .filter(|(.., is_read_only, _)| !is_read_only)
        .filter_map(|(source, ..)| source)
        .collect();
    let mut mounts: Vec<Mount> = Vec::new();
    for (source, target, _, line) in list(service) {
        let is_path = |source: &String| source.starts_with(['.', '/', '~', '$']);
        let path = source.as_ref().filter(|source| is_path(source)).and_then(|source| on_host(source, dir));
        let is_written = source.is_some_and(|source| written.contains(&source));
        let source = path.map_or(Source::Volume, |path| Source::Host { path, is_written });
        mounts.push(Mount { target, source, at: place(line) });
    }
    for (field, root) in [("secrets", "/run/secrets/"), ("configs", "/")] {
        for item in find(service, field).map(Node::items).unwrap_or_default() {
            let own = item.get("target").or_else(|| item.get("source")).unwrap_or(item);
            let Some(name) = own.text() else { continue };
            let target = if name.starts_with('/') { name.to_owned() } else { format!("{root}{name}") };
            mounts.push(Mount { target, source: Source::Volume, at: place(item.line) });
        }
    }
    Mounts(mounts)
}

/// Source, target, whether it is read only, and the line.
fn volume(item: &Node) -> Option<(Option<String>, String, bool, usize)> {
    if item.is_mapping() {
        let text = |key: &str| {
            item.get(key).and_then(Node::text).map(|text| filled_in(text).unwrap_or_else(|| text.to_owned()))
        };
        let is_read_only = item.get("read_only").and_then(as_text).as_deref() == Some("true");
        return Some((text("source"), text("target")?, is_read_only, item.line));
    }
    let text = item.text()?;
    let text = filled_in(text).unwrap_or_else(|| text.to_owned());
    // A variable without a default may have a colon of its own.
    let (head, tail) = text.rsplit_once('}').map_or(("", text.as_str()), |(head, tail)| (head, tail));
    let mut parts = tail.split(':');
    let first = parts.next().unwrap_or_default();
    let first = if head.is_empty() { first.to_owned() } else { format!("{head}}}{first}") };
    match parts.next() {
        None => Some((None, first, false, item.line)),
        Some(target) => {
            let is_read_only =
                parts.next().is_some_and(|options| options.split(',').any(|option| option == "ro"));
            Some((Some(first), target.to_owned(), is_read_only, item.line))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_filled_in_from_their_defaults() {
        for (text, expected) in [
            ("2", Some("2")),
            ("${MODE:-2}", Some("2")),
            ("${MODE-2}x", Some("2x")),
            ("${MODE}", None),
            ("$MODE", None),
            ("$$HOME", Some("$HOME")),
        ] {
            assert_eq!(filled_in(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn volumes_have_two_forms() {
        let list = "[./tls:/milvus/tls:ro, 'data:/var/lib/milvus', '${DIR:-.}/x:/x:z,ro', '${DIR}/y:/y', /z, \
                    {type: bind, source: ./a, target: /a, read_only: true}]";
        let parsed: Vec<_> = yaml::parse(list).unwrap()[0].items().iter().filter_map(volume).collect();
        let short: Vec<_> =
            parsed.iter().map(|(source, target, ro, _)| (source.as_deref(), target.as_str(), *ro)).collect();
        assert_eq!(
            short,
            [
                (Some("./tls"), "/milvus/tls", true),
                (Some("data"), "/var/lib/milvus", false),
                (Some("./x"), "/x", true),
                (Some("${DIR}/y"), "/y", false),
                (None, "/z", false),
                (Some("./a"), "/a", true),
            ]
        );
    }
}
