//! Composer's versions and constraints, exactly as Composer reads them.
//!
//! Composer turns every version into a *normalized* form (`v1.0b2` is `1.0.0.0-beta2`) and compares
//! those with PHP's `version_compare`. Constraints become comparisons with normalized versions.
//! Both have corners that nobody would design today; they are kept, because a registry that reads
//! a version differently from its client protects the wrong one.
//!
//! # Source
//!
//! The behavior of the library `composer/semver` 3 and of PHP 8; the tests hold its public cases.

mod constraint;
mod modifier;
mod normalize;
mod order;
mod parse;

pub use constraint::{Comparison, Constraint, Operator};
pub use normalize::{normalize, normalize_branch};
pub use order::compare;
pub use parse::MAX_CONSTRAINT_BYTES;

use modifier::{Case, Modifier};

/// Longest version that is read, in bytes.
pub const MAX_VERSION_BYTES: usize = 128;

/// Why a text is not a version or a constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SemverError {
    /// Longer than any sensible one.
    #[error("it is longer than {limit_bytes} bytes")]
    TooLong {
        /// The limit, in bytes.
        limit_bytes: usize,
    },
    /// Composer would not read it as a version.
    #[error("Composer does not read it as a version")]
    NotAVersion,
    /// Composer would not read it as a constraint.
    #[error("Composer does not read it as a version constraint")]
    NotAConstraint,
}

/// How finished a version says it is; greater is more finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stability {
    /// Branches, and everything that ends in `dev`.
    Dev,
    /// `-alpha`.
    Alpha,
    /// `-beta`.
    Beta,
    /// `-RC`.
    ReleaseCandidate,
    /// No suffix, or `-patch`.
    Stable,
}

impl Stability {
    /// Reads it out of a version, normalized or as typed.
    pub fn of(version: &str) -> Self {
        // A commit may be pinned behind `#`; at least one character of it.
        let version = match version.split_once('#') {
            Some((before, reference)) if !reference.is_empty() => before,
            _ => version,
        };
        if version.starts_with("dev-") || version.ends_with("-dev") {
            return Self::Dev;
        }
        let lower = version.to_ascii_lowercase();
        let suffix = lower.char_indices().map(|(at, _)| at).chain([lower.len()]).find_map(|at| {
            let rest = lower.get(at..)?;
            let plain = rest.split_once('+').map_or(rest, |(plain, _build)| plain);
            Modifier::parse(plain, Case::Insensitive)
        });
        match suffix {
            Some(Modifier { is_dev: true, .. }) => Self::Dev,
            Some(Modifier { word: Some("beta" | "b"), .. }) => Self::Beta,
            Some(Modifier { word: Some("alpha" | "a"), .. }) => Self::Alpha,
            Some(Modifier { word: Some("RC"), .. }) => Self::ReleaseCandidate,
            _ => Self::Stable,
        }
    }
}

/// Whether a normalized version is the name of a branch: it then has no place in any order.
pub fn is_branch(normalized: &str) -> bool {
    normalized.starts_with("dev-")
}
