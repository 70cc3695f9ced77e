//! Deployments: files that come one by one, or bundled, and become visible together.
//!
//! A staged file is kept and shown to nobody but its sender. What makes it visible is the one
//! commit of all that belong together. Nothing but an explicit word of the sender leads there:
//! a client that fell silent may have been killed.

mod bundle;
mod finish;
mod stage;

use std::collections::BTreeSet;
use std::time::Duration;

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::call::Answer;
use vouchsafe_domain::deploy::{Deploy, DeploymentState, DeploymentView};
use vouchsafe_domain::reference::UnverifiedPurl;
use vouchsafe_domain::{
    DigestAlgorithm, ErrorCode, Filename, LifecycleState, PackageName, PackageRef, RefusalKind,
    Version,
};
use vouchsafe_store::DeploymentRow;
use vouchsafe_store::blob::Spooled;

use crate::read_artifact::{ArtifactBody, ArtifactDownload};
use crate::{App, AppError, CallContext, Outcome, REGISTRY};

/// Staged files that were never published are thrown away after this.
const UNFINISHED_FOR: Duration = Duration::from_secs(24 * 3600);
/// What became of a bundle is told for this long.
const PUBLISHED_FOR: Duration = Duration::from_secs(30 * 24 * 3600);

impl App {
    /// Answers a question about deployments.
    pub(crate) async fn deploy(
        &self,
        context: &CallContext<'_>,
        deploy: Deploy,
        files: Vec<Spooled>,
    ) -> Result<Outcome, AppError> {
        let answer = match deploy {
            Deploy::Stage { package, version, filename } => {
                self.stage(context, package, version, filename, files).await?
            }
            Deploy::Check { package, version, filename, stated } => {
                self.check_staged(context, package, version, filename, stated).await?
            }
            Deploy::Finish { package, versions } => {
                self.finish(context, package, &versions).await?
            }
            Deploy::Bundle { name, is_automatic } => {
                self.stage_bundle(context, name, is_automatic, files).await?
            }
            Deploy::Read { id } => {
                Answer::Deployment(view(self.own_deployment(context, &id).await?))
            }
            Deploy::ReadFile { id, package, version, filename, digest } => {
                let id = id.as_deref();
                return self.read_staged(context, id, package, version, filename, digest).await;
            }
            Deploy::Publish { id } => {
                let row = self.own_deployment(context, &id).await?;
                if row.state != DeploymentState::Validated {
                    return Err(wrong_state(&row, "only one that was found good is published"));
                }
                self.publish_deployment(context, &row).await?;
                Answer::Done
            }
            Deploy::Drop { id } => {
                let row = self.own_deployment(context, &id).await?;
                if row.state == DeploymentState::Published {
                    return Err(wrong_state(&row, "what is published is not taken back"));
                }
                if !self.inner.store.drop_deployment(&row.id).await? {
                    return Err(wrong_state(&row, "it was published at this very moment"));
                }
                Answer::Done
            }
            Deploy::IsPublished { package, version } => {
                self.is_published(context, package, &version).await?
            }
        };
        Ok(Outcome::Answer(answer))
    }

    /// Deletes deployments that nobody finishes any more.
    pub(crate) async fn prune_deployments(&self) -> Result<(), AppError> {
        let now = self.now();
        let (unfinished, published) = (now.minus(UNFINISHED_FOR), now.minus(PUBLISHED_FOR));
        let pruned = self.inner.store.prune_deployments(unfinished, published).await?;
        if pruned > 0 {
            tracing::info!(pruned, "old deployments were deleted");
        }
        Ok(())
    }

    /// A deployment of the caller. Those of others are not told from those that do not exist.
    async fn own_deployment(
        &self,
        context: &CallContext<'_>,
        id: &str,
    ) -> Result<DeploymentRow, AppError> {
        let account = publisher(context)?;
        let row = self.inner.store.find_deployment(id).await?;
        let row = row.filter(|row| row.account_id == account.id);
        let row = row.filter(|row| row.ecosystem == context.mounted.id);
        let row = match row {
            Some(row) if self.may_touch_all(context, account, &row).await? => Some(row),
            _ => None,
        };
        row.ok_or_else(|| {
            let message = format!("you have no deployment `{}`", id.escape_default());
            AppError::refused(RefusalKind::NotFound, ErrorCode::NoDeployment, message)
        })
    }

