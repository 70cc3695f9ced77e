//! Events: what happened, in the past tense. The only way to learn that something changed.

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// Declares the closed list of event kinds with their dotted names.
macro_rules! event_kinds {
    ($($(#[$doc:meta])* $variant:ident => $word:literal,)*) => {
        /// What happened. The dotted name is stable: audit trails and webhooks rely on it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[non_exhaustive]
        pub enum EventKind {
            $($(#[$doc])* #[serde(rename = $word)] $variant,)*
        }

        impl EventKind {
            /// Every kind there is.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The dotted name, e.g. `release.published`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }
    };
}

event_kinds! {
    /// An account was created.
    AccountCreated => "account.created",
    /// Somebody signed in by password or browser.
    AccountSignedIn => "account.signed-in",
    /// A token was created.
    TokenCreated => "token.created",
    /// A token was revoked.
    TokenRevoked => "token.revoked",
    /// A credential was refused.
    CredentialRefused => "credential.refused",
    /// A package got its first release.
    PackageCreated => "package.created",
    /// A release was published.
    ReleasePublished => "release.published",
    /// A further artifact was added to a release.
    ArtifactAdded => "artifact.added",
    /// An artifact was removed, because newer ones took its place.
    ArtifactRemoved => "artifact.removed",
    /// A publish was refused.
    PublishRefused => "publish.refused",
    /// A release was yanked.
    ReleaseYanked => "release.yanked",
    /// A yank was taken back.
    ReleaseUnyanked => "release.unyanked",
    /// A release got or lost its deprecation text.
    ReleaseDeprecated => "release.deprecated",
    /// A release was removed for good.
    ReleaseRemoved => "release.removed",
    /// A package was removed for good.
    PackageRemoved => "package.removed",
    /// A tag was set or moved.
    TagSet => "tag.set",
    /// A tag was removed.
    TagRemoved => "tag.removed",
    /// An owner was added.
    OwnerAdded => "owner.added",
    /// An owner was removed.
    OwnerRemoved => "owner.removed",
    /// A name or prefix was claimed for this registry.
    NameClaimed => "name.claimed",
    /// A claim was given up.
    ClaimReleased => "name.claim-released",
    /// A namespace was claimed: whoever did still has to prove that it is theirs.
    NamespaceClaimed => "namespace.claimed",
    /// A namespace belongs to an account from now on.
    NamespaceVerified => "namespace.verified",
    /// The proof of a namespace is gone; nobody publishes in it.
    NamespaceFrozen => "namespace.frozen",
    /// A claim to a namespace was given up.
    NamespaceReleased => "namespace.released",
    /// A policy entry was added.
    PolicyEntryAdded => "policy.entry-added",
    /// A policy entry was removed.
    PolicyEntryRemoved => "policy.entry-removed",
    /// A download was refused by policy.
    DownloadRefused => "download.refused",
    /// An upstream artifact was checked and admitted to the cache.
    UpstreamAdmitted => "upstream.admitted",
    /// An upstream artifact did not match what its index says.
    UpstreamMismatch => "upstream.mismatch",
    /// An upstream artifact broke off, or was too large, and was not admitted.
    UpstreamBroken => "upstream.broken",
    /// A git repository was added, whose tags become releases.
    SourceAdded => "source.added",
    /// Such a repository was removed.
    SourceRemoved => "source.removed",
    /// Tags of a repository were imported.
    SourceImported => "source.imported",
    /// A repository could not be imported.
    SourceFailed => "source.failed",
    /// A tag was refused.
    SourceTagRefused => "source.tag-refused",
    /// A tag that was published leads somewhere else now. The release stays as it is.
    SourceTagMoved => "source.tag-moved",
}

/// One event, ready to be written in the transaction that made it true.
#[derive(Debug, Clone)]
pub struct NewEvent {
    /// What happened.
    pub kind: EventKind,
    /// Who did it: an account name, `system` or `anonymous`.
    pub actor: String,
    /// To what: a package URL, an account name, a pattern.
    pub subject: String,
    /// Further facts. Never a secret, an address of a person, or package content.
    pub details: serde_json::Value,
}

impl NewEvent {
    /// An event without details.
    pub fn new(kind: EventKind, actor: impl Into<String>, subject: impl Into<String>) -> Self {
        let (actor, subject) = (actor.into(), subject.into());
        Self { kind, actor, subject, details: serde_json::Value::Null }
    }

    /// Adds details.
    #[must_use]
    pub fn with(mut self, details: serde_json::Value) -> Self {
        self.details = details;
        self
    }
}

/// One event as it was written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Event {
    /// Its place in the one order of all events, from 1, without gaps.
    pub seq: i64,
    /// Dotted kind.
    pub kind: String,
    /// Who.
    pub actor: String,
    /// To what.
    pub subject: String,
    /// Further facts.
    pub details: serde_json::Value,
    /// When it was written.
    pub at: Timestamp,
}
