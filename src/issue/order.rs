//! Certificates to sign once keys and serial numbers exist. They do not depend on each other.

use super::{ca_certificate, ca_key};
use crate::certificate::{Certificate, Csr};
use crate::error::{Failure, Result};
use crate::pki;
use crate::plan::{KeyChoice, LeafPlan};
use crate::serial::Serial;
use crate::set::Set;

/// A certificate that is to be signed.
pub(super) struct Order<'p> {
    /// Its place among the leaves.
    pub(super) at: usize,
    pub(super) plan: &'p LeafPlan,
    pub(super) serial: Serial,
}

pub(super) struct Signed {
    /// `None` for a CSR, whose key is in another place.
    pub(super) request: Option<Csr>,
    pub(super) certificate: Certificate,
}

impl Order<'_> {
    pub(super) fn sign(&self, set: &Set) -> Result<Signed> {
        let Self { at, plan, serial } = self;
        let (request, public_key) = match (&plan.key, set.leaves[*at].files.key.parsed()) {
            (KeyChoice::PublicHalf(key), _) => (None, key.clone()),
            (_, Some(file)) => {
                (Some(pki::request(plan.role, &plan.identity, &file.key)?), file.key.public().clone())
            }
            (_, None) => return Err(Failure::failed(format!("{} has no key to sign for", plan.base))),
        };
        let ca = (ca_certificate(set)?, ca_key(set)?);
        let certificate = pki::sign(plan.role, &plan.identity, &public_key, serial, plan.validity, ca)?;
        Ok(Signed { request, certificate })
    }
}
