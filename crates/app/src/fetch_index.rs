//! Upstream index documents: kept unjudged, revalidated, fetched once for everybody who waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moka::sync::Cache;
use vouchsafe_adapter::{Profile, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{PackageName, PackageRef, Timestamp};
use vouchsafe_store::UpstreamDocumentRow;
use vouchsafe_upstream::{DocumentRequest, Fetched, SingleFlight, Upstream, UpstreamError};

use crate::fetch_release::ReleaseTimes;
use crate::sightings::{self, Before, Sightings};
use crate::upstream_settings::Settings;
use crate::{App, AppError, Mounted, REGISTRY};

/// "Not there" is believed for this long at most: a package may be published any minute.
pub(crate) const ABSENT_TTL: Duration = Duration::from_secs(60);
/// While an upstream is down, what we have is believed for this long before trying again.
const OUTAGE_RETRY: Duration = Duration::from_secs(10);

/// A parsed upstream index.
pub(crate) struct FetchedIndex {
    pub(crate) index: UpstreamIndex,
    sightings: Sightings,
    /// When the document with this content was first seen.
    pub(crate) changed_at: Timestamp,
    /// Believed without asking until then.
    pub(crate) fresh_until: Timestamp,
    /// Set when the upstream could not be asked.
    pub(crate) stale_since: Option<Timestamp>,
    weight: u32,
}

impl FetchedIndex {
    /// An index of one release, as the upstream tells of it by itself.
    ///
    /// * `sightings`: of its package.
    pub(crate) fn of_release(
        name: PackageName,
        release: ReleaseView,
        sightings: Sightings,
        now: Timestamp,
        fresh_until: Timestamp,
    ) -> Self {
        let index = UpstreamIndex {
            name,
            releases: vec![release],
            tags: BTreeMap::new(),
            extras: None,
            created_at: None,
            modified_at: None,
        };
        Self { index, sightings, changed_at: now, fresh_until, stale_since: None, weight: 0 }
    }

    /// From when a release counts whose files the index does not list.
    pub(crate) fn release_counts_from(
        &self,
        release: &ReleaseView,
        times: &ReleaseTimes,
    ) -> Option<Timestamp> {
        let version = release.version.canonical();
        let stated = times.get(version).copied().flatten().or(release.published_at);
        // A sighting says "not older than"; by itself it is no publication time.
        stated
            .map(|stated| self.sightings.get(version).copied().map_or(stated, |at| stated.max(at)))
    }

    /// From when a file counts: its publication time, unless this registry knows better.
    pub(crate) fn counts_from(&self, artifact: &ArtifactView) -> Option<Timestamp> {
        let sighted = self.sightings.get(artifact.filename.as_str()).copied();
        artifact.published_at.max(sighted)
    }
}

type Flight = Result<Option<Arc<FetchedIndex>>, Arc<AppError>>;
type SettingsFlight = Result<Option<Settings>, Arc<AppError>>;

/// Parsed indexes in memory, and the flights that fetch them.
pub(crate) struct Indexes {
    parsed: Cache<String, Arc<FetchedIndex>>,
    flights: SingleFlight<String, Flight>,
    /// Settings belong to an upstream as a whole: all of its packages wait for one fetch.
    pub(crate) settings: SingleFlight<String, SettingsFlight>,
}

impl Indexes {
    pub(crate) fn new(max_bytes: u64) -> Self {
        let parsed = Cache::builder()
            .weigher(|_, fetched: &Arc<FetchedIndex>| fetched.weight)
            .max_capacity(max_bytes)
            .build();
        Self { parsed, flights: SingleFlight::default(), settings: SingleFlight::default() }
    }
}

/// A document and how fresh it is.
pub(crate) struct Known {
    pub(crate) bytes: Bytes,
    pub(crate) row: UpstreamDocumentRow,
    pub(crate) fresh_until: Timestamp,
    pub(crate) stale_since: Option<Timestamp>,
    /// Just fetched, and not in the store yet.
    pub(crate) is_new: bool,
    /// The one whose place it takes.
    pub(crate) before: Option<(UpstreamDocumentRow, Bytes)>,
}

impl Known {
    /// A document that is in the store.
    pub(crate) fn kept(
        bytes: Bytes,
        row: UpstreamDocumentRow,
        fresh_until: Timestamp,
        stale_since: Option<Timestamp>,
    ) -> Self {
        Self { bytes, row, fresh_until, stale_since, is_new: false, before: None }
    }
}

impl App {
    /// The upstream's index of a package; `None` when the upstream has no such package.
    ///
    /// # Errors
    ///
    /// `upstream.*` when it cannot be asked and nothing usable is known.
    pub(crate) async fn fetch_index(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<Option<Arc<FetchedIndex>>, AppError> {
        let purl = package.to_string();
        if let Some(fetched) = self.inner.indexes.parsed.get(&purl)
            && self.now() < fetched.fresh_until
        {
            return Ok(Some(fetched));
        }
        let app = self.clone();
        let (id, package) = (mounted.id.clone(), package.clone());
        let flight = self.inner.indexes.flights.run(purl.clone(), move || async move {
            let Some(mounted) = app.ecosystem(id.as_str()) else { return Ok(None) };
            app.fetch_and_parse(mounted, &package).await.map_err(Arc::new)
        });
        let fetched = flight.await.map_err(shared)?;
        if let Some(fetched) = &fetched {
            self.inner.indexes.parsed.insert(purl, Arc::clone(fetched));
        }
        Ok(fetched)
    }

    async fn fetch_and_parse(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
    ) -> Result<Option<Arc<FetchedIndex>>, AppError> {
        let adapter = mounted.adapter;
        let settings = match adapter.upstream_settings() {
            Some(request) => self.settings_document(mounted, request).await?,
            None => None,
        };
        let known = self.locate_index(mounted, package, settings.as_ref()).await?;
        let Some(known) = known else { return Ok(None) };
        let (name, now) = (package.name.clone(), self.now());
        let mut sightings = self.inner.store.find_sightings(REGISTRY, package).await?;
        let fresh = known.is_new.then(|| (known.row.clone(), known.bytes.clone()));
        let parsed = tokio::task::spawn_blocking(move || {
            let parse = |row: &UpstreamDocumentRow, bytes: &[u8]| {
                let document = UpstreamDocument {
                    url: &row.url,
                    content_type: row.content_type.as_deref().unwrap_or_default(),
                    bytes,
                    settings: settings.as_ref().map(|settings| settings.bytes.as_ref()),
                    last_modified: None,
                };
                adapter.parse_index(&name, &document)
            };
            let index = parse(&known.row, &known.bytes)?;
            let asks_apart = index
                .releases
                .first()
                .is_some_and(|release| adapter.upstream_release(&name, &release.version).is_some());
            let is_news = known.is_new && {
                let before = known.before.as_ref().and_then(|(row, bytes)| {
                    Some(Before { index: parse(row, bytes).ok()?, validated_at: row.validated_at })
                });
                let seen = sightings::look(&index, before.as_ref(), &sightings, asks_apart, now);
                seen != std::mem::replace(&mut sightings, seen.clone())
            };
            let fetched = FetchedIndex {
                index,
                sightings,
                changed_at: known.row.fetched_at,
                fresh_until: known.fresh_until,
                stale_since: known.stale_since,
                weight: u32::try_from(known.bytes.len() + 512).unwrap_or(u32::MAX),
            };
            Ok::<_, vouchsafe_adapter::FormatError>((fetched, is_news))
        });
        let (fetched, is_news) = parsed.await.map_err(AppError::internal)??;
        // Before the document: it is what the next one is compared with.
        if is_news {
            self.inner.store.put_sightings(REGISTRY, package, &fetched.sightings).await?;
        }
        // Only what can be read is kept: it takes the place of a copy that could.
        if let Some((row, bytes)) = fresh {
            self.remember(row, Some(bytes)).await?;
        }
        Ok(Some(Arc::new(fetched)))
    }

    /// A document of the upstream, from the store when that is fresh enough, revalidated when not.
    pub(crate) async fn known_document(
        &self,
        mounted: &Mounted,
        request: &UpstreamRequest,
    ) -> Result<Option<Known>, AppError> {
        let Some(upstream) = self.inner.upstreams.get(&mounted.id) else { return Ok(None) };
        let now = self.now();
        let ttl = self.config().index_ttl_of(&mounted.id);
        let row =
            self.inner.store.find_upstream_document(REGISTRY, &mounted.id, &request.path).await?;
        if let Some(row) = &row {
            let is_absent = row.body_sha256.is_none();
            let until = row.validated_at.plus(if is_absent { ttl.min(ABSENT_TTL) } else { ttl });
            if now < until {
                if is_absent {
                    return Ok(None);
                }
                if let Some(bytes) = self.stored_body(mounted.adapter.profile(), row).await {
                    let row = row.clone();
                    return Ok(Some(Known::kept(bytes, row, until, None)));
                }
            }
        }
        let profile = mounted.adapter.profile();
        match self.ask(upstream, profile, request, row.as_ref()).await {
            Ok(Fetched::NotFound) => {
                let url = request.path.clone();
                self.remember(new_row(mounted, request, url, now), None).await?;
                Ok(None)
            }
            Ok(Fetched::NotModified) => match row {
                Some(row) => {
                    let bytes = self.stored_body(profile, &row).await.ok_or_else(|| {
                        AppError::internal(std::io::Error::other("a cached index lost its blob"))
                    })?;
                    let key = &request.path;
                    self.inner
                        .store
                        .touch_upstream_document(REGISTRY, &mounted.id, key, now)
                        .await?;
                    let row = UpstreamDocumentRow { validated_at: now, ..row };
                    Ok(Some(Known::kept(bytes, row, now.plus(ttl), None)))
                }
                None => Ok(None),
            },
            Ok(Fetched::Document { bytes, content_type, etag, last_modified, final_url }) => {
                let before = match row {
                    Some(row) => self.stored_body(profile, &row).await.map(|bytes| (row, bytes)),
                    None => None,
                };
                let mut row = new_row(mounted, request, final_url, now);
                row.content_type = Some(content_type);
                row.etag = etag;
                row.last_modified = last_modified;
                let known = Known::kept(bytes, row, now.plus(ttl), None);
                Ok(Some(Known { is_new: true, before, ..known }))
            }
            Err(error) if error.is_outage() => {
                let usable = row.filter(|row| {
                    now.since(row.validated_at) < self.config().stale_max_of(&mounted.id)
                });
                let Some(row) = usable else { return Err(error.into()) };
                if row.body_sha256.is_none() {
                    return Err(error.into());
                }
                let Some(bytes) = self.stored_body(profile, &row).await else {
                    return Err(error.into());
                };
                tracing::warn!(ecosystem = %mounted.id, error = %error, "serving a stale index");
                metrics::counter!("vouchsafe_stale_indexes_total").increment(1);
                let stale_since = Some(row.validated_at);
                Ok(Some(Known::kept(bytes, row, now.plus(OUTAGE_RETRY), stale_since)))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses a request that has come through this registry before.
    ///
    /// # Errors
    ///
    /// When a `Via` header names us: registries are each other's upstream.
    pub fn refuse_loop(&self, headers: &http::HeaderMap) -> Result<(), AppError> {
        for via in headers.get_all(http::header::VIA) {
            self.inner.upstreams.refuse_loop(via.to_str().unwrap_or_default())?;
        }
        Ok(())
    }

    /// Runs a request so that what it asks upstream names the registries it came through.
    pub async fn coming_through<F: Future>(
        &self,
        headers: &http::HeaderMap,
        request: F,
    ) -> F::Output {
        let via = headers.get_all(http::header::VIA).iter().filter_map(|via| via.to_str().ok());
        vouchsafe_upstream::coming_through(&via.collect::<Vec<_>>().join(","), request).await
    }

    async fn ask(
        &self,
        upstream: &Upstream,
        profile: &Profile,
        request: &UpstreamRequest,
        row: Option<&UpstreamDocumentRow>,
    ) -> Result<Fetched, UpstreamError> {
        // A body that was lost cannot be revalidated: ask for all of it.
        let known = match row {
            Some(row) => match row.body_sha256 {
                Some(sha256) if self.inner.blobs.exists(sha256).await.unwrap_or(false) => Some(row),
                _ => None,
            },
            None => None,
        };
        upstream
            .fetch_document(DocumentRequest {
                path_or_url: request.path.clone(),
                accept: request.accept,
                etag: known.and_then(|row| row.etag.as_deref()),
                last_modified: known.and_then(|row| row.last_modified.as_deref()),
                max_bytes: profile.max_index_bytes,
            })
            .await
    }

    pub(crate) async fn stored_body(
        &self,
        profile: &Profile,
        row: &UpstreamDocumentRow,
    ) -> Option<Bytes> {
        let sha256 = row.body_sha256?;
        match self.inner.blobs.read_all(sha256, profile.max_index_bytes).await {
            Ok(bytes) => Some(bytes),
            Err(error) => {
                tracing::warn!(%sha256, error = %error, "a cached index could not be read back");
                None
            }
        }
    }

    /// Keeps a document, or that there is none.
    pub(crate) async fn remember(
        &self,
        mut row: UpstreamDocumentRow,
        body: Option<Bytes>,
    ) -> Result<(), AppError> {
        if let Some(bytes) = body {
            let mut spool = self.inner.blobs.spool(u64::MAX, &[]);
            spool.write(&bytes).await?;
            let (sha256, size_bytes) = self.inner.blobs.keep(spool.finish().await?).await?;
            row.body_sha256 = Some(sha256);
            row.size_bytes = size_bytes;
            row.status = 200;
        }
        self.inner.store.put_upstream_document(row).await?;
        Ok(())
    }
}

/// The row of a document that the upstream does not have, until its body is known.
fn new_row(
    mounted: &Mounted,
    request: &UpstreamRequest,
    url: String,
    now: Timestamp,
) -> UpstreamDocumentRow {
    UpstreamDocumentRow {
        registry_id: REGISTRY,
        ecosystem: mounted.id.clone(),
        key: request.path.clone(),
        url,
        content_type: None,
        etag: None,
        last_modified: None,
        body_sha256: None,
        size_bytes: 0,
        status: 404,
        fetched_at: now,
        validated_at: now,
    }
}

/// An error that several callers share: the refusal is copied, an internal cause is kept whole.
pub(crate) fn shared(error: Arc<AppError>) -> AppError {
    match error.as_ref() {
        AppError::Refused(refusal) => AppError::Refused(refusal.clone()),
        AppError::Internal(_) => AppError::Internal(anyhow::Error::new(SharedCause(error))),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("a shared request failed")]
struct SharedCause(#[source] Arc<AppError>);
