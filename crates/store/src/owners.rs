//! Owners of hosted packages. A package that had an owner never loses its last one.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{AccountId, EcosystemId, PackageId, PackageName, RegistryId, Timestamp};

use crate::accounts::account_name;
use crate::changes::{subject, touch_package};
use crate::connection::{Conn, WriteTx};
use crate::packages::sorted_names;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// Why owners were not changed. Nothing of the change is in the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OwnersError {
    /// Nobody would be left.
    #[error("a package must keep at least one owner")]
    LastOwner,
    /// No account has this id.
    #[error("there is no account with the id {account_id}")]
    UnknownAccount {
        /// The id.
        account_id: AccountId,
    },
    /// Our side failed.
    #[error("the owners could not be changed")]
    Store(#[from] StoreError),
}

statements! {
    LIST_OWNERS =
        "SELECT a.number, a.name
         FROM package_owners o JOIN accounts a ON a.id = o.account_id
         WHERE o.package_id = $1 ORDER BY a.number";

    COUNT_OWNER =
        "SELECT count(*) FROM package_owners WHERE package_id = $1 AND account_id = $2";

    COUNT_OWNERS = "SELECT count(*) FROM package_owners WHERE package_id = $1";

    ADD_OWNER =
        "INSERT INTO package_owners (package_id, account_id, added_at) VALUES ($1, $2, $3)
         ON CONFLICT (package_id, account_id) DO NOTHING";

    REMOVE_OWNER = "DELETE FROM package_owners WHERE package_id = $1 AND account_id = $2";

    PACKAGES_OF =
        "SELECT p.display, p.canonical, p.collision_key
         FROM package_owners o JOIN packages p ON p.id = o.package_id
         WHERE o.account_id = $1 AND p.registry_id = $2 AND p.ecosystem = $3
           AND p.state = 'active'";
}

/// Reads the owners of a package on any connection.
pub(crate) async fn owners_of(
    conn: &mut Conn<'_>,
    package_id: PackageId,
) -> Result<Vec<OwnerView>, StoreError> {
    let rows = both!(conn, fetch_all::<(i64, String)>(LIST_OWNERS, package_id.to_string()))?;
    let decode = |(number, name): (i64, String)| match u32::try_from(number) {
        Ok(number) => Ok(OwnerView { number, name }),
        Err(_) => Err(StoreError::Corrupt { column: "accounts.number" }),
    };
    rows.into_iter().map(decode).collect()
}

/// Whether an account owns a package, on any connection.
pub(crate) async fn owns(
    conn: &mut Conn<'_>,
    package_id: PackageId,
    account_id: AccountId,
) -> Result<bool, StoreError> {
    let (package, account) = (package_id.to_string(), account_id.to_string());
    let (count,) = both!(conn, fetch_one::<(i64,)>(COUNT_OWNER, package, account))?;
    Ok(count > 0)
}

struct OwnerChange {
    package_id: PackageId,
    add: Vec<AccountId>,
    remove: Vec<AccountId>,
    actor: String,
    now: Timestamp,
}

async fn change_owners(tx: &mut WriteTx, change: &OwnerChange) -> Result<(), OwnersError> {
    let OwnerChange { package_id, add, remove, actor, now } = change;
    let id = package_id.to_string();
    let package = subject(tx, *package_id).await?.to_string();
    let mut is_changed = false;
    let added = add.iter().map(|account| (account, EventKind::OwnerAdded));
    let removed = remove.iter().map(|account| (account, EventKind::OwnerRemoved));
    for (account_id, kind) in added.chain(removed) {
        let account = account_id.to_string();
        let name = account_name(&mut tx.conn(), *account_id).await?;
        let name = name.ok_or(OwnersError::UnknownAccount { account_id: *account_id })?;
        let rows = match kind {
            EventKind::OwnerAdded => {
                both!(tx, execute(ADD_OWNER, id.as_str(), account, now.as_micros()))?
            }
            _ => both!(tx, execute(REMOVE_OWNER, id.as_str(), account))?,
        };
        if rows > 0 {
            is_changed = true;
            let event = NewEvent::new(kind, actor, package.as_str());
            tx.event(&event.with(json!({ "account": name })), *now).await?;
        }
    }
    let (left,) = both!(tx, fetch_one::<(i64,)>(COUNT_OWNERS, id.as_str()))?;
    if left == 0 && !remove.is_empty() {
        return Err(OwnersError::LastOwner);
    }
    if is_changed {
        touch_package(tx, *package_id, *now).await?;
    }
    Ok(())
}

impl Store {
    /// The owners of a package, by account number.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn owners(&self, package_id: PackageId) -> Result<Vec<OwnerView>, StoreError> {
        let mut reader = self.reader().await?;
        owners_of(&mut reader.conn(), package_id).await
    }

    /// Whether an account owns a package.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn is_owner(
        &self,
        package_id: PackageId,
        account_id: AccountId,
    ) -> Result<bool, StoreError> {
        let mut reader = self.reader().await?;
        owns(&mut reader.conn(), package_id, account_id).await
    }

    /// Names of the active packages that an account owns, sorted by canonical name.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn packages_of(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        account_id: AccountId,
    ) -> Result<Vec<PackageName>, StoreError> {
        let mut reader = self.reader().await?;
        let names = both!(
            reader,
            fetch_all::<(String, String, String)>(
                PACKAGES_OF,
                account_id.to_string(),
                registry_id.to_string(),
                ecosystem.as_str(),
            )
        )?;
        sorted_names(names)
    }

    /// Adds and removes owners, in this order.
    ///
    /// # Errors
    ///
    /// [`OwnersError`]; nothing was changed.
    pub async fn change_owners(
        &self,
        package_id: PackageId,
        add: Vec<AccountId>,
        remove: Vec<AccountId>,
        actor: &str,
        now: Timestamp,
    ) -> Result<(), OwnersError> {
        let change = OwnerChange { package_id, add, remove, actor: actor.to_owned(), now };
        self.write(change, |tx, change| Box::pin(change_owners(tx, change))).await
    }
}
