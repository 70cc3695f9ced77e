//! The judge: which releases this registry serves, and why not the others.
//!
//! Pure functions over values. Nothing here reads a clock, a file or a socket: `vouchsafe-app`
//! brings the facts and the time, and asks the same question for the index and for the download,
//! so that what is hidden in the one cannot be fetched by the other.
//!
//! # Invariants
//!
//! - Fails closed: a rule that cannot be evaluated withholds the release.
//! - All rules run, so that a person sees every reason at once.
//! - A deny entry and a quarantine are never lifted by an exemption.
//! - [`Judgement::valid_until`] is never later than the first change that time alone makes.
//! - A name that is hosted or claimed here is never asked upstream ([`route`]).
//!
//! # Examples
//!
//! ```
//! use std::time::Duration;
//! use vouchsafe_domain::{EcosystemId, LifecycleState, PackageName, PackageRef, Timestamp, Version};
//! use vouchsafe_policy::{Facts, PerEcosystem, PolicySet, PolicySettings, judge};
//!
//! let day = Duration::from_secs(24 * 3600);
//! let settings = PolicySettings { cooldown: PerEcosystem::all(3 * day), ..Default::default() };
//! let policies = PolicySet::new(settings, Vec::new(), 1);
//! let now: Timestamp = "2026-11-22T12:00:00Z".parse()?;
//! let facts = Facts {
//!     package: PackageRef {
//!         ecosystem: EcosystemId::from_static("npm"),
//!         name: PackageName::new("left-pad", "left-pad", "leftpad")?,
//!     },
//!     version: Version::new("1.3.0", "1.3.0")?,
//!     published_at: Some(now.minus(day)),
//!     is_hosted: false,
//!     state: LifecycleState::Active,
//! };
//! let judgement = judge(&policies, &facts, now);
//! assert!(!judgement.verdict.is_allowed());
//! assert_eq!(judgement.valid_until, Some(now.plus(2 * day)));
//! assert!(judge(&policies, &facts, now.plus(2 * day)).verdict.is_allowed());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod entry;
mod facts;
mod judge;
mod pattern_index;
mod routing;
mod rules;
mod set;
mod verdict;

pub use entry::{EntryError, EntryKind, PolicyEntry, UnknownEntryKind};
pub use facts::Facts;
pub use judge::judge;
pub use routing::{ClaimSet, Route, RoutingFacts, route};
pub use rules::MAX_CLOCK_SKEW;
pub use set::{PackagePolicy, PerEcosystem, PolicySet, PolicySettings};
pub use verdict::{Judgement, Reason, Verdict};
