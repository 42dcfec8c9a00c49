//! Command lines, and directories that are not whole.

use super::http2::{answering, version};
use super::servers::{OpenSsl, Tcp};
use super::{copy, probe, trusting};
use crate::support::{Sandbox, has, text};

#[test]
fn command_lines_that_are_wrong() {
    let set = Sandbox::with_set();
    for (args, error) in [
        (&["localhost:0"][..], "HOST:PORT \"localhost:0\": the port is no number from 1 to 65535"),
        (&["localhost:65536"], "the port is no number"),
        (&["localhost:http"], "the port is no number"),
        (&["a:b:c"], "HOST:PORT \"a:b:c\""),
        (&["[::1"], "no ']' after '['"),
        (&["[localhost]:1"], "no IPv6 address between the brackets"),
        (&[":19530"], "a host is missing"),
        (&["a b"], "no host name"),
        (&["localhost.:1"], "ends with a dot"),
        (&["localhost", "--server-name", "a b"], "--server-name \"a b\""),
        (&["localhost", "--server-name", "URI:spiffe://a/b"], "not a name that TLS can ask for"),
        (&["localhost", "--timeout", "soon"], "--timeout \"soon\": not a number of seconds"),
        (&["localhost", "--timeout", "0"], "not between a millisecond and an hour"),
        (&["localhost", "--timeout", "-1"], "not between a millisecond and an hour"),
        (&["localhost", "--timeout", "nan"], "not between a millisecond and an hour"),
        (&["localhost", "--timeout", "3601"], "not between a millisecond and an hour"),
        (&["localhost", "--key", "client.key"], "--key: without --cert it is not known whose key it is"),
    ] {
        let probed = probe(&set, args);
        assert_eq!((probed.code, &probed.json["error"]["exit_code"]), (2, &2.into()), "{args:?}");
        assert!(probed.err.contains(error), "{args:?}: {}", probed.err);
    }
    for (args, error) in [
        (&["probe"][..], "HOST:PORT: missing"),
        (&["probe", "localhost", "--tls-mode", "3"], "--tls-mode \"3\": not 1 or 2"),
        (&["probe", "localhost", "--tls-mode", "0"], "--tls-mode \"0\": not 1 or 2"),
        (&["probe", "localhost", "--force"], "--force"),
    ] {
        let err = set.certgen(args).fails(2);
        assert!(err.contains(error), "{args:?}: {err}");
    }
}

#[test]
fn directories() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, "-alpn h2");
    let target = server.target();
    let tls = "unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted";
    let empty = Sandbox::new();
    // What is certain is said: the facts, but not whether clients trust the server.
    let probed = probe(&empty, &[&target]);
    probed.assert(&format!("exit 1, {tls}: not-milvus"));
    assert!(
        probed.err.contains("ca.pem: is missing, so it is not known whether clients trust"),
        "{}",
        probed.err
    );
    assert_eq!(probed.json["certificates"][0]["subject"], "C=CN, O=milvus, OU=milvus, CN=localhost");
    empty.write("ca.pem", "nonsense");
    let probed = probe(&empty, &[&target]);
    probed.assert(&format!("exit 1, {tls}: not-milvus"));
    // A problem that is certain outweighs what is not known.
    probe(&empty, &[&target, "--server-name", "other.example"])
        .assert(&format!("exit 3, {tls}: name-not-in-san not-milvus"));
    probe(&empty, &[&target, "--tls-mode", "2"]).assert(&format!("exit 3, {tls}: tls-mode not-milvus"));
    let probed = probe(&empty, &[&target, "--dir", "no/such"]);
    assert_eq!((probed.code, &probed.json["error"]["exit_code"]), (1, &1.into()));
    assert_eq!(
        probed.err,
        "error: no/such: does not exist\nhint: name the directory of the certificates with --dir\n"
    );
    let path = set.path().to_str().unwrap();
    probe(&empty, &[&target, "--dir", path]).assert(&format!("exit 0, {tls}: not-milvus"));
    probe(&empty, &[&target, "-o", path]).assert(&format!("exit 0, {tls}: not-milvus"));
}

#[test]
fn files_by_name() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, "-alpn h2 -Verify 1 -verify_return_error -CAfile ca.pem");
    let target = server.target();
    let tls = "unknown, tlsMode 2, TLS 1.3, certificate demanded";
    let elsewhere = Sandbox::new();
    for (from, to) in [("ca.pem", "trust.pem"), ("client.pem", "me.pem"), ("client.key", "me.key")] {
        copy(&set.file(from), &elsewhere.file(to));
    }
    let all = ["--ca-cert", "trust.pem", "--cert", "me.pem", "--key", "me.key"];
    let with = |args: &[&str]| probe(&elsewhere, &[&[target.as_str()], args].concat());
    let right = format!("exit 0, {tls}, accepted: not-milvus");
    with(&all).assert(&right);
    // Where all is named, there need be no directory.
    with(&[&all[..], &["--dir", "no/such"]].concat()).assert(&right);
    with(&all[..4])
        .assert(&format!("exit 3, {tls}, not accepted: client-certificate-needed"))
        .assert_says("client-certificate-needed", "--key is missing");
    // A client that the CA has signed is found in the directory, whatever its name.
    with(&all[..2]).assert(&right);
    elsewhere.remove("me.key");
    with(&all[..2]).assert(&format!("exit 3, {tls}, not accepted: client-certificate-needed"));
    copy(&set.file("client.key"), &elsewhere.file("me.key"));
    let probed = with(&all[2..]);
    probed.assert(&format!("exit 1, {tls}, accepted: not-milvus"));
    let probed = with(&["--ca-cert", "no.pem", "--cert", "me.pem", "--key", "me.key"]);
    assert_eq!((probed.code, &probed.json["error"]["exit_code"]), (1, &1.into()));
    assert!(probed.err.starts_with("error: no.pem: does not exist"), "{}", probed.err);
    // Other base names in a directory.
    let renamed = trusting(&set);
    copy(&set.file("client.pem"), &renamed.file("app.pem"));
    copy(&set.file("client.key"), &renamed.file("app.key"));
    probe(&renamed, &[&target, "--client-file", "app"]).assert(&right);
}

#[test]
fn quiet_and_environment() {
    let set = Sandbox::with_set();
    let server = Tcp::start(answering(version("v2.3.5")));
    let quiet = set.certgen(&["probe", "-q", &server.target()]).output();
    assert_eq!((quiet.status.code(), quiet.stderr.len()), (Some(3), 0));
    let out = text(&quiet.stdout);
    assert!(out.starts_with("error[plaintext]") && out.contains("\n  fix: "), "only the error: {out}");
    let err = set.certgen(&["probe", "localhost"]).env("MILVUS_CERTGEN_TIMEOUT", "never").fails(2);
    assert!(err.contains("MILVUS_CERTGEN_TIMEOUT \"never\""), "{err}");
    let err = set.certgen(&["probe", "localhost"]).env("MILVUS_CERTGEN_TLS_MODE", "7").fails(2);
    assert!(err.contains("MILVUS_CERTGEN_TLS_MODE \"7\": not 1 or 2"), "{err}");
}
