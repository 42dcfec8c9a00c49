//! CAs and requests as other tools make them: each is signed so that strict verifiers take the result, or refused
//! with the line that says why.

use std::process::Command;

use crate::support::{Sandbox, has};

/// Runs a shell line in the directory, for tools whose arguments need quoting.
fn sh(sandbox: &Sandbox, line: &str) {
    let output = Command::new("sh").args(["-euc", line]).current_dir(sandbox.path()).output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{line}: {said}");
}

const CA_EXTENSIONS: &str =
    "-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign";

/// A CA made by the shell line, as root.pem and root.key.
fn ca(line: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sh(&sandbox, line);
    sandbox
}

fn self_signed(key: &str, subject: &str) -> String {
    format!(
        "{key}\nopenssl req -new -x509 -key root.key -out root.pem -days 365 -subj '{subject}' {CA_EXTENSIONS}"
    )
}

const WITH_CA: [&str; 4] = ["--ca-cert", "root.pem", "--ca-key", "root.key"];

/// Signs a server and a client with the CA, and has them verified.
fn assert_signs(sandbox: &Sandbox, what: &str, extra: &[&str], strict: bool) {
    let run = |role: &str, name: &str| {
        sandbox
            .certgen(&[role, name, "--key-type", "ecdsa-p256", "-q"])
            .args(&WITH_CA)
            .args(extra)
            .succeeds();
    };
    run("server", "node.example");
    run("client", "alice");
    let strict = if strict { "-x509_strict" } else { "" };
    sandbox.openssl(&format!(
        "verify {strict} -purpose sslserver -verify_hostname node.example -CAfile root.pem node.example.pem"
    ));
    sandbox.openssl(&format!("verify {strict} -purpose sslclient -CAfile root.pem alice.pem"));
    if has("certtool") {
        let line = "certtool --verify --load-ca-certificate root.pem --infile node.example.pem --verify-hostname node.example";
        sh(sandbox, line);
    }
    assert!(sandbox.file("root.srl").is_file(), "{what}: the serial file stands beside the CA");
    let before = sandbox.snapshot();
    run("client", "alice");
    assert_eq!(sandbox.snapshot(), before, "{what}: a second run changes nothing");
}

#[test]
fn cas_of_openssl() {
    if !has("openssl") {
        return;
    }
    let rsa = "openssl genrsa -out root.key 2048";
    let subject = "/C=DE/O=acme/CN=root";
    for (what, line, strict) in [
        ("RSA, PKCS#8", self_signed(rsa, subject), true),
        ("RSA, PKCS#1", self_signed("openssl genrsa -traditional -out root.key 3072", subject), true),
        ("P-256, SEC1", self_signed("openssl ecparam -name prime256v1 -genkey -out root.key", subject), true),
        (
            "P-384",
            self_signed(
                "openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384 -out root.key",
                subject,
            ),
            true,
        ),
        ("Ed25519", self_signed("openssl genpkey -algorithm ED25519 -out root.key", subject), true),
        (
            "mail address in the subject",
            self_signed(rsa, "/O=acme/CN=root/emailAddress=ca@example.com"),
            true,
        ),
        (
            "no subjectKeyIdentifier",
            format!("{} -addext subjectKeyIdentifier=none", self_signed(rsa, subject)),
            false,
        ),
        (
            "BMPString",
            format!(
                "printf '[req]\\ndistinguished_name=dn\\nstring_mask=MASK:0x800\\n[dn]\\n' > c.cnf\n{} -config c.cnf",
                self_signed(rsa, "/O=acme/CN=root")
            ),
            true,
        ),
        (
            "T61String",
            format!(
                "printf '[req]\\ndistinguished_name=dn\\nstring_mask=MASK:0x4\\n[dn]\\n' > c.cnf\n{} -config c.cnf",
                self_signed(rsa, "/O=acme/CN=root")
            ),
            true,
        ),
    ] {
        assert_signs(&ca(&line), what, &[], strict);
    }
}

