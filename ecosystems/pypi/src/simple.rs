//! The simple API: what installers resolve against (PEP 503, 592, 629, 658, 691, 700, 714, 792).
//!
//! Both forms are written from one list of [`Entry`]s, so they cannot disagree.
//!
//! A withheld release is listed as yanked, with the reason, and without its metadata: a resolver
//! skips it unless it is pinned, and whoever pins it is told why by the download.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use serde::{Serialize, Serializer};
use vouchsafe_domain::index::{ArtifactView, Document, DocumentKey, PackageView, ReleaseView};
use vouchsafe_domain::{DigestAlgorithm, Digests, PackageName};

use crate::file::{FileExtras, SIDECAR_ENDING, is_sidecar};
use crate::negotiate::{HTML_V1_TYPE, JSON_TYPE, SIMPLE_HTML, SIMPLE_HTML_V1, SIMPLE_JSON};
use crate::upstream::ProjectStatus;
use crate::url_path::{escape_html, file_url};

/// The version of the API that is written here.
const API_VERSION: &str = "1.4";

/// One file, as both forms show it.
struct Entry<'a> {
    artifact: &'a ArtifactView,
    url: String,
    extras: FileExtras,
    /// The reason, possibly empty.
    yanked: Option<String>,
    /// Digests of the metadata; `None` when it is not served.
    core_metadata: Option<&'a Digests>,
}

/// Writes the page of one project. `None` when `document` is no simple page.
pub(crate) fn render_project(view: &PackageView, document: &DocumentKey) -> Option<Document> {
    let entries = entries(view);
    let status = ProjectStatus::of(view.extras.as_deref());
    let (content_type, body) = match document.as_str() {
        SIMPLE_JSON => (JSON_TYPE, project_json(view, &entries, &status)?),
        SIMPLE_HTML => ("text/html; charset=utf-8", project_html(view, &entries, &status)),
        SIMPLE_HTML_V1 => (HTML_V1_TYPE, project_html(view, &entries, &status)),
        _ => return None,
    };
    let serial = ("x-pypi-last-serial", view.revision.to_string());
    Some(Document { content_type, headers: vec![vary(), serial], body })
}

/// Writes the list of all projects. `None` when `document` is no simple page.
pub(crate) fn render_list(names: &[PackageName], document: &DocumentKey) -> Option<Document> {
    let (content_type, body) = match document.as_str() {
        SIMPLE_JSON => (JSON_TYPE, list_json(names)?),
        SIMPLE_HTML => ("text/html; charset=utf-8", list_html(names)),
        SIMPLE_HTML_V1 => (HTML_V1_TYPE, list_html(names)),
        _ => return None,
    };
    Some(Document { content_type, headers: vec![vary()], body })
}

fn vary() -> (&'static str, String) {
    ("vary", "accept".to_owned())
}

fn entries(view: &PackageView) -> Vec<Entry<'_>> {
    let mut entries = Vec::new();
    for release in &view.releases {
        let sidecars = sidecars(release);
        for artifact in release.artifacts.iter().filter(|artifact| !is_sidecar(artifact)) {
            let mut entry = Entry::new(view, artifact);
            entry.yanked = release.yanked.clone().or(entry.extras.yanked.take());
            entry.core_metadata = sidecars.get(artifact.filename.as_str()).copied();
            entries.push(entry);
        }
    }
    for withheld in &view.withheld {
        let artifacts = withheld.release.artifacts.iter();
        for artifact in artifacts.filter(|artifact| !is_sidecar(artifact)) {
            let mut entry = Entry::new(view, artifact);
            entry.yanked = Some(withheld.reason.clone());
            entries.push(entry);
        }
    }
    entries
}

/// Digests of the metadata sidecars of a release, by the name of the file they belong to.
fn sidecars(release: &ReleaseView) -> HashMap<&str, &Digests> {
    let artifacts = release.artifacts.iter();
    let named = artifacts.filter_map(|artifact| {
        let owner = artifact.filename.as_str().strip_suffix(SIDECAR_ENDING)?;
        Some((owner, &artifact.digests))
    });
    named.collect()
}

