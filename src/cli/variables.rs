//! Every option has an environment variable that is named after it.

use clap::builder::{FalseyValueParser, TypedValueParser};
use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::error::Failure;

/// The options of a command, with their variables.
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

/// Gives each option its variable.
pub fn with_variables(command: Command) -> Command {
    let name = command.get_name().to_owned();
    command.mut_args(|arg| with_variable(&name, arg))
}

/// Options with a meaning for an empty value: it omits the attribute.
const MAY_BE_EMPTY: [&str; 5] = ["country", "state", "locality", "organization", "organizational-unit"];

/// Variables that are no option's: the password, and what Cargo sets from the build script for whatever it runs.
const OTHERS: [&str; 2] = ["MILVUS_CERTGEN_CA_KEY_PASSWORD", "MILVUS_CERTGEN_BUILD"];

/// The variable of an option; `None` for a directory, which is named anew each time.
///
/// An option that means something else in another command has a variable of its own: an environment for one command must
/// not surprise another.
fn variable_of(command: &str, long: &str) -> Option<String> {
    let prefix = match (command, long) {
        (_, "dir" | "help" | "version") => return None,
        ("milvus-certgen", _) => "",
        ("renew", "all" | "ca" | "rekey") => "RENEW_",
        ("check", "cert" | "key" | "name") => "CHECK_",
        ("probe", "cert" | "key") => "PROBE_",
        ("config", "name" | "namespace") => "KUBERNETES_",
        ("fixtures", "force") => "FIXTURES_",
        (_, "san") => "NAME_",
        _ => "",
    };
    Some(format!("MILVUS_CERTGEN_{prefix}{}", long.replace('-', "_").to_ascii_uppercase()))
}

fn with_variable(command: &str, arg: Arg) -> Arg {
    let variable = arg.get_long().and_then(|long| variable_of(command, long));
    let (Some(variable), Some(long)) = (variable, arg.get_long()) else { return arg };
    // An empty variable counts as unset: Compose's `${VARIABLE:-}` makes such ones.
    let is_empty = std::env::var_os(&variable).is_some_and(|value| value.is_empty());
    if is_empty && !MAY_BE_EMPTY.contains(&long) {
        return arg;
    }
    let is_switch = matches!(arg.get_action(), ArgAction::SetTrue);
    let arg = if is_switch { arg.value_parser(FalseyValueParser::new()) } else { arg };
    // clap keeps names for as long as the process lives. The short help has no room for them.
    arg.env(&*variable.leak()).hide_env_values(true).hide_env(is_typed("-h"))
}

/// True if the word is on this process's command line, before `--`.
fn is_typed(option: &str) -> bool {
    typed().any(|word| word == option)
}

fn typed() -> impl Iterator<Item = std::ffi::OsString> {
    std::env::args_os().skip(1).take_while(|word| word != "--")
}

/// True if this process's command line or environment asks for JSON, also where the rest of it is invalid.
pub fn wants_json() -> bool {
    let parser = FalseyValueParser::new();
    let variable = std::env::var_os("MILVUS_CERTGEN_JSON").filter(|value| !value.is_empty());
    is_typed("--json")
        || variable.is_some_and(|value| {
            parser.parse_ref(&Command::new("milvus-certgen"), None, &value).unwrap_or_default()
        })
}

/// Names the environment variable in an error about an option's value that comes from there.
pub fn name_variable(command: &str, mut failure: Failure) -> Failure {
    let Some(long) = failure.message.strip_prefix("--").and_then(|rest| rest.split([' ', ':']).next()) else {
        return failure;
    };
    let option = format!("--{long}");
    let bound = format!("{option}=");
    let is_on_line =
        typed().any(|word| word.to_str().is_some_and(|word| word == option || word.starts_with(&bound)));
    let variable = variable_of(command, long).filter(|variable| std::env::var_os(variable).is_some());
    if let (false, Some(variable)) = (is_on_line, variable) {
        failure.message = format!("{variable}{}", &failure.message[option.len()..]);
    }
    failure
}

/// Variables of this process that begin like ours and are none, each with the one that may be meant. `command` is what
/// runs; `definition` has all commands with all of their options, and is asked for only where those do not tell.
pub fn unknown_variables(
    command: &Command,
    definition: impl FnOnce() -> Command,
) -> Vec<(String, Option<String>)> {
    let own: Vec<String> = variables(command).chain(OTHERS.map(str::to_owned)).collect();
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    let set: Vec<String> = set
        .filter(|name| name.starts_with("MILVUS_CERTGEN_") && !name.starts_with("MILVUS_CERTGEN_TEST_"))
        .filter(|name| !own.contains(name))
        .collect();
    if set.is_empty() {
        return Vec::new();
    }
    let mut definition = definition();
    definition.build();
    let all = definition.get_subcommands().chain([&definition]).flat_map(variables);
    let known: Vec<String> = all.chain(OTHERS.map(str::to_owned)).collect();
    let unknown = set.into_iter().filter(|name| !known.contains(name));
    unknown
        .map(|name| {
            let near = known.iter().map(|known| (strsim::damerau_levenshtein(known, &name), known));
            let near = near.filter(|(distance, _)| *distance <= 2).min();
            (name, near.map(|(_, known)| known.clone()))
        })
        .collect()
}

/// The variables of a command's options.
fn variables(command: &Command) -> impl Iterator<Item = String> {
    let longs = command.get_arguments().filter_map(Arg::get_long);
    longs.filter_map(|long| variable_of(command.get_name(), long))
}
