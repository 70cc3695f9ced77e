//! Access tokens. Only the SHA-256 of a secret is stored; the secrets are random and long, so a
//! slow hash would add nothing.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{AccountId, NamePattern, Scopes, Timestamp, TokenId};

use crate::accounts::{AccountRecord, AccountRow, account_name};
use crate::connection::{WriteTx, without_nul};
use crate::error::{stored, stored_json};
use crate::sql::{both, statements};
use crate::{Store, StoreError, new_id};

/// A token to be created.
#[derive(Debug, Clone)]
pub struct NewToken {
    /// Whose it is.
    pub account_id: AccountId,
    /// SHA-256 of its secret.
    pub secret_sha256: [u8; 32],
    /// A name for people.
    pub name: String,
    /// The first characters of the secret, to recognize it by.
    pub hint: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Which packages; empty means all.
    pub packages: Vec<NamePattern>,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// Who made it, for the event.
    pub actor: String,
    /// When it was made.
    pub now: Timestamp,
}

/// A token, never its secret.
#[derive(Debug, Clone)]
pub struct TokenRow {
    /// Its id.
    pub id: TokenId,
    /// Whose it is.
    pub account_id: AccountId,
    /// A name for people.
    pub name: String,
    /// The first characters of the secret.
    pub hint: String,
    /// What it may do.
    pub scopes: Scopes,
    /// Which packages; empty means all.
    pub packages: Vec<NamePattern>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// When it was used last, roughly.
    pub last_used_at: Option<Timestamp>,
    /// Since when it is revoked; `None`: it is in force until it expires.
    pub revoked_at: Option<Timestamp>,
}

statements! {
    INSERT_TOKEN =
        "INSERT INTO tokens (id, account_id, secret_sha256, name, hint, scopes, packages,
                             created_at, expires_at, last_used_at, revoked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, NULL, NULL)";

    TOKEN_BY_HASH =
        "SELECT id, account_id, name, hint, scopes, packages, created_at, expires_at,
                last_used_at, revoked_at
         FROM tokens WHERE secret_sha256 = $1";

    ACCOUNT_OF_TOKEN =
        "SELECT id, number, name, email, password_hash, is_admin, created_at, disabled_at
         FROM accounts WHERE id = $1";

    LIST_TOKENS =
        "SELECT id, account_id, name, hint, scopes, packages, created_at, expires_at,
                last_used_at, revoked_at
         FROM tokens WHERE account_id = $1 AND revoked_at IS NULL ORDER BY created_at, id";

    REVOKE_TOKEN =
        "UPDATE tokens SET revoked_at = $3
         WHERE id = $1 AND account_id = $2 AND revoked_at IS NULL";

    TOKEN_ID_BY_HASH = "SELECT id, account_id FROM tokens WHERE secret_sha256 = $1";

    TOUCH_TOKEN =
        "UPDATE tokens SET last_used_at = $2
         WHERE id = $1 AND (last_used_at IS NULL OR last_used_at < $2)";
}

#[derive(sqlx::FromRow)]
struct TokenRecord {
    id: String,
    account_id: String,
    name: String,
    hint: String,
    scopes: String,
    packages: String,
    created_at: i64,
    expires_at: Option<i64>,
    last_used_at: Option<i64>,
    revoked_at: Option<i64>,
}

impl TokenRecord {
    fn decode(self) -> Result<TokenRow, StoreError> {
        Ok(TokenRow {
            id: stored("tokens.id", &self.id)?,
            account_id: stored("tokens.account_id", &self.account_id)?,
            name: self.name,
            hint: self.hint,
            scopes: stored_json("tokens.scopes", &self.scopes)?,
            packages: stored_json("tokens.packages", &self.packages)?,
            created_at: Timestamp::from_micros(self.created_at),
            expires_at: self.expires_at.map(Timestamp::from_micros),
            last_used_at: self.last_used_at.map(Timestamp::from_micros),
            revoked_at: self.revoked_at.map(Timestamp::from_micros),
        })
    }
}

