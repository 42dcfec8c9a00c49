//! Names that other people gave their CAs and requests: copied byte for byte, and taken by every client.

use std::fs;
use std::process::Command;

use der::asn1::{Any, BitString};
use der::{Decode, Encode};
use milvus_certgen::certificate::{Certificate, certificates_from_pem, csr_from_pem};
use rcgen::SigningKey;

use crate::peers::Peer;
use crate::support::{Sandbox, has, run_milvus_recipe};

fn sh(sandbox: &Sandbox, line: &str) {
    let output = Command::new("sh").args(["-euc", line]).current_dir(sandbox.path()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{line}: {said}");
}

fn certificate(sandbox: &Sandbox, name: &str) -> Certificate {
    certificates_from_pem(&fs::read(sandbox.file(name)).unwrap()).unwrap().remove(0)
}

fn subject_of_request(sandbox: &Sandbox, name: &str) -> Vec<u8> {
    csr_from_pem(&fs::read(sandbox.file(name)).unwrap()).unwrap().subject.der
}

/// What rcgen cannot say: each as `openssl req -subj` takes it, and as it is shown.
const SUBJECTS: [(&str, &str); 6] = [
    ("/O=acme/OU=one/OU=two/CN=", "O=acme, OU=one, OU=two, CN="),
    ("/DC=com/DC=example/CN=", "DC=com, DC=example, CN="),
    ("/O=acme/OU=one+UID=7+CN=", "O=acme, OU=one + "),
    ("/odd=x/CN=", "2.999.7=x, CN="),
    ("/O=acme/emailAddress=a@b.example/serialNumber=7/emailAddress=c@b.example/CN=", "O=acme, emailAddress="),
    ("/CN=first/O=acme/CN=", "CN=first, O=acme, CN="),
];

const CONFIG: &str = "oid_section=oids\n[oids]\nodd=2.999.7\n[req]\ndistinguished_name=dn\n[dn]\n";

/// A CA of that subject, as NAME.pem and NAME.key.
fn make_ca(sandbox: &Sandbox, name: &str, subject: &str) {
    sandbox.write("c.cnf", CONFIG);
    sh(
        sandbox,
        &format!(
            "openssl genrsa -out {name}.key 2048\n\
             openssl req -new -x509 -key {name}.key -out {name}.pem -days 365 -multivalue-rdn -config c.cnf \
             -subj '{subject}' -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign"
        ),
    );
}

const P256: [&str; 3] = ["--key-type", "ecdsa-p256", "-q"];

fn verify(sandbox: &Sandbox, ca: &str, pem: &str, purpose: &str, host: &str) {
    sandbox.openssl(&format!("verify -x509_strict -purpose {purpose} -CAfile {ca} {pem}"));
    if purpose == "sslserver" {
        sandbox.openssl(&format!("verify -x509_strict -verify_hostname {host} -CAfile {ca} {pem}"));
    }
    if has("certtool") {
        sh(sandbox, &format!("certtool --verify --load-ca-certificate {ca} --infile {pem}"));
    }
}

#[test]
fn a_ca_of_any_name_signs_what_all_clients_take() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for (subject, shown) in SUBJECTS {
        let sandbox = Sandbox::new();
        make_ca(&sandbox, "root", &format!("{subject}root"));
        let with_ca = ["--ca-cert", "root.pem", "--ca-key", "root.key"];
        sandbox.certgen(&P256).args(&with_ca).succeeds();
        let run = |role: &str, name: &str| sandbox.certgen(&[role, name]).args(&P256).args(&with_ca);
        run("server", "node.example").succeeds();
        run("client", "alice").succeeds();
        let name = certificate(&sandbox, "root.pem").subject.der;
        for (pem, purpose, host) in [
            ("server.pem", "sslserver", "localhost"),
            ("client.pem", "sslclient", ""),
            ("node.example.pem", "sslserver", "node.example"),
            ("alice.pem", "sslclient", ""),
        ] {
            assert_eq!(certificate(&sandbox, pem).issuer.der, name, "{subject} {pem}");
            verify(&sandbox, "root.pem", pem, purpose, host);
        }
        for peer in &peers {
            peer.assert(&sandbox, ("ca.pem", "localhost", "mutual"), true);
            peer.assert(&sandbox, ("ca.pem", "evil.example", "mutual"), false);
        }
        let before = sandbox.snapshot();
        run("client", "alice").succeeds();
        sandbox.certgen(&P256).args(&with_ca).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{subject}: a second run changes nothing");
        let out =
            sandbox.certgen(&["check", "-v", "--cert", "alice.pem", "--ca-cert", "root.pem"]).succeeds();
        assert!(out.contains(shown) && !out.contains("2.5.4"), "{out}");
        run("client", "bob").args(&["--dry-run"]).succeeds();
    }
}

