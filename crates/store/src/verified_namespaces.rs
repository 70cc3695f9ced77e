//! Namespaces that belong to accounts, and claims to them. Whether a proof is good, and which
//! names a namespace holds, is decided above.

mod look;

use serde_json::json;
use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{
    AccountId, AccountName, EcosystemId, Namespace, NamespaceId, NamespaceMethod, NamespaceState,
    RegistryId, Timestamp,
};

use crate::connection::{WriteTx, without_nul};
use crate::error::stored;
use crate::sql::{both, statements};
use crate::{CommitError, NewRelease, Store, StoreError, new_id};

/// A claim to be added.
#[derive(Debug, Clone)]
pub struct NewNamespace {
    /// The registry.
    pub registry_id: RegistryId,
    /// What is claimed, canonical.
    pub namespace: Namespace,
    /// For whom.
    pub account_id: AccountId,
    /// How it will be proved. What the operator gives needs no proof and is verified at once.
    pub method: NamespaceMethod,
    /// Where the proof will be looked for.
    pub proof: Option<String>,
    /// What it must show.
    pub challenge: String,
    /// How many claims that are not verified the account may have. Further ones are refused.
    pub max_open: u32,
    /// Who claims, for the events.
    pub actor: String,
}

/// A claim, or a namespace that belongs to an account.
#[derive(Debug, Clone)]
pub struct NamespaceRow {
    /// Its id.
    pub id: NamespaceId,
    /// What is claimed, canonical.
    pub namespace: Namespace,
    /// Whose it is.
    pub account_id: AccountId,
    /// The name of that account.
    pub account: AccountName,
    /// How it is proved.
    pub method: NamespaceMethod,
    /// Where the proof is looked for: a domain, or `HOST/USER` of a code host.
    pub proof: Option<String>,
    /// What the proof must show.
    pub challenge: String,
    /// How far it has come.
    pub state: NamespaceState,
    /// When it was claimed.
    pub created_at: Timestamp,
    /// When it became verified, the last time.
    pub verified_at: Option<Timestamp>,
    /// When the proof was looked for, the last time.
    pub checked_at: Option<Timestamp>,
}

/// Why a claim was not added. Nothing of it is in the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AddNamespaceError {
    /// The namespace belongs to an account, perhaps to this one.
    #[error("the namespace belongs to an account already")]
    Held,
    /// The account has too many open claims.
    #[error("the account has too many open claims")]
    TooMany,
    /// Our side failed.
    #[error("the claim could not be added")]
    Store(#[from] StoreError),
}

/// What became of a claim that should be settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// It is as it should be, since now or for some time.
    Done,
    /// The namespace belongs to another claim.
    Held,
    /// There is no such claim any more.
    Gone,
}

/// A namespace stays as it is while its proof is missing for fewer checks than this.
const MISSES_UNTIL_FROZEN: i64 = 2;

