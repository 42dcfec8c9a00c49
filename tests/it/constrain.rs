//! `--constrain`: a CA that may sign only for the names given.

use crate::support::{Sandbox, has};

fn constrained() -> Sandbox {
    Sandbox::with_set_of(&["--constrain", "--san", "db.example.com,10.0.0.7"])
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
        (&["server", "10.0.0.8"], "10.0.0.8"),
        (&["server", "::2"], "::2"),
        (&["--san", "evil.example"], "evil.example"),
        (&["server", "node.db.example.com", "--san", "evil.example"], "evil.example"),
    ] {
        let err = sandbox.certgen(flags).args(&args).fails(1);
        let why = format!(
            "the CA may not sign for {outside}; its nameConstraints permit localhost, 127.0.0.1/32, ::1/128, \
             db.example.com, 10.0.0.7/32"
        );
        assert!(err.contains(&why) && err.contains("\nhint: "), "{flags:?}: {err}");
        assert_eq!(sandbox.snapshot(), before, "{flags:?}");
    }
    assert!(sandbox.certgen(&["--constrain"]).succeeds().contains("nothing to do"));
    let free = Sandbox::with_set();
    let out = free.certgen(&["--constrain"]).succeeds();
    assert!(out.contains("note: the CA may sign for any name; --constrain only shapes a new one"), "{out}");
}

#[test]
fn verifiers_hold_it_to_its_names_and_a_renewal_keeps_them() {
    if !has("openssl") {
        return;
    }
    let sandbox = constrained();
    let constraints = || sandbox.openssl("x509 -in ca.pem -noout -ext nameConstraints");
    assert!(constraints().starts_with("X509v3 Name Constraints: critical"), "{}", constraints());
    let before = constraints();
    sandbox.certgen(&["renew", "--ca", "-q"]).succeeds();
    assert_eq!(constraints(), before);
    for (options, accepted) in [
        ("-purpose sslserver -verify_hostname localhost server.pem", true),
        ("-purpose sslserver -verify_hostname db.example.com server.pem", true),
        ("-purpose sslserver -verify_ip 10.0.0.7 server.pem", true),
        ("-purpose sslclient client.pem", true),
        ("-purpose sslserver rogue.pem", false),
        ("-purpose sslserver rogue-ip.pem", false),
    ] {
        if !sandbox.file("rogue.pem").exists() {
            for (name, san) in [("rogue", "DNS:bank.example"), ("rogue-ip", "IP:10.0.0.8")] {
                // Whoever steals ca.key can sign this, and nobody takes it.
                sandbox.write(
                    "ext",
                    format!(
                        "subjectAltName={san}\nauthorityKeyIdentifier=keyid\nsubjectKeyIdentifier=hash\n"
                    ),
                );
                sandbox.openssl(&format!(
                    "x509 -req -in client.csr -CA ca.pem -CAkey ca.key -extfile ext -out {name}.pem"
                ));
            }
        }
        let output = sandbox.openssl_output(&format!("verify -x509_strict -CAfile ca.pem {options}"));
        assert_eq!(
            output.status.success(),
            accepted,
            "{options}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    // Without an address among the names there may be none at all.
    let hosts = Sandbox::with_set_of(&["--constrain", "--cn", "db.example.com"]);
    let text = hosts.openssl("x509 -in ca.pem -noout -ext nameConstraints");
    assert!(text.contains("Excluded") && text.contains("IP:0.0.0.0/0.0.0.0"), "{text}");
    hosts.openssl(
        "verify -x509_strict -purpose sslserver -verify_hostname db.example.com -CAfile ca.pem server.pem",
    );
    assert!(hosts.certgen(&["server", "10.0.0.7"]).fails(1).contains("may not sign for 10.0.0.7"));
}

#[test]
fn a_ca_alone_is_constrained_by_its_own_flags() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["ca", "--constrain", "--cn", "corp.example", "--san", "10.0.0.7", "-q"]).succeeds();
    sandbox.certgen(&["server", "a.corp.example", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    assert!(sandbox.certgen(&["server", "a.example"]).fails(1).contains("permit corp.example, 10.0.0.7/32"));
    let err = Sandbox::new().certgen(&["ca", "--constrain", "--cn", "My CA"]).fails(2);
    assert!(err.contains("--constrain: there is no name that the CA could sign for"), "{err}");
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
        assert!(sandbox.certgen(flags).succeeds().contains("nothing to do"));
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
    assert!(out.contains("ca.pem      written again: --discard-ca-key asks for it without its key"), "{out}");
    assert!(out.contains("wrote 1 file in .: ca.key"), "{out}");
    assert!(!sandbox.read("ca.key").contains("PRIVATE KEY"));
    assert!(
        sandbox.certgen(&["--force", "--key-type", "ecdsa-p256"]).succeeds().contains("--force starts over")
    );
}
