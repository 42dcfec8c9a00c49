//! `milvus-certgen`: the nine TLS files that Milvus needs, made, kept and renewed.
//!
//! The library is the binary without its `main`. It is meant for Rust tests that need certificates in memory (see
//! `examples/in_memory.rs`); it makes no promise of a stable interface yet.
//!
//! # The flow: one direction, no way back
//!
//! ```text
//! flags -> Request --+
//! disk  -> Set ------+-> plan -> issue -> check -> commit -> report
//! ```
//!
//! - [`plan`] is a pure function of (request, set, now): for every role keep, refresh, re-sign or issue, or a
//!   refusal, each with a reason in words.
//! - [`issue`] makes keys and certificates in memory.
//! - [`check`] looks at a whole set and returns findings: a run commits nothing that has an error, and the commands that
//!   only look report them.
//! - [`store`] reads a set, and alone creates, renames and removes files: all or none.
//! - [`run`] is that flow, for all commands that write.
//! - [`report`] alone prints; `main` alone exits.
//!
//! Lower modules never import upper ones: [`error`], [`foreign`], [`subject`], [`san`], [`serial`], [`pem`], [`form`] and
//! [`keys`] know of nothing else; [`certificate`] reads and [`pki`] makes; [`set`] is data.

#[cfg(not(unix))]
compile_error!(
    "milvus-certgen creates private keys with Unix modes; on Windows run it in WSL or a container"
);

pub mod certificate;
pub mod check;
pub mod cli;
pub mod commands;
pub mod config;
pub mod error;
pub mod files;
pub mod fixtures;
pub mod foreign;
pub mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
pub mod issue;
pub mod job;
pub mod keys;
mod parallel;
pub mod pem;
pub mod pki;
pub mod plan;
pub mod probe;
pub mod profile;
pub mod report;
pub mod request;
pub mod run;
pub mod san;
pub mod serial;
pub mod set;
pub mod store;
pub mod subject;
