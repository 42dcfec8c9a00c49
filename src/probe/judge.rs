//! From what a server says to what is wrong with it, for a client with this set.

use time::OffsetDateTime;

use super::{Answer, Found, Outcome, Plain, Reached, Server, Target, Tls, Version};
use crate::certificate::Certificate;
use crate::error::Failure;
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::san::San;
use crate::set::{CertificateFile, Leaf, LeafFiles, Loaded, Set};
use crate::verify::{self, Code, Finding, Severity};

/// What findings about the certificate that a server sends are headed with.
const SERVED: &str = "served certificate";

/// What the server is held against.
pub struct Expectation<'a> {
    /// The server.
    pub target: &'a Target,
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
pub struct Judgement {
    /// What is wrong, the gravest first.
    pub findings: Vec<Finding>,
    /// 0, 1 or 2, as Milvus counts; `None` where that does not become clear.
    pub tls_mode: Option<u8>,
    /// Why it could not be found out whether a client would connect.
    pub unknown: Option<Failure>,
}

impl Judgement {
    /// Whether a client with the set connects; `None` where that could not be found out.
    #[must_use]
    pub fn connects(&self) -> Option<bool> {
        let has_error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if has_error { Some(false) } else { self.unknown.is_none().then_some(true) }
    }
}

/// Judges what was found.
#[must_use]
pub fn judge(found: &Found, expected: &Expectation<'_>) -> Judgement {
    let Some(server) = &found.server else {
        return Judgement { unknown: Some(unreachable(found, expected.target)), ..Judgement::default() };
    };
    let mut judgement = match &server.greeting.tls {
        Some(tls) => over_tls(server, tls, expected),
        None => without_tls(server, expected),
    };
    judgement.findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    // A problem that is certain outweighs what is not known.
    if judgement.connects() == Some(false) {
        judgement.unknown = None;
    }
    judgement
}

fn unreachable(found: &Found, target: &Target) -> Failure {
    if let Some(failure) = &found.failure {
        return failure.clone();
    }
    let all = |reached: &Reached| found.attempts.iter().all(|attempt| attempt.reached == *reached);
    let addresses: Vec<String> =
        found.attempts.iter().map(|attempt| attempt.address.ip().to_string()).collect();
    let addresses = addresses.join(" and ");
    if all(&Reached::Refused) {
        return Failure::failed(format!("{target}: nothing listens there ({addresses})"))
            .hint("start Milvus and wait until it is up, or give the port that it listens on");
    }
    if all(&Reached::TimedOut) {
        return Failure::failed(format!("{target}: no answer in time from {addresses}"))
            .hint("look for a firewall in between, or give it longer with --timeout");
    }
    let whys: Vec<String> = found
        .attempts
        .iter()
        .map(|attempt| format!("{}: {}", attempt.address.ip(), attempt.reached.in_words()))
        .collect();
    Failure::failed(format!("{target}: no connection ({})", whys.join("; ")))
        .hint("look at the network, or give another host")
}

fn without_tls(server: &Server, expected: &Expectation<'_>) -> Judgement {
    let target = expected.target.to_string();
    let mut judgement = Judgement::default();
    let finding = match (&server.greeting.outcome, &server.plain) {
        (Outcome::Refused(why), _) => refused_handshake(why, &target),
        (_, Some(Plain::Http2)) => match &server.answer {
            Some(Answer::OtherGrpc | Answer::Web(_)) => Finding::new(
                Code::NotMilvus,
                target,
                format!("{}, in plaintext", who_else(server.answer.as_ref())),
            ),
            _ => {
                judgement.tls_mode = Some(0);
                plaintext(server, target)
            }
        },
        (_, Some(Plain::Http1(line))) => {
            let mut finding = Finding::new(
                Code::NotTls,
                target,
                format!("is a web server in plaintext, which answers \"{line}\""),
            );
            finding.fix =
                Some("give the port of Milvus's gRPC service, 19530 unless set otherwise".to_owned());
            finding
        }
        (_, Some(Plain::Other(heard))) | (Outcome::NotTls(heard), _) => {
            let mut finding = Finding::new(
                Code::NotTls,
                target,
                format!("talks neither TLS nor HTTP; what it says begins with \"{heard}\""),
            );
            finding.seen("pymilvus: WRONG_VERSION_NUMBER");
            finding
        }
        (outcome, _) => {
            judgement.unknown = Some(wordless(expected.target, outcome));
            return judgement;
        }
    };
    judgement.findings.push(finding);
    judgement
}

