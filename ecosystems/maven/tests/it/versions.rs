//! Version order. The rows follow what the tests of Maven and of its resolver demand.

use std::cmp::Ordering;

use proptest::prelude::*;
use vouchsafe_adapter::Ecosystem;
use vouchsafe_ecosystem_maven::Maven;

use crate::samples::version;

#[track_caller]
fn check_ascending(versions: &[&str]) {
    for (at, left) in versions.iter().enumerate() {
        for (other, right) in versions.iter().enumerate() {
            let found = Maven.compare_versions(&version(left), &version(right));
            assert_eq!(found, at.cmp(&other), "{left} and {right}");
        }
    }
}

/// Equal but for the text: whatever stands between one and the other would stand between both.
#[track_caller]
fn check_same_rank(left: &str, right: &str) {
    for suffix in ["-alpha", "-1"] {
        let (lower, higher) = match suffix {
            "-alpha" => (format!("{left}{suffix}"), right.to_owned()),
            _ => (left.to_owned(), format!("{right}{suffix}")),
        };
        let found = Maven.compare_versions(&version(&lower), &version(&higher));
        assert_eq!(found, Ordering::Less, "{lower} and {higher}");
    }
}

#[test]
fn qualifiers_have_their_places_around_the_release() {
    check_ascending(&[
        "1-alpha2snapshot",
        "1-alpha2",
        "1-alpha-123",
        "1-beta-2",
        "1-beta123",
        "1-m2",
        "1-m11",
        "1-rc",
        "1-cr2",
        "1-rc123",
        "1-SNAPSHOT",
        "1",
        "1-sp",
        "1-sp2",
        "1-sp123",
        "1-abc",
        "1-def",
        "1-pom-1",
        "1-1-snapshot",
        "1-1",
        "1-2",
        "1-123",
    ]);
}

#[test]
fn numbers_and_letters_take_turns() {
    check_ascending(&[
        "2.0", "2.0.a", "2.0.2", "2.0.123", "2.1-a", "2.1b", "2.1-c", "2.1.0.1", "2.1-1", "2.2",
        "2.123", "11.a2", "11.a11", "11.b2", "11.b11", "11.m2", "11.m11", "11", "11.a", "11b",
        "11c", "11m",
    ]);
}

#[test]
fn a_project_goes_through_its_life() {
    check_ascending(&[
        "0.9.9-SNAPSHOT",
        "0.9.9",
        "0.9.10-SNAPSHOT",
        "0.9.10",
        "1.0-alpha-2-SNAPSHOT",
        "1.0-alpha-2",
        "1.0-alpha-10-SNAPSHOT",
        "1.0-alpha-10",
        "1.0-beta-1-SNAPSHOT",
        "1.0-beta-1",
        "1.0-rc-1-SNAPSHOT",
        "1.0-rc-1",
        "1.0-SNAPSHOT",
        "1.0",
        "1.0-sp-1-SNAPSHOT",
        "1.0-sp-1",
        "1.0.1-alpha-1-SNAPSHOT",
        "1.0.1-alpha-1",
        "1.0.1",
        "1.1-SNAPSHOT",
        "1.1",
        "10.0",
    ]);
}

#[test]
fn odd_versions_keep_their_order() {
    check_ascending(&["6.1.0rc3", "6.1.0", "6.1H.5-beta"]);
    check_ascending(&[
        "20190126.230843",
        "1234567890.12345",
        "123456789012345.1H.5-beta",
        "12345678901234567890.1H.5-beta",
    ]);
    check_ascending(&["1-0.alpha", "1-0.beta", "1"]);
    check_ascending(&["1.0.final-redhat", "1.0-sp1-redhat"]);
    check_ascending(&["1-ga-1", "1-0-1"]);
    check_ascending(&["1.ga.1", "1.0.1"]);
    check_ascending(&["1.0.0-ga-foo", "1-foo"]);
    check_ascending(&["A.rc.1", "A.ga.1", "A.sp.1"]);
    check_ascending(&["1.123456789012345678901234567891", "1.1234567890123456789012345678901"]);
    check_ascending(&["1.0a1", "1.0", "1.0a", "1.0a.1"]);
}

#[test]
fn separators_padding_and_spelling_do_not_rank() {
    for (left, right) in [
        ("1", "1.0"),
        ("1", "1.0.0"),
        ("1", "1-0"),
        ("1", "01"),
        ("1", "1-ga"),
        ("1", "1.FINAL"),
        ("1", "1-release"),
        ("1", "1.ga.0.ga"),
        ("1a1", "1-alpha-1"),
        ("1b2", "1-beta-2"),
        ("1m3", "1-MileStone-3"),
        ("1cr", "1rc"),
        ("1x", "1.0.0-X"),
        ("1.0_1", "1.0-1"),
        ("1.0-alpha-snapshot", "1.0.0-alpha-snapshot"),
        ("1.0.1", "1.00.01"),
    ] {
        check_same_rank(left, right);
    }
}

#[test]
fn what_a_range_must_be_asked_for_is_a_prerelease() {
    for prerelease in
        ["1.0-SNAPSHOT", "1-alpha", "1b2", "2.0.M1", "1.0-rc.1", "1.0.CR2", "1.0-x-beta"]
    {
        assert!(Maven.is_prerelease(&version(prerelease)), "{prerelease}");
    }
    for release in
        ["1.0", "1.0-jre", "31.1-android", "1.0.Final", "1.0-sp2", "1.0.RELEASE", "1.0-b"]
    {
        assert!(!Maven.is_prerelease(&version(release)), "{release}");
    }
}

proptest! {
    #[test]
    fn the_order_is_total(
        texts in proptest::collection::vec("[0-2a-c]([.-]?(0|1|10|a|b1|ga|rc|sp|foo|alpha)){0,5}", 3)
    ) {
        let versions: Vec<_> = texts.iter().map(|text| version(text)).collect();
        let order = |a: usize, b: usize| Maven.compare_versions(&versions[a], &versions[b]);
        prop_assert_eq!(order(0, 1), order(1, 0).reverse());
        prop_assert_eq!(order(0, 1) == Ordering::Equal, versions[0] == versions[1]);
        if order(0, 1).is_le() && order(1, 2).is_le() {
            prop_assert!(order(0, 2).is_le());
        }
    }

    #[test]
    fn any_text_is_a_version_or_not(text in "\\PC{0,40}") {
        if let Ok(version) = Maven.parse_version(&text) {
            Maven.is_prerelease(&version);
        }
    }
}
