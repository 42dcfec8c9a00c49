//! What a run says while it works: a line per step in gen.sh's spirit, on a terminal only, and a spinner while
//! RSA keys are searched for.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::foreign::printable;
use crate::issue::Progress;
use crate::profile::Role;

/// Lines and a spinner on standard error, or nothing.
#[derive(Debug)]
pub struct Narrator {
    spinner: Option<ProgressBar>,
    speaks: bool,
}

impl Narrator {
    /// Speaks if standard error is a terminal and `quiet` does not forbid it.
    pub fn new(quiet: bool) -> Self {
        Self { spinner: None, speaks: speaks(quiet) }
    }

    /// One step begins.
    pub fn step(&mut self, progress: &Progress) {
        self.done();
        match progress {
            Progress::Keys(files, kind) => {
                let text = format!("generate {} ({kind})", files.join(", "));
                self.line(&text);
                if kind.is_rsa() && self.speaks && a_thread_can_be_had() {
                    let spinner = ProgressBar::new_spinner().with_message("searching for primes");
                    spinner.enable_steady_tick(Duration::from_millis(100));
                    self.spinner = Some(spinner);
                }
            }
            Progress::Certificate(Role::Ca) => self.line("generate CA certificate"),
            Progress::Certificate(role) => self.line(&format!("generate {role} SAN certificate")),
        }
    }

    /// The last step is over.
    pub fn done(&mut self) {
        if let Some(spinner) = self.spinner.take() {
            spinner.finish_and_clear();
        }
    }

    fn line(&self, text: &str) {
        if self.speaks {
            let _ = writeln!(anstream::stderr(), "{}", printable(text));
        }
    }
}

/// Another run holds the directory. Said on a pipe too: a script that stands still should say why.
pub fn say_waiting(quiet: bool, directory: &std::path::Path) {
    if !quiet {
        let directory = directory.display().to_string();
        let _ = writeln!(anstream::stderr(), "waiting for another run in {}", printable(&directory));
    }
}

/// A variable that begins like ours and is none, so that nothing comes of it.
pub fn say_unknown_variable(name: &str, near: Option<&str>) {
    let mut out = anstream::stderr();
    let yellow = anstyle::AnsiColor::Yellow.on_default();
    let _ = writeln!(out, "{yellow}warning{yellow:#}: {}: no such variable, ignored", printable(name));
    let cyan = anstyle::AnsiColor::Cyan.on_default().bold();
    if let Some(near) = near {
        let _ = writeln!(out, "{cyan}hint{cyan:#}: use {near}");
    }
}

/// A progress bar over many names, with rate and time left; on a terminal only.
#[derive(Debug)]
pub struct Bar(Option<ProgressBar>);

impl Bar {
    /// A bar over so many names.
    pub fn new(names: usize, quiet: bool) -> Self {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} names, {per_sec}, {eta} left");
        let bar = speaks(quiet).then(|| ProgressBar::new(names as u64));
        Self(bar.map(|bar| match style {
            Ok(style) => bar.with_style(style),
            Err(_) => bar,
        }))
    }

    /// So many more are done.
    pub fn advance(&mut self, names: usize) {
        if let Some(bar) = &self.0 {
            bar.inc(names as u64);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// indicatif's spinner panics without.
fn a_thread_can_be_had() -> bool {
    std::thread::Builder::new().spawn(|| ()).is_ok_and(|thread| thread.join().is_ok())
}

fn speaks(quiet: bool) -> bool {
    !quiet && std::io::stderr().is_terminal()
}
