//! Who may claim what, and requests that are not right.

use serde_json::json;

use crate::stage::{Stage, check_refused};

#[test]
fn a_claim_needs_the_scope_for_owners_and_all_packages() {
    let stage = Stage::new();
    let publish = stage.server.token("ann", &["--scope", "publish-new", "--scope", "read"]);
    let limited = stage.server.token("ann", &["--package", "pkg:npm/@acme/*"]);
    let owners = stage.server.token("ann", &["--scope", "owners"]);
    check_refused(&stage.claim("", "pkg:npm/@acme", Some("a.example")), 401, "auth.required");
    let anonymous = stage.api("", "GET", "", b"");
    check_refused(&anonymous, 401, "auth.required");
    assert_eq!(anonymous.header("www-authenticate"), Some("Bearer"));
    check_refused(&stage.claim("vsf_wrong", "pkg:npm/@acme", None), 401, "auth.refused");
    for token in [&publish, &limited] {
        let refused = stage.claim(token, "pkg:npm/@acme", Some("a.example"));
        check_refused(&refused, 403, "auth.forbidden");
    }
    assert_eq!(stage.api(&publish, "GET", "", b"").status, 200);
    check_refused(&stage.api(&owners, "GET", "", b""), 403, "auth.forbidden");
    assert_eq!(stage.claim(&owners, "pkg:npm/@acme", Some("a.example")).status, 201);
}

#[test]
fn claims_of_others_are_not_there() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    stage.prove("acme.com", &claim);
    let id = claim["id"].as_str().unwrap();
    assert_eq!(stage.verify(&stage.ben, &claim).status, 404);
    assert_eq!(stage.api(&stage.ben, "DELETE", &format!("/{id}"), b"").status, 404);
    let listed = stage.api(&stage.ben, "GET", "", b"").json();
    assert_eq!(listed, json!({ "namespaces": [] }));

    let listed = stage.api(&stage.ann, "GET", "", b"").json();
    assert_eq!(listed["namespaces"][0]["id"], id);
    assert_eq!(stage.api(&stage.ann, "DELETE", &format!("/{id}"), b"").status, 204);
    assert_eq!(stage.api(&stage.ann, "DELETE", &format!("/{id}"), b"").status, 404);
    assert_eq!(stage.verify(&stage.ann, &claim).status, 404);
}

#[test]
fn what_others_have_cannot_be_claimed() {
    let stage = Stage::new();
    stage.give("pkg:maven/com.acme", "ann");
    let taken = |token: &str, namespace: &str, domain: Option<&str>| {
        check_refused(&stage.claim(token, namespace, domain), 409, "publish.name-claimed");
    };
    taken(&stage.ben, "pkg:maven/com.acme", None);
    taken(&stage.ben, "pkg:maven/com.acme.tools", None);
    taken(&stage.ann, "pkg:maven/com.acme", None);
    stage.claimed(&stage.ann, "pkg:maven/com.acme.tools", None);
    stage.claimed(&stage.ben, "pkg:maven/com.acmeevil", None);

    assert_eq!(stage.pypi(&stage.ben, "Acme_Tools", "1.0").status, 200);
    assert_eq!(stage.cargo(&stage.ben, "acme_tools-x", "1.0.0").status, 200);
    taken(&stage.ann, "pkg:pypi/acme", Some("acme.example"));
    taken(&stage.ann, "pkg:pypi/acme-tools", Some("acme.example"));
    taken(&stage.ann, "pkg:cargo/acme-tools", Some("acme.example"));
    stage.claimed(&stage.ben, "pkg:pypi/acme", Some("acme.example"));
    stage.claimed(&stage.ann, "pkg:pypi/acme-too", Some("acme.example"));
    let refused =
        stage.operator(&["add", "pkg:pypi/acme", "--owner", "ann", "--dns", "acme.example"]);
    assert_ne!(refused.code, Some(0), "only the operator's own word goes over that");
    stage.give("pkg:pypi/acme", "ann");
}

#[test]
fn who_publishes_after_a_claim_keeps_it_from_being_verified() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:npm/@acme", Some("acme.example"));
    stage.prove("acme.example", &claim);
    assert_eq!(stage.npm(&stage.ben, "@acme/tool", "1.0.0").status, 201);
    check_refused(&stage.verify(&stage.ann, &claim), 409, "publish.name-claimed");
}

#[test]
fn open_claims_are_counted() {
    let stage = Stage::new();
    for number in 0..20 {
        stage.claimed(&stage.ann, &format!("pkg:npm/@n{number}"), Some("acme.example"));
    }
    stage.claimed(&stage.ann, "pkg:npm/@n3", Some("acme.example"));
    assert_eq!(stage.claim(&stage.ann, "pkg:npm/@more", Some("acme.example")).status, 409);
    stage.claimed(&stage.ben, "pkg:npm/@more", Some("acme.example"));
}

#[test]
fn an_account_that_asks_all_the_time_has_to_wait() {
    let stage = Stage::new();
    let claim = stage.claimed(&stage.ann, "pkg:maven/com.acme", None);
    let answers = (0..70).map(|_| stage.verify(&stage.ann, &claim));
    let refused = answers.into_iter().find(|answer| answer.status == 429).unwrap();
    check_refused(&refused, 429, "request.rate-limited");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(stage.claim(&stage.ben, "pkg:maven/com.acme", None).status, 201);
}

#[test]
fn requests_that_are_not_right_are_refused_in_words() {
    let stage = Stage::new();
    let long = format!(r#"{{"namespace":"pkg:npm/@{}","method":"dns"}}"#, "a".repeat(5000));
    for body in [
        "",
        "{}",
        "[]",
        "null",
        "{\"namespace\":1,\"method\":\"dns\"}",
        r#"{"namespace":"pkg:npm/@acme","method":"operator"}"#,
        r#"{"namespace":"pkg:npm/@acme","method":"dns","owner":"ben"}"#,
        r#"{"namespace":"pkg:npm/@acme","method":"code-host","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/*","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/@","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/acme","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/@acme/x","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:npm/@acme/../x","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:pypi/acme-","method":"dns","domain":"a.example"}"#,
        r#"{"namespace":"pkg:maven/com..acme","method":"dns"}"#,
        r#"{"namespace":"pkg:maven/com.acme/lib","method":"dns"}"#,
        r#"{"namespace":"pkg:maven/com.acme%00","method":"dns"}"#,
        r#"{"namespace":"pkg:nothing/acme","method":"dns"}"#,
        long.as_str(),
        &"[".repeat(10_000),
    ] {
        let shown: String = body.chars().take(80).collect();
        let answer = stage.api(&stage.ann, "POST", "", body.as_bytes());
        assert_eq!(answer.status, 400, "{shown}: {}", answer.text());
        assert_eq!(answer.header("content-type"), Some("application/problem+json"), "{shown}");
        assert!(!answer.json()["detail"].as_str().unwrap().is_empty());
    }
    assert_eq!(stage.api(&stage.ann, "POST", "", &vec![b' '; 100_000]).status, 413);
    for id in ["x", "..%2fx", "00000000-0000-0000-0000-000000000000", "%00", "'%20OR%201=1"] {
        assert_eq!(
            stage.api(&stage.ann, "POST", &format!("/{id}/verify"), b"").status,
            404,
            "{id}"
        );
        assert_eq!(stage.api(&stage.ann, "DELETE", &format!("/{id}"), b"").status, 404, "{id}");
    }
    assert_eq!(stage.api(&stage.ann, "PATCH", "", b"").status, 405);
    assert_eq!(stage.state(""), "");
}
