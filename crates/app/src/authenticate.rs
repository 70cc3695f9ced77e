//! From a credential to an actor.
//!
//! A credential that is sent must be good: a bad one is refused, never treated as anonymous, so
//! that a typo is seen where it happens. Failures are throttled per address and per account.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use moka::sync::Cache;
use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    Actor, Credential, ErrorCode, RefusalKind, Scopes, Secret, Timestamp, TokenId,
};
use vouchsafe_identity::throttle::{Limit, Settings, Throttle, ThrottleKey};
use vouchsafe_identity::{credential, password, token};
use vouchsafe_store::AccountRow;

use crate::{App, AppError};

/// Where a request came from, after trusted proxies were looked through.
pub type ClientAddress = IpAddr;

/// How long a token that was found good is believed without asking the store. Revocation does not
/// wait for it: the event of the revocation empties the cache.
const BELIEVED_FOR: Duration = Duration::from_secs(60);
/// The last use of a token is written at most this often.
const LAST_USE_STEP: Duration = Duration::from_secs(600);

/// How many browser sign-ins one address may start. Many people may share one.
const START_LIMITS: Settings = Settings {
    address: START_LIMIT,
    account: START_LIMIT,
    forget_after: Duration::from_secs(600),
    max_keys: 32_768,
};
const START_LIMIT: Limit = Limit {
    free_failures: 100,
    first_lock: Duration::from_secs(1),
    longest_lock: Duration::from_secs(60),
};

pub(crate) struct Credentials {
    by_hash: Cache<[u8; 32], Arc<Known>>,
    throttle: Mutex<Throttle>,
    /// Sign-ins that were started and need no credential: each one is a row.
    starts: Mutex<Throttle>,
    last_uses: Mutex<HashMap<TokenId, Timestamp>>,
}

struct Known {
    actor: AccountActor,
    last_used_at: Option<Timestamp>,
}

impl Default for Credentials {
    fn default() -> Self {
        Self {
            by_hash: Cache::builder().max_capacity(10_000).time_to_live(BELIEVED_FOR).build(),
            throttle: Mutex::new(Throttle::default()),
            starts: Mutex::new(Throttle::new(START_LIMITS)),
            last_uses: Mutex::default(),
        }
    }
}

impl Credentials {
    /// Forgets every token that was found good.
    pub(crate) fn forget(&self) {
        self.by_hash.invalidate_all();
    }
}

impl App {
    /// Reads the credential of a request, without judging it.
    pub fn read_credential(&self, headers: &http::HeaderMap) -> Credential {
        let values = headers.get_all(http::header::AUTHORIZATION);
        credential::from_authorization(values.iter().map(http::HeaderValue::as_bytes))
    }

    /// Finds out who sent a request.
    ///
    /// # Errors
    ///
    /// `auth.refused` (401) for a credential that is malformed, unknown, expired or revoked (which
    /// of them is not told), `auth.throttled` (429) after too many of those.
    pub async fn authenticate(
        &self,
        credential: &Credential,
        from: ClientAddress,
    ) -> Result<Actor, AppError> {
        match credential {
            Credential::None => Ok(Actor::Anonymous),
            Credential::Malformed => Err(refused("the Authorization header cannot be read")),
            Credential::Token(secret) => self.authenticate_token(secret, from).await,
            Credential::Password { name, password } => {
                let account = Box::pin(self.check_password(name, password, from)).await?;
                Ok(Actor::Account(password_actor(&account)))
            }
        }
    }

    /// Asks again whether a credential is good, after a body that may have taken long to arrive:
    /// what was revoked meanwhile must not be used any more.
    ///
    /// # Errors
    ///
    /// Like [`authenticate`](Self::authenticate).
    pub async fn confirm(
        &self,
        credential: &Credential,
        actor: &Actor,
        from: ClientAddress,
    ) -> Result<(), AppError> {
        match (credential, actor) {
            (Credential::Token(secret), _) => self.authenticate_token(secret, from).await.map(drop),
            (_, Actor::Account(account)) => {
                let row = self.inner.store.account_by_id(account.id).await?;
                let is_live = row.is_some_and(|row| row.disabled_at.is_none());
                if is_live { Ok(()) } else { Err(refused("the account is disabled")) }
            }
            (_, Actor::Anonymous | Actor::System) => Ok(()),
        }
    }

    async fn authenticate_token(
        &self,
        secret: &Secret,
        from: ClientAddress,
    ) -> Result<Actor, AppError> {
        let now = self.now();
        let key = ThrottleKey::address(from);
        let hash = match token::parse(secret.expose()) {
            Ok(hash) => *hash.as_bytes(),
            Err(_) => {
                self.check_throttle(&key)?;
                return Box::pin(self.refuse_credential(&[key], "token")).await;
            }
        };
        if let Some(known) = self.inner.credentials.by_hash.get(&hash)
            && known.actor.expires_at.is_none_or(|ends| now < ends)
        {
            self.note_use(&known, now);
            return Ok(Actor::Account(known.actor.clone()));
        }
        Box::pin(self.look_up_token(hash, key)).await
    }

