//! Namespaces: beginnings of package names that belong to one account, and how that was proved.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::EcosystemId;
use crate::name::{MAX_PACKAGE_NAME_BYTES, NameError, check_length, forbid_unless};
use crate::reference::UnverifiedPurl;

/// `pkg:ECOSYSTEM/PREFIX`: every package name whose first words these are. Which names those are
/// is the ecosystem's rule: `com.acme` holds `com.acme.tools/lib` and not `com.acmeevil/lib`.
///
/// Typed by a person it may be spelled in any way; an adapter makes it canonical.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace {
    ecosystem: EcosystemId,
    prefix: String,
}

impl Namespace {
    /// Of an ecosystem's own prefix.
    ///
    /// # Errors
    ///
    /// [`NameError`] when the prefix has characters that no package name has, or empty segments.
    pub fn new(ecosystem: EcosystemId, prefix: impl Into<String>) -> Result<Self, NameError> {
        let prefix = prefix.into();
        check_length(&prefix, MAX_PACKAGE_NAME_BYTES)?;
        forbid_unless(&prefix, |c| {
            !c.is_control() && !c.is_whitespace() && !matches!(c, '*' | '\\' | '%' | '?' | '#')
        })?;
        if prefix.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return Err(NameError::rule("a namespace must not contain empty or dot segments"));
        }
        if prefix.rfind('@').is_some_and(|at| at > 0) {
            return Err(NameError::rule("a namespace has an `@` at its start or not at all"));
        }
        Ok(Self { ecosystem, prefix })
    }

    /// The ecosystem.
    pub fn ecosystem(&self) -> &EcosystemId {
        &self.ecosystem
    }

    /// The beginning that its names share, without a separator at its end.
    pub fn prefix(&self) -> &str {
        &self.prefix
    }
}

impl TryFrom<String> for Namespace {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        raw.parse()
    }
}

impl std::str::FromStr for Namespace {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        let purl: UnverifiedPurl = raw.parse().map_err(|_| {
            NameError::rule("a namespace is pkg:ECOSYSTEM/PREFIX, for example pkg:npm/@acme")
        })?;
        if purl.version.is_some() {
            return Err(NameError::rule("a namespace has no version"));
        }
        Self::new(purl.ecosystem, purl.name)
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.to_string()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "pkg:{}/{}", self.ecosystem, self.prefix)
    }
}

/// Declares words of a closed list that stand in the database and in answers.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident, $what:literal: $($(#[$inner:meta])* $variant:ident => $word:literal,)*) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$inner])* #[serde(rename = $word)] $variant,)*
        }

        impl $name {
            /// The word in the database and in answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl std::str::FromStr for $name {
            type Err = NameError;

            fn from_str(word: &str) -> Result<Self, NameError> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(NameError::rule(concat!("this is no ", $what))),
                }
            }
        }
    };
}

words! {
    /// How a claim to a namespace is proved.
    NamespaceMethod, "way to prove a namespace":
    /// A TXT record of a domain.
    Dns => "dns",
    /// A public repository of an account of a code host.
    CodeHost => "code-host",
    /// The operator's word.
    Operator => "operator",
}

words! {
    /// How far a claim to a namespace has come.
    NamespaceState, "state of a namespace":
    /// Claimed. It holds nobody off and is forgotten after a while.
    Pending => "pending",
    /// Proved, and the proof alone gives no right to this name: the operator decides. It holds
    /// nobody off.
    Proved => "proved",
    /// Nobody but its owner creates packages in it.
    Verified => "verified",
    /// Its proof is gone: nobody publishes in it until it is verified again.
    Frozen => "frozen",
}

impl NamespaceState {
    /// Whether the namespace is somebody's: one claim of a namespace at most is in such a state.
    pub const fn is_held(self) -> bool {
        matches!(self, Self::Verified | Self::Frozen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_namespace_is_read_as_it_is_written() {
        for raw in ["pkg:maven/com.acme", "pkg:npm/@acme", "pkg:composer/acme", "pkg:pypi/acme"] {
            assert_eq!(raw.parse::<Namespace>().unwrap().to_string(), raw);
        }
        let encoded: Namespace = "pkg:npm/%40acme".parse().unwrap();
        assert_eq!(encoded.prefix(), "@acme");
    }

    #[test]
    fn what_could_mean_something_else_later_is_refused() {
        for raw in [
            "",
            "com.acme",
            "pkg:npm/",
            "pkg:npm/@acme/*",
            "pkg:npm/@acme/",
            "pkg:npm//acme",
            "pkg:npm/../x",
            "pkg:npm/a@1",
            "pkg:npm/a%40b",
            "pkg:npm/a%00",
            "pkg:npm/a%0Ab",
            "pkg:npm/a%2541",
            "pkg:npm/a%20b",
            "pkg:npm/a?x=1",
        ] {
            assert!(raw.parse::<Namespace>().is_err(), "{raw:?} was accepted");
        }
        let long = format!("pkg:npm/{}", "a".repeat(10_000));
        assert!(long.parse::<Namespace>().is_err());
    }

    #[test]
    fn words_are_read_back() {
        for method in [NamespaceMethod::Dns, NamespaceMethod::CodeHost, NamespaceMethod::Operator] {
            assert_eq!(method.as_str().parse(), Ok(method));
        }
        use NamespaceState::{Frozen, Pending, Proved, Verified};
        for state in [Pending, Proved, Verified, Frozen] {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("".parse::<NamespaceState>().is_err());
    }
}
