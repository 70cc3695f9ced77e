//! Routing: who answers for a name. Decided before any network call.
//!
//! Dependency confusion works by publishing an internal name in public. So a name that is hosted
//! or claimed here is never asked upstream: nobody out there can answer for it, and nobody out
//! there learns that it exists.

use vouchsafe_domain::{NamePattern, PackageRef};

use crate::pattern_index::PatternIndex;

/// Names that belong to this registry, hosted already or not.
#[derive(Debug, Clone, Default)]
pub struct ClaimSet {
    claims: PatternIndex<NamePattern>,
}

impl ClaimSet {
    /// Whether the package's name is claimed.
    pub fn contains(&self, package: &PackageRef) -> bool {
        self.claim_on(package).is_some()
    }

    /// A claim that covers the package, to tell people which.
    pub fn claim_on(&self, package: &PackageRef) -> Option<&NamePattern> {
        self.claims.matching(package).next()
    }
}

impl FromIterator<NamePattern> for ClaimSet {
    fn from_iter<I: IntoIterator<Item = NamePattern>>(patterns: I) -> Self {
        let mut claims = PatternIndex::default();
        for pattern in patterns {
            claims.insert(&pattern, pattern.clone());
        }
        Self { claims }
    }
}

/// What decides who answers for a name.
#[derive(Debug, Clone, Copy)]
pub struct RoutingFacts<'a> {
    /// Whether a package of this name was ever published here: in any state, tombstones too.
    pub hosted_exists: bool,
    /// The names that belong to this registry.
    pub claims: &'a ClaimSet,
    /// Whether the name lies in a namespace that belongs to an account here.
    pub is_in_namespace: bool,
    /// Whether the ecosystem has an upstream.
    pub has_upstream: bool,
}

/// Who answers for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// This registry, from its own store.
    Hosted,
    /// The upstream, through the cache.
    Proxied,
    /// Nobody: there is no such package, and nobody is asked.
    Absent,
}

/// Decides who answers for a name. Hosted and upstream releases are never mixed under one name.
///
/// # Examples
///
/// ```
/// # use vouchsafe_domain::{EcosystemId, PackageName, PackageRef};
/// # use vouchsafe_policy::{ClaimSet, Route, RoutingFacts, route};
/// let claims: ClaimSet = ["pkg:npm/@acme/*".parse()?].into_iter().collect();
/// let facts = RoutingFacts {
///     hosted_exists: false,
///     claims: &claims,
///     is_in_namespace: false,
///     has_upstream: true,
/// };
/// let npm = |name: &str| {
///     PackageName::new(name, name, name)
///         .map(|name| PackageRef { ecosystem: EcosystemId::from_static("npm"), name })
/// };
/// assert_eq!(route(facts, &npm("@acme/secret")?), Route::Absent);
/// assert_eq!(route(facts, &npm("left-pad")?), Route::Proxied);
/// # Ok::<(), vouchsafe_domain::name::NameError>(())
/// ```
pub fn route(facts: RoutingFacts<'_>, package: &PackageRef) -> Route {
    if facts.hosted_exists {
        Route::Hosted
    } else if facts.has_upstream && !facts.is_in_namespace && !facts.claims.contains(package) {
        Route::Proxied
    } else {
        Route::Absent
    }
}

#[cfg(test)]
mod tests {
    use vouchsafe_domain::{EcosystemId, PackageName};

    use super::*;

    #[track_caller]
    fn check(name: &str, hosted_exists: bool, has_upstream: bool, expected: Route) {
        let patterns = ["pkg:npm/@acme/*", "pkg:npm/internal", "pkg:pypi/left-pad"];
        let claims = patterns.into_iter().map(|pattern| pattern.parse().unwrap()).collect();
        let package = PackageRef {
            ecosystem: EcosystemId::from_static("npm"),
            name: PackageName::new(name, name, name).unwrap(),
        };
        let is_in_namespace = name.starts_with("@verified/");
        let facts = RoutingFacts { hosted_exists, claims: &claims, is_in_namespace, has_upstream };
        assert_eq!(route(facts, &package), expected, "{name}");
    }

    #[test]
    fn a_hosted_name_is_never_asked_upstream() {
        check("left-pad", true, true, Route::Hosted);
        check("@acme/tool", true, true, Route::Hosted);
        check("left-pad", true, false, Route::Hosted);
    }

    #[test]
    fn a_claimed_name_is_never_asked_upstream() {
        check("@acme/tool", false, true, Route::Absent);
        check("internal", false, true, Route::Absent);
    }

    #[test]
    fn a_name_in_a_namespace_is_never_asked_upstream() {
        check("@verified/tool", false, true, Route::Absent);
        check("@verified/tool", true, true, Route::Hosted);
    }

    #[test]
    fn other_names_go_upstream() {
        check("left-pad", false, true, Route::Proxied);
        check("@acme2/tool", false, true, Route::Proxied);
        check("internal-2", false, true, Route::Proxied);
    }

    #[test]
    fn without_upstream_there_is_nobody_to_ask() {
        check("left-pad", false, false, Route::Absent);
    }

    #[test]
    fn a_claim_can_be_named() {
        let claims: ClaimSet = ["pkg:npm/@acme/*".parse().unwrap()].into_iter().collect();
        let name = PackageName::new("@acme/x", "@acme/x", "@acme/x").unwrap();
        let package = PackageRef { ecosystem: EcosystemId::from_static("npm"), name };
        assert_eq!(claims.claim_on(&package).unwrap().to_string(), "pkg:npm/@acme/*");
    }
}
