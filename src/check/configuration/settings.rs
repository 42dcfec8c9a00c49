//! Settings as Milvus finds them again: by a name without case and separators.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};

use crate::check::Place;
use crate::yaml::{Content, Node, Style};

/// One setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Setting {
    /// As it is written: a path of keys with dots between them, or a variable of the environment.
    pub(super) key: String,
    /// The same as Milvus compares it.
    pub(super) name: String,
    /// As Milvus reads it; `None` where a variable is filled in that is not known here.
    pub(super) value: Option<String>,
    pub(super) at: Place,
    pub(super) is_variable: bool,
}

/// Those of one Milvus: what comes later wins.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings(Vec<Setting>);

/// A key as Milvus compares it: lower case, without `/`, `_` and `.` (milvus-io/milvus `pkg/config/config.go`,
/// `formatKey`). So `server_pem_path` and `SERVERPEMPATH` are as good as `serverPemPath`, and a hyphen is not.
pub(super) fn formatted(key: &str) -> String {
    key.to_lowercase().chars().filter(|c| !matches!(c, '/' | '_' | '.')).collect()
}

impl Setting {
    /// A variable of the environment. It wins over a file, and a prefix is taken off it
    /// (milvus-io/milvus `pkg/config/env_source.go`, `pkg/util/paramtable/base_table.go`).
    pub(super) fn variable(name: &str, value: Option<String>, at: Place) -> Self {
        let bare = name.strip_prefix("MILVUS_CONF_").unwrap_or(name);
        let bare = bare.strip_prefix("milvus.").unwrap_or(bare);
        Self { key: name.to_owned(), name: formatted(bare), value, at, is_variable: true }
    }
}

impl Settings {
    pub(super) fn push(&mut self, setting: Setting) {
        self.0.push(setting);
    }

