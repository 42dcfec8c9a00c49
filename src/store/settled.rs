//! Reading beside a run that writes.

use std::ffi::OsString;
use std::time::Duration;

use super::dir::{Dir, Entry};
use super::load::{Policy, Reader};
use super::transaction::Interrupted;
use crate::error::Result;

/// Moving a run's files takes microseconds, and making them durable milliseconds.
const BETWEEN_ATTEMPTS: Duration = Duration::from_millis(5);
const MOST_ATTEMPTS: u32 = 400;

/// Reads a directory that a run may be writing to: again, until nothing has changed meanwhile and no run is in the
/// midst of moving its files. True with it if a run was interrupted, so that its staged files count.
pub fn settled<T>(dir: &Dir, read: impl Fn(&Reader<'_>) -> Result<T>) -> Result<(T, bool)> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let before = state(dir);
        let found = Interrupted::find(dir);
        let interrupted = found.as_ref().ok().and_then(Option::as_ref);
        let result = read(&Reader { dir: Some(dir), interrupted, policy: Policy::Lenient });
        let is_at_rest = matches!(found, Ok(None)) || !dir.is_locked();
        if (state(dir) == before && is_at_rest) || attempts == MOST_ATTEMPTS {
            return Ok((result?, found?.is_some()));
        }
        std::thread::sleep(BETWEEN_ATTEMPTS);
    }
}

/// The state that a run would change.
fn state(dir: &Dir) -> Vec<(OsString, Option<Entry>)> {
    let mut names = dir.names().unwrap_or_default();
    names.sort();
    names
        .into_iter()
        .map(|name| (name.clone(), name.to_str().and_then(|name| dir.entry(name).ok()?)))
        .collect()
}