impl<'a> Entry<'a> {
    fn new(view: &PackageView, artifact: &'a ArtifactView) -> Self {
        Self {
            artifact,
            url: file_url(&view.base_url, &view.name, &artifact.filename),
            extras: FileExtras::of(artifact),
            yanked: None,
            core_metadata: None,
        }
    }
}

/// Digests by the names Python's `hashlib` has for them: the strong ones, or else what there is.
/// BLAKE2b with 256 bits has no name there.
fn hashes(digests: &Digests) -> BTreeMap<&'static str, String> {
    let has_strong = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512]
        .iter()
        .any(|algorithm| digests.get(*algorithm).is_some());
    let shown = digests.iter().filter(|digest| match digest.algorithm() {
        DigestAlgorithm::Sha256 | DigestAlgorithm::Sha512 => true,
        DigestAlgorithm::Md5 | DigestAlgorithm::Sha1 => !has_strong,
        DigestAlgorithm::Blake2b256 => false,
    });
    shown.map(|digest| (digest.algorithm().as_str(), digest.to_hex())).collect()
}

#[derive(Serialize)]
struct Meta {
    #[serde(rename = "api-version")]
    api_version: &'static str,
    #[serde(rename = "_last-serial", skip_serializing_if = "Option::is_none")]
    last_serial: Option<i64>,
}

#[derive(Serialize)]
struct ProjectPage<'a> {
    meta: Meta,
    name: &'a str,
    #[serde(rename = "project-status")]
    project_status: &'a ProjectStatus,
    versions: Vec<&'a str>,
    files: Vec<FileEntry<'a>>,
}

#[derive(Serialize)]
struct FileEntry<'a> {
    filename: &'a str,
    url: &'a str,
    hashes: BTreeMap<&'static str, String>,
    #[serde(rename = "requires-python", skip_serializing_if = "Option::is_none")]
    requires_python: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(rename = "upload-time", skip_serializing_if = "Option::is_none")]
    upload_time: Option<String>,
    yanked: Yanked<'a>,
    #[serde(rename = "core-metadata")]
    core_metadata: CoreMetadataMark,
    #[serde(rename = "data-dist-info-metadata")]
    dist_info_metadata: CoreMetadataMark,
}

/// `false`, `true`, or the reason.
#[derive(Clone, Copy)]
pub(crate) struct Yanked<'a>(pub(crate) Option<&'a str>);

impl Serialize for Yanked<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            None => serializer.serialize_bool(false),
            Some("") => serializer.serialize_bool(true),
            Some(reason) => serializer.serialize_str(reason),
        }
    }
}

/// `false`, `true`, or the digests.
#[derive(Clone)]
struct CoreMetadataMark(Option<BTreeMap<&'static str, String>>);

impl Serialize for CoreMetadataMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0 {
            None => serializer.serialize_bool(false),
            Some(hashes) if hashes.is_empty() => serializer.serialize_bool(true),
            Some(hashes) => hashes.serialize(serializer),
        }
    }
}

