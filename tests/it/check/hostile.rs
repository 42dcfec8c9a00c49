//! Files that nobody meant: cut, flipped, huge, or no files.

use std::process::Command;
use std::time::{Duration, Instant};

use milvus_certgen::certificate::{Certificate, Csr, certificates_from_pem, csr_from_pem};
use milvus_certgen::keys::encoding::read;
use milvus_certgen::serial::Serial;
use proptest::prelude::*;

use super::row::Verdict;
use crate::support::{NINE, Sandbox, has, text};

/// Every parser that reads files of somebody else; whatever they say, they do not panic.
fn parse(bytes: &[u8]) -> [bool; 4] {
    [
        certificates_from_pem(bytes).is_ok(),
        csr_from_pem(bytes).is_ok(),
        read(bytes, None).is_ok() | read(bytes, Some("secret")).is_ok(),
        Serial::parse_srl(bytes).is_ok(),
    ]
}

#[test]
fn a_file_cut_at_any_byte() {
    let set = Sandbox::with_set();
    for (name, parser) in [("server.pem", 0), ("server.csr", 1), ("server.key", 2), ("ca.srl", 3)] {
        let whole = set.read(name).into_bytes();
        assert!(parse(&whole)[parser], "{name} is sound");
        // Cut just before its second block, server.pem is one without its issuer.
        let second = set.read(name).rfind("-----BEGIN ").filter(|at| *at > 0).unwrap_or(usize::MAX - 11);
        for length in 0..whole.len() {
            let sound = parse(&whole[..length])[parser];
            // The last line may lack its end, and a number is a number.
            let may_be =
                parser == 3 || length + 1 == whole.len() || (second - 1..second + 11).contains(&length);
            assert!(!sound || may_be, "{name}: {length} bytes");
        }
    }
}

#[test]
fn a_file_with_any_bit_flipped() {
    let set = Sandbox::with_set();
    let flipped = |bytes: &[u8], at: usize| {
        let mut bytes = bytes.to_vec();
        bytes[at / 8] ^= 1 << (at % 8);
        bytes
    };
    for name in ["server.pem", "server.csr", "server.key", "ca.srl"] {
        let pem = set.read(name).into_bytes();
        (0..pem.len() * 8).for_each(|at| {
            parse(&flipped(&pem, at));
        });
    }
    let der = |name: &str| pem::parse_many(set.read(name)).unwrap().remove(0).into_contents();
    let certificate = der("server.pem");
    let ca = Certificate::from_der(&der("ca.pem")).unwrap();
    assert!(Certificate::from_der(&certificate).unwrap().signature(&ca.public_key).is_good());
    for at in signed_bits(&certificate) {
        // Whatever can still be read is no longer signed.
        if let Ok(read) = Certificate::from_der(&flipped(&certificate, at)) {
            assert!(!read.signature(&ca.public_key).is_good(), "bit {at}");
        }
    }
    let request = der("server.csr");
    for at in signed_bits(&request) {
        if let Ok(read) = Csr::from_der(&flipped(&request, at)) {
            assert!(!read.signature.is_good(), "bit {at}");
        }
    }
}

/// Where in the DER of a certificate or a request the signed part is: the first element of the outer sequence.
/// Bytes around it, the tags within the signature among them, can be read in more than one way.
fn signed_bits(der: &[u8]) -> std::ops::Range<usize> {
    let element = |at: usize| {
        let bytes = usize::from(der[at + 1] & 0x7f);
        if der[at + 1] & 0x80 == 0 {
            return (at + 2, bytes);
        }
        (at + 2 + bytes, der[at + 2..at + 2 + bytes].iter().fold(0, |n, &o| n << 8 | usize::from(o)))
    };
    let (start, _) = element(0);
    let (contents, length) = element(start);
    assert!(length > 100 && contents + length < der.len());
    start * 8..(contents + length) * 8
}

proptest! {
    #[test]
    fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
        parse(&bytes);
        let _ = Certificate::from_der(&bytes);
        let _ = Csr::from_der(&bytes);
    }

    /// Within PEM, so that the bytes get as far as the DER.
    #[test]
    fn any_bytes_in_pem(
        label in "(CERTIFICATE|CERTIFICATE REQUEST|PRIVATE KEY|EC PRIVATE KEY|RSA PRIVATE KEY|ENCRYPTED PRIVATE KEY|[A-Z -]{0,9})",
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        parse(pem::encode(&pem::Pem::new(label, bytes)).as_bytes());
    }
}

/// Runs `check` with little memory and little time.
fn check_in_need(set: &Sandbox) -> Verdict {
    let began = Instant::now();
    let line = format!("ulimit -v 200000; exec {} check --json", env!("CARGO_BIN_EXE_milvus-certgen"));
    let output =
        Command::new("timeout").args(["20", "sh", "-c", &line]).current_dir(set.path()).output().unwrap();
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    let json = serde_json::from_str(&text(&output.stdout))
        .unwrap_or_else(|e| panic!("{e}: {}{}", text(&output.stdout), text(&output.stderr)));
    Verdict { exit: output.status.code().unwrap(), json }
}

#[test]
fn huge_files_are_not_read() {
    if !has("timeout") {
        return;
    }
    for name in NINE {
        let set = Sandbox::with_set_of(&["--days", "365"]);
        // A hole: it takes no room on the disk, and all of it when it is read.
        set.remove(name);
        std::fs::File::create(set.file(name)).unwrap().set_len(1_000_000_000).unwrap();
        let verdict = check_in_need(&set);
        let severity = if name.ends_with(".srl") || name.ends_with(".csr") { "warning" } else { "error" };
        let expected = format!("{severity} not-pem {name}");
        assert!(verdict.found().contains(&expected), "{expected}: {:?}", verdict.found());
        assert_eq!(verdict.exit, if severity == "error" { 3 } else { 0 }, "{name}");
    }
}

#[test]
fn text_without_end_is_read_to_a_limit() {
    if !has("timeout") {
        return;
    }
    let set = Sandbox::with_set_of(&["--days", "365"]);
    for name in NINE {
        set.write(name, "-----BEGIN CERTIFICATE-----\n".repeat(37_000));
    }
    assert_eq!(check_in_need(&set).exit, 3);
}

#[test]
fn pipes_and_devices_are_not_waited_for() {
    if !has("mkfifo") || !has("timeout") {
        return;
    }
    for name in NINE {
        let set = Sandbox::with_set_of(&["--days", "365"]);
        set.remove(name);
        assert!(Command::new("mkfifo").arg(set.file(name)).status().unwrap().success());
        let verdict = check_in_need(&set);
        let expected = match name {
            "ca.key" => "note not-checked ca.key".to_owned(),
            "ca.srl" | "server.csr" | "client.csr" => format!("warning unreadable {name}"),
            _ => format!("error unreadable {name}"),
        };
        assert!(verdict.found().contains(&expected), "{expected}: {:?}", verdict.found());
        set.remove(name);
        std::os::unix::fs::symlink("/dev/zero", set.file(name)).unwrap();
        assert!(check_in_need(&set).found().contains(&expected), "{name} as /dev/zero");
    }
    // Beside the set too.
    let set = Sandbox::with_set_of(&["--days", "365"]);
    assert!(Command::new("mkfifo").arg(set.file("other.pem")).status().unwrap().success());
    assert_eq!((check_in_need(&set).exit, check_in_need(&set).found().len()), (0, 0));
}
