//! Names, versions, package URLs, patterns, digests and times.

use std::cmp::Ordering;

use vouchsafe_domain::reference::UnverifiedPurl;
use vouchsafe_domain::{
    AccountName, Digest, DigestAlgorithm, EmailAddress, Filename, NamePattern, PackageRef,
    ReleaseRef, Timestamp,
};
use vouchsafe_ecosystem_composer::semver;

use crate::accepted::{check_name, check_version};
use crate::engine::target;
use crate::script::Script;
use crate::stage::{ADAPTERS, some_name};
use crate::words;

/// One of each kind of small value.
const SMALL: &[&str] = &[
    "2024-01-02T03:04:05.678901Z",
    "1111111111111111111111111111111111111111111111111111111111111111",
    "sha512-MTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMQ==",
    "ann@registry.example",
    "left-pad-1.0.0.tgz",
];

#[test]
fn package_names() {
    target!(10_000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let adapter = *script.pick(&ADAPTERS);
        let start = *script.pick(&["", "", "acme/", "com.acme/", "corp.example/"]);
        let raw = format!("{start}{}", script.text(words::NAMES, 6));
        let Ok(name) = adapter.parse_name(&raw) else { return };
        check_name(adapter, &name);
        let package = PackageRef { ecosystem: adapter.id(), name };
        let purl: UnverifiedPurl = package.to_string().parse().expect("a package URL parses");
        assert_eq!(purl.ecosystem, package.ecosystem);
        assert_eq!((purl.name.as_str(), purl.version), (package.name.canonical(), None));
        // Names from npm's early years may have a star, which in a pattern means something else.
        if !package.name.canonical().contains('*') {
            let pattern: NamePattern = package.to_string().parse().expect("and is a pattern");
            assert!(pattern.matches(&package) && !pattern.is_prefix(), "{pattern}, {package}");
        }
        let place = adapter.upstream_index(&package.name).path;
        let is_plain = place.split('/').all(|part| !matches!(part, "." | ".."));
        assert!(is_plain && !place.contains(['?', '#', ' ', '\\']), "{place}");
    });
}

#[test]
fn versions() {
    target!(8000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let adapter = *script.pick(&ADAPTERS);
        let mut versions = Vec::new();
        for _ in 0..3 {
            let raw = format!(
                "{}{}",
                script.pick(&["", "1.0.0", "1.0", "v1.0.0", "dev-", "1.0-20240102.030405-"]),
                script.text(words::VERSIONS, 5)
            );
            versions.extend(adapter.parse_version(&raw));
        }
        for version in &versions {
            check_version(adapter, version);
            adapter.is_prerelease(version);
            let name = some_name(adapter);
            let package = PackageRef { ecosystem: adapter.id(), name };
            let release = ReleaseRef { package, version: version.clone() };
            let purl: UnverifiedPurl = release.to_string().parse().expect("a package URL parses");
            assert_eq!(purl.version.as_deref(), Some(version.display()));
        }
        for left in &versions {
            for right in &versions {
                let order = adapter.compare_versions(left, right);
                assert_eq!(order, adapter.compare_versions(right, left).reverse());
                assert_eq!(order == Ordering::Equal, left == right, "{left} {right}");
            }
        }
        if let [a, b, c] = versions.as_slice() {
            let is_ordered = |x, y| adapter.compare_versions(x, y) != Ordering::Greater;
            assert!(!(is_ordered(a, b) && is_ordered(b, c)) || is_ordered(a, c), "{a} {b} {c}");
        }
    });
}

/// Reading them ends, takes a bounded amount of memory, and says the same whenever it is asked.
#[test]
fn composer_constraints() {
    target!(6000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let raw = script.text(words::CONSTRAINTS, 8);
        let version = script.text(words::VERSIONS, 4);
        if let Ok(normalized) = semver::normalize(&version) {
            assert_eq!(semver::normalize(&normalized).as_ref(), Ok(&normalized), "{version:?}");
            assert_eq!(semver::compare(&normalized, &normalized), Ordering::Equal);
        }
        let Ok(constraint) = semver::Constraint::parse(&raw) else { return };
        let written = constraint.to_string();
        assert!(written.len() <= 64 * (raw.len() + 16), "{raw:?} became {written:?}");
        // A choice between a constraint and itself is no choice.
        let Ok(twice) = semver::Constraint::parse(&format!("{raw} || {raw}")) else { return };
        for version in ["1.0.0.0", "1.2.3.0-beta2", "2.0.9999999.9999999-dev", "dev-main"] {
            let (once, twice) = (constraint.matches(version), twice.matches(version));
            assert_eq!(once, twice, "{version}: {raw:?} became {written:?}");
        }
    });
}

#[test]
fn package_urls_and_patterns() {
    target!(5000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let start = if script.one_in(8) { "" } else { *script.pick(&words::PURLS[..4]) };
        let raw = format!("{start}{}", script.text(words::PURLS, 5));
        if let Ok(purl) = raw.parse::<UnverifiedPurl>() {
            assert!(!purl.name.is_empty() && purl.version.as_deref() != Some(""));
        }
        let Ok(pattern) = raw.parse::<NamePattern>() else { return };
        let again: NamePattern = pattern.to_string().parse().expect("a pattern is its own text");
        assert_eq!(again, pattern, "{raw:?} was written as {pattern}");
    });
}

#[test]
fn small_values() {
    target!(4000).for_each(|input: &[u8]| {
        let mut script = Script::new(input);
        let sample = *script.pick(SMALL);
        let raw = script.spoil_text(sample, words::ANY);
        if let Ok(time) = raw.parse::<Timestamp>() {
            assert_eq!(String::from(time).parse(), Ok(time));
            assert_eq!(time.to_rfc3339_micros().parse(), Ok(time));
            assert_eq!(time.to_rfc3339_secs().len(), 20, "{time:?}");
        }
        if let Ok(digest) = Digest::from_hex(DigestAlgorithm::Sha256, &raw) {
            assert_eq!(digest.to_hex(), raw.to_ascii_lowercase());
        }
        if let Some(digest) = Digest::from_sri(&raw) {
            assert_eq!(Digest::from_sri(&digest.to_sri()), Some(digest));
        }
        if let Ok(filename) = raw.parse::<Filename>() {
            assert!(!filename.as_str().contains(['/', '\\', '\0', '"', ' ']));
        }
        if let Ok(name) = raw.parse::<AccountName>() {
            assert_eq!(name.as_str(), raw);
        }
        if let Ok(address) = raw.parse::<EmailAddress>() {
            assert!(!address.as_str().contains(['\r', '\n', '<', '>', ' ']));
        }
    });
}
