//! Accounts, tokens, sign-ins, claims, policy entries.

use vouchsafe_domain::{NamePattern, Scope, Scopes, Timestamp};
use vouchsafe_store::{
    InsertAccountError, NewAccount, NewPolicyEntry, NewToken, NewWebLogin, PolicyEntryKind, Store,
    TokenRow, WebLoginState,
};

use crate::harness::{REGISTRY, TestDb, account, at, event_kinds, store_tests};

async fn token(store: &Store, account_id: vouchsafe_domain::AccountId, secret: u8) -> TokenRow {
    let new = NewToken {
        account_id,
        secret_sha256: [secret; 32],
        name: "laptop".to_owned(),
        hint: "vs_abcd".to_owned(),
        scopes: Scopes::from_iter([Scope::Read, Scope::Yank]),
        packages: vec!["pkg:npm/@acme/*".parse().unwrap()],
        expires_at: Some(at(1000)),
        actor: "alice".to_owned(),
        now: at(0),
    };
    store.insert_token(new).await.unwrap()
}

async fn start_web_login(store: &Store, poll: [u8; 32], code: [u8; 32], expires_at: Timestamp) {
    let new = NewWebLogin {
        poll_sha256: poll,
        code_sha256: code,
        client: "npm/11\0".to_owned(),
        client_address: "127.0.0.1".to_owned(),
        now: at(0),
        expires_at,
    };
    store.start_web_login(new).await.unwrap();
}

