//! Another registry's index, read for the proxy.
//!
//! Lines are kept as they are, unknown keys included, so that a mirrored crate resolves the same
//! as at its origin. What cannot be read is left out: Cargo does the same.

use std::collections::HashSet;

use serde::Deserialize;
use serde_json::{Map, Value};
use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{Digests, PackageName, Sha256};

use crate::index::ADDED_KEYS;
use crate::{name, version};

/// What a template without any marker ends in.
const DEFAULT_TEMPLATE: &str = "/{crate}/{version}/download";

/// Where an index says how it is laid out.
pub(crate) fn settings_request() -> UpstreamRequest {
    UpstreamRequest { path: "config.json".to_owned(), accept: "*/*" }
}

pub(crate) fn check_settings(settings: &[u8]) -> Result<(), FormatError> {
    DownloadTemplate::from_settings(Some(settings)).map(drop)
}

/// Where an index keeps a crate.
pub(crate) fn index_request(package: &PackageName) -> UpstreamRequest {
    UpstreamRequest { path: name::index_path(package), accept: "text/plain" }
}

pub(crate) fn parse(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let downloads = DownloadTemplate::from_settings(document.settings)?;
    let mut index = UpstreamIndex {
        name: package.clone(),
        releases: Vec::new(),
        tags: Default::default(),
        extras: None,
        created_at: None,
        modified_at: None,
    };
    // Old crates may have two versions that differ in build metadata alone; the first one stands.
    let mut seen = HashSet::new();
    for line in document.bytes.split(|byte| *byte == b'\n') {
        let Some((name, release)) = read_line(package, line, &downloads) else { continue };
        if seen.insert(release.version.canonical().to_owned()) {
            index.name = name;
            index.releases.push(release);
        }
    }
    let times = || index.releases.iter().filter_map(|release| release.published_at);
    (index.created_at, index.modified_at) = (times().min(), times().max());
    Ok(index)
}

/// Reads one line; `None` when it is not one that could be served.
fn read_line(
    package: &PackageName,
    line: &[u8],
    downloads: &DownloadTemplate,
) -> Option<(PackageName, ReleaseView)> {
    let mut object: Map<String, Value> = serde_json::from_slice(line).ok()?;
    let name = name::parse(object.get("name")?.as_str()?).ok().filter(|name| name == package)?;
    let version = version::parse(object.get("vers")?.as_str()?).ok()?;
    let cksum: Sha256 = object.get("cksum")?.as_str()?.parse().ok()?;
    let is_yanked = object.get("yanked").and_then(Value::as_bool).unwrap_or(false);
    let published_at =
        object.get("pubtime").and_then(Value::as_str).and_then(|text| text.parse().ok());
    for key in ADDED_KEYS {
        object.shift_remove(key);
    }
    let filename = name::artifact_filename(&name, &version).ok()?;
    let artifact = ArtifactView {
        filename,
        size_bytes: None,
        digests: Digests::from_iter([cksum.into()]),
        published_at,
        upstream_url: Some(downloads.url(name.display(), version.display(), cksum)),
        extras: None,
    };
    let release = ReleaseView {
        version,
        manifest: serde_json::to_string(&object).ok()?.into(),
        artifacts: vec![artifact],
        published_at,
        yanked: is_yanked.then(String::new),
        deprecated: None,
    };
    Some((name, release))
}

/// The `dl` of an upstream's `config.json`.
struct DownloadTemplate(String);

impl DownloadTemplate {
    fn from_settings(settings: Option<&[u8]>) -> Result<Self, FormatError> {
        #[derive(Deserialize)]
        struct Settings {
            dl: String,
        }
        let settings = settings.ok_or_else(|| FormatError::document("config.json is missing"))?;
        let Settings { dl } = serde_json::from_slice(settings)
            .map_err(|error| FormatError::document(format!("config.json: {error}")))?;
        let is_web = dl.starts_with("https://") || dl.starts_with("http://");
        if !is_web || dl.chars().any(|c| c.is_control() || c.is_whitespace()) {
            return Err(FormatError::document("`dl` of config.json is not a web address"));
        }
        let markers = ["{crate}", "{version}", "{prefix}", "{lowerprefix}", "{sha256-checksum}"];
        let has_marker = markers.iter().any(|marker| dl.contains(marker));
        Ok(Self(if has_marker { dl } else { dl + DEFAULT_TEMPLATE }))
    }

    /// Cargo puts the values in as they are, a `+` of build metadata included.
    fn url(&self, name: &str, version: &str, cksum: Sha256) -> String {
        self.0
            .replace("{crate}", name)
            .replace("{version}", version)
            .replace("{prefix}", &name::prefix(name))
            .replace("{lowerprefix}", &name::prefix(&name.to_ascii_lowercase()))
            .replace("{sha256-checksum}", &cksum.to_hex())
    }
}