statements! {
    INSERT_NAMESPACE =
        "INSERT INTO namespaces (id, registry_id, ecosystem, prefix, account_id, method, proof,
                                 challenge, state, misses, created_at, verified_at, checked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, NULL)
         ON CONFLICT DO NOTHING";

    DELETE_OPEN =
        "DELETE FROM namespaces
         WHERE registry_id = $1 AND ecosystem = $2 AND prefix = $3 AND account_id = $4
           AND state IN ('pending', 'proved')";

    COUNT_OPEN =
        "SELECT count(*) FROM namespaces
         WHERE account_id = $1 AND state IN ('pending', 'proved')";

    FIND_NAMESPACE =
        "SELECT n.id, n.ecosystem, n.prefix, n.account_id, a.name AS account, n.method, n.proof,
                n.challenge, n.state, n.created_at, n.verified_at, n.checked_at
         FROM namespaces n JOIN accounts a ON a.id = n.account_id
         WHERE n.registry_id = $1 AND n.id = $2";

    FIND_HELD =
        "SELECT n.id, n.ecosystem, n.prefix, n.account_id, a.name AS account, n.method, n.proof,
                n.challenge, n.state, n.created_at, n.verified_at, n.checked_at
         FROM namespaces n JOIN accounts a ON a.id = n.account_id
         WHERE n.registry_id = $1 AND n.ecosystem = $2 AND n.prefix = $3
           AND n.state IN ('verified', 'frozen')";

    LIST_NAMESPACES =
        "SELECT n.id, n.ecosystem, n.prefix, n.account_id, a.name AS account, n.method, n.proof,
                n.challenge, n.state, n.created_at, n.verified_at, n.checked_at
         FROM namespaces n JOIN accounts a ON a.id = n.account_id
         WHERE n.registry_id = $1 ORDER BY n.ecosystem, n.prefix, n.created_at, n.id";

    LIST_OF_ACCOUNT =
        "SELECT n.id, n.ecosystem, n.prefix, n.account_id, a.name AS account, n.method, n.proof,
                n.challenge, n.state, n.created_at, n.verified_at, n.checked_at
         FROM namespaces n JOIN accounts a ON a.id = n.account_id
         WHERE n.registry_id = $1 AND n.account_id = $2
         ORDER BY n.ecosystem, n.prefix, n.created_at, n.id";

    LIST_HELD =
        "SELECT ecosystem, prefix FROM namespaces
         WHERE registry_id = $1 AND state IN ('verified', 'frozen')";

    LIST_DUE =
        "SELECT n.id, n.ecosystem, n.prefix, n.account_id, a.name AS account, n.method, n.proof,
                n.challenge, n.state, n.created_at, n.verified_at, n.checked_at
         FROM namespaces n JOIN accounts a ON a.id = n.account_id
         WHERE n.registry_id = $1 AND n.method = 'dns' AND n.state IN ('verified', 'frozen')
           AND coalesce(n.checked_at, 0) < $2
         ORDER BY coalesce(n.checked_at, 0), n.id LIMIT $3";

    MARK_PROVED =
        "UPDATE namespaces SET state = 'proved', checked_at = $3
         WHERE registry_id = $1 AND id = $2 AND state = 'pending'";

    MARK_VERIFIED =
        "UPDATE namespaces SET state = 'verified', misses = 0, verified_at = $3, checked_at = $3
         WHERE registry_id = $1 AND id = $2 AND state <> 'verified'";

    MARK_SEEN =
        "UPDATE namespaces SET misses = 0, checked_at = $3 WHERE registry_id = $1 AND id = $2";

    MARK_CHECKED =
        "UPDATE namespaces SET checked_at = $3 WHERE registry_id = $1 AND id = $2";

    MARK_MISSED =
        "UPDATE namespaces SET misses = misses + 1, checked_at = $3
         WHERE registry_id = $1 AND id = $2 RETURNING misses";

    MARK_FROZEN =
        "UPDATE namespaces SET state = 'frozen'
         WHERE registry_id = $1 AND id = $2 AND state = 'verified'";

    DELETE_NAMESPACE = "DELETE FROM namespaces WHERE registry_id = $1 AND id = $2";

    PRUNE_PENDING =
        "DELETE FROM namespaces WHERE state = 'pending' AND created_at < $1";

    // The first letters are compared, not a range: the order of TEXT depends on the locale.
    PACKAGES_OF_OTHERS =
        "SELECT p.canonical FROM packages p
         WHERE p.registry_id = $1 AND p.ecosystem = $2 AND p.state <> 'removed'
           AND substr(p.canonical, 1, $3) = $4
           AND NOT EXISTS (SELECT 1 FROM package_owners o
                           WHERE o.package_id = p.id AND o.account_id = $5)";
}

#[derive(sqlx::FromRow)]
struct Record {
    id: String,
    ecosystem: String,
    prefix: String,
    account_id: String,
    account: String,
    method: String,
    proof: Option<String>,
    challenge: String,
    state: String,
    created_at: i64,
    verified_at: Option<i64>,
    checked_at: Option<i64>,
}

impl Record {
    fn decode(self) -> Result<NamespaceRow, StoreError> {
        Ok(NamespaceRow {
            id: stored("namespaces.id", &self.id)?,
            namespace: namespace(&self.ecosystem, self.prefix)?,
            account_id: stored("namespaces.account_id", &self.account_id)?,
            account: stored("accounts.name", &self.account)?,
            method: stored("namespaces.method", &self.method)?,
            proof: self.proof,
            challenge: self.challenge,
            state: stored("namespaces.state", &self.state)?,
            created_at: Timestamp::from_micros(self.created_at),
            verified_at: self.verified_at.map(Timestamp::from_micros),
            checked_at: self.checked_at.map(Timestamp::from_micros),
        })
    }
}

fn namespace(ecosystem: &str, prefix: String) -> Result<Namespace, StoreError> {
    let ecosystem: EcosystemId = stored("namespaces.ecosystem", ecosystem)?;
    Namespace::new(ecosystem, prefix)
        .map_err(|_| StoreError::Corrupt { column: "namespaces.prefix" })
}

/// What a write is about.
struct Of {
    registry_id: RegistryId,
    id: NamespaceId,
    actor: String,
    now: Timestamp,
}

