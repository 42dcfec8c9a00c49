//! OpenSSL as the oracle: parity with gen.sh's recipe field by field, strict verification, and taking turns in
//! signing with one CA and one ca.srl.

use std::fs;

use crate::support::{RECIPE_SUBJECT, Sandbox, has, run_milvus_recipe};

/// One line of `openssl x509 -text` style output for a certificate's field.
fn field(sandbox: &Sandbox, pem: &str, what: &str) -> String {
    sandbox.openssl(&format!("x509 -in {pem} -noout {what}")).trim().to_owned()
}

fn serial(sandbox: &Sandbox, pem: &str) -> u128 {
    let hex = field(sandbox, pem, "-serial").replace("serial=", "");
    // The low 16 bytes: enough to count with.
    u128::from_str_radix(&hex[hex.len().saturating_sub(32)..], 16).unwrap()
}

fn srl(sandbox: &Sandbox) -> u128 {
    let text = sandbox.read("ca.srl");
    let hex = text.trim_end();
    assert!(hex.len().is_multiple_of(2) && text == format!("{}\n", hex.to_uppercase()), "{text:?}");
    u128::from_str_radix(&hex[hex.len().saturating_sub(32)..], 16).unwrap()
}

/// Both sets: the recipe's and ours, with the same subject.
fn both() -> Option<(Sandbox, Sandbox)> {
    if !has("openssl") {
        return None;
    }
    let (recipe, ours) = (Sandbox::new(), Sandbox::new());
    run_milvus_recipe(&recipe, RECIPE_SUBJECT);
    ours.certgen(&["--cn", "localhost", "-q"]).succeeds();
    Some((recipe, ours))
}

#[test]
fn parity_with_gen_sh_field_by_field() {
    let Some((recipe, ours)) = both() else { return };
    for pem in ["ca.pem", "server.pem", "client.pem"] {
        for what in ["-subject -nameopt RFC2253,show_type", "-issuer -nameopt RFC2253,show_type"] {
            assert_eq!(field(&recipe, pem, what), field(&ours, pem, what), "{pem} {what}");
        }
        let text = field(&ours, pem, "-text");
        for same in
            ["Version: 3 (0x2)", "Signature Algorithm: sha256WithRSAEncryption", "Public-Key: (2048 bit)"]
        {
            assert!(text.contains(same), "{pem}: {same}");
            assert!(field(&recipe, pem, "-text").contains(same), "the recipe's {pem}: {same}");
        }
    }
    for csr in ["server.csr", "client.csr"] {
        let subject =
            |s: &Sandbox| s.openssl(&format!("req -in {csr} -noout -subject -nameopt RFC2253,show_type"));
        assert_eq!(subject(&recipe), subject(&ours), "{csr}");
    }
    for pem in ["server.pem", "client.pem"] {
        // On purpose the same bits, but critical, as RFC 5280 asks for.
        let usage = |s: &Sandbox| field(s, pem, "-ext keyUsage");
        assert_eq!(
            usage(&ours).replace("X509v3 Key Usage: critical", "X509v3 Key Usage:").replace(": \n", ":\n"),
            usage(&recipe).replace(": \n", ":\n"),
            "{pem}"
        );
        assert!(field(&recipe, pem, "-ext basicConstraints").ends_with("CA:FALSE"), "{pem}");
        assert!(field(&ours, pem, "-ext basicConstraints").contains("critical\n    CA:FALSE"), "{pem}");
    }
}

#[test]
fn where_we_differ_from_gen_sh_on_purpose() {
    let Some((recipe, ours)) = both() else { return };
    let says = |s: &Sandbox, pem: &str, what: &str| {
        let output = s.openssl_output(&format!("x509 -in {pem} -noout -ext {what}"));
        String::from_utf8(output.stdout).unwrap()
    };
    for (pem, what, expected) in [
        ("server.pem", "subjectAltName", "DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1"),
        ("client.pem", "subjectAltName", "DNS:localhost"),
        ("server.pem", "extendedKeyUsage", "TLS Web Server Authentication"),
        ("client.pem", "extendedKeyUsage", "TLS Web Client Authentication"),
        ("ca.pem", "keyUsage", "Certificate Sign, CRL Sign"),
        ("ca.pem", "basicConstraints", "critical\n    CA:TRUE, pathlen:0"),
    ] {
        assert!(
            says(&ours, pem, what).trim_end().ends_with(expected),
            "{pem} {what}: {}",
            says(&ours, pem, what)
        );
        assert!(!says(&recipe, pem, what).contains(expected), "{pem} {what}: the recipe has it too");
    }
    for pem in ["ca.pem", "server.pem", "client.pem"] {
        let id = |what: &str| says(&ours, pem, what).lines().nth(1).unwrap_or_default().trim().to_owned();
        assert_eq!(id("subjectKeyIdentifier").len(), 59, "{pem}: SHA-256 cut to 20 bytes");
        let ca_id = says(&ours, "ca.pem", "subjectKeyIdentifier");
        assert_eq!(id("authorityKeyIdentifier"), ca_id.lines().nth(1).unwrap().trim(), "{pem}");
    }
    assert!(
        !says(&ours, "ca.pem", "extendedKeyUsage").contains("TLS"),
        "an EKU on the CA would bind what it signs"
    );
    assert!(!says(&ours, "ca.pem", "subjectAltName").contains("DNS"));
}

