//! Blobs in a folder: spooling, keeping, reading, sweeping, and what a crash leaves.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::time::Duration;

use futures::TryStreamExt as _;
use vouchsafe_domain::{DigestAlgorithm, Timestamp};
use vouchsafe_store::blob::{BlobConfig, BlobError, Blobs, MEMORY_BYTES};

use crate::harness::{TestDb, at, new_release, noise, sha256_of, spool, store_tests, version};

async fn open(folder: &tempfile::TempDir) -> Blobs {
    Blobs::open(BlobConfig::Local { root: folder.path().to_owned() }).await.unwrap()
}

async fn bytes_of(blobs: &Blobs, bytes: &[u8], range: Option<std::ops::Range<u64>>) -> Vec<u8> {
    let read = blobs.read(sha256_of(bytes), range).await.unwrap();
    assert_eq!(read.size_bytes, bytes.len() as u64);
    let chunks: Vec<bytes::Bytes> = read.stream.try_collect().await.unwrap();
    chunks.concat()
}

#[tokio::test]
async fn what_is_kept_is_read_back_whole_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    for length in [0, 1, MEMORY_BYTES, MEMORY_BYTES + 1, 3 * MEMORY_BYTES + 7] {
        let bytes = noise(length);
        let spooled = spool(&blobs, &bytes, 10_001).await;
        assert_eq!(spooled.digests.get(DigestAlgorithm::Sha512).unwrap().as_bytes().len(), 64);
        let kept = blobs.keep(spooled).await.unwrap();
        assert_eq!(kept, (sha256_of(&bytes), length as u64));
        assert_eq!(bytes_of(&blobs, &bytes, None).await, bytes);
        let all = blobs.read_all(kept.0, length as u64).await.unwrap();
        assert_eq!(all, bytes);
        let (third, half) = (length / 3, length / 2);
        let part = bytes_of(&blobs, &bytes, Some(third as u64..half as u64)).await;
        assert_eq!(part, bytes[third..half]);
        for bad in [0..length as u64 + 1, length as u64 + 1..length as u64 + 2] {
            let refused = blobs.read(kept.0, Some(bad)).await;
            assert!(matches!(refused, Err(BlobError::RangeNotSatisfiable { .. })), "{refused:?}");
        }
    }
    assert_eq!(blobs.list().try_collect::<Vec<_>>().await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_spooled_upload_can_be_read_by_several_readers() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    for length in [1000, 2 * MEMORY_BYTES] {
        let bytes = noise(length);
        let spooled = spool(&blobs, &bytes, 4096).await;
        let mut first = spooled.reader().unwrap();
        let mut second = spooled.reader().unwrap();
        first.seek(SeekFrom::End(-10)).unwrap();
        let (mut end, mut all) = (Vec::new(), Vec::new());
        first.read_to_end(&mut end).unwrap();
        second.read_to_end(&mut all).unwrap();
        assert_eq!(end, bytes[length - 10..]);
        assert_eq!(all, bytes);
    }
}

#[tokio::test]
async fn an_upload_over_its_limit_is_refused_before_it_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    let mut writer = blobs.spool(10, &[]);
    writer.write(&[0; 6]).await.unwrap();
    let refused = writer.write(&[0; 5]).await;
    assert!(matches!(refused, Err(BlobError::TooLarge { limit_bytes: 10 })), "{refused:?}");
    writer.write(&[0; 4]).await.unwrap();
    assert_eq!(writer.finish().await.unwrap().size_bytes, 10);
    let huge = spool(&blobs, &noise(100), 100).await;
    let (sha256, _) = blobs.keep(huge).await.unwrap();
    let refused = blobs.read_all(sha256, 99).await;
    assert!(matches!(refused, Err(BlobError::TooLarge { .. })), "{refused:?}");
}

fn files_below(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.path());
        }
    }
    files
}

#[tokio::test]
async fn a_dropped_upload_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    let count = || files_below(folder.path()).len();
    let before = count();
    let spooled = spool(&blobs, &noise(2 * MEMORY_BYTES), 4096).await;
    assert_eq!(count(), before + 1);
    drop(spooled);
    let mut writer = blobs.spool(u64::MAX, &[]);
    writer.write(&noise(2 * MEMORY_BYTES)).await.unwrap();
    drop(writer);
    assert_eq!(count(), before);
}

