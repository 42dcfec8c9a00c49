//! Programs as printed, run against stubs of the SDKs that say what they were given: every path and name gets there as
//! it is, whatever is in it.

use std::process::Command;

use super::{documents, printed, string};
use crate::support::{Sandbox, has, text};

/// Quotes, variables, escapes of several languages (Java reads `\u` before it looks for literals), comments, maps.
const DIR: &str = r#"a 'b' "c" $HOME ${x} $(id) `id` \u0022 \x # : {{ dir }} %s ü 数据"#;
const CN: &str = r#"it's "me" $HOME \n # a: ü"#;

/// A set in a directory of that name.
fn hostile() -> Sandbox {
    let sandbox = Sandbox::new();
    let flags = ["--key-type", "ecdsa-p256", "-q", "--cn", CN, "--san", "localhost", "-o", DIR];
    sandbox.certgen(&flags).succeeds();
    sandbox
}

fn for_dir(sandbox: &Sandbox, target: &str, mode: &str) -> String {
    printed(sandbox, target, &["--dir", DIR, "--tls-mode", mode])
}

fn path(file: &str) -> String {
    format!("{DIR}/{file}")
}

/// What a client gets, in no order; the last line says that it came to its end.
fn values(address: &str, mode: &str) -> Vec<String> {
    let mut values = vec![address.to_owned(), path("ca.pem"), "localhost".to_owned(), "v2.6.0".to_owned()];
    if mode == "2" {
        values.extend([path("client.pem"), path("client.key")]);
    }
    values.sort();
    values
}

