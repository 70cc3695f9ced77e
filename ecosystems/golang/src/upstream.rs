//! Another module proxy, read for this one.
//!
//! Its list has versions and nothing else; when a version was published stands in a document of
//! its own, and the addresses of its two files follow from its name. Nothing states a digest:
//! `go` itself compares what it gets with `go.sum` and the checksum database.

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;
use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{Digests, Filename, PackageName, Timestamp, Version};

use crate::escape::escape;
use crate::version;

/// Versions in a list at most. The list of Go's own toolchains, one per release and platform, is
/// the longest known, with a fifth of that.
const MAX_VERSIONS: usize = 65_536;
/// Largest document about one version, in bytes.
const MAX_INFO_BYTES: usize = 64 * 1024;

/// Endings of the files of a release.
pub(crate) const FILE_ENDINGS: [&str; 2] = [".mod", ".zip"];

pub(crate) fn list_request(package: &PackageName) -> UpstreamRequest {
    let path = format!("{}/@v/list", escape(package.canonical()));
    UpstreamRequest { path, accept: "text/plain" }
}

pub(crate) fn info_request(package: &PackageName, version: &Version) -> UpstreamRequest {
    let module = escape(package.canonical());
    let path = match version.canonical() {
        version::LATEST => format!("{module}/@latest"),
        other => format!("{module}/@v/{}.info", escape(other)),
    };
    UpstreamRequest { path, accept: "application/json" }
}

/// Reads a list. Lines that are no canonical version are left out, as `go` does; what follows
/// white space in a line is another proxy's own.
pub(crate) fn parse_list(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let text = std::str::from_utf8(document.bytes).map_err(FormatError::document)?;
    let mut seen = HashSet::new();
    let mut releases = Vec::new();
    for word in text.lines().filter_map(|line| line.split_whitespace().next()) {
        let Ok(version) = version::parse(word) else { continue };
        if !version::is_canonical(&version) || !seen.insert(word) {
            continue;
        }
        if releases.len() == MAX_VERSIONS {
            let reason = format!("the list has more than {MAX_VERSIONS} versions");
            return Err(FormatError::document(reason));
        }
        releases.push(release(version, None));
    }
    Ok(UpstreamIndex {
        name: package.clone(),
        releases,
        tags: BTreeMap::new(),
        extras: None,
        created_at: None,
        modified_at: document.last_modified,
    })
}

/// Of a document about one version, what counts. Further keys (`Origin`) are the upstream's own.
#[derive(Deserialize)]
struct Info {
    #[serde(rename = "Version")]
    version: String,
    #[serde(rename = "Time")]
    time: Option<String>,
}

/// Reads a document about one version.
///
/// Its time is that of the commit, as its author's clock told it.
pub(crate) fn parse_info(
    asked: &Version,
    document: &UpstreamDocument<'_>,
) -> Result<ReleaseView, FormatError> {
    if document.bytes.len() > MAX_INFO_BYTES {
        return Err(FormatError::document(format!("it is larger than {MAX_INFO_BYTES} bytes")));
    }
    let info: Info = serde_json::from_slice(document.bytes).map_err(FormatError::document)?;
    let version = version::parse(&info.version).map_err(FormatError::document)?;
    if !version::is_canonical(&version) {
        return Err(FormatError::document("`Version` is not a canonical version"));
    }
    if version::is_canonical(asked) && version != *asked {
        return Err(FormatError::document(format!("it is about {version}, not about {asked}")));
    }
    let published_at = info.time.and_then(|time| time.parse().ok());
    Ok(release(version, published_at))
}

/// A file of a release, at its address below the upstream's base.
pub(crate) fn artifact(
    package: &PackageName,
    version: &Version,
    filename: &Filename,
) -> Option<ArtifactView> {
    let ending = filename.as_str().strip_prefix(version.canonical())?;
    if !version::is_canonical(version) || !FILE_ENDINGS.contains(&ending) {
        return None;
    }
    let module = escape(package.canonical());
    let address = format!("{module}/@v/{}{ending}", escape(version.canonical()));
    Some(ArtifactView {
        filename: filename.clone(),
        size_bytes: None,
        digests: Digests::default(),
        published_at: None,
        upstream_url: Some(address),
        extras: None,
    })
}

fn release(version: Version, published_at: Option<Timestamp>) -> ReleaseView {
    ReleaseView {
        version,
        manifest: "{}".into(),
        artifacts: Vec::new(),
        published_at,
        yanked: None,
        deprecated: None,
    }
}
