//! Staging: one file of a release, and the digest its sender has of it.

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::deploy::StagedFile;
use vouchsafe_domain::{
    Digest, ErrorCode, Filename, LifecycleState, PackageName, PackageRef, RefusalKind, ReleaseRef,
    Version,
};
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{DeploymentRow, NewStagedFile, PackageRow, StagedFileRow};

use super::publisher;
use crate::publish::{PublishStep, filename_taken, release_exists, tombstoned};
use crate::{App, AppError, CallContext, REGISTRY};

impl App {
    /// Keeps one file of a release until the rest of it is there.
    pub(super) async fn stage(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Version,
        filename: Filename,
        files: Vec<Spooled>,
    ) -> Result<Answer, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        let release = ReleaseRef { package, version };
        match self.stage_file(context, &release, filename, files).await {
            Ok(is_unchanged) => Ok(Answer::Staged { is_unchanged }),
            Err(error) => Err(self.note_refused_publish(context, &release, error).await),
        }
    }

    /// True when the very same file is published already.
    async fn stage_file(
        &self,
        context: &CallContext<'_>,
        release: &ReleaseRef,
        filename: Filename,
        files: Vec<Spooled>,
    ) -> Result<bool, AppError> {
        let account = publisher(context)?.id;
        let ReleaseRef { package, version } = release;
        // What would be refused in the end is refused at the first file.
        let existing = self.authorize_publish(context, package).await?;
        let one: Result<[Spooled; 1], _> = files.try_into();
        let [spooled] = one.map_err(|_| {
            let message = "the request must carry one file";
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
        })?;
        if let Some(row) = &existing
            && self.is_published_file(context, row, version, &filename, &spooled).await?
        {
            return Ok(true);
        }
        let digests = spooled.digests.clone();
        let (sha256, size_bytes) = self.inner.blobs.keep(spooled).await?;
        self.reached(PublishStep::FileKept);
        let file = NewStagedFile {
            package: package.name.clone(),
            version: version.clone(),
            file: StagedFile { filename, size_bytes, digests },
            sha256,
        };
        let store = &self.inner.store;
        let is_staged = store.stage_file(REGISTRY, package.clone(), account, file, self.now());
        if is_staged.await? {
            self.reached(PublishStep::FileStaged);
            return Ok(false);
        }
        let message = format!("{release} is being published at this very moment");
        Err(AppError::refused(RefusalKind::Conflict, ErrorCode::DeploymentState, message))
    }

    /// Whether the release has this very file. A file that cannot be added is refused.
    async fn is_published_file(
        &self,
        context: &CallContext<'_>,
        row: &PackageRow,
        version: &Version,
        filename: &Filename,
        spooled: &Spooled,
    ) -> Result<bool, AppError> {
        let release = self.inner.store.find_release(row.id, version.canonical()).await?;
        let Some(release) = release else { return Ok(false) };
        if release.state == LifecycleState::Removed {
            return Err(tombstoned(&row.package, version));
        }
        let found = self.inner.store.find_artifact(REGISTRY, &row.package, filename).await?;
        let is_same = |found: &vouchsafe_store::HostedArtifact| {
            found.artifact.sha256 == spooled.sha256
                && found.artifact.state != LifecycleState::Removed
        };
        match found {
            Some(found) if is_same(&found) => Ok(true),
            _ if !context.mounted.adapter.may_change(version) => {
                Err(release_exists(&row.package, version))
            }
            Some(_) => Err(filename_taken(filename.as_str())),
            None => Ok(false),
        }
    }

    /// Compares a file that was just sent with what its sender says it is.
    pub(super) async fn check_staged(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Version,
        filename: Filename,
        stated: Digest,
    ) -> Result<Answer, AppError> {
        let account = publisher(context)?.id;
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        let found = self.find_staged(&package, &version, &filename, account).await?;
        if let Some((deployment, staged)) = found {
            let digests = &staged.file.digests;
            if digests.get(stated.algorithm()) != Some(&stated) {
                let (store, now) = (&self.inner.store, self.now());
                let (id, name) = (&deployment.id, &package.name);
                store.drop_staged_file(id, name, &version, &staged, now).await?;
                return Err(mismatch(&stated, &filename));
            }
            return Ok(Answer::Done);
        }
        // The file was published before, and is being sent again.
        let found = self.inner.store.find_artifact(REGISTRY, &package, &filename).await?;
        let found = found.filter(|found| found.version == version);
        let found = found.filter(|found| found.artifact.state != LifecycleState::Removed);
        let found =
            found.ok_or_else(|| AppError::not_found(format_args!("a staged {filename}")))?;
        if found.artifact.digests.get(stated.algorithm()) == Some(&stated) {
            return Ok(Answer::Done);
        }
        Err(release_exists(&package, &version))
    }

    async fn find_staged(
        &self,
        package: &PackageRef,
        version: &Version,
        filename: &Filename,
        account: vouchsafe_domain::AccountId,
    ) -> Result<Option<(DeploymentRow, StagedFileRow)>, AppError> {
        let open = self.inner.store.open_deployments(REGISTRY, package, account).await?;
        let of_release = |row: &DeploymentRow| {
            row.release.as_ref().is_some_and(|(_, staged)| staged == version.canonical())
        };
        let Some(deployment) = open.into_iter().find(of_release) else { return Ok(None) };
        let staged = self.inner.store.staged_files(&deployment.id).await?;
        let staged = staged.into_iter().find(|staged| staged.file.filename == *filename);
        Ok(staged.map(|staged| (deployment, staged)))
    }
}

fn mismatch(stated: &Digest, filename: &Filename) -> AppError {
    let message = format!(
        "the {} sent for `{filename}` is not that of the bytes that came; send the file again",
        stated.algorithm().as_str()
    );
    AppError::refused(RefusalKind::Malformed, ErrorCode::DigestMismatch, message)
}
