//! Verifying: the proof is looked for when its owner says so, and again from time to time.

use std::time::Duration;

use futures::StreamExt as _;
use vouchsafe_domain::{Actor, ErrorCode, NamespaceId, NamespaceState, RefusalKind};
use vouchsafe_store::{NamespaceRow, Settled};

use super::claim::claimed;
use super::{NamespaceView, PENDING_FOR, owner};
use crate::{App, AppError, REGISTRY};

/// A proof is looked for again this long after the last time.
const RECHECK_AFTER: Duration = Duration::from_secs(12 * 3600);
/// Proofs looked for in one run of the task.
const RECHECK_BATCH: u32 = 100;
/// Proofs looked for at once.
const RECHECKS_AT_ONCE: usize = 8;

impl App {
    /// Looks for the proof of a claim of the acting account, and, when it is there, makes the
    /// namespace the account's.
    ///
    /// # Errors
    ///
    /// `namespace.not-proved` when the proof is not there, `publish.name-claimed` when somebody
    /// else was first, `upstream.unavailable` when nobody can tell; `auth.*`; not found.
    pub async fn verify_own_namespace(
        &self,
        actor: &Actor,
        id: NamespaceId,
    ) -> Result<NamespaceView, AppError> {
        let account = owner(actor)?;
        let row = self.own_claim(actor, id).await?;
        self.count_claim(account)?;
        self.verify_claim(row, actor.label()).await
    }

    /// Looks for the proof of any claim, for the operator.
    ///
    /// # Errors
    ///
    /// Like [`verify_own_namespace`](Self::verify_own_namespace), without `auth.*`.
    pub async fn verify_namespace(&self, id: NamespaceId) -> Result<NamespaceView, AppError> {
        let row = self.live_claim(id).await?;
        let row = row.ok_or_else(|| AppError::not_found(format_args!("the claim {id}")))?;
        self.verify_claim(row, "system").await
    }

    /// Makes a namespace its claimant's on the operator's word, proved or not.
    ///
    /// # Errors
    ///
    /// `publish.name-claimed` when the namespace belongs to somebody else; not found.
    pub async fn approve_namespace(&self, id: NamespaceId) -> Result<NamespaceView, AppError> {
        let row = self.live_claim(id).await?;
        let row = row.ok_or_else(|| AppError::not_found(format_args!("the claim {id}")))?;
        self.settle(&row, "system").await
    }

    async fn verify_claim(
        &self,
        row: NamespaceRow,
        author: &str,
    ) -> Result<NamespaceView, AppError> {
        if row.state == NamespaceState::Verified {
            return Ok(self.namespace_view(row));
        }
        if !self.has_proof(&row).await? {
            let next = self.how_to_prove(&row).unwrap_or_else(|| "ask the operator".to_owned());
            let message =
                format!("the proof that {} is yours was not found: {next}", row.namespace);
            return Err(AppError::refused(
                RefusalKind::Unprocessable,
                ErrorCode::NamespaceNotProved,
                message,
            ));
        }
        let (mounted, prefixes) = self.place_of(&row.namespace)?;
        if row.state != NamespaceState::Frozen {
            // A claim holds nobody off: others may have come since.
            self.check_free(row.account_id, mounted, &prefixes).await?;
            if !self.gives_right(mounted, &row) {
                self.inner.store.note_proved_namespace(REGISTRY, row.id, self.now()).await?;
                return self.view_of(row.id).await;
            }
        }
        self.settle(&row, author).await
    }

    async fn settle(&self, row: &NamespaceRow, author: &str) -> Result<NamespaceView, AppError> {
        match self.inner.store.verify_namespace(REGISTRY, row.id, author, self.now()).await? {
            Settled::Done => {
                self.reload_rules().await?;
                self.view_of(row.id).await
            }
            Settled::Held => Err(claimed(format!(
                "{} belongs to another account since; ask the operator",
                row.namespace
            ))),
            Settled::Gone => Err(AppError::not_found(format_args!("the claim {}", row.id))),
        }
    }

    async fn view_of(&self, id: NamespaceId) -> Result<NamespaceView, AppError> {
        let row = self.inner.store.find_namespace(REGISTRY, id).await?;
        let row = row.ok_or_else(|| AppError::not_found(format_args!("the claim {id}")))?;
        Ok(self.namespace_view(row))
    }

    /// Forgets old claims and looks again for the proofs that have not been looked for lately.
    pub(crate) async fn tend_namespaces(&self) -> Result<(), AppError> {
        let forgotten = self.inner.store.prune_namespaces(self.now().minus(PENDING_FOR)).await?;
        if forgotten > 0 {
            tracing::info!(forgotten, "claims of namespaces that nobody proved were forgotten");
        }
        self.recheck(self.now().minus(RECHECK_AFTER)).await.map(drop)
    }

    /// Looks again for every proof that is a DNS record, for the operator. Returns how many.
    ///
    /// # Errors
    ///
    /// [`AppError`] when the store fails.
    pub async fn recheck_namespaces(&self) -> Result<usize, AppError> {
        let started = self.now();
        let mut checked = 0;
        loop {
            // What was looked for moves behind the start, so the rest comes next.
            match self.recheck(started).await? {
                0 => return Ok(checked),
                batch => checked += batch,
            }
        }
    }

    async fn recheck(
        &self,
        checked_before: vouchsafe_domain::Timestamp,
    ) -> Result<usize, AppError> {
        let due = self.inner.store.due_namespaces(REGISTRY, checked_before, RECHECK_BATCH).await?;
        let checked = due.len();
        let checks = due.into_iter().map(|row| self.recheck_one(row));
        let mut checks = futures::stream::iter(checks).buffer_unordered(RECHECKS_AT_ONCE);
        let mut has_changed = false;
        while let Some(check) = checks.next().await {
            has_changed |= check?;
        }
        if has_changed {
            self.reload_rules().await?;
        }
        Ok(checked)
    }

    /// Whether the namespace was frozen, or thawed.
    async fn recheck_one(&self, row: NamespaceRow) -> Result<bool, AppError> {
        let proof = self.has_proof(&row).await;
        let (store, now) = (&self.inner.store, self.now());
        match proof {
            Ok(true) => {
                store.verify_namespace(REGISTRY, row.id, "system", now).await?;
                Ok(row.state == NamespaceState::Frozen)
            }
            Ok(false) => {
                let is_frozen = store.miss_namespace(REGISTRY, row.id, now).await?;
                if is_frozen {
                    tracing::warn!(namespace = %row.namespace, owner = %row.account,
                        "the proof of a namespace is gone; it is frozen");
                }
                Ok(is_frozen)
            }
            // A name server that is down proves nothing.
            Err(AppError::Refused(_)) => {
                store.note_unsure_namespace(REGISTRY, row.id, now).await?;
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }
}