    pub(super) fn extend(&mut self, others: &Self) {
        self.0.extend_from_slice(&others.0);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Setting> {
        self.0.iter()
    }

    /// The one that counts: of variables and files the variables, of several the last.
    pub(super) fn get(&self, key: &str) -> Option<&Setting> {
        let name = formatted(key);
        let mut own = self.0.iter().rev().filter(|setting| setting.name == name);
        let last = own.next()?;
        Some(if last.is_variable { last } else { own.find(|setting| setting.is_variable).unwrap_or(last) })
    }

    /// The settings of a tree of keys, each path of keys flattened, as `flattenAndMergeMap` in
    /// milvus-io/milvus `pkg/config/config.go` does it.
    pub(super) fn of(node: &Node, place: &dyn Fn(usize) -> Place) -> Self {
        let mut settings = Self::default();
        settings.flatten("", node, place);
        settings
    }

    fn flatten(&mut self, prefix: &str, node: &Node, place: &dyn Fn(usize) -> Place) {
        for (key, value) in merged(node) {
            let Some(own) = key.text() else { continue };
            let path = if prefix.is_empty() { own.to_owned() } else { format!("{prefix}.{own}") };
            if value.is_mapping() {
                self.flatten(&path, value, place);
                continue;
            }
            let items: Vec<String> = value.items().iter().filter_map(as_text).collect();
            let text = as_text(value).unwrap_or_else(|| items.join(","));
            let name = formatted(&path);
            self.push(Setting {
                key: path,
                name,
                value: Some(text),
                at: place(key.line),
                is_variable: false,
            });
        }
    }
}

/// The pairs of a mapping with those that `<<` merges into it; of two with one key the last, as Milvus's parser
/// (yaml.v2) takes it.
pub(super) fn merged(node: &Node) -> Vec<(&Node, &Node)> {
    let is_merge = |key: &Node| matches!(&key.content, Content::Scalar(text, Style::Plain) if text == "<<");
    let mut pairs: Vec<(&Node, &Node)> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (key, value) in node.pairs().iter().filter(|(key, _)| !is_merge(key)) {
        let Some(text) = key.text() else { continue };
        match places.get(text) {
            Some(&place) => pairs[place] = (key, value),
            None => {
                places.insert(text, pairs.len());
                pairs.push((key, value));
            }
        }
    }
    for (_, value) in node.pairs().iter().filter(|(key, _)| is_merge(key)) {
        let sources = if value.is_mapping() { std::slice::from_ref(value) } else { value.items() };
        for (key, value) in sources.iter().flat_map(merged) {
            let Some(text) = key.text() else { continue };
            if let Entry::Vacant(place) = places.entry(text) {
                place.insert(pairs.len());
                pairs.push((key, value));
            }
        }
    }
    pairs
}

/// Keys that come twice in one mapping, anywhere in the tree.
pub(super) fn repeated(node: &Node) -> Vec<&Node> {
    let mut found = Vec::new();
    let mut seen = HashSet::new();
    for (key, value) in node.pairs() {
        if key.text().is_some_and(|text| text != "<<" && !seen.insert(text)) {
            found.push(key);
        }
        found.extend(repeated(value));
    }
    found.extend(node.items().iter().flat_map(repeated));
    found
}

/// A scalar as Milvus's parser resolves it (YAML 1.1) and writes it as text again; `None` for what is no scalar.
pub(super) fn as_text(node: &Node) -> Option<String> {
    let Content::Scalar(text, style) = &node.content else { return None };
    if *style != Style::Plain {
        return Some(text.clone());
    }
    if node.is_null() {
        return Some(String::new());
    }
    let is_one_of = |words: &[&str]| words.contains(&text.to_lowercase().as_str());
    if is_one_of(&["true", "yes", "on", "y"]) {
        return Some("true".to_owned());
    }
    if is_one_of(&["false", "no", "off", "n"]) {
        return Some("false".to_owned());
    }
    Some(integer(text).map_or_else(|| text.clone(), |number| number.to_string()))
}

fn integer(text: &str) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (if text.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, text),
    };
    let digits = digits.replace('_', "");
    let number = match digits.as_bytes() {
        [b'0', b'x', ..] => i64::from_str_radix(&digits[2..], 16),
        [b'0', b'o', ..] => i64::from_str_radix(&digits[2..], 8),
        [b'0', b'b', ..] => i64::from_str_radix(&digits[2..], 2),
        [b'0', _, ..] => i64::from_str_radix(&digits[1..], 8),
        [first, ..] if first.is_ascii_digit() => digits.parse(),
        _ => return None,
    };
    // A whole number with a point, such as 1.0, is one too.
    let whole = || digits.strip_suffix(".0").and_then(|digits| digits.parse().ok());
    number.ok().or_else(whole).map(|number| sign * number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        Settings::of(&crate::yaml::parse(text).unwrap()[0], &|line| Place::Configuration { source: 0, line })
    }

    #[test]
    fn names_have_neither_case_nor_separators_but_for_hyphens() {
        let settings = settings(
            "tls:\n  server_pem_path: a\n  SERVERKEYPATH: b\n  ca-pem-path: c\ncommon.security.tlsMode: 2\n",
        );
        let value = |key| settings.get(key).and_then(|setting| setting.value.clone());
        assert_eq!(value("tls.serverPemPath").as_deref(), Some("a"));
        assert_eq!(value("tls.serverKeyPath").as_deref(), Some("b"));
        assert_eq!(value("tls.caPemPath"), None);
        assert_eq!(value("common.security.tlsMode").as_deref(), Some("2"));
    }

    #[test]
    fn values_are_as_yaml_1_1_has_them() {
        for (text, expected) in [
            ("2", "2"),
            ("'2'", "2"),
            ("0x2", "2"),
            ("02", "2"),
            ("1.0", "1"),
            ("yes", "true"),
            ("'yes'", "yes"),
            ("Off", "false"),
            ("~", ""),
            ("", ""),
            ("-1", "-1"),
            ("two", "two"),
            ("1.5", "1.5"),
        ] {
            let settings = settings(&format!("a: {text}"));
            assert_eq!(settings.get("a").unwrap().value.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn merged_keys_count_and_of_two_the_last() {
        let settings = settings("x: &x {b: 1, c: 2}\na: {<<: *x, c: 3, c: 4}\n");
        let value = |key| settings.get(key).and_then(|setting| setting.value.clone());
        assert_eq!((value("a.b").as_deref(), value("a.c").as_deref()), (Some("1"), Some("4")));
    }

    #[test]
    fn variables_win_over_files() {
        let at = Place::Configuration { source: 0, line: 1 };
        let mut settings = settings("common: {security: {tlsMode: 1}}");
        settings.push(Setting::variable("COMMON_SECURITY_TLSMODE", Some("2".to_owned()), at));
        assert_eq!(settings.get("common.security.tlsMode").unwrap().value.as_deref(), Some("2"));
        let prefixed = Setting::variable("MILVUS_CONF_TLS_CAPEMPATH", None, at);
        assert_eq!(prefixed.name, "tlscapempath");
    }
}
