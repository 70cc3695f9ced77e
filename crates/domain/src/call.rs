//! Calls and answers: every question a client can ask, and what it gets.
//!
//! Five protocols are funnelled into this closed list. An adapter's `decode` makes a [`Call`],
//! `app` answers it, the adapter's `encode` writes the [`Answer`]. A `match` over either is
//! exhaustive on purpose: a new call must be thought about everywhere.

use std::collections::BTreeMap;

use crate::deploy::{Deploy, DeploymentView};
use crate::index::DocumentKey;
use crate::{
    DigestAlgorithm, Digests, Filename, PackageName, Scopes, Secret, Timestamp, TokenId, Version,
};

/// A question.
#[derive(Debug)]
pub enum Call {
    /// Read a document about one package.
    ReadDocument {
        /// Which package.
        package: PackageName,
        /// Which document.
        document: DocumentKey,
    },
    /// Read the list of all hosted packages of the ecosystem.
    ListPackages {
        /// Which form of it.
        document: DocumentKey,
    },
    /// Download one file.
    ReadArtifact {
        /// Its package.
        package: PackageName,
        /// Its release, where the address names it. A file of another release is then not there.
        version: Option<Version>,
        /// Its name.
        filename: Filename,
    },
    /// Read one digest of a file, where clients fetch those from addresses of their own.
    ReadDigest {
        /// Its package.
        package: PackageName,
        /// Its release.
        version: Version,
        /// Its name.
        filename: Filename,
        /// Which digest.
        algorithm: DigestAlgorithm,
    },
    /// Publish a release, or add files to one.
    Publish(Box<PublishDraft>),
    /// Publish an archive whose name and version stand inside it alone.
    PublishUnnamed(Box<UnnamedUpload>),
    /// Send files of releases that become visible later, all of a release at once.
    Deploy(Deploy),
    /// Count installations that a client reports. Releases that nobody knows are skipped.
    CountInstalls(Vec<(PackageName, Version)>),
    /// Yank (`Some(reason)`, possibly empty) or unyank (`None`) a release.
    SetYanked {
        /// Its package.
        package: PackageName,
        /// Which release.
        version: Version,
        /// The reason, or `None` to take the yank back.
        yanked: Option<String>,
    },
    /// Set or clear deprecation texts. Versions that are not named stay as they are.
    SetDeprecated {
        /// The package.
        package: PackageName,
        /// Text per version; `None` clears it.
        texts: Vec<(Version, Option<String>)>,
    },
    /// Read all tags.
    ReadTags {
        /// The package.
        package: PackageName,
    },
    /// Point a tag at a release.
    SetTag {
        /// The package.
        package: PackageName,
        /// The tag.
        tag: String,
        /// The release.
        version: Version,
    },
    /// Remove a tag.
    RemoveTag {
        /// The package.
        package: PackageName,
        /// The tag.
        tag: String,
    },
    /// Read the owners.
    ListOwners {
        /// The package.
        package: PackageName,
    },
    /// Add, remove or replace owners.
    ChangeOwners {
        /// The package.
        package: PackageName,
        /// How.
        change: OwnerChange,
        /// The revision of the package that the client looked at, when its protocol tells one.
        seen_revision: Option<i64>,
    },
    /// Remove one release, or the whole package (`None`), for good.
    Remove {
        /// The package.
        package: PackageName,
        /// The release; `None` is all of them.
        version: Option<Version>,
    },
    /// Remove every release that is not listed here (npm's "unpublish" sends what shall stay).
    RetainReleases {
        /// The package.
        package: PackageName,
        /// Versions that stay.
        keep: Vec<Version>,
        /// The revision of the package that the client looked at: what was published after it
        /// is not in `keep`, and must not be removed for that.
        seen_revision: i64,
    },
    /// Search hosted packages.
    Search(SearchQuery),
    /// Who am I?
    WhoAmI,
    /// Look up another account by name.
    ReadAccount {
        /// Its name as typed.
        name: String,
    },
    /// Sign in by password and get a token.
    SignIn {
        /// Account name as typed.
        name: String,
        /// Its password.
        password: Secret,
    },
    /// Start a sign-in that a person finishes in a browser.
    StartWebLogin,
    /// Ask whether that sign-in is finished. The id is unguessable.
    PollWebLogin {
        /// What `StartWebLogin` gave.
        poll_id: Secret,
    },
    /// List the caller's tokens.
    ListTokens,
    /// Create a token.
    CreateToken(TokenDraft),
    /// Revoke a token by its id.
    RevokeToken {
        /// Its id, as `ListTokens` shows it.
        id: String,
    },
    /// Revoke the token that is presented (sign-out).
    RevokeSecret {
        /// The token's secret, as some clients send it in the request.
        secret: Secret,
    },
    /// Is the package visible to everybody?
    ReadVisibility {
        /// The package.
        package: PackageName,
    },
    /// Packages that an account owns.
    ListPackagesOf {
        /// Account name as typed.
        name: String,
    },
}

