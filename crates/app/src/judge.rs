//! Route, facts, decide: which releases of a package this registry serves right now.
//!
//! Index documents and downloads both come through here with the same facts, so what an index
//! hides cannot be downloaded. What cannot be judged is not served.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use vouchsafe_domain::{
    ErrorCode, LifecycleState, PackageRef, Refusal, RefusalKind, ReleaseRef, Timestamp,
};
use vouchsafe_policy::{
    ClaimSet, Facts, PerEcosystem, PolicySet, PolicySettings, Reason, Route, RoutingFacts, Verdict,
    route,
};
use vouchsafe_store::{PackageRow, Store};

use crate::config::AppConfig;
use crate::judged_view::{JudgedView, hosted_view, proxied_view};
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
                let admitted = self.admitted_files(package).await?;
                self.note_replaced(package, &fetched.index, &admitted).await?;
                let rules = self.inner.rules.current();
                Ok(proxied_view(mounted, &rules, package, &fetched, &admitted, self.now()))
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
