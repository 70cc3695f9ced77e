//! Pools and connections of either engine.
//!
//! # Invariants
//!
//! - Only the writer task holds a connection that changes data.
//! - SQLite acknowledges a commit when it is on the disk (`synchronous = FULL`, WAL).
//! - On PostgreSQL a write transaction locks the event counter first. Writers of several nodes
//!   therefore take turns, which gives one gapless order of events and leaves no deadlock.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::pool::{PoolConnection, PoolOptions};
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection};
use sqlx::{SqlitePool, Transaction};
use vouchsafe_domain::{Timestamp, event::NewEvent};

use crate::StoreError;
use crate::engine::LOCK_EVENTS;
use crate::sql::{both, statements};

/// Connections for reading. Few, because an idle server must stay small.
const READERS: u32 = 4;
/// How long another process may hold the SQLite write lock before we give up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a caller waits for a free connection.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(15);

/// Which database engine runs underneath.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Engine {
    /// One file beside the server.
    Sqlite,
    /// A PostgreSQL server, possibly shared by several nodes.
    Postgres,
}

/// A borrowed connection of either engine.
pub(crate) enum Conn<'c> {
    Lite(&'c mut SqliteConnection),
    Pg(&'c mut PgConnection),
}

impl Conn<'_> {
    /// Borrows again, for the next statement.
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Lite(conn) => Conn::Lite(conn),
            Self::Pg(conn) => Conn::Pg(conn),
        }
    }
}

/// A connection out of the read pool; every statement sees the newest commit.
pub(crate) enum Reader {
    Lite(PoolConnection<Sqlite>),
    Pg(PoolConnection<Postgres>),
}

impl Reader {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Lite(conn) => Conn::Lite(conn),
            Self::Pg(conn) => Conn::Pg(conn),
        }
    }
}

/// A transaction. Dropping it rolls back.
enum Tx {
    Lite(Transaction<'static, Sqlite>),
    Pg(Transaction<'static, Postgres>),
}

impl Tx {
    fn conn(&mut self) -> Conn<'_> {
        match self {
            Self::Lite(tx) => Conn::Lite(tx),
            Self::Pg(tx) => Conn::Pg(tx),
        }
    }

    async fn commit(self) -> Result<(), StoreError> {
        let done = match self {
            Self::Lite(tx) => tx.commit().await,
            Self::Pg(tx) => tx.commit().await,
        };
        done.map_err(|source| StoreError::Commit { source })
    }

    async fn rollback(self) -> Result<(), StoreError> {
        let done = match self {
            Self::Lite(tx) => tx.rollback().await,
            Self::Pg(tx) => tx.rollback().await,
        };
        done.map_err(|source| StoreError::Connection { source })
    }
}

/// A read transaction: every statement sees the same moment.
pub(crate) struct Snapshot(Tx);

impl Snapshot {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        self.0.conn()
    }

    /// Gives the connection back. Dropping does it too, a little later.
    pub(crate) async fn end(self) -> Result<(), StoreError> {
        self.0.rollback().await
    }
}

statements! {
    SET_EVENTS = "UPDATE counters SET value = $1 WHERE name = 'events'";

    INSERT_EVENT = "INSERT INTO events (seq, kind, actor, subject, details, at)
                    VALUES ($1, $2, $3, $4, $5, $6)";
}

/// Opens a nested transaction; the three texts exist in both dialects.
const SAVEPOINT: &str = "SAVEPOINT command";
/// Keeps what the nested transaction did.
const RELEASE: &str = "RELEASE SAVEPOINT command";
/// Undoes what the nested transaction did.
const ROLLBACK_TO: &str = "ROLLBACK TO SAVEPOINT command";

/// The write transaction of one group of commands.
pub(crate) struct WriteTx {
    tx: Tx,
    /// Last event number handed out, in this transaction.
    seq: i64,
    /// Last event number of the database.
    committed_seq: i64,
    /// What `seq` goes back to when the current command is undone.
    savepoint_seq: i64,
}

impl WriteTx {
    pub(crate) fn conn(&mut self) -> Conn<'_> {
        self.tx.conn()
    }

    /// Writes an event and returns its number.
    pub(crate) async fn event(
        &mut self,
        event: &NewEvent,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let seq = self.seq + 1;
        both!(
            self.tx,
            execute(
                INSERT_EVENT,
                seq,
                event.kind.as_str(),
                without_nul(&event.actor).as_ref(),
                without_nul(&event.subject).as_ref(),
                event.details.to_string(),
                now.as_micros(),
            )
        )?;
        self.seq = seq;
        Ok(seq)
    }

    /// The number of the last event written so far.
    pub(crate) fn last_seq(&self) -> i64 {
        self.seq
    }

    /// Reads the event number again, after a restore has replaced the counters.
    pub(crate) async fn reload_seq(&mut self) -> Result<(), StoreError> {
        let (seq,) = both!(self.tx, fetch_one::<(i64,)>(LOCK_EVENTS))?;
        (self.seq, self.committed_seq) = (seq, seq);
        Ok(())
    }

    /// Starts a command that can be undone by itself.
    pub(crate) async fn savepoint(&mut self) -> Result<(), StoreError> {
        self.savepoint_seq = self.seq;
        self.run(SAVEPOINT).await
    }

    /// Ends a command and keeps what it did.
    pub(crate) async fn release(&mut self) -> Result<(), StoreError> {
        self.run(RELEASE).await
    }

    /// Ends a command as if it had never run.
    pub(crate) async fn undo(&mut self) -> Result<(), StoreError> {
        self.run(ROLLBACK_TO).await?;
        self.run(RELEASE).await?;
        self.seq = self.savepoint_seq;
        Ok(())
    }

    async fn run(&mut self, text: &'static str) -> Result<(), StoreError> {
        let done = match self.tx.conn() {
            Conn::Lite(conn) => sqlx::query(text).execute(conn).await.map(drop),
            Conn::Pg(conn) => sqlx::query(text).execute(conn).await.map(drop),
        };
        done.map_err(|source| StoreError::Statement { statement: text, source })
    }

    pub(crate) async fn commit(mut self) -> Result<(), StoreError> {
        if self.seq != self.committed_seq {
            both!(self.tx, execute(SET_EVENTS, self.seq))?;
        }
        self.tx.commit().await
    }

    pub(crate) async fn rollback(self) -> Result<(), StoreError> {
        self.tx.rollback().await
    }
}

