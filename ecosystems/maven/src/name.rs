//! Names: `groupId/artifactId`, and the paths that follow from them.
//!
//! Letter case counts in Maven, and dots, dashes and underscores are different characters. Two
//! names that differ by letter case alone would be one directory on many disks, so case is what
//! the collision key folds, and nothing else.

use vouchsafe_domain::PackageName;
use vouchsafe_domain::name::NameError;

/// How the directory of a snapshot ends, and so never the name of an artifact.
pub(crate) const SNAPSHOT_ENDING: &str = "-SNAPSHOT";

/// Reads `group/artifact` or `group:artifact`.
pub(crate) fn parse(raw: &str) -> Result<PackageName, NameError> {
    let parts = raw.split_once(':').or_else(|| raw.split_once('/'));
    let Some((group, artifact)) = parts else {
        return Err(NameError::rule("a Maven package is named `groupId:artifactId`"));
    };
    of(group, artifact)
}

/// The name of these coordinates.
pub(crate) fn of(group: &str, artifact: &str) -> Result<PackageName, NameError> {
    check_id(group)?;
    if group.split('.').any(str::is_empty) {
        return Err(NameError::rule("a groupId is words with single dots between them"));
    }
    check_id(artifact)?;
    if artifact.starts_with('.') || artifact.ends_with('.') || artifact.contains("..") {
        return Err(NameError::rule("an artifactId has no dot at its ends and no two in a row"));
    }
    if artifact.ends_with(SNAPSHOT_ENDING) {
        return Err(NameError::rule("an artifactId must not end like the version of a snapshot"));
    }
    let name = format!("{group}/{artifact}");
    PackageName::new(name.as_str(), name.as_str(), name.to_ascii_lowercase())
}

/// The characters that Maven itself allows in an id.
fn check_id(id: &str) -> Result<(), NameError> {
    if id.is_empty() {
        return Err(NameError::Empty);
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    match id.chars().find(|c| !is_allowed(*c)) {
        Some(c) => Err(NameError::Forbidden { found: c.escape_default().to_string() }),
        None => Ok(()),
    }
}

/// groupId and artifactId.
pub(crate) fn split(package: &PackageName) -> (&str, &str) {
    package.canonical().split_once('/').unwrap_or((package.canonical(), ""))
}

/// The directory of a package, without slashes around it. Needs no escaping.
pub(crate) fn directory(package: &PackageName) -> String {
    let (group, artifact) = split(package);
    format!("{}/{artifact}", group.replace('.', "/"))
}

/// The package whose metadata document is that of this package's group: one path is both.
pub(crate) fn namespace_of(package: &PackageName) -> Option<PackageName> {
    let (group, _) = split(package);
    let (parent, last) = group.rsplit_once('.')?;
    of(parent, last).ok()
}
