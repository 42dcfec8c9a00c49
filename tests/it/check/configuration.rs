//! `check --config`: for each form a file that is right, and each mistake in it with what is said of it, at its line.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use milvus_certgen::internal::{Code, Concern};

use super::Verdict;
use crate::support::{Sandbox, binary, text};

const MILVUS: &str = "\
etcd:
  endpoints: etcd:2379
  ssl: {enabled: false, tlsCert: /path/to/etcd-client.pem}
proxy:
  port: 19530
  http:
    port: 8080
tls:
  serverPemPath: /milvus/tls/server.pem
  serverKeyPath: /milvus/tls/server.key
  caPemPath: /milvus/tls/ca.pem
common:
  security:
    tlsMode: 2
";

const COMPOSE: &str = "\
services:
  etcd:
    image: quay.io/coreos/etcd:v3.5.18
    environment: [ETCD_AUTO_COMPACTION_MODE=revision]
  attu:
    image: zilliz/attu:v2.6
    environment: {MILVUS_TLS_ROOT_CERT_PATH: /etc/attu/ca.pem}
  standalone:
    image: milvusdb/milvus:v2.6.15
    command: [milvus, run, standalone]
    environment:
      ETCD_ENDPOINTS: etcd:2379
      COMMON_SECURITY_TLSMODE: 2
      TLS_SERVERPEMPATH: /milvus/tls/server.pem
      TLS_SERVERKEYPATH: /milvus/tls/server.key
      TLS_CAPEMPATH: /milvus/tls/ca.pem
      PROXY_HTTP_PORT: 8080
    volumes:
      - ${DOCKER_VOLUME_DIRECTORY:-.}/volumes/milvus:/var/lib/milvus
      - ./tls:/milvus/tls:ro
";

const HELM: &str = "\
cluster:
  enabled: false
extraConfigFiles:
  user.yaml: |+
    proxy:
      http:
        port: 8080
    tls:
      serverPemPath: /milvus/tls/server.pem
      serverKeyPath: /milvus/tls/server.key
      caPemPath: /milvus/tls/ca.pem
    common:
      security:
        tlsMode: 2
volumes:
  - name: milvus-tls
    secret: {secretName: milvus-tls}
volumeMounts:
  - name: milvus-tls
    mountPath: /milvus/tls
";

const OPERATOR: &str = "\
apiVersion: milvus.io/v1beta1
kind: Milvus
metadata: {name: my-release}
spec:
  config:
    proxy: {http: {port: 8080}}
    tls:
      serverPemPath: /milvus/tls/server.pem
      serverKeyPath: /milvus/tls/server.key
      caPemPath: /milvus/tls/ca.pem
    common:
      security:
        tlsMode: 2
  components:
    volumes:
      - name: milvus-tls
        secret: {secretName: milvus-tls}
    volumeMounts:
      - name: milvus-tls
        mountPath: /milvus/tls
";

/// What is replaced in a file that is right, and what is found then: `severity code line`.
type Mistake = (&'static str, &'static str, &'static [&'static str]);

