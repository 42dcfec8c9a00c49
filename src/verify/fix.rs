//! What fixes a finding: which kind of remedy a code has is in the table; here it becomes a command that works when
//! typed, for these files.

use std::path::{Path, PathBuf};

use super::{Finding, Owner, Place};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind, shown, take_password_off, typed};
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
    /// The CA signs it: a run issues it again.
    SignWithCa,
    /// With a new key.
    Rekey,
    /// With a new key; where keys have changed places, they change back.
    PairUp,
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
    /// Milvus gets the directory's files.
    DeployFiles,
    /// The server's certificate is issued again, elsewhere.
    ReissueServer,
    /// The client's certificate is issued again, elsewhere.
    ReissueClient,
    /// The client asks for a name that the server's certificate has.
    NameServer,
    /// Milvus listens elsewhere.
    OtherPort,
    /// The client's files are named.
    NameClientFiles,
    /// The client's own key is named.
    NameClientKey,
    /// The client shows a certificate of the CA.
    ClientOfCa,
    /// tls.caPemPath gets the CA of the clients.
    GiveMilvusTheCa,
}

/// The files of a set as the user knows them: where they are, and what they are called.
pub struct Files<'a> {
    /// The directory; `None` where the files were named one by one.
    pub dir: Option<&'a Path>,
    /// The set.
    pub set: &'a Set,
    /// What the server's and the client's files are called.
    pub pair: [&'a BaseName; 2],
    /// The CA's certificate, where it was named by itself; its key is not looked for then.
    pub ca: Option<&'a Path>,
    /// The key and the certificate that were named by themselves, and their leaf's index in the set.
    pub named: Option<(usize, Option<&'a Path>, &'a Path)>,
    /// What clients will call the server.
    pub names: &'a [San],
    /// The running server, where `probe` found these.
    pub server: Option<Server<'a>>,
}

/// A running server.
#[derive(Debug, Clone, Copy)]
pub struct Server<'a> {
    /// Its address as the user gave it.
    pub target: &'a str,
    /// What it sends.
    pub certificate: Option<&'a Certificate>,
}

impl<'a> Files<'a> {
    /// What the user calls it.
    #[must_use]
    pub fn name(&self, place: Place) -> String {
        match (place, self.ca, self.named) {
            (Place::File(Owner::Ca, FileKind::Certificate), Some(path), _) => shown(path).to_string(),
            (Place::File(Owner::Leaf(at), FileKind::Certificate), _, Some((named, _, path)))
                if at == named =>
            {
                shown(path).to_string()
            }
            (Place::File(Owner::Leaf(at), FileKind::Key), _, Some((named, path, _))) if at == named => {
                path.map_or_else(|| "--key".to_owned(), |path| shown(path).to_string())
            }
            (Place::File(Owner::Absent(role), kind), ..) => {
                self.pair[usize::from(role == Role::Client)].file(kind)
            }
            (Place::Target, ..) => self.server.map_or("server", |server| server.target).to_owned(),
            _ => place.name_in(self.set),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self, place: Place) -> PathBuf {
        match (place, self.ca, self.named, self.dir) {
            (Place::File(Owner::Ca, FileKind::Certificate), Some(path), ..) => path.to_owned(),
            (Place::File(Owner::Leaf(at), FileKind::Certificate), _, Some((named, _, path)), _)
                if at == named =>
            {
                path.to_owned()
            }
            (Place::File(Owner::Leaf(at), FileKind::Key), _, Some((named, Some(path), _)), _)
                if at == named =>
            {
                path.to_owned()
            }
            (_, _, _, Some(dir)) => dir.join(self.name(place)),
            (_, _, _, None) => self.name(place).into(),
        }
    }

    fn leaf(&self, at: Place) -> Option<&'a Leaf> {
        match at {
            Place::File(Owner::Leaf(at), _) => self.set.leaves.get(at),
            Place::File(Owner::Ca | Owner::Absent(_) | Owner::Served, _) | Place::Target => None,
        }
    }

