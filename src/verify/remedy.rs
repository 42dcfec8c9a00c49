//! What mends a finding: a command that works when typed.

use std::path::Path;

use super::{Code, Finding};
use crate::certificate::Certificate;
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
            let is_absent = self.pair.iter().any(|base| belongs(base));
            finding.fix = match leaf {
                Some(leaf) => self.for_leaf(finding, leaf, names),
                None if is_absent && finding.code == Code::Missing => Some(self.making()),
                None if is_absent => None,
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
            Code::NotYetValid => {
                // A clock that was ahead has most likely made all of them.
                let is_older = |ca: &Certificate| {
                    leaf.files.sound_certificate().is_some_and(|leaf| ca.not_before < leaf.not_before)
                };
                let flags = match self.set.ca_certificate() {
                    Some(ca) if !is_older(ca) => "renew --ca --all".to_owned(),
                    _ => format!("renew {}", word(&leaf.base)),
                };
                clock(&self.signing(&flags))
            }
            Code::AddressConstraint => self.constrained_anew(leaf),
            Code::EncryptedKey => take_password_off(&self.path(file)),
            Code::KeyReadable => format!("chmod 600 {}", typed(&self.path(file))),
            Code::Unreadable if is_forbidden(leaf) => "run check as the user who may read it".to_owned(),
            Code::Unreadable if is_of_pair => format!("move it away, and then: {}", self.signing("")),
            Code::Unreadable => format!("move it away, and then: {}", renew("")),
            Code::KeyNotPkcs8 => {
                let key = typed(&self.path(file));
                format!("openssl pkcs8 -topk8 -nocrypt -in {key} -out {key}.new && mv {key}.new {key}")
            }
            Code::NameNotInSan => return self.more_names(leaf, names),
            Code::KeyMismatch => match self.changed_places(leaf) {
                // One of the two says it: the other would change them back.
                Some((at, _)) if self.place(leaf) > at => return None,
                Some((_, other)) => self.exchange(leaf, other),
                None => renew(" --rekey"),
            },
            // Its key is there, in the wrong file.
            Code::Missing if leaf.files.certificate.sound().is_some_and(|file| file.holds_key) => {
                let pem = typed(&self.path(&leaf.base.file(FileKind::Certificate)));
                format!("openssl pkey -in {pem} -out {}", typed(&self.path(file)))
            }
            Code::NoEku if !is_of_pair => self.signing(&format!("{} {}", leaf.role, word(&leaf.base))),
            Code::NoSan if has_names(leaf) && usable_names(leaf).is_empty() => {
                "name the host that clients connect to, where the CA's key is: milvus-certgen --san NAME"
                    .to_owned()
            }
            Code::Ed25519Key => renew(" --rekey --key-type rsa"),
            Code::DemoKey => renew(" --rekey"),
            Code::LongValidity => renew(" --days 825"),
            Code::Expired if is_of_pair => self.signing(""),
            Code::SameSubject if is_of_pair => {
                self.signing(&format!("--organizational-unit {}", word(&leaf.base)))
            }
            Code::Expired
            | Code::Expiring
            | Code::OutlivesCa
            | Code::NoIssuer
            | Code::SerialRepeated
            | Code::CertificateHoldsKey
            | Code::Chain
            | Code::Handshake => renew(""),
            _ if is_of_pair => self.signing(""),
            _ => renew(""),
        })
    }

    /// A run that signs for more names; the ones that the certificate has stay, as far as a run takes them.
    fn more_names(&self, leaf: &Leaf, names: &[San]) -> Option<String> {
        let may_sign = |name: &San| {
            let constraints = self.set.ca_certificate().and_then(|ca| ca.name_constraints.as_ref());
            constraints.is_none_or(|constraints| constraints.allow(name))
        };
        if let Some(name) = names.iter().find(|name| !may_sign(name)) {
            return Some(format!("use another CA: this one may not sign for {name}"));
        }
        if !self.pair.contains(&&leaf.base) {
            return None;
        }
        let mut all = usable_names(leaf);
        add_missing(&mut all, names.iter().cloned());
        let list: Vec<String> = all.iter().filter_map(San::typed).collect();
        Some(self.signing(&format!("--san {}", typed(Path::new(&list.join(","))))))
    }

    /// The leaf whose key is in this one's place, while this one's is in its; and where it stands.
    fn changed_places(&self, leaf: &Leaf) -> Option<(usize, &Leaf)> {
        let is_key_of = |key: &Leaf, certificate: &Leaf| {
            let key = key.files.key.sound().map(|file| &file.key.public().spki);
            key.is_some() && key == certificate.files.sound_certificate().map(|c| &c.public_key.spki)
        };
        let mut leaves = self.set.leaves.iter().enumerate();
        leaves.find(|(_, other)| is_key_of(leaf, other) && is_key_of(other, leaf))
    }

    fn place(&self, leaf: &Leaf) -> usize {
        self.set.leaves.iter().position(|other| other.base == leaf.base).unwrap_or_default()
    }

    /// The keys change places, or the certificates, where those say that they are for the other's role.
    fn exchange(&self, leaf: &Leaf, other: &Leaf) -> String {
        let says =
            |leaf: &Leaf| leaf.files.sound_certificate().and_then(crate::certificate::Certificate::role);
        let is_certificate = says(leaf) == Some(other.role) && leaf.role != other.role;
        let kind = if is_certificate { FileKind::Certificate } else { FileKind::Key };
        let [one, other] = [leaf, other].map(|leaf| typed(&self.path(&leaf.base.file(kind))));
        format!("mv {one} {one}.new && mv {other} {one} && mv {one}.new {other}")
    }

    fn for_ca(&self, finding: &Finding) -> Option<String> {
        let Finding { code, file, .. } = finding;
        let is_serial = self.set.ca_base.file(FileKind::Serial) == *file;
        Some(match code {
            Code::NotChecked | Code::UnsupportedKey => return None,
            Code::NotYetValid if self.is_of_another_ca() => "set the clock right, or wait".to_owned(),
            Code::NotYetValid => clock(&self.signing("renew --ca --all")),
            Code::KeyReadable => format!("chmod 600 {}", typed(&self.path(file))),
            Code::Unreadable if matches!(self.set.ca.certificate, Loaded::Forbidden(_)) => {
                "run check as the user who may read it".to_owned()
            }
            Code::NoIssuer => "put the CAs above it behind it, up to the root".to_owned(),
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
            Code::CaNoKeyUsage
            | Code::CaCannotSign
            | Code::BasicConstraintsNotCritical
            | Code::KeyIdentifier
            | Code::WeakSignature
            | Code::BadSerial
            | Code::BadDate
            | Code::CriticalExtension
            | Code::WrongEku
                if self.is_of_another_ca() =>
            {
                "have it issued again without that, or use another CA".to_owned()
            }
            Code::WrongEku | Code::CertificateHoldsKey => self.signing("renew --ca"),
            Code::Missing if self.set.leaves.is_empty() && self.set.ca.key.is_missing() => self.making(),
            // A CA that was named is not this directory's to make anew.
            _ if self.ca_is_elsewhere || self.dir.is_none() => "name the right one with --ca-cert".to_owned(),
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

    /// A new CA that limits host names only, with the names that the server has. Its CA may still sign for addresses,
    /// and somebody may need them: no run takes them away by itself.
    fn constrained_anew(&self, leaf: &Leaf) -> String {
        let names =
            leaf.files.sound_certificate().and_then(|c| c.subject_alt_names.as_deref()).unwrap_or_default();
        let hosts: Vec<&str> = names
            .iter()
            .filter_map(|name| match name {
                San::Dns(host) => Some(host.as_str()),
                San::Ip(_) | San::Email(_) | San::Uri(_) => None,
            })
            .collect();
        let Some((first, rest)) = hosts.split_first() else {
            return "start over with a host name: milvus-certgen --force --constrain --cn NAME".to_owned();
        };
        let mut flags = format!("--force --constrain --cn {}", typed(Path::new(first)));
        if !rest.is_empty() {
            flags = format!("{flags} --san {}", typed(Path::new(&rest.join(","))));
        }
        self.command(&flags)
    }

    /// Another CA has issued the CA's certificate: nothing here can issue it again.
    fn is_of_another_ca(&self) -> bool {
        self.set.ca_certificate().is_some_and(|ca| !ca.is_self_issued())
    }

    /// There is no such certificate yet.
    fn making(&self) -> String {
        if self.set.ca.certificate.is_missing() { self.command("") } else { self.signing("") }
    }

    /// A command that signs, or where to go for it.
    fn signing(&self, flags: &str) -> String {
        match (&self.set.ca.key, self.dir) {
            (Loaded::Sound(key), Some(_)) if self.is_ca_key(key) => self.command(flags),
            (Loaded::Sound(_), Some(_)) if self.set.ca_certificate().is_none() => {
                format!("put the right {} there first", self.set.ca_base.file(FileKind::Certificate))
            }
            (Loaded::Locked(_), Some(_)) => {
                format!("with the password in MILVUS_CERTGEN_CA_KEY_PASSWORD: {}", self.command(flags))
            }
            (Loaded::Forbidden(_), Some(_)) => {
                format!("as the user who may read the CA's key: {}", self.command(flags))
            }
            (Loaded::Discarded, Some(_)) if !self.ca_is_elsewhere => {
                format!("the CA can sign nothing more; start over: {}", self.command("--force"))
            }
            _ => format!("where the CA's key is: {}", joined("milvus-certgen", flags)),
        }
    }

    fn is_ca_key(&self, file: &KeyFile) -> bool {
        self.set.ca_certificate().is_some_and(|ca| ca.public_key.spki == file.key.public().spki)
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

fn clock(renewal: &str) -> String {
    format!("if the clock is right now: {renewal}; if not, set it right")
}

fn word(base: &BaseName) -> String {
    typed(Path::new(&base.to_string()))
}

fn has_names(leaf: &Leaf) -> bool {
    let names = leaf.files.sound_certificate().and_then(|c| c.subject_alt_names.as_ref());
    names.is_some_and(|names| !names.is_empty())
}

/// Those that a run takes.
fn usable_names(leaf: &Leaf) -> Vec<San> {
    let names = leaf.files.sound_certificate().and_then(|c| c.subject_alt_names.as_deref());
    let names = names.unwrap_or_default().iter().map(San::as_clients_read_it);
    let mut usable = Vec::new();
    add_missing(&mut usable, names.filter(|name| name.typed().is_some()));
    usable
}

fn is_forbidden(leaf: &Leaf) -> bool {
    matches!(leaf.files.key, Loaded::Forbidden(_))
        || matches!(leaf.files.certificate, Loaded::Forbidden(_))
        || matches!(leaf.files.request, Loaded::Forbidden(_))
}

fn joined(command: &str, flags: &str) -> String {
    if flags.is_empty() { command.to_owned() } else { format!("{command} {flags}") }
}