const IN_MILVUS: &[Mistake] = &[
    // Milvus's parser knows neither case nor underscores.
    ("serverPemPath", "SERVER_PEM_PATH", &[]),
    ("tlsMode: 2", "tlsMode: '2'", &[]),
    ("    port: 8080", "    enabled: false", &[]),
    ("tls:\n", "x: &x {a: 1}\ntls:\n  <<: *x\n", &["warning config-key-ignored 8"]),
    // Names and places.
    ("serverPemPath", "server-pem-path", &["error config-key-ignored 9", "error config-files-unset 14"]),
    ("serverPemPath", "serverCert", &["error config-key-ignored 9", "error config-files-unset 14"]),
    ("caPemPath", "ca", &["error config-key-ignored 11", "error config-files-unset 14"]),
    ("common:\n  security:\n    tlsMode", "common:\n  tlsMode", &["error config-key-ignored 13"]),
    ("common:\n  security:\n    tlsMode", "security:\n    tlsMode", &["error config-key-ignored 13"]),
    ("common:\n  security:\n    tlsMode", "tlsMode", &["error config-key-ignored 12"]),
    ("common:\n  security:\n    tlsMode", "  tlsMode", &["error config-key-ignored 12"]),
    ("tlsMode: 2", "tls_enabled: true", &["error config-key-ignored 14"]),
    ("tlsMode: 2", "tlsMode: 2\n  tlsMode: 1", &["warning config-key-ignored 15"]),
    ("tls:\n  s", "common:\n tls:\n  s", &["error config-files-unset 15", "warning config-duplicate-key 13"]),
    // Values.
    ("tlsMode: 2", "tlsMode: two-way", &["error config-value 14"]),
    ("tlsMode: 2", "tlsMode: true", &["error config-value 14"]),
    ("tlsMode: 2", "tlsMode: 3", &["error config-value 14"]),
    ("tlsMode: 2", "tlsMode: 0", &["warning config-tls-off 9"]),
    ("    tlsMode: 2", "    authorizationEnabled: true", &["warning config-tls-off 9"]),
    // Files.
    ("  caPemPath: /milvus/tls/ca.pem\n", "", &["error config-files-unset 13"]),
    ("  serverKeyPath: /milvus/tls/server.key\n", "", &["error config-files-unset 13"]),
    ("/milvus/tls/server.pem", "configs/cert/server.pem", &["warning config-files-unset 9"]),
    // REST.
    ("    port: 8080", "    debug_mode: false", &["error config-rest-port 14"]),
    ("port: 8080", "port: 19530", &["error config-rest-port 7"]),
    ("    port: 8080", "    port:", &["error config-rest-port 14"]),
    // Between the nodes, and behind Milvus.
    ("tlsMode: 2", "tlsMode: 2\n    internaltlsEnabled: true", &["error config-files-unset 15"]),
    ("tlsMode: 2", "tlsMode: 2\n    internaltlsEnabled: 'on'", &["error config-value 15"]),
    (
        "tlsMode: 2",
        "tlsMode: 2\n    internaltlsEnabled: true\ninternaltls: {serverPemPath: /a, serverKeyPath: /b, caPemPath: /c}",
        &[],
    ),
    ("enabled: false, tls", "enabled: true, tls", &["error config-files-unset 3"]),
    (
        "ssl: {enabled: false, tlsCert: /path/to/etcd-client.pem}",
        "ssl: {enabled: true, tlsCert: /a, tlsKey: /b, tlsCACert: /c}",
        &[],
    ),
    ("ssl: {enabled: false,", "ssl: {use: true,", &["warning config-key-ignored 3"]),
    (
        "etcd:\n",
        "tikv: {ssl: {enabled: true, tlsCert: /a, tlsKey: /b}}\netcd:\n",
        &["error config-files-unset 1"],
    ),
    ("etcd:\n", "minio: {useSSL: true}\netcd:\n", &["note config-files-unset 1"]),
    ("etcd:\n", "minio: {useSSL: true, ssl: {tlsCACert: /a}}\netcd:\n", &[]),
    ("etcd:\n", "kafka: {ssl: {enabled: true, tlsCaCert: /a}}\netcd:\n", &["warning config-tls-off 1"]),
    ("etcd:\n", "kafka: {securityProtocol: SSL, ssl: {enabled: true, tlsCaCert: /a}}\netcd:\n", &[]),
    (
        "tls:\n  s",
        "tls:\n  clusters: {by-dev2: {caPemPath: /a, clientPemPath: /b}}\n  s",
        &["error config-files-unset 9"],
    ),
    (
        "tls:\n  s",
        "tls:\n  clusters: {by-dev2: {caPemPath: /a, clientPemPath: /b, clientKeyPath: /c}}\n  s",
        &[],
    ),
];

