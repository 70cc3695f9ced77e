//! The schema is the same on both engines, and every statement fits it.

use std::collections::BTreeSet;

use sqlx::Connection as _;
use vouchsafe_store::StoreError;

use crate::harness::{TestDb, store_tests};

store_tests! {
    async fn every_statement_can_be_prepared(db: &TestDb) {
        let count = db.store.check_statements().await.unwrap();
        assert!(count > 90, "only {count} statements are registered");
    }

    async fn opening_twice_changes_nothing(db: &TestDb) {
        let again = vouchsafe_store::Store::open(&db.url).await.unwrap();
        assert_eq!(again.last_event_seq().await.unwrap(), 0);
        again.close().await;
    }

    async fn a_closed_store_refuses_writes(db: &TestDb) {
        let other = vouchsafe_store::Store::open(&db.url).await.unwrap();
        other.close().await;
        let refused = other.touch_tokens(Vec::new()).await;
        assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    }
}

type Column = (String, String, String, bool);

#[tokio::test]
async fn both_engines_have_the_same_tables_and_indexes() {
    let lite = TestDb::sqlite().await;
    let pg = TestDb::postgres().await;
    let path = lite.url.strip_prefix("sqlite:").unwrap();
    let mut lite_conn = sqlx::SqliteConnection::connect(path).await.unwrap();
    let mut pg_conn = sqlx::PgConnection::connect(&pg.url).await.unwrap();

    let lite_columns: Vec<Column> = sqlx::query_as(
        "SELECT m.name, c.name, lower(c.type), c.\"notnull\" = 0
         FROM sqlite_master m JOIN pragma_table_info(m.name) c
         WHERE m.type = 'table' AND m.name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut lite_conn)
    .await
    .unwrap();
    let pg_columns: Vec<Column> = sqlx::query_as(
        "SELECT CAST(table_name AS TEXT), CAST(column_name AS TEXT), CAST(data_type AS TEXT),
                is_nullable = 'YES'
         FROM information_schema.columns
         WHERE table_schema = 'public' AND table_name <> '_sqlx_migrations'",
    )
    .fetch_all(&mut pg_conn)
    .await
    .unwrap();
    let set = |columns: Vec<Column>| columns.into_iter().collect::<BTreeSet<_>>();
    let (lite_columns, pg_columns) = (set(lite_columns), set(pg_columns));
    assert!(lite_columns.len() > 100);
    // In SQLite the columns of a composite primary key are nullable unless they say otherwise.
    assert_eq!(lite_columns, pg_columns);

    let lite_indexes: Vec<(String,)> = sqlx::query_as(
        "SELECT name FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL ORDER BY name",
    )
    .fetch_all(&mut lite_conn)
    .await
    .unwrap();
    let pg_indexes: Vec<(String,)> = sqlx::query_as(
        "SELECT CAST(indexname AS TEXT) FROM pg_indexes
         WHERE schemaname = 'public' AND indexname NOT LIKE '%\\_key'
           AND indexname NOT LIKE '%\\_pkey' ORDER BY indexname",
    )
    .fetch_all(&mut pg_conn)
    .await
    .unwrap();
    let set = |names: Vec<(String,)>| names.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(set(lite_indexes), set(pg_indexes));
    lite_conn.close().await.unwrap();
    pg_conn.close().await.unwrap();
    lite.close().await;
    pg.close().await;
}

#[tokio::test]
async fn an_address_without_an_engine_is_refused_and_not_repeated() {
    for url in ["", "mysql://root:hunter2@127.0.0.1/x", "/var/lib/x.db", "http://127.0.0.1"] {
        let error = vouchsafe_store::Store::open(url).await.unwrap_err();
        assert!(matches!(error, StoreError::BadUrl), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
