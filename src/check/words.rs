//! The errors of webpki in words.

use webpki::Error;

pub(super) fn of(why: &Error) -> &'static str {
    match why {
        Error::CertExpired { .. } => "a certificate of the chain has expired",
        Error::CertNotValidYet { .. } => "a certificate of the chain is not valid yet",
        Error::CaUsedAsEndEntity => "it is a CA certificate itself",
        Error::EndEntityUsedAsCa => "a certificate above it is not a CA certificate",
        Error::InvalidSignatureForPublicKey => "a signature of the chain does not match",
        Error::NameConstraintViolation => "a CA above it may not sign for its names (nameConstraints)",
        Error::MalformedNameConstraint
        | Error::InvalidNetworkMaskConstraint
        | Error::MaximumNameConstraintComparisonsExceeded => {
            "rustls cannot check the nameConstraints of a CA above it"
        }
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            "a CA above it allows no CA below (pathlen)"
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            "an extendedKeyUsage of the chain does not allow its use"
        }
        Error::UnknownIssuer => "its issuer is missing",
        Error::UnsupportedCriticalExtension => {
            "the chain has a critical extension that rustls does not process"
        }
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => {
            "a signature of the chain is of a kind that rustls does not check"
        }
        Error::BadDerTime | Error::InvalidCertValidity => {
            "rustls cannot read the dates of a certificate of the chain"
        }
        _ => "rustls cannot read a certificate of the chain",
    }
}
