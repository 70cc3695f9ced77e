//! Publishing: one straight line of stages, each run once, each handing a richer value on.
//!
//! Nothing is visible before the commit, and nothing is acknowledged before it. Blobs are kept
//! first: one that is orphaned by a crash harms nobody and is swept.

mod existing;
mod prepare;
mod refusals;
mod right;
mod steps;

use vouchsafe_domain::call::{Answer, PublishDraft, Published, UnnamedUpload};
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{Actor, PackageRef, ReleaseRef};
use vouchsafe_identity::authorize::Action;
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{CommitError, CommittedRelease, NewRelease};

pub(crate) use prepare::{Preparation, Prepared};
pub(crate) use refusals::{commit_refused, filename_taken, release_exists, tombstoned};
pub use steps::{PublishObserver, PublishStep};

use crate::{App, AppError, CallContext, Mounted};

impl App {
    /// Publishes an archive that says by itself what it is.
    pub(crate) async fn publish_unnamed(
        &self,
        context: &CallContext<'_>,
        upload: UnnamedUpload,
        files: Vec<Spooled>,
    ) -> Result<Answer, AppError> {
        let (draft, files) = prepare::identify(context, upload, files).await?;
        self.publish(context, draft, files).await
    }

    /// Publishes a release, or adds files to one.
    pub(crate) async fn publish(
        &self,
        context: &CallContext<'_>,
        draft: PublishDraft,
        files: Vec<Spooled>,
    ) -> Result<Answer, AppError> {
        let package =
            PackageRef { ecosystem: context.mounted.id.clone(), name: draft.package.clone() };
        let release = ReleaseRef { package: package.clone(), version: draft.version.clone() };
        match self.publish_stages(context, draft, files).await {
            Ok(published) => Ok(Answer::Published(published)),
            Err(error) => Err(self.note_refused_publish(context, &release, error).await),
        }
    }

    /// Records that a publish was refused, then hands the refusal on. What nobody in particular
    /// tried is not recorded: strangers must not be able to fill the store.
    pub(crate) async fn note_refused_publish(
        &self,
        context: &CallContext<'_>,
        release: &ReleaseRef,
        error: AppError,
    ) -> AppError {
        self.record_refused_publish(context.actor, release.to_string(), error).await
    }

    /// Records that an upload was refused before anybody knew of which release, then hands the
    /// refusal on. Such a refusal costs its sender next to nothing, so one of a kind is recorded
    /// per account in a while.
    pub(crate) async fn note_refused_upload(
        &self,
        mounted: &Mounted,
        actor: &Actor,
        error: AppError,
    ) -> AppError {
        let AppError::Refused(refusal) = &error else { return error };
        let subject = format!("pkg:{}/*", mounted.id);
        let news = format!("{}#{subject}#{}", actor.label(), refusal.code);
        if self.inner.noted_refusals.contains_key(&news) {
            return error;
        }
        self.inner.noted_refusals.insert(news, ());
        self.record_refused_publish(actor, subject, error).await
    }

    async fn record_refused_publish(
        &self,
        actor: &Actor,
        subject: String,
        error: AppError,
    ) -> AppError {
        let AppError::Refused(refusal) = &error else { return error };
        if matches!(actor, Actor::Anonymous) {
            return error;
        }
        let details = serde_json::json!({
            "code": refusal.code.as_str(),
            "message": refusal.message,
        });
        let event = NewEvent::new(EventKind::PublishRefused, actor.label(), subject);
        match self.inner.store.record_event(event.with(details), self.now()).await {
            Ok(_) => error,
            Err(failed) => failed.into(),
        }
    }

    async fn publish_stages(
        &self,
        context: &CallContext<'_>,
        draft: PublishDraft,
        files: Vec<Spooled>,
    ) -> Result<Published, AppError> {
        let release = match self.prepare(context, draft, files).await? {
            Preparation::Unchanged(published) => return Ok(published),
            Preparation::Ready(release) => *release,
        };
        let published = self.commit(context, release).await?;
        self.reached(PublishStep::Committed);
        Ok(published)
    }

    pub(crate) fn reached(&self, step: PublishStep) {
        self.inner.observer.reached(step);
    }

    async fn commit(
        &self,
        context: &CallContext<'_>,
        release: Prepared,
    ) -> Result<Published, AppError> {
        let Prepared { new, warnings } = release;
        let package = &new.package;
        let committed = match self.inner.store.commit_release(new.clone()).await {
            // Somebody created the package meanwhile: we are one more publisher, if we may.
            Err(CommitError::PackageAppeared) => {
                let row = self.authorize_publish(context, package).await?;
                let again = NewRelease { expect_package: row.map(|row| row.id), ..new.clone() };
                self.inner.store.commit_release(again).await
            }
            // Taken out between the question and the commit: the answer is that of now.
            Err(CommitError::NotOwner) => {
                self.authorize(context, Action::PublishUpdate, Some(package), false)?;
                Err(CommitError::NotOwner)
            }
            settled => settled,
        };
        let committed = committed.map_err(|error| commit_refused(error, package, &new.version))?;
        self.tell_published(&new, &committed);
        Ok(published(new, warnings))
    }

    /// What follows from a commit in this process, before the publisher is answered.
    pub(crate) fn tell_published(&self, new: &NewRelease, committed: &CommittedRelease) {
        let package = &new.package;
        self.forget_documents(&package.to_string(), committed.is_new_package);
        self.inner.own_events.note(committed.first_event_seq..=committed.event_seq);
        metrics::counter!("vouchsafe_publishes_total", "ecosystem" => package.ecosystem.to_string())
            .increment(1);
        tracing::info!(%package, version = %new.version, seq = committed.event_seq, "release published");
    }
}

pub(crate) fn published(new: NewRelease, warnings: Vec<String>) -> Published {
    let (package, version) = (new.package.name, new.version);
    Published { package, version, warnings, is_unchanged: false }
}
