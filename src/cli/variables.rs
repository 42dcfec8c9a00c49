//! Every flag has an environment variable that is named after it.

use clap::builder::FalseyValueParser;
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

/// The flags of a command, with their variables.
#[derive(Debug)]
pub struct Env<A>(pub A);

impl<A: FromArgMatches> FromArgMatches for Env<A> {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches(matches).map(Self)
    }

    fn from_arg_matches_mut(matches: &mut ArgMatches) -> Result<Self, Error> {
        A::from_arg_matches_mut(matches).map(Self)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        self.0.update_from_arg_matches(matches)
    }
}

impl<A: Args> Args for Env<A> {
    fn augment_args(command: Command) -> Command {
        with_variables(A::augment_args(command))
    }

    fn augment_args_for_update(command: Command) -> Command {
        A::augment_args_for_update(command)
    }
}

/// Gives each flag its variable.
pub fn with_variables(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| with_variable(&name, arg))
}

/// Flags to which an empty value says something: to leave the attribute out.
const MAY_BE_EMPTY: [&str; 5] = ["country", "state", "locality", "organization", "organizational-unit"];

/// A directory is named anew each time, and what means something else in another command has a variable of its own:
/// an environment that is made for one command must not surprise another.
fn with_variable(command: &str, arg: Arg) -> Arg {
    let Some(long) = arg.get_long().filter(|long| *long != "dir") else { return arg };
    let prefix = match (command, long) {
        ("milvus-certgen", _) => "",
        ("renew", "all" | "ca" | "rekey") => "RENEW_",
        ("check", "cert" | "key" | "name") => "CHECK_",
        ("probe", "cert" | "key") => "PROBE_",
        ("config", "name" | "namespace") => "KUBERNETES_",
        ("fixtures", "force") => "FIXTURES_",
        (_, "san") => "NAME_",
        _ => "",
    };
    let variable = format!("MILVUS_CERTGEN_{prefix}{}", long.replace('-', "_").to_ascii_uppercase());
    // An empty variable counts as unset: Compose's `${VARIABLE:-}` makes such ones.
    let is_empty = std::env::var_os(&variable).is_some_and(|value| value.is_empty());
    if is_empty && !MAY_BE_EMPTY.contains(&long) {
        return arg;
    }
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let arg = if is_switch { arg.value_parser(FalseyValueParser::new()) } else { arg };
    // clap keeps names for as long as the process lives.
    arg.env(&*variable.leak()).hide_env_values(true)
}
