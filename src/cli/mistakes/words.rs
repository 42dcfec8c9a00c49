//! What people type, by the options of other tools (openssl, mkcert, step, cfssl), and what it is called here.

/// Commands of other tools for what the default command does.
pub(super) const GENERATE: [&str; 14] = [
    "generate",
    "gen",
    "create",
    "new",
    "init",
    "make",
    "issue",
    "all",
    "run",
    "cert",
    "certs",
    "certificate",
    "certificates",
    "start",
];

/// Other words for commands.
pub(super) const COMMANDS: [(&[&str], &[&str]); 12] = [
    (
        &["verify", "validate", "inspect", "show", "lint", "status", "list", "info", "test", "ls", "view"],
        &["check"],
    ),
    (&["connect", "ping", "scan", "s_client", "s-client"], &["probe"]),
    (&["rotate", "refresh", "update", "reissue", "renewal", "rekey"], &["renew"]),
    (&["configure", "cfg", "conf", "export"], &["config"]),
    (&["root", "rootca", "root-ca", "init-ca", "create-ca"], &["ca"]),
    (&["request", "req"], &["csr"]),
    (&["user", "users", "clients"], &["client"]),
    (&["node", "nodes", "servers"], &["server"]),
    (&["completion", "complete"], &["completions"]),
    (&["manual", "manpage"], &["man"]),
    (&["describe", "why"], &["explain"]),
    (&["version"], &["--version"]),
];

/// Other words for options; of several, the first that the command has.
pub(super) const FLAGS: [(&[&str], &[&str]); 24] = [
    (
        &[
            "--host",
            "--hostname",
            "--host-name",
            "--dns",
            "--dns-name",
            "--ip",
            "--ip-address",
            "--address",
            "--domain",
            "--domains",
            "--sans",
            "--alt-name",
            "--alt-names",
            "--altname",
            "--altnames",
            "--names",
            "--subject-alt-name",
            "--subject-alt-names",
            "--subjectaltname",
            "--subjectAltName",
            "--SAN",
            "--servername",
        ],
        &["--san", "--name", "--server-name", "--host"],
    ),
    (
        &[
            "--CN",
            "-CN",
            "-cn",
            "-C",
            "-c",
            "--Cn",
            "--commonname",
            "--common-name",
            "--CommonName",
            "--server-cn",
        ],
        &["--cn"],
    ),
    (&["--name"], &["--cn"]),
    (&["--client", "--client-name"], &["--client-cn"]),
    (
        &["--bits", "--keysize", "--key-bits", "--key-length", "--keylength", "--size", "--rsa-bits", "-b"],
        &["--key-size"],
    ),
    (
        &[
            "--algorithm",
            "--algo",
            "--alg",
            "--keytype",
            "--key-alg",
            "--key-algorithm",
            "--kty",
            "--type",
            "--curve",
        ],
        &["--key-type"],
    ),
    (
        &[
            "--validity",
            "--valid",
            "--valid-for",
            "--validity-days",
            "--expire",
            "--expires",
            "--expiry",
            "--expiration",
            "--duration",
            "--lifetime",
            "--not-after",
            "-days",
        ],
        &["--days"],
    ),
    (&["--ca-validity", "--ca-expiry", "--ca-validity-days"], &["--ca-days"]),
    (&["--renew-before", "--renew-days", "--renewal-window"], &["--renew-within"]),
    (&["--warn-days", "--warn-within", "--expiring-within", "--days", "--checkend"], &["--expires-within"]),
    (
        &[
            "--outdir",
            "--output-directory",
            "--directory",
            "--cert-dir",
            "--certs-dir",
            "--path",
            "--dest",
            "-out",
            "-d",
        ],
        &["--out-dir", "--dir"],
    ),
    (&["--tls", "--mount-dir", "--milvus-dir", "--copy-to"], &["--tls-dir"]),
    (
        &[
            "--cacert",
            "--ca",
            "--root",
            "--root-ca",
            "--root-cert",
            "--ca-pem",
            "--cafile",
            "--CAfile",
            "-CA",
        ],
        &["--ca-cert"],
    ),
    (&["--cakey", "--ca-private-key", "--CAkey", "-CAkey"], &["--ca-key"]),
    (&["--mode", "--tlsmode", "--tlsMode"], &["--tls-mode", "--key-mode"]),
    (&["--chmod", "--permissions", "--perm"], &["--key-mode"]),
    (&["--chown", "--user", "--uid"], &["--owner"]),
    (&["--dryrun", "--noop", "--simulate", "-n"], &["--dry-run"]),
    (&["--silent", "-s"], &["--quiet"]),
    (&["--debug", "-vv"], &["--verbose"]),
    (&["--organisation", "--O"], &["--organization"]),
    (&["--organisational-unit", "--OU", "--unit"], &["--organizational-unit"]),
    (&["--city", "--L"], &["--locality"]),
    (&["--province", "--ST"], &["--state"]),
];

