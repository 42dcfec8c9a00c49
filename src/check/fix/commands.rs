//! The commands that fix something, each with what it depends on.

use std::path::Path;

use crate::certificate::Certificate;
use crate::check::{Files, Owner, Place};
use crate::files::{BaseName, FileKind, quoted};
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::{KeyFile, Leaf, Loaded};

pub(super) const ANOTHER_CA: &str = "have it reissued without that, or use another CA";

impl Files<'_> {
    pub(super) fn base(&self, at: Place) -> Option<&BaseName> {
        self.leaf(at).map(|leaf| &leaf.base)
    }

    pub(super) fn is_of_pair(&self, leaf: &Leaf) -> bool {
        self.pair.contains(&&leaf.base)
    }

    /// A run, where it looks at the certificate; else `renew`.
    pub(super) fn reissue(&self, at: Place) -> String {
        if self.is_of_another_ca(at) {
            return ANOTHER_CA.to_owned();
        }
        match (at.owner(), self.leaf(at)) {
            (_, Some(leaf)) if !self.is_of_pair(leaf) => self.renew(at, ""),
            (Some(Owner::Absent(_)), _) => self.create_all(),
            _ => self.signing(""),
        }
    }

    pub(super) fn renew(&self, at: Place, flags: &str) -> String {
        match self.leaf(at) {
            Some(leaf) => self.signing(&format!("renew {}{flags}", word(&leaf.base))),
            None if self.is_of_another_ca(at) => ANOTHER_CA.to_owned(),
            None => self.signing("renew --ca"),
        }
    }

    pub(super) fn rekey(&self, at: Place) -> String {
        if self.leaf(at).is_some() { self.renew(at, " --rekey") } else { self.replace(at) }
    }

    pub(super) fn pair_up(&self, at: Place) -> Option<String> {
        let Place::File(Owner::Leaf(own), _) = at else { return Some(self.replace(at)) };
        match self.changed_places(own) {
            // One of the two says it: the other would change them back.
            Some(other) if own > other => None,
            Some(other) => Some(self.exchange(own, other)),
            None => Some(self.rekey(at)),
        }
    }

    pub(super) fn create(&self, at: Place, quoted_path: &str) -> String {
        let Some(leaf) = self.leaf(at) else {
            let is_absent = matches!(at.owner(), Some(Owner::Absent(_)));
            let is_empty = self.set.leaves.is_empty() && self.set.ca.key.is_missing();
            return if is_absent || is_empty { self.create_all() } else { self.replace(at) };
        };
        if leaf.files.certificate.parsed().is_some_and(|file| file.holds_key) {
            // Its key is in the certificate file.
            let pem = quoted(&self.path(at.beside(FileKind::Certificate)));
            return format!("openssl pkey -in {pem} -out {quoted_path}");
        }
        self.reissue(at)
    }

    pub(super) fn move_away(&self, at: Place) -> String {
        let leaf = self.leaf(at);
        let is_ca_forbidden = || matches!(self.set.ca.certificate, Loaded::Forbidden(_));
        if leaf.map_or_else(is_ca_forbidden, is_forbidden) {
            return "run check as the user who may read it".to_owned();
        }
        match leaf {
            Some(_) => format!("move it away, and then: {}", self.reissue(at)),
            None if at.is(FileKind::Serial) => {
                "move it away: the next run starts from a new number".to_owned()
            }
            None => self.replace(at),
        }
    }

    pub(super) fn replace(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(_) => self.reissue(at),
            // A CA that was named is not this directory's to create.
            None if self.ca.is_some() || self.dir.is_none() => "name the right one with --ca-cert".to_owned(),
            None => format!("put the right one in its place; or start over: {}", self.command("--force")),
        }
    }

    pub(super) fn add_purpose(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(leaf) if !self.is_of_pair(leaf) => {
                self.signing(&format!("{} {}", leaf.role, word(&leaf.base)))
            }
            _ => self.reissue(at),
        }
    }

    /// A clock that was ahead has most likely issued all of them; only the user can tell.
    pub(super) fn set_clock(&self, at: Place) -> String {
        if self.is_of_another_ca(at) {
            return "set the clock right, or wait".to_owned();
        }
        let leaf = self.leaf(at);
        let own = leaf.and_then(|leaf| leaf.files.parsed_certificate());
        let is_older =
            self.set.ca_certificate().zip(own).is_some_and(|(ca, own)| ca.not_before < own.not_before);
        let renewal = match leaf {
            Some(leaf) if is_older || self.set.ca_certificate().is_none() => {
                self.signing(&format!("renew {}", word(&leaf.base)))
            }
            _ => self.signing("renew --ca --all"),
        };
        format!("if the clock is right now: {renewal}; if not, set it right")
    }

    /// Another CA has issued the CA's certificate: nothing here can issue it again.
    fn is_of_another_ca(&self, at: Place) -> bool {
        at.owner() == Some(Owner::Ca) && self.set.ca_certificate().is_some_and(|ca| !ca.is_self_issued())
    }

    pub(super) fn newest_serial(&self) -> Option<&Serial> {
        let signed = self.set.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate());
        signed.filter_map(|certificate| certificate.serial.as_ref()).max()
    }

    /// The leaf whose key is in this one's place, while this one's is in its.
    fn changed_places(&self, own: usize) -> Option<usize> {
        let leaves = &self.set.leaves;
        let is_key_of = |key: &Leaf, certificate: &Leaf| {
            let key = key.files.key.parsed().map(|file| &file.key.public().spki);
            key.is_some() && key == certificate.files.parsed_certificate().map(|c| &c.public_key.spki)
        };
        leaves.iter().position(|other| is_key_of(&leaves[own], other) && is_key_of(other, &leaves[own]))
    }

    /// The keys change places, or the certificates, where those say that they are for the other's role.
    fn exchange(&self, own: usize, other: usize) -> String {
        let [leaf, of_other] = [own, other].map(|at| &self.set.leaves[at]);
        let is_certificate = leaf.files.parsed_certificate().and_then(Certificate::role)
            == Some(of_other.role)
            && leaf.role != of_other.role;
        let kind = if is_certificate { FileKind::Certificate } else { FileKind::Key };
        let [one, other] = [own, other].map(|at| quoted(&self.path(Owner::Leaf(at).file(kind))));
        format!("mv {one} {one}.new && mv {other} {one} && mv {one}.new {other}")
    }

    /// There is no such certificate yet.
    fn create_all(&self) -> String {
        if self.set.ca.certificate.is_missing() { self.command("") } else { self.signing("") }
    }

    /// A command that signs, or where to go for it.
    pub(super) fn signing(&self, flags: &str) -> String {
        match (&self.set.ca.key, self.dir) {
            (Loaded::Parsed(key), Some(_)) if self.is_ca_key(key) => self.command(flags),
            (Loaded::Parsed(_), Some(_)) if self.set.ca_certificate().is_none() => {
                format!("put the right {} in its place first", self.set.ca_base.file(FileKind::Certificate))
            }
            (Loaded::Locked(_), Some(_)) => {
                format!("with the password in MILVUS_CERTGEN_CA_KEY_PASSWORD: {}", self.command(flags))
            }
            (Loaded::Forbidden(_), Some(_)) => {
                format!("as the user who may read the CA key: {}", self.command(flags))
            }
            (Loaded::Discarded, Some(_)) if self.ca.is_none() => {
                format!("the CA key was discarded; start over: {}", self.command("--force"))
            }
            _ => format!("where the CA key is: {}", joined("milvus-certgen", flags)),
        }
    }

    fn is_ca_key(&self, file: &KeyFile) -> bool {
        self.set.ca_certificate().is_some_and(|ca| ca.public_key.spki == file.key.public().spki)
    }

    pub(super) fn command(&self, flags: &str) -> String {
        let mut command = joined("milvus-certgen", flags);
        if let Some(dir) = self.dir.filter(|dir| *dir != Path::new(".")) {
            command = format!("{command} -o {}", quoted(dir));
        }
        let [server, client] = self.pair;
        for (flag, base, role) in [
            ("--ca-file", &self.set.ca_base, Role::Ca),
            ("--server-file", server, Role::Server),
            ("--client-file", client, Role::Client),
        ] {
            // `renew NAME` knows the names by itself.
            let is_needed = role == Role::Ca || !flags.starts_with("renew");
            if *base != BaseName::of_role(role) && is_needed {
                command = format!("{command} {flag} {}", word(base));
            }
        }
        command
    }
}

pub(super) fn word(base: &BaseName) -> String {
    quoted(Path::new(&base.to_string()))
}

fn is_forbidden(leaf: &Leaf) -> bool {
    matches!(leaf.files.key, Loaded::Forbidden(_))
        || matches!(leaf.files.certificate, Loaded::Forbidden(_))
        || matches!(leaf.files.request, Loaded::Forbidden(_))
}

fn joined(command: &str, flags: &str) -> String {
    if flags.is_empty() { command.to_owned() } else { format!("{command} {flags}") }
}
