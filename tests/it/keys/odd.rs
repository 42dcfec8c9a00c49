//! Files that are odd and sound: read, kept, and written again where only Milvus does not read them.

use std::fs;
use std::process::Command;

use super::{public, shell};
use crate::peers::go_program;
use crate::support::{Sandbox, has};

/// What becomes of a PEM file.
type Change = fn(&str) -> String;

fn indented(pem: &str) -> String {
    pem.lines().flat_map(|line| ["    ", line, "\n"]).collect()
}

fn on_one_line(pem: &str) -> String {
    let lines: Vec<&str> = pem.lines().collect();
    let body = lines[1..lines.len() - 1].concat();
    format!("{}\n{body}\n{}\n", lines[0], lines[lines.len() - 1])
}

fn in_lines_of(pem: &str, width: usize) -> String {
    let lines: Vec<&str> = pem.lines().collect();
    let body = lines[1..lines.len() - 1].concat();
    let body: Vec<&str> =
        body.as_bytes().chunks(width).map(|chunk| std::str::from_utf8(chunk).unwrap()).collect();
    format!("{}\n{}\n{}\n", lines[0], body.join("\n"), lines[lines.len() - 1])
}

fn with_blanks(pem: &str) -> String {
    pem.lines()
        .map(|line| if line.contains('-') { format!("{line} \t\n") } else { format!(" {line}  \n\n") })
        .collect()
}

/// How PEM may look, and whether Go and Milvus read it.
const LAYOUTS: [(&str, Change, bool); 14] = [
    ("as it is", str::to_owned, true),
    ("on one line", on_one_line, true),
    ("of 76", |pem| in_lines_of(pem, 76), true),
    ("of 1", |pem| in_lines_of(pem, 1), true),
    ("CRLF", |pem| pem.replace('\n', "\r\n"), true),
    ("blanks and blank lines", with_blanks, true),
    (
        "text around",
        |pem| {
            format!("Bag Attributes\n    localKeyID: 01\nKey Attributes: <No Attributes>\n{pem}\nthe end\n")
        },
        true,
    ),
    ("no final newline", |pem| pem.trim_end().to_owned(), true),
    ("a BOM", |pem| format!("\u{feff}{pem}"), false),
    ("a BOM after a blank line", |pem| format!("\n\u{feff}{pem}"), false),
    ("indented", indented, false),
    ("text before BEGIN", |pem| format!("key: {pem}"), false),
    ("text after END", |pem| format!("{} # the end\n", pem.trim_end()), false),
    ("glued to another block", |pem| format!("-----BEGIN X-----\nAAAA\n-----END X-----{pem}"), false),
];

#[test]
fn a_key_is_read_however_its_pem_is_laid_out() {
    for (what, change, is_read_by_go) in LAYOUTS {
        let sandbox = Sandbox::with_set();
        let key = public(&sandbox, "server.key");
        let [old, certificate] = ["server.key", "server.pem"].map(|name| sandbox.read(name));
        let changed = change(&old);
        sandbox.write("server.key", &changed);
        let code = sandbox.certgen(&["check", "-q"]).output().status.code();
        assert_eq!(code, Some(if is_read_by_go { 0 } else { 3 }), "{what}");
        let out = sandbox.certgen(&[]).succeeds();
        assert_eq!(public(&sandbox, "server.key"), key, "{what}");
        assert_eq!(sandbox.read("server.pem"), certificate, "{what}: {out}");
        if is_read_by_go {
            assert_eq!(sandbox.read("server.key"), changed, "{what}: nothing to do");
            assert!(out.contains("no changes"), "{what}: {out}");
        } else {
            assert_eq!(sandbox.read("server.key"), old, "{what}: written as Milvus reads it");
            assert!(out.contains("which Milvus cannot read"), "{what}: {out}");
        }
        assert_eq!(sandbox.mode("server.key"), 0o600);
        // Once mended, it stays.
        let before = sandbox.snapshot();
        sandbox.certgen(&["-q"]).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{what}");
    }
}

#[test]
fn certificates_are_read_however_their_pem_is_laid_out() {
    for (what, change, is_read_by_go) in LAYOUTS {
        let sandbox = Sandbox::with_set();
        let old = ["ca.pem", "server.pem", "client.pem"].map(|name| sandbox.read(name));
        let mut changed = old.clone();
        for (name, pem) in ["ca.pem", "server.pem", "client.pem"].iter().zip(&mut changed) {
            let blocks: Vec<&str> = pem.split_inclusive("-----END CERTIFICATE-----\n").collect();
            *pem = blocks.iter().map(|block| change(block)).collect();
            sandbox.write(name, &*pem);
        }
        let out = sandbox.certgen(&[]).succeeds();
        let new = ["ca.pem", "server.pem", "client.pem"].map(|name| sandbox.read(name));
        // Without its last newline, server.pem's first END line runs into the second BEGIN line.
        let is_glued = what == "no final newline";
        match is_read_by_go {
            true if is_glued => assert_eq!([&new[0], &new[1]], [&changed[0], &old[1]], "{what}: {out}"),
            true => assert_eq!(new, changed, "{what}: {out}"),
            false => assert_eq!(new, old, "{what}: {out}"),
        }
        sandbox.certgen(&["check", "-q"]).succeeds();
        let before = sandbox.snapshot();
        sandbox.certgen(&["-q"]).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{what}");
    }
}