const IN_COMPOSE: &[Mistake] = &[
    ("COMMON_SECURITY_TLSMODE: 2", "COMMON_SECURITY_TLSMODE: ${MODE:-2}", &[]),
    ("COMMON_SECURITY_TLSMODE: 2", "COMMON_SECURITY_TLSMODE: ${MODE}", &[]),
    ("COMMON_SECURITY_TLSMODE", "MILVUS_CONF_COMMON_SECURITY_TLSMODE", &[]),
    ("TLS_SERVERPEMPATH", "TLS_SERVER_PEM_PATH", &[]),
    ("COMMON_SECURITY_TLSMODE", "TLSMODE", &["error config-key-ignored 13"]),
    ("COMMON_SECURITY_TLSMODE", "COMMON_TLSMODE", &["error config-key-ignored 13"]),
    ("TLS_CAPEMPATH", "CA_PEM_PATH", &["error config-key-ignored 16", "error config-files-unset 13"]),
    ("COMMON_SECURITY_TLSMODE: 2", "COMMON_SECURITY_TLSMODE: '\"2\"'", &["error config-value 13"]),
    ("      PROXY_HTTP_PORT: 8080\n", "", &["error config-rest-port 13"]),
    ("      PROXY_HTTP_PORT: 8080\n", "      PROXY_HTTP_ENABLED: 'false'\n", &[]),
    ("v2.6.15", "v2.6.15\n    build: .", &[]),
    (
        ":/milvus/tls:ro",
        ":/certs:ro",
        &["error config-not-mounted 14", "error config-not-mounted 15", "error config-not-mounted 16"],
    ),
    (
        "./tls:/milvus/tls:ro",
        "./tls/ca.pem:/milvus/tls/ca.pem",
        &["error config-not-mounted 14", "error config-not-mounted 15"],
    ),
    ("./tls:/milvus/tls:ro", "{type: bind, source: ./tls, target: /milvus/tls, read_only: true}", &[]),
    ("./tls:/milvus/tls:ro", "certs:/milvus/tls:ro", &[]),
    (
        "./tls:/milvus/tls:ro",
        "./nowhere:/milvus/tls:ro",
        &["error config-file-missing 14", "error config-file-missing 15", "error config-file-missing 16"],
    ),
    ("./tls:", ".:", &["warning ca-key-exposed 20"]),
    ("  attu:", "  certs:\n    image: x\n    volumes: ['./nowhere:/certs']\n  attu:", &[]),
    ("/milvus/tls/server.key", "/milvus/tls/other.key", &["error config-file-missing 15"]),
    (
        "      - ./tls",
        "      - ./nowhere.yaml:/milvus/configs/milvus.yaml\n      - ./tls",
        &["error config-file-missing 20"],
    ),
    ("v2.6.15", "v2.3.5", &[]),
];

