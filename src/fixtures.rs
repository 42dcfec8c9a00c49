//! Sets that are broken on purpose, for tests of TLS code: each in one way, beside a good one.

use time::{Duration, OffsetDateTime};
use zeroize::Zeroizing;

use crate::certificate::Certificate;
use crate::error::{Failure, Result};
use crate::files::{BaseName, FileKind};
use crate::keys::{self, KeyFormat, KeyKind, PrivateKey, PublicKey};
use crate::pki::{self, Identity, MaySignFor, Validity};
use crate::profile::Role;
use crate::san::San;
use crate::serial::Serial;
use crate::subject::{AttributeType, Subject};

/// Long enough that nobody's tests fail one day because the good set has expired too.
const DAYS: u32 = 3650;

/// The problem of an invalid set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    None,
    Expired,
    NotYetValid,
    WrongHost,
    WrongCa,
    WrongEku,
    NoSan,
    WeakKey,
}

/// A row of the table: a directory, and the expected result for its users.
#[derive(Debug, Clone, Copy)]
pub struct Fixture {
    pub flaw: Flaw,
    pub directory: &'static str,
    pub what: &'static str,
    pub refused_by: &'static str,
}

/// All sets.
pub const FIXTURES: [Fixture; 8] = [
    Fixture { flaw: Flaw::None, directory: "good", what: "nothing is wrong with it", refused_by: "nobody" },
    Fixture {
        flaw: Flaw::Expired,
        directory: "expired",
        what: "both certificates expired a day before they were made",
        refused_by: "clients refuse the server; a server in tlsMode 2 refuses the client",
    },
    Fixture {
        flaw: Flaw::NotYetValid,
        directory: "not-yet-valid",
        what: "both certificates are valid from five years after they were made",
        refused_by: "clients refuse the server; a server in tlsMode 2 refuses the client",
    },
    Fixture {
        flaw: Flaw::WrongHost,
        directory: "wrong-host",
        what: "the server's certificate is for wrong-host.invalid",
        refused_by: "clients that connect by any other name refuse the server; the client is fine",
    },
    Fixture {
        flaw: Flaw::WrongCa,
        directory: "wrong-ca",
        what: "both certificates are signed by a CA that is not the one in ca.pem, of the same subject",
        refused_by: "clients that trust ca.pem refuse the server; a server in tlsMode 2 refuses the client",
    },
    Fixture {
        flaw: Flaw::WrongEku,
        directory: "wrong-eku",
        what: "the server's certificate is for clients (clientAuth), the client's for servers (serverAuth)",
        refused_by: "clients refuse the server; a server in tlsMode 2 refuses the client",
    },
    Fixture {
        flaw: Flaw::NoSan,
        directory: "no-san",
        what: "the server's certificate has a CN and no subjectAltName",
        refused_by: "Go, Node, rustls and Python refuse the server; gRPC's C core (pymilvus) falls back to the CN; the \
                     client is fine",
    },
    Fixture {
        flaw: Flaw::WeakKey,
        directory: "weak-key",
        what: "the keys are RSA of 1024 bits",
        refused_by: "OpenSSL from security level 2 on (Debian's default), rustls; Go takes them",
    },
];

/// A file of a set.
pub struct Made {
    /// Its name in the set's directory.
    pub name: String,
    /// The mode that it is created with.
    pub mode: u32,
    /// Its content.
    pub contents: Zeroizing<Vec<u8>>,
}

/// One CA for all sets but `wrong-ca`, which has it as ca.pem and another as its issuer.
pub struct Maker<'a> {
    ca: (Certificate, PrivateKey),
    stranger: (Certificate, PrivateKey),
    names: &'a [San],
    last: Serial,
    now: OffsetDateTime,
}

impl<'a> Maker<'a> {
    /// Makes the CAs. `names` are the good server's.
    pub fn new(
        names: &'a [San],
        now: OffsetDateTime,
        random: &dyn Fn(&mut [u8]) -> Result<()>,
    ) -> Result<Self> {
        let mut bytes = [0; 20];
        random(&mut bytes)?;
        let last = Serial::from_random(bytes);
        let ca = || -> Result<(Certificate, PrivateKey)> {
            let key = keys::generate(KeyKind::EcdsaP256, 1)?.remove(0);
            let subject = subject("fixtures, for tests only", "milvus-certgen fixtures CA")?;
            let mut serial = [0; 20];
            random(&mut serial)?;
            let serial = Serial::from_random(serial);
            let certificate =
                pki::self_sign(&subject, &key, &serial, valid(now, 0)?, None, &MaySignFor::Anything)?;
            Ok((certificate, key))
        };
        Ok(Self { ca: ca()?, stranger: ca()?, names, last, now })
    }

