//! Yanking and deprecating: marks beside a release that change what resolvers do.

use vouchsafe_adapter::WireError;
use vouchsafe_domain::call::Answer;
use vouchsafe_domain::reference::UnverifiedPurl;
use vouchsafe_domain::{
    Actor, ErrorCode, LifecycleState, PackageName, PackageRef, RefusalKind, ReleaseRef, Version,
};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::PackageRow;

use crate::{App, AppError, CallContext, REGISTRY};

/// Bytes of a reason at most: every reader of the index gets it.
const MAX_REASON_BYTES: usize = 2000;

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
        self.mark_yanked(&row, &version, yanked, context.actor).await?;
        Ok(Answer::Done)
    }

    /// Yanks a release for the operator, or takes that back: some protocols have no request for
    /// it.
    ///
    /// * `yanked`: the reason, possibly empty; `None` takes the yank back.
    ///
    /// # Errors
    ///
    /// When the package URL names no version or breaks a rule; not found when the release was not
    /// published here.
    pub async fn yank_as_operator(
        &self,
        purl: &UnverifiedPurl,
        yanked: Option<String>,
    ) -> Result<ReleaseRef, AppError> {
        let malformed = |message: String| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
        };
        let (ecosystem, raw_name) = (&purl.ecosystem, purl.name.as_str());
        let mounted = self
            .ecosystem(ecosystem.as_str())
            .ok_or_else(|| malformed(format!("there is no ecosystem `{ecosystem}` here")))?;
        let raw_version = purl.version.as_deref().ok_or_else(|| {
            malformed(format!("say which release, such as pkg:{ecosystem}/{raw_name}@1.0.0"))
        })?;
        let name = mounted.adapter.parse_name(raw_name);
        let name = name.map_err(|error| WireError::bad_name(raw_name, error))?;
        let version = mounted.adapter.parse_version(raw_version);
        let version = version.map_err(|error| WireError::bad_version(raw_version, error))?;
        let package = PackageRef { ecosystem: mounted.id.clone(), name };
        let row = self.inner.store.find_package(REGISTRY, &package).await?;
        let row = row.filter(|row| row.state != LifecycleState::Removed);
        let row = row.ok_or_else(|| not_published_here(&package))?;
        self.mark_yanked(&row, &version, yanked, &Actor::System).await
    }

    /// Marks a release that is there, for an actor that may.
    async fn mark_yanked(
        &self,
        row: &PackageRow,
        version: &Version,
        yanked: Option<String>,
        actor: &Actor,
    ) -> Result<ReleaseRef, AppError> {
        if yanked.as_ref().is_some_and(|reason| reason.len() > MAX_REASON_BYTES) {
            let message = format!("a reason may have at most {MAX_REASON_BYTES} bytes");
            return Err(AppError::refused(RefusalKind::TooLarge, ErrorCode::TooLarge, message));
        }
        let release = self.live_release(row, version).await?;
        let (now, actor) = (self.now(), actor.label());
        self.inner.store.set_yanked(row.id, version, yanked, actor, now).await?;
        self.inner.documents.invalidate(&row.package.to_string());
        Ok(ReleaseRef { package: row.package.clone(), version: release.version })
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
        let may_read = self.authorize(context, Action::Read, Some(&package), false);
        let row = self.inner.store.find_package(REGISTRY, &package).await?;
        let row = row.filter(|row| row.state != LifecycleState::Removed);
        let Some(row) = row else {
            may_read?;
            // Without a credential the first answer is "sign in", whether it exists or not.
            if context.actor.account().is_none() {
                self.authorize(context, action, Some(&package), false)?;
            }
            return Err(not_published_here(&package));
        };
        let is_owner = self.is_owner(context, row.id).await?;
        match (self.authorize(context, action, Some(&package), is_owner), may_read) {
            // A token of an owner that may do just this need not be able to read.
            (Ok(()), _) => Ok(row),
            (Err(_), Err(unreadable)) => Err(unreadable),
            (Err(denied), Ok(())) => Err(denied),
        }
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

fn not_published_here(package: &PackageRef) -> AppError {
    AppError::not_found(format_args!("{package} (published here)"))
}
