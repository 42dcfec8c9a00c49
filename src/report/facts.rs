//! What a certificate says, for people and for scripts.

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificate::Certificate;
use crate::san::San;

#[derive(Debug, Serialize)]
pub(super) struct Facts {
    pub(super) subject: String,
    pub(super) issuer: String,
    pub(super) names: Vec<NameFact>,
    pub(super) key: String,
    pub(super) serial: Option<String>,
    pub(super) not_before: String,
    pub(super) not_after: String,
    /// Days from today (UTC) to the day on which it expires, the same all day; negative if expired.
    pub(super) days_left: i64,
    #[serde(skip)]
    pub(super) has_expired: bool,
    pub(super) sha256: String,
}

#[derive(Debug, Serialize)]
pub(super) struct NameFact {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) value: String,
}

impl NameFact {
    pub(super) fn new(name: &San) -> Self {
        Self { kind: name.kind(), value: name.to_string() }
    }
}

impl Facts {
    pub(super) fn new(certificate: &Certificate, now: OffsetDateTime) -> Self {
        let names = certificate.subject_alt_names.iter().flatten();
        Self {
            subject: certificate.subject.text.clone(),
            issuer: certificate.issuer.text.clone(),
            names: names.map(NameFact::new).collect(),
            key: certificate.public_key.to_string(),
            serial: certificate.serial.as_ref().map(ToString::to_string),
            not_before: rfc3339(certificate.not_before),
            not_after: rfc3339(certificate.not_after),
            days_left: days_left(certificate.not_after, now),
            has_expired: certificate.not_after < now,
            sha256: certificate.fingerprint(),
        }
    }
}

impl Facts {
    /// From when until when, and what is left of it.
    pub(super) fn validity(&self) -> String {
        let (from, until) = (super::text::day(&self.not_before), super::text::day(&self.not_after));
        match self.days_left {
            days if days < 0 => format!("{from} until {until}, expired"),
            1 => format!("{from} until {until}, 1 day left"),
            days => format!("{from} until {until}, {days} days left"),
        }
    }
}

fn days_left(not_after: OffsetDateTime, now: OffsetDateTime) -> i64 {
    let days = i64::from(not_after.to_julian_day()) - i64::from(now.to_julian_day());
    if not_after < now { days.min(-1) } else { days }
}

pub(super) fn rfc3339(at: OffsetDateTime) -> String {
    at.to_offset(time::UtcOffset::UTC).format(&Rfc3339).unwrap_or_else(|_| at.to_string())
}