store_tests! {
    async fn account_names_are_unique_and_numbers_count_up(db: &TestDb) {
        account(&db.store, "alice").await;
        let new = NewAccount {
            name: "alice".parse().unwrap(),
            email: "other@example.org".parse().unwrap(),
            password_hash: None,
            is_admin: true,
        };
        let refused = db.store.insert_account(new, at(0)).await;
        assert!(matches!(refused, Err(InsertAccountError::AlreadyExists { .. })), "{refused:?}");
        let id = account(&db.store, "bob").await;
        let bob = db.store.account_by_id(id).await.unwrap().unwrap();
        assert_eq!(bob.number, 2);
        assert!(!format!("{bob:?}").contains("argon2"));
        assert!(db.store.set_password(id, None).await.unwrap());
        let bob = db.store.account_by_name(&"bob".parse().unwrap()).await.unwrap().unwrap();
        assert_eq!(bob.password_hash, None);
        assert_eq!(db.store.list_accounts().await.unwrap().len(), 2);
        assert_eq!(event_kinds(&db.store).await, ["account.created"; 2]);
    }

    async fn a_token_is_found_by_its_hash_until_it_is_revoked(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        let bob = account(&db.store, "bob").await;
        let row = token(&db.store, alice, 1).await;
        let (found, owner) = db.store.token_by_hash(&[1; 32]).await.unwrap().unwrap();
        assert_eq!((found.id, owner.id), (row.id, alice));
        assert!(found.scopes.contains(Scope::Yank) && !found.scopes.contains(Scope::Owners));
        assert_eq!(found.packages[0].to_string(), "pkg:npm/@acme/*");
        assert!(db.store.token_by_hash(&[2; 32]).await.unwrap().is_none());

        db.store.touch_tokens(vec![(row.id, at(50)), (row.id, at(20))]).await.unwrap();
        let listed = db.store.list_tokens(alice).await.unwrap();
        assert_eq!(listed[0].last_used_at, Some(at(50)));

        assert!(!db.store.revoke_token(bob, row.id, "bob", at(60)).await.unwrap());
        assert!(db.store.revoke_token(alice, row.id, "alice", at(60)).await.unwrap());
        assert!(!db.store.revoke_token(alice, row.id, "alice", at(61)).await.unwrap());
        let (found, _) = db.store.token_by_hash(&[1; 32]).await.unwrap().unwrap();
        assert_eq!(found.revoked_at, Some(at(60)));
        assert!(db.store.list_tokens(alice).await.unwrap().is_empty());

        token(&db.store, alice, 3).await;
        assert!(db.store.revoke_token_by_hash(&[3; 32], "alice", at(70)).await.unwrap());
        assert!(!db.store.revoke_token_by_hash(&[3; 32], "alice", at(70)).await.unwrap());
        assert_eq!(
            event_kinds(&db.store).await[2..],
            ["token.created", "token.revoked", "token.created", "token.revoked"]
        );
    }

    async fn a_web_login_is_taken_once(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        let (poll, code) = ([1; 32], [2; 32]);
        let take = |now: Timestamp| db.store.take_web_login(&poll, now);
        assert_eq!(take(at(0)).await.unwrap(), WebLoginState::Unknown);
        start_web_login(&db.store, poll, code, at(100)).await;
        let waiting = db.store.find_web_login(&code, at(1)).await.unwrap().unwrap();
        assert_eq!(waiting.client, "npm/11\u{fffd}");
        assert_eq!(take(at(1)).await.unwrap(), WebLoginState::Pending);
        assert!(!db.store.approve_web_login(&poll, alice, at(1)).await.unwrap());
        assert!(!db.store.approve_web_login(&code, alice, at(100)).await.unwrap());
        assert!(db.store.approve_web_login(&code, alice, at(2)).await.unwrap());
        assert!(!db.store.approve_web_login(&code, alice, at(2)).await.unwrap());
        let takes = (0..8).map(|_| take(at(3)));
        let states = futures::future::join_all(takes).await;
        let approved = |state: &&Result<WebLoginState, _>| {
            matches!(state, Ok(WebLoginState::Approved(id)) if *id == alice)
        };
        assert_eq!(states.iter().filter(approved).count(), 1);
        assert_eq!(take(at(3)).await.unwrap(), WebLoginState::Unknown);
    }

    async fn an_expired_web_login_is_unknown_and_pruned(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        start_web_login(&db.store, [1; 32], [2; 32], at(10)).await;
        assert!(db.store.approve_web_login(&[2; 32], alice, at(5)).await.unwrap());
        let state = db.store.take_web_login(&[1; 32], at(10)).await.unwrap();
        assert_eq!(state, WebLoginState::Unknown);
        assert_eq!(db.store.prune_web_logins(at(10)).await.unwrap(), 1);
    }

    async fn claims_and_policy_entries_come_and_go_with_events(db: &TestDb) {
        let pattern: NamePattern = "pkg:npm/@acme/*".parse().unwrap();
        let add = || db.store.add_claim(REGISTRY, &pattern, "alice", "ours", at(0));
        assert!(add().await.unwrap());
        assert!(!add().await.unwrap());
        assert_eq!(db.store.list_claims(REGISTRY).await.unwrap()[0].pattern, pattern);
        assert!(db.store.remove_claim(REGISTRY, &pattern, "alice", at(1)).await.unwrap());
        assert!(!db.store.remove_claim(REGISTRY, &pattern, "alice", at(1)).await.unwrap());

        let new = NewPolicyEntry {
            registry_id: REGISTRY,
            kind: PolicyEntryKind::Deny,
            pattern: "pkg:npm/event-stream".parse().unwrap(),
            version: Some("3.3.6".to_owned()),
            reason: "malware".to_owned(),
            author: "alice".to_owned(),
            ends_at: None,
        };
        let entry = db.store.add_policy_entry(new, at(2)).await.unwrap();
        let listed = db.store.list_policy_entries(REGISTRY).await.unwrap();
        assert_eq!((listed[0].id, listed[0].kind), (entry.id, PolicyEntryKind::Deny));
        let remove = || db.store.remove_policy_entry(REGISTRY, entry.id, "alice", at(3));
        assert!(remove().await.unwrap());
        assert!(!remove().await.unwrap());
        assert_eq!(
            event_kinds(&db.store).await,
            ["name.claimed", "name.claim-released", "policy.entry-added", "policy.entry-removed"]
        );
    }
}
