//! The policy of a registry, and the part of it that concerns one package.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use vouchsafe_domain::{EcosystemId, PackageRef, Version};

use crate::entry::PolicyEntry;
use crate::pattern_index::PatternIndex;

/// A setting with a default and its exceptions.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PerEcosystem<T> {
    /// For ecosystems without a value of their own.
    pub default: T,
    /// Values of their own.
    pub by_ecosystem: BTreeMap<EcosystemId, T>,
}

impl<T> PerEcosystem<T> {
    /// One value for all.
    pub fn all(default: T) -> Self {
        Self { default, by_ecosystem: BTreeMap::new() }
    }

    /// The value for an ecosystem.
    pub fn get(&self, ecosystem: &EcosystemId) -> &T {
        self.by_ecosystem.get(ecosystem).unwrap_or(&self.default)
    }
}

/// Settings that hold for whole ecosystems. By default no rule is on but quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicySettings {
    /// How old a proxied release must be. Zero switches the cooldown off.
    pub cooldown: PerEcosystem<Duration>,
    /// How old a release that was published here must be. Zero, the default, is off: our own
    /// publishers were authenticated by us.
    pub hosted_cooldown: PerEcosystem<Duration>,
    /// Whether only those releases of the upstream are served that have an allow entry.
    pub allow_only: PerEcosystem<bool>,
}

/// Settings and entries, indexed for look-up by package. Build one per revision and share it.
#[derive(Debug, Clone)]
pub struct PolicySet {
    settings: PolicySettings,
    entries: Vec<PolicyEntry>,
    by_package: PatternIndex<usize>,
    revision: u64,
}

impl PolicySet {
    /// * `revision`: grows with every change; documents rendered under another one are stale.
    pub fn new(settings: PolicySettings, entries: Vec<PolicyEntry>, revision: u64) -> Self {
        let mut by_package = PatternIndex::default();
        for (at, entry) in entries.iter().enumerate() {
            by_package.insert(&entry.pattern, at);
        }
        Self { settings, entries, by_package, revision }
    }

    /// The settings.
    pub fn settings(&self) -> &PolicySettings {
        &self.settings
    }

    /// All entries, those that have ended included.
    pub fn entries(&self) -> &[PolicyEntry] {
        &self.entries
    }

    /// Which state of the policy this is.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Picks what concerns one package. Do this once, then judge all of its releases.
    pub fn for_package(&self, package: &PackageRef) -> PackagePolicy<'_> {
        let mut policy = PackagePolicy {
            package: package.clone(),
            cooldown: *self.settings.cooldown.get(&package.ecosystem),
            hosted_cooldown: *self.settings.hosted_cooldown.get(&package.ecosystem),
            allow_only: *self.settings.allow_only.get(&package.ecosystem),
            for_all_versions: Vec::new(),
            by_version: HashMap::new(),
        };
        let entries = self.by_package.matching(package).filter_map(|&at| self.entries.get(at));
        for entry in entries {
            match entry.version.as_deref() {
                None => policy.for_all_versions.push(entry),
                Some(version) => policy.by_version.entry(version).or_default().push(entry),
            }
        }
        policy
    }
}

/// What a policy says about one package.
#[derive(Debug, Clone)]
pub struct PackagePolicy<'a> {
    pub(crate) package: PackageRef,
    pub(crate) cooldown: Duration,
    pub(crate) hosted_cooldown: Duration,
    pub(crate) allow_only: bool,
    for_all_versions: Vec<&'a PolicyEntry>,
    by_version: HashMap<&'a str, Vec<&'a PolicyEntry>>,
}

impl<'a> PackagePolicy<'a> {
    /// How long a proxied release of this package must have been public; zero is off.
    pub fn cooldown(&self) -> Duration {
        self.cooldown
    }

    /// The entries about one version, active or not.
    pub(crate) fn entries(&self, version: &Version) -> impl Iterator<Item = &'a PolicyEntry> {
        let (display, canonical) = (version.display(), version.canonical());
        let by_display = self.by_version.get(display);
        let by_canonical = if canonical == display { None } else { self.by_version.get(canonical) };
        let by_version = by_display.into_iter().chain(by_canonical).flatten();
        self.for_all_versions.iter().chain(by_version).copied()
    }
}
