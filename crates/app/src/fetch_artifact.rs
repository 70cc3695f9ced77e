//! Fetching a judged file from its upstream: to the client and to the store at once.
//!
//! One task per file fetches; the client that came first is fed while bytes arrive, everybody
//! else waits until the file is admitted and is then served from the store. The last chunk is
//! held back until the digest of the whole is right, so nobody ever holds a complete wrong file,
//! and nothing wrong is ever admitted. A client that goes away, or is slow, does not stop or slow
//! the others.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::stream::BoxStream;
use tokio::sync::{mpsc, watch};
use vouchsafe_domain::event::EventKind;
use vouchsafe_domain::index::ArtifactView;
use vouchsafe_domain::{
    DigestAlgorithm, Digests, ErrorCode, PackageRef, RefusalKind, Timestamp, Version,
};
use vouchsafe_store::blob::BlobError;
use vouchsafe_store::{CachedArtifactRow, NewCachedArtifact};
use vouchsafe_upstream::{UpstreamError, with_origin};

use crate::fetch_index::shared;
use crate::read_artifact::{ArtifactBody, ArtifactDownload};
use crate::{App, AppError, Mounted, REGISTRY};

/// Chunks a client may lag behind before it is served from the store instead.
const LAG_CHUNKS: usize = 64;

type Outcome = Option<Result<Arc<CachedArtifactRow>, Arc<AppError>>>;

/// Fetches under way: who comes second waits here.
#[derive(Default)]
pub(crate) struct InProgress(Mutex<HashMap<String, watch::Receiver<Outcome>>>);

/// Everything the fetching task needs to know.
struct Job {
    url: String,
    max_bytes: u64,
    stated: Digests,
    algorithms: Vec<DigestAlgorithm>,
    new: Head,
}

struct Head {
    package: PackageRef,
    version: Version,
    filename: vouchsafe_domain::Filename,
    published_at: Option<Timestamp>,
}

impl App {
    /// Fetches a file that policy allows.
    pub(crate) async fn fetch_judged(
        &self,
        mounted: &Mounted,
        package: &PackageRef,
        version: &Version,
        artifact: &ArtifactView,
        published_at: Option<Timestamp>,
    ) -> Result<ArtifactDownload, AppError> {
        let key = format!("{package}@{}#{}", version.canonical(), artifact.filename);
        let (feed, mut arriving) = mpsc::channel(LAG_CHUNKS);
        let (report, done, is_first) = {
            let mut in_progress = lock(&self.inner.downloads_in_progress.0);
            match in_progress.get(&key) {
                Some(done) => (None, done.clone(), false),
                None => {
                    let (report, done) = watch::channel(None);
                    in_progress.insert(key.clone(), done.clone());
                    (Some(report), done, true)
                }
            }
        };
        if let Some(report) = report {
            let job = Job {
                url: artifact.upstream_url.clone().unwrap_or_default(),
                max_bytes: mounted.max_artifact_bytes,
                stated: artifact.digests.clone(),
                algorithms: algorithms(mounted, artifact),
                new: Head {
                    package: package.clone(),
                    version: version.clone(),
                    filename: artifact.filename.clone(),
                    published_at,
                },
            };
            let app = self.clone();
            let fetch = async move {
                let cleared = Cleared { app: app.clone(), key };
                let outcome = app.fetch_and_admit(job, &feed).await;
                drop(cleared);
                let (told, last) = match outcome {
                    Ok((row, last)) => (Ok(Arc::new(row)), last),
                    Err(error) => {
                        tracing::warn!(error = %error, "an upstream file was not admitted");
                        (Err(Arc::new(error)), None)
                    }
                };
                // The outcome is told before the feed closes: its reader asks for it then.
                report.send_replace(Some(told));
                if let Some(last) = last {
                    // A client that lags or left gets the rest from the store.
                    let _ = feed.try_send(last);
                }
            };
            tokio::spawn(with_origin(fetch));
        }
        let filename = artifact.filename.clone();
        // Nothing is promised before something came: until then a failure is still an answer. A
        // file that is gone by then was small, and is served like everybody else's.
        let first_chunk = if is_first { arriving.recv().await } else { None };
        if let Some(chunk) = first_chunk {
            // The upstream's word on the size is not ours to promise: the transfer is chunked.
            let body = ArtifactBody::Arriving(self.follow(chunk, arriving, done).boxed());
            return Ok(ArtifactDownload {
                filename,
                size_bytes: None,
                sha256: None,
                digests: artifact.digests.clone(),
                is_final: true,
                published_at,
                body,
            });
        }
        let row = settled(done).await.map_err(shared)?;
        Ok(ArtifactDownload {
            filename,
            size_bytes: Some(row.size_bytes),
            sha256: Some(row.sha256),
            digests: row.upstream_digests.clone(),
            is_final: true,
            published_at,
            body: ArtifactBody::Blob(row.sha256),
        })
    }

