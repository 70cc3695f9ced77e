//! SQL texts and the one way to run them.
//!
//! Every statement is a constant that [`statements!`] (one text for both engines) or
//! [`engine_pairs!`] (a text per engine) registers, so that the catalogue test can prepare all of
//! them on both engines. A string made with `format!` does not compile here: sqlx takes `&'static
//! str` alone.

use crate::StoreError;

/// One statement, as each engine reads it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    /// Module and constant, for errors.
    pub(crate) name: &'static str,
    /// Text for SQLite.
    pub(crate) lite: &'static str,
    /// Text for PostgreSQL.
    pub(crate) pg: &'static str,
}

impl Sql {
    /// The error of this statement.
    pub(crate) fn failed(&self, source: sqlx::Error) -> StoreError {
        StoreError::Statement { statement: self.name, source }
    }
}

/// Declares portable statements and the module's list of them.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$doc])* const $name: crate::sql::Sql = crate::sql::Sql {
            name: concat!(module_path!(), "::", stringify!($name)),
            lite: $text,
            pg: $text,
        };)*

        /// Every statement of this module, for the catalogue.
        pub(crate) const STATEMENTS: &[crate::sql::Sql] = &[$($name,)*];
    };
}

/// Declares statements that the engines spell differently, and the module's list of them.
macro_rules! engine_pairs {
    ($($(#[$doc:meta])* $name:ident { lite: $lite:expr, pg: $pg:expr $(,)? })*) => {
        $($(#[$doc])* pub(crate) const $name: crate::sql::Sql = crate::sql::Sql {
            name: stringify!($name),
            lite: $lite,
            pg: $pg,
        };)*

        /// Every statement of this module, for the catalogue.
        pub(crate) const STATEMENTS: &[crate::sql::Sql] = &[$($name,)*];
    };
}

/// Runs one statement on whichever engine the connection is.
///
/// `both!(tx, fetch_all::<Record>(STATEMENT, argument, …))` for rows,
/// `both!(tx, execute(STATEMENT, argument, …))` for the number of rows changed.
macro_rules! both {
    ($conn:expr, execute($sql:expr $(, $arg:expr)* $(,)?)) => {
        match $conn.conn() {
            crate::connection::Conn::Lite(conn) => sqlx::query::<sqlx::Sqlite>($sql.lite)
                $(.bind($arg))*
                .execute(conn)
                .await
                .map(|done| done.rows_affected()),
            crate::connection::Conn::Pg(conn) => sqlx::query::<sqlx::Postgres>($sql.pg)
                $(.bind($arg))*
                .execute(conn)
                .await
                .map(|done| done.rows_affected()),
        }
        .map_err(|source| $sql.failed(source))
    };
    ($conn:expr, $fetch:ident::<$row:ty>($sql:expr $(, $arg:expr)* $(,)?)) => {
        match $conn.conn() {
            crate::connection::Conn::Lite(conn) => {
                sqlx::query_as::<sqlx::Sqlite, $row>($sql.lite)$(.bind($arg))*.$fetch(conn).await
            }
            crate::connection::Conn::Pg(conn) => {
                sqlx::query_as::<sqlx::Postgres, $row>($sql.pg)$(.bind($arg))*.$fetch(conn).await
            }
        }
        .map_err(|source| $sql.failed(source))
    };
}

pub(crate) use {both, engine_pairs, statements};

/// Every statement of the crate.
pub(crate) fn catalogue() -> impl Iterator<Item = &'static Sql> {
    let modules: [&'static [Sql]; 28] = [
        crate::engine::STATEMENTS,
        crate::connection::STATEMENTS,
        crate::accounts::STATEMENTS,
        crate::backup::STATEMENTS,
        crate::blob_rows::STATEMENTS,
        crate::changes::STATEMENTS,
        crate::claims::STATEMENTS,
        crate::deployments::STATEMENTS,
        crate::downloads::STATEMENTS,
        crate::events::STATEMENTS,
        crate::fsck::STATEMENTS,
        crate::git_sources::STATEMENTS,
        crate::jobs::STATEMENTS,
        crate::namespaces::STATEMENTS,
        crate::owners::STATEMENTS,
        crate::packages::STATEMENTS,
        crate::policy_entries::STATEMENTS,
        crate::publish::STATEMENTS,
        crate::releases::STATEMENTS,
        crate::restore::STATEMENTS,
        crate::search::STATEMENTS,
        crate::sightings::STATEMENTS,
        crate::tags::STATEMENTS,
        crate::tokens::STATEMENTS,
        crate::upstream::STATEMENTS,
        crate::upstream_releases::STATEMENTS,
        crate::verified_namespaces::STATEMENTS,
        crate::web_logins::STATEMENTS,
    ];
    modules.into_iter().flatten()
}
