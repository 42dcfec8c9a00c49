//! Requests that somebody else made, friendly and hostile.

use std::process::Command;

use crate::support::{Sandbox, has};

/// Makes FILE.csr by openssl with a new key and, if it is not empty, a section of wished extensions.
fn request(sandbox: &Sandbox, name: &str, key: &str, subject: &str, wishes: &str) {
    let config = format!("[req]\ndistinguished_name=dn\nprompt=no\n[dn]\nCN=unused\n[wishes]\n{wishes}\n");
    sandbox.write("request.cnf", config);
    let section = if wishes.is_empty() { "" } else { "-reqexts wishes" };
    let line = format!(
        "openssl genpkey {key} -out {name}.key 2>/dev/null\n\
         openssl req -new -key {name}.key -subj '{subject}' -config request.cnf {section} -out {name}.csr"
    );
    let output = Command::new("sh").args(["-euc", &line]).current_dir(sandbox.path()).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

const P256: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";
const P384: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-384";

#[test]
fn keys_of_every_supported_kind_are_signed_whatever_hash_they_signed_with() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    for (name, key, text) in [
        ("rsa", "-algorithm RSA", "rsaEncryption"),
        ("rsa4096", "-algorithm RSA -pkeyopt rsa_keygen_bits:4096", "Public-Key: (4096 bit)"),
        ("p256", P256, "prime256v1"),
        // OpenSSL signs requests of P-384 keys with SHA-256.
        ("p384", P384, "secp384r1"),
        ("ed25519", "-algorithm ED25519", "ED25519"),
    ] {
        request(
            &sandbox,
            name,
            key,
            "/O=acme/CN=node.example",
            "subjectAltName=DNS:node.example,IP:10.0.0.7",
        );
        sandbox.certgen(&["sign", &format!("{name}.csr"), "--days", "90", "-q"]).succeeds();
        sandbox.openssl(&format!(
            "verify -x509_strict -purpose sslserver -verify_hostname node.example -CAfile ca.pem {name}.pem"
        ));
        sandbox.openssl(&format!("verify -x509_strict -verify_ip 10.0.0.7 -CAfile ca.pem {name}.pem"));
        let of_pem = sandbox.openssl(&format!("x509 -in {name}.pem -noout -pubkey"));
        assert_eq!(of_pem, sandbox.openssl(&format!("pkey -in {name}.key -pubout")), "{name}");
        let shown = sandbox.openssl(&format!("x509 -in {name}.pem -noout -text"));
        assert!(shown.contains(text), "{name}: {shown}");
        assert_eq!(sandbox.read("ca.srl"), serial_of(&sandbox, name), "{name}: ca.srl is advanced");
    }
}

fn serial_of(sandbox: &Sandbox, name: &str) -> String {
    sandbox.openssl(&format!("x509 -in {name}.pem -noout -serial")).replace("serial=", "")
}

#[test]
fn names_are_the_request_s_or_its_cn_s_or_those_given() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    let names = |name: &str| {
        let text =
            sandbox.openssl(&format!("x509 -in {name}.pem -noout -ext subjectAltName,extendedKeyUsage"));
        text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
    };
    request(&sandbox, "a", P256, "/CN=a.example", "");
    sandbox.certgen(&["sign", "a.csr", "-q"]).succeeds();
    assert!(names("a").contains("DNS:a.example") && names("a").contains("Server"), "{}", names("a"));
    sandbox.certgen(&["sign", "a.csr", "--san", "b.example", "--role", "client", "-q"]).succeeds();
    assert!(names("a").contains("DNS:b.example") && !names("a").contains("a.example"), "{}", names("a"));
    assert!(names("a").contains("Client") && !names("a").contains("Server"));
    // What the request asks to be for is what it is for, unless --role says otherwise.
    request(&sandbox, "c", P256, "/CN=c.example", "extendedKeyUsage=clientAuth");
    sandbox.certgen(&["sign", "c.csr", "-q"]).succeeds();
    assert!(names("c").contains("Client") && !names("c").contains("Server"));
    request(&sandbox, "d", P256, "/CN=No Host", "");
    let err = sandbox.certgen(&["sign", "d.csr"]).fails(1);
    assert!(err.contains("d.csr: asks for no name that clients can check (its CN is \"No Host\")"), "{err}");
    sandbox.certgen(&["sign", "d.csr", "--role", "client", "-q"]).succeeds();
}

