//! `config TARGET`: what is printed is read by the parsers and compilers of its own language, and says what is true of
//! the set.

mod compose;
mod hops;
mod kafka;
mod kubernetes;
mod literals;
mod refusals;
mod values;

use std::collections::BTreeMap;

use yaml_rust2::{Yaml, YamlLoader};

use crate::support::{Run, Sandbox};

const TARGETS: [&str; 26] = [
    "milvus-yaml",
    "compose",
    "kubernetes",
    "helm",
    "operator",
    "cert-manager",
    "attu",
    "milvus-backup",
    "dify",
    "spring-ai",
    "etcd",
    "minio",
    "kafka",
    "cdc",
    "ingress",
    "pymilvus",
    "java",
    "node",
    "go",
    "rust",
    "cpp",
    "milvus-cli",
    "rest",
    "env",
    "langchain",
    "nginx",
];

/// How many of them, from the first, are YAML.
const YAML: usize = 15;

/// Every tlsMode, with and without TLS between the nodes.
const MODES: [&[&str]; 4] = [
    &["--tls-mode", "1"],
    &["--tls-mode", "2"],
    &["--tls-mode", "1", "--internal-tls"],
    &["--tls-mode", "2", "--internal-tls"],
];

fn mode(flags: &[&str]) -> i64 {
    flags[1].parse().unwrap()
}

fn documents(text: &str) -> Vec<Yaml> {
    YamlLoader::load_from_str(text).unwrap_or_else(|e| panic!("{e}:\n{text}"))
}

fn document(text: &str) -> Yaml {
    let mut documents = documents(text);
    assert_eq!(documents.len(), 1, "{text}");
    documents.remove(0)
}

fn printed(sandbox: &Sandbox, target: &str, flags: &[&str]) -> String {
    config(sandbox, target).args(flags).succeeds()
}

/// With the flag without which that target is not printed.
fn config(sandbox: &Sandbox, target: &str) -> Run {
    let cluster: &[&str] = if target == "cdc" { &["--cluster", "by-dev2"] } else { &[] };
    sandbox.certgen(&["config", target]).args(cluster)
}

/// With certificates for what stands behind Milvus.
fn whole_set() -> Sandbox {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["peer", "etcd", "kafka", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    sandbox.certgen(&["server", "minio", "-q", "--key-type", "ecdsa-p256"]).succeeds();
    sandbox
}

/// What can show no certificate is not printed for tlsMode 2.
fn modes(target: &str) -> impl Iterator<Item = &'static [&'static str]> {
    let is_unable = ["env", "dify"].contains(&target);
    MODES.into_iter().filter(move |flags| !is_unable || mode(flags) == 1)
}

fn string(yaml: &Yaml) -> &str {
    yaml.as_str().unwrap_or_else(|| panic!("not a string: {yaml:?}"))
}

fn strings(yaml: &Yaml) -> Vec<&str> {
    yaml.as_vec().unwrap_or_else(|| panic!("not a list: {yaml:?}")).iter().map(string).collect()
}

fn keys(yaml: &Yaml) -> Vec<&str> {
    yaml.as_hash().unwrap_or_else(|| panic!("not a map: {yaml:?}")).keys().map(string).collect()
}

/// Milvus's own view: a key is its path in lower case, without dots and underscores, wherever it comes from
/// (`base_table.go`).
fn flat(yaml: &Yaml) -> BTreeMap<String, String> {
    fn fill(map: &mut BTreeMap<String, String>, path: &str, yaml: &Yaml) {
        let value = match yaml {
            Yaml::Hash(entries) => {
                for (key, value) in entries {
                    let key = string(key).to_lowercase().replace('_', "");
                    fill(map, &format!("{path}{key}"), value);
                }
                return;
            }
            Yaml::String(text) => text.clone(),
            Yaml::Integer(number) => number.to_string(),
            Yaml::Boolean(truth) => truth.to_string(),
            other => panic!("{path}: {other:?}"),
        };
        assert_eq!(map.insert(path.to_owned(), value), None, "{path} comes twice");
    }
    let mut map = BTreeMap::new();
    fill(&mut map, "", yaml);
    map
}

#[test]
fn every_yaml_parses_and_has_no_empty_value() {
    fn has_values(yaml: &Yaml) {
        match yaml {
            Yaml::Hash(entries) => entries.iter().for_each(|(key, value)| {
                string(key);
                has_values(value);
            }),
            Yaml::Array(entries) => entries.iter().for_each(has_values),
            Yaml::String(text) => assert_ne!(text, ""),
            Yaml::Integer(_) | Yaml::Boolean(_) => {}
            other => panic!("{other:?}"),
        }
    }
    let sandbox = whole_set();
    for target in &TARGETS[..YAML] {
        for flags in modes(target) {
            let documents = documents(&printed(&sandbox, target, flags));
            assert!(!documents.is_empty(), "{target}");
            documents.iter().for_each(has_values);
        }
    }
}

