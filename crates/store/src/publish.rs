//! The one transaction that publishes: package, release, files, tags, words, events, jobs.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    AccountId, ArtifactId, Digests, Filename, LifecycleState, PackageId, PackageRef, RegistryId,
    ReleaseId, ReleaseRef, Sha256, Timestamp, Version,
};

use crate::connection::{WriteTx, without_nul};
use crate::packages::{PackageRow, package_by_collision_key, package_by_id, package_by_name};
use crate::releases::release_by_version;
use crate::sql::{both, statements};
use crate::{EndedDeployment, NamespaceEntry, NewJob, Store, StoreError, new_id};

/// A release to be committed. Its blobs are kept already.
#[derive(Debug, Clone)]
pub struct NewRelease {
    /// The registry.
    pub registry_id: RegistryId,
    /// The package.
    pub package: PackageRef,
    /// The package that the caller authorized against; `None`: it saw none, and there must be
    /// none still.
    pub expect_package: Option<PackageId>,
    /// The version.
    pub version: Version,
    /// Whether files may be added to a release that exists. Its manifest then stays.
    pub may_extend: bool,
    /// The adapter's own JSON about the release.
    pub manifest: String,
    /// The adapter's own JSON about the package; `None` leaves it as it is.
    pub package_extras: Option<String>,
    /// One line about the package.
    pub summary: String,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// Newest listed version after this, display form; `None` leaves it as it is.
    pub newest_version: Option<String>,
    /// The files.
    pub artifacts: Vec<NewArtifact>,
    /// Tags to point at the release.
    pub tags: Vec<String>,
    /// Who publishes; becomes the owner of a new package.
    pub account: Option<AccountId>,
    /// Who publishes, for the events.
    pub actor: String,
    /// The time of the commit.
    pub now: Timestamp,
    /// Namespaces that the name lies in, the one that decides first. A new package is created only
    /// by the account that the first one of them that is held belongs to.
    pub namespaces: Vec<String>,
    /// What the package says to the document of its namespace; `None` leaves it.
    pub namespace_entry: Option<NamespaceEntry>,
    /// Work that follows from it.
    pub jobs: Vec<NewJob>,
}

/// A file to be committed.
#[derive(Debug, Clone)]
pub struct NewArtifact {
    /// Its name.
    pub filename: Filename,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// The address of its bytes.
    pub sha256: Sha256,
    /// All its digests.
    pub digests: Digests,
    /// The adapter's own JSON.
    pub extras: Option<String>,
}

/// A release that is committed and in the event log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommittedRelease {
    /// Its package.
    pub package_id: PackageId,
    /// Its id.
    pub release_id: ReleaseId,
    /// Whether the package is new.
    pub is_new_package: bool,
    /// Whether the release is new, rather than extended.
    pub is_new_release: bool,
    /// The number of the first event of this commit; the others follow it without a gap.
    pub first_event_seq: i64,
    /// The number of the last event of this commit.
    pub event_seq: i64,
}

/// Why a release was not committed. Nothing of it is in the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Somebody created the package meanwhile. Authorize again.
    #[error("the package was created by somebody else meanwhile")]
    PackageAppeared,
    /// The package that was authorized against is gone. Authorize again.
    #[error("the package is gone")]
    PackageGone,
    /// The account that publishes is no owner of the package any more.
    #[error("the publisher does not own the package any more")]
    NotOwner,
    /// The release exists and may not be extended.
    #[error("the release exists already, and a release never changes")]
    ReleaseExists,
    /// It existed once and was removed; it is never used again.
    #[error("{what} was removed and is never used again")]
    Tombstoned {
        /// What, as a package URL or a file name.
        what: String,
    },
    /// The package has a file of this name.
    #[error("the file name `{filename}` is taken")]
    FilenameTaken {
        /// The name.
        filename: Filename,
    },
    /// Another package's name looks the same.
    #[error("the name is too much like `{existing}`")]
    NameCollision {
        /// The other name, as published.
        existing: String,
    },
    /// The name lies in a namespace that belongs to another account, or is frozen.
    #[error("the namespace {namespace} is not the publisher's")]
    NamespaceHeld {
        /// The namespace.
        namespace: vouchsafe_domain::Namespace,
    },
    /// Files were added to the deployment since they were read, or it was published by somebody
    /// else. Read it again.
    #[error("the deployment changed meanwhile")]
    DeploymentChanged,
    /// Our side failed.
    #[error("the release could not be committed")]
    Store(#[from] StoreError),
}

