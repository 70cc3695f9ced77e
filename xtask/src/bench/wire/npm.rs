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

pub(super) fn publish(prefix: &str, release: &Release) -> Request {
    let Release { package, version, dependencies, filename, archive } = release;
    let integrity = format!("sha512-{}", BASE64.encode(sha2::Sha512::digest(archive)));
    let body = json!({
        "_id": package,
        "name": package,
        "description": "benchmark data",
        "dist-tags": { "latest": version },
        "versions": {
            version: {
                "_id": format!("{package}@{version}"),
                "name": package,
                "version": version,
                "description": "benchmark data",
                "license": "MIT",
                "dependencies": dependency_ranges(dependencies),
                "dist": {
                    "integrity": integrity,
                    "shasum": hex::encode(sha1::Sha1::digest(archive)),
                    "tarball": format!("http://127.0.0.1{prefix}/{package}/-/{filename}"),
                },
            },
        },
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
