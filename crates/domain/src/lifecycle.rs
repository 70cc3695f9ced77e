//! Lifecycle states of packages and releases, and the moves between them.

use serde::{Deserialize, Serialize};

/// Where a package or release stands. Yanked and deprecated are marks beside it, not states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LifecycleState {
    /// Listed and served.
    Active,
    /// Held back while people look at it. Reversible; nothing is deleted.
    Quarantined,
    /// Gone for good. The row stays as a tombstone, so name and version are never used again.
    Removed,
}

impl LifecycleState {
    /// The word in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Quarantined => "quarantined",
            Self::Removed => "removed",
        }
    }

    /// Whether a thing in this state may become `next`. Nothing leaves `Removed`.
    pub const fn may_become(self, next: Self) -> bool {
        match (self, next) {
            (Self::Removed, _) => false,
            (Self::Active, Self::Active) | (Self::Quarantined, Self::Quarantined) => false,
            (Self::Active | Self::Quarantined, _) => true,
        }
    }
}

/// A word that names no state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a lifecycle state")]
pub struct UnknownState(pub String);

impl std::str::FromStr for LifecycleState {
    type Err = UnknownState;

    fn from_str(word: &str) -> Result<Self, UnknownState> {
        match word {
            "active" => Ok(Self::Active),
            "quarantined" => Ok(Self::Quarantined),
            "removed" => Ok(Self::Removed),
            other => Err(UnknownState(other.to_owned())),
        }
    }
}