    /// Fetches, checks, admits. Gives the row and the last chunk, which nobody has been sent.
    async fn fetch_and_admit(
        &self,
        job: Job,
        feed: &mpsc::Sender<Bytes>,
    ) -> Result<(CachedArtifactRow, Option<Bytes>), AppError> {
        let package = &job.new.package;
        let upstream = self.inner.upstreams.get(&package.ecosystem);
        let upstream = upstream.ok_or_else(|| AppError::not_found(package))?;
        // Who asked while an earlier fetch was ending comes here after it: the file is there.
        let filename = &job.new.filename;
        let version = Some(&job.new.version);
        let known =
            self.inner.store.find_cached_artifact(REGISTRY, package, version, filename).await?;
        if let Some(row) = known {
            return Ok((row, None));
        }
        let mut body = match upstream.fetch_artifact(&job.url, job.max_bytes).await {
            Ok(body) => body,
            Err(UpstreamError::Status(404 | 410 | 451)) => {
                let what = format_args!("{filename}, which the index of its upstream lists,");
                return Err(AppError::not_found(what));
            }
            Err(error) => return Err(error.into()),
        };
        let mut spool = self.inner.blobs.spool(job.max_bytes, &job.algorithms);
        let mut held: Option<Bytes> = None;
        let mut is_followed = true;
        while let Some(chunk) = body.stream.next().await {
            let chunk = match chunk {
                Ok(chunk) => chunk,
                Err(error) => {
                    let details = serde_json::json!({
                        "filename": filename,
                        "cause": error.to_string(),
                    });
                    let kind = EventKind::UpstreamBroken;
                    self.note_failure(kind, package, filename.as_str(), details).await?;
                    return Err(error.into());
                }
            };
            spool.write(&chunk).await?;
            if let Some(ready) = held.replace(chunk)
                && is_followed
            {
                is_followed = feed.try_send(ready).is_ok();
            }
        }
        let spooled = spool.finish().await?;
        if let Some(algorithm) = job.stated.disagreement(&spooled.digests) {
            return Err(self.refuse_mismatch(&job, algorithm).await);
        }
        let digests = spooled.digests.clone();
        let (sha256, size_bytes) = self.inner.blobs.keep(spooled).await?;
        let new = NewCachedArtifact {
            registry_id: REGISTRY,
            package: package.clone(),
            version: job.new.version.clone(),
            filename: job.new.filename.clone(),
            published_at: job.new.published_at,
            sha256,
            size_bytes,
            upstream_digests: digests,
            now: self.now(),
        };
        let row = self.inner.store.admit_artifact(new).await?;
        if row.sha256 != sha256 {
            // Another node admitted other bytes under this name first: those stay.
            return Err(self.refuse_mismatch(&job, DigestAlgorithm::Sha256).await);
        }
        if job.stated.is_empty() {
            // From now on the index states what this registry knows.
            self.inner.documents.invalidate(&package.to_string());
        }
        Ok((row, held.filter(|_| is_followed)))
    }

