//! Private keys that a run cannot use are never overwritten: another program may use them, and they cannot be restored.
//! Only `--rekey` and `--force` replace them, and the report says so.

use super::{Action, AuthorityPlan, LeafPlan, authority};
use crate::certificate::Csr;
use crate::error::{Damage, DamageKind, Failure, Result};
use crate::files::{BaseName, FileKind, converted, quoted, shown};
use crate::keys::PublicKey;
use crate::set::{CertificateFile, KeyFile, LeafFiles, Loaded, Set};
use crate::spec::{LeafSpec, Spec, Wish};

/// The damage of an existing key file that cannot be used; an empty one holds nothing.
pub(super) fn unusable(key: &Loaded<KeyFile>) -> Option<&Damage> {
    match key {
        Loaded::Locked(damage) | Loaded::Damaged(damage) if damage.kind != DamageKind::Empty => Some(damage),
        _ => None,
    }
}

/// Checks the key file of a leaf whose key is needed: an existing one can be used, or may be replaced.
pub(super) fn check_key(asked: &LeafSpec, spec: &Spec, files: &LeafFiles) -> Result<()> {
    // The key of a CSR is in another place; without a new certificate no key is needed.
    if asked.wish.rekeys() || matches!(asked.wish, Wish::Refresh | Wish::Sign(_)) {
        return Ok(());
    }
    let key = spec.out_dir.join(asked.base.file(FileKind::Key));
    match &files.key {
        Loaded::Locked(damage) => {
            let line = damage.conversion.map_or_else(String::new, |line| converted(line, &key));
            Err(Failure::failed(format!("{}: {damage}, which Milvus cannot open", shown(&key)))
                .hint(format!("add --rekey to replace it, or remove the password with: {line}")))
        }
        damaged => match unusable(damaged) {
            Some(damage) => Err(unusable_key(damage, &key)),
            None => Ok(()),
        },
    }
}

/// The refusal to write over a key file that cannot be used.
pub(crate) fn unusable_key(damage: &Damage, key: &std::path::Path) -> Failure {
    let failure = Failure::failed(format!("{}: {damage}", shown(key)));
    match damage.conversion {
        Some(line) => {
            failure.hint(format!("add --rekey to replace it, or convert it with: {}", converted(line, key)))
        }
        None => failure.hint("replace it with a usable key, or add --rekey to create a new one"),
    }
}

/// An existing key file must hold a key; a missing one may be kept in another place.
pub(super) fn check_ca_key(spec: &Spec, set: &Set) -> Result<()> {
    match &set.ca.key {
        Loaded::Parsed(_) | Loaded::Missing | Loaded::Discarded => Ok(()),
        Loaded::Locked(damage) => {
            let line = damage.conversion.unwrap_or_default();
            let line = converted(line, &spec.ca_path(FileKind::Key));
            let fix = match spec.password {
                _ if damage.kind == DamageKind::Unsupported => format!("convert it with: {line}"),
                None => format!(
                    "set it with --ca-key-password-file or MILVUS_CERTGEN_CA_KEY_PASSWORD, or remove it with: {line}"
                ),
                Some(_) => format!("set the right one, or remove it with: {line}"),
            };
            Err(Failure::failed(format!("{}: {damage}", shown(&spec.ca_path(FileKind::Key)))).hint(fix))
        }
        Loaded::Forbidden(problem) | Loaded::Unreadable(problem) => {
            Err(authority::unusable(spec, FileKind::Key, problem, "run as the user who owns it"))
        }
        // Nothing is lost with an empty file where the CA is new.
        Loaded::Damaged(damage) if damage.kind == DamageKind::Empty && set.ca_certificate().is_none() => {
            Ok(())
        }
        Loaded::Damaged(damage) => {
            let line = damage.conversion.map(|line| converted(line, &spec.ca_path(FileKind::Key)));
            match line {
                // The line comes last, so that it can be copied.
                Some(line) => {
                    Err(Failure::failed(format!("{}: {damage}", shown(&spec.ca_path(FileKind::Key))))
                        .hint(format!("convert it with: {line}")))
                }
                None => Err(authority::unusable(
                    spec,
                    FileKind::Key,
                    &damage.text,
                    "put the right key in its place",
                )),
            }
        }
    }
}

