//! Versions: PEP 440.
//!
//! `1.0`, `1.0.0` and `v1.0` are one release, so the canonical form is the normalized one without
//! trailing zeros. Local versions (`1.0+cpu`) are never uploaded here and often proxied.

use std::cmp::Ordering;
use std::str::FromStr;

use vouchsafe_domain::Version;
use vouchsafe_domain::name::NameError;

/// The largest 64-bit number. Comparing, the parser takes it for "no such part": `1.dev` with it
/// would be equal to `1` and yet another version.
const NO_NUMBER: &str = "18446744073709551615";

/// Reads a version of any spelling that PEP 440 allows.
///
/// # Errors
///
/// [`NameError`] when it is none.
pub(crate) fn parse(raw: &str) -> Result<Version, NameError> {
    // Checks the length and the characters before a parser sees them.
    Version::new(raw, raw)?;
    let parsed = pep440_rs::Version::from_str(raw)
        .map_err(|_| NameError::rule("a version looks like `1.2.3`, as PEP 440 describes"))?;
    let canonical = without_trailing_zeros(&parsed).to_string();
    if canonical.contains(NO_NUMBER) {
        return Err(NameError::rule("a number in the version is too large"));
    }
    Version::new(raw, canonical)
}

/// The normalized form with its zeros: what stands in a file name.
pub(crate) fn normalized(version: &Version) -> Option<String> {
    pep440(version.display()).map(|parsed| parsed.to_string())
}

/// Orders two versions as pip does.
pub(crate) fn compare(left: &Version, right: &Version) -> Ordering {
    let (left, right) = (left.canonical(), right.canonical());
    match (pep440(left), pep440(right)) {
        (Some(left), Some(right)) => left.cmp(&right),
        // Not reached for versions that `parse` made.
        (known, other) => known.cmp(&other).then_with(|| left.cmp(right)),
    }
}

/// Whether installers skip it unless asked for it.
pub(crate) fn is_prerelease(version: &Version) -> bool {
    pep440(version.canonical()).is_some_and(|parsed| parsed.any_prerelease())
}

/// Whether it has a local part, which stays with those who built it.
pub(crate) fn is_local(version: &Version) -> bool {
    version.canonical().contains('+')
}

fn pep440(text: &str) -> Option<pep440_rs::Version> {
    text.parse().ok()
}

fn without_trailing_zeros(version: &pep440_rs::Version) -> pep440_rs::Version {
    let release = version.release();
    let kept = release.iter().rposition(|number| *number != 0).map_or(1, |last| last + 1);
    version.clone().with_release(release.iter().take(kept).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expect: Option<&str>) {
        let version = parse(raw).ok();
        assert_eq!(version.as_ref().map(Version::canonical), expect, "{raw:?}");
        if let Some(version) = version {
            let again = parse(version.canonical()).unwrap();
            assert_eq!(again.canonical(), version.canonical(), "not idempotent: {raw:?}");
            assert_eq!(compare(&again, &version), Ordering::Equal);
        }
    }

    #[test]
    fn equal_versions_have_one_canonical_form() {
        check("1.0", Some("1"));
        check("1.0.0", Some("1"));
        check("v1.0.RC1", Some("1rc1"));
        check("0", Some("0"));
        check("0.0", Some("0"));
        check("1.0.0-1", Some("1.post1"));
        check("1!2.0.dev0", Some("1!2.dev0"));
        check("1.10.0+Ubuntu_1", Some("1.10+ubuntu.1"));
        check("2024.01.02", Some("2024.1.2"));
    }

    #[test]
    fn what_is_not_a_version_is_refused() {
        for bad in ["", "one", "1.0/2", "1 0", " 1.0", "1.0\n", "1..0", "1.0+", "latest", "1.*"] {
            check(bad, None);
        }
        check(&format!("1.{}", "0".repeat(200)), None);
        check("99999999999999999999999999", None);
        check("1.0rc1.dev18446744073709551615", None);
    }

    #[test]
    fn the_order_is_that_of_pep_440() {
        let order =
            ["1.dev1", "1a1", "1b2", "1rc1", "1.0", "1.0+local", "1.0.post1", "1.1", "1.10", "1!0"];
        for (at, left) in order.iter().enumerate() {
            for (other, right) in order.iter().enumerate() {
                let found = compare(&parse(left).unwrap(), &parse(right).unwrap());
                assert_eq!(found, at.cmp(&other), "{left} and {right}");
            }
        }
    }

    #[test]
    fn prereleases_are_those_pip_skips() {
        for (raw, expect) in
            [("1.0", false), ("1.0.post1", false), ("1rc1", true), ("1.dev0", true)]
        {
            assert_eq!(is_prerelease(&parse(raw).unwrap()), expect, "{raw}");
        }
    }
}
