//! The printed values of the chart with those of somebody who has some: Helm merges mappings by itself, but a string
//! (`user.yaml`) or a list (`volumes`) of a later file takes the place of an earlier one's.

use crate::check::merged;
use crate::error::{Failure, Result};
use crate::foreign::{is_hidden, quoted};
use crate::yaml::{self, Content, Node, Style};

const USER_YAML: [&str; 2] = ["extraConfigFiles", "user.yaml"];

/// As the template has it.
const HEAD: &str = "  user.yaml: |+\n";

/// Puts into what was printed what would be lost of `values`, the text of the file of that name.
pub fn with_values(printed: &str, values: &str, name: &str) -> Result<String> {
    let failed = |why: String| {
        Failure::failed(format!("{name}: {why}"))
            .hint(format!("see what is wrong with: milvus-certgen check --config {}", quoted(name)))
    };
    let own = one(values).map_err(|invalid| failed(format!("is not valid YAML: {invalid}")))?;
    let ours = one(printed).ok().flatten().and_then(|node| node.at(&USER_YAML)?.text().map(str::to_owned));
    let ours = ours.unwrap_or_default();
    let theirs = match own.as_ref().and_then(|own| own.at(&USER_YAML)) {
        None => String::new(),
        Some(node) if node.is_null() => String::new(),
        Some(node) => {
            let text = node.text().ok_or_else(|| failed("user.yaml is not a string".to_owned()))?;
            text.to_owned()
        }
    };
    let is_shown = |c: char| c == '\n' || c == '\t' || !is_hidden(c);
    if !theirs.chars().all(is_shown) {
        return Err(failed("user.yaml has characters that a block of YAML cannot hold".to_owned()));
    }
    let nothing = one(&theirs).ok().is_some_and(|node| node.is_none_or(|node| node.is_null()));
    let text = if nothing {
        format!("{}{ours}", if theirs.trim().is_empty() { "" } else { theirs.as_str() })
    } else {
        merged(&theirs, &ours).map_err(|why| failed(format!("user.yaml {why}")))?
    };
    let text = format!("{}\n", text.trim_end());
    let mut result = with_block(printed, &text);
    for key in ["volumes", "volumeMounts"] {
        result = with_items(&result, key, own.as_ref().and_then(|own| own.get(key)));
    }
    let read = one(&result).ok().flatten().and_then(|node| node.at(&USER_YAML)?.text().map(str::to_owned));
    match read {
        Some(read) if read.trim_end() == text.trim_end() => Ok(result),
        _ => Err(failed("user.yaml cannot be written as a block of YAML".to_owned())),
    }
}

fn one(text: &str) -> std::result::Result<Option<Node>, yaml::Invalid> {
    Ok(yaml::parse(text)?.into_iter().next())
}

/// With that text in the place of the printed block.
fn with_block(printed: &str, text: &str) -> String {
    let Some((before, after)) = printed.split_once(HEAD) else { return printed.to_owned() };
    let is_within = |line: &&str| line.trim().is_empty() || line.starts_with("    ");
    let length: usize = after.split_inclusive('\n').take_while(is_within).map(str::len).sum();
    // Where the first line does not tell how far the others are indented, this does.
    let head = if text.starts_with([' ', '\n', '\t']) { HEAD.replace('|', "|2") } else { HEAD.to_owned() };
    let lines = text
        .split_inclusive('\n')
        .map(|line| if line == "\n" { line.to_owned() } else { format!("    {line}") });
    format!("{before}{head}{}\n{}", lines.collect::<String>(), &after[length..])
}

/// With the items of a list before those that are printed. What has the name of a printed one is replaced by it.
fn with_items(printed: &str, key: &str, list: Option<&Node>) -> String {
    let head = format!("\n{key}:\n");
    let Some((before, after)) = printed.split_once(&head) else { return printed.to_owned() };
    let is_printed = |item: &&Node| {
        let name = item.get("name").and_then(Node::text).unwrap_or_default();
        after
            .lines()
            .take_while(|line| line.starts_with("  "))
            .any(|line| line == format!("  - name: {name}"))
    };
    let items = list.map(Node::items).unwrap_or_default().iter().filter(|item| !is_printed(item));
    let items: String = items.flat_map(|item| ["  - ".to_owned(), flow(item), "\n".to_owned()]).collect();
    format!("{before}{head}{items}{after}")
}

/// A value in one line.
fn flow(node: &Node) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    match &node.content {
        Content::Scalar(text, Style::Plain) => {
            let is_safe = |c: char| c.is_ascii_alphanumeric() || "._/-+~".contains(c);
            if text.chars().all(is_safe) { text.clone() } else { quoted(text) }
        }
        Content::Scalar(text, _) => quoted(text),
        Content::Sequence(items) => format!("[{}]", items.iter().map(flow).collect::<Vec<_>>().join(", ")),
        Content::Mapping(pairs) => {
            let pairs = pairs.iter().map(|(key, value)| format!("{}: {}", flow(key), flow(value)));
            format!("{{{}}}", pairs.collect::<Vec<_>>().join(", "))
        }
    }
}
