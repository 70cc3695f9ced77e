//! Upstream documents, admitted artifacts, download counts.

use vouchsafe_domain::Digests;
use vouchsafe_store::{DownloadCount, NewCachedArtifact, UpstreamDocumentRow};

use crate::harness::{
    REGISTRY, TestDb, at, event_kinds, npm, package, sha256_of, store_tests, version,
};

store_tests! {
    async fn a_document_is_replaced_and_touched(db: &TestDb) {
        let ecosystem = npm();
        let find = || db.store.find_upstream_document(REGISTRY, &ecosystem, "left-pad");
        assert_eq!(find().await.unwrap(), None);
        let mut row = UpstreamDocumentRow {
            registry_id: REGISTRY,
            ecosystem: npm(),
            key: "left-pad".to_owned(),
            url: "https://upstream.example/left-pad".to_owned(),
            content_type: Some("application/json".to_owned()),
            etag: Some("\"1\"".to_owned()),
            last_modified: None,
            body_sha256: Some(sha256_of(b"{}")),
            size_bytes: 2,
            status: 200,
            fetched_at: at(0),
            validated_at: at(0),
        };
        db.store.put_upstream_document(row.clone()).await.unwrap();
        assert_eq!(find().await.unwrap(), Some(row.clone()));
        for validated_at in [at(60), at(30)] {
            let touch =
                db.store.touch_upstream_document(REGISTRY, &ecosystem, "left-pad", validated_at);
            touch.await.unwrap();
        }
        row.validated_at = at(60);
        assert_eq!(find().await.unwrap(), Some(row.clone()));
        assert!(db.store.is_blob_referenced(sha256_of(b"{}")).await.unwrap());

        row.body_sha256 = None;
        (row.status, row.size_bytes) = (404, 0);
        db.store.put_upstream_document(row.clone()).await.unwrap();
        assert_eq!(find().await.unwrap(), Some(row));
        assert!(!db.store.is_blob_referenced(sha256_of(b"{}")).await.unwrap());
    }

    async fn the_first_admitted_artifact_stays(db: &TestDb) {
        let admit = |bytes: &'static [u8]| {
            db.store.admit_artifact(NewCachedArtifact {
                registry_id: REGISTRY,
                package: package("left-pad"),
                version: version("1.3.0"),
                filename: "left-pad-1.3.0.tgz".parse().unwrap(),
                published_at: Some(at(-5)),
                sha256: sha256_of(bytes),
                size_bytes: bytes.len() as u64,
                upstream_digests: Digests::from_iter([sha256_of(bytes).into()]),
                now: at(0),
            })
        };
        let results = futures::future::join_all([admit(b"one"), admit(b"two!"), admit(b"one")]);
        let rows: Vec<_> = results.await.into_iter().map(Result::unwrap).collect();
        assert!(rows.iter().all(|row| row.sha256 == rows[0].sha256));
        let filename = "left-pad-1.3.0.tgz".parse().unwrap();
        let found = db.store.find_cached_artifact(REGISTRY, &package("left-pad"), None, &filename).await;
        let found = found.unwrap().unwrap();
        assert_eq!((found.sha256, found.published_at), (rows[0].sha256, Some(at(-5))));
        let count = |name: &'static str| {
            let store = db.store.clone();
            async move { store.cached_artifacts(REGISTRY, &package(name)).await.unwrap().len() }
        };
        assert_eq!((count("left-pad").await, count("right-pad").await), (1, 0));
        assert_eq!(event_kinds(&db.store).await, ["upstream.admitted"]);
    }

    async fn sightings_are_replaced(db: &TestDb) {
        let left_pad = package("left-pad");
        let find = || db.store.find_sightings(REGISTRY, &left_pad);
        assert!(find().await.unwrap().is_empty());
        for names in [&["a.tgz", "b.tgz"][..], &["b.tgz"]] {
            let sightings = names.iter().map(|name| ((*name).to_owned(), at(7))).collect();
            db.store.put_sightings(REGISTRY, &left_pad, &sightings).await.unwrap();
            assert_eq!(find().await.unwrap(), sightings);
        }
        let other = db.store.find_sightings(REGISTRY, &package("right-pad")).await;
        assert!(other.unwrap().is_empty());
    }

    async fn downloads_add_up(db: &TestDb) {
        let count = |day, count| DownloadCount {
            registry_id: REGISTRY,
            package: package("left-pad"),
            version: "1.0.0".to_owned(),
            day,
            count,
        };
        db.store.add_downloads(vec![count(1, 2), count(1, 3), count(2, 4)]).await.unwrap();
        db.store.add_downloads(vec![count(2, 1)]).await.unwrap();
        let sum = |name: &'static str| {
            let store = db.store.clone();
            async move { store.downloads_of(REGISTRY, &package(name)).await.unwrap() }
        };
        assert_eq!((sum("left-pad").await, sum("right-pad").await), (10, 0));
    }
}