statements! {
    INSERT_PACKAGE =
        "INSERT INTO packages (id, registry_id, ecosystem, display, canonical, collision_key,
                               extras, summary, keywords, newest_version, state, revision,
                               created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, NULL, '', '[]', NULL, 'active', 0, $7, $7)
         ON CONFLICT DO NOTHING";

    INSERT_OWNER =
        "INSERT INTO package_owners (package_id, account_id, added_at) VALUES ($1, $2, $3)";

    INSERT_RELEASE =
        "INSERT INTO releases (id, package_id, version_display, version_canonical, manifest,
                               state, yanked, deprecated, published_at, published_by)
         VALUES ($1, $2, $3, $4, $5, 'active', NULL, NULL, $6, $7)
         ON CONFLICT (package_id, version_canonical) DO NOTHING";

    INSERT_ARTIFACT =
        "INSERT INTO artifacts (id, package_id, release_id, filename, size_bytes, sha256, digests,
                                extras, published_at, state)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'active')
         ON CONFLICT (package_id, filename) DO NOTHING";

    ARTIFACT_STATE = "SELECT state FROM artifacts WHERE package_id = $1 AND filename = $2";

    UPDATE_PACKAGE =
        "UPDATE packages SET
             extras = COALESCE($2, extras), summary = $3, keywords = $4,
             newest_version = COALESCE($5, newest_version),
             revision = revision + 1, updated_at = $6
         WHERE id = $1";
}

impl Store {
    /// Commits a release with its events in one transaction. When this returns, the release is
    /// durable, logged and visible.
    ///
    /// # Errors
    ///
    /// [`CommitError`]; nothing was changed.
    pub async fn commit_release(&self, new: NewRelease) -> Result<CommittedRelease, CommitError> {
        self.write(new, |tx, new| Box::pin(commit(tx, new))).await
    }

    /// Commits all releases of a deployment and ends it, in one transaction: all of them become
    /// visible, or none.
    ///
    /// # Errors
    ///
    /// [`CommitError`] of the first release that cannot be committed, with its place in the list;
    /// nothing was changed.
    pub async fn commit_deployment(
        &self,
        releases: Vec<NewRelease>,
        deployment: EndedDeployment,
        now: Timestamp,
    ) -> Result<Vec<CommittedRelease>, (usize, CommitError)> {
        let result = self.write((releases, deployment, now), |tx, (releases, deployment, now)| {
            Box::pin(async move {
                let mut committed = Vec::with_capacity(releases.len());
                for (at, new) in releases.iter().enumerate() {
                    committed.push(commit(tx, new).await.map_err(|error| Placed(at, error))?);
                }
                if !crate::deployments::end(tx, deployment, *now).await? {
                    return Err(Placed(0, CommitError::DeploymentChanged));
                }
                Ok(committed)
            })
        });
        result.await.map_err(|Placed(at, error)| (at, error))
    }
}

/// An error and the release it belongs to.
struct Placed(usize, CommitError);

impl From<StoreError> for Placed {
    fn from(error: StoreError) -> Self {
        Self(0, error.into())
    }
}

