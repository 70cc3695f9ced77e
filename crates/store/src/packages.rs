//! Hosted packages: reading them.
//!
//! [`publish`](crate::publish) writes them, [`changes`](crate::changes) changes and removes them.

use std::collections::BTreeMap;
use std::sync::Arc;

use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{
    EcosystemId, LifecycleState, PackageId, PackageName, PackageRef, RegistryId, Timestamp,
};

use crate::connection::Conn;
use crate::error::{stored, stored_json};
use crate::releases::{ArtifactRow, ReleaseRow};
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

    LIST_TAGS =
        "SELECT t.tag, r.version_display
         FROM tags t JOIN releases r ON r.id = t.release_id WHERE t.package_id = $1";
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

/// Reads a package by its id on any connection.
pub(crate) async fn package_by_id(
    conn: &mut Conn<'_>,
    id: PackageId,
) -> Result<Option<PackageRow>, StoreError> {
    let record = both!(conn, fetch_optional::<PackageRecord>(FIND_PACKAGE_BY_ID, id.to_string()))?;
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
        let (releases, artifacts) =
            crate::releases::contents_of(&mut snapshot.conn(), package_id).await?;
        let tags = both!(snapshot, fetch_all::<(String, String)>(LIST_TAGS, id.as_str()))?;
        let owners = crate::owners::owners_of(&mut snapshot.conn(), package_id).await?;
        snapshot.end().await?;
        let tags = tags.into_iter().collect();
        Ok(PackageContents { row, releases, artifacts, tags, owners })
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
        let (count,) = both!(reader, fetch_one::<(i64,)>(COUNT_PACKAGES, registry_id.to_string()))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}

/// Decodes names and sorts them by bytes: the order of TEXT differs between databases.
pub(crate) fn sorted_names(
    names: Vec<(String, String, String)>,
) -> Result<Vec<PackageName>, StoreError> {
    let names =
        names.into_iter().map(|(display, canonical, key)| package_name(display, canonical, key));
    let mut names: Vec<PackageName> = names.collect::<Result<_, _>>()?;
    names.sort_unstable_by(|left, right| left.canonical().cmp(right.canonical()));
    Ok(names)
}
