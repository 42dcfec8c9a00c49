//! A finding: data. Places and files are named, and fixes are written out, by whoever reports it.

use super::clients::{self, Case, Client, Part, Rejection};
use super::code::{Concern, Row, Run, Severity};
use super::fix::Fix;
use super::table::Code;
use crate::files::{BaseName, FileKind};
use crate::profile::Role;
use crate::set::Set;

/// The owner of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// The CA's.
    Ca,
    /// The server's or client's at that index of the set.
    Leaf(usize),
    /// The server's or the client's, without any file.
    Absent(Role),
    /// A running server's: what it sends.
    Served,
}

impl Owner {
    /// Its file of that kind.
    pub fn file(self, kind: FileKind) -> Place {
        Place::File(self, kind)
    }
}

/// The location of a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In a file.
    File(Owner, FileKind),
    /// At the address of a running server.
    Server,
    /// In a configuration: which file of those that were read, and the line of it.
    Configuration {
        /// 0 is the one that was named.
        source: usize,
        /// Counted from 1.
        line: usize,
    },
}

impl Place {
    /// The owner of the file, if it is one.
    pub fn owner(self) -> Option<Owner> {
        match self {
            Self::File(owner, _) => Some(owner),
            Self::Server | Self::Configuration { .. } => None,
        }
    }

    /// True for any owner's file of that kind.
    pub fn is(self, kind: FileKind) -> bool {
        matches!(self, Self::File(_, own) if own == kind)
    }

    /// The same owner's file of another kind.
    pub fn beside(self, kind: FileKind) -> Self {
        match self {
            Self::File(owner, _) => Self::File(owner, kind),
            Self::Server | Self::Configuration { .. } => self,
        }
    }

    /// The name of the file within the set's directory.
    pub fn name_in(self, set: &Set) -> String {
        match self {
            Self::File(Owner::Ca, kind) => set.ca_base.file(kind),
            Self::File(Owner::Leaf(at), kind) => {
                set.leaves.get(at).map(|leaf| leaf.base.file(kind)).unwrap_or_default()
            }
            Self::File(Owner::Absent(role), kind) => BaseName::of_role(role).file(kind),
            Self::File(Owner::Served, _) => "served certificate".to_owned(),
            Self::Server => "server".to_owned(),
            Self::Configuration { line, .. } => format!("line {line}"),
        }
    }
}

/// Names for locations.
pub type Names<'a> = &'a dyn Fn(Place) -> String;

/// Completes a sentence that begins with the name of the finding's location; it may name other locations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Name(Place),
}

impl Message {
    /// The words before the name of a place.
    pub fn of(text: impl Into<String>, place: Place) -> Self {
        Self(vec![Piece::Text(text.into()), Piece::Name(place)])
    }

    /// The same with words before it.
    pub(super) fn after(mut self, text: String) -> Self {
        self.0.insert(0, Piece::Text(text));
        self
    }

    /// The words after it.
    pub fn and(mut self, text: impl Into<String>) -> Self {
        self.0.push(Piece::Text(text.into()));
        self
    }

    /// One more place.
    pub fn name(mut self, place: Place) -> Self {
        self.0.push(Piece::Name(place));
        self
    }

    /// As people read it.
    pub fn text(&self, names: Names<'_>) -> String {
        let texts = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Name(place) => names(*place),
        });
        texts.collect()
    }
}

impl From<String> for Message {
    fn from(text: String) -> Self {
        Self(vec![Piece::Text(text)])
    }
}

impl From<&str> for Message {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

/// One problem at one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The code.
    pub code: Code,
    /// The severity here, by the clients that it affects.
    pub severity: Severity,
    /// The severity for a run, which writes only certificates that all clients accept.
    pub for_runs: Severity,
    /// The location.
    pub at: Place,
    /// Completes a sentence that begins with the name of the place.
    pub message: Message,
    /// The clients that reject it, from the table of clients.
    pub rejections: Vec<Rejection>,
    /// Quotes of other programs.
    pub seen_as: Vec<String>,
    /// The fix.
    pub fix: Fix,
}

