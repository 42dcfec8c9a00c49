//! `probe` against servers of every kind: what it finds, how it ends, and that it leaves the directory alone.

use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::{Sandbox, text};

mod certificates;
mod clients;
mod go;
mod http2;
mod messages;
mod nginx;
mod reach;
mod servers;
mod strangers;
mod tls;
mod usage;

/// What one run has found.
struct Probed {
    code: i32,
    /// `null` where nothing was printed.
    json: Value,
    err: String,
    took: Duration,
}

/// Runs `probe` with `--json` in the directory, which must not change. Whatever the server, the exit code, `ok` and
/// standard error say the same.
fn probe(set: &Sandbox, args: &[&str]) -> Probed {
    let before = set.snapshot();
    let start = Instant::now();
    let output = set.certgen(&["probe", "--json"]).args(args).output();
    let took = start.elapsed();
    assert_eq!(set.snapshot(), before, "probe {args:?} has changed the directory");
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    let code = output.status.code().unwrap_or_else(|| panic!("probe {args:?} was killed: {err}"));
    assert!(!out.contains('\u{1b}') && !err.contains('\u{1b}'), "{out}{err}");
    let json: Value = if out.is_empty() { Value::Null } else { serde_json::from_str(&out).unwrap() };
    match code {
        0 => assert!(json["ok"] == true && json["unknown"].is_null() && err.is_empty(), "{out}{err}"),
        3 => assert!(json["ok"] == false && err.is_empty(), "{out}{err}"),
        _ => {
            assert!(err.starts_with("error: ") && err.contains("\nhint: "), "{err}");
            assert!(json["ok"].is_null(), "{out}");
        }
    }
    if let Some(unknown) = json["unknown"].as_str().filter(|_| code == 1) {
        assert!(err.starts_with(&format!("error: {unknown}\n")), "{err}");
    }
    Probed { code, json, err, took }
}

impl Probed {
    /// Which clients reject something.
    fn rejecting(&self) -> Vec<&str> {
        let clients = self.json["clients"].as_array().unwrap();
        let rejecting = clients.iter().filter(|client| client["accepts"] == false);
        rejecting.map(|client| client["client"].as_str().unwrap()).collect()
    }

    /// Everything that a script would look at, in one line.
    fn verdict(&self) -> String {
        let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let mode = self.json["tls_mode"].as_u64().map_or("-".to_owned(), |mode| mode.to_string());
        let tls = match &self.json["tls"] {
            Value::Null => "no TLS".to_owned(),
            tls => {
                let (version, asked) = (word(&tls["version"]), word(&tls["client_certificate"]));
                let accepted = if tls["accepted"] == true { "accepted" } else { "not accepted" };
                format!("{version}, certificate {asked}, {accepted}")
            }
        };
        let kind = word(&self.json["server"]["kind"]);
        let mut verdict = format!("exit {}, {kind}, tlsMode {mode}, {tls}:", self.code);
        for finding in self.json["findings"].as_array().into_iter().flatten() {
            verdict = format!("{verdict} {}", word(&finding["code"]));
        }
        verdict
    }

    #[track_caller]
    fn assert(&self, verdict: &str) -> &Self {
        assert_eq!(self.verdict(), verdict, "{:#}\n{}", self.json, self.err);
        self
    }

    /// Something that the finding of that code says.
    #[track_caller]
    fn assert_says(&self, code: &str, what: &str) -> &Self {
        let findings = self.json["findings"].as_array().unwrap();
        let finding = findings.iter().find(|finding| finding["code"] == code);
        let said = finding.map(ToString::to_string).unwrap_or_default();
        assert!(said.contains(what), "{code}: {what:?} is not in {said}");
        self
    }
}

/// A directory that has no more than the CA's certificate, as a client of tlsMode 1.
fn trusting(set: &Sandbox) -> Sandbox {
    let client = Sandbox::new();
    copy(&set.file("ca.pem"), &client.file("ca.pem"));
    client
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}
