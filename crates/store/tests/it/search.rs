//! Search.

use vouchsafe_domain::call::SearchQuery;
use vouchsafe_store::Store;

use crate::harness::{REGISTRY, TestDb, account, new_release, npm, store_tests};

async fn check(store: &Store, text: &str, expected: &[&str]) {
    let query = SearchQuery { text: text.to_owned(), offset: 0, limit: 10 };
    let found = store.search(REGISTRY, &npm(), &query).await.unwrap();
    let names: Vec<&str> = found.hits.iter().map(|hit| hit.name.as_str()).collect();
    assert_eq!(names, expected, "searching {text:?}");
    assert_eq!(found.total, expected.len() as u64);
}

store_tests! {
    async fn the_exact_name_comes_first_and_all_words_must_match(db: &TestDb) {
        let alice = account(&db.store, "alice").await;
        for (name, summary, keyword) in [
            ("json", "Parses and writes", "parser"),
            ("json-lines", "One JSON text per line", "Stream"),
            ("aaa", "A fast json parser", "speed"),
            ("Ünïcode", "Straße und Weg", "text"),
        ] {
            let mut new = new_release(name, "1.0.0");
            new.account = Some(alice);
            new.summary = summary.to_owned();
            new.keywords = vec![keyword.to_owned()];
            db.store.commit_release(new).await.unwrap();
        }
        check(&db.store, "json", &["json", "json-lines", "aaa"]).await;
        check(&db.store, "JSON pars", &["aaa", "json"]).await;
        check(&db.store, "jso lin", &["json-lines"]).await;
        check(&db.store, "json missing", &[]).await;
        check(&db.store, "stream", &["json-lines"]).await;
        check(&db.store, "STRASSE", &[]).await;
        check(&db.store, "straß", &["Ünïcode"]).await;
        check(&db.store, "%", &["aaa", "json", "json-lines", "Ünïcode"]).await;
        check(&db.store, "\0' OR 1=1 --", &[]).await;

        let query = SearchQuery { text: "json".to_owned(), offset: 1, limit: 1 };
        let page = db.store.search(REGISTRY, &npm(), &query).await.unwrap();
        assert_eq!((page.hits.len(), page.total), (1, 3));
        let hit = &page.hits[0];
        assert_eq!((hit.name.as_str(), hit.version.as_str()), ("json-lines", "1.0.0"));
        assert_eq!(hit.owners, ["alice"]);
    }

    async fn new_words_replace_old_ones(db: &TestDb) {
        let done = db.store.commit_release(new_release("pad", "1.0.0")).await.unwrap();
        check(&db.store, "testing", &["pad"]).await;
        let mut next = new_release("pad", "2.0.0");
        next.expect_package = Some(done.package_id);
        next.keywords = vec!["spacing".to_owned()];
        db.store.commit_release(next).await.unwrap();
        check(&db.store, "testing", &[]).await;
        check(&db.store, "spacing", &["pad"]).await;
    }
}
