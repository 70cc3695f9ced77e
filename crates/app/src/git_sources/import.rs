//! One run over a repository: list, compare, fetch, publish.
//!
//! Idempotent: what is published already is found so, and a run that was cut off is simply made
//! again. A tag is published as if its account had uploaded the archive: same rights, same checks,
//! same refusals.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::call::{Answer, UnnamedUpload};
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{Actor, ErrorCode, PackageRef, RefusalKind, ReleaseRef, Scope, Version};
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{EndedImport, GitSourceRow, GitSourceState, GitTagOutcome, GitTagRow};
use vouchsafe_upstream::git::{FetchedTags, GitError, RemoteTag};

use super::report::{ImportReport, RefusedTag};
use super::wanted::{Wanted, compare};
use crate::authenticate::password_actor;
use crate::{App, AppError, CallContext, Mounted, REGISTRY};

/// Tags that one run publishes at most. The rest waits for the next one, so that one repository
/// does not keep the others waiting.
const MAX_TAGS: usize = 50;
/// Longest run. Each git command has a shorter limit of its own.
const MAX_RUN: Duration = Duration::from_secs(30 * 60);

/// Why a repository was not imported.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Git, or where it was to look.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A refusal that is not about a tag, or a failure of ours.
    #[error(transparent)]
    App(#[from] AppError),
}

impl Failure {
    /// Whether trying again later makes sense.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Git(error) => error.may_pass(),
            Self::App(AppError::Refused(refusal)) => is_passing(refusal.kind),
            Self::App(AppError::Internal(_)) => true,
        }
    }

    pub(super) fn into_error(self) -> AppError {
        match self {
            Self::App(error) => error,
            Self::Git(GitError::Io(source)) => AppError::internal(source),
            Self::Git(error) => {
                let kind = RefusalKind::BadUpstream;
                AppError::refused(kind, ErrorCode::UpstreamUnavailable, error.to_string())
            }
        }
    }
}

/// Whether a refusal is about the moment and not about the tag.
fn is_passing(kind: RefusalKind) -> bool {
    matches!(
        kind,
        RefusalKind::Unavailable | RefusalKind::BadUpstream | RefusalKind::Throttled { .. }
    )
}

impl App {
    /// Imports what is new in a repository, and writes down how it went.
    ///
    /// * `again`: whether tags that were refused earlier are tried again.
    ///
    /// # Errors
    ///
    /// [`Failure`] when the repository could not be read; that is written down, too.
    pub(crate) async fn import(
        &self,
        source: &GitSourceRow,
        again: bool,
    ) -> Result<ImportReport, Failure> {
        let subject = self.package_of_source(source)?.to_string();
        let imported = tokio::time::timeout(MAX_RUN, self.import_tags(source, again)).await;
        let imported = imported.unwrap_or(Err(Failure::Git(GitError::TimedOut { after: MAX_RUN })));
        let (state, note, event) = match &imported {
            Ok(report) => {
                let details = serde_json::json!({
                    "published": report.published.len(),
                    "refused": report.refused.len(),
                    "moved": report.moved.len(),
                });
                let event = NewEvent::new(EventKind::SourceImported, "system", subject);
                let event = (!report.is_empty()).then(|| event.with(details));
                (GitSourceState::Fine, report.note(), event)
            }
            Err(failure) => {
                let note = failure.to_string();
                let details = serde_json::json!({ "reason": note });
                let event = NewEvent::new(EventKind::SourceFailed, "system", subject);
                // The same failure again is no news.
                let is_news = source.state != GitSourceState::Failed || source.note != note;
                (GitSourceState::Failed, note, is_news.then(|| event.with(details)))
            }
        };
        let ended = EndedImport { source: source.id, state, note, event, now: self.now() };
        self.inner.store.end_git_import(ended).await.map_err(AppError::from)?;
        imported
    }

    async fn import_tags(
        &self,
        source: &GitSourceRow,
        again: bool,
    ) -> Result<ImportReport, Failure> {
        let package = self.package_of_source(source)?;
        let mounted = self
            .ecosystem(package.ecosystem.as_str())
            .ok_or_else(|| AppError::not_found("this ecosystem"))?;
        let actor = self.publisher_of(source, &package).await?;
        let context = CallContext {
            mounted,
            actor: &actor,
            client: IpAddr::V4(Ipv4Addr::LOCALHOST),
            user_agent: None,
        };
        let git = self.git()?;
        let url = git.parse_address(&source.url)?;
        let tags = git.list_tags(&url).await?;
        let known = self.inner.store.git_tags(source.id).await.map_err(AppError::from)?;
        let Wanted { new, moved } = compare(mounted.adapter, tags, known, again);
        let mut report = ImportReport::default();
        for (row, tag) in moved {
            self.note_move(source, &package, row, &tag).await?;
            report.moved.push(tag.name);
        }
        let mut new = self.without_existing(&package, new).await?;
        report.left = new.len().saturating_sub(MAX_TAGS);
        new.truncate(MAX_TAGS);
        if new.is_empty() {
            return Ok(report);
        }
        let fetched = git.fetch_tags(&url, new).await?;
        for (at, tag) in fetched.tags().iter().enumerate() {
            let published = self.publish_tag(&context, &package, &fetched, at, tag).await?;
            let (target, refused) = match published {
                Ok(commit) => (commit, None),
                Err(reason) => (tag.target.clone(), Some(reason)),
            };
            self.note_tag(source, &package, &tag.name, target, refused.clone()).await?;
            match refused {
                None => report.published.push(tag.name.clone()),
                Some(reason) => report.refused.push(RefusedTag { tag: tag.name.clone(), reason }),
            }
        }
        Ok(report)
    }

