//! Signing in by password, and who one is.

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{Actor, ErrorCode, RefusalKind, Scopes, Secret};
use vouchsafe_identity::authorize::Action;

use crate::authenticate::password_actor;
use crate::tokens::{Expiry, NewTokenRequest};
use crate::{App, AppError, CallContext, ClientAddress, MintedToken};

impl App {
    /// Signs in by password and gives a token for the client to keep.
    pub(crate) async fn sign_in(
        &self,
        context: &CallContext<'_>,
        name: &str,
        password: &Secret,
    ) -> Result<Answer, AppError> {
        let minted = self.sign_in_with_password(name, password, context.client, "sign-in").await?;
        Ok(Answer::Token { secret: minted.secret, view: minted.view })
    }

    /// Checks a password and mints a token with every scope and the default end.
    ///
    /// # Errors
    ///
    /// `auth.refused` (401), `auth.throttled` (429).
    pub async fn sign_in_with_password(
        &self,
        name: &str,
        password: &Secret,
        client: ClientAddress,
        token_name: &str,
    ) -> Result<MintedToken, AppError> {
        let account = self.check_password(name, password, client).await?;
        let actor = Actor::Account(password_actor(&account));
        let request = NewTokenRequest {
            name: token_name.to_owned(),
            scopes: Scopes::all(),
            packages: Vec::new(),
            expiry: Expiry::Usual,
        };
        let minted = self.mint_token(&actor, account.id, request).await?;
        let name = account.name.as_str();
        let event = NewEvent::new(EventKind::AccountSignedIn, name, name);
        self.inner.store.record_event(event, self.now()).await?;
        Ok(minted)
    }

    /// Who the caller is.
    pub(crate) async fn who_am_i(&self, context: &CallContext<'_>) -> Result<Answer, AppError> {
        let account = signed_in(context.actor)?;
        let row = self.inner.store.account_by_id(account.id).await?;
        let email = row.map(|row| row.email.as_str().to_owned());
        Ok(Answer::Me { name: account.name.to_string(), email })
    }

    /// Whether an account exists. Its address is its own business.
    pub(crate) async fn read_account(
        &self,
        context: &CallContext<'_>,
        name: &str,
    ) -> Result<Answer, AppError> {
        self.authorize(context, Action::Read, None, false)?;
        signed_in(context.actor)?;
        let account = match name.parse() {
            Ok(name) => self.inner.store.account_by_name(&name).await?,
            Err(_) => None,
        };
        let missing = || AppError::not_found(format_args!("the account `{name}`"));
        let account = account.ok_or_else(missing)?;
        Ok(Answer::Account { name: account.name.to_string() })
    }
}

/// The account behind the actor, or "sign in".
pub(crate) fn signed_in(actor: &Actor) -> Result<&vouchsafe_domain::actor::AccountActor, AppError> {
    actor.account().ok_or_else(|| {
        AppError::refused(
            RefusalKind::Unauthenticated,
            ErrorCode::AuthRequired,
            "this needs a token: sign in first",
        )
    })
}