#[test]
fn certificates_by_openssl_s_other_labels_are_written_as_milvus_reads_them() {
    let sandbox = Sandbox::with_set();
    let old = sandbox.read("client.pem");
    sandbox.write("client.pem", old.replace(" CERTIFICATE-", " X509 CERTIFICATE-"));
    let out = sandbox.certgen(&[]).succeeds();
    assert!(out.contains("has a BEGIN line other than BEGIN CERTIFICATE, which Milvus passes over"), "{out}");
    assert_eq!(sandbox.read("client.pem"), old);
    if has("openssl") {
        sandbox.openssl("x509 -in client.pem -trustout -addtrust clientAuth -setalias me -out made");
        assert!(sandbox.read("made").contains("BEGIN TRUSTED CERTIFICATE"));
        fs::rename(sandbox.file("made"), sandbox.file("client.pem")).unwrap();
        sandbox.certgen(&["-q"]).succeeds();
        assert_eq!(sandbox.read("client.pem"), old);
    }
}

/// Each makes server.key of key.pem, without losing it.
const KEYS: [(&str, &str); 8] = [
    ("SEC1 behind EC PARAMETERS", "(openssl ecparam -name prime256v1; openssl ec -in key.pem) > server.key"),
    ("SEC1 without its public half", "openssl ec -in key.pem -no_public -out server.key"),
    ("PKCS#8 without its public half", "openssl pkcs8 -topk8 -nocrypt -in half.pem -out server.key"),
    ("SEC1, compressed", "openssl ec -in key.pem -conv_form compressed -out server.key"),
    ("PKCS#8, compressed", "openssl pkey -in key.pem -ec_conv_form compressed -out server.key"),
    ("SEC1 by PKCS#8's label", "openssl ec -in key.pem | sed 's/EC PRIVATE/PRIVATE/' > server.key"),
    ("PKCS#8 by SEC1's label", "sed 's/PRIVATE/EC PRIVATE/' key.pem > server.key"),
    (
        "PKCS#12's text",
        "openssl pkcs12 -export -inkey key.pem -in server.pem -passout pass:x | openssl pkcs12 -passin pass:x -nodes -nocerts > server.key",
    ),
];

#[test]
fn ec_keys_of_every_form_stay_the_keys_that_they_are() {
    if !has("openssl") {
        return;
    }
    for kind in ["ecdsa-p256", "ecdsa-p384"] {
        for (what, line) in KEYS {
            let sandbox = Sandbox::new();
            sandbox.certgen(&["--key-type", kind, "-q"]).succeeds();
            fs::rename(sandbox.file("server.key"), sandbox.file("key.pem")).unwrap();
            shell(&sandbox, "openssl ec -in key.pem -no_public -out half.pem").unwrap();
            let curve = if kind == "ecdsa-p256" { "prime256v1" } else { "secp384r1" };
            shell(&sandbox, &line.replace("prime256v1", curve)).unwrap();
            sandbox.set_mode("server.key", 0o600);
            let certificate = sandbox.read("server.pem");
            sandbox.certgen(&["check", "-q"]).succeeds();
            sandbox.certgen(&["-q"]).succeeds();
            assert_eq!(public(&sandbox, "server.key"), public(&sandbox, "key.pem"), "{kind}, {what}");
            assert_eq!(sandbox.read("server.pem"), certificate, "{kind}, {what}");
            // It signs, and what it signs is what openssl's public key checks.
            sandbox.certgen(&["renew", "server", "-q"]).succeeds();
            sandbox.openssl("req -in server.csr -verify -noout");
            let [ours, theirs] =
                ["req -in server.csr -noout -pubkey", "pkey -in key.pem -pubout -ec_conv_form uncompressed"];
            assert_eq!(sandbox.openssl(ours), sandbox.openssl(theirs), "{kind}, {what}");
            // A CA's key too.
            fs::copy(sandbox.file("server.key"), sandbox.file("other.key")).unwrap();
            sandbox.openssl("req -x509 -key key.pem -subj /CN=root -days 30 -out root.pem -addext keyUsage=critical,keyCertSign,cRLSign");
            sandbox
                .certgen(&["client", "bob", "-q", "--ca-cert", "root.pem", "--ca-key", "other.key"])
                .succeeds();
            sandbox.openssl("verify -x509_strict -CAfile root.pem bob.pem");
        }
    }
}

