//! The words that people read: help, messages, README and pages use the field's terms, each in one sense.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::Sandbox;

/// What is not said, and what is said instead.
const NOT: [(&str, &str); 35] = [
    ("that is there", "existing"),
    ("what is there", "existing files"),
    ("is there already", "already exists"),
    ("is not there", "is missing"),
    ("nothing to do", "no changes"),
    ("sign again", "renew, or reissue"),
    ("signed again", "renewed, or reissued"),
    ("re-signed", "reissued"),
    ("mend", "fix"),
    ("made anew", "created again"),
    ("not sound", "invalid"),
    (" sound", "valid"),
    ("that serves", "that is valid"),
    ("octets", "bytes"),
    ("shakes hands", "performs the TLS handshake"),
    ("greets", "performs the TLS handshake"),
    ("from elsewhere", "existing (CA)"),
    ("somebody else", "created elsewhere"),
    ("without its issuer", "does not include the CA certificate"),
    ("carries its issuer", "includes the CA certificate"),
    ("carries the ca", "includes the CA certificate"),
    ("who trusts", "clients that trust"),
    ("whoever trusts", "clients that trust"),
    ("whoever trusted", "clients that trust"),
    ("who has no certificate", "clients without a certificate"),
    ("held against", "compared with"),
    ("what is wrong", "the problem"),
    ("how it shows", "client error"),
    ("what mends it", "fix"),
    ("seen as", "reports"),
    ("nothing to say", "did not answer"),
    ("hardly milvus", "probably not Milvus"),
    ("does not take", "rejects"),
    ("do not take", "reject"),
    ("a set that", "certificates that"),
];

/// Where the phrase is right, and why.
const EXCEPTIONS: [(&str, &str); 2] = [
    // The values of JSON's `action` and `seen_as` never change.
    ("`re-sign`", "re-sign"),
    ("recommend", "mend"),
];

fn assert_words(from: &str, text: &str) {
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut line = line.to_lowercase();
        for (whole, _) in EXCEPTIONS {
            line = line.replace(whole, "");
        }
        for (phrase, instead) in NOT {
            if line.contains(phrase) {
                found.push(format!("{from}:{}: say \"{instead}\", not \"{phrase}\": {line}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn pages() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let examples = fs::read_dir(root.join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let pages = examples.map(|directory| directory.join("README.md")).filter(|page| page.exists());
    ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"]
        .map(|page| root.join(page))
        .into_iter()
        .chain(pages)
        .collect()
}

#[test]
fn of_the_pages() {
    for page in pages() {
        assert_words(&page.display().to_string(), &fs::read_to_string(&page).unwrap());
    }
}

#[test]
fn of_the_help() {
    let sandbox = Sandbox::new();
    let main = sandbox.certgen(&["--help"]).succeeds();
    let commands = main.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names: Vec<&str> =
        commands.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(names.len() > 12, "{names:?}");
    assert_words("--help", &main);
    for name in names {
        assert_words(name, &sandbox.certgen(&[name, "--help"]).succeeds());
    }
}

#[test]
fn of_the_explanations() {
    let sandbox = Sandbox::new();
    let codes = sandbox.certgen(&["explain"]).succeeds();
    assert!(codes.lines().count() > 60);
    for code in codes.lines() {
        assert_words(code, &sandbox.certgen(&["explain", code]).succeeds());
    }
}

/// All that the snapshots of messages hold: reports, findings, errors.
#[test]
fn of_the_messages() {
    let snapshots = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots");
    for entry in fs::read_dir(snapshots).unwrap() {
        let path = entry.unwrap().path();
        let text = fs::read_to_string(&path).unwrap();
        // What comes before the second line of dashes is about the snapshot.
        let shown = text.splitn(3, "---\n").nth(2).unwrap();
        if path.to_string_lossy().contains("json") {
            continue;
        }
        assert_words(&path.display().to_string(), shown);
    }
}
