//! Carrying out a plan in memory: keys, certificates, CSRs, and the bytes of the files to write.
//!
//! No file, no environment, no terminal and no clock in here.

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind};
use crate::keys::{self, KeyFormat, PrivateKey, encoding};
use crate::parallel;
use crate::pki;
use crate::plan::{self, Action, AuthorityPlan, LeafPlan, Plan};
use crate::profile::Role;
use crate::serial::Serial;
use crate::set::{CertificateFile, KeyFile, Loaded, Set};
use crate::spec::Spec;
use crate::store::Change;

mod order;
mod serials;

use order::{Order, Signed};

/// The current step, for a progress display.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Progress {
    /// Keys for these files are being created; with RSA 4096 it takes seconds.
    Keys(Vec<String>, keys::KeyKind),
    /// The role's certificate is being signed.
    Certificate(Role),
}

/// The set as it will be, and the files that make it so.
#[derive(Debug)]
pub(crate) struct Issued {
    /// Checked before anything is written.
    pub set: Set,
    /// Written by `commit`.
    pub changes: Vec<Change>,
}

/// A whole new set in memory, for tests and programs that need no files.
///
/// ```
/// use milvus_certgen::{issue, keys::KeyKind, profile::Role, spec::Spec};
///
/// let spec = Spec { key: Some(KeyKind::EcdsaP256), ..Spec::default() };
/// let random = |bytes: &mut [u8]| {
///     getrandom::fill(bytes).map_err(|e| milvus_certgen::error::Failure::failed(e.to_string()))
/// };
/// let set = issue::make(&spec, time::OffsetDateTime::now_utc(), random)?;
/// let server = &set.first(Role::Server).and_then(|server| server.files.parsed_certificate()).expect("made just now");
/// assert_eq!(server.subject.text, "C=CN, O=milvus, OU=milvus, CN=localhost");
/// # Ok::<(), milvus_certgen::error::Failure>(())
/// ```
pub fn make(spec: &Spec, now: OffsetDateTime, random: impl FnMut(&mut [u8]) -> Result<()>) -> Result<Set> {
    let plan = plan::plan(spec, spec.shape(), now)?;
    Ok(issue(&plan, random, |_| {})?.set)
}

/// Makes what the plan says. `random` fills the bytes of a serial number; `progress` is told what is being done.
pub(crate) fn issue(
    plan: &Plan,
    random: impl FnMut(&mut [u8]) -> Result<()>,
    mut progress: impl FnMut(Progress),
) -> Result<Issued> {
    let kinds = plan.new_keys();
    if let Some(kind) = kinds.first() {
        progress(Progress::Keys(plan.new_key_files(), *kind));
    }
    // All keys at once, so that the search for their primes shares the cores.
    let keys = keys::generate_each(&kinds)?;
    issue_with(plan, keys, random, progress)
}

/// The same with existing keys, of the kinds of [`Plan::new_keys`].
pub(crate) fn issue_with(
    plan: &Plan,
    keys: Vec<PrivateKey>,
    random: impl FnMut(&mut [u8]) -> Result<()>,
    mut progress: impl FnMut(Progress),
) -> Result<Issued> {
    let mut work = Work { set: plan.set.clone(), format: plan.key_format, changes: Vec::new(), random };
    let mut keys = keys.into_iter();
    let mut key_for = |makes: bool| if makes { keys.next() } else { None };
    work.authority(&plan.ca, key_for(plan.ca.make_key.is_some()), &mut progress)?;
    let mut orders = Vec::new();
    for (at, leaf) in plan.leaves.iter().enumerate() {
        orders.extend(work.leaf(at, leaf, key_for(leaf.new_key().is_some()), &mut progress)?);
    }
    // The certificates of servers and clients do not depend on each other, and a signature with RSA takes its time.
    for (order, signed) in
        orders.iter().zip(parallel::map(orders.iter().collect(), |order| order.sign(&work.set)))
    {
        work.take(order, signed?)?;
    }
    work.serial_file(plan)?;
    if plan.ca.discard_key {
        work.discard_ca_key();
    }
    Ok(work.into_issued())
}

struct Work<R> {
    /// Becomes the set as it will be.
    set: Set,
    /// `--key-format`
    format: Option<KeyFormat>,
    changes: Vec<Change>,
    random: R,
}