#[test]
fn a_request_of_any_name_is_signed_as_it_is() {
    if !has("openssl") {
        return;
    }
    for (subject, shown) in SUBJECTS {
        let sandbox = Sandbox::new();
        make_ca(&sandbox, "ca", &format!("{subject}root"));
        sh(
            &sandbox,
            &format!(
                "openssl req -new -newkey rsa:2048 -nodes -keyout n.key -out n.csr -multivalue-rdn -config c.cnf \
                 -subj '{subject}node.example' 2>/dev/null"
            ),
        );
        let out = sandbox.certgen(&["sign", "n.csr", "-v"]).succeeds();
        assert!(out.contains(shown), "{out}");
        let made = certificate(&sandbox, "n.pem");
        assert_eq!(made.subject.der, subject_of_request(&sandbox, "n.csr"), "{subject}");
        assert_eq!(made.issuer.der, certificate(&sandbox, "ca.pem").subject.der, "{subject}");
        verify(&sandbox, "ca.pem", "n.pem", "sslserver", "node.example");
    }
}

#[test]
fn a_request_of_keytool_may_hold_a_question() {
    if !has("openssl") || !has("keytool") {
        return;
    }
    let sandbox = Sandbox::with_set();
    let keytool = "keytool -keystore k -storepass secret";
    sh(
        &sandbox,
        &format!(
            "{keytool} -genkeypair -alias a -keyalg RSA -dname 'CN=node.example, OU=a, OU=b, O=Who?' 2>/dev/null\n\
             {keytool} -certreq -alias a -file n.csr 2>/dev/null"
        ),
    );
    let out = sandbox.certgen(&["sign", "n.csr", "-v"]).succeeds();
    assert!(out.contains("O=Who?, OU=b, OU=a, CN=node.example"), "{out}");
    assert_eq!(certificate(&sandbox, "n.pem").subject.der, subject_of_request(&sandbox, "n.csr"));
    verify(&sandbox, "ca.pem", "n.pem", "sslserver", "node.example");
    sh(
        &sandbox,
        &format!(
            "{keytool} -importcert -alias ca -file ca.pem -noprompt 2>/dev/null\n\
             {keytool} -importcert -alias a -file n.pem 2>/dev/null"
        ),
    );
}

