//! What strangers wrote: never raw on the terminal, and never more than a word to a shell.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Output};

use milvus_certgen::internal::is_hidden;

use crate::support::{Sandbox, has};

/// Steers a terminal in every way that one can be steered.
const STEERS: &str = "a\u{1b}]0;owned\u{7}\u{9b}31m\r\n\u{202e}b\u{200b}\u{2066}\u{feff}";
/// The same where a name ends at a line.
const STEERS_IN_A_LINE: &str = "a\u{1b}[31m\u{7}\u{202e}b\u{200b}";
/// Runs a command wherever it is not quoted.
const RUNS: &str = "a'; touch pwned; '$(touch pwned)`touch pwned`\"";

const FAST: [&str; 3] = ["--key-type", "ecdsa-p256", "-q"];

/// Nothing raw, and something that was escaped.
fn assert_escaped(output: &Output, what: &str) {
    let both = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8(bytes.clone()).unwrap());
    let both = both.concat();
    assert!(!both.chars().any(|c| c != '\n' && is_hidden(c)), "{what}: {both:?}");
    assert!(
        ["\\u{202e}", "\\u202e", "\\342\\200\\256"].iter().any(|form| both.contains(form)),
        "{what}: {both}"
    );
}

/// A certificate and its key, with that subject, issuer and alternative names, as BASE.pem and BASE.key.
fn write_certificate(sandbox: &Sandbox, base: &str, text: &str, is_ca: bool) {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(rcgen::DnType::CommonName, text);
    params.distinguished_name.push(rcgen::DnType::OrganizationName, text);
    if is_ca {
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    } else {
        params.subject_alt_names = vec![rcgen::SanType::DnsName("a.example".try_into().unwrap())];
    }
    sandbox.write(&format!("{base}.pem"), params.self_signed(&key).unwrap().pem());
    sandbox.write(&format!("{base}.key"), key.serialize_pem());
    sandbox.set_mode(&format!("{base}.key"), 0o600);
    sandbox.write(&format!("{base}.csr"), params.serialize_request(&key).unwrap().pem().unwrap());
}

#[test]
fn a_name_in_a_certificate_steers_no_terminal() {
    let sandbox = Sandbox::with_set();
    write_certificate(&sandbox, "server", STEERS, false);
    sandbox.write("asked.csr", sandbox.read("server.csr"));
    for args in [
        &["check", "-v"][..],
        &["check", "--json"],
        &["-v"],
        &["--dry-run"],
        &["sign", "asked.csr"],
        &["server", "a.example", "--san", STEERS_IN_A_LINE],
        &["--cn", STEERS],
        &["client", STEERS_IN_A_LINE, "x"],
        &["check", "-v", "--cert", "server.pem", "--ca-cert", "server.pem"],
        &["probe", STEERS_IN_A_LINE],
        &[&format!("--{STEERS_IN_A_LINE}")],
        &["probe", "a.example", "--tls-mode", STEERS_IN_A_LINE],
        &["sign", "a.csr", "--role", STEERS_IN_A_LINE],
        &["--key-type", STEERS_IN_A_LINE],
        &["--days", STEERS_IN_A_LINE],
        &["--key-mode", STEERS_IN_A_LINE],
        &["--owner", STEERS_IN_A_LINE],
        &[STEERS_IN_A_LINE],
    ] {
        assert_escaped(&sandbox.certgen(args).output(), &format!("{args:?}"));
    }
    let sound = Sandbox::with_set();
    let output = sound.certgen(&["config", "pymilvus", "--host", STEERS_IN_A_LINE]).output();
    assert_escaped(&output, "config");
    // A CA of that name signs, and is shown.
    let sandbox = Sandbox::new();
    write_certificate(&sandbox, "root", STEERS, true);
    let with_ca = ["--ca-cert", "root.pem", "--ca-key", "root.key", "--key-type", "ecdsa-p256"];
    for args in [&["server", "a.example"][..], &["client", "bob", "--json"]] {
        let output = sandbox.certgen(args).args(&with_ca).args(&["-v"]).output();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_escaped(&output, &format!("{args:?}"));
    }
    // JSON says what is there, and not how it is shown.
    let output = sandbox.certgen(&["check", "--json", "--cert", "bob.pem", "--ca-cert", "root.pem"]).output();
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let issuer = json["certificates"].as_array().unwrap().iter().find(|one| one["role"] == "client").unwrap();
    assert!(issuer["certificate"]["issuer"].as_str().unwrap().contains("\u{202e}b\u{200b}"), "{json}");
}

