//! What a package is called, and which version it is.

use std::path::Path;

use anyhow::{Context, bail};
use serde_json::{Map, Value};
use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::{PackageName, Version};
use vouchsafe_upstream::git::tags_at_head;

use crate::config::search_path;

/// Reads the text of a `composer.json`.
pub(super) fn parse(text: &str) -> anyhow::Result<Map<String, Value>> {
    serde_json::from_str(text).context("composer.json is no JSON object")
}

/// The name of the package.
pub(super) fn name_of(
    manifest: &Map<String, Value>,
    adapter: &dyn Ecosystem,
) -> anyhow::Result<PackageName> {
    let name = manifest.get("name").and_then(Value::as_str);
    let name = name.context("composer.json has no `name`")?;
    adapter.parse_name(name).with_context(|| format!("`name` of composer.json is `{name}`"))
}

/// The version: the one that is asked for, that of `composer.json`, or the tag that points at what
/// is checked out.
///
/// * `folder`: where a tag is looked for; `None` for an archive.
pub(super) async fn version_of(
    asked: Option<&str>,
    manifest: &Map<String, Value>,
    folder: Option<&Path>,
    adapter: &dyn Ecosystem,
) -> anyhow::Result<Version> {
    let parse =
        |text: &str| adapter.parse_version(text).with_context(|| format!("`{text}` is no version"));
    let own = manifest.get("version").and_then(Value::as_str).map(parse).transpose()?;
    match (asked.map(parse).transpose()?, own) {
        (Some(asked), Some(own)) if asked != own => {
            bail!("composer.json says it is version {own}, and --version says {asked}")
        }
        (Some(version), _) | (None, Some(version)) => Ok(version),
        (None, None) => match folder {
            Some(folder) => tagged(folder, adapter).await,
            None => bail!("composer.json has no `version`: give --version"),
        },
    }
}

/// The one tag at HEAD that is a version.
async fn tagged(folder: &Path, adapter: &dyn Ecosystem) -> anyhow::Result<Version> {
    let ask = "composer.json has no `version`: give --version, or check out a tag";
    let tags = tags_at_head(&search_path(), folder).await.context(ask)?;
    let mut versions: Vec<Version> =
        tags.iter().filter_map(|tag| adapter.parse_version(tag).ok()).collect();
    versions.dedup_by(|left, right| left.canonical() == right.canonical());
    match versions.as_slice() {
        [version] => Ok(version.clone()),
        [] => bail!("{ask} (no tag at HEAD is a version)"),
        several => {
            let all: Vec<_> = several.iter().map(|version| version.display().to_owned()).collect();
            bail!("several tags at HEAD are versions ({}): give --version", all.join(", "))
        }
    }
}
