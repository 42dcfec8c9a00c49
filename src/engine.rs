//! What every command that writes has in common: lock, recover, read, decide, check, commit.

use std::path::Path;

use time::OffsetDateTime;

use crate::error::{Failure, Result};
use crate::files::{FileKind, shown};
use crate::issue::{Issued, Progress, issue, issue_with};
use crate::keys::{self, PrivateKey};
use crate::plan::{Action, KeyChoice, Plan, plan};
use crate::request::Request;
use crate::set::Set;
use crate::store::transaction::Journal;
use crate::store::{Change, Directory, Step, load, load_ca, load_leaves};
use crate::verify::{self, Severity};

mod places;

use places::{add_ca_copy, add_tls_dir, set_access};

/// What comes from outside: everything else is a function of it and the directory.
pub struct World<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills octets from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of the transaction.
    pub at: &'a mut dyn FnMut(Step),
    /// Is told what is being done.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Is told of a directory that another run holds, before the wait for it.
    pub waiting: &'a dyn Fn(&Path),
}

/// What a run did, or would do.
#[derive(Debug)]
pub struct Done {
    /// What was decided.
    pub plan: Plan,
    /// The set as it is after the run.
    pub set: Set,
    /// The names of the files that were written.
    pub written: Vec<String>,
    /// An interrupted run was finished first.
    pub recovered: bool,
}

/// `--dry-run`: reads and decides, and changes nothing.
pub fn rehearse(request: &Request, world: &World<'_>) -> Result<Done> {
    Directory::exists(&request.out_dir)?;
    let journal = Journal::find(&request.out_dir)?;
    let set = read(request, journal.as_ref())?;
    let plan = plan(request, &set, world.now)?;
    Ok(Done { plan, set, written: Vec::new(), recovered: false })
}

/// Does what is asked for.
pub fn act(request: &Request, world: &mut World<'_>) -> Result<Done> {
    // Where the directory is missing too, the work comes before it: who interrupts the search for keys leaves
    // not even an empty directory behind.
    let made = if Directory::exists(&request.out_dir)? || request.external_ca.is_some() {
        None
    } else {
        Some(decide(request, read(request, None)?, world)?)
    };
    let locked = Locked::new(request, world.waiting)?;
    let result = act_locked(request, world, &locked, made);
    if result.is_err() {
        locked.abandon(&request.out_dir);
    }
    result
}

/// The directories of a run, locked.
pub struct Locked {
    output: Directory,
    /// The CA's, where that is another one.
    ca: Option<Directory>,
    /// The output directory was made by this run, before it was locked.
    made: bool,
}

impl Locked {
    /// Locks the output directory, and the CA's if that is another one; always in the same order, so that two
    /// runs never wait for each other.
    pub fn new(request: &Request, waiting: &dyn Fn(&Path)) -> Result<Self> {
        let Some(ca_dir) = request.external_ca_dir() else {
            let output = Directory::lock(&request.out_dir, || waiting(&request.out_dir))?;
            return Ok(Self { output, ca: None, made: false });
        };
        // What the order goes by must not change in between: the directory is made before anything is locked.
        let made = Directory::make(&request.out_dir)?;
        let result = Self::both(request, &ca_dir, waiting);
        if result.is_err() && made {
            // Fails where something has come into it since.
            let _ = std::fs::remove_dir(&request.out_dir);
        }
        result.map(|locked| Self { made, ..locked })
    }

    fn both(request: &Request, ca_dir: &Path, waiting: &dyn Fn(&Path)) -> Result<Self> {
        let lock = |path: &Path| Directory::lock_existing(path, || waiting(path));
        let (ca, output) = (Directory::identity(ca_dir), Directory::identity(&request.out_dir));
        if ca == output {
            return Ok(Self { output: lock(&request.out_dir)?, ca: None, made: false });
        }
        let early = if ca < output { Some(lock(ca_dir)?) } else { None };
        let output = lock(&request.out_dir)?;
        let ca = match early {
            Some(ca) => ca,
            None => lock(ca_dir)?,
        };
        Ok(Self { output, ca: Some(ca), made: false })
    }

