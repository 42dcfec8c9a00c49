//! Kubernetes objects: the structure that an API server asks for, and what is in them.

use base64ct::{Base64, Encoding};
use yaml_rust2::Yaml;

use super::{MODES, document, documents, keys, mode, printed, string, strings};
use crate::support::Sandbox;

/// RFC 1123.
fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

/// An object's kind and name.
fn header<'a>(object: &'a Yaml, api: &str) -> (&'a str, &'a str) {
    assert_eq!(string(&object["apiVersion"]), api);
    let (name, namespace) = (string(&object["metadata"]["name"]), string(&object["metadata"]["namespace"]));
    assert!(is_label(name) && is_label(namespace), "{name} {namespace}");
    (string(&object["kind"]), name)
}

#[test]
fn secrets_hold_exactly_the_files() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let objects = documents(&printed(&sandbox, "kubernetes", flags));
        let expected: &[(&str, &[&str])] = &[
            ("milvus-tls", &["server.pem", "server.key", "ca.pem"]),
            ("milvus-tls-client", &["client.pem", "client.key", "ca.pem"]),
        ];
        let expected = &expected[..usize::try_from(mode(flags)).unwrap()];
        assert_eq!(objects.len(), expected.len());
        for (object, (name, files)) in objects.iter().zip(expected) {
            assert_eq!(header(object, "v1"), ("Secret", *name));
            assert_eq!(string(&object["type"]), "Opaque");
            assert_eq!(keys(object), ["apiVersion", "kind", "metadata", "type", "data"]);
            assert_eq!(keys(&object["data"]), *files);
            for file in *files {
                let bytes = Base64::decode_vec(string(&object["data"][*file])).unwrap();
                assert_eq!(bytes, sandbox.read(file).into_bytes(), "{file}");
            }
        }
    }
}

#[test]
fn files_of_other_names_get_the_names_that_milvus_looks_for() {
    let files = ["--ca-file", "root", "--server-file", "db", "--client-file", "app"];
    let sandbox = Sandbox::with_set_of(&files);
    let objects = documents(&printed(&sandbox, "kubernetes", &[&files[..], &["--tls-mode", "2"]].concat()));
    for (object, key, file) in
        [(0, "server.key", "db.key"), (0, "ca.pem", "root.pem"), (1, "client.pem", "app.pem")]
    {
        let bytes = Base64::decode_vec(string(&objects[object]["data"][key])).unwrap();
        assert_eq!(bytes, sandbox.read(file).into_bytes(), "{file}");
    }
    // What mounts the Secret names its keys.
    let helm = document(&printed(&sandbox, "helm", &files));
    let inner = document(string(&helm["extraConfigFiles"]["user.yaml"]));
    let path = string(&inner["tls"]["serverKeyPath"]).to_owned();
    assert!(keys(&objects[0]["data"]).contains(&path.strip_prefix("/milvus/tls/").unwrap()));
}

#[test]
fn helm_and_operator_mount_the_secret_where_milvus_reads() {
    let sandbox = Sandbox::with_set();
    for flags in MODES {
        let named = [flags, &["--name", "my-db", "--namespace", "prod"]].concat();
        let secret = documents(&printed(&sandbox, "kubernetes", &named));
        let (kind, name) = header(&secret[0], "v1");
        assert_eq!((kind, name, string(&secret[0]["metadata"]["namespace"])), ("Secret", "my-db", "prod"));
        let helm = document(&printed(&sandbox, "helm", &named));
        assert_eq!(keys(&helm), ["extraConfigFiles", "volumes", "volumeMounts"]);
        let operator = document(&printed(&sandbox, "operator", &named));
        assert_eq!(header(&operator, "milvus.io/v1beta1").0, "Milvus");
        assert_eq!(string(&operator["metadata"]["namespace"]), "prod");
        assert!(operator["spec"]["config"]["common"]["tls"].is_badvalue());
        for pod in [&helm, &operator["spec"]["components"]] {
            let (volume, mount) = (&pod["volumes"][0], &pod["volumeMounts"][0]);
            assert_eq!(string(&volume["secret"]["secretName"]), name);
            assert_eq!(string(&volume["name"]), string(&mount["name"]));
            assert_eq!(string(&mount["mountPath"]), "/milvus/tls");
            assert_eq!(mount["readOnly"].as_bool(), Some(true));
        }
    }
}

