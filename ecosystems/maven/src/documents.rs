//! Names of the documents that are rendered, and which renderer writes each.

use vouchsafe_domain::index::{Document, DocumentKey, ListView, PackageView};
use vouchsafe_domain::{DigestAlgorithm, Version};

use crate::{checksum, layout, listing, metadata, prefixes, snapshot, version};

const XML: &str = "text/xml; charset=utf-8";
const HTML: &str = "text/html; charset=utf-8";
const TEXT: &str = "text/plain; charset=utf-8";

/// A document, apart from its digests, which are documents of their own: `metadata.sha1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DocumentName<'a> {
    /// `metadata`: versions of a package, plugins of a group.
    Metadata,
    /// `snapshot/{version}`: builds.
    Snapshot(&'a str),
    /// `listing`: a page about a package.
    Listing,
    /// `listing/{version}`: a page about a release.
    ReleaseListing(&'a str),
    /// `prefixes`: groups of the registry.
    Prefixes,
}

impl<'a> DocumentName<'a> {
    /// * `checksum`: the digest of the document instead of itself.
    pub(crate) fn key(self, checksum: Option<DigestAlgorithm>) -> DocumentKey {
        let mut key = match self {
            Self::Metadata => "metadata".to_owned(),
            Self::Snapshot(version) => format!("snapshot/{version}"),
            Self::Listing => "listing".to_owned(),
            Self::ReleaseListing(version) => format!("listing/{version}"),
            Self::Prefixes => "prefixes".to_owned(),
        };
        if let Some(algorithm) = checksum {
            key.push('.');
            key.push_str(algorithm.as_str());
        }
        DocumentKey(key.into())
    }

    fn parse(key: &'a str) -> Option<(Self, Option<DigestAlgorithm>)> {
        // Pages have no digests, and a version may end like one.
        match key.split_once('/') {
            Some(("listing", version)) => return Some((Self::ReleaseListing(version), None)),
            None if key == "listing" => return Some((Self::Listing, None)),
            _ => {}
        }
        let (name, checksum) = layout::split_checksum(key);
        let name = match name.split_once('/') {
            None if name == "metadata" => Self::Metadata,
            None if name == "prefixes" => Self::Prefixes,
            Some(("snapshot", version)) => Self::Snapshot(version),
            _ => return None,
        };
        Some((name, checksum))
    }
}

/// See [`Ecosystem::render`](vouchsafe_adapter::Ecosystem::render).
pub(crate) fn render(view: &PackageView, key: &DocumentKey) -> Option<Document> {
    let (name, checksum) = DocumentName::parse(key.as_str())?;
    let document = match name {
        DocumentName::Metadata => document(XML, metadata::render(view)?),
        DocumentName::Snapshot(version) => document(XML, snapshot::render(view, version)?),
        DocumentName::Listing => document(HTML, listing::render_package(view)?.into_bytes()),
        DocumentName::ReleaseListing(version) => {
            document(HTML, listing::render_release(view, version)?.into_bytes())
        }
        DocumentName::Prefixes => return None,
    };
    or_digest(document, checksum)
}

/// See [`Ecosystem::render_list`](vouchsafe_adapter::Ecosystem::render_list).
pub(crate) fn render_list(list: &ListView, key: &DocumentKey) -> Option<Document> {
    match DocumentName::parse(key.as_str())? {
        (DocumentName::Prefixes, checksum) => {
            or_digest(document(TEXT, prefixes::render(list)?.into_bytes()), checksum)
        }
        _ => None,
    }
}

/// See [`Ecosystem::release_of`](vouchsafe_adapter::Ecosystem::release_of).
pub(crate) fn release_of(key: &DocumentKey) -> Option<Version> {
    match DocumentName::parse(key.as_str())?.0 {
        DocumentName::Snapshot(text) | DocumentName::ReleaseListing(text) => {
            version::parse(text).ok()
        }
        _ => None,
    }
}

fn document(content_type: &'static str, body: Vec<u8>) -> Document {
    Document { content_type, headers: Vec::new(), body }
}

fn or_digest(document: Document, checksum: Option<DigestAlgorithm>) -> Option<Document> {
    match checksum {
        Some(algorithm) => checksum::of_document(&document, algorithm),
        None => Some(document),
    }
}
