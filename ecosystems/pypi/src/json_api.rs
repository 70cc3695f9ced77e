//! The JSON API: `/pypi/<name>/json` and `/pypi/<name>/<version>/json`.
//!
//! Made for people's tools rather than installers. Withheld releases are not in it, as a
//! quarantined release is not in that of the Python index.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value, json};
use vouchsafe_domain::index::{ArtifactView, Document, PackageView, ReleaseView};
use vouchsafe_domain::{DigestAlgorithm, Version};

use crate::file::{FileExtras, SIDECAR_ENDING, is_sidecar};
use crate::metadata::CoreMetadata;
use crate::url_path::file_url;
use crate::version;

/// Document key of a project's JSON.
pub(crate) const PROJECT_JSON: &str = "json";
/// Document keys of one release's JSON start so; the canonical version follows.
const RELEASE_JSON_PREFIX: &str = "json/";

/// Document key of one release's JSON.
pub(crate) fn release_key(version: &Version) -> String {
    format!("{RELEASE_JSON_PREFIX}{}", version.canonical())
}

/// Writes the document. `None` when `key` is none of the two, or the release is not served.
pub(crate) fn render(view: &PackageView, key: &str) -> Option<Document> {
    let body = if key == PROJECT_JSON {
        let shown = newest(view)?;
        let releases = view.releases.iter().map(|release| {
            (release.version.display().to_owned(), Value::Array(files(view, release)))
        });
        document(view, shown, Some(releases.collect()))
    } else {
        let wanted = key.strip_prefix(RELEASE_JSON_PREFIX)?;
        let shown = view.releases.iter().find(|release| release.version.canonical() == wanted)?;
        document(view, shown, None)
    };
    Some(Document {
        content_type: "application/json",
        headers: vec![("x-pypi-last-serial", view.revision.to_string())],
        body: serde_json::to_vec(&body).ok()?,
    })
}

/// What an installer would choose: the last stable one that is not yanked, or else the last.
fn newest(view: &PackageView) -> Option<&ReleaseView> {
    let usable = |release: &&ReleaseView| release.yanked.is_none();
    let stable = |release: &&ReleaseView| !version::is_prerelease(&release.version);
    let mut usable_releases = view.releases.iter().rev().filter(usable);
    let found = usable_releases.clone().find(stable).or_else(|| usable_releases.next());
    found.or(view.releases.last())
}

fn document(
    view: &PackageView,
    shown: &ReleaseView,
    releases: Option<Map<String, Value>>,
) -> Value {
    let roles = view.owners.iter().map(|owner| json!({"role": "Owner", "user": owner.name}));
    let mut document = json!({
        "info": info(view, shown),
        "last_serial": view.revision,
    });
    if let (Some(releases), Some(object)) = (releases, document.as_object_mut()) {
        object.insert("releases".to_owned(), Value::Object(releases));
    }
    if let Some(object) = document.as_object_mut() {
        object.insert("urls".to_owned(), Value::Array(files(view, shown)));
        object.insert("vulnerabilities".to_owned(), Value::Array(Vec::new()));
        let roles: Vec<Value> = roles.collect();
        object.insert("ownership".to_owned(), json!({"roles": roles, "organization": null}));
    }
    document
}

