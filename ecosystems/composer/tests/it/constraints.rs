//! Constraints: what they are read as, and what they match.

use vouchsafe_ecosystem_composer::semver::{
    Constraint, MAX_CONSTRAINT_BYTES, SemverError, normalize,
};

#[track_caller]
fn check(raw: &str, expect: &str) {
    let constraint = Constraint::parse(raw).unwrap_or_else(|error| panic!("{raw:?}: {error}"));
    assert_eq!(constraint.to_string(), expect, "{raw:?}");
}

#[test]
fn comparisons() {
    for (raw, expect) in [
        ("*", "*"),
        ("@dev", "*"),
        ("v*", ">= 0.0.0.0-dev"),
        ("*.x.*", ">= 0.0.0.0-dev"),
        ("<>1.0.0", "!= 1.0.0.0"),
        ("!=1.0.0", "!= 1.0.0.0"),
        (">1.0.0", "> 1.0.0.0"),
        ("<1.2.3.4", "< 1.2.3.4-dev"),
        ("<=1.2.3", "<= 1.2.3.0"),
        (">=1.2.3", ">= 1.2.3.0-dev"),
        ("==1.2.3", "== 1.2.3.0"),
        ("1.2.3b5", "== 1.2.3.0-beta5"),
        ("<\t1.2.3", "< 1.2.3.0-dev"),
        (">=dev-main", ">= dev-main"),
        ("<1.2.3.4-stable", "< 1.2.3.4"),
        (">=1.2.3.4-stable", ">= 1.2.3.4"),
        // Composer's own slip: a release candidate does not count as a suffix here.
        (">=1.0-RC1", ">= 1.0.0.0-RC1-dev"),
        ("1.0@dev", "== 1.0.0.0"),
        (">=1.0@beta", ">= 1.0.0.0-beta"),
        ("3.x-dev", "== 3.9999999.9999999.9999999-dev"),
        ("3-dev", "== 3.0.0.0-dev"),
        ("foobar-dev", "== dev-foobar"),
        ("3.next-dev", "== dev-3.next"),
        ("dev-1.0.0-dev<1.0.5", "== dev-1.0.0-dev<1.0.5"),
        ("dev-main#0123abc", "== dev-main"),
        ("1.0.x-dev#0123abc", "== 1.0.9999999.9999999-dev"),
        ("1.2-.dev", "== 1.2.0.0-dev"),
    ] {
        check(raw, expect);
    }
}

#[test]
fn ranges() {
    for (raw, expect) in [
        ("v2.*", "[>= 2.0.0.0-dev < 3.0.0.0-dev]"),
        ("2.10.X", "[>= 2.10.0.0-dev < 2.11.0.0-dev]"),
        ("2.1.3.*", "[>= 2.1.3.0-dev < 2.1.4.0-dev]"),
        ("0.x.x", "< 1.0.0.0-dev"),
        ("~v1", "[>= 1.0.0.0-dev < 2.0.0.0-dev]"),
        ("~1.2", "[>= 1.2.0.0-dev < 2.0.0.0-dev]"),
        ("~1.2.3", "[>= 1.2.3.0-dev < 1.3.0.0-dev]"),
        ("~1.2.3.4", "[>= 1.2.3.4-dev < 1.2.4.0-dev]"),
        ("~1.2-BETA2", "[>= 1.2.0.0-beta2 < 2.0.0.0-dev]"),
        ("~1.2.2-stable", "[>= 1.2.2.0 < 1.3.0.0-dev]"),
        ("~201903.205830.1-stable", "[>= 201903.205830.1 < 201903.205831.0.0-dev]"),
        ("~2.0.x-dev", "[>= 2.0.9999999.9999999-dev < 2.1.0.0-dev]"),
        ("~1.", "[>= 1.0.0.0-dev < 2.0.0.0-dev]"),
        ("^0", "[>= 0.0.0.0-dev < 1.0.0.0-dev]"),
        ("^0.0", "[>= 0.0.0.0-dev < 0.1.0.0-dev]"),
        ("^0.0.3-alpha", "[>= 0.0.3.0-alpha < 0.0.4.0-dev]"),
        ("^0.2.3", "[>= 0.2.3.0-dev < 0.3.0.0-dev]"),
        ("^1.2.3-beta.2", "[>= 1.2.3.0-beta2 < 2.0.0.0-dev]"),
        ("^1.2.3.4", "[>= 1.2.3.4-dev < 2.0.0.0-dev]"),
        ("^201903.0", "[>= 201903.0-dev < 201904.0.0.0-dev]"),
        ("^2.0.*-dev", "[>= 2.0.9999999.9999999-dev < 3.0.0.0-dev]"),
        ("v1 - v2", "[>= 1.0.0.0-dev < 3.0.0.0-dev]"),
        ("1 - 2.0", "[>= 1.0.0.0-dev < 2.1.0.0-dev]"),
        ("1.2-RC - 2.3.1", "[>= 1.2.0.0-RC <= 2.3.1.0]"),
        ("1.2-beta - 2.3-dev", "[>= 1.2.0.0-beta <= 2.3.0.0-dev]"),
        (
            "2.x-dev - 3.x-dev",
            "[>= 2.9999999.9999999.9999999-dev <= 3.9999999.9999999.9999999-dev]",
        ),
    ] {
        check(raw, expect);
    }
}

