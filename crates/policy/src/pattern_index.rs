//! An index over name patterns: what is said about a package is found without reading the rest.

use std::collections::{BTreeSet, HashMap};

use vouchsafe_domain::{EcosystemId, NamePattern, PackageRef};

/// Values filed under name patterns.
///
/// A look-up costs one hash per distinct *length* of prefix, whatever the number of patterns.
#[derive(Debug, Clone)]
pub(crate) struct PatternIndex<T> {
    by_ecosystem: HashMap<EcosystemId, Names<T>>,
}

#[derive(Debug, Clone)]
struct Names<T> {
    exact: HashMap<String, Vec<T>>,
    prefixes: HashMap<String, Vec<T>>,
    prefix_lengths: BTreeSet<usize>,
}

impl<T> Default for PatternIndex<T> {
    fn default() -> Self {
        Self { by_ecosystem: HashMap::new() }
    }
}

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self { exact: HashMap::new(), prefixes: HashMap::new(), prefix_lengths: BTreeSet::new() }
    }
}

impl<T> PatternIndex<T> {
    pub(crate) fn insert(&mut self, pattern: &NamePattern, value: T) {
        let names = self.by_ecosystem.entry(pattern.ecosystem().clone()).or_default();
        let text = pattern.text().to_owned();
        if pattern.is_prefix() {
            names.prefix_lengths.insert(text.len());
            names.prefixes.entry(text).or_default().push(value);
        } else {
            names.exact.entry(text).or_default().push(value);
        }
    }

    /// Everything whose pattern matches the package.
    pub(crate) fn matching(&self, package: &PackageRef) -> impl Iterator<Item = &T> {
        let name = package.name.canonical();
        let names = self.by_ecosystem.get(&package.ecosystem);
        names.into_iter().flat_map(move |names| {
            let exact = names.exact.get(name);
            let prefixes = names
                .prefix_lengths
                .iter()
                .map_while(move |&length| (length <= name.len()).then_some(length))
                // Inside a character no prefix ends, so `None` here is no match.
                .filter_map(move |length| names.prefixes.get(name.get(..length)?));
            exact.into_iter().chain(prefixes).flatten()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use vouchsafe_domain::PackageName;

    use super::*;

    proptest! {
        /// The patterns themselves are the oracle.
        #[test]
        fn the_index_finds_what_the_patterns_match(
            patterns in prop::collection::vec("pkg:(npm|pypi)/[abé]{1,3}[*]?|pkg:npm/[*]", 0..20),
            name in "[abé]{1,5}",
        ) {
            let patterns: Vec<NamePattern> = patterns.iter().map(|p| p.parse().unwrap()).collect();
            let mut index = PatternIndex::default();
            for (at, pattern) in patterns.iter().enumerate() {
                index.insert(pattern, at);
            }
            let package = PackageRef {
                ecosystem: EcosystemId::from_static("npm"),
                name: PackageName::new(name.as_str(), name.as_str(), name.as_str()).unwrap(),
            };
            let mut found: Vec<usize> = index.matching(&package).copied().collect();
            found.sort_unstable();
            let expected: Vec<usize> =
                (0..patterns.len()).filter(|&at| patterns[at].matches(&package)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