const IN_HELM: &[Mistake] = &[
    ("extraConfigFiles:", "USER-SUPPLIED VALUES:\nextraConfigFiles:", &[]),
    ("user.yaml: |+", "user.yaml:", &["error config-wrong-type 4"]),
    (
        "user.yaml:",
        "milvus.yaml:",
        &[
            "error config-key-ignored 10",
            "error config-key-ignored 11",
            "error config-key-ignored 14",
            "error config-key-ignored 7",
            "error config-key-ignored 9",
        ],
    ),
    ("cluster:\n", "common: {security: {tlsMode: 2}}\ncluster:\n", &["error config-key-ignored 1"]),
    ("cluster:\n", "tls: {serverPemPath: /a}\ncluster:\n", &["error config-key-ignored 1"]),
    ("cluster:\n", "proxy: {http: {port: 8080}}\ncluster:\n", &["error config-key-ignored 1"]),
    ("cluster:\n", "proxy: {tls: {enabled: false}, http: {enabled: true}}\ncluster:\n", &[]),
    ("cluster:\n", "customConfigMap: own\ncluster:\n", &["error config-key-ignored 8"]),
    ("cluster:\n", "etcd: {ssl: {enabled: true}}\ncluster:\n", &[]),
    ("        tlsMode: 2", "       tlsMode: 2\n      x", &["error config-wrong-type 16"]),
    ("        tlsMode: 2", "    tlsMode: 2", &["error config-key-ignored 14"]),
    (
        "mountPath: /milvus/tls",
        "mountPath: /certs",
        &["error config-not-mounted 10", "error config-not-mounted 11", "error config-not-mounted 9"],
    ),
    (
        "  - name: milvus-tls\n    secret",
        "  - name: other\n    secret",
        &["error config-not-mounted 10", "error config-not-mounted 11", "error config-not-mounted 9"],
    ),
    (
        "{secretName: milvus-tls}",
        "{secretName: milvus-tls, items: [{key: tls.crt, path: server.pem}, {key: tls.key, path: server.key}]}",
        &["error config-not-mounted 11"],
    ),
    (
        "volumes:\n  - name: milvus-tls",
        "proxy:\n volumes:\n  - name: milvus-tls",
        &["error config-not-mounted 10", "error config-not-mounted 11", "error config-not-mounted 9"],
    ),
    ("/milvus/tls/ca.pem", "configs/cert/ca.pem", &["error config-files-unset 11"]),
];

const IN_OPERATOR: &[Mistake] = &[
    ("  config:\n", "  config: |\n", &["error config-wrong-type 6"]),
    (
        "  config:\n",
        "  conf:\n",
        &[
            "error config-key-ignored 10",
            "error config-key-ignored 13",
            "error config-key-ignored 8",
            "error config-key-ignored 9",
        ],
    ),
    (
        "    common:\n      security:",
        "      common:\n        security:",
        &["error config-key-ignored 13", "warning config-key-ignored 12"],
    ),
    ("proxy: {http: {port: 8080}}", "proxy: {maxUserNum: 100}", &["error config-rest-port 13"]),
    (
        "mountPath: /milvus/tls",
        "mountPath: /certs",
        &["error config-not-mounted 10", "error config-not-mounted 8", "error config-not-mounted 9"],
    ),
    ("  components:\n", "  components:\n    image: milvusdb/milvus:v2.3.5\n", &[]),
    // The Operator's own example, config/samples/external_tls.yaml, has tls below common.
    (
        "    tls:\n      serverPemPath: /milvus/tls/server.pem\n      serverKeyPath: /milvus/tls/server.key\n      caPemPath: /milvus/tls/ca.pem\n    common:\n",
        "    common:\n      tls: {serverPemPath: /milvus/tls/server.pem, serverKeyPath: /milvus/tls/server.key}\n",
        &["error config-files-unset 10", "error config-key-ignored 8"],
    ),
];

const ALL: [(&str, &str, &[Mistake]); 4] = [
    ("milvus.yaml", MILVUS, IN_MILVUS),
    ("docker-compose.yml", COMPOSE, IN_COMPOSE),
    ("values.yaml", HELM, IN_HELM),
    ("milvus-resource.yaml", OPERATOR, IN_OPERATOR),
];

/// A set with the copy that is mounted.
fn sandbox() -> Sandbox {
    Sandbox::with_set_of(&["--tls-dir", "tls"])
}

