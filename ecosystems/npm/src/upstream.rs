//! Reads an upstream's packument.
//!
//! Documents of popular packages have tens of megabytes. Values that are only carried through
//! stay the text they were, borrowed from the document until the moment they are kept.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use url::Url;
use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::digest::DigestAlgorithm;
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{Digest, Digests, Filename, PackageName, Timestamp, Version};

use crate::object::{Fields, ObjectWriter, into_text};
use crate::packument::EXTRAS;
use crate::{name, stored, version};

/// The full form: the abbreviated one has neither publication times nor provenance.
const ACCEPT: &str = "application/json";

/// Where an upstream keeps a packument.
pub(crate) fn request(package: &PackageName) -> UpstreamRequest {
    // Other characters of a name may stand in a path as they are.
    UpstreamRequest { path: package.canonical().replace('/', "%2f"), accept: ACCEPT }
}

#[derive(Deserialize)]
struct Dist {
    tarball: String,
    integrity: Option<String>,
    shasum: Option<String>,
}

/// Reads a packument. A version that cannot be read is left out.
pub(crate) fn parse(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let text = std::str::from_utf8(document.bytes).map_err(FormatError::document)?;
    let packument = Fields::parse(text).map_err(FormatError::document)?;
    let base = Url::parse(document.url).map_err(FormatError::document)?;
    let stated_name = packument.string("name");
    if stated_name.as_deref().is_some_and(|stated| stated != package.canonical()) {
        return Err(FormatError::document(format!("it is not about {package}")));
    }
    let object = |key| match packument.get(key) {
        Some(raw) if raw.get() != "null" => Fields::parse(raw.get())
            .map_err(|error| FormatError::document(format!("{key}: {error}"))),
        _ => Ok(Fields::default()),
    };
    let time = times(&object("time")?);
    let releases = Releases { package, base: &base, time: &time }.read(&object("versions")?);
    let tags = object("dist-tags")?;
    let tags: BTreeMap<String, String> = tags
        .iter()
        .filter_map(|(tag, raw)| Some((tag.to_owned(), serde_json::from_str(raw.get()).ok()?)))
        .collect();
    let instant = |text: Option<String>| text.and_then(|text| text.parse().ok());
    Ok(UpstreamIndex {
        name: package.clone(),
        releases,
        tags,
        extras: extras(&packument),
        created_at: time.get("created").copied(),
        modified_at: time
            .get("modified")
            .copied()
            .or_else(|| instant(packument.string("modified"))),
    })
}

/// Publication times. Other values in there (`unpublished` is an object) say nothing to us.
fn times(time: &Fields<'_>) -> HashMap<String, Timestamp> {
    time.iter()
        .filter_map(|(key, raw)| {
            let text: String = serde_json::from_str(raw.get()).ok()?;
            Some((key.to_owned(), text.parse().ok()?))
        })
        .collect()
}

/// Package-level members. The readme is not kept: it is long, and no client asks a proxy for it.
fn extras(packument: &Fields<'_>) -> Option<Arc<str>> {
    let mut json = Vec::new();
    let mut object = ObjectWriter::begin(&mut json);
    for key in EXTRAS.iter().filter(|key| !key.starts_with("readme")).chain(&["maintainers"]) {
        if let Some(value) = packument.get(key) {
            object.raw(key, value.get());
        }
    }
    object.end();
    Some(into_text(json).into())
}

struct Releases<'a> {
    package: &'a PackageName,
    base: &'a Url,
    time: &'a HashMap<String, Timestamp>,
}

impl Releases<'_> {
    fn read(&self, versions: &Fields<'_>) -> Vec<ReleaseView> {
        let mut seen: HashSet<Box<str>> = HashSet::new();
        let mut taken: HashSet<String> = HashSet::new();
        versions
            .iter()
            .filter_map(|(key, raw)| self.release(key, raw, &mut taken))
            // Two spellings of one version (`1.0.0+a`, `1.0.0+b`): nobody can ask for the second.
            .filter(|release| seen.insert(release.version.canonical().into()))
            .collect()
    }

    fn release(
        &self,
        key: &str,
        raw: &RawValue,
        taken: &mut HashSet<String>,
    ) -> Option<ReleaseView> {
        let version = version::parse(key).ok()?;
        let manifest = Fields::parse(raw.get()).ok()?;
        let raw_dist = manifest.get("dist")?.get();
        let dist: Dist = serde_json::from_str(raw_dist).ok()?;
        let upstream_url = self.resolve(&dist.tarball)?;
        let filename = self.filename(&version, &upstream_url, taken)?;
        let published_at = self.time.get(key).copied();
        let artifact = ArtifactView {
            filename,
            size_bytes: None,
            digests: digests(&dist),
            published_at,
            upstream_url: Some(upstream_url.into()),
            extras: None,
        };
        let kept = stored::store(&manifest, &Fields::parse(raw_dist).ok()?);
        Some(ReleaseView {
            version,
            manifest: kept.into(),
            artifacts: vec![artifact],
            published_at,
            yanked: None,
            deprecated: manifest.string("deprecated").filter(|text| !text.is_empty()),
        })
    }

    fn resolve(&self, tarball: &str) -> Option<Url> {
        let url = self.base.join(tarball).ok()?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        (matches!(url.scheme(), "http" | "https") && is_plain).then_some(url)
    }

    /// The upstream's own name for the file when it is one and nobody else has it, because lock
    /// files remember it; else the usual name.
    fn filename(
        &self,
        version: &Version,
        url: &Url,
        taken: &mut HashSet<String>,
    ) -> Option<Filename> {
        let last = url.path_segments().and_then(|mut segments| segments.next_back());
        let own = last.filter(|last| !taken.contains(*last)).and_then(name::parse_tarball);
        let filename = match own {
            Some(own) => own,
            None => name::tarball(self.package, version).ok()?,
        };
        taken.insert(filename.as_str().to_owned()).then_some(filename)
    }
}

/// What the upstream states. A value that cannot be read states nothing.
fn digests(dist: &Dist) -> Digests {
    let shasum = dist.shasum.as_deref();
    let sha1 = shasum.and_then(|hex| Digest::from_hex(DigestAlgorithm::Sha1, hex).ok());
    let integrity = dist.integrity.as_deref().unwrap_or_default();
    sha1.into_iter()
        .chain(integrity.split_ascii_whitespace().filter_map(Digest::from_sri))
        .collect()
}

#[cfg(test)]
mod tests;