#[test]
fn milvus_finds_its_keys_where_it_looks_for_them() {
    let sandbox = Sandbox::with_set_of(&["--cn", "db.example.com"]);
    for flags in MODES {
        let yaml = document(&printed(&sandbox, "milvus-yaml", flags));
        let internal = flags.contains(&"--internal-tls");
        let sections: &[&str] =
            if internal { &["proxy", "tls", "internaltls", "common"] } else { &["proxy", "tls", "common"] };
        assert_eq!(keys(&yaml), sections);
        assert_eq!(yaml["common"]["security"]["tlsMode"].as_i64(), Some(mode(flags)));
        assert_eq!(yaml["common"]["security"]["internaltlsEnabled"].as_bool(), internal.then_some(true));
        for section in &sections[1..sections.len() - 1] {
            assert_eq!(string(&yaml[*section]["serverPemPath"]), "/milvus/tls/server.pem");
            assert_eq!(string(&yaml[*section]["serverKeyPath"]), "/milvus/tls/server.key");
            assert_eq!(string(&yaml[*section]["caPemPath"]), "/milvus/tls/ca.pem");
        }
        assert_eq!(yaml["internaltls"]["sni"].as_str(), internal.then_some("db.example.com"));
        assert_eq!(yaml["proxy"]["http"]["port"].as_i64(), Some(8080));
    }
}

#[test]
fn rest_never_gets_the_port_of_grpc() {
    let sandbox = Sandbox::with_set();
    for port in [8080, 8081, 19530] {
        let yaml = document(&printed(&sandbox, "milvus-yaml", &["--port", &port.to_string()]));
        let rest = yaml["proxy"]["http"]["port"].as_i64().unwrap();
        assert!(rest != port && rest != 9091 && rest > 1023, "{port}: {rest}");
    }
}

#[test]
fn all_ways_to_configure_milvus_say_the_same() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let expected = flat(&document(&printed(&sandbox, "milvus-yaml", flags)));
        let compose = document(&printed(&sandbox, "compose", flags));
        assert_eq!(flat(&compose["services"]["standalone"]["environment"]), expected, "compose");
        let helm = document(&printed(&sandbox, "helm", flags));
        let inner = document(string(&helm["extraConfigFiles"]["user.yaml"]));
        assert_eq!(flat(&inner), expected, "helm");
        let operator = document(&printed(&sandbox, "operator", flags));
        assert_eq!(flat(&operator["spec"]["config"]), expected, "operator");
        // Not by accident of flattening: these stand at the top, not under common.
        for milvus in [&inner, &operator["spec"]["config"]] {
            assert!(milvus["tls"].as_hash().is_some() && milvus["common"]["tls"].is_badvalue());
            assert_eq!(milvus["internaltls"].as_hash().is_some(), flags.contains(&"--internal-tls"));
        }
    }
}

#[test]
fn nothing_of_the_ca_s_key_is_printed_for_anybody() {
    let sandbox = whole_set();
    // Not the first line: it is the same in all keys.
    let body = |name: &str| sandbox.read(name).lines().nth(2).unwrap().to_owned();
    let secret = body("ca.key");
    // In base64 once more, it begins at one of three places.
    let encoded = |text: &str| -> Vec<String> {
        use base64ct::{Base64Unpadded, Encoding};
        (0..3).map(|skip| Base64Unpadded::encode_string(&text.as_bytes()[skip..skip + 42])).collect()
    };
    for target in TARGETS {
        for flags in modes(target) {
            let text = printed(&sandbox, target, flags);
            assert!(!text.contains(&secret), "{target}");
            assert!(!encoded(&secret).iter().any(|part| text.contains(part)), "{target}");
            let has_key = encoded(&body("server.key")).iter().any(|part| text.contains(part));
            assert_eq!(has_key, target == "kubernetes", "{target}");
        }
    }
}

#[test]
fn milvus_backup_has_the_files_of_its_mode() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let client = (mode(flags) == 2).then_some(("client.pem", "client.key"));
        let yaml = document(&printed(&sandbox, "milvus-backup", flags));
        assert_eq!(string(&yaml["configVersion"]), "v2");
        assert_eq!(
            keys(&yaml["milvus"]),
            ["grpc", "rest"],
            "a file of version 2 may have no key of version 1"
        );
        let word = if mode(flags) == 2 { "mutual" } else { "server" };
        assert_eq!(string(&yaml["milvus"]["grpc"]["tlsMode"]), word);
        assert_eq!(string(&yaml["milvus"]["rest"]["endpoint"]), "https://localhost:8080");
        let old = document(&printed(&sandbox, "milvus-backup", &[flags, &["--for-version", "1"]].concat()));
        assert!(old["configVersion"].is_badvalue());
        assert_eq!(old["milvus"]["tlsMode"].as_i64(), Some(mode(flags)));
        for milvus in [&yaml["milvus"]["grpc"], &old["milvus"]] {
            assert_eq!((string(&milvus["address"]), milvus["port"].as_i64()), ("localhost", Some(19530)));
            assert_eq!(string(&milvus["serverName"]), "localhost");
            assert_eq!(string(&milvus["caCertPath"]), "ca.pem");
            assert_eq!(milvus["mtlsCertPath"].as_str().zip(milvus["mtlsKeyPath"].as_str()), client);
        }
    }
}
