//! Fixes of findings: the table has the kind of fix of a code; here it becomes a command that works when typed, for
//! these files.

use std::ops::ControlFlow;
use std::path::Path;

use super::{Files, Finding, Owner};
use crate::files::{FileKind, quoted};

mod commands;
mod keys;
mod layout;
mod names;

use commands::{ANOTHER_CA, word};

/// The kinds of fix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fix {
    /// There is nothing to do, or nothing that is known here.
    None,
    /// A run issues it again.
    Reissue,
    /// `renew` for this certificate alone: a run leaves it as it is.
    Renew,
    /// The CA signs it: a run issues it again.
    SignWithCa,
    /// With a new key.
    Rekey,
    /// With a new key; where keys have changed places, they change back.
    PairUp,
    /// With a new RSA key.
    RekeyAsRsa,
    /// With the longest validity that all platforms accept.
    Shorten,
    /// A run creates the file; what only the user has must be put back.
    Create,
    /// Another object in the file's place must be moved away.
    MoveAway,
    /// Only the user has the right file.
    Replace,
    /// The CA certificates above it are appended.
    CompleteChain,
    /// The clock is wrong.
    SetClock,
    /// `chmod 600`
    RestrictMode,
    /// openssl takes the password off.
    TakePasswordOff,
    /// openssl writes the key in the other form.
    ConvertToPkcs8,
    /// A run issues it for more names.
    AddNames,
    /// Another CA has issued it, or has to.
    AnotherCa,
    /// A run writes the file again as all read it.
    Rewrite,
    /// The certificate comes first in its file.
    Reorder,
    /// The issuing CA's certificate is appended.
    AddIssuer,
    /// It needs a name that only the user knows.
    NameHost,
    /// A run adds the extendedKeyUsage.
    AddPurpose,
    /// The serial file gets the highest number.
    SetSerial,
    /// The CA key moves out.
    HideCaKey,
    /// The CA above signs it again.
    LengthenPath,
    /// A new CA limits host names only.
    ConstrainAnew,
    /// The next run finishes the one that was interrupted.
    Finish,
    /// milvus.yaml gets that tlsMode, or one with TLS.
    SetTlsMode(Option<u8>),
    /// Milvus reads its files at start.
    RestartMilvus,
    /// Milvus gets the directory's files.
    DeployFiles,
    /// The server certificate is reissued on another machine.
    ReissueServer,
    /// The client certificate is reissued on another machine.
    ReissueClient,
    /// The client asks for a name that the server's certificate has.
    NameServer,
    /// Milvus listens on another port.
    OtherPort,
    /// A proxy must connect to Milvus with gRPC over TLS.
    ConfigureProxy(&'static str),
    /// The client's files are named.
    NameClientFiles,
    /// The client's own key is named.
    NameClientKey,
    /// The client shows a certificate of the CA.
    ClientOfCa,
    /// tls.caPemPath gets the CA of the clients.
    GiveMilvusTheCa,
    /// The configuration gets that key.
    SetKey(&'static str),
    /// What is known only where the problem is found.
    Say(&'static str),
}

impl Files<'_> {
    /// The fix: a command that works when typed, or a sentence where no command exists.
    pub fn fix(&self, finding: &Finding) -> Option<String> {
        let at = finding.at;
        if let ControlFlow::Break(fix) = self.around_a_key(finding) {
            return fix;
        }
        let quoted_path = quoted(&self.path(at));
        Some(match finding.fix {
            Fix::None => return None,
            Fix::Reissue | Fix::SignWithCa => self.reissue(at),
            Fix::Renew => self.renew(at, ""),
            Fix::Rekey => self.rekey(at),
            Fix::PairUp => return self.pair_up(at),
            Fix::RekeyAsRsa => self.renew(at, " --rekey --key-type rsa"),
            Fix::Shorten => self.renew(at, " --days 825"),
            Fix::Create => self.create(at, &quoted_path),
            Fix::MoveAway => self.move_away(at),
            Fix::Replace if at.is(FileKind::Serial) => format!("rm {quoted_path}"),
            Fix::Replace => self.replace(at),
            Fix::CompleteChain => "append the CA certificates above it, up to the root".to_owned(),
            Fix::SetClock => self.set_clock(at),
            Fix::RestrictMode => format!("chmod 600 {quoted_path}"),
            Fix::TakePasswordOff => return self.conversion_of(at),
            Fix::ConvertToPkcs8 => format!(
                "openssl pkcs8 -topk8 -nocrypt -in {quoted_path} -out {quoted_path}.new && mv {quoted_path}.new {quoted_path}"
            ),
            Fix::AddNames => return self.add_names(at),
            Fix::AnotherCa => ANOTHER_CA.to_owned(),
            Fix::Rewrite => self.rewrite(at),
            Fix::Reorder => self.reorder(at)?,
            Fix::AddIssuer => format!(
                "append the issuing CA's certificate to {quoted_path}; if {} is not its root, put the root there",
                self.name(Owner::Ca.file(FileKind::Certificate))
            ),
            Fix::NameHost => self.name_host(at),
            Fix::AddPurpose => self.add_purpose(at),
            Fix::SetSerial => format!("echo {} > {quoted_path}", self.newest_serial()?),
            Fix::HideCaKey => {
                "move it to where only you can read it, and run milvus-certgen there".to_owned()
            }
            Fix::LengthenPath => "have the CA above reissue it with a longer pathlen".to_owned(),
            Fix::ConstrainAnew => self.constrain_anew(at),
            Fix::Finish => self.command(""),
            Fix::SetTlsMode(mode) => {
                // tlsMode alone is not enough: Milvus needs the paths and a port for REST too.
                let mode = mode.map_or_else(String::new, |mode| format!(" --tls-mode {mode}"));
                let dir = self.dir.filter(|dir| *dir != Path::new("."));
                let dir = dir.map_or_else(String::new, |dir| format!(" --dir {}", quoted(dir)));
                format!("add this to milvus.yaml, and restart Milvus: milvus-certgen config milvus-yaml{mode}{dir}")
            }
            Fix::ConfigureProxy(what) => format!("milvus-certgen config {what}"),
            Fix::RestartMilvus => "restart Milvus, which reads its files once, at start".to_owned(),
            Fix::DeployFiles => {
                "put the directory's files where Milvus reads them, and restart it".to_owned()
            }
            Fix::ReissueServer => {
                "reissue the server certificate where the CA key is: milvus-certgen; then restart Milvus"
                    .to_owned()
            }
            Fix::ReissueClient => {
                format!("reissue it where the CA key is: milvus-certgen renew {}", word(self.base(at)?))
            }
            Fix::NameServer => self.name_server(),
            Fix::OtherPort => {
                "use the port of Milvus's gRPC service, 19530 by default".to_owned()
            }
            Fix::NameClientFiles => {
                "name the client's files with --cert and --key, or the directory of the certificates with --dir".to_owned()
            }
            Fix::NameClientKey => format!(
                "name its own key with --key, or create a new one where the CA key is: milvus-certgen renew {} --rekey",
                word(self.base(at)?)
            ),
            Fix::ClientOfCa => {
                "use a client certificate of this CA; where its key is: milvus-certgen client NAME".to_owned()
            }
            Fix::SetKey(key) => {
                format!("set {key} (as a variable {})", key.replace('.', "_").to_uppercase())
            }
            Fix::Say(what) => what.to_owned(),
            Fix::GiveMilvusTheCa => {
                "set tls.caPemPath in milvus.yaml to the CA that issued the client certificate, and restart Milvus"
                    .to_owned()
            }
        })
    }
}
