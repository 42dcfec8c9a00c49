//! Which files a run writes, for its report.

use std::path::PathBuf;

use crate::files::shown;
use crate::store::Change;

/// The files that a run writes, or would write.
#[derive(Debug, Clone, Default)]
pub struct Written {
    /// Those of the output directory come first, if there are any.
    directories: Vec<WrittenTo>,
}

/// The files of one directory.
#[derive(Debug, Clone)]
pub struct WrittenTo {
    /// `None` for the output directory.
    pub directory: Option<PathBuf>,
    /// Those with new contents.
    pub names: Vec<String>,
    /// Those of which only the mode or the owner changes.
    pub access_only: Vec<String>,
}

impl Written {
    pub(super) fn new(changes: &[Change]) -> Self {
        let mut written = Self::default();
        written.add(None, changes);
        written
    }

    /// Of files in the output directory.
    pub fn of_names(names: Vec<String>) -> Self {
        let directories = match names.as_slice() {
            [] => Vec::new(),
            _ => vec![WrittenTo { directory: None, names, access_only: Vec::new() }],
        };
        Self { directories }
    }

    pub(super) fn add(&mut self, directory: Option<PathBuf>, changes: &[Change]) {
        if changes.is_empty() {
            return;
        }
        let names = |access_only: bool| {
            let names = changes.iter().filter(|change| change.access_only == access_only);
            names.map(|change| change.name.clone()).collect()
        };
        let more = WrittenTo { directory, names: names(false), access_only: names(true) };
        self.join(Self { directories: vec![more] });
    }

    /// True if no file is written.
    pub fn is_empty(&self) -> bool {
        self.directories.is_empty()
    }

    /// The files by directory.
    pub fn directories(&self) -> &[WrittenTo] {
        &self.directories
    }

    /// The output directory's own files by their names, others by their paths.
    pub fn paths(&self) -> Vec<String> {
        let path = |directory: &Option<PathBuf>, name: &String| match directory {
            None => name.clone(),
            Some(directory) => shown(&directory.join(name)).to_string(),
        };
        let paths = self.directories.iter().flat_map(|WrittenTo { directory, names, access_only }| {
            names.iter().chain(access_only).map(move |name| path(directory, name))
        });
        paths.collect()
    }

    /// What another run with the same CA has written too; the serial file is written by each of them.
    pub fn join(&mut self, other: Self) {
        for more in other.directories {
            match self.directories.iter_mut().find(|known| known.directory == more.directory) {
                None => self.directories.push(more),
                Some(known) => {
                    add_new(&mut known.names, more.names);
                    add_new(&mut known.access_only, more.access_only);
                }
            }
        }
    }
}

fn add_new(names: &mut Vec<String>, more: Vec<String>) {
    for name in more {
        if !names.contains(&name) {
            names.push(name);
        }
    }
}