#[test]
fn a_name_of_a_file_steers_no_terminal() {
    let sandbox = Sandbox::with_set();
    let dir = sandbox.file(STEERS);
    fs::create_dir(&dir).unwrap();
    let inside = |name: &str| format!("{STEERS}/{name}");
    sandbox.write(&inside("server.pem"), "garbage");
    sandbox.write(&inside(&format!("{STEERS_IN_A_LINE}.csr")), "garbage");
    sandbox.write(&format!("{STEERS_IN_A_LINE}.csr"), "garbage");
    std::os::unix::fs::symlink(STEERS, sandbox.file("link")).unwrap();
    let csr = format!("{STEERS_IN_A_LINE}.csr");
    for args in [
        &["sign", &csr][..],
        &["sign", &inside(&csr)],
        &["sign", &format!("--{csr}")],
        &["check", STEERS],
        &["check", STEERS, "--json"],
        &["-o", STEERS],
        &["-o", &inside("no/such")],
        &["client", "bob", "--ca-cert", &inside("ca.pem"), "--ca-key", "ca.key"],
        &["client", "--from", &inside("names")],
        &["ca", "--ca-file", STEERS],
        &["renew", STEERS],
        &["config", "compose", "--dir", STEERS],
        &["-o", "new", "--tls-dir", STEERS, "--json"],
    ] {
        assert_escaped(&sandbox.certgen(args).output(), &format!("{args:?}"));
    }
    // Where a link leads, and what a journal names.
    let links = Sandbox::with_set();
    links.remove("server.pem");
    std::os::unix::fs::symlink(format!("/{STEERS}"), links.file("server.pem")).unwrap();
    assert_escaped(&links.certgen(&[]).output(), "a link");
    // A name that is no text.
    let odd = std::ffi::OsStr::from_bytes(b"\xff\x9b31m\xe2\x80\xae.csr");
    fs::write(sandbox.path().join(odd), "garbage").unwrap();
    let mut run = sandbox.certgen(&["sign"]);
    run.command.arg(odd);
    assert_escaped(&run.output(), "no text");
}

/// Runs the command of a hint as a person does who copies it.
fn run_hint(sandbox: &Sandbox, command: &str) -> bool {
    let binary = Path::new(env!("CARGO_BIN_EXE_milvus-certgen")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(sandbox.path()).env("PATH", path);
    let output = shell.stdin(std::process::Stdio::null()).output().unwrap();
    let parent = sandbox.path().parent().unwrap();
    let is_owned = |dir: &Path| {
        let mut entries = fs::read_dir(dir).unwrap().filter_map(Result::ok);
        entries.any(|entry| entry.file_name() == "pwned")
    };
    assert!(!is_owned(sandbox.path()) && !is_owned(parent), "{command}");
    output.status.success()
}

/// What follows those words in a run's hint.
fn hint(sandbox: &Sandbox, args: &[&str], before: &str) -> String {
    let output = sandbox.certgen(args).output();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success(), "{args:?}");
    let hint = err.split_once("\nhint: ").unwrap_or_else(|| panic!("{args:?}: {err}")).1.trim_end();
    let at = hint.find(before).unwrap_or_else(|| panic!("{args:?}: no {before:?} in {hint}"));
    hint[at + before.len()..].to_owned()
}