/// A change of owners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnerChange {
    /// Add these accounts.
    Add(Vec<String>),
    /// Remove these accounts.
    Remove(Vec<String>),
    /// Make the owners exactly these accounts.
    Replace(Vec<String>),
}

/// What a publisher sent, before anything about it is believed. The artifact bytes are spooled
/// beside it, in the order of `files`.
#[derive(Debug, Clone)]
pub struct PublishDraft {
    /// The package the request names.
    pub package: PackageName,
    /// The version the request names.
    pub version: Version,
    /// May the release exist already (PyPI adds files to one), or must it be new?
    pub may_extend: bool,
    /// The files in the body.
    pub files: Vec<DraftFile>,
    /// Tags to point at the release once it exists.
    pub tags: Vec<String>,
    /// The adapter's own JSON: the request's metadata, to be compared with the archive.
    pub metadata: String,
}

/// One uploaded archive that says by itself what it is. Its bytes are spooled beside it.
#[derive(Debug, Clone)]
pub struct UnnamedUpload {
    /// The package that it must be, when the request says so.
    pub package: Option<PackageName>,
    /// The version that it is, or must be, when the request says so: as typed.
    pub version: Option<String>,
    /// The adapter's own JSON: what else the request said.
    pub metadata: String,
}

/// One file of a [`PublishDraft`].
#[derive(Debug, Clone)]
pub struct DraftFile {
    /// Its name.
    pub filename: Filename,
    /// Digests that the publisher states. Each one must match.
    pub stated_digests: Digests,
    /// Size in bytes that the publisher states.
    pub stated_size_bytes: Option<u64>,
}

/// What an adapter read out of the archives of a draft: the truth that is stored.
#[derive(Debug, Clone, Default)]
pub struct Inspected {
    /// The release's manifest, as `render` wants it: the adapter's own JSON.
    pub manifest: String,
    /// Package-level JSON, replacing the earlier one; `None` leaves it.
    pub package_extras: Option<String>,
    /// Per file of the draft, in order: the adapter's own JSON about it.
    pub file_extras: Vec<Option<String>>,
    /// Further files made from the archives (PyPI: `x.whl.metadata`).
    pub derived: Vec<DerivedFile>,
    /// What the document of its namespace says about this package, as the adapter's own JSON,
    /// where namespaces have documents; `None` leaves it.
    pub namespace_entry: Option<String>,
    /// One line about the package for search results.
    pub summary: String,
    /// Words to search by.
    pub keywords: Vec<String>,
    /// Notes that the client shows to the publisher.
    pub warnings: Vec<String>,
    /// What the ecosystem's public repository would have refused it for: missing signatures, no
    /// license. An operator may insist on these too.
    pub shortcomings: Vec<String>,
}

