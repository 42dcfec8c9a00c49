//! A directory that somebody else may write to: what is in it is data, and never says what a run does elsewhere.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::{Sandbox, as_someone_else, binary, has, is_root, snapshot, text};

const FAST: [&str; 2] = ["--key-type", "ecdsa-p256"];
/// What is put into a directory, and how it is called.
type Case<'a> = (&'a str, &'a dyn Fn(&Sandbox));

const STAGE: &str = ".milvus-certgen";

fn needs_root(test: &str) -> bool {
    if !is_root() {
        let _ = writeln!(std::io::stderr(), "skipped hostile::{test}: only root can be turned against root");
    }
    is_root()
}

fn forge(sandbox: &Sandbox, journal: &str) {
    fs::create_dir(sandbox.file(STAGE)).unwrap();
    sandbox.set_mode(STAGE, 0o700);
    sandbox.write(&format!("{STAGE}/journal"), journal);
}

/// All commands that read a set's directory.
const COMMANDS: [&[&str]; 8] = [
    &[],
    &["--dry-run"],
    &["--force"],
    &["renew"],
    &["ca"],
    &["client", "alice"],
    &["csr", "node"],
    &["check"],
];

#[test]
fn a_journal_that_names_more_than_the_set_s_own_files_is_refused_by_all_commands() {
    for journal in [
        "milvus-certgen journal 1\n../evil\n".to_owned(),
        "milvus-certgen journal 1\n/etc/x\n".to_owned(),
        "milvus-certgen journal 1\nshadow\t/tmp\n".to_owned(),
        "milvus-certgen journal 1\nca.key\nca.key\n".to_owned(),
        "milvus-certgen journal 1\nca.key".to_owned(),
        "milvus-certgen journal 1\n.ssh\n".to_owned(),
        "milvus-certgen journal 1\nca\u{7}.key\n".to_owned(),
        "other\nca.key\n".to_owned(),
        String::new(),
        format!("milvus-certgen journal 1\n{}\n", "x".repeat(300)),
    ] {
        let sandbox = Sandbox::with_set();
        forge(&sandbox, &journal);
        let before = sandbox.snapshot();
        for command in COMMANDS {
            let err = sandbox.certgen(command).fails(1);
            assert!(err.contains("journal: is no journal of this program"), "{journal:?} {command:?}: {err}");
            assert!(err.contains("hint: remove it: rm -rf .milvus-certgen\n"), "{err}");
        }
        assert_eq!(sandbox.snapshot(), before);
        // What the hint says, done.
        assert!(
            Command::new("rm").args(["-rf", STAGE]).current_dir(sandbox.path()).status().unwrap().success()
        );
        assert!(sandbox.certgen(&[]).succeeds().contains("no changes"));
    }
}

#[test]
fn what_stands_in_the_place_of_a_journal_or_a_stage_hangs_nobody_and_is_not_followed() {
    let mkfifo = |path: &Path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success());
    let cases: [Case<'_>; 6] = [
        ("a pipe as journal", &|sandbox| {
            fs::create_dir(sandbox.file(STAGE)).unwrap();
            mkfifo(&sandbox.file(".milvus-certgen/journal"));
        }),
        ("a link as journal", &|sandbox| {
            fs::create_dir(sandbox.file(STAGE)).unwrap();
            symlink("/etc/hostname", sandbox.file(".milvus-certgen/journal")).unwrap();
        }),
        ("a huge journal", &|sandbox| {
            fs::create_dir(sandbox.file(STAGE)).unwrap();
            let file = fs::File::create(sandbox.file(".milvus-certgen/journal")).unwrap();
            file.set_len(3 << 30).unwrap();
        }),
        ("a link as stage", &|sandbox| {
            fs::create_dir(sandbox.file("real")).unwrap();
            symlink("real", sandbox.file(STAGE)).unwrap();
        }),
        ("a file as stage", &|sandbox| sandbox.write(STAGE, "")),
        ("a stage that all may write to", &|sandbox| {
            fs::create_dir(sandbox.file(STAGE)).unwrap();
            sandbox.set_mode(STAGE, 0o777);
        }),
    ];
    for (name, put) in cases {
        let sandbox = Sandbox::with_set();
        put(&sandbox);
        let before = sandbox.snapshot();
        for command in COMMANDS {
            let mut run = Command::new("sh");
            // 300 MB are enough for everything but a journal that is read whole.
            run.args(["-c", "ulimit -v 300000; exec timeout 20 \"$0\" \"$@\""]);
            run.arg(binary()).args(command).current_dir(sandbox.path());
            let output = run.stdin(Stdio::null()).output().unwrap();
            let err = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{name} {command:?}: {err}");
            assert!(
                err.contains(STAGE) && err.contains("rm -rf .milvus-certgen"),
                "{name} {command:?}: {err}"
            );
        }
        assert_eq!(sandbox.snapshot(), before, "{name}");
    }
}

