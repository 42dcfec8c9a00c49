//! Snapshots of what `check` says, to people and to scripts.

use super::row::rows;
use super::signing::{CA, SERVER, but, sign, sign_ca};
use crate::messages::assert_snapshot;
use crate::support::{Sandbox, has, text};

/// What `check` prints, whatever its exit code; days left differ by the second.
fn said(set: &Sandbox, flags: &[&str]) -> String {
    let output = set.certgen(&["check"]).args(flags).output();
    let said = text(&output.stdout).replace("364 days left", "365 days left");
    said.replace(r#""days_left": 364"#, r#""days_left": 365"#)
}

#[test]
fn of_a_sound_set() {
    let set = Sandbox::with_set_of(&["--days", "365", "--ca-days", "365"]);
    assert_snapshot("check-sound", &said(&set, &[]));
    assert_snapshot("check-sound-json", &said(&set, &["--json"]));
}

#[test]
fn of_a_very_broken_set() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set_of(&["--days", "365", "--ca-days", "365"]);
    sign_ca(&set, &but(CA, "keyUsage="));
    let server =
        but(&but(SERVER, "extendedKeyUsage=clientAuth"), "subjectAltName=DNS:localhost,DNS:10.0.0.7");
    sign(&set, "server", &server);
    set.openssl("pkcs8 -topk8 -in client.key -out client.new -passout pass:secret");
    std::fs::rename(set.file("client.new"), set.file("client.key")).unwrap();
    set.write("client.pem", "");
    set.write("client.csr", set.read("server.csr"));
    set.write("ca.srl", "01\n");
    set.set_mode("server.key", 0o644);
    assert_snapshot("check-broken", &said(&set, &["--name", "10.0.0.7"]));
    assert_snapshot("check-broken-json", &said(&set, &["--name", "10.0.0.7", "--json"]));
}

/// Each message, what is seen and the fix of each row, without what differs from run to run.
#[test]
fn of_each_row() {
    if !has("openssl") {
        return;
    }
    let all = rows().into_iter().map(|row| {
        let out = said(&row.broken(), row.asked);
        let findings = out.lines().skip_while(|line| !line.contains('[')).collect::<Vec<_>>().join("\n");
        format!("{}\n{findings}\n\n", row.name)
    });
    assert_snapshot("check-rows", &all.collect::<String>());
}