#[test]
fn cas_that_cannot_work_are_refused_by_name() {
    if !has("openssl") {
        return;
    }
    let rsa = "openssl genrsa -out root.key 2048";
    let no_extensions = "printf '[req]\\ndistinguished_name=dn\\n[dn]\\n' > c.cnf\n";
    for (line, why) in [
        (
            format!(
                "{rsa}\nopenssl req -new -key root.key -subj /CN=v1 -out r.csr\n\
                 openssl x509 -req -in r.csr -signkey root.key -out root.pem"
            ),
            "root.pem: is not a CA certificate",
        ),
        (
            format!(
                "{no_extensions}{rsa}\nopenssl req -new -x509 -key root.key -out root.pem -subj /CN=root -config c.cnf \
                 -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,cRLSign"
            ),
            "root.pem: has a keyUsage without keyCertSign",
        ),
        (
            format!("{}\nopenssl genrsa -out root.key 2048", self_signed(rsa, "/CN=root")),
            "root.key: is not the key of",
        ),
        (format!("{}\nrm root.key", self_signed(rsa, "/CN=root")), "root.key: is missing"),
        ("true".to_owned(), "root.pem: is missing"),
        (self_signed("openssl genrsa -out root.key 1024", "/CN=root"), "unsupported kind (RSA 1024"),
    ] {
        let sandbox = ca(&line);
        let before = sandbox.snapshot();
        let err = sandbox.certgen(&["server", "node.example"]).args(&WITH_CA).fails(1);
        assert!(err.contains(why) && err.contains("\nhint: "), "{why}: {err}");
        assert_eq!(sandbox.snapshot(), before, "{why}");
    }
}

#[test]
fn a_ca_key_with_a_password() {
    if !has("openssl") {
        return;
    }
    for cipher in ["-aes256", "-aes-128-cbc", "-des3"] {
        let line = format!("openssl genpkey -algorithm RSA {cipher} -pass pass:secret -out root.key");
        let line =
            self_signed(&line, "/CN=root").replace("-key root.key", "-key root.key -passin pass:secret");
        let sandbox = ca(&line);
        let err = sandbox.certgen(&["client", "bob"]).args(&WITH_CA).fails(1);
        assert!(err.contains("root.key: is encrypted with a password"), "{err}");
        let wrong =
            sandbox.certgen(&["client", "bob"]).args(&WITH_CA).env("MILVUS_CERTGEN_CA_KEY_PASSWORD", "no");
        let err = wrong.fails(1);
        assert!(err.contains("the password does not decrypt it") && !err.contains("secret"), "{err}");
        sandbox.write("password", "secret\n");
        assert_signs(&sandbox, cipher, &["--ca-key-password-file", "password"], true);
        sandbox
            .certgen(&["client", "bob", "-q", "--key-type", "ecdsa-p256"])
            .args(&WITH_CA)
            .env("MILVUS_CERTGEN_CA_KEY_PASSWORD", "secret")
            .succeeds();
    }
}

#[test]
fn passwords_of_old_are_told_apart_from_wrong_ones() {
    const LEGACY: &str = "-provider legacy -provider default";
    if !has("openssl") {
        return;
    }
    let made = self_signed("openssl genrsa -out root.key 2048", "/CN=root");
    for (convert, how) in [
        ("rsa -traditional -in root.key -aes128", "traditional PEM with DEK-Info AES-128-CBC"),
        ("rsa -traditional -in root.key -des3", "traditional PEM with DEK-Info DES-EDE3-CBC"),
        ("pkcs8 -topk8 -v1 PBE-SHA1-3DES -in root.key", "pbeWithSHA1And3-KeyTripleDES-CBC"),
        (&format!("pkcs8 -topk8 -v1 PBE-MD5-DES -in root.key {LEGACY}"), "pbeWithMD5AndDES-CBC"),
        (&format!("pkcs8 -topk8 -v1 PBE-SHA1-RC2-40 -in root.key {LEGACY}"), "pbeWithSHA1And40BitRC2-CBC"),
        ("pkcs8 -topk8 -v2 camellia-256-cbc -in root.key", "PBES2 with a cipher or PRF"),
    ] {
        let convert = format!("{convert} -passout pass:x -out e");
        let sandbox = ca(&format!("{made}\nopenssl {convert} && mv e root.key"));
        let signs = |password| {
            let run = sandbox.certgen(&["client", "bob", "-q"]).args(&WITH_CA);
            run.env("MILVUS_CERTGEN_CA_KEY_PASSWORD", password)
        };
        let err = signs("x").fails(1);
        let expected =
            format!("root.key: is encrypted with a password in a form that is not supported ({how}");
        assert!(err.contains(&expected), "{err}");
        let line = err.trim_end().split_once("convert it with: ").map(|(_, line)| line.to_owned());
        let line = line.unwrap_or_else(|| panic!("{err}"));
        let line = line.replace("pkcs8 -topk8", "pkcs8 -topk8 -passin pass:x -passout pass:x");
        let status = Command::new("sh").args(["-c", &line]).current_dir(sandbox.path()).status();
        assert!(status.is_ok_and(|status| status.success()), "{line}");
        let err = signs("y").fails(1);
        assert!(err.contains("root.key: is encrypted, and the password does not decrypt it"), "{err}");
        let err = sandbox.certgen(&["client", "bob"]).args(&WITH_CA).fails(1);
        assert!(err.contains("root.key: is encrypted with a password\n"), "{err}");
        signs("x").succeeds();
    }
}

