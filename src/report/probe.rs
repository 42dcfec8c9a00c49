//! The report of `probe`: the server first, then its certificates, findings and clients, and the verdict.

use std::io::{self, Write};

use serde::Serialize;

use super::check::{FindingFacts, write_findings};
use super::clients::{ClientFacts, clients, write_clients};
use super::text::{BOLD, GREEN, expiry, list, marked};
use super::{Detail, Facts, Layout, Text, as_word};
use crate::check::{self, Files, Question, Severity};
use crate::error::Exit;
use crate::foreign::printable;
use crate::probe::{Answer, Diagnosis, Expectation, Found, Plain, Reached, Reply, Server, Version};
use crate::set::CertificateFile;

/// A running server and what is wrong with it. Its JSON form is part of the contract: `schema` grows when a field
/// changes its meaning.
#[derive(Debug, Serialize)]
pub struct ProbeReport {
    /// 1
    schema: u32,
    target: String,
    server_name: String,
    /// True if a client with this set connects, false if not, `null` if that could not be found out.
    ok: Option<bool>,
    /// Why it could not be found out; else `null`.
    unknown: Option<String>,
    /// 0, 1 or 2; `null` where that is not clear.
    tls_mode: Option<u8>,
    expected_tls_mode: Option<u8>,
    addresses: Vec<AddressFacts>,
    /// Who answers; `null` where that is not clear.
    server: Option<ServerFacts>,
    tls: Option<TlsFacts>,
    /// The served chain, the server's own certificate first.
    certificates: Vec<Facts>,
    /// The gravest first.
    findings: Vec<FindingFacts>,
    /// Milvus, and what each client makes of the served chain and of its own files; empty where it does not come to that.
    clients: Vec<ClientFacts>,
}

#[derive(Debug, Serialize)]
struct AddressFacts {
    address: String,
    result: String,
    #[serde(skip)]
    is_connected: bool,
}

#[derive(Debug, Serialize)]
struct ServerFacts {
    address: String,
    kind: Kind,
    /// The version of Milvus.
    version: Option<String>,
    /// What it says instead of its version.
    says: Option<String>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Milvus,
    Rest,
    Grpc,
    Web,
    Unknown,
}

#[derive(Debug, Serialize)]
struct TlsFacts {
    #[serde(serialize_with = "as_word")]
    version: Version,
    cipher: Option<String>,
    alpn: Option<String>,
    /// True if it talks TLS 1.2 to who has nothing newer; `null` where it was not tried.
    takes_tls12: Option<bool>,
    client_certificate: ClientCertificate,
    /// True if the server goes on with this client.
    accepted: bool,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "lowercase")]
enum ClientCertificate {
    #[serde(rename = "not asked for")]
    NotAskedFor,
    Optional,
    Demanded,
    /// It is not clear which of the two.
    #[serde(rename = "asked for")]
    AskedFor,
}

impl ProbeReport {
    /// Collects the facts.
    pub fn new(
        question: &Question,
        expected: &Expectation<'_>,
        found: &Found,
        diagnosis: &Diagnosis,
    ) -> Self {
        let server = found.server.as_ref();
        let chain = server.and_then(Server::chain);
        let target = expected.endpoint.to_string();
        let certificate = chain.map(|file| &file.certificate);
        let files = Files {
            server: Some(check::Server { endpoint: &target, certificate }),
            ..check::files(question, expected.set)
        };
        Self {
            schema: 1,
            target: target.clone(),
            server_name: expected.server_name.to_string(),
            ok: diagnosis.connects(),
            unknown: diagnosis.unknown.as_ref().map(|failure| failure.message.clone()),
            tls_mode: diagnosis.tls_mode,
            expected_tls_mode: expected.tls_mode,
            addresses: found
                .attempts
                .iter()
                .map(|attempt| AddressFacts {
                    address: attempt.address.to_string(),
                    result: attempt.reached.in_words().to_owned(),
                    is_connected: attempt.reached == Reached::Connected,
                })
                .collect(),
            server: server.map(ServerFacts::new),
            tls: server.and_then(|server| TlsFacts::new(server, diagnosis.tls_mode)),
            certificates: chain
                .into_iter()
                .flat_map(CertificateFile::all)
                .map(|certificate| Facts::new(certificate, expected.now))
                .collect(),
            findings: diagnosis.findings.iter().map(|finding| FindingFacts::new(finding, &files)).collect(),
            clients: match (chain, diagnosis.is_about_clients()) {
                (Some(_), true) => clients(&diagnosis.findings, &files),
                _ => Vec::new(),
            },
        }
    }

    /// 0 if a client connects, 3 if not.
    pub fn exit(&self) -> Exit {
        if self.ok == Some(false) { Exit::Problem } else { Exit::Done }
    }
}

impl ServerFacts {
    fn new(server: &Server) -> Self {
        let is_web = matches!(server.plain, Some(Plain::Http1(_)));
        let (kind, version, says) = match &server.answer {
            Some(Answer::Milvus(version)) => (Kind::Milvus, Some(version.clone()), None),
            Some(Answer::MilvusSays(what)) => (Kind::Milvus, None, Some(what.clone())),
            Some(Answer::Rest) => (Kind::Rest, None, None),
            Some(Answer::OtherGrpc) => (Kind::Grpc, None, None),
            Some(Answer::Unavailable(what)) => (Kind::Unknown, None, Some(what.clone())),
            Some(Answer::Web(_)) => (Kind::Web, None, None),
            None if is_web => (Kind::Web, None, None),
            Some(Answer::Nothing) | None => (Kind::Unknown, None, None),
        };
        Self { address: server.address.to_string(), kind, version, says }
    }

