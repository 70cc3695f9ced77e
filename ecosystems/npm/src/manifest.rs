//! Reads a draft's tarball and makes of it what is stored of the release.
//!
//! The truth is `package.json` inside the tarball. Of the request only notes about the build are
//! taken over; everything else in it must agree or is dropped.

use std::io::{Read, Seek, SeekFrom};

use serde::Deserialize;
use serde_json::{Map, Value, json};
use vouchsafe_adapter::FormatError;
use vouchsafe_adapter::ecosystem::ArtifactBytes;
use vouchsafe_domain::call::{Inspected, PublishDraft};

use crate::archive::{self, Contents};
use crate::confusion::{self, INSTALL_HOOKS};
use crate::object::Fields;
use crate::{name, stored, version};

/// Notes of the publishing client that are kept when they are short texts.
const NOTES: [&str; 3] = ["_nodeVersion", "_npmVersion", "gitHead"];
const MAX_NOTE_BYTES: usize = 128;
/// Members of `package.json` that only a registry may write.
const RESERVED: &[&str] = &[
    "dist",
    "deprecated",
    "hasInstallScript",
    "time",
    "maintainers",
    "signatures",
    "attestations",
    "readme",
    "readmeFilename",
    "modified",
    "users",
];
/// Members of `package.json` that describe the package as a whole.
const EXTRAS: &[&str] = &[
    "description",
    "homepage",
    "repository",
    "license",
    "author",
    "contributors",
    "keywords",
    "bugs",
];
const MAX_SUMMARY_CHARS: usize = 512;
const MAX_KEYWORDS: usize = 64;
const MAX_KEYWORD_CHARS: usize = 64;

/// The draft's metadata, as the publish decoder writes it.
#[derive(Deserialize)]
struct Metadata {
    manifest: Map<String, Value>,
    access: Option<String>,
}

/// Looks into the draft's tarball.
pub(crate) fn inspect(
    draft: &PublishDraft,
    files: &mut [Box<dyn ArtifactBytes>],
) -> Result<Inspected, FormatError> {
    let [file] = files else {
        return Err(FormatError::archive("a release has exactly one tarball"));
    };
    name::check_new(&draft.package).map_err(FormatError::manifest)?;
    let metadata: Metadata =
        serde_json::from_str(&draft.metadata).map_err(FormatError::manifest)?;
    file.seek(SeekFrom::Start(0))?;
    let reader: &mut dyn Read = file;
    let contents = archive::read(reader)?;
    let packed = parse_package_json(&contents.package_json)?;
    check_identity(draft, &packed)?;
    confusion::check(&metadata.manifest, &packed, contents.has_gyp)?;

    let manifest = kept_manifest(&packed, &metadata.manifest, &contents)?;
    let dist = json!({
        "fileCount": contents.file_count,
        "unpackedSize": contents.unpacked_bytes,
    })
    .to_string();
    let manifest_fields = Fields::parse(&manifest).map_err(FormatError::manifest)?;
    let dist_fields = Fields::parse(&dist).map_err(FormatError::manifest)?;
    // Texts about the package follow its `latest` release, as on every npm registry.
    let is_latest = draft.tags.is_empty() || draft.tags.iter().any(|tag| tag == "latest");
    Ok(Inspected {
        manifest: stored::store(&manifest_fields, &dist_fields),
        package_extras: is_latest.then(|| package_extras(&packed, &contents)),
        file_extras: vec![None],
        summary: summary(&packed),
        keywords: keywords(&packed),
        warnings: warnings(metadata.access.as_deref()),
        ..Inspected::default()
    })
}

fn parse_package_json(bytes: &[u8]) -> Result<Map<String, Value>, FormatError> {
    // npm accepts a byte order mark too.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    serde_json::from_slice(bytes)
        .map_err(|error| FormatError::manifest(format!("package.json: {error}")))
}

fn check_identity(draft: &PublishDraft, packed: &Map<String, Value>) -> Result<(), FormatError> {
    let text = |field: &str| packed.get(field).and_then(Value::as_str).unwrap_or_default();
    if text("name").trim() != draft.package.canonical() {
        return Err(FormatError::manifest(format!(
            "package.json in the tarball does not name {}",
            draft.package
        )));
    }
    if version::parse_clean(text("version")).ok().as_ref() != Some(&draft.version) {
        return Err(FormatError::manifest(format!(
            "package.json in the tarball is not of version {}",
            draft.version
        )));
    }
    if packed.get("private").is_some_and(|private| *private == Value::Bool(true)) {
        return Err(FormatError::manifest("package.json says `private`: it must not be published"));
    }
    Ok(())
}

