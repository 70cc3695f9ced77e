//! `maven-metadata.xml` of a package and of its group: versions and plugins.
//!
//! Clients read this document, add to it and send it back. What they send is not kept: two of them
//! at once would lose each other's versions. This one is written from what is stored.
//!
//! # Invariants
//!
//! - What is withheld or yanked is not listed, so neither a range nor `RELEASE` picks it.
//! - Versions stand in the order of Maven's resolver.

use std::io;
use std::sync::Arc;

use quick_xml::Writer;
use serde::{Deserialize, Serialize};
use vouchsafe_domain::Timestamp;
use vouchsafe_domain::index::{PackageView, ReleaseView};

use crate::xml::{self, child, child_text, children, element, text};
use crate::{name, version};

/// Most versions that are read out of an upstream's document.
const MAX_VERSIONS: usize = 50_000;
/// Most plugins that are read out of an upstream's document.
const MAX_PLUGINS: usize = 5_000;

/// A plugin of a group: what `mvn prefix:goal` is looked up in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Plugin {
    pub(crate) prefix: String,
    pub(crate) artifact_id: String,
    pub(crate) name: String,
}

/// Package-level JSON of a proxied package: what its upstream's document says of it as a group.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Extras {
    #[serde(default)]
    pub(crate) plugins: Vec<Plugin>,
}

/// Writes the document. `None` when there is nothing to say.
pub(crate) fn render(view: &PackageView) -> Option<Vec<u8>> {
    let plugins = plugins(view);
    let is_package = !view.releases.is_empty() || !view.withheld.is_empty();
    if !is_package && plugins.is_empty() {
        return None;
    }
    xml::write("metadata", |writer| {
        if is_package {
            write_versions(writer, view)?;
        }
        if !plugins.is_empty() {
            write_plugins(writer, &plugins)?;
        }
        Ok(())
    })
}

fn write_versions(writer: &mut Writer<Vec<u8>>, view: &PackageView) -> io::Result<()> {
    let (group, artifact) = name::split(&view.name);
    element(writer, "groupId", group)?;
    element(writer, "artifactId", artifact)?;
    let mut listed: Vec<&ReleaseView> =
        view.releases.iter().filter(|release| release.yanked.is_none()).collect();
    listed.sort_by(|left, right| version::compare(&left.version, &right.version));
    let mut newest = listed.iter().rev().map(|release| &release.version);
    let latest = newest.clone().next();
    let release = newest.find(|version| !version::is_snapshot(version));
    writer.create_element("versioning").write_inner_content(|writer| {
        if let Some(latest) = latest {
            element(writer, "latest", latest.display())?;
        }
        if let Some(release) = release {
            element(writer, "release", release.display())?;
        }
        writer.create_element("versions").write_inner_content(|writer| {
            for release in &listed {
                element(writer, "version", release.version.display())?;
            }
            Ok(())
        })?;
        element(writer, "lastUpdated", &digits(view.modified_at))
    })?;
    Ok(())
}

fn write_plugins(writer: &mut Writer<Vec<u8>>, plugins: &[Plugin]) -> io::Result<()> {
    writer.create_element("plugins").write_inner_content(|writer| {
        for plugin in plugins {
            writer.create_element("plugin").write_inner_content(|writer| {
                element(writer, "name", &plugin.name)?;
                element(writer, "prefix", &plugin.prefix)?;
                element(writer, "artifactId", &plugin.artifact_id)
            })?;
        }
        Ok(())
    })?;
    Ok(())
}

/// Plugins of the group, by prefix: those of its members here, and what an upstream lists.
pub(crate) fn plugins(view: &PackageView) -> Vec<Plugin> {
    let members = view.members.iter().filter_map(|json| serde_json::from_str(json).ok());
    let extras: Extras =
        view.extras.as_deref().and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default();
    let mut plugins: Vec<Plugin> = members.chain(extras.plugins).collect();
    plugins.sort();
    plugins.dedup_by(|next, first| {
        next.prefix == first.prefix && next.artifact_id == first.artifact_id
    });
    plugins
}

/// `yyyyMMddHHmmss`, UTC.
pub(crate) fn digits(at: Timestamp) -> String {
    at.to_rfc3339_secs().chars().filter(char::is_ascii_digit).collect()
}

/// Reads `yyyyMMddHHmmss` or `yyyyMMdd.HHmmss`, UTC.
pub(crate) fn parse_digits(text: &str) -> Option<Timestamp> {
    let digits: String = text.chars().filter(|c| *c != '.').collect();
    if digits.len() != 14 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    let (date, time) = (
        format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)),
        format!("{}:{}:{}", part(8, 10), part(10, 12), part(12, 14)),
    );
    format!("{date}T{time}Z").parse().ok()
}

/// What an upstream's document says, as far as it can be understood.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    /// The coordinates that it states.
    pub(crate) group: Option<String>,
    pub(crate) artifact: Option<String>,
    /// In the document's order, each once.
    pub(crate) versions: Vec<vouchsafe_domain::Version>,
    pub(crate) last_updated: Option<Timestamp>,
    pub(crate) extras: Option<Arc<str>>,
}

/// Reads the document of a package or a group.
///
/// # Errors
///
/// A reason, when it is no such document.
pub(crate) fn parse(bytes: &[u8]) -> Result<Listed, String> {
    let source = xml::decode(bytes)?;
    let document = xml::parse(&source, "metadata")?;
    let root = document.root_element();
    let mut listed = Listed {
        group: child_text(root, "groupId"),
        artifact: child_text(root, "artifactId"),
        ..Listed::default()
    };
    if let Some(versioning) = child(root, "versioning") {
        listed.last_updated =
            child_text(versioning, "lastUpdated").and_then(|text| parse_digits(&text));
        let mut seen = std::collections::HashSet::new();
        let versions = child(versioning, "versions").into_iter();
        let texts = versions.flat_map(|list| children(list, "version")).filter_map(text);
        // A version that no address can have here is left out.
        listed.versions = texts
            .filter_map(|text| version::parse(&text).ok())
            .filter(|version| seen.insert(version.canonical().to_owned()))
            .take(MAX_VERSIONS)
            .collect();
    }
    let plugins = child(root, "plugins").into_iter();
    let plugins = plugins.flat_map(|list| children(list, "plugin")).filter_map(|plugin| {
        Some(Plugin {
            prefix: xml::one_line(&child_text(plugin, "prefix")?, 100),
            artifact_id: xml::one_line(&child_text(plugin, "artifactId")?, 250),
            name: xml::one_line(&child_text(plugin, "name").unwrap_or_default(), 200),
        })
    });
    let plugins: Vec<Plugin> = plugins.take(MAX_PLUGINS).collect();
    if !plugins.is_empty() {
        listed.extras = serde_json::to_string(&Extras { plugins }).ok().map(Into::into);
    }
    Ok(listed)
}
