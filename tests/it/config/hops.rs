//! What stands behind Milvus, beside it and in front of it.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use yaml_rust2::Yaml;

use super::{MODES, config, document, documents, keys, printed, string, whole_set};
use crate::support::{Sandbox, has, text};

const FAST: [&str; 3] = ["--key-type", "ecdsa-p256", "-q"];

/// A shell script as printed, with what stands in its way put before everything else.
fn sh(sandbox: &Sandbox, script: &str) -> std::process::Output {
    let path = format!("{}:{}", sandbox.path().display(), std::env::var("PATH").unwrap());
    Command::new("sh").args(["-c", script]).env("PATH", path).current_dir(sandbox.path()).output().unwrap()
}

#[test]
fn etcd_s_members_know_each_other_and_milvus_knows_them() {
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["peer", "etcd-0", "etcd-1", "--san", "127.0.0.1"]).args(&FAST).succeeds();
    let documents = documents(&printed(&sandbox, "etcd", &["--mount-path", "/etc/milvus/tls/"]));
    assert_eq!(documents.len(), 3);
    for (member, name) in documents.iter().zip(["etcd-0", "etcd-1"]) {
        assert_eq!(string(&member["name"]), name);
        assert_eq!(string(&member["advertise-client-urls"]), format!("https://{name}:2379"));
        let cluster = "etcd-0=https://etcd-0:2380,etcd-1=https://etcd-1:2380";
        assert_eq!(string(&member["initial-cluster"]), cluster);
        for section in ["client-transport-security", "peer-transport-security"] {
            let tls = &member[section];
            assert_eq!(keys(tls), ["cert-file", "key-file", "client-cert-auth", "trusted-ca-file"]);
            assert_eq!(string(&tls["cert-file"]), format!("/etc/etcd/tls/{name}.pem"));
            assert_eq!(tls["client-cert-auth"].as_bool(), Some(true));
        }
    }
    let etcd = &documents[2]["etcd"];
    assert_eq!(string(&etcd["endpoints"]), "etcd-0:2379,etcd-1:2379");
    assert_eq!(etcd["ssl"]["enabled"].as_bool(), Some(true));
    for (key, file) in [("tlsCert", "client.pem"), ("tlsKey", "client.key"), ("tlsCACert", "ca.pem")] {
        assert_eq!(string(&etcd["ssl"][key]), format!("/etc/milvus/tls/{file}"));
    }
    // One of them, by its name.
    let one = super::documents(&printed(&sandbox, "etcd", &["--host", "etcd-1"]));
    assert_eq!((one.len(), string(&one[0]["name"])), (2, "etcd-1"));
}

#[test]
fn what_has_no_certificate_of_its_own_is_not_configured() {
    let sandbox = Sandbox::with_set();
    for (target, role) in [("etcd", "peer"), ("kafka", "peer"), ("minio", "server")] {
        let error = config(&sandbox, target).fails(1);
        assert!(error.contains(&format!("has no {role} certificate for {target}")), "{error}");
        assert!(
            error.ends_with(&format!("hint: issue one with: milvus-certgen {role} {target}\n")),
            "{error}"
        );
        let error = config(&sandbox, target).args(&["--host", "db.example.com"]).fails(1);
        assert!(error.ends_with(&format!("milvus-certgen {role} db.example.com\n")), "{error}");
        let dir = sandbox.path().to_str().unwrap();
        let error = config(&Sandbox::new(), target).args(&["--dir", dir]).fails(1);
        assert!(error.ends_with(&format!("{role} {target} --out-dir {dir}\n")), "{error}");
        // The hint's command is all that it takes; for a peer, a server's certificate is not enough.
        sandbox.certgen(&["server", target]).args(&FAST).succeeds();
        if role == "peer" {
            config(&sandbox, target).fails(1);
        }
        sandbox.certgen(&[role, target]).args(&FAST).succeeds();
        printed(&sandbox, target, &[]);
    }
}

