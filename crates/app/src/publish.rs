//! Publishing: one straight line of stages, each run once, each handing a richer value on.
//!
//! Nothing is visible before the commit, and nothing is acknowledged before it. Blobs are kept
//! first: one that is orphaned by a crash harms nobody and is swept.

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::call::{Answer, Inspected, PublishDraft, Published};
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{ErrorCode, LifecycleState, PackageId, PackageRef, RefusalKind, ReleaseRef};
use vouchsafe_identity::authorize::Action;
use vouchsafe_policy::{Facts, Verdict};
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{CommitError, NewArtifact, NewRelease, PackageRow};

use crate::judged_view::newest_version;
use crate::{App, AppError, CallContext, REGISTRY};

/// The numbered stages of a publish, in order. A crash after any of them must be harmless.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum PublishStep {
    /// The files are spooled.
    Spooled = 1,
    /// The actor may publish this.
    Authorized = 2,
    /// Stated digests match the bytes.
    DigestsChecked = 3,
    /// The archives say what the request says.
    Inspected = 4,
    /// Policy has nothing against it.
    Judged = 5,
    /// The blobs are durable.
    BlobsKept = 6,
    /// The release is committed and in the event log.
    Committed = 7,
}

impl PublishStep {
    /// Every step, in order.
    pub const ALL: [Self; 7] = [
        Self::Spooled,
        Self::Authorized,
        Self::DigestsChecked,
        Self::Inspected,
        Self::Judged,
        Self::BlobsKept,
        Self::Committed,
    ];
}

/// Told when a publish reaches a stage. A server watches nothing; crash tests pull the plug.
pub trait PublishObserver: Send + Sync + 'static {
    /// A publish has just finished this stage.
    fn reached(&self, step: PublishStep);
}

/// Watches nothing.
impl PublishObserver for () {
    fn reached(&self, _step: PublishStep) {}
}

