//! Mistyped command lines: one error in the form of all others, and a hint that works.

use crate::support::{Sandbox, text};

/// What is typed, and the hint's command line or advice; `None` where any help would be a guess.
const TABLE: [(&[&str], &str); 58] = [
    // The host name, without an option.
    (&["localhost"], "milvus-certgen --cn localhost"),
    (&["milvus.example.com", "--days", "90"], "milvus-certgen --cn milvus.example.com --days 90"),
    (&["10.0.0.7"], "milvus-certgen --cn 10.0.0.7"),
    (&["certs/"], "milvus-certgen -o certs/"),
    (&["ca", "localhost"], "milvus-certgen ca --cn localhost"),
    // Options before the command.
    (&["-o", "certs", "renew"], "put options after the command: milvus-certgen renew -o certs"),
    (&["--json", "check"], "put options after the command: milvus-certgen check --json"),
    (&["--cn", "x", "check"], "put options after the command; it takes: milvus-certgen check --help"),
    // Other words for names.
    (&["--host", "foo"], "milvus-certgen --san foo"),
    (&["--host=foo"], "milvus-certgen --san foo"),
    (&["--hostname", "foo"], "milvus-certgen --san foo"),
    (&["--dns", "foo"], "milvus-certgen --san foo"),
    (&["--ip", "1.2.3.4"], "milvus-certgen --san 1.2.3.4"),
    (&["--domain", "foo"], "milvus-certgen --san foo"),
    (&["--CN", "foo"], "milvus-certgen --cn foo"),
    (&["-CN", "foo"], "milvus-certgen --cn foo"),
    (&["--name", "foo"], "milvus-certgen --cn foo"),
    (&["check", "--host", "foo"], "milvus-certgen check --name foo"),
    (&["probe", "localhost", "--hostname", "foo"], "milvus-certgen probe localhost --server-name foo"),
    // Other words for options.
    (&["--bits", "4096"], "milvus-certgen --key-size 4096"),
    (&["--keysize", "4096"], "milvus-certgen --key-size 4096"),
    (&["--rsa"], "milvus-certgen --key-type rsa"),
    (&["--ecdsa"], "milvus-certgen --key-type ecdsa-p256"),
    (&["--validity", "365"], "milvus-certgen --days 365"),
    (&["--expire", "90d"], "milvus-certgen --days 90d"),
    (&["--cacert", "ca.pem", "--ca-key", "ca.key"], "milvus-certgen --ca-cert ca.pem --ca-key ca.key"),
    (&["--dryrun"], "milvus-certgen --dry-run"),
    (&["--silent"], "milvus-certgen --quiet"),
    (&["--organisation", "acme"], "milvus-certgen --organization acme"),
    (&["--verbos"], "milvus-certgen --verbose"),
    (&["renew", "--al"], "milvus-certgen renew --all"),
    (
        &["--subject", "/CN=foo"],
        "use --cn, and --country, --state, --locality, --organization, --organizational-unit",
    ),
    (
        &["--overwrite"],
        "--rekey replaces the keys of what is reissued, and --force the CA and everything it issued",
    ),
    (
        &["--password", "secret"],
        "write the password into a file for --ca-key-password-file, or into MILVUS_CERTGEN_CA_KEY_PASSWORD",
    ),
    (
        &["--tls-mode", "2"],
        "it is an option of another command: milvus-certgen probe --help, milvus-certgen config --help",
    ),
    (
        &["renew", "--cn", "foo"],
        "it is an option of another command: milvus-certgen --help, milvus-certgen ca --help",
    ),
    (&["--frobnicate"], "see: milvus-certgen --help"),
    (&["check", "-x"], "see: milvus-certgen check --help"),
    // Other words for commands.
    (&["generate"], "milvus-certgen --cn localhost"),
    (&["create", "--cn", "foo"], "milvus-certgen --cn foo"),
    (&["verify"], "milvus-certgen check"),
    (&["verify", "certs"], "milvus-certgen check certs"),
    (&["version"], "milvus-certgen --version"),
    (&["chekc"], "milvus-certgen check"),
    (&["clint", "alice"], "milvus-certgen client alice"),
    (&["compose"], "milvus-certgen config compose"),
    (&["rotate"], "milvus-certgen renew"),
    // Other words for values.
    (&["config", "python"], "milvus-certgen config pymilvus"),
    (&["config", "k8s"], "milvus-certgen config kubernetes"),
    (&["config", "yaml"], "milvus-certgen config milvus-yaml"),
    (&["config", "docker-compose"], "milvus-certgen config compose"),
    (&["config", "pymilvus", "--tls-mode", "two-way"], "two-way TLS is --tls-mode 2"),
    (&["--key-type", "ec"], "milvus-certgen --key-type ecdsa-p256"),
    (&["--key-type=rsa4096"], "milvus-certgen --key-type rsa --key-size 4096"),
    // Something is missing.
    (&["-o"], "for example: milvus-certgen --cn localhost -o certs --tls-dir tls"),
    (&["server"], "for example: milvus-certgen server node-1.example.com node-2.example.com -o certs"),
    (&["probe"], "for example: milvus-certgen probe localhost:19530 --dir certs"),
    (&["config", "cdc"], "add --cluster ID"),
];

#[test]
fn each_mistake_has_its_hint() {
    let sandbox = Sandbox::new();
    for (args, hint) in TABLE {
        let output = sandbox.certgen(args).output();
        let stderr = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {stderr}");
        let lines: Vec<&str> = stderr.lines().collect();
        let [error, hinted] = lines.as_slice() else { panic!("{args:?}: {stderr}") };
        assert!(error.starts_with("error: ") && !error.ends_with('.'), "{args:?}: {stderr}");
        assert_eq!(*hinted, format!("hint: {hint}"), "{args:?}: {error}");
        assert_eq!(output.stdout.is_empty(), !args.contains(&"--json"), "{args:?}");
    }
    assert!(sandbox.snapshot().is_empty(), "something was written");
}