#[test]
fn minio_and_kafka_find_their_files_where_they_look() {
    let sandbox = whole_set();
    let minio = documents(&printed(&sandbox, "minio", &[]));
    let volumes = super::strings(&minio[0]["services"]["minio"]["volumes"]);
    let certs = "/root/.minio/certs";
    assert_eq!(volumes[0], format!("./minio.pem:{certs}/public.crt:ro"));
    assert_eq!(volumes[1], format!("./minio.key:{certs}/private.key:ro"));
    assert_eq!(volumes[2], format!("./ca.pem:{certs}/CAs/ca.crt:ro"));
    let block = &minio[1]["minio"];
    assert_eq!((string(&block["address"]), block["useSSL"].as_bool()), ("minio", Some(true)));
    assert_eq!(string(&block["ssl"]["tlsCACert"]), "/milvus/tls/ca.pem");

    let kafka = documents(&printed(&sandbox, "kafka", &[]));
    let properties: std::collections::BTreeMap<_, _> =
        string(&kafka[0]["server.properties"]).lines().map(|line| line.split_once('=').unwrap()).collect();
    assert_eq!(properties["ssl.keystore.type"], "PEM");
    assert_eq!(properties["ssl.truststore.type"], "PEM");
    assert_eq!(properties["ssl.client.auth"], "required");
    assert_eq!(properties["advertised.listeners"], "SSL://kafka:9093");
    let block = &kafka[1]["kafka"];
    assert_eq!((string(&block["brokerList"]), string(&block["securityProtocol"])), ("kafka:9093", "SSL"));
    assert_eq!(string(&block["ssl"]["tlsCaCert"]), "/milvus/tls/ca.pem");
}

/// The store of one file, as the printed command makes it, in Java's own reader of PEM keys.
#[test]
fn kafka_s_keystore_is_a_key_and_its_certificate() {
    if !has("openssl") {
        return;
    }
    let sandbox = whole_set();
    let page = printed(&sandbox, "kafka", &[]);
    let command = page.split_once("(umask").and_then(|(_, rest)| rest.split_once(')')).unwrap().0;
    let output = sh(&sandbox, &format!("(umask{command})"));
    assert!(output.status.success(), "{output:?}");
    assert_eq!(sandbox.mode("keystore.pem") & 0o077, 0, "it holds a key");
    let key = sandbox.openssl("pkey -in keystore.pem -pubout");
    assert_eq!(sandbox.openssl("x509 -in keystore.pem -noout -pubkey"), key);
    assert!(
        sandbox.read("keystore.pem").starts_with("-----BEGIN PRIVATE KEY-----"),
        "PKCS#8, as Kafka asks for"
    );
}

#[test]
fn replication_gets_the_files_of_the_cluster_that_it_goes_to() {
    let sandbox = Sandbox::with_set();
    let yaml = document(&printed(&sandbox, "cdc", &[]));
    let cluster = &yaml["tls"]["clusters"]["by-dev2"];
    assert_eq!(keys(cluster), ["caPemPath", "clientPemPath", "clientKeyPath"]);
    // Apart from the files of the replicating cluster itself.
    assert_eq!(string(&cluster["clientKeyPath"]), "/milvus/tls/by-dev2/client.key");
    // For all others the ID means nothing.
    let yaml = document(&printed(&sandbox, "milvus-yaml", &["--cluster", "by-dev2"]));
    assert_eq!(string(&yaml["tls"]["caPemPath"]), "/milvus/tls/ca.pem");
}

#[test]
fn files_are_found_where_they_are_mounted() {
    let sandbox = Sandbox::with_set();
    let mount = ["--mount-path", "/var/lib/milvus/tls", "--internal-tls"];
    for target in ["milvus-yaml", "compose", "helm", "operator"] {
        let page = printed(&sandbox, target, &mount);
        assert_eq!(page.matches("/var/lib/milvus/tls/server.pem").count(), 2, "{target}: {page}");
        assert!(!page.contains("/milvus/tls:") || target == "compose", "{target}");
    }
    let helm = document(&printed(&sandbox, "helm", &mount));
    assert_eq!(string(&helm["volumeMounts"][0]["mountPath"]), "/var/lib/milvus/tls");
    let compose = document(&printed(&sandbox, "compose", &mount));
    assert_eq!(string(&compose["services"]["standalone"]["volumes"][0]), "./tls:/var/lib/milvus/tls:ro");
}

