//! Versions, and the queries that stand where a version may stand.
//!
//! A *canonical* version is `vMAJOR.MINOR.PATCH`, maybe with a pre-release, maybe with
//! `+incompatible` (a major version from 2 on without `go.mod`). A *pseudo-version*, a commit
//! without a tag, is a canonical version whose pre-release holds a time and a hash. Everything
//! else that `go` may send is a *query*: `latest`, a branch, a commit, `v1`, `v1.2.3+meta`. The
//! upstream says which canonical version it stands for today.
//!
//! Queries are versions to the registry, because a document may be asked for by one. They sort
//! below every canonical version, and no list has one.
//!
//! Numbers have any number of digits and are compared as text: Go has no largest number either.
//!
//! # Source
//!
//! Go Modules Reference, sections "Versions" and "Version queries"; `golang.org/x/mod/semver`.

use std::cmp::Ordering;

use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;
use vouchsafe_domain::version::MAX_VERSION_BYTES;

/// The query that `{module}/@latest` answers.
pub(crate) const LATEST: &str = "latest";

const INCOMPATIBLE: &str = "+incompatible";

/// Reads a canonical version or a query.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    if raw.len() > MAX_VERSION_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_VERSION_BYTES });
    }
    if Semantic::parse(raw).is_none() {
        check_query(raw)?;
    }
    Version::new(raw, raw)
}

/// Orders as `go` does; queries come first.
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    match (Semantic::parse(left.canonical()), Semantic::parse(right.canonical())) {
        (Some(left), Some(right)) => left.compare(&right),
        (Some(_), None) => Ordering::Greater,
        (None, Some(_)) => Ordering::Less,
        (None, None) => left.canonical().cmp(right.canonical()),
    }
}

/// Whether this names one release for good, rather than being a query.
pub(crate) fn is_canonical(version: &Version) -> bool {
    Semantic::parse(version.canonical()).is_some()
}

/// Whether it is a tag, which lists hold, and no name of a commit.
pub(crate) fn is_tag(version: &Version) -> bool {
    is_canonical(version) && !is_pseudo(version.canonical())
}

/// `v0.0.0-20170915032832-14c0d48ead0c` and its kin: a time, then the beginning of a commit's name.
fn is_pseudo(text: &str) -> bool {
    let text = text.strip_suffix("+incompatible").unwrap_or(text);
    let Some((before, commit)) = text.rsplit_once('-') else { return false };
    let time = before.rsplit(['-', '.']).next().unwrap_or_default();
    commit.len() == 12
        && commit.bytes().all(|byte| byte.is_ascii_hexdigit())
        && time.len() == 14
        && time.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether `go get` passes it by unless asked: pre-releases, pseudo-versions, queries.
pub(crate) fn is_prerelease(version: &Version) -> bool {
    Semantic::parse(version.canonical()).is_none_or(|version| version.pre.is_some())
}

/// What `go` lets into an address, without characters that mean something in one.
fn check_query(raw: &str) -> Result<(), NameError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "-._+~@".contains(c);
    if let Some(found) = raw.chars().find(|c| !is_allowed(*c)) {
        return Err(NameError::Forbidden { found: found.escape_default().to_string() });
    }
    if raw.starts_with(['.', '-']) || raw.ends_with('.') || raw.contains("..") {
        return Err(NameError::rule(
            "a version is `vX.Y.Z`, or a branch, tag or commit without dots at its ends or side by side",
        ));
    }
    Ok(())
}

/// A canonical version taken apart.
struct Semantic<'a> {
    core: [&'a str; 3],
    pre: Option<&'a str>,
    is_incompatible: bool,
}

impl<'a> Semantic<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let rest = text.strip_prefix('v')?;
        let (rest, is_incompatible) = match rest.strip_suffix(INCOMPATIBLE) {
            Some(rest) => (rest, true),
            None => (rest, false),
        };
        let (core, pre) = match rest.split_once('-') {
            Some((core, pre)) => (core, Some(pre)),
            None => (rest, None),
        };
        let mut numbers = core.split('.');
        let core = [numbers.next()?, numbers.next()?, numbers.next()?];
        let is_core = numbers.next().is_none() && core.iter().all(|number| is_number(number));
        let is_pre = pre.is_none_or(|pre| pre.split('.').all(is_identifier));
        (is_core && is_pre).then_some(Self { core, pre, is_incompatible })
    }

    fn compare(&self, other: &Self) -> Ordering {
        let cores = self.core.iter().zip(&other.core);
        cores
            .map(|(left, right)| compare_numbers(left, right))
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
            .then_with(|| match (self.pre, other.pre) {
                (Some(left), Some(right)) => compare_pre(left, right),
                (left, right) => right.is_some().cmp(&left.is_some()),
            })
            .then(self.is_incompatible.cmp(&other.is_incompatible))
    }
}

fn compare_pre(left: &str, right: &str) -> Ordering {
    let (mut left, mut right) = (left.split('.'), right.split('.'));
    loop {
        let order = match (left.next(), right.next()) {
            (Some(left), Some(right)) => compare_identifiers(left, right),
            (None, None) => return Ordering::Equal,
            (left, right) => return left.is_some().cmp(&right.is_some()),
        };
        if order.is_ne() {
            return order;
        }
    }
}

fn compare_identifiers(left: &str, right: &str) -> Ordering {
    match (is_number(left), is_number(right)) {
        (true, true) => compare_numbers(left, right),
        (false, false) => left.cmp(right),
        (left_is_number, right_is_number) => right_is_number.cmp(&left_is_number),
    }
}

/// Without leading zeros the longer number is the larger one.
fn compare_numbers(left: &str, right: &str) -> Ordering {
    left.len().cmp(&right.len()).then_with(|| left.cmp(right))
}

/// Decimal digits without leading zeros.
fn is_number(text: &str) -> bool {
    let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits && (text == "0" || !text.starts_with('0'))
}

/// An identifier of a pre-release: no leading zeros where it is a number.
fn is_identifier(text: &str) -> bool {
    let is_word =
        !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_word && (is_number(text) || !text.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expect_canonical: bool, expect_prerelease: bool) {
        let version = parse(raw).unwrap();
        assert_eq!(is_canonical(&version), expect_canonical, "{raw} is canonical");
        assert_eq!(is_prerelease(&version), expect_prerelease, "{raw} is a pre-release");
    }

    #[test]
    fn canonical_versions_and_queries_are_told_apart() {
        check("v0.0.0", true, false);
        check("v2.0.0+incompatible", true, false);
        check("v1.0.0-RC.1", true, true);
        check("v0.0.0-20191109021931-daa7c04131f5", true, true);
        check("v1.2.4-0.20191109021931-daa7c04131f5", true, true);
        check("v0.0.1-go1.26.0.linux-amd64", true, true);
        check("v99999999999999999999999.0.0", true, false);
        for query in [
            "latest",
            "master",
            "v1",
            "v1.2",
            "1.2.3",
            "V1.2.3",
            "v01.2.3",
            "v1.2.3-01",
            "v1.2.3+meta",
            "v1.2.3-",
            "daa7c04131f5",
            "release-1.0",
            "release@2026",
        ] {
            check(query, false, true);
        }
    }
}
