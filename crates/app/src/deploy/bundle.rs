//! Bundles: an archive of files of one or several releases, checked as a whole.
//!
//! The upload is answered when the bundle was taken apart, staged and checked, so there is no
//! state between "sent" and "judged" that a crash could leave behind.

use std::collections::{BTreeSet, HashMap, HashSet};

use tokio::runtime::Handle;
use vouchsafe_adapter::{BundleSink, FormatError};
use vouchsafe_domain::call::Answer;
use vouchsafe_domain::deploy::{DeploymentState, StagedFile};
use vouchsafe_domain::{
    Digest, DigestAlgorithm, ErrorCode, Filename, PackageName, PackageRef, RefusalKind, ReleaseRef,
    Version,
};
use vouchsafe_store::NewStagedFile;
use vouchsafe_store::blob::{BlobError, Blobs, SpoolWriter, Spooled};

use super::publisher;
use crate::{App, AppError, CallContext, REGISTRY};

/// Files in a bundle at most.
const MAX_FILES: usize = 10_000;
/// Letters of a bundle's name at most.
const MAX_NAME_CHARS: usize = 200;

/// A file out of a bundle.
struct Unpacked {
    package: PackageName,
    version: Version,
    filename: Filename,
    spooled: Spooled,
}

/// A digest that a bundle states about one of its files.
struct Stated {
    package: PackageName,
    version: Version,
    filename: Filename,
    digest: Digest,
}

impl App {
    /// Takes a bundle apart and checks every release in it.
    pub(super) async fn stage_bundle(
        &self,
        context: &CallContext<'_>,
        name: String,
        is_automatic: bool,
        files: Vec<Spooled>,
    ) -> Result<Answer, AppError> {
        let account = publisher(context)?.id;
        let one: Result<[Spooled; 1], _> = files.try_into();
        let [bundle] = one.map_err(|_| {
            let message = "the request must carry one bundle";
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
        })?;
        let (unpacked, stated) = self.unpack(context, bundle).await?;
        // Nobody's bytes are kept for a package that is not theirs to publish.
        let packages: BTreeSet<&str> =
            unpacked.iter().map(|file| file.package.canonical()).collect();
        for canonical in packages {
            let found = unpacked.iter().find(|file| file.package.canonical() == canonical);
            let Some(Unpacked { package, version, .. }) = found else { continue };
            let ecosystem = context.mounted.id.clone();
            let package = PackageRef { ecosystem, name: package.clone() };
            if let Err(error) = self.authorize_publish(context, &package).await {
                let release = ReleaseRef { package, version: version.clone() };
                return Err(self.note_refused_publish(context, &release, error).await);
            }
        }
        let mut problems = wrong_digests(&unpacked, &stated);
        let mut staged = Vec::with_capacity(unpacked.len());
        for Unpacked { package, version, filename, spooled } in unpacked {
            let digests = spooled.digests.clone();
            let (sha256, size_bytes) = self.inner.blobs.keep(spooled).await?;
            let file = StagedFile { filename, size_bytes, digests };
            staged.push(NewStagedFile { package, version, file, sha256 });
        }
        let name = name.chars().filter(|c| !c.is_control()).take(MAX_NAME_CHARS).collect();
        let (ecosystem, now) = (context.mounted.id.clone(), self.now());
        let store = &self.inner.store;
        let id = store.stage_bundle(REGISTRY, ecosystem, account, name, staged, now).await?;
        let row = self.own_deployment(context, &id).await?;
        let (mut releases, mut refused) = (Vec::new(), None);
        for staged in self.staged_releases(context, &row).await? {
            let release = staged.release.clone();
            releases.push(release.to_string());
            match self.prepare_staged(context, staged).await {
                Ok(_) => {}
                Err(error @ AppError::Internal(_)) => return Err(error),
                Err(error) => {
                    problems.push((release.to_string(), error.refusal().message));
                    refused = refused.or(Some((release, error)));
                }
            }
        }
        if releases.is_empty() {
            problems.push(("bundle".to_owned(), "the bundle holds no release".to_owned()));
        }
        // One bundle is one refusal, however many releases are in it.
        if let Some((release, error)) = refused {
            self.note_refused_publish(context, &release, error).await;
        }
        let is_good = problems.is_empty();
        let state = if is_good { DeploymentState::Validated } else { DeploymentState::Failed };
        store.settle_deployment(&id, state, &problems, &releases, self.now()).await?;
        if !is_good {
            store.drop_staged_files(&id).await?;
        }
        if is_good && is_automatic {
            let row = self.own_deployment(context, &id).await?;
            self.publish_deployment(context, &row).await?;
        }
        Ok(Answer::Deployment(super::view(self.own_deployment(context, &id).await?)))
    }