#[test]
fn a_stage_of_another_user_is_refused_by_root_and_by_others() {
    if !needs_root("a_stage_of_another_user") {
        return;
    }
    let sandbox = Sandbox::with_set();
    sandbox.write("victim", "x");
    forge(&sandbox, "milvus-certgen journal 1\nserver.key\n");
    sandbox.write(".milvus-certgen/server.key", "forged");
    for user in [65534, 0] {
        // First somebody's, looked at by root; then root's, looked at by somebody.
        chown(sandbox.file(STAGE), Some(user), None).unwrap();
        sandbox.set_mode("", 0o777);
        let before = sandbox.snapshot();
        let output = match user {
            0 => as_someone_else(&sandbox, &[]),
            _ => sandbox.certgen(&[]).output(),
        };
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{err}");
        let why = if user == 0 { "user 0 left it" } else { "belongs to user 65534" };
        assert!(err.contains(why) && err.contains("rm -rf .milvus-certgen"), "{err}");
        let mut after = sandbox.snapshot();
        after.remove("binary");
        assert_eq!(after, before);
    }
}

/// The journal of the release before: an entry could say a directory, and a link in its place was followed.
#[test]
fn a_forged_journal_moves_nothing_elsewhere() {
    let sandbox = Sandbox::new();
    for dir in ["v", "place", "s", "s/.milvus-certgen"] {
        fs::create_dir(sandbox.file(dir)).unwrap();
    }
    sandbox.write("v/shadow", "x");
    symlink(sandbox.file("v"), sandbox.file("place/.milvus-certgen")).unwrap();
    let place = sandbox.file("place");
    sandbox.write(
        "s/.milvus-certgen/journal",
        format!("milvus-certgen journal 1\nshadow\t{}\n", place.display()),
    );
    sandbox.write("s/.milvus-certgen/places", format!("{}\n", place.display()));
    sandbox.certgen(&["-o", "s"]).fails(1);
    assert_eq!(sandbox.read("v/shadow"), "x");
    fs::remove_file(sandbox.file("s/.milvus-certgen/journal")).unwrap();
    // Without a journal the stage is thrown away, and what `places` says is not looked at.
    sandbox.certgen(&["-o", "s", "-q"]).args(&FAST).succeeds();
    assert_eq!(sandbox.read("v/shadow"), "x");
    assert!(sandbox.file("place/.milvus-certgen").symlink_metadata().is_ok());
}

