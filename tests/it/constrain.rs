//! `--constrain`: a CA that may sign only for the names given.

use crate::check::signing::{CA, but, sign_ca};
use crate::support::{Sandbox, has};

fn constrained() -> Sandbox {
    Sandbox::with_set_of(&["--constrain", "--san", "db.example.com,*.svc.example"])
}

#[test]
fn what_is_within_is_signed_and_what_is_outside_is_refused_before() {
    let sandbox = constrained();
    let args = ["--key-type", "ecdsa-p256"];
    sandbox.certgen(&["server", "node.db.example.com", "-q"]).args(&args).succeeds();
    sandbox.certgen(&["client", "Carol Smith", "-q"]).args(&args).succeeds();
    let before = sandbox.snapshot();
    for (flags, outside) in [
        (&["client", "alice"][..], "alice"),
        (&["server", "example.com"], "example.com"),
        (&["server", "10.0.0.1"], "10.0.0.1"),
        (&["server", "::2"], "::2"),
        (&["server", "127.0.0.1"], "127.0.0.1"),
        (&["--cn", "127.0.0.1"], "127.0.0.1"),
        (&["--san", "evil.example"], "evil.example"),
        (&["--san", "10.0.0.7"], "10.0.0.7"),
        (&["--san", "127.0.0.1"], "127.0.0.1"),
        (&["server", "node.db.example.com", "--san", "evil.example"], "evil.example"),
    ] {
        let err = sandbox.certgen(flags).args(&args).fails(1);
        let why = format!(
            "the CA may not sign for {outside}; its nameConstraints permit localhost, db.example.com, svc.example and \
             no IP addresses"
        );
        assert!(err.contains(&why) && err.contains("\nhint: "), "{flags:?}: {err}");
        assert_eq!(sandbox.snapshot(), before, "{flags:?}");
    }
    // OpenSSL takes such a CN for a host name where the certificate has none.
    for name in ["1.2.3", "a_b.c-d"] {
        let err = sandbox.certgen(&["client", name]).args(&args).fails(1);
        assert!(err.contains("may not sign for") && err.contains(name), "{name}: {err}");
    }
    assert_eq!(sandbox.snapshot(), before);
    assert!(sandbox.certgen(&["--constrain"]).succeeds().contains("no changes"));
    let free = Sandbox::with_set();
    let out = free.certgen(&["--constrain"]).succeeds();
    assert!(
        out.contains("note: the existing CA may issue for any name; --constrain applies to a new CA only"),
        "{out}"
    );
}

