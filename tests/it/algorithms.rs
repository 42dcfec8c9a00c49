//! Signatures and keys that not everyone can verify or use: what is said of them, and what those say of whom it is said.

use crate::check::Verdict;
use crate::check::signing::{CA, CLIENT, SERVER, damage_signature, new_key, sign};
use crate::peers::Peer;
use crate::support::{Sandbox, has};

const ONE_WAY: (&str, &str, &str) = ("ca.pem", "localhost", "one-way");

/// ECDSA with SHA-512: ring does not verify it, and everyone but rustls does. What nothing here verifies, as P-521, is not
/// called bad.
#[test]
fn signatures_that_ring_does_not_verify() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for (curve, digest, is_verified) in [
        ("P-256", "-sha512", true),
        ("P-384", "-sha512", true),
        ("P-521", "-sha512", false),
        ("P-521", "-sha256", false),
    ] {
        let set = Sandbox::with_set();
        let name = |base: &str| format!("/C=CN/O=milvus/CN={base}");
        set.openssl(&format!("genpkey -algorithm EC -pkeyopt ec_paramgen_curve:{curve} -out ca.key"));
        set.openssl(&format!("req -new -key ca.key -subj {} -out ca.csr", name("root")));
        for (base, extensions) in [("ca", CA), ("server", SERVER), ("client", CLIENT)] {
            set.write("ext", extensions);
            let by = if base == "ca" { "-signkey ca.key" } else { "-CA ca.pem -CAkey ca.key" };
            set.openssl(&format!(
                "x509 -req -in {base}.csr {by} {digest} -days 300 -extfile ext -out {base}.pem"
            ));
        }
        let verdict = Verdict::of(&set, &["--name", "localhost"]);
        assert_eq!(verdict.exit, 0, "{curve} {digest}: {:?}", verdict.found());
        for peer in &peers {
            peer.assert(&set, ONE_WAY, true);
            peer.assert(&set, ("ca.pem", "localhost", "mutual"), true);
        }
        // One that does not match is not taken for one that cannot be verified.
        if is_verified {
            damage_signature(&set, "server.pem");
            assert!(Verdict::of(&set, &[]).found().contains("error not-signed-by-ca server.pem"));
            assert!(!peers.iter().any(|peer| peer.accepts(&set, ONE_WAY)));
        }
    }
}

/// What is said of keys that milvus-certgen cannot sign with, held against those of whom it is said.
#[test]
fn who_accepts_an_unsupported_key_is_said_by_name() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for (algorithm, said, by_go, by_openssl) in [
        ("EC -pkeyopt ec_paramgen_curve:P-521", "Milvus, Go, Node and Python accept it", true, true),
        ("EC -pkeyopt ec_paramgen_curve:P-224", "Milvus loads it, and no client accepts it", false, false),
        ("EC -pkeyopt ec_paramgen_curve:secp256k1", "(secp256k1): Milvus (Go) cannot load it", false, false),
        ("EC -pkeyopt ec_paramgen_curve:brainpoolP256r1", "Milvus (Go) cannot load it", false, false),
        ("ED448", "Node and Python accept it, Milvus (Go) cannot load it", false, true),
        ("RSA-PSS -pkeyopt rsa_keygen_bits:2048", "(RSA-PSS): Node and Python accept it", false, true),
        ("RSA -pkeyopt rsa_keygen_bits:5120", "(RSA 5120): Milvus and its clients accept it", true, true),
    ] {
        let set = Sandbox::with_set();
        new_key(&set, "server", algorithm);
        sign(&set, "server", SERVER);
        let verdict = Verdict::of(&set, &["--name", "localhost"]);
        let finding = verdict
            .findings()
            .find(|finding| {
                finding.text("code") == "unsupported-key" && finding.text("subject") == "server.pem"
            })
            .unwrap_or_else(|| panic!("{algorithm}: {:?}", verdict.found()));
        assert!(finding.text("message").contains(said), "{algorithm}: {}", finding.text("message"));
        let key = verdict.findings().find(|finding| finding.text("subject") == "server.key").unwrap();
        assert!(
            key.text("message").contains("milvus-certgen cannot sign with it"),
            "{}",
            key.text("message")
        );
        for peer in &peers {
            let expected = if peer.is_go() { by_go } else { by_openssl };
            assert_eq!(peer.accepts(&set, ONE_WAY), expected, "{algorithm}");
        }
        // A run replaces it only where it is told to.
        let before = set.snapshot();
        let err = set.certgen(&[]).fails(1);
        assert!(
            err.contains("server.key: is a private key of an unsupported kind") && err.contains("--rekey"),
            "{err}"
        );
        assert_eq!(set.snapshot(), before);
    }
}

#[test]
fn a_request_with_sha_512_is_signed() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    set.openssl("req -new -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout a.key -subj /CN=a.example -sha512 -out a.csr");
    set.certgen(&["sign", "a.csr", "-q"]).succeeds();
    set.openssl("verify -x509_strict -purpose sslserver -verify_hostname a.example -CAfile ca.pem a.pem");
    damage_signature(&set, "a.csr");
    let err = set.certgen(&["sign", "a.csr"]).fails(1);
    assert!(err.contains("its signature does not match its key"), "{err}");
}
