//! Names: ecosystems, registries, packages, files.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Serialize};

/// Longest package name accepted in any ecosystem, in bytes of its display form.
pub const MAX_PACKAGE_NAME_BYTES: usize = 256;
/// Longest file name accepted in any ecosystem, in bytes.
pub const MAX_FILENAME_BYTES: usize = 255;

/// Why a name is not a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing where a name should be.
    #[error("a name must not be empty")]
    Empty,
    /// Longer than the limit.
    #[error("a name may have at most {limit_bytes} bytes")]
    TooLong {
        /// The limit that was passed, in bytes.
        limit_bytes: usize,
    },
    /// A character that this kind of name never has.
    #[error("`{found}` is not allowed in a name")]
    Forbidden {
        /// The offending character, escaped for display.
        found: String,
    },
    /// The ecosystem's own rule says no.
    #[error("{rule}")]
    Rule {
        /// The rule in one sentence, for the person who typed the name.
        rule: String,
    },
}

impl NameError {
    /// An ecosystem's own rule, told in one sentence.
    pub fn rule(rule: impl Into<String>) -> Self {
        Self::Rule { rule: rule.into() }
    }
}

/// A package ecosystem, named by its package-URL type (`cargo`, `npm`, `pypi`, …).
///
/// Open on purpose: no list and no `match` over ecosystems exists outside `ecosystems/all`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EcosystemId(Cow<'static, str>);

impl EcosystemId {
    /// An adapter's own constant.
    pub const fn from_static(purl_type: &'static str) -> Self {
        Self(Cow::Borrowed(purl_type))
    }

    /// The package-URL type: lower case letters, digits and dashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EcosystemId {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        check_length(&raw, 32)?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        forbid_unless(&raw, allowed)?;
        Ok(Self(Cow::Owned(raw)))
    }
}

impl std::str::FromStr for EcosystemId {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        raw.to_owned().try_into()
    }
}

impl From<EcosystemId> for String {
    fn from(id: EcosystemId) -> Self {
        id.0.into_owned()
    }
}

impl fmt::Display for EcosystemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The name of a registry: the `<registry>` of `/r/<registry>/<ecosystem>/`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegistryName(String);

impl RegistryName {
    /// The registry that lives at the root addresses.
    pub const DEFAULT: &'static str = "default";

    /// Lower case letters, digits, dashes.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for RegistryName {
    fn default() -> Self {
        Self(Self::DEFAULT.to_owned())
    }
}

impl TryFrom<String> for RegistryName {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        check_length(&raw, 64)?;
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        forbid_unless(&raw, allowed)?;
        Ok(Self(raw))
    }
}

impl From<RegistryName> for String {
    fn from(name: RegistryName) -> Self {
        name.0
    }
}

impl fmt::Display for RegistryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A package name in its three forms. Only an ecosystem adapter makes one.
///
/// * `display`: what the publisher typed, shown to people.
/// * `canonical`: what is compared and stored; two spellings that the ecosystem's client treats
///   as one name have one canonical form.
/// * `collision_key`: two *different* canonical names with one key look so alike that the second
///   may not be created.
///
/// Equality and hashing look at `canonical` alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackageName {
    display: Box<str>,
    canonical: Box<str>,
    collision_key: Box<str>,
}

impl PackageName {
    /// Builds a name from forms that the adapter has computed.
    ///
    /// # Errors
    ///
    /// [`NameError`] when a form is empty, longer than [`MAX_PACKAGE_NAME_BYTES`], has a control
    /// character, a backslash, a percent sign or white space, or a path segment `.` or `..`:
    /// things that no ecosystem allows and that must never reach a path or a header.
    pub fn new(
        display: impl Into<Box<str>>,
        canonical: impl Into<Box<str>>,
        collision_key: impl Into<Box<str>>,
    ) -> Result<Self, NameError> {
        let name = Self {
            display: display.into(),
            canonical: canonical.into(),
            collision_key: collision_key.into(),
        };
        for form in [&name.display, &name.canonical, &name.collision_key] {
            check_length(form, MAX_PACKAGE_NAME_BYTES)?;
            forbid_unless(form, |c| {
                !c.is_control() && !c.is_whitespace() && !matches!(c, '\\' | '%' | '?' | '#')
            })?;
            if form.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
                return Err(NameError::rule("a name must not contain empty or dot segments"));
            }
        }
        Ok(name)
    }

    /// What the publisher typed.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// What is compared.
    pub fn canonical(&self) -> &str {
        &self.canonical
    }

    /// What must be unique among new names.
    pub fn collision_key(&self) -> &str {
        &self.collision_key
    }
}

impl PartialEq for PackageName {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for PackageName {}

impl std::hash::Hash for PackageName {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl fmt::Display for PackageName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}

/// The name of one artifact file: a single path segment that is safe everywhere.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Filename(String);

impl Filename {
    /// The name, without any directory.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for Filename {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        check_length(&raw, MAX_FILENAME_BYTES)?;
        forbid_unless(&raw, |c| {
            !c.is_control() && !matches!(c, '/' | '\\' | '%' | '?' | '#' | '"' | '<' | '>' | ' ')
        })?;
        if raw.starts_with('.') {
            return Err(NameError::rule("a file name must not start with a dot"));
        }
        Ok(Self(raw))
    }
}

impl std::str::FromStr for Filename {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        raw.to_owned().try_into()
    }
}

impl From<Filename> for String {
    fn from(name: Filename) -> Self {
        name.0
    }
}

impl fmt::Display for Filename {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

pub(crate) fn check_length(raw: &str, limit_bytes: usize) -> Result<(), NameError> {
    if raw.is_empty() {
        return Err(NameError::Empty);
    }
    if raw.len() > limit_bytes {
        return Err(NameError::TooLong { limit_bytes });
    }
    Ok(())
}

pub(crate) fn forbid_unless(raw: &str, allowed: impl Fn(char) -> bool) -> Result<(), NameError> {
    match raw.chars().find(|c| !allowed(*c)) {
        Some(c) => Err(NameError::Forbidden { found: c.escape_default().to_string() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filename_is_one_safe_segment() {
        for bad in ["", ".", "..", "../x", "a/b", "a\\b", "a\0b", "a\nb", "%2e", ".htaccess", "a b"]
        {
            assert!(bad.parse::<Filename>().is_err(), "{bad:?} was accepted");
        }
        for good in ["serde-1.0.0.crate", "x-1.0+local.tar.gz", "naïve-1.0.tgz"] {
            assert!(good.parse::<Filename>().is_ok(), "{good:?} was refused");
        }
    }

    #[test]
    fn a_package_name_never_carries_a_path_trick() {
        for bad in ["..", "a/../b", "a//b", "/a", "a/", "a%2fb", "a\r\nb", "a b"] {
            assert!(PackageName::new(bad, bad, bad).is_err(), "{bad:?} was accepted");
        }
        assert!(PackageName::new("@scope/name", "@scope/name", "@scope/name").is_ok());
    }

    #[test]
    fn names_are_equal_when_their_canonical_forms_are() {
        let typed = PackageName::new("Foo_Bar", "foo-bar", "foobar").unwrap();
        let other = PackageName::new("foo.bar", "foo-bar", "foobar").unwrap();
        assert_eq!(typed, other);
    }
}
