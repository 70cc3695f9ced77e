//! Versions: what Composer reads, and in which order.

use std::cmp::Ordering;

use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_composer::semver::{self, SemverError, Stability, normalize};

#[track_caller]
fn check(raw: &str, expect: &str) {
    assert_eq!(normalize(raw).as_deref(), Ok(expect), "{raw:?}");
}

#[test]
fn numbers_are_filled_up_to_four() {
    for (raw, expect) in [
        ("1.0.0", "1.0.0.0"),
        ("1.2.3.4", "1.2.3.4"),
        ("0", "0.0.0.0"),
        ("99999", "99999.0.0.0"),
        ("v1.0.0", "1.0.0.0"),
        ("V2", "2.0.0.0"),
        (" 1.0.0 ", "1.0.0.0"),
        ("00.01.03.04", "00.01.03.04"),
        ("0700", "0700.0.0.0"),
        ("1.2.", "1.2.0.0"),
        ("1.0.0+foo", "1.0.0.0"),
        ("1.0.0+foo@dev", "1.0.0.0"),
        ("1.0.0+foo as 2.0", "1.0.0.0"),
    ] {
        check(raw, expect);
    }
}

#[test]
fn suffixes_are_spelled_out() {
    for (raw, expect) in [
        ("1.0.0RC1dev", "1.0.0.0-RC1-dev"),
        ("1.0.0-rC15-dev", "1.0.0.0-RC15-dev"),
        ("1.0.0.RC.15-dev", "1.0.0.0-RC15-dev"),
        ("1.0.0-rc1", "1.0.0.0-RC1"),
        ("1.0.0.pl3-dev", "1.0.0.0-patch3-dev"),
        ("v2.0.4-p1", "2.0.4.0-patch1"),
        ("1.0-dev", "1.0.0.0-dev"),
        ("10.4.13-b5", "10.4.13.0-beta5"),
        ("10.4.13beta.2", "10.4.13.0-beta2"),
        ("v1.13.11-beta.0", "1.13.11.0-beta0"),
        ("1.0.0-alpha.3.1+foo", "1.0.0.0-alpha3.1"),
        ("1.0.0-alpha-2.1-3+foo", "1.0.0.0-alpha2.1-3"),
        ("1.0_a1", "1.0.0.0-alpha1"),
        ("1.0.0-stable", "1.0.0.0"),
        ("1.0.0-STABLE", "1.0.0.0-stable"),
        ("1.2..dev", "1.2.0.0-dev"),
    ] {
        check(raw, expect);
    }
}

#[test]
fn dates_keep_their_numbers() {
    for (raw, expect) in [
        ("2010.01", "2010.01.0.0"),
        ("2010.01.02", "2010.01.02.0"),
        ("2010-01-02", "2010.01.02"),
        ("2010-01-02.5", "2010.01.02.5"),
        ("2010-01-02-10-20-30.0.3", "2010.01.02.10.20.30.0.3"),
        ("20100102", "20100102"),
        ("v20100102", "20100102"),
        ("20100102.1.0", "20100102.1.0"),
        ("20100102-203040", "20100102.203040"),
        ("20100102-203040-p1", "20100102.203040-patch1"),
        ("20100102203040-10", "20100102203040.10"),
        ("202301310000.0.0", "202301310000.0.0"),
        ("201903.0-p2", "201903.0-patch2"),
        ("100000", "100000"),
    ] {
        check(raw, expect);
    }
}

#[test]
fn branches_are_open_ended_or_named() {
    for (raw, expect) in [
        ("1.x-dev", "1.9999999.9999999.9999999-dev"),
        ("1.2.X.dev", "1.2.9999999.9999999-dev"),
        ("041.x-dev", "041.9999999.9999999.9999999-dev"),
        ("20100102.203040.x-dev", "20100102.203040.9999999.9999999-dev"),
        ("master", "dev-master"),
        ("trunk", "dev-trunk"),
        ("default", "dev-default"),
        ("DEV-FOOBAR", "dev-FOOBAR"),
        ("dev-feature/foo", "dev-feature/foo"),
        ("dev-feature+issue-1", "dev-feature+issue-1"),
        ("dev-foo bar", "dev-foo bar"),
        ("dev-main as 1.0.0", "dev-main"),
        ("dev-main@dev as ^2.0@dev", "dev-main"),
    ] {
        check(raw, expect);
    }
    for (raw, expect) in [
        ("v1.x", "1.9999999.9999999.9999999-dev"),
        ("v1.0.3.*", "1.0.3.9999999-dev"),
        ("2.4.4", "2.4.4.9999999-dev"),
        ("main", "dev-main"),
    ] {
        assert_eq!(semver::normalize_branch(raw), expect);
    }
}

