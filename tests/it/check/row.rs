//! A row of the table: a valid set, what breaks it, and what `check` says then.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::{certificates, chains, client, files, pairs};
use crate::support::{Sandbox, text};

/// One thing that is broken in a valid set.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    /// Flags of the run that makes the set, besides P-256 and a year.
    made: &'static [&'static str],
    breaks: fn(&Sandbox),
    /// Flags of `check`.
    pub(crate) asked: &'static [&'static str],
    /// `severity code subject`: all that is found.
    finds: &'static [&'static str],
}

pub(crate) fn row(name: &'static str, breaks: fn(&Sandbox), finds: &'static [&'static str]) -> Row {
    Row { name, made: &[], breaks, asked: &[], finds }
}

/// All of them.
pub(crate) fn rows() -> Vec<Row> {
    [
        files::rows(),
        pairs::rows(),
        chains::rows(),
        certificates::rows(),
        client::rows(),
        certificates::authorities(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

impl Row {
    pub(crate) fn made(mut self, flags: &'static [&'static str]) -> Self {
        self.made = flags;
        self
    }

    pub(crate) fn asked(mut self, flags: &'static [&'static str]) -> Self {
        self.asked = flags;
        self
    }

    /// The valid set.
    pub(crate) fn valid(&self) -> Sandbox {
        copy_of_set(self.made)
    }

    /// The broken one.
    pub(crate) fn broken(&self) -> Sandbox {
        let set = self.valid();
        (self.breaks)(&set);
        set
    }

    pub(crate) fn expected(&self) -> BTreeSet<String> {
        self.finds.iter().map(|&found| found.to_owned()).collect()
    }

    /// What clients call the server here.
    pub(crate) fn server_name(&self) -> &'static str {
        match self.asked {
            ["--name", name, ..] => name,
            _ => "localhost",
        }
    }
}

/// A set of a run with these flags, which is made once and copied as often as it is asked for.
fn copy_of_set(flags: &'static [&'static str]) -> Sandbox {
    type Files = Vec<(String, u32, Vec<u8>)>;
    static MADE: Mutex<BTreeMap<&[&str], Files>> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let files = made.entry(flags).or_insert_with(|| {
        let set = Sandbox::new();
        // A flag that comes twice is refused.
        let default = |flag: &'static str, value| (!flags.contains(&flag)).then_some([flag, value]);
        let defaults =
            [default("--key-type", "ecdsa-p256"), default("--days", "365"), default("--ca-days", "365")];
        let defaults: Vec<&str> = defaults.into_iter().flatten().flatten().collect();
        set.certgen(&defaults).args(flags).args(&["-q"]).succeeds();
        set.snapshot()
            .into_iter()
            .map(|(name, (.., bytes))| {
                let bits = set.mode(&name);
                (name, bits, bytes)
            })
            .collect()
    });
    let set = Sandbox::new();
    for (name, bits, bytes) in files {
        set.write(name, bytes);
        set.set_mode(name, *bits);
    }
    set
}

/// What `check --json` says of a directory.
pub(crate) struct Verdict {
    pub(crate) exit: i32,
    pub(crate) json: Value,
}

impl Verdict {
    pub(crate) fn of(set: &Sandbox, flags: &[&str]) -> Self {
        let output = set.certgen(&["check", "--json"]).args(flags).output();
        let err = text(&output.stderr);
        assert_eq!(err, "", "check {flags:?}: stray output on standard error");
        let out = text(&output.stdout);
        let json = serde_json::from_str(&out).unwrap_or_else(|e| panic!("check {flags:?}: {e}: {out}"));
        Self { exit: output.status.code().unwrap(), json }
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = Finding<'_>> {
        self.json["findings"].as_array().unwrap().iter().map(Finding)
    }

    /// `severity code subject` of each.
    pub(crate) fn found(&self) -> BTreeSet<String> {
        self.findings().map(|finding| finding.to_string()).collect()
    }
}

/// One finding of the JSON.
#[derive(Clone, Copy)]
pub(crate) struct Finding<'a>(pub(crate) &'a Value);

impl<'a> Finding<'a> {
    pub(crate) fn text(self, field: &str) -> &'a str {
        self.0[field].as_str().unwrap_or_default()
    }
}

impl std::fmt::Display for Finding<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {} {}", self.text("severity"), self.text("code"), self.text("subject"))
    }
}
