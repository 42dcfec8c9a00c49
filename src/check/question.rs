//! The files that are checked, and the options: for the commands that only read.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use super::{Configuration, Extra, Files, Finding, Handshake, Place, check_all};
use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, quoted, shown};
use crate::profile::Role;
use crate::san::San;
use crate::set::{CaFiles, Leaf, Loaded, Set};
use crate::store::{Directory, Reader, ca_below, load_leniently, mode_of, settled};

/// The files that are checked, and the options.
#[derive(Debug, Clone)]
pub struct Question {
    /// The directory.
    pub dir: PathBuf,
    /// The base name of the CA's files.
    pub ca_base: BaseName,
    /// The base names of the server's and the client's files.
    pub pair: [BaseName; 2],
    /// `--ca-cert`: the CA's certificate, instead of the directory's.
    pub ca_certificate: Option<PathBuf>,
    /// `--cert` and `--key`: one certificate, instead of the directory's.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
    /// The host names and addresses that clients connect to.
    pub names: Vec<San>,
    /// A certificate that expires within that many days is reported; `None` for the default.
    pub expires_within: Option<u32>,
    /// Opens the CA's key.
    pub password: Option<Zeroizing<String>>,
}

/// A set and what is wrong with it.
#[derive(Debug)]
pub struct Checked {
    pub set: Set,
    pub findings: Vec<Finding>,
    pub handshakes: Vec<Handshake>,
    /// The configuration that was judged too.
    pub configuration: Option<Configuration>,
    /// No certificates were asked for.
    pub is_configuration_alone: bool,
}

impl Checked {
    /// Judges a configuration too, with its findings among the others; where it is `alone`, no certificates are
    /// read.
    pub fn with_configuration(
        question: &Question,
        path: &Path,
        alone: bool,
        now: OffsetDateTime,
    ) -> Result<Self> {
        let mut checked = if alone {
            let ca = CaFiles::default();
            let set = Set { ca_base: question.ca_base.clone(), ca, leaves: Vec::new() };
            let (findings, handshakes) = (Vec::new(), Vec::new());
            Self { set, findings, handshakes, configuration: None, is_configuration_alone: true }
        } else {
            check(question, now)?
        };
        let is_directory = !alone && question.certificate.is_none();
        let mut configuration = Configuration::check(path, is_directory.then_some(question.dir.as_path()))?;
        checked.findings.append(&mut configuration.findings);
        checked.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        checked.configuration = Some(configuration);
        Ok(checked)
    }
}

/// Reads the files and checks them.
pub fn check(question: &Question, now: OffsetDateTime) -> Result<Checked> {
    let (set, is_interrupted) = read(question)?;
    let is_directory = question.certificate.is_none();
    let files = files(question, &set);
    let extra = Extra {
        names: &question.names,
        expires_within: question.expires_within,
        needs_key: &|leaf| is_directory && question.pair.contains(&leaf.base),
        mode_of: &|place: Place| mode_of(&files.path(place)),
        is_directory,
        is_interrupted,
    };
    let (mut findings, handshakes) = check_all(&set, Some(&extra), now);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(Checked { set, findings, handshakes, configuration: None, is_configuration_alone: false })
}

/// The files of the set under the names that the user knows.
pub fn files<'a>(question: &'a Question, set: &'a Set) -> Files<'a> {
    // It comes instead of the directory's, or behind it.
    let named = question.certificate.as_deref().zip(set.leaves.len().checked_sub(1));
    Files {
        dir: question.certificate.is_none().then_some(question.dir.as_path()),
        set,
        pair: [&question.pair[0], &question.pair[1]],
        ca: question.ca_certificate.as_deref(),
        named: named.map(|(certificate, at)| (at, question.key.as_deref(), certificate)),
        names: &question.names,
        server: None,
        sources: &[],
    }
}

/// The set of a client: the CA that it trusts, its own key and certificate, and what else the directory has. What is
/// named one by one replaces the directory's; if all are named, no directory is needed.
pub fn client_set(question: &Question) -> Result<Set> {
    let in_directory = Question { certificate: None, key: None, ..question.clone() };
    let all_named = question.ca_certificate.is_some() && question.certificate.is_some();
    check_named(question)?;
    let mut set = match Directory::find(&question.dir)?.is_some() {
        true => read(&in_directory)?.0,
        false if all_named => Set { ca_base: ca_base_of(question), ca: ca_of(question), leaves: Vec::new() },
        false => {
            return Err(no_directory(&question.dir).hint("name the directory of the certificates with --dir"));
        }
    };
    if let Some(certificate) = &question.certificate {
        let base = BaseName::beside(certificate);
        let files = load_leniently(question.key.as_deref(), Some(certificate), None);
        set.leaves.retain(|leaf| leaf.role != Role::Client);
        set.leaves.push(Leaf { role: Role::Client, base, files });
    }
    Ok(set.arranged())
}

