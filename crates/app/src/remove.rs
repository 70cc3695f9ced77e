//! Removing releases for good. What is removed leaves a tombstone: its name and version are never
//! used again, not even by its owner.

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::{ErrorCode, LifecycleState, PackageName, RefusalKind, Timestamp, Version};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::{PackageContents, PackageRow};

use crate::config::Removal;
use crate::judged_view::newest_version;
use crate::owners::outdated;
use crate::{App, AppError, CallContext};

impl App {
    /// Removes one release, or the whole package. Removing what is gone already is done already.
    pub(crate) async fn remove(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        version: Option<Version>,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Remove).await?;
        let contents = self.inner.store.package_contents(row.id).await?;
        match version {
            Some(version) => self.remove_releases(context, &row, &contents, &[version]).await?,
            None => {
                let versions: Vec<_> = live_versions(&contents).cloned().collect();
                self.check_removal(context, &contents, &versions)?;
                let (actor, now) = (context.actor.label(), self.now());
                self.inner.store.remove_package(row.id, actor, now).await?;
                self.inner.documents.invalidate(&row.package.to_string());
            }
        }
        Ok(Answer::Done)
    }

    /// Removes every release that is not named.
    pub(crate) async fn retain_releases(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        keep: Vec<Version>,
        seen_revision: i64,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Remove).await?;
        // What is published after this view was made is not in it, and stays. So does what policy
        // withholds: the client was not shown it and cannot have meant it.
        let view = self.judged_view(context.mounted, &row.package).await?.view;
        if view.revision != seen_revision {
            return Err(outdated(&row));
        }
        let shown = view.releases.iter().map(|release| &release.version);
        let gone: Vec<_> = shown.filter(|version| !keep.contains(version)).cloned().collect();
        let contents = self.inner.store.package_contents(row.id).await?;
        self.remove_releases(context, &row, &contents, &gone).await?;
        Ok(Answer::Done)
    }

    async fn remove_releases(
        &self,
        context: &CallContext<'_>,
        row: &PackageRow,
        contents: &PackageContents,
        versions: &[Version],
    ) -> Result<(), AppError> {
        let live = |version: &&Version| live_versions(contents).any(|known| known == *version);
        let versions: Vec<_> = versions.iter().filter(live).cloned().collect();
        self.check_removal(context, contents, &versions)?;
        for version in &versions {
            let rest = live_versions(contents).filter(|known| !versions.contains(known));
            let newest = newest_version(context.mounted.adapter, rest);
            let newest = newest.map(|version| version.display().to_owned());
            let actor = context.actor.label();
            self.inner.store.remove_release(row.id, version, actor, self.now(), newest).await?;
            self.inner.documents.invalidate(&row.package.to_string());
        }
        Ok(())
    }

    fn check_removal(
        &self,
        context: &CallContext<'_>,
        contents: &PackageContents,
        versions: &[Version],
    ) -> Result<(), AppError> {
        if context.actor.account().is_some_and(|account| account.is_admin) {
            return Ok(());
        }
        let earliest: Option<Timestamp> = contents
            .releases
            .iter()
            .filter(|release| versions.contains(&release.version))
            .map(|release| release.published_at)
            .min();
        let why = match self.config().removal {
            Removal::Owners => return Ok(()),
            Removal::Never => "this registry removes nothing; yank or deprecate instead".to_owned(),
            Removal::Within(window) => {
                let is_young =
                    earliest.is_none_or(|published| self.now().since(published) <= window);
                if is_young {
                    return Ok(());
                }
                let hours = window.as_secs() / 3600;
                format!(
                    "a release can be removed within {hours} hours after it was published; \
                     yank or deprecate it instead, or ask an administrator"
                )
            }
        };
        Err(AppError::refused(RefusalKind::Forbidden, ErrorCode::RemovalForbidden, why))
    }
}

fn live_versions(contents: &PackageContents) -> impl Iterator<Item = &Version> {
    let live = |state: LifecycleState| state != LifecycleState::Removed;
    contents.releases.iter().filter(move |release| live(release.state)).map(|r| &r.version)
}
