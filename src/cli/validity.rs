//! Options for how long certificates are valid, and when they are renewed.

use clap::Args;

use super::{Parsed, VALIDITY};
use crate::error::{Failure, Result};
use crate::spec::Spec;

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
struct DaysArgs {
    /// Validity: days, or 90d, 12w, 1y [default: 3650]
    #[arg(long, value_name = "DAYS", value_parser = Parsed(days), allow_hyphen_values = true)]
    days: Option<u32>,
}

#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
struct WindowArgs {
    /// Renew certificates that expire within this time [default: 30 days, at most a third of their validity]
    #[arg(long, value_name = "DAYS", value_parser = Parsed(window), allow_hyphen_values = true)]
    renew_within: Option<u32>,
}

// For commands that sign the CA too.
#[derive(Debug, Args)]
#[command(next_help_heading = VALIDITY)]
pub struct ValidityArgs {
    #[command(flatten)]
    days: DaysArgs,
    /// Validity of the CA certificate, at least --days [default: --days]
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
            .hint(format!("give a whole number of days, such as {flag} 365, or 90d, 12w, 1y, 48h"))
    };
    let too_late = || refuse("ends after the year 9999, which no certificate can say");
    let (number, hours) = with_unit(text.trim());
    let number: i128 = number.parse().map_err(|_| refuse("not a whole number"))?;
    let hours = number.checked_mul(hours).ok_or_else(too_late)?;
    if hours % 24 != 0 {
        return Err(refuse("not whole days"));
    }
    match u32::try_from(hours / 24) {
        // Ten thousand years of days; the plan says exactly where the year 9999 ends.
        Ok(days @ ..=3_652_425) if days >= least => Ok(days),
        _ if hours / 24 >= i128::from(least) => Err(too_late()),
        _ if least == 0 => Err(refuse("less than no days")),
        _ => Err(refuse("at least one day is needed")),
    }
}

/// The number, and the hours of its unit.
fn with_unit(text: &str) -> (&str, i128) {
    let units = [('h', 1), ('d', 24), ('w', 7 * 24), ('y', 365 * 24)];
    let found = units.into_iter().find_map(|(unit, hours)| Some((text.strip_suffix(unit)?, hours)));
    found.unwrap_or((text, 24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_days() {
        for (text, expected) in [
            ("90", 90),
            (" 90d", 90),
            ("12w", 84),
            ("1y", 365),
            ("24h", 1),
            ("48h", 2),
            ("3652425", 3_652_425),
        ] {
            assert_eq!(days("--days", text).unwrap(), expected, "{text}");
        }
        for (text, why) in [
            ("0", "at least one day"),
            ("0h", "at least one day"),
            ("-1d", "at least one day"),
            ("12h", "not whole days"),
            ("1.5", "not a whole number"),
            ("d", "not a whole number"),
            ("1d2h", "not a whole number"),
            ("10007y", "after the year 9999"),
            ("170141183460469231731687303715884105727y", "after the year 9999"),
        ] {
            let failure = days("--days", text).unwrap_err();
            assert!(failure.message.contains(why), "{text}: {}", failure.message);
        }
        assert_eq!(window("--renew-within", "0").unwrap(), 0);
    }
}