/// A set in a directory of that name.
fn set_in(dir: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    fs::create_dir(sandbox.file(dir)).unwrap();
    sandbox.certgen(&[&format!("--out-dir={dir}")]).args(&FAST).succeeds();
    sandbox
}

#[test]
fn a_hint_with_a_name_from_a_certificate_is_one_command() {
    for (name, extra) in [(RUNS, ""), ("-x", ""), ("a\u{1b}\u{202e}b", ""), ("db.example.com", "")] {
        // The server's certificate is another CA's, and says whom it was for.
        let sandbox = Sandbox::with_set();
        write_certificate(&sandbox, "server", name, false);
        let flags = hint(&sandbox, &[], "set it explicitly: ");
        assert!(flags.ends_with(" --san a.example"), "{flags}");
        let done = run_hint(&sandbox, &format!("milvus-certgen -q {flags}{extra}"));
        // What no flag takes is refused, and is nothing else than refused.
        assert_eq!(done, !name.contains('\u{1b}'), "{flags}");
        if done {
            let out = sandbox.certgen(&["check"]).succeeds();
            assert!(out.contains("server for ") && out.contains("a.example"), "{out}");
        }
        let sandbox = Sandbox::with_set();
        write_certificate(&sandbox, "client", name, false);
        let flags = hint(&sandbox, &[], "set it explicitly: ");
        assert_eq!(run_hint(&sandbox, &format!("milvus-certgen -q {flags}")), done, "{flags}");
    }
}

#[test]
fn a_hint_with_a_name_of_a_file_is_one_command() {
    for dir in [RUNS, "-x y", STEERS_IN_A_LINE, "\u{202e}\n."] {
        let inside = |name: &str| format!("{dir}/{name}");
        let run = |sandbox: &Sandbox, command: String| {
            assert!(run_hint(sandbox, &command), "{command}");
        };
        let bound = format!("--out-dir={dir}");
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.file(dir)).unwrap();
        let making = hint(&sandbox, &["client", "bob", &bound], "create a CA with: ");
        run(&sandbox, making.split_once("; or use an existing one").unwrap().0.to_owned());
        let sandbox = set_in(dir);
        sandbox.write(&inside("ca.srl"), "garbage");
        run(&sandbox, hint(&sandbox, &[&bound], "start from a new number with: "));
        assert!(!sandbox.file(&inside("ca.srl")).exists());
        sandbox.certgen(&[&bound]).args(&FAST).succeeds();
        sandbox.write(&inside("server.pem"), "garbage");
        let checked = hint(&sandbox, &["config", "pymilvus", &format!("--dir={dir}")], "");
        if let Some((_, check)) = checked.split_once("see what is wrong with: ") {
            assert!(!run_hint(&sandbox, check), "check finds it");
        }
        if !has("openssl") {
            continue;
        }
        let sandbox = set_in(dir);
        let (pem, key) = (inside("client.pem"), inside("client.key"));
        sandbox.write(&pem, sandbox.read(&pem) + &sandbox.read(&key));
        sandbox.remove(&key);
        run(&sandbox, hint(&sandbox, &[&bound], "of its own: "));
        assert!(sandbox.file(&key).is_file());
        sandbox.openssl("version");
        let locked = Sandbox::with_set();
        locked.openssl("pkcs8 -topk8 -in server.key -out locked.key -passout pass:secret");
        sandbox.write(&inside("server.key"), locked.read("locked.key"));
        let off = hint(&sandbox, &[&bound], "remove the password with: ");
        run(&sandbox, off.replace("openssl pkey ", "openssl pkey -passin pass:secret "));
        assert!(sandbox.read(&inside("server.key")).starts_with("-----BEGIN PRIVATE KEY"));
    }
}

