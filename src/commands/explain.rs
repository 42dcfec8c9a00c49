//! `explain`: a code of `check` and `probe`, from the table that they use themselves.

use std::io::Write;

use clap::builder::PossibleValuesParser;

use super::{columns, printed};
use crate::check::Code;
use crate::error::{Exit, Failure, Result};
use crate::report::{Detail, Explanation, Layout, Text};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Code, such as no-san
    #[arg(value_name = "CODE", value_parser = PossibleValuesParser::new(Code::ALL.iter().map(|code| code.name())), hide_possible_values = true)]
    code: Option<String>,
}

impl Args {
    pub(super) fn run(self) -> Result<Exit> {
        let mut out = anstream::stdout().lock();
        let Some(name) = self.code else {
            return printed(
                Code::ALL
                    .iter()
                    .try_for_each(|code| writeln!(out, "{}", code.name()))
                    .and_then(|()| out.flush()),
            );
        };
        let code = Code::ALL.iter().find(|code| code.name() == name);
        let code = code.ok_or_else(|| {
            Failure::usage(format!("CODE {name:?}: no such code")).hint("see: milvus-certgen explain")
        })?;
        printed(
            Explanation::new(*code)
                .write_text(&mut out, Layout::new(Detail::Normal, columns()))
                .and_then(|()| out.flush()),
        )
    }
}