#[test]
fn what_a_request_may_not_choose_is_overruled_and_said() {
    if !has("openssl") {
        return;
    }
    for (wishes, said) in [
        ("basicConstraints=critical,CA:TRUE", "asks to be a CA, and does not become one"),
        ("keyUsage=critical,keyCertSign,cRLSign", "asks to sign certificates"),
        ("extendedKeyUsage=serverAuth,codeSigning", "asks for other purposes"),
        ("extendedKeyUsage=serverAuth,clientAuth", "asks for other purposes"),
        ("nameConstraints=critical,permitted;DNS:example", "asks for nameConstraints"),
    ] {
        let sandbox = Sandbox::with_set();
        request(&sandbox, "evil", P256, "/CN=evil.example", wishes);
        let out = sandbox.certgen(&["sign", "evil.csr"]).succeeds();
        assert!(out.contains(&format!("note: evil.csr: {said}")), "{wishes}: {out}");
        let text = sandbox.openssl("x509 -in evil.pem -noout -text");
        assert!(text.contains("CA:FALSE") && !text.contains("CA:TRUE"), "{text}");
        for forbidden in ["Certificate Sign", "Code Signing", "Client Authentication", "Name Constraints"] {
            assert!(!text.contains(forbidden), "{wishes}: {text}");
        }
        // Nothing it signs is accepted by anyone.
        sandbox.openssl("verify -x509_strict -purpose sslserver -CAfile ca.pem evil.pem");
        request(&sandbox, "below", P256, "/CN=below.example", "");
        sandbox
            .openssl("x509 -req -in below.csr -CA evil.pem -CAkey evil.key -CAcreateserial -out below.pem");
        let output = sandbox.openssl_output("verify -CAfile ca.pem -untrusted evil.pem below.pem");
        assert!(!output.status.success(), "{wishes}");
    }
}

