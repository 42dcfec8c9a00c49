//! The directories of a run, locked.

use std::path::Path;

use super::copy::{Copy, own_directory};
use crate::error::{Failure, Result};
use crate::files::shown;
use crate::spec::Spec;
use crate::store::{Change, Dir, Directory, Step};

/// One of a run's directories.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DirectoryKind {
    /// The output directory.
    Set,
    /// The directory of an external CA.
    Ca,
    /// `--tls-dir`
    Copy,
}

/// The directories of a run, locked.
#[derive(Debug)]
pub struct Locked {
    output: Directory,
    /// The CA's, where that is another one.
    ca: Option<Directory>,
    /// The directory of the copy.
    copy: Option<Directory>,
}

impl Locked {
    /// Opens, and makes where they are missing, all directories of the run, and locks them; always in the same
    /// order, so that two runs never wait for each other.
    pub fn new(spec: &Spec, on_wait: &dyn Fn(&Path)) -> Result<Self> {
        loop {
            let opened = Self::open(spec)?;
            match opened.lock(on_wait) {
                Ok(true) => return Ok(opened),
                // A run that failed has removed a directory that it had created, while this one waited for it.
                Ok(false) => {}
                Err(failure) => {
                    opened.abandon();
                    return Err(failure);
                }
            }
        }
    }

    fn open(spec: &Spec) -> Result<Self> {
        let ca = spec.external_ca_dir().map(|path| existing(&path)).transpose()?;
        let mut opened = Self { output: Directory::open(&spec.out_dir)?, ca, copy: None };
        match opened.add(spec) {
            Ok(()) => Ok(opened),
            Err(failure) => {
                opened.abandon();
                Err(failure)
            }
        }
    }

    fn add(&mut self, spec: &Spec) -> Result<()> {
        let output = self.output.id()?;
        if let Some(ca) = self.ca.take() {
            // The same directory by another path.
            self.ca = if ca.id()? == output { None } else { Some(ca) };
        }
        if let Some(tls_dir) = &spec.tls_dir {
            let copy = Directory::open(&tls_dir.path)?;
            let own = copy.id()?;
            self.copy = Some(copy);
            let is_ca = self.ca.as_ref().is_some_and(|ca| ca.id().is_ok_and(|ca| ca == own));
            if own == output || is_ca {
                return Err(own_directory(tls_dir));
            }
        }
        Ok(())
    }

    /// Locks in the order of the directories' identities. False if one of them is another by now.
    fn lock(&self, on_wait: &dyn Fn(&Path)) -> Result<bool> {
        let mut all: Vec<&Directory> =
            [Some(&self.output), self.ca.as_ref(), self.copy.as_ref()].into_iter().flatten().collect();
        let mut order = Vec::with_capacity(all.len());
        for directory in all.drain(..) {
            order.push((directory.id()?, directory));
        }
        order.sort_by_key(|(identity, _)| *identity);
        for (_, directory) in order {
            if !directory.lock(|| on_wait(directory.dir().path()))? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The output directory, for reading.
    pub fn output(&self) -> &Dir {
        self.output.dir()
    }

    /// Removes the directories that this run created, as far as they are empty.
    pub fn abandon(self) {
        if let Some(copy) = self.copy {
            copy.abandon();
        }
        self.output.abandon();
    }

    /// Finishes or clears what interrupted runs have left. True if files of the set were moved.
    pub fn recover(&self) -> Result<bool> {
        if let Some(ca) = &self.ca {
            ca.recover()?;
        }
        self.output.recover()
    }

    /// The copy as it is, after the same.
    pub(super) fn copy(&self, spec: &Spec) -> Result<Option<Copy>> {
        Copy::recover(spec, self.copy.as_ref())
    }

    /// Writes everything, or nothing where an error is seen in time: all is on the disk before the first file moves.
    ///
    /// The CA's serial file goes first: a run that fails after it leaves a gap in the serial numbers, and never gives
    /// one twice. The copy comes last: the next run that names its directory finds a difference, and updates it.
    pub(super) fn commit(
        &self,
        mut changes: Vec<Change>,
        mut serial: Vec<Change>,
        copy: &[Change],
        at: &mut dyn FnMut(DirectoryKind, Step),
    ) -> Result<()> {
        if self.ca.is_none() {
            // A CA in the output directory, by another path.
            changes.append(&mut serial);
        }
        let own = [
            (self.ca.as_ref(), DirectoryKind::Ca, serial.as_slice()),
            (Some(&self.output), DirectoryKind::Set, changes.as_slice()),
            (self.copy.as_ref(), DirectoryKind::Copy, copy),
        ];
        let mut staged = Vec::new();
        for (directory, place, changes) in own {
            let Some(directory) = directory else { continue };
            match directory.stage(changes, &mut |step| at(place, step)) {
                Ok(one) => staged.extend(one.map(|staged| (place, staged))),
                Err(failure) => {
                    for (_, staged) in staged {
                        staged.discard();
                    }
                    return Err(failure);
                }
            }
        }
        for (place, staged) in staged {
            staged.commit(&mut |step| at(place, step))?;
        }
        Ok(())
    }
}

/// Locks one directory, created if it is missing, for `work`; removes it again if that fails and nothing came
/// into it.
pub fn in_directory<T>(
    path: &Path,
    on_wait: &dyn Fn(&Path),
    work: impl FnOnce(&Directory) -> Result<T>,
) -> Result<T> {
    let directory = loop {
        let directory = Directory::open(path)?;
        if directory.lock(|| on_wait(path))? {
            break directory;
        }
    };
    let result = work(&directory);
    if result.is_err() {
        directory.abandon();
    }
    result
}

fn existing(path: &Path) -> Result<Directory> {
    match Directory::find(path)? {
        Some(_) => Directory::open(path),
        None => {
            Err(Failure::failed(format!("{}: does not exist", shown(path)))
                .hint("name the directory of a CA"))
        }
    }
}