fn read(question: &Question) -> Result<(Set, bool)> {
    check_named(question)?;
    if let Some(certificate) = &question.certificate {
        return Ok((read_named(question, certificate), false));
    }
    let path = question.dir.as_path();
    if path.exists() && !path.is_dir() {
        return Err(Failure::failed(format!("{}: is not a directory", shown(path)))
            .hint("name a directory, or files with --ca-cert, --cert and --key"));
    }
    match Directory::find(path)? {
        Some(dir) => settled(&dir, |reader| read_directory(question, reader)),
        None => {
            Err(no_directory(path).hint("give the directory of a set, such as: milvus-certgen check certs"))
        }
    }
}

fn read_directory(question: &Question, reader: &Reader<'_>) -> Result<Set> {
    let [server, client] = question.pair.clone();
    let shape = Set {
        ca_base: question.ca_base.clone(),
        ca: CaFiles::default(),
        leaves: vec![Leaf::nothing(Role::Server, server), Leaf::nothing(Role::Client, client)],
    };
    let password = question.password.as_ref().map(|password| password.as_str());
    let mut set = reader.set(&shape, password)?;
    if question.ca_certificate.is_some() {
        set.ca = ca_of(question);
        set.ca_base = ca_base_of(question);
        set = set.arranged();
    }
    set.leaves.retain(|leaf| !leaf.files.is_empty());
    let has_nothing = set.leaves.is_empty() && set.ca.certificate.is_missing();
    if let (true, Some(below)) = (has_nothing, ca_below(&question.dir, &question.ca_base)) {
        let failure = Failure::failed(format!("{}: no certificates here", shown(&question.dir)));
        return Err(failure.hint(format!("{} has some: add --dir {}", shown(&below), quoted(&below))));
    }
    set.leaves.extend(further(question, &set, reader)?);
    Ok(set)
}

/// A path that was typed leads somewhere, or it was not meant.
fn check_named(question: &Question) -> Result<()> {
    let named = [&question.ca_certificate, &question.certificate, &question.key];
    match named.into_iter().flatten().find(|path| path.symlink_metadata().is_err()) {
        None => Ok(()),
        Some(path) => Err(Failure::failed(format!("{}: does not exist", shown(path)))
            .hint("name an existing file, or leave it out to use the directory's")),
    }
}

fn no_directory(dir: &Path) -> Failure {
    Failure::failed(format!("{}: does not exist", shown(dir)))
}

/// Certificates in the directory that the CA has signed besides the pair.
fn further(question: &Question, set: &Set, reader: &Reader<'_>) -> Result<Vec<Leaf>> {
    let Some(ca) = set.ca.certificate.parsed() else { return Ok(Vec::new()) };
    let leaves = reader
        .certificates()?
        .into_iter()
        .filter(|(base, certificate)| {
            !question.pair.contains(base)
                && *base != set.ca_base
                && ca.all().any(|ca| certificate.is_issued_by(ca))
        })
        .map(|(base, certificate)| Leaf::nothing(certificate.role().unwrap_or(Role::Server), base))
        .collect();
    let shape = Set { ca_base: set.ca_base.clone(), ca: CaFiles::default(), leaves };
    Ok(reader.leaves(&shape)?.leaves)
}

/// `--cert`: that certificate alone, and its CA.
fn read_named(question: &Question, certificate: &Path) -> Set {
    let base = BaseName::beside(certificate);
    let files = load_leniently(question.key.as_deref(), Some(certificate), None);
    // Names are asked of a server, whatever its certificate says that it is.
    let own = files.parsed_certificate().and_then(Certificate::role).filter(|_| question.names.is_empty());
    let role = own.unwrap_or(Role::Server);
    Set { ca_base: ca_base_of(question), ca: ca_of(question), leaves: vec![Leaf { role, base, files }] }
        .arranged()
}

fn ca_path(question: &Question) -> PathBuf {
    let own = || question.dir.join(question.ca_base.file(FileKind::Certificate));
    question.ca_certificate.clone().unwrap_or_else(own)
}

fn ca_base_of(question: &Question) -> BaseName {
    BaseName::beside(&ca_path(question))
}

/// The CA's certificate without its key, which nothing here needs.
fn ca_of(question: &Question) -> CaFiles {
    let files = load_leniently(None, Some(&ca_path(question)), None);
    CaFiles { key: Loaded::Discarded, certificate: files.certificate, serial: Loaded::Missing }
}