/// `check`'s commands, in a directory and with names of files that would run something.
#[test]
fn a_fix_is_one_command() {
    for word in [RUNS, "a b", "\u{202e}x"] {
        let sandbox = Sandbox::new();
        fs::create_dir(sandbox.file(word)).unwrap();
        let names = [format!("--ca-file={word}-ca"), format!("--server-file={word}")];
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let dir = format!("--out-dir={word}");
        sandbox.certgen(&[&dir, "--days", "400"]).args(&names).args(&FAST).succeeds();
        let inside = |end: &str| sandbox.file(&format!("{word}/{word}{end}"));
        let breaks: [(&str, &dyn Fn()); 4] = [
            ("key-readable", &|| sandbox.set_mode(&format!("{word}/{word}.key"), 0o644)),
            ("damaged", &|| fs::write(inside("-ca.srl"), "garbage").unwrap()),
            ("missing", &|| fs::remove_file(inside(".pem")).unwrap()),
            ("name-not-in-san", &|| ()),
        ];
        for (code, break_it) in breaks {
            break_it();
            let asked: &[&str] = if code == "name-not-in-san" { &["--name", "db.example.com"] } else { &[] };
            let check = || {
                let output = sandbox
                    .certgen(&["check", "--json", &format!("--dir={word}")])
                    .args(&names)
                    .args(asked)
                    .output();
                serde_json::from_slice::<serde_json::Value>(&output.stdout)
                    .unwrap_or_else(|e| panic!("{e}: {}", String::from_utf8_lossy(&output.stderr)))
            };
            let found = check();
            let found = found["findings"].as_array().unwrap();
            let finding = found.iter().find(|one| one["code"].as_str() == Some(code));
            let finding = finding.unwrap_or_else(|| panic!("{code}: {found:?}"));
            assert!(run_hint(&sandbox, finding["fix"].as_str().unwrap()), "{finding}");
            let left = check();
            let left =
                left["findings"].as_array().unwrap().iter().any(|one| one["code"].as_str() == Some(code));
            assert!(!left, "{finding}");
        }
    }
}

/// As `check` and `renew` find it, it is renewed by name.
#[test]
fn a_certificate_whose_file_has_an_odd_name_is_renewed_by_it() {
    let sandbox = Sandbox::with_set_of(&["--days", "365"]);
    for end in ["pem", "key"] {
        fs::copy(sandbox.file(&format!("client.{end}")), sandbox.file(&format!("{RUNS}.{end}"))).unwrap();
    }
    let before = sandbox.read(&format!("{RUNS}.pem"));
    let command = format!("milvus-certgen renew -q {}", milvus_certgen::internal::quoted(RUNS));
    assert!(run_hint(&sandbox, &command));
    assert_ne!(sandbox.read(&format!("{RUNS}.pem")), before);
}

/// A name that is no name is quoted where the hint says what to use instead.
#[test]
fn a_word_to_use_instead_is_one_word() {
    let sandbox = Sandbox::with_set();
    for (name, words) in [
        ("https://$(touch pwned)/x", "use "),
        ("$(touch pwned):19530", "use "),
        ("'; touch pwned; '.", "use "),
        ("\u{e4}'$(touch pwned)", "use its A-label form, "),
    ] {
        let name = name.replace(' ', "${IFS}");
        let said = hint(&sandbox, &["--san", &name], words);
        let word = said.split(", or ").next().unwrap();
        assert!(run_hint(&sandbox, &format!("true {word}")), "{word}");
    }
}

#[test]
fn harmless_names_are_printed_as_they_are() {
    let sandbox = Sandbox::new();
    write_certificate(&sandbox, "root", "Müller & Söhne, 数据", true);
    let with_ca = ["--ca-cert", "root.pem", "--ca-key", "root.key", "--key-type", "ecdsa-p256"];
    let out = sandbox.certgen(&["client", "Åse", "--organization", "数据", "-v"]).args(&with_ca).succeeds();
    assert!(out.contains("CN=Müller & Söhne\\, 数据, O=Müller & Söhne\\, 数据"), "{out}");
    assert!(out.contains("O=数据, OU=milvus, CN=Åse") && out.contains("Åse.pem"), "{out}");
}
