//! What hosted packages say to the document of their namespace.

use std::sync::Arc;

use vouchsafe_domain::{EcosystemId, PackageId, RegistryId};

use crate::connection::{WriteTx, without_nul};
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// What a package says to the document of its namespace.
#[derive(Debug, Clone)]
pub struct NamespaceEntry {
    /// Canonical name under which that document is asked for.
    pub namespace: String,
    /// The adapter's own JSON.
    pub entry: String,
}

statements! {
    PUT_ENTRY =
        "INSERT INTO namespace_entries (package_id, registry_id, ecosystem, namespace, entry)
         VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (package_id) DO UPDATE SET
             namespace = excluded.namespace, entry = excluded.entry";

    ENTRIES_OF =
        "SELECT e.entry FROM namespace_entries e
         JOIN packages p ON p.id = e.package_id
         WHERE e.registry_id = $1 AND e.ecosystem = $2 AND e.namespace = $3 AND p.state = 'active'
         ORDER BY p.id";
}

pub(crate) async fn put_entry(
    tx: &mut WriteTx,
    package_id: PackageId,
    registry_id: RegistryId,
    ecosystem: &EcosystemId,
    entry: &NamespaceEntry,
) -> Result<(), StoreError> {
    both!(
        tx,
        execute(
            PUT_ENTRY,
            package_id.to_string(),
            registry_id.to_string(),
            ecosystem.as_str(),
            entry.namespace.as_str(),
            without_nul(&entry.entry).as_ref(),
        )
    )?;
    Ok(())
}

impl Store {
    /// What the served packages of a namespace say to its document, oldest package first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn namespace_entries(
        &self,
        registry_id: RegistryId,
        ecosystem: &EcosystemId,
        namespace: &str,
    ) -> Result<Vec<Arc<str>>, StoreError> {
        let mut reader = self.reader().await?;
        let entries = both!(
            reader,
            fetch_all::<(String,)>(
                ENTRIES_OF,
                registry_id.to_string(),
                ecosystem.as_str(),
                namespace,
            )
        )?;
        Ok(entries.into_iter().map(|(entry,)| entry.into()).collect())
    }
}
