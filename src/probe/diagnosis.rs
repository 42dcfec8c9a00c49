//! From a server's answers to its problems, for a client with this set.

use time::OffsetDateTime;

use super::{Answer, Endpoint, Found, Plain, Reached, Refusal, Reply, Server, Tls, Version};
use crate::check::{Code, Finding, Fix, Message, Place, Severity};
use crate::error::Failure;
use crate::files::FileKind;
use crate::san::San;
use crate::set::Set;

mod admission;
mod protocol;
mod served;

use admission::admission;
use protocol::{other_server, protocol};
use served::{served, trusted};

/// The expected state of the server.
pub struct Expectation<'a> {
    /// The server.
    pub endpoint: &'a Endpoint,
    /// Its name in the client's eyes.
    pub server_name: &'a San,
    /// The CA that clients trust, the client, and the server as the directory has it.
    pub set: &'a Set,
    /// `--tls-mode`
    pub tls_mode: Option<u8>,
    /// The time of the run.
    pub now: OffsetDateTime,
}

/// The result of a diagnosis.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// The problems, most severe first.
    pub findings: Vec<Finding>,
    /// 0, 1 or 2, as Milvus counts; `None` where that does not become clear.
    pub tls_mode: Option<u8>,
    /// Why it could not be found out whether a client would connect.
    pub unknown: Option<Failure>,
}

impl Diagnosis {
    /// Whether a client with the set connects; `None` where that could not be found out.
    pub fn connects(&self) -> Option<bool> {
        let has_error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if has_error { Some(false) } else { self.unknown.is_none().then_some(true) }
    }
}

impl Diagnosis {
    /// True if nothing but certificates and keys can keep a client from connecting.
    pub fn is_about_clients(&self) -> bool {
        let is_other =
            |finding: &Finding| finding.severity == Severity::Error && finding.rejections.is_empty();
        self.unknown.is_none() && !self.findings.iter().any(is_other)
    }
}

/// Judges what was found.
pub fn diagnose(found: &Found, expected: &Expectation<'_>) -> Diagnosis {
    let Some(server) = &found.server else {
        return Diagnosis { unknown: Some(unreachable(found, expected.endpoint)), ..Diagnosis::default() };
    };
    let mut diagnosis = match &server.handshake.tls {
        Some(tls) => over_tls(server, tls, expected),
        None => without_tls(server, expected),
    };
    diagnosis.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // A problem that is certain outweighs what is not known.
    if diagnosis.connects() == Some(false) {
        diagnosis.unknown = None;
    }
    diagnosis
}

fn unreachable(found: &Found, endpoint: &Endpoint) -> Failure {
    if let Some(failure) = &found.failure {
        return failure.clone();
    }
    let all = |reached: &Reached| found.attempts.iter().all(|attempt| attempt.reached == *reached);
    let addresses: Vec<String> =
        found.attempts.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    let addresses = addresses.join(" and ");
    if all(&Reached::Refused) {
        return Failure::failed(format!("{endpoint}: nothing listens on this port ({addresses})"))
            .hint("start Milvus and wait until it is up, or use the port that it listens on");
    }
    if all(&Reached::TimedOut) {
        return Failure::failed(format!("{endpoint}: no answer in time from {addresses}"))
            .hint("check for a firewall in between, or set a longer --timeout");
    }
    let whys: Vec<String> = found
        .attempts
        .iter()
        .map(|attempt| format!("{}: {}", attempt.address.ip(), attempt.reached.in_words()))
        .collect();
    Failure::failed(format!("{endpoint}: no connection ({})", whys.join("; ")))
        .hint("check the network, or use another host")
}

fn without_tls(server: &Server, expected: &Expectation<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    let finding = match (&server.handshake.reply, &server.plain) {
        (Reply::Refused(why), _) => refused_handshake(why),
        (_, Some(Plain::Http2)) => match &server.answer {
            Some(answer @ (Answer::OtherGrpc | Answer::Web(_))) => {
                problem(Code::NotMilvus, format!("{}, in plaintext", other_server(answer)))
            }
            _ => {
                diagnosis.tls_mode = Some(0);
                plaintext(server)
            }
        },
        (_, Some(Plain::Http1(line))) => {
            let message = format!("is a web server in plaintext, which answers \"{line}\"");
            Finding { fix: Fix::OtherPort, ..problem(Code::NotTls, message) }
        }
        (_, Some(Plain::Other(heard))) | (Reply::NotTls(heard), _) => {
            let message = format!("speaks neither TLS nor HTTP; its answer begins with \"{heard}\"");
            let mut finding = problem(Code::NotTls, message);
            finding.seen("pymilvus: WRONG_VERSION_NUMBER");
            finding
        }
        (reply, _) => {
            diagnosis.unknown = Some(wordless(expected.endpoint, reply));
            return diagnosis;
        }
    };
    diagnosis.findings.push(finding);
    diagnosis
}

fn wordless(endpoint: &Endpoint, reply: &Reply) -> Failure {
    if *reply == Reply::Silent {
        return Failure::failed(format!("{endpoint}: accepted the connection but timed out"))
            .hint("wait until Milvus is up, set a longer --timeout, or use another port");
    }
    Failure::failed(format!("{endpoint}: accepted the connection and closed it without an answer")).hint(
        "wait until Milvus is up (a port that Docker publishes does that while nothing listens behind it), or see \
         its log",
    )
}