/// The manifest as clients will see it: what `package.json` says, in the spelling that npm gives
/// it, with what this registry computed.
fn kept_manifest(
    packed: &Map<String, Value>,
    sent: &Map<String, Value>,
    contents: &Contents,
) -> Result<String, FormatError> {
    let is_kept = |key: &str| !key.starts_with('_') && !RESERVED.contains(&key);
    let mut kept: Map<String, Value> = packed
        .iter()
        .filter(|(key, _)| is_kept(key))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    let mut bins = confusion::bins(packed);
    if bins.is_empty() && !packed.contains_key("bin") {
        bins = bin_directory(packed, sent);
    }
    if bins.is_empty() {
        kept.remove("bin");
    } else {
        kept.insert("bin".to_owned(), json!(bins));
    }
    if let Some(bundled) = kept.remove("bundledDependencies") {
        kept.entry("bundleDependencies").or_insert(bundled);
    }
    if let Some(url @ Value::String(_)) = kept.get("repository") {
        let repository = json!({ "type": "git", "url": url });
        kept.insert("repository".to_owned(), repository);
    }
    for note in NOTES {
        let text = sent.get(note).and_then(Value::as_str);
        if let Some(text) = text.filter(|text| text.len() <= MAX_NOTE_BYTES) {
            kept.insert(note.to_owned(), text.into());
        }
    }
    if has_install_script(packed, contents) {
        kept.insert("hasInstallScript".to_owned(), true.into());
    }
    kept.insert("_hasShrinkwrap".to_owned(), contents.has_shrinkwrap.into());
    serde_json::to_string(&kept).map_err(FormatError::manifest)
}

/// Commands that npm found in `directories.bin`. Only those inside that directory are believed.
fn bin_directory(
    packed: &Map<String, Value>,
    sent: &Map<String, Value>,
) -> std::collections::BTreeMap<String, String> {
    let directory = packed.get("directories").and_then(|value| value.get("bin")?.as_str());
    let Some(directory) = directory else { return Default::default() };
    let prefix = format!("{}/", directory.trim_start_matches("./").trim_end_matches('/'));
    let mut bins = confusion::bins(sent);
    bins.retain(|name, path| {
        path.strip_prefix(&prefix).is_some_and(|file| file.ends_with(name.as_str()))
    });
    bins
}

/// Whether installing runs something: npm decides by this flag whether to look for scripts.
fn has_install_script(packed: &Map<String, Value>, contents: &Contents) -> bool {
    let scripts = packed.get("scripts").and_then(Value::as_object);
    let has_hook = INSTALL_HOOKS.iter().any(|hook| {
        scripts.is_some_and(|scripts| scripts.get(*hook).is_some_and(Value::is_string))
    });
    let is_gyp_off = packed.get("gypfile").is_some_and(|value| *value == Value::Bool(false));
    has_hook || (contents.has_binding_gyp && !is_gyp_off)
}

fn package_extras(packed: &Map<String, Value>, contents: &Contents) -> String {
    let mut extras: Map<String, Value> = EXTRAS
        .iter()
        .filter_map(|key| Some(((*key).to_owned(), packed.get(*key)?.clone())))
        .collect();
    if let Some(readme) = &contents.readme {
        extras.insert("readme".to_owned(), readme.text.clone().into());
        extras.insert("readmeFilename".to_owned(), readme.filename.clone().into());
    }
    Value::Object(extras).to_string()
}

fn summary(packed: &Map<String, Value>) -> String {
    let text = packed.get("description").and_then(Value::as_str).unwrap_or_default();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
    line.chars().filter(|c| !c.is_control()).take(MAX_SUMMARY_CHARS).collect()
}

fn keywords(packed: &Map<String, Value>) -> Vec<String> {
    let words: Vec<&str> = match packed.get("keywords") {
        Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
        Some(Value::String(words)) => words.split([',', ' ']).collect(),
        _ => Vec::new(),
    };
    words
        .into_iter()
        .map(str::trim)
        .filter(|word| !word.is_empty() && !word.chars().any(char::is_control))
        .take(MAX_KEYWORDS)
        .map(|word| word.chars().take(MAX_KEYWORD_CHARS).collect())
        .collect()
}

fn warnings(access: Option<&str>) -> Vec<String> {
    match access {
        Some("restricted") => vec![
            "this registry has no access setting per package: whoever may read it can read this one"
                .to_owned(),
        ],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests;
