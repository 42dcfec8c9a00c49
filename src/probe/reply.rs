//! How a conversation ends.

use std::fmt;
use std::io::{self, ErrorKind};

use rustls::{AlertDescription, PeerIncompatible};

/// How it ended.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// The server talks with this client.
    Accepted,
    /// The server, or the handshake, says no.
    Refused(Refusal),
    /// It closed the connection without a word.
    Closed,
    /// It did not answer in time.
    Silent,
    /// It does not speak TLS; its first bytes, for people.
    NotTls(String),
}

/// How TLS says no.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The server does.
    Alert(AlertDescription),
    /// There is nothing that both can do.
    Incompatible(PeerIncompatible),
    /// Anything else, in rustls' words.
    Other(String),
}

impl Refusal {
    /// True if the two have no version of TLS in common, or nothing of it.
    pub fn is_about_version(&self) -> bool {
        matches!(self, Self::Alert(AlertDescription::ProtocolVersion) | Self::Incompatible(_))
    }

    /// True if they have no protocol above TLS in common.
    pub fn is_about_protocol(&self) -> bool {
        matches!(self, Self::Alert(AlertDescription::NoApplicationProtocol))
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Alert(alert) => write!(f, "TLS alert {}", alert_name(*alert)),
            Self::Incompatible(why) => write!(f, "nothing in common: {why:?}"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

impl From<&rustls::Error> for Refusal {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(alert) => Self::Alert(*alert),
            rustls::Error::PeerIncompatible(why) => Self::Incompatible(why.clone()),
            other => Self::Other(other.to_string()),
        }
    }
}

/// How a failure of rustls' input and output is to be understood.
impl From<&io::Error> for Reply {
    fn from(error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => Self::Refused(error.into()),
            None if error.kind() == ErrorKind::TimedOut => Self::Silent,
            None => Self::Closed,
        }
    }
}

/// The name that RFC 8446 section 6 gives it.
fn alert_name(alert: AlertDescription) -> String {
    let mut name = String::new();
    // "UnknownCA": capitals that follow each other are one word.
    let mut was_capital = true;
    for c in format!("{alert:?}").chars() {
        if c.is_ascii_uppercase() && !was_capital {
            name.push('_');
        }
        was_capital = c.is_ascii_uppercase();
        name.push(c.to_ascii_lowercase());
    }
    name
}
