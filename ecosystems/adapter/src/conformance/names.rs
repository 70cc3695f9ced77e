//! Names canonicalize idempotently; versions order totally.

use std::cmp::Ordering;

use vouchsafe_domain::Version;

use super::{Broken, Samples};
use crate::Ecosystem;

/// No name and no version anywhere.
pub(super) const BAD_EVERYWHERE: [&str; 15] = [
    "", " ", ".", "..", "../x", "a/../b", "/a", "a/", "a\\b", "a%2fb", "a\0b", "a\r\nb", "a b",
    "a?b", "a#b",
];

pub(super) fn check_names(adapter: &dyn Ecosystem, samples: &Samples<'_>, broken: &mut Broken) {
    let mut earlier: Vec<String> = Vec::new();
    for group in samples.names {
        let mut canonical: Option<String> = None;
        for raw in *group {
            let Ok(name) = adapter.parse_name(raw) else {
                broken.unless(false, || format!("the name {raw:?} is refused"));
                continue;
            };
            broken.unless(name.display() == *raw, || {
                format!("the name {raw:?} is displayed as {:?}", name.display())
            });
            let again = adapter.parse_name(name.canonical());
            broken.unless(again.is_ok_and(|again| again.canonical() == name.canonical()), || {
                format!("the name {raw:?} does not canonicalize idempotently")
            });
            let first = canonical.get_or_insert_with(|| name.canonical().to_owned());
            broken.unless(first == name.canonical(), || {
                format!("{raw:?} and {:?} are one name with two canonical forms", group.first())
            });
        }
        let canonical = canonical.unwrap_or_default();
        broken.unless(!earlier.contains(&canonical), || {
            format!("two different names share the canonical form {canonical:?}")
        });
        earlier.push(canonical);
    }
    let too_long = "a".repeat(10_000);
    for bad in samples.bad_names.iter().chain(&BAD_EVERYWHERE).chain([&too_long.as_str()]) {
        broken.unless(adapter.parse_name(bad).is_err(), || {
            format!("{:?} is accepted as a name", shortened(bad))
        });
    }
}

pub(super) fn check_versions(adapter: &dyn Ecosystem, samples: &Samples<'_>, broken: &mut Broken) {
    let mut ranked: Vec<(usize, Version)> = Vec::new();
    for (rank, group) in samples.versions.iter().enumerate() {
        for raw in *group {
            match adapter.parse_version(raw) {
                Ok(version) => ranked.push((rank, version)),
                Err(error) => {
                    broken.unless(false, || format!("version {raw:?} is refused: {error}"));
                }
            }
        }
    }
    for (left_rank, left) in &ranked {
        for (right_rank, right) in &ranked {
            let expected = left_rank.cmp(right_rank);
            let found = adapter.compare_versions(left, right);
            broken.unless(found == expected, || {
                format!("version {left} is {found:?} than {right}, not {expected:?}")
            });
            broken.unless((left == right) == (found == Ordering::Equal), || {
                format!("the order of {left} and {right} disagrees with their canonical forms")
            });
        }
        let again = adapter.parse_version(left.canonical());
        broken.unless(again.is_ok_and(|again| again.canonical() == left.canonical()), || {
            format!("version {left} does not canonicalize idempotently")
        });
    }
    let too_long = "1".repeat(10_000);
    for bad in samples.bad_versions.iter().chain(&BAD_EVERYWHERE).chain([&too_long.as_str()]) {
        broken.unless(adapter.parse_version(bad).is_err(), || {
            format!("{:?} is accepted as a version", shortened(bad))
        });
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(40).collect()
}