#[test]
fn each_mistake_is_found_at_its_line_and_what_is_right_is_not() {
    let sandbox = sandbox();
    let mut wrong = String::new();
    for (file, right, mistakes) in ALL {
        for (from, to, expected) in [("", "", &[][..])].iter().chain(mistakes) {
            assert!(right.contains(from), "{file}: {from:?}");
            sandbox.write(file, right.replacen(from, to, 1));
            let verdict = Verdict::of(&sandbox, &["--config", file]);
            let expected: BTreeSet<String> = expected
                .iter()
                .map(|one| one.rsplit_once(' ').map(|(what, line)| format!("{what} {file}:{line}")).unwrap())
                .collect();
            let exit = if expected.iter().any(|one| one.starts_with("error ")) { 3 } else { 0 };
            if verdict.found() != expected || verdict.exit != exit {
                writeln!(wrong, "{file}: {from:?} -> {to:?}: exit {}", verdict.exit).unwrap();
                expected
                    .difference(&verdict.found())
                    .for_each(|one| writeln!(wrong, "  not found: {one}").unwrap());
                for one in verdict.findings().filter(|one| !expected.contains(&one.to_string())) {
                    writeln!(wrong, "  not expected: {one} {}", one.text("message")).unwrap();
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// So that a new code does not come without a configuration that has it.
#[test]
fn each_code_of_a_configuration_is_found_somewhere() {
    let codes: BTreeSet<&str> = Code::ALL
        .iter()
        .map(|code| code.row())
        .filter(|row| matches!(row.concerns, Concern::Configuration) && row.name.starts_with("config-"))
        .map(|row| row.name)
        .collect();
    let found: BTreeSet<&str> = ALL
        .iter()
        .flat_map(|(.., mistakes)| mistakes.iter())
        .flat_map(|(.., expected)| expected.iter().map(|one| one.split(' ').nth(1).unwrap()))
        .filter(|code| code.starts_with("config-"))
        .collect();
    assert_eq!(codes, found);
}

/// A second `common:` at the end is what people append, and it takes the first one's place.
#[test]
fn what_comes_twice_counts_once() {
    let sandbox = sandbox();
    sandbox.write("milvus.yaml", format!("{MILVUS}common:\n  storageType: local\n"));
    let verdict = Verdict::of(&sandbox, &["--config", "milvus.yaml"]);
    let expected = ["warning config-duplicate-key milvus.yaml:15", "warning config-tls-off milvus.yaml:9"];
    assert_eq!(verdict.found(), expected.map(str::to_owned).into());
    assert_eq!(verdict.json["configuration"]["tls_mode"], 0);
}

#[test]
fn all_that_config_prints_is_right() {
    let sandbox = sandbox();
    for (role, name) in [("peer", "etcd"), ("server", "minio"), ("peer", "kafka")] {
        sandbox.certgen(&[role, name, "--key-type", "ecdsa-p256", "-q"]).succeeds();
    }
    let targets: [(&str, &[&str]); 8] = [
        ("milvus-yaml", &[]),
        ("compose", &[]),
        ("compose", &["--secure", "etcd,minio"]),
        ("helm", &[]),
        ("operator", &[]),
        ("etcd", &[]),
        ("kafka", &[]),
        ("cdc", &["--cluster", "by-dev2"]),
    ];
    for (target, flags) in targets {
        for mode in [
            &["--tls-mode", "1"][..],
            &["--tls-mode", "2"],
            &["--tls-mode", "2", "--internal-tls", "--mount-path", "/certs"],
        ] {
            let printed = sandbox.certgen(&["config", target]).args(mode).args(flags).succeeds();
            sandbox.write("printed.yaml", printed);
            let verdict = Verdict::of(&sandbox, &["--config", "printed.yaml"]);
            assert!(
                verdict.exit == 0 && verdict.found().is_empty(),
                "{target} {mode:?}: {:?}",
                verdict.json["findings"]
            );
        }
    }
}

#[test]
fn a_milvus_yaml_that_compose_mounts_is_read_too() {
    let sandbox = sandbox();
    let without = COMPOSE.replace("      COMMON_SECURITY_TLSMODE: 2\n", "");
    sandbox.write(
        "docker-compose.yml",
        without.replace("- ./tls", "- ./milvus.yaml:/milvus/configs/milvus.yaml\n      - ./tls"),
    );
    sandbox.write("milvus.yaml", MILVUS);
    let verdict = Verdict::of(&sandbox, &["--config", "docker-compose.yml"]);
    assert!(verdict.found().is_empty() && verdict.json["configuration"]["tls_mode"] == 2, "{}", verdict.json);
    sandbox.write("milvus.yaml", MILVUS.replace("tlsMode: 2", "tlsMode: 5"));
    let verdict = Verdict::of(&sandbox, &["--config", "docker-compose.yml"]);
    assert_eq!(verdict.found(), ["error config-value milvus.yaml:14".to_owned()].into());
}

#[test]
fn the_directory_is_compared_where_it_is_named() {
    let sandbox = sandbox();
    sandbox.write("milvus.yaml", MILVUS.replace("tls/server.pem", "tls/milvus.pem"));
    assert!(Verdict::of(&sandbox, &["--config", "milvus.yaml"]).found().is_empty());
    let verdict = Verdict::of(&sandbox, &["tls", "--config", "milvus.yaml"]);
    assert_eq!(verdict.exit, 0, "{}", verdict.json);
    assert!(verdict.found().contains("warning config-file-missing milvus.yaml:9"), "{:?}", verdict.found());
    assert!(!verdict.json["certificates"].as_array().unwrap().is_empty());
    let strict = sandbox.certgen(&["check", "tls", "--config", "milvus.yaml", "--strict"]).output();
    assert_eq!(strict.status.code(), Some(3));
}

#[test]
fn standard_input_is_read_and_text_is_printed_for_people() {
    let sandbox = sandbox();
    let run = |input: &str, flags: &[&str]| {
        let mut child = Command::new(binary())
            .args(["check", "--config", "-"])
            .args(flags)
            .current_dir(sandbox.path())
            .env("COLUMNS", "1000")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
    };
    let (exit, out, _) = run(&MILVUS.replace("caPemPath", "ca-pem-path"), &[]);
    assert_eq!(exit, 3);
    for line in [
        "standard input: invalid (2 errors)",
        "standard input  milvus.yaml, tlsMode 2 (two-way)",
        "error[config-key-ignored] standard input:11 sets tls.ca-pem-path, which Milvus ignores: it reads tls.caPemPath",
        "  fix: set tls.caPemPath (as a variable TLS_CAPEMPATH)",
    ] {
        assert!(out.lines().any(|own| own == line), "{out}");
    }
    assert!(!out.contains("clients:"), "{out}");
    assert_eq!(run(MILVUS, &["--quiet"]), (0, String::new(), String::new()));
}

#[test]
fn what_cannot_be_read_is_one_clear_error() {
    let sandbox = sandbox();
    let bomb: String = std::iter::once("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned())
        .chain((1..12).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))))
        .collect();
    for (content, part) in [
        (b"common: [\n".to_vec(), "file.yaml:"),
        (b"common:\n\tsecurity: 1\n".to_vec(), "is not valid YAML"),
        (b"apiVersion: v1\nkind: Secret\n".to_vec(), "is none of milvus.yaml"),
        (b"".to_vec(), "is none of milvus.yaml"),
        (b"- a\n".to_vec(), "is none of milvus.yaml"),
        (bomb.into_bytes(), "aliases unfolded"),
        ("a: ".repeat(500).into_bytes(), "is not valid YAML"),
        ("[".repeat(5000).into_bytes(), "recursion limit"),
        (vec![b'#'; 1024 * 1024 + 1], "larger than"),
        (b"common: \xff\xfe\n".to_vec(), "not a text in UTF-8"),
    ] {
        sandbox.write("file.yaml", &content);
        let error = sandbox.certgen(&["check", "--config", "file.yaml"]).fails(1);
        assert!(error.contains(part) && error.contains("hint: "), "{error}");
    }
    let error = sandbox.certgen(&["check", "--config", "nowhere.yaml"]).fails(1);
    assert!(error.contains("nowhere.yaml: cannot be read"), "{error}");
}
