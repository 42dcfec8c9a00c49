//! Every command line that the help and the README show works as it is written.

use crate::support::{Sandbox, text};

/// The lines that begin with the program's name, as words up to a pipe or a redirection.
fn lines(text: &str) -> Vec<Vec<String>> {
    let shown = text.lines().map(|line| line.trim().trim_start_matches("$ "));
    let commands = shown
        .filter_map(|line| line.strip_prefix("milvus-certgen ").or((line == "milvus-certgen").then_some("")));
    let words = |line: &str| {
        let words = line.split_whitespace().take_while(|word| !["|", ">"].contains(word));
        words.map(str::to_owned).collect()
    };
    commands.map(words).collect()
}

/// Runs it; where a server would have to run, it has to be understood at least.
fn assert_runs(sandbox: &Sandbox, line: &[String]) {
    let args: Vec<&str> = line.iter().map(String::as_str).collect();
    if args.first() == Some(&"probe") {
        let output = sandbox.certgen(&args).args(&["--timeout", "300ms"]).output();
        // What is on that address, if anything, is not this test's affair.
        assert!(matches!(output.status.code(), Some(0 | 1 | 3)), "{args:?}: {}", text(&output.stderr));
    } else {
        sandbox.certgen(&args).succeeds();
    }
}

#[test]
fn examples_of_the_help_run_as_written() {
    let sandbox = Sandbox::new();
    sandbox.write("names.txt", "alice-2\nbob-2\n");
    let mut count = 0;
    // In an order in which each finds what it needs; all in one directory.
    for command in [
        "",
        "ca",
        "csr",
        "sign",
        "server",
        "client",
        "peer",
        "renew",
        "check",
        "probe",
        "explain",
        "config",
        "fixtures",
        "completions",
        "man",
    ] {
        let help = sandbox.certgen(&[]).args(if command.is_empty() {
            &[][..]
        } else {
            std::slice::from_ref(&command)
        });
        let help = help.args(&["--help"]).succeeds();
        let examples = &help[help.find("Example").expect("every command has an example")..];
        for line in lines(examples) {
            assert_runs(&sandbox, &line);
            count += 1;
        }
    }
    assert!(count >= 26, "{count} examples were found");
}

/// Those of the README in one directory, in their order; what its other commands do is tried in `tests/e2e`.
#[test]
fn examples_of_the_readme_run_as_written() {
    let sandbox = Sandbox::new();
    let examples = lines(include_str!("../../README.md"));
    assert!(examples.len() >= 4, "{examples:?}");
    for line in examples {
        let line: Vec<String> = line.split(|word| word == "&&").next().unwrap().to_vec();
        assert_runs(&sandbox, &line);
    }
    // Those in the reference's table of the Milvus page's five steps.
    let steps = Sandbox::new();
    let reference = include_str!("../../examples/reference/README.md");
    for cell in reference.split('`').filter_map(|cell| cell.strip_prefix("milvus-certgen ")) {
        let args: Vec<&str> = cell.split_whitespace().collect();
        if ["ca", "csr", "sign", "server", "client"].contains(&args[0]) {
            let work = if args[0] == "server" { Sandbox::with_set() } else { Sandbox::new() };
            let place = if args[0] == "server" { &work } else { &steps };
            place.certgen(&args).succeeds();
        }
    }
    assert!(steps.file("node.example.com.pem").exists() && steps.file("alice.pem").exists());
}

/// Every line of a page that is for the shell, in its order.
#[test]
fn pages_run_as_written() {
    let pages = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut count = 0;
    for entry in std::fs::read_dir(pages).unwrap() {
        let Ok(page) = std::fs::read_to_string(entry.unwrap().path().join("README.md")) else { continue };
        let sandbox = Sandbox::new();
        for block in page.split("```sh\n").skip(1) {
            for line in lines(block.split("```").next().unwrap()) {
                assert_runs(&sandbox, &line);
                count += 1;
            }
        }
    }
    assert!(count >= 25, "{count} examples were found");
}

#[test]
fn the_script_for_ci_makes_a_set_that_check_takes() {
    let sandbox = Sandbox::new();
    let script = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/ci/test-certificates.sh");
    let binary = std::path::Path::new(env!("CARGO_BIN_EXE_milvus-certgen"));
    let path = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let run = |args: &[&str]| {
        let mut sh = std::process::Command::new("sh");
        sh.arg(&script).args(args).current_dir(sandbox.path()).env("PATH", &path).output().unwrap()
    };
    let output = run(&["build/tls", "db.example.com", "10.0.0.7"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let key = sandbox.read("build/tls/ca.key");
    assert!(key.contains("discarded") && !key.contains("PRIVATE KEY"), "{key}");
    sandbox.certgen(&["check", "build/tls", "--name", "10.0.0.7", "--strict", "-q"]).succeeds();
    assert!(run(&["build/tls", "db.example.com", "10.0.0.7"]).status.success(), "a second run");
    // In a kept directory, what has expired cannot be renewed without the CA key: a new CA, and all that goes with it.
    let old = sandbox.read("build/tls/ca.pem");
    sandbox.certgen(&["-o", "expired", "--days", "1", "-q"]).succeeds();
    sandbox.write("build/tls/server.pem", sandbox.read("expired/server.pem"));
    let output = run(&["build/tls", "db.example.com", "10.0.0.7"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_ne!(sandbox.read("build/tls/ca.pem"), old);
    // Another CA's key is never replaced, and fails the job.
    sandbox.write("build/tls/ca.key", sandbox.read("expired/ca.key"));
    assert!(!run(&["build/tls"]).status.success());
    assert_eq!(sandbox.read("build/tls/ca.key"), sandbox.read("expired/ca.key"));
}

#[test]
fn the_workflow_for_ci_is_one_and_runs_what_the_script_does() {
    let text = include_str!("../../examples/ci/github-actions.yml");
    let workflow = &yaml_rust2::YamlLoader::load_from_str(text).unwrap()[0];
    let steps = workflow["jobs"]["test"]["steps"].as_vec().unwrap();
    let commands: Vec<&str> = steps.iter().filter_map(|step| step["run"].as_str()).collect();
    let made = commands.iter().find(|run| run.contains("--discard-ca-key")).unwrap();
    let sandbox = Sandbox::new();
    for line in lines(&made.replace("\"$RUNNER_TEMP/tls\"", "tls")) {
        assert_runs(&sandbox, &line);
    }
    assert!(sandbox.read("tls/ca.key").contains("discarded"));
    assert!(steps.iter().all(|step| !step["uses"].as_str().unwrap_or_default().contains("cache")));
}

#[test]
fn the_transcript_of_the_readme_is_what_a_run_prints() {
    let command = "milvus-certgen --cn localhost -o certs --tls-dir tls";
    let (_, after) = include_str!("../../README.md").split_once(&format!("$ {command}\n")).unwrap();
    let shown = after.split("\n...\n").next().unwrap();
    let args: Vec<&str> = command.split(' ').skip(1).collect();
    let printed = Sandbox::new().certgen(&args).env("COLUMNS", "80").succeeds();
    let plain = |text: &str| {
        let words = text.lines().map(|line| line.split("expires").next().unwrap_or_default().to_owned());
        words.collect::<Vec<_>>()
    };
    let (shown, printed) = (plain(shown), plain(&printed));
    assert_eq!(shown[..], printed[..shown.len()]);
    assert_eq!(shown.last().unwrap(), "next:");
}
