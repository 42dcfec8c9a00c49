//! What commands share of the command line: groups of options, by theme, and how options get their variables and values.
//! The doc comments are the help; one on a group would take the place of its command's, so theirs are plain.

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::{ArgMatches, Command};

use crate::error::{Failure, Result};

mod behaviour;
mod ca;
mod files;
mod keys;
mod mistakes;
mod question;
mod subject;
mod validity;
mod values;
mod variables;

pub use behaviour::{LookArgs, OutputArgs};
pub use ca::{ExternalCaArgs, ForceArgs, NewCaArgs, password};
pub use files::{LeafFileArgs, OutDirArgs, ServerArgs, TlsDirArgs};
pub use keys::{KeyArgs, RekeyArgs};
pub use question::SetArgs;
pub use subject::{AttributeArgs, CommonNameArgs, SAN_HELP, SanArgs, common_name, distinct, listed};
pub use validity::{LeafValidityArgs, ValidityArgs, window};
pub use values::{Parsed, tls_mode};
pub use variables::{Env, name_variable, unknown_variables, wants_json, with_variables};

pub const CA: &str = "CA";
pub const FILES: &str = "Files";
pub const KEYS: &str = "Keys";
pub const OUTPUT: &str = "Output";
pub const SUBJECT: &str = "Subject attributes ('' omits one)";
pub const VALIDITY: &str = "Validity (notBefore is backdated one hour for clock skew)";
pub const WHICH_FILES: &str = "Files to check";

/// Reads the command line, the program's name first, and the environment; where help or the version is asked for, prints
/// it and ends the process. `definition` has all commands with all of their options, for hints.
pub fn matches(
    command: Command,
    words: Vec<OsString>,
    definition: impl FnOnce() -> Command,
) -> Result<ArgMatches> {
    command.try_get_matches_from(words.iter().cloned()).map_err(|error| {
        let own = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Failure>());
        match error.kind() {
            _ if own.is_some() => own.cloned().unwrap_or_else(|| Failure::usage(error.to_string())),
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => error.exit(),
            _ => mistakes::explain(&error, &mistakes::Line::new(words, definition())),
        }
    })
}
