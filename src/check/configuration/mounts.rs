//! What a container finds at which path.

use std::path::{Path, PathBuf};

use crate::check::Place;

/// The working directory of Milvus's image (milvus-io/milvus `build/docker/milvus/*/Dockerfile`): relative paths in
/// milvus.yaml are below it.
const WORKING_DIRECTORY: &str = "/milvus";

/// The certificates of Milvus's image are below it (milvus-io/milvus `configs/cert`).
const DEMO: &str = "/milvus/configs/cert/";

/// All that is mounted into one container.
#[derive(Debug, Clone, Default)]
pub(super) struct Mounts(pub(super) Vec<Mount>);

/// One directory or file.
#[derive(Debug, Clone)]
pub(super) struct Mount {
    /// Where the container has it.
    pub(super) target: String,
    pub(super) source: Source,
    pub(super) at: Place,
}

/// Where it comes from.
#[derive(Debug, Clone)]
pub(super) enum Source {
    /// A file or directory of this machine; whether another service of the file may write it.
    Host { path: PathBuf, is_written: bool },
    /// The files of a Secret or a `ConfigMap`, where they are named.
    Keys(Vec<String>),
    /// Something that cannot be seen from here.
    Volume,
    /// A volume of that name, and there is none.
    Nowhere(String),
}

/// What is at a path.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// A mount has it, or may have it.
    Provided,
    /// No mount does.
    NotMounted,
    /// It is mounted from here, and not there.
    Missing(PathBuf),
    /// The mount takes it from a volume of that name, and there is none.
    NoVolume(String),
}

/// The path as the container resolves it.
pub(super) fn absolute(path: &str) -> String {
    let path = path.strip_prefix("./").unwrap_or(path);
    let path = if path.starts_with('/') { path.to_owned() } else { format!("{WORKING_DIRECTORY}/{path}") };
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// True for a path of the image's own certificates, whose keys are public.
pub(super) fn is_demo(path: &str) -> bool {
    absolute(path).starts_with(DEMO)
}

/// True for the path that Milvus's milvus.yaml has as an example.
pub(super) fn is_placeholder(path: &str) -> bool {
    path.starts_with("/path/to/")
}

impl Mounts {
    pub(super) fn find(&self, path: &str) -> Presence {
        let path = absolute(path);
        // The innermost mount hides the others.
        let mut below: Vec<(&Mount, &str)> =
            self.0.iter().filter_map(|mount| Some((mount, below(&mount.target, &path)?))).collect();
        below.sort_by_key(|(mount, _)| mount.target.len());
        let Some((mount, rest)) = below.pop() else { return Presence::NotMounted };
        match &mount.source {
            Source::Keys(keys) if !keys.iter().any(|key| key == rest) => Presence::NotMounted,
            Source::Host { path, is_written } => {
                let path = if rest.is_empty() { path.clone() } else { path.join(rest) };
                let is_there = *is_written || path.is_file();
                if is_there { Presence::Provided } else { Presence::Missing(path) }
            }
            Source::Nowhere(name) => Presence::NoVolume(name.clone()),
            Source::Keys(_) | Source::Volume => Presence::Provided,
        }
    }

    /// A `ca.key` that the container gets: the mount, and the file.
    pub(super) fn ca_key(&self) -> Option<(&Mount, PathBuf)> {
        self.0.iter().find_map(|mount| {
            let Source::Host { path, .. } = &mount.source else { return None };
            let inside = path.join("ca.key");
            let is_itself = path.file_name().is_some_and(|name| name == "ca.key");
            let found = if is_itself { path.clone() } else { inside };
            found.is_file().then_some((mount, found))
        })
    }
}

/// The rest of the path behind the mount's target; empty for the target itself.
fn below<'a>(target: &str, path: &'a str) -> Option<&'a str> {
    let rest = path.strip_prefix(absolute(target).trim_end_matches('/'))?;
    if rest.is_empty() { Some("") } else { rest.strip_prefix('/') }
}

/// A path of this machine as Compose takes it: from the directory of its file; `None` where a variable is left in it.
pub(super) fn on_host(source: &str, dir: &Path) -> Option<PathBuf> {
    let is_windows = source.as_bytes().get(1) == Some(&b':');
    if source.contains('$') || source.starts_with('~') || is_windows {
        return None;
    }
    Some(dir.join(source.strip_prefix("./").unwrap_or(source)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mounts(targets: &[(&str, Source)]) -> Mounts {
        let at = Place::Configuration { source: 0, line: 1 };
        let mount = |(target, source): &(&str, Source)| Mount {
            target: (*target).to_owned(),
            source: source.clone(),
            at,
        };
        Mounts(targets.iter().map(mount).collect())
    }

    #[test]
    fn a_path_is_provided_by_the_innermost_mount() {
        let keys = Source::Keys(vec!["server.pem".to_owned()]);
        let mounts =
            mounts(&[("/milvus/", Source::Volume), ("/milvus/tls", keys), ("/etc/ca.pem", Source::Volume)]);
        for (path, expected) in [
            ("/milvus/tls/server.pem", Presence::Provided),
            ("tls/server.pem", Presence::Provided),
            ("/milvus/x/../tls//server.pem", Presence::Provided),
            ("/milvus/tls/ca.pem", Presence::NotMounted),
            ("/milvus/other", Presence::Provided),
            ("/milvusx/server.pem", Presence::NotMounted),
            ("/etc/ca.pem", Presence::Provided),
            ("/etc/ca.pem2", Presence::NotMounted),
        ] {
            assert_eq!(mounts.find(path), expected, "{path}");
        }
        assert!(
            is_demo("configs/cert/server.pem")
                && is_demo("/milvus/configs/cert/ca.pem")
                && !is_demo("/certs/ca.pem")
        );
    }

    #[test]
    fn a_file_of_this_machine_is_looked_for() {
        let host = |path: &str, is_written| Source::Host { path: path.into(), is_written };
        let missing = mounts(&[("/certs", host("/nowhere", false))]).find("/certs/server.pem");
        assert_eq!(missing, Presence::Missing("/nowhere/server.pem".into()));
        assert_eq!(
            mounts(&[("/certs", host("/nowhere", true))]).find("/certs/server.pem"),
            Presence::Provided
        );
        assert_eq!(on_host("./tls", Path::new("a")), Some("a/tls".into()));
        assert_eq!(on_host("${DIR}/tls", Path::new("a")), None);
    }
}
