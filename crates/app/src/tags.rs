//! Tags: names that point at releases.

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::{ErrorCode, PackageName, PackageRef, RefusalKind, Version};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::TagOutcome;

use crate::{App, AppError, CallContext};

impl App {
    /// Reads the tags of a package, hosted or proxied, as its index shows them.
    pub(crate) async fn read_tags(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
    ) -> Result<Answer, AppError> {
        let package = PackageRef { ecosystem: context.mounted.id.clone(), name };
        self.authorize(context, Action::Read, Some(&package), false)?;
        let judged = self.judged_view(context.mounted, &package).await?;
        Ok(Answer::Tags(judged.view.tags))
    }

    /// Points a tag at a release.
    pub(crate) async fn set_tag(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        tag: String,
        version: Version,
    ) -> Result<Answer, AppError> {
        let row = self.hosted_for(context, name, Action::Yank).await?;
        let actor = context.actor.label();
        let outcome = self.inner.store.set_tag(row.id, &tag, &version, actor, self.now()).await?;
        if outcome == TagOutcome::NoSuchRelease {
            return Err(AppError::not_found(format_args!("{}@{version}", row.package)));
        }
        self.inner.documents.invalidate(&row.package.to_string());
        Ok(Answer::Done)
    }

    /// Removes a tag. The default tag stays: clients install by it.
    pub(crate) async fn remove_tag(
        &self,
        context: &CallContext<'_>,
        name: PackageName,
        tag: String,
    ) -> Result<Answer, AppError> {
        if context.mounted.adapter.profile().default_tag == Some(tag.as_str()) {
            let message = format!("the tag `{tag}` cannot be removed; point it at another version");
            return Err(AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message));
        }
        let row = self.hosted_for(context, name, Action::Yank).await?;
        let existed =
            self.inner.store.remove_tag(row.id, &tag, context.actor.label(), self.now()).await?;
        if !existed {
            return Err(AppError::not_found(format_args!("the tag `{tag}`")));
        }
        self.inner.documents.invalidate(&row.package.to_string());
        Ok(Answer::Done)
    }
}