async fn commit(tx: &mut WriteTx, new: &NewRelease) -> Result<CommittedRelease, CommitError> {
    let first_event_seq = tx.last_seq() + 1;
    let (package, is_new_package) = match new.expect_package {
        Some(id) => (expected_package(tx, new, id).await?, false),
        None => (create_package(tx, new).await?, true),
    };
    let (release_id, is_new_release) = create_or_extend_release(tx, new, package.id).await?;
    for artifact in &new.artifacts {
        add_artifact(tx, new, package.id, release_id, artifact).await?;
    }
    if let Some(entry) = &new.namespace_entry {
        let ecosystem = &new.package.ecosystem;
        crate::namespaces::put_entry(tx, package.id, new.registry_id, ecosystem, entry).await?;
    }
    for tag in &new.tags {
        crate::tags::point_tag(tx, package.id, tag, release_id, new.now).await?;
    }
    update_package(tx, new, &package, is_new_package).await?;
    write_events(tx, new, is_new_package, is_new_release).await?;
    for job in &new.jobs {
        crate::jobs::insert_job(tx, job).await?;
    }
    let event_seq = tx.last_seq();
    Ok(CommittedRelease {
        package_id: package.id,
        release_id,
        is_new_package,
        is_new_release,
        first_event_seq,
        event_seq,
    })
}

async fn expected_package(
    tx: &mut WriteTx,
    new: &NewRelease,
    id: PackageId,
) -> Result<PackageRow, CommitError> {
    match package_by_id(&mut tx.conn(), id).await? {
        Some(row)
            if row.state != LifecycleState::Removed
                && row.registry_id == new.registry_id
                && row.package == new.package =>
        {
            let is_owner = match new.account {
                Some(account) => crate::owners::owns(&mut tx.conn(), id, account).await?,
                None => true,
            };
            if is_owner { Ok(row) } else { Err(CommitError::NotOwner) }
        }
        _ => Err(CommitError::PackageGone),
    }
}

async fn create_package(tx: &mut WriteTx, new: &NewRelease) -> Result<PackageRow, CommitError> {
    let PackageRef { ecosystem, name } = &new.package;
    if let Some(row) = package_by_name(&mut tx.conn(), new.registry_id, &new.package).await? {
        return Err(match row.state {
            LifecycleState::Removed => CommitError::Tombstoned { what: new.package.to_string() },
            LifecycleState::Active | LifecycleState::Quarantined => CommitError::PackageAppeared,
        });
    }
    let key = name.collision_key();
    let twin = package_by_collision_key(&mut tx.conn(), new.registry_id, ecosystem, key).await?;
    if let Some(twin) = twin {
        let existing = twin.package.name.display().to_owned();
        return Err(CommitError::NameCollision { existing });
    }
    crate::verified_namespaces::check_creator(tx, new).await?;
    let id = PackageId::from_uuid(new_id());
    let inserted = both!(
        tx,
        execute(
            INSERT_PACKAGE,
            id.to_string(),
            new.registry_id.to_string(),
            ecosystem.as_str(),
            name.display(),
            name.canonical(),
            key,
            new.now.as_micros(),
        )
    )?;
    if inserted == 0 {
        return Err(CommitError::PackageAppeared);
    }
    if let Some(account) = new.account {
        let now = new.now.as_micros();
        both!(tx, execute(INSERT_OWNER, id.to_string(), account.to_string(), now))?;
    }
    package_by_id(&mut tx.conn(), id).await?.ok_or(CommitError::PackageGone)
}

async fn create_or_extend_release(
    tx: &mut WriteTx,
    new: &NewRelease,
    package_id: PackageId,
) -> Result<(ReleaseId, bool), CommitError> {
    let canonical = new.version.canonical();
    match release_by_version(&mut tx.conn(), package_id, canonical).await? {
        Some(release) if release.state == LifecycleState::Removed => {
            return Err(CommitError::Tombstoned { what: release_ref(new).to_string() });
        }
        Some(release) if new.may_extend => return Ok((release.id, false)),
        Some(_) => return Err(CommitError::ReleaseExists),
        None => {}
    }
    let id = ReleaseId::from_uuid(new_id());
    let inserted = both!(
        tx,
        execute(
            INSERT_RELEASE,
            id.to_string(),
            package_id.to_string(),
            new.version.display(),
            canonical,
            without_nul(&new.manifest).as_ref(),
            new.now.as_micros(),
            new.account.map(|account| account.to_string()),
        )
    )?;
    if inserted == 0 { Err(CommitError::ReleaseExists) } else { Ok((id, true)) }
}

