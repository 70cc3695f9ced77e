//! What must never happen to stored things: a restore that writes where it should not, a sweep
//! that deletes what is served.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use vouchsafe_app::{Clock as _, SystemClock};
use vouchsafe_domain::Secret;
use vouchsafe_store::Store;
use vouchsafe_store::blob::{BlobConfig, Blobs, S3Config};
use vouchsafe_testkit::raw::{self, RawEntry};
use vouchsafe_testkit::{Bucket, Database, Server, http, packages};

use crate::{start, vouchsafe};

fn publish(server: &Server, token: &str, name: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let body = packages::npm_publish_body(name, "1.0.0");
    http::send(server.address(), "PUT", &format!("/npm/{name}"), &headers, &body).status
}

/// The files of a tar archive whose paths are short.
fn entries_of(archive: &[u8]) -> Vec<RawEntry> {
    let mut entries = Vec::new();
    let mut rest = archive;
    while rest.len() > 512 && rest[0] != 0 {
        let text = |from: usize, to: usize| {
            let text = String::from_utf8(rest[from..to].to_vec()).unwrap();
            text.split('\0').next().unwrap().trim().to_owned()
        };
        let (path, size) = (text(0, 100), usize::from_str_radix(&text(124, 136), 8).unwrap());
        entries.push(RawEntry::file(path, &rest[512..512 + size]));
        rest = &rest[512 + size.next_multiple_of(512)..];
    }
    entries
}

/// Somebody who may hand a backup in must not be able to write what a backup does not hold.
#[test]
fn artifact_keeper_ghsa_95fx_a_restore_writes_known_tables_and_columns_only() {
    let server = start("");
    let token = server.user_and_token("alice");
    assert_eq!(publish(&server, &token, "kept"), 201);
    let scratch = server.scratch().to_owned();
    let good = scratch.join("good.tar");
    server.cli(&["backup", &good.display().to_string()]).ok();
    let good = entries_of(&std::fs::read(&good).unwrap());
    assert!(good.iter().any(|entry| entry.path.starts_with("tables/accounts")));

    let restore = |name: &str, entries: &[RawEntry]| {
        let (file, data) = (scratch.join(format!("{name}.tar")), scratch.join(name));
        std::fs::write(&file, raw::tar(entries)).unwrap();
        let (file, data) = (file.display().to_string(), data.display().to_string());
        let restored = vouchsafe(&scratch, &[], &["restore", &file, "--data", &data]);
        let users = vouchsafe(&scratch, &[], &["user", "list", "--json", "--data", &data]).ok();
        (restored, users.stdout)
    };
    let (restored, users) = restore("unchanged", &good);
    restored.ok();
    assert!(users.contains("alice"), "{users}");

    let with = |path: &str| {
        let mut entries = good.clone();
        entries.push(RawEntry::file(path, "[1]\n"));
        entries
    };
    let changed = |part: &str, from: &str, to: &str| {
        let mut entries = good.clone();
        let entry = entries.iter_mut().find(|entry| entry.path.contains(part)).unwrap();
        let text = String::from_utf8(entry.bytes.clone()).unwrap();
        assert!(text.contains(from), "{text}");
        entry.bytes = text.replace(from, to).into_bytes();
        entries
    };
    let format = good[0].path.clone();
    let attacks = [
        ("table", with("tables/audit_log.jsonl"), "unexpected entry"),
        ("engine-table", with("tables/sqlite_master.jsonl"), "unexpected entry"),
        ("migrations", with("tables/_sqlx_migrations.jsonl"), "unexpected entry"),
        ("outside", with("../signing_keys"), "unexpected entry"),
        ("column", changed(&format, "\"email\"", "\"no_such_column\""), "columns"),
        ("sql", changed(&format, "\"email\"", "\"email) --\""), "columns"),
        ("row", changed("tables/accounts", "false", "true"), "damaged"),
    ];
    for (name, entries, says) in attacks {
        let (restored, users) = restore(name, &entries);
        restored.fails().says(says);
        assert!(!users.contains("alice"), "{name}: {users}");
        assert!(!scratch.join("signing_keys").exists());
    }
}

fn bucket_of(section: &str, spool_dir: std::path::PathBuf) -> BlobConfig {
    let value = |key: &str| {
        let line = section.lines().find_map(|line| line.strip_prefix(&format!("{key} = ")));
        line.unwrap().trim_matches('"').to_owned()
    };
    BlobConfig::S3(S3Config {
        endpoint: Some(value("s3_endpoint")),
        bucket: value("s3_bucket"),
        region: "us-east-1".to_owned(),
        access_key_id: value("s3_access_key_id"),
        secret_access_key: Secret::new(value("s3_secret_access_key")),
        prefix: value("s3_prefix"),
        use_path_style: true,
        allow_http: true,
        spool_dir,
    })
}

/// Sweeps without any patience, far harsher than the server's own, until told to stop.
fn sweep_until(done: &AtomicBool, database: &str, blobs: BlobConfig) -> u64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let store = Store::open(database).await.unwrap();
        let blobs = Blobs::open(blobs).await.unwrap();
        let mut rounds = 0;
        while !done.load(Ordering::Relaxed) {
            blobs.sweep_orphans(&store, Duration::ZERO, SystemClock.now()).await.unwrap();
            rounds += 1;
        }
        store.close().await;
        rounds
    })
}

/// Publishes to two nodes while a third process sweeps: what was acknowledged has its bytes.
#[test]
fn artifact_keeper_1179_a_sweep_beside_publishes_on_two_nodes_deletes_nothing_that_is_served() {
    const EACH: usize = 12;
    let (database, bucket) = (Database::fresh("sweep_race"), Bucket::fresh("sweep_race"));
    let config = format!("[database]\nurl = \"{}\"\n{}", database.url(), bucket.section());
    let (one, two) = (start(&config), start(&config));
    let token = one.user_and_token("alice");
    let done = AtomicBool::new(false);
    let name = |node: usize, place: usize| format!("swept-{node}-{place}");
    let spool = one.scratch().join("spool");
    std::fs::create_dir_all(&spool).unwrap();
    let accepted = std::thread::scope(|scope| {
        let blobs = bucket_of(&bucket.section(), spool);
        let (done, url, token) = (&done, database.url(), &token);
        let sweeper = scope.spawn(move || sweep_until(done, &url, blobs));
        let publishers = [&one, &two].into_iter().enumerate().map(|(node, server)| {
            scope.spawn(move || {
                let sent = (0..EACH).map(|place| {
                    let name = name(node, place);
                    // A blob that was swept under an upload is refused, and then sent again.
                    let tries = (0..50).map(|_| publish(server, token, &name));
                    (name.clone(), tries.into_iter().any(|status| status < 300))
                });
                sent.collect::<Vec<_>>()
            })
        });
        let publishers: Vec<_> = publishers.collect();
        let accepted: Vec<_> = publishers.into_iter().flat_map(|p| p.join().unwrap()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(sweeper.join().unwrap() > 0);
        accepted
    });
    for (name, was_accepted) in &accepted {
        for server in [&one, &two] {
            let path = format!("/npm/{name}/-/{name}-1.0.0.tgz");
            let answer = http::get(server.address(), &path);
            if *was_accepted {
                assert_eq!(answer.status, 200, "{name}: {}", answer.text());
                assert!(answer.body == packages::npm_tarball(name, "1.0.0"), "{name}");
            } else {
                assert_eq!(answer.status, 404, "{name} was refused");
            }
        }
    }
    one.cli(&["fsck"]).ok();
    assert!(accepted.iter().any(|(_, was_accepted)| *was_accepted));
}