/// A finding about the server itself.
fn problem(code: Code, message: impl Into<Message>) -> Finding {
    Finding::new(code, Place::Server, message)
}

/// The server says no, and not because of the client's certificate.
fn refused_handshake(why: &Refusal) -> Finding {
    if why.is_about_version() {
        let message = format!("accepts neither TLS 1.2 nor TLS 1.3 from this client ({why})");
        return problem(Code::TlsVersion, message);
    }
    if why.is_about_protocol() {
        let message = format!("does not support h2 (ALPN), which gRPC requires ({why}): it is not Milvus");
        return Finding { fix: Fix::ConfigureProxy("nginx"), ..problem(Code::NoHttp2, message) };
    }
    refused(&why.to_string())
}

fn refused(why: &str) -> Finding {
    problem(Code::TlsFailed, format!("rejects the TLS handshake: {why}"))
}

fn plaintext(server: &Server) -> Finding {
    let who = match &server.answer {
        Some(Answer::Milvus(version)) => format!("Milvus {version}"),
        Some(Answer::MilvusSays(_)) => "Milvus".to_owned(),
        _ => "an HTTP/2 server".to_owned(),
    };
    let message = format!("is {who} in plaintext: its tlsMode is 0");
    let mut finding = problem(Code::Plaintext, message);
    finding
        .seen("pymilvus: WRONG_VERSION_NUMBER")
        .seen("Go: tls: first record does not look like a TLS handshake");
    finding
}

fn over_tls(server: &Server, tls: &Tls, expected: &Expectation<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis { tls_mode: tls_mode(server, tls), ..Diagnosis::default() };
    let endpoint = expected.endpoint;
    // A handshake that ended before the server sent its certificate says nothing of it.
    if tls.chain.is_some() || server.handshake.reply == Reply::Accepted {
        diagnosis.findings.extend(served(tls, expected));
        diagnosis.findings.extend(trusted(server, tls, expected));
    }
    if expected.set.ca_certificate().is_none() {
        let ca = expected.set.ca_base.file(FileKind::Certificate);
        let problem = expected.set.ca.certificate.problem().unwrap_or("is missing");
        diagnosis.unknown = Some(
            Failure::failed(format!("{ca}: {problem}, so it is not known whether clients trust the server"))
                .hint(
                    "name the directory of the certificates with --dir, or the CA certificate with --ca-cert",
                ),
        );
    }
    if let Some(Answer::Unavailable(says)) = &server.answer {
        diagnosis.unknown = Some(
            Failure::failed(format!(
                "{endpoint}: a proxy answers, and Milvus behind it is not available ({says})"
            ))
            .hint("wait until Milvus is up, or check the proxy"),
        );
    }
    if tls.asks_for_certificate && server.handshake.reply == Reply::Accepted && !server.handshake.is_confirmed
    {
        diagnosis.unknown = Some(
            Failure::failed(format!(
                "{endpoint}: timed out before it accepted or rejected the client certificate"
            ))
            .hint("set a longer --timeout"),
        );
    }
    if server.handshake.reply == Reply::Silent {
        let message = format!("{endpoint}: began the TLS handshake but timed out");
        diagnosis.unknown = Some(Failure::failed(message).hint("set a longer --timeout"));
    }
    diagnosis.findings.extend(admission(server, tls, expected));
    if server.handshake.reply == Reply::Accepted {
        diagnosis.findings.extend(protocol(server, tls));
    }
    diagnosis.findings.extend(mode(tls, diagnosis.tls_mode, expected));
    diagnosis
}

/// 2 is Go's `RequireAndVerifyClientCert`: clients without a certificate are rejected.
fn tls_mode(server: &Server, tls: &Tls) -> Option<u8> {
    let without = server.without_certificate.as_ref().unwrap_or(&server.handshake);
    match (&without.reply, tls.asks_for_certificate) {
        // A timeout may mean either.
        (Reply::Accepted, true) if !without.is_confirmed => None,
        (Reply::Accepted, _) => Some(1),
        (Reply::Silent, _) | (_, false) => None,
        (_, true) => Some(2),
    }
}

/// Compares the expected tlsMode with the actual one.
fn mode(tls: &Tls, found: Option<u8>, expected: &Expectation<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(asked) = expected.tls_mode else { return findings };
    if let Some(found) = found.filter(|found| *found != asked) {
        let message = match found {
            1 => format!(
                "is in tlsMode 1 (one-way), and {asked} is expected: clients without a certificate are accepted"
            ),
            _ => format!(
                "is in tlsMode 2 (two-way), and {asked} is expected: clients without a certificate are rejected"
            ),
        };
        findings.push(Finding { fix: Fix::SetTlsMode(Some(asked)), ..problem(Code::TlsMode, message) });
    }
    if asked == 2 && tls.version == Version::Tls12 {
        findings.push(problem(
            Code::TlsVersion,
            "supports at most TLS 1.2, but Milvus in tlsMode 2 requires TLS 1.3",
        ));
    }
    findings
}
