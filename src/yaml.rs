//! YAML with the line of everything, as `check --config` needs it: who is told of a mistake wants to know where it is.
//!
//! The parser is `saphyr-parser`; here its events become a tree. What a file from elsewhere may cost is limited: its
//! size, its depth, and what its aliases unfold to.

use std::collections::HashMap;
use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// Milvus's own milvus.yaml has 60 kB; the chart's values have 50.
pub const LARGEST: u64 = 1024 * 1024;

/// No configuration is deeper than a dozen levels.
const DEEPEST: usize = 64;

/// Aliases counted as often as they are used: what a file of [`LARGEST`] bytes has without any.
const MOST_NODES: usize = 200_000;

/// A value and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Counted from 1.
    pub line: usize,
    /// Where it begins and ends, in characters from the beginning of the text.
    pub span: (usize, usize),
    /// The value.
    pub content: Content,
}

/// What a value is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A scalar, and how it is written.
    Scalar(String, Style),
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping: keys and values in the order of the text. A key may come twice.
    Mapping(Vec<(Node, Node)>),
}

/// How a scalar is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: it may be a number, a truth value or nothing.
    Plain,
    /// Within quotes.
    Quoted,
    /// After `|`: each of its lines is a line of the file. Such a value begins with its first line, below the `|`.
    Literal,
    /// After `>`.
    Folded,
}

/// Why a text is no YAML, or more than is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invalid {
    /// Counted from 1.
    pub line: usize,
    /// In the parser's words.
    pub why: String,
}

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

/// The documents of a text.
pub fn parse(text: &str) -> Result<Vec<Node>, Invalid> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut builder = Builder::default();
    for event in Parser::new_from_str(text) {
        let (event, span) =
            event.map_err(|e| Invalid { line: e.marker().line(), why: e.info().to_owned() })?;
        builder.take(event, span)?;
    }
    Ok(builder.documents)
}

/// A collection that has begun, and the anchor that names it.
struct Open {
    node: Node,
    anchor: usize,
    /// The key whose value comes next.
    key: Option<Node>,
    /// With all that is in it.
    size: usize,
}

#[derive(Default)]
struct Builder {
    documents: Vec<Node>,
    open: Vec<Open>,
    /// What anchors name, and how much that is.
    anchors: HashMap<usize, (Node, usize)>,
    size: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Invalid> {
        let (line, span) = (span.start.line(), (span.start.index(), span.end.index()));
        match event {
            Event::Scalar(text, style, anchor, _) => {
                self.count(line, 1)?;
                let content = Content::Scalar(text.into_owned(), style.into());
                self.add(Node { line, span, content }, anchor, 1);
            }
            Event::Alias(anchor) => {
                let named = self.anchors.get(&anchor).cloned();
                let within = || Invalid { line, why: "an alias within its own anchor".to_owned() };
                let (node, size) = named.ok_or_else(within)?;
                self.count(line, size)?;
                self.add(Node { line, ..node }, 0, size);
            }
            Event::SequenceStart(anchor, _) => {
                self.begin(Node { line, span, content: Content::Sequence(Vec::new()) }, anchor)?;
            }
            Event::MappingStart(anchor, _) => {
                self.begin(Node { line, span, content: Content::Mapping(Vec::new()) }, anchor)?;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut done) = self.open.pop() {
                    done.node.span.1 = span.1;
                    self.add(done.node, done.anchor, done.size);
                }
            }
            Event::DocumentStart(_) | Event::DocumentEnd => self.anchors.clear(),
            Event::Nothing | Event::StreamStart | Event::StreamEnd => {}
        }
        Ok(())
    }

    fn begin(&mut self, node: Node, anchor: usize) -> Result<(), Invalid> {
        if self.open.len() == DEEPEST {
            return Err(Invalid { line: node.line, why: format!("nested deeper than {DEEPEST} levels") });
        }
        self.count(node.line, 1)?;
        self.open.push(Open { node, anchor, key: None, size: 1 });
        Ok(())
    }

    fn count(&mut self, line: usize, size: usize) -> Result<(), Invalid> {
        self.size += size;
        if self.size > MOST_NODES {
            return Err(Invalid { line, why: format!("more than {MOST_NODES} values, aliases unfolded") });
        }
        Ok(())
    }

    fn add(&mut self, node: Node, anchor: usize, size: usize) {
        if anchor != 0 {
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(parent) = self.open.last_mut() else {
            self.documents.push(node);
            return;
        };
        parent.size += size;
        match &mut parent.node.content {
            Content::Sequence(items) => items.push(node),
            Content::Mapping(pairs) => match parent.key.take() {
                Some(key) => pairs.push((key, node)),
                None => parent.key = Some(node),
            },
            Content::Scalar(..) => {}
        }
    }
}

