//! Another registry, read for the proxy.
//!
//! Its `packages.json` says where version lists are (`metadata-url`), or holds all versions itself.
//! Only the list of tagged versions is asked for: branches of public packages are rarely wanted,
//! and have no bytes that stay. Registries that hold everything in one document give branches, too.
//!
//! # Publication times
//!
//! `published-time` is the registry's own word and is taken. Where it is missing, `time` is taken,
//! which is the author's word (the time of the commit). An author may date a commit back; what
//! that can gain is small, because the registry remembers what it saw: a file that the last list
//! did not have counts from then, whatever it says. Only the very first list of a package is
//! believed. The alternative, no time at all, would hold every version of every package back for
//! a full cooldown when it is first asked for.
//!
//! # Invariants
//!
//! - No version leads a client past this registry: `source` and keys that are not known are gone,
//!   `dist` is served from here, and what has no usable `dist` is left out.
//! - Expanding a short list takes a bounded amount of memory.

use std::collections::HashSet;

use serde_json::{Map, Value};
use url::Url;
use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{Digest, DigestAlgorithm, Digests, PackageName, Timestamp};

use crate::file::{FileExtras, filename};
use crate::minify::{self, Entry};
use crate::{manifest, name, version};

const SETTINGS: &str = "packages.json";
const ACCEPT: &str = "application/json";
const PLACEHOLDER: &str = "%package%";
/// Versions in full, all together, in bytes: a short list may be a bomb.
const MAX_EXPANDED_BYTES: usize = 128 * 1024 * 1024;
/// Longest reference that is kept, in bytes.
const MAX_REFERENCE_BYTES: usize = 128;
/// Letters of a reference that become part of a file name.
const MARK_CHARS: usize = 40;

pub(crate) fn settings_request() -> UpstreamRequest {
    request(SETTINGS.to_owned())
}

/// Where version lists are when nothing is known of the upstream.
pub(crate) fn usual_request(package: &PackageName) -> UpstreamRequest {
    request(format!("p2/{}.json", package.canonical()))
}

fn request(path: String) -> UpstreamRequest {
    UpstreamRequest { path, accept: ACCEPT }
}

/// Where the upstream's settings say that a package's versions are; `None` when they say that it
/// has no such package, or holds its versions itself.
pub(crate) fn index_request(
    package: &PackageName,
    settings: Option<&UpstreamDocument<'_>>,
) -> Option<UpstreamRequest> {
    let root = settings.and_then(|settings| {
        let root: Map<String, Value> = serde_json::from_slice(settings.bytes).ok()?;
        Some((settings, root))
    });
    let Some((settings, root)) = root else { return Some(usual_request(package)) };
    let template = template(&root)?;
    if !may_have(&root, package) {
        return None;
    }
    let address = template.replace(PLACEHOLDER, package.canonical());
    let address = Url::parse(settings.url).and_then(|base| base.join(&address));
    Some(address.map_or_else(|_| usual_request(package), |url| request(url.into())))
}

/// Where version lists are, in settings that do not hold the versions themselves.
fn template(root: &Map<String, Value>) -> Option<&str> {
    let template = root.get("metadata-url").and_then(Value::as_str);
    template.filter(|template| template.contains(PLACEHOLDER))
}

/// Settings that are none must not take the place of some that are: a page that asks for a
/// password comes with a good status.
pub(crate) fn check_settings(settings: &[u8]) -> Result<(), FormatError> {
    let root: Result<Map<String, Value>, _> = serde_json::from_slice(settings);
    root.map(drop).map_err(|error| FormatError::document(format!("{SETTINGS}: {error}")))
}

/// The versions of a package, out of settings that hold those of all packages.
pub(crate) fn index_in_settings(
    package: &PackageName,
    settings: &UpstreamDocument<'_>,
) -> Option<Vec<u8>> {
    let mut root: Map<String, Value> = serde_json::from_slice(settings.bytes).ok()?;
    if template(&root).is_some() {
        return None;
    }
    let packages = root.get_mut("packages")?.as_object_mut()?;
    let versions = packages.shift_remove(package.canonical())?;
    let mut index = Map::new();
    index.extend(root.shift_remove("minified").map(|marker| ("minified".to_owned(), marker)));
    index.insert("packages".to_owned(), serde_json::json!({ package.canonical(): versions }));
    Some(Value::Object(index).to_string().into_bytes())
}

/// Whether the upstream's own list of its packages, when it sends one, has room for this one.
fn may_have(root: &Map<String, Value>, package: &PackageName) -> bool {
    let list = |key: &str| root.get(key).and_then(Value::as_array).filter(|list| !list.is_empty());
    let names = list("available-packages");
    let has_patterns = list("available-package-patterns").is_some();
    names.is_none_or(|names| {
        let mut names = names.iter().filter_map(Value::as_str);
        has_patterns || names.any(|name| name.eq_ignore_ascii_case(package.canonical()))
    })
}

