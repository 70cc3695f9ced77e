//! May this actor publish this package, and does the name belong here?

use vouchsafe_domain::{ErrorCode, LifecycleState, PackageId, PackageRef, RefusalKind};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::PackageRow;

use super::refusals::name_collision;
use crate::{App, AppError, CallContext, REGISTRY};

impl App {
    /// May this actor publish this package, and does the name belong here?
    pub(crate) async fn authorize_publish(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
    ) -> Result<Option<PackageRow>, AppError> {
        let row = self.inner.store.find_package(REGISTRY, package).await?;
        match &row {
            Some(row) if row.state == LifecycleState::Removed => {
                self.authorize(context, Action::PublishNew, Some(package), false)?;
                Err(AppError::refused(
                    RefusalKind::Conflict,
                    ErrorCode::Tombstoned,
                    format!("{package} was removed, and a removed name is never used again"),
                ))
            }
            Some(row) => {
                let is_owner = self.is_owner(context, row.id).await?;
                self.authorize(context, Action::PublishUpdate, Some(package), is_owner)?;
                check_spelling(context, row, package)?;
                self.check_namespace(context, package, false).await?;
                Ok(Some(row.clone()))
            }
            None => {
                self.authorize(context, Action::PublishNew, Some(package), false)?;
                self.check_namespace(context, package, true).await?;
                self.check_new_name(context, package).await?;
                Ok(None)
            }
        }
    }

    /// A new name must not look like another one here, nor shadow one of the upstream unless the
    /// operator has claimed it.
    async fn check_new_name(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
    ) -> Result<(), AppError> {
        let key = package.name.collision_key();
        let twin = self
            .inner
            .store
            .find_package_by_collision_key(REGISTRY, &package.ecosystem, key)
            .await?;
        // The package itself may have appeared since it was looked for: the commit tells, and we are
        // one more publisher of it then.
        if let Some(twin) = twin
            && twin.package.name.canonical() != package.name.canonical()
        {
            return Err(name_collision(twin.package.name.display()));
        }
        let rules = self.inner.rules.current();
        let is_claimed =
            rules.claims.contains(package) || rules.is_in_namespace(context.mounted, package);
        if is_claimed || self.inner.upstreams.get(&package.ecosystem).is_none() {
            return Ok(());
        }
        self.check_upstream_lacks(context, package, package).await?;
        for name in context.mounted.adapter.look_alikes(&package.name) {
            let look_alike = PackageRef { ecosystem: package.ecosystem.clone(), name };
            self.check_upstream_lacks(context, &look_alike, package).await?;
        }
        Ok(())
    }

    /// The document of a namespace is written from our packages alone as soon as one of them is in
    /// it, so there must be none upstream that would vanish.
    pub(super) async fn check_namespace_is_ours(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        namespace: &PackageRef,
    ) -> Result<(), AppError> {
        let rules = self.inner.rules.current();
        let is_ours =
            rules.claims.contains(package) || rules.is_in_namespace(context.mounted, package);
        if is_ours || self.inner.upstreams.get(&package.ecosystem).is_none() {
            return Ok(());
        }
        drop(rules);
        self.check_upstream_lacks(context, namespace, package).await
    }

    /// `shadowed` must not exist upstream: nobody would reach it any more once `package` is here.
    async fn check_upstream_lacks(
        &self,
        context: &CallContext<'_>,
        shadowed: &PackageRef,
        package: &PackageRef,
    ) -> Result<(), AppError> {
        match self.fetch_index(context.mounted, shadowed).await {
            Ok(None) => Ok(()),
            Ok(Some(_)) => Err(AppError::refused(
                RefusalKind::Conflict,
                ErrorCode::NameExistsUpstream,
                format!(
                    "{shadowed} exists upstream, so publishing {package} here would shadow it; an \
                     administrator can say that this is meant: vouchsafe claim add {package}"
                ),
            )),
            Err(error) => {
                tracing::warn!(%shadowed, error = %error, "cannot tell whether a name exists upstream");
                Err(AppError::refused(
                    RefusalKind::Unavailable,
                    ErrorCode::UpstreamUnavailable,
                    format!(
                        "{package} is new here and the upstream cannot be asked whether it has \
                         {shadowed}; try again later, or claim the name: vouchsafe claim add \
                         {package}"
                    ),
                ))
            }
        }
    }

    pub(crate) async fn is_owner(
        &self,
        context: &CallContext<'_>,
        package: PackageId,
    ) -> Result<bool, AppError> {
        match context.actor.account() {
            Some(account) => Ok(self.inner.store.is_owner(package, account.id).await?),
            None => Ok(false),
        }
    }
}

/// Some clients look for the name inside the archive as the index spells it.
fn check_spelling(
    context: &CallContext<'_>,
    row: &PackageRow,
    package: &PackageRef,
) -> Result<(), AppError> {
    let (known, given) = (row.package.name.display(), package.name.display());
    if !context.mounted.adapter.profile().spelling_is_fixed || known == given {
        return Ok(());
    }
    Err(AppError::refused(
        RefusalKind::Unprocessable,
        ErrorCode::BadName,
        format!("this package is spelled `{known}`, not `{given}`, since its first release"),
    ))
}