#[test]
fn the_addresses_of_localhost_are_left_out_and_it_says_so() {
    let left_out = |pem: &str| {
        format!("note: {pem} does not include 127.0.0.1 and ::1: not all clients accept addresses")
    };
    let sandbox = Sandbox::new();
    let out = sandbox.certgen(&["--constrain", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(out.contains(&left_out("server.pem")), "{out}");
    assert!(out.contains("server.pem  issued for localhost;") && !out.contains("127.0.0.1,"), "{out}");
    // They stay out whatever is signed again, and of what is signed for others.
    let before = sandbox.snapshot();
    assert!(sandbox.certgen(&["--cn", "localhost", "--constrain"]).succeeds().contains("no changes"));
    assert_eq!(sandbox.snapshot(), before);
    let out = sandbox.certgen(&["server", "localhost", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(out.contains(&left_out("localhost.pem")), "{out}");
    sandbox.certgen(&["renew", "-q"]).succeeds();
    assert!(sandbox.certgen(&["check", "--strict", "--name", "localhost"]).output().status.success());
    let desk = Sandbox::new();
    desk.certgen(&["csr", "localhost", "--key-type", "ecdsa-p256", "-q"]).succeeds();
    let csr = desk.file("localhost.csr");
    let out = sandbox.certgen(&["sign", csr.to_str().unwrap()]).succeeds();
    assert!(out.contains(&left_out("localhost.pem")), "{out}");
    // Without --constrain they are there.
    let out = Sandbox::new().certgen(&["--key-type", "ecdsa-p256"]).succeeds();
    assert!(out.contains("for localhost, 127.0.0.1, ::1") && !out.contains("note: "), "{out}");
}

#[test]
fn names_that_not_all_clients_can_constrain_are_refused() {
    let sandbox = Sandbox::new();
    for (flags, flag, kind) in [
        (&["--cn", "10.0.0.1"][..], "--cn \"10.0.0.1\"", "IP addresses"),
        (&["--cn", "127.0.0.1"], "--cn \"127.0.0.1\"", "IP addresses"),
        (&["--san", "10.0.0.7"], "--san \"10.0.0.7\"", "IP addresses"),
        (&["--san", "::1"], "--san \"::1\"", "IP addresses"),
        (&["--client-cn", "10.0.0.9"], "--client-cn \"10.0.0.9\"", "IP addresses"),
        (&["--san", "db.example.com,ops@example.com"], "--san \"ops@example.com\"", "email addresses"),
        (&["--client-cn", "ops@example.com"], "--client-cn \"ops@example.com\"", "email addresses"),
        (&["--san", "spiffe://cluster/milvus"], "--san \"spiffe://cluster/milvus\"", "URIs"),
        (&["ca", "--cn", "10.0.0.1"], "--cn \"10.0.0.1\"", "IP addresses"),
        (&["ca", "--cn", "corp.example", "--san", "10.0.0.7"], "--san \"10.0.0.7\"", "IP addresses"),
    ] {
        let err = sandbox.certgen(flags).args(&["--constrain"]).fails(2);
        let start =
            format!("error: {flag}: with --constrain the CA issues certificates for host names only, as ");
        assert!(
            err.starts_with(&start) && err.contains(&format!("constraints on {kind}\nhint: ")),
            "{flags:?}: {err}"
        );
    }
    let err = sandbox.certgen(&["--constrain", "--client-cn", "1.2.3"]).fails(1);
    assert!(err.contains("client.pem: OpenSSL checks the CN 1.2.3 as a host name"), "{err}");
    assert!(sandbox.snapshot().is_empty());
    sandbox
        .certgen(&["--constrain", "--client-cn", "Alice Smith", "-q", "--key-type", "ecdsa-p256"])
        .succeeds();
}

#[test]
fn verifiers_hold_it_to_its_names_and_a_renewal_keeps_them() {
    if !has("openssl") {
        return;
    }
    let sandbox = constrained();
    let extensions = || {
        let each = ["nameConstraints", "extendedKeyUsage", "basicConstraints"];
        each.map(|name| sandbox.openssl(&format!("x509 -in ca.pem -noout -ext {name}"))).concat()
    };
    let before = extensions();
    assert!(before.contains("X509v3 Name Constraints: critical"), "{before}");
    assert!(before.contains("TLS Web Server Authentication, TLS Web Client Authentication"), "{before}");
    assert!(
        !before.contains("email") && !before.contains("URI") && before.contains("IP:0.0.0.0/0.0.0.0"),
        "{before}"
    );
    sandbox.certgen(&["renew", "--ca", "-q"]).succeeds();
    assert_eq!(extensions(), before);
    // Whoever steals ca.key can sign these, and nobody accepts them.
    for (name, extensions) in [
        ("rogue", "subjectAltName=DNS:bank.example"),
        ("rogue-ip", "subjectAltName=IP:10.0.0.8"),
        ("rogue-ip6", "subjectAltName=IP:::1"),
        ("rogue-mail", "subjectAltName=email:ceo@bank.example\nextendedKeyUsage=emailProtection"),
        ("rogue-code", "subjectAltName=DNS:localhost\nextendedKeyUsage=codeSigning"),
    ] {
        sandbox
            .write("ext", format!("{extensions}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"));
        sandbox.openssl(&format!(
            "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -extfile ext -out {name}.pem"
        ));
    }
    for (options, accepted) in [
        ("-purpose sslserver -verify_hostname localhost server.pem", true),
        ("-purpose sslserver -verify_hostname db.example.com server.pem", true),
        ("-purpose sslserver -verify_hostname a.svc.example server.pem", true),
        ("-purpose sslclient client.pem", true),
        ("-purpose sslserver rogue.pem", false),
        ("-purpose sslserver rogue-ip.pem", false),
        ("-purpose sslserver rogue-ip6.pem", false),
        ("-purpose smimesign rogue-mail.pem", false),
        ("-purpose codesign rogue-code.pem", false),
    ] {
        let output = sandbox.openssl_output(&format!("verify -x509_strict -CAfile ca.pem {options}"));
        assert_eq!(
            output.status.success(),
            accepted,
            "{options}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

/// As 0.1.0 made them: addresses among the permitted names, and no extendedKeyUsage. They serve Go, Node and Java.
#[test]
fn a_set_whose_ca_permits_addresses_is_left_alone_and_the_run_says_who_rejects_it() {
    if !has("openssl") {
        return;
    }
    let sandbox = limited_to_addresses();
    let before = sandbox.snapshot();
    let rejected = "note: server.pem has IP addresses, and ca.pem limits addresses";
    for flags in [&[][..], &["--constrain"], &["--san", "127.0.0.1"]] {
        let out = sandbox.certgen(flags).succeeds();
        assert!(out.contains(rejected) && out.contains("no changes"), "{flags:?}: {out}");
    }
    assert_eq!(sandbox.snapshot(), before);
    sandbox.certgen(&["renew", "-q"]).succeeds();
    assert!(
        sandbox.openssl("x509 -in server.pem -noout -ext subjectAltName").contains("IP Address:127.0.0.1")
    );
    // What is made new there does not add to it.
    let out = sandbox.certgen(&["server", "localhost", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(
        out.contains("localhost.pem does not include 127.0.0.1 and ::1") && !out.contains(rejected),
        "{out}"
    );
}

/// A sound set under such a CA.
fn limited_to_addresses() -> Sandbox {
    let sandbox = Sandbox::with_set();
    let ones = "FFFF:".repeat(8);
    let limits = format!(
        "nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.1/255.255.255.255,\
         permitted;IP:0:0:0:0:0:0:0:1/{}",
        ones.trim_end_matches(':')
    );
    sign_ca(&sandbox, &but(CA, &limits));
    sandbox
}

#[test]
fn a_ca_alone_is_constrained_by_its_own_flags() {
    let sandbox = Sandbox::new();
    sandbox
        .certgen(&["ca", "--constrain", "--cn", "corp.example", "--san", "other.example", "-q"])
        .succeeds();
    sandbox.certgen(&["server", "a.corp.example", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    let err = sandbox.certgen(&["server", "a.example"]).fails(1);
    assert!(err.contains("permit corp.example, other.example and no IP addresses"), "{err}");
    let err = Sandbox::new().certgen(&["ca", "--constrain", "--cn", "My CA"]).fails(2);
    assert!(err.contains("--constrain: needs at least one host name"), "{err}");
    // Its addresses come with the name, and nobody asks for them.
    Sandbox::new().certgen(&["ca", "--constrain", "--cn", "localhost", "-q"]).succeeds();
}

#[test]
fn a_discarded_ca_key_is_never_written_and_the_set_says_so() {
    let sandbox = Sandbox::new();
    let out = sandbox.certgen(&["--discard-ca-key", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(out.contains("ca.key was discarded"), "{out}");
    assert_eq!(sandbox.snapshot().len(), 9);
    assert!(!sandbox.read("ca.key").contains("PRIVATE KEY") && sandbox.mode("ca.key") == 0o600);
    let before = sandbox.snapshot();
    for flags in [&[][..], &["--discard-ca-key"]] {
        assert!(sandbox.certgen(flags).succeeds().contains("no changes"));
    }
    for flags in [&["--san", "db.example.com"][..], &["client", "alice"], &["renew"], &["renew", "--ca"]] {
        let err = sandbox.certgen(flags).fails(1);
        assert!(err.contains("was discarded") && err.contains("\nhint: "), "{flags:?}: {err}");
    }
    assert_eq!(sandbox.snapshot(), before);
    if has("openssl") {
        sandbox.openssl(
            "verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile ca.pem server.pem",
        );
    }
    // One that is there already is given up when asked.
    let sandbox = Sandbox::with_set();
    let out = sandbox.certgen(&["--discard-ca-key"]).succeeds();
    assert!(
        out.contains("ca.pem      unchanged") && out.contains("reason: --discard-ca-key removes the CA key"),
        "{out}"
    );
    assert!(out.contains("wrote 1 file to .: ca.key"), "{out}");
    assert!(!sandbox.read("ca.key").contains("PRIVATE KEY"));
    assert!(
        sandbox.certgen(&["--force", "--key-type", "ecdsa-p256"]).succeeds().contains("--force starts over")
    );
}
