//! Namespaces: beginnings of package names that an account has claimed and proved to be its own.
//!
//! A claim holds nobody off. Proved, it becomes the account's namespace: nobody else creates
//! packages in it, and nothing in it is ever asked upstream. A proof that goes away freezes the
//! namespace until it is back: whoever has the domain now may be somebody else.

mod claim;
mod proof;
mod right;
mod verify;

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use vouchsafe_adapter::Ecosystem;
use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::{
    Actor, ErrorCode, Namespace, NamespaceId, NamespaceState, RefusalKind, Scope, Timestamp,
};
use vouchsafe_identity::throttle::{Limit, Settings, Throttle, ThrottleKey};
use vouchsafe_store::NamespaceRow;

pub use claim::{ClaimedProof, NamespaceClaim};

use crate::{App, AppError, Mounted, REGISTRY};

/// A claim that nobody proved is forgotten after this.
const PENDING_FOR: Duration = Duration::from_secs(7 * 24 * 3600);
/// Claims of one account that are not verified yet, at most.
const MAX_OPEN_CLAIMS: u32 = 20;

/// How often an account may claim, and have proofs looked for: each look is a question to a
/// stranger's server.
const CLAIM_LIMIT: Limit = Limit {
    free_failures: 60,
    first_lock: Duration::from_secs(2),
    longest_lock: Duration::from_secs(300),
};
const CLAIM_LIMITS: Settings = Settings {
    address: CLAIM_LIMIT,
    account: CLAIM_LIMIT,
    forget_after: Duration::from_secs(600),
    max_keys: 8192,
};

/// A claim or a namespace, as its owner and the operator see it.
#[derive(Debug, Clone)]
pub struct NamespaceView {
    /// What is stored.
    pub row: NamespaceRow,
    /// What its owner has to do, while there is something to do.
    pub next_step: Option<String>,
}

/// What this process keeps about claims.
pub(crate) struct Claims {
    hosts: vouchsafe_upstream::CodeHosts,
    throttle: Mutex<Throttle>,
}

impl Claims {
    pub(crate) fn new(hosts: vouchsafe_upstream::CodeHosts) -> Self {
        Self { hosts, throttle: Mutex::new(Throttle::new(CLAIM_LIMITS)) }
    }
}

impl App {
    /// The claims and namespaces of the acting account.
    ///
    /// # Errors
    ///
    /// `auth.*` when nobody is signed in, or the token lacks the scope `read`.
    pub async fn list_own_namespaces(&self, actor: &Actor) -> Result<Vec<NamespaceView>, AppError> {
        let account = holder(actor, Scope::Read)?;
        let rows = self.inner.store.namespaces_of(REGISTRY, account.id).await?;
        Ok(self.namespace_views(rows))
    }

    /// Every claim and every namespace, for the operator.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn list_namespaces(&self) -> Result<Vec<NamespaceView>, AppError> {
        Ok(self.namespace_views(self.inner.store.list_namespaces(REGISTRY).await?))
    }

    /// Gives up a claim or a namespace of the acting account.
    ///
    /// # Errors
    ///
    /// Not found when the account has no such claim; `auth.*`.
    pub async fn release_own_namespace(
        &self,
        actor: &Actor,
        id: NamespaceId,
    ) -> Result<(), AppError> {
        let row = self.own_claim(actor, id).await?;
        self.remove_namespace(row.id, actor.label()).await
    }

    /// Takes a claim or a namespace away, for the operator.
    ///
    /// # Errors
    ///
    /// Not found when there is no such claim.
    pub async fn remove_namespace(&self, id: NamespaceId, author: &str) -> Result<(), AppError> {
        let removed = self.inner.store.remove_namespace(REGISTRY, id, author, self.now()).await?;
        if !removed {
            return Err(AppError::not_found(format_args!("the claim {id}")));
        }
        self.reload_rules().await
    }

    /// A claim of the acting account. Those of others are not told from those that do not exist.
    async fn own_claim(&self, actor: &Actor, id: NamespaceId) -> Result<NamespaceRow, AppError> {
        let account = owner(actor)?;
        let row = self.live_claim(id).await?;
        row.filter(|row| row.account_id == account.id)
            .ok_or_else(|| AppError::not_found(format_args!("the claim {id}")))
    }

    async fn live_claim(&self, id: NamespaceId) -> Result<Option<NamespaceRow>, AppError> {
        let row = self.inner.store.find_namespace(REGISTRY, id).await?;
        Ok(row.filter(|row| !is_forgotten(row, self.now())))
    }

    fn namespace_views(&self, rows: Vec<NamespaceRow>) -> Vec<NamespaceView> {
        let now = self.now();
        let live = rows.into_iter().filter(|row| !is_forgotten(row, now));
        live.map(|row| self.namespace_view(row)).collect()
    }

    fn namespace_view(&self, row: NamespaceRow) -> NamespaceView {
        let next_step = match row.state {
            NamespaceState::Verified => None,
            NamespaceState::Proved => {
                Some("the proof was found; an operator has to approve the name".to_owned())
            }
            NamespaceState::Pending | NamespaceState::Frozen => self.how_to_prove(&row),
        };
        NamespaceView { row, next_step }
    }

    /// The ecosystem of a namespace, and its prefix in canonical form with those above it.
    fn place_of(&self, namespace: &Namespace) -> Result<(&Mounted, Vec<String>), AppError> {
        let refuse = |message: String| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadName, message)
        };
        let ecosystem = namespace.ecosystem();
        let mounted = self
            .ecosystem(ecosystem.as_str())
            .ok_or_else(|| refuse(format!("there is no ecosystem `{ecosystem}` here")))?;
        let prefixes =
            canonical_prefixes(mounted.adapter, namespace.prefix()).ok_or_else(|| {
                let title = mounted.adapter.profile().title;
            refuse(format!(
                "{namespace} is no namespace of {title}: one is all that names have before a slash, \
                 or the words they begin with where they have none"
            ))
            })?;
        Ok((mounted, prefixes))
    }

    fn count_claim(&self, account: &AccountActor) -> Result<(), AppError> {
        let (key, now) = (ThrottleKey::account(account.name.as_str()), self.now());
        let throttle = &self.inner.namespace_claims.throttle;
        let mut throttle = throttle.lock().unwrap_or_else(PoisonError::into_inner);
        throttle.check(&key, now).map_err(|retry_after_secs| {
            AppError::refused(
                RefusalKind::Throttled { retry_after_secs },
                ErrorCode::RateLimited,
                format!("too many claims; try again in {retry_after_secs} seconds"),
            )
        })?;
        throttle.failed(&key, now);
        Ok(())
    }
}