#[test]
fn owner_and_mode_publish_nothing_that_is_not_the_set_s_own() {
    if !needs_root("owner_and_mode") {
        return;
    }
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::write(secret.path(), "root:secret").unwrap();
    // Names that look like the set's, and are none: not read, whatever they lead to.
    for name in ["server.srl", "client.srl", "ca.csr"] {
        let sandbox = Sandbox::with_set();
        symlink(secret.path(), sandbox.file(name)).unwrap();
        sandbox.certgen(&["--owner", "999", "--key-mode", "0644", "-q"]).succeeds();
        let metadata = sandbox.file(name).symlink_metadata().unwrap();
        assert!(metadata.is_symlink(), "{name}");
        assert_eq!(fs::metadata(secret.path()).unwrap().uid(), 0);
    }
    // The set's own, as links: out of the directory, within it to the CA's key, and hard links.
    let hard: &dyn Fn(&Sandbox) = &|sandbox| {
        fs::rename(sandbox.file("server.key"), sandbox.file("kept.key")).unwrap();
        fs::hard_link(sandbox.file("kept.key"), sandbox.file("server.key")).unwrap();
    };
    let cases: [Case<'_>; 3] = [
        ("server.key", &|sandbox| {
            sandbox.remove("server.key");
            symlink("ca.key", sandbox.file("server.key")).unwrap();
        }),
        ("server.csr", &|sandbox| {
            sandbox.remove("server.csr");
            symlink(secret.path(), sandbox.file("server.csr")).unwrap();
        }),
        ("server.key", hard),
    ];
    for (name, put) in cases {
        for flags in [["--owner", "999"], ["--key-mode", "0644"]] {
            if name == "server.csr" && flags[0] == "--key-mode" {
                continue;
            }
            let sandbox = Sandbox::with_set();
            put(&sandbox);
            let before = sandbox.snapshot();
            let err = sandbox.certgen(&flags).fails(1);
            assert!(err.starts_with(&format!("error: {name}: ")), "{err}");
            assert_eq!(sandbox.snapshot(), before);
            assert_eq!(sandbox.mode("ca.key"), 0o600);
        }
    }
    // The negative: the set's own files are given away.
    let sandbox = Sandbox::with_set();
    sandbox.certgen(&["--owner", "999", "--key-mode", "0640", "-q"]).succeeds();
    assert_eq!(fs::metadata(sandbox.file("server.key")).unwrap().uid(), 999);
    assert_eq!((sandbox.mode("server.key"), sandbox.mode("ca.key")), (0o640, 0o600));
}

#[test]
fn the_ca_s_key_becomes_nobody_else_s() {
    let sandbox = Sandbox::with_set();
    sandbox.remove("server.key");
    symlink("ca.key", sandbox.file("server.key")).unwrap();
    let before = sandbox.snapshot();
    for command in [&[][..], &["renew"], &["--tls-dir", "tls"], &["--san", "x.example"]] {
        let err = sandbox.certgen(command).fails(1);
        assert!(err.contains("server.key: is the CA's private key"), "{command:?}: {err}");
        assert_eq!(sandbox.snapshot(), before);
    }
}

/// While root works in a directory, its owner exchanges what is in it as fast as it can.
#[test]
fn nothing_elsewhere_changes_while_the_owner_of_the_directory_plays_tricks() {
    if !needs_root("the_owner_plays_tricks") {
        return;
    }
    let sandbox = Sandbox::new();
    for dir in ["v", "s"] {
        fs::create_dir(sandbox.file(dir)).unwrap();
    }
    for name in ["server.key", "ca.pem", "journal", "journal.new", "shadow"] {
        sandbox.write(&format!("v/{name}"), "root's own");
    }
    sandbox.set_mode("v", 0o700);
    let before = snapshot(&sandbox.file("v"));
    let (dir, target) = (sandbox.file("s"), sandbox.file("v"));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (stage, aside) = (dir.join(STAGE), dir.join("aside"));
            while !stop.load(Ordering::Relaxed) {
                let _ = fs::rename(&stage, &aside);
                let _ = symlink(&target, &stage);
                let _ = fs::remove_file(dir.join("server.key"));
                let _ = symlink(target.join("server.key"), dir.join("server.key"));
                let _ = fs::remove_file(&stage);
                let _ = fs::remove_dir_all(&aside);
                let _ = fs::remove_file(dir.join("server.key"));
            }
        });
        for _ in 0..60 {
            // Whether it succeeds is the owner's own affair; it ends, without a panic, and touches nothing else.
            let output = sandbox.certgen(&["-o", "s", "--force", "--owner", "999"]).args(&FAST).output();
            assert!(matches!(output.status.code(), Some(0 | 1)), "{}", text(&output.stderr));
        }
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(snapshot(&sandbox.file("v")), before);
    assert!(before.keys().all(|name| fs::metadata(sandbox.file("v").join(name)).unwrap().uid() == 0));
}