    /// Removes the output directory again if this run made it and nothing came into it.
    fn abandon(self, out_dir: &Path) {
        if self.made {
            let _ = std::fs::remove_dir(out_dir);
        }
        self.output.abandon();
    }

    /// Finishes or clears what interrupted runs have left.
    pub fn recover(&self) -> Result<bool> {
        if let Some(ca) = &self.ca {
            ca.recover()?;
        }
        self.output.recover()
    }
}

/// Does what is asked for in directories that are locked. `made` is what was decided before they were.
fn act_locked(
    request: &Request,
    world: &mut World<'_>,
    locked: &Locked,
    made: Option<Decision>,
) -> Result<Done> {
    let recovered = locked.recover()?;
    let set = read(request, None)?;
    let decision = match made {
        // Another run may have been faster since.
        Some(made) if set.is_empty() => made,
        _ => decide(request, set, world)?,
    };
    commit(request, decision, recovered, world, locked)
}

/// Checks what was decided, and writes it.
fn commit(
    request: &Request,
    decision: Decision,
    recovered: bool,
    world: &mut World<'_>,
    locked: &Locked,
) -> Result<Done> {
    let Decision { plan, issued: Issued { set, mut changes } } = decision;
    check_outputs(request, &set, &changes)?;
    self_check(&plan, &set, &changes, world.now)?;
    let shown_name = |change: &Change| match (&change.place, &request.tls_dir) {
        (Some(_), Some(tls_dir)) => shown(&tls_dir.join(&change.name)).to_string(),
        _ => change.name.clone(),
    };
    let mut written: Vec<String> = changes.iter().map(shown_name).collect();
    if let Some(ca) = &locked.ca {
        // The other directory first: a run that fails in between leaves a gap in the serial numbers, and never
        // gives one twice.
        let serial = request.ca_base.file(FileKind::Serial);
        let (first, rest): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|change| change.name == serial && change.place.is_none());
        ca.commit(&first, &mut |_| {})?;
        let path = shown(&request.ca_path(FileKind::Serial)).to_string();
        written.iter_mut().filter(|name| **name == serial).for_each(|name| name.clone_from(&path));
        changes = rest;
    }
    locked.output.commit(&changes, &mut world.at)?;
    Ok(Done { plan, set, written, recovered })
}

fn read(request: &Request, journal: Option<&Journal>) -> Result<Set> {
    let password = request.password.as_ref().map(|password| password.as_str());
    if request.external_ca.is_some() {
        let mut set = load_leaves(&request.out_dir, &request.shape(), journal)?;
        let [key, certificate, serial] =
            [FileKind::Key, FileKind::Certificate, FileKind::Serial].map(|kind| request.ca_path(kind));
        set.ca = load_ca(&key, &certificate, &serial, password)?;
        return Ok(set);
    }
    load(&request.out_dir, &request.shape(), journal, password)
}

/// A plan, and what it makes.
struct Decision {
    plan: Plan,
    issued: Issued,
}

impl Decision {
    /// Adds what goes besides the set's own place, and says who may read it.
    fn new(request: &Request, plan: Plan, mut issued: Issued) -> Result<Self> {
        add_ca_copy(request, &mut issued)?;
        set_access(request, &mut issued)?;
        add_tls_dir(request, &mut issued)?;
        Ok(Self { plan, issued })
    }
}

/// One of many runs under one lock: its keys are made in the background while the one before is written.
pub struct Batch {
    request: Request,
    keys: std::thread::JoinHandle<Result<Vec<PrivateKey>>>,
}

impl Batch {
    /// Reads and plans, and begins to make the keys.
    pub fn begin(request: Request, world: &World<'_>) -> Result<Self> {
        let set = read(&request, None)?;
        let kinds = plan(&request, &set, world.now)?.new_keys();
        Ok(Self { request, keys: std::thread::spawn(move || keys::generate_each(&kinds)) })
    }