    async fn look_up_token(&self, hash: [u8; 32], key: ThrottleKey) -> Result<Actor, AppError> {
        let now = self.now();
        self.check_throttle(&key)?;
        let Some((row, account)) = self.inner.store.token_by_hash(&hash).await? else {
            return self.refuse_credential(&[key], "token").await;
        };
        let is_over = row.revoked_at.is_some()
            || row.expires_at.is_some_and(|ends| ends <= now)
            || account.disabled_at.is_some();
        if is_over {
            return self.refuse_credential(&[key], account.name.as_str()).await;
        }
        let known = Known {
            actor: AccountActor {
                id: account.id,
                name: account.name,
                is_admin: account.is_admin,
                token_id: Some(row.id),
                scopes: row.scopes,
                packages: row.packages,
                expires_at: row.expires_at,
            },
            last_used_at: row.last_used_at,
        };
        self.note_use(&known, now);
        let known = Arc::new(known);
        self.inner.credentials.by_hash.insert(hash, Arc::clone(&known));
        Ok(Actor::Account(known.actor.clone()))
    }

    /// Checks a name and password. An unknown account costs as much as a known one.
    pub(crate) async fn check_password(
        &self,
        name: &str,
        given: &Secret,
        from: ClientAddress,
    ) -> Result<AccountRow, AppError> {
        let keys = [ThrottleKey::address(from), ThrottleKey::account(name)];
        for key in &keys {
            self.check_throttle(key)?;
        }
        let account = match name.parse() {
            Ok(name) => self.inner.store.account_by_name(&name).await?,
            Err(_) => None,
        };
        let account = account.filter(|account| account.disabled_at.is_none());
        let stored = account.as_ref().and_then(|account| account.password_hash.clone());
        // Argon2 takes 19 MiB a time: the slots bound memory, the blocking pool keeps I/O alive.
        let _slot = self.inner.password_slots.acquire().await.map_err(AppError::internal)?;
        // Others may have failed while this one waited: guesses sent all at once are counted too.
        for key in &keys {
            self.check_throttle(key)?;
        }
        let given = given.clone();
        let is_right = tokio::task::spawn_blocking(move || match stored {
            Some(phc) => password::verify_password(&given, &phc),
            None => {
                password::verify_password(&given, password::dummy_hash());
                false
            }
        })
        .await
        .map_err(AppError::internal)?;
        match account {
            Some(account) if is_right => {
                let mut throttle = lock(&self.inner.credentials.throttle);
                keys.iter().for_each(|key| throttle.succeeded(key));
                Ok(account)
            }
            // A name that is not known may be a password that was typed into the wrong field.
            known => {
                let subject = known.as_ref().map_or("unknown", |account| account.name.as_str());
                self.refuse_credential(&keys, subject).await
            }
        }
    }

    fn check_throttle(&self, key: &ThrottleKey) -> Result<(), AppError> {
        let wait = lock(&self.inner.credentials.throttle).check(key, self.now());
        wait.map_err(|retry_after_secs| {
            AppError::refused(
                RefusalKind::Throttled { retry_after_secs },
                ErrorCode::AuthThrottled,
                format!("too many refused credentials; try again in {retry_after_secs} seconds"),
            )
        })
    }

    /// Counts a browser sign-in that an address starts.
    ///
    /// # Errors
    ///
    /// `request.rate-limited` (429).
    pub(crate) fn count_web_login(
        &self,
        from: ClientAddress,
        now: Timestamp,
    ) -> Result<(), AppError> {
        let key = ThrottleKey::address(from);
        let mut starts = lock(&self.inner.credentials.starts);
        starts.check(&key, now).map_err(|retry_after_secs| {
            AppError::refused(
                RefusalKind::Throttled { retry_after_secs },
                ErrorCode::RateLimited,
                format!("too many sign-ins were started; try again in {retry_after_secs} seconds"),
            )
        })?;
        starts.failed(&key, now);
        Ok(())
    }

    async fn refuse_credential<T>(
        &self,
        keys: &[ThrottleKey],
        subject: &str,
    ) -> Result<T, AppError> {
        let now = self.now();
        let is_news = {
            let mut throttle = lock(&self.inner.credentials.throttle);
            // Every key counts the failure, whether or not an earlier one is news.
            keys.iter().filter(|key| throttle.failed(key, now)).count() > 0
        };
        tracing::warn!("a credential was refused");
        // One event per burst: a guesser must not be able to fill the store.
        if is_news {
            let subject: String = subject.chars().filter(|c| !c.is_control()).take(64).collect();
            let event = NewEvent::new(EventKind::CredentialRefused, "anonymous", subject);
            self.inner.store.record_event(event, now).await?;
        }
        Err(refused("the credential was not accepted: it is unknown, expired or revoked"))
    }

    fn note_use(&self, known: &Known, now: Timestamp) {
        let Some(id) = known.actor.token_id else { return };
        let is_due = known.last_used_at.is_none_or(|last| now.since(last) >= LAST_USE_STEP);
        if is_due {
            lock(&self.inner.credentials.last_uses).entry(id).or_insert(now);
        }
    }

    /// Writes down when tokens were used, in one go.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails; the uses are then lost, which harms nobody.
    pub async fn flush_token_uses(&self) -> Result<(), AppError> {
        let uses: Vec<_> = lock(&self.inner.credentials.last_uses).drain().collect();
        if !uses.is_empty() {
            self.inner.store.touch_tokens(uses).await?;
        }
        Ok(())
    }
}

/// What a password sign-in may do: everything the account may.
pub(crate) fn password_actor(account: &AccountRow) -> AccountActor {
    AccountActor {
        id: account.id,
        name: account.name.clone(),
        is_admin: account.is_admin,
        token_id: None,
        scopes: Scopes::all(),
        packages: Vec::new(),
        expires_at: None,
    }
}

fn refused(message: &str) -> AppError {
    AppError::refused(RefusalKind::Unauthenticated, ErrorCode::AuthRefused, message)
}

/// A poisoned lock here guards counters and caches that are valid after any step.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
