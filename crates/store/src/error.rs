//! Why the database did not do what was asked.

use std::sync::Arc;

use vouchsafe_domain::{PackageId, Sha256};

/// Our side failed. Nothing of what was asked is in the database, unless the variant says so.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The address names no engine. It is not repeated here, because it may hold a password.
    #[error("the database address must start with `sqlite:` or `postgres://`")]
    BadUrl,

    /// The database cannot be opened.
    #[error("the database cannot be opened")]
    Open {
        /// Why.
        #[source]
        source: sqlx::Error,
    },

    /// The schema cannot be brought up to date.
    #[error("the database schema cannot be brought up to date")]
    Migrate {
        /// Why.
        #[source]
        source: sqlx::migrate::MigrateError,
    },

    /// No connection, or it was lost outside a statement.
    #[error("there is no connection to the database")]
    Connection {
        /// Why.
        #[source]
        source: sqlx::Error,
    },

    /// A statement failed.
    #[error("the database statement `{statement}` failed")]
    Statement {
        /// The constant that holds its text.
        statement: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },

    /// The commit failed. When the connection was lost in that moment, it may have happened all
    /// the same: read before trying again.
    #[error("the database did not confirm the commit")]
    Commit {
        /// Why.
        #[source]
        source: sqlx::Error,
    },

    /// The transaction that this write shared with others failed.
    #[error("the group of writes failed")]
    Group {
        /// What failed, for all of them.
        #[source]
        source: Arc<StoreError>,
    },

    /// A stored value is not valid. Somebody else wrote to the database, or a disk failed.
    #[error("the database holds a value in `{column}` that is not valid")]
    Corrupt {
        /// Table and column.
        column: &'static str,
    },

    /// No package ever had this id.
    #[error("there is no package with the id {package_id}")]
    UnknownPackage {
        /// The id.
        package_id: PackageId,
    },

    /// The bytes are being swept away at this very moment. Upload them again.
    #[error("blob {sha256} is being deleted; upload it again")]
    BlobCondemned {
        /// The blob.
        sha256: Sha256,
    },

    /// The store was closed, or the writer died while it held this write.
    #[error("the store is closed")]
    Closed,
}

impl StoreError {
    /// Whether the same write may simply be run again on a fresh connection: the connection broke
    /// before the commit, or the engine chose this transaction as the victim of a conflict.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Connection { source } | Self::Statement { source, .. } => match source {
                sqlx::Error::Io(_) | sqlx::Error::WorkerCrashed | sqlx::Error::PoolTimedOut => true,
                sqlx::Error::Database(error) => error.code().is_some_and(|code| {
                    // PostgreSQL: connection, shutdown, serialization, deadlock. SQLite: busy.
                    code.starts_with("08")
                        || code.starts_with("57P")
                        || matches!(code.as_ref(), "40001" | "40P01" | "5" | "261" | "517")
                }),
                _ => false,
            },
            _ => false,
        }
    }
}

/// Parses a stored value; what does not parse is damage, not input.
pub(crate) fn stored<T: std::str::FromStr>(
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    text.parse().map_err(|_| StoreError::Corrupt { column })
}

/// Parses stored JSON.
pub(crate) fn stored_json<T: serde::de::DeserializeOwned>(
    column: &'static str,
    text: &str,
) -> Result<T, StoreError> {
    serde_json::from_str(text).map_err(|_| StoreError::Corrupt { column })
}

/// Reads a stored size or count.
pub(crate) fn stored_u64(column: &'static str, value: i64) -> Result<u64, StoreError> {
    u64::try_from(value).map_err(|_| StoreError::Corrupt { column })
}