/// Each step of `keep` in turn is the last thing a process did before it died.
#[tokio::test]
async fn a_crash_at_any_step_leaves_a_whole_blob_or_none() {
    let bytes = noise(2 * MEMORY_BYTES);
    let hex = sha256_of(&bytes).to_hex();
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    drop(open(&folder).await);
    let dead = root.join("spool/dead");
    let place = root.join("sha256").join(&hex[..2]).join(&hex);

    // While the spool file is written, and when it is complete and not yet named.
    for written in [0, 1000, bytes.len()] {
        std::fs::create_dir_all(&dead).unwrap();
        std::fs::write(dead.join("lock"), "").unwrap();
        std::fs::write(dead.join(".tmpabc"), &bytes[..written]).unwrap();
        let blobs = open(&folder).await;
        assert!(!blobs.exists(sha256_of(&bytes)).await.unwrap());
        assert!(!dead.exists(), "leftovers are deleted");
    }
    // After the rename, whether or not the directory was flushed: the file is whole.
    std::fs::write(&place, &bytes).unwrap();
    let blobs = open(&folder).await;
    assert!(blobs.is_intact(sha256_of(&bytes)).await.unwrap());
    // A disk that lost the end of the file: keeping it again mends it.
    std::fs::write(&place, &bytes[..10]).unwrap();
    assert!(!blobs.is_intact(sha256_of(&bytes)).await.unwrap());
    let refused = blobs.read_all(sha256_of(&bytes), u64::MAX).await;
    assert!(matches!(refused, Err(BlobError::Damaged { .. })), "{refused:?}");
    blobs.keep(spool(&blobs, &bytes, 65_536).await).await.unwrap();
    assert!(blobs.is_intact(sha256_of(&bytes)).await.unwrap());
}

#[tokio::test]
async fn another_process_opening_the_store_leaves_uploads_in_flight_alone() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    let bytes = noise(2 * MEMORY_BYTES);
    let spooled = spool(&blobs, &bytes, 4096).await;
    let other = open(&folder).await;
    blobs.keep(spooled).await.unwrap();
    assert_eq!(bytes_of(&other, &bytes, None).await, bytes);
}

#[tokio::test]
async fn what_is_no_blob_is_neither_listed_nor_found() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = open(&folder).await;
    std::fs::write(folder.path().join("sha256/00/README"), "x").unwrap();
    std::fs::write(folder.path().join("sha256/00/00"), "x").unwrap();
    assert_eq!(blobs.list().try_collect::<Vec<_>>().await.unwrap(), []);
    let missing = blobs.read(sha256_of(b"x"), None).await;
    assert!(matches!(missing, Err(BlobError::Missing { .. })), "{missing:?}");
    blobs.delete(sha256_of(b"x")).await.unwrap();
}

/// Far enough ahead that everything kept by this test is old.
fn much_later() -> Timestamp {
    Timestamp::from(std::time::SystemTime::now()).plus(Duration::from_secs(7200))
}

const GRACE: Duration = Duration::from_secs(3600);

store_tests! {
    async fn the_sweep_deletes_what_nothing_refers_to(db: &TestDb) {
        let blobs = db.blobs().await;
        let new = new_release("pad", "1.0.0");
        let referred = new.artifacts[0].filename.as_str().as_bytes().to_vec();
        for bytes in [referred.as_slice(), b"orphan"] {
            blobs.keep(spool(&blobs, bytes, 100).await).await.unwrap();
        }
        let id = db.store.commit_release(new).await.unwrap().package_id;

        let now = Timestamp::from(std::time::SystemTime::now());
        let early = blobs.sweep_orphans(&db.store, GRACE, now).await.unwrap();
        assert_eq!((early.seen, early.deleted), (2, 0));
        let report = blobs.sweep_orphans(&db.store, GRACE, much_later()).await.unwrap();
        assert_eq!((report.deleted, report.deleted_bytes), (1, 6));
        assert!(blobs.exists(sha256_of(&referred)).await.unwrap());
        assert!(!blobs.exists(sha256_of(b"orphan")).await.unwrap());

        db.store.remove_release(id, &version("1.0.0"), "alice", at(1), None).await.unwrap();
        let report = blobs.sweep_orphans(&db.store, GRACE, much_later()).await.unwrap();
        assert_eq!((report.seen, report.deleted), (1, 1));
        let report = blobs.sweep_orphans(&db.store, GRACE, much_later()).await.unwrap();
        assert_eq!(report.seen, 0);
    }

    async fn swept_bytes_can_be_uploaded_again(db: &TestDb) {
        let blobs = db.blobs().await;
        let new = new_release("pad", "1.0.0");
        let bytes = new.artifacts[0].filename.as_str().as_bytes().to_vec();
        blobs.keep(spool(&blobs, &bytes, 100).await).await.unwrap();
        blobs.sweep_orphans(&db.store, GRACE, much_later()).await.unwrap();
        blobs.keep(spool(&blobs, &bytes, 100).await).await.unwrap();
        db.store.commit_release(new).await.unwrap();
        blobs.sweep_orphans(&db.store, GRACE, much_later()).await.unwrap();
        assert!(blobs.exists(sha256_of(&bytes)).await.unwrap());
    }
}