impl Finding {
    /// As the code's row has it.
    pub fn new(code: Code, at: Place, message: impl Into<Message>) -> Self {
        let Row { severity, ca, leaf, server, .. } = code.row();
        let fix = match at {
            Place::File(Owner::Ca, _) => ca.fix,
            Place::File(Owner::Leaf(_) | Owner::Absent(_), _) => leaf.fix,
            Place::File(Owner::Served, _) | Place::Server | Place::Configuration { .. } => server,
        };
        Self {
            code,
            severity,
            for_runs: severity,
            at,
            message: message.into(),
            rejections: Vec::new(),
            seen_as: Vec::new(),
            fix,
        }
    }

    /// Sets the rejections and the severity from the table of clients.
    pub(super) fn rate(&mut self, case: Case, part: Part, role: Role) -> &mut Self {
        if let Some(rejections) = clients::rejections(self.code, case, part, role) {
            self.severity = clients::severity(&rejections);
            self.rejections = rejections;
        }
        self
    }

    /// Sets a client's error where it is more exact than the table's.
    pub(super) fn says(&mut self, client: Client, words: String) -> &mut Self {
        if let Some(own) = self.rejections.iter_mut().find(|rejection| rejection.client == client) {
            own.says = words;
        }
        self
    }

    /// How grave it is for clients and for runs.
    pub(super) fn weigh(&mut self, severity: Severity) -> &mut Self {
        (self.severity, self.for_runs) = (severity, severity);
        self
    }

    /// The same without that client; `None` if it affects no other.
    pub fn without(mut self, client: Client) -> Option<Self> {
        let is_affected = self.is_rejected_by(client);
        self.rejections.retain(|rejection| rejection.client != client);
        if is_affected {
            self.severity = clients::severity(&self.rejections);
        }
        (!is_affected || !self.rejections.is_empty()).then_some(self)
    }

    /// True if that client rejects it.
    pub fn is_rejected_by(&self, client: Client) -> bool {
        self.rejections.iter().any(|rejection| rejection.client == client)
    }

    /// The quotes by client: `Node, Python 3.13: certificate has expired`.
    pub fn quotes(&self) -> Vec<String> {
        let mut quotes: Vec<(String, &str)> = Vec::new();
        for Rejection { client, says } in self.rejections.iter().filter(|own| !own.says.is_empty()) {
            match quotes.iter_mut().find(|(_, said)| said == says) {
                Some((who, _)) => *who = format!("{who}, {}", client.name()),
                None => quotes.push((client.name().to_owned(), says)),
            }
        }
        let quotes = quotes.into_iter().map(|(who, says)| format!("{who}: {says}"));
        quotes.chain(self.seen_as.iter().cloned()).collect()
    }

    /// Adds a quote, such as `Go: tls: bad certificate`.
    pub fn seen(&mut self, who_says_what: impl Into<String>) -> &mut Self {
        self.seen_as.push(who_says_what.into());
        self
    }

    /// What a run does about it.
    pub fn run(&self) -> Run {
        let Row { ca, leaf, .. } = self.code.row();
        match self.at.owner() {
            Some(Owner::Ca) => ca.run,
            Some(Owner::Leaf(_) | Owner::Absent(_)) => leaf.run,
            Some(Owner::Served) | None => Run::Ignores,
        }
    }

    /// The problem and, unless it is plain, the first quote.
    pub fn reason(&self, names: Names<'_>) -> String {
        let row = self.code.row();
        let message = self.message.text(names);
        match self.quotes().first() {
            Some(seen) if !row.is_plain && row.concerns != Concern::File => format!("{message} ({seen})"),
            _ => message,
        }
    }

    /// The same after the name of its place.
    pub fn sentence(&self, names: Names<'_>) -> String {
        format!("{} {}", names(self.at), self.reason(names))
    }
}

/// True if neither Milvus nor a client rejects anything: a set with these findings may be written.
pub fn is_valid(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.for_runs < Severity::Error)
}
