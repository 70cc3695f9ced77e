//! Answers and refusals, as Composer and people's scripts read them.

use serde_json::{Value, json};
use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_domain::call::{Answer, Published, SearchHit, SearchResults};
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind, Timestamp};
use vouchsafe_ecosystem_composer::Composer;

use crate::fixtures::Request;

#[track_caller]
fn check(method: &str, target: &str, answer: &Answer, status: u16, expect: Value) {
    let response = Composer.encode(&Request::new(method, target).as_wire(), answer);
    assert_eq!(response.status, status);
    assert_eq!(serde_json::from_slice::<Value>(&response.body).unwrap(), expect);
}

#[test]
fn a_publisher_is_told_what_was_published() {
    let published = |is_unchanged| {
        Answer::Published(Published {
            package: Composer.parse_name("acme/tool").unwrap(),
            version: Composer.parse_version("v1.0").unwrap(),
            warnings: vec!["no license".to_owned()],
            is_unchanged,
        })
    };
    let expect = json!({
        "status": "success",
        "package": "acme/tool",
        "version": "v1.0",
        "warnings": ["no license"],
    });
    check("PUT", "api/packages", &published(false), 201, expect.clone());
    check("PUT", "api/packages", &published(true), 200, expect);
}

#[test]
fn a_report_is_created_and_other_changes_are_done() {
    let success = json!({ "status": "success" });
    check("POST", "downloads/", &Answer::Done, 201, success.clone());
    check("PUT", "packages/acme/tool/1.0/yank", &Answer::Done, 200, success);
}

#[test]
fn search_results_lead_to_the_next_page() {
    let hit = SearchHit {
        name: "acme/tool".to_owned(),
        version: "1.0".to_owned(),
        summary: "does\u{7} <info>it".to_owned(),
        keywords: Vec::new(),
        owners: Vec::new(),
        updated_at: Timestamp::from_secs(0),
    };
    let found = Answer::Found(SearchResults { hits: vec![hit], total: 3 });
    let hits = json!([{
        "name": "acme/tool",
        "description": "does  ‹info›it",
        "url": "https://registry.example/packages/composer/acme/tool",
        "repository": "",
        "downloads": 0,
        "favers": 0,
    }]);
    let next = "https://registry.example/composer/search.json?q=a+b&per_page=1&page=3";
    let expect = json!({ "results": hits, "total": 3, "next": next });
    check("GET", "search.json?q=a b&per_page=1&page=2", &found, 200, expect);
    let last = Request::new("GET", "search.json?per_page=1&page=3");
    let body = Composer.encode(&last.as_wire(), &found).body;
    assert_eq!(serde_json::from_slice::<Value>(&body).unwrap().get("next"), None);
}

fn refused(kind: RefusalKind) -> (u16, Value, Option<String>) {
    let mut refusal = Refusal::new(kind, ErrorCode::PolicyCooldown, "too <young>\r\n");
    refusal.docs_url = Some("https://registry.example/e".to_owned());
    let request = Request::new("GET", "dist/acme/tool/x.zip");
    let response = Composer.encode_refusal(&request.as_wire(), &refusal);
    // Composer reads no other content type.
    assert_eq!(response.headers["content-type"], "application/json");
    let challenge = response.headers.get("www-authenticate");
    let challenge = challenge.map(|value| value.to_str().unwrap().to_owned());
    (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap(), challenge)
}

#[test]
fn a_refusal_warns_except_of_what_is_not_there() {
    let message = "too ‹young›   (see https://registry.example/e)";
    // Composer asks for a password when it gets a 403.
    let (status, body, challenge) = refused(RefusalKind::Withheld);
    assert_eq!((status, challenge), (409, None));
    assert_eq!(body, json!({ "status": "error", "message": message, "warning": message }));
    let (status, body, challenge) = refused(RefusalKind::Unauthenticated);
    assert_eq!((status, &body["warning"]), (401, &json!(message)));
    assert_eq!(challenge.as_deref(), Some("Basic realm=\"https://registry.example\""));
    let (status, body, _) = refused(RefusalKind::NotFound);
    assert_eq!((status, body.get("warning")), (404, None));
}
