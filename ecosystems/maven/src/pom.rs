//! `pom.xml`: what a release says about itself.
//!
//! Only what is compared with the coordinates, told to people or followed by a resolver is kept.
//! Properties (`${…}`) stay unresolved: coordinates with one in them belong to no repository.

use roxmltree::Node;
use serde::{Deserialize, Serialize};

use crate::xml::{child, child_text, children, one_line, parse, text};

/// Largest pom, in bytes.
pub(crate) const MAX_POM_BYTES: u64 = 4 * 1024 * 1024;
/// Most dependencies that are kept.
const MAX_DEPENDENCIES: usize = 1000;
/// Most licenses that are kept.
const MAX_LICENSES: usize = 20;
/// Longest name or license, in characters.
const MAX_NAME_CHARS: usize = 200;
/// Longest description, in characters.
const MAX_DESCRIPTION_CHARS: usize = 2000;
/// Longest address or coordinate, in characters.
const MAX_VALUE_CHARS: usize = 500;

/// What Gradle writes into the pom of a release that has a `.module` file.
const GRADLE_MARKER: &str = "do_not_remove: published-with-gradle-metadata";

/// A release's manifest, as it is stored: what pages and documents need of its pom.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Manifest {
    pub(crate) packaging: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scm_url: Option<String>,
    /// Names, or addresses where a license has no name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) licenses: Vec<String>,
    /// `group:artifact:version`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// `group:artifact:version` of what took its place; parts that stay the same are empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) relocation: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) dependencies: Vec<Dependency>,
    pub(crate) has_gradle_metadata: bool,
}

/// A dependency, as written: version and scope may come from a parent or be a property.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Dependency {
    pub(crate) group_id: String,
    pub(crate) artifact_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) scope: Option<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(crate) optional: bool,
}

/// Coordinates as a pom states them, its parent's where it leaves them out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Coordinates {
    pub(crate) group: String,
    pub(crate) artifact: String,
    pub(crate) version: String,
}

/// A pom.
#[derive(Debug)]
pub(crate) struct Pom {
    pub(crate) coordinates: Coordinates,
    pub(crate) manifest: Manifest,
    /// What the public repository asks for and is not there.
    pub(crate) missing: Vec<&'static str>,
}

impl Pom {
    /// Reads a pom.
    ///
    /// # Errors
    ///
    /// A reason, when it is no pom or leaves two readings of what it is.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let source = crate::xml::decode(bytes)?;
        let document = parse(&source, "project")?;
        let project = document.root_element();
        for name in ["groupId", "artifactId", "version", "packaging", "parent"] {
            refuse_doubt(project, name)?;
        }
        let parent = child(project, "parent");
        if let Some(parent) = parent {
            for name in ["groupId", "artifactId", "version"] {
                refuse_doubt(parent, name)?;
            }
        }
        let inherited = |name| {
            child_text(project, name).or_else(|| child_text(parent?, name)).unwrap_or_default()
        };
        let coordinates = Coordinates {
            group: inherited("groupId"),
            artifact: child_text(project, "artifactId").unwrap_or_default(),
            version: inherited("version"),
        };
        let is_marked = document.descendants().any(|node| {
            node.is_comment() && node.text().is_some_and(|t| t.contains(GRADLE_MARKER))
        });
        Ok(Self { coordinates, manifest: manifest(project, is_marked), missing: missing(project) })
    }
}

/// An element that says what a pom is stands there once and holds nothing but text.
fn refuse_doubt(node: Node<'_, '_>, name: &'static str) -> Result<(), String> {
    let mut found = children(node, name);
    let (first, second) = (found.next(), found.next());
    if second.is_some() {
        return Err(format!("`{name}` stands there twice"));
    }
    let has_elements = |node: Node<'_, '_>| node.children().any(|child| child.is_element());
    if name != "parent" && first.is_some_and(has_elements) {
        return Err(format!("`{name}` is not a text"));
    }
    Ok(())
}

fn manifest(project: Node<'_, '_>, is_marked: bool) -> Manifest {
    let value = |node, name| child_text(node, name).map(|text| one_line(&text, MAX_VALUE_CHARS));
    let coordinates = |node| {
        let part = |name| value(node, name).unwrap_or_default();
        format!("{}:{}:{}", part("groupId"), part("artifactId"), part("version"))
    };
    let relocation = child(project, "distributionManagement")
        .and_then(|management| child(management, "relocation"))
        .map(coordinates);
    Manifest {
        packaging: value(project, "packaging").unwrap_or_else(|| "jar".to_owned()),
        name: child_text(project, "name").map(|text| one_line(&text, MAX_NAME_CHARS)),
        description: child_text(project, "description")
            .map(|text| one_line(&text, MAX_DESCRIPTION_CHARS)),
        url: value(project, "url").filter(|url| is_web_address(url)),
        scm_url: child(project, "scm")
            .and_then(|scm| value(scm, "url"))
            .filter(|url| is_web_address(url)),
        licenses: licenses(project),
        parent: child(project, "parent").map(coordinates),
        relocation,
        dependencies: dependencies(project),
        has_gradle_metadata: is_marked,
    }
}

/// Addresses become links on pages, so nothing else passes as one.
fn is_web_address(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

fn licenses(project: Node<'_, '_>) -> Vec<String> {
    let Some(licenses) = child(project, "licenses") else { return Vec::new() };
    let named = children(licenses, "license")
        .filter_map(|license| child_text(license, "name").or_else(|| child_text(license, "url")));
    named.map(|name| one_line(&name, MAX_NAME_CHARS)).take(MAX_LICENSES).collect()
}

fn dependencies(project: Node<'_, '_>) -> Vec<Dependency> {
    let Some(list) = child(project, "dependencies") else { return Vec::new() };
    let read = |node| {
        let value = |name| child_text(node, name).map(|text| one_line(&text, MAX_VALUE_CHARS));
        Dependency {
            group_id: value("groupId").unwrap_or_default(),
            artifact_id: value("artifactId").unwrap_or_default(),
            version: value("version"),
            scope: value("scope"),
            optional: value("optional").as_deref() == Some("true"),
        }
    };
    children(list, "dependency").map(read).take(MAX_DEPENDENCIES).collect()
}

/// What Maven Central asks of every pom.
fn missing(project: Node<'_, '_>) -> Vec<&'static str> {
    let has_text = |name| child_text(project, name).is_some();
    let list_has = |list, item, field: &'static str| {
        child(project, list).is_some_and(|list| {
            children(list, item).any(|item| child(item, field).and_then(text).is_some())
        })
    };
    let has_scm = child(project, "scm").is_some_and(|scm| {
        ["url", "connection"].into_iter().any(|name| child_text(scm, name).is_some())
    });
    let wanted = [
        ("name", has_text("name")),
        ("description", has_text("description")),
        ("url", has_text("url")),
        ("licenses", list_has("licenses", "license", "name")),
        (
            "developers",
            ["name", "id", "email"]
                .into_iter()
                .any(|field| list_has("developers", "developer", field)),
        ),
        ("scm", has_scm),
    ];
    wanted.into_iter().filter(|(_, is_there)| !is_there).map(|(name, _)| name).collect()
}
