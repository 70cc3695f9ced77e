//! Files of an upstream that were admitted: what is known about them does not change any more.
//!
//! An upstream may replace the bytes behind a name, and its index then states other digests. The
//! bytes that were admitted stay, so the index goes on to show their digests: lock files remember
//! those, and a client that got one thing here does not get another tomorrow.

use std::collections::HashMap;

use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::index::{ArtifactView, UpstreamIndex};
use vouchsafe_domain::{PackageRef, Timestamp};
use vouchsafe_store::CachedArtifactRow;

use crate::fetch_index::FetchedIndex;
use crate::{App, AppError, REGISTRY};

/// The admitted files of one package.
pub(crate) struct Admitted(HashMap<String, CachedArtifactRow>);

impl App {
    pub(crate) async fn admitted_files(&self, package: &PackageRef) -> Result<Admitted, AppError> {
        let rows = self.inner.store.cached_artifacts(REGISTRY, package).await?;
        Ok(Admitted(rows.into_iter().map(|row| (row.filename.as_str().to_owned(), row)).collect()))
    }

    /// Records that an index states other digests than those of the admitted bytes.
    pub(crate) async fn note_replaced(
        &self,
        package: &PackageRef,
        index: &UpstreamIndex,
        admitted: &Admitted,
    ) -> Result<(), AppError> {
        let mut artifacts = index.releases.iter().flat_map(|release| &release.artifacts);
        let Some(artifact) = artifacts.find(|artifact| admitted.is_replaced(artifact)) else {
            return Ok(());
        };
        let filename = artifact.filename.as_str();
        let details = serde_json::json!({ "filename": filename, "kept": "the admitted bytes" });
        self.note_failure(EventKind::UpstreamMismatch, package, filename, details).await
    }

    /// Records that an upstream file was not admitted or not replaced, once in a while: a client
    /// that asks in a loop must not be able to fill the store.
    pub(crate) async fn note_failure(
        &self,
        kind: EventKind,
        package: &PackageRef,
        filename: &str,
        details: serde_json::Value,
    ) -> Result<(), AppError> {
        let news = format!("{package}#{filename}#{}", kind.as_str());
        if self.inner.noted_refusals.contains_key(&news) {
            return Ok(());
        }
        self.inner.noted_refusals.insert(news, ());
        tracing::error!(%package, filename, kind = kind.as_str(), "an upstream file was refused");
        let event = NewEvent::new(kind, "system", package.to_string()).with(details);
        self.inner.store.record_event(event, self.now()).await?;
        Ok(())
    }
}

impl Admitted {
    fn get(&self, artifact: &ArtifactView) -> Option<&CachedArtifactRow> {
        self.0.get(artifact.filename.as_str())
    }

    fn is_replaced(&self, artifact: &ArtifactView) -> bool {
        self.get(artifact)
            .is_some_and(|row| row.upstream_digests.disagreement(&artifact.digests).is_some())
    }

    /// Gives a file the digests of its admitted bytes when its upstream states others by now, or
    /// never stated any.
    pub(crate) fn correct(&self, artifact: &mut ArtifactView) {
        if (artifact.digests.is_empty() || self.is_replaced(artifact))
            && let Some(row) = self.get(artifact)
        {
            artifact.digests = row.upstream_digests.clone();
            artifact.size_bytes = Some(row.size_bytes);
        }
    }

    /// From when a file counts. An admitted one is judged at its download by what was known when
    /// it was admitted, and so it is in the index.
    pub(crate) fn counts_from(
        &self,
        artifact: &ArtifactView,
        fetched: &FetchedIndex,
    ) -> Option<Timestamp> {
        match self.get(artifact) {
            Some(row) => row.published_at,
            None => fetched.counts_from(artifact),
        }
    }
}
