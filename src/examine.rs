//! Reads a set as somebody has it, and judges it. Changes nothing.

use std::path::{Path, PathBuf};

use time::OffsetDateTime;
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, shown};
use crate::profile::Role;
use crate::san::San;
use crate::set::{CaFiles, Leaf, Loaded, Set};
use crate::store::{Directory, Reader, look_at, mode_of, settled};
use crate::verify::{Code, Finding, Handshake, Inspected, Inspection, Remedies, inspect};

/// Which files, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Question {
    /// The directory.
    pub dir: PathBuf,
    /// What the CA's files are called.
    pub ca_base: BaseName,
    /// What the server's and the client's files are called.
    pub pair: [BaseName; 2],
    /// `--ca-cert`: the CA's certificate, instead of the directory's.
    pub ca_certificate: Option<PathBuf>,
    /// `--cert` and `--key`: one certificate, instead of the directory's.
    pub certificate: Option<PathBuf>,
    /// The key of that certificate.
    pub key: Option<PathBuf>,
    /// What clients will call the server.
    pub names: Vec<San>,
    /// So many days before the end a certificate is worth a word.
    pub expires_within: u32,
    /// Opens the CA's key.
    pub password: Option<Zeroizing<String>>,
}

/// A set and what is wrong with it.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Examined {
    pub set: Set,
    pub findings: Vec<Finding>,
    pub handshakes: Vec<Handshake>,
}

/// Reads and judges.
pub fn examine(question: &Question, now: OffsetDateTime) -> Result<Examined> {
    let (set, interrupted) = read(question)?;
    let mode = |file: &str| match &question.certificate {
        Some(_) => mode_of(Path::new(file)),
        None => mode_of(&question.dir.join(file)),
    };
    let needs_key = |base: &BaseName| question.certificate.is_none() && question.pair.contains(base);
    let inspection = Inspection {
        set: &set,
        needs_key: &needs_key,
        mode_of: &mode,
        names: &question.names,
        expires_within: question.expires_within,
        now,
    };
    let Inspected { mut findings, handshakes } = inspect(&inspection);
    findings.extend(absent(question, &set));
    if interrupted {
        let ca = set.ca_base.file(FileKind::Certificate);
        findings.push(Finding::new(
            Code::Interrupted,
            ca,
            "is part of a run that was interrupted, and some files are old and some new; the next run finishes it, and \
             the set is shown as it will be then",
        ));
    }
    let remedies = Remedies {
        dir: question.certificate.is_none().then_some(question.dir.as_path()),
        ca_is_elsewhere: question.ca_certificate.is_some(),
        set: &set,
        pair: [&question.pair[0], &question.pair[1]],
    };
    remedies.add(&mut findings, &question.names);
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    Ok(Examined { set, findings, handshakes })
}

/// The set of a client: the CA that it trusts, its own key and certificate, and what else the directory has. What is
/// named one by one comes instead of the directory's; where all is named, there need be no directory.
pub fn client_set(question: &Question) -> Result<Set> {
    let in_directory = Question { certificate: None, key: None, ..question.clone() };
    let all_named = question.ca_certificate.is_some() && question.certificate.is_some();
    check_named(question)?;
    let mut set = match Directory::find(&question.dir)?.is_some() {
        true => read(&in_directory)?.0,
        false if all_named => Set { ca_base: ca_base_of(question), ca: ca_of(question), leaves: Vec::new() },
        false => return Err(no_directory(&question.dir).hint("give the directory of a set with --dir")),
    };
    if let Some(certificate) = &question.certificate {
        let base = BaseName::given(question.key.as_deref(), certificate);
        let files = look_at(question.key.as_deref(), Some(certificate), None);
        set.leaves.retain(|leaf| leaf.role != Role::Client);
        set.leaves.push(Leaf { role: Role::Client, base, files });
    }
    Ok(set)
}