async fn add_artifact(
    tx: &mut WriteTx,
    new: &NewRelease,
    package_id: PackageId,
    release_id: ReleaseId,
    artifact: &NewArtifact,
) -> Result<(), CommitError> {
    let NewArtifact { filename, size_bytes, sha256, digests, extras } = artifact;
    crate::blob_rows::refer(tx, *sha256, *size_bytes, new.now).await?;
    let inserted = both!(
        tx,
        execute(
            INSERT_ARTIFACT,
            ArtifactId::from_uuid(new_id()).to_string(),
            package_id.to_string(),
            release_id.to_string(),
            filename.as_str(),
            i64::try_from(*size_bytes).unwrap_or(i64::MAX),
            sha256.to_hex(),
            json!(digests).to_string(),
            extras.as_deref().map(without_nul).as_deref(),
            new.now.as_micros(),
        )
    )?;
    if inserted == 1 {
        return Ok(());
    }
    let package_id = package_id.to_string();
    let (state,) =
        both!(tx, fetch_one::<(String,)>(ARTIFACT_STATE, package_id, filename.as_str()))?;
    if state == LifecycleState::Removed.as_str() {
        Err(CommitError::Tombstoned { what: filename.to_string() })
    } else {
        Err(CommitError::FilenameTaken { filename: filename.clone() })
    }
}

async fn update_package(
    tx: &mut WriteTx,
    new: &NewRelease,
    package: &PackageRow,
    is_new_package: bool,
) -> Result<(), StoreError> {
    let summary = without_nul(&new.summary);
    let keywords: Vec<_> = new.keywords.iter().map(|word| without_nul(word)).collect();
    both!(
        tx,
        execute(
            UPDATE_PACKAGE,
            package.id.to_string(),
            new.package_extras.as_deref().map(without_nul).as_deref(),
            summary.as_ref(),
            json!(keywords).to_string(),
            new.newest_version.as_deref(),
            new.now.as_micros(),
        )
    )?;
    if is_new_package || summary != package.summary || keywords != package.keywords {
        crate::search::index_words(tx, package.id, &new.package.name, &summary, &keywords).await?;
    }
    Ok(())
}

async fn write_events(
    tx: &mut WriteTx,
    new: &NewRelease,
    is_new_package: bool,
    is_new_release: bool,
) -> Result<(), StoreError> {
    let event = |kind, subject: String| NewEvent::new(kind, new.actor.clone(), subject);
    if is_new_package {
        let owner = new.account.map(|_| new.actor.as_str());
        let created = event(EventKind::PackageCreated, new.package.to_string());
        let details = json!({ "name": new.package.name.display(), "owner": owner });
        tx.event(&created.with(details), new.now).await?;
    }
    let subject = release_ref(new).to_string();
    let file = |artifact: &NewArtifact| {
        json!({
            "filename": artifact.filename,
            "size_bytes": artifact.size_bytes,
            "sha256": artifact.sha256,
        })
    };
    if is_new_release {
        let files: Vec<_> = new.artifacts.iter().map(file).collect();
        let details =
            json!({ "version": new.version.display(), "artifacts": files, "tags": new.tags });
        let published = event(EventKind::ReleasePublished, subject).with(details);
        tx.event(&published, new.now).await?;
        return Ok(());
    }
    for artifact in &new.artifacts {
        let added = event(EventKind::ArtifactAdded, subject.clone()).with(file(artifact));
        tx.event(&added, new.now).await?;
    }
    Ok(())
}

fn release_ref(new: &NewRelease) -> ReleaseRef {
    ReleaseRef { package: new.package.clone(), version: new.version.clone() }
}
