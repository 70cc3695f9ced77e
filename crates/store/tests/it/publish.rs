//! Committing releases: who wins, what is never used again, what is written.

use std::collections::BTreeMap;

use vouchsafe_domain::LifecycleState;
use vouchsafe_store::{CommitError, NewArtifact, NewJob, NewRelease};

use crate::harness::{
    REGISTRY, TestDb, account, artifact, at, event_kinds, new_release, npm, package, store_tests,
    version,
};

store_tests! {
    async fn the_first_publish_creates_package_release_owner_and_events(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        let mut new = new_release("Left-Pad", "1.0.0");
        new.account = Some(alice);
        new.package_extras = Some("{}".to_owned());
        new.jobs = vec![NewJob {
            kind: "index.render".to_owned(),
            payload: serde_json::json!({"package": "left-pad"}),
            priority: 0,
            unique_key: None,
            run_at: at(0),
        }];
        let done = db.store.commit_release(new.clone()).await.unwrap();
        assert!(done.is_new_package && done.is_new_release);
        assert_eq!(
            event_kinds(&db.store).await,
            ["account.created", "package.created", "release.published"]
        );
        assert_eq!(done.event_seq, 3);

        let contents = db.store.package_contents(done.package_id).await.unwrap();
        assert_eq!(contents.row.package.name.display(), "Left-Pad");
        assert_eq!(contents.row.newest_version.as_deref(), Some("1.0.0"));
        assert_eq!(contents.row.extras.as_deref(), Some("{}"));
        assert_eq!(contents.row.revision, 1);
        assert_eq!(contents.releases.len(), 1);
        assert_eq!(contents.releases[0].published_by, Some(alice));
        assert_eq!(contents.artifacts[0].digests, new.artifacts[0].digests);
        assert_eq!(contents.tags, BTreeMap::from([("latest".into(), "1.0.0".into())]));
        assert_eq!(contents.owners[0].name, "alice");
        assert_eq!(contents.owners[0].number, 1);
        assert!(db.store.is_owner(done.package_id, alice).await.unwrap());
        assert_eq!(db.store.pending_jobs().await.unwrap(), 1);

        let names = db.store.packages_of(REGISTRY, &npm(), alice).await.unwrap();
        assert_eq!(names, [package("left-pad").name]);
        let filename = "Left-Pad-1.0.0.tgz".parse().unwrap();
        let hosted = db.store.find_artifact(REGISTRY, &package("left-pad"), &filename).await;
        let hosted = hosted.unwrap().unwrap();
        assert_eq!(hosted.version, version("1.0.0"));
        assert_eq!(hosted.release_state, LifecycleState::Active);
        assert_eq!(hosted.artifact.sha256, new.artifacts[0].sha256);
    }

    async fn of_many_publishes_of_one_version_exactly_one_wins(db: &TestDb) {
        let publishes = (0..16).map(|i| {
            let mut new = new_release("left-pad", "1.0.0");
            new.artifacts = vec![artifact(&format!("left-pad-{i}.tgz"))];
            db.store.commit_release(new)
        });
        let results = futures::future::join_all(publishes).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        for result in results {
            assert!(matches!(result, Ok(_) | Err(CommitError::PackageAppeared)), "{result:?}");
        }
        assert_eq!(event_kinds(&db.store).await, ["package.created", "release.published"]);
    }

    async fn of_many_publishes_to_one_package_exactly_one_gets_the_version(db: &TestDb) {
        let first = db.store.commit_release(new_release("left-pad", "1.0.0")).await.unwrap();
        let publishes = (0..16).map(|i| {
            let mut new = new_release("left-pad", "1.1.0");
            new.expect_package = Some(first.package_id);
            new.artifacts = vec![artifact(&format!("left-pad-{i}.tgz"))];
            db.store.commit_release(new)
        });
        let results = futures::future::join_all(publishes).await;
        let exists = |result: &Result<_, CommitError>| {
            matches!(result, Err(CommitError::ReleaseExists))
        };
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        assert_eq!(results.iter().filter(|result| exists(result)).count(), 15);
        assert_eq!(event_kinds(&db.store).await.len(), 3);
    }

    async fn two_nodes_agree_on_the_winner_and_on_the_order(db: &TestDb) {
        let other = vouchsafe_store::Store::open(&db.url).await.unwrap();
        let publishes = (0..20).map(|i| {
            let store = if i % 2 == 0 { &db.store } else { &other };
            store.commit_release(new_release(&format!("pad{}", i / 2), "1.0.0"))
        });
        let results = futures::future::join_all(publishes).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 10);
        assert_eq!(event_kinds(&db.store).await.len(), 20);
        other.close().await;
    }

    async fn a_release_is_extended_only_when_it_may_be(db: &TestDb) {
        let mut wheel = new_release("left-pad", "1.0.0");
        wheel.may_extend = true;
        let first = db.store.commit_release(wheel.clone()).await.unwrap();
        let mut sdist = NewRelease {
            expect_package: Some(first.package_id),
            manifest: r#"{"other":true}"#.to_owned(),
            artifacts: vec![artifact("left-pad-1.0.0.zip")],
            now: at(60),
            ..wheel.clone()
        };
        let second = db.store.commit_release(sdist.clone()).await.unwrap();
        assert!(!second.is_new_package && !second.is_new_release);
        assert_eq!(second.release_id, first.release_id);
        let contents = db.store.package_contents(first.package_id).await.unwrap();
        assert_eq!(contents.artifacts.len(), 2);
        assert_eq!(&*contents.releases[0].manifest, wheel.manifest);
        assert_eq!(contents.row.revision, 2);
        assert_eq!(event_kinds(&db.store).await.last().unwrap(), "artifact.added");

        let again = db.store.commit_release(sdist.clone()).await;
        assert!(matches!(again, Err(CommitError::FilenameTaken { .. })), "{again:?}");
        sdist.may_extend = false;
        sdist.artifacts = vec![artifact("left-pad-1.0.0.whl")];
        let refused = db.store.commit_release(sdist).await;
        assert!(matches!(refused, Err(CommitError::ReleaseExists)), "{refused:?}");
        assert_eq!(event_kinds(&db.store).await.len(), 3);
    }

    async fn a_filename_is_taken_across_releases_and_nothing_of_the_publish_remains(db: &TestDb) {
        let first = db.store.commit_release(new_release("left-pad", "1.0.0")).await.unwrap();
        let mut new = new_release("left-pad", "2.0.0");
        new.expect_package = Some(first.package_id);
        let taken: NewArtifact = artifact("left-pad-1.0.0.tgz");
        new.artifacts = vec![artifact("left-pad-2.0.0.tgz"), taken];
        let refused = db.store.commit_release(new).await;
        assert!(matches!(refused, Err(CommitError::FilenameTaken { .. })), "{refused:?}");
        assert_eq!(db.store.find_release(first.package_id, "2.0.0").await.unwrap().map(|_| ()), None);
        assert_eq!(event_kinds(&db.store).await.len(), 2);
    }

    async fn names_that_look_alike_collide(db: &TestDb) {
        db.store.commit_release(new_release("left-pad", "1.0.0")).await.unwrap();
        let refused = db.store.commit_release(new_release("left_pad", "1.0.0")).await;
        let Err(CommitError::NameCollision { existing }) = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(existing, "left-pad");
        let found = db.store.find_package_by_collision_key(REGISTRY, &npm(), "leftpad").await;
        assert_eq!(found.unwrap().unwrap().package, package("left-pad"));
    }

    async fn an_authorization_against_another_package_is_refused(db: &TestDb) {
        let pad = db.store.commit_release(new_release("left-pad", "1.0.0")).await.unwrap();
        let mut new = new_release("right-pad", "1.0.0");
        new.expect_package = Some(pad.package_id);
        let refused = db.store.commit_release(new).await;
        assert!(matches!(refused, Err(CommitError::PackageGone)), "{refused:?}");
    }

    async fn who_was_taken_out_meanwhile_does_not_publish_any_more(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        let bob = account(&db.store, "bob").await;
        let mut new = new_release("left-pad", "1.0.0");
        new.account = Some(alice);
        let first = db.store.commit_release(new).await.unwrap();
        let mut next = new_release("left-pad", "1.1.0");
        next.expect_package = Some(first.package_id);
        next.account = Some(bob);
        let refused = db.store.commit_release(next.clone()).await;
        assert!(matches!(refused, Err(CommitError::NotOwner)), "{refused:?}");
        next.account = Some(alice);
        db.store.commit_release(next).await.unwrap();
    }

    async fn what_was_removed_is_never_used_again(db: &TestDb) {
        let pad = db.store.commit_release(new_release("left-pad", "1.0.0")).await.unwrap();
        let gone = version("1.0.0");
        let removed = db.store.remove_release(pad.package_id, &gone, "alice", at(1), None).await;
        assert!(removed.unwrap());

        let mut again = new_release("left-pad", "1.0.0");
        again.expect_package = Some(pad.package_id);
        again.may_extend = true;
        let refused = db.store.commit_release(again.clone()).await;
        assert!(matches!(refused, Err(CommitError::Tombstoned { .. })), "{refused:?}");
        again.version = version("1.0.1");
        let refused = db.store.commit_release(again).await;
        let Err(CommitError::Tombstoned { what }) = refused else { panic!("{refused:?}") };
        assert_eq!(what, "left-pad-1.0.0.tgz");

        assert!(db.store.remove_package(pad.package_id, "alice", at(2)).await.unwrap());
        let refused = db.store.commit_release(new_release("left-pad", "9.0.0")).await;
        assert!(matches!(refused, Err(CommitError::Tombstoned { .. })), "{refused:?}");
        let refused = db.store.commit_release(new_release("left_pad", "9.0.0")).await;
        assert!(matches!(refused, Err(CommitError::NameCollision { .. })), "{refused:?}");
    }

    async fn hostile_text_is_stored_as_text(db: &TestDb) {
        let mut new = new_release("left-pad", "1.0.0");
        new.summary = "'; DROP TABLE packages; -- \0 \u{202e}".to_owned();
        new.keywords = vec!["\0".to_owned(), "a\"b".to_owned(), "$1".to_owned()];
        new.actor = "al\0ice".to_owned();
        let done = db.store.commit_release(new).await.unwrap();
        let contents = db.store.package_contents(done.package_id).await.unwrap();
        assert_eq!(contents.row.summary, "'; DROP TABLE packages; -- \u{fffd} \u{202e}");
        assert_eq!(contents.row.keywords[1..], ["a\"b", "$1"]);
    }
}