impl Of {
    async fn row(&self, tx: &mut WriteTx) -> Result<Option<NamespaceRow>, StoreError> {
        let (registry, id) = (self.registry_id.to_string(), self.id.to_string());
        let record = both!(tx, fetch_optional::<Record>(FIND_NAMESPACE, registry, id))?;
        record.map(Record::decode).transpose()
    }

    async fn tell(
        &self,
        tx: &mut WriteTx,
        kind: EventKind,
        row: &NamespaceRow,
    ) -> Result<(), StoreError> {
        tell(tx, kind, &self.actor, row, self.now).await
    }
}

async fn tell(
    tx: &mut WriteTx,
    kind: EventKind,
    actor: &str,
    row: &NamespaceRow,
    now: Timestamp,
) -> Result<(), StoreError> {
    let details = json!({
        "id": row.id,
        "account": row.account,
        "method": row.method,
        "proof": row.proof,
    });
    let event = NewEvent::new(kind, actor, row.namespace.to_string()).with(details);
    tx.event(&event, now).await?;
    Ok(())
}

async fn held(
    tx: &mut WriteTx,
    registry_id: RegistryId,
    namespace: &Namespace,
) -> Result<Option<NamespaceRow>, StoreError> {
    let record = both!(
        tx,
        fetch_optional::<Record>(
            FIND_HELD,
            registry_id.to_string(),
            namespace.ecosystem().as_str(),
            namespace.prefix(),
        )
    )?;
    record.map(Record::decode).transpose()
}

/// Whether the publisher may create a package of this name. Asked inside the commit: a namespace
/// may have been verified since the publisher was let through.
pub(crate) async fn check_creator(tx: &mut WriteTx, new: &NewRelease) -> Result<(), CommitError> {
    for prefix in &new.namespaces {
        let namespace = Namespace::new(new.package.ecosystem.clone(), prefix.as_str());
        let Ok(namespace) = namespace else { continue };
        if let Some(row) = held(tx, new.registry_id, &namespace).await? {
            let is_creator =
                row.state == NamespaceState::Verified && new.account == Some(row.account_id);
            return if is_creator { Ok(()) } else { Err(CommitError::NamespaceHeld { namespace }) };
        }
    }
    Ok(())
}

async fn add(
    tx: &mut WriteTx,
    new: &NewNamespace,
    now: Timestamp,
) -> Result<NamespaceRow, AddNamespaceError> {
    let (registry, account) = (new.registry_id.to_string(), new.account_id.to_string());
    let (ecosystem, prefix) = (new.namespace.ecosystem().as_str(), new.namespace.prefix());
    if held(tx, new.registry_id, &new.namespace).await?.is_some() {
        return Err(AddNamespaceError::Held);
    }
    // Who claims again gets a new challenge; the old one may have been seen by others.
    both!(tx, execute(DELETE_OPEN, registry.as_str(), ecosystem, prefix, account.as_str()))?;
    let is_given = new.method == NamespaceMethod::Operator;
    let (open,) = both!(tx, fetch_one::<(i64,)>(COUNT_OPEN, account.as_str()))?;
    if !is_given && open >= i64::from(new.max_open) {
        return Err(AddNamespaceError::TooMany);
    }
    let id = NamespaceId::from_uuid(new_id());
    let state = if is_given { NamespaceState::Verified } else { NamespaceState::Pending };
    let rows = both!(
        tx,
        execute(
            INSERT_NAMESPACE,
            id.to_string(),
            registry,
            ecosystem,
            prefix,
            account,
            new.method.as_str(),
            new.proof.as_deref(),
            new.challenge.as_str(),
            state.as_str(),
            now.as_micros(),
            is_given.then_some(now.as_micros()),
        )
    )?;
    let of = Of { registry_id: new.registry_id, id, actor: new.actor.clone(), now };
    let row = of.row(tx).await?.filter(|_| rows > 0).ok_or(AddNamespaceError::Held)?;
    of.tell(tx, EventKind::NamespaceClaimed, &row).await?;
    if is_given {
        of.tell(tx, EventKind::NamespaceVerified, &row).await?;
    }
    Ok(row)
}

async fn verify(tx: &mut WriteTx, of: &Of) -> Result<Settled, StoreError> {
    let Some(row) = of.row(tx).await? else { return Ok(Settled::Gone) };
    if held(tx, of.registry_id, &row.namespace).await?.is_some_and(|held| held.id != of.id) {
        return Ok(Settled::Held);
    }
    let (registry, id, now) = (of.registry_id.to_string(), of.id.to_string(), of.now.as_micros());
    let rows = both!(tx, execute(MARK_VERIFIED, registry.as_str(), id.as_str(), now))?;
    if rows == 0 {
        both!(tx, execute(MARK_SEEN, registry, id, now))?;
        return Ok(Settled::Done);
    }
    of.tell(tx, EventKind::NamespaceVerified, &row).await?;
    Ok(Settled::Done)
}

