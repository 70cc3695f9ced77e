//! From a draft and its bytes to a release that needs nothing but its commit.

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::call::{Inspected, PublishDraft, Published, UnnamedUpload};
use vouchsafe_domain::{ErrorCode, LifecycleState, PackageRef, RefusalKind, ReleaseRef};
use vouchsafe_policy::{Facts, Verdict};
use vouchsafe_store::blob::Spooled;
use vouchsafe_store::{NamespaceEntry, NewArtifact, NewRelease, PackageRow};

use super::PublishStep;
use crate::judged_view::newest_version;
use crate::{App, AppError, CallContext, REGISTRY};

/// A release that passed every check. Its blobs are kept.
pub(crate) struct Prepared {
    pub(crate) new: NewRelease,
    pub(crate) warnings: Vec<String>,
}

/// What the checks came to, when nothing was refused.
pub(crate) enum Preparation {
    /// The same is there already.
    Unchanged(Published),
    /// It may be committed.
    Ready(Box<Prepared>),
}

impl App {
    /// Takes a draft through every stage but the last.
    ///
    /// # Errors
    ///
    /// [`AppError`] with what is wrong, for the publisher; nothing is visible.
    pub(crate) async fn prepare(
        &self,
        context: &CallContext<'_>,
        draft: PublishDraft,
        files: Vec<Spooled>,
    ) -> Result<Preparation, AppError> {
        let ecosystem = context.mounted.id.clone();
        let package = &PackageRef { ecosystem, name: draft.package.clone() };
        self.reached(PublishStep::Spooled);
        let existing = self.authorize_publish(context, package).await?;
        self.reached(PublishStep::Authorized);
        check_digests(&draft, &files)?;
        self.reached(PublishStep::DigestsChecked);
        let existing_release = self.check_existing(context, existing.as_ref(), &draft, &files);
        if let Some(published) = existing_release.await? {
            return Ok(Preparation::Unchanged(published));
        }
        let (draft, files, inspected) = inspect(context, draft, files).await?;
        self.check_standard(context, &inspected)?;
        self.check_namespace_entry(context, package, inspected.namespace_entry.as_deref()).await?;
        self.reached(PublishStep::Inspected);
        let waits_for = self.judge_publish(package, &draft)?;
        self.reached(PublishStep::Judged);
        let artifacts = self.keep_blobs(&draft, files, &inspected).await?;
        self.reached(PublishStep::BlobsKept);
        let mut warnings = inspected.warnings;
        warnings.extend(waits_for);
        let namespace = context.mounted.adapter.namespace_of(&package.name);
        let namespace_entry = namespace.zip(inspected.namespace_entry);
        let new = NewRelease {
            registry_id: REGISTRY,
            package: package.clone(),
            expect_package: existing.as_ref().map(|row| row.id),
            newest_version: self.newest_after(context, existing.as_ref(), &draft),
            version: draft.version,
            may_extend: draft.may_extend,
            manifest: inspected.manifest,
            package_extras: inspected.package_extras,
            summary: inspected.summary,
            keywords: inspected.keywords,
            artifacts,
            tags: draft.tags,
            account: context.actor.account().map(|account| account.id),
            actor: context.actor.label().to_owned(),
            now: self.now(),
            namespaces: context.mounted.adapter.claimable_namespaces(&package.name),
            namespace_entry: namespace_entry.map(|(name, entry)| NamespaceEntry {
                namespace: name.canonical().to_owned(),
                entry,
            }),
            jobs: Vec::new(),
        };
        Ok(Preparation::Ready(Box::new(Prepared { new, warnings })))
    }

    /// What a package says to the document of its namespace must take nothing from others: not
    /// from packages here, and not from a namespace of the upstream, unless that is ours.
    async fn check_namespace_entry(
        &self,
        context: &CallContext<'_>,
        package: &PackageRef,
        entry: Option<&str>,
    ) -> Result<(), AppError> {
        let adapter = context.mounted.adapter;
        let Some((entry, name)) = entry.zip(adapter.namespace_of(&package.name)) else {
            return Ok(());
        };
        let namespace = PackageRef { ecosystem: package.ecosystem.clone(), name };
        let store = &self.inner.store;
        let (ecosystem, name) = (&namespace.ecosystem, namespace.name.canonical());
        let known = store.namespace_entries(REGISTRY, ecosystem, name).await?;
        if known.iter().any(|other| adapter.entries_clash(entry, other)) {
            let message = format!(
                "another package of this group is found by the same short name as {package}; \
                 choose another prefix"
            );
            let code = ErrorCode::NameCollision;
            return Err(AppError::refused(RefusalKind::Conflict, code, message));
        }
        self.check_namespace_is_ours(context, package, &namespace).await
    }

    /// Refuses what the public repository would have refused, where the operator insists on it.
    fn check_standard(
        &self,
        context: &CallContext<'_>,
        inspected: &Inspected,
    ) -> Result<(), AppError> {
        let is_strict = self.config().strict_publish.contains(&context.mounted.id);
        if !is_strict || inspected.shortcomings.is_empty() {
            return Ok(());
        }
        let message = format!(
            "this registry asks of a release what the public repository asks: {}",
            inspected.shortcomings.join("; ")
        );
        Err(AppError::refused(RefusalKind::Unprocessable, ErrorCode::BelowStandard, message))
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

/// Asks an archive what it is, on a thread that may block.
pub(super) async fn identify(
    context: &CallContext<'_>,
    upload: UnnamedUpload,
    files: Vec<Spooled>,
) -> Result<(PublishDraft, Vec<Spooled>), AppError> {
    let adapter = context.mounted.adapter;
    let work = move || {
        let [file] = files.as_slice() else {
            return Err(FormatError::archive("the request must carry one archive"));
        };
        let draft = adapter.identify(&upload, &mut file.reader()?)?;
        Ok((draft, files))
    };
    Ok(tokio::task::spawn_blocking(work).await.map_err(AppError::internal)??)
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
