//! Bad input: one clear line, a hint, the right exit code, and nothing changed on disk.

use std::fs;
use std::os::unix::fs::symlink;

use milvus_certgen::pki::{self, MaySignFor, Validity};
use milvus_certgen::serial::Serial;
use milvus_certgen::subject::{AttributeType, Subject};

use crate::support::{Sandbox, as_someone_else, has, snapshot, text};

/// Asserts the shape of an error, and that it says `what`.
fn assert_error(err: &str, what: &str) {
    let lines: Vec<&str> = err.lines().collect();
    assert!(lines[0].starts_with("error: ") && !lines[0].ends_with('.'), "{err}");
    assert!(lines[0].contains(what), "{what:?} expected in: {err}");
    assert!(lines.len() == 2 && lines[1].starts_with("hint: "), "one line and a hint: {err}");
}

#[test]
fn bad_flags() {
    let long = "x".repeat(65);
    let longer = "x".repeat(129);
    let cases: &[(&[&str], &str)] = &[
        (&["--country", "CHN"], "--country \"CHN\": a country is two letters"),
        (&["--country", "7"], "--country \"7\""),
        (&["--cn", &long, "--san", "a.example"], "at most 64"),
        (&["--client-cn", &long], "--client-cn"),
        (&["--organization", &long], "--organization"),
        (&["--ou", &long], "--organizational-unit"),
        (&["--state", &longer], "at most 128"),
        (&["--locality", &longer], "at most 128"),
        (&["--org", "a\tb"], "control character"),
        (&["--cn", "a\u{7}b"], "control character"),
        (&["--cn", ""], "without a CN or a --san"),
        (&["--cn", "My Milvus"], "clients check the host's name, and without --san it is the CN"),
        (&["--cn", "localhost:19530"], "has a port"),
        (&["--cn", "https://localhost"], "a URL"),
        (&["--cn", "spiffe://cluster/milvus"], "a URI"),
        (&["--cn", "b\u{fc}cher.example"], "not ASCII"),
        (&["--san", "a..b"], "--san \"a..b\": has an empty label"),
        (&["--san", "a.*.example.com"], "wildcard"),
        (&["--san", "127.0.0.1:19530"], "has a port"),
        (&["--san", "http://a.example"], "a URL"),
        (&["--san", "b\u{fc}cher.example"], "not ASCII"),
        (&["--san", "ok.example,-bad.example"], "--san \"-bad.example\""),
        (&["--days", "0"], "--days \"0\": at least one day"),
        (&["--days", "-5"], "--days \"-5\": at least one day"),
        (&["--days", "1.5"], "not a whole number"),
        (&["--days", "12h"], "not whole days"),
        (&["--days", "99999999999999999999"], "year 9999"),
        (&["--days", "2920000"], "--days 2920000: ends after the year 9999"),
        (&["--ca-days", "2920000"], "--ca-days 2920000: ends after the year 9999"),
        (&["--days", "365", "--ca-days", "30"], "--ca-days 30: less than --days 365"),
        (&["--renew-within", "-1"], "--renew-within \"-1\""),
        (&["--key-size", "1024"], "--key-size \"1024\""),
        (&["--key-size", "8192"], "--key-size \"8192\""),
        (&["--key-type", "ecdsa-p256", "--key-size", "2048"], "--key-type is ecdsa-p256"),
        (&["--key-type", "ed25519", "--key-format", "traditional"], "no traditional form"),
        (&["--ca-file", "a/b"], "--ca-file \"a/b\""),
        (&["--server-file", ".."], "--server-file \"..\""),
        (&["--client-file", ""], "--client-file \"\""),
        (&["--server-file", "ca"], "--server-file \"ca\": --ca-file has that name already"),
        (&["--out-dir", ""], "--out-dir \"\""),
    ];
    for (flags, what) in cases {
        let sandbox = Sandbox::new();
        let err = sandbox.certgen(flags).args(&["-o", "tls"]).output();
        let code = err.status.code();
        // --out-dir twice is clap's to refuse; the case itself comes first.
        if flags[0] == "--out-dir" {
            assert_error(&sandbox.certgen(flags).fails(2), what);
        } else {
            assert_eq!(code, Some(2), "{flags:?}: {}", text(&err.stderr));
            assert_error(&text(&err.stderr), what);
        }
        assert!(sandbox.snapshot().is_empty(), "{flags:?}: something was written");
    }
}

