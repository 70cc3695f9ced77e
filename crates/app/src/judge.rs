//! Route, facts, decide: which releases of a package this registry serves right now.
//!
//! Index documents and downloads both come through here with the same facts, so what an index
//! hides cannot be downloaded. What cannot be judged is not served.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use vouchsafe_adapter::{Ecosystem, Profile};
use vouchsafe_domain::index::{ArtifactView, PackageView, ReleaseView, WithheldRelease};
use vouchsafe_domain::{
    ErrorCode, LifecycleState, PackageRef, Refusal, RefusalKind, ReleaseRef, Timestamp, Version,
};
use vouchsafe_policy::{
    ClaimSet, Facts, Judgement, PackagePolicy, PerEcosystem, PolicySet, PolicySettings, Reason,
    Route, RoutingFacts, Verdict, route,
};
use vouchsafe_store::{PackageContents, PackageRow, Store};

use crate::config::AppConfig;
use crate::fetch_index::FetchedIndex;
use crate::{App, AppError, Mounted, REGISTRY};

/// The rules in force, replaced as a whole when one changes.
pub(crate) struct Rules {
    current: RwLock<Arc<RuleSet>>,
}

/// One consistent set of rules.
pub(crate) struct RuleSet {
    pub(crate) policy: PolicySet,
    pub(crate) claims: ClaimSet,
    /// Grows with every change; documents rendered under another revision are not served.
    pub(crate) revision: u64,
}

impl Rules {
    pub(crate) async fn load(store: &Store, config: &AppConfig) -> Result<Self, AppError> {
        let set = read_rules(store, config, 1).await?;
        Ok(Self { current: RwLock::new(Arc::new(set)) })
    }

