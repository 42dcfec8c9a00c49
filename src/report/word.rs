//! Types that are single words in the JSON.

use serde::Serializer;

use crate::check::{Client, Severity};
use crate::plan::Action;
use crate::probe::Version;
use crate::profile::Role;

/// What has one word of the contract for each of its values.
pub(super) trait Word {
    fn word(&self) -> &'static str;
}

impl Word for Action {
    fn word(&self) -> &'static str {
        match self {
            Self::Keep => "keep",
            Self::Refresh => "refresh",
            Self::Resign => "re-sign",
            Self::Issue => "issue",
        }
    }
}

impl Word for Role {
    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Word for Client {
    fn word(&self) -> &'static str {
        Self::word(*self)
    }
}

impl Word for Severity {
    fn word(&self) -> &'static str {
        self.name()
    }
}

impl Word for Version {
    fn word(&self) -> &'static str {
        self.name()
    }
}

/// For `serialize_with`.
pub(super) fn as_word<T: Word, S: Serializer>(value: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(value.word())
}
