//! From what a server says to what is wrong with it, for a client with this set.

use time::OffsetDateTime;

use super::{Answer, Endpoint, Found, Plain, Reached, Refusal, Reply, Server, Tls, Version};
use crate::check::{Code, Finding, Fix, Message, Place, Severity};
use crate::error::Failure;
use crate::files::FileKind;
use crate::san::San;
use crate::set::Set;

mod admission;
mod served;

use admission::admission;
use served::{served, trusted};

/// What the server is held against.
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

/// What comes of it.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// What is wrong, the gravest first.
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
        return Failure::failed(format!("{endpoint}: nothing listens there ({addresses})"))
            .hint("start Milvus and wait until it is up, or give the port that it listens on");
    }
    if all(&Reached::TimedOut) {
        return Failure::failed(format!("{endpoint}: no answer in time from {addresses}"))
            .hint("look for a firewall in between, or give it longer with --timeout");
    }
    let whys: Vec<String> = found
        .attempts
        .iter()
        .map(|attempt| format!("{}: {}", attempt.address.ip(), attempt.reached.in_words()))
        .collect();
    Failure::failed(format!("{endpoint}: no connection ({})", whys.join("; ")))
        .hint("look at the network, or give another host")
}

fn without_tls(server: &Server, expected: &Expectation<'_>) -> Diagnosis {
    let mut diagnosis = Diagnosis::default();
    let finding = match (&server.handshake.reply, &server.plain) {
        (Reply::Refused(why), _) => refused_handshake(why),
        (_, Some(Plain::Http2)) => match &server.answer {
            Some(answer @ (Answer::OtherGrpc | Answer::Web(_))) => {
                problem(Code::NotMilvus, format!("{}, in plaintext", who_else(answer)))
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
            let message = format!("talks neither TLS nor HTTP; what it says begins with \"{heard}\"");
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
        return Failure::failed(format!(
            "{endpoint}: takes the connection, and says nothing until the time is up"
        ))
        .hint("wait until Milvus is up, give it longer with --timeout, or give another port");
    }
    Failure::failed(format!("{endpoint}: takes the connection, and closes it without a word")).hint(
        "wait until Milvus is up (a port that Docker publishes does that while nothing listens behind it), or look at \
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
        let message = format!("talks neither TLS 1.2 nor TLS 1.3 with this client ({why})");
        return problem(Code::TlsVersion, message);
    }
    if why.is_about_protocol() {
        let message = format!("does not talk h2, which gRPC needs ({why}): it is no Milvus");
        return Finding { fix: Fix::ConfigureProxy("nginx"), ..problem(Code::NoHttp2, message) };
    }
    refused(&why.to_string())
}

fn refused(why: &str) -> Finding {
    problem(Code::TlsFailed, format!("refuses the TLS handshake: {why}"))
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
                .hint("give the set's directory with --dir, or the CA's certificate with --ca-cert"),
        );
    }
    if let Some(Answer::Unavailable(says)) = &server.answer {
        diagnosis.unknown = Some(
            Failure::failed(format!("{endpoint}: answers for a Milvus that is not there ({says})"))
                .hint("wait until Milvus is up, or look at what stands before it"),
        );
    }
    if tls.asks_for_certificate && server.handshake.reply == Reply::Accepted && !server.handshake.is_confirmed
    {
        diagnosis.unknown = Some(
            Failure::failed(format!(
                "{endpoint}: has not said in time whether it takes the client's certificate"
            ))
            .hint("give it longer with --timeout"),
        );
    }
    if server.handshake.reply == Reply::Silent {
        let message =
            format!("{endpoint}: begins a TLS handshake, and says nothing more until the time is up");
        diagnosis.unknown = Some(Failure::failed(message).hint("give it longer with --timeout"));
    }
    diagnosis.findings.extend(admission(server, tls, expected));
    if server.handshake.reply == Reply::Accepted {
        diagnosis.findings.extend(protocol(server, tls));
    }
    diagnosis.findings.extend(mode(tls, diagnosis.tls_mode, expected));
    diagnosis
}

