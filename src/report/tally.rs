//! The report of a run over many names: numbers.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;

use super::{Detail, Layout, Text};
use crate::foreign::printable;
use crate::plan::{Action, Plan};

/// What a run over many names did, in numbers.
#[derive(Debug, Serialize)]
pub struct Tally {
    /// 1
    schema: u32,
    directory: String,
    dry_run: bool,
    names: usize,
    made: usize,
    re_signed: usize,
    kept: usize,
}

impl Tally {
    /// Nothing done yet.
    pub fn new(directory: &Path, names: usize, dry_run: bool) -> Self {
        let directory = directory.display().to_string();
        Self { schema: 1, directory, dry_run, names, made: 0, re_signed: 0, kept: 0 }
    }

    /// Counts what a plan did.
    pub fn add(&mut self, plan: &Plan) {
        for leaf in &plan.leaves {
            match leaf.action {
                Action::Issue => self.made += 1,
                Action::Resign => self.re_signed += 1,
                Action::Keep | Action::Refresh => self.kept += 1,
            }
        }
    }
}

impl Text for Tally {
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        if layout.detail == Detail::Errors {
            return Ok(());
        }
        let would = if self.dry_run { "would be " } else { "" };
        writeln!(
            out,
            "{} names in {}: {} {would}issued, {} {would}reissued, {} unchanged",
            self.names,
            printable(&self.directory),
            self.made,
            self.re_signed,
            self.kept
        )
    }
}
