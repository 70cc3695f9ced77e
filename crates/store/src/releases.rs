//! Releases of hosted packages and their files: reading them.

use std::sync::Arc;

use vouchsafe_domain::{
    AccountId, ArtifactId, Digests, Filename, LifecycleState, PackageId, PackageRef, RegistryId,
    ReleaseId, Sha256, Timestamp, Version,
};

use crate::connection::Conn;
use crate::error::{stored, stored_json, stored_u64};
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// A release of a hosted package.
#[derive(Debug, Clone)]
pub struct ReleaseRow {
    /// Its id.
    pub id: ReleaseId,
    /// Its version.
    pub version: Version,
    /// The adapter's own JSON.
    pub manifest: Arc<str>,
    /// Where it stands.
    pub state: LifecycleState,
    /// The reason of a yank, possibly empty; `None` when it is not yanked.
    pub yanked: Option<String>,
    /// The warning; `None` when it is not deprecated.
    pub deprecated: Option<String>,
    /// When it was committed.
    pub published_at: Timestamp,
    /// Who published it; `None` when it was not an account.
    pub published_by: Option<AccountId>,
}

/// A file of a release.
#[derive(Debug, Clone)]
pub struct ArtifactRow {
    /// Its id.
    pub id: ArtifactId,
    /// Its release.
    pub release_id: ReleaseId,
    /// Its name.
    pub filename: Filename,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The address of its bytes.
    pub sha256: Sha256,
    /// All its digests.
    pub digests: Digests,
    /// The adapter's own JSON.
    pub extras: Option<Arc<str>>,
    /// When it was committed.
    pub published_at: Timestamp,
    /// Where it stands.
    pub state: LifecycleState,
}

/// A hosted file with the facts that decide whether it may be served.
#[derive(Debug, Clone)]
pub struct HostedArtifact {
    /// The file, in any state.
    pub artifact: ArtifactRow,
    /// The version it belongs to.
    pub version: Version,
    /// Where the release stands.
    pub release_state: LifecycleState,
    /// Where the package stands.
    pub package_state: LifecycleState,
    /// When the release was committed.
    pub published_at: Timestamp,
    /// The reason of a yank of the release; `None` when it is not yanked.
    pub yanked: Option<String>,
}

statements! {
    FIND_RELEASE =
        "SELECT id, version_display, version_canonical, manifest, state, yanked, deprecated,
                published_at, published_by
         FROM releases WHERE package_id = $1 AND version_canonical = $2";

    LIST_RELEASES =
        "SELECT id, version_display, version_canonical, manifest, state, yanked, deprecated,
                published_at, published_by
         FROM releases WHERE package_id = $1 AND state <> 'removed'
         ORDER BY published_at, id";

    LIST_ARTIFACTS =
        "SELECT id, release_id, filename, size_bytes, sha256, digests, extras, published_at, state
         FROM artifacts WHERE package_id = $1 AND state <> 'removed'
         ORDER BY published_at, id";

    FIND_ARTIFACT =
        "SELECT a.id, a.release_id, a.filename, a.size_bytes, a.sha256, a.digests, a.extras,
                a.published_at, a.state,
                r.version_display, r.version_canonical, r.state AS release_state,
                p.state AS package_state, r.published_at AS release_published_at, r.yanked
         FROM packages p
         JOIN artifacts a ON a.package_id = p.id
         JOIN releases r ON r.id = a.release_id
         WHERE p.registry_id = $1 AND p.ecosystem = $2 AND p.canonical = $3 AND a.filename = $4";
}

#[derive(sqlx::FromRow)]
struct ReleaseRecord {
    id: String,
    version_display: String,
    version_canonical: String,
    manifest: String,
    state: String,
    yanked: Option<String>,
    deprecated: Option<String>,
    published_at: i64,
    published_by: Option<String>,
}

impl ReleaseRecord {
    fn decode(self) -> Result<ReleaseRow, StoreError> {
        let published_by = self.published_by.as_deref();
        Ok(ReleaseRow {
            id: stored("releases.id", &self.id)?,
            version: version(self.version_display, self.version_canonical)?,
            manifest: self.manifest.into(),
            state: stored("releases.state", &self.state)?,
            yanked: self.yanked,
            deprecated: self.deprecated,
            published_at: Timestamp::from_micros(self.published_at),
            published_by: published_by.map(|id| stored("releases.published_by", id)).transpose()?,
        })
    }
}