    /// The account of a source, with the right to publish this package and no other right.
    async fn publisher_of(
        &self,
        source: &GitSourceRow,
        package: &PackageRef,
    ) -> Result<Actor, AppError> {
        let account = self.inner.store.account_by_id(source.account_id).await?;
        let account = account.filter(|account| account.disabled_at.is_none()).ok_or_else(|| {
            AppError::refused(
                RefusalKind::Forbidden,
                ErrorCode::Forbidden,
                "the account of this repository may not sign in any more",
            )
        })?;
        let pattern = package.to_string().parse().map_err(AppError::internal)?;
        Ok(Actor::Account(AccountActor {
            is_admin: false,
            scopes: [Scope::PublishNew, Scope::PublishUpdate].into_iter().collect(),
            packages: vec![pattern],
            ..password_actor(&account)
        }))
    }

    /// Leaves out what is a release already, however it got here, or was one.
    async fn without_existing(
        &self,
        package: &PackageRef,
        tags: Vec<(Version, RemoteTag)>,
    ) -> Result<Vec<RemoteTag>, AppError> {
        let row = self.inner.store.find_package(REGISTRY, package).await?;
        let mut left = Vec::new();
        for (version, tag) in tags {
            let release = match &row {
                Some(row) => self.inner.store.find_release(row.id, version.canonical()).await?,
                None => None,
            };
            if release.is_none() {
                left.push(tag);
            }
        }
        Ok(left)
    }

    /// Publishes one tag. `Ok(Ok(commit))`: it is a release; `Ok(Err(reason))`: it was refused.
    async fn publish_tag(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        fetched: &FetchedTags,
        at: usize,
        tag: &RemoteTag,
    ) -> Result<Result<String, String>, Failure> {
        let commit = match fetched.commit_of(at).await {
            Err(error @ GitError::NoCommit) => return Ok(Err(error.to_string())),
            other => other?,
        };
        let published = match self.spool_files(context.mounted, fetched, &commit).await {
            Ok(spooled) => {
                let upload = UnnamedUpload {
                    package: Some(package.name.clone()),
                    version: Some(tag.name.clone()),
                    metadata: "{}".to_owned(),
                };
                self.publish_unnamed(context, upload, vec![spooled]).await
            }
            Err(Failure::App(error)) => Err(error),
            Err(failure) => return Err(failure),
        };
        match published {
            Ok(Answer::Published(_)) => Ok(Ok(commit)),
            Ok(_) => Ok(Err("it was not published".to_owned())),
            Err(AppError::Refused(refusal)) if !is_passing(refusal.kind) => {
                Ok(Err(refusal.message))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The files of a commit, as an upload would have brought them.
    async fn spool_files(
        &self,
        mounted: &Mounted,
        fetched: &FetchedTags,
        commit: &str,
    ) -> Result<Spooled, Failure> {
        let digests = mounted.adapter.profile().digests;
        let mut spool = self.inner.blobs.spool(mounted.max_artifact_bytes, digests);
        let mut archive = fetched.archive(commit)?;
        while let Some(chunk) = archive.chunk().await? {
            spool.write(&chunk).await.map_err(AppError::from)?;
        }
        Ok(spool.finish().await.map_err(AppError::from)?)
    }

    async fn note_tag(
        &self,
        source: &GitSourceRow,
        package: &PackageRef,
        tag: &str,
        target: String,
        refused: Option<String>,
    ) -> Result<(), AppError> {
        let event = refused.as_ref().map(|reason| {
            let details = serde_json::json!({ "tag": tag, "target": target, "reason": reason });
            NewEvent::new(EventKind::SourceTagRefused, "system", package.to_string()).with(details)
        });
        let row = GitTagRow {
            tag: tag.to_owned(),
            target,
            outcome: match refused {
                Some(_) => GitTagOutcome::Refused,
                None => GitTagOutcome::Published,
            },
            note: refused.unwrap_or_default(),
            moved_to: None,
            decided_at: self.now(),
        };
        Ok(self.inner.store.put_git_tag(source.id, row, event).await?)
    }

    /// Records that a published tag leads somewhere else. The release stays what it is.
    async fn note_move(
        &self,
        source: &GitSourceRow,
        package: &PackageRef,
        row: GitTagRow,
        tag: &RemoteTag,
    ) -> Result<(), AppError> {
        let mounted = self.ecosystem(package.ecosystem.as_str());
        let version = mounted.and_then(|mounted| mounted.adapter.parse_version(&tag.name).ok());
        let subject = match version {
            Some(version) => ReleaseRef { package: package.clone(), version }.to_string(),
            None => package.to_string(),
        };
        let details = serde_json::json!({
            "tag": tag.name,
            "published": row.target,
            "now": tag.target,
        });
        tracing::warn!(%package, tag = %tag.name, "a published tag was moved; the release stays");
        let event = NewEvent::new(EventKind::SourceTagMoved, "system", subject).with(details);
        let row = GitTagRow { moved_to: Some(tag.target.clone()), ..row };
        Ok(self.inner.store.put_git_tag(source.id, row, Some(event)).await?)
    }
}
