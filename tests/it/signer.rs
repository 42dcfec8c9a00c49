//! A CA is looked at before it signs: what Milvus or a client of gRPC would reject is refused, and nothing is written.

use std::fmt::Write as _;
use std::process::Command;

use crate::check::signing::{CA, but, sign_ca, sign_ca_with};
use crate::support::{Sandbox, has};

const ROOT: &str =
    "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n";
const P256: &str = "EC -pkeyopt ec_paramgen_curve:P-256";

/// int.pem with root.pem behind it, and int.key.
fn intermediate(root_key: &str, root: &str, own: &str, flags: &str) -> Sandbox {
    let desk = Sandbox::new();
    desk.write("root.ext", root);
    desk.write("int.ext", format!("{own}authorityKeyIdentifier=keyid\n"));
    for (name, key) in [("root", root_key), ("int", P256)] {
        desk.openssl(&format!("genpkey -algorithm {key} -out {name}.key"));
        desk.openssl(&format!("req -new -key {name}.key -subj /O=milvus/CN={name} -out {name}.csr"));
    }
    desk.openssl(
        "x509 -req -in root.csr -signkey root.key -extfile root.ext -days 400 -set_serial 5 -out root.pem",
    );
    desk.openssl(&format!(
        "x509 -req -in int.csr -CA root.pem -CAkey root.key -extfile int.ext -days 300 -out int.pem {flags}"
    ));
    desk.write("int.pem", desk.read("int.pem") + &desk.read("root.pem"));
    desk
}

const BELOW: [&str; 6] = ["--ca-cert", "int.pem", "--ca-key", "int.key", "--key-type", "ecdsa-p256"];

/// The root's key and extensions, the intermediate's extensions, flags of `openssl x509`, and why.
type Case<'a> = (&'a str, &'a str, &'a str, &'a str, &'a str);