#[test]
fn validity_is_an_hour_back_and_so_many_days_on() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set_of(&["--days", "90", "--ca-days", "200"]);
    let minute = 60;
    for (pem, days) in [("ca.pem", 200), ("server.pem", 90), ("client.pem", 90)] {
        let until = days * 86400;
        for (seconds, valid) in [(until - minute, true), (until + minute, false)] {
            let checked = sandbox.openssl_output(&format!("x509 -in {pem} -noout -checkend {seconds}"));
            assert_eq!(checked.status.success(), valid, "{pem} in {seconds} s");
        }
        let now = time::OffsetDateTime::now_utc().unix_timestamp();
        let verify = |at: i64| {
            let ca = if pem == "ca.pem" { "" } else { "-partial_chain " };
            let line = format!("verify {ca}-attime {at} -CAfile ca.pem {pem}");
            sandbox.openssl_output(&line).status.success()
        };
        assert!(
            verify(now - 3600 + minute) && !verify(now - 3600 - 2 * minute),
            "{pem}: an hour of backdating"
        );
    }
}

#[test]
fn dates_past_2049_are_generalized_time() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set_of(&["--days", "36500"]);
    let parsed = sandbox.openssl("asn1parse -in server.pem");
    assert!(parsed.contains("UTCTIME") && parsed.contains("GENERALIZEDTIME"), "{parsed}");
    let parsed = Sandbox::with_set().openssl_of_parse();
    assert!(parsed.contains("UTCTIME") && !parsed.contains("GENERALIZEDTIME"), "{parsed}");
    sandbox.openssl("verify -x509_strict -verify_hostname localhost -CAfile ca.pem server.pem");
}

impl Sandbox {
    fn openssl_of_parse(&self) -> String {
        self.openssl("asn1parse -in server.pem")
    }
}

#[test]
fn strict_verification_and_its_negatives() {
    if !has("openssl") {
        return;
    }
    let names = "db.example.com,*.milvus.example,10.0.0.7,2001:db8::7,milvus_standalone,user@example.com,spiffe://a/b";
    for key_type in ["rsa", "ecdsa-p256", "ecdsa-p384", "ed25519"] {
        let sandbox = Sandbox::new();
        sandbox.certgen(&["--cn", "localhost", "--san", names, "--key-type", key_type, "-q"]).succeeds();
        let other = Sandbox::with_set();
        fs::copy(other.file("ca.pem"), sandbox.file("other.pem")).unwrap();
        for (options, accepted) in [
            ("-purpose sslserver -verify_hostname localhost -CAfile ca.pem server.pem", true),
            ("-purpose sslserver -verify_hostname db.example.com -CAfile ca.pem server.pem", true),
            ("-purpose sslserver -verify_hostname any.milvus.example -CAfile ca.pem server.pem", true),
            ("-purpose sslserver -verify_ip 127.0.0.1 -CAfile ca.pem server.pem", true),
            ("-purpose sslserver -verify_ip 2001:db8::7 -CAfile ca.pem server.pem", true),
            ("-purpose sslserver -verify_email user@example.com -CAfile ca.pem server.pem", true),
            ("-purpose sslclient -CAfile ca.pem client.pem", true),
            // The Milvus page's one-way step: trust in server.pem alone.
            ("-purpose sslserver -verify_hostname localhost -CAfile server.pem server.pem", true),
            ("-purpose sslserver -verify_hostname evil.example -CAfile ca.pem server.pem", false),
            ("-purpose sslserver -verify_hostname a.b.milvus.example -CAfile ca.pem server.pem", false),
            ("-purpose sslserver -verify_ip 10.0.0.8 -CAfile ca.pem server.pem", false),
            ("-purpose sslserver -CAfile ca.pem client.pem", false),
            ("-purpose sslclient -CAfile ca.pem server.pem", false),
            ("-purpose sslserver -CAfile other.pem server.pem", false),
        ] {
            let output = sandbox.openssl_output(&format!("verify -x509_strict {options}"));
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.success(), accepted, "{key_type}: {options}: {said}");
        }
        for key in ["ca.key", "server.key", "client.key"] {
            let check = if key_type == "rsa" { "rsa -check -noout" } else { "pkey -check -noout" };
            sandbox.openssl(&format!("{check} -in {key}"));
        }
        for role in ["server", "client"] {
            sandbox.openssl(&format!("req -verify -noout -in {role}.csr"));
            let of_csr = sandbox.openssl(&format!("req -in {role}.csr -noout -pubkey"));
            let of_pem = sandbox.openssl(&format!("x509 -in {role}.pem -noout -pubkey"));
            let of_key = sandbox.openssl(&format!("pkey -in {role}.key -pubout"));
            assert!(of_csr == of_pem && of_pem == of_key, "{key_type} {role}");
        }
    }
}