async fn insert_token(tx: &mut WriteTx, new: &NewToken) -> Result<TokenRow, StoreError> {
    let id = TokenId::from_uuid(new_id());
    let name = without_nul(&new.name).into_owned();
    let hint = without_nul(&new.hint).into_owned();
    both!(
        tx,
        execute(
            INSERT_TOKEN,
            id.to_string(),
            new.account_id.to_string(),
            hex::encode(new.secret_sha256),
            name.as_str(),
            hint.as_str(),
            json!(new.scopes).to_string(),
            json!(new.packages).to_string(),
            new.now.as_micros(),
            new.expires_at.map(Timestamp::as_micros),
        )
    )?;
    let details = json!({ "token": id, "name": name, "scopes": new.scopes });
    token_event(tx, EventKind::TokenCreated, new.account_id, &new.actor, details, new.now).await?;
    Ok(TokenRow {
        id,
        account_id: new.account_id,
        name,
        hint,
        scopes: new.scopes.clone(),
        packages: new.packages.clone(),
        created_at: new.now,
        expires_at: new.expires_at,
        last_used_at: None,
        revoked_at: None,
    })
}

async fn token_event(
    tx: &mut WriteTx,
    kind: EventKind,
    account_id: AccountId,
    actor: &str,
    details: serde_json::Value,
    now: Timestamp,
) -> Result<(), StoreError> {
    let name = account_name(&mut tx.conn(), account_id).await?.unwrap_or_default();
    tx.event(&NewEvent::new(kind, actor, name).with(details), now).await?;
    Ok(())
}

struct Revocation {
    actor: String,
    now: Timestamp,
}

async fn revoke(
    tx: &mut WriteTx,
    account_id: AccountId,
    id: TokenId,
    by: &Revocation,
) -> Result<bool, StoreError> {
    let now = by.now.as_micros();
    let rows = both!(tx, execute(REVOKE_TOKEN, id.to_string(), account_id.to_string(), now))?;
    if rows > 0 {
        let details = json!({ "token": id });
        token_event(tx, EventKind::TokenRevoked, account_id, &by.actor, details, by.now).await?;
    }
    Ok(rows > 0)
}

impl Store {
    /// Creates a token.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn insert_token(&self, new: NewToken) -> Result<TokenRow, StoreError> {
        self.write(new, |tx, new| Box::pin(insert_token(tx, new))).await
    }

    /// The token whose secret has this SHA-256, and its account. Whether both are in force is
    /// the caller's question.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn token_by_hash(
        &self,
        secret_sha256: &[u8; 32],
    ) -> Result<Option<(TokenRow, AccountRow)>, StoreError> {
        let mut reader = self.reader().await?;
        let hash = hex::encode(secret_sha256);
        let token = both!(reader, fetch_optional::<TokenRecord>(TOKEN_BY_HASH, hash))?;
        let Some(token) = token else { return Ok(None) };
        let account =
            both!(reader, fetch_one::<AccountRecord>(ACCOUNT_OF_TOKEN, token.account_id.as_str()))?;
        Ok(Some((token.decode()?, account.decode()?)))
    }

    /// The tokens of an account that were not revoked, oldest first, expired ones included.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_tokens(&self, account_id: AccountId) -> Result<Vec<TokenRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(reader, fetch_all::<TokenRecord>(LIST_TOKENS, account_id.to_string()))?;
        records.into_iter().map(TokenRecord::decode).collect()
    }

    /// Revokes a token of this account. Returns whether it was in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn revoke_token(
        &self,
        account_id: AccountId,
        id: TokenId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let by = Revocation { actor: actor.to_owned(), now };
        self.write((account_id, id, by), |tx, (account_id, id, by)| {
            Box::pin(revoke(tx, *account_id, *id, by))
        })
        .await
    }

    /// Revokes the token whose secret has this SHA-256. Returns whether it was in force.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn revoke_token_by_hash(
        &self,
        secret_sha256: &[u8; 32],
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let by = Revocation { actor: actor.to_owned(), now };
        self.write((hex::encode(secret_sha256), by), |tx, (hash, by)| {
            Box::pin(async move {
                let found =
                    both!(tx, fetch_optional::<(String, String)>(TOKEN_ID_BY_HASH, hash.as_str()))?;
                let Some((id, account_id)) = found else { return Ok::<_, StoreError>(false) };
                let id = stored("tokens.id", &id)?;
                revoke(tx, stored("tokens.account_id", &account_id)?, id, by).await
            })
        })
        .await
    }

    /// Notes when tokens were used. Writes no event, and never moves an instant back.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn touch_tokens(&self, uses: Vec<(TokenId, Timestamp)>) -> Result<(), StoreError> {
        self.write(uses, |tx, uses| {
            Box::pin(async move {
                for (id, used_at) in uses {
                    both!(tx, execute(TOUCH_TOKEN, id.to_string(), used_at.as_micros()))?;
                }
                Ok::<_, StoreError>(())
            })
        })
        .await
    }
}
