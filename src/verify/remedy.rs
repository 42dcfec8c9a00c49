//! What mends a finding: a command that works when typed.

use std::path::Path;

use super::{Code, Finding};
use crate::files::{BaseName, FileKind, take_password_off, typed};
use crate::profile::Role;
use crate::san::{San, add_missing};
use crate::set::{KeyFile, Leaf, Loaded, Set};

/// Where the set is, and what it is called.
pub struct Remedies<'a> {
    /// The directory; `None` where the files were named one by one.
    pub dir: Option<&'a Path>,
    /// The CA was named by itself: its key is not looked for.
    pub ca_is_elsewhere: bool,
    /// The set.
    pub set: &'a Set,
    /// What the server's and the client's files are called.
    pub pair: [&'a BaseName; 2],
}

impl Remedies<'_> {
    /// Says for every finding what mends it. `names` are those that clients will use.
    pub fn add(&self, findings: &mut [Finding], names: &[San]) {
        for finding in findings {
            let file = &finding.file;
            let belongs = |base: &BaseName| {
                [FileKind::Key, FileKind::Certificate, FileKind::Serial, FileKind::Csr]
                    .iter()
                    .any(|kind| base.file(*kind) == *file)
            };
            let leaf = self.set.leaves.iter().find(|leaf| belongs(&leaf.base));
            finding.fix = match leaf {
                Some(leaf) => self.for_leaf(finding, leaf, names),
                None => self.for_ca(finding),
            };
        }
    }

    fn for_leaf(&self, finding: &Finding, leaf: &Leaf, names: &[San]) -> Option<String> {
        let Finding { code, file, .. } = finding;
        let is_of_pair = self.pair.contains(&&leaf.base);
        let renew = |flags: &str| self.signing(&format!("renew {}{flags}", word(&leaf.base)));
        Some(match code {
            Code::NotChecked | Code::Interrupted => return None,
            Code::NotYetValid => "set the clock right, or wait".to_owned(),
            Code::EncryptedKey => take_password_off(&self.path(file)),
            Code::KeyReadable => format!("chmod 600 {}", typed(&self.path(file))),
            Code::Unreadable if finding.may_be_read_by_others() => {
                "run check as the user who may read it".to_owned()
            }
            Code::Unreadable if is_of_pair => format!("move it away, and then: {}", self.signing("")),
            Code::Unreadable => format!("move it away, and then: {}", renew("")),
            Code::KeyNotPkcs8 => {
                let key = typed(&self.path(file));
                format!("openssl pkcs8 -topk8 -nocrypt -in {key} -out {key}.new && mv {key}.new {key}")
            }
            Code::NameNotInSan => {
                let own = leaf.files.sound_certificate().and_then(|c| c.subject_alt_names.clone());
                let mut all = own.unwrap_or_default();
                add_missing(&mut all, names.iter().cloned());
                let list: Vec<String> = all.iter().map(typed_name).collect();
                self.signing(&format!("--san {}", typed(Path::new(&list.join(",")))))
            }
            Code::KeyMismatch => match self.changed_places(leaf) {
                Some(other) => {
                    let [one, other] =
                        [leaf, other].map(|leaf| typed(&self.path(&leaf.base.file(FileKind::Key))));
                    format!("mv {one} {one}.new && mv {other} {one} && mv {one}.new {other}")
                }
                None => renew(" --rekey"),
            },
            Code::Ed25519Key => renew(" --rekey --key-type rsa"),
            Code::DemoKey => renew(" --rekey"),
            Code::LongValidity => renew(" --days 825"),
            Code::OutlivesCa => self.signing("renew --ca"),
            Code::Expired if is_of_pair => self.signing(""),
            Code::SameSubject if is_of_pair => {
                self.signing(&format!("--organizational-unit {}", word(&leaf.base)))
            }
            Code::Expired
            | Code::Expiring
            | Code::NoIssuer
            | Code::SerialRepeated
            | Code::CertificateHoldsKey
            | Code::Chain
            | Code::Handshake => renew(""),
            _ if is_of_pair => self.signing(""),
            _ => renew(""),
        })
    }

    /// The leaf whose key is in this one's place, while this one's is in its.
    fn changed_places(&self, leaf: &Leaf) -> Option<&Leaf> {
        let is_key_of = |key: &Leaf, certificate: &Leaf| {
            let key = key.files.key.sound().map(|file| &file.key.public().spki);
            key.is_some() && key == certificate.files.sound_certificate().map(|c| &c.public_key.spki)
        };
        self.set.leaves.iter().find(|other| is_key_of(leaf, other) && is_key_of(other, leaf))
    }

    fn for_ca(&self, finding: &Finding) -> Option<String> {
        let Finding { code, file, .. } = finding;
        let is_serial = self.set.ca_base.file(FileKind::Serial) == *file;
        Some(match code {
            Code::NotChecked | Code::UnsupportedKey => return None,
            Code::NotYetValid => "set the clock right, or wait".to_owned(),
            Code::KeyReadable => format!("chmod 600 {}", typed(&self.path(file))),
            Code::Unreadable if finding.may_be_read_by_others() => {
                "run check as the user who may read it".to_owned()
            }
            Code::CaKeyExposed => {
                "move it to where only you can read it, and run milvus-certgen there".to_owned()
            }
            Code::PathLength => "have the CA above sign it with a longer pathlen".to_owned(),
            // Where the leaves have expired too, `renew --ca` and `renew` wait for each other; a plain run does both.
            Code::Expired => self.signing(""),
            Code::Expiring => self.signing("renew --ca"),
            Code::SerialFileBehind => {
                let signed = self.set.leaves.iter().filter_map(|leaf| leaf.files.sound_certificate());
                let newest = signed.filter_map(|certificate| certificate.serial.as_ref()).max()?;
                format!("echo {newest} > {}", typed(&self.path(file)))
            }
            Code::Interrupted => self.command(""),
            Code::Unreadable if is_serial => "move it away: the next run begins with a new number".to_owned(),
            // The next run begins with a new number.
            _ if is_serial => format!("rm {}", typed(&self.path(file))),
            Code::WrongEku | Code::CertificateHoldsKey => self.signing("renew --ca"),
            Code::Missing
            | Code::Unreadable
            | Code::NotPem
            | Code::OtherContent
            | Code::Damaged
            | Code::KeyMismatch
            | Code::NotCa
            | Code::DamagedSignature
            | Code::WeakKey
            | Code::DemoKey => format!("put the right one there; or start over: {}", self.command("--force")),
            _ => self.signing(""),
        })
    }

    /// A command that signs, or where to go for it.
    fn signing(&self, flags: &str) -> String {
        match (&self.set.ca.key, self.dir) {
            (Loaded::Sound(key), Some(_)) if self.is_ca_key(key) => self.command(flags),
            (Loaded::Discarded, Some(_)) if !self.ca_is_elsewhere => {
                format!("the CA can sign nothing more; start over: {}", self.command("--force"))
            }
            _ => format!("where the CA's key is: {}", joined("milvus-certgen", flags)),
        }
    }

    fn is_ca_key(&self, file: &KeyFile) -> bool {
        self.set.ca_certificate().is_none_or(|ca| ca.public_key.spki == file.key.public().spki)
    }

    fn command(&self, flags: &str) -> String {
        let mut command = joined("milvus-certgen", flags);
        if let Some(dir) = self.dir.filter(|dir| *dir != Path::new(".")) {
            command = format!("{command} -o {}", typed(dir));
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

    fn path(&self, file: &str) -> std::path::PathBuf {
        self.dir.map_or_else(|| file.into(), |dir| dir.join(file))
    }
}

fn word(base: &BaseName) -> String {
    typed(Path::new(&base.to_string()))
}

fn typed_name(name: &San) -> String {
    match name {
        San::Uri(uri) => format!("URI:{uri}"),
        other => other.value(),
    }
}

fn joined(command: &str, flags: &str) -> String {
    if flags.is_empty() { command.to_owned() } else { format!("{command} {flags}") }
}
