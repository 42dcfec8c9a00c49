//! What TLS itself can be: versions, ALPN, names, `--tls-mode`.

use super::servers::OpenSsl;
use super::{probe, trusting};
use crate::support::{Sandbox, has};

#[test]
fn versions_and_alpn() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    for (flags, takes_tls12, verdict) in [
        (
            "-alpn h2",
            Some(true),
            "exit 0, unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted: not-milvus",
        ),
        (
            "-alpn h2 -tls1_3",
            Some(false),
            "exit 0, unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted: not-milvus",
        ),
        (
            "-alpn h2 -tls1_2",
            Some(true),
            "exit 0, unknown, tlsMode 1, TLS 1.2, certificate not asked for, accepted: not-milvus",
        ),
        // Where its OpenSSL is built without, it takes no version at all, which is the same to a client.
        (
            "-alpn h2 -tls1_1 -cipher DEFAULT@SECLEVEL=0",
            None,
            "exit 3, unknown, tlsMode -, no TLS: tls-version",
        ),
        (
            "",
            Some(true),
            "exit 3, unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted: no-http2",
        ),
        ("-alpn http/1.1", None, "exit 3, unknown, tlsMode -, no TLS: no-http2"),
        ("-alpn http/1.1 -tls1_2", None, "exit 3, unknown, tlsMode -, no TLS: no-http2"),
    ] {
        let server = OpenSsl::start(&set, flags);
        let probed = probe(&set, &[&server.target()]);
        println!("{flags}");
        probed.assert(verdict);
        assert_eq!(probed.json["tls"]["takes_tls12"].as_bool(), takes_tls12, "{flags}");
    }
}

#[test]
fn the_expected_mode() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let one_way = OpenSsl::start(&set, "-alpn h2");
    let two_way = OpenSsl::start(&set, "-alpn h2 -Verify 1 -verify_return_error -CAfile ca.pem -quiet");
    let two_way_12 = OpenSsl::start(&set, "-alpn h2 -tls1_2 -Verify 1 -verify_return_error -CAfile ca.pem");
    let one = "unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted";
    let two = "unknown, tlsMode 2, TLS 1.3, certificate demanded, accepted";
    let two_12 = "unknown, tlsMode 2, TLS 1.2, certificate demanded, accepted";
    for (server, mode, verdict) in [
        (&one_way, "1", format!("exit 0, {one}: not-milvus")),
        (&one_way, "2", format!("exit 3, {one}: tls-mode not-milvus")),
        (&two_way, "1", format!("exit 3, {two}: tls-mode not-milvus")),
        (&two_way, "2", format!("exit 0, {two}: not-milvus")),
        // Milvus in tlsMode 2 has TLS 1.3 as its least version: this one is none.
        (&two_way_12, "2", format!("exit 3, {two_12}: tls-version not-milvus")),
        (&two_way_12, "1", format!("exit 3, {two_12}: tls-mode not-milvus")),
    ] {
        let probed = probe(&set, &[&server.target(), "--tls-mode", mode]);
        probed.assert(&verdict);
        assert_eq!(probed.json["expected_tls_mode"].to_string(), mode);
    }
}

#[test]
fn names_of_the_server() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set_of(&["--cn", "db.example.com", "--san", "10.0.0.7,*.cloud.example.com"]);
    let server = OpenSsl::start(&set, "-alpn h2");
    let tls = "unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted";
    let right = format!("exit 0, {tls}: not-milvus");
    let wrong = format!("exit 3, {tls}: name-not-in-san not-milvus");
    for name in ["db.example.com", "DB.Example.Com", "10.0.0.7", "a.cloud.example.com"] {
        let probed = probe(&set, &[&server.target(), "--server-name", name]);
        probed.assert(&right);
        assert_eq!(probed.json["server_name"], name.to_ascii_lowercase());
    }
    for name in ["example.com", "10.0.0.8", "a.b.cloud.example.com"] {
        probe(&set, &[&server.target(), "--server-name", name])
            .assert(&wrong)
            .assert_says("name-not-in-san", &format!("is not for {name}, but for db.example.com, "))
            .assert_says("name-not-in-san", "connect with server_name db.example.com");
    }
    probe(&set, &[&server.target()])
        .assert(&wrong)
        .assert_says("name-not-in-san", "is not for localhost, but for db.example.com, ");
    probe(&set, &[&format!("127.0.0.1:{}", server.port)])
        .assert(&wrong)
        .assert_says("name-not-in-san", "is not for 127.0.0.1, but for db.example.com, ");
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, "-alpn h2");
    probe(&set, &[&format!("127.0.0.1:{}", server.port)]).assert(&right);
}

/// Milvus reads its files once: it goes on serving what it had, which is right for who trusts the same CA.
#[test]
fn renewed_without_a_restart() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let server = OpenSsl::start(&set, "-alpn h2");
    let tls = "unknown, tlsMode 1, TLS 1.3, certificate not asked for, accepted";
    probe(&set, &[&server.target()]).assert(&format!("exit 0, {tls}: not-milvus"));
    set.certgen(&["renew", "-q"]).succeeds();
    probe(&set, &[&server.target()])
        .assert(&format!("exit 0, {tls}: other-certificate-served not-milvus"))
        .assert_says("other-certificate-served", "restart Milvus");
    // Who has no server.pem has nothing to compare with.
    probe(&trusting(&set), &[&server.target()]).assert(&format!("exit 0, {tls}: not-milvus"));
    // A new CA is another matter.
    set.certgen(&["--force", "-q"]).succeeds();
    probe(&set, &[&server.target()])
        .assert(&format!("exit 3, {tls}: not-signed-by-ca other-certificate-served not-milvus"));
    // The new certificate is served after a restart.
    drop(server);
    let server = OpenSsl::start(&set, "-alpn h2");
    probe(&set, &[&server.target()]).assert(&format!("exit 0, {tls}: not-milvus"));
}
