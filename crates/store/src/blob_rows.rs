//! Rows about blobs: which bytes are referred to, and which are being swept away.
//!
//! The sweep and the commits meet here, in the one transaction order that all writers share:
//! the sweep *condemns* a digest while nothing refers to it, then deletes the bytes, then forgets
//! the digest; a commit that wants a condemned digest is refused and its upload repeated. So a
//! committed row never loses its bytes, whichever node sweeps.

use vouchsafe_domain::{Sha256, Timestamp};

use crate::connection::WriteTx;
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

statements! {
    REFER =
        "INSERT INTO blobs (sha256, size_bytes, created_at, condemned_at) VALUES ($1, $2, $3, NULL)
         ON CONFLICT (sha256) DO UPDATE SET size_bytes = excluded.size_bytes
         WHERE blobs.condemned_at IS NULL";

    CONDEMN =
        "INSERT INTO blobs (sha256, size_bytes, created_at, condemned_at)
         SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), CAST($3 AS BIGINT)
         WHERE NOT EXISTS (SELECT 1 FROM artifacts WHERE sha256 = $1 AND state <> 'removed')
           AND NOT EXISTS (SELECT 1 FROM cached_artifacts WHERE sha256 = $1)
           AND NOT EXISTS (SELECT 1 FROM upstream_documents WHERE body_sha256 = $1)
           AND NOT EXISTS (SELECT 1 FROM staged_files WHERE sha256 = $1)
         ON CONFLICT (sha256) DO UPDATE SET condemned_at = excluded.condemned_at";

    LIST_CONDEMNED = "SELECT sha256 FROM blobs WHERE condemned_at IS NOT NULL";

    FORGET = "DELETE FROM blobs WHERE sha256 = $1 AND condemned_at IS NOT NULL";

    REFERENCES =
        "SELECT (SELECT count(*) FROM artifacts WHERE sha256 = $1 AND state <> 'removed')
              + (SELECT count(*) FROM cached_artifacts WHERE sha256 = $1)
              + (SELECT count(*) FROM upstream_documents WHERE body_sha256 = $1)
              + (SELECT count(*) FROM staged_files WHERE sha256 = $1)";
}

/// Notes that a row is about to refer to a blob.
pub(crate) async fn refer(
    tx: &mut WriteTx,
    sha256: Sha256,
    size_bytes: u64,
    now: Timestamp,
) -> Result<(), StoreError> {
    let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
    let noted = both!(tx, execute(REFER, sha256.to_hex(), size_bytes, now.as_micros()))?;
    if noted == 0 { Err(StoreError::BlobCondemned { sha256 }) } else { Ok(()) }
}

impl Store {
    /// Condemns a blob that no row refers to. False: it is referred to, leave it alone.
    pub(crate) async fn condemn_blob(
        &self,
        sha256: Sha256,
        size_bytes: u64,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let size_bytes = i64::try_from(size_bytes).unwrap_or(i64::MAX);
        self.write((sha256.to_hex(), size_bytes, now), |tx, (sha256, size_bytes, now)| {
            Box::pin(async move {
                let now = now.as_micros();
                let condemned = both!(tx, execute(CONDEMN, sha256.as_str(), *size_bytes, now))?;
                Ok::<_, StoreError>(condemned > 0)
            })
        })
        .await
    }

    /// Condemned blobs whose bytes may be there still: a sweep that was cut short left them.
    pub(crate) async fn condemned_blobs(&self) -> Result<Vec<Sha256>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = both!(reader, fetch_all::<(String,)>(LIST_CONDEMNED))?;
        rows.iter().map(|(sha256,)| stored("blobs.sha256", sha256)).collect()
    }

    /// Forgets a condemned blob once its bytes are gone, so that it may be uploaded again.
    pub(crate) async fn forget_blob(&self, sha256: Sha256) -> Result<(), StoreError> {
        self.write(sha256.to_hex(), |tx, sha256| {
            Box::pin(async move {
                both!(tx, execute(FORGET, sha256.as_str()))?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Whether any row refers to this blob.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_blob_referenced(&self, sha256: Sha256) -> Result<bool, StoreError> {
        let mut reader = self.reader().await?;
        let (count,) = both!(reader, fetch_one::<(i64,)>(REFERENCES, sha256.to_hex()))?;
        Ok(count > 0)
    }
}
