//! The `Cargo.toml` inside a `.crate`: the truth about a release.
//!
//! Cargo writes it anew when it packages ("normalizes" it): paths, workspace inheritance and
//! development dependencies without a version are gone. One that still has them was not made by
//! Cargo and is refused, because clients would read it differently from us.

use std::collections::BTreeMap;

use serde::Deserialize;
use vouchsafe_adapter::FormatError;

use crate::dependency::{self, DependencyKind, IndexDependency, is_feature_name, is_feature_value};
use crate::metadata::yes;

/// Most dependencies of one release. The same as on the public registry.
const MAX_DEPENDENCIES: usize = 500;
/// Most features of one release. The same as on the public registry.
const MAX_FEATURES: usize = 300;
/// Most values of one feature.
const MAX_FEATURE_VALUES: usize = 500;

/// What is read out of a manifest.
#[derive(Debug)]
pub(crate) struct CrateManifest {
    pub(crate) package: Package,
    /// Registries still as the manifest names them.
    pub(crate) dependencies: Vec<IndexDependency>,
    pub(crate) features: BTreeMap<String, Vec<String>>,
}

/// The `[package]` table.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) links: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) license_file: Option<String>,
    #[serde(default)]
    pub(crate) keywords: Vec<String>,
    #[serde(default)]
    pub(crate) categories: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Document {
    package: Package,
    #[serde(default)]
    features: BTreeMap<String, Vec<String>>,
    #[serde(flatten)]
    dependencies: DependencyTables,
    #[serde(default)]
    target: BTreeMap<String, DependencyTables>,
}

/// The tables that stand at the top and once more below each target.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DependencyTables {
    #[serde(default)]
    dependencies: BTreeMap<String, Dependency>,
    #[serde(default, alias = "build_dependencies")]
    build_dependencies: BTreeMap<String, Dependency>,
    #[serde(default, alias = "dev_dependencies")]
    dev_dependencies: BTreeMap<String, Dependency>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Dependency {
    Version(String),
    Table(Box<DependencyTable>),
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct DependencyTable {
    version: Option<String>,
    package: Option<String>,
    registry_index: Option<String>,
    #[serde(default)]
    features: Vec<String>,
    #[serde(default)]
    optional: bool,
    #[serde(default = "yes", alias = "default_features")]
    default_features: bool,
    workspace: Option<bool>,
    registry: Option<String>,
    artifact: Option<toml::Value>,
}

impl CrateManifest {
    /// Reads a normalized manifest.
    ///
    /// # Errors
    ///
    /// [`FormatError::Manifest`] when it is not TOML, not normalized, over a limit, or holds what
    /// would make clients skip the index line.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, FormatError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| FormatError::manifest("Cargo.toml is not UTF-8"))?;
        let document: Document = toml::from_str(text)
            .map_err(|error| FormatError::manifest(format!("Cargo.toml: {}", error.message())))?;
        check_features(&document.features)?;
        check_rust_version(document.package.rust_version.as_deref())?;
        check_links(document.package.links.as_deref())?;
        let mut dependencies = document.dependencies.into_list(None)?;
        for (target, tables) in document.target {
            dependencies.extend(tables.into_list(Some(&target))?);
        }
        if dependencies.len() > MAX_DEPENDENCIES {
            return Err(FormatError::manifest(format!(
                "it has more than {MAX_DEPENDENCIES} dependencies"
            )));
        }
        Ok(Self { package: document.package, dependencies, features: document.features })
    }
}

impl DependencyTables {
    fn into_list(self, target: Option<&str>) -> Result<Vec<IndexDependency>, FormatError> {
        let kinds = [
            (DependencyKind::Normal, self.dependencies),
            (DependencyKind::Build, self.build_dependencies),
            (DependencyKind::Dev, self.dev_dependencies),
        ];
        let mut list = Vec::new();
        for (kind, table) in kinds {
            for (name, dependency) in table {
                list.extend(dependency.into_index(name, kind, target)?);
            }
        }
        Ok(list)
    }
}

impl Dependency {
    /// `None` for a development dependency without a version, which is nobody's business.
    fn into_index(
        self,
        name: String,
        kind: DependencyKind,
        target: Option<&str>,
    ) -> Result<Option<IndexDependency>, FormatError> {
        let table = match self {
            Self::Version(version) => DependencyTable {
                version: Some(version),
                default_features: true,
                ..DependencyTable::default()
            },
            Self::Table(table) => *table,
        };
        if table.workspace.is_some() || (table.registry.is_some() && table.registry_index.is_none())
        {
            return Err(dependency::refusal(&name, "is not in the form that Cargo packages"));
        }
        if table.artifact.is_some() {
            let what = "is an artifact dependency, which only nightly Cargo knows";
            return Err(dependency::refusal(&name, what));
        }
        let Some(req) = table.version else {
            return match kind {
                DependencyKind::Dev => Ok(None),
                _ => Err(dependency::refusal(&name, "has no version requirement")),
            };
        };
        let dependency = IndexDependency {
            name,
            req,
            features: table.features,
            optional: table.optional,
            default_features: table.default_features,
            target: target.map(str::to_owned),
            kind,
            registry: table.registry_index,
            package: table.package,
        };
        dependency.check().map(Some)
    }
}

fn check_features(features: &BTreeMap<String, Vec<String>>) -> Result<(), FormatError> {
    if features.len() > MAX_FEATURES {
        return Err(FormatError::manifest(format!("it has more than {MAX_FEATURES} features")));
    }
    for (name, values) in features {
        let is_valid = is_feature_name(name)
            && values.len() <= MAX_FEATURE_VALUES
            && values.iter().all(|value| is_feature_value(value));
        if !is_valid {
            let shown: String = name.escape_debug().take(80).collect();
            return Err(FormatError::manifest(format!("the feature `{shown}` is not valid")));
        }
    }
    Ok(())
}

/// A bare version of one to three numbers: with anything else Cargo skips the index line.
fn check_rust_version(rust_version: Option<&str>) -> Result<(), FormatError> {
    let Some(text) = rust_version else { return Ok(()) };
    let missing = match text.split('.').count() {
        1 => ".0.0",
        2 => ".0",
        _ => "",
    };
    match semver::Version::parse(&format!("{text}{missing}")) {
        Ok(version) if version.pre.is_empty() && version.build.is_empty() => Ok(()),
        _ => Err(FormatError::manifest("`rust-version` is not a bare version such as 1.70")),
    }
}

fn check_links(links: Option<&str>) -> Result<(), FormatError> {
    let is_valid =
        |text: &str| !text.is_empty() && text.len() <= 255 && !text.chars().any(|c| c.is_control());
    match links {
        Some(text) if !is_valid(text) => Err(FormatError::manifest("`links` is not a plain name")),
        _ => Ok(()),
    }
}
