//! Downloading one file: judged with the same facts as the index, then streamed.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use vouchsafe_domain::call::Answer;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    Digest, DigestAlgorithm, Digests, ErrorCode, Filename, LifecycleState, PackageName, PackageRef,
    RefusalKind, Sha256, Timestamp, Version,
};
use vouchsafe_identity::authorize::Action;
use vouchsafe_policy::Facts;

use crate::fetch_index::shared;
use crate::judge::Source;
use crate::{App, AppError, CallContext, Mounted, REGISTRY};

/// Artifacts up to this size are kept in memory after a download, in bytes.
const SMALL_ARTIFACT_BYTES: u64 = 64 * 1024;

/// A file on its way out.
pub struct ArtifactDownload {
    /// Its name.
    pub filename: Filename,
    /// Its size in bytes, when known beforehand.
    pub size_bytes: Option<u64>,
    /// Its digest, when known beforehand: the entity tag.
    pub sha256: Option<Sha256>,
    /// Other digests of it that are known beforehand.
    pub digests: Digests,
    /// Whether these bytes belong to this name for ever. A staged file may be sent again.
    pub is_final: bool,
    /// When it appeared.
    pub published_at: Option<Timestamp>,
    /// Its bytes.
    pub body: ArtifactBody,
}

/// Where the bytes come from.
pub enum ArtifactBody {
    /// From memory.
    Memory(Bytes),
    /// From the blob store; ranges are possible.
    Blob(Sha256),
    /// From the upstream while it arrives: digest checked before the last bytes are let out.
    Arriving(BoxStream<'static, Result<Bytes, Arc<AppError>>>),
}

/// A judged file, remembered until the judgement may change.
pub(crate) struct Ticket {
    sha256: Sha256,
    size_bytes: u64,
    digests: Digests,
    published_at: Option<Timestamp>,
    good_until: Timestamp,
    generation: u64,
    rules_revision: u64,
}

impl App {
    /// Opens one file for download.
    ///
    /// # Errors
    ///
    /// Not found; `auth.*`; `policy.*` when its release is withheld; `upstream.*`.
    pub(crate) async fn read_artifact(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Option<Version>,
        filename: Filename,
    ) -> Result<ArtifactDownload, AppError> {
        let version = version.as_ref();
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        let purl = package.to_string();
        if let Some(ticket) = self.good_ticket(&ticket_key(&purl, version, &filename), &purl) {
            return self.open(filename, &ticket).await;
        }
        Box::pin(self.judge_and_open(context, package, purl, version, filename)).await
    }

