//! Names that a leaf's plan inherits, and cases that it refuses: files in use, unsigned names, identities that clients
//! reject.

use std::path::Path;

use time::OffsetDateTime;

use super::LeafPlan;
use super::losses::check_key;
use crate::certificate::Certificate;
use crate::check;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind, quoted, shown};
use crate::foreign::quoted_flag;
use crate::profile::Role;
use crate::san::{San, names_of_common_name};
use crate::set::{Leaf, LeafFiles};
use crate::spec::{LeafSpec, Spec, Wish};

/// The certificate whose subject and names are taken over: one that this CA has signed. Anything else may have been
/// put there by whoever can write the file, and the CA does not vouch for what it says unless a flag does.
pub(super) fn inherited<'a>(
    asked: &LeafSpec,
    spec: &Spec,
    files: &'a LeafFiles,
    issuer: Option<&Certificate>,
) -> Result<Option<&'a Certificate>> {
    // A client's name gives no access: so a client certificate with the server's purpose, as on today's Milvus page, keeps
    // its name. A server does not inherit a client's name.
    let is_own_client = |certificate: &Certificate| {
        let own = files.key.parsed().map(|file| &file.key.public().spki);
        asked.role == Role::Client && own == Some(&certificate.public_key.spki)
    };
    let is_ours = |certificate: &&Certificate| {
        issuer.is_some_and(|ca| certificate.signature(&ca.public_key).is_good())
            && (certificate.role().is_none_or(|role| role.covers(asked.role)) || is_own_client(certificate))
    };
    let existing = files.parsed_certificate();
    if let Some(certificate) = existing.filter(is_ours) {
        return Ok(Some(certificate));
    }
    if asked.wish.csr().is_some() || asked.gives_names() || issuer.is_none() {
        return Ok(None);
    }
    // Without flags it would become localhost, whatever it was before: not without a word.
    let said = existing
        .map(|certificate| (&certificate.subject, certificate.subject_alt_names.clone().unwrap_or_default()))
        .or_else(|| files.request.parsed().map(|csr| (&csr.subject, csr.subject_alt_names.clone())));
    let Some((subject, names)) = said else { return Ok(None) };
    let would_be = spec.identity(asked, None, None)?;
    let common_name = subject.common_name().unwrap_or_default();
    let is_the_same = Some(common_name) == would_be.subject.common_name()
        && names.iter().all(|name| would_be.names.contains(name));
    if is_the_same {
        return Ok(None);
    }
    let pem = spec.out_dir.join(asked.base.file(FileKind::Certificate));
    let problem = files.certificate.problem().unwrap_or("is not issued by this CA, or not for its role");
    let flags = match asked.role {
        Role::Server => quoted_flag("--cn", common_name) + &more_names(common_name, &names),
        _ => quoted_flag("--client-cn", common_name),
    };
    Err(Failure::failed(format!("{}: {problem}; it was for {common_name:?}", shown(&pem)))
        .hint(format!("to issue it for that again, set it explicitly: {flags}")))
}

/// The flag for the names that the CN does not stand for, as far as it takes them.
fn more_names(common_name: &str, names: &[San]) -> String {
    let own = names_of_common_name(common_name).unwrap_or_default();
    let more: Vec<String> =
        names.iter().filter(|name| !own.contains(name)).filter_map(San::flag_value).collect();
    match (more.is_empty(), own.is_empty()) {
        (false, _) => format!(" {}", quoted_flag("--san", &more.join(","))),
        (true, false) => String::new(),
        (true, true) => " --san NAME".to_owned(),
    }
}

