//! Fixes around a private key that cannot be used: no run overwrites it unless a flag says so.

use std::ops::ControlFlow;

use crate::check::{Code, Concern, Files, Finding, Place};
use crate::error::{Damage, DamageKind};
use crate::files::{FileKind, converted, quoted};
use crate::set::{Leaf, Loaded};

impl Files<'_> {
    /// If a key prevents every other fix: the fix for the key, or nothing if the key's own finding has it.
    pub(super) fn around_a_key(&self, finding: &Finding) -> ControlFlow<Option<String>> {
        let at = finding.at;
        let is_about_file = finding.code.row().concerns == Concern::File;
        let Some(leaf) = self.leaf(at) else {
            // A CA key with a password is as it should be.
            let is_convertible =
                is_about_file && !at.is(FileKind::Serial) && finding.code != Code::NotChecked;
            return match self.conversion_of(at).filter(|_| is_convertible) {
                Some(line) => ControlFlow::Break(Some(line)),
                None => ControlFlow::Continue(()),
            };
        };
        if let Some(damage) = damage(&leaf.files.key).filter(|damage| damage.kind != DamageKind::Empty) {
            return ControlFlow::Break(self.beside_unusable_key(finding, leaf, damage));
        }
        if let Some(line) = self.conversion_of(at).filter(|_| is_about_file && at.is(FileKind::Certificate)) {
            return ControlFlow::Break(Some(line));
        }
        if self.holds_key_in_wrong_place(leaf, at) {
            return ControlFlow::Break(Some(self.move_key_out(leaf, at)));
        }
        ControlFlow::Continue(())
    }

    /// The command that converts the file, if one exists.
    pub(super) fn conversion_of(&self, at: Place) -> Option<String> {
        let line = match self.leaf(at) {
            Some(leaf) if at.is(FileKind::Key) => conversion(&leaf.files.key),
            Some(leaf) if at.is(FileKind::Certificate) => conversion(&leaf.files.certificate),
            Some(_) => None,
            None if at.is(FileKind::Key) => conversion(&self.set.ca.key),
            None => conversion(&self.set.ca.certificate),
        };
        line.map(|line| converted(line, &self.path(at)))
    }

    fn beside_unusable_key(&self, finding: &Finding, leaf: &Leaf, damage: &Damage) -> Option<String> {
        let (code, at) = (finding.code, finding.at);
        if matches!(code, Code::NotChecked | Code::Interrupted | Code::NameNotInSan | Code::NotYetValid) {
            return None;
        }
        match damage.conversion {
            Some(_) => at.is(FileKind::Key).then(|| self.conversion_of(at)).flatten(),
            None if self.is_of_pair(leaf) => Some(self.signing("--rekey")),
            None if leaf.files.parsed_certificate().is_some() => Some(self.renew(at, " --rekey")),
            None => {
                let name = quoted(std::path::Path::new(&leaf.base.to_string()));
                Some(self.signing(&format!("{} {name} --rekey", leaf.role)))
            }
        }
    }

    /// A private key in the place of the certificate or the request: no run writes over it.
    fn holds_key_in_wrong_place(&self, leaf: &Leaf, at: Place) -> bool {
        let damaged = if at.is(FileKind::Certificate) {
            damage(&leaf.files.certificate)
        } else if at.is(FileKind::Csr) {
            damage(&leaf.files.request)
        } else {
            None
        };
        self.dir.is_some() && damaged.is_some_and(|damage| damage.holds_key)
    }

    fn move_key_out(&self, leaf: &Leaf, at: Place) -> String {
        let (from, key) = (quoted(&self.path(at)), quoted(&self.path(at.beside(FileKind::Key))));
        let to = if leaf.files.key.is_missing() { key } else { format!("{from}.old") };
        format!("mv {from} {to} && {}", self.reissue(at))
    }
}

fn damage<T>(file: &Loaded<T>) -> Option<&Damage> {
    match file {
        Loaded::Locked(damage) | Loaded::Damaged(damage) => Some(damage),
        _ => None,
    }
}

fn conversion<T>(file: &Loaded<T>) -> Option<&'static str> {
    damage(file).and_then(|damage| damage.conversion)
}
