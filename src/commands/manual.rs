//! `completions` and `man`: what packagers install beside the binary, made from the command line itself.

use std::fs;
use std::io;
use std::path::Path;

use clap_complete::Shell;

use crate::cli;
use crate::error::{Failure, Result};
use crate::files::shown;

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "milvus-certgen", &mut text);
    super::printed(io::Write::write_all(&mut io::stdout().lock(), &text))
}

/// Prints the main page, or writes all into a directory.
pub(super) fn pages(directory: Option<&Path>) -> Result<()> {
    let Some(directory) = directory else {
        let page = clap_mangen::Man::new(cli::definition());
        let mut text = Vec::new();
        page.render(&mut text).map_err(|e| Failure::failed(format!("the manual: {e}")))?;
        return super::printed(io::Write::write_all(&mut io::stdout().lock(), &text));
    };
    let failed = |e: io::Error| {
        Failure::failed(format!("--out-dir {}: {}", shown(directory), e.kind()))
            .hint("give a directory that can be written to, such as --out-dir man")
    };
    fs::create_dir_all(directory).map_err(failed)?;
    clap_mangen::generate_to(cli::definition(), directory).map_err(failed)
}
