//! A package with its releases judged: what is served, what is withheld and why, and until when.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_adapter::{Ecosystem, Profile};
use vouchsafe_domain::index::{ArtifactView, PackageView, ReleaseView, WithheldRelease};
use vouchsafe_domain::{LifecycleState, PackageRef, ReleaseRef, Timestamp, Version};
use vouchsafe_policy::{Facts, Judgement, PackagePolicy, Reason, Verdict};
use vouchsafe_store::PackageContents;

use crate::Mounted;
use crate::admitted::Admitted;
use crate::fetch_index::FetchedIndex;
use crate::fetch_release::ReleaseTimes;
use crate::judge::{RuleSet, forever, sentence, withheld_url};

/// A package as it may be served now, and for how long that stays true.
pub(crate) struct JudgedView {
    pub(crate) view: PackageView,
    /// Why each of the view's withheld releases is, in the same order.
    pub(crate) why: Vec<Why>,
    /// Judgement and index both stay as they are until then.
    pub(crate) fresh_until: Timestamp,
    /// Set when the upstream could not be asked and this is what was known then.
    pub(crate) stale_since: Option<Timestamp>,
}

/// Why a release is withheld, as its first withheld file was judged.
#[derive(Clone)]
pub(crate) struct Why {
    /// Every reason.
    pub(crate) reasons: Vec<Reason>,
    /// From when it counts, when known.
    pub(crate) counts_from: Option<Timestamp>,
    /// When the judgement may change by itself.
    pub(crate) until: Option<Timestamp>,
}

pub(crate) fn hosted_view(
    mounted: &Mounted,
    rules: &RuleSet,
    contents: PackageContents,
    members: Vec<Arc<str>>,
    now: Timestamp,
) -> JudgedView {
    let package = contents.row.package.clone();
    let mut artifacts: BTreeMap<_, Vec<ArtifactView>> = BTreeMap::new();
    for artifact in contents.artifacts {
        if artifact.state == LifecycleState::Removed {
            continue;
        }
        artifacts.entry(artifact.release_id).or_default().push(ArtifactView {
            filename: artifact.filename,
            size_bytes: Some(artifact.size_bytes),
            digests: artifact.digests,
            published_at: Some(artifact.published_at),
            upstream_url: None,
            extras: artifact.extras,
        });
    }
    let releases = contents.releases.into_iter().filter_map(|row| {
        (row.state != LifecycleState::Removed).then(|| {
            let release = ReleaseView {
                version: row.version,
                manifest: row.manifest,
                artifacts: artifacts.remove(&row.id).unwrap_or_default(),
                published_at: Some(row.published_at),
                yanked: row.yanked,
                deprecated: row.deprecated,
            };
            let is_held = contents.row.state == LifecycleState::Quarantined;
            (release, if is_held { LifecycleState::Quarantined } else { row.state })
        })
    });
    let judge = Judge {
        adapter: mounted.adapter,
        policy: rules.policy.for_package(&package),
        package: &package,
        is_hosted: true,
        now,
    };
    let judged = judge.all(releases, |artifact| artifact.published_at);
    let view = PackageView {
        name: package.name.clone(),
        base_url: Arc::clone(&mounted.mount.base_url),
        tags: repair_tags(mounted.adapter, contents.tags, &judged.served),
        releases: judged.served,
        withheld: explain(mounted, &package, &judged.withheld),
        owners: contents.owners,
        extras: contents.row.extras,
        members,
        created_at: Some(contents.row.created_at),
        modified_at: contents.row.updated_at,
        revision: contents.row.revision,
        is_hosted: true,
    };
    let why = judged.withheld.into_iter().map(|(_, why)| why).collect();
    JudgedView { view, why, fresh_until: judged.valid_until, stale_since: None }
}

