//! The journal: the names of the files that a decided transaction moves out of its stage. Nothing else: the files
//! stay within their directory, so that no path is ever read from a disk that others may write to.

use std::collections::HashSet;

const HEADER: &str = "milvus-certgen journal 1";
/// The longest name that file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// The names of a transaction's files: plain, and none twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    names: Vec<String>,
}

impl Journal {
    /// `None` if a name cannot be a file's of a set, or occurs twice.
    pub(super) fn new(names: Vec<String>) -> Option<Self> {
        let mut seen = HashSet::new();
        let is_fine = !names.is_empty() && names.iter().all(|name| is_plain(name) && seen.insert(name));
        is_fine.then_some(Self { names })
    }

    /// Reads what [`Journal::text`] writes, and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut lines = text.strip_suffix('\n')?.split('\n');
        if lines.next() != Some(HEADER) {
            return None;
        }
        Self::new(lines.map(str::to_owned).collect())
    }

    pub(super) fn text(&self) -> String {
        format!("{HEADER}\n{}\n", self.names.join("\n"))
    }

    pub(super) fn names(&self) -> &[String] {
        &self.names
    }
}

/// A name that stays within its directory, and that a line can hold.
pub(super) fn is_plain(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= LONGEST_NAME
        && !name.starts_with('.')
        && !name.contains(|c: char| c == '/' || c.is_control())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_journal_holds_plain_names_each_once() {
        let journal = Journal::parse("milvus-certgen journal 1\nca.key\nserver.pem\n").unwrap();
        assert_eq!(journal.names(), ["ca.key", "server.pem"]);
        for bad in [
            "",
            "milvus-certgen journal 1\n",
            "milvus-certgen journal 1\nca.key",
            "milvus-certgen journal 1\n\n",
            "milvus-certgen journal 1\n../ca.key\n",
            "milvus-certgen journal 1\n/etc/passwd\n",
            "milvus-certgen journal 1\n..\n",
            "milvus-certgen journal 1\n.milvus-certgen\n",
            "milvus-certgen journal 1\nshadow\t/etc\n",
            "milvus-certgen journal 1\nca.key\r\n",
            "milvus-certgen journal 1\nca.key\nca.key\n",
            "milvus-certgen journal 2\nca.key\n",
            "ca.key\n",
        ] {
            assert_eq!(Journal::parse(bad), None, "{bad:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(names in prop::collection::hash_set("[^/\\.\\p{Cc}][^/\\p{Cc}]{0,40}", 1..20)) {
            let journal = Journal::new(names.into_iter().collect()).unwrap();
            prop_assert_eq!(Journal::parse(&journal.text()), Some(journal));
        }

        #[test]
        fn no_text_leads_out_of_the_directory(text in "(milvus-certgen journal 1\n)?(\\PC|\n|\t|/){0,60}") {
            if let Some(journal) = Journal::parse(&text) {
                prop_assert!(journal.names().iter().all(|name| is_plain(name)));
                prop_assert_eq!(journal.text(), text);
            }
        }
    }
}
