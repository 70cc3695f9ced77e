//! Yank, deprecate, tag, own, remove.

use vouchsafe_domain::LifecycleState;
use vouchsafe_store::{OwnersError, TagOutcome};

use crate::harness::{
    REGISTRY, TestDb, account, at, event_kinds, new_release, npm, package, store_tests, version,
};

store_tests! {
    async fn a_yank_is_told_once_and_can_be_taken_back(db: &TestDb) {
        let id = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap().package_id;
        let yank = |reason: Option<&str>| {
            let reason = reason.map(str::to_owned);
            let store = db.store.clone();
            async move {
                store.set_yanked(id, &version("1.0.0"), reason, "alice", at(1)).await.unwrap()
            }
        };
        assert!(yank(Some("")).await);
        assert!(!yank(Some("")).await);
        assert!(yank(Some("broken")).await);
        let release = db.store.find_release(id, "1.0.0").await.unwrap().unwrap();
        assert_eq!(release.yanked.as_deref(), Some("broken"));
        assert!(yank(None).await);
        assert!(!yank(None).await);
        let no_such = db.store.set_yanked(id, &version("2.0.0"), None, "alice", at(1)).await;
        assert!(!no_such.unwrap());
        assert_eq!(
            event_kinds(&db.store).await[2..],
            ["release.yanked", "release.yanked", "release.unyanked"]
        );
        let row = db.store.find_package(REGISTRY, &package("pad")).await.unwrap().unwrap();
        assert_eq!((row.revision, row.updated_at), (4, at(1)));
    }

    async fn deprecation_counts_what_changed(db: &TestDb) {
        let id = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap().package_id;
        let texts = vec![
            (version("1.0.0"), Some("use left-pad".to_owned())),
            (version("3.0.0"), Some("no such release".to_owned())),
        ];
        let set = |texts| db.store.set_deprecated(id, texts, "alice", at(1));
        assert_eq!(set(texts.clone()).await.unwrap(), 1);
        assert_eq!(set(texts).await.unwrap(), 0);
        assert_eq!(set(vec![(version("1.0.0"), None)]).await.unwrap(), 1);
        assert_eq!(event_kinds(&db.store).await[2..], ["release.deprecated"; 2]);
    }

    async fn tags_move_and_go(db: &TestDb) {
        let id = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap().package_id;
        let set = |tag: &'static str, number: &'static str| {
            let store = db.store.clone();
            async move { store.set_tag(id, tag, &version(number), "alice", at(1)).await.unwrap() }
        };
        assert_eq!(set("beta", "1.0.0").await, TagOutcome::Changed);
        assert_eq!(set("beta", "1.0.0").await, TagOutcome::Unchanged);
        assert_eq!(set("beta", "2.0.0").await, TagOutcome::NoSuchRelease);
        assert!(db.store.remove_tag(id, "beta", "alice", at(1)).await.unwrap());
        assert!(!db.store.remove_tag(id, "beta", "alice", at(1)).await.unwrap());
        assert_eq!(event_kinds(&db.store).await[2..], ["tag.set", "tag.removed"]);
    }

    async fn the_last_owner_stays(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        let bob = account(&db.store, "bob").await;
        let mut new = new_release("pad", "1.0.0");
        new.account = Some(alice);
        let id = db.store.commit_release(new).await.unwrap().package_id;
        let change = |add: Vec<_>, remove: Vec<_>| {
            db.store.change_owners(id, add, remove, "alice", at(1))
        };
        let refused = change(vec![], vec![alice]).await;
        assert!(matches!(refused, Err(OwnersError::LastOwner)), "{refused:?}");
        let nobody = vouchsafe_domain::AccountId::from_uuid(vouchsafe_store::new_id());
        let refused = change(vec![nobody], vec![]).await;
        assert!(matches!(refused, Err(OwnersError::UnknownAccount { .. })), "{refused:?}");
        let before = event_kinds(&db.store).await.len();
        change(vec![bob], vec![alice]).await.unwrap();
        assert_eq!(event_kinds(&db.store).await[before..], ["owner.added", "owner.removed"]);
        let owners = db.store.owners(id).await.unwrap();
        assert_eq!(owners.iter().map(|owner| owner.name.as_str()).collect::<Vec<_>>(), ["bob"]);
    }

    async fn a_removed_release_takes_its_files_and_tags_along(db: &TestDb) {
        let id = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap().package_id;
        let mut second = new_release("pad", "2.0.0");
        second.expect_package = Some(id);
        db.store.commit_release(second).await.unwrap();
        let second_version = version("2.0.0");
        let newest = Some("1.0.0".to_owned());
        let remove = || {
            db.store.remove_release(id, &second_version, "alice", at(2), newest.clone())
        };
        assert!(remove().await.unwrap());
        assert!(!remove().await.unwrap());
        let contents = db.store.package_contents(id).await.unwrap();
        assert_eq!(contents.releases.len(), 1);
        assert_eq!(contents.artifacts.len(), 1);
        assert!(contents.tags.is_empty());
        assert_eq!(contents.row.newest_version.as_deref(), Some("1.0.0"));
        let tombstone = db.store.find_release(id, "2.0.0").await.unwrap().unwrap();
        assert_eq!(tombstone.state, LifecycleState::Removed);
        let filename = "pad-2.0.0.tgz".parse().unwrap();
        let file = db.store.find_artifact(REGISTRY, &package("pad"), &filename).await.unwrap();
        assert_eq!(file.unwrap().artifact.state, LifecycleState::Removed);
        assert_eq!(event_kinds(&db.store).await.last().unwrap(), "release.removed");
    }

    async fn a_removed_package_is_listed_nowhere(db: &TestDb) {
        let id = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap().package_id;
        db.store.commit_release(new_release("Zed", "1.0.0")).await.unwrap();
        db.store.commit_release(new_release("abc", "1.0.0")).await.unwrap();
        assert!(db.store.remove_package(id, "alice", at(2)).await.unwrap());
        assert!(!db.store.remove_package(id, "alice", at(2)).await.unwrap());
        let names = db.store.list_packages(REGISTRY, &npm()).await.unwrap();
        let names: Vec<&str> = names.iter().map(|name| name.display()).collect();
        assert_eq!(names, ["abc", "Zed"]);
        let contents = db.store.package_contents(id).await.unwrap();
        assert_eq!(contents.row.state, LifecycleState::Removed);
        assert!(contents.releases.is_empty() && contents.artifacts.is_empty());
        assert_eq!(event_kinds(&db.store).await.last().unwrap(), "package.removed");
    }
}