#[test]
fn hostile_requests_are_refused_and_nothing_is_written() {
    if !has("openssl") {
        return;
    }
    let many: Vec<String> = (0..10_000).map(|i| format!("DNS:n{i}.example")).collect();
    let sandbox = Sandbox::with_set();
    request(&sandbox, "good", P256, "/CN=good.example", "");
    let good = sandbox.read("good.csr");
    let flipped: String = {
        let at = good.len() / 2;
        let other = if good.as_bytes()[at] == b'A' { 'B' } else { 'A' };
        good.char_indices().map(|(i, c)| if i == at { other } else { c }).collect()
    };
    let lines: Vec<&str> = good.lines().collect();
    let truncated = format!("{}\n{}\n{}\n", lines[0], lines[1], lines[lines.len() - 1]);
    for (file, why) in [
        (flipped, ""),
        (truncated, "holds a damaged request"),
        (format!("{good}{good}"), "holds 2 requests"),
        (sandbox.read("server.pem"), "holds a CERTIFICATE, not a CERTIFICATE REQUEST"),
        ("garbage".to_owned(), "holds no PEM CERTIFICATE REQUEST"),
        (String::new(), "is empty"),
        ("x".repeat(2 << 20), "is larger than any key or certificate"),
    ] {
        sandbox.write("hostile.csr", &file);
        refuses(&sandbox, "hostile.csr", why);
    }
    for (key, subject, wishes, why) in [
        ("-algorithm RSA -pkeyopt rsa_keygen_bits:1024", "/CN=a.example", "", "clients refuse (RSA 1024)"),
        ("-algorithm EC -pkeyopt ec_paramgen_curve:P-521", "/CN=a.example", "", "clients refuse (P-521"),
        (
            P256,
            "/CN=a.example",
            "1.2.3.4=critical,ASN1:UTF8:x",
            "a critical extension that is not known here",
        ),
        (P256, "/CN=a.example", &format!("subjectAltName={}", many.join(",")), "asks for 10000 names"),
        (P256, "/CN=a.example", "subjectAltName=DNS:a..b", "asks for the name \"a..b\": has an empty label"),
        (P256, "/CN=a.example", "subjectAltName=DNS:0x7f000001", "\"0x7f000001\": not an IPv4 address"),
        (P256, "/CN=a.example", "subjectAltName=DNS:127.1", "\"127.1\": not an IPv4 address"),
        (P256, "/CN=a.example", "subjectAltName=DNS:127.0.0.0x1", "\"127.0.0.0x1\": not an IPv4 address"),
        (P256, "/CN=a.example", "subjectAltName=DNS:0177.0.0.1", "\"0177.0.0.1\": not an IPv4 address"),
        (P256, "/CN=a.example", "subjectAltName=DNS:2130706433", "\"2130706433\": not an IPv4 address"),
        (P256, "/CN=0x7f000001", "", "asks for no name that clients can check (its CN is \"0x7f000001\")"),
        (P256, "/CN=a@b.example", "", "asks for no name that clients can check (its CN is \"a@b.example\")"),
        (
            P256,
            "/CN=a.example",
            "subjectAltName=URI:spiffe://a/b,email:a@b.example",
            "asks to be a server, and for no host name or address, only for spiffe://a/b, a@b.example",
        ),
        (P256, "/CN=a\u{7}.example", "", "its CN \"a\\u{7}.example\": contains the control character"),
        (
            P256,
            "/CN=a.example",
            "subjectAltName=otherName:1.2.3.4;UTF8:x",
            "names of kinds that are not signed",
        ),
    ] {
        request(&sandbox, "asked", key, subject, wishes);
        refuses(&sandbox, "asked.csr", why);
    }
    // SHA-1, and a subject of half a megabyte, which openssl will not make.
    sandbox.openssl("req -new -sha1 -key good.key -subj /CN=a.example -out asked.csr");
    refuses(&sandbox, "asked.csr", "is signed with SHA-1 or MD5");
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::OrganizationName, "x".repeat(500_000));
    let key = rcgen::KeyPair::generate().unwrap();
    sandbox.write("asked.csr", params.serialize_request(&key).unwrap().pem().unwrap());
    refuses(&sandbox, "asked.csr", "its subject has 500");
}

#[test]
fn one_that_cannot_be_signed_leaves_nothing_of_the_others_behind() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set_of(&["--constrain"]);
    std::fs::create_dir(sandbox.file("in")).unwrap();
    request(&sandbox, "good", P256, "/CN=localhost", "");
    request(&sandbox, "bad", P256, "/CN=elsewhere.example", "");
    request(&sandbox, "in/bad", P256, "/CN=elsewhere.example", "");
    request(&sandbox, "in/good", P256, "/CN=localhost", "subjectAltName=DNS:a.localhost");
    request(&sandbox, "odd", P256, "/O=x/CN=No Host", "");
    sandbox.write("in/server.csr", sandbox.read("good.csr"));
    sandbox.write("in/server.key", sandbox.read("server.key"));
    for (files, why) in [
        (["good.csr", "bad.csr"], "bad.pem: the CA may not sign for elsewhere.example"),
        (["good.csr", "in/bad.csr"], "in/bad.pem: the CA may not sign for elsewhere.example"),
        (["in/good.csr", "bad.csr"], "bad.pem: the CA may not sign for elsewhere.example"),
        (["good.csr", "odd.csr"], "odd.csr: asks for no name that clients can check"),
        (["good.csr", "in/server.csr"], "in/server.key: already exists, and is not the key"),
        (["good.csr", "in/../good.csr"], "good.pem would be written twice"),
        (["good.csr", "ca.csr"], "ca.csr: no such file"),
    ] {
        let before = [sandbox.snapshot(), crate::support::snapshot(&sandbox.file("in"))];
        let output = sandbox.certgen(&["sign"]).args(&files).output();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(matches!(output.status.code(), Some(1 | 2)), "{files:?}: {err}");
        assert!(err.contains(why) && err.contains("\nhint: "), "{files:?}: {err}");
        let after = [sandbox.snapshot(), crate::support::snapshot(&sandbox.file("in"))];
        assert_eq!(after, before, "{files:?}");
    }
    let out = sandbox.certgen(&["sign", "good.csr", "in/good.csr"]).succeeds();
    assert!(out.contains("send good.pem and ca.pem to whoever created good.csr"), "{out}");
    assert_eq!(out.matches("reason: requested by good.csr").count(), 2, "{out}");
    for pem in ["good.pem", "in/good.pem"] {
        sandbox.openssl(&format!("verify -x509_strict -purpose sslserver -CAfile ca.pem {pem}"));
    }
    assert_eq!(sandbox.read("ca.srl"), serial_of(&sandbox, "in/good"), "each has a number of its own");
}

