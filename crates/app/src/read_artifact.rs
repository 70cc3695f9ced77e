//! Downloading one file: judged with the same facts as the index, then streamed.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream::BoxStream;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    Filename, LifecycleState, PackageName, PackageRef, RefusalKind, Sha256, Timestamp,
};
use vouchsafe_identity::authorize::Action;
use vouchsafe_policy::Facts;

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
        filename: Filename,
    ) -> Result<ArtifactDownload, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        let purl = package.to_string();
        let key = format!("{purl}#{filename}");
        if let Some(ticket) = self.good_ticket(&key, &purl) {
            return self.open(filename, &ticket).await;
        }
        let generation = self.inner.documents.generation(&purl);
        let rules_revision = self.inner.rules.current().revision;
        let found = match self.locate(context.mounted, &package).await? {
            Source::Absent => return Err(AppError::not_found(format_args!("{filename}"))),
            Source::Hosted(_) => self.judge_hosted(&package, &filename).await,
            Source::Proxied => match self.judge_cached(&package, &filename).await {
                Ok(Some(found)) => Ok(found),
                Ok(None) => {
                    let fetched = self.fetch_artifact(context.mounted, &package, &filename).await;
                    return match fetched {
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
            published_at: found.published_at,
            good_until: found.good_until,
            generation,
            rules_revision,
        });
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
                    let bytes =
                        self.inner.blobs.read_all(ticket.sha256, SMALL_ARTIFACT_BYTES).await?;
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
            published_at: ticket.published_at,
            body,
        })
    }

    async fn judge_hosted(
        &self,
        package: &PackageRef,
        filename: &Filename,
    ) -> Result<Found, AppError> {
        let found = self.inner.store.find_artifact(REGISTRY, package, filename).await?;
        let found = found.filter(|found| {
            let states = [found.artifact.state, found.release_state, found.package_state];
            !states.contains(&LifecycleState::Removed)
        });
        let found = found.ok_or_else(|| AppError::not_found(format_args!("{filename}")))?;
        let is_held = found.package_state == LifecycleState::Quarantined;
        let good_until = self.judge_one(&Facts {
            package: package.clone(),
            version: found.version,
            published_at: Some(found.artifact.published_at),
            is_hosted: true,
            state: if is_held { LifecycleState::Quarantined } else { found.release_state },
        })?;
        Ok(Found {
            sha256: found.artifact.sha256,
            size_bytes: found.artifact.size_bytes,
            published_at: Some(found.artifact.published_at),
            good_until,
        })
    }

    /// A file of an upstream that was admitted before; `None` when it was not.
    pub(crate) async fn judge_cached(
        &self,
        package: &PackageRef,
        filename: &Filename,
    ) -> Result<Option<Found>, AppError> {
        let row = self.inner.store.find_cached_artifact(REGISTRY, package, filename).await?;
        let Some(row) = row else { return Ok(None) };
        let good_until = self.judge_one(&Facts {
            package: package.clone(),
            version: row.version,
            published_at: row.published_at,
            is_hosted: false,
            state: LifecycleState::Active,
        })?;
        Ok(Some(Found {
            sha256: row.sha256,
            size_bytes: row.size_bytes,
            published_at: row.published_at,
            good_until,
        }))
    }

    /// Finds a file in the upstream's index and judges it, then has it fetched.
    async fn fetch_artifact(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        filename: &Filename,
    ) -> Result<ArtifactDownload, AppError> {
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

/// A file that may be served.
pub(crate) struct Found {
    pub(crate) sha256: Sha256,
    pub(crate) size_bytes: u64,
    pub(crate) published_at: Option<Timestamp>,
    pub(crate) good_until: Timestamp,
}
