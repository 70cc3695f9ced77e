//! Upstreams: any maven2 repository, addressed by its base.
//!
//! A package's document lists versions and when the last of them came; nothing lists the files of
//! a release. A file's address follows from its name, its digest lies beside it, and a release is
//! as old as its pom.

use vouchsafe_adapter::{FormatError, UpstreamDocument, UpstreamRequest};
use vouchsafe_domain::index::{ArtifactView, ReleaseView, UpstreamIndex};
use vouchsafe_domain::{DigestAlgorithm, Digests, Filename, PackageName, Version};

use crate::layout::{FileParts, METADATA};
use crate::pom::{MAX_POM_BYTES, Pom};
use crate::{metadata, name, snapshot, version};

fn request(path: String) -> UpstreamRequest {
    UpstreamRequest { path, accept: "*/*" }
}

fn release_path(package: &PackageName, version: &Version, file: &str) -> String {
    // A version may have `+` and `~`, which stand for themselves in a path.
    format!("{}/{}/{file}", name::directory(package), version.canonical())
}

/// See [`Ecosystem::upstream_index`](vouchsafe_adapter::Ecosystem::upstream_index).
pub(crate) fn index_request(package: &PackageName) -> UpstreamRequest {
    request(format!("{}/{METADATA}", name::directory(package)))
}

/// Reads the versions of a package. Every release gets the time of the document's last change: none of
/// them is younger, and each may be much older, which its pom then tells.
pub(crate) fn parse_index(
    package: &PackageName,
    document: &UpstreamDocument<'_>,
) -> Result<UpstreamIndex, FormatError> {
    let listed = metadata::parse(document.bytes).map_err(FormatError::document)?;
    let (group, artifact) = name::split(package);
    let is_other = listed.group.as_deref().is_some_and(|stated| stated != group)
        || listed.artifact.as_deref().is_some_and(|stated| stated != artifact);
    // The document of a group that is no package may name the group and nothing else.
    if is_other && !listed.versions.is_empty() {
        return Err(FormatError::document(format!("it is not the document of {package}")));
    }
    let no_younger_than = listed.last_updated.or(document.last_modified);
    let releases = listed.versions.into_iter().map(|version| ReleaseView {
        version,
        manifest: "{}".into(),
        artifacts: Vec::new(),
        published_at: no_younger_than,
        yanked: None,
        deprecated: None,
    });
    Ok(UpstreamIndex {
        name: package.clone(),
        releases: releases.collect(),
        tags: Default::default(),
        extras: listed.extras,
        created_at: None,
        modified_at: no_younger_than,
    })
}

/// See [`Ecosystem::upstream_release`](vouchsafe_adapter::Ecosystem::upstream_release).
pub(crate) fn release_request(package: &PackageName, version: &Version) -> UpstreamRequest {
    if version::is_snapshot(version) {
        return request(release_path(package, version, METADATA));
    }
    let (_, artifact) = name::split(package);
    request(release_path(package, version, &format!("{artifact}-{version}.pom")))
}

/// Reads a release's pom, or the document of a snapshot.
pub(crate) fn parse_release(
    package: &PackageName,
    version: &Version,
    document: &UpstreamDocument<'_>,
) -> Result<ReleaseView, FormatError> {
    let mut release = ReleaseView {
        version: version.clone(),
        manifest: "{}".into(),
        artifacts: Vec::new(),
        published_at: document.last_modified,
        yanked: None,
        deprecated: None,
    };
    if version::is_snapshot(version) {
        let artifacts = snapshot::parse(package, version, document.bytes, document.url);
        release.artifacts = artifacts.map_err(FormatError::document)?;
        let newest = release.artifacts.iter().filter_map(|artifact| artifact.published_at).max();
        release.published_at = newest.or(release.published_at);
    } else if document.bytes.len() as u64 <= MAX_POM_BYTES {
        // A pom that cannot be read is no reason to withhold a release: Maven itself takes more
        // than XML allows, and old poms make use of it.
        let manifest = Pom::parse(document.bytes).ok().map(|pom| pom.manifest);
        if let Some(json) = manifest.and_then(|kept| serde_json::to_string(&kept).ok()) {
            release.manifest = json.into();
        }
    }
    Ok(release)
}

/// See [`Ecosystem::upstream_artifact`](vouchsafe_adapter::Ecosystem::upstream_artifact).
pub(crate) fn artifact(
    package: &PackageName,
    version: &Version,
    filename: &Filename,
) -> Option<ArtifactView> {
    let parts = FileParts::of(package, version, filename)?;
    // What all builds of a snapshot share a name for changes its bytes under that name.
    if version::is_snapshot(version) && parts.build.is_none() {
        return None;
    }
    Some(ArtifactView {
        filename: filename.clone(),
        size_bytes: None,
        digests: Digests::none(),
        published_at: None,
        upstream_url: Some(release_path(package, version, filename.as_str())),
        extras: None,
    })
}

/// SHA-1 is what every repository has beside every file.
pub(crate) fn digest_request(
    package: &PackageName,
    version: &Version,
    filename: &Filename,
) -> Option<(DigestAlgorithm, UpstreamRequest)> {
    FileParts::of(package, version, filename)?;
    let path = release_path(package, version, &format!("{filename}.sha1"));
    Some((DigestAlgorithm::Sha1, request(path)))
}
