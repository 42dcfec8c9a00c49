//! What is printed most often fits a terminal of 80 columns and 24 lines.

use crate::messages::assert_snapshot;
use crate::support::{Sandbox, text};

/// Within 80 columns and 24 lines, as a snapshot of that name.
fn assert_fits(name: &str, shown: &str) {
    assert!(shown.lines().count() <= 24, "{name} has {} lines:\n{shown}", shown.lines().count());
    for line in shown.lines() {
        assert!(line.chars().count() <= 80, "{name}: {} columns: {line}", line.chars().count());
    }
    assert_snapshot(&format!("screen-{name}"), shown);
}

#[test]
fn help_runs_and_check() {
    let sandbox = Sandbox::new();
    let run = |args: &[&str]| {
        let output = sandbox.certgen(args).env("COLUMNS", "80").output();
        assert_eq!(text(&output.stderr), "", "{args:?}");
        text(&output.stdout)
    };
    assert_fits("help", &run(&["-h"]));
    let first = ["--cn", "localhost", "-o", "certs", "--tls-dir", "tls"];
    assert_fits("first-run", &run(&first));
    assert_fits("second-run", &run(&first));
    assert_fits("check", &run(&["check", "certs"]));
    let many: Vec<String> = (0..40).map(|i| format!("node-{i}.example.com")).collect();
    let many = ["--san", &many.join(","), "-o", "certs", "--tls-dir", "tls"];
    assert_fits("more-names", &run(&many));
    assert_fits("renew", &run(&["renew", "-o", "certs", "--rekey"]));
    assert_fits("dry-run", &run(&["-o", "certs", "--force", "--dry-run"]));
}

/// A line a certificate, and not one more for each of hundreds.
#[test]
fn check_of_hundreds_of_clients() {
    let sandbox = Sandbox::with_set();
    let names: Vec<String> = (0..400).map(|i| format!("client-{i}")).collect();
    sandbox.write("names.txt", names.join("\n"));
    sandbox.certgen(&["client", "--from", "names.txt", "--key-type", "ecdsa-p256", "-q"]).succeeds();
    for i in 0..400 {
        sandbox.set_mode(&format!("client-{i}.key"), 0o644);
    }
    let out = sandbox.certgen(&["check"]).env("COLUMNS", "80").succeeds();
    assert!(out.lines().count() <= 40, "{} lines:\n{out}", out.lines().count());
    assert!(out.starts_with(".: no problems found (400 warnings)\n"), "{out}");
    assert!(out.contains("\nand 400 more certificates (--verbose)\n"), "{out}");
    assert!(out.contains("\nwarning[key-readable] 392 more (--verbose)\n"), "{out}");
    let all = sandbox.certgen(&["check", "-v"]).succeeds();
    assert!(all.lines().count() > 2000, "{}", all.lines().count());
}
