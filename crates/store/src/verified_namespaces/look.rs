//! Reading claims and namespaces.

use vouchsafe_domain::{AccountId, EcosystemId, Namespace, NamespaceId, RegistryId, Timestamp};

use super::{
    FIND_HELD, FIND_NAMESPACE, LIST_DUE, LIST_HELD, LIST_NAMESPACES, LIST_OF_ACCOUNT, NamespaceRow,
    PACKAGES_OF_OTHERS, Record, namespace,
};
use crate::sql::both;
use crate::{Store, StoreError};

impl Store {
    /// A claim by its id.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn find_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
    ) -> Result<Option<NamespaceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let (registry, id) = (registry_id.to_string(), id.to_string());
        let record = both!(reader, fetch_optional::<Record>(FIND_NAMESPACE, registry, id))?;
        record.map(Record::decode).transpose()
    }

    /// The first of these namespaces that belongs to somebody.
    ///
    /// * `prefixes`: canonical, the one that decides first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn held_namespace(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        prefixes: &[String],
    ) -> Result<Option<NamespaceRow>, StoreError> {
        let mut reader = self.reader().await?;
        for prefix in prefixes {
            let (registry, ecosystem) = (registry_id.to_string(), ecosystem.as_str());
            let prefix = prefix.as_str();
            let record =
                both!(reader, fetch_optional::<Record>(FIND_HELD, registry, ecosystem, prefix))?;
            if let Some(record) = record {
                return record.decode().map(Some);
            }
        }
        Ok(None)
    }

    /// Every claim and every namespace of a registry, by ecosystem and prefix.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_namespaces(
        &self,
        registry_id: RegistryId,
    ) -> Result<Vec<NamespaceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records = both!(reader, fetch_all::<Record>(LIST_NAMESPACES, registry_id.to_string()))?;
        records.into_iter().map(Record::decode).collect()
    }

    /// The claims and namespaces of an account.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn namespaces_of(
        &self,
        registry_id: RegistryId,
        account_id: AccountId,
    ) -> Result<Vec<NamespaceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let (registry, account) = (registry_id.to_string(), account_id.to_string());
        let records = both!(reader, fetch_all::<Record>(LIST_OF_ACCOUNT, registry, account))?;
        records.into_iter().map(Record::decode).collect()
    }

    /// Every namespace that belongs to somebody.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn held_namespaces(
        &self,
        registry_id: RegistryId,
    ) -> Result<Vec<Namespace>, StoreError> {
        let mut reader = self.reader().await?;
        let rows =
            both!(reader, fetch_all::<(String, String)>(LIST_HELD, registry_id.to_string()))?;
        rows.into_iter().map(|(ecosystem, prefix)| namespace(&ecosystem, prefix)).collect()
    }

    /// Namespaces proved by DNS whose proof was not looked for since, the longest ago first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn due_namespaces(
        &self,
        registry_id: RegistryId,
        checked_before: Timestamp,
        limit: u32,
    ) -> Result<Vec<NamespaceRow>, StoreError> {
        let mut reader = self.reader().await?;
        let (registry, before) = (registry_id.to_string(), checked_before.as_micros());
        let records =
            both!(reader, fetch_all::<Record>(LIST_DUE, registry, before, i64::from(limit)))?;
        records.into_iter().map(Record::decode).collect()
    }

    /// Canonical names of packages that begin like this and that the account does not own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn packages_of_others(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        account_id: AccountId,
        beginning: &str,
    ) -> Result<Vec<String>, StoreError> {
        let mut reader = self.reader().await?;
        let letters = i32::try_from(beginning.chars().count()).unwrap_or(i32::MAX);
        let rows = both!(
            reader,
            fetch_all::<(String,)>(
                PACKAGES_OF_OTHERS,
                registry_id.to_string(),
                ecosystem.as_str(),
                letters,
                beginning,
                account_id.to_string(),
            )
        )?;
        Ok(rows.into_iter().map(|(name,)| name).collect())
    }
}