/// Checks the files of a leaf that its plan overwrites.
pub(super) fn check_leaf(plan: &LeafPlan, asked: &LeafSpec, spec: &Spec, files: &LeafFiles) -> Result<()> {
    let path = |kind| spec.out_dir.join(plan.base.file(kind));
    let writes_key = plan.new_key().is_some() || plan.rewrite_key;
    if writes_key && !asked.wish.rekeys() && files.key.parsed().is_some_and(|file| file.has_more) {
        return Err(Failure::failed(format!(
            "{}: holds further private keys behind the first, which would be lost",
            shown(&path(FileKind::Key))
        ))
        .hint("move them to files of their own, or add --rekey to replace them"));
    }
    let own_key = files.key.parsed().map(|file| file.key.public());
    let writes_certificate = plan.signs() || plan.action == Action::Refresh;
    if writes_certificate && holds_other_key(&files.certificate, own_key) {
        return Err(holds_key(&path(FileKind::Certificate), &path(FileKind::Key), files.key.is_missing()));
    }
    let writes_request = plan.signs() && asked.wish.csr().is_none();
    if writes_request && request_holds_key(&files.request) {
        return Err(holds_key(&path(FileKind::Csr), &path(FileKind::Key), files.key.is_missing()));
    }
    Ok(())
}

/// Checks the files of the CA that its plan overwrites.
pub(super) fn check_authority(plan: &AuthorityPlan, spec: &Spec, set: &Set) -> Result<()> {
    let path = |kind| spec.ca_path(kind);
    if plan.rewrite_key && set.ca.key.parsed().is_some_and(|file| file.has_more) {
        return Err(Failure::failed(format!(
            "{}: holds further private keys behind the first, which would be lost",
            shown(&path(FileKind::Key))
        ))
        .hint("move them to files of their own"));
    }
    let own_key = set.ca.key.parsed().map(|file| file.key.public());
    let writes = matches!(plan.action, Action::Issue | Action::Resign) || plan.rewrite_certificate;
    if writes && holds_other_key(&set.ca.certificate, own_key) {
        return Err(holds_key(&path(FileKind::Certificate), &path(FileKind::Key), set.ca.key.is_missing()));
    }
    Ok(())
}

fn holds_other_key(file: &Loaded<CertificateFile>, own: Option<&PublicKey>) -> bool {
    match file {
        Loaded::Parsed(file) => file.holds_key && (file.held_key.is_none() || file.held_key.as_ref() != own),
        Loaded::Damaged(damage) | Loaded::Locked(damage) => damage.holds_key,
        _ => false,
    }
}

/// True if a private key is in the file of a request.
pub(crate) fn request_holds_key(file: &Loaded<Csr>) -> bool {
    match file {
        Loaded::Parsed(spec) => spec.holds_key,
        Loaded::Damaged(damage) => damage.holds_key,
        _ => false,
    }
}

/// The refusal to write over a file that holds a private key where none belongs.
pub(crate) fn holds_key(file: &std::path::Path, key: &std::path::Path, is_key_missing: bool) -> Failure {
    let failure = Failure::failed(format!("{}: holds a private key, which would be lost", shown(file)));
    let file = quoted(file);
    if is_key_missing {
        return failure.hint(format!("put it where the key belongs: mv {file} {}", quoted(key)));
    }
    failure.hint(format!("move it away with: mv {file} {file}.old"))
}

/// The key that `--rekey` replaces, as a reason: the file's name and the kind of key in it.
pub(super) fn rekeyed(base: &BaseName, key: &Loaded<KeyFile>) -> Option<String> {
    replaced_key(base, key).map(|replaced| format!("--rekey replaces {replaced}"))
}

/// That `--force` starts over, and the private keys that it replaces.
pub(super) fn forced(
    base: &BaseName,
    key: &Loaded<KeyFile>,
    certificate: &Loaded<CertificateFile>,
) -> String {
    let pem = holds_other_key(certificate, None)
        .then(|| format!("{} (holds a private key)", base.file(FileKind::Certificate)));
    let replaced: Vec<String> = replaced_key(base, key).into_iter().chain(pem).collect();
    match replaced.as_slice() {
        [] => "--force starts over".to_owned(),
        replaced => format!("--force starts over, and replaces {}", replaced.join(" and ")),
    }
}

fn replaced_key(base: &BaseName, key: &Loaded<KeyFile>) -> Option<String> {
    let name = base.file(FileKind::Key);
    match key {
        Loaded::Parsed(file) => Some(format!("{name} ({} key)", file.key.kind())),
        other => unusable(other).map(|damage| format!("{name} ({damage})")),
    }
}
