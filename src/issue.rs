//! Carrying out a plan in memory: keys, certificates, requests, and the octets of the files to write.
//!
//! No file, no environment, no terminal and no clock in here.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::keys::{self, KeyFormat, PrivateKey};
use crate::pki;
use crate::plan::{self, Action, LeafPlan, Plan};
use crate::profile::Role;
use crate::request::Request;
use crate::serial::Serial;
use crate::set::{CertificateFile, KeyFile, LeafFiles, Loaded, Set};
use crate::store::{Change, FileKind, Layout};

/// What is being done, for whoever shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Keys of these files are being made; with RSA 4096 it takes seconds.
    Keys(Vec<String>, keys::KeyKind),
    /// The role's certificate is being signed.
    Certificate(Role),
}

/// The set as it will be, and the files that make it so.
#[derive(Debug)]
pub struct Issued {
    /// What `verify` looks at before anything is written.
    pub set: Set,
    /// What `commit` puts in place.
    pub changes: Vec<Change>,
}

/// A whole new set in memory, for tests and programs that need no files.
///
/// ```
/// use milvus_certgen::{issue, keys::KeyKind, request::Request};
///
/// let request = Request { key: Some(KeyKind::EcdsaP256), ..Request::default() };
/// let random = |octets: &mut [u8]| {
///     getrandom::fill(octets).map_err(|e| milvus_certgen::error::Failure::failed(e.to_string()))
/// };
/// let set = issue::make(&request, time::OffsetDateTime::now_utc(), random)?;
/// let server = &set.server.certificate.sound().expect("made a moment ago").certificate;
/// assert_eq!(server.subject.text, "C=CN, O=milvus, OU=milvus, CN=localhost");
/// # Ok::<(), milvus_certgen::error::Failure>(())
/// ```
pub fn make(
    request: &Request,
    now: OffsetDateTime,
    random: impl FnMut(&mut [u8]) -> Result<()>,
) -> Result<Set> {
    let nothing = Set::default();
    let plan = plan::plan(request, &nothing, now)?;
    Ok(issue(&plan, request, nothing, random, |_| {})?.set)
}

/// Makes what the plan says. `random` fills the octets of a serial number; `progress` is told what is being done.
pub fn issue(
    plan: &Plan,
    request: &Request,
    set: Set,
    random: impl FnMut(&mut [u8]) -> Result<()>,
    mut progress: impl FnMut(Progress),
) -> Result<Issued> {
    let mut work = Work {
        request,
        layout: &request.layout,
        set: if request.force { Set::default() } else { set },
        changes: Vec::new(),
        random,
    };
    let new_keys = work.make_keys(plan, &mut progress)?;
    work.authority(plan, new_keys.ca, &mut progress)?;
    for (leaf, key) in [(&plan.server, new_keys.server), (&plan.client, new_keys.client)] {
        work.leaf(leaf, key, &mut progress)?;
    }
    work.serial_file(plan)?;
    work.changes.sort_by_key(|(kind, _)| FileKind::ALL.iter().position(|k| k == kind));
    let layout = &request.layout;
    let changes = work.changes.into_iter().map(|(kind, contents)| Change {
        name: layout.file_name(kind),
        mode: kind.mode(),
        contents,
    });
    Ok(Issued { changes: changes.collect(), set: work.set })
}

struct NewKeys {
    ca: Option<PrivateKey>,
    server: Option<PrivateKey>,
    client: Option<PrivateKey>,
}

struct Work<'a, R> {
    request: &'a Request,
    layout: &'a Layout,
    /// Becomes the set as it will be.
    set: Set,
    changes: Vec<(FileKind, Zeroizing<Vec<u8>>)>,
    random: R,
}

