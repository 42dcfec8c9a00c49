//! Making certificates and requests: rcgen lives here.

use rcgen::{CertificateParams, KeyIdMethod, SanType};
use time::{Duration, OffsetDateTime};

use crate::certificate::{Certificate, Csr};
use crate::error::{Failure, Result};
use crate::keys::{KeyKind, PrivateKey, PublicKey};
use crate::profile::{Profile, Role};
use crate::san::San;
use crate::serial::Serial;
use crate::subject::Subject;

mod names;

use names::{NameField, Unsigned, signed, stand_in};

/// id-ce-nameConstraints
const NAME_CONSTRAINTS: &[u64] = &[2, 5, 29, 30];

/// From when until when a certificate is valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are RFC 5280's")]
pub struct Validity {
    pub not_before: OffsetDateTime,
    pub not_after: OffsetDateTime,
}

impl Validity {
    /// The clocks of hosts and containers differ: a certificate is valid from an hour before it is issued.
    pub const BACKDATE: Duration = Duration::HOUR;

    /// `days` from now on. `None` past the year 9999, where X.509's dates end.
    pub fn days_from(now: OffsetDateTime, days: u32) -> Option<Self> {
        let not_before = now.checked_sub(Self::BACKDATE)?;
        let not_after = now.checked_add(Duration::days(days.into()))?;
        (not_after.year() <= 9999).then_some(Self { not_before, not_after }.in_seconds())
    }

    /// Without fractions of a second, which RFC 5280 does not allow.
    pub fn in_seconds(self) -> Self {
        let whole = |at: OffsetDateTime| at.replace_nanosecond(0).unwrap_or(at);
        Self { not_before: whole(self.not_before), not_after: whole(self.not_after) }
    }

    /// The same, but not past another certificate's end.
    pub fn ending_by(self, limit: OffsetDateTime) -> Self {
        Self { not_after: self.not_after.min(limit), ..self }.in_seconds()
    }
}

/// The subject and the names of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The distinguished name.
    pub subject: Subject,
    /// The alternative names; none for a CA.
    pub names: Vec<San>,
}

/// Limits on the certificates that a CA may issue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MaySignFor {
    /// Anything.
    #[default]
    Anything,
    /// Servers and clients with these host names and those below them, and with no address.
    Hosts(Vec<String>),
    /// As in an older certificate of the CA.
    AsBefore(Before),
}

/// The limits in an existing CA certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// The DER of its nameConstraints.
    pub constraints: Option<Vec<u8>>,
    /// The object identifiers of its extendedKeyUsage.
    pub purposes: Vec<Vec<u64>>,
    /// Its pathLenConstraint.
    pub path_length: Option<u32>,
}

/// A CA's certificate, signed with its own key. `key_identifier` keeps that of an older certificate of the CA.
pub fn self_sign(
    subject: &Subject,
    key: &PrivateKey,
    serial: &Serial,
    validity: Validity,
    key_identifier: Option<&[u8]>,
    may_sign_for: &MaySignFor,
) -> Result<Certificate> {
    let identity = Identity { subject: subject.clone(), names: Vec::new() };
    let mut params = parameters(Role::Ca, key.kind(), &identity)?;
    dated(&mut params, serial, validity);
    limit(&mut params, may_sign_for);
    if let Some(id) = key_identifier {
        params.key_identifier_method = KeyIdMethod::PreSpecified(id.to_vec());
    }
    let built = params.self_signed(&Unsigned(key)).map_err(|e| unsigned("the CA", &e))?;
    let names = [(NameField::Issuer, subject), (NameField::Subject, subject)];
    let made = signed(built.der(), &names, key).map_err(|e| unsigned("the CA", &e))?;
    Certificate::from_der(&made).map_err(|why| Failure::failed(format!("the new CA file {why}")))
}

/// Writes the limits on certificates below a CA.
fn limit(params: &mut CertificateParams, may_sign_for: &MaySignFor) {
    use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, Other, ServerAuth};
    use rcgen::{BasicConstraints, IsCa};

    match may_sign_for {
        MaySignFor::Anything => {}
        MaySignFor::Hosts(hosts) => {
            params.name_constraints = Some(constraints(hosts));
            params.extended_key_usages = vec![ServerAuth, ClientAuth];
        }
        MaySignFor::AsBefore(Before { constraints, purposes, path_length }) => {
            if let Some(der) = constraints {
                let mut extension = rcgen::CustomExtension::from_oid_content(NAME_CONSTRAINTS, der.clone());
                extension.set_criticality(true);
                params.custom_extensions.push(extension);
            }
            params.extended_key_usages = purposes.iter().cloned().map(Other).collect();
            let length = path_length.map(|length| u8::try_from(length).unwrap_or(u8::MAX));
            params.is_ca =
                IsCa::Ca(length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
        }
    }
}