#[test]
fn unknown_flags_and_values() {
    let sandbox = Sandbox::new();
    for (flags, what) in [
        (["--key-type", "dsa"], "use one of rsa, ecdsa-p256, ecdsa-p384, ed25519"),
        (["--sann", "localhost"], "hint: milvus-certgen --san localhost"),
        (["serve", "-q"], "serve: no such command"),
    ] {
        let err = sandbox.certgen(&flags).fails(2);
        assert!(err.contains(what), "{flags:?}: {err}");
    }
}

#[test]
fn bad_directories() {
    let sandbox = Sandbox::new();
    sandbox.write("file", "");
    std::os::unix::fs::symlink("nowhere", sandbox.file("link")).unwrap();
    for (dir, what) in [
        ("file", "file: is not a directory"),
        ("file/x", "file/x: is not a directory"),
        ("link", "link: is a symbolic link to nowhere, which does not exist"),
        ("link/x", "link: is a symbolic link to nowhere, which does not exist"),
    ] {
        let before = sandbox.snapshot();
        for extra in [&[][..], &["--dry-run"]] {
            let err = sandbox.certgen(&["-o", dir]).args(extra).fails(1);
            assert!(err.starts_with(&format!("error: {what}")), "{dir}: {err}");
        }
        assert_eq!(sandbox.snapshot(), before);
    }
    for command in
        ["ca -o link", "csr a -o link", "fixtures link", "--tls-dir link", "man -o link", "check link"]
    {
        let err = sandbox.certgen(&command.split(' ').collect::<Vec<_>>()).fails(1);
        assert!(err.contains("link: is a symbolic link to nowhere"), "{command}: {err}");
    }
}

#[test]
fn a_directory_is_made_with_its_parents_and_goes_again_with_a_run_that_fails() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["-o", "a/b/c", "--tls-dir", "d/e", "--key-type", "ecdsa-p256", "-q"]).succeeds();
    assert_eq!(snapshot(&sandbox.file("a/b/c")).len(), 9);
    assert_eq!(snapshot(&sandbox.file("d/e")).len(), 3);
    sandbox.certgen(&["client", "a", "-o", "x/y"]).fails(1);
    sandbox
        .certgen(&["--tls-dir", "x/y", "--ca-cert", "a/b/c/ca.pem", "--ca-key", "a/b/c/server.key"])
        .fails(1);
    assert!(!sandbox.file("x").exists());
}

#[test]
fn a_directory_without_permission() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file("tls")).unwrap();
    sandbox.set_mode("tls", 0o555);
    let output = as_someone_else(&sandbox, &["-o", "tls", "--key-type", "ecdsa-p256"]);
    assert_eq!(output.status.code(), Some(1));
    assert_error(&text(&output.stderr), "tls: cannot be written to: permission denied");
    let output = as_someone_else(&sandbox, &["-o", "new", "--key-type", "ecdsa-p256"]);
    // Where the tester is not root, the sandbox itself is writable.
    if output.status.code() != Some(0) {
        assert_error(&text(&output.stderr), "new: cannot be created: permission denied");
    }
    assert!(snapshot(&sandbox.file("tls")).is_empty());
}

