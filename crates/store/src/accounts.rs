//! Accounts.

use std::fmt;

use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{AccountId, AccountName, EmailAddress, Timestamp};

use crate::connection::{Conn, WriteTx};
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError, new_id};

/// An account to be created.
#[derive(Clone)]
pub struct NewAccount {
    /// Its name.
    pub name: AccountName,
    /// Its e-mail address.
    pub email: EmailAddress,
    /// A PHC string; `None`: no sign-in by password.
    pub password_hash: Option<String>,
    /// Whether it administers this registry.
    pub is_admin: bool,
}

impl fmt::Debug for NewAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewAccount").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An account.
#[derive(Clone)]
pub struct AccountRow {
    /// Its id.
    pub id: AccountId,
    /// A small number that stays with it, from 1.
    pub number: u32,
    /// Its name.
    pub name: AccountName,
    /// Its e-mail address.
    pub email: EmailAddress,
    /// A PHC string; `None`: no sign-in by password.
    pub password_hash: Option<String>,
    /// Whether it administers this registry.
    pub is_admin: bool,
    /// When it was created.
    pub created_at: Timestamp,
    /// Since when it may not sign in; `None`: it may.
    pub disabled_at: Option<Timestamp>,
}

impl fmt::Debug for AccountRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccountRow")
            .field("id", &self.id)
            .field("name", &self.name)
            .field("is_admin", &self.is_admin)
            .finish_non_exhaustive()
    }
}

/// Why an account was not created.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InsertAccountError {
    /// The name is taken.
    #[error("there is an account `{name}` already")]
    AlreadyExists {
        /// The name.
        name: AccountName,
    },
    /// Our side failed.
    #[error("the account could not be created")]
    Store(#[from] StoreError),
}

statements! {
    NEXT_NUMBER =
        "UPDATE counters SET value = value + 1 WHERE name = 'accounts' RETURNING value";

    INSERT_ACCOUNT =
        "INSERT INTO accounts (id, number, name, email, password_hash, is_admin, created_at,
                               disabled_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, NULL)
         ON CONFLICT (name) DO NOTHING";

    ACCOUNT_BY_NAME =
        "SELECT id, number, name, email, password_hash, is_admin, created_at, disabled_at
         FROM accounts WHERE name = $1";

    ACCOUNT_BY_ID =
        "SELECT id, number, name, email, password_hash, is_admin, created_at, disabled_at
         FROM accounts WHERE id = $1";

    LIST_ACCOUNTS =
        "SELECT id, number, name, email, password_hash, is_admin, created_at, disabled_at
         FROM accounts ORDER BY number";

    ACCOUNT_NAME = "SELECT name FROM accounts WHERE id = $1";

    SET_PASSWORD = "UPDATE accounts SET password_hash = $2 WHERE id = $1";
}

#[derive(sqlx::FromRow)]
pub(crate) struct AccountRecord {
    id: String,
    number: i64,
    name: String,
    email: String,
    password_hash: Option<String>,
    is_admin: bool,
    created_at: i64,
    disabled_at: Option<i64>,
}

impl AccountRecord {
    pub(crate) fn decode(self) -> Result<AccountRow, StoreError> {
        let number = u32::try_from(self.number);
        Ok(AccountRow {
            id: stored("accounts.id", &self.id)?,
            number: number.map_err(|_| StoreError::Corrupt { column: "accounts.number" })?,
            name: stored("accounts.name", &self.name)?,
            email: stored("accounts.email", &self.email)?,
            password_hash: self.password_hash,
            is_admin: self.is_admin,
            created_at: Timestamp::from_micros(self.created_at),
            disabled_at: self.disabled_at.map(Timestamp::from_micros),
        })
    }
}

/// Reads the name of an account on any connection.
pub(crate) async fn account_name(
    conn: &mut Conn<'_>,
    id: AccountId,
) -> Result<Option<String>, StoreError> {
    let row = both!(conn, fetch_optional::<(String,)>(ACCOUNT_NAME, id.to_string()))?;
    Ok(row.map(|(name,)| name))
}

async fn insert_account(
    tx: &mut WriteTx,
    new: &NewAccount,
    now: Timestamp,
) -> Result<AccountRow, InsertAccountError> {
    let id = AccountId::from_uuid(new_id()).to_string();
    let (number,) = both!(tx, fetch_one::<(i64,)>(NEXT_NUMBER))?;
    let inserted = both!(
        tx,
        execute(
            INSERT_ACCOUNT,
            id.as_str(),
            number,
            new.name.as_str(),
            new.email.as_str(),
            new.password_hash.as_deref(),
            new.is_admin,
            now.as_micros(),
        )
    )?;
    if inserted == 0 {
        return Err(InsertAccountError::AlreadyExists { name: new.name.clone() });
    }
    tx.event(&NewEvent::new(EventKind::AccountCreated, "system", new.name.as_str()), now).await?;
    let record = both!(tx, fetch_one::<AccountRecord>(ACCOUNT_BY_ID, id.as_str()))?;
    Ok(record.decode()?)
}

impl Store {
    /// Creates an account.
    ///
    /// # Errors
    ///
    /// [`InsertAccountError`]; nothing was changed.
    pub async fn insert_account(
        &self,
        new: NewAccount,
        now: Timestamp,
    ) -> Result<AccountRow, InsertAccountError> {
        self.write((new, now), |tx, (new, now)| Box::pin(insert_account(tx, new, *now))).await
    }

    /// The account of this name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn account_by_name(
        &self,
        name: &AccountName,
    ) -> Result<Option<AccountRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record =
            both!(reader, fetch_optional::<AccountRecord>(ACCOUNT_BY_NAME, name.as_str()))?;
        record.map(AccountRecord::decode).transpose()
    }

    /// The account of this id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn account_by_id(&self, id: AccountId) -> Result<Option<AccountRow>, StoreError> {
        let mut reader = self.reader().await?;
        let record = both!(reader, fetch_optional::<AccountRecord>(ACCOUNT_BY_ID, id.to_string()))?;
        record.map(AccountRecord::decode).transpose()
    }

    /// All accounts, by number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_accounts(&self) -> Result<Vec<AccountRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(reader, fetch_all::<AccountRecord>(LIST_ACCOUNTS))?;
        records.into_iter().map(AccountRecord::decode).collect()
    }

    /// Replaces the password hash; `None` takes the password away. Returns whether the account
    /// exists.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn set_password(
        &self,
        id: AccountId,
        password_hash: Option<String>,
    ) -> Result<bool, StoreError> {
        self.write((id.to_string(), password_hash), |tx, (id, password_hash)| {
            Box::pin(async move {
                let hash = password_hash.as_deref();
                Ok::<_, StoreError>(both!(tx, execute(SET_PASSWORD, id.as_str(), hash))? > 0)
            })
        })
        .await
    }
}
