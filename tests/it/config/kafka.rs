//! The files that `config kafka` names, read and used by the JDK as Kafka does it with `ssl.keystore.type=PEM`.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::printed;
use crate::support::{Sandbox, has, text};

/// What a broker and a client of it say, each with a keystore and a truststore.
fn meet(sandbox: &Sandbox, name: &str, broker: [&str; 2], client: [&str; 2]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/Kafka.java");
    let output = Command::new("java")
        .arg(script)
        .arg(name)
        .args(broker)
        .args(client)
        .current_dir(sandbox.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    text(&output.stdout).trim().to_owned()
}

/// A key and its certificate in one file, as the printed command puts them there.
fn keystore(sandbox: &Sandbox, base: &str, file: &str) {
    fs::write(
        sandbox.file(file),
        sandbox.read(&format!("{base}.key")) + &sandbox.read(&format!("{base}.pem")),
    )
    .unwrap();
}

#[test]
fn brokers_and_their_clients_meet_in_the_jdk() {
    // The program that javac compiles is run from its source.
    if !has("javac") {
        return;
    }
    for key_type in ["rsa", "ecdsa-p256"] {
        let sandbox = Sandbox::with_set();
        let flags = ["--key-type", key_type, "-q"];
        sandbox.certgen(&["peer", "kafka"]).args(&flags).succeeds();
        sandbox.certgen(&["server", "kafka-as-server"]).args(&flags).succeeds();
        let page = printed(&sandbox, "kafka", &["--host", "kafka"]);
        assert!(page.contains("cat kafka.key kafka.pem > keystore.pem"), "{page}");
        keystore(&sandbox, "kafka", "keystore.pem");
        keystore(&sandbox, "client", "client-keystore.pem");
        keystore(&sandbox, "kafka-as-server", "server-keystore.pem");
        let stranger = Sandbox::with_set();
        sandbox.write("other-ca.pem", stranger.read("ca.pem"));
        keystore(&stranger, "client", "keystore.pem");
        sandbox.write("stranger.pem", stranger.read("keystore.pem"));
        let broker = ["keystore.pem", "ca.pem"];
        let client = ["client-keystore.pem", "ca.pem"];
        assert_eq!(meet(&sandbox, "kafka", broker, client), "accepted", "{key_type}");
        // Brokers connect to each other with the same file.
        assert_eq!(meet(&sandbox, "kafka", broker, broker), "accepted", "{key_type}");
        for (name, broker, client, says) in [
            ("other", broker, client, "client: No subject alternative DNS name matching other found"),
            ("kafka", broker, ["client-keystore.pem", "other-ca.pem"], "client: PKIX path"),
            ("kafka", ["keystore.pem", "other-ca.pem"], client, "broker: PKIX path"),
            ("kafka", broker, ["stranger.pem", "ca.pem"], "broker: PKIX path"),
            // A server's certificate is none of a client's: that is what `peer` is for.
            (
                "kafka",
                broker,
                ["server-keystore.pem", "ca.pem"],
                "broker: Extended key usage does not permit use for TLS client",
            ),
        ] {
            let said = meet(&sandbox, name, broker, client);
            assert!(said.contains(says), "{key_type}, {name} {broker:?} {client:?}: {said}");
        }
    }
}
