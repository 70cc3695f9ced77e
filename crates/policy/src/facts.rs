//! What is known about a release when it is judged.

use vouchsafe_domain::{LifecycleState, PackageRef, ReleaseRef, Timestamp, Version};

/// The facts about one release. The same facts and the same time give the same judgement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Its package.
    pub package: PackageRef,
    /// Its version.
    pub version: Version,
    /// Commit time when hosted; when proxied what the upstream states, or the time this registry
    /// first saw it if that is later. `None` is unknown and counts as "just now".
    pub published_at: Option<Timestamp>,
    /// Whether it was published here rather than fetched from an upstream.
    pub is_hosted: bool,
    /// Where it stands.
    pub state: LifecycleState,
}

impl Facts {
    /// The release as messages name it, e.g. `pkg:npm/left-pad@1.3.0`.
    pub(crate) fn release(&self) -> ReleaseRef {
        ReleaseRef { package: self.package.clone(), version: self.version.clone() }
    }
}
