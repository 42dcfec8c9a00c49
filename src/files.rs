//! The names of the files, and their modes.

use std::fmt;

use crate::error::{Failure, Result};
use crate::foreign;

/// A kind of file: NAME.key and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FileKind {
    /// NAME.key
    Key,
    /// NAME.pem
    Certificate,
    /// NAME.srl; only a CA has one.
    Serial,
    /// NAME.csr; a CA has none.
    Csr,
}

impl FileKind {
    fn extension(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Certificate => "pem",
            Self::Csr => "csr",
            Self::Serial => "srl",
        }
    }

    /// The mode with which the file is created.
    pub fn mode(self) -> u32 {
        match self {
            Self::Key => 0o600,
            Self::Certificate | Self::Csr | Self::Serial => 0o644,
        }
    }
}

/// A user, and perhaps a group, by number: names differ between a host and its containers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Owner {
    pub user: u32,
    pub group: Option<u32>,
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.user)?;
        self.group.map_or(Ok(()), |group| write!(f, ":{group}"))
    }
}

/// The name of a certificate's files without their extension: a plain name within a directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BaseName(String);

impl BaseName {
    /// `ca`, `server` or `client`: the names of the Milvus page.
    pub fn of_role(role: crate::profile::Role) -> Self {
        Self::plain(role.name())
    }

    /// Takes what a flag says.
    pub fn parse(flag: &str, name: &str) -> Result<Self> {
        match why_not(name) {
            None => Ok(Self::plain(name)),
            Some(why) => Err(Failure::usage(format!("{flag} {name:?}: {why}")).hint(
                "use a base name such as milvus (for milvus.key and milvus.pem), and the directory with --out-dir",
            )),
        }
    }

    /// A common name, made safe for a file: letters, digits and `._@+-` stay, `*` becomes `_wildcard`, and
    /// everything else an underscore.
    pub fn made_safe(name: &str) -> Result<Self> {
        let name = name.replacen('*', "_wildcard", 1);
        let allowed = |c: char| c.is_alphanumeric() || "._@+-".contains(c);
        let mut safe: String = name.chars().map(|c| if allowed(c) { c } else { '_' }).collect();
        if safe.starts_with(['.', '-']) {
            safe.insert(0, '_');
        }
        Self::parse("NAME", &safe)
    }

    /// The base name of the files beside a certificate in another directory.
    pub fn beside(certificate: &std::path::Path) -> Self {
        Self::plain(&certificate.file_stem().unwrap_or_default().to_string_lossy())
    }

    fn plain(name: &str) -> Self {
        Self(name.to_owned())
    }

    /// The name of a file within the directory.
    pub fn file(&self, kind: FileKind) -> String {
        format!("{}.{}", self.0, kind.extension())
    }

    /// True if both would be one file where case does not count, as on macOS.
    pub fn collides_with(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl fmt::Display for BaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn why_not(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("a base name is missing")
    } else if name.contains(['/', '\\']) {
        Some("a base name has no directory in it")
    } else if name.starts_with('.') {
        Some("a base name does not begin with a dot")
    } else if name.starts_with('-') {
        Some("a base name does not begin with '-', or other commands take it for a flag")
    } else if name.chars().any(char::is_control) {
        Some("a base name has no control characters")
    } else if name.len() > 200 {
        Some("longer than file systems allow")
    } else {
        None
    }
}

/// The path as a shell takes it, for hints that are commands. What is no path has [`foreign::quoted`].
pub fn quoted(path: &std::path::Path) -> String {
    let bare = path.strip_prefix(".").ok().filter(|bare| !bare.as_os_str().is_empty()).unwrap_or(path);
    if bare.as_os_str().as_encoded_bytes().starts_with(b"-") {
        // Or it is taken for a flag.
        return foreign::quoted(std::path::Path::new(".").join(bare));
    }
    foreign::quoted(bare)
}

/// The shell's line that converts that file, from the line in which `{}` stands for it.
pub fn converted(line: &str, file: &std::path::Path) -> String {
    line.replace("{}", &quoted(file))
}

/// The path for people: without the `./` of the current directory.
pub fn shown(path: &std::path::Path) -> std::path::Display<'_> {
    let bare = path.strip_prefix(".").unwrap_or(path);
    if bare.as_os_str().is_empty() { path.display() } else { bare.display() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_are_those_of_the_milvus_page() {
        let base = BaseName::parse("--server-file", "milvus").unwrap();
        let kinds = [FileKind::Key, FileKind::Certificate, FileKind::Serial, FileKind::Csr];
        let names = kinds.map(|kind| base.file(kind));
        assert_eq!(names, ["milvus.key", "milvus.pem", "milvus.srl", "milvus.csr"]);
    }

    #[test]
    fn names_that_leave_the_directory_are_refused() {
        let long = "x".repeat(201);
        for bad in ["", ".", "..", "../ca", "a/b", "/etc/ssl", "a\\b", "-x", ".hidden", "a\nb", &long] {
            assert!(BaseName::parse("--server-file", bad).is_err(), "{bad:?}");
        }
    }
}
