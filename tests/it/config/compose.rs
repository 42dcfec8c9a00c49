//! Services for Compose: what they mount, what they run, and how they merge with Milvus's own file.

use std::collections::BTreeMap;
use std::process::Command;

use yaml_rust2::Yaml;

use super::{MODES, document, keys, mode, printed, string, strings};
use crate::support::{Sandbox, has, is_root, text};

fn compose_command(compose: &Yaml) -> Vec<String> {
    // Compose's own escape.
    let command = strings(&compose["services"]["certs"]["command"]).into_iter();
    command.map(|word| word.replace("$$", "$")).collect()
}

#[test]
fn compose_makes_the_set_before_milvus_starts() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let compose = document(&printed(&sandbox, "compose", flags));
        let (certs, standalone) = (&compose["services"]["certs"], &compose["services"]["standalone"]);
        assert_eq!(string(&standalone["depends_on"]["certs"]["condition"]), "service_completed_successfully");
        assert_eq!(string(&certs["restart"]), "no");
        assert_eq!(string(&certs["volumes"][0]["source"]), sandbox.path().to_str().unwrap());
        // What one writes is what the other reads; and it is not the set's own directory.
        assert_eq!(string(&certs["volumes"][1]), "./tls:/tls");
        assert_eq!(strings(&standalone["volumes"]), ["./tls:/milvus/tls:ro"]);
    }
}

/// The command that Compose runs, run here: it finds nothing to do, so that it asks for what is there.
#[test]
fn the_command_in_compose_asks_for_the_set_that_is_there() {
    let sets: [&[&str]; 3] = [
        &["--cn", "db.example.com", "--san", "10.0.0.7", "--san", "*.example.com"],
        &["--cn", "it's \"$HOME\" \\ # a: ü", "--san", "localhost"],
        &["--ca-file", "root", "--server-file", "db", "--client-file", "app"],
    ];
    for flags in sets {
        let sandbox = Sandbox::with_set_of(flags);
        let files: Vec<&str> =
            flags.chunks(2).filter(|pair| pair[0].ends_with("-file")).flatten().copied().collect();
        let before = sandbox.snapshot();
        let mut command = compose_command(&document(&printed(&sandbox, "compose", &files)));
        assert_eq!(sandbox.snapshot(), before, "config writes nothing");
        let at = command.iter().position(|word| word == "--owner").unwrap();
        if !is_root() {
            command.drain(at..at + 2);
        }
        let handed = Sandbox::new();
        let tls = handed.file("tls").to_str().unwrap().to_owned();
        let home = sandbox.path().to_str().unwrap().to_owned();
        let place = |word: &String| match word.as_str() {
            "/certs" => home.clone(),
            "/tls" => tls.clone(),
            word => word.to_owned(),
        };
        let command: Vec<String> = command.iter().map(place).collect();
        let command: Vec<&str> = command.iter().map(String::as_str).collect();
        sandbox.certgen(&command).succeeds();
        let bytes = |snapshot: BTreeMap<String, (u64, i64, i64, Vec<u8>)>| -> BTreeMap<_, _> {
            snapshot.into_iter().map(|(name, (.., bytes))| (name, bytes)).collect()
        };
        let (before, after) = (bytes(before), bytes(sandbox.snapshot()));
        assert_eq!(before, after, "{flags:?}: the set was made anew");
        let given: Vec<_> = std::fs::read_dir(&tls).unwrap().map(|e| e.unwrap().file_name()).collect();
        assert_eq!(given.len(), 3, "{given:?}");
    }
}

#[test]
fn milvus_reads_files_by_the_names_that_they_have() {
    let files = ["--ca-file", "root", "--server-file", "db x", "--client-file", "app"];
    let sandbox = Sandbox::with_set_of(&files);
    let yaml = document(&printed(&sandbox, "milvus-yaml", &files));
    assert_eq!(string(&yaml["tls"]["serverPemPath"]), "/milvus/tls/db x.pem");
    assert_eq!(string(&yaml["tls"]["serverKeyPath"]), "/milvus/tls/db x.key");
    assert_eq!(string(&yaml["tls"]["caPemPath"]), "/milvus/tls/root.pem");
    let compose = document(&printed(&sandbox, "compose", &files));
    let environment = &compose["services"]["standalone"]["environment"];
    assert_eq!(string(&environment["TLS_SERVERKEYPATH"]), "/milvus/tls/db x.key");
    assert_eq!(string(&environment["TLS_CAPEMPATH"]), "/milvus/tls/root.pem");
    let backup = document(&printed(&sandbox, "milvus-backup", &[&files[..], &["--tls-mode", "2"]].concat()));
    assert_eq!(string(&backup["milvus"]["grpc"]["caCertPath"]), "root.pem");
    assert_eq!(string(&backup["milvus"]["grpc"]["mtlsKeyPath"]), "app.key");
}

#[test]
fn compose_never_mounts_the_directory_with_the_ca_s_key() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["--key-type", "ecdsa-p256", "-q", "-o", "tls"]).succeeds();
    std::fs::create_dir(sandbox.file("other")).unwrap();
    std::os::unix::fs::symlink("tls", sandbox.file("link")).unwrap();
    let absolute = sandbox.file("tls");
    for dir in ["tls", "./tls/", "other/../tls", "link", absolute.to_str().unwrap()] {
        let compose = document(&printed(&sandbox, "compose", &["--dir", dir]));
        assert_eq!(string(&compose["services"]["certs"]["volumes"][1]), "./milvus-tls:/tls", "{dir}");
        assert_eq!(
            strings(&compose["services"]["standalone"]["volumes"]),
            ["./milvus-tls:/milvus/tls:ro"],
            "{dir}"
        );
    }
    // Printed from within, and put beside the directory.
    let mut run = sandbox.certgen(&["config", "compose"]);
    run.command.current_dir(&absolute);
    assert!(run.succeeds().contains("\"./milvus-tls:/milvus/tls:ro\""));
}