fn wordless(target: &Target, outcome: &Outcome) -> Failure {
    if *outcome == Outcome::Silent {
        return Failure::failed(format!(
            "{target}: takes the connection, and says nothing until the time is up"
        ))
        .hint("wait until Milvus is up, give it longer with --timeout, or give another port");
    }
    Failure::failed(format!("{target}: takes the connection, and closes it without a word")).hint(
        "wait until Milvus is up (a port that Docker publishes does that while nothing listens behind it), or look at \
         its log",
    )
}

/// The server says no, and not because of the client's certificate.
fn refused_handshake(why: &str, target: &str) -> Finding {
    if ["protocol_version", "nothing in common"].iter().any(|word| why.contains(word)) {
        let message = format!("talks neither TLS 1.2 nor TLS 1.3 with this client ({why})");
        return Finding::new(Code::TlsVersion, target, message);
    }
    if why.contains("no_application_protocol") {
        let message = format!("does not talk h2, which gRPC needs ({why}): it is no Milvus");
        return Finding::new(Code::NoHttp2, target, message);
    }
    Finding::new(Code::TlsFailed, target, format!("refuses the TLS handshake: {why}"))
}

fn plaintext(server: &Server, target: String) -> Finding {
    let who = match &server.answer {
        Some(Answer::Milvus(version)) => format!("Milvus {version}"),
        Some(Answer::MilvusSays(_)) => "Milvus".to_owned(),
        _ => "an HTTP/2 server".to_owned(),
    };
    let message = format!("is {who} in plaintext: its tlsMode is 0");
    let mut finding = Finding::new(Code::Plaintext, target, message);
    finding
        .seen("pymilvus: WRONG_VERSION_NUMBER")
        .seen("Go: tls: first record does not look like a TLS handshake")
        .fix = Some("set common.security.tlsMode in milvus.yaml to 1 or 2, and restart Milvus".to_owned());
    finding
}

fn over_tls(server: &Server, tls: &Tls, expected: &Expectation<'_>) -> Judgement {
    let mut judgement = Judgement { tls_mode: tls_mode(server, tls), ..Judgement::default() };
    let target = expected.target.to_string();
    // A handshake that ended before the server sent its certificate says nothing of it.
    if tls.chain.is_some() || server.greeting.outcome == Outcome::Accepted {
        judgement.findings.extend(served(tls, expected));
    }
    if expected.set.ca_certificate().is_none() {
        let ca = expected.set.ca_base.file(FileKind::Certificate);
        let problem = expected.set.ca.certificate.problem().unwrap_or("is missing");
        judgement.unknown = Some(
            Failure::failed(format!("{ca}: {problem}, so it is not known whether clients trust the server"))
                .hint("give the set's directory with --dir, or the CA's certificate with --ca-cert"),
        );
    }
    if let Some(Answer::Unavailable(says)) = &server.answer {
        judgement.unknown = Some(
            Failure::failed(format!("{target}: answers for a Milvus that is not there ({says})"))
                .hint("wait until Milvus is up, or look at what stands before it"),
        );
    }
    if tls.asks_for_certificate
        && server.greeting.outcome == Outcome::Accepted
        && !server.greeting.is_confirmed
    {
        judgement.unknown = Some(
            Failure::failed(format!(
                "{target}: has not said in time whether it takes the client's certificate"
            ))
            .hint("give it longer with --timeout"),
        );
    }
    if server.greeting.outcome == Outcome::Silent {
        let message = format!("{target}: begins a TLS handshake, and says nothing more until the time is up");
        judgement.unknown = Some(Failure::failed(message).hint("give it longer with --timeout"));
    }
    judgement.findings.extend(admission(server, tls, &target, expected));
    if server.greeting.outcome == Outcome::Accepted {
        judgement.findings.extend(protocol(server, tls, &target));
    }
    judgement.findings.extend(mode(tls, judgement.tls_mode, &target, expected));
    judgement
}

/// 2 is Go's `RequireAndVerifyClientCert`: who has no certificate is refused.
fn tls_mode(server: &Server, tls: &Tls) -> Option<u8> {
    let without = server.without_certificate.as_ref().unwrap_or(&server.greeting);
    match (&without.outcome, tls.asks_for_certificate) {
        // What is neither refused nor gone on with in time may be either.
        (Outcome::Accepted, true) if !without.is_confirmed => None,
        (Outcome::Accepted, _) => Some(1),
        (Outcome::Silent, _) | (_, false) => None,
        (_, true) => Some(2),
    }
}