fn assert_signs_nothing(cases: &[Case<'_>]) {
    if !has("openssl") {
        return;
    }
    for (root_key, root, own, flags, why) in cases {
        let desk = intermediate(root_key, root, own, flags);
        let before = desk.snapshot();
        let err = desk.certgen(&BELOW).fails(1);
        assert!(err.contains(why) && err.contains("\nhint: "), "{why}: {err}");
        assert!(err.lines().count() == 2 && !err.contains("report this"), "{err}");
        assert_eq!(desk.snapshot(), before, "{why}");
    }
}

fn with(line: &str) -> String {
    format!("{ROOT}{line}\n")
}

#[test]
fn an_intermediate_ca_that_clients_reject_signs_nothing() {
    for (line, why) in [
        ("extendedKeyUsage=serverAuth", "int.pem: has an extendedKeyUsage without clientAuth"),
        ("extendedKeyUsage=emailProtection", "int.pem: has an extendedKeyUsage without serverAuth"),
        ("1.2.3.4.5=critical,DER:0500", "not all clients process (1.2.3.4.5)"),
        ("certificatePolicies=critical,1.2.3.4", "not all clients process (certificatePolicies)"),
        ("inhibitAnyPolicy=critical,0", "not all clients process (inhibitAnyPolicy)"),
        ("extendedKeyUsage=anyExtendedKeyUsage", "int.pem: has an extendedKeyUsage without serverAuth"),
        ("nameConstraints=critical,excluded;DNS:localhost", "permit all names except localhost"),
        ("nameConstraints=critical,permitted;DNS:.localhost", "the CA may not sign for localhost"),
        (
            "nameConstraints=critical,permitted;IP:10.0.0.0/255.0.255.0",
            "nameConstraints that Milvus cannot read",
        ),
        ("2.5.29.30=critical,DER:3000", "nameConstraints that Milvus cannot read"),
    ] {
        assert_signs_nothing(&[(P256, ROOT, &with(line), "-set_serial 6", why)]);
    }
    for (flags, why) in [
        ("-set_serial -6", "int.pem: has a negative serial number"),
        ("-set_serial 6 -sha1", "int.pem: is signed with SHA-1"),
    ] {
        assert_signs_nothing(&[(P256, ROOT, ROOT, flags, why)]);
    }
}

#[test]
fn nor_does_one_below_a_root_that_clients_reject() {
    let above = "int.pem: holds O=milvus, CN=root above it, which ";
    for (root, why) in [
        (with("extendedKeyUsage=serverAuth"), "has an extendedKeyUsage without clientAuth"),
        (with("1.2.3.4.5=critical,DER:0500"), "has a critical extension"),
        (but(ROOT, "keyUsage=critical,cRLSign"), "has a keyUsage without keyCertSign"),
        (but(ROOT, "basicConstraints=critical,CA:FALSE"), "is not a CA certificate"),
    ] {
        assert_signs_nothing(&[(P256, &root, ROOT, "-set_serial 6", &format!("{above}{why}"))]);
    }
    for (key, why) in [
        ("RSA -pkeyopt rsa_keygen_bits:1024", "has a key that clients reject: RSA 1024 is too short"),
        ("ED448", "has a key whose signatures Milvus or pymilvus cannot verify"),
        (
            "EC -pkeyopt ec_paramgen_curve:secp256k1",
            "has a key whose signatures Milvus or pymilvus cannot verify",
        ),
    ] {
        assert_signs_nothing(&[(key, ROOT, ROOT, "-set_serial 6", &format!("{above}{why}"))]);
    }
    for (root, why) in [
        (but(ROOT, "basicConstraints=critical,CA:TRUE,pathlen:0"), "above it allows no CA below (pathlen)"),
        (
            with("nameConstraints=critical,permitted;DNS:example.com"),
            "server.pem: the CA may not sign for localhost",
        ),
    ] {
        assert_signs_nothing(&[(P256, &root, ROOT, "-set_serial 6", why)]);
    }
}

#[test]
fn an_intermediate_ca_that_clients_accept_signs_and_the_chain_is_whole() {
    if !has("openssl") {
        return;
    }
    for (root_key, root, own, flags) in [
        (P256, ROOT, ROOT.to_owned(), ""),
        // Two that ring cannot check, and all clients can.
        ("EC -pkeyopt ec_paramgen_curve:P-521", ROOT, ROOT.to_owned(), ""),
        (P256, ROOT, ROOT.to_owned(), "-sha512"),
        (P256, ROOT, format!("{ROOT}extendedKeyUsage=serverAuth,clientAuth\n"), ""),
        (P256, ROOT, format!("{ROOT}crlDistributionPoints=critical,URI:http://localhost/crl\n"), ""),
        (P256, &format!("{ROOT}certificatePolicies=critical,1.2.3.4\n"), ROOT.to_owned(), ""),
        (P256, ROOT, format!("{ROOT}nameConstraints=critical,permitted;DNS:localhost\n"), ""),
        // A number that RFC 5280 does not allow, and that no client minds.
        (P256, ROOT, ROOT.to_owned(), "-set_serial 0"),
    ] {
        let desk = intermediate(root_key, root, &own, flags);
        desk.certgen(&BELOW).args(&["-q", "-o", "set"]).succeeds();
        for (purpose, pem) in [("sslserver -verify_hostname localhost", "server"), ("sslclient", "client")] {
            let line = format!("verify -x509_strict -purpose {purpose} -CAfile set/ca.pem set/{pem}.pem");
            desk.openssl(&line);
        }
        let chain = std::fs::read_to_string(desk.file("set/server.pem")).unwrap();
        assert_eq!(chain.matches("BEGIN CERTIFICATE").count(), 3, "{root_key} {own} {flags}");
        let check = desk.certgen(&["check", "set"]).output();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stdout));
    }
}

/// What only Python 3.13 rejects is said, and signed.
#[test]
fn what_only_strict_clients_reject_is_a_note() {
    if !has("openssl") {
        return;
    }
    for (extensions, note) in [
        (but(CA, "keyUsage="), "note: ca.pem has no keyUsage (Python 3.13: "),
        (
            but(CA, "basicConstraints=CA:TRUE"),
            "note: ca.pem has a basicConstraints that is not critical (Python 3.13: ",
        ),
    ] {
        let set = Sandbox::with_set();
        sign_ca(&set, &extensions);
        let out = set.certgen(&["client", "alice", "--key-type", "ecdsa-p256"]).succeeds();
        assert!(out.contains(note), "{out}");
    }
}

