//! Hosted packages, releases and files: reading them.
//!
//! [`publish`](crate::publish) writes them, [`changes`](crate::changes) changes and removes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{
    AccountId, ArtifactId, Digests, EcosystemId, Filename, LifecycleState, PackageId, PackageName,
    PackageRef, RegistryId, ReleaseId, Sha256, Timestamp, Version,
};

use crate::connection::Conn;
use crate::error::{stored, stored_json, stored_u64};
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// A hosted package.
#[derive(Debug, Clone)]
pub struct PackageRow {
    /// Its id.
    pub id: PackageId,
    /// The registry it lives in.
    pub registry_id: RegistryId,
    /// Its ecosystem and name.
    pub package: PackageRef,
    /// The adapter's own package-level JSON.
    pub extras: Option<Arc<str>>,
    /// One line about it.
    pub summary: String,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// Newest listed version, display form; `None` when nothing is listed.
    pub newest_version: Option<String>,
    /// Where it stands.
    pub state: LifecycleState,
    /// Grows with every change of the package or anything below it.
    pub revision: i64,
    /// When it got its first release.
    pub created_at: Timestamp,
    /// When it changed last.
    pub updated_at: Timestamp,
}

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

/// A package and everything below it, at one moment. What was removed is not in it.
#[derive(Debug, Clone)]
pub struct PackageContents {
    /// The package itself, in any state.
    pub row: PackageRow,
    /// Its releases, oldest first.
    pub releases: Vec<ReleaseRow>,
    /// Its files, oldest first.
    pub artifacts: Vec<ArtifactRow>,
    /// Tag name to version display.
    pub tags: BTreeMap<String, String>,
    /// Its owners.
    pub owners: Vec<OwnerView>,
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
    FIND_PACKAGE =
        "SELECT id, registry_id, ecosystem, display, canonical, collision_key, extras, summary,
                keywords, newest_version, state, revision, created_at, updated_at
         FROM packages WHERE registry_id = $1 AND ecosystem = $2 AND canonical = $3";

    FIND_PACKAGE_BY_COLLISION_KEY =
        "SELECT id, registry_id, ecosystem, display, canonical, collision_key, extras, summary,
                keywords, newest_version, state, revision, created_at, updated_at
         FROM packages WHERE registry_id = $1 AND ecosystem = $2 AND collision_key = $3";

    FIND_PACKAGE_BY_ID =
        "SELECT id, registry_id, ecosystem, display, canonical, collision_key, extras, summary,
                keywords, newest_version, state, revision, created_at, updated_at
         FROM packages WHERE id = $1";

    LIST_PACKAGES =
        "SELECT display, canonical, collision_key FROM packages
         WHERE registry_id = $1 AND ecosystem = $2 AND state = 'active'";

    COUNT_PACKAGES =
        "SELECT COUNT(*) FROM packages WHERE registry_id = $1 AND state = 'active'";

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

