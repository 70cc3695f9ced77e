//! Who asks: the credential that came with a request, and the actor it proved to be.

use serde::{Deserialize, Serialize};

use crate::{
    AccountId, AccountName, NamePattern, PackageRef, Scope, Scopes, Secret, Timestamp, TokenId,
};

/// What a client sent to prove who it is. Nothing about it has been checked.
#[derive(Debug, Clone)]
pub enum Credential {
    /// Nothing at all.
    None,
    /// A token, however the client wrapped it: bare, `Bearer`, or the password of HTTP Basic.
    Token(Secret),
    /// A name and a password (HTTP Basic with a password that is not a token).
    Password {
        /// The account name as typed.
        name: String,
        /// The password.
        password: Secret,
    },
    /// An `Authorization` header that cannot be read. Never treated as anonymous.
    Malformed,
}

/// Who acts, after authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Nobody in particular.
    Anonymous,
    /// The registry itself, or its operator on the command line.
    System,
    /// An account, through one of its tokens or a password.
    Account(AccountActor),
}

/// An account that acts, with the limits of the credential it used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountActor {
    /// The account.
    pub id: AccountId,
    /// Its name.
    pub name: AccountName,
    /// Whether the account administers this registry.
    pub is_admin: bool,
    /// The token in use; `None` after sign-in by password.
    pub token_id: Option<TokenId>,
    /// What the credential may do.
    pub scopes: Scopes,
    /// Which packages the credential may touch; empty means all.
    pub packages: Vec<NamePattern>,
    /// When the credential ends; `None` is never.
    pub expires_at: Option<Timestamp>,
}

impl Actor {
    /// The account behind the actor, when there is one.
    pub fn account(&self) -> Option<&AccountActor> {
        match self {
            Self::Account(account) => Some(account),
            Self::Anonymous | Self::System => None,
        }
    }

    /// A name for logs, events and messages.
    pub fn label(&self) -> &str {
        match self {
            Self::Anonymous => "anonymous",
            Self::System => "system",
            Self::Account(account) => account.name.as_str(),
        }
    }
}

impl AccountActor {
    /// Whether the credential covers this scope.
    pub fn has_scope(&self, scope: Scope) -> bool {
        self.scopes.contains(scope)
    }

    /// Whether the credential covers this package.
    pub fn may_touch(&self, package: &PackageRef) -> bool {
        self.packages.is_empty() || self.packages.iter().any(|pattern| pattern.matches(package))
    }
}