/// A hint that is a command line is one: it is not rejected as it was typed.
#[test]
fn hints_can_be_typed() {
    for (_, hint) in TABLE {
        let Some((_, line)) = hint.split_once("milvus-certgen ") else { continue };
        let sandbox = Sandbox::with_set_of(&["-o", "certs"]);
        let line = line.split(", ").next().unwrap();
        let args: Vec<&str> = line.split(' ').collect();
        let output = sandbox
            .certgen(&args)
            .args(if args[0] == "probe" { &["--timeout", "0.1"] } else { &[] })
            .output();
        assert_ne!(output.status.code(), Some(2), "{line}: {}", text(&output.stderr));
    }
}

/// A path need not be text, also where a command could stand.
#[test]
fn a_path_that_is_no_text_may_come_first() {
    use std::os::unix::ffi::OsStrExt;
    let sandbox = Sandbox::new();
    let flag = std::ffi::OsStr::from_bytes(b"-od\xff");
    let mut run = sandbox.certgen(&[]);
    run.command.arg(flag).args(["--key-type", "ecdsa-p256", "-q"]);
    let output = run.output();
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(0), String::new()));
    // What is no text and no path either is one clear error.
    let mut run = sandbox.certgen(&[]);
    run.command.arg(std::ffi::OsStr::from_bytes(b"d\xff"));
    let output = run.output();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("error: ") && text(&output.stderr).contains("\nhint: "));
}

#[test]
fn help_as_a_word_is_help() {
    let sandbox = Sandbox::new();
    assert_eq!(sandbox.certgen(&["help"]).succeeds(), sandbox.certgen(&["--help"]).succeeds());
    assert_eq!(
        sandbox.certgen(&["help", "check"]).succeeds(),
        sandbox.certgen(&["check", "--help"]).succeeds()
    );
}

#[test]
fn errors_name_the_variable_that_they_come_from() {
    let sandbox = Sandbox::new();
    for (name, value, error) in [
        ("MILVUS_CERTGEN_DAYS", "abc", "error: MILVUS_CERTGEN_DAYS \"abc\": not a whole number"),
        ("MILVUS_CERTGEN_KEY_TYPE", "ec", "error: MILVUS_CERTGEN_KEY_TYPE \"ec\": not one of its values"),
        ("MILVUS_CERTGEN_SAN", "a_b:c", "error: MILVUS_CERTGEN_SAN \"a_b:c\": "),
        ("MILVUS_CERTGEN_CA_CERT", "ca.pem", "error: MILVUS_CERTGEN_CA_CERT: --ca-key is missing"),
    ] {
        let output = sandbox.certgen(&[]).env(name, value).output();
        assert_eq!(output.status.code(), Some(2));
        assert!(text(&output.stderr).starts_with(error), "{}", text(&output.stderr));
    }
    // What is typed wins, and the error is about that.
    let output = sandbox.certgen(&["--days", "x"]).env("MILVUS_CERTGEN_DAYS", "90").output();
    assert!(text(&output.stderr).starts_with("error: --days \"x\""), "{}", text(&output.stderr));
}

#[test]
fn unknown_variables_are_warned_of() {
    let sandbox = Sandbox::with_set();
    let output = sandbox.certgen(&["check"]).env("MILVUS_CERTGEN_CNN", "x").output();
    assert_eq!(output.status.code(), Some(0));
    let warning = "warning: MILVUS_CERTGEN_CNN: no such variable, ignored\nhint: use MILVUS_CERTGEN_CN\n";
    assert_eq!(text(&output.stderr), warning);
    let output = sandbox.certgen(&["check", "-q"]).env("MILVUS_CERTGEN_CNN", "x").output();
    assert_eq!(text(&output.stderr), "");
    // Those of other commands are known.
    for name in ["MILVUS_CERTGEN_RENEW_ALL", "MILVUS_CERTGEN_NAME_SAN", "MILVUS_CERTGEN_CA_KEY_PASSWORD"] {
        let output = sandbox.certgen(&["check"]).env(name, "1").output();
        assert_eq!(text(&output.stderr), "", "{name}");
    }
}

/// `--json` has an object for each failure, whichever command it is.
#[test]
fn failures_are_json_too() {
    let sandbox = Sandbox::new();
    for args in [
        &["--days", "x"][..],
        &["--frobnicate"],
        &["check", "nowhere"],
        &["probe", "localhost:1", "--dir", "nowhere"],
        &["client", "alice"],
        &["renew"],
        &["sign", "nothing.csr"],
        &["csr", ""],
        &["fixtures"],
    ] {
        let output = sandbox.certgen(args).args(&["--json"]).output();
        let object: serde_json::Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|e| panic!("{args:?}: {e}: {}", text(&output.stdout)));
        assert_eq!(object["schema"], 1);
        assert_eq!(object["error"]["exit_code"], output.status.code().unwrap(), "{args:?}");
        let message = object["error"]["message"].as_str().unwrap();
        assert!(text(&output.stderr).starts_with(&format!("error: {message}")), "{args:?}");
        assert!(object["error"]["hint"].is_string(), "{args:?}: {object}");
    }
    let output = sandbox.certgen(&["--days", "x"]).output();
    assert_eq!(text(&output.stdout), "", "without --json");
}
