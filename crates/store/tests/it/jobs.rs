//! Jobs: order, leases, folding.

use std::time::Duration;

use vouchsafe_domain::Timestamp;
use vouchsafe_store::{JobRow, NewJob, Store};

use crate::harness::{TestDb, at, store_tests};

fn job(kind: &str, priority: i64, run_at: Timestamp, key: Option<&str>) -> NewJob {
    let unique_key = key.map(str::to_owned);
    NewJob { kind: kind.to_owned(), payload: serde_json::json!({}), priority, unique_key, run_at }
}

async fn claim(store: &Store, worker: &str, now: Timestamp) -> Option<JobRow> {
    store.claim_job(worker, Duration::from_secs(60), now).await.unwrap()
}

store_tests! {
    async fn the_most_urgent_due_job_comes_first(db: &TestDb) {
        db.store.enqueue(job("late", 9, at(100), None)).await.unwrap();
        db.store.enqueue(job("low", 0, at(0), None)).await.unwrap();
        db.store.enqueue(job("high", 5, at(1), None)).await.unwrap();
        let kinds = [claim(&db.store, "w", at(2)).await, claim(&db.store, "w", at(2)).await];
        assert_eq!(kinds.map(|job| job.unwrap().kind), ["high", "low"]);
        assert!(claim(&db.store, "w", at(2)).await.is_none());
        assert_eq!(db.store.pending_jobs().await.unwrap(), 3);
    }

    async fn a_job_is_held_by_one_worker(db: &TestDb) {
        db.store.enqueue(job("x", 0, at(0), None)).await.unwrap();
        let names: Vec<String> = (0..8).map(|i| format!("worker-{i}")).collect();
        let claims = names.iter().map(|name| claim(&db.store, name, at(1)));
        let claims = futures::future::join_all(claims).await;
        assert_eq!(claims.iter().flatten().count(), 1);
    }

    async fn a_lease_that_ran_out_gives_the_job_away(db: &TestDb) {
        db.store.enqueue(job("x", 0, at(0), None)).await.unwrap();
        let first = claim(&db.store, "dead", at(0)).await.unwrap();
        assert!(claim(&db.store, "alive", at(60)).await.is_none());
        let second = claim(&db.store, "alive", at(61)).await.unwrap();
        assert_eq!((second.id, second.attempts), (first.id, 2));
        assert!(!db.store.complete_job(first.id, "dead").await.unwrap());
        assert!(db.store.complete_job(first.id, "alive").await.unwrap());
        assert_eq!(db.store.pending_jobs().await.unwrap(), 0);
    }

    async fn a_lease_can_be_renewed_by_who_holds_it(db: &TestDb) {
        db.store.enqueue(job("x", 0, at(0), None)).await.unwrap();
        let held = claim(&db.store, "w", at(0)).await.unwrap();
        assert!(db.store.renew_job(held.id, "w", at(120)).await.unwrap());
        assert!(!db.store.renew_job(held.id, "other", at(900)).await.unwrap());
        assert!(claim(&db.store, "other", at(119)).await.is_none());
        assert!(claim(&db.store, "other", at(121)).await.is_some());
    }

    async fn only_waiting_jobs_of_one_key_fold(db: &TestDb) {
        let render = || job("render", 0, at(0), Some("pad"));
        db.store.enqueue(render()).await.unwrap();
        db.store.enqueue(render()).await.unwrap();
        db.store.enqueue(job("render", 0, at(0), Some("other"))).await.unwrap();
        assert_eq!(db.store.pending_jobs().await.unwrap(), 2);
        let held = claim(&db.store, "w", at(1)).await.unwrap();
        db.store.enqueue(render()).await.unwrap();
        assert_eq!(db.store.pending_jobs().await.unwrap(), 3);
        // The one that waits will do the work of the one that failed.
        assert!(db.store.fail_job(held.id, "w", "no luck", at(5)).await.unwrap());
        assert_eq!(db.store.pending_jobs().await.unwrap(), 2);
    }

    async fn a_job_that_waits_is_due_as_early_as_the_one_that_it_replaces(db: &TestDb) {
        for secs in [50, 10, 30] {
            db.store.enqueue(job("render", 0, at(secs), Some("pad"))).await.unwrap();
        }
        assert_eq!(db.store.pending_jobs().await.unwrap(), 1);
        assert!(claim(&db.store, "w", at(9)).await.is_none());
        assert!(claim(&db.store, "w", at(10)).await.is_some());
    }

    async fn a_failed_job_waits_for_its_next_try(db: &TestDb) {
        db.store.enqueue(job("x", 0, at(0), None)).await.unwrap();
        let held = claim(&db.store, "w", at(0)).await.unwrap();
        assert!(!db.store.fail_job(held.id, "other", "?", at(1)).await.unwrap());
        assert!(db.store.fail_job(held.id, "w", "upstream\0down", at(30)).await.unwrap());
        assert!(claim(&db.store, "w", at(29)).await.is_none());
        assert_eq!(claim(&db.store, "w", at(30)).await.unwrap().attempts, 2);
    }
}