fn refuses(sandbox: &Sandbox, file: &str, why: &str) {
    let before = sandbox.snapshot();
    let output = sandbox.certgen(&["sign", file]).output();
    let err = String::from_utf8(output.stderr).unwrap();
    assert!(matches!(output.status.code(), Some(1 | 2)), "{why}: {err}");
    assert!(err.starts_with("error: ") && err.contains(why) && err.contains("\nhint: "), "{why}: {err}");
    assert!(!err.contains("panicked"), "{err}");
    assert_eq!(sandbox.snapshot(), before, "{why}");
}

#[test]
fn a_request_elsewhere_is_answered_there_and_the_ca_stays_where_it_is() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    std::fs::create_dir(sandbox.file("in")).unwrap();
    let elsewhere = Sandbox::new();
    request(&elsewhere, "node", P256, "/CN=node.example", "");
    std::fs::copy(elsewhere.file("node.csr"), sandbox.file("in/node.csr")).unwrap();
    let before = sandbox.read("ca.srl");
    let out = sandbox.certgen(&["sign", "in/node.csr"]).succeeds();
    assert!(out.contains("node.pem  issued") && out.contains("reason: requested by node.csr"), "{out}");
    assert!(out.contains("send node.pem and ca.pem to whoever created node.csr"), "{out}");
    assert_ne!(sandbox.read("ca.srl"), before);
    sandbox.openssl("verify -x509_strict -purpose sslserver -CAfile ca.pem in/node.pem");
}

#[test]
fn requests_of_gnutls_and_cfssl_are_signed() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    let sh = |line: &str| {
        let output = Command::new("sh").args(["-euc", line]).current_dir(sandbox.path()).output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let mut made = Vec::new();
    if has("certtool") {
        for (name, kind) in
            [("g-rsa", "rsa --bits 2048"), ("g-ec", "ecdsa --curve secp384r1"), ("g-ed", "ed25519")]
        {
            sh(&format!(
                "printf 'cn = node.example\\ndns_name = node.example\\ntls_www_server\\nsigning_key\\n' > t\n\
                 certtool --generate-privkey --key-type {kind} --outfile {name}.key\n\
                 certtool --generate-request --load-privkey {name}.key --template t --outfile {name}.csr"
            ));
            made.push(name);
        }
    }
    if has("cfssl") && has("cfssljson") {
        sh(
            "echo '{\"CN\":\"node.example\",\"hosts\":[\"node.example\"],\"key\":{\"algo\":\"ecdsa\",\"size\":256}}' > c.json\n\
            cfssl genkey c.json | cfssljson -bare c && mv c-key.pem c.key",
        );
        made.push("c");
    }
    for name in made {
        let out = sandbox.certgen(&["sign", &format!("{name}.csr")]).succeeds();
        assert!(out.contains("issued"), "{out}");
        sandbox.openssl(&format!(
            "verify -x509_strict -purpose sslserver -verify_hostname node.example -CAfile ca.pem {name}.pem"
        ));
        if has("certtool") {
            sh(&format!(
                "certtool --verify --load-ca-certificate ca.pem --infile {name}.pem --verify-hostname node.example"
            ));
        }
    }
}
