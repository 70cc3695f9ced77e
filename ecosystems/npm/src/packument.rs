//! Writes packuments: full, abbreviated, and the manifest of one version.
//!
//! Texts are put together, never parsed and written again (see [`crate::stored`]), so a package
//! with thousands of versions costs about as much as copying its document.

use serde_json::value::RawValue;
use vouchsafe_domain::digest::DigestAlgorithm;
use vouchsafe_domain::index::{ArtifactView, Document, DocumentKey, PackageView, ReleaseView};
use vouchsafe_domain::{Timestamp, Version};

use crate::object::{Fields, ObjectWriter};
use crate::restrictions;
use crate::stored::Stored;
use crate::version;

/// The whole packument.
pub(crate) const FULL: &str = "packument";
/// What installers read of it.
pub(crate) const ABBREVIATED: &str = "packument-abbreviated";
/// Before a version or a tag: that version's manifest.
pub(crate) const MANIFEST_PREFIX: &str = "manifest/";

/// Content type of the abbreviated packument, asked for by the same word in `Accept`.
pub(crate) const ABBREVIATED_TYPE: &str = "application/vnd.npm.install-v1+json";

/// Members of the package-level JSON that go into the full packument.
pub(crate) const EXTRAS: &[&str] = &[
    "description",
    "homepage",
    "repository",
    "license",
    "author",
    "contributors",
    "keywords",
    "bugs",
    "readme",
    "readmeFilename",
];

/// Which members of a version are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Full,
    Abbreviated,
}

/// Writes one document.
pub(crate) fn render(view: &PackageView, document: &DocumentKey) -> Option<Document> {
    match document.as_str() {
        FULL => Some(json_document("application/json", full(view))),
        ABBREVIATED => Some(json_document(ABBREVIATED_TYPE, abbreviated(view))),
        key => {
            let body = manifest(view, key.strip_prefix(MANIFEST_PREFIX)?)?;
            Some(Document { content_type: "application/json", headers: Vec::new(), body })
        }
    }
}

/// The version whose manifest a document is, unless a tag stands in its place.
pub(crate) fn release_of(document: &DocumentKey) -> Option<Version> {
    version::parse(document.as_str().strip_prefix(MANIFEST_PREFIX)?).ok()
}

/// Both forms live at one address, so caches must look at `Accept`.
fn json_document(content_type: &'static str, body: Vec<u8>) -> Document {
    Document { content_type, headers: vec![("vary", "accept".to_owned())], body }
}

fn full(view: &PackageView) -> Vec<u8> {
    let mut body = Vec::with_capacity(estimate_bytes(view));
    let name = view.name.display();
    let mut object = ObjectWriter::begin(&mut body);
    object.string("_id", name);
    object.string("_rev", &revision(view));
    object.string("name", name);
    object.value("dist-tags", &view.tags);
    write_versions(&mut object, view, Form::Full);
    write_time(&mut object, view);
    restrictions::write(&mut object, view);
    let extras = view.extras.as_deref().and_then(|json| Fields::parse(json).ok());
    let extras = extras.unwrap_or_default();
    write_maintainers(&mut object, view, extras.get("maintainers"));
    for key in EXTRAS {
        if let Some(value) = extras.get(key) {
            object.raw(key, value.get());
        }
    }
    object.end();
    body
}

fn abbreviated(view: &PackageView) -> Vec<u8> {
    let mut body = Vec::with_capacity(estimate_bytes(view) / 2);
    let mut object = ObjectWriter::begin(&mut body);
    object.string("name", view.name.display());
    object.string("modified", &modified_at(view).to_rfc3339_millis());
    object.value("dist-tags", &view.tags);
    write_versions(&mut object, view, Form::Abbreviated);
    // Not in the abbreviated form of the specification: with it, clients that wait for releases
    // to age need not fetch the full form as well.
    write_time(&mut object, view);
    restrictions::write(&mut object, view);
    object.end();
    body
}

/// The manifest of a version, or of the version that a tag points at.
fn manifest(view: &PackageView, wanted: &str) -> Option<Vec<u8>> {
    let wanted = view.tags.get(wanted).map_or(wanted, String::as_str);
    let release = view.releases.iter().find(|release| {
        release.version.display() == wanted || release.version.canonical() == wanted
    })?;
    let stored = Stored::parse(&release.manifest)?;
    let mut body = Vec::new();
    write_version(ObjectWriter::begin(&mut body), view, release, &stored, Form::Full);
    Some(body)
}