    fn in_words(&self) -> String {
        match (self.kind, &self.version, &self.says) {
            (Kind::Milvus, Some(version), _) => format!("Milvus {version}"),
            (Kind::Milvus, None, Some(says)) => format!("Milvus of unknown version ({says})"),
            (Kind::Rest, ..) => "Milvus's REST interface (gRPC is on another port)".to_owned(),
            (Kind::Grpc, ..) => "a gRPC server that is not Milvus".to_owned(),
            (Kind::Web, ..) => "a web server".to_owned(),
            (Kind::Milvus, None, None) | (Kind::Unknown, ..) => "an unknown server".to_owned(),
        }
    }
}

impl TlsFacts {
    fn new(server: &Server, tls_mode: Option<u8>) -> Option<Self> {
        let tls = server.handshake.tls.as_ref()?;
        Some(Self {
            version: tls.version,
            cipher: tls.cipher.clone(),
            alpn: tls.alpn.clone(),
            takes_tls12: if tls.version == Version::Tls12 { Some(true) } else { server.takes_tls12 },
            client_certificate: match (tls.asks_for_certificate, tls_mode) {
                (false, _) => ClientCertificate::NotAskedFor,
                (true, Some(2)) => ClientCertificate::Demanded,
                (true, Some(_)) => ClientCertificate::Optional,
                (true, None) => ClientCertificate::AskedFor,
            },
            accepted: server.handshake.reply == Reply::Accepted,
        })
    }
}

impl Text for ProbeReport {
    fn write_text(&self, out: &mut dyn Write, layout: Layout) -> io::Result<()> {
        let Some(server) = &self.server else { return Ok(()) };
        if layout.detail == Detail::Errors {
            return write_findings(out, &self.findings, layout);
        }
        let mode = match self.tls_mode {
            Some(0) => ", in plaintext (tlsMode 0)",
            Some(1) => ", in tlsMode 1 (one-way)",
            Some(2) => ", in tlsMode 2 (two-way)",
            _ => "",
        };
        let (target, server) = (printable(&self.target), server.in_words());
        writeln!(out, "{BOLD}{target}{BOLD:#}  {}{mode}", printable(&server))?;
        let mut line = |label: &str, text: &str| writeln!(out, "  {label:9}  {}", printable(text));
        let addresses: Vec<String> = self.addresses.iter().map(AddressFacts::in_words).collect();
        line("address", &addresses.join(", "))?;
        if let Some(tls) = &self.tls {
            line("TLS", &tls.in_words())?;
            line("client", tls.client_in_words())?;
        }
        for (place, certificate) in self.certificates.iter().enumerate() {
            let label = if place == 0 { "server" } else { "issuer" };
            let expires = expiry(&certificate.not_after, certificate.has_expired);
            let names = match certificate.names.as_slice() {
                [] => certificate.subject.clone(),
                names => {
                    list(names, if layout.detail == Detail::Verbose { usize::MAX } else { layout.width - 34 })
                }
            };
            line(label, &format!("{names}; {expires}"))?;
            if layout.detail != Detail::Verbose {
                continue;
            }
            let mut detail = |label: &str, text: &str| line("", &format!("{label:8}  {text}"));
            detail("subject", &certificate.subject)?;
            if place == 0 {
                detail("issuer", &certificate.issuer)?;
            }
            detail("key", &certificate.key)?;
            detail("valid", &certificate.validity())?;
            detail("SHA-256", &certificate.sha256)?;
        }
        write_findings(out, &self.findings, layout)?;
        write_clients(out, &self.clients)?;
        match self.ok {
            Some(true) => {
                let rejecting = self.clients.iter().filter(|one| one.accepts == Some(false));
                let names: Vec<&str> = rejecting.map(|one| one.client.name()).collect();
                let but =
                    if names.is_empty() { String::new() } else { format!(", but not {}", names.join(", ")) };
                writeln!(out, "{GREEN}a client with these certificates connects{GREEN:#}{but}")
            }
            Some(false) => {
                let red = marked(Severity::Error);
                writeln!(
                    out,
                    "{red}a client with these certificates does not connect{red:#}{}",
                    self.in_the_expected_mode()
                )
            }
            None => Ok(()),
        }
    }
}

impl ProbeReport {
    fn in_the_expected_mode(&self) -> String {
        self.expected_tls_mode.map_or_else(String::new, |mode| format!(" in tlsMode {mode}"))
    }
}

impl AddressFacts {
    fn in_words(&self) -> String {
        if self.is_connected { self.address.clone() } else { format!("{} ({})", self.address, self.result) }
    }
}

impl TlsFacts {
    fn in_words(&self) -> String {
        let mut text = self.version.name().to_owned();
        if let Some(cipher) = &self.cipher {
            text = format!("{text}, {cipher}");
        }
        if let Some(alpn) = &self.alpn {
            text = format!("{text}, ALPN {alpn}");
        }
        if self.takes_tls12 == Some(true) && self.version != Version::Tls12 {
            text.push_str(", TLS 1.2 too");
        }
        text
    }

    fn client_in_words(&self) -> &'static str {
        match (self.client_certificate, self.accepted) {
            (ClientCertificate::NotAskedFor, _) => "no client certificate requested",
            (ClientCertificate::Optional, true) => "client certificate requested, not required",
            (ClientCertificate::Demanded, true) => "client certificate required, this one accepted",
            (ClientCertificate::Demanded, false) => "client certificate required, this one not accepted",
            (ClientCertificate::Optional, false) => "client certificate requested, this one not accepted",
            (ClientCertificate::AskedFor, true) => "client certificate requested, this one accepted",
            (ClientCertificate::AskedFor, false) => "client certificate requested",
        }
    }
}
