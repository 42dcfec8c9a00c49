//! `--dry-run` is the plan: what it says will be written is what the run writes, and it fails where the run fails.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use proptest::prelude::*;
use proptest::test_runner::Config;

use crate::support::{Sandbox, text};

/// What somebody may have done to a set before the run.
const HABITS: [&str; 14] = [
    "",
    "rm server.pem",
    "rm server.key",
    "rm client.csr",
    "rm ca.srl",
    "rm ca.key",
    "cp server.csr ca.csr",
    "echo damaged > client.pem",
    "echo damaged > ca.srl",
    "mkdir m && cp ca.key m",
    "mkdir m m/server.pem",
    "mkdir m && cp server.pem server.key ca.pem m",
    "chmod 0644 client.key",
    "rm -f *",
];

/// What is asked for.
const REQUESTS: [&str; 24] = [
    "",
    "--tls-dir m",
    "--tls-dir .",
    "--key-mode 0640",
    "--key-mode 0640 --tls-dir m",
    "--san db.example.com",
    "--san db.example.com --tls-dir m",
    "--cn db.example.com",
    "--organization acme",
    "--force",
    "--leaf-only",
    "--key-type ecdsa-p384",
    "--key-format traditional",
    "--discard-ca-key",
    "-o a/b --tls-dir a/c",
    "renew",
    "renew --rekey --tls-dir m",
    "renew --ca --tls-dir m",
    "renew --all",
    "client alice --tls-dir m",
    "server node.example.com",
    "sign server.csr",
    "sign ca.csr",
    "csr node.example.com",
];

/// The files of a directory and those below it: another inode is another file.
fn files(dir: &Path, prefix: &str, found: &mut BTreeMap<String, (u64, u32)>) {
    for entry in fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_str().unwrap());
        let metadata = entry.metadata().unwrap();
        if metadata.is_dir() {
            files(&entry.path(), &format!("{name}/"), found);
        } else {
            found.insert(name, (metadata.ino(), metadata.mode()));
        }
    }
}

fn all(sandbox: &Sandbox) -> BTreeMap<String, (u64, u32)> {
    let mut found = BTreeMap::new();
    files(sandbox.path(), "", &mut found);
    found
}

fn compare(habits: &[&str], request: &str) {
    let sandbox = Sandbox::with_set();
    for habit in habits {
        std::process::Command::new("sh").args(["-c", habit]).current_dir(sandbox.path()).output().unwrap();
    }
    let before = all(&sandbox);
    let words: Vec<&str> = request.split_whitespace().collect();
    let run = |extra: &[&str]| {
        let output =
            sandbox.certgen(&words).args(extra).env("MILVUS_CERTGEN_KEY_TYPE", "ecdsa-p256").output();
        (output.status.code(), text(&output.stdout), text(&output.stderr))
    };
    let (rehearsed, said, why) = run(&["--dry-run", "--json"]);
    let case = format!("{habits:?} {words:?}");
    assert_eq!(all(&sandbox), before, "{case}: a rehearsal changes nothing");
    let (done, report, error) = run(&["--json"]);
    assert_eq!(rehearsed, done, "{case}: {why}{error}");
    if done != Some(0) {
        assert_eq!(why, error, "{case}");
        assert_eq!(all(&sandbox), before, "{case}: a run that fails changes nothing");
        return;
    }
    let names = |report: &str, field: &str| -> Vec<String> {
        let report: serde_json::Value = serde_json::from_str(report).unwrap();
        serde_json::from_value(report[field].clone()).unwrap()
    };
    let (promised, written) = (names(&said, "would_write"), names(&report, "written"));
    assert_eq!(promised, written, "{case}");
    // And it is true: just these files are new.
    let after = all(&sandbox);
    let dir = if request.contains("-o a/b") { "a/b/" } else { "" };
    let mut changed: Vec<&String> =
        after.iter().filter(|(name, file)| before.get(*name) != Some(file)).map(|(name, _)| name).collect();
    let mut claimed: Vec<String> = written
        .iter()
        .map(|name| if name.contains('/') { name.clone() } else { format!("{dir}{name}") })
        .collect();
    claimed.sort();
    changed.sort();
    assert_eq!(changed, claimed.iter().collect::<Vec<_>>(), "{case}");
}

#[test]
fn what_was_promised_wrongly_once() {
    for request in ["--tls-dir m", "--key-mode 0640", "--tls-dir .", "sign ca.csr"] {
        compare(&["cp server.csr ca.csr"], request);
    }
    compare(&["mkdir m m/server.pem", "rm -f *"], "renew --rekey --tls-dir m");
}

proptest! {
    #![proptest_config(Config { cases: 48, ..Config::default() })]
    #[test]
    fn a_rehearsal_says_what_the_run_does(
        habits in prop::collection::vec(prop::sample::select(&HABITS[..]), 0..3),
        request in prop::sample::select(&REQUESTS[..]),
    ) {
        compare(&habits, request);
    }
}
