//! Text from others: names in certificates and requests, file names, answers of servers.
//!
//! Within the program it stays as it is. Whatever reaches a terminal goes through [`printable`] at the door (`report`
//! for standard output, `main` for errors), and a word of theirs in a command that a hint gives goes through [`quoted`].

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fmt::Write;

/// The text with everything escaped that steers a terminal, or is not seen on it: control characters, line breaks
/// and odd blanks, what turns the direction of writing, and what has no width.
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let escaped = |c: char| {
        let (plain, unicode) = if is_hidden(c) { (None, Some(c.escape_unicode())) } else { (Some(c), None) };
        plain.into_iter().chain(unicode.into_iter().flatten())
    };
    Cow::Owned(text.chars().flat_map(escaped).collect())
}

/// True of what [`printable`] escapes.
pub fn is_hidden(c: char) -> bool {
    if matches!(c, ' '..='~') {
        return false;
    }
    // Unicode's "default ignorable" characters (DerivedCoreProperties.txt) that the standard library treats as letters or
    // marks.
    let is_ignorable = matches!(c, '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
        | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{ffa0}' | '\u{e0100}'..='\u{e01ef}');
    // The standard library's table of what is not printable. It escapes a mark only at the beginning of a text, where
    // it has no letter to belong to.
    let behind_a_letter: [char; 2] = ['x', c];
    let text: String = behind_a_letter.iter().collect();
    is_ignorable || text.escape_debug().count() > 2
}

/// One word of a POSIX shell's command, whatever is in it. Nothing in it needs [`printable`].
pub fn quoted(word: impl AsRef<OsStr>) -> String {
    let word = word.as_ref();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-/+@:,".contains(c);
    match word.to_str() {
        Some(text) if !text.is_empty() && text.chars().all(is_plain) => text.to_owned(),
        Some(text) if !text.chars().any(is_hidden) => format!("'{}'", text.replace('\'', "'\\''")),
        _ => printed(word.as_encoded_bytes()),
    }
}

/// A flag and its value as a shell takes them.
pub fn quoted_flag(flag: &str, value: &str) -> String {
    // A value that looks like a flag is one, unless it is bound to its own.
    let between = if value.starts_with('-') { '=' } else { ' ' };
    format!("{flag}{between}{}", quoted(value))
}

/// The word as the output of `printf`, which every shell has; bytes as octal digits, as POSIX knows no others. What a
/// shell removes from an output's end is a line break: in that case `$'...'` is written, which nearly all of them understand.
fn printed(word: &[u8]) -> String {
    let mut text = String::new();
    for byte in word {
        if byte.is_ascii_alphanumeric() || b"._-/+@:, ".contains(byte) {
            text.push(char::from(*byte));
        } else {
            // Writing to a String does not fail.
            let _ = write!(text, "\\{byte:03o}");
        }
    }
    match word {
        [.., b'\n'] => format!("$'{text}'"),
        // Or it is taken for a flag of printf's.
        [b'-', ..] => format!("\"$(printf '\\055{}')\"", &text[1..]),
        _ => format!("\"$(printf '{text}')\""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_steers_a_terminal_is_escaped_and_the_rest_is_not() {
        for plain in ["", "a b", "O=Who?, CN=\"x\\y\" 'z'", "数据", "Åse", "e\u{301}", "кто", "हिन्दी", "🦀"]
        {
            assert!(matches!(printable(plain), Cow::Borrowed(text) if text == plain), "{plain}");
        }
        for hidden in ("\0\u{1b}\u{7}\n\r\t\u{7f}\u{85}\u{9b}\u{a0}\u{ad}\u{34f}\u{61c}\u{115f}\u{180e}\u{200b}\u{200d}\
            \u{200f}\u{2028}\u{202a}\u{202e}\u{2060}\u{2066}\u{2069}\u{2800}\u{3000}\u{3164}\u{e000}\u{fe0f}\u{feff}\
            \u{fff9}\u{e0041}\u{e0100}\u{10ffff}")
            .chars()
        {
            let text = format!("a{hidden}b");
            assert_eq!(printable(&text), format!("a\\u{{{:x}}}b", u32::from(hidden)));
        }
    }

    #[cfg(unix)]
    fn said_by_a_shell(line: &str) -> Vec<u8> {
        let output = std::process::Command::new("sh").args(["-c", line]).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    #[cfg(unix)]
    #[test]
    fn a_shell_reads_the_word_that_was_meant() {
        use std::os::unix::ffi::OsStrExt;

        assert_eq!(quoted("a/b.pem"), "a/b.pem");
        assert_eq!(quoted("it's $(x)"), r"'it'\''s $(x)'");
        assert_eq!(quoted("\u{1b}%"), r#""$(printf '\033\045')""#);
        assert_eq!(quoted("a\n"), r"$'a\012'");
        let words: [&[u8]; 12] = [
            b"",
            b"a'; touch pwned; '",
            b"$(touch pwned)`touch pwned`\"\\",
            b"-n",
            b"--\x1b",
            b"a\nb",
            b"\\n%s%%\x07",
            b"\xff\xfe",
            "数据 \u{202e}".as_bytes(),
            b"~ * ? [a] {a,b} !! #",
            b"a\x9bb",
            b"'\n'",
        ];
        for word in words {
            let quoted = quoted(OsStr::from_bytes(word));
            assert_eq!(printable(&quoted), quoted);
            let heard = said_by_a_shell(&format!("for word in {quoted}; do printf '<%s>' \"$word\"; done"));
            assert_eq!(heard, [b"<", word, b">"].concat(), "{quoted}");
        }
    }
}