fn run(sandbox: &Sandbox, program: &str, args: &[&str]) -> String {
    let output = Command::new(program)
        .args(args)
        .current_dir(sandbox.path())
        .env("PYTHONPATH", sandbox.path())
        .env("PYTHONUTF8", "1")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("GOCACHE", sandbox.file("go-cache"))
        .env("GO111MODULE", "off")
        .output()
        .unwrap();
    assert!(output.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    text(&output.stdout)
}

fn sorted_lines(out: &str) -> Vec<String> {
    let mut lines: Vec<String> = out.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn yaml_has_the_very_values() {
    let sandbox = hostile();
    let absolute = |file: &str| sandbox.path().join(DIR).join(file).to_str().unwrap().to_owned();
    // Compose reads "$$" for "$".
    let unescaped = |text: &str| {
        assert_eq!(text.matches('$').count(), 2 * text.matches("$$").count(), "{text}");
        text.replace("$$", "$")
    };
    for mode in ["1", "2"] {
        let yaml = &documents(&for_dir(&sandbox, "compose", mode))[0];
        let certs = &yaml["services"]["certs"];
        assert_eq!(unescaped(string(&certs["command"][1])), CN);
        assert_eq!(
            unescaped(string(&certs["volumes"][0]["source"])),
            sandbox.path().join(DIR).to_str().unwrap()
        );
        let yaml = &documents(&for_dir(&sandbox, "attu", mode))[0];
        let volumes = yaml["services"]["attu"]["volumes"].as_vec().unwrap();
        for (volume, file) in volumes.iter().zip(["ca.pem", "client.pem", "client.key"]) {
            assert_eq!(unescaped(string(&volume["source"])), absolute(file));
        }
        let yaml = &documents(&for_dir(&sandbox, "milvus-backup", mode))[0]["milvus"]["grpc"];
        assert_eq!(string(&yaml["caCertPath"]), path("ca.pem"));
        assert_eq!(yaml["mtlsKeyPath"].as_str(), (mode == "2").then_some(&*path("client.key")));
    }
}

#[test]
fn python_gets_the_very_values() {
    let sandbox = hostile();
    let stub = "class MilvusClient:\n    def __init__(self, **options):\n        \
                assert options['secure'] is True and options['timeout'] == 10\n        \
                print(*(value for value in options.values() if isinstance(value, str)), sep='\\n')\n    \
                def get_server_version(self):\n        return 'v2.6.0'\n    \
                def close(self):\n        pass\n";
    sandbox.write("pymilvus.py", stub);
    for mode in ["1", "2"] {
        sandbox.write("connect.py", for_dir(&sandbox, "pymilvus", mode));
        let out = run(&sandbox, "python3", &["connect.py"]);
        assert_eq!(sorted_lines(&out), values("https://localhost:19530", mode));
    }
}

#[test]
fn node_gets_the_very_values() {
    if !has("node") {
        return;
    }
    let sandbox = hostile();
    std::fs::create_dir_all(sandbox.file("node_modules/@zilliz/milvus2-sdk-node")).unwrap();
    let stub = "exports.MilvusClient = class {\n  constructor({ address, ssl, tls }) {\n    \
                if (ssl !== true) throw new Error('no ssl');\n    \
                for (const value of [address, ...Object.values(tls)]) console.log(value);\n  }\n  \
                async getVersion() { return { version: 'v2.6.0' }; }\n  async closeConnection() {}\n};\n";
    sandbox.write("node_modules/@zilliz/milvus2-sdk-node/index.js", stub);
    for mode in ["1", "2"] {
        sandbox.write("connect.js", for_dir(&sandbox, "node", mode));
        let out = run(&sandbox, "node", &["connect.js"]);
        assert_eq!(sorted_lines(&out), values("localhost:19530", mode));
    }
}

const JAVA_STUB: &str = r"
package io.milvus.v2.client;
public class ConnectConfig {
    static final java.io.PrintStream OUT =
        new java.io.PrintStream(System.out, true, java.nio.charset.StandardCharsets.UTF_8);
    public static Builder builder() { return new Builder(); }
    public static class Builder {
        private Builder is(String value) { OUT.println(value); return this; }
        public Builder uri(String value) { return is(value); }
        public Builder caPemPath(String value) { return is(value); }
        public Builder clientPemPath(String value) { return is(value); }
        public Builder clientKeyPath(String value) { return is(value); }
        public Builder serverPemPath(String value) { return is(value); }
        public Builder serverName(String value) { return is(value); }
        public ConnectConfig build() { return new ConnectConfig(); }
    }
}
";

#[test]
fn java_gets_the_very_values() {
    if !has("javac") {
        return;
    }
    let sandbox = hostile();
    std::fs::create_dir_all(sandbox.file("io/milvus/v2/client")).unwrap();
    sandbox.write("io/milvus/v2/client/ConnectConfig.java", JAVA_STUB);
    sandbox.write(
        "io/milvus/v2/client/MilvusClientV2.java",
        "package io.milvus.v2.client;\npublic class MilvusClientV2 {\n    \
         public MilvusClientV2(ConnectConfig config) {}\n    \
         public String getServerVersion() { return \"v2.6.0\"; }\n    public void close() {}\n}\n",
    );
    for mode in ["1", "2"] {
        sandbox.write("MilvusTls.java", for_dir(&sandbox, "java", mode));
        run(&sandbox, "javac", &["-encoding", "UTF-8", "-proc:none", "MilvusTls.java"]);
        let out = run(&sandbox, "java", &["-cp", ".", "MilvusTls"]);
        assert_eq!(sorted_lines(&out), values("https://localhost:19530", mode));
    }
}

const CPP_STUB: &str = r#"
#include <iostream>
#include <memory>
#include <string>
namespace milvus {
struct Status {
    bool IsOk() const { return true; }
    std::string Message() const { return ""; }
};
struct ConnectParam {
    explicit ConnectParam(const std::string& uri) { std::cout << uri << "\n"; }
    void EnableTls(const std::string& name, const std::string& ca) { std::cout << name << "\n" << ca << "\n"; }
    void EnableTls(const std::string& name, const std::string& pem, const std::string& key, const std::string& ca) {
        EnableTls(name, ca);
        std::cout << pem << "\n" << key << "\n";
    }
};
struct MilvusClientV2 {
    static std::shared_ptr<MilvusClientV2> Create() { return std::make_shared<MilvusClientV2>(); }
    Status Connect(const ConnectParam&) { return {}; }
    Status GetServerVersion(std::string& version) { version = "v2.6.0"; return {}; }
    Status Disconnect() { return {}; }
};
}
"#;

#[test]
fn cpp_gets_the_very_values() {
    if !has("g++") {
        return;
    }
    let sandbox = hostile();
    std::fs::create_dir(sandbox.file("milvus")).unwrap();
    sandbox.write("milvus/MilvusClientV2.h", CPP_STUB);
    for mode in ["1", "2"] {
        sandbox.write("connect.cpp", for_dir(&sandbox, "cpp", mode));
        run(
            &sandbox,
            "g++",
            &["-std=gnu++14", "-Wall", "-Werror", "-O0", "-I.", "-o", "connect", "connect.cpp"],
        );
        let program = sandbox.file("connect");
        let out = run(&sandbox, program.to_str().unwrap(), &[]);
        assert_eq!(sorted_lines(&out), values("https://localhost:19530", mode));
    }
}

/// String literals outside comments, as they stand there.
fn literals<'a>(code: &'a str, lines: &[&str]) -> Vec<&'a str> {
    let mut found = Vec::new();
    for line in code.lines().filter(|line| lines.iter().any(|part| line.contains(part))) {
        let mut rest = line;
        while let Some(start) = rest.find('"') {
            let mut escaped = false;
            let end = rest[start + 1..].find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            let end = start + 1 + end.unwrap() + 1;
            found.push(&rest[start..end]);
            rest = &rest[end..];
        }
    }
    found
}

