//! Which files a set has, what they are called, and their modes.

use crate::error::{Failure, Result};
use crate::profile::Role;

/// One of the nine files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// NAME.key
    Key(Role),
    /// NAME.pem
    Certificate(Role),
    /// NAME.csr; there is none for the CA.
    Csr(Role),
    /// ca.srl
    Serial,
}

impl FileKind {
    /// The nine files in the order in which the Milvus page lists them.
    pub const ALL: [Self; 9] = [
        Self::Key(Role::Ca),
        Self::Certificate(Role::Ca),
        Self::Serial,
        Self::Key(Role::Server),
        Self::Certificate(Role::Server),
        Self::Csr(Role::Server),
        Self::Key(Role::Client),
        Self::Certificate(Role::Client),
        Self::Csr(Role::Client),
    ];

    /// The mode with which the file is created.
    #[must_use]
    pub fn mode(self) -> u32 {
        match self {
            Self::Key(_) => 0o600,
            Self::Certificate(_) | Self::Csr(_) | Self::Serial => 0o644,
        }
    }
}

/// The base names of a set's files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    ca: String,
    server: String,
    client: String,
}

impl Default for Layout {
    fn default() -> Self {
        Self { ca: "ca".to_owned(), server: "server".to_owned(), client: "client".to_owned() }
    }
}

impl Layout {
    /// Takes what `--ca-file`, `--server-file` and `--client-file` say: plain, different base names.
    pub fn new(ca: &str, server: &str, client: &str) -> Result<Self> {
        let given = [("--ca-file", ca), ("--server-file", server), ("--client-file", client)];
        for (i, (flag, name)) in given.iter().enumerate() {
            check_base_name(flag, name)?;
            // Compared without case: on macOS Server.key and server.key are one file.
            if let Some((other, _)) = given[..i].iter().find(|(_, n)| n.eq_ignore_ascii_case(name)) {
                return Err(Failure::usage(format!("{flag} {name:?}: {other} has that name already"))
                    .hint("give each of the three its own base name"));
            }
        }
        Ok(Self { ca: ca.to_owned(), server: server.to_owned(), client: client.to_owned() })
    }

    /// The name of a file within the directory.
    #[must_use]
    pub fn file_name(&self, kind: FileKind) -> String {
        match kind {
            FileKind::Key(role) => format!("{}.key", self.base(role)),
            FileKind::Certificate(role) => format!("{}.pem", self.base(role)),
            FileKind::Csr(role) => format!("{}.csr", self.base(role)),
            FileKind::Serial => format!("{}.srl", self.ca),
        }
    }

    fn base(&self, role: Role) -> &str {
        match role {
            Role::Ca => &self.ca,
            Role::Server => &self.server,
            Role::Client => &self.client,
        }
    }
}

fn check_base_name(flag: &str, name: &str) -> Result<()> {
    let refuse = |why: &str| {
        Err(Failure::usage(format!("{flag} {name:?}: {why}"))
            .hint("give a base name such as milvus (for milvus.key and milvus.pem), and the directory with --out-dir"))
    };
    if name.is_empty() {
        return refuse("a base name is missing");
    }
    if name.contains(['/', '\\']) {
        return refuse("a base name has no directory in it");
    }
    if name.starts_with('.') {
        return refuse("a base name does not begin with a dot");
    }
    if name.starts_with('-') {
        return refuse("a base name does not begin with '-', or other commands take it for a flag");
    }
    if name.chars().any(char::is_control) {
        return refuse("a base name has no control characters");
    }
    if name.len() > 200 {
        return refuse("longer than file systems allow");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nine_files_are_those_of_the_milvus_page() {
        let names: Vec<String> = FileKind::ALL.map(|kind| Layout::default().file_name(kind)).to_vec();
        assert_eq!(
            names.join(" "),
            "ca.key ca.pem ca.srl server.key server.pem server.csr client.key client.pem client.csr"
        );
    }

    #[test]
    fn base_names_are_followed_everywhere() {
        let layout = Layout::new("root", "milvus", "app").unwrap();
        assert_eq!(layout.file_name(FileKind::Serial), "root.srl");
        assert_eq!(layout.file_name(FileKind::Csr(Role::Server)), "milvus.csr");
        assert_eq!(layout.file_name(FileKind::Key(Role::Client)), "app.key");
    }

    #[test]
    fn names_that_leave_the_directory_or_collide_are_refused() {
        let long = "x".repeat(201);
        for bad in ["", ".", "..", "../ca", "a/b", "/etc/ssl", "a\\b", "-x", ".hidden", "a\nb", &long] {
            assert!(Layout::new("ca", bad, "client").is_err(), "{bad:?}");
        }
        assert!(Layout::new("ca", "server", "server").unwrap_err().message.contains("--server-file"));
        assert!(Layout::new("ca", "CA", "client").is_err());
    }
}