pub(crate) fn parse(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let mut body: Map<String, Value> = serde_json::from_slice(document.bytes)
        .map_err(|error| FormatError::document(format!("the list of versions: {error}")))?;
    let base = Url::parse(document.url)
        .map_err(|error| FormatError::document(format!("its address: {error}")))?;
    let is_minified = body.get("minified").is_some_and(|marker| marker == minify::MARKER);
    let packages = body.get_mut("packages").and_then(Value::as_object_mut);
    let versions = packages.and_then(|packages| packages.shift_remove(package.canonical()));
    let entries: Vec<Value> = match versions {
        Some(Value::Array(list)) => list,
        // Old documents have a table from version to entry.
        Some(Value::Object(table)) => table.into_iter().map(|(_, entry)| entry).collect(),
        _ => return Err(FormatError::document("it has no versions of the package")),
    };
    let mut releases = Vec::new();
    let mut seen = HashSet::new();
    let (mut current, mut expanded_bytes) = (Entry::new(), 0_usize);
    for entry in entries {
        // A list that is short for what differs makes no sense behind something unreadable.
        let Value::Object(entry) = entry else {
            return Err(FormatError::document("a version is no table"));
        };
        if !is_minified {
            current.clear();
        }
        minify::apply(&mut current, entry);
        // Counted whether or not the version can be served: reading it takes the same work.
        expanded_bytes = expanded_bytes.saturating_add(json_bytes(&current));
        if expanded_bytes > MAX_EXPANDED_BYTES {
            return Err(FormatError::document("its versions are too large altogether"));
        }
        let Some(release) = read_release(package, &current, &base) else { continue };
        if seen.insert(release.version.canonical().to_owned()) {
            releases.push(release);
        }
    }
    let times = || releases.iter().filter_map(|release| release.published_at);
    Ok(UpstreamIndex {
        name: package.clone(),
        created_at: times().min(),
        modified_at: times().max(),
        releases,
        tags: Default::default(),
        extras: None,
    })
}

/// How long a version is as JSON, in bytes.
fn json_bytes(entry: &Entry) -> usize {
    struct Counter(usize);
    impl std::io::Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 = self.0.saturating_add(bytes.len());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(0);
    // Neither counting nor tables with text keys fail.
    let _ = serde_json::to_writer(&mut counter, entry);
    counter.0
}

/// Reads one version; `None` when it is not one that could be served.
fn read_release(package: &PackageName, entry: &Entry, base: &Url) -> Option<ReleaseView> {
    let text = |key: &str| entry.get(key).and_then(Value::as_str);
    if text("name").is_some_and(|name| !name.eq_ignore_ascii_case(package.canonical())) {
        return None;
    }
    let version = version::parse(text("version")?).ok()?;
    let stated = text("published-time").and_then(instant);
    let published_at = stated.or_else(|| text("time").and_then(instant));
    let mut manifest = manifest::known_keys(entry).ok()?;
    manifest.insert("name".to_owned(), package.canonical().into());

    let is_metapackage = text("type") == Some("metapackage");
    let mut artifacts = Vec::new();
    if !is_metapackage {
        artifacts.push(read_dist(package, &version, entry, base, published_at)?);
    }
    let deprecated = match manifest.shift_remove("abandoned") {
        Some(Value::Bool(true)) => Some("abandoned".to_owned()),
        Some(Value::String(replacement)) if !replacement.is_empty() => {
            Some(name::parse(&replacement).map_or("abandoned".to_owned(), |_| replacement))
        }
        _ => None,
    };
    Some(ReleaseView {
        version,
        manifest: Value::Object(manifest).to_string().into(),
        artifacts,
        published_at,
        yanked: None,
        deprecated,
    })
}

fn read_dist(
    package: &PackageName,
    version: &vouchsafe_domain::Version,
    entry: &Entry,
    base: &Url,
    published_at: Option<Timestamp>,
) -> Option<ArtifactView> {
    let dist = entry.get("dist")?.as_object()?;
    let text = |key: &str| dist.get(key).and_then(Value::as_str).filter(|text| !text.is_empty());
    // Of the other kinds some are no files at all (`path`), and some no longer used.
    let kind = text("type").filter(|kind| matches!(*kind, "zip" | "tar"))?;
    let url = base.join(text("url")?).ok()?;
    if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() {
        return None;
    }
    let is_reference = |text: &&str| {
        text.len() <= MAX_REFERENCE_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let reference = text("reference").filter(is_reference);
    let sha1 = text("shasum").and_then(|hex| Digest::from_hex(DigestAlgorithm::Sha1, hex).ok());
    // A version whose bytes were replaced gets a new file: the one that was served stays.
    let mark = reference.map(str::to_owned).or_else(|| sha1.as_ref().map(Digest::to_hex));
    let mark: Option<String> = mark
        .map(|mark| mark.chars().filter(char::is_ascii_alphanumeric).take(MARK_CHARS).collect());
    let mark = mark.as_deref().filter(|mark| !mark.is_empty());
    let extras = FileExtras {
        kind: (kind != "zip").then(|| kind.to_owned()),
        reference: reference.map(str::to_owned),
        manifest: None,
    };
    Some(ArtifactView {
        filename: filename(package, version, mark, kind).ok()?,
        size_bytes: None,
        digests: Digests::from_iter(sha1),
        published_at,
        upstream_url: Some(url.into()),
        extras: Some(extras.to_json().into()),
    })
}

/// Reads a time as PHP writes it; seconds since 1970 are one, too.
fn instant(text: &str) -> Option<Timestamp> {
    let spaced = || text.replacen(' ', "T", 1);
    let secs = || text.parse().ok().map(Timestamp::from_secs);
    let with_zone = || format!("{}Z", spaced()).parse().ok();
    text.parse().ok().or_else(|| spaced().parse().ok()).or_else(with_zone).or_else(secs)
}
