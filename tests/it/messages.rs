//! Snapshots of what people and scripts read: help, report, JSON, errors.

use crate::support::{Sandbox, text};

/// Replaces what differs from run to run.
fn settings() -> insta::Settings {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_snapshot_path("snapshots");
    settings.add_filter(r"([0-9A-F]{2}:){31}[0-9A-F]{2}", "[SHA-256]");
    settings.add_filter(r"[0-9A-F]{40}", "[SERIAL]");
    settings.add_filter(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "[TIME]");
    settings.add_filter(r"\d{4}-\d\d-\d\d", "[DATE]");
    // A second after it was made, a certificate of 3650 days has 3649 whole ones left.
    settings.add_filter(r"in 36(50|49) days", "in [DAYS] days");
    settings.add_filter(r"36(50|49) days left", "[DAYS] days left");
    settings.add_filter(r#""days_left": 36(50|49)"#, r#""days_left": [DAYS]"#);
    settings
}

pub(crate) fn assert_snapshot(name: &str, contents: &str) {
    settings().bind(|| insta::assert_snapshot!(name, contents));
}

#[test]
fn help() {
    let sandbox = Sandbox::new();
    let wide = |flag: &str| sandbox.certgen(&[flag]).env("COLUMNS", "100").succeeds();
    assert_snapshot("help-short", &wide("-h"));
    assert_snapshot("help-long", &wide("--help"));
}

#[test]
fn report() {
    let sandbox = Sandbox::new();
    let made = sandbox.certgen(&["--cn", "localhost", "--key-type", "ecdsa-p256"]).succeeds();
    assert_snapshot("report-made", &made);
    assert_snapshot("report-kept", &sandbox.certgen(&[]).succeeds());
    let flags = ["--san", "db.example.com,10.0.0.7", "--client-cn", "app", "--ou", "it"];
    assert_snapshot("report-dry-run", &sandbox.certgen(&flags).args(&["--dry-run"]).succeeds());
    assert_snapshot("report-re-signed", &sandbox.certgen(&flags).succeeds());
    assert_snapshot(
        "report-leaf-only",
        &sandbox.certgen(&["--leaf-only", "--key-size", "4096", "--dry-run"]).succeeds(),
    );
}

#[test]
fn json() {
    let sandbox = Sandbox::new();
    let made = sandbox.certgen(&["--cn", "localhost", "--key-type", "ecdsa-p256", "--json"]).succeeds();
    assert_snapshot("json-made", &made);
    let kept: serde_json::Value =
        serde_json::from_str(&sandbox.certgen(&["--json", "-q"]).succeeds()).unwrap();
    assert_eq!(kept["changed"], false);
    assert_eq!(kept["written"], serde_json::json!([]));
    let dry = sandbox.certgen(&["--json", "--dry-run", "--san", "db.example.com"]).succeeds();
    let dry: serde_json::Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["changed"], &dry["dry_run"]), (&true.into(), &true.into()));
    assert_eq!(dry["certificates"][1]["action"], "re-sign");
    let empty = Sandbox::new();
    assert_snapshot("json-dry-run-of-nothing", &empty.certgen(&["--json", "--dry-run"]).succeeds());
}

#[test]
fn errors() {
    let sandbox = Sandbox::with_set();
    sandbox.write("ca.srl", "garbage");
    sandbox.write("file", "");
    let mut all = String::new();
    for flags in [
        &["--cn", "My Milvus"][..],
        &["--cn", "https://milvus.example:19530"],
        &["--cn", ""],
        &["--country", "CHN"],
        &["--san", "b\u{fc}cher.example"],
        &["--san", "localhost:19530"],
        &["--days", "0"],
        &["--key-type", "ecdsa-p256", "--key-size", "4096"],
        &["--server-file", "tls/server"],
        &["--out-dir", "file"],
        &["--out-dir", "file/such"],
        &[],
    ] {
        let output = sandbox.certgen(flags).output();
        let code = output.status.code().unwrap();
        let run = format!("$ milvus-certgen {}\n{}[exit {code}]\n\n", flags.join(" "), text(&output.stderr));
        all.push_str(&run);
    }
    assert_snapshot("errors", &all);
}

#[test]
fn no_colours_on_a_pipe_and_no_secrets_anywhere() {
    let sandbox = Sandbox::new();
    let out = sandbox.certgen(&["--key-type", "ecdsa-p256"]).succeeds();
    assert!(!out.contains('\u{1b}'), "{out:?}");
    let key = sandbox.read("server.key");
    let secret = key.lines().nth(1).unwrap();
    for flags in [&[][..], &["--json"], &["--dry-run", "--san", "a.example"]] {
        assert!(!sandbox.certgen(flags).succeeds().contains(secret));
    }
}