    /// Finds a file, judges it, and remembers the judgement.
    async fn judge_and_open(
        &self,
        context: &CallContext<'_>,
        package: PackageRef,
        purl: String,
        version: Option<&Version>,
        filename: Filename,
    ) -> Result<ArtifactDownload, AppError> {
        let generation = self.inner.documents.generation(&purl);
        let rules_revision = self.inner.rules.current().revision;
        let found = match self.locate(context.mounted, &package).await? {
            Source::Absent => return Err(AppError::not_found(format_args!("{filename}"))),
            Source::Hosted(_) => self.judge_hosted(&package, version, &filename).await,
            Source::Proxied => match self.judge_cached(&package, version, &filename).await {
                Ok(Some(found)) => Ok(found),
                Ok(None) => {
                    let mounted = context.mounted;
                    let fetched = self.fetch_artifact(mounted, &package, version, &filename);
                    return match fetched.await {
                        Err(error) => Err(self.note_refusal(error, &package, &filename).await),
                        fetched => fetched,
                    };
                }
                Err(error) => Err(error),
            },
        };
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.note_refusal(error, &package, &filename).await),
        };
        let ticket = Arc::new(Ticket {
            sha256: found.sha256,
            size_bytes: found.size_bytes,
            digests: found.digests,
            published_at: found.published_at,
            good_until: found.good_until,
            generation,
            rules_revision,
        });
        let key = ticket_key(&purl, version, &filename);
        self.inner.tickets.insert(key, Arc::clone(&ticket));
        self.open(filename, &ticket).await
    }

    fn good_ticket(&self, key: &str, purl: &str) -> Option<Arc<Ticket>> {
        let ticket = self.inner.tickets.get(key)?;
        let is_good = ticket.rules_revision == self.inner.rules.current().revision
            && ticket.generation == self.inner.documents.generation(purl)
            && self.now() < ticket.good_until;
        is_good.then_some(ticket)
    }

    async fn open(
        &self,
        filename: Filename,
        ticket: &Ticket,
    ) -> Result<ArtifactDownload, AppError> {
        let body = if ticket.size_bytes <= SMALL_ARTIFACT_BYTES {
            let bytes = match self.inner.small_blobs.get(&ticket.sha256) {
                Some(bytes) => bytes,
                None => {
                    let read = self.inner.blobs.read_all(ticket.sha256, SMALL_ARTIFACT_BYTES);
                    let bytes = Box::pin(read).await?;
                    self.inner.small_blobs.insert(ticket.sha256, bytes.clone());
                    bytes
                }
            };
            ArtifactBody::Memory(bytes)
        } else {
            ArtifactBody::Blob(ticket.sha256)
        };
        Ok(ArtifactDownload {
            filename,
            size_bytes: Some(ticket.size_bytes),
            sha256: Some(ticket.sha256),
            digests: ticket.digests.clone(),
            is_final: true,
            published_at: ticket.published_at,
            body,
        })
    }

    async fn judge_hosted(
        &self,
        package: &PackageRef,
        version: Option<&Version>,
        filename: &Filename,
    ) -> Result<Found, AppError> {
        let found = self.inner.store.find_artifact(REGISTRY, package, filename).await?;
        let found = found.filter(|found| {
            let states = [found.artifact.state, found.release_state, found.package_state];
            !states.contains(&LifecycleState::Removed)
                && version.is_none_or(|version| *version == found.version)
        });
        let found = found.ok_or_else(|| AppError::not_found(format_args!("{filename}")))?;
        let is_held = found.package_state == LifecycleState::Quarantined;
        let good_until = self.judge_one(&Facts {
            package: package.clone(),
            version: found.version.clone(),
            published_at: Some(found.artifact.published_at),
            is_hosted: true,
            state: if is_held { LifecycleState::Quarantined } else { found.release_state },
        })?;
        Ok(Found {
            sha256: found.artifact.sha256,
            size_bytes: found.artifact.size_bytes,
            digests: found.artifact.digests,
            published_at: Some(found.artifact.published_at),
            good_until,
        })
    }

    /// A file of an upstream that was admitted before; `None` when it was not.
    pub(crate) async fn judge_cached(
        &self,
        package: &PackageRef,
        version: Option<&Version>,
        filename: &Filename,
    ) -> Result<Option<Found>, AppError> {
        let row =
            self.inner.store.find_cached_artifact(REGISTRY, package, version, filename).await?;
        let Some(row) = row else { return Ok(None) };
        let good_until = self.judge_one(&Facts {
            package: package.clone(),
            version: row.version.clone(),
            published_at: row.published_at,
            is_hosted: false,
            state: LifecycleState::Active,
        })?;
        Ok(Some(Found {
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            digests: row.upstream_digests,
            published_at: row.published_at,
            good_until,
        }))
    }

    /// Finds a file in the upstream's index and judges it, then has it fetched.
    async fn fetch_artifact(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: Option<&Version>,
        filename: &Filename,
    ) -> Result<ArtifactDownload, AppError> {
        if let Some(version) = version
            && mounted.adapter.upstream_release(&package.name, version).is_some()
        {
            return self.fetch_unlisted(mounted, package, version, filename).await;
        }
        let fetched = self.fetch_index(mounted, package).await?;
        let missing = || AppError::not_found(format_args!("{filename}"));
        let fetched = fetched.ok_or_else(missing)?;
        let found = fetched.index.releases.iter().find_map(|release| {
            let artifact = release.artifacts.iter().find(|a| a.filename == *filename)?;
            Some((release, artifact))
        });
        let (release, artifact) = found.ok_or_else(missing)?;
        let published_at = fetched.counts_from(artifact);
        self.judge_one(&Facts {
            package: package.clone(),
            version: release.version.clone(),
            published_at,
            is_hosted: false,
            state: LifecycleState::Active,
        })?;
        self.fetch_judged(mounted, package, &release.version, artifact, published_at).await
    }

    /// Judges a file that no index lists by what its upstream says about its release, then has it
    /// fetched from the address that follows from its name.
    async fn fetch_unlisted(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
        filename: &Filename,
    ) -> Result<ArtifactDownload, AppError> {
        let missing = || AppError::not_found(format_args!("{filename}"));
        let key = format!("{package}@{}#{filename}", version.canonical());
        if self.inner.absent_files.contains_key(&key) {
            return Err(missing());
        }
        let release = self.fetch_release(mounted, package, version).await?;
        let release = release.ok_or_else(missing)?;
        // What is stated about a release may be its author's word: the index shows whether it was
        // there when we looked last.
        let is_new_here = self.is_unlisted(mounted, package, version).await?;
        let listed = release.artifacts.iter().find(|artifact| artifact.filename == *filename);
        let by_name = || mounted.adapter.upstream_artifact(&package.name, version, filename);
        let mut artifact = listed.cloned().or_else(by_name).ok_or_else(missing)?;
        let sightings = self.inner.store.find_sightings(REGISTRY, package).await?;
        let floor = sightings.get(release.version.canonical()).copied();
        let stated = artifact.published_at.or(release.published_at);
        let stated = stated.filter(|_| !is_new_here);
        let published_at = stated.map(|stated| floor.map_or(stated, |at| stated.max(at)));
        self.judge_one(&Facts {
            package: package.clone(),
            version: release.version.clone(),
            published_at,
            is_hosted: false,
            state: LifecycleState::Active,
        })?;
        if artifact.digests.is_empty() {
            artifact.digests = self.stated_digest(mounted, package, version, filename).await?;
        }
        let fetched =
            self.fetch_judged(mounted, package, &release.version, &artifact, published_at).await;
        if let Err(AppError::Refused(refusal)) = &fetched
            && refusal.kind == RefusalKind::NotFound
        {
            self.inner.absent_files.insert(key, ());
        }
        fetched
    }

    /// What the upstream says the digest of a file is, where that has an address of its own.
    async fn stated_digest(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
        filename: &Filename,
    ) -> Result<Digests, AppError> {
        let stated = mounted.adapter.upstream_digest(&package.name, version, filename);
        let Some((algorithm, request)) = stated else { return Ok(Digests::default()) };
        let Some(known) = self.known_document(mounted, &request).await? else {
            return Ok(Digests::default());
        };
        let text = String::from_utf8_lossy(&known.bytes);
        let hex = text.split_ascii_whitespace().next().unwrap_or_default();
        let digest = Digest::from_hex(algorithm, hex).map_err(|error| {
            let message =
                format!("the upstream states a digest of {filename} that is none: {error}");
            AppError::refused(RefusalKind::BadUpstream, ErrorCode::UpstreamMalformed, message)
        })?;
        Ok([digest].into_iter().collect())
    }

    /// One digest of a file, of the bytes that are served here.
    pub(crate) async fn read_digest(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Version,
        filename: Filename,
        algorithm: DigestAlgorithm,
    ) -> Result<Answer, AppError> {
        let read =
            self.read_artifact(context, name.clone(), Some(version.clone()), filename.clone());
        let mut download = read.await?;
        if let ArtifactBody::Arriving(stream) = &mut download.body {
            // Its bytes are not all here yet; their digests are known when they are.
            while let Some(chunk) = stream.next().await {
                chunk.map_err(shared)?;
            }
            download = self.read_artifact(context, name, Some(version), filename).await?;
        }
        let digest = download.digests.get(algorithm);
        let digest = digest.ok_or_else(|| AppError::not_found("this digest"))?;
        Ok(Answer::Digest(digest.to_hex()))
    }

    /// Records that a download was refused by policy, then hands the refusal on.
    async fn note_refusal(
        &self,
        error: AppError,
        package: &PackageRef,
        filename: &Filename,
    ) -> AppError {
        let AppError::Refused(refusal) = &error else { return error };
        if refusal.kind != RefusalKind::Withheld {
            return error;
        }
        metrics::counter!("vouchsafe_refusals_total", "code" => refusal.code.as_str()).increment(1);
        // A client that asks in a loop must not be able to fill the store.
        let news = format!("{package}#{filename}#{}", refusal.code);
        if self.inner.noted_refusals.contains_key(&news) {
            return error;
        }
        self.inner.noted_refusals.insert(news, ());
        let details = serde_json::json!({
            "filename": filename.as_str(),
            "code": refusal.code.as_str(),
            "message": refusal.message,
        });
        let event = NewEvent::new(EventKind::DownloadRefused, "policy", package.to_string());
        match self.inner.store.record_event(event.with(details), self.now()).await {
            Ok(_) => error,
            Err(failed) => failed.into(),
        }
    }
}

/// One file name may belong to two releases: a ticket is for what was asked.
fn ticket_key(purl: &str, version: Option<&Version>, filename: &Filename) -> String {
    match version {
        Some(version) => format!("{purl}@{}#{filename}", version.canonical()),
        None => format!("{purl}#{filename}"),
    }
}

/// A file that may be served.
pub(crate) struct Found {
    pub(crate) sha256: Sha256,
    pub(crate) size_bytes: u64,
    pub(crate) digests: Digests,
    pub(crate) published_at: Option<Timestamp>,
    pub(crate) good_until: Timestamp,
}