    async fn unpack(
        &self,
        context: &CallContext<'_>,
        bundle: Spooled,
    ) -> Result<(Vec<Unpacked>, Vec<Stated>), AppError> {
        let adapter = context.mounted.adapter;
        let mut sink = Sink {
            blobs: self.inner.blobs.clone(),
            runtime: Handle::current(),
            digests: adapter.profile().digests,
            room_bytes: context.mounted.max_artifact_bytes,
            seen: HashSet::new(),
            open: None,
            unpacked: Vec::new(),
            stated: Vec::new(),
        };
        let work = move || {
            adapter.unpack(&mut bundle.reader()?, &mut sink)?;
            sink.close()?;
            Ok::<_, FormatError>((sink.unpacked, sink.stated))
        };
        Ok(tokio::task::spawn_blocking(work).await.map_err(AppError::internal)??)
    }
}

fn wrong_digests(unpacked: &[Unpacked], stated: &[Stated]) -> Vec<(String, String)> {
    let key = |package: &PackageName, version: &Version, filename: &Filename| {
        (package.canonical().to_owned(), version.canonical().to_owned(), filename.clone())
    };
    let by_name: HashMap<_, _> = unpacked
        .iter()
        .map(|file| (key(&file.package, &file.version, &file.filename), file))
        .collect();
    let wrong = stated.iter().filter_map(|stated| {
        let algorithm = stated.digest.algorithm();
        let file = by_name.get(&key(&stated.package, &stated.version, &stated.filename));
        let problem = match file {
            None => format!(
                "there is a {} of `{}` and no such file",
                algorithm.as_str(),
                stated.filename
            ),
            Some(file) if file.spooled.digests.get(algorithm) != Some(&stated.digest) => {
                format!("the {} of `{}` is wrong", algorithm.as_str(), stated.filename)
            }
            Some(_) => return None,
        };
        Some((format!("{} {}", stated.package, stated.version), problem))
    });
    wrong.take(100).collect()
}

/// Spools the files of a bundle, on a thread that may block.
struct Sink {
    blobs: Blobs,
    runtime: Handle,
    digests: &'static [DigestAlgorithm],
    /// Bytes that may still come out of the bundle.
    room_bytes: u64,
    seen: HashSet<(String, String, Filename)>,
    open: Option<(PackageName, Version, Filename, SpoolWriter)>,
    unpacked: Vec<Unpacked>,
    stated: Vec<Stated>,
}

impl Sink {
    fn close(&mut self) -> Result<(), FormatError> {
        if let Some((package, version, filename, writer)) = self.open.take() {
            let spooled = self.runtime.block_on(writer.finish()).map_err(spool_failed)?;
            self.unpacked.push(Unpacked { package, version, filename, spooled });
        }
        Ok(())
    }
}

impl BundleSink for Sink {
    fn begin(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
    ) -> Result<(), FormatError> {
        self.close()?;
        if self.unpacked.len() >= MAX_FILES {
            return Err(FormatError::archive(format_args!(
                "a bundle may hold at most {MAX_FILES} files"
            )));
        }
        let (name, release) = (package.canonical().to_owned(), version.canonical().to_owned());
        if !self.seen.insert((name, release, filename.clone())) {
            return Err(FormatError::archive(format_args!("`{filename}` is in the bundle twice")));
        }
        let writer = self.blobs.spool(u64::MAX, self.digests);
        self.open = Some((package.clone(), version.clone(), filename.clone(), writer));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), FormatError> {
        let room = self.room_bytes.checked_sub(bytes.len() as u64);
        self.room_bytes = room.ok_or_else(|| {
            FormatError::archive("the files of a bundle may not have more bytes than a file may")
        })?;
        match &mut self.open {
            Some((.., writer)) => self.runtime.block_on(writer.write(bytes)).map_err(spool_failed),
            None => Ok(()),
        }
    }

    fn state(
        &mut self,
        package: &PackageName,
        version: &Version,
        filename: &Filename,
        digest: Digest,
    ) {
        // Four digests per file are all there are.
        if self.stated.len() < 4 * MAX_FILES {
            let (package, version) = (package.clone(), version.clone());
            self.stated.push(Stated { package, version, filename: filename.clone(), digest });
        }
    }
}

fn spool_failed(error: BlobError) -> FormatError {
    FormatError::Io(std::io::Error::other(error))
}