/// Without stubs of gRPC, the whole is parsed, and its literals are compiled.
#[test]
fn go_gets_the_very_values() {
    if !has("gofmt") || !has("go") {
        return;
    }
    let sandbox = hostile();
    for mode in ["1", "2"] {
        let code = for_dir(&sandbox, "go", mode);
        sandbox.write("connect.go", &code);
        assert_eq!(run(&sandbox, "gofmt", &["-e", "-l", "connect.go"]), "", "not as gofmt has it");
        let found = literals(&code, &["os.ReadFile(", "ServerName:", "LoadX509KeyPair(", "Address:"]);
        let program = format!("package main\n\nfunc main() {{ println({}) }}\n", found.join(", \"\\n\", "));
        sandbox.write("literals.go", program);
        run(&sandbox, "go", &["build", "-o", "literals", "literals.go"]);
        // println of Go writes to standard error, with spaces between.
        let output = Command::new(sandbox.file("literals")).output().unwrap();
        let mut lines = sorted_lines(&text(&output.stderr).replace(" \n ", "\n"));
        lines.push("v2.6.0".to_owned());
        lines.sort();
        assert_eq!(lines, values("localhost:19530", mode));
    }
}

#[test]
fn rust_gets_the_very_values() {
    if !has("rustfmt") || !has("rustc") {
        return;
    }
    let sandbox = hostile();
    for mode in ["1", "2"] {
        let code = for_dir(&sandbox, "rust", mode);
        sandbox.write("connect.rs", &code);
        run(&sandbox, "rustfmt", &["--edition", "2024", "connect.rs"]);
        let found = literals(&code, &[".uri(", "_certificate(", ".client_key(", ".tls_server_name("]);
        let lines: Vec<_> = found.iter().map(|literal| format!("println!(\"{{}}\", {literal});")).collect();
        let lines = lines.join(" ");
        sandbox.write("literals.rs", format!("fn main() {{ {lines} println!(\"v2.6.0\"); }}\n"));
        run(&sandbox, "rustc", &["--edition", "2024", "-o", "literals", "literals.rs"]);
        let program = sandbox.file("literals");
        let out = run(&sandbox, program.to_str().unwrap(), &[]);
        assert_eq!(sorted_lines(&out), values("https://localhost:19530", mode));
    }
}

/// `milvus_cli` splits its lines as Python's shlex does.
#[test]
fn milvus_cli_gets_the_very_values() {
    let sandbox = hostile();
    let stub = "#!/usr/bin/env python3\nimport shlex, sys\n\
                for line in sys.stdin:\n    print(*shlex.split(line), sep='\\n')\n";
    sandbox.write("milvus_cli", stub);
    sandbox.set_mode("milvus_cli", 0o755);
    for mode in ["1", "2"] {
        sandbox.write("connect.sh", for_dir(&sandbox, "milvus-cli", mode));
        run(&sandbox, "sh", &["-n", "connect.sh"]);
    }
    sandbox.write("connect.sh", for_dir(&sandbox, "milvus-cli", "1"));
    let out = run(&sandbox, "sh", &["-c", "PATH=.:$PATH sh connect.sh"]);
    let ca = path("ca.pem");
    let expected = [
        "connect",
        "-uri",
        "https://localhost:19530",
        "-tls",
        "1",
        "-cert",
        &ca,
        "list",
        "collections",
        "exit",
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), expected);
}
