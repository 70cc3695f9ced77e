//! Accounts, as the operator makes them on the command line.

use vouchsafe_domain::{AccountName, EmailAddress, ErrorCode, RefusalKind, Secret};
use vouchsafe_identity::password;
use vouchsafe_store::{AccountRow, InsertAccountError, NewAccount};

use crate::tokens::random;
use crate::{App, AppError};

/// An account to be made.
#[derive(Debug)]
pub struct NewUser {
    /// Its name.
    pub name: AccountName,
    /// Its address.
    pub email: EmailAddress,
    /// Its password; without one it can use tokens only.
    pub password: Option<Secret>,
    /// Whether it administers the registry.
    pub is_admin: bool,
}

impl App {
    /// Makes an account.
    ///
    /// # Errors
    ///
    /// When the name is taken or the password breaks a rule.
    pub async fn add_user(&self, user: NewUser) -> Result<AccountRow, AppError> {
        let password_hash = match &user.password {
            Some(given) => {
                let rule = password::check_new_password(given, &user.name, Some(&user.email));
                rule.map_err(|error| {
                    let message = error.to_string();
                    AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
                })?;
                let [salt @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = random()?;
                let hash = password::hash_password(given, salt);
                Some(hash.map_err(AppError::internal)?)
            }
            None => None,
        };
        let new = NewAccount {
            name: user.name,
            email: user.email,
            password_hash,
            is_admin: user.is_admin,
        };
        match self.inner.store.insert_account(new, self.now()).await {
            Ok(row) => Ok(row),
            Err(InsertAccountError::AlreadyExists { name }) => Err(AppError::refused(
                RefusalKind::Conflict,
                ErrorCode::BadRequest,
                format!("there is an account `{name}` already"),
            )),
            Err(other) => Err(AppError::internal(other)),
        }
    }

    /// The account of this name.
    ///
    /// # Errors
    ///
    /// `owners.unknown-account` when there is none.
    pub async fn account(&self, name: &AccountName) -> Result<AccountRow, AppError> {
        let account = self.inner.store.account_by_name(name).await?;
        account.ok_or_else(|| {
            AppError::refused(
                RefusalKind::NotFound,
                ErrorCode::UnknownAccount,
                format!("there is no account `{name}`; make one: vouchsafe user add {name} --email ADDRESS"),
            )
        })
    }
}
