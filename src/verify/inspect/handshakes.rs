//! Handshakes for the names that clients will use.

use super::{Handshake, Inspection, not_checked};
use crate::certificate::Certificate;
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::san::San;
use crate::verify::{Code, Finding, chain, handshake};

/// One-way and mutual, for every asked name, or for the first that the server has.
pub(super) fn shake_all(
    inspection: &Inspection<'_>,
    ca: &Certificate,
    findings: &mut Vec<Finding>,
) -> Vec<Handshake> {
    let Inspection { set, names, now, .. } = *inspection;
    let Some(server) = set.first(Role::Server) else { return Vec::new() };
    if server.files.key.sound().is_none() || server.files.certificate.sound().is_none() {
        return Vec::new();
    }
    let own =
        server.files.sound_certificate().and_then(|certificate| certificate.subject_alt_names.as_deref());
    let own = own.unwrap_or_default();
    let names: Vec<&San> = match names {
        [] => own.iter().find(|name| chain::server_name(name).is_some()).into_iter().collect(),
        asked => asked.iter().collect(),
    };
    let client = set.first(Role::Client).filter(|client| client.files.key.sound().is_some());
    let mut handshakes = Vec::new();
    for name in names {
        let Some(server_name) = chain::server_name(name) else { continue };
        for (tls_mode, client) in
            [(1, None), (2, client)].into_iter().filter(|(mode, c)| *mode == 1 || c.is_some())
        {
            let client = client.map(|client| &client.files);
            let mut problem = handshake::shake(&server.files, client, ca, &server_name, now).err();
            // A name that it is not for has a finding of its own.
            if !chain::has_name(own, name) {
                problem = problem.map(|_| "the certificate is not for that name".to_owned());
            } else if let Some(why) = &problem {
                let pem = server.base.file(FileKind::Certificate);
                let message = format!("fails a handshake as in tlsMode {tls_mode}: {why}");
                findings.push(Finding::new(Code::Handshake, pem, message));
            }
            handshakes.push(Handshake { name: name.to_string(), tls_mode, problem });
        }
    }
    if client.is_none() && set.first(Role::Client).is_none() {
        let client = BaseName::of_role(Role::Client).file(FileKind::Certificate);
        findings.push(not_checked(&client, "is not here: a handshake as in tlsMode 2"));
    }
    handshakes
}