/// As Milvus's own file has them: `depends_on` is a list.
const BASE: &str = r#"
version: "3.5"
services:
  etcd: {image: etcd}
  minio: {image: minio}
  standalone:
    image: milvus
    environment: {ETCD_ENDPOINTS: "etcd:2379", MINIO_ADDRESS: "minio:9000"}
    volumes: ["./volumes/milvus:/var/lib/milvus"]
    depends_on: [etcd, minio]
"#;

/// The base file's lists stay, and its commands and healthchecks go.
#[test]
fn docker_compose_merges_secured_services_into_milvus_s_own_file() {
    if !has("docker-compose") {
        return;
    }
    let sandbox = super::whole_set();
    let plain = "etcd: {image: etcd, command: etcd -advertise-client-urls=http://etcd:2379, volumes: ['./etcd:/etcd'], \
                 healthcheck: {test: [CMD, etcdctl, endpoint, health]}}";
    sandbox.write("docker-compose.yml", BASE.replace("etcd: {image: etcd}", plain));
    let flags = ["--secure", "etcd,minio"];
    sandbox.write("docker-compose.override.yml", printed(&sandbox, "compose", &flags));
    let output = Command::new("docker-compose").arg("config").current_dir(sandbox.path()).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
    let merged = document(&text(&output.stdout));
    let etcd = &merged["services"]["etcd"];
    let merged_text = text(&output.stdout);
    assert!(
        merged_text.contains("--client-cert-auth") && !merged_text.contains("http://etcd"),
        "{merged_text}"
    );
    assert_eq!(etcd["volumes"].as_vec().unwrap().len(), 4);
    assert!(strings(&etcd["healthcheck"]["test"]).contains(&"--key=/tls/etcd.key"));
    assert_eq!(merged["services"]["standalone"]["volumes"].as_vec().unwrap().len(), 4);
}

#[test]
fn docker_compose_merges_both_services_into_milvus_s_own_file() {
    if !has("docker-compose") {
        return;
    }
    let sandbox = Sandbox::with_set_of(&["--cn", "it's \"$HOME\" \\ # a: ü", "--san", "localhost"]);
    sandbox.write("docker-compose.yml", BASE);
    for flags in MODES {
        sandbox.write("docker-compose.override.yml", printed(&sandbox, "compose", flags));
        sandbox.write("attu.yaml", printed(&sandbox, "attu", flags));
        let files = ["docker-compose.yml", "docker-compose.override.yml", "attu.yaml"];
        let output = Command::new("docker-compose")
            .args(files.iter().flat_map(|file| ["-f", file]))
            .arg("config")
            .env("HOME", "/not/this")
            .current_dir(sandbox.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        let merged = document(&text(&output.stdout));
        let standalone = &merged["services"]["standalone"];
        let mut before = keys(&standalone["depends_on"]);
        before.sort_unstable();
        assert_eq!(before, ["certs", "etcd", "minio"]);
        assert_eq!(standalone["volumes"].as_vec().unwrap().len(), 2);
        assert_eq!(string(&standalone["environment"]["ETCD_ENDPOINTS"]), "etcd:2379");
        assert_eq!(string(&standalone["environment"]["TLS_CAPEMPATH"]), "/milvus/tls/ca.pem");
        let command = compose_command(&merged);
        assert_eq!(command[1], "it's \"$HOME\" \\ # a: ü");
        let mounts = merged["services"]["attu"]["volumes"].as_vec().unwrap();
        assert_eq!(mounts.len(), if mode(flags) == 2 { 3 } else { 1 });
    }
}

#[test]
fn attu_gets_each_file_by_itself() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let attu = document(&printed(&sandbox, "attu", flags));
        let attu = &attu["services"]["attu"];
        let environment = &attu["environment"];
        let mut targets = Vec::new();
        for volume in attu["volumes"].as_vec().unwrap() {
            let (source, target) = (string(&volume["source"]), string(&volume["target"]));
            assert!(source.starts_with('/') && std::path::Path::new(source).is_file(), "{source}");
            assert_eq!(source.rsplit('/').next(), target.rsplit('/').next());
            assert_eq!(volume["read_only"].as_bool(), Some(true));
            targets.push(target);
        }
        // Each variable names a file that is mounted, and each file is named; by Attu 2 and by Attu 3.
        for prefix in ["MILVUS_TLS_", ""] {
            let variables = ["ROOT_CERT_PATH", "CERT_CHAIN_PATH", "PRIVATE_KEY_PATH"];
            let named = variables.iter().filter_map(|name| environment[&*format!("{prefix}{name}")].as_str());
            assert_eq!(named.collect::<Vec<_>>(), targets);
            assert_eq!(string(&environment[&*format!("{prefix}SERVER_NAME")]), "localhost");
        }
        assert_eq!(targets.len(), if mode(flags) == 2 { 3 } else { 1 });
        assert_eq!(string(&environment["MILVUS_SSL"]), "true");
        // The container's own localhost is not Milvus.
        assert_eq!(string(&environment["MILVUS_URL"]), "standalone:19530");
    }
    let attu = document(&printed(&sandbox, "attu", &["--host", "db.example.com", "--port", "443"]));
    assert_eq!(string(&attu["services"]["attu"]["environment"]["MILVUS_ADDRESS"]), "db.example.com:443");
}
