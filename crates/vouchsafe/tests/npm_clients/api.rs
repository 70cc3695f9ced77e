//! Requests whose answers a package manager does not show, or that none sends.

use serde_json::{Value, json};
use vouchsafe_testkit::{http, packages};

use crate::stage::{PASSWORD, Stage, sign_in_by_browser};

#[test]
fn what_is_not_built_says_so_in_a_status_that_no_client_repeats() {
    let stage = Stage::new();
    let check = |method: &str, path: &str, body: &str, status: u16, what: &str| {
        let answer = stage.ask(method, path, body.as_bytes());
        assert_eq!(answer.status, status, "{method} {path}: {}", answer.text());
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with(what), "{method} {path}: {error}");
    };
    let bulk = "/-/npm/v1/security/advisories/bulk";
    let auditing = "auditing is not implemented by this registry";
    check("POST", bulk, r#"{"left-lib":["1.0.0"]}"#, 404, auditing);
    check("POST", "/-/npm/v1/security/audits/quick", "{}", 404, auditing);
    check("POST", "/-/npm/v1/security/audits", "{}", 404, auditing);
    let exchange = "/-/npm/v1/oidc/token/exchange/package/left-lib";
    check("POST", exchange, "", 501, "trusted publishing is not");
    check("POST", "/-/package/left-lib/access", "{}", 501, "changing the access of a single");
    check("GET", "/-/npm/v1/attestations/left-lib@1.0.0", "", 404, "reading attestations is not");
    check("GET", "/-/stage", "", 404, "staged publishing is not");
    check("GET", "/-/npm/v1/keys", "", 404, "Not found: this registry has no signing keys");
    let star = r#"{"_id":"left-lib","_rev":"1-0","users":{"ann":true}}"#;
    check("PUT", "/left-lib", star, 400, "starring is not implemented");
    check("PUT", "/-/team/acme/devs/package", "{}", 400, "the management of teams is not");
}

#[test]
fn a_publish_that_arrives_twice_is_published_once() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    let before = stage.packument("left-lib");

    let again = stage.ask("PUT", "/left-lib", &body);
    assert_eq!(again.status, 200, "{}", again.text());
    let notice = again.header("npm-notice").unwrap();
    assert!(notice.contains("published before"), "{notice}");
    assert_eq!(stage.packument("left-lib"), before);

    // Not the same request: another tag, or other bytes.
    let tagged = String::from_utf8(body.clone()).unwrap();
    let tagged = tagged.replace(r#"{"latest":"1.0.0"}"#, r#"{"beta":"1.0.0"}"#);
    let other_bytes = packages::tar_gz(&[
        ("package/package.json", br#"{"name":"left-lib","version":"1.0.0","description":"A test package","main":"index.js","license":"MIT"}"#),
        ("package/index.js", b"stolen()"),
    ]);
    let other_bytes = packages::npm_publish_body_of("left-lib", "1.0.0", &other_bytes);
    for body in [tagged.into_bytes(), other_bytes] {
        let refused = stage.ask("PUT", "/left-lib", &body);
        assert_eq!(refused.status, 403, "{}", refused.text());
        let error = refused.json()["error"].as_str().unwrap().to_owned();
        assert!(error.starts_with("You cannot publish over the previously published versions"));
    }
    assert_eq!(stage.packument("left-lib"), before);

    // Whoever else has the bytes is told no, as ever.
    let stranger = stage.server.user_and_token("eve");
    assert_eq!(stage.ask_as(Some(&stranger), "PUT", "/left-lib", &[], &body).status, 403);
}

#[test]
fn a_manifest_that_is_not_the_one_in_the_tarball_is_refused() {
    let stage = Stage::new();
    let check = |member: &str, value: Value, named: &str| {
        let body = packages::npm_publish_body("left-lib", "1.0.0");
        let mut body: Value = serde_json::from_slice(&body).unwrap();
        body["versions"]["1.0.0"][member] = value;
        let answer = stage.ask("PUT", "/left-lib", body.to_string().as_bytes());
        assert!((400..500).contains(&answer.status), "{member}: {}", answer.status);
        let error = answer.json()["error"].as_str().unwrap().to_owned();
        assert!(error.contains(named), "{member}: {error}");
    };
    check("scripts", json!({ "postinstall": "node evil.js" }), "scripts");
    check("dependencies", json!({ "evil": "*" }), "dependencies");
    check("bin", json!({ "npm": "evil.js" }), "bin");
    check("version", json!("1.0.1"), "version");
    check("name", json!("right-lib"), "name");
    assert_eq!(stage.ask("GET", "/left-lib", b"").status, 404);

    // The request is in order, and the tarball is of another package or version.
    for (name, version) in [("right-lib", "1.0.0"), ("left-lib", "1.0.1")] {
        let tarball = packages::npm_tarball(name, version);
        let body = packages::npm_publish_body_of("left-lib", "1.0.0", &tarball);
        let answer = stage.ask("PUT", "/left-lib", &body);
        assert_eq!(answer.status, 422, "{}", answer.text());
        assert!(answer.text().contains("package.json in the tarball"), "{}", answer.text());
    }
}

#[test]
fn a_publish_with_provenance_is_refused_with_the_way_out() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    let mut body: Value = serde_json::from_slice(&body).unwrap();
    let bundle = json!({ "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json" });
    let bundle = bundle.to_string();
    body["_attachments"]["left-lib-1.0.0.sigstore"] = json!({
        "content_type": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "length": bundle.len(),
        "data": bundle,
    });
    let answer = stage.ask("PUT", "/left-lib", body.to_string().as_bytes());
    assert_eq!(answer.status, 400, "{}", answer.text());
    let error = answer.json()["error"].as_str().unwrap().to_owned();
    assert!(error.contains("provenance") && error.contains("--provenance=false"), "{error}");
    assert_eq!(stage.ask("GET", "/left-lib", b"").status, 404);
}