/// Host names, and no address at all (RFC 5280 section 4.2.1.10). gRPC's C core rejects a certificate with an address
/// under a CA that constrains addresses, and rustls knows no constraints of mail addresses: neither is written, and
/// `extendedKeyUsage` sees to it that mail cannot be signed.
fn constraints(hosts: &[String]) -> rcgen::NameConstraints {
    use rcgen::{CidrSubnet, GeneralSubtree, NameConstraints};

    let mut permitted_subtrees = Vec::new();
    for host in hosts {
        let subtree = GeneralSubtree::DnsName(host.strip_prefix("*.").unwrap_or(host).to_owned());
        if !permitted_subtrees.contains(&subtree) {
            permitted_subtrees.push(subtree);
        }
    }
    let all = [CidrSubnet::V4([0; 4], [0; 4]), CidrSubnet::V6([0; 16], [0; 16])];
    NameConstraints { permitted_subtrees, excluded_subtrees: all.map(GeneralSubtree::IpAddress).to_vec() }
}

/// A server's or client's certificate for a public key, signed by the CA.
///
/// The CA's subject goes into it byte for byte: a verifier compares those bytes.
pub fn sign(
    role: Role,
    identity: &Identity,
    public_key: &PublicKey,
    serial: &Serial,
    validity: Validity,
    ca: (&Certificate, &PrivateKey),
) -> Result<Certificate> {
    let (ca_certificate, ca_key) = ca;
    let kind = public_key
        .kind
        .clone()
        .map_err(|other| Failure::failed(format!("a certificate for {other} cannot be issued")))?;
    let mut params = parameters(role, kind, identity)?;
    dated(&mut params, serial, validity);
    // Without an identifier of the CA's own it is a hash of its key, as rcgen makes it.
    let mut issuer = CertificateParams::default();
    if let Some(id) = &ca_certificate.subject_key_identifier {
        issuer.key_identifier_method = KeyIdMethod::PreSpecified(id.clone());
    }
    let issuer = rcgen::Issuer::new(issuer, Unsigned(ca_key));
    let spki =
        rcgen::SubjectPublicKeyInfo::from_der(&public_key.spki).map_err(|e| unsigned(role.name(), &e))?;
    let built = params.signed_by(&spki, &issuer).map_err(|e| unsigned(role.name(), &e))?;
    let names = [(NameField::Issuer, &ca_certificate.subject), (NameField::Subject, &identity.subject)];
    let made = signed(built.der(), &names, ca_key).map_err(|e| unsigned(role.name(), &e))?;
    Certificate::from_der(&made).map_err(|why| Failure::failed(format!("the new {role} file {why}")))
}

/// A request for a certificate, signed with the key that it is for.
pub fn request(role: Role, identity: &Identity, key: &PrivateKey) -> Result<Csr> {
    let params = parameters(role, key.kind(), identity)?;
    let built = params.serialize_request(&Unsigned(key)).map_err(|e| unsigned(role.name(), &e))?;
    let names = [(NameField::SubjectOfRequest, &identity.subject)];
    let made = signed(built.der(), &names, key).map_err(|e| unsigned(role.name(), &e))?;
    Csr::from_der(&made).map_err(|why| Failure::failed(format!("the new {role} request {why}")))
}

/// The parameters that a certificate and its request share.
fn parameters(role: Role, key: KeyKind, identity: &Identity) -> Result<CertificateParams> {
    let profile = Profile::new(role, key);
    let mut params = CertificateParams::default();
    params.distinguished_name = stand_in(&identity.subject);
    params.subject_alt_names = identity.names.iter().map(alternative_name).collect::<Result<_>>()?;
    params.is_ca = profile.is_ca;
    params.key_usages = profile.key_usages;
    params.extended_key_usages = profile.extended_key_usages;
    Ok(params)
}

/// The parameters that only a certificate has. rcgen's defaults are traps: a hash of the key as the serial number,
/// validity from 1975 to 4096, no authority key identifier.
fn dated(params: &mut CertificateParams, serial: &Serial, validity: Validity) {
    params.serial_number = Some(rcgen::SerialNumber::from_slice(serial.bytes()));
    params.not_before = validity.not_before;
    params.not_after = validity.not_after;
    params.use_authority_key_identifier_extension = true;
}

fn alternative_name(name: &San) -> Result<SanType> {
    let ascii =
        |text: &str| text.try_into().map_err(|_| Failure::failed(format!("the name {text:?} is not ASCII")));
    Ok(match name {
        San::Dns(name) => SanType::DnsName(ascii(name)?),
        San::Email(address) => SanType::Rfc822Name(ascii(address)?),
        San::Uri(uri) => SanType::URI(ascii(uri)?),
        San::Ip(ip) => SanType::IpAddress(*ip),
    })
}

fn unsigned(what: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::failed(format!("{what}: signing failed: {why}"))
}