/// The account that acts, when its credential has this scope.
fn holder(actor: &Actor, scope: Scope) -> Result<&AccountActor, AppError> {
    let account = actor.account().ok_or_else(|| {
        let message = "namespaces belong to accounts: sign in with a token";
        AppError::refused(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, message)
    })?;
    if !account.has_scope(scope) {
        let message = format!("this token lacks the scope `{scope}`");
        return Err(AppError::refused(RefusalKind::Forbidden, ErrorCode::Forbidden, message));
    }
    Ok(account)
}

/// The account that decides about its namespaces: whoever holds a namespace decides who publishes
/// in it, so a token that was made for single packages, or for publishing, is not enough.
fn owner(actor: &Actor) -> Result<&AccountActor, AppError> {
    let account = holder(actor, Scope::Owners)?;
    if !account.packages.is_empty() {
        let message = "this token is for certain packages; namespaces need one for all";
        return Err(AppError::refused(RefusalKind::Forbidden, ErrorCode::Forbidden, message));
    }
    Ok(account)
}

fn is_forgotten(row: &NamespaceRow, now: Timestamp) -> bool {
    row.state == NamespaceState::Pending && now.since(row.created_at) >= PENDING_FOR
}

/// A prefix as typed, in canonical form, followed by the namespaces above it. `None` when no
/// package name begins like this.
fn canonical_prefixes(adapter: &dyn Ecosystem, typed: &str) -> Option<Vec<String>> {
    // A prefix is a name by itself (`acme`), or becomes one with a segment behind it (`@acme/x`).
    ["", "/x"].into_iter().find_map(|ending| {
        let name = adapter.parse_name(&format!("{typed}{ending}")).ok()?;
        let prefixes = adapter.claimable_namespaces(&name);
        // `com.acme/lib` is a package of `com.acme`, and typed as a prefix it is a mistake.
        let is_whole = prefixes.first()?.len() + ending.len() == name.canonical().len();
        is_whole.then_some(prefixes)
    })
}

#[cfg(test)]
mod tests {
    use super::canonical_prefixes;

    #[track_caller]
    fn check(ecosystem: &str, typed: &str, expected: &[&str]) {
        let adapters = vouchsafe_ecosystems::ADAPTERS.iter();
        let adapter = adapters.copied().find(|adapter| adapter.id().as_str() == ecosystem);
        let found = canonical_prefixes(adapter.unwrap(), typed).unwrap_or_default();
        assert_eq!(found, expected, "{ecosystem} {typed}");
    }

    #[test]
    fn prefixes_are_compared_in_the_form_of_their_ecosystem() {
        check("npm", "@acme", &["@acme"]);
        check("pypi", "Acme_Tools", &["acme-tools", "acme"]);
        check("cargo", "Acme_tools", &["acme-tools", "acme"]);
        check("maven", "com.acme.tools", &["com.acme.tools", "com.acme"]);
        check("maven", "junit", &["junit"]);
        check("composer", "acme.corp", &["acme.corp"]);
        check("golang", "example.com/mod", &["example.com/mod", "example.com"]);
    }

    #[test]
    fn what_no_name_begins_with_is_no_namespace() {
        for (ecosystem, typed) in [
            ("npm", "acme"),
            ("npm", "@acme/tool"),
            ("npm", "@"),
            ("pypi", "acme-"),
            ("pypi", "acme/x"),
            ("cargo", "1acme"),
            ("maven", "com.acme/lib"),
            ("maven", "com..acme"),
            ("composer", "acme/lib"),
            ("composer", "Acme"),
        ] {
            check(ecosystem, typed, &[]);
        }
    }
}
