//! Mistyped command lines: the error in the form of all others, and a hint that a person would give.
//!
//! A hint that is a command line is shown only if it parses; where none does, there is no hint or a general one.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, Error};

use crate::error::Failure;
use crate::foreign::quoted;
use crate::san::San;

mod words;

use words::{COMMANDS, FLAGS, GENERATE, SWITCHES, VALUES};

/// The error for a command line that clap rejects.
pub(super) fn explain(error: &Error, line: &Line) -> Failure {
    match error.kind() {
        ErrorKind::InvalidSubcommand => unknown_command(&text(error, ContextKind::InvalidSubcommand), line),
        ErrorKind::UnknownArgument => unknown_argument(&text(error, ContextKind::InvalidArg), line),
        ErrorKind::ArgumentConflict if line.command > 1 => options_first(line),
        ErrorKind::InvalidValue => invalid_value(error, line),
        ErrorKind::MissingRequiredArgument => {
            let what = text(error, ContextKind::InvalidArg);
            match what.split_once(' ') {
                Some((option, value)) if option.starts_with("--") => {
                    let value = value.trim_matches(['<', '>']);
                    Failure::usage(format!("{option}: missing")).hint(format!("add {option} {value}"))
                }
                _ => {
                    let what = what.trim_matches(['<', '>', '.']).replace(">...", "");
                    line.with_example(Failure::usage(format!("{what}: missing")))
                }
            }
        }
        _ => Failure::usage(first_line(error)).hint(line.help()),
    }
}

/// The words that were typed, the program's first.
#[derive(Debug)]
pub(super) struct Line {
    words: Vec<OsString>,
    /// Where the command stands in them; 0 without one.
    command: usize,
    definition: Command,
}

impl Line {
    pub(super) fn new(words: Vec<OsString>, mut definition: Command) -> Self {
        definition.build();
        let is_command = |word: &OsString| definition.find_subcommand(word).is_some();
        let command = words.iter().skip(1).position(is_command).map_or(0, |at| at + 1);
        Self { words, command, definition }
    }

    fn command_name(&self) -> Option<&str> {
        self.words.get(self.command).filter(|_| self.command > 0).and_then(|word| word.to_str())
    }

    /// The command that was typed, or the default one.
    fn typed_command(&self) -> &Command {
        self.command_name().and_then(|name| self.definition.find_subcommand(name)).unwrap_or(&self.definition)
    }

    /// The line with other words in the place of one; `None` if it does not parse.
    fn with(&self, at: usize, instead: &[&str]) -> Option<String> {
        let words = self.words.iter().enumerate().flat_map(|(place, word)| {
            if place == at { instead.iter().map(OsString::from).collect() } else { vec![word.clone()] }
        });
        self.parsed(&words.collect::<Vec<_>>())
    }

    fn parsed(&self, words: &[OsString]) -> Option<String> {
        let result = self.definition.clone().try_get_matches_from(words.iter().cloned());
        let is_fine = result.map_or_else(|error| error.exit_code() == 0, |_| true);
        let typed: Vec<String> = words.iter().skip(1).map(quoted).collect();
        is_fine.then(|| format!("milvus-certgen {}", typed.join(" ")).trim_end().to_owned())
    }

    fn position(&self, is_it: impl Fn(&str) -> bool) -> Option<usize> {
        (1..self.words.len()).find(|&at| self.words[at].to_str().is_some_and(&is_it))
    }

    fn help(&self) -> String {
        match self.command_name() {
            Some(name) => format!("see: milvus-certgen {name} --help"),
            None => "see: milvus-certgen --help".to_owned(),
        }
    }

    /// With the first example of the command's help.
    fn with_example(&self, failure: Failure) -> Failure {
        let help = self.typed_command().get_after_long_help().map(ToString::to_string).unwrap_or_default();
        match help.lines().find(|line| line.trim_start().starts_with("milvus-certgen ")) {
            Some(example) => failure.hint(format!("for example: {}", example.trim())),
            None => failure.hint(self.help()),
        }
    }
}

fn unknown_command(word: &str, line: &Line) -> Failure {
    let failure = Failure::usage(format!("{word}: no such command"));
    let Some(at) = line.position(|typed| typed == word) else { return failure.hint(line.help()) };
    let lower = word.to_lowercase();
    let names: Vec<&str> = line.definition.get_subcommands().map(Command::get_name).collect();
    let commands = COMMANDS.iter().filter(|(words, _)| words.contains(&lower.as_str()));
    let mut candidates: Vec<Vec<&str>> = commands.map(|(_, command)| command.to_vec()).collect();
    if GENERATE.contains(&lower.as_str()) {
        let is_alone = line.words.len() == 2;
        candidates.push(if is_alone { vec!["--cn", "localhost"] } else { vec![] });
    }
    candidates.extend(nearest(&lower, names.into_iter()).map(|name| vec![name]));
    candidates.extend(target(line, &lower).map(|target| vec!["config", target]));
    if word.contains('/') || std::path::Path::new(word).is_dir() {
        candidates.push(vec!["-o", word]);
    } else if San::parse("NAME", word).is_ok_and(|name| matches!(name, San::Dns(_) | San::Ip(_))) {
        candidates.push(vec!["--cn", word]);
    }
    match candidates.iter().find_map(|instead| line.with(at, instead)) {
        Some(instead) => failure.hint(instead),
        None => failure.hint(line.help()),
    }
}

/// A target of `config` that was typed without it.
fn target<'a>(line: &'a Line, word: &'a str) -> Option<&'a str> {
    let config = line.definition.find_subcommand("config")?;
    let values = config.get_positionals().next()?.get_possible_values();
    let known = |word: &str| values.iter().any(|value| value.get_name() == word);
    let synonym = VALUES.iter().find(|(words, _)| words.contains(&word)).map_or(word, |(_, value)| value);
    known(synonym).then_some(synonym)
}

