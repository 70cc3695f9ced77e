//! The sweep: deletes the bytes that no row refers to any more.
//!
//! Orphans come from uploads whose commit failed, from releases that were removed and from index
//! documents that were replaced. A blob is deleted in four steps: it is older than the grace
//! period; the database condemns it, in the same order as all commits; it is *still* that old
//! (nobody kept it again meanwhile); the bytes go, and then the condemnation. A sweep that dies
//! in between leaves a condemned digest, which the next one finishes first.

use std::time::Duration;

use futures::TryStreamExt as _;
use vouchsafe_domain::{Sha256, Timestamp};

use super::{BlobError, Blobs};
use crate::{Store, StoreError};

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SweepReport {
    /// Blobs looked at.
    pub seen: u64,
    /// Blobs deleted.
    pub deleted: u64,
    /// Their bytes.
    pub deleted_bytes: u64,
}

/// Why a sweep ended early. What it did until then stands.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SweepError {
    /// The blob store failed.
    #[error("the blob store failed during the sweep")]
    Blob(#[from] BlobError),
    /// The database failed.
    #[error("the database failed during the sweep")]
    Store(#[from] StoreError),
}

impl Blobs {
    /// Deletes every blob that no row refers to and that was kept longer than `grace` before
    /// `now`.
    ///
    /// * `grace`: longer than any upload takes from its first byte to its commit; an hour or
    ///   more. Several nodes rely on it.
    ///
    /// # Errors
    ///
    /// [`SweepError`]; what was deleted until then stays deleted.
    pub async fn sweep_orphans(
        &self,
        store: &Store,
        grace: Duration,
        now: Timestamp,
    ) -> Result<SweepReport, SweepError> {
        let cutoff = now.minus(grace);
        let mut report = SweepReport::default();
        for sha256 in store.condemned_blobs().await? {
            self.finish(store, sha256, cutoff, &mut report).await?;
        }
        let mut blobs = self.list();
        while let Some(blob) = blobs.try_next().await? {
            report.seen += 1;
            if blob.kept_at >= cutoff {
                continue;
            }
            if store.is_blob_referenced(blob.sha256).await? {
                continue;
            }
            if store.condemn_blob(blob.sha256, blob.size_bytes, now).await? {
                self.finish(store, blob.sha256, cutoff, &mut report).await?;
            }
        }
        Ok(report)
    }

    /// Deletes the bytes of a condemned blob, unless it was kept again, and ends the
    /// condemnation.
    async fn finish(
        &self,
        store: &Store,
        sha256: Sha256,
        cutoff: Timestamp,
        report: &mut SweepReport,
    ) -> Result<(), SweepError> {
        let guard = self.lock(sha256).lock().await;
        if let Some(blob) = self.meta(sha256).await?
            && blob.kept_at < cutoff
        {
            self.delete(sha256).await?;
            report.deleted += 1;
            report.deleted_bytes += blob.size_bytes;
        }
        drop(guard);
        store.forget_blob(sha256).await?;
        Ok(())
    }
}
