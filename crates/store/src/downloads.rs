//! Download counts per release and day. Callers gather them and add them in batches.

use vouchsafe_domain::{PackageRef, RegistryId};

use crate::error::stored_u64;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// Downloads of one release on one day.
#[derive(Debug, Clone)]
pub struct DownloadCount {
    /// The registry.
    pub registry_id: RegistryId,
    /// The package, hosted or cached.
    pub package: PackageRef,
    /// The canonical version.
    pub version: String,
    /// Whole days since 1970-01-01 UTC.
    pub day: i64,
    /// How many.
    pub count: u64,
}

statements! {
    ADD_DOWNLOADS =
        "INSERT INTO downloads (registry_id, ecosystem, canonical, version, day, total)
         VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (registry_id, ecosystem, canonical, version, day) DO UPDATE
         SET total = downloads.total + excluded.total";

    SUM_DOWNLOADS =
        "SELECT CAST(COALESCE(SUM(total), 0) AS BIGINT) FROM downloads
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3";
}

impl Store {
    /// Adds a batch of counts.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; none of them was added.
    pub async fn add_downloads(&self, batch: Vec<DownloadCount>) -> Result<(), StoreError> {
        self.write(batch, |tx, batch| {
            Box::pin(async move {
                for count in batch {
                    both!(
                        tx,
                        execute(
                            ADD_DOWNLOADS,
                            count.registry_id.to_string(),
                            count.package.ecosystem.as_str(),
                            count.package.name.canonical(),
                            count.version.as_str(),
                            count.day,
                            i64::try_from(count.count).unwrap_or(i64::MAX),
                        )
                    )?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Downloads of a package, all releases and days together.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn downloads_of(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
    ) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let (total,) = both!(
            reader,
            fetch_one::<(i64,)>(
                SUM_DOWNLOADS,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
            )
        )?;
        stored_u64("downloads.total", total)
    }
}
