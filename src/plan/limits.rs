//! The names that a CA may sign for: what its certificate and those above it say, and what a new CA will say.

use super::{AuthorityPlan, LeafPlan};
use crate::certificate::Constraints;
use crate::error::{Failure, Result};
use crate::files::{FileKind, shown};
use crate::pki::{Identity, MaySignFor};
use crate::san::{San, is_loopback};
use crate::set::CertificateFile;
use crate::spec::{LeafSpec, Spec};

/// The constraints on what is signed next.
pub(super) struct Limits(Vec<Constraints>);

impl Limits {
    /// `existing` is the CA's file; `None` for a new CA.
    pub(super) fn new(ca: &AuthorityPlan, existing: Option<&CertificateFile>) -> Self {
        if let MaySignFor::Hosts(hosts) = &ca.may_sign_for {
            return Self(vec![Constraints::of_hosts(hosts)]);
        }
        let chain = existing.into_iter().flat_map(CertificateFile::path);
        Self(chain.filter_map(|certificate| certificate.name_constraints.clone()).collect())
    }

    fn broken_by(&self, name: &San) -> Option<&Constraints> {
        self.0.iter().find(|constraints| !constraints.allow(name))
    }

    /// Takes the addresses that come with the name localhost out again where the CA limits addresses: one that may not
    /// sign for them would be refused, and gRPC's C core knows no limits of addresses. Those that a flag names stay,
    /// and so do those of an older certificate that the CA may sign for.
    pub(super) fn leave_out(&self, identity: &mut Identity, asked: &LeafSpec, kept: &[San]) -> Vec<San> {
        let is_limited = self.0.iter().any(Constraints::limit_addresses);
        let own = identity.subject.common_name().and_then(|name| San::parse("CN", name).ok());
        let is_given = |name: &San| asked.names.iter().flatten().chain(&own).any(|given| given == name);
        let (left_out, names) = std::mem::take(&mut identity.names).into_iter().partition(|name| {
            let may_stay = self.broken_by(name).is_none() && (!is_limited || kept.contains(name));
            is_loopback(name) && !is_given(name) && !may_stay
        });
        identity.names = names;
        left_out
    }

    /// A name that the CA may not issue for is rejected here, before a client rejects it.
    pub(super) fn check(&self, plan: &LeafPlan, spec: &Spec) -> Result<()> {
        let pem = spec.out_dir.join(plan.base.file(FileKind::Certificate));
        let Identity { subject, names } = &plan.identity;
        let outside = names.iter().find_map(|name| self.broken_by(name).map(|limit| (name, limit)));
        if let Some((name, limit)) = outside {
            return Err(Failure::failed(format!(
                "{}: the CA may not sign for {name}; its nameConstraints permit {limit}",
                shown(&pem)
            ))
            .hint("use a name below those, or another CA"));
        }
        let common_name = subject.common_name().filter(|name| is_host_for_openssl(name));
        let has_host = names.iter().any(|name| matches!(name, San::Dns(_)));
        let Some(common_name) = common_name.filter(|_| !has_host) else { return Ok(()) };
        let Some(limit) = self.broken_by(&San::from_certificate_dns(common_name)) else { return Ok(()) };
        Err(Failure::failed(format!(
            "{}: OpenSSL checks the CN {common_name} as a host name, and the CA may not sign for it; its \
             nameConstraints permit {limit}",
            shown(&pem)
        ))
        .hint("use another CN, add a host name with --san that the CA may sign for, or use another CA"))
    }
}

/// If a certificate has no host name in its subjectAltName, OpenSSL checks a CN that could be one against the constraints
/// of host names: letters, digits, `-` and `_` with dots between them, an address too (`cn2dnsid` in
/// its `v3_ncons.c`).
fn is_host_for_openssl(common_name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    common_name.contains('.') && common_name.split('.').all(is_label)
}

/// The host names that a new CA of `--constrain` may sign for: those of the set, and those that only the CA is told
/// of. Names that not all clients can check against constraints are rejected, unless they only come with localhost.
pub(super) fn hosts(spec: &Spec) -> Result<Vec<String>> {
    let mut hosts = Vec::new();
    let mut add = |name: San, flag: &str| match name {
        San::Dns(host) => {
            hosts.push(host);
            Ok(())
        }
        other => Err(unconstrainable(&other, flag)),
    };
    let is_common_name = |given: Option<&str>, name: &San| {
        given.and_then(|cn| San::parse("CN", cn).ok()) == Some(name.clone())
    };
    for name in &spec.ca_names {
        let flag = if is_common_name(spec.common_name.as_deref(), name) { "--cn" } else { "--san" };
        add(name.clone(), flag)?;
    }
    for leaf in &spec.leaves {
        let own = leaf.common_name.as_ref().map(|(flag, name)| (*flag, name.as_str()));
        let (flag, common_name) = own.unwrap_or(("--cn", spec.common_name.as_deref().unwrap_or_default()));
        for name in spec.identity(leaf, None, None)?.names {
            let is_given = leaf.names.iter().flatten().any(|given| *given == name);
            if is_loopback(&name) && !is_given && !is_common_name(Some(common_name), &name) {
                continue;
            }
            let flag = if is_common_name(Some(common_name), &name) { flag } else { "--san" };
            add(name, flag)?;
        }
    }
    if hosts.is_empty() {
        return Err(Failure::usage("--constrain: needs at least one host name")
            .hint("set the names with --cn and --san"));
    }
    Ok(hosts)
}

fn unconstrainable(name: &San, flag: &str) -> Failure {
    let (kind, who) = match name {
        San::Ip(_) => ("IP addresses", "clients built on gRPC's C core (Python, C++)"),
        San::Email(_) => ("email addresses", "Rust clients (rustls)"),
        San::Dns(_) | San::Uri(_) => ("URIs", "some clients"),
    };
    Failure::usage(format!(
        "{flag} {:?}: with --constrain the CA issues certificates for host names only, as {who} cannot check constraints \
         on {kind}",
        name.value()
    ))
    .hint("use a host name instead, or leave --constrain out")
}
