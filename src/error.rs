//! The one error type: what is wrong, what to do about it, and how the process ends.

use std::fmt;

/// How the process ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done, or up to date: exit code 0.
    Done = 0,
    /// The world is not as it has to be (a file, a directory, a key): exit code 1.
    Failed = 1,
    /// The command line is wrong: exit code 2, as clap's own errors.
    Usage = 2,
    /// `check` or `probe` has found a problem: exit code 3.
    Problem = 3,
}

/// An error for a person: one line that names the file or flag and its value, and a hint that works when typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Exit code 1 or 2.
    pub exit: Exit,
    /// Lower case, no full stop: `what: why`.
    pub message: String,
    /// The next step for the user; printed after `hint: `.
    pub hint: Option<String>,
    /// The command's own report on standard output says it too.
    pub is_reported: bool,
}

impl Failure {
    /// An error of the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into(), hint: None, is_reported: false }
    }

    /// An error of what is on disk, or of the machine.
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into(), hint: None, is_reported: false }
    }

    /// Adds what to do.
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

/// How a file's content fails to be what it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DamageKind {
    /// Nothing, or only blanks: nothing is lost with it.
    Empty,
    /// No PEM: DER, a key store, or any other text.
    NotPem,
    /// PEM of something else, such as a certificate where a key belongs.
    OtherContent,
    /// A key that is too short.
    Weak,
    /// The right thing, of a kind that is not taken.
    Unsupported,
    /// It claims to be the right thing, and is invalid.
    Broken,
}

/// Why a file's content cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Damage {
    /// The kind of damage.
    pub kind: DamageKind,
    /// Completes a sentence that begins with the file's name.
    pub text: String,
    /// The shell's line that makes of it what it should be; `{}` stands for the file.
    pub conversion: Option<&'static str>,
    /// There is or may be a private key in it, which would be lost with it.
    pub holds_key: bool,
}

impl Damage {
    /// Damage of that kind, which nothing converts.
    pub fn new(kind: DamageKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), conversion: None, holds_key: false }
    }
}

impl From<String> for Damage {
    fn from(text: String) -> Self {
        Self::new(DamageKind::Broken, text)
    }
}

impl From<&str> for Damage {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The result of fallible functions of this crate.
pub type Result<T, E = Failure> = std::result::Result<T, E>;
