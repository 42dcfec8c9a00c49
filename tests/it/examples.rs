//! Every command line that the help and the README show works as it is written.

use crate::support::Sandbox;

/// The lines that begin with the program's name, without what is no argument.
fn lines(text: &str) -> Vec<Vec<String>> {
    let shown = text.lines().map(|line| line.trim().trim_start_matches("$ "));
    let commands = shown.filter_map(|line| line.strip_prefix("milvus-certgen "));
    commands.map(|line| line.split_whitespace().map(str::to_owned).collect()).collect()
}

#[test]
fn examples_of_the_help_run_as_written() {
    let sandbox = Sandbox::new();
    sandbox.write("names.txt", "alice-2\nbob-2\n");
    let mut count = 0;
    // In an order in which each finds what it needs; all in one directory.
    for command in ["", "ca", "csr", "sign", "server", "client", "renew"] {
        let help = sandbox.certgen(&[]).args(if command.is_empty() {
            &[][..]
        } else {
            std::slice::from_ref(&command)
        });
        let help = help.args(&["--help"]).succeeds();
        let examples = &help[help.find("Example").expect("every command has an example")..];
        for line in lines(examples) {
            let args: Vec<&str> = line.iter().map(String::as_str).collect();
            sandbox.certgen(&args).succeeds();
            count += 1;
        }
    }
    assert!(count >= 13, "{count} examples were found");
}

#[test]
fn examples_of_the_readme_run_as_written() {
    let readme = include_str!("../../README.md");
    let sandbox = Sandbox::new();
    let examples = lines(readme);
    assert!(examples.len() >= 2, "{examples:?}");
    for line in examples {
        let args: Vec<&str> = line.iter().map(String::as_str).collect();
        sandbox.certgen(&args).succeeds();
    }
    // Those in the table of the page's five steps.
    let steps = Sandbox::new();
    for cell in readme.split('`').filter_map(|cell| cell.strip_prefix("milvus-certgen ")) {
        let args: Vec<&str> = cell.split_whitespace().collect();
        if ["ca", "csr", "sign", "server", "client"].contains(&args[0]) {
            let work = if args[0] == "server" { Sandbox::with_set() } else { Sandbox::new() };
            let place = if args[0] == "server" { &work } else { &steps };
            place.certgen(&args).succeeds();
        }
    }
    assert!(steps.file("node.example.com.pem").exists() && steps.file("alice.pem").exists());
}

/// What config prints goes to files; here it is only looked at.
#[test]
fn examples_of_the_clients_page_run_as_written() {
    let sandbox = Sandbox::new();
    let mut count = 0;
    for line in lines(include_str!("../../examples/clients/README.md")) {
        let args: Vec<&str> = line.iter().map(String::as_str).take_while(|arg| *arg != ">").collect();
        // `config TARGET` stands in a sentence too.
        if args.first() == Some(&"config") && args.len() < 4 {
            continue;
        }
        let out = sandbox.certgen(&args).succeeds();
        assert!(args[0] != "config" || out.contains("milvus.example.com"), "{line:?}: {out}");
        count += 1;
    }
    assert_eq!(count, 10);
}

#[test]
fn the_transcript_of_the_readme_is_what_a_run_prints() {
    let readme = include_str!("../../README.md");
    let start = readme.find("$ milvus-certgen --cn localhost\n").unwrap();
    let shown = &readme[start..start + readme[start..].find("```").unwrap()];
    let shown = shown.split_once('\n').unwrap().1;
    let printed = Sandbox::new().certgen(&["--cn", "localhost"]).succeeds();
    let plain = |text: &str| {
        let words = text.lines().map(|line| {
            let line = line.split("SHA-256").next().unwrap_or_default();
            line.split(", expires").next().unwrap_or_default().to_owned()
        });
        words.collect::<Vec<_>>()
    };
    assert_eq!(plain(shown), plain(&printed));
}
