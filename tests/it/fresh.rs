//! A run where nothing is there.

use crate::support::{NINE, Sandbox};

#[test]
fn the_nine_files_are_made_with_their_modes_and_nothing_else() {
    let sandbox = Sandbox::new();
    let out = sandbox.certgen(&["--cn", "localhost"]).succeeds();
    let mut names: Vec<String> = sandbox.snapshot().into_keys().collect();
    names.sort_unstable();
    let mut expected = NINE.to_vec();
    expected.sort_unstable();
    assert_eq!(names, expected);
    for name in NINE {
        let mode = if name.ends_with(".key") { 0o600 } else { 0o644 };
        assert_eq!(sandbox.mode(name), mode, "{name}");
        let contents = sandbox.read(name);
        assert!(!contents.contains('\r') && contents.ends_with('\n'), "{name}: LF");
    }
    assert!(out.contains("wrote 9 files to .: ca.key ca.pem ca.srl server.key"), "{out}");
    assert!(!out.contains("PRIVATE"), "{out}");
}

#[test]
fn server_pem_carries_its_issuer_unless_leaf_only() {
    let sandbox = Sandbox::with_set();
    assert!(sandbox.read("server.pem").ends_with(&sandbox.read("ca.pem")));
    assert_eq!(sandbox.read("server.pem").matches("BEGIN CERTIFICATE").count(), 2);
    assert_eq!(sandbox.read("client.pem").matches("BEGIN CERTIFICATE").count(), 1);
    let sandbox = Sandbox::with_set_of(&["--leaf-only"]);
    assert_eq!(sandbox.read("server.pem").matches("BEGIN CERTIFICATE").count(), 1);
}

#[test]
fn the_directory_is_made_and_the_base_names_are_followed() {
    let sandbox = Sandbox::new();
    sandbox
        .certgen(&["-o", "tls", "--ca-file", "root", "--server-file", "milvus", "--client-file", "app"])
        .args(&["--key-type", "ecdsa-p384", "-q"])
        .succeeds();
    for name in ["root.key", "root.pem", "root.srl", "milvus.key", "milvus.pem", "milvus.csr", "app.key"] {
        assert!(sandbox.file("tls").join(name).is_file(), "{name}");
    }
    assert_eq!(crate::support::snapshot(&sandbox.file("tls")).len(), 9);
}

