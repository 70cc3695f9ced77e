//! Claims to namespaces, who holds one, and which proofs are due.

use vouchsafe_domain::{
    AccountId, EcosystemId, Namespace, NamespaceMethod, NamespaceState, Timestamp,
};
use vouchsafe_store::{AddNamespaceError, CommitError, NamespaceRow, NewNamespace, Settled, Store};

use crate::harness::{REGISTRY, TestDb, account, at, event_kinds, new_release, npm, store_tests};

fn namespace(text: &str) -> Namespace {
    text.parse().unwrap()
}

fn claim(of: AccountId, text: &str, method: NamespaceMethod) -> NewNamespace {
    NewNamespace {
        registry_id: REGISTRY,
        namespace: namespace(text),
        account_id: of,
        method,
        proof: (method == NamespaceMethod::Dns).then(|| "acme.example".to_owned()),
        challenge: "c0ffee".to_owned(),
        max_open: 3,
        actor: "ann".to_owned(),
    }
}

async fn claimed(store: &Store, of: AccountId, text: &str) -> NamespaceRow {
    store.add_namespace(claim(of, text, NamespaceMethod::Dns), at(1)).await.unwrap()
}

async fn verify(store: &Store, row: &NamespaceRow, now: Timestamp) -> Settled {
    store.verify_namespace(REGISTRY, row.id, "ann", now).await.unwrap()
}

async fn state(store: &Store, row: &NamespaceRow) -> NamespaceState {
    store.find_namespace(REGISTRY, row.id).await.unwrap().unwrap().state
}