async fn miss(tx: &mut WriteTx, of: &Of) -> Result<bool, StoreError> {
    let (registry, id, now) = (of.registry_id.to_string(), of.id.to_string(), of.now.as_micros());
    let missed = fetch_misses(tx, &registry, &id, now).await?;
    if missed.is_none_or(|misses| misses < MISSES_UNTIL_FROZEN) {
        return Ok(false);
    }
    let is_news = both!(tx, execute(MARK_FROZEN, registry, id))? > 0;
    if let Some(row) = of.row(tx).await?.filter(|_| is_news) {
        of.tell(tx, EventKind::NamespaceFrozen, &row).await?;
    }
    Ok(is_news)
}

async fn fetch_misses(
    tx: &mut WriteTx,
    registry: &str,
    id: &str,
    now: i64,
) -> Result<Option<i64>, StoreError> {
    let missed = both!(tx, fetch_optional::<(i64,)>(MARK_MISSED, registry, id, now))?;
    Ok(missed.map(|(misses,)| misses))
}

async fn remove(tx: &mut WriteTx, of: &Of) -> Result<bool, StoreError> {
    let Some(row) = of.row(tx).await? else { return Ok(false) };
    both!(tx, execute(DELETE_NAMESPACE, of.registry_id.to_string(), of.id.to_string()))?;
    of.tell(tx, EventKind::NamespaceReleased, &row).await?;
    Ok(true)
}

impl Store {
    /// Adds a claim. An earlier one of the same account that led nowhere is replaced.
    ///
    /// # Errors
    ///
    /// [`AddNamespaceError`]; nothing was changed.
    pub async fn add_namespace(
        &self,
        new: NewNamespace,
        now: Timestamp,
    ) -> Result<NamespaceRow, AddNamespaceError> {
        let challenge = without_nul(&new.challenge).into_owned();
        let proof = new.proof.as_deref().map(|proof| without_nul(proof).into_owned());
        let new = NewNamespace { challenge, proof, ..new };
        self.write((new, now), |tx, (new, now)| Box::pin(add(tx, new, *now))).await
    }

    /// The claim has a good proof, or the operator's approval: the namespace belongs to its
    /// account from now on.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn verify_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
        actor: &str,
        now: Timestamp,
    ) -> Result<Settled, StoreError> {
        let of = Of { registry_id, id, actor: actor.to_owned(), now };
        self.write(of, |tx, of| Box::pin(verify(tx, of))).await
    }

    /// The proof is good, and gives no right by itself.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn note_proved_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = Of { registry_id, id, actor: String::new(), now };
        self.write(of, |tx, of| {
            Box::pin(async move {
                let (registry, id) = (of.registry_id.to_string(), of.id.to_string());
                both!(tx, execute(MARK_PROVED, registry, id, of.now.as_micros()))?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// The proof of a namespace was looked for and is gone. The second time in a row the namespace
    /// is frozen; returns whether that happened now.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn miss_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let of = Of { registry_id, id, actor: "system".to_owned(), now };
        self.write(of, |tx, of| Box::pin(miss(tx, of))).await
    }

    /// The proof was looked for, and nobody could tell whether it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn note_unsure_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let of = Of { registry_id, id, actor: String::new(), now };
        self.write(of, |tx, of| {
            Box::pin(async move {
                let (registry, id) = (of.registry_id.to_string(), of.id.to_string());
                both!(tx, execute(MARK_CHECKED, registry, id, of.now.as_micros()))?;
                Ok::<_, StoreError>(())
            })
        })
        .await
    }

    /// Gives a claim up, or takes a namespace away. Returns whether it was there.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn remove_namespace(
        &self,
        registry_id: RegistryId,
        id: NamespaceId,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let of = Of { registry_id, id, actor: actor.to_owned(), now };
        self.write(of, |tx, of| Box::pin(remove(tx, of))).await
    }

    /// Deletes claims that nobody proved and that are older than this. Returns how many.
    ///
    /// # Errors
    ///
    /// [`StoreError`]; nothing was changed.
    pub async fn prune_namespaces(&self, created_before: Timestamp) -> Result<u64, StoreError> {
        self.write(created_before.as_micros(), |tx, before| {
            Box::pin(async move { both!(tx, execute(PRUNE_PENDING, *before)) })
        })
        .await
    }
}
