//! Claims: names and prefixes that belong to this registry and are never asked upstream.

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{NamePattern, RegistryId, Timestamp};

use crate::connection::without_nul;
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{Store, StoreError};

/// A claim.
#[derive(Debug, Clone)]
pub struct ClaimRow {
    /// The registry.
    pub registry_id: RegistryId,
    /// What is claimed.
    pub pattern: NamePattern,
    /// Who claimed it.
    pub author: String,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: Timestamp,
}

statements! {
    ADD_CLAIM =
        "INSERT INTO claims (registry_id, pattern, ecosystem, name_text, is_prefix, author,
                             reason, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (registry_id, pattern) DO NOTHING";

    REMOVE_CLAIM = "DELETE FROM claims WHERE registry_id = $1 AND pattern = $2";

    LIST_CLAIMS =
        "SELECT pattern, author, reason, created_at FROM claims
         WHERE registry_id = $1 ORDER BY created_at, pattern";
}

impl Store {
    /// Claims a name or prefix. False: it was claimed already, and the earlier claim stays.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn add_claim(
        &self,
        registry_id: RegistryId,
        pattern: &NamePattern,
        author: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (author, reason) = (author.to_owned(), without_nul(reason).into_owned());
        let pattern = pattern.clone();
        let claim = ClaimRow { registry_id, pattern, author, reason, created_at: now };
        self.write(claim, |tx, claim| {
            Box::pin(async move {
                let rows = both!(
                    tx,
                    execute(
                        ADD_CLAIM,
                        claim.registry_id.to_string(),
                        claim.pattern.to_string(),
                        claim.pattern.ecosystem().as_str(),
                        claim.pattern.text(),
                        claim.pattern.is_prefix(),
                        claim.author.as_str(),
                        claim.reason.as_str(),
                        claim.created_at.as_micros(),
                    )
                )?;
                if rows > 0 {
                    let subject = claim.pattern.to_string();
                    let event = NewEvent::new(EventKind::NameClaimed, &claim.author, subject)
                        .with(json!({ "reason": claim.reason }));
                    tx.event(&event, claim.created_at).await?;
                }
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// Gives a claim up. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_claim(
        &self,
        registry_id: RegistryId,
        pattern: &NamePattern,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let data = (registry_id.to_string(), pattern.to_string(), actor.to_owned(), now);
        self.write(data, |tx, (registry_id, pattern, actor, now)| {
            Box::pin(async move {
                let rows =
                    both!(tx, execute(REMOVE_CLAIM, registry_id.as_str(), pattern.as_str()))?;
                if rows > 0 {
                    let event = NewEvent::new(EventKind::ClaimReleased, actor, pattern);
                    tx.event(&event, *now).await?;
                }
                Ok::<_, StoreError>(rows > 0)
            })
        })
        .await
    }

    /// All claims of a registry, oldest first.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot answer.
    pub async fn list_claims(&self, registry_id: RegistryId) -> Result<Vec<ClaimRow>, StoreError> {
        let mut reader = self.reader().await?;
        let rows = both!(
            reader,
            fetch_all::<(String, String, String, i64)>(LIST_CLAIMS, registry_id.to_string())
        )?;
        let decode = |(pattern, author, reason, created_at): (String, _, _, _)| {
            let pattern = stored("claims.pattern", &pattern)?;
            let created_at = Timestamp::from_micros(created_at);
            Ok(ClaimRow { registry_id, pattern, author, reason, created_at })
        };
        rows.into_iter().map(decode).collect()
    }
}
