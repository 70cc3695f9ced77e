//! Cargo: the sparse index, and publishing as two length-prefixed parts.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use crate::bench::data_set::Release;
use crate::bench::http::Request;

/// Names in the data set have four letters or more, so one layout of the index is enough.
pub(super) fn index(package: &str) -> (String, &'static str) {
    let (first, second) =
        (package.get(..2).unwrap_or_default(), package.get(2..4).unwrap_or_default());
    (format!("/{first}/{second}/{package}"), "*/*")
}

pub(super) fn artifact(config: &[u8], release: &Release) -> Result<String> {
    let config: Value = serde_json::from_slice(config).context("config.json is not JSON")?;
    let template = config.get("dl").and_then(Value::as_str).context("config.json has no `dl`")?;
    if !template.contains("{crate}") {
        return Ok(format!("{template}/{}/{}/download", release.package, release.version));
    }
    Ok(template.replace("{crate}", &release.package).replace("{version}", &release.version))
}

pub(super) fn publish(upload_path: &str, release: &Release) -> Request {
    let Release { package, version, dependencies, archive, .. } = release;
    let dependencies: Vec<Value> = dependencies
        .iter()
        .map(|name| {
            json!({
                "name": name, "version_req": "^1", "features": [], "optional": false,
                "default_features": true, "target": null, "kind": "normal",
                "registry": null, "explicit_name_in_toml": null,
            })
        })
        .collect();
    let metadata = json!({
        "name": package, "vers": version, "deps": dependencies, "features": {}, "authors": [],
        "description": "benchmark data", "documentation": null, "homepage": null, "readme": null,
        "readme_file": null, "keywords": [], "categories": [], "license": "MIT",
        "license_file": null, "repository": null, "badges": {}, "links": null,
        "rust_version": null,
    })
    .to_string();
    let mut body = Vec::with_capacity(metadata.len() + archive.len() + 8);
    for part in [metadata.as_bytes(), archive.as_slice()] {
        // Parts of the data set are a few megabytes at most.
        body.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        body.extend(part);
    }
    Request::with_body("PUT", upload_path, "application/octet-stream", body)
}
