//! Documents about one package: the two version lists and a summary.
//!
//! Composer reads tagged versions from `p2/vendor/name.json` and those of branches from
//! `p2/vendor/name~dev.json`. A package that exists has both, even when one is empty: Composer
//! then knows that it is here, and asks no other repository for it.

use serde_json::{Map, Value, json};
use vouchsafe_domain::index::{ArtifactView, Document, DocumentKey, PackageView, ReleaseView};
use vouchsafe_domain::{DigestAlgorithm, Digests, Timestamp, Version};

use crate::file::FileExtras;
use crate::minify::{self, Entry};
use crate::{name, text, version};

/// Tagged versions.
pub(crate) const TAGGED: DocumentKey = DocumentKey::from_static("p2");
/// Versions of branches.
pub(crate) const MOVING: DocumentKey = DocumentKey::from_static("p2-dev");
/// A summary for people and tools; Composer never asks for it.
pub(crate) const SUMMARY: DocumentKey = DocumentKey::from_static("package");

/// Members that Composer prints.
const WARNING: &str = "warning";
const INFO: &str = "info";

/// Digits of a SHA-256 that a hosted file is referred to by: as many as a commit has, which is
/// what Composer knows to shorten.
const REFERENCE_DIGITS: usize = 40;

pub(crate) fn render(view: &PackageView, document: &DocumentKey) -> Option<Document> {
    let body = match document {
        key if *key == TAGGED => version_list(view, false),
        key if *key == MOVING => version_list(view, true),
        key if *key == SUMMARY => summary(view),
        _ => return None,
    };
    // Composer prints what it is told when a list arrives, and not when its copy is still good. A
    // person who asks a second time must read the reason a second time.
    let has_note = body.get(WARNING).or_else(|| body.get(INFO)).is_some();
    let anew = has_note.then(|| ("cache-control", "no-store".to_owned()));
    Some(Document {
        content_type: "application/json",
        headers: anew.into_iter().collect(),
        body: body.to_string().into_bytes(),
    })
}

fn version_list(view: &PackageView, wants_moving: bool) -> Value {
    let belongs = |version: &Version| version::is_moving(version) == wants_moving;
    let served = view.releases.iter().rev();
    let served = served.filter(|release| belongs(&release.version) && release.yanked.is_none());
    let versions: Vec<_> = served.filter_map(|release| version_entry(view, release)).collect();
    let mut withheld = view.withheld.iter().filter(|held| belongs(&held.release.version));
    let newest_withheld = withheld.next_back();

    let mut body = Map::new();
    body.insert("minified".to_owned(), minify::MARKER.into());
    if let Some(held) = newest_withheld {
        let more = match withheld.count() {
            0 => String::new(),
            1 => " (and an older version)".to_owned(),
            count => format!(" (and {count} older versions)"),
        };
        let package = view.name.display();
        let version = held.release.version.display();
        let note = format!("{package} {version}{more} is withheld: {}", held.reason);
        // Composer prints both with every update. What can still be installed is no reason to
        // shout.
        let key = if versions.is_empty() { WARNING } else { INFO };
        body.insert(key.to_owned(), text::for_terminal(&note).into());
    }
    let packages = json!({ view.name.canonical(): minify::minify(versions) });
    body.insert("packages".to_owned(), packages);
    Value::Object(body)
}

/// One version in full. `None` when there is nothing to install of it.
fn version_entry(view: &PackageView, release: &ReleaseView) -> Option<Entry> {
    let file = release.artifacts.iter().max_by_key(|file| (file.published_at, &file.filename));
    let extras = FileExtras::from_json(file.and_then(|file| file.extras.as_deref()));
    let manifest = match &extras.manifest {
        Some(manifest) => manifest.clone(),
        None => serde_json::from_str(&release.manifest).ok()?,
    };
    let is_metapackage = manifest.get("type").is_some_and(|kind| kind == "metapackage");
    if file.is_none() && !is_metapackage {
        return None;
    }
    let mut entry = Entry::new();
    entry.insert("name".to_owned(), view.name.canonical().into());
    entry.insert("version".to_owned(), release.version.display().into());
    entry.insert("version_normalized".to_owned(), version::normalized(&release.version).into());
    for (key, value) in manifest {
        entry.entry(key).or_insert(value);
    }
    if let Some(file) = file {
        entry.insert("dist".to_owned(), dist(view, file, &extras));
    }
    let published_at = file.and_then(|file| file.published_at).or(release.published_at);
    if let Some(published_at) = published_at {
        let published_at = iso8601(published_at);
        entry.entry("time").or_insert_with(|| published_at.clone().into());
        entry.insert("published-time".to_owned(), published_at.into());
    }
    if let Some(deprecated) = &release.deprecated {
        let replacement = name::parse(deprecated.trim()).ok();
        let abandoned = replacement.map_or(Value::Bool(true), |name| name.canonical().into());
        entry.insert("abandoned".to_owned(), abandoned);
    }
    Some(entry)
}

fn dist(view: &PackageView, file: &ArtifactView, extras: &FileExtras) -> Value {
    let (base, package) = (&view.base_url, view.name.canonical());
    let sha1 = file.digests.get(DigestAlgorithm::Sha1).map(vouchsafe_domain::Digest::to_hex);
    json!({
        "type": extras.kind.as_deref().unwrap_or("zip"),
        "url": format!("{base}/dist/{package}/{}", file.filename),
        "reference": extras.reference.clone().or_else(|| reference(&file.digests)),
        "shasum": sha1.unwrap_or_default(),
    })
}

fn reference(digests: &Digests) -> Option<String> {
    let mut hex = digests.sha256()?.to_hex();
    hex.truncate(REFERENCE_DIGITS);
    Some(hex)
}

/// With a numeric offset, as PHP writes it.
fn iso8601(at: Timestamp) -> String {
    at.to_rfc3339_secs().replace('Z', "+00:00")
}

fn summary(view: &PackageView) -> Value {
    let served = view.releases.iter().rev().filter(|release| release.yanked.is_none());
    let versions: Map<String, Value> = served
        .filter_map(|release| {
            let mut entry = version_entry(view, release)?;
            entry.retain(|key, _| {
                matches!(key.as_str(), "version" | "version_normalized" | "time" | "dist")
            });
            Some((release.version.display().to_owned(), Value::Object(entry)))
        })
        .collect();
    let newest = view.releases.iter().rev().find_map(|release| version_entry(view, release));
    let said = |key: &str| newest.as_ref().and_then(|entry| entry.get(key)).cloned();
    let maintainers: Vec<_> =
        view.owners.iter().map(|owner| json!({ "name": owner.name })).collect();
    json!({ "package": {
        "name": view.name.canonical(),
        "description": said("description").unwrap_or_default(),
        "type": said("type").unwrap_or_else(|| "library".into()),
        "time": view.created_at.map(iso8601),
        "maintainers": maintainers,
        "versions": versions,
    }})
}
