//! Documents that Composer reads: the root, lists of versions, and when they are read again.

use serde_json::{Value, json};
use vouchsafe_testkit::http::Answer;

use crate::stage::{PRIVATE, Stage, archive, eventually};

fn since(answer: &Answer) -> Vec<(&'static str, &str)> {
    answer.header("last-modified").map(|date| ("if-modified-since", date)).into_iter().collect()
}

/// Asks as Composer does: with the date of what it has, when there was one.
fn again(stage: &Stage, path: &str, before: &Answer) -> Answer {
    stage.ask_as(Some(&stage.token), "GET", path, &since(before), b"")
}

#[test]
fn a_publish_within_the_same_second_is_not_missed() {
    let stage = Stage::new();
    let mut known: Vec<Answer> = Vec::new();
    for minor in 0..8 {
        stage.publish("acme/a", &format!("1.{minor}.0"));
        known.push(stage.ask("GET", "/p2/acme/a.json", b""));
        for before in &known[..known.len() - 1] {
            assert_eq!(again(&stage, "/p2/acme/a.json", before).status, 200);
        }
    }
    // The root too: a new name must not hide behind the date of the last one.
    let before = stage.ask("GET", "/packages.json", b"");
    stage.publish("acme/b", "1.0.0");
    let after = again(&stage, "/packages.json", &before);
    assert_eq!(after.status, 200);
    assert!(after.text().contains("acme/b"));
}

#[test]
fn what_did_not_change_is_not_sent_again() {
    let stage = Stage::new();
    stage.publish("acme/a", "1.0.0");
    for path in ["/packages.json", "/p2/acme/a.json", "/p2/acme/a~dev.json"] {
        let mut known = stage.ask("GET", path, b"");
        eventually("the date is offered", || {
            known = stage.ask("GET", path, b"");
            known.header("last-modified").is_some()
        });
        let unchanged = again(&stage, path, &known);
        assert_eq!(unchanged.status, 304, "{path}");
        assert!(unchanged.body.is_empty());
    }
    let known = stage.ask("GET", "/p2/acme/a.json", b"");
    stage.server.cli(&["yank", "pkg:composer/acme/a@1.0.0"]).ok();
    eventually("the yank is seen", || again(&stage, "/p2/acme/a.json", &known).status == 200);
}

#[test]
fn what_composer_prints_is_sent_again_every_time() {
    let stage = Stage::new();
    stage.publish("acme/a", "1.0.0");
    stage.server.cli(&["policy", "deny", "pkg:composer/acme/a@1.0.0", "--reason", "bad"]).ok();
    let mut list = stage.ask("GET", "/p2/acme/a.json", b"");
    eventually("the denial takes effect", || {
        list = stage.ask("GET", "/p2/acme/a.json", b"");
        list.text().contains("is withheld")
    });
    let root = || stage.ask("GET", "/packages.json", b"");
    eventually("dates are offered by now", || root().header("last-modified").is_some());
    // Composer prints what arrives, and nothing of a copy that is still good.
    let list = again(&stage, "/p2/acme/a.json", &list);
    assert_eq!((list.status, list.header("last-modified")), (200, None));
    let future = [("if-modified-since", "Fri, 01 Jan 2100 00:00:00 GMT")];
    let list = stage.ask_as(None, "GET", "/p2/acme/a.json", &future, b"");
    assert_eq!(list.status, 200);
}

#[test]
fn the_root_announces_what_is_there_and_nothing_else() {
    let stage = Stage::new();
    let root = stage.ask("GET", "/packages.json", b"").json();
    let keys: Vec<_> = root.as_object().unwrap().keys().cloned().collect();
    // No advisories, no filter lists, no mirrors: nothing that is not served.
    for key in &keys {
        let known = [
            "packages",
            "metadata-url",
            "notify-batch",
            "search",
            "list",
            "available-packages",
            "available-package-patterns",
        ];
        assert!(known.contains(&key.as_str()), "{key}");
    }
    assert_eq!(root["available-package-patterns"], json!(["-/-"]), "nobody is asked for nothing");
    stage.publish("acme/a", "1.0.0");
    let root = stage.ask("GET", "/packages.json", b"").json();
    assert_eq!(root["available-packages"], json!(["acme/a"]));
    assert_eq!(root["available-package-patterns"], Value::Null);
    for path in ["/api/security-advisories", "/metadata/changes.json", "/providers/acme/a.json"] {
        let answer = stage.ask("GET", path, b"");
        assert_eq!(answer.status, 501, "{path}: {}", answer.text());
    }
}

