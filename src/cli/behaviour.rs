//! Options for how a command behaves, apart from what it creates.

use clap::Args;

use super::OUTPUT;

#[derive(Debug, Clone, Copy, Default, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option")]
#[command(next_help_heading = OUTPUT)]
pub struct OutputArgs {
    /// Print what a run would do and why; change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print only errors (--json still prints its object)
    #[arg(short, long)]
    pub quiet: bool,
    /// Print subjects, keys, fingerprints and all names too
    #[arg(short, long, conflicts_with = "quiet")]
    pub verbose: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long)]
    pub json: bool,
}

// For commands that change nothing.
#[derive(Debug, Args)]
#[command(next_help_heading = OUTPUT)]
pub struct LookArgs {
    /// Print only errors
    #[arg(short, long)]
    quiet: bool,
    /// Print everything that was found, and subjects, keys and fingerprints
    #[arg(short, long, conflicts_with = "quiet")]
    verbose: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long)]
    json: bool,
}

impl From<LookArgs> for OutputArgs {
    fn from(LookArgs { quiet, verbose, json }: LookArgs) -> Self {
        Self { dry_run: false, quiet, verbose, json }
    }
}
