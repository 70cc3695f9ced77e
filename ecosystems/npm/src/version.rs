//! Versions (Semantic Versioning 2.0, as strict as `npm publish`) and dist-tags.
//!
//! The order is npm's own: build metadata does not count, neither for order nor for identity.

use std::cmp::Ordering;

use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;

/// JavaScript's `Number.MAX_SAFE_INTEGER`: npm refuses larger major, minor and patch numbers.
const MAX_SAFE_INTEGER: u64 = 9_007_199_254_740_991;
/// Longest dist-tag, in bytes.
const MAX_TAG_BYTES: usize = 128;

/// Reads a version. No leading `v`, no spaces, three numbers: npm cleans versions before it
/// sends them, so anything else was not written by a client.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    let parsed = semver::Version::parse(raw)
        .map_err(|error| NameError::rule(format!("a version looks like 1.2.3 ({error})")))?;
    if [parsed.major, parsed.minor, parsed.patch].iter().any(|part| *part > MAX_SAFE_INTEGER) {
        return Err(NameError::rule("a number in the version is larger than npm can count"));
    }
    let canonical = raw.split_once('+').map_or(raw, |(precedence, _build)| precedence);
    Version::new(raw, canonical)
}

/// Reads a version as `package.json` may spell it: npm's `semver.clean` takes a leading `v` or
/// `=` and spaces away.
pub(crate) fn parse_clean(raw: &str) -> Result<Version, NameError> {
    parse(raw.trim().trim_start_matches(['=', 'v', ' ']))
}

/// Orders two versions by SemVer precedence.
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    match (semver::Version::parse(left.canonical()), semver::Version::parse(right.canonical())) {
        (Ok(left), Ok(right)) => left.cmp_precedence(&right),
        // Not made by `parse`; still a total order.
        (left_parsed, right_parsed) => left_parsed
            .is_ok()
            .cmp(&right_parsed.is_ok())
            .then_with(|| left.canonical().cmp(right.canonical())),
    }
}

/// Whether the version has a pre-release part: `^1.0.0` never picks it by itself.
pub(crate) fn is_prerelease(version: &Version) -> bool {
    version.canonical().contains('-')
}

/// Checks a dist-tag. `npm install name@something` must have one meaning, so a tag that reads as
/// a version range is refused here as in `npm dist-tag`.
pub(crate) fn check_tag(tag: &str) -> Result<(), NameError> {
    if tag.is_empty() {
        return Err(NameError::Empty);
    }
    if tag.len() > MAX_TAG_BYTES {
        return Err(NameError::TooLong { limit_bytes: MAX_TAG_BYTES });
    }
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+');
    if let Some(found) = tag.chars().find(|c| !is_allowed(*c)) {
        return Err(NameError::Forbidden { found: found.escape_default().to_string() });
    }
    if !tag.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(NameError::rule("a dist-tag starts with a letter or a digit"));
    }
    if nodejs_semver::Range::parse(tag).is_ok() {
        return Err(NameError::rule("a dist-tag must not read as a version or version range"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn versions_are_strict() {
        for bad in [
            "",
            "1",
            "1.0",
            "v1.0.0",
            " 1.0.0",
            "1.0.0 ",
            "01.0.0",
            "1.0.0-01",
            "1.0.0-",
            "1.0.0+",
            "1.0.0.0",
            "latest",
            "^1.0.0",
            "9007199254740992.0.0",
            "1.0.0-a/b",
            "1.0.0\n",
        ] {
            assert!(parse(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["0.0.0", "1.0.0-alpha.1", "1.0.0-0a", "1.0.0+001", "9007199254740991.0.0"] {
            assert_eq!(parse(good).unwrap().display(), good);
        }
    }

    #[test]
    fn build_metadata_is_not_identity() {
        assert_eq!(parse("1.0.0+a").unwrap(), parse("1.0.0+b").unwrap());
        assert_ne!(parse("1.0.0-a").unwrap(), parse("1.0.0").unwrap());
    }

    #[test]
    fn package_json_may_say_v() {
        assert_eq!(parse_clean(" =v1.2.3 ").unwrap().display(), "1.2.3");
    }

    #[test]
    fn versions_order_as_in_npm() {
        let ascending = [
            "0.9.9",
            "1.0.0-0",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0.0",
            "1.0.1",
            "1.2.0",
            "1.10.0",
            "2.0.0",
        ]
        .map(|raw| parse(raw).unwrap());
        for (i, left) in ascending.iter().enumerate() {
            for (j, right) in ascending.iter().enumerate() {
                assert_eq!(compare(left, right), i.cmp(&j), "{left} and {right}");
            }
        }
    }

    #[test]
    fn a_tag_is_never_a_range() {
        for bad in
            ["", "1", "1.x", "v1", "x", "*", ">=1", "1.0.0", "a b", "a/b", "-x", "é", "__proto__"]
        {
            assert!(check_tag(bad).is_err(), "{bad:?} was accepted");
        }
        for good in ["latest", "next", "beta", "canary-2024", "release_1", "next.1"] {
            assert_eq!(check_tag(good), Ok(()), "{good:?}");
        }
    }

    proptest! {
        #[test]
        fn equal_order_means_equal_identity(
            left in "[0-2]\\.[0-2]\\.[0-2](-[a1](\\.[b2])?)?(\\+[xy])?",
            right in "[0-2]\\.[0-2]\\.[0-2](-[a1](\\.[b2])?)?(\\+[xy])?",
        ) {
            let (left, right) = (parse(&left).unwrap(), parse(&right).unwrap());
            prop_assert_eq!(compare(&left, &right) == Ordering::Equal, left == right);
            prop_assert_eq!(compare(&left, &right), compare(&right, &left).reverse());
        }
    }
}
