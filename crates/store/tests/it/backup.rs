//! Backup and restore, between all engines, and of files that mean harm.

use std::path::{Path, PathBuf};

use vouchsafe_domain::{RegistryId, Scopes};
use vouchsafe_store::backup::{BackupError, backup};
use vouchsafe_store::blob::Blobs;
use vouchsafe_store::fsck::fsck;
use vouchsafe_store::restore::{RestoreError, RestoreReport, restore};
use vouchsafe_store::{NewJob, NewToken};

use crate::fsck::publish;
use crate::harness::{
    TestDb, account, artifact, at, event_kinds, new_release, noise, package, sha256_of, spool,
    store_tests, version,
};

async fn restore_into(db: &TestDb, file: &Path) -> Result<RestoreReport, RestoreError> {
    let blobs = db.blobs().await;
    restore(&db.store, &blobs, file, |_| ()).await
}

/// A store with something of everything, and its backup.
async fn filled(db: &TestDb) -> (Blobs, PathBuf) {
    let blobs = db.blobs().await;
    publish(db, &blobs, 2).await;
    let bob = account(&db.store, "bob").await;
    let token = NewToken {
        account_id: bob,
        secret_sha256: [9; 32],
        name: "ci".to_owned(),
        hint: "vs_".to_owned(),
        scopes: Scopes::all(),
        packages: Vec::new(),
        expires_at: None,
        actor: "bob".to_owned(),
        now: at(0),
    };
    db.store.insert_token(token).await.unwrap();
    let large = noise(600_000);
    let mut new = new_release("Großes-Päckchen", "1.0.0");
    new.account = Some(bob);
    new.artifacts = vec![artifact("large.tgz")];
    new.artifacts[0].sha256 = sha256_of(&large);
    new.artifacts[0].size_bytes = large.len() as u64;
    new.jobs = vec![NewJob {
        kind: "index.render".to_owned(),
        payload: serde_json::json!({}),
        priority: 1,
        unique_key: Some("x".to_owned()),
        run_at: at(0),
    }];
    blobs.keep(spool(&blobs, &large, 65_536).await).await.unwrap();
    let id = db.store.commit_release(new).await.unwrap().package_id;
    db.store.set_yanked(id, &version("1.0.0"), Some(String::new()), "bob", at(5)).await.unwrap();
    let file = db.folder.path().join("backup.tar");
    let report = backup(&db.store, &blobs, &file, at(10), |_| ()).await.unwrap();
    assert_eq!((report.blobs, report.lost.len()), (3, 0));
    (blobs, file)
}

async fn check_restored(from: &TestDb, to: &TestDb, file: &Path) {
    let report = restore_into(to, file).await.unwrap();
    assert_eq!(report.blobs, 3);
    let events = |db: &TestDb| {
        let store = db.store.clone();
        async move { format!("{:?}", store.events_after(0, 1000).await.unwrap()) }
    };
    assert_eq!(events(from).await, events(to).await);
    let found = to.store.find_package(RegistryId::DEFAULT, &package("Großes-Päckchen")).await;
    let contents = to.store.package_contents(found.unwrap().unwrap().id).await.unwrap();
    let original = from.store.package_contents(contents.row.id).await.unwrap();
    assert_eq!(format!("{contents:?}"), format!("{original:?}"));
    assert!(to.store.token_by_hash(&[9; 32]).await.unwrap().is_some());
    assert_eq!(to.store.pending_jobs().await.unwrap(), 1);
    let blobs = to.blobs().await;
    let checked = fsck(&to.store, &blobs, true, |_| ()).await.unwrap();
    assert!(checked.is_clean(), "{checked:?}");
    assert_eq!(checked.orphans, 0);

    // Numbers go on where they were.
    let carol = account(&to.store, "carol").await;
    assert_eq!(to.store.account_by_id(carol).await.unwrap().unwrap().number, 3);
    to.store.commit_release(new_release("later", "1.0.0")).await.unwrap();
    event_kinds(&to.store).await;
    let again = restore_into(to, file).await;
    assert!(matches!(again, Err(RestoreError::NotEmpty)), "{again:?}");
}

