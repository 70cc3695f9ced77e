//! Blobs in a bucket, against a real S3-compatible server.

use futures::TryStreamExt as _;
use vouchsafe_domain::Secret;
use vouchsafe_store::blob::{BlobConfig, BlobError, Blobs, MEMORY_BYTES, S3Config};
use vouchsafe_store::new_id;

use crate::harness::{init_crypto, noise, sha256_of, spool};

/// Opens `VOUCHSAFE_TEST_S3`, `http://127.0.0.1:PORT/bucket?access_key=…&secret_key=…`, under a
/// prefix of this test alone.
async fn open(folder: &tempfile::TempDir) -> Blobs {
    init_crypto();
    let url = std::env::var("VOUCHSAFE_TEST_S3").expect(
        "VOUCHSAFE_TEST_S3 is not set: these tests need an S3 server; \
         run them through `cargo xtask test`, which starts one",
    );
    let (address, query) = url.split_once('?').unwrap();
    let (endpoint, bucket) = address.rsplit_once('/').unwrap();
    let value = |name: &str| {
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.find(|(key, _)| *key == name).unwrap().1.to_owned()
    };
    let config = S3Config {
        endpoint: Some(endpoint.to_owned()),
        bucket: bucket.to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: value("access_key"),
        secret_access_key: Secret::new(value("secret_key")),
        prefix: format!("test-{}", new_id()),
        use_path_style: true,
        allow_http: true,
        spool_dir: folder.path().join("spool"),
    };
    Blobs::open(BlobConfig::S3(config)).await.unwrap()
}

#[tokio::test]
async fn what_is_kept_in_a_bucket_is_read_back_whole_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    // In one PUT, as one part, as several parts.
    for length in [0, 1, MEMORY_BYTES, MEMORY_BYTES + 1, 12 * 1024 * 1024 + 5] {
        let bytes = noise(length);
        let kept = blobs.keep(spool(&blobs, &bytes, 100_000).await).await.unwrap();
        assert_eq!(kept, (sha256_of(&bytes), length as u64));
        blobs.keep(spool(&blobs, &bytes, 100_000).await).await.unwrap();
        assert_eq!(blobs.read_all(kept.0, length as u64).await.unwrap(), bytes);
        let (third, half) = (length / 3, length / 2);
        let read = blobs.read(kept.0, Some(third as u64..half as u64)).await.unwrap();
        assert_eq!(read.size_bytes, length as u64);
        let chunks: Vec<bytes::Bytes> = read.stream.try_collect().await.unwrap();
        assert_eq!(chunks.concat(), bytes[third..half]);
        for bad in [0..length as u64 + 1, length as u64 + 1..length as u64 + 2] {
            let refused = blobs.read(kept.0, Some(bad)).await;
            assert!(matches!(refused, Err(BlobError::RangeNotSatisfiable { .. })), "{refused:?}");
        }
    }
    let mut listed: Vec<u64> =
        blobs.list().map_ok(|blob| blob.size_bytes).try_collect().await.unwrap();
    listed.sort_unstable();
    assert_eq!(listed.len(), 5);
    let one = sha256_of(&noise(1));
    blobs.delete(one).await.unwrap();
    blobs.delete(one).await.unwrap();
    assert!(!blobs.exists(one).await.unwrap());
    let missing = blobs.read(one, None).await;
    assert!(matches!(missing, Err(BlobError::Missing { .. })), "{missing:?}");
}

#[tokio::test]
async fn the_sweep_works_on_a_bucket() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    let db = crate::harness::TestDb::sqlite().await;
    crate::fsck::publish(&db, &blobs, 1).await;
    blobs.keep(spool(&blobs, b"orphan", 10).await).await.unwrap();
    let later = vouchsafe_domain::Timestamp::from(std::time::SystemTime::now())
        .plus(std::time::Duration::from_secs(7200));
    let grace = std::time::Duration::from_secs(3600);
    let report = blobs.sweep_orphans(&db.store, grace, later).await.unwrap();
    assert_eq!((report.seen, report.deleted), (2, 1));
    db.close().await;
}
