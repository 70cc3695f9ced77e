//! Since when upstream files can have been public, where that says more than the upstream does.
//!
//! A cooldown counts from the publication time that the upstream states. It must not be possible
//! to shorten it by stating an earlier one, so what this registry saw itself sets a floor: a file
//! that the last index did not list did not exist then, and a time that was stated once does not
//! move back. A file without any time is as old as its first sighting.
//!
//! The first index of a package has nothing to be compared with: it is believed.

use std::collections::{BTreeMap, HashMap};

use vouchsafe_domain::Timestamp;
use vouchsafe_domain::index::UpstreamIndex;

/// File name to the instant from which the file counts. Files that are not in here are as old as
/// their upstream says.
pub(crate) type Sightings = BTreeMap<String, Timestamp>;

/// The index that was known before.
pub(crate) struct Before {
    pub(crate) index: UpstreamIndex,
    /// When the upstream said last that this is all.
    pub(crate) validated_at: Timestamp,
}

/// What is to be remembered about the files of an index.
///
/// * `known`: what was remembered so far.
/// * `asks_apart`: whether the upstream is asked about single releases.
pub(crate) fn look(
    index: &UpstreamIndex,
    before: Option<&Before>,
    known: &Sightings,
    asks_apart: bool,
    now: Timestamp,
) -> Sightings {
    let before = before.map(|before| (stated_times(&before.index), before.validated_at));
    let mut sightings = Sightings::new();
    for (filename, (stated, is_file)) in stated_times(index) {
        let from_before = before.as_ref().and_then(|(times, validated_at)| {
            times.get(filename).map_or(Some(*validated_at), |(stated, _)| *stated)
        });
        let floor = known.get(filename).copied().max(from_before);
        let counts_from = match (stated, floor) {
            // The release itself is asked about, so nothing is lost by not knowing yet.
            (None, None) if !is_file && asks_apart => continue,
            (None, floor) => floor.unwrap_or(now),
            (Some(stated), Some(floor)) if stated < floor => floor,
            (Some(_), _) => continue,
        };
        sightings.insert(filename.to_owned(), counts_from);
    }
    sightings
}

/// The time that the index states for every file, and, under its version, for every release
/// whose files it does not list; and whether it is a file.
fn stated_times(index: &UpstreamIndex) -> HashMap<&str, (Option<Timestamp>, bool)> {
    let artifacts = index.releases.iter().flat_map(|release| &release.artifacts);
    let files =
        artifacts.map(|artifact| (artifact.filename.as_str(), (artifact.published_at, true)));
    let bare = index.releases.iter().filter(|release| release.artifacts.is_empty());
    let releases = bare.map(|release| (release.version.canonical(), (release.published_at, false)));
    files.chain(releases).collect()
}

#[cfg(test)]
mod tests {
    use vouchsafe_domain::index::{ArtifactView, ReleaseView};
    use vouchsafe_domain::{Digests, PackageName, Version};

    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_secs(secs)
    }

    fn index(files: &[(&str, Option<i64>)]) -> UpstreamIndex {
        let artifacts = files.iter().map(|(filename, published_at)| ArtifactView {
            filename: filename.parse().unwrap(),
            size_bytes: None,
            digests: Digests::none(),
            published_at: published_at.map(at),
            upstream_url: None,
            extras: None,
        });
        let release = ReleaseView {
            version: Version::new("1", "1").unwrap(),
            manifest: "{}".into(),
            artifacts: artifacts.collect(),
            published_at: None,
            yanked: None,
            deprecated: None,
        };
        UpstreamIndex {
            name: PackageName::new("x", "x", "x").unwrap(),
            releases: vec![release],
            tags: BTreeMap::new(),
            extras: None,
            created_at: None,
            modified_at: None,
        }
    }

    /// The last index was confirmed at 1,000 and the present one came at 2,000.
    #[track_caller]
    fn check(
        before: Option<&[(&str, Option<i64>)]>,
        known: &[(&str, i64)],
        now: (&str, Option<i64>),
        expected: Option<i64>,
    ) {
        let before = before.map(|files| Before { index: index(files), validated_at: at(1_000) });
        let known = known.iter().map(|(name, secs)| ((*name).to_owned(), at(*secs))).collect();
        let sightings = look(&index(&[now]), before.as_ref(), &known, false, at(2_000));
        assert_eq!(sightings.get(now.0).copied(), expected.map(at));
    }

    #[test]
    fn the_first_index_of_a_package_is_believed() {
        check(None, &[], ("a", Some(5)), None);
    }

    #[test]
    fn a_file_without_a_time_is_as_old_as_its_first_sighting() {
        check(None, &[], ("a", None), Some(2_000));
        check(Some(&[("a", None)]), &[("a", 700)], ("a", None), Some(700));
        check(Some(&[]), &[], ("a", None), Some(1_000));
    }

    #[test]
    fn a_new_file_is_not_older_than_the_index_that_did_not_list_it() {
        check(Some(&[("b", Some(5))]), &[], ("a", Some(5)), Some(1_000));
        check(Some(&[("b", Some(5))]), &[], ("a", Some(1_500)), None);
        check(Some(&[("a", Some(5))]), &[], ("a", Some(5)), None);
    }

    #[test]
    fn a_time_does_not_move_back() {
        check(Some(&[("a", Some(900))]), &[], ("a", Some(5)), Some(900));
        check(Some(&[("a", Some(900))]), &[("a", 950)], ("a", Some(5)), Some(950));
        check(Some(&[("a", None)]), &[("a", 950)], ("a", Some(5)), Some(950));
    }
}