    /// What fixes it: a command that works when typed, or a sentence where there is none.
    #[must_use]
    pub fn fix(&self, finding: &Finding) -> Option<String> {
        let at = finding.at;
        let path = self.path(at);
        let typed_path = typed(&path);
        Some(match finding.fix {
            Fix::None => return None,
            Fix::Reissue | Fix::SignWithCa => self.reissue(at),
            Fix::Renew => self.renew(at, ""),
            Fix::Rekey => self.rekey(at),
            Fix::PairUp => return self.pair_up(at),
            Fix::RekeyAsRsa => self.renew(at, " --rekey --key-type rsa"),
            Fix::Shorten => self.renew(at, " --days 825"),
            Fix::Create => self.create(at, &typed_path),
            Fix::MoveAway => self.move_away(at),
            Fix::Replace if at.is(FileKind::Serial) => format!("rm {typed_path}"),
            Fix::Replace => self.replace(at),
            Fix::CompleteChain => "put the CAs above it behind it, up to the root".to_owned(),
            Fix::SetClock => "set the clock right, or wait".to_owned(),
            Fix::RestrictMode => format!("chmod 600 {typed_path}"),
            Fix::TakePasswordOff => take_password_off(&path),
            Fix::ConvertToPkcs8 => format!(
                "openssl pkcs8 -topk8 -nocrypt -in {typed_path} -out {typed_path}.new && mv {typed_path}.new {typed_path}"
            ),
            Fix::AddNames => return self.add_names(at),
            Fix::NameHost => self.name_host(at),
            Fix::AddPurpose => self.add_purpose(at),
            Fix::ChangeSubject => self.change_subject(at),
            Fix::SetSerial => format!("echo {} > {typed_path}", self.newest_serial()?),
            Fix::HideCaKey => {
                "move it to where only you can read it, and run milvus-certgen there".to_owned()
            }
            Fix::LengthenPath => "have the CA above sign it with a longer pathlen".to_owned(),
            Fix::Finish => self.command(""),
            Fix::SetTlsMode(mode) => {
                let mode = mode.map_or_else(|| "1 or 2".to_owned(), |mode| mode.to_string());
                format!("set common.security.tlsMode in milvus.yaml to {mode}, and restart Milvus")
            }
            Fix::RestartMilvus => "restart Milvus, which reads its files once, at start".to_owned(),
            Fix::DeployFiles => {
                "put the directory's files where Milvus reads them, and restart it".to_owned()
            }
            Fix::ReissueServer => {
                "sign the server's certificate again where the CA's key is: milvus-certgen; and restart Milvus"
                    .to_owned()
            }
            Fix::ReissueClient => {
                format!("sign it again where the CA's key is: milvus-certgen renew {}", self.base(at)?)
            }
            Fix::NameServer => self.name_server(),
            Fix::OtherPort => {
                "give the port of Milvus's gRPC service, 19530 unless set otherwise".to_owned()
            }
            Fix::NameClientFiles => {
                "give the client's with --cert and --key, or the directory of a whole set with --dir".to_owned()
            }
            Fix::NameClientKey => format!(
                "give its own key with --key, or make a new one where the CA's key is: milvus-certgen renew {} --rekey",
                self.base(at)?
            ),
            Fix::ClientOfCa => {
                "use a client certificate of this CA; where its key is: milvus-certgen client NAME".to_owned()
            }
            Fix::GiveMilvusTheCa => {
                "give Milvus the CA that signed the client's certificate (tls.caPemPath in milvus.yaml), and restart it"
                    .to_owned()
            }
        })
    }

    fn base(&self, at: Place) -> Option<&BaseName> {
        self.leaf(at).map(|leaf| &leaf.base)
    }

    fn is_of_pair(&self, leaf: &Leaf) -> bool {
        self.pair.contains(&&leaf.base)
    }

    /// A run, where it looks at the certificate; else `renew`.
    fn reissue(&self, at: Place) -> String {
        match (at.owner(), self.leaf(at)) {
            (_, Some(leaf)) if !self.is_of_pair(leaf) => self.renew(at, ""),
            (Some(Owner::Absent(_)), _) => self.create_all(),
            _ => self.signing(""),
        }
    }

    fn renew(&self, at: Place, flags: &str) -> String {
        match self.leaf(at) {
            Some(leaf) => self.signing(&format!("renew {}{flags}", word(&leaf.base))),
            None => self.signing("renew --ca"),
        }
    }

    fn rekey(&self, at: Place) -> String {
        if self.leaf(at).is_some() { self.renew(at, " --rekey") } else { self.replace(at) }
    }

    fn pair_up(&self, at: Place) -> Option<String> {
        let Place::File(Owner::Leaf(own), _) = at else { return Some(self.replace(at)) };
        match self.changed_places(own) {
            // One of the two says it: the other would change them back.
            Some(other) if own > other => None,
            Some(other) => Some(self.exchange(own, other)),
            None => Some(self.rekey(at)),
        }
    }