    async fn refuse_mismatch(&self, job: &Job, algorithm: DigestAlgorithm) -> AppError {
        let Head { package, filename, .. } = &job.new;
        let details = serde_json::json!({
            "filename": filename,
            "algorithm": algorithm.as_str(),
        });
        let kind = EventKind::UpstreamMismatch;
        let noted = self.note_failure(kind, package, filename.as_str(), details).await;
        if let Err(error) = noted {
            return error;
        }
        AppError::refused(
            RefusalKind::BadUpstream,
            ErrorCode::UpstreamMismatch,
            format!(
                "the upstream's `{}` does not have the {} its index states; it was not admitted",
                job.new.filename,
                algorithm.as_str()
            ),
        )
    }

    /// What the first client reads: arriving chunks, then, if it lagged, the rest from the store.
    fn follow(
        &self,
        first_chunk: Bytes,
        chunks: mpsc::Receiver<Bytes>,
        done: watch::Receiver<Outcome>,
    ) -> impl futures::Stream<Item = Result<Bytes, Arc<AppError>>> + Send + use<> {
        let sent_bytes = first_chunk.len() as u64;
        let state = Following { app: self.clone(), chunks, done, sent_bytes, rest: None };
        let rest = futures::stream::try_unfold(state, |mut following| async move {
            let chunk = following.next().await?;
            Ok(chunk.map(|chunk| (chunk, following)))
        });
        futures::stream::once(async { Ok(first_chunk) }).chain(rest)
    }
}

/// What is computed of a file while it arrives: what its upstream states, and what this
/// ecosystem's clients ask for where the index states nothing.
fn algorithms(mounted: &Mounted, artifact: &ArtifactView) -> Vec<DigestAlgorithm> {
    let mut algorithms: Vec<_> = artifact.digests.iter().map(|digest| digest.algorithm()).collect();
    if artifact.upstream_url.is_some() && algorithms.len() < 2 {
        algorithms.extend_from_slice(mounted.adapter.profile().digests);
    }
    algorithms.sort_unstable();
    algorithms.dedup();
    algorithms
}

/// One client that is fed while the file arrives.
struct Following {
    app: App,
    chunks: mpsc::Receiver<Bytes>,
    done: watch::Receiver<Outcome>,
    sent_bytes: u64,
    rest: Option<BoxStream<'static, Result<Bytes, BlobError>>>,
}

impl Following {
    async fn next(&mut self) -> Result<Option<Bytes>, Arc<AppError>> {
        if self.rest.is_none() {
            if let Some(chunk) = self.chunks.recv().await {
                self.sent_bytes += chunk.len() as u64;
                return Ok(Some(chunk));
            }
            let row = settled(self.done.clone()).await?;
            if self.sent_bytes >= row.size_bytes {
                return Ok(None);
            }
            let range = Some(self.sent_bytes..row.size_bytes);
            let read = self.app.inner.blobs.read(row.sha256, range).await;
            self.rest = Some(read.map_err(|error| Arc::new(AppError::from(error)))?.stream);
        }
        match self.rest.as_mut() {
            Some(rest) => {
                let chunk = rest.next().await.transpose();
                chunk.map_err(|error| Arc::new(AppError::from(error)))
            }
            None => Ok(None),
        }
    }
}

/// Takes a fetch off the list when its task ends, however it ends.
struct Cleared {
    app: App,
    key: String,
}

impl Drop for Cleared {
    fn drop(&mut self) {
        lock(&self.app.inner.downloads_in_progress.0).remove(&self.key);
    }
}

async fn settled(
    mut done: watch::Receiver<Outcome>,
) -> Result<Arc<CachedArtifactRow>, Arc<AppError>> {
    let gone = || Arc::new(AppError::internal(std::io::Error::other("a fetch ended unfinished")));
    let outcome = done.wait_for(Option::is_some).await.map_err(|_| gone())?;
    match outcome.as_ref() {
        Some(outcome) => outcome.clone(),
        None => Err(gone()),
    }
}

/// A poisoned lock here guards a map that is valid after any step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