#[test]
fn lists_and_searches_find_what_is_published() {
    let stage = Stage::new();
    for name in ["acme/client", "acme/server", "other/client"] {
        stage.publish(name, "1.0.0");
    }
    for (query, expected) in [
        ("", json!(["acme/client", "acme/server", "other/client"])),
        ("?vendor=acme", json!(["acme/client", "acme/server"])),
        ("?filter=*/client", json!(["acme/client", "other/client"])),
        ("?vendor=acme&filter=*client", json!(["acme/client"])),
        ("?vendor=nobody", json!([])),
    ] {
        let list = stage.ask("GET", &format!("/packages/list.json{query}"), b"").json();
        assert_eq!(list["packageNames"], expected, "{query}");
    }
    let page = stage.ask("GET", "/search.json?q=client&per_page=1", b"").json();
    assert_eq!((&page["total"], page["results"].as_array().unwrap().len()), (&json!(2), 1));
    let next = page["next"].as_str().unwrap().strip_prefix(&stage.base()).unwrap().to_owned();
    let rest = stage.ask("GET", &next, b"").json();
    assert_eq!(rest["next"], Value::Null);
    assert_ne!(rest["results"][0]["name"], page["results"][0]["name"]);
}

#[test]
fn reported_installations_are_counted_and_inventions_change_nothing() {
    let stage = Stage::new();
    stage.publish("acme/a", "1.0.0");
    stage.publish("acme/a", "dev-main");
    let report = |entries: Value| {
        let body = json!({ "downloads": entries }).to_string();
        let answer = stage.ask_as(None, "POST", "/downloads/", &[], body.as_bytes());
        assert_eq!(answer.status, 201, "{}", answer.text());
        assert_eq!(answer.json()["status"], "success");
    };
    report(
        json!([{ "name": "acme/a", "version": "1.0.0.0" }, { "name": "acme/a", "version": "dev-main" }]),
    );
    assert_eq!(stage.downloads("acme/a"), 2);
    let unknown: Vec<_> = (0..2000)
        .map(|number| json!({ "name": format!("flood/p{number}"), "version": "1.0.0.0" }))
        .collect();
    report(json!(unknown));
    report(json!([
        { "name": "acme/a", "version": "9.9.9.9" }, { "name": "../..", "version": "1.0.0.0" },
        { "name": "acme/a", "version": "" }, { "name": "", "version": "1.0.0.0" },
    ]));
    assert_eq!(stage.downloads("acme/a"), 2);
    assert_eq!(stage.downloads("flood/p1"), 0);
    assert_eq!(stage.ask("GET", "/p2/flood/p1.json", b"").status, 404);
    for body in ["", "[]", "{\"downloads\":{}}", "{\"downloads\":[1]}", "{"] {
        let answer = stage.ask_as(None, "POST", "/downloads/", &[], body.as_bytes());
        assert_eq!(answer.status, 400, "{body}: {}", answer.text());
    }
    let huge = " ".repeat(2 * 1024 * 1024);
    let answer = stage.ask_as(None, "POST", "/downloads/", &[], huge.as_bytes());
    assert_eq!(answer.status / 100, 4, "{}", answer.text());
}

#[test]
fn in_a_private_registry_every_address_asks_for_a_credential() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/a", "1.0.0");
    let dist = stage.dist_path("acme/a", "1.0.0");
    for path in [
        "/packages.json",
        "/p2/acme/a.json",
        "/p2/acme/nothing.json",
        "/packages/list.json",
        "/search.json?q=a",
        dist.as_str(),
    ] {
        let answer = stage.ask_as(None, "GET", path, &[], b"");
        assert_eq!(answer.status, 401, "{path}: {}", answer.text());
        assert!(answer.header("www-authenticate").unwrap().starts_with("Basic "), "{path}");
        assert!(answer.json()["warning"].is_string(), "Composer prints it: {}", answer.text());
    }
    let report = stage.ask_as(None, "POST", "/downloads/", &[], b"{\"downloads\":[]}");
    assert_eq!(report.status, 401);
}

#[test]
fn a_successor_is_shown_with_every_version() {
    let stage = Stage::new();
    stage.publish_with("acme/a", "1.0.0", json!({ "abandoned": "acme/b" }));
    stage.publish_with("acme/c", "1.0.0", json!({ "abandoned": true }));
    assert_eq!(stage.versions("acme/a")[0]["abandoned"], "acme/b");
    assert_eq!(stage.versions("acme/c")[0]["abandoned"], true);
    let strange = archive("acme/d", "1.0.0", json!({ "abandoned": { "by": "acme/b" } }));
    assert_eq!(stage.upload("acme/d", "1.0.0", &strange).status, 422);
}