    fn create(&self, at: Place, typed_path: &str) -> String {
        let Some(leaf) = self.leaf(at) else {
            let is_absent = matches!(at.owner(), Some(Owner::Absent(_)));
            let is_empty = self.set.leaves.is_empty() && self.set.ca.key.is_missing();
            return if is_absent || is_empty { self.create_all() } else { self.replace(at) };
        };
        if leaf.files.certificate.sound().is_some_and(|file| file.holds_key) {
            // Its key is there, in the wrong file.
            let pem = typed(&self.path(at.beside(FileKind::Certificate)));
            return format!("openssl pkey -in {pem} -out {typed_path}");
        }
        self.reissue(at)
    }

    fn move_away(&self, at: Place) -> String {
        let leaf = self.leaf(at);
        let is_ca_forbidden = || matches!(self.set.ca.certificate, Loaded::Forbidden(_));
        if leaf.map_or_else(is_ca_forbidden, is_forbidden) {
            return "run check as the user who may read it".to_owned();
        }
        match leaf {
            Some(_) => format!("move it away, and then: {}", self.reissue(at)),
            None if at.is(FileKind::Serial) => {
                "move it away: the next run begins with a new number".to_owned()
            }
            None => self.replace(at),
        }
    }

    fn replace(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(_) => self.reissue(at),
            // A CA that was named is not this directory's to create.
            None if self.ca.is_some() || self.dir.is_none() => "name the right one with --ca-cert".to_owned(),
            None => format!("put the right one there; or start over: {}", self.command("--force")),
        }
    }

    fn name_host(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(leaf) if has_names(leaf) && usable_names(leaf).is_empty() => {
                "name the host that clients connect to, where the CA's key is: milvus-certgen --san NAME"
                    .to_owned()
            }
            _ => self.reissue(at),
        }
    }

    fn add_purpose(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(leaf) if !self.is_of_pair(leaf) => {
                self.signing(&format!("{} {}", leaf.role, word(&leaf.base)))
            }
            _ => self.reissue(at),
        }
    }

    fn change_subject(&self, at: Place) -> String {
        match self.leaf(at) {
            Some(leaf) if self.is_of_pair(leaf) => {
                self.signing(&format!("--organizational-unit {}", word(&leaf.base)))
            }
            _ => self.reissue(at),
        }
    }

    fn newest_serial(&self) -> Option<&Serial> {
        let signed = self.set.leaves.iter().filter_map(|leaf| leaf.files.sound_certificate());
        signed.filter_map(|certificate| certificate.serial.as_ref()).max()
    }

    /// A run that signs for more names; the ones that the certificate has stay, as far as a run takes them.
    fn add_names(&self, at: Place) -> Option<String> {
        let (leaf, names) = (self.leaf(at)?, self.names);
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

    /// The leaf whose key is in this one's place, while this one's is in its.
    fn changed_places(&self, own: usize) -> Option<usize> {
        let leaves = &self.set.leaves;
        let is_key_of = |key: &Leaf, certificate: &Leaf| {
            let key = key.files.key.sound().map(|file| &file.key.public().spki);
            key.is_some() && key == certificate.files.sound_certificate().map(|c| &c.public_key.spki)
        };
        leaves.iter().position(|other| is_key_of(&leaves[own], other) && is_key_of(other, &leaves[own]))
    }

    /// The keys change places, or the certificates, where those say that they are for the other's role.
    fn exchange(&self, own: usize, other: usize) -> String {
        let [leaf, of_other] = [own, other].map(|at| &self.set.leaves[at]);
        let is_certificate = leaf.files.sound_certificate().and_then(Certificate::role)
            == Some(of_other.role)
            && leaf.role != of_other.role;
        let kind = if is_certificate { FileKind::Certificate } else { FileKind::Key };
        let [one, other] = [own, other].map(|at| typed(&self.path(Owner::Leaf(at).file(kind))));
        format!("mv {one} {one}.new && mv {other} {one} && mv {one}.new {other}")
    }

    fn name_server(&self) -> String {
        let names = self
            .server
            .and_then(|server| server.certificate)
            .and_then(|certificate| certificate.subject_alt_names.as_deref());
        match names.unwrap_or_default().iter().find(|name| matches!(name, San::Dns(_) | San::Ip(_))) {
            Some(name) => format!(
                "connect with server_name {name} (--server-name here), or have the name put into the server's \
                 certificate"
            ),
            None => "have the name put into the server's certificate".to_owned(),
        }
    }

    /// There is no such certificate yet.
    fn create_all(&self) -> String {
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
            (Loaded::Discarded, Some(_)) if self.ca.is_none() => {
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