    /// Whether the credential covers every package of a deployment.
    async fn may_touch_all(
        &self,
        context: &CallContext<'_>,
        account: &AccountActor,
        row: &DeploymentRow,
    ) -> Result<bool, AppError> {
        if account.packages.is_empty() {
            return Ok(true);
        }
        let staged = self.inner.store.staged_files(&row.id).await?;
        let staged = staged.into_iter().map(|staged| staged.package);
        let named = row.releases.iter().filter_map(|purl| purl.parse::<UnverifiedPurl>().ok());
        let names = staged.chain(named.map(|purl| purl.name));
        let names: BTreeSet<String> = names.collect();
        Ok(names.into_iter().all(|name| {
            context.mounted.adapter.parse_name(&name).is_ok_and(|name| {
                let ecosystem = context.mounted.id.clone();
                account.may_touch(&PackageRef { ecosystem, name })
            })
        }))
    }

    async fn read_staged(
        &self,
        context: &CallContext<'_>,
        id: Option<&str>,
        name: PackageName,
        version: Version,
        filename: Filename,
        digest: Option<DigestAlgorithm>,
    ) -> Result<Outcome, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        let rows = match id {
            Some(id) => vec![self.own_deployment(context, id).await?],
            None => {
                let account = publisher(context)?;
                if !account.may_touch(&package) {
                    return Err(AppError::not_found(format_args!("a staged {filename}")));
                }
                let store = &self.inner.store;
                store.deployments_of(REGISTRY, &package.ecosystem, account.id).await?
            }
        };
        for row in rows {
            let staged = self.inner.store.staged_files(&row.id).await?;
            let found = staged.into_iter().find(|staged| {
                staged.package == package.name.display()
                    && staged.version == version.display()
                    && staged.file.filename == filename
            });
            let Some(found) = found else { continue };
            if let Some(algorithm) = digest {
                let digest = found.file.digests.get(algorithm);
                let digest = digest.ok_or_else(|| AppError::not_found("this digest"))?;
                return Ok(Outcome::Answer(Answer::Digest(digest.to_hex())));
            }
            return Ok(Outcome::Artifact(ArtifactDownload {
                filename,
                size_bytes: Some(found.file.size_bytes),
                sha256: Some(found.sha256),
                digests: found.file.digests,
                is_final: false,
                published_at: None,
                body: ArtifactBody::Blob(found.sha256),
            }));
        }
        Err(AppError::not_found(format_args!("a staged {filename}")))
    }

    async fn is_published(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: &Version,
    ) -> Result<Answer, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize_reading(context, Some(&package))?;
        let row = self.inner.store.find_package(REGISTRY, &package).await?;
        let Some(row) = row else { return Ok(Answer::IsPublished(false)) };
        let release = self.inner.store.find_release(row.id, version.canonical()).await?;
        let is_published = release.is_some_and(|release| release.state == LifecycleState::Active);
        Ok(Answer::IsPublished(is_published))
    }
}

/// The account that deploys. Deployments belong to somebody.
fn publisher<'a>(context: &'a CallContext<'_>) -> Result<&'a AccountActor, AppError> {
    crate::receive::may_upload(context.actor)?;
    context.actor.account().ok_or_else(|| {
        let message = "publishing needs an account";
        AppError::refused(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, message)
    })
}

fn view(row: DeploymentRow) -> DeploymentView {
    let DeploymentRow { id, name, state, releases, problems, created_at, .. } = row;
    DeploymentView { id, name, state, releases, problems, created_at }
}

fn wrong_state(row: &DeploymentRow, rule: &str) -> AppError {
    let message = format!("the deployment {} is {}: {rule}", row.id, row.state.as_str());
    AppError::refused(RefusalKind::Conflict, ErrorCode::DeploymentState, message)
}
