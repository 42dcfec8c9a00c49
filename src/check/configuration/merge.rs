//! Settings put into a configuration that somebody else has written: its comments, its order and all that is not about
//! them stay as they are.

use std::fmt::Write;

use super::settings::{Setting, Settings, formatted};
use crate::check::Place;
use crate::yaml::{self, Content, Node, Style};

/// The text with those settings in it, each in the place that the text has for it; or why that cannot be done.
pub fn merged(text: &str, additions: &str) -> Result<String, String> {
    let wanted = flattened(additions)?;
    let before = flattened(text)?;
    let mut result = text.to_owned();
    for setting in wanted.iter() {
        let value = setting.value.as_deref().unwrap_or_default();
        result = with(&result, &setting.key, value)?;
    }
    let after = flattened(&result)
        .map_err(|why| format!("is written in a way that nothing can be added to ({why})"))?;
    verify(&before, &wanted, &after)?;
    Ok(result)
}

fn flattened(text: &str) -> Result<Settings, String> {
    let documents = yaml::parse(text).map_err(|invalid| format!("is not valid YAML: {invalid}"))?;
    let place = |line| Place::Configuration { source: 0, line };
    Ok(documents.first().map(|document| Settings::of(document, &place)).unwrap_or_default())
}

/// What was wanted is set once, and nothing else has changed: whatever was written, this is what counts.
fn verify(before: &Settings, wanted: &Settings, after: &Settings) -> Result<(), String> {
    for setting in wanted.iter() {
        let found: Vec<&Setting> = after.iter().filter(|own| own.name == setting.name).collect();
        match found.as_slice() {
            [own] if own.value == setting.value => {}
            [_, second, ..] => return Err(format!("sets {} twice, once as {}", setting.key, second.key)),
            _ => return Err(format!("is written in a way that {} cannot be set in", setting.key)),
        }
    }
    let others = |settings: &Settings| -> Vec<(String, Option<String>)> {
        let is_other =
            |own: &&Setting| !wanted.iter().any(|setting| setting.name == own.name) && !own.name.is_empty();
        let mut others: Vec<_> =
            settings.iter().filter(is_other).map(|own| (own.name.clone(), own.value.clone())).collect();
        // A section that was empty is none any more.
        others.retain(|(name, value)| {
            value.as_deref() != Some("")
                || !wanted.iter().any(|setting| setting.name.starts_with(name.as_str()))
        });
        others.sort();
        others
    };
    if others(before) == others(after) {
        Ok(())
    } else {
        Err("shares values (anchors) with what has to change".to_owned())
    }
}

/// The text with one setting in it.
fn with(text: &str, key: &str, value: &str) -> Result<String, String> {
    let literal = literal(value);
    let root = yaml::parse(text).map_err(|invalid| invalid.to_string())?.into_iter().next();
    let path: Vec<&str> = key.split('.').collect();
    let Some(root) = root.filter(Node::is_mapping) else {
        return Ok(format!("{}{}", ended(text), block(&path, &literal, 0)));
    };
    let (mut node, mut at) = (&root, 0);
    while at < path.len() {
        let found = node
            .pairs()
            .iter()
            .rev()
            .find(|(own, _)| own.text().is_some_and(|own| formatted(own) == formatted(path[at])));
        let Some((key, own)) = found else { break };
        at += 1;
        if own.is_null() && own.text() == Some("") {
            return Ok(filled(text, key, &path[at..], &literal));
        }
        node = own;
        if !own.is_mapping() {
            break;
        }
    }
    match (&node.content, &path[at..]) {
        (Content::Scalar(_, Style::Plain | Style::Quoted), []) => Ok(replaced(text, node.span, &literal)),
        (Content::Mapping(_), rest @ [_, ..]) => Ok(added(text, node, rest, &literal)),
        _ => Err(format!("has something else than a value in the place of {key}")),
    }
}

/// A new key of a mapping: before its first one, or at the end of the text.
fn added(text: &str, node: &Node, rest: &[&str], literal: &str) -> String {
    let (start, pairs) = (byte(text, node.span.0), node.pairs());
    if text[start..].starts_with('{') {
        let comma = if pairs.is_empty() { "" } else { ", " };
        return inserted(text, start + 1, &format!("{}{comma}", flow(rest, literal)));
    }
    let Some((first, _)) = pairs.first() else { return text.to_owned() };
    let indent = column(text, first);
    if indent == 0 {
        return format!("{}{}", ended(text), block(rest, literal, 0));
    }
    let line = line_start(text, byte(text, first.span.0));
    inserted(text, line, &block(rest, literal, indent))
}

/// The value of a key that has none.
fn filled(text: &str, key: &Node, rest: &[&str], literal: &str) -> String {
    let end = byte(text, key.span.1);
    let colon = text[end..].find(':').map_or(end, |at| end + at + 1);
    if rest.is_empty() {
        return inserted(text, colon, &format!(" {literal}"));
    }
    let next = text[colon..].find('\n').map_or(text.len(), |at| colon + at + 1);
    let (head, tail) = text.split_at(next);
    format!("{}{}{tail}", ended(head), block(rest, literal, column(text, key) + 2))
}

