//! The words of the registry: names, versions, digests, ids, calls, answers, events.
//!
//! Everything else in the workspace depends on this crate and this crate depends on nothing of
//! ours. It holds values and the rules that make a value valid; it never reads a clock, a file,
//! a socket or a random number.
//!
//! # Invariants
//!
//! - A value of a type here is valid: constructors check, `Deserialize` goes through them.
//! - `display` is what the publisher typed, `canonical` is what is compared.
//! - Secrets print `****`.

pub mod account;
pub mod actor;
pub mod call;
pub mod deploy;
pub mod digest;
pub mod error_code;
pub mod event;
pub mod id;
pub mod index;
pub mod lifecycle;
pub mod name;
pub mod namespace;
pub mod pattern;
pub mod reference;
pub mod refusal;
pub mod scope;
pub mod secret;
pub mod time;
pub mod version;

pub use account::{AccountName, EmailAddress};
pub use actor::{Actor, Credential};
pub use digest::{Digest, DigestAlgorithm, Digests, Sha256};
pub use error_code::ErrorCode;
pub use id::{
    AccountId, ArtifactId, EventId, GitSourceId, JobId, NamespaceId, PackageId, PolicyEntryId,
    RegistryId, ReleaseId, TokenId,
};
pub use lifecycle::LifecycleState;
pub use name::{EcosystemId, Filename, PackageName, RegistryName};
pub use namespace::{Namespace, NamespaceMethod, NamespaceState};
pub use pattern::NamePattern;
pub use reference::{PackageRef, ReleaseRef};
pub use refusal::{Refusal, RefusalKind};
pub use scope::{Scope, Scopes};
pub use secret::Secret;
pub use time::Timestamp;
pub use version::Version;
