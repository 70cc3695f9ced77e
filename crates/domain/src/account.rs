//! Account names and e-mail addresses.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::name::{NameError, check_length, forbid_unless};

/// An account name: 1 to 64 of `a-z 0-9 - _ .`, starting with a letter or digit.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountName(String);

impl AccountName {
    /// The name; it is already lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for AccountName {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        check_length(&raw, 64)?;
        forbid_unless(&raw, |c| {
            c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '-' | '_' | '.')
        })?;
        if !raw.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Err(NameError::rule("an account name starts with a letter or a digit"));
        }
        Ok(Self(raw))
    }
}

impl std::str::FromStr for AccountName {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        raw.to_owned().try_into()
    }
}

impl From<AccountName> for String {
    fn from(name: AccountName) -> Self {
        name.0
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An e-mail address, checked for shape only: whether it works is found by sending mail.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for EmailAddress {
    type Error = NameError;

    fn try_from(raw: String) -> Result<Self, NameError> {
        check_length(&raw, 254)?;
        forbid_unless(&raw, |c| {
            !c.is_control() && !c.is_whitespace() && !matches!(c, '<' | '>' | '"' | ',' | ';')
        })?;
        match raw.rsplit_once('@') {
            Some((local, domain)) if !local.is_empty() && !domain.is_empty() => Ok(Self(raw)),
            _ => Err(NameError::rule("an e-mail address looks like name@example.org")),
        }
    }
}

impl std::str::FromStr for EmailAddress {
    type Err = NameError;

    fn from_str(raw: &str) -> Result<Self, NameError> {
        raw.to_owned().try_into()
    }
}

impl From<EmailAddress> for String {
    fn from(address: EmailAddress) -> Self {
        address.0
    }
}
