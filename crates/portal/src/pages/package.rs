//! One package: how to install it, its releases with their marks, its files, its owners.

use askama::Template;
use vouchsafe_domain::{Sha256, Timestamp};

use crate::page::{EcosystemChoice, PageContext, RenderError, render};
use crate::size::readable_size;

/// What the package page shows.
#[derive(Debug, Clone)]
pub struct PackagePageView {
    /// Its ecosystem.
    pub ecosystem: EcosystemChoice,
    /// Its name, as first published.
    pub name: String,
    /// One line about it; may be empty.
    pub summary: String,
    /// The client's own command, e.g. `npm install left-pad`.
    pub install_line: String,
    /// Whether the bytes are ours rather than an upstream's.
    pub is_hosted: bool,
    /// Homepage, repository and the like, as the publisher wrote them. Only `http` and `https`
    /// become links.
    pub links: Vec<PackageLink>,
    /// Words it is found by.
    pub keywords: Vec<String>,
    /// Owner account names; empty for a proxied package.
    pub owners: Vec<String>,
    /// Tag name and version, when the ecosystem has tags.
    pub tags: Vec<(String, String)>,
    /// Every release this person may know of, newest first.
    pub releases: Vec<ReleaseRow>,
}

/// An address that the publisher gave.
#[derive(Debug, Clone)]
pub struct PackageLink {
    /// `Repository`
    pub label: String,
    /// As the publisher wrote it.
    pub url: String,
}

/// One release.
#[derive(Debug, Clone)]
pub struct ReleaseRow {
    /// Its version.
    pub version: String,
    /// When it was published, when known.
    pub published_at: Option<Timestamp>,
    /// Yanked: the reason, which may be empty.
    pub yanked: Option<String>,
    /// Deprecated: the warning text.
    pub deprecated: Option<String>,
    /// Withheld by policy.
    pub withheld: Option<WithheldMark>,
    /// Its files.
    pub files: Vec<FileRow>,
}

/// Why a release is not served.
#[derive(Debug, Clone)]
pub struct WithheldMark {
    /// In one line.
    pub reason: String,
    /// When it will be served by itself, when that is known.
    pub until: Option<Timestamp>,
    /// Path of the page that explains this refusal.
    pub details_path: Option<String>,
}

/// One file of a release.
#[derive(Debug, Clone)]
pub struct FileRow {
    /// Its name.
    pub filename: String,
    /// Its size in bytes, when known.
    pub size_bytes: Option<u64>,
    /// Its SHA-256, when known.
    pub sha256: Option<Sha256>,
    /// Where it is downloaded, absolute; `None` when it is withheld.
    pub download_url: Option<String>,
}

#[derive(Template)]
#[template(path = "package.html")]
struct Page<'a> {
    ctx: &'a PageContext,
    view: &'a PackagePageView,
}

impl Page<'_> {
    fn files_label(&self, release: &ReleaseRow) -> String {
        let count = match release.files.len() {
            1 => "1 file".to_owned(),
            count => format!("{count} files"),
        };
        let sizes: Option<Vec<u64>> = release.files.iter().map(|file| file.size_bytes).collect();
        match sizes {
            Some(sizes) if !sizes.is_empty() => {
                let total = sizes.into_iter().fold(0, u64::saturating_add);
                format!("{count}, {}", readable_size(total))
            }
            _ => count,
        }
    }

    fn size_of(&self, file: &FileRow) -> Option<String> {
        file.size_bytes.map(readable_size)
    }

    fn is_plain(&self, release: &ReleaseRow) -> bool {
        release.yanked.is_none() && release.deprecated.is_none() && release.withheld.is_none()
    }
}

/// `/packages/<ecosystem>/<name>`: one package.
///
/// # Errors
///
/// [`RenderError`]: a fault of ours.
pub fn package(ctx: &PageContext, view: &PackagePageView) -> Result<String, RenderError> {
    render("package", &Page { ctx, view })
}
