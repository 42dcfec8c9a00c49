//! What a run says while it works: a line per step in gen.sh's spirit, on a terminal only, and a spinner while
//! RSA keys are searched for.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use indicatif::ProgressBar;

use crate::issue::Progress;
use crate::profile::Role;

/// Lines and a spinner on standard error, or nothing.
#[derive(Debug)]
pub struct Narrator {
    spinner: Option<ProgressBar>,
    speaks: bool,
    quiet: bool,
}

impl Narrator {
    /// Speaks if standard error is a terminal and `quiet` does not forbid it.
    #[must_use]
    pub fn new(quiet: bool) -> Self {
        Self { spinner: None, speaks: !quiet && std::io::stderr().is_terminal(), quiet }
    }

    /// Another run holds the directory. Said on a pipe too: a script that stands still should say why.
    pub fn waiting(&self, directory: &std::path::Path) {
        if !self.quiet {
            let _ = writeln!(anstream::stderr(), "waiting for another run in {}", directory.display());
        }
    }

    /// One step begins.
    pub fn step(&mut self, progress: &Progress) {
        self.done();
        match progress {
            Progress::Keys(files, kind) => {
                let text = format!("generate {} ({kind})", files.join(", "));
                self.line(&text);
                if kind.is_rsa() && self.speaks {
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
            let _ = writeln!(anstream::stderr(), "{text}");
        }
    }
}
