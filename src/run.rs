//! The steps of every command that writes: lock, recover, read, decide, check, commit.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use time::OffsetDateTime;

use crate::error::{Failure, Result};
use crate::files::{FileKind, quoted, shown};
use crate::issue::{Issued, Progress, issue, issue_with};
use crate::keys::{self, KeyKind, PrivateKey};
use crate::plan::{Plan, plan};
use crate::set::Set;
use crate::spec::{CaPolicy, Spec};
use crate::store::{Change, Directory, Interrupted, Policy, Reader, Step, ca_below, load_ca};

mod copy;
mod locked;
mod outputs;
mod written;

pub use locked::{DirectoryKind, Locked, in_directory};
pub use written::{Written, WrittenTo};

use copy::Copy;
use outputs::{add_ca_copy, check_outputs, self_check, set_access};

/// The inputs from outside: a run is a function of these and of the directory.
pub struct World<'a> {
    /// The time of the run.
    pub now: OffsetDateTime,
    /// Fills bytes from the operating system's randomness.
    pub random: &'a dyn Fn(&mut [u8]) -> Result<()>,
    /// Is told of every step of every transaction.
    pub at: &'a mut dyn FnMut(DirectoryKind, Step),
    /// Is told what is being done.
    pub progress: &'a mut dyn FnMut(Progress),
    /// Is told of a directory that another run holds, before the wait for it.
    pub on_wait: &'a dyn Fn(&Path),
}

/// The result of a run, or of a rehearsal.
#[derive(Debug)]
pub struct Done {
    /// The completed specification.
    pub spec: Spec,
    /// The plan.
    pub plan: Plan,
    /// The set as it is after the run.
    pub set: Set,
    /// The files that were written; for a rehearsal, that would be.
    pub written: Written,
    /// An interrupted run was finished first.
    pub recovered: bool,
}

