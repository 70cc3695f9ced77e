//! Tags: names that point at a release of a package.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{LifecycleState, PackageId, ReleaseId, Timestamp, Version};

use crate::changes::{subject, touch_package};
use crate::connection::WriteTx;
use crate::releases::release_by_version;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// What setting a tag did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TagOutcome {
    /// It points at the release now.
    Changed,
    /// It pointed there already.
    Unchanged,
    /// There is no such release, or it was removed.
    NoSuchRelease,
}

statements! {
    POINT_TAG =
        "INSERT INTO tags (package_id, tag, release_id, updated_at) VALUES ($1, $2, $3, $4)
         ON CONFLICT (package_id, tag) DO UPDATE
         SET release_id = excluded.release_id, updated_at = excluded.updated_at
         WHERE tags.release_id <> excluded.release_id";

    REMOVE_TAG = "DELETE FROM tags WHERE package_id = $1 AND tag = $2";
}

/// Points a tag at a release; false when it does already. Writes no event.
pub(crate) async fn point_tag(
    tx: &mut WriteTx,
    package_id: PackageId,
    tag: &str,
    release_id: ReleaseId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let (package_id, release_id) = (package_id.to_string(), release_id.to_string());
    let changed = both!(tx, execute(POINT_TAG, package_id, tag, release_id, now.as_micros()))?;
    Ok(changed > 0)
}

struct TagChange {
    package_id: PackageId,
    tag: String,
    version: Version,
    actor: String,
    now: Timestamp,
}

async fn set_tag(tx: &mut WriteTx, change: &TagChange) -> Result<TagOutcome, StoreError> {
    let TagChange { package_id, tag, version, actor, now } = change;
    let release = release_by_version(&mut tx.conn(), *package_id, version.canonical()).await?;
    let release = match release {
        Some(release) if release.state != LifecycleState::Removed => release,
        _ => return Ok(TagOutcome::NoSuchRelease),
    };
    if !point_tag(tx, *package_id, tag, release.id, *now).await? {
        return Ok(TagOutcome::Unchanged);
    }
    touch_package(tx, *package_id, *now).await?;
    let package = subject(tx, *package_id).await?;
    let event = NewEvent::new(EventKind::TagSet, actor, package.to_string())
        .with(json!({ "tag": tag, "version": release.version.display() }));
    tx.event(&event, *now).await?;
    Ok(TagOutcome::Changed)
}

async fn remove_tag(
    tx: &mut WriteTx,
    package_id: PackageId,
    tag: &str,
    actor: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    if both!(tx, execute(REMOVE_TAG, package_id.to_string(), tag))? == 0 {
        return Ok(false);
    }
    touch_package(tx, package_id, now).await?;
    let package = subject(tx, package_id).await?;
    let event = NewEvent::new(EventKind::TagRemoved, actor, package.to_string())
        .with(json!({ "tag": tag }));
    tx.event(&event, now).await?;
    Ok(true)
}

impl Store {
    /// Points a tag at a release.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn set_tag(
        &self,
        package_id: PackageId,
        tag: &str,
        version: &Version,
        actor: &str,
        now: Timestamp,
    ) -> Result<TagOutcome, StoreError> {
        let (tag, version, actor) = (tag.to_owned(), version.clone(), actor.to_owned());
        let change = TagChange { package_id, tag, version, actor, now };
        self.write(change, |tx, change| Box::pin(set_tag(tx, change))).await
    }

    /// Removes a tag. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_tag(
        &self,
        package_id: PackageId,
        tag: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (package_id, tag.to_owned(), actor.to_owned(), now);
        self.write(data, |tx, (package_id, tag, actor, now)| {
            Box::pin(remove_tag(tx, *package_id, tag, actor, *now))
        })
        .await
    }
}
