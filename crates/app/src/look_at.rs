//! What pages show: a package as it is judged now, and why a release of it is withheld.

use vouchsafe_domain::index::PackageView;
use vouchsafe_domain::{PackageRef, Timestamp, Version};
use vouchsafe_policy::Reason;

use crate::judged_view::{Why, newest_version};
use crate::{App, AppError, Mounted, REGISTRY};

/// A package for a page.
pub struct PackageSummary {
    /// The judged view.
    pub view: PackageView,
    /// One line about it.
    pub summary: String,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// Set when the upstream could not be asked.
    pub stale_since: Option<Timestamp>,
}

/// Why a release is withheld.
pub struct Explained {
    /// Every reason.
    pub reasons: Vec<Reason>,
    /// From when the release counts, when known.
    pub published_at: Option<Timestamp>,
    /// When the judgement may change by itself.
    pub until: Option<Timestamp>,
    /// What is served instead.
    pub newest_served: Option<Version>,
}

impl App {
    /// Reads a package for a page, judged like every index.
    ///
    /// # Errors
    ///
    /// Like reading its index document.
    pub async fn look_at(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<PackageSummary, AppError> {
        let judged = self.judged_view(mounted, package).await?;
        let row = self.inner.store.find_package(REGISTRY, package).await?;
        let (summary, keywords) = row.map(|row| (row.summary, row.keywords)).unwrap_or_default();
        let stale_since = judged.stale_since;
        Ok(PackageSummary { view: judged.view, summary, keywords, stale_since })
    }

    /// Every reason why a release is withheld now; `None` when it is served, or unknown.
    ///
    /// # Errors
    ///
    /// Like reading the package's index document.
    pub async fn explain_withheld(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
    ) -> Result<Option<Explained>, AppError> {
        let judged = self.judged_release(mounted, package, version).await?;
        let held = judged.view.withheld.iter().zip(judged.why);
        let mut held = held.filter(|(held, _)| held.release.version == *version);
        let Some((_, why)) = held.next() else { return Ok(None) };
        let served = judged.view.releases.iter().map(|release| &release.version);
        let newest_served = newest_version(mounted.adapter, served).cloned();
        let Why { reasons, counts_from, until } = why;
        Ok(Some(Explained { reasons, published_at: counts_from, until, newest_served }))
    }

    /// How many packages are hosted here.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn package_count(&self) -> Result<u64, AppError> {
        Ok(self.inner.store.count_packages(REGISTRY).await?)
    }
}

impl Mounted {
    /// How a person installs a release, by the ecosystem's usual client.
    pub fn install_line(&self, name: &str, version: Option<&str>) -> String {
        let (namespace, leaf) = name.rsplit_once('/').unwrap_or(("", name));
        let line = self.adapter.profile().install_line.replace("{name}", name);
        let line = line.replace("{namespace}", namespace).replace("{leaf}", leaf);
        match version {
            Some(version) => line.replace("{version}", version),
            None => line
                .split("{version}")
                .next()
                .unwrap_or_default()
                .trim_end_matches(['@', '=', ':', ' '])
                .to_owned(),
        }
    }
}