store_tests! {
    async fn claims_hold_nobody_off_and_the_first_proof_wins(db: &TestDb) {
        let store = &db.store;
        let (ann, ben) = (account(store, "ann").await, account(store, "ben").await);
        let of_ann = claimed(store, ann, "pkg:npm/@acme").await;
        let of_ben = claimed(store, ben, "pkg:npm/@acme").await;
        assert!(store.held_namespaces(REGISTRY).await.unwrap().is_empty());

        assert_eq!(verify(store, &of_ben, at(2)).await, Settled::Done);
        assert_eq!(verify(store, &of_ben, at(3)).await, Settled::Done, "again changes nothing");
        assert_eq!(verify(store, &of_ann, at(4)).await, Settled::Held);
        assert_eq!(state(store, &of_ann).await, NamespaceState::Pending);
        assert_eq!(store.held_namespaces(REGISTRY).await.unwrap(), [namespace("pkg:npm/@acme")]);
        let again = claim(ann, "pkg:npm/@acme", NamespaceMethod::Operator);
        let again = store.add_namespace(again, at(5)).await.unwrap_err();
        assert!(matches!(again, AddNamespaceError::Held), "{again}");

        assert!(store.remove_namespace(REGISTRY, of_ben.id, "ben", at(6)).await.unwrap());
        assert!(!store.remove_namespace(REGISTRY, of_ben.id, "ben", at(6)).await.unwrap());
        assert_eq!(verify(store, &of_ben, at(7)).await, Settled::Gone);
        assert_eq!(verify(store, &of_ann, at(7)).await, Settled::Done);
        let kinds: Vec<_> = event_kinds(store).await.into_iter().skip(2).collect();
        assert_eq!(kinds, [
            "namespace.claimed", "namespace.claimed", "namespace.verified", "namespace.released",
            "namespace.verified",
        ]);
    }

    async fn the_operators_word_is_enough(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let given = claim(ann, "pkg:maven/com.acme", NamespaceMethod::Operator);
        let row = store.add_namespace(given, at(1)).await.unwrap();
        assert_eq!((row.state, row.verified_at), (NamespaceState::Verified, Some(at(1))));
        assert_eq!(row.account.as_str(), "ann");
        let maven = EcosystemId::from_static("maven");
        let above = ["com.acme.tools".to_owned(), "com.acme".to_owned()];
        let held = store.held_namespace(REGISTRY, &maven, &above).await.unwrap().unwrap();
        assert_eq!(held.id, row.id);
        assert!(store.held_namespace(REGISTRY, &npm(), &above).await.unwrap().is_none());
    }

    async fn claiming_again_replaces_and_open_claims_are_counted(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let first = claimed(store, ann, "pkg:npm/@a").await;
        let second = claimed(store, ann, "pkg:npm/@a").await;
        assert_ne!(first.id, second.id);
        assert!(store.find_namespace(REGISTRY, first.id).await.unwrap().is_none());
        claimed(store, ann, "pkg:npm/@b").await;
        claimed(store, ann, "pkg:npm/@c").await;
        let fourth = claim(ann, "pkg:npm/@d", NamespaceMethod::Dns);
        let refused = store.add_namespace(fourth, at(2)).await.unwrap_err();
        assert!(matches!(refused, AddNamespaceError::TooMany), "{refused}");
        assert_eq!(store.namespaces_of(REGISTRY, ann).await.unwrap().len(), 3);
        assert_eq!(store.list_namespaces(REGISTRY).await.unwrap().len(), 3);
        claimed(store, ann, "pkg:npm/@c").await;
    }

    async fn a_proof_that_is_missing_twice_in_a_row_freezes(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let row = claimed(store, ann, "pkg:npm/@acme").await;
        assert!(!store.miss_namespace(REGISTRY, row.id, at(1)).await.unwrap());
        verify(store, &row, at(2)).await;
        assert!(!store.miss_namespace(REGISTRY, row.id, at(3)).await.unwrap());
        // Seen in between: the count begins again.
        verify(store, &row, at(4)).await;
        assert!(!store.miss_namespace(REGISTRY, row.id, at(5)).await.unwrap());
        store.note_unsure_namespace(REGISTRY, row.id, at(6)).await.unwrap();
        assert_eq!(state(store, &row).await, NamespaceState::Verified);
        assert!(store.miss_namespace(REGISTRY, row.id, at(7)).await.unwrap());
        assert!(!store.miss_namespace(REGISTRY, row.id, at(8)).await.unwrap(), "it is no news");
        assert_eq!(state(store, &row).await, NamespaceState::Frozen);
        assert_eq!(store.held_namespaces(REGISTRY).await.unwrap().len(), 1);

        verify(store, &row, at(9)).await;
        assert_eq!(state(store, &row).await, NamespaceState::Verified);
        let kinds: Vec<_> = event_kinds(store).await.into_iter().skip(2).collect();
        assert_eq!(kinds, ["namespace.verified", "namespace.frozen", "namespace.verified"]);
    }

    async fn a_proof_alone_gives_nothing(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let row = claimed(store, ann, "pkg:npm/@acme").await;
        store.note_proved_namespace(REGISTRY, row.id, at(2)).await.unwrap();
        assert_eq!(state(store, &row).await, NamespaceState::Proved);
        assert!(store.held_namespaces(REGISTRY).await.unwrap().is_empty());
        assert_eq!(store.prune_namespaces(at(100)).await.unwrap(), 0, "an operator has to look");
        assert_eq!(verify(store, &row, at(3)).await, Settled::Done);
    }

    async fn what_nobody_proved_is_forgotten(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let old = claimed(store, ann, "pkg:npm/@old").await;
        let kept = claimed(store, ann, "pkg:npm/@kept").await;
        verify(store, &kept, at(2)).await;
        assert_eq!(store.prune_namespaces(at(1)).await.unwrap(), 0);
        assert_eq!(store.prune_namespaces(at(2)).await.unwrap(), 1);
        assert!(store.find_namespace(REGISTRY, old.id).await.unwrap().is_none());
        assert!(store.find_namespace(REGISTRY, kept.id).await.unwrap().is_some());
    }

    async fn proofs_by_dns_are_due_the_longest_ago_first(db: &TestDb) {
        let store = &db.store;
        let ann = account(store, "ann").await;
        let first = claimed(store, ann, "pkg:npm/@first").await;
        let second = claimed(store, ann, "pkg:npm/@second").await;
        claimed(store, ann, "pkg:npm/@pending").await;
        let given = claim(ann, "pkg:npm/@given", NamespaceMethod::Operator);
        store.add_namespace(given, at(1)).await.unwrap();
        verify(store, &second, at(2)).await;
        verify(store, &first, at(3)).await;
        let due = async |before, limit| {
            let due = store.due_namespaces(REGISTRY, before, limit).await.unwrap();
            due.into_iter().map(|row| row.id).collect::<Vec<_>>()
        };
        assert_eq!(due(at(10), 10).await, [second.id, first.id]);
        assert_eq!(due(at(10), 1).await, [second.id]);
        assert_eq!(due(at(3), 10).await, [second.id]);
    }

    async fn the_commit_itself_asks_whose_the_namespace_is(db: &TestDb) {
        let store = &db.store;
        let (ann, ben) = (account(store, "ann").await, account(store, "ben").await);
        let of_ann = claimed(store, ann, "pkg:npm/acme").await;
        let publish = async |owner, name: &str| {
            let mut release = new_release(name, "1.0.0");
            release.account = Some(owner);
            release.namespaces = vec![name.to_owned(), "acme".to_owned()];
            store.commit_release(release).await.map(drop)
        };
        publish(ben, "acme-before").await.unwrap();
        verify(store, &of_ann, at(2)).await;
        let held = publish(ben, "acme-after").await.unwrap_err();
        assert!(matches!(held, CommitError::NamespaceHeld { .. }), "{held}");
        publish(ann, "acme-after").await.unwrap();
        let mut given = claim(ben, "pkg:npm/acme-ben", NamespaceMethod::Operator);
        given.actor = "system".to_owned();
        store.add_namespace(given, at(3)).await.unwrap();
        publish(ben, "acme-ben").await.unwrap();
        for at_secs in [4, 5] {
            store.miss_namespace(REGISTRY, of_ann.id, at(at_secs)).await.unwrap();
        }
        let frozen = publish(ann, "acme-frozen").await.unwrap_err();
        assert!(matches!(frozen, CommitError::NamespaceHeld { .. }), "{frozen}");
    }

    async fn packages_of_others_are_those_that_one_does_not_own(db: &TestDb) {
        let store = &db.store;
        let (ann, ben) = (account(store, "ann").await, account(store, "ben").await);
        for (name, owner) in [("acme-a", ann), ("acme-b", ben), ("acmeevil", ben), ("other", ben)] {
            let mut release = new_release(name, "1.0.0");
            release.account = Some(owner);
            store.commit_release(release).await.unwrap();
        }
        let mut found = store.packages_of_others(REGISTRY, &npm(), ann, "acme").await.unwrap();
        found.sort();
        assert_eq!(found, ["acme-b", "acmeevil"]);
        let all = store.packages_of_others(REGISTRY, &npm(), ann, "").await.unwrap();
        assert_eq!(all.len(), 3);
        let none = store.packages_of_others(REGISTRY, &npm(), ann, "acme%").await.unwrap();
        assert_eq!(none, Vec::<String>::new());
    }
}