/// The two pools of an open database.
#[derive(Debug, Clone)]
pub(crate) enum Pools {
    Lite { write: SqlitePool, read: SqlitePool },
    Pg { write: PgPool, read: PgPool },
}

impl Pools {
    /// Opens the database, creating an SQLite file that is not there, and migrates its schema.
    pub(crate) async fn open(url: &str) -> Result<Self, StoreError> {
        let pools = if let Some(path) = url.strip_prefix("sqlite:") {
            Self::open_sqlite(Path::new(path.strip_prefix("//").unwrap_or(path))).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            Self::open_postgres(url).await?
        } else {
            return Err(StoreError::BadUrl);
        };
        let migrator = sqlx::migrate!();
        match &pools {
            Self::Lite { write, .. } => migrator.run(write).await,
            Self::Pg { write, .. } => migrator.run(write).await,
        }
        .map_err(|source| StoreError::Migrate { source })?;
        Ok(pools)
    }

    async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(BUSY_TIMEOUT)
            .pragma("journal_size_limit", "67108864");
        let writer = options.clone().pragma("cache_size", "-4096");
        let reader = options.pragma("cache_size", "-1024").pragma("query_only", "ON");
        let pool = |connections: u32| {
            PoolOptions::<Sqlite>::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .idle_timeout(None)
                .max_lifetime(None)
                .test_before_acquire(false)
        };
        let write =
            pool(1).connect_with(writer).await.map_err(|source| StoreError::Open { source })?;
        Ok(Self::Lite { write, read: pool(READERS).connect_lazy_with(reader) })
    }

    async fn open_postgres(url: &str) -> Result<Self, StoreError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|source| StoreError::Open { source })?
            .application_name("vouchsafe")
            // Notices such as "already exists, skipping" would stand in the log at every start.
            .options([("client_min_messages", "warning")]);
        let pool = |connections: u32| {
            PoolOptions::<Postgres>::new()
                .max_connections(connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
        };
        let write = pool(1)
            .connect_with(options.clone())
            .await
            .map_err(|source| StoreError::Open { source })?;
        Ok(Self::Pg { write, read: pool(READERS).connect_lazy_with(options) })
    }

    pub(crate) fn engine(&self) -> Engine {
        match self {
            Self::Lite { .. } => Engine::Sqlite,
            Self::Pg { .. } => Engine::Postgres,
        }
    }

    pub(crate) async fn reader(&self) -> Result<Reader, StoreError> {
        let reader = match self {
            Self::Lite { read, .. } => read.acquire().await.map(Reader::Lite),
            Self::Pg { read, .. } => read.acquire().await.map(Reader::Pg),
        };
        reader.map_err(|source| StoreError::Connection { source })
    }

    pub(crate) async fn snapshot(&self) -> Result<Snapshot, StoreError> {
        let tx = match self {
            Self::Lite { read, .. } => read.begin().await.map(Tx::Lite),
            Self::Pg { read, .. } => {
                read.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map(Tx::Pg)
            }
        };
        Ok(Snapshot(tx.map_err(|source| StoreError::Connection { source })?))
    }

    pub(crate) async fn begin_write(&self) -> Result<WriteTx, StoreError> {
        let tx = match self {
            Self::Lite { write, .. } => write.begin_with("BEGIN IMMEDIATE").await.map(Tx::Lite),
            Self::Pg { write, .. } => write.begin().await.map(Tx::Pg),
        };
        let mut tx = tx.map_err(|source| StoreError::Connection { source })?;
        let (seq,) = both!(tx, fetch_one::<(i64,)>(LOCK_EVENTS))?;
        Ok(WriteTx { tx, seq, committed_seq: seq, savepoint_seq: seq })
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Lite { write, read } => {
                read.close().await;
                write.close().await;
            }
            Self::Pg { write, read } => {
                read.close().await;
                write.close().await;
            }
        }
    }
}

/// Text that both engines can hold: PostgreSQL refuses U+0000 in TEXT.
pub(crate) fn without_nul(text: &str) -> std::borrow::Cow<'_, str> {
    if text.contains('\0') { text.replace('\0', "\u{fffd}").into() } else { text.into() }
}
