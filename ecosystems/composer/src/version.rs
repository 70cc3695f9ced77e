//! Versions as the registry keeps them.
//!
//! The canonical form is Composer's normalized one. Where Composer would read its own normalized
//! form differently (`2010-01-02` becomes `2010.01.02`, which as a version is `2010.01.02.0`), the
//! canonical form is the spelling with dashes, so that it always leads back to the same version.

use std::cmp::Ordering;

use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;

use crate::semver::{self, MAX_VERSION_BYTES, Stability};

/// Reads a version as somebody typed it.
///
/// Branches with a slash in their name are no version here: they would be two segments of a path.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    if raw.len() > MAX_VERSION_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_VERSION_BYTES });
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '+');
    if raw.contains("..") || !raw.chars().all(is_allowed) {
        return Err(NameError::rule("versions are letters, digits and single `.`, `_`, `-`, `+`"));
    }
    let normalized = semver::normalize(raw).map_err(|error| NameError::rule(error.to_string()))?;
    let canonical = canonical(&normalized)
        .ok_or_else(|| NameError::rule("Composer reads this version in two ways"))?;
    Version::new(raw, canonical)
}

/// Reads a version that a client states in normalized form.
pub(crate) fn parse_normalized(normalized: &str) -> Option<Version> {
    parse(&canonical(normalized)?).ok()
}

/// A spelling that normalizes to this.
fn canonical(normalized: &str) -> Option<String> {
    let leads_back = |text: &String| semver::normalize(text).as_deref() == Ok(normalized);
    let (numbers, suffix) =
        normalized.split_at_checked(normalized.find('-').unwrap_or(normalized.len()))?;
    let with_dashes = || Some(numbers.replace('.', "-") + suffix).filter(leads_back);
    Some(normalized.to_owned()).filter(leads_back).or_else(with_dashes)
}

/// What Composer compares.
pub(crate) fn normalized(version: &Version) -> String {
    // What `parse` did not make is taken as it stands.
    semver::normalize(version.canonical()).unwrap_or_else(|_| version.canonical().to_owned())
}

/// Orders like Composer. Named branches have no place in its order: they come first, by name.
/// Versions that Composer takes for equal (`1.0`, `1.00`) are ordered by their letters.
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    let (ours, theirs) = (normalized(left), normalized(right));
    let by_branch = semver::is_branch(&theirs).cmp(&semver::is_branch(&ours));
    let by_meaning = || match semver::is_branch(&ours) {
        true => Ordering::Equal,
        false => semver::compare(&ours, &theirs),
    };
    by_branch.then_with(by_meaning).then_with(|| left.canonical().cmp(right.canonical()))
}

/// How finished it is.
pub(crate) fn stability(version: &Version) -> Stability {
    Stability::of(&normalized(version))
}

/// Whether it moves: the same version stands for newer bytes after the next upload.
pub(crate) fn is_moving(version: &Version) -> bool {
    stability(version) == Stability::Dev
}