#[test]
fn every_kind_and_form_of_key_is_made() {
    for (flags, label) in [
        (["--key-type", "ecdsa-p256", "--key-format", "pkcs8"], "PRIVATE KEY"),
        (["--key-type", "ecdsa-p384", "--key-format", "traditional"], "EC PRIVATE KEY"),
        (["--key-type", "ed25519", "--key-format", "pkcs8"], "PRIVATE KEY"),
        (["--key-type", "rsa", "--key-format", "traditional"], "RSA PRIVATE KEY"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.certgen(&flags).args(&["-q"]).succeeds();
        for name in ["ca.key", "server.key", "client.key"] {
            assert!(sandbox.read(name).starts_with(&format!("-----BEGIN {label}-----")), "{flags:?} {name}");
        }
        let before = sandbox.snapshot();
        sandbox.certgen(&flags).args(&["-q"]).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{flags:?}: a second run changes nothing");
    }
}

#[test]
fn flags_come_from_the_environment_and_the_command_line_wins() {
    let sandbox = Sandbox::new();
    let json = sandbox
        .certgen(&["--key-type", "ecdsa-p256", "--json", "--organization", "acme"])
        .env("MILVUS_CERTGEN_CN", "db.example.com")
        .env("MILVUS_CERTGEN_SAN", "a.example, 10.0.0.7")
        .env("MILVUS_CERTGEN_ORGANIZATION", "not this one")
        .env("MILVUS_CERTGEN_OUT_DIR", "tls")
        .env("MILVUS_CERTGEN_LEAF_ONLY", "true")
        .env("MILVUS_CERTGEN_DRY_RUN", "0")
        .succeeds();
    let report: serde_json::Value = serde_json::from_str(&json).unwrap();
    let server = &report["certificates"][1]["certificate"];
    assert_eq!(server["subject"], "C=CN, O=acme, OU=milvus, CN=db.example.com");
    let names: Vec<&str> =
        server["names"].as_array().unwrap().iter().map(|n| n["value"].as_str().unwrap()).collect();
    assert_eq!(names, ["db.example.com", "a.example", "10.0.0.7"]);
    assert!(sandbox.file("tls/server.pem").is_file());
}

/// Compose hands on what is not set as an empty value.
#[test]
fn empty_variables_are_as_none_but_for_the_subjects() {
    let sandbox = Sandbox::new();
    let mut run = sandbox.certgen(&["--key-type", "ecdsa-p256", "-q"]);
    for name in
        ["CN", "SAN", "DAYS", "KEY_SIZE", "KEY_FORMAT", "OWNER", "KEY_MODE", "TLS_DIR", "OUT_DIR", "CA_CERT"]
    {
        run = run.env(&format!("MILVUS_CERTGEN_{name}"), "");
    }
    run.env("MILVUS_CERTGEN_ORGANIZATIONAL_UNIT", "").succeeds();
    let server = sandbox.read("server.pem");
    let chain = milvus_certgen::certificate::certificates_from_pem(server.as_bytes()).unwrap();
    assert_eq!(chain[0].subject.text, "C=CN, O=milvus, CN=localhost");
    // Typed, an empty value is what was meant.
    sandbox.certgen(&["--days", ""]).fails(2);
    let check = sandbox.certgen(&["check", "-q"]).env("MILVUS_CERTGEN_EXPIRES_WITHIN", "");
    check.env("MILVUS_CERTGEN_CERT", "").succeeds();
}

#[test]
fn a_wrong_variable_stops_only_the_commands_that_use_it() {
    let sandbox = Sandbox::with_set();
    for (name, value) in [("DAYS", "x"), ("KEY_TYPE", "x"), ("SAN", "a b"), ("KEY_MODE", "999")] {
        let name = format!("MILVUS_CERTGEN_{name}");
        sandbox.certgen(&["check", "-q"]).env(&name, value).succeeds();
        let error = sandbox.certgen(&["--dry-run"]).env(&name, value).fails(2);
        assert!(error.contains(value), "{error}");
    }
    let renew = ["renew", "--ca", "-q"];
    sandbox.certgen(&renew).env("MILVUS_CERTGEN_SAN", "a b").succeeds();
    sandbox.certgen(&renew).env("MILVUS_CERTGEN_DAYS", "x").fails(2);
}

#[test]
fn aliases_of_gen_sh_s_words_work() {
    let sandbox = Sandbox::new();
    let json = sandbox
        .certgen(&[
            "--common-name",
            "localhost",
            "--country-name",
            "de",
            "--state-or-province-name",
            "Bavaria",
        ])
        .args(&[
            "--locality-name",
            "Munich",
            "--organization-name",
            "acme",
            "--organizational-unit-name",
            "it",
        ])
        .args(&["--key-type", "ecdsa-p256", "--json"])
        .succeeds();
    assert!(json.contains("C=DE, ST=Bavaria, L=Munich, O=acme, OU=it, CN=localhost"), "{json}");
    let json =
        sandbox.certgen(&["--location", "Bonn", "--org", "b", "--ou", "c", "--dry-run", "--json"]).succeeds();
    assert!(json.contains("--organization sets O"), "{json}");
}

#[test]
fn quiet_says_nothing_and_a_closed_pipe_is_no_error() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.certgen(&["-q", "--key-type", "ecdsa-p256"]).succeeds(), "");
    let mut run = sandbox.certgen(&["--json"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let status = run.command.stdout(writer).status().unwrap();
    assert!(status.success(), "{status}");
}

#[test]
fn who_interrupts_the_search_for_keys_leaves_nothing_behind() {
    let sandbox = Sandbox::new();
    let mut child = sandbox.certgen(&["--key-size", "4096", "-o", "tls"]).command.spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_millis(50));
    // SIGKILL here; Ctrl-C ends the program in the same way, as it has no handler.
    child.kill().unwrap();
    let status = child.wait().unwrap();
    // Three RSA 4096 keys in the twentieth of a second would be news.
    assert_eq!(status.code(), None);
    assert!(sandbox.snapshot().is_empty());
}

#[test]
fn a_full_device_for_the_report_is_an_error() {
    let sandbox = Sandbox::with_set();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let Ok(full) = full else { return };
    let output = sandbox.certgen(&["--json"]).command.stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
}
