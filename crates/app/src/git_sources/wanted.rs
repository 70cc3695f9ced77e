//! Which tags of a repository are to be fetched.

use std::collections::HashMap;

use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::Version;
use vouchsafe_store::{GitTagOutcome, GitTagRow};
use vouchsafe_upstream::git::RemoteTag;

/// Tags as they are now, against what is known of them.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    /// Tags that were never looked at, or have changed since they were refused; lowest version
    /// first.
    pub(super) new: Vec<(Version, RemoteTag)>,
    /// Published tags that lead somewhere else since the last import.
    pub(super) moved: Vec<(GitTagRow, RemoteTag)>,
}

/// Compares. Tags that are no versions are passed over, and so are words for what moves
/// (branches): a release never does.
///
/// * `again`: whether what was refused is tried again.
pub(super) fn compare(
    adapter: &dyn Ecosystem,
    tags: Vec<RemoteTag>,
    known: Vec<GitTagRow>,
    again: bool,
) -> Wanted {
    let mut known: HashMap<String, GitTagRow> =
        known.into_iter().map(|row| (row.tag.clone(), row)).collect();
    let mut wanted = Wanted::default();
    for tag in tags {
        let Ok(version) = adapter.parse_version(&tag.name) else { continue };
        if adapter.may_change(&version) {
            continue;
        }
        match known.remove(&tag.name) {
            Some(row) if row.outcome == GitTagOutcome::Published => {
                let last = row.moved_to.as_ref().unwrap_or(&row.target);
                if *last != tag.target {
                    wanted.moved.push((row, tag));
                }
            }
            Some(row) if row.target == tag.target && !again => {}
            _ => wanted.new.push((version, tag)),
        }
    }
    wanted.new.sort_by(|(left, _), (right, _)| adapter.compare_versions(left, right));
    wanted
}

#[cfg(test)]
mod tests {
    use vouchsafe_domain::Timestamp;

    use super::*;

    fn adapter() -> &'static dyn Ecosystem {
        let all = vouchsafe_ecosystems::ADAPTERS;
        *all.iter().find(|adapter| adapter.id().as_str() == "npm").unwrap()
    }

    fn tags(tags: &[(&str, &str)]) -> Vec<RemoteTag> {
        let tag = |(name, target): &(&str, &str)| RemoteTag {
            name: (*name).to_owned(),
            target: (*target).to_owned(),
        };
        tags.iter().map(tag).collect()
    }

    fn row(tag: &str, target: &str, outcome: GitTagOutcome, moved_to: Option<&str>) -> GitTagRow {
        GitTagRow {
            tag: tag.to_owned(),
            target: target.to_owned(),
            outcome,
            note: String::new(),
            moved_to: moved_to.map(str::to_owned),
            decided_at: Timestamp::from_secs(0),
        }
    }

    #[track_caller]
    fn check(
        remote: &[(&str, &str)],
        known: Vec<GitTagRow>,
        again: bool,
        new: &[&str],
        moved: &[&str],
    ) {
        let wanted = compare(adapter(), tags(remote), known, again);
        let names: Vec<_> = wanted.new.iter().map(|(_, tag)| tag.name.as_str()).collect();
        assert_eq!(names, new);
        let names: Vec<_> = wanted.moved.iter().map(|(_, tag)| tag.name.as_str()).collect();
        assert_eq!(names, moved);
    }

    #[test]
    fn new_versions_come_in_their_order() {
        check(&[("1.10.0", "a"), ("1.9.0", "b")], vec![], false, &["1.9.0", "1.10.0"], &[]);
    }

    #[test]
    fn what_is_no_version_is_passed_over() {
        check(&[("latest", "a"), ("release-1", "b")], vec![], true, &[], &[]);
    }

    #[test]
    fn what_is_published_is_left_alone() {
        let known = || vec![row("1.0.0", "a", GitTagOutcome::Published, None)];
        check(&[("1.0.0", "a")], known(), true, &[], &[]);
        check(&[("1.0.0", "b")], known(), true, &[], &["1.0.0"]);
    }

    #[test]
    fn a_move_is_told_once() {
        let known = || vec![row("1.0.0", "a", GitTagOutcome::Published, Some("b"))];
        check(&[("1.0.0", "b")], known(), false, &[], &[]);
        check(&[("1.0.0", "c")], known(), false, &[], &["1.0.0"]);
    }

    #[test]
    fn what_was_refused_is_tried_again_when_it_changed_or_somebody_asks() {
        let known = || vec![row("1.0.0", "a", GitTagOutcome::Refused, None)];
        check(&[("1.0.0", "a")], known(), false, &[], &[]);
        check(&[("1.0.0", "a")], known(), true, &["1.0.0"], &[]);
        check(&[("1.0.0", "b")], known(), false, &["1.0.0"], &[]);
    }
}
