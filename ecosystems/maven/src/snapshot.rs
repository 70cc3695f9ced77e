//! `maven-metadata.xml` of one snapshot: which build each of its files was last part of.
//!
//! A client asks here for the newest build before it downloads, and for its number before it
//! deploys the next one. Builds are told apart by the timestamps in file names, which are the
//! clock of whoever deployed; which build is the newest is decided by when it appeared here.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use vouchsafe_domain::index::{ArtifactView, PackageView, ReleaseView};
use vouchsafe_domain::{Filename, PackageName, Timestamp, Version};

use crate::layout::{Build, FileParts};
use crate::metadata::parse_digits;
use crate::name::{self, SNAPSHOT_ENDING};
use crate::xml::{self, child, child_text, children, element};

/// Most files that are read out of an upstream's document.
const MAX_FILES: usize = 5_000;

/// When a build appeared, then its number, then its own clock: the greatest is the newest.
type Rank<'a> = (Option<Timestamp>, u32, &'a str);

/// Writes the document. `None` when the release is not there or has no builds.
pub(crate) fn render(view: &PackageView, snapshot: &str) -> Option<Vec<u8>> {
    let release = view.releases.iter().find(|release| release.version.canonical() == snapshot)?;
    let builds = builds(&view.name, release);
    let newest = builds.values().max_by_key(|build| build.rank())?;
    let mut files: BTreeMap<(&str, &str), &FoundBuild<'_>> = BTreeMap::new();
    for build in builds.values() {
        for file in &build.files {
            let known = files.entry(*file).or_insert(build);
            if known.rank() < build.rank() {
                *known = build;
            }
        }
    }
    let (group, artifact) = name::split(&view.name);
    xml::write("metadata", |writer| {
        element(writer, "groupId", group)?;
        element(writer, "artifactId", artifact)?;
        element(writer, "version", snapshot)?;
        writer.create_element("versioning").write_inner_content(|writer| {
            writer.create_element("snapshot").write_inner_content(|writer| {
                element(writer, "timestamp", newest.build.timestamp)?;
                element(writer, "buildNumber", &newest.build.number.to_string())
            })?;
            element(writer, "lastUpdated", &updated(newest.build))?;
            writer.create_element("snapshotVersions").write_inner_content(|writer| {
                for ((classifier, extension), build) in &files {
                    writer.create_element("snapshotVersion").write_inner_content(|writer| {
                        if !classifier.is_empty() {
                            element(writer, "classifier", classifier)?;
                        }
                        element(writer, "extension", extension)?;
                        element(writer, "value", build.build.value)?;
                        element(writer, "updated", &updated(build.build))
                    })?;
                }
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

fn updated(build: Build<'_>) -> String {
    build.timestamp.chars().filter(char::is_ascii_digit).collect()
}

/// A build and its files: classifier and extension.
struct FoundBuild<'a> {
    build: Build<'a>,
    /// When the first of its files appeared: a file that is added later makes no build newer.
    appeared_at: Option<Timestamp>,
    files: Vec<(&'a str, &'a str)>,
}

impl<'a> FoundBuild<'a> {
    fn rank(&self) -> Rank<'a> {
        (self.appeared_at, self.build.number, self.build.timestamp)
    }
}

fn builds<'a>(
    package: &PackageName,
    release: &'a ReleaseView,
) -> BTreeMap<&'a str, FoundBuild<'a>> {
    let mut builds: BTreeMap<&str, FoundBuild<'a>> = BTreeMap::new();
    for artifact in &release.artifacts {
        let parts = FileParts::of(package, &release.version, &artifact.filename);
        let Some(FileParts { build: Some(build), classifier, extension }) = parts else {
            continue;
        };
        let found = builds.entry(build.value).or_insert_with(|| FoundBuild {
            build,
            appeared_at: artifact.published_at,
            files: Vec::new(),
        });
        found.appeared_at = match (found.appeared_at, artifact.published_at) {
            (Some(known), Some(other)) => Some(known.min(other)),
            (known, other) => known.or(other),
        };
        found.files.push((classifier, extension));
    }
    builds
}

/// The newest build among file names that are not published yet, by their own clock.
pub(crate) fn newest_build<'a>(
    package: &PackageName,
    version: &Version,
    filenames: impl Iterator<Item = &'a Filename>,
) -> Option<Build<'a>> {
    let builds = filenames.filter_map(|name| FileParts::of(package, version, name)?.build);
    builds.min_by_key(|build| Reverse((build.timestamp, build.number)))
}

/// The files of all but the builds that appeared last. What belongs to no build stays.
///
/// * `files`: in the order they were published.
pub(crate) fn superseded(
    package: &PackageName,
    version: &Version,
    files: &[Filename],
    keep: usize,
) -> Vec<Filename> {
    let mut builds: Vec<(&str, Vec<&Filename>)> = Vec::new();
    for file in files {
        let Some(build) = FileParts::of(package, version, file).and_then(|parts| parts.build)
        else {
            continue;
        };
        match builds.iter_mut().find(|(value, _)| *value == build.value) {
            Some((_, files)) => files.push(file),
            None => builds.push((build.value, vec![file])),
        }
    }
    let old = builds.len().saturating_sub(keep);
    builds.into_iter().take(old).flat_map(|(_, files)| files).cloned().collect()
}

/// Reads an upstream's document into the files of one snapshot.
///
/// * `url`: of the document; files lie beside it.
///
/// # Errors
///
/// A reason, when it is no such document, or another release's.
pub(crate) fn parse(
    package: &PackageName,
    version: &Version,
    bytes: &[u8],
    url: &str,
) -> Result<Vec<ArtifactView>, String> {
    let source = xml::decode(bytes)?;
    let document = xml::parse(&source, "metadata")?;
    let root = document.root_element();
    let (group, artifact) = name::split(package);
    let is_other =
        |name, wanted: &str| child_text(root, name).is_some_and(|stated| stated != wanted);
    if is_other("groupId", group)
        || is_other("artifactId", artifact)
        || is_other("version", version.canonical())
    {
        return Err("it is of another release".to_owned());
    }
    let base = url::Url::parse(url).map_err(|error| error.to_string())?;
    let list = child(root, "versioning").and_then(|node| child(node, "snapshotVersions"));
    let entries = list.into_iter().flat_map(|list| children(list, "snapshotVersion"));
    let prefix = version.canonical().strip_suffix(SNAPSHOT_ENDING).unwrap_or_default();
    let read = |entry| {
        let value = child_text(entry, "value")?;
        let extension = child_text(entry, "extension")?;
        let classifier = child_text(entry, "classifier");
        let classifier = classifier.map(|text| format!("-{text}")).unwrap_or_default();
        let filename: Filename =
            format!("{artifact}-{value}{classifier}.{extension}").parse().ok()?;
        let build = FileParts::of(package, version, &filename)?.build?;
        if !build.value.starts_with(prefix) {
            return None;
        }
        let updated = child_text(entry, "updated").and_then(|text| parse_digits(&text));
        Some(ArtifactView {
            published_at: updated.or_else(|| parse_digits(build.timestamp)),
            upstream_url: Some(base.join(filename.as_str()).ok()?.into()),
            size_bytes: None,
            digests: vouchsafe_domain::Digests::none(),
            extras: None,
            filename,
        })
    };
    let mut artifacts: Vec<ArtifactView> = entries.filter_map(read).take(MAX_FILES).collect();
    artifacts.sort_by(|left, right| left.filename.cmp(&right.filename));
    artifacts.dedup_by(|next, first| next.filename == first.filename);
    Ok(artifacts)
}
