//! Typed ids. Every id is a UUIDv7 and every table has its own type for it.

/// Declares one id type.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(uuid::Uuid);

        impl $name {
            /// Wraps a UUID made by whoever owns a clock and a source of randomness.
            pub const fn from_uuid(uuid: uuid::Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID itself.
            pub const fn as_uuid(&self) -> &uuid::Uuid {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                std::fmt::Display::fmt(&self.0.hyphenated(), f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                text.parse().map(Self)
            }
        }
    )*};
}

id! {
    /// A registry.
    RegistryId;
    /// A person or machine account.
    AccountId;
    /// An access token (not the secret itself).
    TokenId;
    /// A hosted package.
    PackageId;
    /// One release of a hosted package.
    ReleaseId;
    /// One file of a release.
    ArtifactId;
    /// One event.
    EventId;
    /// One job.
    JobId;
    /// A git repository whose tags become releases.
    GitSourceId;
    /// A claim to a namespace.
    NamespaceId;
    /// One entry of the operator's deny, allow or exempt list.
    PolicyEntryId;
}

impl RegistryId {
    /// The registry at the root addresses; it exists from the first migration on.
    pub const DEFAULT: Self = Self(uuid::Uuid::nil());
}