impl<R: FnMut(&mut [u8]) -> Result<()>> Work<R> {
    fn authority(
        &mut self,
        ca: &AuthorityPlan,
        new_key: Option<PrivateKey>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<()> {
        let base = self.set.ca_base.clone();
        let kept = self.set.ca.key.parsed().filter(|_| ca.rewrite_key).map(|file| file.key.clone());
        if let Some(key) = new_key.or(kept) {
            self.set.ca.key = Loaded::Parsed(self.write_key(&base, key)?);
        }
        if !matches!(ca.action, Action::Issue | Action::Resign) {
            if let Some(file) = self.set.ca.certificate.parsed().filter(|_| ca.rewrite_certificate).cloned() {
                self.set.ca.certificate = self.write_certificate(&base, file.certificate, file.chain);
            }
            return Ok(());
        }
        progress(Progress::Certificate(Role::Ca));
        let serial = match &ca.serial {
            Some(kept) => kept.clone(),
            None => Serial::from_random(self.random_bytes()?),
        };
        let key = ca_key(&self.set)?;
        let made = pki::self_sign(
            &ca.subject,
            key,
            &serial,
            ca.validity,
            ca.key_identifier.as_deref(),
            &ca.may_sign_for,
        )?;
        let chain = self.set.ca.certificate.parsed().map(|file| file.chain.clone()).unwrap_or_default();
        self.set.ca.certificate = self.write_certificate(&base, made, chain);
        Ok(())
    }

    /// Puts the key of a leaf in place. What is left to sign is the answer.
    fn leaf<'p>(
        &mut self,
        at: usize,
        plan: &'p LeafPlan,
        new_key: Option<PrivateKey>,
        progress: &mut impl FnMut(Progress),
    ) -> Result<Option<Order<'p>>> {
        let kept =
            self.set.leaves[at].files.key.parsed().filter(|_| plan.rewrite_key).map(|file| file.key.clone());
        if let Some(key) = new_key.or(kept) {
            self.set.leaves[at].files.key = Loaded::Parsed(self.write_key(&plan.base, key)?);
        }
        if plan.signs() {
            progress(Progress::Certificate(plan.role));
            let serial = self.next_serial()?;
            self.set.ca.serial = Loaded::Parsed(Some(serial.clone()));
            return Ok(Some(Order { at, plan, serial }));
        }
        if let (Action::Refresh, Some(file)) =
            (plan.action, self.set.leaves[at].files.certificate.parsed().cloned())
        {
            let chain = match plan.role {
                // Other certificates on the path to the CA stay in the file.
                role if role.serves() => {
                    self.chain(plan, &file.certificate)?.unwrap_or_else(|| file.chain.clone())
                }
                _ => file.chain.clone(),
            };
            if plan.rewrite_certificate || file.chain != chain {
                let file = self.write_certificate(&plan.base, file.certificate, chain);
                self.set.leaves[at].files.certificate = file;
            }
        }
        Ok(None)
    }

    /// Puts what was signed in place.
    fn take(&mut self, order: &Order<'_>, signed: Signed) -> Result<()> {
        let Order { at, plan, .. } = *order;
        if let Some(csr) = signed.request {
            self.write(&plan.base, FileKind::Csr, csr.to_pem().into_bytes());
            self.set.leaves[at].files.request = Loaded::Parsed(csr);
        }
        let chain = self.chain(plan, &signed.certificate)?.unwrap_or_default();
        self.set.leaves[at].files.certificate = self.write_certificate(&plan.base, signed.certificate, chain);
        Ok(())
    }

    /// The chain after the certificate in its file: its issuer, and those above an intermediate CA. `None` if the issuer is
    /// not in ca.pem.
    fn chain(&self, plan: &LeafPlan, certificate: &Certificate) -> Result<Option<Vec<Certificate>>> {
        let Some(ca) = self.set.ca.certificate.parsed() else {
            return Err(Failure::failed("the CA has no certificate"));
        };
        Ok(if plan.with_issuer { ca.chain_of(certificate) } else { Some(Vec::new()) })
    }

    fn write_key(&mut self, base: &BaseName, key: PrivateKey) -> Result<KeyFile> {
        let format = self.format.unwrap_or(KeyFormat::Pkcs8);
        let pem = key.to_pem(format)?;
        self.changes.push(Change::new(base.file(FileKind::Key), FileKind::Key.mode(), pem));
        Ok(KeyFile::new(key, format))
    }

    fn write_certificate(
        &mut self,
        base: &BaseName,
        certificate: Certificate,
        chain: Vec<Certificate>,
    ) -> Loaded<CertificateFile> {
        let pem: String = std::iter::once(&certificate).chain(&chain).map(Certificate::to_pem).collect();
        self.write(base, FileKind::Certificate, pem.into_bytes());
        Loaded::Parsed(CertificateFile::new(certificate, chain))
    }

    fn write(&mut self, base: &BaseName, kind: FileKind, contents: Vec<u8>) {
        self.changes.push(Change::new(base.file(kind), kind.mode(), Zeroizing::new(contents)));
    }

    /// The CA's key has signed, and is not written: a line that says so is.
    fn discard_ca_key(&mut self) {
        let base = self.set.ca_base.clone();
        let name = base.file(FileKind::Key);
        self.changes.retain(|change| change.name != name);
        self.write(&base, FileKind::Key, encoding::DISCARDED.as_bytes().to_vec());
        self.set.ca.key = Loaded::Discarded;
    }

    /// The changes in the order in which people know the files: ca.key ca.pem ca.srl server.key and so on.
    fn into_issued(self) -> Issued {
        let Self { set, mut changes, .. } = self;
        let bases: Vec<&BaseName> =
            std::iter::once(&set.ca_base).chain(set.leaves.iter().map(|leaf| &leaf.base)).collect();
        let kinds = [FileKind::Key, FileKind::Certificate, FileKind::Serial, FileKind::Csr];
        let order: Vec<String> = bases.iter().flat_map(|base| kinds.map(|kind| base.file(kind))).collect();
        changes.sort_by_key(|change| order.iter().position(|name| *name == change.name));
        Issued { set, changes }
    }
}

fn ca_key(set: &Set) -> Result<&PrivateKey> {
    set.ca.key.parsed().map(|file| &file.key).ok_or_else(|| Failure::failed("the CA has no key to sign with"))
}

fn ca_certificate(set: &Set) -> Result<&Certificate> {
    set.ca_certificate().ok_or_else(|| Failure::failed("the CA has no certificate"))
}
