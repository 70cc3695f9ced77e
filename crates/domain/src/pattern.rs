//! Name patterns: which packages a token, a claim or a rule is about.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{MAX_PACKAGE_NAME_BYTES, NameError, check_length, forbid_unless};
use crate::{EcosystemId, PackageRef};

/// `pkg:ECOSYSTEM/NAME` with an optional `*` at the very end: one package, or all with a prefix.
///
/// Compared with canonical names, byte by byte. `pkg:npm/@acme/*` is every package of a scope,
/// `pkg:npm/*` every npm package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct NamePattern {
    ecosystem: EcosystemId,
    text: String,
    is_prefix: bool,
}

impl NamePattern {
    /// The ecosystem it speaks of.
    pub fn ecosystem(&self) -> &EcosystemId {
        &self.ecosystem
    }

    /// The canonical name, or the prefix of it when [`is_prefix`](Self::is_prefix).
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it ends in `*`.
    pub fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// Whether this package is meant.
    pub fn matches(&self, package: &PackageRef) -> bool {
        self.ecosystem == package.ecosystem && self.matches_name(package.name.canonical())
    }

    /// Whether this canonical name of the pattern's own ecosystem is meant.
    pub fn matches_name(&self, canonical: &str) -> bool {
        if self.is_prefix { canonical.starts_with(&self.text) } else { canonical == self.text }
    }
}

impl TryFrom<String> for NamePattern {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        raw.parse()
    }
}

impl std::str::FromStr for NamePattern {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        let purl: crate::reference::UnverifiedPurl = raw.parse().map_err(|_| {
            NameError::rule("a pattern is pkg:ECOSYSTEM/NAME, with * at the end for a prefix")
        })?;
        if purl.version.is_some() {
            return Err(NameError::rule("a name pattern has no version"));
        }
        check_length(&purl.name, MAX_PACKAGE_NAME_BYTES)?;
        let (text, is_prefix) = match purl.name.strip_suffix('*') {
            Some(prefix) => (prefix.to_owned(), true),
            None => (purl.name, false),
        };
        // What no name has (see `PackageName::new`), and `@` only where a scope starts: written out
        // again, the pattern would be read as another one.
        forbid_unless(&text, |c| {
            !c.is_control() && !c.is_whitespace() && !matches!(c, '*' | '\\' | '%' | '?' | '#')
        })?;
        if text.rfind('@').is_some_and(|at| at > 0) {
            return Err(NameError::rule("a name pattern has an `@` at its start or not at all"));
        }
        Ok(Self { ecosystem: purl.ecosystem, text, is_prefix })
    }
}

impl From<NamePattern> for String {
    fn from(pattern: NamePattern) -> Self {
        pattern.to_string()
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.is_prefix { "*" } else { "" };
        write!(f, "pkg:{}/{}{star}", self.ecosystem, self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(pattern: &str, canonical: &str, expected: bool) {
        let pattern: NamePattern = pattern.parse().unwrap();
        assert_eq!(pattern.matches_name(canonical), expected);
    }

    #[test]
    fn a_star_means_prefix_and_nothing_else_does() {
        check("pkg:npm/@acme/*", "@acme/left-pad", true);
        check("pkg:npm/@acme/*", "@acme2/left-pad", false);
        check("pkg:npm/left-pad", "left-pad", true);
        check("pkg:npm/left-pad", "left-pad-2", false);
        check("pkg:npm/*", "anything", true);
        assert!("pkg:npm/a*b".parse::<NamePattern>().is_err());
    }

    #[test]
    fn what_would_be_read_differently_the_next_time_is_refused() {
        for raw in ["pkg:npm/a%2541", "pkg:npm/a%40b", "pkg:npm/a%3Fb", "pkg:npm/@a@b/*"] {
            assert!(raw.parse::<NamePattern>().is_err(), "{raw} was accepted");
        }
        let pattern: NamePattern = "pkg:npm/%40acme/*".parse().unwrap();
        assert_eq!(pattern.to_string(), "pkg:npm/@acme/*");
    }
}
