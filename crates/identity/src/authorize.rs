//! Authorization: one function that says who may do what.
//!
//! Three things must agree before an account changes anything: the credential's scope, the
//! credential's package patterns, and the account's own right to the package. Nothing is fetched
//! here: whether the actor owns the package and whether reading is public come in as facts.
//!
//! # Invariants
//!
//! - Default deny: a combination that no rule below grants is refused.
//! - A credential never widens what its account may do, and administrators need the scope too.
//! - `match` over [`Action`] is exhaustive: a new action cannot be forgotten.

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::{Actor, ErrorCode, PackageRef, Refusal, RefusalKind, Scope, Scopes};

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// See that this registry is there: settings documents, ping, "who am I". No package name
    /// comes out of it.
    Enter,
    /// See or download a package; without a package: list or search them.
    Read,
    /// Publish the first release of a package.
    PublishNew,
    /// Publish a further release.
    PublishUpdate,
    /// Yank, unyank, deprecate, move tags.
    Yank,
    /// Change owners or visibility.
    ChangeOwners,
    /// Remove a release or a package for good.
    Remove,
    /// List, create or revoke one's own tokens.
    ManageTokens,
    /// Manage accounts, claims and policy of the registry.
    Administer,
}

impl Action {
    /// Every action there is.
    pub const ALL: [Self; 9] = [
        Self::Enter,
        Self::Read,
        Self::PublishNew,
        Self::PublishUpdate,
        Self::Yank,
        Self::ChangeOwners,
        Self::Remove,
        Self::ManageTokens,
        Self::Administer,
    ];

    /// What it is, after "may not".
    const fn as_phrase(self) -> &'static str {
        match self {
            Self::Enter => "use this registry",
            Self::Read => "read",
            Self::PublishNew => "publish a first release of",
            Self::PublishUpdate => "publish",
            Self::Yank => "yank, deprecate or tag releases of",
            Self::ChangeOwners => "change the owners of",
            Self::Remove => "remove releases of",
            Self::ManageTokens => "manage tokens",
            Self::Administer => "administer this registry",
        }
    }
}

/// What an action is about, with the facts that the answer depends on.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'a> {
    /// The package; `None` when the action is about no package or about all of them.
    pub package: Option<&'a PackageRef>,
    /// Whether the acting account owns it.
    pub is_owner: bool,
    /// Whether everybody may read it, without signing in.
    pub read_is_public: bool,
    /// Whether this registry hosts it already.
    pub exists: bool,
}

/// A "no".
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Denied {
    /// One sentence for the person, without a secret.
    pub reason: String,
    /// Whether signing in could help: 401 if so, else 403.
    pub could_authenticate: bool,
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        if denied.could_authenticate {
            Self::new(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, denied.reason)
        } else {
            Self::new(RefusalKind::Forbidden, ErrorCode::Forbidden, denied.reason)
        }
    }
}

/// Says whether `actor` may do `action` to `resource`.
///
/// # Errors
///
/// [`Denied`] with the first reason found. It may name the package, so a caller that hides
/// private packages from strangers asks for [`Action::Read`] first.
///
/// # Examples
///
/// ```
/// # use vouchsafe_domain::Actor;
/// # use vouchsafe_identity::authorize::{Action, Resource, authorize};
/// let public = Resource { package: None, is_owner: false, read_is_public: true, exists: true };
/// assert!(authorize(&Actor::Anonymous, Action::Read, &public).is_ok());
/// assert!(authorize(&Actor::Anonymous, Action::Yank, &public).unwrap_err().could_authenticate);
/// ```
pub fn authorize(actor: &Actor, action: Action, resource: &Resource<'_>) -> Result<(), Denied> {
    match actor {
        Actor::System => Ok(()),
        Actor::Anonymous => authorize_anonymous(action, resource),
        Actor::Account(account) => authorize_account(account, action, resource),
    }
}

fn authorize_anonymous(action: Action, resource: &Resource<'_>) -> Result<(), Denied> {
    let is_reading = matches!(action, Action::Enter | Action::Read);
    if is_reading && resource.read_is_public {
        return Ok(());
    }
    let phrase = action.as_phrase();
    let what = resource.package.map(|package| format!(" {package}")).unwrap_or_default();
    let reason = format!("a token or password is needed to {phrase}{what}");
    Err(Denied { reason, could_authenticate: true })
}