#[test]
fn what_composer_does_not_read_is_no_version() {
    for raw in [
        "",
        "a",
        "1.0.0-meh",
        "1.0.0.0.0",
        "feature-foo",
        "1.0.0+foo bar",
        "1.0.1-SNAPSHOT",
        "1.0.0<1.0.5-dev",
        "foo bar-dev",
        "1.0 .2",
        " as ",
        " as 1.2",
        "^",
        "~1",
        "^1",
        "1.*",
        "20100102.0.3.4",
        "100000.0.0.0",
        "2023013.0.0",
        "20230131000.0.0",
        "2023013100000.0.0",
        "-dev",
        "v",
        "1.0--beta",
    ] {
        assert_eq!(normalize(raw), Err(SemverError::NotAVersion), "{raw:?}");
    }
    let long = "1".repeat(200);
    assert_eq!(normalize(&long), Err(SemverError::TooLong { limit_bytes: 128 }));
}

#[test]
fn stability_is_told_by_the_suffix() {
    use Stability::{Alpha, Beta, Dev, ReleaseCandidate, Stable};
    for (raw, expect) in [
        ("1", Stable),
        ("v3.2.1", Stable),
        ("3.1.2-pl2", Stable),
        ("3.1.2-patch", Stable),
        ("v2.0.x-dev", Dev),
        ("v2.0.x-dev#abc123", Dev),
        ("dev-main", Dev),
        ("3.1.2-dev", Dev),
        ("1-2_dev", Dev),
        ("3.0-RC2", ReleaseCandidate),
        ("2.0.0rc1", ReleaseCandidate),
        ("2.0B1", Beta),
        ("1.2_a1", Alpha),
        ("1.0.0-alpha11+cs-1.1.0", Alpha),
    ] {
        assert_eq!(Stability::of(raw), expect, "{raw:?}");
    }
}

#[test]
fn php_compares_part_by_part() {
    for (left, right, expect) in [
        ("1.0.0.0", "1.0.0.0", Ordering::Equal),
        ("1.0.0.0", "1.0.00.0", Ordering::Equal),
        ("1.0.0.0-patch1", "1.0.0.0", Ordering::Greater),
        ("1.0.0.0-patch1", "1.0.0.0.1", Ordering::Greater),
        ("1.0.0.0-dev", "1.0.0.0-alpha", Ordering::Less),
        ("1.0.0.0-beta", "1.0.0.0-beta0", Ordering::Less),
        ("1.0.0.0-beta2", "1.0.0.0-beta10", Ordering::Less),
        ("1.0.0.0-RC1-dev", "1.0.0.0-RC1", Ordering::Less),
        ("1.0.0.0-alpha2.1-3", "1.0.0.0-alpha2.1", Ordering::Greater),
        ("20100102", "20100102.0", Ordering::Less),
        ("99999999999999999999", "99999999999999999998", Ordering::Equal),
        ("1.9999999.9999999.9999999-dev", "1.99.0.0", Ordering::Greater),
    ] {
        assert_eq!(semver::compare(left, right), expect, "{left} {right}");
        assert_eq!(semver::compare(right, left), expect.reverse(), "{right} {left}");
    }
}

#[test]
fn a_release_is_one_whatever_way_its_version_is_spelled() {
    let canonical = |raw: &str| Composer.parse_version(raw).unwrap().canonical().to_owned();
    assert_eq!(canonical("v1.0b2"), "1.0.0.0-beta2");
    assert_eq!(canonical("2010-01-02"), "2010-01-02");
    assert_eq!(canonical("2010-01-02-p1"), "2010-01-02-patch1");
    assert_eq!(canonical("2010.01.02"), "2010.01.02.0");
    for raw in ["2010-01-02", "2010-01", "2010-01-02-10-20-30.0.3", "20100102-203040-p1", "1.x-dev"]
    {
        assert_eq!(canonical(&canonical(raw)), canonical(raw), "{raw:?}");
        assert_eq!(normalize(&canonical(raw)), normalize(raw), "{raw:?}");
    }
    // Composer reads the normalized form of this one as another version.
    assert!(Composer.parse_version("1.0.0-STABLE").is_err());
}
