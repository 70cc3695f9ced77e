//! Semantic versions, as Cargo orders them.
//!
//! Build metadata (`+…`) has no part in order or identity: Cargo takes `1.0.0+a` and `1.0.0+b` for
//! one version, so a package may hold only one of them.

use std::cmp::Ordering;

use semver::BuildMetadata;
use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::version::MAX_VERSION_BYTES;

/// Reads a version.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    if raw.len() > MAX_VERSION_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_VERSION_BYTES });
    }
    let mut parsed = semver::Version::parse(raw)
        .map_err(|error| NameError::rule(format!("not a semantic version: {error}")))?;
    parsed.build = BuildMetadata::EMPTY;
    Version::new(raw, parsed.to_string())
}

/// Orders by precedence.
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    match (semver(left), semver(right)) {
        (Some(left), Some(right)) => left.cmp_precedence(&right),
        // A version that `parse` did not make has no meaning; any fixed order will do.
        _ => left.canonical().cmp(right.canonical()),
    }
}

/// Whether a resolver skips it unless asked.
pub(crate) fn is_prerelease(version: &Version) -> bool {
    semver(version).is_some_and(|version| !version.pre.is_empty())
}

fn semver(version: &Version) -> Option<semver::Version> {
    semver::Version::parse(version.canonical()).ok()
}
