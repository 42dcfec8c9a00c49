//! `peer`: certificates for servers that are clients too, such as the members of an etcd cluster.

use crate::support::{Sandbox, has};

const FAST: [&str; 3] = ["--key-type", "ecdsa-p256", "-q"];

fn verifies(sandbox: &Sandbox, purpose: &str, pem: &str) -> bool {
    let line = format!("verify -x509_strict -purpose {purpose} -CAfile ca.pem {pem}");
    sandbox.openssl_output(&line).status.success()
}

#[test]
fn a_peer_is_a_server_and_a_client() {
    let sandbox = Sandbox::with_set();
    sandbox
        .certgen(&["peer", "etcd-0", "etcd-1", "--san", "127.0.0.1,etcd.example.com"])
        .args(&FAST)
        .succeeds();
    let before = sandbox.snapshot();
    assert_eq!(before.len(), 9 + 2 * 3);
    let again = sandbox.certgen(&["peer", "etcd-0", "etcd-1"]).succeeds();
    assert!(again.contains("no changes"), "{again}");
    assert_eq!(sandbox.snapshot(), before);
    assert!(sandbox.read("etcd-0.pem").ends_with(&sandbox.read("ca.pem")), "with its issuer, as a server's");
    if has("openssl") {
        for (pem, server, client) in
            [("etcd-0.pem", true, true), ("server.pem", true, false), ("client.pem", false, true)]
        {
            assert_eq!(verifies(&sandbox, "sslserver", pem), server, "{pem}");
            assert_eq!(verifies(&sandbox, "sslclient", pem), client, "{pem}");
        }
        sandbox.openssl("verify -verify_hostname etcd-0 -CAfile ca.pem etcd-0.pem");
        sandbox.openssl("verify -verify_ip 127.0.0.1 -CAfile ca.pem etcd-0.pem");
        assert!(
            !sandbox
                .openssl_output("verify -verify_hostname etcd-1 -CAfile ca.pem etcd-0.pem")
                .status
                .success()
        );
    }
}

#[test]
fn a_peer_is_renewed_as_a_peer() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["peer", "etcd-0", "--san", "etcd.example.com"]).args(&FAST).succeeds();
    let key = sandbox.read("etcd-0.key");
    for args in [&["renew", "etcd-0", "-q"][..], &["renew", "--all", "-q"], &["renew", "--ca", "-q"]] {
        let pem = sandbox.read("etcd-0.pem");
        sandbox.certgen(args).succeeds();
        assert_ne!(sandbox.read("etcd-0.pem"), pem, "{args:?}");
        assert_eq!(sandbox.read("etcd-0.key"), key, "{args:?}");
        assert!(sandbox.read("etcd-0.pem").ends_with(&sandbox.read("ca.pem")), "{args:?}");
        if has("openssl") {
            assert!(
                verifies(&sandbox, "sslserver", "etcd-0.pem")
                    && verifies(&sandbox, "sslclient", "etcd-0.pem")
            );
            sandbox.openssl("verify -verify_hostname etcd.example.com -CAfile ca.pem etcd-0.pem");
        }
    }
}

#[test]
fn a_server_becomes_a_peer_and_a_client_does_not() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["server", "etcd-0"]).args(&FAST).succeeds();
    sandbox.certgen(&["client", "alice.example"]).args(&FAST).succeeds();
    let key = sandbox.read("etcd-0.key");
    let out = sandbox.certgen(&["peer", "etcd-0"]).succeeds();
    assert!(out.contains("has an extendedKeyUsage without clientAuth"), "{out}");
    assert_eq!(sandbox.read("etcd-0.key"), key);
    let before = sandbox.snapshot();
    // To be both is to be either.
    sandbox.certgen(&["server", "etcd-0", "-q"]).succeeds();
    sandbox.certgen(&["client", "etcd-0", "-q"]).succeeds();
    let err = sandbox.certgen(&["peer", "alice.example"]).fails(1);
    assert!(err.contains("alice.example.pem: already exists, for the client \"alice.example\""), "{err}");
    for (name, why) in
        [("My Member", "clients check the host's name"), ("server", "the server's"), ("ca", "the CA's")]
    {
        let err = sandbox.certgen(&["peer", name]).fails(2);
        assert!(err.contains(why) && err.contains("\nhint: "), "{err}");
    }
    assert_eq!(sandbox.snapshot(), before);
}