fn authorize_account(
    account: &AccountActor,
    action: Action,
    resource: &Resource<'_>,
) -> Result<(), Denied> {
    match action {
        Action::Enter => Ok(()),
        Action::Read if resource.read_is_public => Ok(()),
        Action::Read => {
            require_scope(account, Scope::Read)?;
            match resource.package {
                Some(package) => require_pattern(account, package),
                None if account.packages.is_empty() => Ok(()),
                None => Err(no("this token is limited to certain packages and may not list all")),
            }
        }
        Action::PublishNew => {
            let package = require_credential(account, action, Scope::PublishNew, resource)?;
            if resource.exists {
                return Err(no(format!("{package} exists already: this would be an update")));
            }
            Ok(())
        }
        Action::PublishUpdate => {
            let package = require_credential(account, action, Scope::PublishUpdate, resource)?;
            require_existing(package, resource)?;
            // Not even for administrators: who takes packages over does so as an owner, on record.
            require(resource.is_owner, || not_an_owner(account, action, package))
        }
        Action::Yank => change(account, action, Scope::Yank, resource),
        Action::ChangeOwners => change(account, action, Scope::Owners, resource),
        Action::Remove => change(account, action, Scope::Yank, resource),
        Action::ManageTokens => require(is_unlimited(account), || {
            no("managing tokens needs a password sign-in or a token with every scope and no \
                package limits")
        }),
        Action::Administer => {
            require(account.is_admin, || {
                no(format!("`{}` may not administer this registry", account.name))
            })?;
            require(is_unlimited(account), || {
                no("administering needs a password sign-in or a token with every scope and no \
                    package limits")
            })
        }
    }
}

/// A change to an existing package, by its owners or an administrator.
fn change(
    account: &AccountActor,
    action: Action,
    scope: Scope,
    resource: &Resource<'_>,
) -> Result<(), Denied> {
    let package = require_credential(account, action, scope, resource)?;
    require_existing(package, resource)?;
    require(resource.is_owner || account.is_admin, || not_an_owner(account, action, package))
}

/// The credential's side of every change: scope and patterns.
fn require_credential<'a>(
    account: &AccountActor,
    action: Action,
    scope: Scope,
    resource: &Resource<'a>,
) -> Result<&'a PackageRef, Denied> {
    require_scope(account, scope)?;
    let Some(package) = resource.package else {
        return Err(no(format!("no package was named to {}", action.as_phrase())));
    };
    require_pattern(account, package)?;
    Ok(package)
}

fn require_scope(account: &AccountActor, scope: Scope) -> Result<(), Denied> {
    require(account.has_scope(scope), || no(format!("this token lacks the scope `{scope}`")))
}

fn require_pattern(account: &AccountActor, package: &PackageRef) -> Result<(), Denied> {
    require(account.may_touch(package), || no(format!("this token is not for {package}")))
}

fn require_existing(package: &PackageRef, resource: &Resource<'_>) -> Result<(), Denied> {
    require(resource.exists, || no(format!("{package} does not exist here")))
}

/// Whether the credential has no limits of its own: a password, or a token with every scope and
/// all packages.
pub(crate) fn is_unlimited(account: &AccountActor) -> bool {
    let is_password = account.token_id.is_none();
    is_password || (account.packages.is_empty() && Scopes::all().is_subset(&account.scopes))
}

fn not_an_owner(account: &AccountActor, action: Action, package: &PackageRef) -> Denied {
    let (name, phrase) = (&account.name, action.as_phrase());
    no(format!("`{name}` may not {phrase} {package}: only its owners may"))
}

fn require(is_granted: bool, denied: impl FnOnce() -> Denied) -> Result<(), Denied> {
    if is_granted { Ok(()) } else { Err(denied()) }
}

pub(crate) fn no(reason: impl Into<String>) -> Denied {
    Denied { reason: reason.into(), could_authenticate: false }
}