#[test]
fn what_is_renewed_keeps_its_name() {
    if !has("openssl") {
        return;
    }
    let (peers, _workshop) = Peer::present();
    for subject in [
        "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=one/OU=two/CN=localhost",
        "/DC=com/DC=example/ST=Shanghai/L=Shanghai/OU=x/CN=localhost",
    ] {
        let sandbox = Sandbox::new();
        run_milvus_recipe(&sandbox, subject);
        for name in ["ca.pem", "server.pem", "client.pem"] {
            fs::copy(sandbox.file(name), sandbox.file(&format!("old-{name}"))).unwrap();
        }
        let (ca, leaf) =
            (certificate(&sandbox, "ca.pem").subject, certificate(&sandbox, "server.pem").subject);
        let keeps = |what: &str| {
            assert_eq!(certificate(&sandbox, "ca.pem").subject.der, ca.der, "{subject} {what}");
            for (role, purpose) in [("server", "sslserver"), ("client", "sslclient")] {
                let made = certificate(&sandbox, &format!("{role}.pem"));
                assert_eq!((&made.subject.der, &made.issuer.der), (&leaf.der, &ca.der), "{subject} {what}");
                assert_eq!(
                    subject_of_request(&sandbox, &format!("{role}.csr")),
                    leaf.der,
                    "{subject} {what}"
                );
                verify(&sandbox, "ca.pem", &format!("{role}.pem"), purpose, "localhost");
                // Who trusts the old ca.pem is not cut off, and what the old CA signed is good under the new one.
                sandbox.openssl(&format!("verify -CAfile old-ca.pem {role}.pem"));
                sandbox.openssl(&format!("verify -CAfile ca.pem old-{role}.pem"));
            }
            sandbox.openssl("req -in server.csr -noout -verify");
            for peer in &peers {
                peer.assert(&sandbox, ("ca.pem", "localhost", "mutual"), true);
            }
        };
        // The CA has no keyUsage, the leaves have no names: all are signed again in place.
        let out = sandbox.certgen(&[]).succeeds();
        assert_eq!(out.matches("reissued").count(), 3, "{out}");
        keeps("a plain run");
        assert!(sandbox.certgen(&[]).succeeds().contains("no changes"));
        sandbox.certgen(&["renew", "-q"]).succeeds();
        keeps("renew");
        sandbox.certgen(&["renew", "--ca", "-q"]).succeeds();
        keeps("renew --ca");
        // What a flag asks for takes the place of what there was, and the rest stays as it is.
        let out = sandbox.certgen(&["--organizational-unit", "new", "-v"]).succeeds();
        assert!(out.contains("OU=new, CN=localhost") && !out.contains("server.pem  unchanged"), "{out}");
        let made = certificate(&sandbox, "server.pem").subject;
        let left = leaf.text.replace("OU=one, OU=two", "OU=new").replace("OU=x", "OU=new");
        assert_eq!(made.text, left);
        verify(&sandbox, "ca.pem", "server.pem", "sslserver", "localhost");
        assert!(sandbox.certgen(&["--organizational-unit", "new"]).succeeds().contains("no changes"));
    }
}

/// The parts of a certificate or request with another name in it, signed with the key again.
fn renamed(built: &[u8], places: &[usize], name: &[u8], key: &rcgen::KeyPair) -> Vec<u8> {
    let mut outer = Vec::<Any>::from_der(built).unwrap();
    let mut parts: Vec<Any> = outer[0].decode_as().unwrap();
    // A part that is no DER by itself goes in as bytes: the lengths around it are right all the same.
    let mut bytes = Vec::new();
    for (at, part) in parts.drain(..).enumerate() {
        bytes.extend(if places.contains(&at) { name.to_vec() } else { part.to_der().unwrap() });
    }
    outer[0] = Any::new(der::Tag::Sequence, bytes).unwrap();
    let signature = key.sign(&outer[0].to_der().unwrap()).unwrap();
    outer[2] = Any::encode_from(&BitString::from_bytes(&signature).unwrap()).unwrap();
    outer.to_der().unwrap()
}

