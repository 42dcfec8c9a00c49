//! The binary ends, as if killed, at every step of the transaction; and many run at once.
//!
//! Debug builds of the binary abort where `MILVUS_CERTGEN_TEST_ABORT_AT` says; release builds have no such hook.

use std::io::Write;

use crate::support::{Sandbox, was_killed};

/// What runs before the crash, the run that crashes, and what it writes.
struct Case {
    name: &'static str,
    with_set: bool,
    flags: &'static [&'static str],
    files: usize,
}

const CASES: [Case; 3] = [
    Case { name: "a first run", with_set: false, flags: &[], files: 9 },
    Case { name: "a name added", with_set: true, flags: &["--san", "db.example.com"], files: 3 },
    Case { name: "starting over", with_set: true, flags: &["--force"], files: 9 },
];

fn steps(files: usize) -> Vec<String> {
    let mut steps = vec!["StageMade".to_owned()];
    steps.extend((0..files).map(|i| format!("Staged({i})")));
    steps.extend(["JournalDrafted", "Decided"].map(str::to_owned));
    steps.extend((0..files).map(|i| format!("Moved({i})")));
    steps.extend(["AllMoved", "JournalRemoved"].map(str::to_owned));
    steps
}

/// The bytes of the nine files, without what surrounds them.
fn contents(sandbox: &Sandbox) -> Vec<(String, Vec<u8>)> {
    let is_ours = |name: &String| !name.starts_with('.');
    sandbox
        .snapshot()
        .into_iter()
        .map(|(name, entry)| (name, entry.3))
        .filter(|(name, _)| is_ours(name))
        .collect()
}

#[test]
fn a_crash_at_any_step_leaves_the_old_set_or_the_new_one_whole() {
    if !cfg!(debug_assertions) {
        let _ = writeln!(std::io::stderr(), "skipped crash tests: release builds have no hook for them");
        return;
    }
    for case in CASES {
        let decided = steps(case.files).iter().position(|step| step == "Decided").unwrap();
        for (i, step) in steps(case.files).iter().enumerate() {
            let sandbox = if case.with_set { Sandbox::with_set() } else { Sandbox::new() };
            let old = contents(&sandbox);
            let crashed = sandbox
                .certgen(&["--key-type", "ecdsa-p256"])
                .args(case.flags)
                .env("MILVUS_CERTGEN_TEST_ABORT_AT", step)
                .output();
            assert!(was_killed(crashed.status), "{}: {step} is reached", case.name);
            // A rehearsal in between sees what counts, and changes nothing.
            let rubble = sandbox.snapshot();
            sandbox.certgen(&["--dry-run", "-q"]).succeeds();
            assert_eq!(sandbox.snapshot(), rubble, "{}: {step}", case.name);
            // A plain run finishes or clears; it keeps whatever set is there.
            let out = sandbox.certgen(&["--key-type", "ecdsa-p256"]).succeeds();
            let after = contents(&sandbox);
            assert_eq!(after.len(), 9, "{}: {step}", case.name);
            assert_eq!(sandbox.snapshot().len(), 9, "{}: {step}: nothing hidden is left", case.name);
            let is_decided = i >= decided;
            let recovers = is_decided && step != "JournalRemoved";
            assert_eq!(out.contains("finished an interrupted run"), recovers, "{}: {step}", case.name);
            if case.with_set {
                assert_eq!(after == old, !is_decided, "{}: {step}", case.name);
                assert!(out.contains("no changes"), "{}: {step}: the set is whole: {out}", case.name);
            } else {
                assert_eq!(out.contains("no changes"), is_decided, "{}: {step}: {out}", case.name);
            }
            assert!(sandbox.certgen(&[]).succeeds().contains("no changes"));
        }
    }
}

#[cfg(unix)]
#[test]
fn keys_are_never_readable_by_others_not_even_on_their_way() {
    if !cfg!(debug_assertions) {
        return;
    }
    let sandbox = Sandbox::new();
    let run = sandbox.certgen(&["--key-type", "ecdsa-p256"]).env("MILVUS_CERTGEN_TEST_ABORT_AT", "Decided");
    assert!(was_killed(run.output().status));
    assert_eq!(sandbox.mode(".milvus-certgen"), 0o700);
    for key in ["ca.key", "server.key", "client.key"] {
        assert_eq!(sandbox.mode(&format!(".milvus-certgen/{key}")), 0o600);
    }
}

#[test]
fn sixteen_runs_at_once_make_one_coherent_set() {
    for rounds in 0..3 {
        let sandbox = Sandbox::new();
        let children: Vec<_> = (0..16)
            .map(|_| {
                let mut run = sandbox.certgen(&["-o", "tls", "--key-type", "ecdsa-p256", "-q"]);
                run.command.stderr(std::process::Stdio::piped()).spawn().unwrap()
            })
            .collect();
        for child in children {
            let output = child.wait_with_output().unwrap();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        }
        let before = crate::support::snapshot(&sandbox.file("tls"));
        assert_eq!(before.len(), 9, "round {rounds}");
        assert!(sandbox.certgen(&["-o", "tls"]).succeeds().contains("no changes"));
        assert_eq!(crate::support::snapshot(&sandbox.file("tls")), before);
    }
}

#[cfg(unix)]
#[test]
fn a_run_that_waits_for_another_says_so() {
    let sandbox = Sandbox::with_set();
    let held = std::fs::File::open(sandbox.path()).unwrap();
    held.lock().unwrap();
    let mut run = sandbox.certgen(&[]);
    let mut child =
        run.command.stderr(std::process::Stdio::piped()).stdout(std::process::Stdio::null()).spawn().unwrap();
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stderr.take().unwrap()), &mut line)
        .unwrap();
    assert_eq!(line, "waiting for another run in .\n");
    held.unlock().unwrap();
    assert!(child.wait().unwrap().success());
}
