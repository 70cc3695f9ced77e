//! Tokens: minted, listed, revoked. The secret is shown once and only its hash is kept.

use vouchsafe_domain::actor::AccountActor;
use vouchsafe_domain::call::{Answer, TokenDraft, TokenView};
use vouchsafe_domain::{
    AccountId, Actor, ErrorCode, NamePattern, RefusalKind, Scopes, Secret, Timestamp,
};
use vouchsafe_identity::authorize::Action;
use vouchsafe_identity::mint::may_mint;
use vouchsafe_identity::token;
use vouchsafe_store::{NewToken, TokenRow};

use crate::sign_in::signed_in;
use crate::{App, AppError, CallContext};

/// The longest a token may live when it has an end, in days.
const MAX_EXPIRES_DAYS: u32 = 3650;
/// Patterns in one token at most.
const MAX_PATTERNS: usize = 500;

/// What a new token shall be.
#[derive(Debug, Clone)]
pub struct NewTokenRequest {
    /// A name for people.
    pub name: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Which packages; empty means all.
    pub packages: Vec<NamePattern>,
    /// When it ends.
    pub expiry: Expiry,
}

/// When a new token ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// When tokens of this registry usually do, and not after the credential that makes it.
    Usual,
    /// Never.
    Never,
    /// After so many days.
    Days(u32),
}

impl From<Option<u32>> for Expiry {
    /// Reads days as clients and the command line say them: 0 is no end at all.
    fn from(days: Option<u32>) -> Self {
        match days {
            None => Self::Usual,
            Some(0) => Self::Never,
            Some(days) => Self::Days(days),
        }
    }
}

/// A fresh token.
pub struct MintedToken {
    /// Shown this once.
    pub secret: Secret,
    /// What is kept.
    pub view: TokenView,
}

impl App {
    /// Mints a token for an account.
    ///
    /// # Errors
    ///
    /// `auth.forbidden` when the actor would hand out more than it has itself.
    pub async fn mint_token(
        &self,
        actor: &Actor,
        account: AccountId,
        request: NewTokenRequest,
    ) -> Result<MintedToken, AppError> {
        let now = self.now();
        let expires_at = self.end_of(actor, request.expiry, now);
        let allowed = may_mint(actor, &request.scopes, &request.packages, expires_at);
        allowed.map_err(|denied| AppError::Refused(denied.into()))?;
        if request.packages.len() > MAX_PATTERNS {
            let message = format!("a token may name at most {MAX_PATTERNS} patterns");
            return Err(AppError::refused(RefusalKind::TooLarge, ErrorCode::TooLarge, message));
        }
        let minted = token::generate(random()?);
        let new = NewToken {
            account_id: account,
            name: request.name.chars().filter(|c| !c.is_control()).take(100).collect(),
            hint: minted.hint,
            secret_sha256: *minted.hash.as_bytes(),
            scopes: request.scopes,
            packages: request.packages,
            expires_at,
            actor: actor.label().to_owned(),
            now,
        };
        let row = self.inner.store.insert_token(new).await?;
        Ok(MintedToken { secret: minted.secret, view: view(row) })
    }

    pub(crate) async fn create_token(
        &self,
        context: &CallContext<'_>,
        draft: TokenDraft,
    ) -> Result<Answer, AppError> {
        let account = self.token_manager(context)?;
        // A client that asks for the password again proves that a person is there.
        if let Some(password) = &draft.password {
            self.check_password(account.name.as_str(), password, context.client).await?;
        }
        let packages = draft.packages.iter().map(|text| text.parse()).collect::<Result<_, _>>();
        let packages = packages.map_err(|error: vouchsafe_domain::name::NameError| {
            let message = error.to_string();
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
        })?;
        let request = NewTokenRequest {
            name: draft.name,
            scopes: draft.scopes,
            packages,
            expiry: draft.expires_days.into(),
        };
        let minted = self.mint_token(context.actor, account.id, request).await?;
        Ok(Answer::Token { secret: minted.secret, view: minted.view })
    }

    fn end_of(&self, actor: &Actor, expiry: Expiry, now: Timestamp) -> Option<Timestamp> {
        let after = |days: u32| {
            let secs = u64::from(days.min(MAX_EXPIRES_DAYS)) * 86_400;
            now.plus(std::time::Duration::from_secs(secs))
        };
        match expiry {
            Expiry::Never => None,
            Expiry::Days(days) => Some(after(days)),
            Expiry::Usual => {
                let usual = self.config().token_default_days.map(after);
                let own = actor.account().and_then(|account| account.expires_at);
                [usual, own].into_iter().flatten().min()
            }
        }
    }

    fn token_manager<'a>(&self, context: &CallContext<'a>) -> Result<&'a AccountActor, AppError> {
        self.authorize(context, Action::ManageTokens, None, false)?;
        signed_in(context.actor)
    }

    pub(crate) async fn list_tokens(&self, context: &CallContext<'_>) -> Result<Answer, AppError> {
        let account = self.token_manager(context)?;
        let rows = self.inner.store.list_tokens(account.id).await?;
        let live = rows.into_iter().filter(|row| row.revoked_at.is_none());
        Ok(Answer::Tokens(live.map(view).collect()))
    }

    pub(crate) async fn revoke_token(
        &self,
        context: &CallContext<'_>,
        id: &str,
    ) -> Result<Answer, AppError> {
        let account = self.token_manager(context)?;
        let missing = || AppError::not_found(format_args!("the token `{id}`"));
        let id = id.parse().map_err(|_| missing())?;
        let actor = context.actor.label();
        if !self.inner.store.revoke_token(account.id, id, actor, self.now()).await? {
            return Err(missing());
        }
        self.inner.credentials.forget();
        Ok(Answer::Done)
    }

    /// Signs out: the token that is shown is revoked. Showing it is right enough.
    pub(crate) async fn revoke_secret(
        &self,
        context: &CallContext<'_>,
        secret: &Secret,
    ) -> Result<Answer, AppError> {
        signed_in(context.actor)?;
        let missing = || AppError::not_found("this token");
        let hash = token::parse(secret.expose()).map_err(|_| missing())?;
        let actor = context.actor.label();
        let revoked =
            self.inner.store.revoke_token_by_hash(hash.as_bytes(), actor, self.now()).await?;
        if !revoked {
            return Err(missing());
        }
        self.inner.credentials.forget();
        Ok(Answer::Done)
    }
}

fn view(row: TokenRow) -> TokenView {
    TokenView {
        id: row.id,
        name: row.name,
        hint: row.hint,
        scopes: row.scopes,
        packages: row.packages.iter().map(ToString::to_string).collect(),
        created_at: row.created_at,
        expires_at: row.expires_at,
        last_used_at: row.last_used_at,
    }
}

/// 256 bits from the system's generator.
pub(crate) fn random() -> Result<[u8; 32], AppError> {
    let mut bytes = [0; 32];
    aws_lc_rs::rand::fill(&mut bytes)
        .map_err(|_| AppError::internal(std::io::Error::other("no randomness")))?;
    Ok(bytes)
}
