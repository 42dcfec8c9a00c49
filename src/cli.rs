//! What commands share of the command line: groups of flags, by theme, and how flags get their variables and values.
//! The doc comments are the help; one on a group would take the place of its command's, so theirs are plain.

use clap::error::ContextValue;
use clap::{ArgMatches, Command};

use crate::error::{Failure, Result};
use crate::foreign::{is_hidden, printable};

mod behaviour;
mod ca;
mod files;
mod keys;
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
pub use subject::{AttributeArgs, CommonNameArgs, SUBJECT, SanArgs, common_name, distinct, listed};
pub use validity::{LeafValidityArgs, ValidityArgs, window};
pub use values::Parsed;
pub use variables::{Env, with_variables};

pub const BEHAVIOUR: &str = "Behaviour";
pub const FILES: &str = "Files (where they go and what they are called)";
pub const WHICH_FILES: &str = "Files (which ones)";

/// Reads this process's command line and environment; where clap rejects them, or help is asked for, it says so and
/// ends the process.
pub fn matches(command: Command) -> Result<ArgMatches> {
    command.try_get_matches().map_err(|error| {
        let own = std::error::Error::source(&error).and_then(|source| source.downcast_ref::<Failure>());
        own.cloned().unwrap_or_else(|| printable_error(error).exit())
    })
}

/// Arguments may be names of files that others have made (`*.csr`), which clap repeats as they are.
fn printable_error(mut error: clap::Error) -> clap::Error {
    let is_foreign = |text: &str| text.chars().any(is_hidden);
    let foreign: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) if is_foreign(text) => {
                Some((kind, Some(ContextValue::String(printable(text).into_owned()))))
            }
            // What to type instead would be wrong when escaped.
            ContextValue::StyledStrs(texts) if texts.iter().any(|text| is_foreign(&text.to_string())) => {
                Some((kind, None))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in foreign {
        match value {
            Some(value) => error.insert(kind, value),
            None => error.remove(kind),
        };
    }
    error
}
