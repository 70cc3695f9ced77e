//! Group commit: many callers, one transaction, no disturbance.

use sqlx::Connection as _;
use vouchsafe_store::CommitError;

use crate::harness::{TestDb, event_kinds, new_release, store_tests};

store_tests! {
    async fn a_failing_command_in_the_middle_disturbs_nobody(db: &TestDb) {
        db.store.commit_release(new_release("taken", "1.0.0")).await.unwrap();
        // The first of them is a group of its own; the others wait for it and go together.
        let publishes = (0..40).map(|i| {
            let name = if i % 3 == 2 { "taken".to_owned() } else { format!("pad{i}") };
            db.store.commit_release(new_release(&name, "1.0.0"))
        });
        let results = futures::future::join_all(publishes).await;
        for (i, result) in results.iter().enumerate() {
            match result {
                Ok(done) => assert!(i % 3 != 2 && done.is_new_package),
                Err(error) => {
                    assert!(i % 3 == 2 && matches!(error, CommitError::PackageAppeared), "{error}");
                }
            }
        }
        let mut seqs: Vec<i64> = results.iter().flatten().map(|done| done.event_seq).collect();
        seqs.sort_unstable();
        seqs.dedup();
        assert_eq!(seqs.len(), 27);
        assert_eq!(event_kinds(&db.store).await.len(), 2 + 27 * 2);
    }

    async fn a_caller_that_goes_away_does_not_take_its_write_along(db: &TestDb) {
        let store = db.store.clone();
        let abandoned = tokio::spawn(async move {
            let publish = store.commit_release(new_release("pad", "1.0.0"));
            // Polled once: queued, then dropped.
            let _ = futures::poll!(std::pin::pin!(publish));
        });
        abandoned.await.unwrap();
        let refused = db.store.commit_release(new_release("pad", "1.0.0")).await;
        assert!(matches!(refused, Err(CommitError::PackageAppeared)), "{refused:?}");
    }

    async fn writes_that_wait_are_finished_before_the_store_closes(db: &TestDb) {
        let other = vouchsafe_store::Store::open(&db.url).await.unwrap();
        let publishes = (0..10).map(|i| other.commit_release(new_release(&format!("p{i}"), "1.0.0")));
        let publishes = futures::future::join_all(publishes);
        let (results, ()) = futures::future::join(publishes, other.close()).await;
        let done = results.iter().filter(|result| result.is_ok()).count();
        assert_eq!(event_kinds(&db.store).await.len(), 2 * done);
        assert_eq!(done, 10);
    }
}

#[tokio::test]
async fn a_lost_connection_to_postgres_is_replaced() {
    let db = TestDb::postgres().await;
    for round in 0..3 {
        let mut killer = sqlx::PgConnection::connect(&db.url).await.unwrap();
        sqlx::query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
             WHERE application_name = 'vouchsafe' AND datname = current_database()",
        )
        .execute(&mut killer)
        .await
        .unwrap();
        killer.close().await.unwrap();
        let publishes = (0..4)
            .map(|i| db.store.commit_release(new_release(&format!("pad{round}x{i}"), "1.0.0")));
        for result in futures::future::join_all(publishes).await {
            result.unwrap();
        }
    }
    assert_eq!(event_kinds(&db.store).await.len(), 3 * 4 * 2);
    db.close().await;
}
