//! Sign-ins that a client starts and a person finishes in a browser.
//!
//! The client polls with one secret, the person approves with another; only hashes of both are
//! stored. The token is made when the poll takes the approval, so no secret waits in a row.

use vouchsafe_domain::{AccountId, Timestamp};

use crate::connection::without_nul;
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// How far a sign-in has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebLoginState {
    /// Nobody has approved it yet.
    Pending,
    /// This account approved it. Told once; after that it is unknown.
    Approved(AccountId),
    /// There is no such sign-in, or it expired, or it was taken.
    Unknown,
}

/// A sign-in to be started.
#[derive(Debug, Clone)]
pub struct NewWebLogin {
    /// Hash of what the client polls with.
    pub poll_sha256: [u8; 32],
    /// Hash of what the browser shows.
    pub code_sha256: [u8; 32],
    /// What asks, as it calls itself.
    pub client: String,
    /// From where it asks.
    pub client_address: String,
    /// When it asks.
    pub now: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

/// A sign-in that waits for a person: what they need to know before they approve it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebLoginRow {
    /// What asks, as it calls itself.
    pub client: String,
    /// From where it asks.
    pub client_address: String,
    /// When it asked.
    pub created_at: Timestamp,
    /// When it is over.
    pub expires_at: Timestamp,
}

statements! {
    INSERT_LOGIN =
        "INSERT INTO web_logins (poll_sha256, code_sha256, client, client_address,
                                 approved_account_id, created_at, expires_at)
         VALUES ($1, $2, $3, $4, NULL, $5, $6)";

    FIND_LOGIN =
        "SELECT client, client_address, created_at, expires_at FROM web_logins
         WHERE code_sha256 = $1 AND approved_account_id IS NULL AND expires_at > $2";

    APPROVE_LOGIN =
        "UPDATE web_logins SET approved_account_id = $2
         WHERE code_sha256 = $1 AND approved_account_id IS NULL AND expires_at > $3";

    TAKE_LOGIN =
        "DELETE FROM web_logins
         WHERE poll_sha256 = $1 AND approved_account_id IS NOT NULL AND expires_at > $2
         RETURNING approved_account_id";

    LOGIN_STATE =
        "SELECT approved_account_id FROM web_logins WHERE poll_sha256 = $1 AND expires_at > $2";

    PRUNE_LOGINS = "DELETE FROM web_logins WHERE expires_at <= $1";
}

impl Store {
    /// Starts a sign-in.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn start_web_login(&self, new: NewWebLogin) -> Result<(), StoreError> {
        self.write(new, |tx, new| {
            Box::pin(async move {
                both!(
                    tx,
                    execute(
                        INSERT_LOGIN,
                        hex::encode(new.poll_sha256),
                        hex::encode(new.code_sha256),
                        without_nul(&new.client).as_ref(),
                        without_nul(&new.client_address).as_ref(),
                        new.now.as_micros(),
                        new.expires_at.as_micros()
                    )
                )?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// The sign-in that waits for approval under this code.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_web_login(
        &self,
        code_sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<Option<WebLoginRow>, StoreError> {
        let mut reader = self.reader().await?;
        let found = both!(
            reader,
            fetch_optional::<(String, String, i64, i64)>(
                FIND_LOGIN,
                hex::encode(code_sha256),
                now.as_micros()
            )
        )?;
        Ok(found.map(|(client, client_address, created_at, expires_at)| WebLoginRow {
            client,
            client_address,
            created_at: Timestamp::from_micros(created_at),
            expires_at: Timestamp::from_micros(expires_at),
        }))
    }

    /// Approves a sign-in for an account. False: there is none that waits for approval.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn approve_web_login(
        &self,
        code_sha256: &[u8; 32],
        account_id: AccountId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (hex::encode(code_sha256), account_id.to_string(), now);
        self.write(data, |tx, (code, account, now)| {
            Box::pin(async move {
                let now = now.as_micros();
                let rows = both!(tx, execute(APPROVE_LOGIN, code.as_str(), account.as_str(), now))?;
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// Asks how far a sign-in has come, and takes the approval when there is one. Of several
    /// that ask at once, one gets it.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn take_web_login(
        &self,
        poll_sha256: &[u8; 32],
        now: Timestamp,
    ) -> Result<WebLoginState, StoreError> {
        let poll = hex::encode(poll_sha256);
        // Clients poll for minutes: only an approval that is there costs a write.
        let mut reader = self.reader().await?;
        let found = both!(
            reader,
            fetch_optional::<(Option<String>,)>(LOGIN_STATE, poll.as_str(), now.as_micros())
        )?;
        drop(reader);
        match found {
            None => return Ok(WebLoginState::Unknown),
            Some((None,)) => return Ok(WebLoginState::Pending),
            Some((Some(_),)) => {}
        }
        self.write((poll, now), |tx, (poll, now)| {
            Box::pin(async move {
                let taken = both!(
                    tx,
                    fetch_optional::<(String,)>(TAKE_LOGIN, poll.as_str(), now.as_micros())
                )?;
                let Some((account,)) = taken else { return Ok(WebLoginState::Unknown) };
                let account_id = stored("web_logins.approved_account_id", &account)?;
                Ok::<_, StoreError>(WebLoginState::Approved(account_id))
            })
        })
        .await
    }

    /// Forgets the sign-ins that expired, and returns how many there were.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn prune_web_logins(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(now, |tx, now| {
            Box::pin(async move {
                Ok::<_, StoreError>(both!(tx, execute(PRUNE_LOGINS, now.as_micros()))?)
            })
        })
        .await
    }
}
