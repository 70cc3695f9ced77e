//! Publishing what was staged: every release of a deployment, in one commit.

use std::collections::BTreeMap;

use futures::StreamExt as _;
use vouchsafe_domain::call::{Answer, Published};
use vouchsafe_domain::deploy::{DeploymentState, StagedFile};
use vouchsafe_domain::{
    ErrorCode, Filename, PackageName, PackageRef, RefusalKind, ReleaseRef, Version,
};
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{
    CommitError, CommittedRelease, DeploymentRow, EndedDeployment, NewRelease, StagedFileRow,
};

use super::publisher;
use crate::publish::{Preparation, Prepared, PublishStep, commit_refused, published};
use crate::{App, AppError, CallContext, REGISTRY};

/// How often the files of a deployment are read again because another one came meanwhile.
const ATTEMPTS: usize = 3;

/// One release of a deployment and its files.
pub(super) struct StagedRelease {
    pub(super) release: ReleaseRef,
    pub(super) files: Vec<StagedFileRow>,
}

impl App {
    /// Publishes what the caller has staged for a package.
    pub(super) async fn finish(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        versions: &[Version],
    ) -> Result<Answer, AppError> {
        let account = publisher(context)?.id;
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        let open = self.inner.store.open_deployments(REGISTRY, &package, account).await?;
        let mut done = Vec::new();
        for row in open {
            let is_meant = versions.is_empty()
                || row.release.as_ref().is_some_and(|(_, staged)| {
                    versions.iter().any(|version| version.canonical() == staged)
                });
            if is_meant {
                done.extend(self.publish_deployment(context, &row).await?);
            }
        }
        Ok(Answer::Deployed(done))
    }

    /// Checks and commits all releases of a deployment.
    pub(super) async fn publish_deployment(
        &self,
        context: &CallContext<'_>,
        row: &DeploymentRow,
    ) -> Result<Vec<Published>, AppError> {
        let mut row = row.clone();
        for _ in 0..ATTEMPTS {
            let staged = self.staged_releases(context, &row).await?;
            let (mut done, mut ready) = (Vec::new(), Vec::new());
            for staged in staged {
                let release = staged.release.clone();
                match self.prepare_staged(context, staged).await {
                    Ok(Preparation::Unchanged(published)) => done.push(published),
                    Ok(Preparation::Ready(prepared)) => ready.push(*prepared),
                    Err(error) => {
                        return Err(self.note_refused_publish(context, &release, error).await);
                    }
                }
            }
            match self.commit_all(context, &row, ready).await {
                Ok(committed) => {
                    done.extend(committed);
                    return Ok(done);
                }
                Err(Retry::Again) => {}
                Err(Retry::Never(error)) => return Err(error),
            }
            let again = self.inner.store.find_deployment(&row.id).await?;
            row = match again {
                Some(row) if row.state != DeploymentState::Published => row,
                // Somebody asked for the same at the same time and was faster.
                Some(_) => return Ok(done),
                None if self.is_finished(context, &row).await? => return Ok(done),
                None => {
                    let message = "the deployment was dropped meanwhile; nothing was published";
                    let code = ErrorCode::NoDeployment;
                    return Err(AppError::refused(RefusalKind::NotFound, code, message));
                }
            };
        }
        let message = "files of this deployment keep coming; publish it when all were sent";
        Err(AppError::refused(RefusalKind::Conflict, ErrorCode::DeploymentState, message))
    }

    /// Whether a deployment whose row is gone was published: that of a single release goes away
    /// with the commit of its release.
    async fn is_finished(
        &self,
        context: &CallContext<'_>,
        row: &DeploymentRow,
    ) -> Result<bool, AppError> {
        let Some((name, version)) = &row.release else { return Ok(false) };
        let name = context.mounted.adapter.parse_name(name).map_err(AppError::internal)?;
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        let package = self.inner.store.find_package(REGISTRY, &package).await?;
        let Some(package) = package else { return Ok(false) };
        Ok(self.inner.store.find_release(package.id, version).await?.is_some())
    }