#[test]
fn compose_secures_the_services_of_milvus_s_own_file() {
    let sandbox = whole_set();
    let plain = printed(&sandbox, "compose", &[]);
    assert!(!plain.contains("ETCD_SSL") && !plain.contains("MINIO_USESSL"), "{plain}");
    let yaml = document(&printed(&sandbox, "compose", &["--secure", "etcd,minio"]));
    let services = &yaml["services"];
    let environment = &services["standalone"]["environment"];
    assert_eq!(string(&environment["ETCD_SSL_TLSCACERT"]), "/milvus/tls/ca.pem");
    assert_eq!(string(&environment["MINIO_USESSL"]), "true");
    let mounts = |service: &str| -> Vec<(String, String)> {
        let volumes = services[service]["volumes"].as_vec().unwrap().iter();
        let binds = volumes.filter(|volume| volume["source"].as_str().is_some());
        binds
            .map(|volume| (string(&volume["source"]).to_owned(), string(&volume["target"]).to_owned()))
            .collect()
    };
    let own = |name: &str| sandbox.file(name).to_str().unwrap().to_owned();
    assert_eq!(mounts("etcd")[0], (own("etcd.pem"), "/tls/etcd.pem".to_owned()));
    assert_eq!(mounts("minio")[1], (own("minio.key"), "/root/.minio/certs/private.key".to_owned()));
    // What Milvus shows to etcd is where its variables say.
    for (variable, mount) in [("ETCD_SSL_TLSCERT", 0), ("ETCD_SSL_TLSKEY", 1)] {
        assert_eq!(mounts("standalone")[mount].1, string(&environment[variable]));
    }
    let only = document(&printed(&sandbox, "compose", &["--secure", "minio"]));
    assert!(only["services"]["etcd"].is_badvalue() && !only["services"]["minio"].is_badvalue());
    // A server's certificate is none for etcd.
    let lacking = Sandbox::with_set();
    lacking.certgen(&["server", "etcd"]).args(&FAST).succeeds();
    let error = lacking.certgen(&["config", "compose", "--secure", "etcd"]).fails(1);
    assert!(error.contains("has no peer certificate for etcd"), "{error}");
    lacking.certgen(&["config", "compose", "--secure", "pulsar"]).fails(2);
}

const HOSTILE: &str = r#"a 'b' "c" $HOME $(id) \ #"#;

