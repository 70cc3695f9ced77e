//! Composer: the metadata of a package, and an archive that is sent as it is.

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::bench::data_set::Release;
use crate::bench::http::Request;

/// Whose packages all are.
pub(crate) const VENDOR: &str = "bench";

pub(super) fn index(package: &str) -> (String, &'static str) {
    (format!("/p2/{VENDOR}/{package}.json"), "*/*")
}

/// Versions after the first say only what differs, and every one has a file of its own.
pub(super) fn artifact(document: &[u8], release: &Release) -> Result<String> {
    let document: Value = serde_json::from_slice(document).context("the metadata is not JSON")?;
    let versions = document.get("packages").and_then(Value::as_object).into_iter();
    let mut versions = versions.flat_map(|packages| packages.values()).filter_map(Value::as_array);
    let version = versions
        .next()
        .into_iter()
        .flatten()
        .find(|entry| entry.get("version").and_then(Value::as_str) == Some(&release.version));
    let url = version.and_then(|entry| entry.get("dist")?.get("url")?.as_str());
    url.map(str::to_owned).with_context(|| format!("the metadata has no {}", release.filename))
}

pub(super) fn publish(prefix: &str, release: &Release) -> Request {
    let Release { package, version, archive, .. } = release;
    let path = format!("{prefix}/packages/upload/{VENDOR}/{package}/{version}");
    Request::with_body("PUT", path, "application/zip", archive.clone())
}