/// PBES2's default pseudo-random function, which older OpenSSL and all Java write, and the others.
#[test]
fn passwords_with_every_prf() {
    if !has("openssl") {
        return;
    }
    let made = self_signed("openssl genrsa -out root.key 2048", "/CN=root");
    for how in [
        "-v2 aes256 -v2prf hmacWithSHA1",
        "-v2 des3 -v2prf hmacWithSHA1",
        "-v2 aes128 -v2prf hmacWithSHA384",
        "-v2 aes256 -v2prf hmacWithSHA512",
        "-scrypt",
    ] {
        let sandbox = ca(&format!(
            "{made}\nopenssl pkcs8 -topk8 {how} -in root.key -passout pass:x -out e && mv e root.key"
        ));
        let signs = |password| {
            let run = sandbox.certgen(&["client", "bob", "-q"]).args(&WITH_CA);
            run.env("MILVUS_CERTGEN_CA_KEY_PASSWORD", password)
        };
        for wrong in ["y", "", "xx"] {
            let err = signs(wrong).fails(1);
            assert!(err.contains("root.key: is encrypted"), "{how} {wrong:?}: {err}");
        }
        signs("x").succeeds();
    }
}

#[test]
fn cas_of_gnutls_mkcert_and_cfssl() {
    if has("certtool") {
        let template = "printf 'cn = root\\norganization = acme\\nca\\ncert_signing_key\\ncrl_signing_key\\nexpiration_days = 365\\n' > t";
        for kind in ["rsa --bits 2048", "ecdsa --curve secp256r1", "ed25519"] {
            let sandbox = ca(&format!(
                "{template}\ncerttool --generate-privkey --key-type {kind} --outfile root.key\n\
                 certtool --generate-self-signed --load-privkey root.key --template t --outfile root.pem"
            ));
            assert_signs(&sandbox, kind, &[], true);
        }
    }
    if has("mkcert") {
        let sandbox =
            ca("CAROOT=. mkcert any.example && mv rootCA.pem root.pem && mv rootCA-key.pem root.key");
        // mkcert's CA has no authorityKeyIdentifier, which the strict mode asks for.
        assert_signs(&sandbox, "mkcert", &[], false);
    }
    if has("cfssl") && has("cfssljson") {
        let sandbox = ca(
            "echo '{\"CN\":\"root\",\"key\":{\"algo\":\"ecdsa\",\"size\":256},\"names\":[{\"O\":\"acme\"}]}' > c.json\n\
             cfssl gencert -initca c.json | cfssljson -bare root && mv root-key.pem root.key",
        );
        assert_signs(&sandbox, "cfssl", &[], true);
    }
}