#[test]
fn a_list_of_peers_under_a_ca_with_constraints() {
    let sandbox = Sandbox::with_set_of(&["--constrain", "--san", "*.example.com"]);
    sandbox.write("names", "etcd-0.example.com\netcd-1.example.com\n");
    let out = sandbox.certgen(&["peer", "--from", "names", "--key-type", "ecdsa-p256"]).succeeds();
    assert_eq!(out, "2 names in .: 2 issued, 0 reissued, 0 unchanged\n");
    sandbox.write("names", "etcd-2.example.com\netcd-3.example.org\n");
    let err = sandbox.certgen(&["peer", "--from", "names"]).args(&FAST).fails(1);
    assert!(err.contains("the CA may not sign for etcd-3.example.org"), "{err}");
    assert!(!sandbox.file("etcd-2.example.com.pem").exists());
    if has("openssl") {
        assert!(verifies(&sandbox, "sslserver", "etcd-0.example.com.pem"));
        assert!(verifies(&sandbox, "sslclient", "etcd-0.example.com.pem"));
    }
}

#[test]
fn a_request_is_a_peer_s_only_where_the_signer_says_so() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["csr", "etcd-0", "--role", "peer"]).args(&FAST).succeeds();
    let before = sandbox.snapshot();
    sandbox.certgen(&["csr", "etcd-0", "--role", "peer", "-q"]).succeeds();
    assert_eq!(sandbox.snapshot(), before, "a request for the same is kept");
    let out = sandbox.certgen(&["sign", "etcd-0.csr"]).succeeds();
    assert!(out.contains("note: etcd-0.csr: asks for other purposes"), "{out}");
    if has("openssl") {
        assert!(
            verifies(&sandbox, "sslserver", "etcd-0.pem") && !verifies(&sandbox, "sslclient", "etcd-0.pem")
        );
    }
    let out = sandbox.certgen(&["sign", "etcd-0.csr", "--role", "peer"]).succeeds();
    assert!(!out.contains("note:"), "{out}");
    if has("openssl") {
        assert!(
            verifies(&sandbox, "sslserver", "etcd-0.pem") && verifies(&sandbox, "sslclient", "etcd-0.pem")
        );
    }
    // A client's request has no name of a host, and a peer must have one.
    sandbox.certgen(&["csr", "Alice Smith", "--role", "client"]).args(&FAST).succeeds();
    let err = sandbox.certgen(&["sign", "Alice_Smith.csr", "--role", "peer"]).fails(1);
    assert!(err.contains("no name that clients can check"), "{err}");
}

#[test]
fn check_judges_a_peer_as_both() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["peer", "etcd-0"]).args(&FAST).succeeds();
    let named = ["check", "--ca-cert", "ca.pem", "--cert", "etcd-0.pem", "--key", "etcd-0.key", "--json"];
    let json: serde_json::Value = serde_json::from_str(&sandbox.certgen(&named).succeeds()).unwrap();
    assert_eq!((&json["errors"], &json["warnings"]), (&0.into(), &0.into()), "{json}");
    assert_eq!(json["handshakes"].as_array().map(Vec::len), Some(2), "{json}");
    let output = sandbox.certgen(&named).args(&["--name", "etcd-9"]).output();
    assert_eq!(output.status.code(), Some(3), "the names of a peer are checked");
    // Under a CA that may sign for servers alone it is no client.
    if has("openssl") {
        sandbox.write("ca.cnf", "[req]\ndistinguished_name = dn\nx509_extensions = v3\n[dn]\n[v3]\n\
             subjectKeyIdentifier = hash\nbasicConstraints = critical,CA:true\nkeyUsage = critical,keyCertSign\n\
             extendedKeyUsage = serverAuth\n");
        sandbox.openssl("req -x509 -new -key ca.key -days 3650 -out ca.pem -config ca.cnf -subj /CN=servers");
        sandbox.openssl("x509 -req -in etcd-0.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -copy_extensions copyall -out etcd-0.pem");
        let output = sandbox.certgen(&named).output();
        assert_eq!(output.status.code(), Some(3));
        let said = crate::support::text(&output.stdout);
        assert!(said.contains("without clientAuth") && !said.contains("without serverAuth"), "{said}");
    }
}
