//! References: which package, which release. Printed and parsed as package URLs.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

use crate::{EcosystemId, PackageName, Version};

/// What a package URL leaves as it is (purl-spec, "character encoding").
const PURL_KEEP: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/').remove(b':');

/// One package of one ecosystem. Displays as a package URL, e.g. `pkg:npm/%40acme/left-pad`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PackageRef {
    /// Its ecosystem.
    pub ecosystem: EcosystemId,
    /// Its name.
    pub name: PackageName,
}

impl fmt::Display for PackageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = utf8_percent_encode(self.name.canonical(), PURL_KEEP);
        write!(f, "pkg:{}/{name}", self.ecosystem)
    }
}

/// One release. Displays as a package URL, e.g. `pkg:cargo/serde@1.0.0`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ReleaseRef {
    /// Its package.
    pub package: PackageRef,
    /// Its version.
    pub version: Version,
}

impl fmt::Display for ReleaseRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = utf8_percent_encode(self.version.display(), PURL_KEEP);
        write!(f, "{}@{version}", self.package)
    }
}

/// A package URL taken apart, before any adapter has judged its name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnverifiedPurl {
    /// The ecosystem, e.g. `npm`.
    pub ecosystem: EcosystemId,
    /// Namespace and name, percent-decoded, e.g. `@acme/left-pad`. May end in `*` in a pattern.
    pub name: String,
    /// The version, percent-decoded, when there is one.
    pub version: Option<String>,
}

/// Why a text is not a package URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{found}` is not a package URL such as pkg:npm/left-pad or pkg:cargo/serde@1.0.0")]
pub struct PurlError {
    /// The text, as given.
    pub found: String,
}

impl std::str::FromStr for UnverifiedPurl {
    type Err = PurlError;

    /// Parses `pkg:TYPE/NAME[@VERSION]`; qualifiers and subpath are refused, a raw leading `@`
    /// of an npm scope is accepted beside `%40`.
    fn from_str(raw: &str) -> Result<Self, PurlError> {
        let refuse = || PurlError { found: raw.to_owned() };
        let rest = raw.strip_prefix("pkg:").ok_or_else(refuse)?;
        let (ecosystem, rest) = rest.split_once('/').ok_or_else(refuse)?;
        if rest.contains(['?', '#']) {
            return Err(refuse());
        }
        let (name, version) = match rest.rfind('@') {
            Some(at) if at > 0 => (rest.get(..at), rest.get(at + 1..)),
            _ => (Some(rest), None),
        };
        let decode = |text: &str| {
            percent_encoding::percent_decode_str(text).decode_utf8().ok().map(|t| t.into_owned())
        };
        let name = name.and_then(decode).filter(|n| !n.is_empty()).ok_or_else(refuse)?;
        let version = match version {
            Some(text) => Some(decode(text).filter(|v| !v.is_empty()).ok_or_else(refuse)?),
            None => None,
        };
        let ecosystem = ecosystem.parse().map_err(|_| refuse())?;
        Ok(Self { ecosystem, name, version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, name: &str, version: Option<&str>) {
        let purl: UnverifiedPurl = raw.parse().unwrap();
        assert_eq!((purl.name.as_str(), purl.version.as_deref()), (name, version));
    }

    #[test]
    fn purls_come_apart() {
        check("pkg:cargo/serde@1.0.0", "serde", Some("1.0.0"));
        check("pkg:npm/%40acme/left-pad@1.3.0", "@acme/left-pad", Some("1.3.0"));
        check("pkg:npm/@acme/left-pad", "@acme/left-pad", None);
        check("pkg:npm/@acme/*", "@acme/*", None);
    }

    #[test]
    fn what_is_not_a_purl_is_refused() {
        for bad in
            ["", "serde", "pkg:", "pkg:cargo", "pkg:cargo/", "pkg:UPPER/x", "pkg:cargo/x?y=1"]
        {
            assert!(bad.parse::<UnverifiedPurl>().is_err(), "{bad:?} was accepted");
        }
    }
}
