//! Finds the file's own certificate among several: files come in any order.

use super::{CertificateFile, LeafFiles, Loaded, Oddity, Set, issuers};
use crate::certificate::Certificate;

impl LeafFiles {
    /// The certificate that the key is for comes first, or without a key the one that is no CA's; its issuers follow.
    pub fn arranged(mut self) -> Self {
        let key = self.key.parsed().map(|file| file.key.public().spki.clone());
        let Loaded::Parsed(file) = &mut self.certificate else { return self };
        let is_own = |certificate: &Certificate| {
            !certificate.is_ca() && key.as_ref().is_none_or(|key| *key == certificate.public_key.spki)
        };
        let at = file.all().position(is_own).or_else(|| {
            // Of two that are for other keys, the one that is no CA's is meant.
            file.certificate.is_ca().then(|| file.all().position(|other| !other.is_ca())).flatten()
        });
        if let Some(at) = at.filter(|at| *at > 0) {
            put_first(file, at);
            let issuers: Vec<Certificate> =
                issuers(&file.certificate, file.chain.iter()).into_iter().cloned().collect();
            let (_, rest): (Vec<_>, Vec<_>) =
                file.chain.drain(..).partition(|other| issuers.iter().any(|issuer| issuer.der == other.der));
            file.chain = issuers.into_iter().chain(rest).collect();
            file.oddity = file.oddity.or(Some(Oddity::Order(at + 1)));
        }
        self
    }
}

impl Set {
    /// The CA that ca.key is of, or without it the one that has signed what is here, is the set's own, wherever it is
    /// in ca.pem; the others in it are trusted too, as while one CA follows another.
    pub fn arranged(mut self) -> Self {
        let key = self.ca.key.parsed().map(|file| file.key.public().spki.clone());
        let leaves: Vec<&Certificate> =
            self.leaves.iter().filter_map(|leaf| leaf.files.parsed_certificate()).collect();
        let Loaded::Parsed(file) = &mut self.ca.certificate else { return self };
        if file.chain.is_empty() {
            return self;
        }
        let is_of_key = |ca: &Certificate| key.as_ref() == Some(&ca.public_key.spki);
        let has_signed = |ca: &Certificate| leaves.iter().any(|leaf| leaf.is_issued_by(ca));
        let at = latest(file, is_of_key).or_else(|| latest(file, has_signed));
        if let Some(at) = at.filter(|at| *at > 0) {
            put_first(file, at);
        }
        self
    }
}

/// The first of those that end last: an older certificate of the same CA may be in the file too.
fn latest(file: &CertificateFile, is_wanted: impl Fn(&Certificate) -> bool) -> Option<usize> {
    let wanted = file.all().enumerate().filter(|(_, certificate)| is_wanted(certificate));
    wanted.min_by_key(|(_, certificate)| std::cmp::Reverse(certificate.not_after)).map(|(at, _)| at)
}

fn put_first(file: &mut CertificateFile, at: usize) {
    let own = file.chain.remove(at - 1);
    file.chain.insert(0, std::mem::replace(&mut file.certificate, own));
}
