//! Keys that no run uses or writes over, and files in another form: what a run would refuse is no fix.

use super::Fix;
use super::commands::word;
use crate::error::{Damage, DamageKind};
use crate::files::{FileKind, converted, typed};
use crate::set::{Leaf, Loaded};
use crate::verify::{Concern, Files, Finding, Owner, Place};

impl Files<'_> {
    /// `Err` where a run refuses to work on the finding's files, with the fix to use instead, if there is one.
    pub(super) fn is_in_the_way(&self, finding: &Finding) -> Result<(), Option<String>> {
        let at = finding.at;
        let leaf = self.leaf(at);
        let key = leaf.and_then(|leaf| damage(&leaf.files.key));
        if let (Some(leaf), Some(damage)) = (leaf, key.filter(|damage| damage.kind != DamageKind::Empty)) {
            return if runs(finding.fix) { Err(self.beside_unusable_key(at, leaf, damage)) } else { Ok(()) };
        }
        let is_about_file = finding.code.row().concerns == Concern::File && finding.fix != Fix::None;
        let Some(damage) = self.damage_at(at).filter(|_| is_about_file) else { return Ok(()) };
        if let Some(line) = damage.conversion {
            return Err(Some(converted(line, &self.path(at))));
        }
        let Some(leaf) = leaf.filter(|_| damage.holds_key && self.dir.is_some()) else { return Ok(()) };
        // A private key in the place of a certificate or a request.
        let (from, key) = (typed(&self.path(at)), typed(&self.path(at.beside(FileKind::Key))));
        let to = if leaf.files.key.is_missing() { key } else { format!("{from}.old") };
        Err(Some(format!("mv {from} {to} && {}", self.reissue(at))))
    }

    /// Its conversion, or a new key in its place. Where it can be converted, that comes first.
    fn beside_unusable_key(&self, at: Place, leaf: &Leaf, damage: &Damage) -> Option<String> {
        match damage.conversion {
            Some(line) => at.is(FileKind::Key).then(|| converted(line, &self.path(at))),
            None if self.pair.contains(&&leaf.base) => Some(self.signing("--rekey")),
            None if leaf.files.sound_certificate().is_some() => Some(self.renew(at, " --rekey")),
            None => Some(self.signing(&format!("{} {} --rekey", leaf.role, word(&leaf.base)))),
        }
    }

    fn damage_at(&self, at: Place) -> Option<&Damage> {
        let Place::File(owner, kind) = at else { return None };
        match (owner, self.leaf(at), kind) {
            (_, Some(leaf), FileKind::Certificate) => damage(&leaf.files.certificate),
            (_, Some(leaf), FileKind::Csr) => damage(&leaf.files.request),
            (Owner::Ca, _, FileKind::Key) => damage(&self.set.ca.key),
            (Owner::Ca, _, FileKind::Certificate) => damage(&self.set.ca.certificate),
            _ => None,
        }
    }
}

/// True for what a run does with a server's or client's files.
fn runs(fix: Fix) -> bool {
    matches!(
        fix,
        Fix::Reissue
            | Fix::Renew
            | Fix::SignWithCa
            | Fix::Rekey
            | Fix::PairUp
            | Fix::RekeyAsRsa
            | Fix::Shorten
            | Fix::Create
            | Fix::Replace
            | Fix::TakePasswordOff
            | Fix::AddNames
            | Fix::NameHost
            | Fix::AddPurpose
            | Fix::ChangeSubject
    )
}

fn damage<T>(file: &Loaded<T>) -> Option<&Damage> {
    match file {
        Loaded::Locked(damage) | Loaded::Damaged(damage) => Some(damage),
        _ => None,
    }
}