    pub(crate) fn current(&self) -> Arc<RuleSet> {
        Arc::clone(&self.current.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Reads the rules again, after an event said that they changed.
    pub(crate) async fn reload(&self, store: &Store, config: &AppConfig) -> Result<(), AppError> {
        let revision = self.current().revision + 1;
        let set = read_rules(store, config, revision).await?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(set);
        Ok(())
    }
}

async fn read_rules(store: &Store, config: &AppConfig, revision: u64) -> Result<RuleSet, AppError> {
    let claims = store.list_claims(REGISTRY).await?;
    let cooldown = PerEcosystem {
        default: config.cooldown,
        by_ecosystem: config.cooldowns.clone().into_iter().collect(),
    };
    let hosted_cooldown =
        if config.cool_hosted { cooldown.clone() } else { PerEcosystem::all(Duration::ZERO) };
    let allow_only = PerEcosystem {
        default: false,
        by_ecosystem: config.allow_only.iter().map(|id| (id.clone(), true)).collect(),
    };
    let settings = PolicySettings { cooldown, hosted_cooldown, allow_only };
    let entries = store.list_policy_entries(REGISTRY).await?.into_iter().map(policy_entry);
    let policy = PolicySet::new(settings, entries.collect(), revision);
    let claims = claims.into_iter().map(|claim| claim.pattern).collect();
    Ok(RuleSet { policy, claims, revision })
}

fn policy_entry(row: vouchsafe_store::PolicyEntryRow) -> vouchsafe_policy::PolicyEntry {
    use vouchsafe_policy::EntryKind as Rule;
    use vouchsafe_store::PolicyEntryKind as Kind;
    vouchsafe_policy::PolicyEntry {
        id: row.id.to_string(),
        kind: match row.kind {
            Kind::Deny => Rule::Deny,
            Kind::Allow => Rule::Allow,
            Kind::Exempt => Rule::Exempt,
        },
        pattern: row.pattern,
        version: row.version,
        reason: row.reason,
        author: row.author,
        created_at: row.created_at,
        ends_at: row.ends_at,
    }
}

/// Where a package comes from.
pub(crate) enum Source {
    /// From here.
    Hosted(Box<PackageRow>),
    /// From the ecosystem's upstream.
    Proxied,
    /// From nowhere: not here, and never asked upstream.
    Absent,
}

/// A package as it may be served now, and for how long that stays true.
pub(crate) struct JudgedView {
    pub(crate) view: PackageView,
    /// Judgement and index both stay as they are until then.
    pub(crate) fresh_until: Timestamp,
    /// Set when the upstream could not be asked and this is what was known then.
    pub(crate) stale_since: Option<Timestamp>,
    /// Why the newest withheld release is withheld.
    pub(crate) withheld_code: Option<ErrorCode>,
}

impl App {
    /// Decides where a package comes from. A name that is hosted or claimed here is never asked
    /// upstream, not even for a version that is missing.
    pub(crate) async fn locate(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<Source, AppError> {
        let row = self.inner.store.find_package(REGISTRY, package).await?;
        let rules = self.inner.rules.current();
        let has_upstream = self.inner.upstreams.get(&mounted.id).is_some();
        // A look-alike of a hosted name is not asked upstream either.
        let has_twin = has_upstream && row.is_none() && {
            let (ecosystem, key) = (&package.ecosystem, package.name.collision_key());
            let twin = self.inner.store.find_package_by_collision_key(REGISTRY, ecosystem, key);
            twin.await?.is_some()
        };
        let facts = RoutingFacts {
            hosted_exists: row.is_some() || has_twin,
            claims: &rules.claims,
            has_upstream,
        };
        Ok(match (route(facts, package), row) {
            (Route::Hosted, Some(row)) if row.state != LifecycleState::Removed => {
                Source::Hosted(Box::new(row))
            }
            (Route::Proxied, None) => Source::Proxied,
            _ => Source::Absent,
        })
    }

    /// The judged view of a package.
    ///
    /// # Errors
    ///
    /// Not found when it comes from nowhere; `upstream.*` when the upstream cannot answer.
    pub(crate) async fn judged_view(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<JudgedView, AppError> {
        match self.locate(mounted, package).await? {
            Source::Absent => Err(AppError::not_found(package)),
            Source::Hosted(row) => {
                let contents = self.inner.store.package_contents(row.id).await?;
                let rules = self.inner.rules.current();
                Ok(hosted_view(mounted, &rules, contents, self.now()))
            }
            Source::Proxied => {
                let fetched = self.fetch_index(mounted, package).await?;
                let fetched = fetched.ok_or_else(|| AppError::not_found(package))?;
                let rules = self.inner.rules.current();
                Ok(proxied_view(mounted, &rules, package, &fetched, self.now()))
            }
        }
    }

    /// Judges one release for a download. `Ok` says until when the answer holds.
    pub(crate) fn judge_one(&self, facts: &Facts) -> Result<Timestamp, AppError> {
        let rules = self.inner.rules.current();
        let policy = rules.policy.for_package(&facts.package);
        let judgement = policy.judge(facts, self.now());
        match judgement.verdict {
            Verdict::Allow => Ok(judgement.valid_until.unwrap_or(forever())),
            Verdict::Withhold(reasons) => {
                let release =
                    ReleaseRef { package: facts.package.clone(), version: facts.version.clone() };
                Err(self.withheld(&release, &reasons).into())
            }
        }
    }

    /// The refusal that explains why a release is withheld, with the address of its page.
    pub(crate) fn withheld(&self, release: &ReleaseRef, reasons: &[Reason]) -> Refusal {
        let code = reasons.first().map_or(ErrorCode::PolicyRuleFailed, |reason| reason.code);
        // Every reason names the release by itself, and some clients show little more than a line.
        let mut refusal = Refusal::new(RefusalKind::Withheld, code, sentence(reasons));
        refusal.docs_url = Some(withheld_url(&self.inner.config.site_url, release));
        refusal
    }
}

/// The page that explains why this release is withheld.
fn withheld_url(site_url: &str, release: &ReleaseRef) -> String {
    let purl = release.to_string();
    format!("{site_url}/withheld/{}", purl.trim_start_matches("pkg:"))
}

fn sentence(reasons: &[Reason]) -> String {
    let all: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    all.join("; ")
}

pub(crate) fn forever() -> Timestamp {
    Timestamp::from_micros(i64::MAX)
}

fn hosted_view(
    mounted: &Mounted,
    rules: &RuleSet,
    contents: PackageContents,
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
    let policy = rules.policy.for_package(&package);
    let judged = judge_releases(mounted.adapter, &policy, &package, releases, true, now);
    let withheld_code = newest_code(&judged);
    let view = PackageView {
        name: package.name.clone(),
        base_url: Arc::clone(&mounted.mount.base_url),
        tags: repair_tags(mounted.adapter, contents.tags, &judged.served),
        releases: judged.served,
        withheld: explain(mounted, &package, judged.withheld),
        owners: contents.owners,
        extras: contents.row.extras,
        created_at: Some(contents.row.created_at),
        modified_at: contents.row.updated_at,
        revision: contents.row.revision,
        is_hosted: true,
    };
    JudgedView { view, fresh_until: judged.valid_until, stale_since: None, withheld_code }
}

fn proxied_view(
    mounted: &Mounted,
    rules: &RuleSet,
    package: &PackageRef,
    fetched: &FetchedIndex,
    now: Timestamp,
) -> JudgedView {
    let index = &fetched.index;
    let releases = index.releases.iter().map(|release| (release.clone(), LifecycleState::Active));
    let policy = rules.policy.for_package(package);
    let judged = judge_releases(mounted.adapter, &policy, package, releases, false, now);
    let withheld_code = newest_code(&judged);
    let view = PackageView {
        name: index.name.clone(),
        base_url: Arc::clone(&mounted.mount.base_url),
        tags: repair_tags(mounted.adapter, index.tags.clone(), &judged.served),
        releases: judged.served,
        withheld: explain(mounted, package, judged.withheld),
        owners: Vec::new(),
        extras: index.extras.clone(),
        created_at: index.created_at,
        modified_at: index.modified_at.unwrap_or(fetched.changed_at),
        revision: fetched.changed_at.as_micros(),
        is_hosted: false,
    };
    let fresh_until = judged.valid_until.min(fetched.fresh_until);
    JudgedView { view, fresh_until, stale_since: fetched.stale_since, withheld_code }
}

struct JudgedReleases {
    served: Vec<ReleaseView>,
    withheld: Vec<(ReleaseView, Vec<Reason>)>,
    valid_until: Timestamp,
}

/// Judges every file of every release: a file added to an old release is as young as itself.
fn judge_releases(
    adapter: &dyn Ecosystem,
    policy: &PackagePolicy<'_>,
    package: &PackageRef,
    releases: impl Iterator<Item = (ReleaseView, LifecycleState)>,
    is_hosted: bool,
    now: Timestamp,
) -> JudgedReleases {
    let mut judged =
        JudgedReleases { served: Vec::new(), withheld: Vec::new(), valid_until: forever() };
    for (mut release, state) in releases {
        let mut kept_back: Vec<ArtifactView> = Vec::new();
        let mut reasons: Vec<Reason> = Vec::new();
        let mut facts = Facts {
            package: package.clone(),
            version: release.version.clone(),
            published_at: release.published_at,
            is_hosted,
            state,
        };
        let whole = (release.artifacts.is_empty()).then(|| policy.judge(&facts, now));
        let mut last: Option<(Option<Timestamp>, Judgement)> = None;
        let mut artifacts = Vec::with_capacity(release.artifacts.len());
        for artifact in std::mem::take(&mut release.artifacts) {
            facts.published_at = age_of(&artifact, &release);
            let judgement = match last.take() {
                Some((at, judgement)) if at == facts.published_at => judgement,
                _ => policy.judge(&facts, now),
            };
            judged.valid_until = judged.valid_until.min(judgement.valid_until.unwrap_or(forever()));
            match &judgement.verdict {
                Verdict::Allow => artifacts.push(artifact),
                Verdict::Withhold(why) => {
                    kept_back.push(artifact);
                    if reasons.is_empty() {
                        reasons.clone_from(why);
                    }
                }
            }
            last = Some((facts.published_at, judgement));
        }
        if let Some(Judgement { verdict: Verdict::Withhold(why), valid_until }) = whole {
            judged.valid_until = judged.valid_until.min(valid_until.unwrap_or(forever()));
            judged.withheld.push((release, why));
            continue;
        }
        if !kept_back.is_empty() {
            judged
                .withheld
                .push((ReleaseView { artifacts: kept_back, ..release.clone() }, reasons));
            if artifacts.is_empty() {
                continue;
            }
        }
        release.artifacts = artifacts;
        judged.served.push(release);
    }
    let order = |left: &Version, right: &Version| adapter.compare_versions(left, right);
    judged.served.sort_by(|left, right| order(&left.version, &right.version));
    judged.withheld.sort_by(|(left, _), (right, _)| order(&left.version, &right.version));
    judged
}

fn newest_code(judged: &JudgedReleases) -> Option<ErrorCode> {
    let (_, reasons) = judged.withheld.last()?;
    reasons.first().map(|reason| reason.code)
}

/// When a file appeared: its own time, or its release's when it has none.
pub(crate) fn age_of(artifact: &ArtifactView, release: &ReleaseView) -> Option<Timestamp> {
    artifact.published_at.or(release.published_at)
}

fn explain(
    mounted: &Mounted,
    package: &PackageRef,
    withheld: Vec<(ReleaseView, Vec<Reason>)>,
) -> Vec<WithheldRelease> {
    let explain_one = |(release, reasons): (ReleaseView, Vec<Reason>)| {
        let named = ReleaseRef { package: package.clone(), version: release.version.clone() };
        let url = withheld_url(&mounted.mount.site_url, &named);
        WithheldRelease { reason: format!("{}; see {url}", sentence(&reasons)), release }
    };
    withheld.into_iter().map(explain_one).collect()
}

/// Drops tags whose release is not served. The default tag moves to the newest release that is,
/// pre-releases last.
fn repair_tags(
    adapter: &dyn Ecosystem,
    mut tags: BTreeMap<String, String>,
    served: &[ReleaseView],
) -> BTreeMap<String, String> {
    tags.retain(|_, target| {
        served.iter().any(|release| release.version.display() == target.as_str())
    });
    let Profile { default_tag: Some(default), .. } = adapter.profile() else { return tags };
    if !tags.contains_key(*default) {
        let newest = newest_version(adapter, served.iter().map(|release| &release.version));
        if let Some(version) = newest {
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
