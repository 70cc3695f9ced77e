//! Deployments: files that are sent one by one, or bundled, and become visible together.
//!
//! Some clients upload a release file by file and never say which was the last. Their files are
//! staged: kept, and shown to nobody. A deployment ends when the client says so in its own way, or
//! when it is dropped, by somebody or because it is old. Silence never publishes anything: a client
//! that was killed half-way is silent, too.

use crate::{Digest, DigestAlgorithm, Digests, Filename, PackageName, Timestamp, Version};

/// A question about files that are staged.
#[derive(Debug)]
pub enum Deploy {
    /// Stage one file of a release. Its bytes are in the body.
    Stage {
        /// Its package.
        package: PackageName,
        /// Its release.
        version: Version,
        /// Its name.
        filename: Filename,
    },
    /// Compare a file that was just sent with the digest its sender has: a file that came broken
    /// is dropped.
    Check {
        /// Its package.
        package: PackageName,
        /// Its release.
        version: Version,
        /// Its name.
        filename: Filename,
        /// What the sender has.
        stated: Digest,
    },
    /// All files were sent: publish what the caller has staged for this package.
    Finish {
        /// The package.
        package: PackageName,
        /// The releases that the sender means, as the index document that it sends last lists
        /// them, published ones among them; empty is every one that is staged. Two senders may
        /// have releases of one package under way.
        versions: Vec<Version>,
    },
    /// Stage a whole archive of files, of several packages. Its bytes are in the body.
    Bundle {
        /// A name for people.
        name: String,
        /// Publish it as soon as it is found good, rather than when somebody says so.
        is_automatic: bool,
    },
    /// How is it going?
    Read {
        /// What [`Deploy::Bundle`] gave.
        id: String,
    },
    /// Read a staged file, to try a release before it is published.
    ReadFile {
        /// The deployment; `None` searches all of the caller's.
        id: Option<String>,
        /// Its package.
        package: PackageName,
        /// Its release.
        version: Version,
        /// Its name.
        filename: Filename,
        /// One of its digests instead of its bytes.
        digest: Option<DigestAlgorithm>,
    },
    /// Publish a deployment that was found good.
    Publish {
        /// What [`Deploy::Bundle`] gave.
        id: String,
    },
    /// Throw a deployment away.
    Drop {
        /// What [`Deploy::Bundle`] gave.
        id: String,
    },
    /// Is this release published?
    IsPublished {
        /// Its package.
        package: PackageName,
        /// Its release.
        version: Version,
    },
}

/// How far a deployment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentState {
    /// Files are coming in.
    Open,
    /// Everything is there and was found good.
    Validated,
    /// Something is wrong; nothing will be published.
    Failed,
    /// Its releases are visible.
    Published,
}

impl DeploymentState {
    /// As the store writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Validated => "validated",
            Self::Failed => "failed",
            Self::Published => "published",
        }
    }
}

impl std::str::FromStr for DeploymentState {
    type Err = String;

    fn from_str(raw: &str) -> Result<Self, String> {
        [Self::Open, Self::Validated, Self::Failed, Self::Published]
            .into_iter()
            .find(|state| state.as_str() == raw)
            .ok_or_else(|| format!("`{raw}` is no state of a deployment"))
    }
}

/// A deployment as its owner sees it.
#[derive(Debug, Clone)]
pub struct DeploymentView {
    /// Its id.
    pub id: String,
    /// A name for people.
    pub name: String,
    /// How far it is.
    pub state: DeploymentState,
    /// Package URLs of its releases.
    pub releases: Vec<String>,
    /// What is wrong with it: package URL (or `bundle`) and sentence.
    pub problems: Vec<(String, String)>,
    /// When it was begun.
    pub created_at: Timestamp,
}

/// A staged file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StagedFile {
    /// Its name.
    pub filename: Filename,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// Its digests, as this registry computed them.
    pub digests: Digests,
}
