//! The files of a set as the user knows them: where they are, and what they are called.

use std::path::{Path, PathBuf};

use super::{Owner, Place};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::san::San;
use crate::set::{Leaf, Set};

/// The files of a set as the user knows them: where they are, and what they are called.
pub struct Files<'a> {
    /// The directory; `None` where the files were named one by one.
    pub dir: Option<&'a Path>,
    /// The set.
    pub set: &'a Set,
    /// The base names of the server's and the client's files.
    pub pair: [&'a BaseName; 2],
    /// The CA's certificate, where it was named by itself; its key is not looked for then.
    pub ca: Option<&'a Path>,
    /// The key and the certificate that were named by themselves, and their leaf's index in the set.
    pub named: Option<(usize, Option<&'a Path>, &'a Path)>,
    /// The host names and addresses that clients connect to.
    pub names: &'a [San],
    /// The running server, where `probe` found these.
    pub server: Option<Server<'a>>,
    /// What the files of a configuration are called, where `check --config` has judged one.
    pub sources: &'a [String],
}

/// A running server.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Its address as the user gave it.
    pub endpoint: &'a str,
    /// The certificate that it sends.
    pub certificate: Option<&'a Certificate>,
}

impl<'a> Files<'a> {
    /// The name of the file that the user knows.
    pub fn name(&self, place: Place) -> String {
        if let Some(path) = self.given(place) {
            return shown(path).to_string();
        }
        match place {
            Place::File(Owner::Leaf(at), FileKind::Key) if self.named.is_some_and(|(own, ..)| own == at) => {
                "--key".to_owned()
            }
            Place::File(Owner::Absent(role), kind) => self.pair[usize::from(role == Role::Client)].file(kind),
            Place::File(Owner::Ca | Owner::Leaf(_) | Owner::Served, _) => place.name_in(self.set),
            Place::Server => self.server.map_or("server", |server| server.endpoint).to_owned(),
            Place::Configuration { source, line } => {
                format!("{}:{line}", self.sources.get(source).map_or("configuration", String::as_str))
            }
        }
    }

    /// The location.
    pub fn path(&self, place: Place) -> PathBuf {
        match (self.given(place), self.dir) {
            (Some(path), _) => path.to_owned(),
            (None, Some(dir)) => dir.join(self.name(place)),
            (None, None) => self.name(place).into(),
        }
    }

    /// The path, where the file was named by itself.
    fn given(&self, place: Place) -> Option<&'a Path> {
        let named = |at| self.named.filter(|(own, ..)| *own == at);
        match place {
            Place::File(Owner::Ca, FileKind::Certificate) => self.ca,
            Place::File(Owner::Leaf(at), FileKind::Key) => named(at).and_then(|(_, key, _)| key),
            Place::File(Owner::Leaf(at), FileKind::Certificate) => named(at).map(|(.., path)| path),
            Place::File(..) | Place::Server | Place::Configuration { .. } => None,
        }
    }

    /// The leaf that the file belongs to, if it is one of the set.
    pub(super) fn leaf(&self, at: Place) -> Option<&'a Leaf> {
        match at {
            Place::File(Owner::Leaf(at), _) => self.set.leaves.get(at),
            Place::File(Owner::Ca | Owner::Absent(_) | Owner::Served, _)
            | Place::Server
            | Place::Configuration { .. } => None,
        }
    }
}
