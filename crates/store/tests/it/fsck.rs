//! Fsck finds what is wrong and nothing else.

use vouchsafe_store::blob::Blobs;
use vouchsafe_store::fsck::{Finding, FsckReport, fsck};

use crate::harness::{TestDb, account, new_release, sha256_of, spool, store_tests};

async fn check(db: &TestDb, blobs: &Blobs, is_deep: bool) -> FsckReport {
    let mut told = Vec::new();
    let report = fsck(&db.store, blobs, is_deep, |finding| told.push(finding.clone())).await;
    let report = report.unwrap();
    assert_eq!(told, report.findings);
    report
}

/// Publishes `count` packages, whose blobs are there.
pub(crate) async fn publish(db: &TestDb, blobs: &Blobs, count: usize) {
    account(&db.store, "alice").await;
    for i in 0..count {
        let new = new_release(&format!("pad{i}"), "1.0.0");
        let bytes = new.artifacts[0].filename.as_str().as_bytes().to_vec();
        blobs.keep(spool(blobs, &bytes, 100).await).await.unwrap();
        db.store.commit_release(new).await.unwrap();
    }
}

store_tests! {
    async fn a_healthy_store_is_clean(db: &TestDb) {
        let blobs = db.blobs().await;
        publish(db, &blobs, 3).await;
        blobs.keep(spool(&blobs, b"orphan", 100).await).await.unwrap();
        let report = check(db, &blobs, true).await;
        assert!(report.is_clean(), "{report:?}");
        assert_eq!((report.references, report.blobs, report.orphans), (3, 4, 1));
    }

    async fn missing_short_and_changed_blobs_are_told_apart(db: &TestDb) {
        let blobs = db.blobs().await;
        publish(db, &blobs, 4).await;
        let place = |i: usize| {
            let hex = sha256_of(format!("pad{i}-1.0.0.tgz").as_bytes()).to_hex();
            db.folder.path().join("data/sha256").join(&hex[..2]).join(&hex)
        };
        std::fs::remove_file(place(0)).unwrap();
        std::fs::write(place(1), "short").unwrap();
        std::fs::write(place(2), "PAD2-1.0.0.tgz").unwrap();
        let report = check(db, &blobs, false).await;
        assert_eq!(report.finding_count, 2);
        assert!(report.findings.iter().any(|finding| {
            matches!(finding, Finding::MissingBlob { referred_by, .. }
                if referred_by == "artifact pad0-1.0.0.tgz")
        }));
        assert!(report.findings.iter().any(|finding| {
            matches!(finding, Finding::WrongSize { expected_bytes: 14, found_bytes: 5, .. })
        }));
        let report = check(db, &blobs, true).await;
        assert_eq!(report.finding_count, 3);
        let damaged = Finding::DamagedBlob { sha256: sha256_of(b"pad2-1.0.0.tgz") };
        assert!(report.findings.contains(&damaged));
    }
}
