//! Options for which files are read.

use std::path::PathBuf;

use clap::Args;

use super::{LeafFileArgs, Parsed, WHICH_FILES, password};
use crate::check::Question;
use crate::error::{Failure, Result};
use crate::files::BaseName;

// The directory and the names of its files, for commands whose argument is the directory.
#[derive(Debug, Args)]
#[command(next_help_heading = WHICH_FILES)]
pub struct SetArgs {
    /// Same as DIR
    #[arg(short, long, aliases = ["out", "output", "output-dir"], value_name = "DIR", hide = true)]
    out_dir: Option<PathBuf>,
    /// Base name of ca.key, ca.pem and ca.srl
    #[arg(long, value_name = "BASE", default_value = "ca", value_parser = Parsed(BaseName::parse))]
    ca_file: BaseName,
    #[command(flatten)]
    leaf_files: LeafFileArgs,
}

impl SetArgs {
    /// Which set is looked at: the one in `dir`, but for the files that are named: CA certificate, certificate and key.
    pub fn question(self, dir: Option<PathBuf>, named: [Option<PathBuf>; 3]) -> Result<Question> {
        let pair = self.leaf_files.beside(&self.ca_file)?;
        let [ca_certificate, certificate, key] = named;
        if key.is_some() && certificate.is_none() {
            return Err(Failure::usage("--key: without --cert it is not known whose key it is")
                .hint("give the certificate with --cert"));
        }
        Ok(Question {
            dir: dir.or(self.out_dir).unwrap_or_else(|| PathBuf::from(".")),
            ca_base: self.ca_file,
            pair,
            ca_certificate,
            certificate,
            key,
            names: Vec::new(),
            expires_within: None,
            password: password(None)?,
        })
    }
}
