//! Git repositories of strangers: list their tags, fetch a few, read out the files of each.
//!
//! The work is done by the `git` program (ADR 0013), which is built to run other programs, follow
//! redirects, ask people for passwords and read settings from five places. Everything that keeps
//! it from doing so is in this room: `command` builds the only command lines there are, `address`
//! says where they may lead, and nothing that a repository says (tag names, paths, messages) ever
//! becomes an argument.
//!
//! # Invariants
//!
//! - No shell. Arguments are fixed, apart from an address that was parsed and written again by us,
//!   full ref names of tags that [`is_plain_tag`] admits, and object ids.
//! - The environment is empty but for what `command` puts there; no settings of the machine, of
//!   the account or of a repository are read. What comes with a repository is never checked out.
//! - As with HTTP here: the address that was checked is the address that is connected to, and
//!   redirects are not followed.
//! - Every run ends: by itself, after a time, when its folder grows too large, or when its value is
//!   dropped. Then the whole process group is killed.

mod address;
mod archive;
mod command;
mod error;
mod fetch;
mod local;
mod tags;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::OnceCell;
use url::Url;

pub use archive::TagArchive;
pub use error::GitError;
pub use fetch::FetchedTags;
pub use local::tags_at_head;
pub use tags::{RemoteTag, is_plain_tag};

/// The oldest git that can be told which addresses a name has (`http.curloptResolve`).
const OLDEST_GIT: (u32, u32) = (2, 37);

/// What an operator says about git repositories.
#[derive(Debug, Clone)]
pub struct GitConfig {
    /// Folders in which the program `git` is looked for: the `PATH` of this process.
    pub search_path: OsString,
    /// Folder for clones. They live as long as an import.
    pub work_dir: PathBuf,
    /// Whether private addresses may be asked, and plain `http:` and `file:` ones on this machine.
    pub allow_private_network: bool,
    /// Largest clone, in bytes. It is looked at while it grows, so it may be a little more.
    pub max_clone_bytes: u64,
    /// Longest run of one git command.
    pub timeout: Duration,
}

impl GitConfig {
    /// Careful defaults.
    ///
    /// * `search_path`: the `PATH` of this process.
    /// * `work_dir`: a folder for clones; it is made when it is missing.
    pub fn new(search_path: OsString, work_dir: PathBuf) -> Self {
        Self {
            search_path,
            work_dir,
            allow_private_network: false,
            max_clone_bytes: 512 * 1024 * 1024,
            timeout: Duration::from_secs(300),
        }
    }
}

/// The way to git repositories. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Git {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    config: GitConfig,
    /// Whether the installed git will do; asked once.
    is_checked: OnceCell<()>,
}

impl Git {
    /// Nothing is run yet.
    pub fn new(config: GitConfig) -> Self {
        Self { inner: Arc::new(Inner { config, is_checked: OnceCell::new() }) }
    }

    /// Reads the address of a repository: `https:` without a credential, query or fragment. Names
    /// are resolved, and their addresses checked, whenever the repository is asked.
    ///
    /// # Errors
    ///
    /// [`GitError::Address`] with the reason.
    pub fn parse_address(&self, text: &str) -> Result<Url, GitError> {
        address::parse(text, self.inner.config.allow_private_network)
    }

    /// The tags that a repository has now, without fetching anything of them. Tags whose names are
    /// not plain are left out: no version looks like that.
    ///
    /// # Errors
    ///
    /// [`GitError`] when git is missing, the address is forbidden, or the repository cannot be
    /// read.
    pub async fn list_tags(&self, repository: &Url) -> Result<Vec<RemoteTag>, GitError> {
        self.check_program().await?;
        tags::list(&self.inner.config, repository).await
    }

    /// Fetches tags, without their history. What is fetched ends with the value.
    ///
    /// # Errors
    ///
    /// [`GitError`] as for [`list_tags`](Self::list_tags); also when a tag is gone, or when there
    /// is more in them than the limit.
    pub async fn fetch_tags(
        &self,
        repository: &Url,
        tags: Vec<RemoteTag>,
    ) -> Result<FetchedTags, GitError> {
        self.check_program().await?;
        fetch::fetch(&self.inner.config, repository, tags).await
    }

    async fn check_program(&self) -> Result<(), GitError> {
        let check = || command::check_version(&self.inner.config.search_path);
        self.inner.is_checked.get_or_try_init(check).await.map(drop)
    }
}