fn read(question: &Question) -> Result<(Set, bool)> {
    check_named(question)?;
    if let Some(certificate) = &question.certificate {
        return Ok((read_named(question, certificate), false));
    }
    let path = question.dir.as_path();
    if path.exists() && !path.is_dir() {
        return Err(Failure::failed(format!("{}: is not a directory", shown(path)))
            .hint("give the directory of a set, or name files with --ca-cert, --cert and --key"));
    }
    match Directory::find(path)? {
        Some(dir) => settled(&dir, |reader| read_directory(question, reader)),
        None => {
            Err(no_directory(path).hint("give the directory of a set, such as: milvus-certgen check tls"))
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
    }
    set.leaves.retain(|leaf| !leaf.files.is_empty());
    set.leaves.extend(further(question, &set, reader)?);
    Ok(set)
}

/// A path that was typed leads somewhere, or it was not meant.
fn check_named(question: &Question) -> Result<()> {
    let named = [&question.ca_certificate, &question.certificate, &question.key];
    match named.into_iter().flatten().find(|path| path.symlink_metadata().is_err()) {
        None => Ok(()),
        Some(path) => Err(Failure::failed(format!("{}: there is no such file", shown(path)))
            .hint("name a file that is there, or none: the directory's are taken then")),
    }
}

fn no_directory(dir: &Path) -> Failure {
    Failure::failed(format!("{}: there is no such directory", shown(dir)))
}

/// Certificates in the directory that the CA has signed besides the pair.
fn further(question: &Question, set: &Set, reader: &Reader<'_>) -> Result<Vec<Leaf>> {
    let Some(ca) = set.ca_certificate() else { return Ok(Vec::new()) };
    let leaves = reader
        .certificates()?
        .into_iter()
        .filter(|(base, certificate)| {
            !question.pair.contains(base) && *base != set.ca_base && certificate.is_issued_by(ca)
        })
        .map(|(base, certificate)| Leaf::nothing(certificate.role().unwrap_or(Role::Server), base))
        .collect();
    let shape = Set { ca_base: set.ca_base.clone(), ca: CaFiles::default(), leaves };
    Ok(reader.leaves(&shape)?.leaves)
}

/// `--cert`: that certificate alone, and its CA.
fn read_named(question: &Question, certificate: &Path) -> Set {
    let base = BaseName::given(question.key.as_deref(), certificate);
    let files = look_at(question.key.as_deref(), Some(certificate), None);
    let role = files.sound_certificate().and_then(Certificate::role).unwrap_or(Role::Server);
    Set { ca_base: ca_base_of(question), ca: ca_of(question), leaves: vec![Leaf { role, base, files }] }
}

fn ca_path(question: &Question) -> PathBuf {
    let own = || question.dir.join(question.ca_base.file(FileKind::Certificate));
    question.ca_certificate.clone().unwrap_or_else(own)
}

fn ca_base_of(question: &Question) -> BaseName {
    BaseName::given(None, &ca_path(question))
}

/// The CA's certificate without its key, which nothing here needs.
fn ca_of(question: &Question) -> CaFiles {
    let files = look_at(None, Some(&ca_path(question)), None);
    CaFiles { key: Loaded::Discarded, certificate: files.certificate, serial: Loaded::Missing }
}

/// What is not there at all, and so was not judged.
fn absent(question: &Question, set: &Set) -> Vec<Finding> {
    if question.certificate.is_some() {
        return Vec::new();
    }
    let there = |base: &BaseName| set.leaves.iter().any(|leaf| leaf.base == *base);
    let pem = |base: &BaseName| base.file(FileKind::Certificate);
    let [server, client] = &question.pair;
    if set.leaves.is_empty() {
        let message = format!("is missing, and so is {}: there is no set here", pem(client));
        return vec![Finding::new(Code::Missing, pem(server), message)];
    }
    // That there is no client is said where the handshakes are.
    let is_without_server = !there(server) && set.first(Role::Server).is_none();
    let message = "is not here: nothing of a server's certificate was checked";
    is_without_server.then(|| Finding::new(Code::NotChecked, pem(server), message)).into_iter().collect()
}