pub(crate) fn version(display: String, canonical: String) -> Result<Version, StoreError> {
    Version::new(display, canonical).map_err(|_| StoreError::Corrupt { column: "releases.version" })
}

#[derive(sqlx::FromRow)]
struct ArtifactRecord {
    id: String,
    release_id: String,
    filename: String,
    size_bytes: i64,
    sha256: String,
    digests: String,
    extras: Option<String>,
    published_at: i64,
    state: String,
}

impl ArtifactRecord {
    fn decode(self) -> Result<ArtifactRow, StoreError> {
        Ok(ArtifactRow {
            id: stored("artifacts.id", &self.id)?,
            release_id: stored("artifacts.release_id", &self.release_id)?,
            filename: stored("artifacts.filename", &self.filename)?,
            size_bytes: stored_u64("artifacts.size_bytes", self.size_bytes)?,
            sha256: stored("artifacts.sha256", &self.sha256)?,
            digests: stored_json("artifacts.digests", &self.digests)?,
            extras: self.extras.map(Arc::from),
            published_at: Timestamp::from_micros(self.published_at),
            state: stored("artifacts.state", &self.state)?,
        })
    }
}

#[derive(sqlx::FromRow)]
struct HostedArtifactRecord {
    #[sqlx(flatten)]
    artifact: ArtifactRecord,
    version_display: String,
    version_canonical: String,
    release_state: String,
    package_state: String,
    release_published_at: i64,
    yanked: Option<String>,
}

/// Reads a release on any connection.
pub(crate) async fn release_by_version(
    conn: &mut Conn<'_>,
    package_id: PackageId,
    canonical: &str,
) -> Result<Option<ReleaseRow>, StoreError> {
    let record = both!(
        conn,
        fetch_optional::<ReleaseRecord>(FIND_RELEASE, package_id.to_string(), canonical)
    )?;
    record.map(ReleaseRecord::decode).transpose()
}

/// Reads everything below a package that was not removed, oldest first, on any connection.
pub(crate) async fn contents_of(
    conn: &mut Conn<'_>,
    package_id: PackageId,
) -> Result<(Vec<ReleaseRow>, Vec<ArtifactRow>), StoreError> {
    let id = package_id.to_string();
    let releases = both!(conn, fetch_all::<ReleaseRecord>(LIST_RELEASES, id.as_str()))?;
    let artifacts = both!(conn, fetch_all::<ArtifactRecord>(LIST_ARTIFACTS, id.as_str()))?;
    Ok((
        releases.into_iter().map(ReleaseRecord::decode).collect::<Result<_, _>>()?,
        artifacts.into_iter().map(ArtifactRecord::decode).collect::<Result<_, _>>()?,
    ))
}

impl Store {
    /// The release of this canonical version, in any state.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_release(
        &self,
        package_id: PackageId,
        canonical: &str,
    ) -> Result<Option<ReleaseRow>, StoreError> {
        let mut reader = self.reader().await?;
        release_by_version(&mut reader.conn(), package_id, canonical).await
    }

    /// The file of this name, in any state, with what decides whether it may be served.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_artifact(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
        filename: &Filename,
    ) -> Result<Option<HostedArtifact>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(
            reader,
            fetch_optional::<HostedArtifactRecord>(
                FIND_ARTIFACT,
                registry_id.to_string(),
                package.ecosystem.as_str(),
                package.name.canonical(),
                filename.as_str(),
            )
        )?;
        let Some(record) = record else { return Ok(None) };
        Ok(Some(HostedArtifact {
            artifact: record.artifact.decode()?,
            version: version(record.version_display, record.version_canonical)?,
            release_state: stored("releases.state", &record.release_state)?,
            package_state: stored("packages.state", &record.package_state)?,
            published_at: Timestamp::from_micros(record.release_published_at),
            yanked: record.yanked,
        }))
    }
}
