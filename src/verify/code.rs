//! What can be wrong: stable codes, and how grave each is.

/// How grave a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Good to know.
    Note,
    /// Works for most, or works today.
    Warning,
    /// Somebody who uses Milvus is refused.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// What is wrong, as a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is explained where it is found")]
pub enum Code {
    // A file by itself.
    Missing,
    Unreadable,
    NotPem,
    OtherContent,
    Damaged,
    EncryptedKey,
    WeakKey,
    UnsupportedKey,
    Ed25519Key,
    KeyNotPkcs8,
    KeyReadable,
    CertificateHoldsKey,
    DemoKey,
    // Files that belong together.
    KeyMismatch,
    CsrMismatch,
    CsrDamaged,
    NotSignedByCa,
    SelfSigned,
    SameSubject,
    KeyIdentifier,
    SerialRepeated,
    SerialFileBehind,
    NoIssuer,
    StaleChain,
    CaKeyExposed,
    Interrupted,
    // A certificate by itself.
    DamagedSignature,
    NotYetValid,
    Expired,
    Expiring,
    OutlivesCa,
    LongValidity,
    NoSan,
    NameNotInSan,
    NoEku,
    WrongEku,
    NoDigitalSignature,
    KeyCertSignOnLeaf,
    LeafIsCa,
    NotCa,
    CaNoKeyUsage,
    CaCannotSign,
    PathLength,
    BasicConstraintsNotCritical,
    WeakSignature,
    BadSerial,
    BadDate,
    CriticalExtension,
    AddressConstraint,
    // The whole.
    Chain,
    Handshake,
    NotChecked,
    // A running server.
    Plaintext,
    NotTls,
    TlsVersion,
    TlsFailed,
    NoHttp2,
    ServedUntrusted,
    TlsMode,
    ClientCertificateNeeded,
    ClientCertificateRefused,
    OtherCertificateServed,
    NotMilvus,
}

impl Code {
    /// The name that never changes: for scripts, and for looking it up.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::NotPem => "not-pem",
            Self::OtherContent => "other-content",
            Self::Damaged => "damaged",
            Self::EncryptedKey => "encrypted-key",
            Self::WeakKey => "weak-key",
            Self::UnsupportedKey => "unsupported-key",
            Self::Ed25519Key => "ed25519-key",
            Self::KeyNotPkcs8 => "key-not-pkcs8",
            Self::KeyReadable => "key-readable",
            Self::CertificateHoldsKey => "certificate-holds-key",
            Self::DemoKey => "demo-key",
            Self::KeyMismatch => "key-mismatch",
            Self::CsrMismatch => "csr-mismatch",
            Self::CsrDamaged => "csr-damaged",
            Self::NotSignedByCa => "not-signed-by-ca",
            Self::SelfSigned => "self-signed",
            Self::SameSubject => "same-subject",
            Self::KeyIdentifier => "key-identifier",
            Self::SerialRepeated => "serial-repeated",
            Self::SerialFileBehind => "serial-file-behind",
            Self::NoIssuer => "no-issuer",
            Self::StaleChain => "stale-chain",
            Self::CaKeyExposed => "ca-key-exposed",
            Self::Interrupted => "interrupted",
            Self::DamagedSignature => "damaged-signature",
            Self::NotYetValid => "not-yet-valid",
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::OutlivesCa => "outlives-ca",
            Self::LongValidity => "long-validity",
            Self::NoSan => "no-san",
            Self::NameNotInSan => "name-not-in-san",
            Self::NoEku => "no-eku",
            Self::WrongEku => "wrong-eku",
            Self::NoDigitalSignature => "no-digital-signature",
            Self::KeyCertSignOnLeaf => "key-cert-sign-on-leaf",
            Self::LeafIsCa => "leaf-is-ca",
            Self::NotCa => "not-ca",
            Self::CaNoKeyUsage => "ca-no-key-usage",
            Self::CaCannotSign => "ca-cannot-sign",
            Self::PathLength => "path-length",
            Self::BasicConstraintsNotCritical => "basic-constraints-not-critical",
            Self::WeakSignature => "weak-signature",
            Self::BadSerial => "bad-serial",
            Self::BadDate => "bad-date",
            Self::CriticalExtension => "critical-extension",
            Self::AddressConstraint => "address-constraint",
            Self::Chain => "chain",
            Self::Handshake => "handshake",
            Self::NotChecked => "not-checked",
            Self::Plaintext => "plaintext",
            Self::NotTls => "not-tls",
            Self::TlsVersion => "tls-version",
            Self::TlsFailed => "tls-failed",
            Self::NoHttp2 => "no-http2",
            Self::ServedUntrusted => "served-untrusted",
            Self::TlsMode => "tls-mode",
            Self::ClientCertificateNeeded => "client-certificate-needed",
            Self::ClientCertificateRefused => "client-certificate-refused",
            Self::OtherCertificateServed => "other-certificate-served",
            Self::NotMilvus => "not-milvus",
        }
    }

    /// How grave it is, unless where it was found says otherwise.
    #[must_use]
    pub fn severity(self) -> Severity {
        match self {
            Self::LongValidity | Self::NoIssuer | Self::NotChecked => Severity::Note,
            Self::Ed25519Key
            | Self::UnsupportedKey
            | Self::KeyNotPkcs8
            | Self::KeyReadable
            | Self::CertificateHoldsKey
            | Self::CsrMismatch
            | Self::CsrDamaged
            | Self::SerialRepeated
            | Self::SerialFileBehind
            | Self::StaleChain
            | Self::CaKeyExposed
            | Self::Expiring
            | Self::OutlivesCa
            | Self::NoEku
            | Self::BadSerial
            // Nobody looks at the signature of what they trust; `openssl verify -check_ss_sig` does.
            | Self::DamagedSignature
            | Self::OtherCertificateServed => Severity::Warning,
            _ => Severity::Error,
        }
    }

    /// True for what a run mends, or does not write: all that [`super::ca`], [`super::leaf`] and [`super::set`]
    /// find but this.
    #[must_use]
    pub fn calls_for_signature(self) -> bool {
        // Any two certificates of `openssl x509 -days 3650` differ by the time between the commands; and the addresses
        // that a CA may sign for are its owner's to give up.
        !matches!(self, Self::OutlivesCa | Self::AddressConstraint)
    }

    /// True if it is about a file's content and not about what a certificate says.
    #[must_use]
    pub fn is_about_file(self) -> bool {
        matches!(
            self,
            Self::Missing
                | Self::Unreadable
                | Self::NotPem
                | Self::OtherContent
                | Self::Damaged
                | Self::EncryptedKey
        )
    }
}