impl From<ScalarStyle> for Style {
    fn from(style: ScalarStyle) -> Self {
        match style {
            ScalarStyle::Plain => Self::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Self::Quoted,
            ScalarStyle::Literal => Self::Literal,
            ScalarStyle::Folded => Self::Folded,
        }
    }
}

impl Node {
    /// The value of a key; the last one where it comes twice, as Milvus's parser takes it.
    pub fn get(&self, key: &str) -> Option<&Self> {
        let (_, value) = self.pairs().iter().rev().find(|(own, _)| own.text() == Some(key))?;
        Some(value)
    }

    /// The value at the end of a path of keys.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |node, key| node.get(key))
    }

    /// Keys and values; none if it is no mapping.
    pub fn pairs(&self) -> &[(Self, Self)] {
        match &self.content {
            Content::Mapping(pairs) => pairs,
            Content::Scalar(..) | Content::Sequence(_) => &[],
        }
    }

    /// True for a mapping.
    pub fn is_mapping(&self) -> bool {
        matches!(self.content, Content::Mapping(_))
    }

    /// Its items; none if it is no sequence.
    pub fn items(&self) -> &[Self] {
        match &self.content {
            Content::Sequence(items) => items,
            Content::Scalar(..) | Content::Mapping(_) => &[],
        }
    }

    /// The scalar's text.
    pub fn text(&self) -> Option<&str> {
        match &self.content {
            Content::Scalar(text, _) => Some(text),
            Content::Sequence(_) | Content::Mapping(_) => None,
        }
    }

    /// True where there is nothing, or nothing but the word for it.
    pub fn is_null(&self) -> bool {
        matches!(&self.content, Content::Scalar(text, Style::Plain) if ["", "~", "null", "Null", "NULL"].contains(&text.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        parse(text).unwrap().remove(0)
    }

    #[test]
    fn everything_has_its_line() {
        let node = one("\u{feff}a:\n  b: 1\n  # c\n  d: |\n    x: y\n---\n");
        assert_eq!(node.at(&["a", "b"]).unwrap().line, 2);
        let literal = node.at(&["a", "d"]).unwrap();
        assert_eq!((literal.line, literal.text()), (5, Some("x: y\n")));
        assert!(node.at(&["a", "x"]).is_none());
        assert!(one("a: ~").get("a").unwrap().is_null() && !one("a: '~'").get("a").unwrap().is_null());
    }

    #[test]
    fn aliases_are_what_they_name_at_their_own_line() {
        let node = one("a: &x {b: 1}\nc: *x\n");
        assert_eq!(node.at(&["c", "b"]).unwrap().text(), Some("1"));
        assert_eq!(node.get("c").unwrap().line, 2);
    }

    #[test]
    fn no_text_costs_more_than_it_may() {
        let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
            .chain((1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))))
            .collect();
        assert!(parse(&bomb).unwrap_err().why.contains("aliases"));
        for deep in ["[".repeat(100), "- ".repeat(100_000), "a: {".repeat(5000)] {
            assert!(parse(&deep).is_err());
        }
        assert!(parse(&format!("{}x{}", "[".repeat(60), "]".repeat(60))).is_ok());
        assert!(parse("a: &x [*x]").is_err());
    }

    #[test]
    fn what_is_no_yaml_is_said_with_its_line() {
        for (text, line) in
            [("a: 1\nb: [\n", 3), ("a: 1\n\tb: 2\n", 2), ("a: 'x\n", 2), ("a: *x\n", 1), ("a: b: c", 1)]
        {
            let invalid = parse(text).unwrap_err();
            assert!(invalid.line.abs_diff(line) <= 1, "{text:?}: {invalid}");
        }
    }
}