    /// Waits for the keys, signs and writes. Serial numbers go on from where the batch before left them.
    pub fn finish(self, world: &mut World<'_>, locked: &Locked) -> Result<Done> {
        let keys = self.keys.join().unwrap_or_else(|_| Err(Failure::failed("keys: the work stopped")))?;
        let set = read(&self.request, None)?;
        let plan = plan(&self.request, &set, world.now)?;
        let issued = issue_with(&plan, &self.request, set, keys, world.random, |_| {})?;
        let decision = Decision::new(&self.request, plan, issued)?;
        commit(&self.request, decision, false, world, locked)
    }
}

fn decide(request: &Request, set: Set, world: &mut World<'_>) -> Result<Decision> {
    let plan = plan(request, &set, world.now)?;
    let issued = issue(&plan, request, set, world.random, &mut world.progress)?;
    Decision::new(request, plan, issued)
}

/// No file of a CA from elsewhere is written over, but its serial file; and no certificate gets beside a key that
/// is not its own.
fn check_outputs(request: &Request, set: &Set, changes: &[Change]) -> Result<()> {
    if request.external_ca.is_some() {
        let ca_files = [FileKind::Key, FileKind::Certificate, FileKind::Serial]
            .map(|kind| request.ca_path(kind).canonicalize().ok());
        let serial = request.ca_base.file(FileKind::Serial);
        for change in changes.iter().filter(|change| change.name != serial) {
            let path = request.out_dir.join(&change.name);
            let whole = path.canonicalize().ok();
            if whole.is_some() && ca_files.contains(&whole) {
                return Err(Failure::failed(format!("{}: is a file of the CA", shown(&path)))
                    .hint("give the certificate another name, or another directory"));
            }
        }
    }
    for leaf in &set.leaves {
        let (key, pem) = (leaf.base.file(FileKind::Key), leaf.base.file(FileKind::Certificate));
        let is_written = changes.iter().any(|change| change.name == pem);
        let keys = (leaf.files.key.sound(), leaf.files.sound_certificate());
        if let (true, (Some(file), Some(certificate))) = (is_written, keys)
            && file.key.public().spki != certificate.public_key.spki
        {
            return Err(Failure::failed(format!(
                "{}: is there already, and is not the key that the certificate is for",
                shown(&request.out_dir.join(key))
            ))
            .hint("move it away, or sign the request in another directory"));
        }
    }
    Ok(())
}

/// Nothing is signed that `verify` would fault. A certificate that stays as it is has been judged by the plan.
fn self_check(plan: &Plan, set: &Set, changes: &[Change], now: OffsetDateTime) -> Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    let ca = matches!(plan.ca.action, Action::Issue | Action::Resign).then_some(&set.ca_base);
    let leaves = plan.leaves.iter().filter(|leaf| leaf.signs()).map(|leaf| &leaf.base);
    let signed: Vec<String> =
        ca.into_iter().chain(leaves).map(|base| base.file(FileKind::Certificate)).collect();
    let is_fault = |finding: &verify::Finding| {
        let is_grave = finding.severity == Severity::Error && finding.code.calls_for_signature();
        is_grave && signed.contains(&finding.file)
    };
    let fault = verify::set(set, now).into_iter().find(is_fault);
    fault.map_or(Ok(()), |finding| Err(not_written(plan, &finding)))
}

/// Where somebody else made the CA or the request, what is in it shows only in what is signed; else it is a bug.
fn not_written(plan: &Plan, finding: &verify::Finding) -> Failure {
    let is_from_elsewhere = plan.ca.action != Action::Issue
        || plan.leaves.iter().any(|leaf| matches!(leaf.key, KeyChoice::Foreign(_)));
    if is_from_elsewhere {
        let failure = Failure::failed(format!("{finding}; nothing was written"));
        return failure.hint("use another CA, or a CA certificate with basicConstraints and keyUsage alone");
    }
    Failure::failed(format!("internal error: the new {finding}; nothing was written"))
        .hint("please report this, with the command line")
}
