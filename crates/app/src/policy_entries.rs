//! Policy entries: what an operator denies, allows or exempts, with author, reason and end.

use vouchsafe_domain::{ErrorCode, NamePattern, RefusalKind, Timestamp};
use vouchsafe_store::{NewPolicyEntry, PolicyEntryKind, PolicyEntryRow};

use crate::{App, AppError, REGISTRY};

/// Bytes of a reason at most.
const MAX_REASON_BYTES: usize = 2000;

impl App {
    /// Adds an entry. It holds for every answer from now on.
    ///
    /// # Errors
    ///
    /// When the pattern, version, reason or end makes no sense.
    pub async fn add_policy_entry(
        &self,
        kind: PolicyEntryKind,
        pattern: NamePattern,
        version: Option<String>,
        reason: &str,
        author: &str,
        ends_at: Option<Timestamp>,
    ) -> Result<PolicyEntryRow, AppError> {
        let refuse = |message: String| {
            AppError::refused(RefusalKind::Malformed, ErrorCode::BadRequest, message)
        };
        let pattern = self.canonical_pattern(pattern)?;
        if reason.trim().is_empty() || reason.len() > MAX_REASON_BYTES {
            return Err(refuse("an entry needs a reason that people can read".to_owned()));
        }
        let now = self.now();
        if ends_at.is_some_and(|ends| ends <= now) {
            return Err(refuse("the entry would be over already".to_owned()));
        }
        let version = match (version, self.ecosystem(pattern.ecosystem().as_str())) {
            (Some(_), _) if pattern.is_prefix() => {
                return Err(refuse(
                    "a version goes with one package, not with a prefix".to_owned(),
                ));
            }
            (Some(text), Some(mounted)) => {
                let version = mounted.adapter.parse_version(&text);
                let version = version.map_err(|error| refuse(error.to_string()))?;
                // Whatever spelling an upstream chooses, it is this version.
                Some(version.canonical().to_owned())
            }
            (version, _) => version,
        };
        let new = NewPolicyEntry {
            registry_id: REGISTRY,
            kind,
            pattern,
            version,
            reason: reason.trim().to_owned(),
            author: author.to_owned(),
            ends_at,
        };
        let row = self.inner.store.add_policy_entry(new, now).await?;
        self.reload_rules().await?;
        Ok(row)
    }

    /// Takes an entry back.
    ///
    /// # Errors
    ///
    /// Not found when there is no such entry.
    pub async fn remove_policy_entry(&self, id: &str, author: &str) -> Result<(), AppError> {
        let missing = || AppError::not_found(format_args!("the policy entry `{id}`"));
        let parsed = id.parse().map_err(|_| missing())?;
        if !self.inner.store.remove_policy_entry(REGISTRY, parsed, author, self.now()).await? {
            return Err(missing());
        }
        self.reload_rules().await
    }

    /// Every entry, also those that are over.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn list_policy_entries(&self) -> Result<Vec<PolicyEntryRow>, AppError> {
        Ok(self.inner.store.list_policy_entries(REGISTRY).await?)
    }
}
