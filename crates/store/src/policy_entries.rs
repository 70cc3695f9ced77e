//! Entries of the operator's deny, allow and exempt lists. What they mean is `vouchsafe-policy`'s.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{NamePattern, PolicyEntryId, RegistryId, Timestamp};

use crate::connection::{WriteTx, without_nul};
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError, new_id};

/// Which list an entry is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PolicyEntryKind {
    /// Never served.
    Deny,
    /// Served where only allowed packages are.
    Allow,
    /// Not subject to the cooldown and the like.
    Exempt,
}

impl PolicyEntryKind {
    /// The word in the database and in events.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Exempt => "exempt",
        }
    }
}

/// A word that names no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a list; there are deny, allow, exempt")]
pub struct UnknownKind(pub String);

impl std::str::FromStr for PolicyEntryKind {
    type Err = UnknownKind;

    fn from_str(word: &str) -> Result<Self, UnknownKind> {
        let kinds = [Self::Deny, Self::Allow, Self::Exempt];
        let found = kinds.into_iter().find(|kind| kind.as_str() == word);
        found.ok_or_else(|| UnknownKind(word.to_owned()))
    }
}

/// An entry to be added.
#[derive(Debug, Clone)]
pub struct NewPolicyEntry {
    /// The registry.
    pub registry_id: RegistryId,
    /// Which list.
    pub kind: PolicyEntryKind,
    /// Which packages.
    pub pattern: NamePattern,
    /// Exactly this version, display form; `None`: every version.
    pub version: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When it ends by itself; `None`: never.
    pub ends_at: Option<Timestamp>,
}

/// An entry.
#[derive(Debug, Clone)]
pub struct PolicyEntryRow {
    /// Its id.
    pub id: PolicyEntryId,
    /// The registry.
    pub registry_id: RegistryId,
    /// Which list.
    pub kind: PolicyEntryKind,
    /// Which packages.
    pub pattern: NamePattern,
    /// Exactly this version, display form; `None`: every version.
    pub version: Option<String>,
    /// Why.
    pub reason: String,
    /// Who.
    pub author: String,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it ends by itself; `None`: never.
    pub ends_at: Option<Timestamp>,
}

statements! {
    ADD_ENTRY =
        "INSERT INTO policy_entries (id, registry_id, kind, pattern, version, reason, author,
                                     created_at, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    REMOVE_ENTRY =
        "DELETE FROM policy_entries WHERE registry_id = $1 AND id = $2
         RETURNING kind, pattern, version";

    LIST_ENTRIES =
        "SELECT id, kind, pattern, version, reason, author, created_at, ends_at
         FROM policy_entries WHERE registry_id = $1 ORDER BY created_at, id";
}

#[derive(sqlx::FromRow)]
struct EntryRecord {
    id: String,
    kind: String,
    pattern: String,
    version: Option<String>,
    reason: String,
    author: String,
    created_at: i64,
    ends_at: Option<i64>,
}

async fn add(
    tx: &mut WriteTx,
    new: &NewPolicyEntry,
    now: Timestamp,
) -> Result<PolicyEntryRow, StoreError> {
    let row = PolicyEntryRow {
        id: PolicyEntryId::from_uuid(new_id()),
        registry_id: new.registry_id,
        kind: new.kind,
        pattern: new.pattern.clone(),
        version: new.version.as_deref().map(|version| without_nul(version).into_owned()),
        reason: without_nul(&new.reason).into_owned(),
        author: new.author.clone(),
        created_at: now,
        ends_at: new.ends_at,
    };
    both!(
        tx,
        execute(
            ADD_ENTRY,
            row.id.to_string(),
            row.registry_id.to_string(),
            row.kind.as_str(),
            row.pattern.to_string(),
            row.version.as_deref(),
            row.reason.as_str(),
            row.author.as_str(),
            now.as_micros(),
            row.ends_at.map(Timestamp::as_micros),
        )
    )?;
    let event = NewEvent::new(EventKind::PolicyEntryAdded, &row.author, row.pattern.to_string());
    let details = json!({
        "id": row.id,
        "kind": row.kind.as_str(),
        "version": row.version,
        "reason": row.reason,
        "ends_at": row.ends_at,
    });
    tx.event(&event.with(details), now).await?;
    Ok(row)
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn add_policy_entry(
        &self,
        new: NewPolicyEntry,
        now: Timestamp,
    ) -> Result<PolicyEntryRow, StoreError> {
        self.write((new, now), |tx, (new, now)| Box::pin(add(tx, new, *now))).await
    }

    /// Removes an entry. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_policy_entry(
        &self,
        registry_id: RegistryId,
        id: PolicyEntryId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (registry_id.to_string(), id, actor.to_owned(), now);
        self.write(data, |tx, (registry_id, id, actor, now)| {
            Box::pin(async move {
                let removed = both!(
                    tx,
                    fetch_optional::<(String, String, Option<String>)>(
                        REMOVE_ENTRY,
                        registry_id.as_str(),
                        id.to_string(),
                    )
                )?;
                let Some((kind, pattern, version)) = removed else {
                    return Ok::<_, StoreError>(false);
                };
                let event = NewEvent::new(EventKind::PolicyEntryRemoved, actor, pattern)
                    .with(json!({ "id": id, "kind": kind, "version": version }));
                tx.event(&event, *now).await?;
                Ok(true)
            })
        })
        .await
    }

    /// All entries of a registry, oldest first, ended ones included.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_policy_entries(
        &self,
        registry_id: RegistryId,
    ) -> Result<Vec<PolicyEntryRow>, StoreError> {
        let mut reader = self.reader().await?;
        let records =
            both!(reader, fetch_all::<EntryRecord>(LIST_ENTRIES, registry_id.to_string()))?;
        let decode = |record: EntryRecord| {
            Ok(PolicyEntryRow {
                id: stored("policy_entries.id", &record.id)?,
                registry_id,
                kind: stored("policy_entries.kind", &record.kind)?,
                pattern: stored("policy_entries.pattern", &record.pattern)?,
                version: record.version,
                reason: record.reason,
                author: record.author,
                created_at: Timestamp::from_micros(record.created_at),
                ends_at: record.ends_at.map(Timestamp::from_micros),
            })
        };
        records.into_iter().map(decode).collect()
    }
}