#[test]
fn an_intermediate_ca_brings_its_chain() {
    if !has("openssl") {
        return;
    }
    let line = format!(
        "openssl genrsa -out top.key 2048\n\
         openssl req -new -x509 -key top.key -out top.pem -days 365 -subj /CN=top {CA_EXTENSIONS}\n\
         openssl genrsa -out root.key 2048\nopenssl req -new -key root.key -subj /CN=between -out b.csr\n\
         printf 'basicConstraints=critical,CA:TRUE,pathlen:0\\nkeyUsage=critical,keyCertSign\\n\
         subjectKeyIdentifier=hash\\nauthorityKeyIdentifier=keyid\\n' > ext\n\
         openssl x509 -req -in b.csr -CA top.pem -CAkey top.key -CAcreateserial -days 300 -extfile ext -out b.pem\n\
         cat b.pem top.pem > root.pem"
    );
    let sandbox = ca(&line);
    sandbox.certgen(&["server", "node.example", "--key-type", "ecdsa-p256", "-q"]).args(&WITH_CA).succeeds();
    assert_eq!(sandbox.read("node.example.pem").matches("BEGIN CERTIFICATE").count(), 3);
    sandbox.openssl(
        "verify -x509_strict -purpose sslserver -verify_hostname node.example -CAfile top.pem -untrusted \
         node.example.pem node.example.pem",
    );
    let left = sandbox.openssl("x509 -in node.example.pem -noout -enddate");
    assert_eq!(left, sandbox.openssl("x509 -in b.pem -noout -enddate"), "no leaf outlives its CA");
    // A root that allows no CA between it and a leaf.
    let sandbox = ca(&line.replacen("CA:TRUE", "CA:TRUE,pathlen:0", 1));
    let err =
        sandbox.certgen(&["server", "node.example", "--key-type", "ecdsa-p256"]).args(&WITH_CA).fails(1);
    assert!(err.contains("root.pem: may not sign: CN=top above it allows no CA below (pathlen)"), "{err}");
    assert!(!sandbox.file("node.example.pem").exists());
}

#[test]
fn openssl_and_certtool_sign_with_our_ca_and_our_serial_file() {
    if !has("openssl") || !has("certtool") {
        return;
    }
    let sandbox = Sandbox::with_set();
    sh(
        &sandbox,
        "openssl req -new -newkey rsa:2048 -nodes -keyout o.key -subj /CN=o -out o.csr 2>/dev/null\n\
         openssl x509 -req -in o.csr -CA ca.pem -CAkey ca.key -out o.pem -days 9 2>/dev/null\n\
         openssl verify -CAfile ca.pem o.pem\n\
         printf 'cn = g\\ntls_www_client\\nsigning_key\\nexpiration_days = 9\\n' > t\n\
         certtool --generate-certificate --load-privkey o.key --load-ca-certificate ca.pem --load-ca-privkey ca.key \
         --template t --outfile g.pem\ncerttool --verify --load-ca-certificate ca.pem --infile g.pem",
    );
    let serial = sandbox.openssl("x509 -in o.pem -noout -serial");
    assert_eq!(format!("serial={}", sandbox.read("ca.srl")), serial);
}

#[test]
fn the_default_run_takes_a_ca_from_elsewhere_and_brings_its_certificate() {
    if !has("openssl") {
        return;
    }
    let sandbox = ca(&self_signed("openssl genrsa -out root.key 2048", "/CN=root"));
    let run = |flags: &[&str]| {
        sandbox
            .certgen(&["-o", "set", "--tls-dir", "tls", "--key-type", "ecdsa-p256"])
            .args(&WITH_CA)
            .args(flags)
    };
    let out = run(&[]).succeeds();
    assert!(out.contains("wrote 7 files to set: "), "{out}");
    let names: Vec<String> = crate::support::snapshot(&sandbox.file("set")).into_keys().collect();
    let expected =
        ["ca.pem", "client.csr", "client.key", "client.pem", "server.csr", "server.key", "server.pem"];
    assert_eq!(names, expected, "never the CA's key");
    assert!(sandbox.file("root.srl").exists() && sandbox.file("tls/ca.pem").exists());
    sandbox.openssl(
        "verify -x509_strict -purpose sslserver -verify_hostname localhost -CAfile set/ca.pem set/server.pem",
    );
    let before = crate::support::snapshot(&sandbox.file("set"));
    assert!(run(&[]).succeeds().contains("no changes"));
    assert_eq!(crate::support::snapshot(&sandbox.file("set")), before);
    for (flag, why) in
        [("--force", "--force: --ca-cert names an existing CA"), ("--constrain", "--constrain: ")]
    {
        assert!(run(&[flag]).fails(2).contains(why));
    }
    // A set that has a CA of its own is not given another's certificate.
    let own = Sandbox::with_set();
    for name in ["root.pem", "root.key"] {
        std::fs::copy(sandbox.file(name), own.file(name)).unwrap();
    }
    let err = own.certgen(&["--cn", "localhost", "--client-cn", "localhost"]).args(&WITH_CA).fails(1);
    assert!(err.contains("ca.key: already exists, and belongs to another CA"), "{err}");
}
