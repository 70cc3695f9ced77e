//! Route, facts, decide: which releases of a package this registry serves right now.
//!
//! Index documents and downloads both come through here with the same facts, so what an index
//! hides cannot be downloaded. What cannot be judged is not served.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use vouchsafe_domain::{
    EcosystemId, ErrorCode, LifecycleState, PackageRef, Refusal, RefusalKind, ReleaseRef,
    Timestamp, Version,
};
use vouchsafe_policy::{
    ClaimSet, Facts, PerEcosystem, PolicySet, PolicySettings, Reason, Route, RoutingFacts, Verdict,
    route,
};
use vouchsafe_store::{PackageRow, Store};

use crate::config::AppConfig;
use crate::fetch_index::FetchedIndex;
use crate::fetch_release::ReleaseTimes;
use crate::judged_view::{JudgedView, hosted_view, namespace_view, proxied_view};
use crate::{App, AppError, Mounted, REGISTRY};

/// The rules in force, replaced as a whole when one changes.
pub(crate) struct Rules {
    current: RwLock<Arc<RuleSet>>,
}

/// One consistent set of rules.
pub(crate) struct RuleSet {
    pub(crate) policy: PolicySet,
    pub(crate) claims: ClaimSet,
    /// Namespaces that belong to accounts here.
    namespaces: HashMap<EcosystemId, HashSet<String>>,
    /// Grows with every change; documents rendered under another revision are not served.
    pub(crate) revision: u64,
}

impl RuleSet {
    /// Whether the package lies in a namespace of somebody here. Such names are never asked
    /// upstream.
    pub(crate) fn is_in_namespace(&self, mounted: &Mounted, package: &PackageRef) -> bool {
        let Some(namespaces) = self.namespaces.get(&package.ecosystem) else { return false };
        let above = mounted.adapter.claimable_namespaces(&package.name);
        above.iter().any(|prefix| namespaces.contains(prefix))
    }
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
    let mut namespaces: HashMap<_, HashSet<_>> = HashMap::new();
    for namespace in store.held_namespaces(REGISTRY).await? {
        let of_ecosystem = namespaces.entry(namespace.ecosystem().clone()).or_default();
        of_ecosystem.insert(namespace.prefix().to_owned());
    }
    Ok(RuleSet { policy, claims, namespaces, revision })
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
            is_in_namespace: rules.is_in_namespace(mounted, package),
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
            Source::Hosted(row) => {
                let contents = self.inner.store.package_contents(row.id).await?;
                let members = self.members_of(mounted, package).await?;
                let rules = self.inner.rules.current();
                Ok(hosted_view(mounted, &rules, contents, members, self.now()))
            }
            source => {
                // A namespace with packages of ours is ours: nothing of it comes from elsewhere.
                let members = self.members_of(mounted, package).await?;
                if !members.is_empty() {
                    return Ok(namespace_view(mounted, package, members, self.now()));
                }
                if matches!(source, Source::Absent) {
                    return Err(AppError::not_found(package));
                }
                let fetched = self.fetch_index(mounted, package).await?;
                let fetched = fetched.ok_or_else(|| AppError::not_found(package))?;
                let times = self.complete_index(mounted, package, &fetched.index).await?;
                let admitted = self.admitted_files(package).await?;
                self.note_replaced(package, &fetched.index, &admitted).await?;
                let (rules, now) = (self.inner.rules.current(), self.now());
                Ok(proxied_view(mounted, &rules, package, &fetched, &times, &admitted, now))
            }
        }
    }

    /// The judged view of a package as far as one release of it is concerned. Where an upstream
    /// tells about releases one by one, only that one is asked for, and in it.
    ///
    /// # Errors
    ///
    /// Like [`judged_view`](Self::judged_view).
    pub(crate) async fn judged_release(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
    ) -> Result<JudgedView, AppError> {
        let is_told_apart = mounted.adapter.upstream_release(&package.name, version).is_some();
        if !is_told_apart || !matches!(self.locate(mounted, package).await?, Source::Proxied) {
            return self.judged_view(mounted, package).await;
        }
        let release = self.fetch_release(mounted, package, version).await?;
        let release = release.ok_or_else(|| AppError::not_found(package))?;
        let mut release = release.as_ref().clone();
        if self.is_unlisted(mounted, package, version).await? {
            release.published_at = None;
        }
        let sightings = self.inner.store.find_sightings(REGISTRY, package).await?;
        let now = self.now();
        let fetched = FetchedIndex::of_release(
            package.name.clone(),
            release,
            sightings,
            now,
            now.plus(self.config().index_ttl_of(&mounted.id)),
        );
        let (times, admitted) = (ReleaseTimes::new(), self.admitted_files(package).await?);
        let rules = self.inner.rules.current();
        Ok(proxied_view(mounted, &rules, package, &fetched, &times, &admitted, now))
    }

    /// Whether a cooldown holds and the upstream's index should list this release and does not: it
    /// came after we looked last, and counts as new until the next look dates it.
    pub(crate) async fn is_unlisted(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
    ) -> Result<bool, AppError> {
        if self.inner.rules.current().policy.for_package(package).cooldown().is_zero() {
            return Ok(false);
        }
        let Some(fetched) = self.fetch_index(mounted, package).await? else { return Ok(false) };
        let is_listed = fetched.index.releases.iter().any(|release| release.version == *version);
        Ok(!is_listed && mounted.adapter.is_always_listed(version))
    }

    /// What packages published here say to the namespace of this name.
    async fn members_of(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<Vec<Arc<str>>, AppError> {
        if !mounted.adapter.profile().has_namespace_documents {
            return Ok(Vec::new());
        }
        let (ecosystem, namespace) = (&package.ecosystem, package.name.canonical());
        Ok(self.inner.store.namespace_entries(REGISTRY, ecosystem, namespace).await?)
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
pub(crate) fn withheld_url(site_url: &str, release: &ReleaseRef) -> String {
    let purl = release.to_string();
    format!("{site_url}/withheld/{}", purl.trim_start_matches("pkg:"))
}

pub(crate) fn sentence(reasons: &[Reason]) -> String {
    let all: Vec<&str> = reasons.iter().map(|reason| reason.message.as_str()).collect();
    all.join("; ")
}

pub(crate) fn forever() -> Timestamp {
    Timestamp::from_micros(i64::MAX)
}