/// Changes with every change of the package. Clients send it back with what they made of it.
/// Reads what [`revision`] wrote. What is none of ours is a revision that no package ever has.
pub(crate) fn seen_revision(rev: &str) -> i64 {
    rev.split('-').next().and_then(|number| number.parse().ok()).unwrap_or(-1)
}

fn revision(view: &PackageView) -> String {
    format!("{}-{:016x}", view.revision, view.modified_at.as_micros())
}

/// Clients take this as an upper bound of all publication times.
fn modified_at(view: &PackageView) -> Timestamp {
    let newest = view.releases.iter().filter_map(|release| release.published_at).max();
    newest.map_or(view.modified_at, |newest| newest.max(view.modified_at))
}

fn estimate_bytes(view: &PackageView) -> usize {
    let manifests: usize = view.releases.iter().map(|release| release.manifest.len() + 512).sum();
    manifests + view.extras.as_ref().map_or(0, |extras| extras.len()) + 1024
}

fn write_versions(object: &mut ObjectWriter<'_>, view: &PackageView, form: Form) {
    let mut versions = object.object("versions");
    for release in &view.releases {
        // A manifest that this adapter did not write cannot be shown at all.
        if let Some(stored) = Stored::parse(&release.manifest) {
            let version = versions.object(release.version.display());
            write_version(version, view, release, &stored, form);
        }
    }
    versions.end();
}

fn write_version(
    mut object: ObjectWriter<'_>,
    view: &PackageView,
    release: &ReleaseView,
    stored: &Stored<'_>,
    form: Form,
) {
    let (name, version) = (view.name.display(), release.version.display());
    object.string("name", name);
    object.string("version", version);
    object.members_of(stored.slim.get());
    match (form, stored.trust) {
        (Form::Full, _) => {
            object.string("_id", &format!("{name}@{version}"));
            object.members_of(stored.rest.get());
        }
        (Form::Abbreviated, Some(trust)) => object.raw("_npmUser", trust.get()),
        (Form::Abbreviated, None) => {}
    }
    if let Some(artifact) = release.artifacts.first() {
        write_dist(object.object("dist"), view, artifact, stored.dist);
    }
    if let Some(text) = release.deprecated.as_ref().or(release.yanked.as_ref()) {
        // npm knows no yank; a warning is the nearest that its clients show.
        let text = if text.is_empty() { "withdrawn by its publisher" } else { text };
        object.string("deprecated", text);
    }
    object.end();
}

fn write_dist(
    mut dist: ObjectWriter<'_>,
    view: &PackageView,
    artifact: &ArtifactView,
    stored: &RawValue,
) {
    if let Some(sha512) = artifact.digests.get(DigestAlgorithm::Sha512) {
        dist.string("integrity", &sha512.to_sri());
    }
    if let Some(sha1) = artifact.digests.get(DigestAlgorithm::Sha1) {
        dist.string("shasum", &sha1.to_hex());
    }
    let (base, name, file) = (&view.base_url, view.name.display(), artifact.filename.as_str());
    dist.string("tarball", &format!("{base}/{name}/-/{file}"));
    dist.members_of(stored.get());
    dist.end();
}

fn write_time(object: &mut ObjectWriter<'_>, view: &PackageView) {
    let oldest = view.releases.iter().filter_map(|release| release.published_at).min();
    let mut time = object.object("time");
    if let Some(created) = view.created_at.or(oldest) {
        time.string("created", &created.to_rfc3339_millis());
    }
    time.string("modified", &modified_at(view).to_rfc3339_millis());
    for release in &view.releases {
        // An invented time would let a release pass as old, or hold it back for ever.
        if let Some(published) = release.published_at {
            time.string(release.version.display(), &published.to_rfc3339_millis());
        }
    }
    time.end();
}

#[derive(serde::Serialize)]
struct Maintainer<'a> {
    name: &'a str,
    /// Never shown: addresses of people are not public here. Clients print it beside the name.
    email: &'static str,
}

fn write_maintainers(
    object: &mut ObjectWriter<'_>,
    view: &PackageView,
    upstream: Option<&RawValue>,
) {
    match upstream {
        Some(list) if !view.is_hosted => object.raw("maintainers", list.get()),
        _ => {
            let owners = view.owners.iter();
            let list: Vec<_> =
                owners.map(|owner| Maintainer { name: &owner.name, email: "" }).collect();
            object.value("maintainers", &list);
        }
    }
}

#[cfg(test)]
mod tests;