fn project_json(
    view: &PackageView,
    entries: &[Entry<'_>],
    status: &ProjectStatus,
) -> Option<Vec<u8>> {
    let withheld = view.withheld.iter().map(|withheld| &withheld.release);
    let versions = view.releases.iter().chain(withheld).map(|release| release.version.display());
    let files = entries.iter().map(|entry| {
        let core_metadata = CoreMetadataMark(entry.core_metadata.map(hashes));
        FileEntry {
            filename: entry.artifact.filename.as_str(),
            url: &entry.url,
            hashes: hashes(&entry.artifact.digests),
            requires_python: entry.extras.requires_python.as_deref(),
            size: entry.artifact.size_bytes,
            upload_time: entry.artifact.published_at.map(|at| at.to_rfc3339_micros()),
            yanked: Yanked(entry.yanked.as_deref()),
            dist_info_metadata: core_metadata.clone(),
            core_metadata,
        }
    });
    let page = ProjectPage {
        meta: Meta { api_version: API_VERSION, last_serial: Some(view.revision) },
        name: view.name.canonical(),
        project_status: status,
        versions: versions.collect(),
        files: files.collect(),
    };
    serde_json::to_vec(&page).ok()
}

fn project_html(view: &PackageView, entries: &[Entry<'_>], status: &ProjectStatus) -> Vec<u8> {
    let name = view.name.canonical();
    let mut html = String::with_capacity(512 + entries.len() * 512);
    html.push_str("<!DOCTYPE html>\n<html>\n  <head>\n");
    push_meta(&mut html, "pypi:repository-version", API_VERSION);
    push_meta(&mut html, "pypi:project-status", &status.status);
    if let Some(reason) = &status.reason {
        push_meta(&mut html, "pypi:project-status-reason", reason);
    }
    let _ = writeln!(html, "    <title>Links for {name}</title>\n  </head>\n  <body>");
    let _ = writeln!(html, "    <h1>Links for {name}</h1>");
    for entry in entries {
        push_anchor(&mut html, entry);
    }
    html.push_str("  </body>\n</html>\n");
    html.into_bytes()
}

fn push_meta(html: &mut String, name: &str, content: &str) {
    let content = escape_html(content);
    let _ = writeln!(html, "    <meta name=\"{name}\" content=\"{content}\">");
}

fn push_anchor(html: &mut String, entry: &Entry<'_>) {
    let _ = write!(html, "    <a href=\"{}", escape_html(&entry.url));
    if let Some(hash) = best_hash(&entry.artifact.digests) {
        let _ = write!(html, "#{hash}");
    }
    html.push('"');
    if let Some(requires_python) = &entry.extras.requires_python {
        let _ = write!(html, " data-requires-python=\"{}\"", escape_html(requires_python));
    }
    if let Some(reason) = &entry.yanked {
        let _ = write!(html, " data-yanked=\"{}\"", escape_html(reason));
    }
    if let Some(digests) = entry.core_metadata {
        let mark = best_hash(digests).unwrap_or_else(|| "true".to_owned());
        let _ = write!(html, " data-dist-info-metadata=\"{mark}\" data-core-metadata=\"{mark}\"");
    }
    let _ = writeln!(html, ">{}</a><br>", escape_html(entry.artifact.filename.as_str()));
}

/// HTML has room for one digest: SHA-256, which every client knows, or the next best.
fn best_hash(digests: &Digests) -> Option<String> {
    let mut hashes = hashes(digests);
    ["sha256", "sha512", "sha1", "md5"].into_iter().find_map(|name| {
        let hex = hashes.remove(name)?;
        Some(format!("{name}={hex}"))
    })
}

#[derive(Serialize)]
struct List<'a> {
    meta: Meta,
    projects: Vec<ListEntry<'a>>,
}

#[derive(Serialize)]
struct ListEntry<'a> {
    name: &'a str,
}

fn list_json(names: &[PackageName]) -> Option<Vec<u8>> {
    let projects = names.iter().map(|name| ListEntry { name: name.display() }).collect();
    let meta = Meta { api_version: API_VERSION, last_serial: None };
    serde_json::to_vec(&List { meta, projects }).ok()
}

fn list_html(names: &[PackageName]) -> Vec<u8> {
    let mut html = String::with_capacity(256 + names.len() * 64);
    html.push_str("<!DOCTYPE html>\n<html>\n  <head>\n");
    push_meta(&mut html, "pypi:repository-version", API_VERSION);
    html.push_str("    <title>Simple index</title>\n  </head>\n  <body>\n");
    for name in names {
        let (path, text) = (name.canonical(), escape_html(name.display()));
        let _ = writeln!(html, "    <a href=\"{path}/\">{text}</a><br>");
    }
    html.push_str("  </body>\n</html>\n");
    html.into_bytes()
}