/// ring takes 2048, 3072 and 4096 bits, and exponents from 65537 on.
#[test]
fn rsa_keys_of_any_size_from_2048_to_4096_serve() {
    if !has("openssl") {
        return;
    }
    for (kind, made) in [
        ("RSA 2056", "genrsa -out key.pem 2056"),
        ("RSA 2432", "genrsa -out key.pem 2432"),
        ("RSA 2560", "genrsa -out key.pem 2560"),
        ("RSA 3584", "genrsa -out key.pem 3584"),
        ("RSA 2048", "genrsa -3 -out key.pem 2048"),
    ] {
        let sandbox = Sandbox::with_set();
        sandbox.openssl(made);
        for name in ["server.key", "client.key", "root.key"] {
            fs::copy(sandbox.file("key.pem"), sandbox.file(name)).unwrap();
            sandbox.set_mode(name, 0o600);
        }
        let out = sandbox.certgen(&["-v"]).succeeds();
        assert!(out.contains(kind), "{out}");
        assert_eq!(sandbox.read("server.key"), sandbox.read("key.pem"), "{kind}");
        let out = sandbox.certgen(&["check", "-v"]).succeeds();
        assert!(out.contains("tlsMode 2 (two-way) succeeds"), "{kind}: {out}");
        let before = sandbox.snapshot();
        sandbox.certgen(&["--key-size", "2048", "-q"]).succeeds();
        assert_eq!(sandbox.snapshot(), before, "{kind}: enough for --key-size 2048");
        sandbox.openssl("verify -x509_strict -CAfile ca.pem -purpose sslserver server.pem");
        sandbox.openssl("req -in server.csr -verify -noout");
        sandbox.openssl("req -x509 -key root.key -subj /CN=root -days 30 -out root.pem -addext keyUsage=critical,keyCertSign,cRLSign");
        sandbox.certgen(&["client", "bob", "-q", "--ca-cert", "root.pem", "--ca-key", "root.key"]).succeeds();
        sandbox.openssl("verify -x509_strict -CAfile root.pem bob.pem");
        // A new key is of a size that --key-size knows.
        let out = sandbox.certgen(&["renew", "client", "--rekey", "-v"]).succeeds();
        assert!(
            ["RSA 2048", "RSA 3072", "RSA 4096"]
                .iter()
                .any(|size| out.contains(&format!("            {size}\n"))),
            "{out}"
        );
    }
}

/// Certificates in other forms, where ca.pem and where a leaf's certificate belongs: the line converts them.
#[test]
fn certificates_in_other_forms_are_named_and_converted() {
    if !has("openssl") {
        return;
    }
    for (said, line) in [
        ("a certificate in DER", "openssl x509 -in {} -outform DER -out made"),
        ("PKCS#7", "openssl crl2pkcs7 -nocrl -certfile {} -out made"),
        ("PKCS#7 in DER", "openssl crl2pkcs7 -nocrl -certfile {} -outform DER -out made"),
        ("UTF-16 text", "iconv -f UTF-8 -t UTF-16 {} > made"),
        ("base64 without BEGIN and END lines", "grep -v -e ----- {} > made"),
        ("the base64 of a PEM file", "base64 {} > made"),
    ] {
        let sandbox = Sandbox::with_set();
        let old = sandbox.read("ca.pem");
        shell(&sandbox, &line.replace("{}", "ca.pem")).unwrap();
        fs::rename(sandbox.file("made"), sandbox.file("ca.pem")).unwrap();
        let before = sandbox.snapshot();
        let err = sandbox.certgen(&[]).fails(1);
        assert!(err.contains(&format!("ca.pem: holds {said}")), "{said}: {err}");
        assert_eq!(sandbox.snapshot(), before);
        let (_, line) = err.trim_end().split_once("convert it with: ").unwrap_or_else(|| panic!("{err}"));
        shell(&sandbox, line).unwrap();
        let pem = |text: &str| pem::parse(text).unwrap().into_contents();
        assert_eq!(pem(&sandbox.read("ca.pem")), pem(&old), "{said}");
        sandbox.certgen(&["check", "-q"]).succeeds();
        sandbox.certgen(&["-q"]).succeeds();
    }
}

/// Go's `tls.X509KeyPair` and its `CertPool`, beside what is said here of the same files.
#[test]
fn go_reads_what_is_said_to_be_read_and_nothing_else() {
    if !has("go") {
        return;
    }
    let (_workshop, program) = go_program("load.go");
    for (what, change, is_read_by_go) in LAYOUTS {
        let sandbox = Sandbox::with_set();
        let reads = |pem: &str, key: &str, ca: &str| {
            let output =
                Command::new(&program).args([pem, key, ca]).current_dir(sandbox.path()).output().unwrap();
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        };
        for name in ["server.key", "client.pem", "ca.pem"] {
            sandbox.write(&format!("odd-{name}"), change(&sandbox.read(name)));
        }
        let is_read = |said: &str| said == "read";
        assert_eq!(is_read(&reads("server.pem", "odd-server.key", "ca.pem")), is_read_by_go, "{what}: a key");
        assert_eq!(
            is_read(&reads("odd-client.pem", "client.key", "ca.pem")),
            is_read_by_go,
            "{what}: a certificate"
        );
        assert_eq!(is_read(&reads("server.pem", "server.key", "odd-ca.pem")), is_read_by_go, "{what}: a CA");
    }
}