fn info(view: &PackageView, shown: &ReleaseView) -> Value {
    // A proxied release keeps no metadata; its fields are empty rather than guessed.
    let kept: CoreMetadata = serde_json::from_str(&shown.manifest).unwrap_or_default();
    let project_urls: Map<String, Value> = kept
        .project_urls
        .iter()
        .filter_map(|entry| entry.split_once(','))
        .map(|(label, url)| (label.trim().to_owned(), Value::from(url.trim())))
        .collect();
    let requires_python = kept.requires_python.clone().or_else(|| {
        shown.artifacts.iter().find_map(|artifact| FileExtras::of(artifact).requires_python)
    });
    let (base_url, name) = (&view.base_url, view.name.canonical());
    json!({
        "author": kept.author.unwrap_or_default(),
        "author_email": kept.author_email.unwrap_or_default(),
        "bugtrack_url": null,
        "classifiers": kept.classifiers,
        "description": kept.description.unwrap_or_default(),
        "description_content_type": kept.description_content_type,
        "docs_url": null,
        "download_url": kept.download_url.unwrap_or_default(),
        "downloads": {"last_day": -1, "last_month": -1, "last_week": -1},
        "dynamic": none_if_empty(kept.dynamic),
        "home_page": kept.home_page.unwrap_or_default(),
        "keywords": kept.keywords.unwrap_or_default(),
        "license": kept.license,
        "license_expression": kept.license_expression,
        "license_files": none_if_empty(kept.license_files),
        "maintainer": kept.maintainer.unwrap_or_default(),
        "maintainer_email": kept.maintainer_email.unwrap_or_default(),
        "name": view.name.display(),
        "package_url": format!("{base_url}/simple/{name}/"),
        "platform": kept.platform.first(),
        "project_url": format!("{base_url}/simple/{name}/"),
        "project_urls": if project_urls.is_empty() { Value::Null } else { project_urls.into() },
        "provides_extra": none_if_empty(kept.provides_extra),
        "release_url": format!("{base_url}/{name}/{}/json", shown.version.display()),
        "requires_dist": none_if_empty(kept.requires_dist),
        "requires_python": requires_python,
        "summary": kept.summary.unwrap_or_default(),
        "version": shown.version.display(),
        "yanked": shown.yanked.is_some(),
        "yanked_reason": shown.yanked.as_deref().filter(|reason| !reason.is_empty()),
    })
}

fn none_if_empty(list: Vec<String>) -> Option<Vec<String>> {
    (!list.is_empty()).then_some(list)
}

fn files(view: &PackageView, release: &ReleaseView) -> Vec<Value> {
    let artifacts = release.artifacts.iter().filter(|artifact| !is_sidecar(artifact));
    artifacts
        .filter_map(|artifact| serde_json::to_value(file(view, release, artifact)).ok())
        .collect()
}

#[derive(Serialize)]
struct File {
    comment_text: String,
    #[serde(rename = "core-metadata")]
    core_metadata: Value,
    digests: BTreeMap<&'static str, String>,
    downloads: i8,
    filename: String,
    has_sig: bool,
    md5_digest: Option<String>,
    packagetype: String,
    python_version: String,
    requires_python: Option<String>,
    size: Option<u64>,
    upload_time: Option<String>,
    upload_time_iso_8601: Option<String>,
    url: String,
    yanked: bool,
    yanked_reason: Option<String>,
}

fn file(view: &PackageView, release: &ReleaseView, artifact: &ArtifactView) -> File {
    let extras = FileExtras::of(artifact);
    let yanked = release.yanked.clone().or(extras.yanked);
    let digests = artifact.digests.iter().map(|digest| {
        let name = match digest.algorithm() {
            DigestAlgorithm::Blake2b256 => "blake2b_256",
            other => other.as_str(),
        };
        (name, digest.to_hex())
    });
    let md5 = artifact.digests.get(DigestAlgorithm::Md5);
    File {
        comment_text: extras.comment_text.unwrap_or_default(),
        core_metadata: core_metadata(release, artifact),
        digests: digests.collect(),
        downloads: -1,
        filename: artifact.filename.to_string(),
        has_sig: false,
        md5_digest: md5.map(|digest| digest.to_hex()),
        packagetype: extras.packagetype.into_owned(),
        python_version: extras.python_version,
        requires_python: extras.requires_python,
        size: artifact.size_bytes,
        // Python's `isoformat` without a zone, next to the same instant with one.
        upload_time: artifact
            .published_at
            .map(|at| at.to_rfc3339_secs().trim_end_matches('Z').to_owned()),
        upload_time_iso_8601: artifact.published_at.map(|at| at.to_rfc3339_micros()),
        url: file_url(&view.base_url, &view.name, &artifact.filename),
        yanked: yanked.is_some(),
        yanked_reason: yanked.filter(|reason| !reason.is_empty()),
    }
}

fn core_metadata(release: &ReleaseView, artifact: &ArtifactView) -> Value {
    let sidecar = release.artifacts.iter().find(|other| {
        let owner = other.filename.as_str().strip_suffix(SIDECAR_ENDING);
        owner == Some(artifact.filename.as_str())
    });
    match sidecar.map(|sidecar| sidecar.digests.sha256()) {
        Some(Some(sha256)) => json!({"sha256": sha256.to_hex()}),
        Some(None) => Value::Bool(true),
        None => Value::Bool(false),
    }
}
