//! What the registry says about a module: the list of its versions, and one version's info.

use serde::Serialize;
use vouchsafe_domain::Version;
use vouchsafe_domain::index::{Document, DocumentKey, PackageView};

use crate::version;

/// The list of versions.
pub(crate) const LIST: DocumentKey = DocumentKey::from_static("list");

const INFO: &str = "info/";

/// What `.info` and `@latest` answer. `go` compares `Version` with what it asked for.
#[derive(Serialize)]
struct Info<'a> {
    #[serde(rename = "Version")]
    version: &'a str,
    #[serde(rename = "Time", skip_serializing_if = "Option::is_none")]
    time: Option<String>,
}

/// The document about one version or query.
pub(crate) fn info_key(version: &Version) -> DocumentKey {
    DocumentKey(format!("{INFO}{}", version.display()).into())
}

/// The version or query that a document is about.
pub(crate) fn release_of(document: &DocumentKey) -> Option<Version> {
    version::parse(document.as_str().strip_prefix(INFO)?).ok()
}

pub(crate) fn render(view: &PackageView, document: &DocumentKey) -> Option<Document> {
    if *document == LIST {
        return Some(list(view));
    }
    info(view, &release_of(document)?)
}

/// One canonical version per line. A withheld one is not there, so `go` resolves to another.
///
/// A module without any tag has an empty list: `go` then asks for `@latest`.
fn list(view: &PackageView) -> Document {
    let versions = view.releases.iter().map(|release| &release.version);
    let mut body = String::new();
    for version in versions.filter(|version| version::is_canonical(version)) {
        body.push_str(version.display());
        body.push('\n');
    }
    Document {
        content_type: "text/plain; charset=utf-8",
        headers: Vec::new(),
        body: body.into_bytes(),
    }
}

/// The view holds the one release that was asked for. What a query stands for cannot be found among
/// several: only the upstream knows it.
fn info(view: &PackageView, asked: &Version) -> Option<Document> {
    let release = match view.releases.as_slice() {
        [only] if !version::is_canonical(asked) => only,
        releases => releases.iter().find(|release| release.version == *asked)?,
    };
    let info = Info {
        version: release.version.display(),
        time: release.published_at.map(|at| at.to_rfc3339_secs()),
    };
    let body = serde_json::to_vec(&info).ok()?;
    Some(Document { content_type: "application/json", headers: Vec::new(), body })
}