/// Refuses files that must not be overwritten, and problems that a new certificate does not fix.
pub(super) fn check_files(
    asked: &LeafSpec,
    spec: &Spec,
    there: &Leaf,
    issuer: Option<&Certificate>,
    now: OffsetDateTime,
) -> Result<()> {
    let path = |kind| shown(&spec.out_dir.join(there.base.file(kind))).to_string();
    let existing = there.files.parsed_certificate();
    check_clock(asked, spec, there, now)?;
    check_key(asked, spec, &there.files)?;
    let holds_key = there.files.certificate.parsed().is_some_and(|file| file.holds_key);
    if holds_key && there.files.key.is_missing() {
        let (pem, key) = (there.base.file(FileKind::Certificate), there.base.file(FileKind::Key));
        let (pem, key) = (spec.out_dir.join(pem), spec.out_dir.join(key));
        return Err(Failure::failed(format!("{}: holds its private key too", shown(&pem))).hint(format!(
            "put the key into a file of its own: openssl pkey -in {} -out {}",
            quoted(&pem),
            quoted(&key)
        )));
    }
    if !matches!(asked.wish, Wish::Create { .. }) {
        return Ok(());
    }
    let name = asked.common_name.as_ref().map(|(_, name)| name.as_str()).unwrap_or_default();
    let refuse = |kind: FileKind, why: &str| {
        Err(Failure::failed(format!("{}: already exists, {why}", path(kind))).hint(format!(
            "move it away, or create {name:?} in another directory: --out-dir DIR --ca-cert {} --ca-key {}",
            quoted(&spec.ca_path(FileKind::Certificate)),
            quoted(&spec.ca_path(FileKind::Key))
        )))
    };
    if let Some(certificate) = existing {
        let has = certificate.subject.common_name();
        let role = certificate.role();
        if has.unwrap_or_default() != name
            // Another user may have a client's key: it does not become a server's.
            || role.is_some_and(|role| !role.covers(asked.role) && (role, asked.role) != (Role::Server, Role::Peer))
            || certificate.is_ca()
        {
            let role = role.map_or_else(|| "somebody".to_owned(), |role| format!("the {role}"));
            return refuse(FileKind::Certificate, &format!("for {role} {:?}", has.unwrap_or_default()));
        }
        if issuer.is_some_and(|ca| certificate.signature(&ca.public_key).is_bad()) {
            return refuse(FileKind::Certificate, "issued by another CA");
        }
    } else if let (Some(file), Some(asked)) = (there.files.key.parsed(), spec.key)
        && !file.key.kind().covers(asked)
    {
        return refuse(FileKind::Key, &format!("and is {}", file.key.kind()));
    }
    Ok(())
}

/// A certificate that is not valid yet was issued while the clock was ahead, or the clock is behind now. Only a renewal that is
/// set explicitly reissues it: only the user can tell which.
fn check_clock(asked: &LeafSpec, spec: &Spec, there: &Leaf, now: OffsetDateTime) -> Result<()> {
    let existing = there.files.parsed_certificate();
    let is_early = |certificate: &&Certificate| asked.wish.is_open() && certificate.not_before > now;
    let Some(certificate) = existing.filter(is_early) else { return Ok(()) };
    let mut renewal = format!("milvus-certgen renew {}", quoted(Path::new(&there.base.to_string())));
    if spec.out_dir != Path::new(".") {
        renewal = format!("{renewal} -o {}", quoted(&spec.out_dir));
    }
    if let Some(ca) = &spec.external_ca {
        renewal = format!("{renewal} --ca-cert {} --ca-key {}", quoted(&ca.certificate), quoted(&ca.key));
    } else if spec.ca_base != BaseName::of_role(Role::Ca) {
        renewal = format!("{renewal} --ca-file {}", spec.ca_base);
    }
    Err(Failure::failed(format!(
        "{}: is not valid before {}, and today is {}",
        shown(&spec.out_dir.join(there.base.file(FileKind::Certificate))),
        check::date(certificate.not_before),
        check::date(now)
    ))
    .hint(format!("if the clock is right now: {renewal}; if not, set it right")))
}

/// Checks that only a new certificate needs.
pub(super) fn check_identity(plan: &LeafPlan, spec: &Spec) -> Result<()> {
    let pem = spec.out_dir.join(plan.base.file(FileKind::Certificate));
    if !plan.identity.subject.is_valid() {
        let why = format!("{}: its subject is not a valid DER name", shown(&pem));
        return Err(Failure::failed(why)
            .hint(format!("move it away, and a new one is issued: mv {0} {0}.old", quoted(&pem))));
    }
    if plan.identity.subject.is_empty() && plan.identity.names.is_empty() {
        return Err(Failure::usage(format!(
            "the {} certificate would have neither a subject nor a name",
            plan.role
        ))
        .hint("give it a name with --client-cn, or an attribute such as --organization"));
    }
    if plan.role.serves() && !plan.identity.names.iter().any(San::is_host) {
        let common_name = plan.identity.subject.common_name().unwrap_or_default();
        return Err(Failure::failed(format!(
            "{}: needs a host name or IP address that clients can check; its CN {common_name:?} is neither",
            shown(&pem)
        ))
        .hint("set the host name that clients connect to: --san db.example.com"));
    }
    check_size(plan, spec)
}

/// The JDK reads handshake messages of 32 KiB at most; the rest is for the certificates of CAs.
const MOST_NAME_BYTES: usize = 24 * 1024;

fn check_size(plan: &LeafPlan, spec: &Spec) -> Result<()> {
    let names = &plan.identity.names;
    // Each has a tag and a length of its own.
    let bytes: usize = names.iter().map(|name| name.value().len() + 2).sum();
    if bytes <= MOST_NAME_BYTES {
        return Ok(());
    }
    let pem = spec.out_dir.join(plan.base.file(FileKind::Certificate));
    Err(Failure::usage(format!(
        "{}: its {} names take {bytes} bytes; Java clients read no certificate with more than \
         {MOST_NAME_BYTES}",
        shown(&pem),
        names.len()
    ))
    .hint("use a wildcard such as *.example.com, or spread the names over several servers"))
}
