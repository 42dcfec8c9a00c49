//! The specification of one certificate under the CA.

use crate::files::BaseName;
use crate::keys::PublicKey;
use crate::pki::Identity;
use crate::profile::Role;
use crate::san::San;

/// A CSR that may be signed.
#[derive(Debug, Clone)]
pub struct AcceptedCsr {
    /// The subject and the names of the certificate.
    pub identity: Identity,
    /// The key that it is for.
    pub key: PublicKey,
}

/// The action that is wanted for one certificate.
#[derive(Debug, Clone)]
#[expect(missing_docs, reason = "with `rekey` what is issued gets a new key")]
pub enum Wish {
    /// It is issued only where what exists is not valid for what was asked.
    Ensure { rekey: bool },
    /// The same, and it belongs to one name: files of that base name that are for another are not overwritten.
    Create { rekey: bool },
    /// It is issued again whatever its state.
    Renew { rekey: bool },
    /// Its files may be written again, but it is not issued.
    Refresh,
    /// It is issued for this CSR, whose key is in another place.
    Sign(AcceptedCsr),
}

impl Wish {
    /// True if the key is replaced when the certificate is issued.
    pub fn rekeys(&self) -> bool {
        matches!(
            self,
            Self::Ensure { rekey: true } | Self::Create { rekey: true } | Self::Renew { rekey: true }
        )
    }

    /// True if it is for the plan to say whether the certificate is issued.
    pub fn is_open(&self) -> bool {
        matches!(self, Self::Ensure { .. } | Self::Create { .. })
    }

    /// The CSR that is signed.
    pub fn csr(&self) -> Option<&AcceptedCsr> {
        if let Self::Sign(csr) = self { Some(csr) } else { None }
    }
}

/// The specification of one certificate under the CA.
#[derive(Debug, Clone)]
pub struct LeafSpec {
    /// Server or client.
    pub role: Role,
    /// The base name of its files.
    pub base: BaseName,
    /// The common name, if one was given, and the flag that gave it.
    pub common_name: Option<(&'static str, String)>,
    /// `--san`, without duplicates. Never empty.
    pub names: Option<Vec<San>>,
    /// The action that is wanted.
    pub wish: Wish,
}

impl LeafSpec {
    /// Nothing but the role and its name on the Milvus page.
    pub fn of_role(role: Role) -> Self {
        Self::new(role, BaseName::of_role(role))
    }

    /// Nothing but the role and what its files are called.
    pub fn new(role: Role, base: BaseName) -> Self {
        Self { role, base, common_name: None, names: None, wish: Wish::Ensure { rekey: false } }
    }

    /// True if a flag says something about the names.
    pub fn gives_names(&self) -> bool {
        self.names.is_some() || self.common_name.is_some()
    }
}
