//! Single releases of an upstream, where its index says little more than their versions.
//!
//! What an upstream said about a release once is kept for good, like the release itself. A
//! cooldown needs to know how old each release is; the youngest are asked about first, a bounded
//! number per reading of the index, and what is not known yet counts as new.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, TryStreamExt as _};
use vouchsafe_adapter::UpstreamDocument;
use vouchsafe_domain::index::{ReleaseView, UpstreamIndex};
use vouchsafe_domain::{PackageRef, Timestamp, Version};
use vouchsafe_store::UpstreamReleaseRow;

use crate::fetch_index::shared;
use crate::{App, AppError, Mounted, REGISTRY};

/// Releases that are asked about because of one reading of an index.
const MAX_QUESTIONS: usize = 48;
/// Of which this many at once.
const QUESTIONS_AT_ONCE: usize = 8;

/// Publication times by canonical version, of the releases that were asked about. `None`: the
/// upstream does not say.
pub(crate) type ReleaseTimes = BTreeMap<String, Option<Timestamp>>;

/// What a flight brings: `None` when the upstream has no such release.
pub(crate) type Flight = Result<Option<Arc<ReleaseView>>, Arc<AppError>>;

impl App {
    /// What the upstream says about one release; `None` when it has no such release, or tells
    /// about all of them in its index.
    ///
    /// # Errors
    ///
    /// `upstream.*` when it cannot be asked and nothing usable is known.
    pub(crate) async fn fetch_release(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
    ) -> Result<Option<Arc<ReleaseView>>, AppError> {
        let may_change = mounted.adapter.may_change(version);
        if !may_change {
            let store = &self.inner.store;
            if let Some(row) = store.find_upstream_release(REGISTRY, package, version).await? {
                return Ok(Some(Arc::new(known_release(row))));
            }
        }
        let (app, id) = (self.clone(), mounted.id.clone());
        let (package, version) = (package.clone(), version.clone());
        let key = format!("{package}@{}", version.canonical());
        let flight = self.inner.releases.run(key, move || async move {
            let Some(mounted) = app.ecosystem(id.as_str()) else { return Ok(None) };
            let fetched = app.ask_about_release(mounted, &package, &version, may_change).await;
            Ok(fetched.map_err(Arc::new)?.map(Arc::new))
        });
        flight.await.map_err(shared)
    }

    async fn ask_about_release(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
        may_change: bool,
    ) -> Result<Option<ReleaseView>, AppError> {
        let adapter = mounted.adapter;
        let request = adapter.upstream_release(&package.name, version);
        let Some(request) = request else { return Ok(None) };
        let Some(known) = self.known_document(mounted, &request).await? else { return Ok(None) };
        let release = adapter.parse_release(
            &package.name,
            version,
            &UpstreamDocument {
                url: &known.row.url,
                content_type: known.row.content_type.as_deref().unwrap_or_default(),
                bytes: &known.bytes,
                settings: None,
                last_modified: known.row.last_modified.as_deref().and_then(http_date),
            },
        )?;
        if may_change {
            if known.is_new {
                self.remember(known.row, Some(known.bytes)).await?;
            }
        } else {
            let row = UpstreamReleaseRow {
                version: release.version.clone(),
                manifest: Arc::clone(&release.manifest),
                published_at: release.published_at,
            };
            self.inner.store.put_upstream_release(REGISTRY, package, row, self.now()).await?;
        }
        Ok(Some(release))
    }

    /// Fills in what an index leaves open about the ages of its releases, as far as the cooldown
    /// of this package needs it.
    pub(crate) async fn complete_index(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        index: &UpstreamIndex,
    ) -> Result<ReleaseTimes, AppError> {
        let adapter = mounted.adapter;
        let Some(first) = index.releases.first() else { return Ok(ReleaseTimes::new()) };
        if adapter.upstream_release(&package.name, &first.version).is_none() {
            return Ok(ReleaseTimes::new());
        }
        let known = self.inner.store.upstream_releases(REGISTRY, package).await?;
        let mut times: ReleaseTimes = known
            .into_iter()
            .map(|row| (row.version.canonical().to_owned(), row.published_at))
            .collect();
        let rules = self.inner.rules.current();
        let cooldown = rules.policy.for_package(package).cooldown();
        if cooldown == Duration::ZERO {
            return Ok(times);
        }
        let old_enough = self.now().minus(cooldown);
        let mut open: Vec<Version> = index
            .releases
            .iter()
            .filter(|release| !times.contains_key(release.version.canonical()))
            .filter(|release| release.published_at.is_none_or(|at| at > old_enough))
            .map(|release| release.version.clone())
            .collect();
        open.sort_by(|left, right| adapter.compare_versions(right, left));
        open.truncate(MAX_QUESTIONS);
        let answers: HashMap<String, Option<Timestamp>> = futures::stream::iter(open)
            .map(|version| async move {
                // One release that cannot be asked about counts as new; the others do not suffer.
                match self.fetch_release(mounted, package, &version).await {
                    Ok(Some(found)) => {
                        Ok(Some((version.canonical().to_owned(), found.published_at)))
                    }
                    Ok(None) | Err(AppError::Refused(_)) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .buffer_unordered(QUESTIONS_AT_ONCE)
            .try_filter_map(|found| async move { Ok(found) })
            .try_collect()
            .await?;
        times.extend(answers);
        Ok(times)
    }
}

fn known_release(row: UpstreamReleaseRow) -> ReleaseView {
    ReleaseView {
        version: row.version,
        manifest: row.manifest,
        artifacts: Vec::new(),
        published_at: row.published_at,
        yanked: None,
        deprecated: None,
    }
}

fn http_date(text: &str) -> Option<Timestamp> {
    httpdate::parse_http_date(text).ok().map(Timestamp::from)
}
