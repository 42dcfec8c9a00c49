//! What is not configured, and that nothing is ever written.

use super::{TARGETS, config, modes, printed, whole_set};
use crate::support::{Sandbox, text};

/// Exit code 1, that message and that hint; nothing printed, nothing touched.
fn is_refused(sandbox: &Sandbox, flags: &[&str], message: &str, hint: &str) {
    let before = sandbox.snapshot();
    for target in TARGETS {
        let error = config(sandbox, target).args(flags).fails(1);
        assert!(error.contains(message), "{target}: {error}");
        assert!(error.ends_with(&format!("hint: {hint}\n")), "{target}: {error}");
    }
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn nothing_is_written() {
    let sandbox = whole_set();
    let before = sandbox.snapshot();
    for target in TARGETS {
        for flags in modes(target) {
            printed(&sandbox, target, flags);
        }
    }
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn a_set_that_does_not_work_is_not_configured() {
    let sandbox = Sandbox::with_set();
    let other = Sandbox::with_set();
    sandbox.write("server.key", other.read("server.key"));
    let message =
        "server.key is not the key of server.pem: cannot generate configuration, fix the certificates first";
    is_refused(&sandbox, &[], message, "milvus-certgen check .");
    let flags = ["--tls-mode", "2", "--dir", "."];
    is_refused(&sandbox, &flags, message, "milvus-certgen check .");
    // The hint's command finds it too, in the same words.
    let error = sandbox.certgen(&["config", "compose"]).fails(1);
    let finding = error.strip_prefix("error: ").unwrap().split(": cannot generate").next().unwrap();
    let output = sandbox.certgen(&["check", "."]).output();
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stdout).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains(finding), "{finding:?} is not in {said}");
}

#[test]
fn the_hint_can_be_pasted_whatever_the_directory_is_called() {
    let sandbox = Sandbox::new();
    let dir = "it's a $dir";
    sandbox.certgen(&["--key-type", "ecdsa-p256", "-q", "-o", dir]).succeeds();
    sandbox.write(&format!("{dir}/server.pem"), "no certificate");
    let error = sandbox.certgen(&["config", "go", "--dir", dir]).fails(1);
    assert!(
        error.ends_with(
            r"milvus-certgen check 'it'\''s a $dir'
"
        ),
        "{error}"
    );
}

#[test]
fn no_set_no_configuration() {
    for target in TARGETS {
        let empty = Sandbox::new();
        let error = config(&empty, target).fails(1);
        assert!(error.contains("ca.pem is missing"), "{error}");
        assert!(error.contains("\nhint: "), "{error}");
        let error = config(&empty, target).args(&["--dir", "nowhere"]).fails(1);
        assert!(error.contains("nowhere"), "{error}");
        assert!(empty.snapshot().is_empty());
    }
}

#[test]
fn clients_in_mode_2_need_the_client_s_files() {
    let sandbox = whole_set();
    for file in ["client.key", "client.pem", "client.csr"] {
        sandbox.remove(file);
    }
    let before = sandbox.snapshot();
    for target in TARGETS {
        let is_server = ["milvus-yaml", "compose", "helm", "operator", "cert-manager", "minio", "ingress"]
            .contains(&target);
        // What stands behind Milvus asks it for a certificate in every mode.
        let is_always = ["etcd", "kafka", "cdc"].contains(&target);
        for mode in ["1", "2"] {
            if is_server || (mode == "1" && !is_always) {
                printed(&sandbox, target, &["--tls-mode", mode]);
                continue;
            }
            let error = config(&sandbox, target).args(&["--tls-mode", mode]).fails(1);
            if ["env", "dify"].contains(&target) {
                assert!(error.contains("no setting for a client certificate"), "{target}: {error}");
                continue;
            }
            assert!(error.contains("client.pem: is missing"), "{target}: {error}");
            assert!(error.contains("\nhint: "), "{target}: {error}");
        }
    }
    assert_eq!(sandbox.snapshot(), before);
    // The certificate alone does not do.
    let sandbox = Sandbox::with_set();
    sandbox.remove("client.key");
    let error = sandbox.certgen(&["config", "java", "--tls-mode", "2"]).fails(1);
    assert!(error.contains("client.key"), "{error}");
}

#[test]
fn what_no_name_or_number_is_is_refused_as_usage() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let (long, longest) = ("n".repeat(53), "n".repeat(64));
    for (flag, value) in [
        ("--name", "Milvus"),
        ("--name", "a_b"),
        ("--name", "-a"),
        ("--name", "a-"),
        ("--name", "a.b"),
        ("--name", ""),
        ("--name", "a\nb: c"),
        ("--name", &*long),
        ("--namespace", "ü"),
        ("--namespace", ""),
        ("--namespace", &*longest),
        ("--port", "0"),
        ("--port", "65536"),
        ("--port", "x"),
        ("--host", ""),
        ("--host", "a b"),
        ("--host", "https://db.example.com"),
        ("--host", "db.example.com:19530"),
        ("--host", "db.example.com/x"),
        ("--host", "me@example.com"),
        ("--host", "URI:spiffe://example.com/db"),
        ("--host", "*.example.com"),
        ("--tls-mode", "0"),
        ("--tls-mode", "3"),
        ("--tls-mode", "two"),
        ("--mount-path", "tls"),
        ("--mount-path", "/"),
        ("--mount-path", "/a:b"),
        ("--mount-path", "/a b"),
        ("--mount-path", "/$HOME"),
        ("--cluster", ""),
        ("--cluster", "a.b"),
        ("--cluster", "../x"),
        ("--for-version", "3"),
    ] {
        let flag = format!("{flag}={value}");
        let error = sandbox.certgen(&["config", "pymilvus", &flag]).fails(2);
        assert!(error.starts_with("error: "), "{flag}: {error}");
    }
    sandbox.certgen(&["config", "cobol"]).fails(2);
    sandbox.certgen(&["config"]).fails(2);
    sandbox.certgen(&["config", "cdc"]).fails(2);
    assert_eq!(sandbox.snapshot(), before);
}