#[test]
fn a_second_count_of_serial_numbers_is_refused() {
    let sandbox = Sandbox::new();
    sandbox.certgen(&["-o", "A", "-q"]).args(&FAST).succeeds();
    fs::create_dir(sandbox.file("B")).unwrap();
    for name in ["ca.pem", "ca.key"] {
        fs::copy(sandbox.file("A").join(name), sandbox.file("B").join(name)).unwrap();
    }
    symlink("../A/ca.srl", sandbox.file("B/ca.srl")).unwrap();
    let ca = ["--ca-cert", "B/ca.pem", "--ca-key", "B/ca.key"];
    for extra in [&[][..], &["--dry-run"]] {
        let err =
            sandbox.certgen(&["client", "alice", "-o", "out"]).args(&ca).args(&FAST).args(extra).fails(1);
        assert!(err.contains("B/ca.srl: is a symbolic link"), "{err}");
    }
    assert!(sandbox.file("B/ca.srl").symlink_metadata().unwrap().is_symlink());
    let ca = ["--ca-cert", "A/ca.pem", "--ca-key", "A/ca.key", "-q"];
    sandbox.certgen(&["client", "alice", "-o", "out"]).args(&ca).args(&FAST).succeeds();
}

/// Shared folders of virtual machines do not know fsync of a directory: no failure. An error of the disk is one.
#[test]
fn a_file_system_without_fsync_is_written_to_and_a_failing_disk_is_not() {
    if !has("strace") {
        return;
    }
    let run = |errno: &str, dir: &str| {
        let sandbox = Sandbox::new();
        let output = Command::new("strace")
            .args(["-f", "-qq", "-o", "/dev/null", "-e", &format!("inject=fsync,fdatasync:error={errno}")])
            .arg(binary())
            .args(["-q", "-o", dir, "--tls-dir", "copy"])
            .args(FAST)
            .current_dir(sandbox.path())
            .output()
            .unwrap();
        (sandbox, output)
    };
    for errno in ["EINVAL", "EOPNOTSUPP", "ENOSYS"] {
        let (sandbox, output) = run(errno, "new");
        assert!(output.status.success(), "{errno}: {}", text(&output.stderr));
        assert_eq!(snapshot(&sandbox.file("new")).len(), 9, "{errno}");
        assert_eq!(snapshot(&sandbox.file("copy")).len(), 3, "{errno}");
    }
    for errno in ["EIO", "ENOSPC"] {
        let (sandbox, output) = run(errno, "new");
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{errno}: {err}");
        assert!(err.contains("cannot be synced"), "{err}");
        assert!(sandbox.snapshot().is_empty(), "{errno}: nothing is left, not even a directory");
    }
}

/// A run that looks while another rekeys sees the one set or the other.
#[test]
fn check_beside_a_run_sees_a_whole_set() {
    let sandbox = Sandbox::with_set();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                sandbox.certgen(&["renew", "--rekey", "-q"]).succeeds();
            }
        });
        for _ in 0..60 {
            let output = sandbox.certgen(&["check"]).output();
            stop.store(!output.status.success(), Ordering::Relaxed);
            assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        }
        stop.store(true, Ordering::Relaxed);
    });
}