/// A file the registry makes out of an uploaded one and serves beside it.
#[derive(Debug, Clone)]
pub struct DerivedFile {
    /// Its name.
    pub filename: Filename,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SearchQuery {
    /// Words, as typed.
    pub text: String,
    /// How many results to skip.
    pub offset: u32,
    /// How many results at most.
    pub limit: u32,
}

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct TokenDraft {
    /// A name for people.
    pub name: String,
    /// The account's password, when the client asks for it again.
    pub password: Option<Secret>,
    /// What it may do.
    pub scopes: Scopes,
    /// Patterns of packages; empty means all.
    pub packages: Vec<String>,
    /// Days until it ends; `None` means the registry's default.
    pub expires_days: Option<u32>,
}

/// What a client gets, apart from documents and artifacts, which are streams.
#[derive(Debug)]
pub enum Answer {
    /// Done, and nothing to say.
    Done,
    /// The release is committed and visible.
    Published(Published),
    /// One digest of a file, lower-case hex.
    Digest(String),
    /// A file waits for the rest of its release.
    Staged {
        /// The very same file was there already.
        is_unchanged: bool,
    },
    /// The releases of a deployment are committed and visible. Empty when nothing was waiting.
    Deployed(Vec<Published>),
    /// A deployment as its owner sees it.
    Deployment(DeploymentView),
    /// Whether a release is published.
    IsPublished(bool),
    /// The tags.
    Tags(BTreeMap<String, String>),
    /// The owners.
    Owners(Vec<crate::index::OwnerView>),
    /// Search results.
    Found(SearchResults),
    /// The caller.
    Me {
        /// Account name.
        name: String,
        /// E-mail address, for the account itself only.
        email: Option<String>,
    },
    /// Another account.
    Account {
        /// Account name.
        name: String,
    },
    /// A token, shown this once.
    Token {
        /// The secret.
        secret: Secret,
        /// Its row.
        view: TokenView,
    },
    /// Where a person finishes a sign-in, and what the client asks meanwhile.
    WebLogin {
        /// For the browser.
        login_url: String,
        /// For the client. Unguessable.
        poll_id: Secret,
    },
    /// The sign-in is not finished yet. Seconds to wait.
    WebLoginPending {
        /// When to ask again.
        retry_after_secs: u32,
    },
    /// The sign-in is finished.
    WebLoginDone {
        /// The token.
        secret: Secret,
    },
    /// The caller's tokens.
    Tokens(Vec<TokenView>),
    /// Whether the package is visible to everybody.
    Visibility {
        /// True when no sign-in is needed.
        is_public: bool,
    },
    /// Packages of an account, canonical or display as published.
    Packages(Vec<String>),
}

/// A committed release.
#[derive(Debug, Clone)]
pub struct Published {
    /// Its package.
    pub package: PackageName,
    /// Its version.
    pub version: Version,
    /// Notes for the publisher.
    pub warnings: Vec<String>,
    /// Nothing was new: the same bytes were there already.
    pub is_unchanged: bool,
}

/// A page of search results.
#[derive(Debug, Clone, Default)]
pub struct SearchResults {
    /// The page.
    pub hits: Vec<SearchHit>,
    /// How many there are in all.
    pub total: u64,
}

/// One search result.
#[derive(Debug, Clone)]
pub struct SearchHit {
    /// Package name as published.
    pub name: String,
    /// Newest version by the ecosystem's order.
    pub version: String,
    /// One line about it.
    pub summary: String,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// Owner names.
    pub owners: Vec<String>,
    /// When it changed last.
    pub updated_at: Timestamp,
}

/// A token as its owner sees it: never the secret.
#[derive(Debug, Clone)]
pub struct TokenView {
    /// Its id.
    pub id: TokenId,
    /// A name for people.
    pub name: String,
    /// The first characters of the secret, to recognise it by.
    pub hint: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Which packages; empty means all.
    pub packages: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, to the hour or so.
    pub last_used_at: Option<Timestamp>,
}
