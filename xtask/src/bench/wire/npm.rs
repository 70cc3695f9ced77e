//! npm: packuments, tarballs, and publishing as one JSON document.

use anyhow::{Context as _, Result};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use sha1::Digest as _;

use super::Form;
use crate::bench::archive::dependency_ranges;
use crate::bench::data_set::Release;
use crate::bench::http::Request;

pub(super) fn index(package: &str, form: Form) -> (String, &'static str) {
    let accept = match form {
        Form::Full => "application/json",
        Form::Modern => "application/vnd.npm.install-v1+json",
    };
    (format!("/{package}"), accept)
}

pub(super) fn artifact(packument: &[u8], release: &Release) -> Result<String> {
    let packument: Value =
        serde_json::from_slice(packument).context("the packument is not JSON")?;
    packument
        .pointer(&format!("/versions/{}/dist/tarball", release.version))
        .and_then(Value::as_str)
        .map(str::to_owned)
        .with_context(|| format!("the packument does not name {}", release.filename))
}

/// What the registry says of one version.
fn manifest(release: &Release, tarball: &str) -> Value {
    let Release { package, version, dependencies, archive, .. } = release;
    let integrity = format!("sha512-{}", BASE64.encode(sha2::Sha512::digest(archive)));
    json!({
        "_id": format!("{package}@{version}"),
        "name": package,
        "version": version,
        "description": "benchmark data",
        "license": "MIT",
        "dependencies": dependency_ranges(dependencies),
        "dist": {
            "integrity": integrity,
            "shasum": hex::encode(sha1::Sha1::digest(archive)),
            "tarball": tarball,
        },
    })
}

/// The packument of an upstream at this base address, and the path of each tarball. All versions
/// are years old, so that no cooldown holds them back.
pub(crate) fn upstream_packument(base_url: &str, releases: &[Release]) -> (Value, Vec<String>) {
    let path = |release: &Release| format!("/{}/-/{}", release.package, release.filename);
    let versions = releases.iter().map(|release| {
        let tarball = format!("{base_url}{}", path(release));
        (release.version.clone(), manifest(release, &tarball))
    });
    let versions: serde_json::Map<String, Value> = versions.collect();
    let long_ago = || json!("2020-01-01T00:00:00.000Z");
    let times = releases.iter().map(|release| (release.version.clone(), long_ago()));
    let mut times: serde_json::Map<String, Value> = times.collect();
    times.insert("created".to_owned(), long_ago());
    times.insert("modified".to_owned(), long_ago());
    let (name, latest) = releases.last().map(|last| (&last.package, &last.version)).unzip();
    let packument = json!({
        "_id": name, "name": name, "dist-tags": { "latest": latest },
        "versions": versions, "time": times, "readme": "",
    });
    (packument, releases.iter().map(path).collect())
}

pub(super) fn publish(prefix: &str, release: &Release) -> Request {
    let Release { package, version, filename, archive, .. } = release;
    let tarball = format!("http://127.0.0.1{prefix}/{package}/-/{filename}");
    let body = json!({
        "_id": package,
        "name": package,
        "description": "benchmark data",
        "dist-tags": { "latest": version },
        "versions": { version: manifest(release, &tarball) },
        "access": null,
        "_attachments": {
            filename: {
                "content_type": "application/octet-stream",
                "data": BASE64.encode(archive),
                "length": archive.len(),
            },
        },
    });
    let path = format!("{prefix}/{package}");
    Request::with_body("PUT", path, "application/json", body.to_string().into_bytes())
}