#[test]
fn a_key_that_may_not_be_read() {
    let sandbox = Sandbox::with_set();
    sandbox.set_mode("", 0o755);
    sandbox.set_mode("ca.key", 0o000);
    let output = as_someone_else(&sandbox, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_error(&text(&output.stderr), "ca.key: cannot be read: permission denied");
}

#[test]
fn a_write_that_fails_midway_leaves_nothing() {
    for limit in [0, 1, 2] {
        let sandbox = Sandbox::new();
        let mut run = sandbox.certgen(&[]);
        let script = format!("trap '' XFSZ; ulimit -f {limit}; exec \"$0\" --key-type ecdsa-p256 -o tls");
        let mut command = std::process::Command::new("sh");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_milvus-certgen")]).current_dir(sandbox.path());
        run.command = command;
        let output = run.output();
        // A block is 512 bytes or 1024: with two of them the certificates may fit.
        if output.status.code() == Some(1) {
            assert!(text(&output.stderr).contains("cannot be written"), "{}", text(&output.stderr));
            assert!(!sandbox.file("tls").exists(), "limit {limit}: the directory it made is gone again");
        } else {
            assert!(limit > 0 && output.status.success(), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn a_full_disk() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file("full")).unwrap();
    let mount = |args: &[&str]| {
        let status =
            std::process::Command::new(args[0]).args(&args[1..]).stderr(std::process::Stdio::null()).status();
        status.is_ok_and(|status| status.success())
    };
    let path = sandbox.file("full").display().to_string();
    if !mount(&["mount", "-t", "tmpfs", "-o", "size=8k", "certgen-test", &path]) {
        use std::io::Write;
        let _ = writeln!(
            std::io::stderr(),
            "skipped refused::a_full_disk: no right to mount a small file system"
        );
        return;
    }
    let err = sandbox.certgen(&["-o", "full", "--key-type", "ecdsa-p256"]).output();
    let left = snapshot(&sandbox.file("full"));
    assert!(mount(&["umount", &path]));
    assert_eq!(err.status.code(), Some(1));
    assert_error(&text(&err.stderr), "cannot be written: no space left on device");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn damaged_ca_files() {
    let foreign = Sandbox::with_set();
    let cases: &[(&str, &str, &str)] = &[
        ("ca.key", "", "ca.key: is empty"),
        ("ca.key", "garbage", "ca.key: holds text, not a PEM private key"),
        ("ca.key", &foreign.read("ca.pem"), "ca.key: holds a CERTIFICATE, not a PEM private key"),
        ("ca.key", &foreign.read("ca.key"), "ca.key: is not the key of ca.pem"),
        ("ca.key", &foreign.read("ca.key")[..100], "ca.key: is damaged"),
        ("ca.pem", "", "ca.pem: is empty"),
        ("ca.pem", "garbage", "ca.pem: holds no PEM CERTIFICATE"),
        ("ca.pem", &foreign.read("ca.key"), "ca.pem: holds a PRIVATE KEY, not a CERTIFICATE"),
        ("ca.pem", &foreign.read("ca.pem"), "ca.key: is not the key of ca.pem"),
        ("ca.pem", &foreign.read("ca.pem").replace('M', "N"), "ca.pem: "),
        ("ca.srl", "garbage", "ca.srl: is not a hexadecimal number"),
        ("ca.srl", "", "ca.srl: is empty"),
    ];
    for (name, contents, what) in cases {
        let sandbox = Sandbox::with_set();
        sandbox.write(name, contents);
        let before = sandbox.snapshot();
        assert_error(&sandbox.certgen(&[]).fails(1), what);
        assert_error(&sandbox.certgen(&["--dry-run"]).fails(1), what);
        assert_eq!(sandbox.snapshot(), before, "{what}");
        // The way out that the hint names.
        sandbox.certgen(&["--force", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    }
}

#[test]
fn a_ca_that_cannot_sign() {
    let sandbox = Sandbox::with_set();
    fs::copy(sandbox.file("server.pem"), sandbox.file("ca.pem")).unwrap();
    fs::copy(sandbox.file("server.key"), sandbox.file("ca.key")).unwrap();
    assert_error(&sandbox.certgen(&[]).fails(1), "ca.pem: is not a CA certificate");
    let sandbox = Sandbox::with_set();
    sandbox.remove("ca.pem");
    assert_error(
        &sandbox.certgen(&[]).fails(1),
        "ca.pem: is missing, but server.pem, which it issued, exists",
    );
}

#[test]
fn a_ca_key_with_a_password_and_the_way_out_that_the_hint_names() {
    if !has("openssl") {
        return;
    }
    for cipher in [
        "pkcs8 -topk8 -in ca.key -out e.key -passout pass:x",
        "ec -in ca.key -aes128 -out e.key -passout pass:x",
    ] {
        let sandbox = Sandbox::with_set();
        sandbox.openssl(cipher);
        fs::rename(sandbox.file("e.key"), sandbox.file("ca.key")).unwrap();
        let err = sandbox.certgen(&[]).fails(1);
        assert_error(&err, "ca.key: is encrypted with a password");
        let hint = err.split("remove it with: openssl ").nth(1).unwrap();
        let command = hint.split(" && ").next().unwrap();
        sandbox.openssl(&format!("{command} -passin pass:x"));
        fs::rename(sandbox.file("ca.key.plain"), sandbox.file("ca.key")).unwrap();
        sandbox.certgen(&["-q", "--san", "db.example.com"]).succeeds();
    }
}

#[test]
fn weak_and_foreign_ca_keys_are_named() {
    if !has("openssl") {
        return;
    }
    for (make, what) in [
        ("genrsa -out ca.key 1024", "unsupported kind (RSA 1024;"),
        ("ecparam -name secp521r1 -genkey -noout -out ca.key", "unsupported kind (P-521;"),
        ("genpkey -algorithm ED448 -out ca.key", "unsupported kind (Ed448;"),
    ] {
        let sandbox = Sandbox::new();
        sandbox.openssl(make);
        assert_error(&sandbox.certgen(&[]).fails(1), what);
        assert_eq!(sandbox.snapshot().len(), 1);
    }
}

#[test]
fn an_expired_ca_is_signed_again_with_its_own_key() {
    let sandbox = Sandbox::with_set();
    let (key, _) = milvus_certgen::keys::encoding::from_pem(sandbox.read("ca.key").as_bytes()).unwrap();
    let subject = Subject::default().with(AttributeType::Organization, "--org", "old").unwrap();
    let now = time::OffsetDateTime::now_utc();
    let past =
        Validity { not_before: now - time::Duration::days(20), not_after: now - time::Duration::days(10) };
    let old =
        pki::self_sign(&subject, &key, &Serial::from_random([7; 20]), past, None, &MaySignFor::Anything)
            .unwrap();
    sandbox.write("ca.pem", old.to_pem());
    let out = sandbox.certgen(&[]).succeeds();
    let day = past.not_after.date().to_string();
    assert!(
        out.contains("ca.pem      renewed") && out.contains(&format!("reason: expired on {day}\n")),
        "{out}"
    );
    assert!(sandbox.certgen(&["-v"]).succeeds().contains("            O=old\n"));
    assert!(out.contains("server.pem  reissued") && out.contains("reason: is not signed by ca.pem"), "{out}");
    if !has("openssl") {
        return;
    }
    sandbox.openssl("verify -x509_strict -verify_hostname localhost -CAfile ca.pem server.pem");
}

#[test]
fn something_else_in_a_file_s_place() {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file("server.key")).unwrap();
    for extra in [&[][..], &["--force"]] {
        let err = sandbox.certgen(&["--key-type", "ecdsa-p256"]).args(extra).fails(1);
        assert_error(&err, "server.key: is a directory, where a file should be");
    }
    assert_eq!(sandbox.snapshot().len(), 1);
    let sandbox = Sandbox::new();
    let status = std::process::Command::new("mkfifo").arg(sandbox.file("ca.pem")).status().unwrap();
    assert!(status.success());
    assert_error(&sandbox.certgen(&[]).fails(1), "ca.pem: is not a regular file");
}

#[test]
fn symbolic_links_are_not_followed_out_of_the_directory() {
    let elsewhere = Sandbox::with_set();
    let before = elsewhere.snapshot();
    for name in ["ca.key", "server.pem", "ca.srl"] {
        let sandbox = Sandbox::with_set();
        sandbox.remove(name);
        symlink(elsewhere.file(name), sandbox.file(name)).unwrap();
        assert_error(
            &sandbox.certgen(&["--san", "x.example"]).fails(1),
            "is a symbolic link out of the directory",
        );
        // Starting over replaces the link, not what it points to.
        let err = sandbox.certgen(&["--force", "--key-type", "ecdsa-p256"]).fails(1);
        assert_error(&err, "is a symbolic link out of the directory");
    }
    assert_eq!(elsewhere.snapshot(), before);
    // A dangling one leads out too; one to a neighbour does not.
    let sandbox = Sandbox::with_set();
    fs::rename(sandbox.file("ca.pem"), sandbox.file("ca-2026.pem")).unwrap();
    symlink("ca-2026.pem", sandbox.file("ca.pem")).unwrap();
    sandbox.certgen(&["-q"]).succeeds();
    sandbox.remove("ca-2026.pem");
    assert_error(&sandbox.certgen(&[]).fails(1), "symbolic link out of the directory, to ca-2026.pem");
}

#[test]
fn a_huge_file_is_not_read() {
    let sandbox = Sandbox::with_set();
    let file = fs::File::create(sandbox.file("ca.pem")).unwrap();
    file.set_len(100 * 1024 * 1024 * 1024).unwrap();
    assert_error(&sandbox.certgen(&[]).fails(1), "ca.pem: is larger than any key or certificate");
}