store_tests! {
    async fn a_backup_restores_into_the_same_engine(db: &TestDb) {
        let (_, file) = filled(db).await;
        let other = db.sibling().await;
        check_restored(db, &other, &file).await;
        other.close().await;
    }

    async fn a_backup_does_not_overwrite_a_file(db: &TestDb) {
        let blobs = db.blobs().await;
        let file = db.folder.path().join("backup.tar");
        std::fs::write(&file, "precious").unwrap();
        let refused = backup(&db.store, &blobs, &file, at(0), |_| ()).await;
        assert!(matches!(refused, Err(BackupError::Write(_))), "{refused:?}");
        assert_eq!(std::fs::read(&file).unwrap(), b"precious");
    }

    async fn a_lost_blob_does_not_stop_a_backup(db: &TestDb) {
        let blobs = db.blobs().await;
        publish(db, &blobs, 3).await;
        let lost = sha256_of(b"pad1-1.0.0.tgz");
        blobs.delete(lost).await.unwrap();
        let file = db.folder.path().join("backup.tar");
        let report = backup(&db.store, &blobs, &file, at(0), |_| ()).await.unwrap();
        assert_eq!((report.blobs, report.lost), (2, vec![lost]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_restores_into_the_other_engine() {
    let (lite, pg) = (TestDb::sqlite().await, TestDb::postgres().await);
    let (lite_file, pg_file) = (filled(&lite).await.1, filled(&pg).await.1);
    let (empty_lite, empty_pg) = (TestDb::sqlite().await, TestDb::postgres().await);
    check_restored(&lite, &empty_pg, &lite_file).await;
    check_restored(&pg, &empty_lite, &pg_file).await;
    for db in [lite, pg, empty_lite, empty_pg] {
        db.close().await;
    }
}

/// A tar entry: its type, path and bytes.
type Entry = (tar::EntryType, String, Vec<u8>);

fn entries_of(file: &Path) -> Vec<Entry> {
    let mut archive = tar::Archive::new(std::fs::File::open(file).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (entry.header().entry_type(), path, bytes)
    });
    entries.collect()
}

/// Writes entries as they are told, however wrong.
fn write_entries(file: &Path, entries: &[Entry]) {
    let mut tar = tar::Builder::new(std::fs::File::create(file).unwrap());
    for (kind, path, bytes) in entries {
        let mut header = tar::Header::new_ustar();
        header.as_mut_bytes()[..path.len()].copy_from_slice(path.as_bytes());
        header.set_entry_type(*kind);
        header.set_size(bytes.len() as u64);
        header.set_cksum();
        tar.append(&header, bytes.as_slice()).unwrap();
    }
    tar.finish().unwrap();
}

/// Changes a good backup and expects that nothing of it is restored.
async fn check_refused(name: &str, expected: &str, change: impl Fn(&mut Vec<Entry>)) {
    let db = TestDb::sqlite().await;
    let (_, file) = filled(&db).await;
    let mut entries = entries_of(&file);
    change(&mut entries);
    write_entries(&file, &entries);
    let empty = TestDb::sqlite().await;
    let refused = restore_into(&empty, &file).await.unwrap_err();
    let told = format!("{refused} {refused:?}");
    assert!(told.contains(expected), "{name}: {told}");
    assert_eq!(empty.store.last_event_seq().await.unwrap(), 0, "{name}");
    assert!(empty.store.list_accounts().await.unwrap().is_empty(), "{name}");
    // The refused store is still an empty one that works.
    account(&empty.store, "alice").await;
    db.close().await;
    empty.close().await;
}

fn with_path<'e>(entries: &'e mut [Entry], part: &str) -> &'e mut Entry {
    entries.iter_mut().find(|(_, path, _)| path.contains(part)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_backup_that_was_tampered_with_is_refused() {
    let regular = tar::EntryType::Regular;
    for path in
        ["../evil", "/etc/passwd", "tables/../x.jsonl", "tables/_sqlx_migrations.jsonl", "x"]
    {
        check_refused(path, "UnexpectedEntry", |entries| {
            entries.push((regular, path.to_owned(), b"x".to_vec()));
        })
        .await;
    }
    for kind in [tar::EntryType::Symlink, tar::EntryType::Directory, tar::EntryType::XHeader] {
        check_refused("a special entry", "UnexpectedEntry", |entries| {
            with_path(entries, "blobs/").0 = kind;
        })
        .await;
    }
    check_refused("another blob under a name", "Damaged", |entries| {
        with_path(entries, "blobs/").2[0] ^= 1;
    })
    .await;
    check_refused("a row more", "Damaged", |entries| {
        let rows = &mut with_path(entries, "tables/claims").2;
        rows.extend_from_slice(
            b"[\"00000000-0000-0000-0000-000000000000\",\"pkg:npm/x\",\"npm\",\"x\",false,\"a\",\"b\",0]\n",
        );
    })
    .await;
    check_refused("a changed row", "Damaged", |entries| {
        let rows = &mut with_path(entries, "tables/accounts").2;
        let text = String::from_utf8(rows.clone()).unwrap();
        *rows = text.replace("false", "true").into_bytes();
    })
    .await;
    check_refused("a row of another shape", "Row", |entries| {
        with_path(entries, "tables/tags").2 = b"[1,2]\n".to_vec();
    })
    .await;
    check_refused("a missing table", "Damaged", |entries| {
        entries.retain(|(_, path, _)| !path.contains("tables/tokens"));
    })
    .await;
    check_refused("a table twice", "UnexpectedEntry", |entries| {
        let again = with_path(entries, "tables/tokens").clone();
        entries.push(again);
    })
    .await;
    check_refused("no format", "does not come first", |entries| {
        entries.remove(0);
    })
    .await;
    check_refused("a newer format", "version 2", |entries| {
        let format = String::from_utf8(entries[0].2.clone()).unwrap();
        entries[0].2 = format.replace("\"version\": 1", "\"version\": 2").into_bytes();
    })
    .await;
    check_refused("a column name with SQL in it", "other columns", |entries| {
        let format = String::from_utf8(entries[0].2.clone()).unwrap();
        entries[0].2 = format.replace("\"email\"", "\"email) --\"").into_bytes();
    })
    .await;
}