/// The certificates that it sends, as clients look at them.
fn served(tls: &Tls, expected: &Expectation<'_>) -> Vec<Finding> {
    let Some(chain) = &tls.chain else {
        let message = "cannot be read";
        return vec![Finding::new(Code::Damaged, SERVED, message)];
    };
    let set = expected.set;
    let leaf = Leaf {
        role: Role::Server,
        base: BaseName::given(None, std::path::Path::new(SERVED)),
        files: LeafFiles { certificate: Loaded::Sound(chain.clone()), ..LeafFiles::default() },
    };
    let mut findings = verify::leaf(&leaf, set.ca_certificate(), &set.ca_base, expected.now);
    findings.retain(|finding| !finding.code.is_about_file());
    if let Some(ca) = set.ca_certificate() {
        // What is between the leaf and the CA may be sent along.
        let path: Vec<&Certificate> = chain.chain.iter().chain([ca]).collect();
        let trusted = verify::trusted(&chain.certificate, Role::Server, &path, expected.now);
        let is_about_issuer = |code| matches!(code, Code::NotSignedByCa | Code::SelfSigned);
        match trusted {
            Ok(()) => findings.retain(|finding| !is_about_issuer(finding.code)),
            Err(why) if findings.iter().all(|finding| finding.severity < Severity::Error) => {
                findings.push(Finding::new(Code::ServedUntrusted, SERVED, format!("is not trusted: {why}")));
            }
            Err(_) => {}
        }
    }
    // A key of a kind that cannot be checked has a finding of its own.
    if !tls.proves_key && chain.certificate.public_key.kind.is_ok() {
        let message = "is not the server's own: it does not prove that it has the private key";
        findings.push(Finding::new(Code::ServedUntrusted, SERVED, message));
    }
    let own = chain.certificate.subject_alt_names.as_deref().unwrap_or_default();
    if !own.is_empty() && !verify::has_name(own, expected.server_name) {
        let mut finding = verify::name_not_in_san(SERVED, own, expected.server_name);
        finding.fix = Some(match own.iter().find(|name| matches!(name, San::Dns(_) | San::Ip(_))) {
            Some(name) => format!(
                "connect with server_name {name} (--server-name here), or have the name put into the server's \
                 certificate"
            ),
            None => "have the name put into the server's certificate".to_owned(),
        });
        findings.push(finding);
    }
    let other = other_than_here(chain, set);
    for finding in &mut findings {
        // Where the directory has another certificate, signing it once more changes nothing.
        let remedy = if other.is_some() {
            "put the directory's files where Milvus reads them, and restart it"
        } else {
            "sign the server's certificate again where the CA's key is: milvus-certgen; and restart Milvus"
        };
        finding.fix.get_or_insert_with(|| remedy.to_owned());
    }
    findings.extend(other);
    findings
}

/// Milvus reads its files once, at start.
fn other_than_here(chain: &CertificateFile, set: &Set) -> Option<Finding> {
    let mut servers = set.leaves.iter().filter(|leaf| leaf.role == Role::Server);
    let is_same =
        |leaf: &Leaf| leaf.files.sound_certificate().is_some_and(|c| c.der == chain.certificate.der);
    let server = set.first(Role::Server).filter(|leaf| leaf.files.sound_certificate().is_some())?;
    if servers.any(is_same) {
        return None;
    }
    let pem = server.base.file(FileKind::Certificate);
    let message =
        format!("is not the one in {pem}: Milvus has not been restarted since, or it reads other files");
    let mut finding = Finding::new(Code::OtherCertificateServed, SERVED, message);
    finding.fix = Some("restart Milvus, which reads its files once, at start".to_owned());
    Some(finding)
}