impl App {
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
        match self.publish_stages(context, &package, draft, files).await {
            Ok(published) => Ok(Answer::Published(published)),
            Err(AppError::Refused(refusal)) => {
                let details = serde_json::json!({
                    "code": refusal.code.as_str(),
                    "message": refusal.message,
                });
                let actor = context.actor.label();
                let event = NewEvent::new(EventKind::PublishRefused, actor, release.to_string());
                self.inner.store.record_event(event.with(details), self.now()).await?;
                Err(AppError::Refused(refusal))
            }
            Err(failure) => Err(failure),
        }
    }

    async fn publish_stages(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        draft: PublishDraft,
        files: Vec<Spooled>,
    ) -> Result<Published, AppError> {
        self.reached(PublishStep::Spooled);
        let existing = self.authorize_publish(context, package).await?;
        self.reached(PublishStep::Authorized);
        check_digests(&draft, &files)?;
        self.reached(PublishStep::DigestsChecked);
        let existing_release = self.check_existing(context, existing.as_ref(), &draft, &files);
        if let Some(published) = existing_release.await? {
            return Ok(published);
        }
        let (draft, files, inspected) = inspect(context, draft, files).await?;
        self.reached(PublishStep::Inspected);
        let waits_for = self.judge_publish(package, &draft)?;
        self.reached(PublishStep::Judged);
        let artifacts = self.keep_blobs(&draft, files, &inspected).await?;
        self.reached(PublishStep::BlobsKept);
        let mut published =
            self.commit(context, package, existing.as_ref(), draft, inspected, artifacts).await?;
        self.reached(PublishStep::Committed);
        published.warnings.extend(waits_for);
        Ok(published)
    }

    fn reached(&self, step: PublishStep) {
        self.inner.observer.reached(step);
    }

    /// May this actor publish this package, and does the name belong here?
    async fn authorize_publish(
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
                Ok(Some(row.clone()))
            }
            None => {
                self.authorize(context, Action::PublishNew, Some(package), false)?;
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
        let is_claimed = self.inner.rules.current().claims.contains(package);
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

    /// Says early that a release exists, before work is done on it. The commit says it again for
    /// those who come at the same time. The very same file again is no error where a release may
    /// be extended, nor where clients repeat themselves.
    async fn check_existing(
        &self,
        context: &CallContext<'_>,
        existing: Option<&PackageRow>,
        draft: &PublishDraft,
        files: &[Spooled],
    ) -> Result<Option<Published>, AppError> {
        let Some(row) = existing else { return Ok(None) };
        let release = self.inner.store.find_release(row.id, draft.version.canonical()).await?;
        let Some(release) = release else { return Ok(None) };
        if release.state == LifecycleState::Removed {
            return Err(tombstoned(&row.package, draft));
        }
        let unchanged = |warnings| {
            let package = row.package.name.clone();
            Published { package, version: release.version.clone(), warnings, is_unchanged: true }
        };
        if !draft.may_extend {
            let is_repeat = context.mounted.adapter.repeats_publishes()
                && self.is_repeat(row, draft, files).await?;
            if !is_repeat {
                return Err(release_exists(&row.package, draft));
            }
            let note = "this very release was published before; nothing has changed";
            return Ok(Some(unchanged(vec![note.to_owned()])));
        }
        for (file, spooled) in draft.files.iter().zip(files) {
            let found =
                self.inner.store.find_artifact(REGISTRY, &row.package, &file.filename).await?;
            let Some(found) = found else { return Ok(None) };
            if found.artifact.sha256 != spooled.sha256
                || found.artifact.state == LifecycleState::Removed
            {
                return Err(filename_taken(file.filename.as_str()));
            }
        }
        Ok(Some(unchanged(Vec::new())))
    }

    /// Whether a draft asks for nothing that is not so already: its bytes are served under these
    /// names, and its tags point at its release.
    async fn is_repeat(
        &self,
        row: &PackageRow,
        draft: &PublishDraft,
        files: &[Spooled],
    ) -> Result<bool, AppError> {
        for (file, spooled) in draft.files.iter().zip(files) {
            let found =
                self.inner.store.find_artifact(REGISTRY, &row.package, &file.filename).await?;
            let is_same = found.is_some_and(|found| {
                found.artifact.sha256 == spooled.sha256
                    && found.artifact.state != LifecycleState::Removed
            });
            if !is_same {
                return Ok(false);
            }
        }
        let tags = self.inner.store.package_contents(row.id).await?.tags;
        let version = draft.version.display();
        Ok(draft.tags.iter().all(|tag| tags.get(tag).is_some_and(|target| target == version)))
    }

    /// Refuses what policy bans. What it only lets wait is published, and the publisher is told
    /// why nobody gets it yet.
    fn judge_publish(
        &self,
        package: &PackageRef,
        draft: &PublishDraft,
    ) -> Result<Vec<String>, AppError> {
        let rules = self.inner.rules.current();
        let facts = Facts {
            package: package.clone(),
            version: draft.version.clone(),
            published_at: Some(self.now()),
            is_hosted: true,
            state: LifecycleState::Active,
        };
        let Verdict::Withhold(reasons) =
            rules.policy.for_package(package).judge(&facts, self.now()).verdict
        else {
            return Ok(Vec::new());
        };
        // A cooldown ends by itself and an allow entry may come: only a ban keeps a release out.
        if reasons.iter().all(|reason| {
            matches!(reason.code, ErrorCode::PolicyCooldown | ErrorCode::PolicyNotAllowed)
        }) {
            return Ok(reasons.into_iter().map(|reason| reason.message).collect());
        }
        let release = ReleaseRef { package: package.clone(), version: draft.version.clone() };
        Err(self.withheld(&release, &reasons).into())
    }

    async fn keep_blobs(
        &self,
        draft: &PublishDraft,
        files: Vec<Spooled>,
        inspected: &Inspected,
    ) -> Result<Vec<NewArtifact>, AppError> {
        let mut artifacts = Vec::with_capacity(files.len() + inspected.derived.len());
        let mut extras = inspected.file_extras.iter().cloned();
        for (file, spooled) in draft.files.iter().zip(files) {
            let digests = spooled.digests.clone();
            let (sha256, size_bytes) = self.inner.blobs.keep(spooled).await?;
            artifacts.push(NewArtifact {
                filename: file.filename.clone(),
                size_bytes,
                sha256,
                digests,
                extras: extras.next().flatten(),
            });
        }
        for derived in &inspected.derived {
            let mut spool = self.inner.blobs.spool(u64::MAX, &[]);
            spool.write(&derived.bytes).await?;
            let spooled = spool.finish().await?;
            let digests = spooled.digests.clone();
            let (sha256, size_bytes) = self.inner.blobs.keep(spooled).await?;
            let filename = derived.filename.clone();
            artifacts.push(NewArtifact { filename, size_bytes, sha256, digests, extras: None });
        }
        Ok(artifacts)
    }

    async fn commit(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        existing: Option<&PackageRow>,
        draft: PublishDraft,
        inspected: Inspected,
        artifacts: Vec<NewArtifact>,
    ) -> Result<Published, AppError> {
        let new = NewRelease {
            registry_id: REGISTRY,
            package: package.clone(),
            expect_package: existing.map(|row| row.id),
            version: draft.version.clone(),
            may_extend: draft.may_extend,
            manifest: inspected.manifest,
            package_extras: inspected.package_extras,
            summary: inspected.summary,
            keywords: inspected.keywords,
            newest_version: self.newest_after(context, existing, &draft),
            artifacts,
            tags: draft.tags.clone(),
            account: context.actor.account().map(|account| account.id),
            actor: context.actor.label().to_owned(),
            now: self.now(),
            jobs: Vec::new(),
        };
        let committed = match self.inner.store.commit_release(new.clone()).await {
            // Somebody created the package meanwhile: we are one more publisher, if we may.
            Err(CommitError::PackageAppeared) => {
                let row = self.authorize_publish(context, package).await?;
                let again = NewRelease { expect_package: row.map(|row| row.id), ..new };
                self.inner.store.commit_release(again).await
            }
            // Taken out between the question and the commit: the answer is that of now.
            Err(CommitError::NotOwner) => {
                self.authorize(context, Action::PublishUpdate, Some(package), false)?;
                Err(CommitError::NotOwner)
            }
            settled => settled,
        };
        let committed = committed.map_err(|error| commit_refused(error, package, &draft))?;
        self.inner.documents.invalidate(&package.to_string());
        metrics::counter!("vouchsafe_publishes_total", "ecosystem" => package.ecosystem.to_string())
            .increment(1);
        tracing::info!(
            %package,
            version = %draft.version,
            seq = committed.event_seq,
            "release published"
        );
        Ok(Published {
            package: draft.package,
            version: draft.version,
            warnings: inspected.warnings,
            is_unchanged: false,
        })
    }

    /// The newest version once this one is in, for search results. Two publishes at once may leave
    /// the older one here; the next publish mends it.
    fn newest_after(
        &self,
        context: &CallContext<'_>,
        existing: Option<&PackageRow>,
        draft: &PublishDraft,
    ) -> Option<String> {
        let adapter = context.mounted.adapter;
        let known = existing.and_then(|row| row.newest_version.as_deref());
        let known = known.and_then(|text| adapter.parse_version(text).ok());
        let both = known.iter().chain(std::iter::once(&draft.version));
        newest_version(adapter, both).map(|version| version.display().to_owned())
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

fn check_digests(draft: &PublishDraft, files: &[Spooled]) -> Result<(), AppError> {
    if draft.files.len() != files.len() || files.is_empty() {
        return Err(AppError::refused(
            RefusalKind::Malformed,
            ErrorCode::BadRequest,
            "the request names other files than it carries",
        ));
    }
    for (file, spooled) in draft.files.iter().zip(files) {
        let mismatch = |what: &str| {
            AppError::refused(
                RefusalKind::Unprocessable,
                ErrorCode::DigestMismatch,
                format!("the {what} stated for `{}` is not that of its bytes", file.filename),
            )
        };
        if file.stated_size_bytes.is_some_and(|stated| stated != spooled.size_bytes) {
            return Err(mismatch("size"));
        }
        if let Some(algorithm) = file.stated_digests.disagreement(&spooled.digests) {
            return Err(mismatch(algorithm.as_str()));
        }
    }
    Ok(())
}

/// Looks into the archives, on a thread that may block.
async fn inspect(
    context: &CallContext<'_>,
    draft: PublishDraft,
    files: Vec<Spooled>,
) -> Result<(PublishDraft, Vec<Spooled>, Inspected), AppError> {
    let adapter = context.mounted.adapter;
    let work = move || {
        let mut readers = Vec::with_capacity(files.len());
        for file in &files {
            let reader: Box<dyn ArtifactBytes> = Box::new(file.reader()?);
            readers.push(reader);
        }
        let inspected = adapter.inspect(&draft, &mut readers)?;
        drop(readers);
        Ok::<_, FormatError>((draft, files, inspected))
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(AppError::internal)??)
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

fn commit_refused(error: CommitError, package: &PackageRef, draft: &PublishDraft) -> AppError {
    match error {
        CommitError::Store(error) => error.into(),
        CommitError::ReleaseExists => release_exists(package, draft),
        CommitError::Tombstoned { .. } => tombstoned(package, draft),
        CommitError::FilenameTaken { filename } => filename_taken(filename.as_str()),
        CommitError::NameCollision { existing } => name_collision(&existing),
        CommitError::PackageAppeared | CommitError::PackageGone => AppError::refused(
            RefusalKind::Conflict,
            ErrorCode::ReleaseExists,
            format!("somebody else changed {package} at the same time; look, then try again"),
        ),
        other => AppError::internal(other),
    }
}

fn release_exists(package: &PackageRef, draft: &PublishDraft) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::ReleaseExists,
        format!(
            "{package}@{} already exists, and a release never changes; publish a new version",
            draft.version
        ),
    )
}

fn tombstoned(package: &PackageRef, draft: &PublishDraft) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::Tombstoned,
        format!(
            "{package}@{} was removed, and a removed version is never used again; publish a new \
             version",
            draft.version
        ),
    )
}

fn filename_taken(filename: &str) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::FilenameTaken,
        format!("File already exists: `{filename}` is taken, now or by something removed"),
    )
}

fn name_collision(existing: &str) -> AppError {
    AppError::refused(
        RefusalKind::Conflict,
        ErrorCode::NameCollision,
        format!("the name is too much like `{existing}`, which exists already"),
    )
}