fn address_and_name(sandbox: &Sandbox, flags: &[&str]) -> (String, String) {
    let backup = super::document(&printed(sandbox, "milvus-backup", flags));
    let (host, name) = (&backup["milvus"]["grpc"]["address"], &backup["milvus"]["grpc"]["serverName"]);
    (super::string(host).to_owned(), super::string(name).to_owned())
}

#[test]
fn the_server_name_is_one_that_the_certificate_has() {
    let names = ["--cn", "db.example.com", "--san", "*.example.org", "--san", "10.0.0.7"];
    let sandbox = Sandbox::with_set_of(&names);
    for (host, address, name) in [
        ("", "db.example.com", "db.example.com"),
        ("db.example.com", "db.example.com", "db.example.com"),
        ("DB.example.com", "db.example.com", "db.example.com"),
        ("10.0.0.7", "10.0.0.7", "10.0.0.7"),
        ("a.example.org", "a.example.org", "a.example.org"),
        // Not in the certificate.
        ("elsewhere.example.net", "elsewhere.example.net", "db.example.com"),
        ("b.a.example.org", "b.a.example.org", "db.example.com"),
        ("10.0.0.8", "10.0.0.8", "db.example.com"),
    ] {
        let flags: &[&str] = if host.is_empty() { &[] } else { &["--host", host] };
        assert_eq!(address_and_name(&sandbox, flags), (address.to_owned(), name.to_owned()), "{host}");
    }
    let node = printed(&sandbox, "node", &["--host", "2001:db8::7", "--port", "443"]);
    assert!(node.contains(r#"address: "[2001:db8::7]:443","#), "{node}");
    assert!(node.contains(r#"serverName: "db.example.com","#), "{node}");
}

#[test]
fn without_a_name_that_clients_check_nothing_is_configured() {
    use milvus_certgen::{certificate, keys::encoding, pki, profile::Role, san::San, serial::Serial};

    // No run signs such a one.
    let sandbox = Sandbox::with_set();
    let certificate = |name: &str| {
        certificate::certificates_from_pem(sandbox.read(name).as_bytes())
            .map(|mut chain| chain.remove(0))
            .unwrap()
    };
    let (ca, server) = (certificate("ca.pem"), certificate("server.pem"));
    let (key, _) = encoding::from_pem(sandbox.read("ca.key").as_bytes()).unwrap();
    let validity = pki::Validity { not_before: server.not_before, not_after: server.not_after };
    let names = vec![San::Email("me@example.com".to_owned())];
    let identity = pki::Identity { subject: server.subject.clone(), names };
    let serial = Serial::from_random([9; 20]);
    let made =
        pki::sign(Role::Server, &identity, &server.public_key, &serial, validity, (&ca, &key)).unwrap();
    sandbox.write("server.pem", made.to_pem() + &ca.to_pem());
    let message = "server.pem has no host name or IP address that a client can check, only me@example.com";
    let hint = "milvus-certgen check .";
    is_refused(&sandbox, &[], message, hint);
    is_refused(&sandbox, &["--host", "db.example.com", "--tls-mode", "2"], message, hint);
}

#[test]
fn a_wildcard_is_no_address_but_a_name_under_it_is() {
    let sandbox = Sandbox::with_set_of(&["--cn", "no host", "--san", "*.example.com"]);
    let message = "server.pem: is for no host by its own name";
    let err = sandbox.certgen(&["config", "pymilvus"]).fails(1);
    assert!(err.contains(message) && err.contains("hint: say with --host which host"), "{err}");
    let host = ["--host", "db.example.com"];
    let (address, name) = address_and_name(&sandbox, &host);
    assert_eq!((&*address, &*name), ("db.example.com", "db.example.com"));
    for target in TARGETS {
        // The others have certificates of their own.
        if !["compose", "cert-manager", "etcd", "minio", "kafka"].contains(&target) {
            let flags = ["--internal-tls", host[0], host[1]];
            assert!(!printed(&sandbox, target, &flags).contains("*.example.com"), "{target}");
        }
    }
    // For Milvus itself no host is named.
    assert!(printed(&sandbox, "milvus-yaml", &["--internal-tls"]).contains("sni: \"milvus.example.com\""));
}

#[test]
fn milvus_cli_says_that_it_has_no_two_way_tls() {
    let sandbox = Sandbox::with_set();
    sandbox.write("connect.sh", printed(&sandbox, "milvus-cli", &["--tls-mode", "2"]));
    let output =
        std::process::Command::new("sh").arg("connect.sh").current_dir(sandbox.path()).output().unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(1), &b""[..]));
    assert!(text(&output.stderr).starts_with("milvus_cli has no two-way TLS"), "{output:?}");
}