#[test]
fn curl_and_the_environment_get_the_very_values() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["-o", HOSTILE]).args(&FAST).succeeds();
    sandbox.write("curl", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n");
    std::fs::set_permissions(sandbox.file("curl"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let file = |name: &str| format!("{HOSTILE}/{name}");
    for flags in MODES {
        let output = sh(&sandbox, &printed(&sandbox, "rest", &[flags, &["--dir", HOSTILE]].concat()));
        let out = text(&output.stdout);
        let arguments: Vec<&str> = out.lines().collect();
        let after = |flag: &str| {
            arguments.iter().position(|argument| *argument == flag).map(|at| arguments[at + 1].to_owned())
        };
        assert_eq!(after("--cacert"), Some(file("ca.pem")), "{out}");
        assert_eq!(after("--key"), (flags[1] == "2").then(|| file("client.key")), "{out}");
        assert_eq!(arguments.last(), Some(&"https://localhost:8080/v2/vectordb/collections/list"));
    }
    let script = printed(&sandbox, "env", &["--dir", HOSTILE]);
    let output = sh(
        &sandbox,
        &format!("{script}\nprintf '%s\\n' \"$GRPC_DEFAULT_SSL_ROOTS_FILE_PATH\" \"$MILVUS_URI\""),
    );
    let out = text(&output.stdout);
    let absolute = sandbox.path().join(HOSTILE).join("ca.pem");
    assert_eq!(out, format!("{}\nhttps://localhost:19530\n", absolute.display()));
}

#[test]
fn python_compiles_what_langchain_gets() {
    let sandbox = Sandbox::with_set();
    std::fs::create_dir(sandbox.file("langchain_core")).unwrap();
    sandbox.write(
        "langchain_core/embeddings.py",
        "class DeterministicFakeEmbedding:\n    def __init__(self, size): pass\n",
    );
    let stub = "class Milvus:\n    def __init__(self, embedding_function, connection_args):\n        \
                self.args, self.client = connection_args, self\n    \
                def get_server_version(self):\n        return '\\n'.join(f'{k}={v}' for k, v in self.args.items())\n";
    sandbox.write("langchain_milvus.py", stub);
    for flags in MODES {
        sandbox.write("store.py", printed(&sandbox, "langchain", flags));
        let output = Command::new("python3").arg("store.py").current_dir(sandbox.path()).output().unwrap();
        let out = text(&output.stdout);
        assert!(out.contains("uri=https://localhost:19530\nsecure=True\n"), "{output:?}");
        let (one_way, two_way) =
            (out.contains("server_pem_path=ca.pem"), out.contains("client_key_path=client.key"));
        assert_eq!((one_way, two_way), (flags[1] == "1", flags[1] == "2"), "{out}");
    }
}

#[test]
fn springs_and_dify_s_keys() {
    let sandbox = Sandbox::with_set_of(&["--cn", "db.example.com"]);
    for flags in MODES {
        let yaml = document(&printed(&sandbox, "spring-ai", flags));
        let client = &yaml["spring"]["ai"]["vectorstore"]["milvus"]["client"];
        assert_eq!(client["secure"].as_bool(), Some(true));
        assert_eq!(client["server-pem-path"].as_str(), (flags[1] == "1").then_some("ca.pem"));
        assert_eq!(client["client-key-path"].as_str(), (flags[1] == "2").then_some("client.key"));
    }
    let yaml = document(&printed(&sandbox, "dify", &[]));
    for service in ["api", "worker"] {
        let variables = &yaml["services"][service]["environment"];
        assert_eq!(string(&variables["MILVUS_URI"]), "https://db.example.com:19530");
        assert_eq!(string(&variables["MILVUS_SERVER_NAME"]), "db.example.com");
    }
}

#[test]
fn an_ingress_decrypts_or_hands_through() {
    let sandbox = Sandbox::with_set_of(&["--cn", "db.example.com"]);
    let annotation = |yaml: &Yaml, name: &str| {
        let name = format!("nginx.ingress.kubernetes.io/{name}");
        yaml["metadata"]["annotations"][name.as_str()].as_str().map(str::to_owned)
    };
    for flags in MODES {
        let yaml = document(&printed(&sandbox, "ingress", flags));
        assert_eq!(annotation(&yaml, "backend-protocol").as_deref(), Some("GRPCS"));
        let hands_through = annotation(&yaml, "ssl-passthrough").is_some();
        assert_eq!(hands_through, flags[1] == "2");
        assert_eq!(yaml["spec"]["tls"].is_badvalue(), hands_through);
        assert_eq!(string(&yaml["spec"]["rules"][0]["host"]), "db.example.com");
    }
}

#[test]
fn nginx_takes_what_is_printed_and_no_variable_gets_in() {
    let sandbox = Sandbox::new();
    let dir = r#"a 'b' "c" \ #"#;
    sandbox.certgen(&["-o", dir]).args(&FAST).succeeds();
    if has("nginx") {
        for flags in MODES {
            let server = printed(&sandbox, "nginx", &[flags, &["--dir", dir]].concat());
            let events = "daemon off; pid nginx.pid; error_log stderr; events {}";
            sandbox.write("nginx.conf", format!("{events} http {{ access_log off;\n{server}}}\n"));
            let path = sandbox.path().to_str().unwrap();
            let output = Command::new("nginx").args(["-t", "-p", path, "-c", "nginx.conf"]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
    }
    // nginx has no way to write a "$" that begins no variable.
    sandbox.certgen(&["-o", "$HOME"]).args(&FAST).succeeds();
    let error = sandbox.certgen(&["config", "nginx", "--dir", "$HOME"]).fails(1);
    assert!(error.contains("a path that cannot be written into a configuration"), "{error}");
}