pub(crate) fn proxied_view(
    mounted: &Mounted,
    rules: &RuleSet,
    package: &PackageRef,
    fetched: &FetchedIndex,
    times: &ReleaseTimes,
    admitted: &Admitted,
    now: Timestamp,
) -> JudgedView {
    let index = &fetched.index;
    let releases = index.releases.iter().map(|release| {
        let mut release = release.clone();
        if release.artifacts.is_empty() {
            release.published_at = fetched.release_counts_from(&release, times);
        }
        release.artifacts.iter_mut().for_each(|artifact| admitted.correct(artifact));
        (release, LifecycleState::Active)
    });
    let judge = Judge {
        adapter: mounted.adapter,
        policy: rules.policy.for_package(package),
        package,
        is_hosted: false,
        now,
    };
    let judged = judge.all(releases, |artifact| admitted.counts_from(artifact, fetched));
    let view = PackageView {
        name: index.name.clone(),
        base_url: Arc::clone(&mounted.mount.base_url),
        tags: repair_tags(mounted.adapter, index.tags.clone(), &judged.served),
        releases: judged.served,
        withheld: explain(mounted, package, &judged.withheld),
        owners: Vec::new(),
        extras: index.extras.clone(),
        members: Vec::new(),
        created_at: index.created_at,
        modified_at: index.modified_at.unwrap_or(fetched.changed_at),
        revision: fetched.changed_at.as_micros(),
        is_hosted: false,
    };
    let why = judged.withheld.into_iter().map(|(_, why)| why).collect();
    let fresh_until = judged.valid_until.min(fetched.fresh_until);
    JudgedView { view, why, fresh_until, stale_since: fetched.stale_since }
}

/// The view of a name that is a namespace of packages published here, and no package itself.
pub(crate) fn namespace_view(
    mounted: &Mounted,
    package: &PackageRef,
    members: Vec<Arc<str>>,
    now: Timestamp,
) -> JudgedView {
    let view = PackageView {
        name: package.name.clone(),
        base_url: Arc::clone(&mounted.mount.base_url),
        releases: Vec::new(),
        withheld: Vec::new(),
        tags: BTreeMap::new(),
        owners: Vec::new(),
        extras: None,
        members,
        created_at: None,
        modified_at: now,
        revision: 0,
        is_hosted: true,
    };
    JudgedView { view, why: Vec::new(), fresh_until: forever(), stale_since: None }
}

struct JudgedReleases {
    served: Vec<ReleaseView>,
    withheld: Vec<(ReleaseView, Why)>,
    valid_until: Timestamp,
}

/// What all releases of a package are judged by.
struct Judge<'a> {
    adapter: &'a dyn Ecosystem,
    policy: PackagePolicy<'a>,
    package: &'a PackageRef,
    is_hosted: bool,
    now: Timestamp,
}

impl Judge<'_> {
    /// Judges every file of every release: a file added to an old release is as young as itself.
    ///
    /// * `counts_from`: from when a file counts; `None` is unknown, whatever its siblings are.
    fn all(
        &self,
        releases: impl Iterator<Item = (ReleaseView, LifecycleState)>,
        counts_from: impl Fn(&ArtifactView) -> Option<Timestamp>,
    ) -> JudgedReleases {
        let mut judged =
            JudgedReleases { served: Vec::new(), withheld: Vec::new(), valid_until: forever() };
        for (mut release, state) in releases {
            let artifacts = std::mem::take(&mut release.artifacts);
            if artifacts.is_empty() {
                let judgement = self.judge(&release, release.published_at, state);
                judged.note(&judgement);
                match Why::of(judgement, release.published_at) {
                    Some(why) => judged.withheld.push((release, why)),
                    None => judged.served.push(release),
                }
                continue;
            }
            let (mut served, mut withheld, mut why) = (Vec::new(), Vec::new(), None);
            let mut last: Option<(Option<Timestamp>, Judgement)> = None;
            for artifact in artifacts {
                let from = counts_from(&artifact);
                let judgement = match last.take() {
                    Some((at, judgement)) if at == from => judgement,
                    _ => self.judge(&release, from, state),
                };
                judged.note(&judgement);
                if judgement.verdict.is_allowed() {
                    served.push(artifact);
                } else {
                    withheld.push(artifact);
                    why = why.or_else(|| Why::of(judgement.clone(), from));
                }
                last = Some((from, judgement));
            }
            if let Some(why) = why {
                let held = ReleaseView { artifacts: withheld, ..release.clone() };
                judged.withheld.push((held, why));
            }
            if !served.is_empty() {
                release.artifacts = served;
                judged.served.push(release);
            }
        }
        let order = |left: &Version, right: &Version| self.adapter.compare_versions(left, right);
        judged.served.sort_by(|left, right| order(&left.version, &right.version));
        judged.withheld.sort_by(|(left, _), (right, _)| order(&left.version, &right.version));
        judged
    }

    fn judge(
        &self,
        release: &ReleaseView,
        published_at: Option<Timestamp>,
        state: LifecycleState,
    ) -> Judgement {
        let facts = Facts {
            package: self.package.clone(),
            version: release.version.clone(),
            published_at,
            is_hosted: self.is_hosted,
            state,
        };
        self.policy.judge(&facts, self.now)
    }
}

