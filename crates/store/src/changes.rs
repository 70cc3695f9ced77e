//! Changes of what is published: yank, deprecate, remove. Every one grows the revision and
//! writes its event; one that changes nothing does neither.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{Filename, PackageId, PackageRef, ReleaseRef, Timestamp, Version};

use crate::connection::{WriteTx, without_nul};
use crate::packages::package_by_id;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

statements! {
    TOUCH_PACKAGE =
        "UPDATE packages SET revision = revision + 1, updated_at = $2 WHERE id = $1";

    SET_YANKED =
        "UPDATE releases SET yanked = $3
         WHERE package_id = $1 AND version_canonical = $2 AND state <> 'removed'
           AND yanked IS DISTINCT FROM $3";

    SET_DEPRECATED =
        "UPDATE releases SET deprecated = $3
         WHERE package_id = $1 AND version_canonical = $2 AND state <> 'removed'
           AND deprecated IS DISTINCT FROM $3";

    REMOVE_RELEASE =
        "UPDATE releases SET state = 'removed'
         WHERE package_id = $1 AND version_canonical = $2 AND state <> 'removed'
         RETURNING id";

    REMOVE_ARTIFACTS_OF_RELEASE =
        "UPDATE artifacts SET state = 'removed' WHERE release_id = $1 AND state <> 'removed'";

    REMOVE_ARTIFACT =
        "UPDATE artifacts SET state = 'removed'
         WHERE package_id = $1 AND filename = $2 AND state <> 'removed'";

    DROP_TAGS_OF_RELEASE = "DELETE FROM tags WHERE release_id = $1";

    SET_NEWEST_VERSION = "UPDATE packages SET newest_version = $2 WHERE id = $1";

    REMOVE_PACKAGE =
        "UPDATE packages SET state = 'removed', newest_version = NULL
         WHERE id = $1 AND state <> 'removed'";

    REMOVE_RELEASES_OF_PACKAGE =
        "UPDATE releases SET state = 'removed' WHERE package_id = $1 AND state <> 'removed'";

    REMOVE_ARTIFACTS_OF_PACKAGE =
        "UPDATE artifacts SET state = 'removed' WHERE package_id = $1 AND state <> 'removed'";

    DROP_TAGS_OF_PACKAGE = "DELETE FROM tags WHERE package_id = $1";
}

/// Grows the revision of a package.
pub(crate) async fn touch_package(
    tx: &mut WriteTx,
    package_id: PackageId,
    now: Timestamp,
) -> Result<(), StoreError> {
    both!(tx, execute(TOUCH_PACKAGE, package_id.to_string(), now.as_micros()))?;
    Ok(())
}

/// The name of a package, as the subject of its events.
pub(crate) async fn subject(
    tx: &mut WriteTx,
    package_id: PackageId,
) -> Result<PackageRef, StoreError> {
    let row = package_by_id(&mut tx.conn(), package_id).await?;
    row.map(|row| row.package).ok_or(StoreError::UnknownPackage { package_id })
}

struct Yank {
    package_id: PackageId,
    version: Version,
    yanked: Option<String>,
    actor: String,
    now: Timestamp,
}

async fn set_yanked(tx: &mut WriteTx, yank: &Yank) -> Result<bool, StoreError> {
    let Yank { package_id, version, yanked, actor, now } = yank;
    let reason = yanked.as_deref().map(without_nul);
    let changed = both!(
        tx,
        execute(SET_YANKED, package_id.to_string(), version.canonical(), reason.as_deref())
    )?;
    if changed == 0 {
        return Ok(false);
    }
    touch_package(tx, *package_id, *now).await?;
    let kind = match reason {
        Some(_) => EventKind::ReleaseYanked,
        None => EventKind::ReleaseUnyanked,
    };
    let release = release_ref(tx, *package_id, version).await?;
    let event = NewEvent::new(kind, actor, release.to_string()).with(json!({ "reason": reason }));
    tx.event(&event, *now).await?;
    Ok(true)
}

struct Deprecation {
    package_id: PackageId,
    texts: Vec<(Version, Option<String>)>,
    actor: String,
    now: Timestamp,
}

async fn set_deprecated(tx: &mut WriteTx, change: &Deprecation) -> Result<u64, StoreError> {
    let Deprecation { package_id, texts, actor, now } = change;
    let mut changed = 0;
    for (version, text) in texts {
        let text = text.as_deref().map(without_nul);
        let rows = both!(
            tx,
            execute(SET_DEPRECATED, package_id.to_string(), version.canonical(), text.as_deref())
        )?;
        if rows == 0 {
            continue;
        }
        changed += rows;
        let release = release_ref(tx, *package_id, version).await?;
        let event = NewEvent::new(EventKind::ReleaseDeprecated, actor, release.to_string())
            .with(json!({ "text": text }));
        tx.event(&event, *now).await?;
    }
    if changed > 0 {
        touch_package(tx, *package_id, *now).await?;
    }
    Ok(changed)
}

struct Removal {
    package_id: PackageId,
    version: Version,
    newest_version: Option<String>,
    actor: String,
    now: Timestamp,
}

