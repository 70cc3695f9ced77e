//! What is there already: a release that exists, the very same release again.

use vouchsafe_domain::LifecycleState;
use vouchsafe_domain::call::{PublishDraft, Published};
use vouchsafe_store::PackageRow;
use vouchsafe_store::blob::Spooled;

use super::refusals::{filename_taken, release_exists, tombstoned};
use crate::{App, AppError, CallContext, REGISTRY};

impl App {
    /// Says early that a release exists, before work is done on it. The commit says it again for
    /// those who come at the same time. The very same file again is no error where a release may
    /// be extended, nor where clients repeat themselves.
    pub(super) async fn check_existing(
        &self,
        context: &CallContext<'_>,
        existing: Option<&PackageRow>,
        draft: &PublishDraft,
        files: &[Spooled],
    ) -> Result<Option<Published>, AppError> {
        let Some(row) = existing else { return Ok(None) };
        let release = self.inner.store.find_release(row.id, draft.version.canonical()).await?;
        let Some(release) = release else { return Ok(None) };
        if release.state == LifecycleState::Removed {
            return Err(tombstoned(&row.package, &draft.version));
        }
        let unchanged = |warnings| {
            let package = row.package.name.clone();
            Published { package, version: release.version.clone(), warnings, is_unchanged: true }
        };
        if !draft.may_extend {
            let is_repeat = context.mounted.adapter.repeats_publishes()
                && self.is_repeat(row, draft, files).await?;
            if !is_repeat {
                return Err(release_exists(&row.package, &draft.version));
            }
            let note = "this very release was published before; nothing has changed";
            return Ok(Some(unchanged(vec![note.to_owned()])));
        }
        for (file, spooled) in draft.files.iter().zip(files) {
            let found =
                self.inner.store.find_artifact(REGISTRY, &row.package, &file.filename).await?;
            let Some(found) = found else { return Ok(None) };
            if found.artifact.sha256 != spooled.sha256
                || found.artifact.state == LifecycleState::Removed
            {
                return Err(filename_taken(file.filename.as_str()));
            }
        }
        Ok(Some(unchanged(Vec::new())))
    }

    /// Whether a draft asks for nothing that is not so already: its bytes are served under these
    /// names, and its tags point at its release.
    async fn is_repeat(
        &self,
        row: &PackageRow,
        draft: &PublishDraft,
        files: &[Spooled],
    ) -> Result<bool, AppError> {
        for (file, spooled) in draft.files.iter().zip(files) {
            let found =
                self.inner.store.find_artifact(REGISTRY, &row.package, &file.filename).await?;
            let is_same = found.is_some_and(|found| {
                found.artifact.sha256 == spooled.sha256
                    && found.artifact.state != LifecycleState::Removed
            });
            if !is_same {
                return Ok(false);
            }
        }
        let tags = self.inner.store.package_contents(row.id).await?.tags;
        let version = draft.version.display();
        Ok(draft.tags.iter().all(|tag| tags.get(tag).is_some_and(|target| target == version)))
    }
}
