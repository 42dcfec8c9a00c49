//! What fixes a finding: which kind of remedy a code has is in the table; here it becomes a command that works when
//! typed, for these files.

use std::path::Path;

use super::{Code, Finding};
use crate::files::{BaseName, FileKind, take_password_off, typed};
use crate::profile::Role;
use crate::san::{San, add_missing};
use crate::serial::Serial;
use crate::set::{KeyFile, Leaf, Loaded, Set};

/// The kinds of remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fix {
    /// There is nothing to do, or nothing that is known here.
    None,
    /// A run issues it again.
    Reissue,
    /// `renew` for this certificate alone: a run leaves it as it is.
    Renew,
    /// With a new key; where keys have changed places, they change back.
    Rekey,
    /// With a new RSA key.
    RekeyAsRsa,
    /// With the longest validity that all platforms accept.
    Shorten,
    /// A run creates the file; what only the user has must be put back.
    Create,
    /// What is in the file's place must go first.
    MoveAway,
    /// Only the user has the right file.
    Replace,
    /// The CA certificates above it are appended.
    CompleteChain,
    /// The clock is wrong.
    SetClock,
    /// `chmod 600`
    RestrictMode,
    /// openssl takes the password off.
    TakePasswordOff,
    /// openssl writes the key in the other form.
    ConvertToPkcs8,
    /// A run issues it for more names.
    AddNames,
    /// It needs a name that only the user knows.
    NameHost,
    /// A run adds the extendedKeyUsage.
    AddPurpose,
    /// A run issues it with another subject.
    ChangeSubject,
    /// The serial file gets the highest number.
    SetSerial,
    /// The CA key moves out.
    HideCaKey,
    /// The CA above signs it again.
    LengthenPath,
    /// The next run finishes the one that was interrupted.
    Finish,
    /// milvus.yaml gets that tlsMode, or one with TLS.
    SetTlsMode(Option<u8>),
    /// Milvus reads its files at start.
    RestartMilvus,
    /// The client's files are named.
    NameClientFiles,
    /// tls.caPemPath gets the CA of the clients.
    GiveMilvusTheCa,
}

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

/// Whose file a finding is about.
#[derive(Clone, Copy)]
enum Owner<'a> {
    Ca,
    Leaf(&'a Leaf),
    /// The server or the client, of which there is no file.
    Absent,
}