#[test]
fn cert_manager_is_asked_for_the_same_certificates() {
    let names = ["--san", "*.example.com", "--san", "10.0.0.7", "--san", "2001:db8::7"];
    let ecdsa = Sandbox::with_set_of(&[&["--cn", "db.example.com"][..], &names].concat());
    let rsa = Sandbox::new();
    rsa.certgen(&["--key-type", "rsa", "--key-size", "3072", "-q", "--days", "90", "--cn", "db.example.com"])
        .args(&names)
        .succeeds();
    for (sandbox, algorithm, size, hours) in [(&ecdsa, "ECDSA", 256, 365 * 24), (&rsa, "RSA", 3072, 90 * 24)]
    {
        for flags in MODES {
            let objects = documents(&printed(sandbox, "cert-manager", flags));
            let headers: Vec<_> = objects.iter().map(|object| header(object, "cert-manager.io/v1")).collect();
            let expected = [
                ("Issuer", "milvus-tls-selfsigned"),
                ("Certificate", "milvus-tls-ca"),
                ("Issuer", "milvus-tls-ca"),
                ("Certificate", "milvus-tls"),
                ("Certificate", "milvus-tls-client"),
            ];
            assert_eq!(headers, expected[..if mode(flags) == 2 { 5 } else { 4 }]);
            assert!(objects[0]["spec"]["selfSigned"].as_hash().is_some());
            // The CA's Secret is what the second Issuer signs with.
            let ca = &objects[1]["spec"];
            assert_eq!(string(&ca["secretName"]), string(&objects[2]["spec"]["ca"]["secretName"]));
            assert_eq!(ca["isCA"].as_bool(), Some(true));
            assert_eq!(strings(&ca["usages"]), ["cert sign", "crl sign"]);
            assert_eq!(string(&ca["issuerRef"]["name"]), "milvus-tls-selfsigned");
            let server = &objects[3]["spec"];
            assert_eq!(strings(&server["dnsNames"]), ["db.example.com", "*.example.com"]);
            assert_eq!(strings(&server["ipAddresses"]), ["10.0.0.7", "2001:db8::7"]);
            for (object, usage) in objects[3..].iter().zip(["server auth", "client auth"]) {
                let spec = &object["spec"];
                let mut usages = vec!["digital signature", usage];
                if algorithm == "RSA" {
                    usages.insert(1, "key encipherment");
                }
                assert_eq!(strings(&spec["usages"]), usages);
                assert_eq!(string(&spec["issuerRef"]["name"]), "milvus-tls-ca");
                assert!(spec["isCA"].is_badvalue());
                assert_eq!(string(&spec["duration"]), format!("{hours}h"));
            }
            for object in objects.iter().filter(|object| string(&object["kind"]) == "Certificate") {
                let key = &object["spec"]["privateKey"];
                assert_eq!((string(&key["algorithm"]), key["size"].as_i64()), (algorithm, Some(size)));
                // The Java SDK reads no other form.
                assert_eq!(string(&key["encoding"]), "PKCS8");
            }
            let mut secrets: Vec<_> =
                objects.iter().filter_map(|object| object["spec"]["secretName"].as_str()).collect();
            secrets.dedup();
            assert_eq!(secrets.len(), if mode(flags) == 2 { 3 } else { 2 }, "each has a Secret of its own");
        }
    }
}

/// Without a list where there is nothing to list: an empty one would be null.
#[test]
fn cert_manager_s_lists_are_left_out_where_they_are_empty() {
    let sandbox = Sandbox::with_set_of(&["--cn", "10.0.0.7"]);
    let objects = documents(&printed(&sandbox, "cert-manager", &[]));
    let server = &objects[3]["spec"];
    assert_eq!(strings(&server["ipAddresses"]), ["10.0.0.7"]);
    assert!(!keys(server).contains(&"dnsNames"));
}

#[test]
fn the_longest_names_are_still_names() {
    let sandbox = Sandbox::with_set();
    let (name, namespace) = ("n".repeat(52), "s".repeat(63));
    let flags = ["--name", &name, "--namespace", &namespace, "--tls-mode", "2"];
    for object in documents(&printed(&sandbox, "cert-manager", &flags)) {
        header(&object, "cert-manager.io/v1");
    }
    for object in documents(&printed(&sandbox, "kubernetes", &flags)) {
        header(&object, "v1");
    }
}
