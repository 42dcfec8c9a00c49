//! `completions` and `man`: what packagers install beside the binary, made from the command line itself.

use std::io::{self, Write};
use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;
use zeroize::Zeroizing;

use super::{System, definition, in_world, printed};
use crate::error::{Exit, Failure, Result};
use crate::run::write_files;
use crate::store::Change;

/// Prints the completions of a shell.
pub(super) fn completions(shell: Shell) -> Result<Exit> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut definition(), "milvus-certgen", &mut text);
    put(&text)
}

/// Prints the main page, or writes all into a directory.
pub(super) fn pages(directory: Option<&Path>, system: &mut System<'_>) -> Result<Exit> {
    let Some(directory) = directory else {
        return put(&rendered(&Man::new(definition()))?);
    };
    let mut main = definition();
    main.build();
    in_world(false, system, |world| {
        write_files(directory, false, world, |_, _| {
            let commands = main.get_subcommands().filter(|command| !command.is_hide_set());
            [&main].into_iter().chain(commands).map(|command| page(command.clone())).collect()
        })
    })?;
    Ok(Exit::Done)
}

fn put(text: &[u8]) -> Result<Exit> {
    printed(io::stdout().lock().write_all(text))
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
