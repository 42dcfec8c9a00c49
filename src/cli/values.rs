//! From what was typed to types.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::{Arg, Command, Error};

use crate::error::Result;

/// Parses the value of a flag, whose name goes into the error.
#[derive(Debug, Clone)]
pub struct Parsed<T>(pub fn(flag: &str, text: &str) -> Result<T>);

impl<T: Clone + Send + Sync + 'static> TypedValueParser for Parsed<T> {
    type Value = T;

    fn parse_ref(&self, command: &Command, arg: Option<&Arg>, value: &OsStr) -> Result<T, Error> {
        let parse = self.0;
        let flag = match arg.map(|arg| (arg.get_long(), arg.get_value_names())) {
            Some((Some(long), _)) => format!("--{long}"),
            Some((None, Some([name, ..]))) => name.to_string(),
            _ => String::new(),
        };
        (move |text: &str| parse(&flag, text)).parse_ref(command, arg, value)
    }
}