/// 2 is Go's `RequireAndVerifyClientCert`: who has no certificate is refused.
fn tls_mode(server: &Server, tls: &Tls) -> Option<u8> {
    let without = server.without_certificate.as_ref().unwrap_or(&server.handshake);
    match (&without.reply, tls.asks_for_certificate) {
        // What is neither refused nor gone on with in time may be either.
        (Reply::Accepted, true) if !without.is_confirmed => None,
        (Reply::Accepted, _) => Some(1),
        (Reply::Silent, _) | (_, false) => None,
        (_, true) => Some(2),
    }
}

/// What gRPC needs beyond TLS, and who answers.
fn protocol(server: &Server, tls: &Tls) -> Option<Finding> {
    if server.answer == Some(Answer::Rest) {
        return None;
    }
    if !server.handshake.speaks_http2() {
        let instead = tls.alpn.as_ref().map_or("nothing".to_owned(), |alpn| format!("{alpn:?}"));
        let message =
            format!("does not agree to h2 by ALPN, which gRPC needs, but to {instead}: it is no Milvus");
        return Some(Finding { fix: Fix::ConfigureProxy("nginx"), ..problem(Code::NoHttp2, message) });
    }
    let answer = server.answer.as_ref()?;
    match answer {
        Answer::Milvus(_) | Answer::MilvusSays(_) | Answer::Unavailable(_) | Answer::Rest => None,
        Answer::Web(status) => Some(proxy(*status, tls)),
        Answer::OtherGrpc => Some(problem(Code::NotMilvus, who_else(answer))),
        Answer::Nothing => {
            let message = "has nothing to say to a gRPC call: it is hardly Milvus";
            Some(Finding { severity: Severity::Warning, ..problem(Code::NotMilvus, message) })
        }
    }
}

/// What proxies say for a Milvus behind them: each status has its cause.
fn proxy(status: u16, tls: &Tls) -> Finding {
    let (what, fix) = match status {
        // nginx says so where there is no certificate, or one that it does not accept.
        400 | 495 | 496 if tls.asks_for_certificate => {
            ("is a proxy that does not accept the client's certificate", Fix::NameClientFiles)
        }
        502..=504 => (
            "is a proxy without a connection to Milvus: it must speak gRPC over TLS (grpcs://, GRPCS), and in \
             tlsMode 2 present a client certificate",
            Fix::ConfigureProxy("nginx"),
        ),
        404 => ("is a web server, not Milvus, or a proxy that knows no Milvus by this host name", Fix::None),
        _ => return problem(Code::NotMilvus, who_else(&Answer::Web(status))),
    };
    let finding = problem(Code::NotMilvus, format!("{what} (HTTP status {status})"));
    if fix == Fix::None { finding } else { Finding { fix, ..finding } }
}

/// Who answers, where it is not Milvus.
fn who_else(answer: &Answer) -> String {
    match answer {
        Answer::Web(status) => {
            format!("is a web server, not Milvus: it answers a gRPC call with HTTP status {status}")
        }
        _ => "is a gRPC server, but not Milvus: it does not know Milvus's service".to_owned(),
    }
}

/// What is expected, and what there is.
fn mode(tls: &Tls, found: Option<u8>, expected: &Expectation<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let Some(asked) = expected.tls_mode else { return findings };
    if let Some(found) = found.filter(|found| *found != asked) {
        let message = match found {
            1 => format!(
                "is in tlsMode 1 (one-way), and {asked} is expected: it lets in who has no certificate"
            ),
            _ => format!(
                "is in tlsMode 2 (two-way), and {asked} is expected: who has no certificate is refused"
            ),
        };
        findings.push(Finding { fix: Fix::SetTlsMode(Some(asked)), ..problem(Code::TlsMode, message) });
    }
    if asked == 2 && tls.version == Version::Tls12 {
        findings.push(problem(
            Code::TlsVersion,
            "talks TLS 1.2 at the most, and Milvus in tlsMode 2 talks TLS 1.3 at the least",
        ));
    }
    findings
}
