//! Checks a CA before it issues certificates, as `check` does: a CA that clients would reject is refused.

use time::OffsetDateTime;

use super::authority::{names, unusable};
use crate::check::{self, Code, Concern, Finding, Run, Severity};
use crate::error::Result;
use crate::files::{BaseName, FileKind, quoted};
use crate::profile::Role;
use crate::set::Set;
use crate::spec::{CaPolicy, Spec};

/// Findings about the CA certificate that reissuing it fixes; refuses the others.
pub(super) fn weaknesses(spec: &Spec, set: &Set, now: OffsetDateTime) -> Result<Vec<Finding>> {
    let mut mendable = Vec::new();
    for finding in check::ca(set, now) {
        let row = finding.code.row();
        // check_ca_key's and check_usable's.
        if row.concerns == Concern::File {
            continue;
        }
        let fix = match (finding.code, row.ca.run) {
            // Another signature does not change the key.
            (Code::UnsupportedKey, _) if finding.for_runs == Severity::Error => "use another CA".to_owned(),
            // It was issued while the clock was ahead, or the clock is behind now.
            (Code::NotYetValid, _) if spec.ca == CaPolicy::Renew => continue,
            (Code::NotYetValid, _) => right_clock(spec, set),
            (_, Run::Ignores) => continue,
            (_, Run::Refuses(fix)) => fix.to_owned(),
            (_, Run::Reissues | Run::Rewrites) => {
                mendable.push(finding);
                continue;
            }
        };
        let file = if finding.at.is(FileKind::Key) { FileKind::Key } else { FileKind::Certificate };
        return Err(unusable(spec, file, &finding.message.text(&names(set)), &fix));
    }
    Ok(mendable)
}

fn right_clock(spec: &Spec, set: &Set) -> String {
    match renewal(spec, set) {
        // If the clock was ahead, it was so for all of them.
        Some(renewal) => format!("if the clock is right now: {renewal} --all; if not, set it right"),
        None => "set the clock right, or wait".to_owned(),
    }
}

/// Refuses a CA that cannot be reissued although clients reject the certificates that it issues.
pub(super) fn refuse_unrenewable(
    spec: &Spec,
    set: &Set,
    weaknesses: &[Finding],
    (why, fix): (String, &str),
) -> Result<Vec<String>> {
    let errors = weaknesses.iter().filter(|finding| finding.for_runs == Severity::Error);
    let names = names(set);
    let reasons: Vec<String> = errors
        .filter(|finding| !is_only_strict(finding.code))
        .map(|finding| finding.reason(&names))
        .collect();
    if reasons.is_empty() {
        return Ok(weaknesses.iter().map(|finding| finding.sentence(&names)).collect());
    }
    let why = format!("{}, and {why}", reasons.join(", and "));
    Err(unusable(spec, FileKind::Certificate, &why, fix))
}

/// Refuses a CA that this run does not reissue if Milvus or a gRPC client rejects the certificates that it issues. Returns
/// problems of other clients.
pub(super) fn refuse_unfit(spec: &Spec, set: &Set, weaknesses: &[Finding]) -> Result<Vec<String>> {
    let mut warnings = Vec::new();
    for finding in weaknesses {
        if finding.for_runs < Severity::Error {
            continue;
        }
        if is_only_strict(finding.code) {
            warnings.push(finding.sentence(&names(set)));
            continue;
        }
        let fix = match (finding.code, renewal(spec, set)) {
            (_, Some(renewal)) => format!("reissue it with: {renewal}"),
            (Code::PathLength, None) => {
                "have the CA above reissue it with a longer pathlen, or use another".to_owned()
            }
            (Code::Expired, None) => "have it reissued, or use another CA".to_owned(),
            (_, None) => "have it reissued without that, or use another CA".to_owned(),
        };
        return Err(unusable(spec, FileKind::Certificate, &finding.message.text(&names(set)), &fix));
    }
    Ok(warnings)
}

/// Required of a CA by Python 3.13 in its default mode, but by no client of Milvus's SDKs.
fn is_only_strict(code: Code) -> bool {
    matches!(code, Code::CaNoKeyUsage | Code::BasicConstraintsNotCritical | Code::KeyIdentifier)
}

/// The command that signs the CA's certificate again: where it signed itself, and its files are called as a run
/// calls them.
fn renewal(spec: &Spec, set: &Set) -> Option<String> {
    let certificate = set.ca_certificate().filter(|certificate| certificate.is_self_issued())?;
    let key = set.ca.key.parsed()?;
    let [pem, key_path] = [FileKind::Certificate, FileKind::Key].map(|kind| spec.ca_path(kind));
    let base = BaseName::beside(&pem);
    let is_called_so = pem.with_file_name(base.file(FileKind::Certificate)) == pem
        && pem.with_file_name(base.file(FileKind::Key)) == key_path;
    if !is_called_so || key.key.public().spki != certificate.public_key.spki {
        return None;
    }
    let mut command = "milvus-certgen renew --ca".to_owned();
    let dir = pem.parent().filter(|dir| !dir.as_os_str().is_empty() && *dir != std::path::Path::new("."));
    if let Some(dir) = dir {
        command = format!("{command} -o {}", quoted(dir));
    }
    if base != BaseName::of_role(Role::Ca) {
        command = format!("{command} --ca-file {base}");
    }
    Some(command)
}
