//! Flags for how a command behaves, apart from what it makes.

use clap::Args;

use super::BEHAVIOUR;

#[derive(Debug, Clone, Copy, Default, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub struct OutputArgs {
    /// Say what would be done and why, and change nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print nothing but errors (and the object of --json)
    #[arg(short, long)]
    pub quiet: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long)]
    pub json: bool,
}

// For commands that change nothing.
#[derive(Debug, Args)]
#[command(next_help_heading = BEHAVIOUR)]
pub struct LookArgs {
    /// Print nothing but errors: the exit code says it
    #[arg(short, long)]
    quiet: bool,
    /// Print one JSON object on standard output instead of text
    #[arg(long)]
    json: bool,
}

impl From<LookArgs> for OutputArgs {
    fn from(LookArgs { quiet, json }: LookArgs) -> Self {
        Self { dry_run: false, quiet, json }
    }
}
