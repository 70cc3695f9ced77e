//! The database and the blobs: everything that this registry remembers.
//!
//! [`Store`] speaks SQL to SQLite or PostgreSQL, chosen by URL at run time; [`blob::Blobs`] keeps
//! bytes under their SHA-256 in a folder or an S3-compatible bucket. Both know nothing of
//! packages' meaning: they decide what must be decided inside one transaction (who was first,
//! whether a name was ever used) and leave every other decision to `vouchsafe-app`.
//!
//! # Invariants
//!
//! - A write that returned is on the disk, and so is the event that tells of it.
//! - Uniqueness is a constraint of the schema, never a check in this process: several nodes may
//!   share one PostgreSQL.
//! - Removed rows stay as tombstones; names, versions and file names are never used twice.
//! - The time of a change is an argument. Only ids are made from a clock here.
//!
//! # See also
//!
//! `migrations/` for the schema; the `writer` module for group commit; [`fsck`] and [`backup`]
//! for operators.

mod accounts;
pub mod backup;
pub mod blob;
mod blob_rows;
mod changes;
mod claims;
mod connection;
mod deployments;
mod downloads;
mod engine;
mod error;
mod events;
pub mod fsck;
mod git_sources;
mod jobs;
mod namespaces;
mod owners;
mod packages;
mod policy_entries;
mod publish;
mod releases;
pub mod restore;
mod search;
mod sightings;
mod sql;
mod tables;
mod tags;
mod tokens;
mod upstream;
mod upstream_releases;
mod verified_namespaces;
mod web_logins;
mod writer;

use std::sync::Arc;

pub use accounts::{AccountRow, InsertAccountError, NewAccount};
pub use claims::ClaimRow;
pub use connection::Engine;
pub use deployments::{DeploymentRow, EndedDeployment, NewStagedFile, StagedFileRow};
pub use downloads::DownloadCount;
pub use error::StoreError;
pub use git_sources::{
    EndedImport, GitSourceRow, GitSourceState, GitTagOutcome, GitTagRow, NewGitSource, UnknownWord,
};
pub use jobs::{JobRow, NewJob};
pub use namespaces::NamespaceEntry;
pub use owners::OwnersError;
pub use packages::{PackageContents, PackageRow};
pub use policy_entries::{NewPolicyEntry, PolicyEntryKind, PolicyEntryRow};
pub use publish::{CommitError, CommittedRelease, NewArtifact, NewRelease};
pub use releases::{ArtifactRow, HostedArtifact, ReleaseRow};
pub use tags::TagOutcome;
pub use tokens::{NewToken, TokenRow};
pub use upstream::{CachedArtifactRow, NewCachedArtifact, UpstreamDocumentRow};
pub use upstream_releases::UpstreamReleaseRow;
pub use verified_namespaces::{AddNamespaceError, NamespaceRow, NewNamespace, Settled};
pub use web_logins::{NewWebLogin, WebLoginRow, WebLoginState};

use connection::{Conn, Pools, Reader, Snapshot};
use writer::{Body, WriteQueue};

/// The database. Cheap to clone; all clones share the pools and the writer.
#[derive(Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

struct Inner {
    pools: Pools,
    queue: WriteQueue,
}

impl Store {
    /// Opens a database and brings its schema up to date. Must run inside a tokio runtime, which
    /// carries the writer task from then on.
    ///
    /// * `url`: `sqlite:PATH` (the file is made when it is not there) or `postgres://…`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when there is no database at the address or its schema is newer than ours.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = Pools::open(url).await?;
        let queue = WriteQueue::start(pools.clone());
        Ok(Self { inner: Arc::new(Inner { pools, queue }) })
    }

    /// Which engine runs underneath.
    pub fn engine(&self) -> Engine {
        self.inner.pools.engine()
    }

    /// Finishes the writes that wait, refuses further ones, and closes all connections.
    pub async fn close(&self) {
        self.inner.queue.close().await;
        self.inner.pools.close().await;
    }

    /// Prepares every statement this crate has, which proves that the schema fits the program.
    /// Returns how many there are.
    ///
    /// # Errors
    ///
    /// [`StoreError::Statement`] with the first one that the engine refuses.
    pub async fn check_statements(&self) -> Result<usize, StoreError> {
        use sqlx::{Executor as _, SqlSafeStr as _};

        let engine = self.engine();
        let fixed = sql::catalogue().map(|sql| match engine {
            Engine::Sqlite => (sql.name, sql.lite.into_sql_str()),
            Engine::Postgres => (sql.name, sql.pg.into_sql_str()),
        });
        let of_tables = tables::TABLES.iter().flat_map(|table| {
            let statements = [table.select().into_sql_str(), table.insert().into_sql_str()];
            statements.map(|text| (table.name, text))
        });
        let mut reader = self.reader().await?;
        let mut count = 0;
        for (statement, text) in fixed.chain(of_tables) {
            match reader.conn() {
                Conn::Lite(conn) => conn.prepare(text).await.map(drop),
                Conn::Pg(conn) => conn.prepare(text).await.map(drop),
            }
            .map_err(|source| StoreError::Statement { statement, source })?;
            count += 1;
        }
        Ok(count)
    }

    async fn reader(&self) -> Result<Reader, StoreError> {
        self.inner.pools.reader().await
    }

    async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        self.inner.pools.snapshot().await
    }

    async fn write<D, T, E>(&self, data: D, body: Body<D, T, E>) -> Result<T, E>
    where
        D: Send + Sync + 'static,
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
    {
        self.inner.queue.write(data, body).await
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").field("engine", &self.engine()).finish_non_exhaustive()
    }
}

/// A fresh UUIDv7: ids made later sort later.
pub fn new_id() -> uuid::Uuid {
    uuid::Uuid::now_v7()
}
