//! The tables that a backup holds, in an order in which they can be filled again.
//!
//! The only place where SQL is put together at run time. It is put together from the constants
//! below and nothing else, and the statement catalogue's test prepares the result.

use sqlx::{AssertSqlSafe, ColumnIndex, Database, Decode, Row, Type};

use crate::StoreError;
use crate::connection::Conn;

/// The type of a column, the same on both engines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ColumnType {
    Text,
    Int,
    Bool,
    Bytes,
}

/// One table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) columns: &'static [(&'static str, ColumnType)],
}

/// Declares tables with the names and types of their columns.
macro_rules! tables {
    ($($table:ident { $($column:ident: $type:ident),* $(,)? })*) => {
        &[$(Table {
            name: stringify!($table),
            columns: &[$((stringify!($column), ColumnType::$type)),*],
        },)*]
    };
}

/// Every table but `web_logins`, whose rows live for minutes. Rows come after those that they
/// refer to.
pub(crate) const TABLES: &[Table] = tables! {
    registries { id: Text, name: Text, created_at: Int }
    counters { name: Text, value: Int }
    accounts {
        id: Text, number: Int, name: Text, email: Text, password_hash: Text, is_admin: Bool,
        created_at: Int, disabled_at: Int,
    }
    tokens {
        id: Text, account_id: Text, secret_sha256: Text, name: Text, hint: Text, scopes: Text,
        packages: Text, created_at: Int, expires_at: Int, last_used_at: Int, revoked_at: Int,
    }
    packages {
        id: Text, registry_id: Text, ecosystem: Text, display: Text, canonical: Text,
        collision_key: Text, extras: Text, summary: Text, keywords: Text, newest_version: Text,
        state: Text, revision: Int, created_at: Int, updated_at: Int,
    }
    package_owners { package_id: Text, account_id: Text, added_at: Int }
    releases {
        id: Text, package_id: Text, version_display: Text, version_canonical: Text,
        manifest: Text, state: Text, yanked: Text, deprecated: Text, published_at: Int,
        published_by: Text,
    }
    artifacts {
        id: Text, package_id: Text, release_id: Text, filename: Text, size_bytes: Int,
        sha256: Text, digests: Text, extras: Text, published_at: Int, state: Text,
    }
    namespace_entries {
        package_id: Text, registry_id: Text, ecosystem: Text, namespace: Text, entry: Text,
    }
    tags { package_id: Text, tag: Text, release_id: Text, updated_at: Int }
    blobs { sha256: Text, size_bytes: Int, created_at: Int, condemned_at: Int }
    search_words { word: Bytes, package_id: Text }
    events { seq: Int, kind: Text, actor: Text, subject: Text, details: Text, at: Int }
    jobs {
        id: Text, kind: Text, payload: Text, priority: Int, unique_key: Text, run_at: Int,
        attempts: Int, locked_by: Text, lease_until: Int, last_error: Text,
    }
    claims {
        registry_id: Text, pattern: Text, ecosystem: Text, name_text: Text, is_prefix: Bool,
        author: Text, reason: Text, created_at: Int,
    }
    namespaces {
        id: Text, registry_id: Text, ecosystem: Text, prefix: Text, account_id: Text,
        method: Text, proof: Text, challenge: Text, state: Text, misses: Int, created_at: Int,
        verified_at: Int, checked_at: Int,
    }
    policy_entries {
        id: Text, registry_id: Text, kind: Text, pattern: Text, version: Text, reason: Text,
        author: Text, created_at: Int, ends_at: Int,
    }
    upstream_documents {
        registry_id: Text, ecosystem: Text, document_key: Text, url: Text, content_type: Text,
        etag: Text, last_modified: Text, body_sha256: Text, size_bytes: Int, status: Int,
        fetched_at: Int, validated_at: Int,
    }
    cached_artifacts {
        registry_id: Text, ecosystem: Text, canonical: Text, filename: Text,
        version_display: Text, version_canonical: Text, published_at: Int, sha256: Text,
        size_bytes: Int, upstream_digests: Text, admitted_at: Int,
    }
    upstream_sightings { registry_id: Text, ecosystem: Text, canonical: Text, sightings: Text }
    upstream_releases {
        registry_id: Text, ecosystem: Text, canonical: Text, version_display: Text,
        version_canonical: Text, manifest: Text, published_at: Int, fetched_at: Int,
    }
    deployments {
        id: Text, registry_id: Text, ecosystem: Text, account_id: Text, canonical: Text,
        version: Text, name: Text, state: Text, problems: Text, releases: Text, revision: Int,
        created_at: Int, updated_at: Int,
    }
    staged_files {
        deployment_id: Text, display: Text, canonical: Text, version_display: Text,
        version_canonical: Text, filename: Text, size_bytes: Int, sha256: Text, digests: Text,
        staged_at: Int,
    }
    git_sources {
        id: Text, registry_id: Text, ecosystem: Text, canonical: Text, url: Text,
        account_id: Text, webhook_secret: Text, state: Text, note: Text, created_at: Int,
        tried_at: Int, imported_at: Int,
    }
    git_tags {
        source_id: Text, tag: Text, target: Text, outcome: Text, note: Text, moved_to: Text,
        decided_at: Int,
    }
    downloads {
        registry_id: Text, ecosystem: Text, canonical: Text, version: Text, day: Int, total: Int,
    }
};

