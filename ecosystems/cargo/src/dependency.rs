//! Dependencies of an index line: made from the manifest, compared with the publish request.
//!
//! The two differ in spelling even when they agree: the manifest keeps a target as it was typed
//! and Cargo re-prints it, `1` becomes `^1`, and "no registry" means Cargo's default one in a
//! manifest and *this* one in a request.

use semver::VersionReq;
use serde::Serialize;
use vouchsafe_adapter::FormatError;

use crate::metadata::PublishDependency;
use crate::name;

/// Last part of the address that every Cargo gives its built-in registry, mirrored or not.
const DEFAULT_REGISTRY_SUFFIX: &str = "/crates.io-index";
/// Longest target expression or registry address, in bytes.
const MAX_TEXT_BYTES: usize = 1024;

/// What a dependency is for. Old versions of Cargo want them in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DependencyKind {
    /// Needed to use the crate.
    Normal,
    /// Needed by its build script.
    Build,
    /// Needed by its tests.
    Dev,
}

/// One dependency, as an index line holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct IndexDependency {
    /// The alias when renamed, the crate's name otherwise.
    pub(crate) name: String,
    pub(crate) req: String,
    pub(crate) features: Vec<String>,
    pub(crate) optional: bool,
    pub(crate) default_features: bool,
    pub(crate) target: Option<String>,
    pub(crate) kind: DependencyKind,
    /// Another registry's index; `None` is the registry of the line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) registry: Option<String>,
    /// The crate's name when `name` is an alias.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) package: Option<String>,
}

impl IndexDependency {
    /// Checks everything that a client would stumble over.
    pub(crate) fn check(self) -> Result<Self, FormatError> {
        let alias = &self.name;
        let refuse = |what: &str| Err(refusal(alias, what));
        if !name::is_alias(alias) {
            return refuse("is not a valid dependency name");
        }
        if name::parse(self.package.as_deref().unwrap_or(alias)).is_err() {
            return refuse("does not name a valid crate");
        }
        let Ok(req) = VersionReq::parse(&self.req) else {
            return refuse("has a version requirement that cannot be read");
        };
        let is_bad = |text: &Option<String>| text.as_deref().is_some_and(|text| !is_plain(text));
        if is_bad(&self.target) || is_bad(&self.registry) {
            return refuse("has a target or registry that is too long or not plain text");
        }
        if !self.features.iter().all(|feature| is_feature_value(feature)) {
            return refuse("has a feature name that is not valid");
        }
        let package = self.package.filter(|package| *package != self.name);
        Ok(Self { req: req.to_string(), package, ..self })
    }

    /// What must agree, apart from the registry; also the order in the index.
    fn comparable(&self) -> impl Ord + use<> {
        let mut features = self.features.clone();
        features.sort();
        features.dedup();
        let flags = (self.optional, self.default_features);
        let target = self.target.as_deref().map(comparable_target);
        let names = (self.name.clone(), self.package.clone());
        (self.kind, names, target, self.req.clone(), features, flags)
    }
}

impl TryFrom<PublishDependency> for IndexDependency {
    type Error = FormatError;

    fn try_from(stated: PublishDependency) -> Result<Self, FormatError> {
        let (name, package) = match stated.explicit_name_in_toml {
            Some(alias) => (alias, Some(stated.name)),
            None => (stated.name, None),
        };
        if stated.artifact.is_some() {
            return Err(refusal(
                &name,
                "is an artifact dependency, which only nightly Cargo knows",
            ));
        }
        let kind = match stated.kind.as_deref() {
            None | Some("normal") => DependencyKind::Normal,
            Some("build") => DependencyKind::Build,
            Some("dev") => DependencyKind::Dev,
            Some(_) => return Err(refusal(&name, "is of an unknown kind")),
        };
        let dependency = Self {
            name,
            req: stated.version_req,
            features: stated.features,
            optional: stated.optional,
            default_features: stated.default_features,
            target: stated.target,
            kind,
            registry: stated.registry,
            package,
        };
        dependency.check()
    }
}

