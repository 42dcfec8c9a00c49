//! The names of `--from FILE`: one a line, read as a stream.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use crate::error::{Failure, Result};
use crate::files::shown;

/// More keys than a day makes; a file with more lines is hardly a list of names.
const MOST_NAMES: usize = 100_000;

/// In bytes: longer than a host name, a mail address or a subject's CN may be.
const LONGEST_LINE: u64 = 1024;

/// A name, and the line where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) line: usize,
    pub(super) name: String,
}

/// Reads the names; `#` begins a comment, and `-` is standard input.
pub(super) fn read(file: &Path) -> Result<Vec<Listed>> {
    if file == Path::new("-") {
        return list(std::io::stdin().lock(), file);
    }
    // A pipe is waited for: `--from <(list-users)`.
    match File::open(file) {
        Ok(opened) => list(BufReader::new(opened), file),
        Err(e) => Err(failed(file, &e.kind().to_string())),
    }
}

/// An error about a line of the file.
pub(super) fn wrong_line(file: &Path, line: usize, why: &str) -> Failure {
    failed(file, &format!("line {line}: {why}"))
}

fn failed(file: &Path, why: &str) -> Failure {
    Failure::failed(format!("--from {}: {why}", shown(file)))
        .hint("give a file with one name a line, or - for standard input")
}

pub(super) fn list(mut lines: impl BufRead, file: &Path) -> Result<Vec<Listed>> {
    let mut names = Vec::new();
    let mut line = Vec::new();
    for number in 1.. {
        line.clear();
        let read = lines.by_ref().take(LONGEST_LINE + 1).read_until(b'\n', &mut line);
        let read = read.map_err(|e| failed(file, &e.kind().to_string()))?;
        if read == 0 {
            break;
        }
        if line.len() as u64 > LONGEST_LINE {
            return Err(wrong_line(file, number, "is longer than any name"));
        }
        let text = std::str::from_utf8(&line).map_err(|_| wrong_line(file, number, "is not text"))?;
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        let name = without_comment(text);
        if name.starts_with("-----BEGIN") {
            return Err(wrong_line(file, number, "begins a key or a certificate, and is no name"));
        }
        if name.starts_with('-') {
            return Err(wrong_line(file, number, "begins with '-', as no name does"));
        }
        if name.is_empty() {
            continue;
        }
        if names.len() == MOST_NAMES {
            return Err(failed(file, &format!("holds more than {MOST_NAMES} names")));
        }
        names.push(Listed { line: number, name: name.to_owned() });
    }
    if names.is_empty() {
        return Err(failed(file, "holds no name"));
    }
    Ok(names)
}

/// A `#` begins a comment at the start of a line or after a space; within a name it is the name's.
fn without_comment(line: &str) -> &str {
    let comment = line.match_indices('#').map(|(at, _)| at);
    let start = comment.into_iter().find(|&at| at == 0 || line[..at].ends_with(char::is_whitespace));
    line[..start.unwrap_or(line.len())].trim()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &[u8]) -> Result<Vec<String>, String> {
        let names = list(text, Path::new("f")).map_err(|failure| failure.message)?;
        Ok(names.into_iter().map(|listed| format!("{}:{}", listed.line, listed.name)).collect())
    }

    #[test]
    fn a_name_a_line_without_comments_and_blanks() {
        let text = "\u{feff}alice\r\n\n# all of them\n  bob # the builder\nc#sharp\nlast";
        assert_eq!(names(text.as_bytes()).unwrap(), ["1:alice", "4:bob", "5:c#sharp", "6:last"]);
    }

    #[test]
    fn a_line_that_is_no_name_is_refused_with_its_number() {
        let long = format!("a\n{}\n", "x".repeat(2000));
        for (text, why) in [
            (
                &b"a\n-----BEGIN PRIVATE KEY-----\nMIIE\n"[..],
                "--from f: line 2: begins a key or a certificate",
            ),
            (b"a\n--cn x\n", "--from f: line 2: begins with '-'"),
            (b"a\nb\n\xff\xfe\n", "--from f: line 3: is not text"),
            (long.as_bytes(), "--from f: line 2: is longer than any name"),
            (b"\n# nobody\n", "--from f: holds no name"),
            (b"", "--from f: holds no name"),
        ] {
            let message = names(text).unwrap_err();
            assert!(message.starts_with(why), "{message}");
        }
    }

    /// Only what is needed of it is read.
    #[test]
    fn a_stream_without_end_is_left_at_the_first_line_that_is_no_name() {
        assert!(list(BufReader::new(std::io::repeat(0)), Path::new("f")).is_err());
        assert!(list(BufReader::new(std::io::repeat(b'a')), Path::new("f")).is_err());
        let endless =
            std::iter::repeat_n(b"name\n".as_slice(), MOST_NAMES + 2).flatten().copied().collect::<Vec<_>>();
        let error = list(endless.as_slice(), Path::new("f")).unwrap_err();
        assert_eq!(error.message, "--from f: holds more than 100000 names");
    }
}