/// Completes a specification from what the directory holds, for commands that go by that. The directory is locked, but for
/// a rehearsal; `None` if it does not exist.
pub type Complete<'a> = &'a dyn Fn(&Spec, &Reader<'_>) -> Result<Spec>;

/// For commands whose specification is whole from the start.
#[expect(clippy::unnecessary_wraps, reason = "a `Complete`, of which others fail")]
pub fn as_it_is(spec: &Spec, _: &Reader<'_>) -> Result<Spec> {
    Ok(spec.clone())
}

/// `--dry-run`: decides exactly as [`act`] does, and changes nothing. Only the keys are others: where RSA keys would
/// be searched for, some of a kind that takes no time stand in for them.
pub fn rehearse(template: &Spec, complete: Complete<'_>, world: &mut World<'_>) -> Result<Done> {
    unlocked(&template.out_dir, |reader| {
        // In the order of a run: of several problems it reports the same one.
        let copy = Copy::find(template)?;
        let spec = complete(template, reader)?;
        let set = read(&spec, reader)?;
        let decision = decide(&spec, set.clone(), reader, world, Keys::StandIns)?;
        let outputs = Outputs::new(&spec, decision, copy.as_ref(), reader, world.now)?;
        outputs.check_writable(&spec)?;
        let written = outputs.written(&spec);
        Ok(Done { spec, plan: outputs.plan, set, written, recovered: false })
    })
}

/// Plans, and no more: for many runs of which none may begin unless all can.
pub fn plan_only(spec: &Spec, world: &World<'_>) -> Result<Plan> {
    unlocked(&spec.out_dir, |reader| plan(spec, read(spec, reader)?, world.now))
        .map_err(|failure| look_below(failure, spec))
}

/// Reads a directory as a run would find it, without its lock.
fn unlocked<T>(path: &Path, work: impl FnOnce(&Reader<'_>) -> Result<T>) -> Result<T> {
    let dir = Directory::find(path)?;
    let interrupted = dir.as_ref().map(Interrupted::find).transpose()?.flatten();
    work(&Reader { dir: dir.as_ref(), interrupted: interrupted.as_ref(), policy: Policy::Strict })
}

/// Runs: decides, and writes.
pub fn act(template: &Spec, complete: Complete<'_>, world: &mut World<'_>) -> Result<Done> {
    // If the directory does not exist either, keys are created first: an interrupted search leaves not even an empty
    // directory behind.
    let is_there = Directory::find(&template.out_dir)?.is_some() || template.external_ca.is_some();
    let made = if is_there { None } else { Some(decide_on_nothing(template, complete, world)?) };
    let locked = Locked::new(template, world.on_wait)?;
    let result = act_locked(template, complete, world, &locked, made);
    if result.is_err() {
        locked.abandon();
    }
    result
}

fn decide_on_nothing(template: &Spec, complete: Complete<'_>, world: &mut World<'_>) -> Result<Decision> {
    let reader = Reader::strict(None);
    // A problem with the copy should be known before keys are created.
    Copy::find(template)?;
    let spec = complete(template, &reader)?;
    let set = read(&spec, &reader)?;
    decide(&spec, set, &reader, world, Keys::Real)
}

/// Runs in locked directories. `made` was decided before they were locked.
fn act_locked(
    template: &Spec,
    complete: Complete<'_>,
    world: &mut World<'_>,
    locked: &Locked,
    made: Option<Decision>,
) -> Result<Done> {
    let recovered = locked.recover()?;
    let copy = locked.copy(template)?;
    let reader = Reader::strict(Some(locked.output()));
    let spec = complete(template, &reader)?;
    let set = read(&spec, &reader)?;
    let decision = match made {
        // Another run may have been faster since.
        Some(made) if set.is_empty() => made,
        _ => decide(&spec, set, &reader, world, Keys::Real)?,
    };
    let outputs = Outputs::new(&spec, decision, copy.as_ref(), &reader, world.now)?;
    let written = outputs.written(&spec);
    let Outputs { plan, set, changes, serial, copy } = outputs;
    locked.commit(changes, serial, &copy, &mut world.at)?;
    Ok(Done { spec, plan, set, written, recovered })
}

/// Where there is no CA, it may be in a directory below, and that is a better hint than to create one.
pub fn look_below(failure: Failure, spec: &Spec) -> Failure {
    let ca_pem = spec.ca_path(FileKind::Certificate);
    if spec.ca == CaPolicy::Ensure || spec.external_ca.is_some() || ca_pem.symlink_metadata().is_ok() {
        return failure;
    }
    match ca_below(&spec.out_dir, &spec.ca_base) {
        Some(below) => failure.hint(format!("{} has a CA: add -o {}", shown(&below), quoted(&below))),
        None => failure,
    }
}

fn read(spec: &Spec, reader: &Reader<'_>) -> Result<Set> {
    let password = spec.password.as_ref().map(|password| password.as_str());
    if spec.external_ca.is_some() {
        let mut set = reader.leaves(&spec.shape())?;
        let [key, certificate, serial] =
            [FileKind::Key, FileKind::Certificate, FileKind::Serial].map(|kind| spec.ca_path(kind));
        set.ca = load_ca(&key, &certificate, &serial, password)?;
        return Ok(set.arranged());
    }
    reader.set(&spec.shape(), password)
}

/// A plan, and what it makes in the set's own directory.
struct Decision {
    plan: Plan,
    issued: Issued,
}

/// The source of new keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keys {
    Real,
    /// Of a kind that takes no time: they are not written.
    StandIns,
}

fn decide(spec: &Spec, set: Set, reader: &Reader<'_>, world: &mut World<'_>, keys: Keys) -> Result<Decision> {
    let plan = plan(spec, set, world.now).map_err(|failure| look_below(failure, spec))?;
    let issued = match keys {
        Keys::Real => issue(&plan, world.random, &mut world.progress)?,
        Keys::StandIns => {
            let kinds: Vec<_> = plan.new_keys().into_iter().map(keys::KeyKind::stand_in).collect();
            issue_with(&plan, keys::generate_each(&kinds)?, world.random, |_| {})?
        }
    };
    complete_decision(spec, plan, issued, reader)
}

/// Adds files besides the set's own, and sets the access.
fn complete_decision(spec: &Spec, plan: Plan, mut issued: Issued, reader: &Reader<'_>) -> Result<Decision> {
    add_ca_copy(spec, &mut issued, reader)?;
    set_access(spec, &mut issued, reader)?;
    Ok(Decision { plan, issued })
}

/// All that a run writes, and where.
struct Outputs {
    plan: Plan,
    set: Set,
    /// In the output directory.
    changes: Vec<Change>,
    /// The serial file of a CA in another directory.
    serial: Vec<Change>,
    /// In the directory of `--tls-dir`.
    copy: Vec<Change>,
}

impl Outputs {
    fn new(
        spec: &Spec,
        decision: Decision,
        copy: Option<&Copy>,
        reader: &Reader<'_>,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let Decision { plan, issued: Issued { set, changes } } = decision;
        check_outputs(spec, &set, &changes, reader)?;
        self_check(&plan, &set, &changes, now)?;
        let copy = copy.map(|copy| copy.changes(spec, &set, &changes, reader)).transpose()?;
        let name = spec.ca_base.file(FileKind::Serial);
        let is_elsewhere = spec.external_ca.is_some();
        let (serial, changes) = changes.into_iter().partition(|change| is_elsewhere && change.name == name);
        Ok(Self { plan, set, changes, serial, copy: copy.unwrap_or_default() })
    }

    fn written(&self, spec: &Spec) -> Written {
        let mut written = Written::new(&self.changes);
        let elsewhere = |dir: PathBuf| (dir != spec.out_dir).then_some(dir);
        written.add(spec.external_ca_dir().and_then(elsewhere), &self.serial);
        written.add(spec.tls_dir.as_ref().map(|tls_dir| tls_dir.path.clone()), &self.copy);
        written
    }

    /// Checks that a rehearsal can do without writing.
    fn check_writable(&self, spec: &Spec) -> Result<()> {
        if !self.changes.is_empty() {
            Directory::check_writable(&spec.out_dir)?;
        }
        if let (false, Some(dir)) = (self.serial.is_empty(), spec.external_ca_dir()) {
            Directory::check_writable(&dir)?;
        }
        match &spec.tls_dir {
            Some(tls_dir) if !self.copy.is_empty() => Directory::check_writable(&tls_dir.path),
            _ => Ok(()),
        }
    }
}

/// One of many runs under one lock: its keys are created in the background while the one before is written.
pub struct Batch {
    spec: Spec,
    kinds: Vec<KeyKind>,
    /// `None` where the system grants no thread: the keys are created when they are needed.
    keys: Option<JoinHandle<Result<Vec<PrivateKey>>>>,
}

impl Batch {
    /// Reads and plans, and begins to make the keys.
    pub fn begin(spec: Spec, world: &World<'_>, locked: &Locked) -> Result<Self> {
        let set = read(&spec, &Reader::strict(Some(locked.output())))?;
        let kinds = plan(&spec, set, world.now)?.new_keys();
        let wanted = kinds.clone();
        let keys = thread::Builder::new().spawn(move || keys::generate_each(&wanted)).ok();
        Ok(Self { spec, kinds, keys })
    }

    /// Waits for the keys, signs and writes. Serial numbers go on from where the batch before left them.
    pub fn finish(self, world: &mut World<'_>, locked: &Locked) -> Result<Plan> {
        let keys = match self.keys {
            Some(keys) => keys.join().unwrap_or_else(|_| Err(Failure::failed("keys: the work stopped")))?,
            None => keys::generate_each(&self.kinds)?,
        };
        let (spec, reader) = (&self.spec, Reader::strict(Some(locked.output())));
        let set = read(spec, &reader)?;
        let plan = plan(spec, set, world.now)?;
        let issued = issue_with(&plan, keys, world.random, |_| {})?;
        let decision = complete_decision(spec, plan, issued, &reader)?;
        let Outputs { plan, changes, serial, copy, .. } =
            Outputs::new(spec, decision, locked.copy(spec)?.as_ref(), &reader, world.now)?;
        locked.commit(changes, serial, &copy, &mut world.at)?;
        Ok(plan)
    }
}

/// Writes files that are no set's, all or none: what `decide` says after a look at the directory.
/// Returns them; with `dry_run` nothing is written.
pub fn write_files(
    path: &Path,
    dry_run: bool,
    world: &mut World<'_>,
    decide: impl FnOnce(&Reader<'_>, &mut World<'_>) -> Result<Vec<Change>>,
) -> Result<Written> {
    if dry_run {
        let dir = Directory::find(path)?;
        let changes = decide(&Reader::strict(dir.as_ref()), world)?;
        if !changes.is_empty() {
            Directory::check_writable(path)?;
        }
        return Ok(Written::new(&changes));
    }
    in_directory(path, world.on_wait, |directory| {
        directory.recover()?;
        let changes = decide(&Reader::strict(Some(directory.dir())), world)?;
        directory.commit(&changes, &mut |step| (world.at)(DirectoryKind::Set, step))?;
        Ok(Written::new(&changes))
    })
}
