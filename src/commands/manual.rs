//! `completions` and `man`: what packagers install beside the binary, made from the command line itself.

use std::io;
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;
use zeroize::Zeroizing;

use crate::cli;
use crate::error::{Failure, Result};
use crate::run::{World, write_files};
use crate::store::Change;

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<()> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut cli::definition(), "milvus-certgen", &mut text);
    super::printed(io::Write::write_all(&mut io::stdout().lock(), &text))
}

/// Prints the main page, or writes all into a directory.
pub(super) fn pages(directory: Option<&Path>, world: &mut World<'_>) -> Result<()> {
    let Some(directory) = directory else {
        let text = rendered(&Man::new(cli::definition()))?;
        return super::printed(io::Write::write_all(&mut io::stdout().lock(), &text));
    };
    let mut main = cli::definition();
    main.build();
    write_files(directory, false, world, |_, _| {
        let commands = main.get_subcommands().filter(|command| !command.is_hide_set());
        [&main].into_iter().chain(commands).map(|command| page(command.clone())).collect()
    })?;
    Ok(())
}

fn page(command: clap::Command) -> Result<Change> {
    let page = Man::new(command);
    Ok(Change::new(page.get_filename(), 0o644, Zeroizing::new(rendered(&page)?)))
}

fn rendered(page: &Man) -> Result<Vec<u8>> {
    let mut text = Vec::new();
    page.render(&mut text).map_err(|e| Failure::failed(format!("the manual: {e}")))?;
    Ok(text)
}
