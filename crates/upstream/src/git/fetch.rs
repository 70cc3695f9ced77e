//! Fetching tags into a bare repository of their own, and looking at what arrived.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tempfile::TempDir;
use url::Url;

use super::archive::TagArchive;
use super::command::GitCommand;
use super::tags::is_object_id;
use super::{GitConfig, GitError, RemoteTag, address};

/// How often the size of a growing clone is looked at.
const WATCH_PERIOD: Duration = Duration::from_millis(100);
/// Clones that a crash left behind are deleted when they are this old.
const LEFT_BEHIND: Duration = Duration::from_secs(24 * 3600);
const PREFIX: &str = "git-";
/// Protocols of commands that stay on this machine.
const NO_PROTOCOL: &str = "none";

/// Tags that were fetched. The clone ends with the value.
#[derive(Debug)]
pub struct FetchedTags {
    config: GitConfig,
    folder: TempDir,
    tags: Vec<RemoteTag>,
}

pub(super) async fn fetch(
    config: &GitConfig,
    repository: &Url,
    tags: Vec<RemoteTag>,
) -> Result<FetchedTags, GitError> {
    let folder = work_folder(config.work_dir.clone()).await?;
    let has_long_ids = tags.first().is_some_and(|tag| tag.target.len() == 64);
    let format = if has_long_ids { "--object-format=sha256" } else { "--object-format=sha1" };
    let fetched = FetchedTags { config: config.clone(), folder, tags };
    let init = GitCommand::new(&config.search_path, "make a repository", NO_PROTOCOL)?;
    let init = init.args(["init", "--bare", "--quiet", "--template=", format, "--"]);
    init.args([fetched.repository()]).output(4096, config.timeout).await?;

    let pin = address::pin(repository, config.allow_private_network).await?;
    let command = GitCommand::new(&config.search_path, "fetch the tags", repository.scheme())?;
    let command = command.pinned(pin).in_repository(&fetched.repository());
    let command = command.args([
        "fetch",
        "--quiet",
        "--depth=1",
        "--no-tags",
        "--no-recurse-submodules",
        "--no-write-fetch-head",
        "--no-auto-maintenance",
        "--",
        repository.as_str(),
    ]);
    // Here the refs are numbered: a stranger's words never become a file name.
    let refs = fetched.tags.iter().enumerate();
    let command =
        command.args(refs.map(|(at, tag)| format!("refs/tags/{}:{}", tag.name, kept(at))));
    tokio::select! {
        outgrown = watch(fetched.repository(), config.max_clone_bytes) => return Err(outgrown),
        done = command.output(4096, config.timeout) => drop(done?),
    }
    Ok(fetched)
}

fn kept(at: usize) -> String {
    format!("refs/import/{at}")
}

impl FetchedTags {
    fn repository(&self) -> PathBuf {
        self.folder.path().join("repository")
    }

    /// The tags, in the order in which they were asked for.
    pub fn tags(&self) -> &[RemoteTag] {
        &self.tags
    }

    /// The commit of a tag, as it was fetched: since the tags were listed it may have moved.
    ///
    /// * `at`: its place in [`tags`](Self::tags).
    ///
    /// # Errors
    ///
    /// [`GitError::NoCommit`] when it leads to something else.
    pub async fn commit_of(&self, at: usize) -> Result<String, GitError> {
        let command = GitCommand::new(&self.config.search_path, "find the commit", NO_PROTOCOL)?;
        let command = command.in_repository(&self.repository()).args([
            "rev-parse".to_owned(),
            "--verify".to_owned(),
            "--quiet".to_owned(),
            "--end-of-options".to_owned(),
            format!("{}^{{commit}}", kept(at)),
        ]);
        let commit = match command.output(4096, self.config.timeout).await {
            Err(GitError::Failed { .. }) => return Err(GitError::NoCommit),
            other => other?,
        };
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        if is_object_id(&commit) { Ok(commit) } else { Err(GitError::NoCommit) }
    }

    /// The files of a commit as a zip archive, as `git archive` makes it: without what
    /// `export-ignore` leaves out, and the same bytes every time.
    ///
    /// * `commit`: what [`commit_of`](Self::commit_of) gave.
    ///
    /// # Errors
    ///
    /// [`GitError`] when git cannot be started.
    pub fn archive(&self, commit: &str) -> Result<TagArchive, GitError> {
        if !is_object_id(commit) {
            return Err(GitError::NoCommit);
        }
        let command = GitCommand::new(&self.config.search_path, "pack the files", NO_PROTOCOL)?;
        let command = command.in_repository(&self.repository());
        let running =
            command.args(["archive", "--format=zip", "--end-of-options", commit]).start()?;
        Ok(TagArchive::new(running, self.config.timeout))
    }
}

/// A fresh folder for a clone. Old ones that nobody took away are deleted.
async fn work_folder(work_dir: PathBuf) -> Result<TempDir, GitError> {
    let made = tokio::task::spawn_blocking(move || {
        // Commands run in another folder than this process.
        let work_dir = std::path::absolute(work_dir)?;
        std::fs::create_dir_all(&work_dir)?;
        clear(&work_dir);
        tempfile::Builder::new().prefix(PREFIX).tempdir_in(&work_dir)
    });
    Ok(made.await.map_err(std::io::Error::other)??)
}

/// Deletes what a crash left behind. What cannot be deleted is tried again next time.
fn clear(work_dir: &Path) {
    let Ok(entries) = std::fs::read_dir(work_dir) else { return };
    for entry in entries.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        let modified = entry.metadata().and_then(|metadata| metadata.modified());
        let age = modified.ok().and_then(|modified| SystemTime::elapsed(&modified).ok());
        if is_ours && age.is_some_and(|age| age > LEFT_BEHIND) {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// Ready when a folder has outgrown its limit.
async fn watch(folder: PathBuf, limit_bytes: u64) -> GitError {
    loop {
        tokio::time::sleep(WATCH_PERIOD).await;
        let at = folder.clone();
        let size = tokio::task::spawn_blocking(move || size_of(&at)).await.unwrap_or(0);
        if size > limit_bytes {
            return GitError::TooLarge { what: "the repository", limit_bytes };
        }
    }
}

/// The bytes of all files below a folder. Files come and go meanwhile.
fn size_of(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let sizes = entries.flatten().map(|entry| match entry.metadata() {
        Ok(metadata) if metadata.is_dir() => size_of(&entry.path()),
        Ok(metadata) => metadata.len(),
        Err(_) => 0,
    });
    sizes.sum()
}
