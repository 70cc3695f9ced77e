//! Yanking and deprecating: marks beside a release that change what resolvers do.

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::{LifecycleState, PackageName, PackageRef, Version};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::PackageRow;

use crate::{App, AppError, CallContext, REGISTRY};

impl App {
    /// Yanks a release, or takes that back.
    pub(crate) async fn set_yanked(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Version,
        yanked: Option<String>,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Yank).await?;
        self.live_release(&row, &version).await?;
        let actor = context.actor.label();
        self.inner.store.set_yanked(row.id, &version, yanked, actor, self.now()).await?;
        self.inner.documents.invalidate(&row.package.to_string());
        Ok(Answer::Done)
    }

    /// Sets or clears deprecation texts.
    pub(crate) async fn set_deprecated(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        texts: Vec<(Version, Option<String>)>,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Yank).await?;
        self.inner.store.set_deprecated(row.id, texts, context.actor.label(), self.now()).await?;
        self.inner.documents.invalidate(&row.package.to_string());
        Ok(Answer::Done)
    }

    /// The hosted package of this name, when the actor may do this to it. Who may not read a
    /// package learns nothing about whether it exists.
    pub(crate) async fn hosted_for(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        action: Action,
    ) -> Result<PackageRow, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        let row = self.inner.store.find_package(REGISTRY, &package).await?;
        let row = row.filter(|row| row.state != LifecycleState::Removed);
        let Some(row) = row else {
            // Without a credential the first answer is "sign in", whether it exists or not.
            if context.actor.account().is_none() {
                self.authorize(context, action, Some(&package), false)?;
            }
            return Err(AppError::not_found(format_args!("{package} (published here)")));
        };
        let is_owner = self.is_owner(context, row.id).await?;
        self.authorize(context, action, Some(&package), is_owner)?;
        Ok(row)
    }

    /// A release that is there and not removed.
    pub(crate) async fn live_release(
        &self,
        row: &PackageRow,
        version: &Version,
    ) -> Result<vouchsafe_store::ReleaseRow, AppError> {
        let release = self.inner.store.find_release(row.id, version.canonical()).await?;
        let release = release.filter(|release| release.state != LifecycleState::Removed);
        release.ok_or_else(|| AppError::not_found(format_args!("{}@{version}", row.package)))
    }
}
