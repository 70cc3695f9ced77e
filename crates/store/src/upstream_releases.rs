//! What an upstream says about single releases, where its index says little more than versions.

use std::sync::Arc;

use vouchsafe_domain::{PackageRef, RegistryId, Timestamp, Version};

use crate::connection::without_nul;
use crate::releases::version;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// One release of an upstream. It does not change.
#[derive(Debug, Clone)]
pub struct UpstreamReleaseRow {
    /// Its version.
    pub version: Version,
    /// The adapter's own JSON.
    pub manifest: Arc<str>,
    /// When the upstream says it was published.
    pub published_at: Option<Timestamp>,
}

statements! {
    RELEASES_OF =
        "SELECT version_display, version_canonical, manifest, published_at FROM upstream_releases
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3";

    FIND_RELEASE =
        "SELECT version_display, version_canonical, manifest, published_at FROM upstream_releases
         WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3 AND version_canonical = $4";

    PUT_RELEASE =
        "INSERT INTO upstream_releases (registry_id, ecosystem, canonical, version_display,
                                        version_canonical, manifest, published_at, fetched_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (registry_id, ecosystem, canonical, version_canonical) DO NOTHING";
}

type Record = (String, String, String, Option<i64>);

fn decode((display, canonical, manifest, at): Record) -> Result<UpstreamReleaseRow, StoreError> {
    Ok(UpstreamReleaseRow {
        version: version(display, canonical)?,
        manifest: manifest.into(),
        published_at: at.map(Timestamp::from_micros),
    })
}

impl Store {
    /// Every release of an upstream package that was asked for, in no particular order.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn upstream_releases(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
    ) -> Result<Vec<UpstreamReleaseRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(
            reader,
            fetch_all::<Record>(
                RELEASES_OF,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
            )
        )?;
        records.into_iter().map(decode).collect()
    }

    /// One release of an upstream package, when it was asked for before.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_upstream_release(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        version: &Version,
    ) -> Result<Option<UpstreamReleaseRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(
            reader,
            fetch_optional::<Record>(
                FIND_RELEASE,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
                version.canonical(),
            )
        )?;
        record.map(decode).transpose()
    }

    /// Remembers what an upstream said about a release. What it said first stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn put_upstream_release(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        row: UpstreamReleaseRow,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let data = (registry_id.to_string(), package.clone(), row, now);
        self.write(data, |tx, (registry_id, package, row, now)| {
            Box::pin(async move {
                both!(
                    tx,
                    execute(
                        PUT_RELEASE,
                        registry_id.as_str(),
                        package.ecosystem.as_str(),
                        package.name.canonical(),
                        row.version.display(),
                        row.version.canonical(),
                        without_nul(&row.manifest).as_ref(),
                        row.published_at.map(Timestamp::as_micros),
                        now.as_micros(),
                    )
                )?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }
}
