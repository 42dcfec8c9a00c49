//! Getting files and directories onto the disk, side by side: a journaling file system takes them together, where one
//! after the other it would write its own journal for each.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use crate::store::dir::{Dir, is_unsupported};

/// No more are under way at once.
const AT_ONCE: usize = 16;

/// Syncs all of them, files and directories alike; returns the first error.
pub(super) fn sync_all(files: &[&File]) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let sync_some = || -> io::Result<()> {
        while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
            sync(file)?;
        }
        Ok(())
    };
    thread::scope(|scope| {
        // If no thread can be started, this one does the work.
        let others = 1..AT_ONCE.min(files.len());
        let workers: Vec<_> =
            others.map_while(|_| thread::Builder::new().spawn_scoped(scope, sync_some).ok()).collect();
        let own = sync_some();
        workers.into_iter().fold(own, |result, worker| {
            let theirs = worker.join().unwrap_or_else(|_| Err(io::Error::other("the work stopped")));
            result.and(theirs)
        })
    })
}

/// A file system without fsync, such as a shared folder of a virtual machine, promises nothing; that is no failure
/// of the run.
fn sync(file: &File) -> io::Result<()> {
    match file.sync_all() {
        Err(e) if is_unsupported(&e) => Ok(()),
        result => result,
    }
}

/// Makes the entries of a directory durable.
pub(super) fn sync_dir(dir: &Dir) -> io::Result<()> {
    dir.to_sync().map_or(Ok(()), sync)
}
