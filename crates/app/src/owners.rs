//! Owners: who may publish further releases of a package and who decides about it.

use vouchsafe_domain::call::{Answer, OwnerChange};
use vouchsafe_domain::{AccountId, ErrorCode, PackageName, RefusalKind};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::{OwnersError, PackageRow};

use crate::{App, AppError, CallContext, REGISTRY};

/// Names in one change at most.
const MAX_NAMES: usize = 100;

impl App {
    /// Lists the owners of a hosted package.
    pub(crate) async fn list_owners(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Read).await?;
        Ok(Answer::Owners(self.inner.store.owners(row.id).await?))
    }

    /// Adds, removes or replaces owners. One owner always stays.
    pub(crate) async fn change_owners(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        change: OwnerChange,
        seen_revision: Option<i64>,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::ChangeOwners).await?;
        // Who was removed meanwhile must not come back with an old list.
        if seen_revision.is_some_and(|seen| seen != row.revision) {
            return Err(outdated(&row));
        }
        let (add, remove) = match change {
            OwnerChange::Add(names) => (self.account_ids(names).await?, Vec::new()),
            OwnerChange::Remove(names) => (Vec::new(), self.account_ids(names).await?),
            OwnerChange::Replace(names) => {
                let wanted = self.account_ids(names).await?;
                let current = self.inner.store.owners(row.id).await?;
                let names = current.into_iter().map(|owner| owner.name).collect();
                let mut gone = self.account_ids(names).await?;
                gone.retain(|id| !wanted.contains(id));
                (wanted, gone)
            }
        };
        let actor = context.actor.label();
        let changed = self.inner.store.change_owners(row.id, add, remove, actor, self.now()).await;
        match changed {
            Ok(()) => {
                self.inner.documents.invalidate(&row.package.to_string());
                Ok(Answer::Owners(self.inner.store.owners(row.id).await?))
            }
            Err(OwnersError::LastOwner) => Err(AppError::refused(
                RefusalKind::Conflict,
                ErrorCode::LastOwner,
                "a package needs at least one owner; add another one first",
            )),
            Err(OwnersError::UnknownAccount { .. }) => Err(unknown_account("with this id")),
            Err(OwnersError::Store(error)) => Err(error.into()),
            Err(other) => Err(AppError::internal(other)),
        }
    }

    /// Packages that an account owns.
    pub(crate) async fn list_packages_of(
        &self,
        context: &CallContext<'_>,
        name: &str,
    ) -> Result<Answer, AppError> {
        self.authorize(context, Action::Read, None, false)?;
        let Ok(parsed) = name.trim_start_matches('@').parse() else {
            return Err(AppError::not_found(format_args!("the account `{name}`")));
        };
        let account = self.inner.store.account_by_name(&parsed).await?;
        let account =
            account.ok_or_else(|| AppError::not_found(format_args!("the account `{parsed}`")))?;
        let packages =
            self.inner.store.packages_of(REGISTRY, &context.mounted.id, account.id).await?;
        Ok(Answer::Packages(packages.iter().map(ToString::to_string).collect()))
    }

    async fn account_ids(&self, names: Vec<String>) -> Result<Vec<AccountId>, AppError> {
        if names.len() > MAX_NAMES {
            let message = format!("at most {MAX_NAMES} owners can be named at once");
            return Err(AppError::refused(RefusalKind::TooLarge, ErrorCode::TooLarge, message));
        }
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            let account = match name.parse() {
                Ok(parsed) => self.inner.store.account_by_name(&parsed).await?,
                Err(_) => None,
            };
            ids.push(account.ok_or_else(|| unknown_account(&name))?.id);
        }
        Ok(ids)
    }
}

/// The client's picture of a package is old.
pub(crate) fn outdated(row: &PackageRow) -> AppError {
    let message = format!("{} changed since you looked at it; look, then try again", row.package);
    AppError::refused(RefusalKind::Conflict, ErrorCode::Outdated, message)
}

fn unknown_account(name: &str) -> AppError {
    let message = format!("there is no account `{name}`");
    AppError::refused(RefusalKind::NotFound, ErrorCode::UnknownAccount, message)
}
