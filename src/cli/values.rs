//! From what was typed to types.

use std::ffi::OsStr;

use clap::builder::TypedValueParser;
use clap::{Arg, Command, Error};

use crate::error::{Failure, Result};

/// `--tls-mode`: Milvus's tlsMode with TLS.
pub fn tls_mode(flag: &str, text: &str) -> Result<u8> {
    let failure = || Failure::usage(format!("{flag} {text:?}: not 1 or 2"));
    match text.trim().to_ascii_lowercase().as_str() {
        "1" => Ok(1),
        "2" => Ok(2),
        "one-way" | "oneway" | "tls" => Err(failure().hint(format!("one-way TLS is {flag} 1"))),
        "two-way" | "twoway" | "mutual" | "mtls" => Err(failure().hint(format!("two-way TLS is {flag} 2"))),
        _ => Err(failure().hint(format!("{flag} 1 is one-way TLS, {flag} 2 two-way"))),
    }
}

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