impl<R: FnMut(&mut [u8]) -> Result<()>> Work<'_, R> {
    /// All keys at once, so that the search for their primes shares the cores.
    fn make_keys(&self, plan: &Plan, progress: &mut impl FnMut(Progress)) -> Result<NewKeys> {
        let signs = |leaf: &LeafPlan| matches!(leaf.action, Action::Issue | Action::Resign);
        let wanted = [
            (Role::Ca, plan.ca.make_key),
            (Role::Server, plan.server.make_key.filter(|_| signs(&plan.server))),
            (Role::Client, plan.client.make_key.filter(|_| signs(&plan.client))),
        ];
        let roles: Vec<Role> =
            wanted.iter().filter(|(_, kind)| kind.is_some()).map(|(role, _)| *role).collect();
        let Some(kind) = wanted.iter().find_map(|(_, kind)| *kind) else {
            return Ok(NewKeys { ca: None, server: None, client: None });
        };
        let names = roles.iter().map(|role| self.layout.file_name(FileKind::Key(*role))).collect();
        progress(Progress::Keys(names, kind));
        let mut keys = keys::generate(kind, roles.len())?.into_iter();
        let mut take = |role| roles.contains(&role).then(|| keys.next()).flatten();
        Ok(NewKeys { ca: take(Role::Ca), server: take(Role::Server), client: take(Role::Client) })
    }

    fn authority(
        &mut self,
        plan: &Plan,
        new_key: Option<PrivateKey>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<()> {
        let ca = &plan.ca;
        if let Some(key) = self.key_file(Role::Ca, new_key, ca.rewrite_key)? {
            self.set.ca.key = Loaded::Sound(key);
        }
        if !matches!(ca.action, Action::Issue | Action::Resign) {
            return Ok(());
        }
        progress(Progress::Certificate(Role::Ca));
        let serial = Serial::from_random(self.random_octets()?);
        let key = ca_key(&self.set)?;
        let made = pki::self_sign(&ca.subject, key, &serial, ca.validity, ca.key_identifier.as_deref())?;
        let (old, chain) = match &self.set.ca.certificate {
            Loaded::Sound(file) => (Some(&file.certificate), file.chain.clone()),
            _ => (None, Vec::new()),
        };
        if let Some(old) = old.filter(|old| old.subject.der != made.subject.der) {
            return Err(Failure::failed(format!(
                "{}: its subject {} cannot be written again octet for octet, as what it signed needs it",
                self.layout.file_name(FileKind::Certificate(Role::Ca)),
                old.subject.text
            ))
            .hint("start over with --force: a new CA, which every client must be given"));
        }
        self.certificate_file(Role::Ca, made, chain);
        Ok(())
    }

    fn leaf(
        &mut self,
        plan: &LeafPlan,
        new_key: Option<PrivateKey>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<()> {
        let role = plan.role;
        if let Some(key) = self.key_file(role, new_key, plan.rewrite_key)? {
            self.leaf_files(role).key = Loaded::Sound(key);
        }
        let chain = |set: &Set| {
            ca_certificate(set).map(|ca| if plan.with_issuer { vec![ca.clone()] } else { vec![] })
        };
        match plan.action {
            Action::Keep => {}
            Action::Refresh => {
                let chain = chain(&self.set)?;
                let kept = self.set.leaf(role).certificate.sound().cloned();
                if let Some(file) = kept.filter(|file| role == Role::Server && file.chain != chain) {
                    self.certificate_file(role, file.certificate, chain);
                }
            }
            Action::Resign | Action::Issue => {
                progress(Progress::Certificate(role));
                let serial = self.next_serial()?;
                let key = &self
                    .set
                    .leaf(role)
                    .key
                    .sound()
                    .ok_or_else(|| Failure::failed(format!("the {role} has no key to sign for")))?
                    .key;
                let request = pki::request(role, &plan.identity, key)?;
                let ca = (ca_certificate(&self.set)?, ca_key(&self.set)?);
                let made = pki::sign(role, &plan.identity, key.public(), &serial, plan.validity, ca)?;
                let chain = chain(&self.set)?;
                self.set.ca.serial = Loaded::Sound(Some(serial));
                self.changes.push((FileKind::Csr(role), Zeroizing::new(request.to_pem().into_bytes())));
                self.leaf_files(role).request = Loaded::Sound(request);
                self.certificate_file(role, made, chain);
            }
        }
        Ok(())
    }

    /// The key file to write, if one is: a new key, or the kept one in another form.
    fn key_file(&mut self, role: Role, new: Option<PrivateKey>, rewrite: bool) -> Result<Option<KeyFile>> {
        let format = self.request.key_format.unwrap_or(KeyFormat::Pkcs8);
        let kept = match role {
            Role::Ca => &self.set.ca.key,
            Role::Server | Role::Client => &self.set.leaf(role).key,
        };
        let key = match (new, kept.sound()) {
            (Some(key), _) => key,
            (None, Some(file)) if rewrite => file.key.clone(),
            _ => return Ok(None),
        };
        self.changes.push((FileKind::Key(role), key.to_pem(format)?));
        Ok(Some(KeyFile { key, format }))
    }

    fn certificate_file(&mut self, role: Role, certificate: Certificate, chain: Vec<Certificate>) {
        let pem: String = std::iter::once(&certificate).chain(&chain).map(Certificate::to_pem).collect();
        self.changes.push((FileKind::Certificate(role), Zeroizing::new(pem.into_bytes())));
        let file = Loaded::Sound(CertificateFile { certificate, chain });
        match role {
            Role::Ca => self.set.ca.certificate = file,
            Role::Server | Role::Client => self.leaf_files(role).certificate = file,
        }
    }

    /// ca.srl, after all that was signed; also where it was only missing.
    fn serial_file(&mut self, plan: &Plan) -> Result<()> {
        let signed = [&plan.server, &plan.client]
            .iter()
            .any(|leaf| matches!(leaf.action, Action::Issue | Action::Resign));
        if !signed {
            if !self.set.ca.serial.is_missing() {
                return Ok(());
            }
            let newest = self.serials_in_use().into_iter().max();
            let last = match newest {
                Some(newest) => newest,
                None => Serial::from_random(self.random_octets()?),
            };
            self.set.ca.serial = Loaded::Sound(Some(last));
        }
        if let Loaded::Sound(Some(last)) = &self.set.ca.serial {
            self.changes.push((FileKind::Serial, Zeroizing::new(last.to_srl().into_bytes())));
        }
        Ok(())
    }

    /// The number after ca.srl's, as `openssl x509 -CAserial` counts; numbers in use here are passed over.
    fn next_serial(&mut self) -> Result<Serial> {
        let last = match &self.set.ca.serial {
            Loaded::Sound(Some(last)) => last.clone(),
            // "00" stands before the first certificate.
            Loaded::Sound(None) => {
                return Serial::from_der_integer(&[1])
                    .filter(|one| !self.serials_in_use().contains(one))
                    .ok_or_else(|| Failure::failed("ca.srl says that nothing was issued, but 01 is in use"));
            }
            Loaded::Missing | Loaded::Damaged(_) => Serial::from_random(self.random_octets()?),
        };
        let in_use = self.serials_in_use();
        std::iter::successors(last.next(), Serial::next).find(|serial| !in_use.contains(serial)).ok_or_else(
            || {
                let file = self.layout.file_name(FileKind::Serial);
                Failure::failed(format!("{file}: {last} is the last serial number that 20 octets hold"))
                    .hint(format!("begin anew with: rm {file}"))
            },
        )
    }

    fn serials_in_use(&self) -> Vec<Serial> {
        [&self.set.ca.certificate, &self.set.server.certificate, &self.set.client.certificate]
            .iter()
            .filter_map(|file| file.sound()?.certificate.serial.clone())
            .collect()
    }

    fn random_octets(&mut self) -> Result<[u8; 20]> {
        let mut octets = [0; 20];
        (self.random)(&mut octets)?;
        Ok(octets)
    }

    fn leaf_files(&mut self, role: Role) -> &mut LeafFiles {
        if role == Role::Server { &mut self.set.server } else { &mut self.set.client }
    }
}

fn ca_key(set: &Set) -> Result<&PrivateKey> {
    set.ca.key.sound().map(|file| &file.key).ok_or_else(|| Failure::failed("the CA has no key to sign with"))
}

fn ca_certificate(set: &Set) -> Result<&Certificate> {
    let file = set.ca.certificate.sound();
    file.map(|file| &file.certificate).ok_or_else(|| Failure::failed("the CA has no certificate"))
}