#[test]
fn requests_ask_for_what_the_certificates_say() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::new();
    sandbox.certgen(&["-q"]).succeeds();
    for (role, purpose, names) in [
        ("server", "TLS Web Server Authentication", "DNS:localhost, IP Address:127.0.0.1"),
        ("client", "TLS Web Client Authentication", "DNS:localhost"),
    ] {
        let text = sandbox.openssl(&format!("req -in {role}.csr -noout -text"));
        for asked in [purpose, names, "Digital Signature, Non Repudiation, Key Encipherment", "CA:FALSE"] {
            assert!(text.contains(asked), "{role}: {asked}: {text}");
        }
    }
}

#[test]
fn openssl_goes_on_from_our_ca_srl_and_we_from_its() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set();
    assert_eq!(serial(&sandbox, "client.pem"), serial(&sandbox, "server.pem") + 1);
    assert_eq!(srl(&sandbox), serial(&sandbox, "client.pem"), "ca.srl holds the number issued last");
    fs::copy(sandbox.file("client.csr"), sandbox.file("third.csr")).unwrap();
    sandbox.openssl("x509 -req -days 30 -in third.csr -out third.pem -CA ca.pem -CAkey ca.key");
    assert_eq!(serial(&sandbox, "third.pem"), serial(&sandbox, "client.pem") + 1);
    sandbox.openssl("verify -CAfile ca.pem third.pem");
    let before = srl(&sandbox);
    sandbox.certgen(&["--san", "db.example.com", "-q"]).succeeds();
    assert_eq!(serial(&sandbox, "server.pem"), before + 1);
    assert_eq!(srl(&sandbox), before + 1);
    // A set where openssl made the file: the next number is ours.
    sandbox.remove("ca.srl");
    sandbox
        .openssl("x509 -req -days 30 -in third.csr -out third.pem -CA ca.pem -CAkey ca.key -CAcreateserial");
    let before = srl(&sandbox);
    sandbox.certgen(&["--san", "db2.example.com", "-q"]).succeeds();
    assert_eq!(serial(&sandbox, "server.pem"), before + 1);
    // Small numbers of `echo 00 > ca.srl`.
    sandbox.write("ca.srl", "00\n");
    sandbox.certgen(&["--san", "db3.example.com", "-q"]).succeeds();
    assert_eq!((serial(&sandbox, "server.pem"), sandbox.read("ca.srl").as_str()), (1, "01\n"));
}

#[test]
fn subjects_in_every_script_read_the_same() {
    if !has("openssl") {
        return;
    }
    let sandbox = Sandbox::with_set_of(&["--org", "上海 \"Milvus\", <&> GmbH", "--ou", "", "--country", ""]);
    let subject = field(&sandbox, "server.pem", "-subject -nameopt RFC2253,utf8,-esc_msb");
    assert_eq!(subject, "subject=CN=localhost,O=上海 \\\"Milvus\\\"\\, \\<&\\> GmbH");
    sandbox.openssl("verify -x509_strict -CAfile ca.pem server.pem");
    // Without any attribute the subjectAltName has to be critical (RFC 5280 section 4.2.1.6).
    let sandbox = Sandbox::new();
    sandbox
        .certgen(&["--cn", "", "--san", "db.example.com", "--country", "", "--org", "", "--ou", "", "-q"])
        .args(&["--client-cn", "app"])
        .succeeds();
    assert!(field(&sandbox, "server.pem", "-ext subjectAltName").contains("critical"));
    sandbox.openssl("verify -x509_strict -verify_hostname db.example.com -CAfile ca.pem server.pem");
}
