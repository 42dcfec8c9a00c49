//! The page on troubleshooting: each transcript is what is printed in that situation.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::support::{RECIPE_SUBJECT, Sandbox, has, run_milvus_recipe, text};

/// The lines below the command, in the page.
fn transcript(command: &str) -> Vec<&'static str> {
    let readme = include_str!("../../examples/troubleshooting/README.md");
    let (_, after) = readme.split_once(&format!("$ milvus-certgen {command}\n")).unwrap();
    after.split("```").next().unwrap().lines().collect()
}

/// Every line of the transcript in its order; `...` stands for any number of lines. What differs from machine to
/// machine is taken out of both.
fn assert_printed(shown: &[&str], printed: &str, differs: &[(&str, &str)]) {
    let plain = |line: &str| differs.iter().fold(line.to_owned(), |line, (from, to)| line.replace(from, to));
    let mut rest = printed.lines();
    let mut may_skip = false;
    for line in shown {
        if *line == "..." {
            may_skip = true;
            continue;
        }
        let wanted = plain(line);
        let found = if may_skip { rest.find(|printed| plain(printed) == wanted) } else { rest.next() };
        assert_eq!(found.map(plain), Some(wanted), "in:\n{printed}");
        may_skip = false;
    }
    assert!(may_skip || rest.next().is_none(), "more is printed:\n{printed}");
}

#[test]
fn a_set_of_the_milvus_page() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::new();
    run_milvus_recipe(&set, RECIPE_SUBJECT);
    let output = set.certgen(&["check"]).output();
    assert_eq!(output.status.code(), Some(3));
    assert_printed(&transcript("check"), &text(&output.stdout), &[]);
}

#[test]
fn a_milvus_without_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // An empty SETTINGS frame: all that a gRPC server says before it is asked.
            let _ = stream.write_all(b"\0\0\0\x04\0\0\0\0\0");
            let _ = stream.set_read_timeout(Some(Duration::from_millis(300)));
            let _ = stream.read(&mut [0; 1024]);
        }
    });
    let set = Sandbox::with_set();
    let output = set.certgen(&["probe", &format!("localhost:{port}")]).output();
    assert_eq!(output.status.code(), Some(3));
    // A real one says its version; the rest is the same.
    let differs = [
        ("Milvus v2.3.5", "WHO"),
        ("a gRPC server that is not Milvus", "WHO"),
        ("an unknown server", "WHO"),
        ("a gRPC server", "WHO"),
        ("an HTTP/2 server", "WHO"),
        ("[::1]:19530 (nothing listens), ", ""),
        (port.as_str(), "19530"),
    ];
    let printed = text(&output.stdout).replace(&format!("[::1]:{port} (nothing listens), "), "");
    assert_printed(&transcript("probe localhost:19530"), &printed, &differs);
}

struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_name_that_the_certificate_does_not_have() {
    if !has("openssl") {
        return;
    }
    let set = Sandbox::with_set();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port().to_string();
    let server = Command::new("openssl")
        .args([
            "s_server",
            "-accept",
            &format!("127.0.0.1:{port}"),
            "-cert",
            "server.pem",
            "-key",
            "server.key",
        ])
        .args(["-alpn", "h2", "-quiet"])
        .current_dir(set.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let _server = Server(server);
    let target = format!("localhost:{port}");
    let args = ["probe", &target, "--server-name", "milvus.example.com", "--timeout", "2"];
    let output = (0..50)
        .find_map(|_| {
            let output = set.certgen(&args).output();
            if output.status.code() == Some(1) {
                thread::sleep(Duration::from_millis(100));
                return None;
            }
            Some(output)
        })
        .unwrap();
    assert_eq!(output.status.code(), Some(3));
    // Only a real one answers the gRPC call.
    let printed = text(&output.stdout);
    let printed: Vec<&str> = printed.lines().filter(|line| !line.contains("not-milvus")).collect();
    let printed = printed.join("\n");
    assert_printed(&transcript("probe localhost:19530 --server-name milvus.example.com"), &printed, &[]);
}
