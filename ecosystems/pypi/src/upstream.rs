//! Reads the simple pages of an upstream, JSON and HTML, into releases.
//!
//! A file that cannot be understood is left out: of a page that lists ten thousand files, one odd
//! name must not take the others away. A page as a whole is refused when it is not of API version
//! 1, or is another project's.

mod listed;
mod pages;

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::PackageName;
use vouchsafe_domain::index::{ReleaseView, UpstreamIndex};

use self::listed::Listed;

/// What pip sends: JSON, or else HTML.
const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";

/// Where an upstream keeps the page of a project. Its base address is that of its simple API.
pub(crate) fn request(package: &PackageName) -> UpstreamRequest {
    UpstreamRequest { path: format!("{}/", package.canonical()), accept: ACCEPT }
}

/// The project's standing, in an upstream's words (PEP 792). Package-level extras.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProjectStatus {
    pub(crate) status: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl ProjectStatus {
    /// Reads package-level extras. Nothing kept means active.
    pub(crate) fn of(extras: Option<&str>) -> Self {
        let kept = extras.and_then(|json| serde_json::from_str(json).ok());
        kept.unwrap_or_else(|| Self { status: "active".to_owned(), reason: None })
    }

    fn is_known(&self) -> bool {
        matches!(self.status.as_str(), "active" | "archived" | "quarantined" | "deprecated")
    }
}

/// A page, whichever form it had.
struct Page {
    /// The version that it states; a page that states none is of version 1.0.
    api_version: Option<String>,
    status: Option<ProjectStatus>,
    files: Vec<Listed>,
}

/// See [`Ecosystem::parse_index`](vouchsafe_adapter::Ecosystem::parse_index).
pub(crate) fn parse_index(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let media_type = document.content_type.split(';').next().unwrap_or_default().trim();
    let page = match media_type.to_ascii_lowercase().as_str() {
        json if json.ends_with("json") => pages::read_json(package, document)?,
        html if html.ends_with("html") || html.is_empty() => pages::read_html(document)?,
        other => return Err(FormatError::document(format!("`{other}` is not a simple page"))),
    };
    check_api_version(page.api_version.as_deref())?;
    let status = page.status.filter(ProjectStatus::is_known);
    let extras = status.and_then(|status| serde_json::to_string(&status).ok()).map(Into::into);
    Ok(UpstreamIndex {
        name: package.clone(),
        releases: group(package, page.files),
        tags: Default::default(),
        extras,
        created_at: None,
        modified_at: None,
    })
}

fn check_api_version(stated: Option<&str>) -> Result<(), FormatError> {
    let major = stated.map_or("1", |text| text.split('.').next().unwrap_or_default());
    if major != "1" {
        return Err(FormatError::document("its API version is not 1"));
    }
    Ok(())
}

/// Groups files by the version in their names. Of two files of one name the first counts.
fn group(package: &PackageName, files: Vec<Listed>) -> Vec<ReleaseView> {
    let mut releases: Vec<(ReleaseView, bool)> = Vec::new();
    let mut by_version: HashMap<Box<str>, usize> = HashMap::new();
    let mut names = HashSet::new();
    for file in files {
        let Some(parsed) = file.distribution(package) else { continue };
        if !names.insert(file.filename.clone()) {
            continue;
        }
        let at = *by_version.entry(parsed.version.canonical().into()).or_insert_with(|| {
            let release = ReleaseView {
                version: parsed.version.clone(),
                manifest: "{}".into(),
                artifacts: Vec::new(),
                published_at: None,
                yanked: None,
                deprecated: None,
            };
            releases.push((release, true));
            releases.len() - 1
        });
        let Some((release, is_wholly_yanked)) = releases.get_mut(at) else { continue };
        // The release is as old as its first file; each file keeps its own time.
        release.published_at = match (release.published_at, file.upload_time) {
            (Some(known), Some(other)) => Some(known.min(other)),
            (known, other) => known.or(other),
        };
        *is_wholly_yanked &= file.yanked.is_some();
        if release.yanked.is_none() {
            release.yanked.clone_from(&file.yanked);
        }
        release.artifacts.extend(file.into_artifacts(&parsed.kind));
    }
    let finished = releases.into_iter().map(|(mut release, is_wholly_yanked)| {
        // A yank of some files stays with these files, in their extras.
        if !is_wholly_yanked {
            release.yanked = None;
        }
        release
    });
    finished.collect()
}