async fn remove_release(tx: &mut WriteTx, removal: &Removal) -> Result<bool, StoreError> {
    let Removal { package_id, version, newest_version, actor, now } = removal;
    let id = package_id.to_string();
    let removed =
        both!(tx, fetch_optional::<(String,)>(REMOVE_RELEASE, id.as_str(), version.canonical()))?;
    let Some((release_id,)) = removed else { return Ok(false) };
    both!(tx, execute(REMOVE_ARTIFACTS_OF_RELEASE, release_id.as_str()))?;
    both!(tx, execute(DROP_TAGS_OF_RELEASE, release_id.as_str()))?;
    both!(tx, execute(SET_NEWEST_VERSION, id.as_str(), newest_version.as_deref()))?;
    touch_package(tx, *package_id, *now).await?;
    let release = release_ref(tx, *package_id, version).await?;
    let event = NewEvent::new(EventKind::ReleaseRemoved, actor, release.to_string());
    tx.event(&event, *now).await?;
    Ok(true)
}

struct ArtifactRemoval {
    package_id: PackageId,
    version: Version,
    filenames: Vec<Filename>,
    actor: String,
    now: Timestamp,
}

async fn remove_artifacts(tx: &mut WriteTx, removal: &ArtifactRemoval) -> Result<u64, StoreError> {
    let ArtifactRemoval { package_id, version, filenames, actor, now } = removal;
    let release = release_ref(tx, *package_id, version).await?;
    let mut removed = 0;
    for filename in filenames {
        let id = package_id.to_string();
        if both!(tx, execute(REMOVE_ARTIFACT, id.as_str(), filename.as_str()))? == 0 {
            continue;
        }
        removed += 1;
        let event = NewEvent::new(EventKind::ArtifactRemoved, actor, release.to_string())
            .with(json!({ "filename": filename }));
        tx.event(&event, *now).await?;
    }
    if removed > 0 {
        touch_package(tx, *package_id, *now).await?;
    }
    Ok(removed)
}

async fn remove_package(
    tx: &mut WriteTx,
    package_id: PackageId,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let id = package_id.to_string();
    if both!(tx, execute(REMOVE_PACKAGE, id.as_str()))? == 0 {
        return Ok(false);
    }
    both!(tx, execute(REMOVE_RELEASES_OF_PACKAGE, id.as_str()))?;
    both!(tx, execute(REMOVE_ARTIFACTS_OF_PACKAGE, id.as_str()))?;
    both!(tx, execute(DROP_TAGS_OF_PACKAGE, id.as_str()))?;
    crate::search::drop_words(tx, package_id).await?;
    touch_package(tx, package_id, now).await?;
    let package = subject(tx, package_id).await?;
    let event = NewEvent::new(EventKind::PackageRemoved, actor, package.to_string());
    tx.event(&event, now).await?;
    Ok(true)
}

async fn release_ref(
    tx: &mut WriteTx,
    package_id: PackageId,
    version: &Version,
) -> Result<ReleaseRef, StoreError> {
    Ok(ReleaseRef { package: subject(tx, package_id).await?, version: version.clone() })
}

impl Store {
    /// Yanks a release (`Some(reason)`, possibly empty) or takes a yank back (`None`). Returns
    /// whether anything changed; a release that is not there does not.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn set_yanked(
        &self,
        package_id: PackageId,
        version: &Version,
        yanked: Option<String>,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (version, actor) = (version.clone(), actor.to_owned());
        let yank = Yank { package_id, version, yanked, actor, now };
        self.write(yank, |tx, yank| Box::pin(set_yanked(tx, yank))).await
    }

    /// Sets or clears the deprecation texts of the versions that are named, and returns how many
    /// of them changed.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn set_deprecated(
        &self,
        package_id: PackageId,
        texts: Vec<(Version, Option<String>)>,
        actor: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let change = Deprecation { package_id, texts, actor: actor.to_owned(), now };
        self.write(change, |tx, change| Box::pin(set_deprecated(tx, change))).await
    }

    /// Removes a release for good: its tags go, its row and those of its files stay as
    /// tombstones, the sweep deletes the bytes. Returns whether it was there.
    ///
    /// * `newest_version`: what is newest afterwards, display form; `None` when nothing is left.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_release(
        &self,
        package_id: PackageId,
        version: &Version,
        actor: &str,
        now: Timestamp,
        newest_version: Option<String>,
    ) -> Result<bool, StoreError> {
        let (version, actor) = (version.clone(), actor.to_owned());
        let removal = Removal { package_id, version, newest_version, actor, now };
        self.write(removal, |tx, removal| Box::pin(remove_release(tx, removal))).await
    }

    /// Removes files of a release for good, and leaves the release: their rows stay as tombstones,
    /// the sweep deletes the bytes. Returns how many were there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_artifacts(
        &self,
        package_id: PackageId,
        version: &Version,
        filenames: Vec<Filename>,
        actor: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let (version, actor) = (version.clone(), actor.to_owned());
        let removal = ArtifactRemoval { package_id, version, filenames, actor, now };
        self.write(removal, |tx, removal| Box::pin(remove_artifacts(tx, removal))).await
    }

    /// Removes a package with everything below it for good. Its name is never used again.
    /// Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_package(
        &self,
        package_id: PackageId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write((package_id, actor.to_owned(), now), |tx, (package_id, actor, now)| {
            Box::pin(remove_package(tx, *package_id, actor, *now))
        })
        .await
    }
}
