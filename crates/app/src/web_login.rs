//! Signing in with a browser: the client polls while a person proves who they are on a page.

use std::time::Duration;

use vouchsafe_domain::call::Answer;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{Actor, ErrorCode, RefusalKind, Scopes, Secret};
use vouchsafe_identity::weblogin;
use vouchsafe_store::{NewWebLogin, WebLoginRow, WebLoginState};

use crate::authenticate::password_actor;
use crate::tokens::{Expiry, NewTokenRequest, random};
use crate::{App, AppError, CallContext, ClientAddress};

/// How long a person has, from the client's start to the last click.
const LOGIN_TTL: Duration = Duration::from_secs(600);
/// How often a client asks.
const POLL_SECS: u32 = 2;

impl App {
    pub(crate) async fn start_web_login(
        &self,
        context: &CallContext<'_>,
    ) -> Result<Answer, AppError> {
        let now = self.now();
        self.count_web_login(context.client, now)?;
        let ids = weblogin::generate(random()?, random()?);
        let client = context.user_agent.unwrap_or("an unnamed client");
        let new = NewWebLogin {
            poll_sha256: hash_id(&ids.poll_id)?,
            code_sha256: hash_id(&ids.login_id)?,
            client: client.chars().filter(|c| !c.is_control()).take(200).collect(),
            client_address: context.client.to_string(),
            now,
            expires_at: now.plus(LOGIN_TTL),
        };
        self.inner.store.start_web_login(new).await?;
        let login_url = format!("{}/login/{}", self.config().site_url, ids.login_id.expose());
        Ok(Answer::WebLogin { login_url, poll_id: ids.poll_id })
    }

    /// Gives the token once, to whoever holds the poll id.
    pub(crate) async fn poll_web_login(&self, poll_id: &Secret) -> Result<Answer, AppError> {
        let hash = hash_id(poll_id)?;
        match self.inner.store.take_web_login(&hash, self.now()).await? {
            WebLoginState::Pending => Ok(Answer::WebLoginPending { retry_after_secs: POLL_SECS }),
            WebLoginState::Unknown => Err(AppError::not_found("this sign-in")),
            WebLoginState::Approved(account_id) => {
                let account = self.inner.store.account_by_id(account_id).await?;
                let account = account.filter(|account| account.disabled_at.is_none());
                let account = account.ok_or_else(|| AppError::not_found("this sign-in"))?;
                let actor = Actor::Account(password_actor(&account));
                let request = NewTokenRequest {
                    name: "browser sign-in".to_owned(),
                    scopes: Scopes::all(),
                    packages: Vec::new(),
                    expiry: Expiry::Usual,
                };
                let minted = self.mint_token(&actor, account.id, request).await?;
                Ok(Answer::WebLoginDone { secret: minted.secret })
            }
        }
    }

    /// What waits for approval under this login id.
    ///
    /// # Errors
    ///
    /// Not found when there is no such sign-in, or it is used or over.
    pub async fn find_web_login(&self, login_id: &Secret) -> Result<WebLoginRow, AppError> {
        let found = self.inner.store.find_web_login(&hash_id(login_id)?, self.now()).await?;
        found.ok_or_else(|| AppError::not_found("this sign-in"))
    }

    /// The browser's half: the person behind this code proved to be this account.
    ///
    /// # Errors
    ///
    /// `auth.refused` for a wrong password; not found for a code that is unknown, used or over.
    pub async fn approve_web_login(
        &self,
        login_id: &Secret,
        name: &str,
        password: &Secret,
        client: ClientAddress,
    ) -> Result<(), AppError> {
        let login_hash = hash_id(login_id)?;
        let account = self.check_password(name, password, client).await?;
        let now = self.now();
        let approved = self.inner.store.approve_web_login(&login_hash, account.id, now).await?;
        if !approved {
            return Err(AppError::refused(
                RefusalKind::NotFound,
                ErrorCode::NotFound,
                "this sign-in is over; start it again from the command line",
            ));
        }
        let name = account.name.as_str();
        let event = NewEvent::new(EventKind::AccountSignedIn, name, name);
        self.inner.store.record_event(event, now).await?;
        Ok(())
    }
}

fn hash_id(id: &Secret) -> Result<[u8; 32], AppError> {
    weblogin::hash_id(id.expose()).ok_or_else(|| AppError::not_found("this sign-in"))
}