    /// The files of one set: what a server and a client load; the CA's key too where nothing is wrong.
    pub fn make(&mut self, fixture: &Fixture) -> Result<Vec<Made>> {
        let mut files = vec![pem(Role::Ca, FileKind::Certificate, self.ca.0.to_pem())];
        for role in [Role::Server, Role::Client] {
            files.extend(self.leaf(fixture, role)?);
        }
        if fixture.flaw == Flaw::None {
            let key = self.ca.1.to_pem(KeyFormat::Pkcs8)?;
            files.push(made(Role::Ca, FileKind::Key, key));
            files.push(pem(Role::Ca, FileKind::Serial, self.last.to_srl()));
        }
        Ok(files)
    }

    fn leaf(&mut self, fixture: &Fixture, role: Role) -> Result<[Made; 2]> {
        let flaw = fixture.flaw;
        let (key, public) = new_key(flaw)?;
        let about =
            if flaw == Flaw::None { "good".to_owned() } else { format!("BROKEN: {}", fixture.directory) };
        let wrong_host = [San::Dns("wrong-host.invalid".to_owned())];
        let names: &[San] = match (role, flaw) {
            (Role::Server, Flaw::NoSan) | (Role::Client, _) => &[],
            (_, Flaw::WrongHost) => &wrong_host,
            _ => self.names,
        };
        let common_name = match (role, flaw, self.names.first()) {
            (Role::Server, Flaw::WrongHost, _) => "wrong-host.invalid".to_owned(),
            (Role::Server, _, Some(name)) => name.value(),
            _ => format!("{} client", fixture.directory),
        };
        let identity = Identity { subject: subject(&about, &common_name)?, names: names.to_vec() };
        let purpose = match (role, flaw) {
            (Role::Server, Flaw::WrongEku) => Role::Client,
            (Role::Client, Flaw::WrongEku) => Role::Server,
            _ => role,
        };
        let (ca, ca_key) = if flaw == Flaw::WrongCa { &self.stranger } else { &self.ca };
        self.last = self.last.next().ok_or_else(|| Failure::failed("no serial number is left"))?;
        let validity = match flaw {
            Flaw::Expired => valid(self.now, -i64::from(DAYS) - 1)?,
            Flaw::NotYetValid => valid(self.now, i64::from(DAYS) / 2)?.ending_by(ca.not_after),
            _ => valid(self.now, 0)?.ending_by(ca.not_after),
        };
        let certificate = pki::sign(purpose, &identity, &public, &self.last, validity, (ca, ca_key))?;
        let mut text = certificate.to_pem();
        if role == Role::Server {
            text.push_str(&ca.to_pem());
        }
        Ok([made(role, FileKind::Key, key), pem(role, FileKind::Certificate, text)])
    }
}

fn new_key(flaw: Flaw) -> Result<(Zeroizing<Vec<u8>>, PublicKey)> {
    if flaw == Flaw::WeakKey {
        return keys::generate_weak_rsa();
    }
    let key = keys::generate(KeyKind::EcdsaP256, 1)?.remove(0);
    Ok((key.to_pem(KeyFormat::Pkcs8)?, key.public().clone()))
}

fn subject(about: &str, common_name: &str) -> Result<Subject> {
    Subject::default()
        .with(AttributeType::Organization, "O", "milvus-certgen fixtures")?
        .with(AttributeType::OrganizationalUnit, "OU", about)?
        .with(AttributeType::CommonName, "CN", common_name)
}

fn valid(now: OffsetDateTime, shift: i64) -> Result<Validity> {
    let shifted = Validity::days_from(now, DAYS).and_then(|validity| {
        Some(Validity {
            not_before: validity.not_before.checked_add(Duration::days(shift))?,
            not_after: validity.not_after.checked_add(Duration::days(shift))?,
        })
    });
    shifted.ok_or_else(|| Failure::failed("the clock is too near the year 9999"))
}

fn pem(role: Role, kind: FileKind, text: String) -> Made {
    made(role, kind, Zeroizing::new(text.into_bytes()))
}

fn made(role: Role, kind: FileKind, contents: Zeroizing<Vec<u8>>) -> Made {
    Made { name: BaseName::of_role(role).file(kind), mode: kind.mode(), contents }
}

/// The first line.
pub const TITLE: &str = "# Certificates that are broken on purpose";

/// The content of README.md while the sets are being written.
pub fn incomplete_readme() -> String {
    format!("{TITLE}\n\nNot complete: the run was interrupted. `milvus-certgen fixtures` makes them anew.\n")
}

/// The content of README.md beside the sets.
pub fn readme() -> String {
    let rows = FIXTURES.map(|Fixture { directory, what, refused_by, .. }| {
        format!("| {directory} | {what} | {refused_by} |\n")
    });
    format!(
        "{TITLE}\n\n\
         Made by `milvus-certgen fixtures`, for tests. Each directory is what a server (server.pem, server.key) and a\n\
         client (client.pem, client.key) load; who trusts good/ca.pem trusts the ca.pem of all of them, which is the\n\
         same. Their subjects say what is wrong (OU). Never use them for anything else.\n\n\
         | directory | what is wrong | who must refuse it |\n|---|---|---|\n{}",
        rows.concat()
    )
}
