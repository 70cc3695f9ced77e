//! Policy entries: what people have decided about single packages and releases.

use std::fmt;

use serde::{Deserialize, Serialize};
use vouchsafe_domain::{NamePattern, Timestamp, Version};

/// Longest reason, in characters: it is shown in one line of a client's output.
const MAX_REASON_CHARS: usize = 500;

/// What an entry does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntryKind {
    /// Never serve it. Nothing lifts this but the end of the entry.
    Deny,
    /// It may be served where only what is allowed is served.
    Allow,
    /// Lifts the cooldown and the allow list, never a deny entry or a quarantine.
    Exempt,
}

impl EntryKind {
    /// The word on the command line and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Exempt => "exempt",
        }
    }
}

impl fmt::Display for EntryKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that names no kind of entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a kind of policy entry; there are deny, allow, exempt")]
pub struct UnknownEntryKind(pub String);

impl std::str::FromStr for EntryKind {
    type Err = UnknownEntryKind;

    fn from_str(word: &str) -> Result<Self, UnknownEntryKind> {
        match word {
            "deny" => Ok(Self::Deny),
            "allow" => Ok(Self::Allow),
            "exempt" => Ok(Self::Exempt),
            other => Err(UnknownEntryKind(other.to_owned())),
        }
    }
}

/// One decision of a person about packages or releases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyEntry {
    /// Its id, for people who want to remove it.
    pub id: String,
    /// What it does.
    pub kind: EntryKind,
    /// Which packages it is about.
    pub pattern: NamePattern,
    /// Which version, in its display or canonical form; `None` is all. Give the canonical form
    /// where an adapter can tell it, otherwise another spelling of the version slips through.
    pub version: Option<String>,
    /// Why. Shown to people whose download is refused.
    pub reason: String,
    /// Who decided. Not shown to clients.
    pub author: String,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it stops to have an effect; `None` is never.
    pub ends_at: Option<Timestamp>,
}

/// Why an entry cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// Nobody stands for it.
    #[error("a policy entry needs an author")]
    NoAuthor,
    /// Nobody will remember why.
    #[error("a policy entry needs a reason")]
    NoReason,
    /// The reason does not fit into a refusal.
    #[error(
        "the reason may have at most {MAX_REASON_CHARS} characters, none of them a control character"
    )]
    BadReason,
    /// It would have no effect.
    #[error("the entry ends before it begins")]
    EndsBeforeItBegins,
}

impl PolicyEntry {
    /// Checks an entry before it is added.
    ///
    /// # Errors
    ///
    /// [`EntryError`] with what the author has to mend.
    pub fn check(&self) -> Result<(), EntryError> {
        if self.author.trim().is_empty() {
            return Err(EntryError::NoAuthor);
        }
        if self.reason.trim().is_empty() {
            return Err(EntryError::NoReason);
        }
        if self.reason.chars().count() > MAX_REASON_CHARS
            || self.reason.chars().any(char::is_control)
        {
            return Err(EntryError::BadReason);
        }
        if self.ends_at.is_some_and(|ends_at| ends_at <= self.created_at) {
            return Err(EntryError::EndsBeforeItBegins);
        }
        Ok(())
    }

    /// Whether the entry speaks of this version of a package that its pattern matches.
    pub fn covers_version(&self, version: &Version) -> bool {
        self.version
            .as_deref()
            .is_none_or(|covered| covered == version.display() || covered == version.canonical())
    }

    /// Whether the entry has an effect at this time. An exemption that nobody signed or explained
    /// never has one.
    pub fn is_active(&self, now: Timestamp) -> bool {
        let is_running = self.ends_at.is_none_or(|ends_at| now < ends_at);
        let is_accountable = self.kind != EntryKind::Exempt
            || !(self.author.trim().is_empty() || self.reason.trim().is_empty());
        is_running && is_accountable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> PolicyEntry {
        PolicyEntry {
            id: "1".to_owned(),
            kind: EntryKind::Exempt,
            pattern: "pkg:npm/left-pad".parse().unwrap(),
            version: None,
            reason: "needed".to_owned(),
            author: "ada".to_owned(),
            created_at: Timestamp::from_secs(100),
            ends_at: None,
        }
    }

    #[track_caller]
    fn check(change: impl FnOnce(&mut PolicyEntry), expected: Result<(), EntryError>) {
        let mut entry = entry();
        change(&mut entry);
        assert_eq!(entry.check(), expected);
    }

    #[test]
    fn somebody_stands_for_every_entry_and_says_why() {
        check(|_| {}, Ok(()));
        check(|entry| entry.author = " ".to_owned(), Err(EntryError::NoAuthor));
        check(|entry| entry.reason = "\t".to_owned(), Err(EntryError::NoReason));
    }

    #[test]
    fn a_reason_fits_into_a_line() {
        check(|entry| entry.reason = "x".repeat(500), Ok(()));
        check(|entry| entry.reason = "x".repeat(501), Err(EntryError::BadReason));
        check(|entry| entry.reason = "a\r\nb".to_owned(), Err(EntryError::BadReason));
    }

    #[test]
    fn an_entry_ends_after_it_begins() {
        let at = |secs| Some(Timestamp::from_secs(secs));
        check(|entry| entry.ends_at = at(101), Ok(()));
        check(|entry| entry.ends_at = at(100), Err(EntryError::EndsBeforeItBegins));
    }

    #[test]
    fn the_words_are_read_back() {
        for kind in [EntryKind::Deny, EntryKind::Allow, EntryKind::Exempt] {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert!("DENY".parse::<EntryKind>().is_err());
    }

    #[test]
    fn an_entry_survives_json() {
        let json = r#"{"id":"1","kind":"exempt","pattern":"pkg:npm/left-pad","version":null,
            "reason":"needed","author":"ada","created_at":"1970-01-01T00:01:40Z","ends_at":null}"#;
        assert_eq!(serde_json::from_str::<PolicyEntry>(json).unwrap(), entry());
    }
}