fn block(path: &[&str], literal: &str, indent: usize) -> String {
    let mut lines = String::new();
    for (depth, key) in path.iter().enumerate() {
        let value = if depth + 1 == path.len() { format!(" {literal}") } else { String::new() };
        // Writing to a String does not fail.
        let _ = writeln!(lines, "{:width$}{key}:{value}", "", width = indent + 2 * depth);
    }
    lines
}

fn flow(path: &[&str], literal: &str) -> String {
    let (last, above) = path.split_last().unwrap_or((&"", &[]));
    let opened: String = above.iter().flat_map(|key| [key, ": {"]).collect();
    format!("{opened}{last}: {literal}{}", "}".repeat(above.len()))
}

/// Numbers and truth values are what they are; all else is quoted, as it may mean something in YAML.
fn literal(value: &str) -> String {
    let is_plain = value.parse::<i64>().is_ok() || value == "true" || value == "false";
    if is_plain { value.to_owned() } else { serde_json::Value::from(value).to_string() }
}

fn ended(text: &str) -> String {
    if text.is_empty() || text.ends_with('\n') { text.to_owned() } else { format!("{text}\n") }
}

fn byte(text: &str, character: usize) -> usize {
    text.char_indices().nth(character).map_or(text.len(), |(at, _)| at)
}

fn line_start(text: &str, at: usize) -> usize {
    text[..at].rfind('\n').map_or(0, |at| at + 1)
}

fn column(text: &str, node: &Node) -> usize {
    let at = byte(text, node.span.0);
    text[line_start(text, at)..at].chars().count()
}

fn inserted(text: &str, at: usize, what: &str) -> String {
    format!("{}{what}{}", &text[..at], &text[at..])
}

fn replaced(text: &str, span: (usize, usize), what: &str) -> String {
    let (start, end) = (byte(text, span.0), byte(text, span.1));
    format!("{}{what}{}", &text[..start], &text[start + written(&text[start..end])..])
}

/// How long a scalar is as it is written: the parser counts a comment behind closing quotes to it.
fn written(scalar: &str) -> usize {
    let Some(quote) = scalar.chars().next().filter(|c| matches!(c, '"' | '\'')) else { return scalar.len() };
    let value =
        |text: &str| yaml::parse(text).ok().and_then(|nodes| nodes.first()?.text().map(str::to_owned));
    let whole = value(scalar);
    let ends = scalar.match_indices(quote).map(|(at, _)| at + 1);
    ends.skip(1).find(|&end| value(&scalar[..end]) == whole).unwrap_or(scalar.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "proxy:\n  http:\n    port: 8080\ntls:\n  serverPemPath: \"/tls/server.pem\"\ncommon:\n  security:\n    tlsMode: 2\n";

    #[test]
    fn what_is_there_stays_and_what_is_added_counts() {
        for (text, parts) in [
            ("", &["tlsMode: 2"][..]),
            ("# only a comment\n", &["# only a comment\n", "tlsMode: 2"]),
            ("log:\n  level: warn # why\n", &["level: warn # why\n", "tlsMode: 2"]),
            (
                "common:\n  # mine\n  security:\n    authorizationEnabled: true\n",
                &["    tlsMode: 2\n    authorizationEnabled: true\n"],
            ),
            ("common:\n    security:\n        tlsMode: 0 # off\nlog: {level: warn}", &["tlsMode: 2 # off\n"]),
            ("common:\n  security: {tlsMode: 0, authorizationEnabled: true}\n", &["{tlsMode: 2, auth"]),
            (
                "common: {storageType: local}\nproxy: {}\n",
                &["{security: {tlsMode: 2}, storageType: local}", "{http: {port: 8080}}"],
            ),
            (
                "common:\nproxy:\n  http: # rest\n",
                &["common:\n  security:\n    tlsMode: 2\n", "http: # rest\n    port: 8080\n"],
            ),
            ("tls:\n  SERVER_PEM_PATH: 'old' # x\n", &["SERVER_PEM_PATH: \"/tls/server.pem\" # x"]),
            ("tls:\n  serverPemPath: 'it''s' # it's\n", &["serverPemPath: \"/tls/server.pem\" # it's"]),
            ("  common:\n    x: 1\n  log:\n    level: 数据 # é\n", &["level: 数据 # é\n"]),
            ("---\ncommon: {x: 1}\n", &["---\n"]),
        ] {
            let result = merged(text, OURS).unwrap_or_else(|why| panic!("{text:?}: {why}"));
            for part in parts {
                assert!(result.contains(part), "{text:?}: {part:?} is not in {result}");
            }
            let again = merged(&result, OURS).unwrap();
            assert_eq!(again, result, "{text:?}");
        }
    }

    #[test]
    fn what_cannot_be_merged_is_refused() {
        for text in [
            "common: [a]\n",
            "common: text\n",
            "x: &x {security: {a: 1}}\ncommon: *x\n",
            "common.security.tlsMode: 1\ncommon:\n  security:\n    tlsMode: 1\n",
            "common: {security: {tlsMode: [1]}}\n",
            "a: [\n",
            "common: {x: 1}\n...\n",
        ] {
            assert!(merged(text, OURS).is_err(), "{text:?}: {:?}", merged(text, OURS));
        }
    }
}
