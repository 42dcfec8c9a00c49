//! `milvus-certgen`: creates, keeps and renews the nine TLS files that Milvus needs.
//!
//! The library is meant for Rust tests that need certificates in memory: [`issue::make`] and its types (see
//! `examples/in_memory.rs`). It makes no promise of a stable interface yet. All else is for the binary, and private.
//!
//! # The flow: one direction, no way back
//!
//! ```text
//! flags -> Spec -+
//! disk  -> Set --+-> plan -> issue -> check -> commit -> report
//! ```
//!
//! - `plan` is a pure function of (spec, set, now): for every role keep, refresh, re-sign or issue, or a
//!   refusal, each with a reason in words.
//! - [`issue`] makes keys and certificates in memory.
//! - `check` looks at a whole set and returns findings: a run commits nothing that has an error, and the commands that
//!   only look report them.
//! - `store` reads a set, and alone creates, renames and removes files: all or none.
//! - `run` is that flow, for all commands that write.
//! - `report` alone prints; `main` alone exits.
//!
//! Lower modules never import upper ones: [`error`], `foreign`, [`subject`], [`san`], [`serial`], `pem`, `yaml`, `form` and
//! [`keys`] know of nothing else; [`certificate`] reads and [`pki`] makes; [`set`] is data.

#[cfg(not(any(unix, windows)))]
compile_error!("milvus-certgen knows how to lock and replace files on Unix and on Windows only");

mod check;
mod cli;
mod commands;
mod config;
mod fixtures;
mod foreign;
mod form;
mod parallel;
mod pem;
mod plan;
mod probe;
mod report;
mod run;
mod store;
mod yaml;

pub mod certificate;
pub mod error;
pub mod files;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod issue;
pub mod keys;
pub mod pki;
pub mod profile;
pub mod san;
pub mod serial;
pub mod set;
pub mod spec;
pub mod subject;

/// For this project's binary and tests alone.
#[doc(hidden)]
pub mod internal {
    pub use crate::check::{Case, Client, Code, Concern, Part, Rule, rules};
    pub use crate::cli::wants_json;
    pub use crate::commands::{Cli, System};
    pub use crate::foreign::{is_hidden, printable, quoted};
    pub use crate::report::{ErrorReport, write_json};
    pub use crate::run::DirectoryKind;
    pub use crate::store::Step;
}
