//! A value as a literal of the language that a template is in.

use std::fmt::Write;

use minijinja::value::{Value, ValueKind};
use minijinja::{Error, ErrorKind, Output};

use crate::foreign::{is_hidden, quoted};

/// How strings are written; numbers and truth values are written alike in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quoting {
    /// YAML 1.2's double-quoted scalar.
    Yaml,
    /// The same in a Compose file, where `$` begins a variable.
    Compose,
    /// Double quotes as Python, Java, JavaScript, Go and C++ agree on.
    Source,
    /// Rust's.
    Rust,
    /// A POSIX shell's word.
    Shell,
    /// nginx's, where nothing stands for a `$`: what has one is refused before.
    Nginx,
}

impl Quoting {
    pub(super) fn write(self, out: &mut Output<'_>, value: &Value) -> Result<(), Error> {
        let failed = |_| Error::from(ErrorKind::WriteFailure);
        match value.kind() {
            // In a comment, or within a literal: names that need no quotes anywhere.
            ValueKind::String if value.is_safe() => {
                out.write_str(value.as_str().unwrap_or_default()).map_err(failed)
            }
            ValueKind::String => {
                out.write_str(&self.literal(value.as_str().unwrap_or_default())).map_err(failed)
            }
            ValueKind::Number | ValueKind::Bool => write!(out, "{value}").map_err(failed),
            kind => Err(Error::new(ErrorKind::InvalidOperation, format!("a template prints a {kind}"))),
        }
    }

    pub(super) fn literal(self, text: &str) -> String {
        match self {
            Self::Yaml => double_quoted(text),
            Self::Compose => double_quoted(&text.replace('$', "$$")),
            Self::Source | Self::Nginx => source(text),
            Self::Rust => format!("{text:?}"),
            Self::Shell => quoted(text),
        }
    }
}

/// As JSON, which YAML takes too. What is not printable is escaped: YAML takes it in no other form, and neither a
/// terminal nor a reader should meet it raw. Beyond U+FFFF there is no form that suits all languages; no name needs it.
fn double_quoted(text: &str) -> String {
    let mut literal = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => {
                literal.push('\\');
                literal.push(c);
            }
            '\u{10000}'.. if is_hidden(c) => literal.push('\u{fffd}'),
            c if is_hidden(c) => {
                // Writing to a String does not fail.
                let _ = write!(literal, "\\u{:04x}", u32::from(c));
            }
            c => literal.push(c),
        }
    }
    literal.push('"');
    literal
}

/// No `\u` for control characters: Java reads such an escape before it looks for the end of the literal, and C++
/// refuses it. Octal escapes of three digits mean the same in all of them but JavaScript's strict mode; there is no
/// form that suits all, so that they are left out of names (which never have them) and replaced.
fn source(text: &str) -> String {
    let replaced: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    double_quoted(&replaced)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_quotes() {
        for (quoting, text, literal) in [
            (Quoting::Yaml, "a\"b: \\ #", r#""a\"b: \\ #""#),
            (Quoting::Yaml, "a\nb\u{7f}\u{85}", r#""a\u000ab\u007f\u0085""#),
            (Quoting::Compose, "$HOME", r#""$$HOME""#),
            (Quoting::Source, "a\"b\\u0041'", r#""a\"b\\u0041'""#),
            (Quoting::Source, "a\nb", "\"a\u{fffd}b\""),
            (Quoting::Rust, "a\"b\n", r#""a\"b\n""#),
            (Quoting::Shell, "it's $(x)", r"'it'\''s $(x)'"),
            (Quoting::Shell, "db.example.com", "db.example.com"),
            (Quoting::Yaml, "数据", "\"数据\""),
            (Quoting::Yaml, "a\u{202e}\u{e0041}", "\"a\\u202e\u{fffd}\""),
            (Quoting::Source, "a\u{202e}", r#""a\u202e""#),
        ] {
            assert_eq!(quoting.literal(text), literal, "{quoting:?}");
        }
    }
}