    async fn commit_all(
        &self,
        context: &CallContext<'_>,
        row: &DeploymentRow,
        ready: Vec<Prepared>,
    ) -> Result<Vec<Published>, Retry> {
        let ended = EndedDeployment { id: row.id.clone(), revision: row.revision };
        let (releases, warnings): (Vec<_>, Vec<_>) =
            ready.into_iter().map(|prepared| (prepared.new, prepared.warnings)).unzip();
        let store = &self.inner.store;
        let committed = store.commit_deployment(releases.clone(), ended, self.now()).await;
        let committed = committed.map_err(|(at, error)| match error {
            CommitError::DeploymentChanged | CommitError::PackageAppeared => Retry::Again,
            error => Retry::Never(match releases.get(at) {
                Some(new) => commit_refused(error, &new.package, &new.version),
                None => AppError::internal(error),
            }),
        })?;
        let mut done = Vec::with_capacity(releases.len());
        for ((new, warnings), committed) in releases.into_iter().zip(warnings).zip(committed) {
            self.remove_superseded(context, &new, &committed).await;
            self.tell_published(&new, &committed);
            done.push(published(new, warnings));
        }
        self.reached(PublishStep::Committed);
        Ok(done)
    }

    /// Removes builds of a snapshot that are more than the operator keeps. The publish has
    /// succeeded by now: what goes wrong here is logged, and left to the next one.
    async fn remove_superseded(
        &self,
        context: &CallContext<'_>,
        new: &NewRelease,
        committed: &CommittedRelease,
    ) {
        let adapter = context.mounted.adapter;
        let settings = self.config().ecosystems.get(&context.mounted.id);
        let Some(keep) = settings.and_then(|settings| settings.keep_snapshots) else { return };
        if !adapter.may_change(&new.version) {
            return;
        }
        let store = &self.inner.store;
        let remove = async {
            let contents = store.package_contents(committed.package_id).await?;
            let of_release = contents
                .artifacts
                .into_iter()
                .filter(|artifact| artifact.release_id == committed.release_id);
            let files: Vec<Filename> = of_release.map(|artifact| artifact.filename).collect();
            let (name, version) = (&new.package.name, &new.version);
            let old = adapter.superseded(name, version, &files, keep.get());
            if old.is_empty() {
                return Ok(0);
            }
            store.remove_artifacts(committed.package_id, version, old, &new.actor, self.now()).await
        };
        if let Err(error) = remove.await {
            tracing::warn!(package = %new.package, %error, "old builds were not removed");
        }
    }

    /// The releases of a deployment, by name and version.
    pub(super) async fn staged_releases(
        &self,
        context: &CallContext<'_>,
        row: &DeploymentRow,
    ) -> Result<Vec<StagedRelease>, AppError> {
        let adapter = context.mounted.adapter;
        let mut releases: BTreeMap<(String, String), Vec<StagedFileRow>> = BTreeMap::new();
        for staged in self.inner.store.staged_files(&row.id).await? {
            let key = (staged.package.clone(), staged.version.clone());
            releases.entry(key).or_default().push(staged);
        }
        let releases = releases.into_iter().map(|((package, version), files)| {
            let name = adapter.parse_name(&package).map_err(AppError::internal)?;
            let version = adapter.parse_version(&version).map_err(AppError::internal)?;
            let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
            Ok(StagedRelease { release: ReleaseRef { package, version }, files })
        });
        releases.collect()
    }

    /// Takes a staged release through every stage of a publish but the last.
    pub(super) async fn prepare_staged(
        &self,
        context: &CallContext<'_>,
        staged: StagedRelease,
    ) -> Result<Preparation, AppError> {
        let ReleaseRef { package, version } = staged.release;
        let listed: Vec<StagedFile> = staged.files.iter().map(|row| row.file.clone()).collect();
        let draft = context.mounted.adapter.assemble(&package.name, &version, &listed)?;
        let mut spooled = Vec::with_capacity(draft.files.len());
        for file in &draft.files {
            let row = staged.files.iter().find(|row| row.file.filename == file.filename);
            let row = row.ok_or_else(|| {
                let cause = format!("{} was assembled and not staged", file.filename);
                AppError::internal(std::io::Error::other(cause))
            })?;
            spooled.push(self.spool_again(context, row).await?);
        }
        self.prepare(context, draft, spooled).await
    }

    /// Copies a staged file to where it can be looked into: its blob may lie in a bucket.
    async fn spool_again(
        &self,
        context: &CallContext<'_>,
        row: &StagedFileRow,
    ) -> Result<Spooled, AppError> {
        let digests = context.mounted.adapter.profile().digests;
        let mut spool = self.inner.blobs.spool(row.file.size_bytes, digests);
        let mut read = self.inner.blobs.read(row.sha256, None).await?.stream;
        while let Some(chunk) = read.next().await {
            spool.write(&chunk?).await?;
        }
        Ok(spool.finish().await?)
    }
}

/// What to do about a commit that failed.
enum Retry {
    /// Read the deployment again.
    Again,
    /// Tell the publisher.
    Never(AppError),
}
