//! Flags for how long certificates are valid, and when they are renewed.

use clap::Args;

use super::Parsed;
use crate::error::{Failure, Result};
use crate::spec::Spec;

const VALIDITY: &str = "Validity (from an hour ago, for clocks that differ, until so many days from now)";

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
struct DaysArgs {
    /// Days until server and client certificates expire, at most as long as the CA's [default: 3650]
    #[arg(long, value_name = "DAYS", value_parser = Parsed(days), allow_hyphen_values = true)]
    days: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
struct WindowArgs {
    /// Sign again what expires within so many days; never more than a third of a certificate's lifetime
    /// [default: 30]
    #[arg(long, value_name = "DAYS", value_parser = Parsed(window), allow_hyphen_values = true)]
    renew_within: Option<u32>,
}

// For commands that sign the CA too.
#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
pub struct ValidityArgs {
    #[command(flatten)]
    days: DaysArgs,
    /// Days until the CA's certificate expires, not less than --days [default: as --days]
    #[arg(long, value_name = "DAYS", value_parser = Parsed(days), allow_hyphen_values = true)]
    ca_days: Option<u32>,
    #[command(flatten)]
    window: WindowArgs,
}

// For commands that only use it.
#[derive(Debug, Args)]
pub struct LeafValidityArgs {
    #[command(flatten)]
    days: DaysArgs,
    #[command(flatten)]
    window: WindowArgs,
}

impl ValidityArgs {
    pub fn set(&self, spec: &mut Spec) {
        (spec.days, spec.ca_days, spec.renew_within) =
            (self.days.days, self.ca_days, self.window.renew_within);
    }
}

impl LeafValidityArgs {
    pub fn set(&self, spec: &mut Spec) {
        (spec.days, spec.renew_within) = (self.days.days, self.window.renew_within);
    }
}

fn days(flag: &str, text: &str) -> Result<u32> {
    whole_days(flag, text, 1)
}

/// So many days before the end.
pub fn window(flag: &str, text: &str) -> Result<u32> {
    whole_days(flag, text, 0)
}

fn whole_days(flag: &str, text: &str, least: u32) -> Result<u32> {
    let refuse = |why: &str| {
        Failure::usage(format!("{flag} {text:?}: {why}"))
            .hint(format!("give a whole number of days, such as {flag} 365"))
    };
    let days: i128 = text.trim().parse().map_err(|_| refuse("not a whole number"))?;
    match u32::try_from(days) {
        // Ten thousand years of days; the plan says exactly where the year 9999 ends.
        Ok(days @ ..=3_652_425) if days >= least => Ok(days),
        _ if days >= i128::from(least) => {
            Err(refuse("ends after the year 9999, which no certificate can say"))
        }
        _ if least == 0 => Err(refuse("less than no days")),
        _ => Err(refuse("at least one day is needed")),
    }
}
