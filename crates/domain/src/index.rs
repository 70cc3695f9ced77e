//! Packages as index documents show them, hosted and proxied alike.
//!
//! The store (hosted) and an adapter's `parse_index` (proxied) both fill these types, the judge
//! filters them, and the adapter's `render` writes the document. There is one renderer and it
//! cannot tell where a package came from.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::{Digests, Filename, PackageName, Timestamp, Version};

/// One package, ready to be rendered: only what this registry is willing to serve.
#[derive(Debug, Clone)]
pub struct PackageView {
    /// Its name, as first published.
    pub name: PackageName,
    /// Address of the ecosystem's mount, absolute, without a trailing slash:
    /// `https://registry.example/npm`.
    pub base_url: Arc<str>,
    /// Served releases, in ascending version order.
    pub releases: Vec<ReleaseView>,
    /// Releases that policy withholds, in ascending version order.
    pub withheld: Vec<WithheldRelease>,
    /// Tag name to version display. Every version named here is in `releases`.
    pub tags: BTreeMap<String, String>,
    /// Owner account names; empty for a proxied package.
    pub owners: Vec<OwnerView>,
    /// The adapter's own package-level JSON, when it keeps any.
    pub extras: Option<Arc<str>>,
    /// What packages say about themselves to the namespace of this name, where one address can be
    /// both a package and a namespace (Maven's plugin groups). The adapter's own JSON each.
    pub members: Vec<Arc<str>>,
    /// When the package was created or first seen.
    pub created_at: Option<Timestamp>,
    /// The last change of anything in here.
    pub modified_at: Timestamp,
    /// Grows with every change; opaque to clients.
    pub revision: i64,
    /// Whether the bytes are ours rather than an upstream's.
    pub is_hosted: bool,
}

/// What a list of packages is written from.
#[derive(Debug, Clone)]
pub struct ListView {
    /// Hosted packages, sorted by display name.
    pub names: Vec<PackageName>,
    /// Address of the ecosystem's mount, absolute, without a trailing slash.
    pub base_url: Arc<str>,
    /// Whether packages that are not in the list may come from an upstream.
    pub has_upstream: bool,
}

/// One release of a [`PackageView`].
#[derive(Debug, Clone)]
pub struct ReleaseView {
    /// Its version.
    pub version: Version,
    /// The adapter's own JSON: what `inspect` (hosted) or `parse_index` (proxied) kept.
    pub manifest: Arc<str>,
    /// Its files.
    pub artifacts: Vec<ArtifactView>,
    /// Commit time when hosted, the upstream's word when proxied. Unknown stays unknown.
    pub published_at: Option<Timestamp>,
    /// Yanked: not for new resolution. The text is the reason and may be empty.
    pub yanked: Option<String>,
    /// Deprecated: the warning text.
    pub deprecated: Option<String>,
}

/// One file of a release.
#[derive(Debug, Clone)]
pub struct ArtifactView {
    /// Its name.
    pub filename: Filename,
    /// Its size in bytes, when known.
    pub size_bytes: Option<u64>,
    /// Its digests; for a proxied file those that the upstream states.
    pub digests: Digests,
    /// When this file appeared, when known.
    pub published_at: Option<Timestamp>,
    /// Where the upstream serves it. `None` when hosted.
    pub upstream_url: Option<String>,
    /// The adapter's own JSON about this file (PyPI: `requires-python`, file type).
    pub extras: Option<Arc<str>>,
}

/// A release that exists and is not served, with the reasons.
#[derive(Debug, Clone)]
pub struct WithheldRelease {
    /// The release, as it would have been shown.
    pub release: ReleaseView,
    /// Why, in one line for people, with a link.
    pub reason: String,
}

/// An owner of a hosted package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnerView {
    /// A small number that stays with the account; Cargo needs one.
    pub number: u32,
    /// Account name.
    pub name: String,
}

/// What an upstream's index document says about a package, unjudged.
#[derive(Debug, Clone)]
pub struct UpstreamIndex {
    /// The name as the upstream spells it.
    pub name: PackageName,
    /// Its releases, any order.
    pub releases: Vec<ReleaseView>,
    /// Tag name to version display.
    pub tags: BTreeMap<String, String>,
    /// The adapter's own package-level JSON.
    pub extras: Option<Arc<str>>,
    /// When the package was created, when the document says so.
    pub created_at: Option<Timestamp>,
    /// When it changed last, when the document says so.
    pub modified_at: Option<Timestamp>,
}

/// Name of one document an adapter can render for a package: `packument`, `simple-json`,
/// `json/1.0.0`. Chosen by the adapter's `decode`, understood by its `render`, opaque between.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentKey(pub std::borrow::Cow<'static, str>);

impl DocumentKey {
    /// An adapter's constant key.
    pub const fn from_static(key: &'static str) -> Self {
        Self(std::borrow::Cow::Borrowed(key))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A rendered document.
#[derive(Debug, Clone)]
pub struct Document {
    /// Its `Content-Type`.
    pub content_type: &'static str,
    /// Further headers, lower-case names.
    pub headers: Vec<(&'static str, String)>,
    /// The bytes.
    pub body: Vec<u8>,
}