fn unknown_argument(flag: &str, line: &Line) -> Failure {
    let is_it = |word: &str| word == flag || word.starts_with(&format!("{flag}="));
    // Of several letters in one word, clap names the first that it does not know.
    let is_short = !flag.starts_with("--") && flag.starts_with('-');
    let found = line.position(is_it).or_else(|| line.position(|word| is_short && word.starts_with(flag)));
    let Some(at) = found else {
        return Failure::usage(format!("{flag}: no such option")).hint(line.help());
    };
    let word = line.words[at].to_string_lossy();
    let (typed, value) = match word.split_once('=') {
        Some((typed, value)) => (typed, Some(value)),
        None => (&*word, None),
    };
    if !flag.starts_with('-') {
        return surplus(flag, at, line);
    }
    let failure = Failure::usage(format!("{typed}: no such option"));
    let instead = |flag: &str| match value {
        Some(value) => line.with(at, &[flag, value]),
        None => line.with(at, &flag.split(' ').collect::<Vec<_>>()),
    };
    let synonyms = FLAGS.iter().filter(|(words, _)| words.contains(&typed)).flat_map(|(_, flags)| *flags);
    let switches = SWITCHES.iter().filter(|(words, _)| words.contains(&typed)).map(|(_, flags)| flags);
    let own: Vec<String> = longs(line.typed_command()).map(|long| format!("--{long}")).collect();
    let near = nearest(typed, own.iter().map(String::as_str));
    let mut candidates = synonyms.chain(switches).copied().chain(near);
    if let Some(instead) = candidates.find_map(instead) {
        return failure.hint(instead);
    }
    if let Some((_, advice)) = words::ADVICE.iter().find(|(words, _)| words.contains(&typed)) {
        return failure.hint(*advice);
    }
    let all = std::iter::once(&line.definition).chain(line.definition.get_subcommands());
    let others = all.filter(|other| longs(other).any(|long| Some(long) == typed.strip_prefix("--")));
    let help = others.map(|other| match other.get_name() {
        "milvus-certgen" => "milvus-certgen --help".to_owned(),
        name => format!("milvus-certgen {name} --help"),
    });
    match help.collect::<Vec<_>>().as_slice() {
        [] => failure.hint(line.help()),
        several => failure.hint(format!("it is an option of another command: {}", several.join(", "))),
    }
}

/// The long options of a command.
fn longs(command: &Command) -> impl Iterator<Item = &str> {
    command.get_arguments().filter_map(clap::Arg::get_long)
}

/// A word that no command takes, such as a host name.
fn surplus(word: &str, at: usize, line: &Line) -> Failure {
    let failure = Failure::usage(format!("{word}: one argument too many"));
    match line.with(at, &["--cn", word]) {
        Some(instead) => failure.hint(instead),
        None => failure.hint(line.help()),
    }
}

/// Options stand behind the command, as they are its own.
fn options_first(line: &Line) -> Failure {
    let name = line.command_name().unwrap_or_default();
    let (before, after) = line.words.split_at(line.command);
    let behind: Vec<OsString> = before[..1].iter().chain(after).chain(&before[1..]).cloned().collect();
    let failure = Failure::usage(format!("{name}: options stand before the command"));
    match line.parsed(&behind) {
        Some(line) => failure.hint(format!("put options after the command: {line}")),
        None => {
            failure.hint(format!("put options after the command; it takes: milvus-certgen {name} --help"))
        }
    }
}

fn invalid_value(error: &Error, line: &Line) -> Failure {
    let (arg, value) = (text(error, ContextKind::InvalidArg), text(error, ContextKind::InvalidValue));
    let flag = arg.split([' ', '=']).next().unwrap_or_default().trim_matches(['<', '>', '[', ']']);
    if value.is_empty() {
        return line.with_example(Failure::usage(format!("{flag}: a value is missing")));
    }
    let valid = match error.get(ContextKind::ValidValue) {
        Some(ContextValue::Strings(values)) => values.clone(),
        _ => return Failure::usage(first_line(error)).hint(line.help()),
    };
    let failure = Failure::usage(format!("{flag} {value:?}: not one of its values"));
    let lower = value.to_lowercase();
    let synonym = VALUES.iter().find(|(words, _)| words.contains(&lower.as_str())).map(|(_, value)| *value);
    let known = synonym.or_else(|| nearest(&lower, valid.iter().map(String::as_str)));
    let instead = known.and_then(|known| {
        let known: Vec<&str> = known.split(' ').collect();
        let at = line.position(|word| word == value);
        let bound = line.position(|word| word == format!("{flag}={value}"));
        let bound_words: Vec<&str> = std::iter::once(flag).chain(known.iter().copied()).collect();
        at.and_then(|at| line.with(at, &known)).or_else(|| line.with(bound?, &bound_words))
    });
    failure.hint(match instead {
        Some(instead) => instead,
        None if valid.len() <= 30 => format!("use one of {}", valid.join(", ")),
        None => line.help(),
    })
}

/// The word that is meant, if one is so near that it can be a slip of the fingers.
fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let is_near = |distance: usize, known: &str| match known.trim_start_matches('-').len() {
        // Short ones are all alike.
        0..=3 => distance == 1 && (known.starts_with(word) || word.starts_with(known)),
        _ => distance <= 2 && distance < word.trim_start_matches('-').len(),
    };
    known
        .map(|known| (strsim::damerau_levenshtein(word, known), known))
        .filter(|&(distance, known)| is_near(distance, known))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

fn text(error: &Error, kind: ContextKind) -> String {
    match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    }
}

/// clap's own sentence.
fn first_line(error: &Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
