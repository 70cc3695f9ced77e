//! The `.crate` file: a gzip-compressed tar archive with everything below `<name>-<version>/`.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read, Seek, SeekFrom};

use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::archive::tar::{TarEntry, walk_tar_gz};
use vouchsafe_adapter::archive::{EntryKind, Limits};
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::call::{Inspected, PublishDraft};

use crate::dependency;
use crate::index::IndexLine;
use crate::manifest::{CrateManifest, Package};
use crate::metadata::DraftMetadata;

/// Largest `Cargo.toml`, in bytes.
const MAX_MANIFEST_BYTES: u64 = 1024 * 1024;
/// What is kept of a description for search results, in characters.
const MAX_SUMMARY_CHARS: usize = 500;
/// Keywords and categories that public registries take.
const USUAL_WORDS: usize = 5;
/// Keywords that are kept for searching.
const MAX_KEYWORDS: usize = 20;

/// Checks the one archive of a draft, and makes the index line of what is in it.
pub(crate) fn inspect(
    draft: &PublishDraft,
    files: &mut [Box<dyn ArtifactBytes>],
) -> Result<Inspected, FormatError> {
    let [file] = files else {
        return Err(FormatError::archive("a release of a crate is exactly one file"));
    };
    let metadata = DraftMetadata::from_json(&draft.metadata)
        .map_err(|error| FormatError::manifest(format!("the publish request: {error}")))?;
    file.seek(SeekFrom::Start(0))?;
    let manifest = CrateManifest::parse(&read_manifest(draft, file)?)?;
    check_identity(draft, &manifest.package)?;
    check_features(&manifest.features, &metadata.publish.features)?;
    let dependencies =
        dependency::agreed(manifest.dependencies, metadata.publish.deps, &metadata.index_url)?;
    let package = manifest.package;
    let warnings = warnings(&package);
    let line = IndexLine::new(
        package.name,
        package.version,
        dependencies,
        manifest.features,
        package.links,
        package.rust_version,
    );
    let description = package.description.unwrap_or_default();
    let summary = description.split_whitespace().collect::<Vec<_>>().join(" ");
    Ok(Inspected {
        manifest: line.to_json(),
        file_extras: vec![None],
        summary: summary.chars().take(MAX_SUMMARY_CHARS).collect(),
        keywords: package.keywords.into_iter().take(MAX_KEYWORDS).collect(),
        warnings,
        ..Inspected::default()
    })
}

/// Walks the whole archive and returns its `Cargo.toml`.
fn read_manifest(draft: &PublishDraft, file: &mut dyn Read) -> Result<Vec<u8>, FormatError> {
    let root = format!("{}-{}", draft.package.display(), draft.version.display());
    // Two paths that differ by case alone unpack to one file on many machines.
    let limits = Limits { is_case_insensitive: true, ..Limits::default() };
    let mut manifest = None;
    walk_tar_gz(file, &limits, &mut |entry: &mut TarEntry<'_>| {
        let is_root = entry.path == root && entry.kind == EntryKind::Directory;
        if is_root {
            return Ok(());
        }
        let inside = entry.path.strip_prefix(&root).and_then(|rest| rest.strip_prefix('/'));
        match inside {
            None => Err(FormatError::archive(format!("everything must lie in `{root}/`"))),
            Some("Cargo.toml") if entry.kind == EntryKind::File => {
                manifest = Some(entry.read_to_end(MAX_MANIFEST_BYTES)?);
                Ok(())
            }
            Some(path) if path.eq_ignore_ascii_case("Cargo.toml") => {
                Err(FormatError::archive("`Cargo.toml` must be a file and spelled like this"))
            }
            Some(_) => Ok(()),
        }
    })?;
    manifest.ok_or_else(|| FormatError::archive(format!("there is no `{root}/Cargo.toml`")))
}

fn check_identity(draft: &PublishDraft, package: &Package) -> Result<(), FormatError> {
    if package.name != draft.package.display() {
        return Err(FormatError::manifest(format!(
            "Cargo.toml names another crate than the request, which says `{}`",
            draft.package
        )));
    }
    if package.version != draft.version.display() {
        return Err(FormatError::manifest(format!(
            "Cargo.toml has another version than the request, which says `{}`",
            draft.version
        )));
    }
    Ok(())
}

/// Features must be the same sets on both sides; their order means nothing.
fn check_features(
    manifest: &BTreeMap<String, Vec<String>>,
    stated: &BTreeMap<String, Vec<String>>,
) -> Result<(), FormatError> {
    let as_set = |values: &Vec<String>| values.iter().cloned().collect::<BTreeSet<_>>();
    let names: BTreeSet<_> = manifest.keys().chain(stated.keys()).collect();
    let differing = names
        .into_iter()
        .find(|name| manifest.get(*name).map(as_set) != stated.get(*name).map(as_set));
    match differing {
        None => Ok(()),
        Some(name) => {
            let shown: String = name.escape_debug().take(80).collect();
            Err(FormatError::manifest(format!(
                "the feature `{shown}` is not the same in the archive's Cargo.toml and in the \
                 publish request"
            )))
        }
    }
}

/// What a public registry would refuse and a private one need not.
fn warnings(package: &Package) -> Vec<String> {
    let mut warnings = Vec::new();
    let mut warn = |applies: bool, text: &str| {
        if applies {
            warnings.push(text.to_owned());
        }
    };
    warn(package.description.is_none(), "the manifest has no `description`");
    warn(
        package.license.is_none() && package.license_file.is_none(),
        "the manifest has neither `license` nor `license-file`",
    );
    let is_spdx = |text: &str| spdx::Expression::parse(text).is_ok();
    warn(
        package.license.as_deref().is_some_and(|text| !is_spdx(text)),
        "`license` is not an SPDX expression",
    );
    warn(package.keywords.len() > USUAL_WORDS, "the manifest has more than 5 keywords");
    warn(package.categories.len() > USUAL_WORDS, "the manifest has more than 5 categories");
    warnings
}