#[test]
fn a_browser_sign_in_is_good_once_and_only_with_the_password() {
    let stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    let started = stage.ask_as(None, "POST", "/-/v1/login", &[], b"{}");
    assert_eq!(started.status, 200, "{}", started.text());
    let started = started.json();
    let (login_url, done_url) =
        (started["loginUrl"].as_str().unwrap(), started["doneUrl"].as_str().unwrap());
    let done_path = done_url.strip_prefix(&stage.base()).unwrap();
    let poll = || stage.ask_as(None, "GET", done_path, &[], b"");

    let waiting = poll();
    assert_eq!(waiting.status, 202);
    let seconds: u32 = waiting.header("retry-after").unwrap().parse().unwrap();
    assert!(seconds >= 1);
    assert_eq!(sign_in_by_browser(&stage.server, login_url, "bob", "wrong"), 401);
    assert_eq!(poll().status, 202);
    assert_eq!(sign_in_by_browser(&stage.server, login_url, "bob", PASSWORD), 200);

    let done = poll();
    assert_eq!((done.status, done.header("cache-control")), (200, Some("no-store")));
    let token = done.json()["token"].as_str().unwrap().to_owned();
    let me = stage.ask_as(Some(&token), "GET", "/-/whoami", &[], b"");
    assert_eq!(me.json(), json!({ "username": "bob" }));

    // Neither half works a second time, and no guess works at all.
    assert_eq!(poll().status, 404);
    let path = login_url.strip_prefix(&stage.server.url()).unwrap();
    assert_eq!(http::get(stage.server.address(), path).status, 404);
    assert_eq!(http::get(stage.server.address(), "/login/guess").status, 404);
    assert_eq!(stage.ask_as(None, "GET", "/-/v1/done/guess", &[], b"").status, 404);
}

#[test]
fn a_password_sign_in_is_about_the_account_in_the_address() {
    let stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    let sign_in = |account: &str, name: &str, password: &str| {
        let path = format!("/-/user/org.couchdb.user:{account}");
        let body = json!({ "name": name, "password": password, "type": "user" });
        stage.ask_as(None, "PUT", &path, &[], body.to_string().as_bytes())
    };
    assert_eq!(sign_in("bob", "bob", PASSWORD).status, 201);
    let wrong = sign_in("bob", "bob", "wrong");
    let unknown = sign_in("carol", "carol", "wrong");
    assert_eq!((wrong.status, unknown.status), (401, 401));
    // Whether the account exists is not told.
    assert_eq!(wrong.text(), unknown.text());
    assert_eq!(sign_in("ann", "bob", PASSWORD).status, 400);
}

#[test]
fn search_answers_in_pages_with_the_objects_first() {
    let stage = Stage::new();
    for name in ["pad-one", "pad-two", "other"] {
        let body = packages::npm_publish_body(name, "1.0.0");
        assert_eq!(stage.ask("PUT", &format!("/{name}"), &body).status, 201);
    }
    let answer = stage.ask("GET", "/-/v1/search?text=pad&size=1&from=0", b"");
    // npm reads this as a stream and prints while it arrives.
    assert!(answer.text().starts_with(r#"{"objects":["#), "{}", answer.text());
    let first = answer.json();
    let second = stage.ask("GET", "/-/v1/search?text=pad&size=1&from=1", b"").json();
    assert_eq!((&first["total"], &second["total"]), (&json!(2), &json!(2)));
    let name = |page: &Value| page["objects"][0]["package"]["name"].as_str().unwrap().to_owned();
    let mut names = [name(&first), name(&second)];
    names.sort();
    assert_eq!(names, ["pad-one", "pad-two"]);
    assert_eq!(stage.ask("GET", "/-/v1/search?text=pad&size=many", b"").status, 400);
    assert_eq!(stage.ask("GET", "/-/v1/search?text=%27%22%25_%5C%3B--", b"").status, 200);
}

#[test]
fn a_token_does_what_its_scopes_and_packages_say() {
    let stage = Stage::new();
    let body = packages::npm_publish_body("left-lib", "1.0.0");
    assert_eq!(stage.ask("PUT", "/left-lib", &body).status, 201);
    let token = |args: &[&str]| stage.server.token("ann", args);
    let read = token(&["--scope", "read"]);
    let update = token(&["--scope", "publish-update"]);
    let elsewhere = token(&["--package", "pkg:npm/@acme/*"]);
    let check = |token: &str, name: &str, version: &str, status: u16, words: &str| {
        let body = packages::npm_publish_body(name, version);
        let path = format!("/{}", name.replace('/', "%2f"));
        let answer = stage.ask_as(Some(token), "PUT", &path, &[], &body);
        assert_eq!(answer.status, status, "{name}: {}", answer.text());
        assert!(answer.text().contains(words), "{name}: {}", answer.text());
    };
    check(&read, "left-lib", "1.0.1", 403, "publish-update");
    check(&update, "new-lib", "1.0.0", 403, "publish-new");
    check(&update, "left-lib", "1.0.1", 201, "");
    check(&elsewhere, "left-lib", "1.0.2", 403, "pkg:npm/left-lib");
    check(&elsewhere, "@acme/lib", "1.0.0", 201, "");
    check("vsf_nonsense", "left-lib", "1.0.2", 401, "unknown, expired or revoked");
    let none = stage.ask_as(None, "PUT", "/left-lib", &[], &body);
    assert_eq!(none.status, 401, "{}", none.text());
}