/// A root of one's own is refused with the command that mends it, and the default run mends it by itself.
#[test]
fn a_root_that_clients_reject_is_reissued_first() {
    if !has("openssl") {
        return;
    }
    let number = "-set_serial 0x1000";
    for (extensions, flags, why) in [
        (but(CA, "extendedKeyUsage=serverAuth"), number, "has an extendedKeyUsage without clientAuth"),
        (
            but(CA, "extendedKeyUsage=anyExtendedKeyUsage"),
            number,
            "has an extendedKeyUsage without clientAuth",
        ),
        (but(CA, "extendedKeyUsage=emailProtection"), number, "has an extendedKeyUsage without clientAuth"),
        (CA.to_owned(), "-set_serial -5", "has a negative serial number"),
        (
            but(CA, "1.2.3.4.5=critical,DER:0500"),
            number,
            "has a critical extension that not all clients process",
        ),
        (but(CA, "keyUsage=critical,cRLSign"), number, "has a keyUsage without keyCertSign"),
    ] {
        let set = Sandbox::with_set();
        sign_ca_with(&set, &extensions, &format!("-days 365 {flags}"));
        let before = set.snapshot();
        let alice = ["client", "alice", "--key-type", "ecdsa-p256"];
        let err = set.certgen(&alice).fails(1);
        let hint = "\nhint: reissue it with: milvus-certgen renew --ca\n";
        assert!(err.starts_with(&format!("error: ca.pem: {why}")) && err.ends_with(hint), "{why}: {err}");
        assert_eq!(set.snapshot(), before, "{why}");
        // From elsewhere the hint names the directory.
        let desk = Sandbox::new();
        let [pem, key] = ["ca.pem", "ca.key"].map(|name| set.file(name).display().to_string());
        let err = desk.certgen(&alice).args(&["--ca-cert", &pem, "--ca-key", &key]).fails(1);
        assert!(err.contains(&format!("renew --ca -o {}\n", set.path().display())), "{err}");
        let own = Sandbox::new();
        for name in before.keys() {
            std::fs::copy(set.file(name), own.file(name)).unwrap();
        }
        set.certgen(&["renew", "--ca", "-q"]).succeeds();
        own.certgen(&["-q"]).succeeds();
        for mended in [&set, &own] {
            mended.certgen(&alice).args(&["-q"]).succeeds();
            mended.openssl("verify -x509_strict -purpose sslclient -CAfile ca.pem alice.pem client.pem");
            mended.openssl("verify -x509_strict -purpose sslserver -CAfile ca.pem server.pem");
            assert!(mended.certgen(&["check"]).output().status.success(), "{why}");
        }
    }
}

#[test]
fn a_purpose_that_a_ca_is_for_stays_when_another_is_added() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    sign_ca(&set, &but(CA, "extendedKeyUsage=serverAuth,codeSigning,1.2.3.4"));
    set.certgen(&["-q"]).succeeds();
    let purposes = set.openssl("x509 -in ca.pem -noout -ext extendedKeyUsage");
    for purpose in ["TLS Web Server", "TLS Web Client", "Code Signing", "1.2.3.4"] {
        assert!(purposes.contains(purpose), "{purposes}");
    }
}

#[test]
fn more_names_than_clients_read_are_refused() {
    let sandbox = Sandbox::new();
    let names = |count: usize| {
        let mut list = String::new();
        (0..count).for_each(|i| write!(list, "node-{i:05}.example.com,").unwrap());
        list
    };
    let run =
        |list: &str| sandbox.certgen(&["--key-type", "ecdsa-p256", "-q"]).env("MILVUS_CERTGEN_SAN", list);
    let err = run(&names(5000)).fails(2);
    assert!(
        err.contains("error: server.pem: its 5003 names take ") && err.contains("\nhint: use a wildcard"),
        "{err}"
    );
    assert!(sandbox.snapshot().is_empty());
    run(&names(900)).succeeds();
    if has("node") {
        let script = crate::peers::script("handshake.js");
        let shaken = Command::new("node")
            .arg(script)
            .arg(sandbox.path())
            .args(["ca.pem", "localhost", "one-way"])
            .status();
        assert!(shaken.unwrap().success());
    }
}
