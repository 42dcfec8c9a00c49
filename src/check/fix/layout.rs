//! Fixes for a file with the right content in the wrong order or form.

use crate::check::{Files, Owner, Place};
use crate::files::quoted;
use crate::set::Oddity;

impl Files<'_> {
    /// A run writes the files of its own set as all read them, without the CA's key.
    pub(super) fn rewrite(&self, at: Place) -> String {
        let is_named = self.ca.is_some() && at.owner() == Some(Owner::Ca);
        match self.leaf(at) {
            _ if self.dir.is_none() || is_named => {
                "rewrite it: each BEGIN and END line alone on its line, nothing before the first".to_owned()
            }
            Some(leaf) if !self.is_of_pair(leaf) => self.renew(at, ""),
            _ => self.command(""),
        }
    }

    /// A run writes the certificate and its issuers in order, where these are in ca.pem. Else one of the blocks moves to
    /// the front, and whatever else is in the file stays.
    pub(super) fn reorder(&self, at: Place) -> Option<String> {
        let leaf = self.leaf(at)?;
        let file = leaf.files.certificate.parsed()?;
        let ca = self.set.ca.certificate.parsed();
        let is_own = ca.is_some_and(|ca| ca.all().any(|ca| file.certificate.is_issued_by(ca)));
        let is_run_s = is_own && self.dir.is_some() && self.is_of_pair(leaf);
        let Some(Oddity::Order(place)) = file.oddity.filter(|_| !file.holds_key && !is_run_s) else {
            return Some(self.rewrite(at));
        };
        let pem = quoted(&self.path(at));
        Some(format!(
            "awk '/-----BEGIN/ {{ n++ }} {{ b[n] = b[n] $0 \"\\n\" }} END {{ printf \"%s\", b[0] b[{place}]; for (i = 1; i <= n; i++) \
             if (i != {place}) printf \"%s\", b[i] }}' {pem} > {pem}.new && mv {pem}.new {pem}"
        ))
    }
}
