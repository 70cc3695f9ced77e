//! The server dies at each numbered step of a publish.

use std::time::{Duration, SystemTime};

use vouchsafe_app::PublishStep;
use vouchsafe_domain::Timestamp;
use vouchsafe_store::Store;
use vouchsafe_store::blob::{BlobConfig, Blobs};
use vouchsafe_store::fsck::{FsckReport, fsck};
use vouchsafe_testkit::{Database, Server};

use crate::dying_server::DyingServer;
use crate::release::{Ecosystem, Release};
use crate::{Rows, stage};

/// Publishes a package's first release on servers that die, each at another step.
fn check_first_release(rows: &Rows, ecosystem: Ecosystem) {
    let (mut server, token) = stage(rows);
    for step in ecosystem.steps() {
        // Letters only, and no two that a check for look-alikes takes for one.
        let name = format!("new_{step:?}").to_lowercase();
        let release = Release::new(ecosystem, &name, "1.0.0");
        die_at(&server, rows, step, &release, &token);
        server.up_elsewhere();
        let address = server.address().to_owned();
        let is_committed = step >= PublishStep::Committed;
        assert_eq!(release.is_there(&address), is_committed, "{step:?}");
        assert_eq!(release.is_found(&address), is_committed, "{step:?}");
        assert_fsck_is_clean(&server);
        publish_again(&release, &address, &token, is_committed);
        assert!(release.is_there(&address) && release.is_found(&address), "{step:?}");
        server.stop();
        assert_orphans_are_swept(&server, rows);
    }
}

/// The same for further releases of a package that people use.
fn check_next_release(rows: &Rows, ecosystem: Ecosystem) {
    let (mut server, token) = stage(rows);
    server.up_elsewhere();
    let first = Release::new(ecosystem, "steady", "1.0.0");
    assert_eq!(first.publish(server.address(), &token).unwrap().status / 100, 2);
    server.stop();
    for step in ecosystem.steps() {
        let release = Release::new(ecosystem, "steady", &format!("1.{}.0", step as usize));
        die_at(&server, rows, step, &release, &token);
        server.up_elsewhere();
        let address = server.address().to_owned();
        let is_committed = step >= PublishStep::Committed;
        assert_eq!(release.is_there(&address), is_committed, "{step:?}");
        assert!(first.is_there(&address), "{step:?} took an earlier release with it");
        assert_fsck_is_clean(&server);
        publish_again(&release, &address, &token, is_committed);
        assert!(release.is_there(&address), "{step:?}");
        server.stop();
        assert_orphans_are_swept(&server, rows);
    }
}

fn die_at(server: &Server, rows: &Rows, step: PublishStep, release: &Release, token: &str) {
    let data_dir = server.data_dir();
    let dying = DyingServer::start(&data_dir, &rows.url(&data_dir), step);
    let answer = release.publish(dying.address(), token);
    assert!(answer.is_none(), "{step:?} was passed: {:?}", answer.map(|answer| answer.text()));
    dying.wait_until_dead();
}

/// What was lost is published again as if nothing had happened; what was committed stays.
fn publish_again(release: &Release, address: &str, token: &str, is_committed: bool) {
    let answer = release.publish(address, token).unwrap();
    let is_accepted = answer.status / 100 == 2;
    let expected = !is_committed || release.ecosystem.repeats_publishes();
    assert_eq!(is_accepted, expected, "{release:?}: {} {}", answer.status, answer.text());
}

fn assert_fsck_is_clean(server: &Server) {
    let report: serde_json::Value =
        serde_json::from_str(&server.cli(&["fsck", "--json"]).ok().stdout).unwrap();
    assert_eq!(report["is_clean"], true, "{report}");
    let spools = std::fs::read_dir(server.data_dir().join("blobs/spool"));
    // The running server's own, and none of the dead one's.
    assert_eq!(spools.unwrap().count(), 1, "uploads of a dead server lie about");
}

/// Blobs of lost publishes may lie about; the sweep finds exactly them.
fn assert_orphans_are_swept(server: &Server, rows: &Rows) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let data_dir = server.data_dir();
        let store = Store::open(&rows.url(&data_dir)).await.unwrap();
        let root = data_dir.join("blobs");
        let blobs = Blobs::open(BlobConfig::Local { root }).await.unwrap();
        let look = async || -> FsckReport { fsck(&store, &blobs, true, |_| ()).await.unwrap() };
        let before = look().await;
        let day = Duration::from_secs(24 * 3600);
        let later = Timestamp::from(SystemTime::now() + 2 * day);
        let swept = blobs.sweep_orphans(&store, day, later).await.unwrap();
        let after = look().await;
        assert_eq!(swept.deleted, before.orphans);
        assert_eq!((after.orphans, after.blobs), (0, before.blobs - before.orphans));
        assert!(after.is_clean(), "{:?}", after.findings);
        store.close().await;
    });
}

#[test]
fn a_first_release_of_cargo_survives_or_never_was() {
    check_first_release(&Rows::Sqlite, Ecosystem::Cargo);
}

#[test]
fn a_first_release_of_npm_survives_or_never_was() {
    check_first_release(&Rows::Sqlite, Ecosystem::Npm);
}

#[test]
fn a_first_release_of_pypi_survives_or_never_was() {
    check_first_release(&Rows::Sqlite, Ecosystem::Pypi);
}

#[test]
fn a_first_release_of_composer_survives_or_never_was() {
    check_first_release(&Rows::Sqlite, Ecosystem::Composer);
}

#[test]
fn a_first_release_of_maven_survives_or_never_was() {
    check_first_release(&Rows::Sqlite, Ecosystem::Maven);
}

#[test]
fn a_next_release_of_cargo_survives_or_never_was() {
    check_next_release(&Rows::Sqlite, Ecosystem::Cargo);
}

#[test]
fn a_next_release_of_npm_survives_or_never_was() {
    check_next_release(&Rows::Sqlite, Ecosystem::Npm);
}

#[test]
fn a_next_release_of_pypi_survives_or_never_was() {
    check_next_release(&Rows::Sqlite, Ecosystem::Pypi);
}

#[test]
fn a_next_release_of_composer_survives_or_never_was() {
    check_next_release(&Rows::Sqlite, Ecosystem::Composer);
}

#[test]
fn a_next_release_of_maven_survives_or_never_was() {
    check_next_release(&Rows::Sqlite, Ecosystem::Maven);
}

/// Every file of a deploy was acknowledged, so the end of it is all that is sent again.
#[test]
fn staged_files_outlive_a_server_that_dies_over_their_commit() {
    let rows = Rows::Sqlite;
    let (mut server, token) = stage(&rows);
    let release = Release::new(Ecosystem::Maven, "outlived", "1.0.0");
    die_at(&server, &rows, PublishStep::BlobsKept, &release, &token);
    server.up_elsewhere();
    let address = server.address().to_owned();
    assert!(!release.is_there(&address));
    assert_eq!(release.finish_deploy(&address, &token).unwrap().status, 201);
    assert!(release.is_there(&address));
    assert_fsck_is_clean(&server);
}

#[test]
fn on_postgresql_a_first_release_survives_or_never_was() {
    for ecosystem in Ecosystem::ALL {
        check_first_release(&Rows::Postgres(Database::fresh("step")), ecosystem);
    }
}