impl Remedies<'_> {
    /// Says for every finding what fixes it. `names` are those that clients will use.
    pub fn add(&self, findings: &mut [Finding], names: &[San]) {
        for finding in findings {
            finding.fix = self.text(finding, self.owner(&finding.file), names);
        }
    }

    fn owner(&self, file: &str) -> Owner<'_> {
        let belongs = |base: &BaseName| {
            [FileKind::Key, FileKind::Certificate, FileKind::Serial, FileKind::Csr]
                .iter()
                .any(|kind| base.file(*kind) == *file)
        };
        match self.set.leaves.iter().find(|leaf| belongs(&leaf.base)) {
            Some(leaf) => Owner::Leaf(leaf),
            None if self.pair.iter().any(|base| belongs(base)) => Owner::Absent,
            None => Owner::Ca,
        }
    }

    fn text(&self, finding: &Finding, owner: Owner<'_>, names: &[San]) -> Option<String> {
        let row = finding.code.row();
        let fix = if matches!(owner, Owner::Ca) { row.ca.fix } else { row.leaf.fix };
        let path = self.path(&finding.file);
        let typed_path = typed(&path);
        Some(match fix {
            Fix::None => return None,
            Fix::Reissue => self.reissue(owner),
            Fix::Renew => self.renew(owner, ""),
            Fix::Rekey => return self.rekey(owner, finding),
            Fix::RekeyAsRsa => self.renew(owner, " --rekey --key-type rsa"),
            Fix::Shorten => self.renew(owner, " --days 825"),
            Fix::Create => self.create(owner, &typed_path),
            Fix::MoveAway => self.move_away(owner, finding),
            Fix::Replace if self.is_serial(finding) => format!("rm {typed_path}"),
            Fix::Replace => self.replace(owner),
            Fix::CompleteChain => "put the CAs above it behind it, up to the root".to_owned(),
            Fix::SetClock => "set the clock right, or wait".to_owned(),
            Fix::RestrictMode => format!("chmod 600 {typed_path}"),
            Fix::TakePasswordOff => take_password_off(&path),
            Fix::ConvertToPkcs8 => format!(
                "openssl pkcs8 -topk8 -nocrypt -in {typed_path} -out {typed_path}.new && mv {typed_path}.new {typed_path}"
            ),
            Fix::AddNames => return self.add_names(owner, names),
            Fix::NameHost => self.name_host(owner),
            Fix::AddPurpose => self.add_purpose(owner),
            Fix::ChangeSubject => self.change_subject(owner),
            Fix::SetSerial => format!("echo {} > {typed_path}", self.newest_serial()?),
            Fix::HideCaKey => {
                "move it to where only you can read it, and run milvus-certgen there".to_owned()
            }
            Fix::LengthenPath => "have the CA above sign it with a longer pathlen".to_owned(),
            Fix::Finish => self.command(""),
            // A server's, of which this set has none: `probe` says it.
            Fix::SetTlsMode(_) | Fix::RestartMilvus | Fix::NameClientFiles | Fix::GiveMilvusTheCa => {
                return None;
            }
        })
    }

    fn is_of_pair(&self, leaf: &Leaf) -> bool {
        self.pair.contains(&&leaf.base)
    }

    fn is_serial(&self, finding: &Finding) -> bool {
        self.set.ca_base.file(FileKind::Serial) == finding.file
    }

    /// A run, where it looks at the certificate; else `renew`.
    fn reissue(&self, owner: Owner<'_>) -> String {
        match owner {
            Owner::Leaf(leaf) if !self.is_of_pair(leaf) => self.renew(owner, ""),
            Owner::Leaf(_) | Owner::Ca => self.signing(""),
            Owner::Absent => self.making(),
        }
    }

    fn renew(&self, owner: Owner<'_>, flags: &str) -> String {
        match owner {
            Owner::Leaf(leaf) => self.signing(&format!("renew {}{flags}", word(&leaf.base))),
            Owner::Ca => self.signing("renew --ca"),
            Owner::Absent => self.making(),
        }
    }

    fn rekey(&self, owner: Owner<'_>, finding: &Finding) -> Option<String> {
        let Owner::Leaf(leaf) = owner else { return Some(self.replace(owner)) };
        match self.changed_places(leaf).filter(|_| finding.code == Code::KeyMismatch) {
            // One of the two says it: the other would change them back.
            Some((at, _)) if self.place(leaf) > at => None,
            Some((_, other)) => Some(self.exchange(leaf, other)),
            None => Some(self.renew(owner, " --rekey")),
        }
    }

    fn create(&self, owner: Owner<'_>, typed_path: &str) -> String {
        match owner {
            Owner::Leaf(leaf) => match leaf.files.certificate.sound().filter(|file| file.holds_key) {
                // Its key is there, in the wrong file.
                Some(_) => {
                    let pem = typed(&self.path(&leaf.base.file(FileKind::Certificate)));
                    format!("openssl pkey -in {pem} -out {typed_path}")
                }
                None => self.reissue(owner),
            },
            Owner::Absent => self.making(),
            Owner::Ca if self.set.leaves.is_empty() && self.set.ca.key.is_missing() => self.making(),
            Owner::Ca => self.replace(owner),
        }
    }

    fn move_away(&self, owner: Owner<'_>, finding: &Finding) -> String {
        let is_forbidden = match owner {
            Owner::Leaf(leaf) => is_forbidden(leaf),
            Owner::Ca => matches!(self.set.ca.certificate, Loaded::Forbidden(_)),
            Owner::Absent => false,
        };
        match owner {
            _ if is_forbidden => "run check as the user who may read it".to_owned(),
            // The next run begins with a new number.
            Owner::Ca if self.is_serial(finding) => {
                "move it away: the next run begins with a new number".to_owned()
            }
            Owner::Ca => self.replace(owner),
            Owner::Leaf(_) | Owner::Absent => format!("move it away, and then: {}", self.reissue(owner)),
        }
    }

    fn replace(&self, owner: Owner<'_>) -> String {
        match owner {
            // A CA that was named is not this directory's to create.
            Owner::Ca if self.ca_is_elsewhere || self.dir.is_none() => {
                "name the right one with --ca-cert".to_owned()
            }
            Owner::Ca => format!("put the right one there; or start over: {}", self.command("--force")),
            Owner::Leaf(_) | Owner::Absent => self.reissue(owner),
        }
    }

    fn name_host(&self, owner: Owner<'_>) -> String {
        match owner {
            Owner::Leaf(leaf) if has_names(leaf) && usable_names(leaf).is_empty() => {
                "name the host that clients connect to, where the CA's key is: milvus-certgen --san NAME"
                    .to_owned()
            }
            Owner::Leaf(_) | Owner::Ca | Owner::Absent => self.reissue(owner),
        }
    }

    fn add_purpose(&self, owner: Owner<'_>) -> String {
        match owner {
            Owner::Leaf(leaf) if !self.is_of_pair(leaf) => {
                self.signing(&format!("{} {}", leaf.role, word(&leaf.base)))
            }
            Owner::Leaf(_) | Owner::Ca | Owner::Absent => self.reissue(owner),
        }
    }

    fn change_subject(&self, owner: Owner<'_>) -> String {
        match owner {
            Owner::Leaf(leaf) if self.is_of_pair(leaf) => {
                self.signing(&format!("--organizational-unit {}", word(&leaf.base)))
            }
            Owner::Leaf(_) | Owner::Ca | Owner::Absent => self.reissue(owner),
        }
    }

    fn newest_serial(&self) -> Option<&Serial> {
        let signed = self.set.leaves.iter().filter_map(|leaf| leaf.files.sound_certificate());
        signed.filter_map(|certificate| certificate.serial.as_ref()).max()
    }

    /// A run that signs for more names; the ones that the certificate has stay, as far as a run takes them.
    fn add_names(&self, owner: Owner<'_>, names: &[San]) -> Option<String> {
        let Owner::Leaf(leaf) = owner else { return None };
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