#[test]
fn choices_and_conjunctions() {
    for raw in [
        ">2.0,<=3.0",
        ">2.0 <=3.0",
        ">2.0, <=3.0",
        ">2.0 ,<=3.0",
        ">2.0   , <=3.0",
        "> 2.0   <=  3.0",
        "  > 2.0  ,  <=  3.0 ",
    ] {
        check(raw, "[> 2.0.0.0 <= 3.0.0.0]");
    }
    for raw in [">2.0,<2.0.5 | >2.0.6", ">2.0,<2.0.5 || >2.0.6", "> 2.0 , <2.0.5|>  2.0.6"] {
        check(raw, "[[> 2.0.0.0 < 2.0.5.0-dev] || > 2.0.6.0]");
    }
    check(">2.0@stable,@dev", "[> 2.0.0.0 *]");
    check(">2.0@stable,<=3.0@dev", "[> 2.0.0.0 <= 3.0.0.0-dev]");
    check("main-dev as 2.1.0 || 3.5 as 1.5", "[== dev-main || == 3.5.0.0]");
    check(
        "~2.5.9|~2.6,>=2.6.2",
        "[[>= 2.5.9.0-dev < 2.6.0.0-dev] || [>= 2.6.0.0-dev < 3.0.0.0-dev >= 2.6.2.0-dev]]",
    );
}

#[test]
fn what_composer_does_not_read_is_no_constraint() {
    for raw in [
        "",
        "1.0.0-meh",
        ">2.0,,<=3.0",
        ">2.0 ,, <=3.0",
        ">2.0 ||| <=3.0",
        ",^1@dev",
        "|| ^1@dev",
        "^1@dev ||",
        "^1@dev ,",
        "^2.0.*",
        "^2.x-beta",
        "~2.1.2.x",
        "1.x - 2.*",
        "^1. *-dev",
        "2.x.x.x-dev - 3.x.x.x-dev",
        "~>1.0",
        "*-dev",
        "^",
        "^8 || ^",
        "~1 ~",
        "=>1.0",
        "^99999999999999999999999",
    ] {
        assert_eq!(Constraint::parse(raw), Err(SemverError::NotAConstraint), "{raw:?}");
    }
    let long = "1|".repeat(MAX_CONSTRAINT_BYTES);
    assert_eq!(
        Constraint::parse(&long),
        Err(SemverError::TooLong { limit_bytes: MAX_CONSTRAINT_BYTES })
    );
}

#[track_caller]
fn check_matches(constraint: &str, yes: &[&str], no: &[&str]) {
    let parsed = Constraint::parse(constraint).unwrap();
    let matches = |raw: &&str| parsed.matches(&normalize(raw).unwrap());
    let wrong: Vec<_> = yes.iter().filter(|raw| !matches(raw)).collect();
    assert!(wrong.is_empty(), "{constraint:?} refuses {wrong:?}");
    let wrong: Vec<_> = no.iter().filter(|raw| matches(raw)).collect();
    assert!(wrong.is_empty(), "{constraint:?} matches {wrong:?}");
}

#[test]
fn matching() {
    check_matches("1.0.0 - 2.0.0", &["1.2.3", "2.0.0"], &["2.2.3"]);
    check_matches("^1.2.3+build", &["1.2.3", "1.3.0"], &["2.0.0", "1.2.0"]);
    check_matches("1.2.3+asdf - 2.4.3+asdf", &["2.4.3-alpha", "1.2.3"], &["2.4.4"]);
    check_matches(">1.2", &["1.3.0-beta", "1.2.8"], &["1.2.0", "dev-main"]);
    check_matches("<=1.2.3", &["1.2.3-beta"], &["1.2.4"]);
    check_matches("<1", &["0.9"], &["1.0.0beta", "1.0.0"]);
    check_matches("1", &["1.0.0"], &["1.0.0beta", "1.1", "2.0.0beta"]);
    check_matches(">=0.2.3 || <0.0.1", &["0.0.0", "0.2.3"], &["0.0.3", "0.2.2"]);
    check_matches("1.2.* || 2.*", &["1.2.3", "2.1.3"], &["1.1.3", "3.1.3"]);
    check_matches("~2.4", &["2.9.0", "2.4.5"], &["3.0.0", "2.3.9", "3.0.0-dev"]);
    check_matches("~v0.5.4-beta", &["0.5.4"], &["0.5.4-alpha"]);
    check_matches("^0.0.1-alpha", &["0.0.1-beta"], &["0.0.2"]);
    check_matches("^1.2.3", &["1.8.1", "1.2.3-beta"], &["2.0.0-alpha", "1.2.2"]);
    check_matches("~0.1 || ~1.0 !=1.0.1", &["0.2", "1.0.2"], &["1.0.1"]);
    check_matches("*", &["1.0", "dev-main"], &[]);
    check_matches("dev-main", &["dev-main"], &["dev-other", "1.0"]);
    check_matches("!=dev-main", &["dev-other", "1.0"], &["dev-main"]);
    check_matches("1.2.4|1.2.5|dev-x", &["1.2.4", "1.2.5", "dev-x"], &["1.2.6"]);
}