/// Options without a value that are a value of another option here.
pub(super) const SWITCHES: [(&[&str], &str); 4] = [
    (&["--rsa"], "--key-type rsa"),
    (&["--ecdsa", "--ec", "--ecc", "--p256"], "--key-type ecdsa-p256"),
    (&["--ed25519", "--eddsa"], "--key-type ed25519"),
    (&["--p384"], "--key-type ecdsa-p384"),
];

/// Where another line would do something else than what was typed.
pub(super) const ADVICE: [(&[&str], &str); 3] = [
    (
        &["--overwrite", "--replace", "--regenerate", "-f", "-y", "--yes"],
        "--rekey replaces the keys of what is reissued, and --force the CA and everything it issued",
    ),
    (
        &["--password", "--passphrase", "--ca-password", "--ca-key-password", "--pass"],
        "write the password into a file for --ca-key-password-file, or into MILVUS_CERTGEN_CA_KEY_PASSWORD",
    ),
    (
        &["--subj", "--subject"],
        "use --cn, and --country, --state, --locality, --organization, --organizational-unit",
    ),
];

/// Other words for values, and what they are here.
pub(super) const VALUES: [(&[&str], &str); 20] = [
    (&["python", "py", "python3", "pymilvus.py"], "pymilvus"),
    (&["k8s", "kube", "secret", "kubectl"], "kubernetes"),
    (&["yaml", "yml", "milvus", "milvus.yaml", "milvusyaml", "milvus-yml", "server"], "milvus-yaml"),
    (&["docker-compose", "docker", "compose.yaml", "docker-compose.yml", "dockercompose"], "compose"),
    (&["nodejs", "node.js", "javascript", "js", "typescript", "ts"], "node"),
    (&["golang"], "go"),
    (&["c++", "cplusplus", "cc"], "cpp"),
    (&["rs"], "rust"),
    (&["jvm", "kotlin", "scala"], "java"),
    (&["helm-chart", "chart", "values", "values.yaml"], "helm"),
    (&["milvus-operator", "crd"], "operator"),
    (&["certmanager", "cert_manager"], "cert-manager"),
    (&["spring", "springboot", "spring-boot", "springai"], "spring-ai"),
    (&["curl", "http", "restful"], "rest"),
    (&["backup", "backup.yaml"], "milvus-backup"),
    (&["cli", "milvus_cli"], "milvus-cli"),
    (&["ec", "ecc", "ecdsa", "p256", "p-256", "prime256v1", "secp256r1", "ecdsa256", "ec256"], "ecdsa-p256"),
    (&["p384", "p-384", "secp384r1", "ecdsa384", "ec384"], "ecdsa-p384"),
    (&["rsa2048", "rsa-2048", "rsa:2048"], "rsa --key-size 2048"),
    (&["rsa4096", "rsa-4096", "rsa:4096"], "rsa --key-size 4096"),
];