/// As openssl will not make them.
#[test]
fn a_subject_that_could_not_be_typed_is_not_signed() {
    use rcgen::{DnType, DnValue};

    let key = rcgen::KeyPair::generate().unwrap();
    let sandbox = Sandbox::with_set();
    let long = "x".repeat(65);
    for (kind, value, why) in [
        (DnType::CommonName, "", "its CN is empty"),
        (DnType::CommonName, "a\0b", "its CN \"a\\0b\": contains the control character '\\0'"),
        (DnType::CommonName, "a\u{1b}[2J", "contains the control character '\\u{1b}'"),
        (DnType::CommonName, "a\u{9b}31m", "contains the control character '\\u{9b}'"),
        (DnType::OrganizationName, "a\u{202e}b", "its O \"a\\u{202e}b\": contains the invisible character"),
        (DnType::CommonName, "a\u{200b}b", "contains the invisible character '\\u{200b}'"),
        (DnType::CommonName, &long, "65 characters, but CN holds at most 64 (RFC 5280)"),
        (DnType::OrganizationalUnitName, &long, "65 characters, but OU holds at most 64 (RFC 5280)"),
        (DnType::CountryName, "DEU", "its C \"DEU\": a country is two letters"),
        (DnType::CountryName, "1", "its C \"1\": a country is two letters"),
        (DnType::CustomDnType(vec![2, 5, 4, 5]), &long, "but serialNumber holds at most 64"),
        (DnType::CustomDnType(vec![1, 2, 3]), "a\nb", "its 1.2.3 \"a\\nb\": contains the control character"),
    ] {
        let mut params = rcgen::CertificateParams::new(["a.example".to_owned()]).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(kind, DnValue::Utf8String(value.to_owned()));
        sandbox.write("a.csr", params.serialize_request(&key).unwrap().pem().unwrap());
        let before = sandbox.snapshot();
        let err = sandbox.certgen(&["sign", "a.csr"]).fails(1);
        assert!(err.starts_with("error: a.csr: its ") && err.contains(why), "{why}: {err}");
        assert!(err.contains("\nhint: make it again with a subject") && err.lines().count() == 2, "{err}");
        assert_eq!(sandbox.snapshot(), before, "{why}");
    }
}

/// Names that no encoder should be asked to write, each in hexadecimal digits.
const ABSURD: [(&str, &str); 6] = [
    ("an empty object identifier", "300d310b30090600 0c05 6b726170 70"),
    ("no attribute in a set", "30023100"),
    ("an object identifier that does not end", "300c310a3008060355 0483 0c0161"),
    ("a length that could be shorter", "300d310b30090603550403 0c810161"),
    ("a name of indefinite length", "3080310a300806035504030c01610000"),
    ("a type without a value", "300931073005 0603550403"),
];

#[test]
fn absurd_names_are_refused_and_nothing_panics() {
    let bytes = |digits: &str| -> Vec<u8> {
        let digits: Vec<u8> =
            digits.chars().filter_map(|c| c.to_digit(16)).map(|d| u8::try_from(d).unwrap()).collect();
        digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
    };
    let pem = |label: &str, der: Vec<u8>| pem::encode(&pem::Pem::new(label, der));
    let key = rcgen::KeyPair::generate().unwrap();
    for (what, digits) in ABSURD.into_iter().chain([("nothing", "3000")]) {
        let sandbox = Sandbox::with_set();
        let refuses = |args: &[&str]| {
            let before = sandbox.snapshot();
            let output = sandbox.certgen(args).output();
            let err = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{what} {args:?}: {err}");
            assert!(err.starts_with("error: ") && err.contains("\nhint: "), "{what} {args:?}: {err}");
            assert_eq!(sandbox.snapshot(), before, "{what} {args:?}");
        };
        let name = bytes(digits);
        let mut params = rcgen::CertificateParams::default();
        let request = params.serialize_request(&key).unwrap();
        let request = renamed(request.der(), &[1], &name, &key);
        sandbox.write("a.csr", pem("CERTIFICATE REQUEST", request));
        refuses(&["sign", "a.csr"]);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        params.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign, rcgen::KeyUsagePurpose::CrlSign];
        params.use_authority_key_identifier_extension = true;
        let (not_before, year) = (time::OffsetDateTime::now_utc(), time::Duration::days(365));
        (params.not_before, params.not_after) = (not_before, not_before + year);
        let ca = params.self_signed(&key).unwrap();
        sandbox.write("root.pem", pem("CERTIFICATE", renamed(ca.der(), &[3, 5], &name, &key)));
        sandbox.write("root.key", key.serialize_pem());
        refuses(&["client", "bob", "--ca-cert", "root.pem", "--ca-key", "root.key"]);
        fs::rename(sandbox.file("root.pem"), sandbox.file("ca.pem")).unwrap();
        fs::rename(sandbox.file("root.key"), sandbox.file("ca.key")).unwrap();
        refuses(&["renew", "--ca"]);
        refuses(&["renew"]);
        refuses(&[]);
        let output = sandbox.certgen(&["check"]).output();
        assert_eq!(output.status.code(), Some(3), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}
