//! Git repositories and their tags.

use vouchsafe_domain::event::{EventKind, NewEvent};
use vouchsafe_domain::{AccountId, GitSourceId, Secret};
use vouchsafe_store::{
    EndedImport, GitSourceState, GitTagOutcome, GitTagRow, NewGitSource, Store, new_id,
};

use crate::harness::{REGISTRY, TestDb, account, at, event_kinds, package, store_tests};

fn event(kind: EventKind) -> NewEvent {
    NewEvent::new(kind, "bob", "pkg:npm/pad")
}

async fn add(store: &Store, name: &str, account_id: AccountId) -> (GitSourceId, bool) {
    let id = GitSourceId::from_uuid(new_id());
    let new = NewGitSource {
        id,
        registry_id: REGISTRY,
        package: package(name),
        url: "https://git.example/pad".to_owned(),
        account_id,
        webhook_secret: Secret::new("s3cret"),
    };
    (id, store.add_git_source(new, event(EventKind::SourceAdded), at(0)).await.unwrap())
}

fn tag(name: &str, outcome: GitTagOutcome) -> GitTagRow {
    GitTagRow {
        tag: name.to_owned(),
        target: "a".repeat(40),
        outcome,
        note: "because\0".to_owned(),
        moved_to: None,
        decided_at: at(1),
    }
}

store_tests! {
    async fn a_package_has_one_repository(db: &TestDb) {
        let bob = account(&db.store, "bob").await;
        let (id, added) = add(&db.store, "pad", bob).await;
        assert!(added);
        assert!(!add(&db.store, "pad", bob).await.1);
        assert!(add(&db.store, "other", bob).await.1);
        let row = db.store.find_git_source(id).await.unwrap().unwrap();
        assert_eq!((row.canonical.as_str(), row.state), ("pad", GitSourceState::New));
        assert_eq!(row.webhook_secret.expose(), "s3cret");
        assert_eq!((row.account_id, row.tried_at), (bob, None));
        let listed = db.store.list_git_sources(REGISTRY).await.unwrap();
        let names: Vec<_> = listed.iter().map(|row| row.canonical.as_str()).collect();
        assert_eq!(names, ["other", "pad"]);
    }

    async fn a_failed_import_keeps_the_time_of_the_last_good_one(db: &TestDb) {
        let bob = account(&db.store, "bob").await;
        let (id, _) = add(&db.store, "pad", bob).await;
        for (state, secs) in [(GitSourceState::Fine, 5), (GitSourceState::Failed, 9)] {
            let (note, event) = ("said so".to_owned(), Some(event(EventKind::SourceFailed)));
            let ended = EndedImport { source: id, state, note, event, now: at(secs) };
            db.store.end_git_import(ended).await.unwrap();
        }
        let row = db.store.find_git_source(id).await.unwrap().unwrap();
        assert_eq!((row.state, row.note.as_str()), (GitSourceState::Failed, "said so"));
        assert_eq!((row.tried_at, row.imported_at), (Some(at(9)), Some(at(5))));
    }

    async fn a_tag_is_decided_anew_in_its_place(db: &TestDb) {
        let bob = account(&db.store, "bob").await;
        let (id, _) = add(&db.store, "pad", bob).await;
        db.store.put_git_tag(id, tag("v1", GitTagOutcome::Refused), None).await.unwrap();
        db.store.put_git_tag(id, tag("v1", GitTagOutcome::Published), None).await.unwrap();
        let moved = GitTagRow { moved_to: Some("b".repeat(40)), ..tag("v1", GitTagOutcome::Published) };
        let told = Some(event(EventKind::SourceTagMoved));
        db.store.put_git_tag(id, moved, told).await.unwrap();
        let rows = db.store.git_tags(id).await.unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].outcome, GitTagOutcome::Published);
        assert_eq!(rows[0].moved_to.as_deref(), Some("b".repeat(40).as_str()));
    }

    async fn a_removed_repository_takes_its_tags_along(db: &TestDb) {
        let bob = account(&db.store, "bob").await;
        let (id, _) = add(&db.store, "pad", bob).await;
        db.store.put_git_tag(id, tag("v1", GitTagOutcome::Published), None).await.unwrap();
        let gone = || event(EventKind::SourceRemoved);
        assert!(db.store.remove_git_source(id, gone(), at(2)).await.unwrap());
        assert!(!db.store.remove_git_source(id, gone(), at(2)).await.unwrap());
        // An import that was under way finds nothing to write to, and that is no failure.
        let late = Some(event(EventKind::SourceTagRefused));
        db.store.put_git_tag(id, tag("v2", GitTagOutcome::Refused), late).await.unwrap();
        assert!(db.store.git_tags(id).await.unwrap().is_empty());
        let kinds = event_kinds(&db.store).await;
        assert!(kinds.ends_with(&["source.added".to_owned(), "source.removed".to_owned()]));
    }
}