/// More files than may be open at once.
#[test]
fn many_files_are_written_where_few_may_be_open() {
    let sandbox = Sandbox::with_set();
    let names: Vec<String> = (0..150).map(|i| format!("c{i}")).collect();
    sandbox.write("names", names.join("\n"));
    for command in ["client --from names", "renew --all"] {
        let line = format!("ulimit -n 100; exec \"$0\" {command} -q");
        let mut run = Command::new("sh");
        run.args(["-c", &line]).arg(binary()).current_dir(sandbox.path());
        let output = run.env("MILVUS_CERTGEN_KEY_TYPE", "ecdsa-p256").output().unwrap();
        assert!(output.status.success(), "{command}: {}", text(&output.stderr));
    }
    assert!(sandbox.file("c149.pem").exists());
}

#[test]
fn fixtures_that_were_interrupted_are_made_by_the_next_run() {
    if !cfg!(debug_assertions) {
        return;
    }
    for step in ["StageMade", "Decided", "AllMoved", "JournalRemoved"] {
        let sandbox = Sandbox::new();
        let run = sandbox.certgen(&["fixtures", "f"]).env("MILVUS_CERTGEN_TEST_ABORT_AT", step);
        assert_eq!(run.output().status.code(), None, "{step}");
        sandbox.certgen(&["fixtures", "f", "-q"]).succeeds();
        assert!(sandbox.certgen(&["fixtures", "f"]).succeeds().contains("no changes"), "{step}");
        assert!(!sandbox.file("f/.milvus-certgen").exists(), "{step}");
    }
    // A directory that somebody else made is in the way, and stays.
    let sandbox = Sandbox::new();
    fs::create_dir_all(sandbox.file("f/good")).unwrap();
    sandbox.write("f/good/server.key", "mine");
    sandbox.certgen(&["fixtures", "f"]).fails(1);
    assert_eq!(sandbox.read("f/good/server.key"), "mine");
    symlink("/tmp", sandbox.file("f/expired")).unwrap();
    let err = sandbox.certgen(&["fixtures", "f", "--force"]).fails(1);
    assert!(err.contains("f/expired: exists, and is no directory"), "{err}");
    assert_eq!(fs::metadata(sandbox.file("f/good")).unwrap().permissions().mode() & 0o170_000, 0o040_000);
}

/// A file that is given by mistake is left at its first line, whatever its size.
#[test]
fn a_list_of_names_is_a_stream_and_a_line_that_is_no_name_is_refused_with_its_number() {
    let sandbox = Sandbox::with_set();
    let before = sandbox.snapshot();
    let huge = fs::File::create(sandbox.file("huge")).unwrap();
    huge.set_len(3 << 30).unwrap();
    sandbox.write("utf16", "a\0l\0i\0c\0e\0\n\0");
    sandbox.write("der", [0x30, 0x82, 0x04, 0xbd, 0x02, 0x01, 0x00]);
    sandbox.write("late", "alice\nbob\nc\u{7}l\n");
    for (file, why) in [
        ("server.key", "line 1: begins a key or a certificate"),
        ("ca.pem", "line 1: begins a key or a certificate"),
        ("huge", "line 1: is longer than any name"),
        ("der", "line 1: is not text"),
        ("utf16", "line 1: "),
        ("late", "line 3: "),
        (".", "is a directory"),
        ("missing", "entity not found"),
    ] {
        for role in ["client", "server"] {
            let output = sandbox.certgen(&[role, "--from", file]).output();
            let err = text(&output.stderr);
            if file == "late" && role == "server" {
                continue;
            }
            assert!(err.starts_with(&format!("error: --from {file}: {why}")), "{role} {file}: {err}");
        }
    }
    for name in ["huge", "utf16", "der", "late"] {
        sandbox.remove(name);
    }
    assert_eq!(sandbox.snapshot(), before, "nothing is written");
    if has("bash") {
        let mut run = Command::new("bash");
        run.args(["-c", "\"$0\" client --key-type ecdsa-p256 -q --from <(sleep 0.3; echo carol)"]);
        let output = run.arg(binary()).current_dir(sandbox.path()).output().unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        assert!(sandbox.file("carol.pem").exists());
    }
}
