//! Versions: opaque text here. Only the ecosystem's adapter knows their order.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{NameError, check_length, forbid_unless};

/// Longest version accepted in any ecosystem, in bytes.
pub const MAX_VERSION_BYTES: usize = 150;

/// A version in two forms. Only an ecosystem adapter makes one.
///
/// `display` is what the publisher typed. `canonical` is what must be unique within a package:
/// `1.0` and `1.0.0` on PyPI, `1.0.0+a` and `1.0.0+b` for Cargo and npm, are one release.
/// Equality and hashing look at `canonical` alone.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Version {
    display: Box<str>,
    canonical: Box<str>,
}

impl Version {
    /// Builds a version from forms that the adapter has computed.
    ///
    /// # Errors
    ///
    /// [`NameError`] when a form is empty, longer than [`MAX_VERSION_BYTES`], or holds a control
    /// character, white space, a slash, a backslash or a percent sign.
    pub fn new(
        display: impl Into<Box<str>>,
        canonical: impl Into<Box<str>>,
    ) -> Result<Self, NameError> {
        let version = Self { display: display.into(), canonical: canonical.into() };
        for form in [&version.display, &version.canonical] {
            check_length(form, MAX_VERSION_BYTES)?;
            forbid_unless(form, |c| {
                !c.is_control() && !c.is_whitespace() && !matches!(c, '/' | '\\' | '%' | '?' | '#')
            })?;
        }
        Ok(version)
    }

    /// What the publisher typed.
    pub fn display(&self) -> &str {
        &self.display
    }

    /// What is compared for identity (not for order).
    pub fn canonical(&self) -> &str {
        &self.canonical
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.canonical == other.canonical
    }
}

impl Eq for Version {}

impl std::hash::Hash for Version {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.canonical.hash(state);
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.display)
    }
}
