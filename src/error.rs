//! The one error type: what is wrong, what to do about it, and how the process ends.

use std::fmt;

/// How the process ends when this error reaches `main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// The world is not as it has to be (a file, a directory, a key): exit code 1.
    Failed = 1,
    /// The command line is wrong: exit code 2, as clap's own errors.
    Usage = 2,
}

/// An error for a person: one line that names the file or flag and its value, and a hint that works when typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Exit code 1 or 2.
    pub exit: Exit,
    /// Lower case, no full stop: `what: why`.
    pub message: String,
    /// What to do; printed after `hint: `.
    pub hint: Option<String>,
}

impl Failure {
    /// An error of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: None }
    }

    /// An error of what is on disk, or of the machine.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None }
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}

/// What fallible functions of this crate return.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