/// Whether it lets this client in.
fn admission(server: &Server, tls: &Tls, target: &str, expected: &Expectation<'_>) -> Vec<Finding> {
    let client = expected.set.first(Role::Client);
    let usable = client.filter(|client| has_credentials(client));
    let pem = client.map_or_else(
        || BaseName::of_role(Role::Client).file(FileKind::Certificate),
        |client| client.base.file(FileKind::Certificate),
    );
    let why = match &server.greeting.outcome {
        Outcome::Accepted | Outcome::Silent => return Vec::new(),
        Outcome::Refused(why) => why.clone(),
        _ => "it closes the connection".to_owned(),
    };
    if !tls.asks_for_certificate {
        return vec![refused_handshake(&why, target)];
    }
    let Some(client) = usable else {
        let what = client.map_or_else(|| "there is none here".to_owned(), |client| unusable(client, &pem));
        let mut finding = Finding::new(
            Code::ClientCertificateNeeded,
            target,
            format!("demands a client certificate, as in tlsMode 2, and {what} ({why})"),
        );
        finding
            .seen("Go (Milvus): tls: client didn't provide a certificate")
            .seen("pymilvus: Socket closed")
            .fix = Some(
            "give the client's with --cert and --key, or the directory of a whole set with --dir".to_owned(),
        );
        return vec![finding];
    };
    let mut findings =
        verify::leaf(client, expected.set.ca_certificate(), &expected.set.ca_base, expected.now);
    findings.retain(|finding| {
        (finding.file == pem || finding.code == Code::KeyMismatch) && finding.severity == Severity::Error
    });
    for finding in &mut findings {
        finding.fix = Some(match finding.code {
            Code::NotSignedByCa | Code::SelfSigned => {
                "use a client certificate of this CA; where its key is: milvus-certgen client NAME".to_owned()
            }
            Code::KeyMismatch => format!(
                "give its own key with --key, or make a new one where the CA's key is: milvus-certgen renew {} --rekey",
                client.base
            ),
            _ => format!("sign it again where the CA's key is: milvus-certgen renew {}", client.base),
        });
    }
    let mut message = format!("refuses {pem}: {why}");
    if let Some(issuers) = other_issuers(client, tls) {
        message = format!("{message}; it takes certificates of {issuers}");
    }
    let mut finding = Finding::new(Code::ClientCertificateRefused, target, message);
    finding.seen("Go (Milvus): tls: failed to verify certificate").seen("pymilvus: Socket closed");
    // Where the certificate has a fault of its own, that is what needs to be mended.
    if findings.is_empty() {
        finding.fix = Some(
            "give Milvus the CA that signed the client's certificate (tls.caPemPath in milvus.yaml), and restart it"
                .to_owned(),
        );
    }
    findings.push(finding);
    findings
}

fn has_credentials(client: &Leaf) -> bool {
    client.files.key.sound().is_some() && client.files.certificate.sound().is_some()
}

fn unusable(client: &Leaf, pem: &str) -> String {
    match (client.files.certificate.problem(), client.files.key.problem()) {
        (Some(problem), _) => format!("{pem} {problem}"),
        (None, Some(problem)) => format!("{} {problem}", client.base.file(FileKind::Key)),
        (None, None) => "there is none here".to_owned(),
    }
}

/// Whose certificates it takes, where that is not who signed this one.
fn other_issuers(client: &Leaf, tls: &Tls) -> Option<String> {
    let issuer = &client.files.sound_certificate()?.issuer.der;
    if tls.accepted_issuers.is_empty() || tls.accepted_issuers.contains(issuer) {
        return None;
    }
    let names = tls.accepted_issuers.iter().filter_map(|der| crate::certificate::Name::from_der(der));
    let names: Vec<String> = names.map(|name| name.text).collect();
    Some(names.join(" and "))
}

/// What gRPC needs beyond TLS, and who answers.
fn protocol(server: &Server, tls: &Tls, target: &str) -> Option<Finding> {
    if !server.greeting.speaks_http2() {
        let instead = tls.alpn.as_ref().map_or("nothing".to_owned(), |alpn| format!("{alpn:?}"));
        let message =
            format!("does not agree to h2 by ALPN, which gRPC needs, but to {instead}: it is no Milvus");
        return Some(Finding::new(Code::NoHttp2, target, message));
    }
    let answer = server.answer.as_ref()?;
    match answer {
        Answer::Milvus(_) | Answer::MilvusSays(_) | Answer::Unavailable(_) => None,
        Answer::OtherGrpc | Answer::Web(_) => {
            Some(Finding::new(Code::NotMilvus, target, who_else(Some(answer))))
        }
        Answer::Nothing => {
            let mut finding = Finding::new(
                Code::NotMilvus,
                target,
                "has nothing to say to a gRPC call: it is hardly Milvus",
            );
            finding.severity = Severity::Warning;
            Some(finding)
        }
    }
}

/// Who answers, where it is not Milvus.
fn who_else(answer: Option<&Answer>) -> String {
    match answer {
        Some(Answer::Web(status)) => {
            format!("is a web server, not Milvus: it answers a gRPC call with HTTP status {status}")
        }
        _ => "is a gRPC server, but not Milvus: it does not know Milvus's service".to_owned(),
    }
}

/// What is expected, and what there is.
fn mode(tls: &Tls, found: Option<u8>, target: &str, expected: &Expectation<'_>) -> Vec<Finding> {
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
        let mut finding = Finding::new(Code::TlsMode, target, message);
        finding.fix =
            Some(format!("set common.security.tlsMode in milvus.yaml to {asked}, and restart Milvus"));
        findings.push(finding);
    }
    if asked == 2 && tls.version == Version::Tls12 {
        findings.push(Finding::new(
            Code::TlsVersion,
            target,
            "talks TLS 1.2 at the most, and Milvus in tlsMode 2 talks TLS 1.3 at the least",
        ));
    }
    findings
}
