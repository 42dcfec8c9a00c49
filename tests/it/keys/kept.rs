//! No command writes over a key that it cannot use, unless it is told to.

use std::fs;

use super::forms::{Form, convertible, hopeless};
use super::{public, shell};
use crate::support::{Sandbox, as_someone_else, has, is_root};

/// A set of P-256 keys with a further server, further clients and a second CA; the key to be lost is in key.pem.
fn house() -> Sandbox {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["server", "node.example", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    sandbox.certgen(&["client", "alice", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    fs::create_dir(sandbox.file("new")).unwrap();
    let names: Vec<String> = (0..130).map(|i| format!("client-{i}")).collect();
    sandbox.write("names", names.join("\n") + "\nalice\n");
    fs::rename(sandbox.file("server.key"), sandbox.file("key.pem")).unwrap();
    fs::copy(sandbox.file("server.pem"), sandbox.file("cert.pem")).unwrap();
    sandbox
}

/// What a command is, and which key it would make anew.
const COMMANDS: [(&[&str], &str); 15] = [
    (&[], "server.key"),
    (&["--dry-run"], "server.key"),
    (&["--key-type", "ecdsa-p384"], "server.key"),
    (&["--key-format", "traditional"], "server.key"),
    (&["--server-file", "node.example"], "node.example.key"),
    (&["renew"], "server.key"),
    (&["renew", "server"], "server.key"),
    (&["renew", "--all"], "alice.key"),
    (&["server", "node.example"], "node.example.key"),
    (&["client", "alice"], "alice.key"),
    (&["client", "bob", "alice"], "alice.key"),
    (&["client", "--from", "names", "--key-type", "ecdsa-p256"], "alice.key"),
    (&["csr", "lone"], "lone.key"),
    (&["csr", "lone", "--key-type", "ecdsa-p384"], "lone.key"),
    (&["ca", "-o", "new"], "new/ca.key"),
];

fn assert_stays(sandbox: &Sandbox, said: &str, bytes: &[u8]) {
    for (command, key) in COMMANDS {
        let place = sandbox.file(key);
        let before = fs::read(&place).ok();
        // What the other commands need is whole.
        fs::copy(sandbox.file("key.pem"), sandbox.file("server.key")).unwrap();
        fs::write(&place, bytes).unwrap();
        let all = sandbox.snapshot();
        let err = sandbox.certgen(command).fails(1);
        let (first, hint) = err.split_once('\n').unwrap();
        assert!(first.starts_with(&format!("error: {key}: ")), "{command:?}: {err}");
        assert!(first.contains(said), "{command:?} {said:?}: {err}");
        assert!(hint.starts_with("hint: ") && hint.lines().count() == 1, "{command:?}: {err}");
        assert_eq!(fs::read(&place).unwrap(), bytes, "{command:?} {said:?}");
        assert_eq!(sandbox.snapshot(), all, "{command:?} {said:?}: something was written");
        match before {
            Some(before) => fs::write(&place, before).unwrap(),
            None => fs::remove_file(&place).unwrap(),
        }
    }
}

#[test]
fn a_key_in_a_form_that_is_not_read_stays_whatever_the_command() {
    let sandbox = house();
    for form in convertible() {
        if let Some(bytes) = form.bytes(&sandbox) {
            assert_stays(&sandbox, form.said, &bytes);
        }
    }
}

#[test]
fn a_key_of_another_kind_or_none_at_all_stays_whatever_the_command() {
    let sandbox = house();
    for form in hopeless() {
        if let Some(bytes) = form.bytes(&sandbox) {
            assert_stays(&sandbox, form.said, &bytes);
        }
    }
}

/// The hint's command, with the password where the tool would ask for it.
fn conversion(err: &str, answers: &[(&str, &str)]) -> String {
    let marks = ["convert it with: ", "remove the password with: "];
    let line = marks.iter().find_map(|mark| err.trim_end().split_once(mark)).map(|(_, line)| line.to_owned());
    let line = line.unwrap_or_else(|| panic!("no line: {err}"));
    answers.iter().fold(line, |line, (old, new)| line.replace(old, new))
}

#[test]
fn the_line_converts_it_and_the_next_run_keeps_the_key() {
    for form in convertible() {
        let sandbox = house();
        let Some(bytes) = form.bytes(&sandbox).filter(|_| form.can_convert()) else { continue };
        let put = || {
            fs::write(sandbox.file("server.key"), &bytes).unwrap();
            sandbox.set_mode("server.key", 0o600);
        };
        put();
        let key = public(&sandbox, "key.pem");
        let certificate = sandbox.read("server.pem");
        let err = sandbox.certgen(&[]).fails(1);
        shell(&sandbox, &conversion(&err, form.answers)).unwrap();
        assert_eq!(sandbox.mode("server.key"), 0o600, "{:?}", form.said);
        sandbox.certgen(&["-q"]).succeeds();
        assert_eq!(public(&sandbox, "server.key"), key, "{:?}", form.said);
        assert_eq!(sandbox.read("server.pem"), certificate, "{:?}: it still fits", form.said);
        // `check` says the same line.
        put();
        let report = sandbox.certgen(&["check", "--json"]).output();
        let report: serde_json::Value = serde_json::from_slice(&report.stdout).unwrap();
        let fixes: Vec<&str> = report["findings"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|finding| finding["fix"].as_str())
            .collect();
        let line = conversion(&err, &[]);
        assert!(fixes.contains(&line.as_str()), "{fixes:?}");
    }
}

#[test]
fn an_ed25519_key_of_openssh_is_converted_too() {
    if !has("ssh-keygen") || !has("openssl") {
        return;
    }
    for (password, line_answers) in [("", &[][..]), ("secret", &[("-p -N", "-p -P secret -N")][..])] {
        let sandbox = Sandbox::new();
        sandbox.certgen(&["--key-type", "ed25519", "-q"]).succeeds();
        shell(&sandbox, &format!("ssh-keygen -q -t ed25519 -N '{password}' -f fresh && mv fresh server.key"))
            .unwrap();
        let err = sandbox.certgen(&[]).fails(1);
        assert!(err.contains("server.key: holds an OpenSSH private key"), "{err}");
        let (_, line) = err.trim_end().split_once("convert it with: ").unwrap();
        let line = line_answers.iter().fold(line.to_owned(), |line, (old, new)| line.replace(old, new));
        shell(&sandbox, &line).unwrap();
        shell(&sandbox, "openssl pkey -in server.key -pubout -outform DER | tail -c 32 > ours").unwrap();
        shell(&sandbox, "cut -d' ' -f2 fresh.pub | base64 -d | tail -c 32 > theirs && cmp ours theirs")
            .unwrap();
        sandbox.certgen(&["-q"]).succeeds();
    }
}

#[test]
fn only_rekey_and_force_replace_it_and_both_say_so() {
    let forms: Vec<Form> = convertible().into_iter().chain(hopeless()).collect();
    for form in forms {
        let sandbox = house();
        let Some(bytes) = form.bytes(&sandbox) else { continue };
        let put = |name: &str| fs::write(sandbox.file(name), &bytes).unwrap();
        let is_said = |out: &str, start: &str| {
            let line =
                out.lines().find(|line| line.contains(start)).unwrap_or_else(|| panic!("{start}: {out}"));
            assert!(line.contains(form.said), "{:?}: {line}", form.said);
        };
        let fast = ["--key-type", "ecdsa-p256"];
        for (command, name) in [
            (&["--rekey"][..], "server"),
            (&["renew", "--rekey"], "server"),
            (&["renew", "alice", "--rekey"], "alice"),
            (&["server", "node.example", "--rekey"], "node.example"),
            (&["client", "alice", "--rekey"], "alice"),
        ] {
            put(&format!("{name}.key"));
            let out = sandbox.certgen(command).args(&fast).succeeds();
            is_said(&out, &format!("--rekey replaces {name}.key ("));
            sandbox.certgen(&["check", "-q"]).succeeds();
        }
        put("lone.key");
        sandbox.certgen(&["csr", "lone", "--rekey", "-q"]).args(&fast).succeeds();
        public(&sandbox, "lone.key");
        put("server.key");
        put("ca.key");
        let out = sandbox.certgen(&["--force"]).args(&fast).succeeds();
        is_said(&out, "--force starts over, and replaces server.key (");
        is_said(&out, "--force starts over, and replaces ca.key (");
        sandbox.certgen(&["check", "-q"]).succeeds();
    }
}

/// What `--rekey` does not touch: what serves.
#[test]
fn rekey_by_itself_is_no_reason_to_reissue() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    sandbox.certgen(&["--rekey"]).succeeds();
    sandbox.certgen(&["-q"]).env("MILVUS_CERTGEN_REKEY", "true").succeeds();
    assert_eq!(sandbox.snapshot(), before);
    let key = public(&sandbox, "server.key");
    sandbox.remove("server.pem");
    let out = sandbox.certgen(&["--rekey"]).succeeds();
    assert!(out.contains("--rekey replaces server.key (ECDSA P-256 key)"), "{out}");
    assert_ne!(public(&sandbox, "server.key"), key);
}

#[test]
fn an_empty_file_holds_nothing_and_is_replaced() {
    for contents in ["", " \n\n"] {
        let sandbox = house();
        for name in ["server.key", "node.example.key", "lone.key"] {
            sandbox.write(name, contents);
        }
        let fast = ["--key-type", "ecdsa-p256"];
        let out = sandbox.certgen(&[]).args(&fast).succeeds();
        assert!(out.contains("server.key is empty"), "{out}");
        sandbox.certgen(&["server", "node.example", "-q"]).args(&fast).succeeds();
        sandbox.certgen(&["csr", "lone", "-q"]).args(&fast).succeeds();
        sandbox.write("new/ca.key", contents);
        sandbox.certgen(&["ca", "-o", "new", "-q"]).args(&fast).succeeds();
        sandbox.certgen(&["check", "-q"]).succeeds();
    }
}

#[test]
fn a_directory_or_what_may_not_be_read_stays() {
    let sandbox = house();
    for (command, key) in COMMANDS.iter().filter(|(_, key)| !key.starts_with("new/")) {
        let place = sandbox.file(key);
        let before = fs::read(&place).ok();
        let _ = fs::remove_file(&place);
        if *key != "server.key" {
            fs::copy(sandbox.file("key.pem"), sandbox.file("server.key")).unwrap();
        }
        fs::create_dir(&place).unwrap();
        let all = sandbox.snapshot();
        let err = sandbox.certgen(command).fails(1);
        assert!(err.starts_with(&format!("error: {key}: is a directory")), "{command:?}: {err}");
        assert_eq!(sandbox.snapshot(), all, "{command:?}");
        fs::remove_dir(&place).unwrap();
        if let Some(before) = before {
            fs::write(&place, before).unwrap();
        }
        let _ = fs::remove_file(sandbox.file("server.key"));
    }
    let sandbox = Sandbox::with_set();
    for name in ["ca.key", "client.key"] {
        sandbox.set_mode(name, 0o644);
    }
    sandbox.set_mode("server.key", 0);
    let before = sandbox.snapshot();
    if is_root() {
        sandbox.set_mode("", 0o777);
    }
    for command in [&["--dry-run"][..], &["renew", "--dry-run"]] {
        let output = as_someone_else(&sandbox, command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(err.starts_with("error: server.key: cannot be read"), "{command:?}: {err}");
    }
    assert_eq!(sandbox.snapshot()["server.key"], before["server.key"]);
}

/// Somebody's combined file, or a file by the wrong name.
#[test]
fn a_private_key_in_the_place_of_a_certificate_or_a_request_stays() {
    type Write = fn(&Sandbox, &str);
    let contents: [(&str, Write); 5] = [
        ("a key alone", |s, file| s.write(file, s.read("other.key"))),
        ("a key and a certificate", |s, file| s.write(file, s.read("client.pem") + &s.read("other.key"))),
        ("a key in DER", |s, file| s.write(file, pem::parse(s.read("other.key")).unwrap().contents())),
        ("a key cut short", |s, file| s.write(file, &s.read("other.key")[..80])),
        ("a key in UTF-16", |s, file| {
            let units: Vec<u8> = s.read("other.key").encode_utf16().flat_map(u16::to_le_bytes).collect();
            s.write(file, units);
        }),
    ];
    for (what, write) in contents {
        for (command, file) in [
            (&[][..], "server.pem"),
            (&[], "client.pem"),
            (&["--san", "other.example"], "server.csr"),
            (&["renew", "server", "--rekey"], "server.csr"),
            (&["server", "node.example"], "node.example.pem"),
            (&["client", "alice", "--rekey"], "alice.csr"),
            (&["csr", "lone"], "lone.csr"),
            (&["sign", "third.csr"], "third.pem"),
            (&["-o", "beside", "--ca-cert", "ca.pem", "--ca-key", "ca.key"], "beside/ca.pem"),
        ] {
            let sandbox = Sandbox::with_set();
            sandbox.certgen(&["csr", "other", "-q", "--key-type", "ecdsa-p256"]).succeeds();
            sandbox.certgen(&["csr", "third", "-q", "--key-type", "ecdsa-p256"]).succeeds();
            sandbox.remove("third.key");
            fs::create_dir(sandbox.file("beside")).unwrap();
            write(&sandbox, file);
            let before = sandbox.snapshot();
            let bytes = fs::read(sandbox.file(file)).unwrap();
            let output = sandbox.certgen(command).output();
            let err = String::from_utf8_lossy(&output.stderr);
            if output.status.success() && what == "a key and a certificate" {
                // It serves, and is not written.
                assert_eq!(sandbox.snapshot()[file], before[file], "{what} {command:?}");
                continue;
            }
            assert_eq!(output.status.code(), Some(1), "{what} {command:?}: {err}");
            assert!(err.starts_with(&format!("error: {file}: ")), "{what} {command:?}: {err}");
            assert!(err.contains("private key"), "{what} {command:?}: {err}");
            assert_eq!(sandbox.snapshot(), before, "{what} {command:?}");
            assert_eq!(fs::read(sandbox.file(file)).unwrap(), bytes, "{what} {command:?}");
            let Some((_, line)) = err.trim_end().split_once(": mv ") else { continue };
            shell(&sandbox, &format!("mv {line}")).unwrap();
            let moved = line.rsplit(' ').next().unwrap();
            assert_eq!(fs::read(sandbox.file(moved)).unwrap(), bytes);
        }
    }
}

/// A certificate with its own key behind it, which is in its own file too: nothing is lost.
#[test]
fn a_certificate_with_its_own_key_is_reissued() {
    let sandbox = Sandbox::with_set();
    sandbox.write("server.pem", sandbox.read("server.pem") + &sandbox.read("server.key"));
    let key = public(&sandbox, "server.key");
    sandbox.certgen(&["renew", "server", "-q"]).succeeds();
    assert!(!sandbox.read("server.pem").contains("PRIVATE KEY"));
    assert_eq!(public(&sandbox, "server.key"), key);
    // A second key in the key's file is another matter.
    let lone = Sandbox::with_set();
    lone.write("server.key", lone.read("server.key") + &lone.read("client.key"));
    let before = lone.snapshot();
    lone.certgen(&["-q"]).succeeds();
    lone.certgen(&["renew", "server", "-q"]).succeeds();
    assert_eq!(lone.snapshot()["server.key"], before["server.key"], "read, and left as it is");
    for command in [&["--key-type", "ed25519"][..], &["--key-format", "traditional"]] {
        let err = lone.certgen(command).fails(1);
        assert!(err.contains("server.key: holds further private keys behind the first"), "{err}");
    }
    lone.certgen(&["renew", "server", "--rekey", "-q"]).succeeds();
}

/// Read, but of another type than was asked for: replaced as ever, and said.
#[test]
fn an_explicit_key_type_replaces_a_key_that_is_read() {
    let sandbox = Sandbox::with_set();
    let out = sandbox.certgen(&["--key-type", "ecdsa-p384"]).succeeds();
    assert!(out.contains("its key changes from ECDSA P-256 to ECDSA P-384"), "{out}");
}