impl Table {
    /// The table of this name, when it is one that a backup may hold.
    pub(crate) fn find(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    pub(crate) fn column_names(&self) -> Vec<&'static str> {
        self.columns.iter().map(|(name, _)| *name).collect()
    }

    /// Reads every column of every row.
    pub(crate) fn select(&self) -> AssertSqlSafe<String> {
        AssertSqlSafe(format!("SELECT {} FROM {}", self.column_names().join(", "), self.name))
    }

    /// Writes one row, a parameter per column.
    pub(crate) fn insert(&self) -> AssertSqlSafe<String> {
        let places: Vec<String> = (1..=self.columns.len()).map(|at| format!("${at}")).collect();
        let columns = self.column_names().join(", ");
        let places = places.join(", ");
        AssertSqlSafe(format!("INSERT INTO {} ({columns}) VALUES ({places})", self.name))
    }
}

/// One value of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value {
    Text(Option<String>),
    Int(Option<i64>),
    Bool(Option<bool>),
    Bytes(Option<Vec<u8>>),
}

impl Value {
    /// The value as it stands in a backup; bytes are hexadecimal.
    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Text(text) => text.as_deref().into(),
            Self::Int(number) => (*number).into(),
            Self::Bool(flag) => (*flag).into(),
            Self::Bytes(bytes) => bytes.as_ref().map(hex::encode).into(),
        }
    }

    /// Reads a value out of a backup. `None`: it has another type than its column.
    pub(crate) fn from_json(column: ColumnType, json: serde_json::Value) -> Option<Self> {
        use serde_json::Value as Json;

        let value = match (column, json) {
            (ColumnType::Text, Json::Null) => Self::Text(None),
            (ColumnType::Text, Json::String(text)) => Self::Text(Some(text)),
            (ColumnType::Int, Json::Null) => Self::Int(None),
            (ColumnType::Int, Json::Number(number)) => Self::Int(Some(number.as_i64()?)),
            (ColumnType::Bool, Json::Null) => Self::Bool(None),
            (ColumnType::Bool, Json::Bool(flag)) => Self::Bool(Some(flag)),
            (ColumnType::Bytes, Json::Null) => Self::Bytes(None),
            (ColumnType::Bytes, Json::String(text)) => Self::Bytes(Some(hex::decode(text).ok()?)),
            _ => return None,
        };
        Some(value)
    }
}

/// Decodes a row of [`Table::select`] on either engine.
pub(crate) fn decode<R>(table: &Table, row: &R) -> Result<Vec<Value>, sqlx::Error>
where
    R: Row,
    usize: ColumnIndex<R>,
    String: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    i64: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    bool: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    Vec<u8>: for<'r> Decode<'r, R::Database> + Type<R::Database>,
    R::Database: Database<Row = R>,
{
    let columns = table.columns.iter().enumerate();
    columns
        .map(|(at, (_, column))| {
            Ok(match column {
                ColumnType::Text => Value::Text(row.try_get(at)?),
                ColumnType::Int => Value::Int(row.try_get(at)?),
                ColumnType::Bool => Value::Bool(row.try_get(at)?),
                ColumnType::Bytes => Value::Bytes(row.try_get(at)?),
            })
        })
        .collect()
}

/// Writes one row.
pub(crate) async fn insert_row(
    conn: Conn<'_>,
    table: &Table,
    row: Vec<Value>,
) -> Result<(), StoreError> {
    /// Binds every value and runs the statement.
    macro_rules! run {
        ($conn:expr) => {{
            let mut query = sqlx::query(table.insert());
            for value in row {
                query = match value {
                    Value::Text(text) => query.bind(text),
                    Value::Int(number) => query.bind(number),
                    Value::Bool(flag) => query.bind(flag),
                    Value::Bytes(bytes) => query.bind(bytes),
                };
            }
            query.execute($conn).await.map(drop)
        }};
    }
    let done = match conn {
        Conn::Lite(conn) => run!(conn),
        Conn::Pg(conn) => run!(conn),
    };
    done.map_err(|source| StoreError::Statement { statement: table.name, source })
}