/// Proves that manifest and request list the same dependencies, and returns the manifest's, sorted
/// and with registries as the index wants them.
///
/// * `index_url`: this registry's index.
pub(crate) fn agreed(
    mut manifest: Vec<IndexDependency>,
    stated: Vec<PublishDependency>,
    index_url: &str,
) -> Result<Vec<IndexDependency>, FormatError> {
    let stated: Result<Vec<_>, _> = stated.into_iter().map(IndexDependency::try_from).collect();
    let mut stated = stated?;
    manifest.sort_by_cached_key(IndexDependency::comparable);
    stated.sort_by_cached_key(IndexDependency::comparable);
    let differing = manifest
        .iter()
        .zip(&stated)
        .find(|(ours, theirs)| ours.comparable() != theirs.comparable())
        .map(|(ours, _)| ours)
        .or_else(|| manifest.get(stated.len()))
        .or_else(|| stated.get(manifest.len()));
    if let Some(differing) = differing {
        return Err(refusal(
            &differing.name,
            "is not the same in the archive's Cargo.toml and in the publish request",
        ));
    }
    for (dependency, stated) in manifest.iter_mut().zip(stated) {
        let Some(registry) =
            agreed_registry(dependency.registry.as_deref(), stated.registry.as_deref(), index_url)
        else {
            return Err(refusal(&dependency.name, "comes from two different registries"));
        };
        dependency.registry = registry.map(str::to_owned);
    }
    Ok(manifest)
}

/// The registry for the index line, or `None` when the two sides contradict each other.
///
/// * `named`: `registry-index` of the manifest; absent means Cargo's default registry.
/// * `stated`: `registry` of the request; absent means this registry.
///
/// A manifest may name this registry by another host name than its public one, so only the path
/// of its address has to fit. Both absent is this registry: nothing outside is ever asked then.
fn agreed_registry<'a>(
    named: Option<&str>,
    stated: Option<&'a str>,
    index_url: &str,
) -> Option<Option<&'a str>> {
    let is_agreed = match (named, stated) {
        (None, None) => true,
        (None, Some(url)) => url.ends_with(DEFAULT_REGISTRY_SUFFIX),
        (Some(named), None) => url_path(named) == url_path(index_url),
        (Some(named), Some(url)) => without_protocol(named) == without_protocol(url),
    };
    is_agreed.then_some(stated)
}

fn without_protocol(url: &str) -> &str {
    let url = url.strip_prefix("sparse+").or_else(|| url.strip_prefix("registry+")).unwrap_or(url);
    url.trim_end_matches('/')
}

fn url_path(url: &str) -> &str {
    let after_scheme = without_protocol(url).split_once("://").map_or("", |(_, rest)| rest);
    after_scheme.split_once('/').map_or("", |(_, path)| path)
}

/// A target without the differences between what people type and what Cargo prints.
fn comparable_target(target: &str) -> String {
    let packed: String = target.chars().filter(|c| !c.is_whitespace()).collect();
    packed.replace(",)", ")")
}

/// Whether a text may stand for a feature, or for something a feature switches on
/// (`dep:x`, `x/y`, `x?/y`).
pub(crate) fn is_feature_value(value: &str) -> bool {
    let value = value.strip_prefix("dep:").unwrap_or(value);
    match value.split_once('/') {
        Some((dependency, feature)) => {
            is_feature_name(dependency.strip_suffix('?').unwrap_or(dependency))
                && is_feature_name(feature)
        }
        None => is_feature_name(value),
    }
}

/// Whether a text may name a feature.
pub(crate) fn is_feature_name(name: &str) -> bool {
    let has_start = name.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    let is_rest = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '+' | '.');
    has_start && name.len() <= MAX_TEXT_BYTES && name.chars().all(is_rest)
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= MAX_TEXT_BYTES && !text.chars().any(char::is_control)
}

pub(crate) fn refusal(dependency: &str, what: &str) -> FormatError {
    let shown: String = dependency.escape_debug().take(80).collect();
    FormatError::manifest(format!("the dependency `{shown}` {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "sparse+https://registry.example/cargo/index/";
    const DEFAULT: &str = "https://upstream.example/crates.io-index";
    const OTHER: &str = "sparse+https://other.example/index/";

    #[track_caller]
    fn check(named: Option<&str>, stated: Option<&str>, expect: Option<Option<&str>>) {
        assert_eq!(agreed_registry(named, stated, OWN), expect);
    }

    #[test]
    fn no_registry_in_the_manifest_is_the_default_one() {
        check(None, Some(DEFAULT), Some(Some(DEFAULT)));
        check(None, Some(OTHER), None);
        check(None, None, Some(None));
    }

    #[test]
    fn no_registry_in_the_request_is_this_one() {
        check(Some(OWN), None, Some(None));
        check(Some("sparse+http://127.0.0.1:7878/cargo/index/"), None, Some(None));
        check(Some(OTHER), None, None);
    }

    #[test]
    fn another_registry_must_be_the_same_on_both_sides() {
        check(Some(OTHER), Some(OTHER), Some(Some(OTHER)));
        check(
            Some(OTHER),
            Some("https://other.example/index"),
            Some(Some("https://other.example/index")),
        );
        check(Some(OTHER), Some(DEFAULT), None);
        check(Some(OWN), Some(OTHER), None);
    }
}