impl JudgedReleases {
    fn note(&mut self, judgement: &Judgement) {
        self.valid_until = self.valid_until.min(judgement.valid_until.unwrap_or(forever()));
    }
}

impl Why {
    /// `None` when nothing is withheld.
    fn of(judgement: Judgement, counts_from: Option<Timestamp>) -> Option<Self> {
        match judgement.verdict {
            Verdict::Allow => None,
            Verdict::Withhold(reasons) => {
                Some(Self { reasons, counts_from, until: judgement.valid_until })
            }
        }
    }
}

fn explain(
    mounted: &Mounted,
    package: &PackageRef,
    withheld: &[(ReleaseView, Why)],
) -> Vec<WithheldRelease> {
    let explain_one = |(release, why): &(ReleaseView, Why)| {
        let named = ReleaseRef { package: package.clone(), version: release.version.clone() };
        let url = withheld_url(&mounted.mount.site_url, &named);
        let reason = format!("{}; see {url}", sentence(&why.reasons));
        WithheldRelease { reason, release: release.clone() }
    };
    withheld.iter().map(explain_one).collect()
}

/// Drops tags whose release is not served. The default tag moves to the newest release that is
/// and that is not newer than the one it pointed at: what lies beyond, its publisher did not mean.
/// Pre-releases come last.
fn repair_tags(
    adapter: &dyn Ecosystem,
    mut tags: BTreeMap<String, String>,
    served: &[ReleaseView],
) -> BTreeMap<String, String> {
    let default = adapter.profile().default_tag;
    let meant = default.and_then(|default| tags.get(default));
    let meant = meant.and_then(|target| adapter.parse_version(target).ok());
    tags.retain(|_, target| {
        served.iter().any(|release| release.version.display() == target.as_str())
    });
    let Profile { default_tag: Some(default), .. } = adapter.profile() else { return tags };
    if !tags.contains_key(*default) {
        let versions = || served.iter().map(|release| &release.version);
        let is_meant = |version: &&Version| {
            meant.as_ref().is_some_and(|meant| adapter.compare_versions(version, meant).is_lt())
                && !adapter.is_prerelease(version)
        };
        let newest = newest_version(adapter, versions().filter(is_meant));
        if let Some(version) = newest.or_else(|| newest_version(adapter, versions())) {
            tags.insert((*default).to_owned(), version.display().to_owned());
        }
    }
    tags
}

/// The version a resolver would take by itself: the highest that is no pre-release, else the
/// highest.
pub(crate) fn newest_version<'a>(
    adapter: &dyn Ecosystem,
    versions: impl Iterator<Item = &'a Version>,
) -> Option<&'a Version> {
    versions.max_by(|left, right| {
        let rank = |version: &Version| !adapter.is_prerelease(version);
        rank(left).cmp(&rank(right)).then_with(|| adapter.compare_versions(left, right))
    })
}