    LIST_TAGS =
        "SELECT t.tag, r.version_display
         FROM tags t JOIN releases r ON r.id = t.release_id WHERE t.package_id = $1";

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
pub(crate) struct PackageRecord {
    id: String,
    registry_id: String,
    ecosystem: String,
    display: String,
    canonical: String,
    collision_key: String,
    extras: Option<String>,
    summary: String,
    keywords: String,
    newest_version: Option<String>,
    state: String,
    revision: i64,
    created_at: i64,
    updated_at: i64,
}

impl PackageRecord {
    pub(crate) fn decode(self) -> Result<PackageRow, StoreError> {
        let name = package_name(self.display, self.canonical, self.collision_key)?;
        Ok(PackageRow {
            id: stored("packages.id", &self.id)?,
            registry_id: stored("packages.registry_id", &self.registry_id)?,
            package: PackageRef { ecosystem: stored("packages.ecosystem", &self.ecosystem)?, name },
            extras: self.extras.map(Arc::from),
            summary: self.summary,
            keywords: stored_json("packages.keywords", &self.keywords)?,
            newest_version: self.newest_version,
            state: stored("packages.state", &self.state)?,
            revision: self.revision,
            created_at: Timestamp::from_micros(self.created_at),
            updated_at: Timestamp::from_micros(self.updated_at),
        })
    }
}

pub(crate) fn package_name(
    display: String,
    canonical: String,
    collision_key: String,
) -> Result<PackageName, StoreError> {
    PackageName::new(display, canonical, collision_key)
        .map_err(|_| StoreError::Corrupt { column: "packages.canonical" })
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

/// Reads a package by its id on any connection.
pub(crate) async fn package_by_id(
    conn: &mut Conn<'_>,
    id: PackageId,
) -> Result<Option<PackageRow>, StoreError> {
    let record =
        both!(conn, fetch_optional::<PackageRecord>(FIND_PACKAGE_BY_ID, id.to_string()))?;
    record.map(PackageRecord::decode).transpose()
}

/// Reads a package by its name on any connection.
pub(crate) async fn package_by_name(
    conn: &mut Conn<'_>,
    registry_id: RegistryId,
    package: &PackageRef,
) -> Result<Option<PackageRow>, StoreError> {
    let record = both!(
        conn,
        fetch_optional::<PackageRecord>(
            FIND_PACKAGE,
            registry_id.to_string(),
            package.ecosystem.as_str(),
            package.name.canonical(),
        )
    )?;
    record.map(PackageRecord::decode).transpose()
}

/// Reads the package that holds a collision key, on any connection.
pub(crate) async fn package_by_collision_key(
    conn: &mut Conn<'_>,
    registry_id: RegistryId,
    ecosystem: &EcosystemId,
    collision_key: &str,
) -> Result<Option<PackageRow>, StoreError> {
    let record = both!(
        conn,
        fetch_optional::<PackageRecord>(
            FIND_PACKAGE_BY_COLLISION_KEY,
            registry_id.to_string(),
            ecosystem.as_str(),
            collision_key,
        )
    )?;
    record.map(PackageRecord::decode).transpose()
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

impl Store {
    /// The package of this name, in any state.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_package(
        &self,
        registry_id: RegistryId,
        package: &PackageRef,
    ) -> Result<Option<PackageRow>, StoreError> {
        let mut reader = self.reader().await?;
        package_by_name(&mut reader.conn(), registry_id, package).await
    }

    /// The package that holds this collision key, in any state.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_package_by_collision_key(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        collision_key: &str,
    ) -> Result<Option<PackageRow>, StoreError> {
        let mut reader = self.reader().await?;
        package_by_collision_key(&mut reader.conn(), registry_id, ecosystem, collision_key).await
    }

    /// A package and everything below it, all from the same moment.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownPackage`] when no package ever had this id.
    pub async fn package_contents(
        &self,
        package_id: PackageId,
    ) -> Result<PackageContents, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let id = package_id.to_string();
        let row = package_by_id(&mut snapshot.conn(), package_id).await?;
        let row = row.ok_or(StoreError::UnknownPackage { package_id })?;
        let releases = both!(snapshot, fetch_all::<ReleaseRecord>(LIST_RELEASES, id.as_str()))?;
        let artifacts = both!(snapshot, fetch_all::<ArtifactRecord>(LIST_ARTIFACTS, id.as_str()))?;
        let tags = both!(snapshot, fetch_all::<(String, String)>(LIST_TAGS, id.as_str()))?;
        let owners = crate::owners::owners_of(&mut snapshot.conn(), package_id).await?;
        snapshot.end().await?;
        Ok(PackageContents {
            row,
            releases: releases.into_iter().map(ReleaseRecord::decode).collect::<Result<_, _>>()?,
            artifacts: artifacts
                .into_iter()
                .map(ArtifactRecord::decode)
                .collect::<Result<_, _>>()?,
            tags: tags.into_iter().collect(),
            owners,
        })
    }

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

    /// Names of all active packages of an ecosystem, sorted by canonical name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_packages(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
    ) -> Result<Vec<PackageName>, StoreError> {
        let mut reader = self.reader().await?;
        let names = both!(
            reader,
            fetch_all::<(String, String, String)>(
                LIST_PACKAGES,
                registry_id.to_string(),
                ecosystem.as_str(),
            )
        )?;
        sorted_names(names)
    }

    /// How many active packages there are in all ecosystems.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn count_packages(&self, registry_id: RegistryId) -> Result<u64, StoreError> {
        let mut reader = self.reader().await?;
        let (count,) =
            both!(reader, fetch_one::<(i64,)>(COUNT_PACKAGES, registry_id.to_string()))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Decodes names and sorts them by bytes: the order of TEXT differs between databases.
pub(crate) fn sorted_names(
    names: Vec<(String, String, String)>,
) -> Result<Vec<PackageName>, StoreError> {
    let names = names.into_iter().map(|(display, canonical, key)| package_name(display, canonical, key));
    let mut names: Vec<PackageName> = names.collect::<Result<_, _>>()?;
    names.sort_unstable_by(|left, right| left.canonical().cmp(right.canonical()));
    Ok(names)
}
