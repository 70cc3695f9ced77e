use std::collections::BTreeMap;

use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{Scopes, Secret, Timestamp, TokenId};

use super::*;
use crate::testing::Asked;

fn encoded(method: &str, path: &str, answer: &Answer) -> (u16, Value) {
    let asked = Asked::new(method, path);
    let response = encode(&asked.request(), answer);
    (response.status.as_u16(), serde_json::from_slice(&response.body).unwrap())
}

#[track_caller]
fn check(method: &str, path: &str, answer: &Answer, status: u16, body: Value) {
    assert_eq!(encoded(method, path, answer), (status, body));
}

fn token_view() -> TokenView {
    TokenView {
        id: "00000000-0000-7000-8000-000000000001".parse::<TokenId>().unwrap(),
        name: "ci".to_owned(),
        hint: "vs_abc".to_owned(),
        scopes: Scopes::from_iter([Scope::Read]),
        packages: vec!["pkg:npm/x".to_owned()],
        created_at: Timestamp::from_secs(1),
        expires_at: Some(Timestamp::from_secs(2)),
        last_used_at: None,
    }
}

#[test]
fn simple_answers() {
    let tags = BTreeMap::from([("latest".to_owned(), "1.0.0".to_owned())]);
    check("GET", "/-/package/x/dist-tags", &Answer::Tags(tags), 200, json!({ "latest": "1.0.0" }));
    check("DELETE", "/x/-rev/1", &Answer::Done, 200, json!({ "ok": true }));
    let owners = Answer::Owners(vec![OwnerView { number: 1, name: "al".to_owned() }]);
    check("GET", "/-/package/x/collaborators", &owners, 200, json!({ "al": "write" }));
    let packages = Answer::Packages(vec!["@a/x".to_owned()]);
    check("GET", "/-/user/al/package", &packages, 200, json!({ "@a/x": "write" }));
    let visibility = Answer::Visibility { is_public: false };
    check("GET", "/-/package/x/visibility", &visibility, 200, json!({ "public": false }));
    let account =
        encoded("GET", "/-/user/org.couchdb.user:al", &Answer::Account { name: "al".to_owned() });
    assert_eq!((account.1["name"].as_str(), account.1["email"].as_str()), (Some("al"), Some("")));
}

#[test]
fn me_has_two_shapes() {
    let me = Answer::Me { name: "al".to_owned(), email: Some("al@registry.example".to_owned()) };
    check("GET", "/-/whoami", &me, 200, json!({ "username": "al" }));
    let (_, profile) = encoded("GET", "/-/npm/v1/user", &me);
    assert_eq!(profile["name"], "al");
    assert_eq!(profile["email"], "al@registry.example");
    assert_eq!(profile["tfa"], false);
}

#[test]
fn a_token_has_two_shapes() {
    let answer = Answer::Token { secret: Secret::new("vs_abcdef"), view: token_view() };
    check(
        "PUT",
        "/-/user/org.couchdb.user:al",
        &answer,
        201,
        json!({ "ok": true, "id": "org.couchdb.user:al", "rev": "1-0", "token": "vs_abcdef" }),
    );
    let (status, created) = encoded("POST", "/-/npm/v1/tokens", &answer);
    assert_eq!((status, created["token"].as_str()), (200, Some("vs_abcdef")));
}

#[test]
fn the_token_list_shows_no_secret() {
    let (_, list) = encoded("GET", "/-/npm/v1/tokens", &Answer::Tokens(vec![token_view()]));
    insta::assert_json_snapshot!(list, @r#"
    {
      "objects": [
        {
          "token": "vs_abc",
          "key": "00000000-0000-7000-8000-000000000001",
          "name": "ci",
          "created": "1970-01-01T00:00:01.000Z",
          "updated": "1970-01-01T00:00:01.000Z",
          "readonly": true,
          "cidr_whitelist": null,
          "scopes": [
            "read"
          ],
          "packages": [
            "pkg:npm/x"
          ],
          "expires": "1970-01-01T00:00:02.000Z"
        }
      ],
      "total": 1,
      "urls": {}
    }
    "#);
}

#[test]
fn web_login_goes_through_our_own_address() {
    let answer = Answer::WebLogin {
        login_url: "https://registry.example/login/1".to_owned(),
        poll_id: Secret::new("abc"),
    };
    check(
        "POST",
        "/-/v1/login",
        &answer,
        200,
        json!({
            "loginUrl": "https://registry.example/login/1",
            "doneUrl": "https://registry.example/npm/-/v1/done/abc",
        }),
    );
    let done = Answer::WebLoginDone { secret: Secret::new("vs_x") };
    check("GET", "/-/v1/done/abc", &done, 200, json!({ "token": "vs_x" }));
}

#[test]
fn a_waiting_client_is_told_how_long() {
    let asked = Asked::new("GET", "/-/v1/done/abc");
    for (said, expect) in [(5, "5"), (0, "1")] {
        let answer = Answer::WebLoginPending { retry_after_secs: said };
        let response = encode(&asked.request(), &answer);
        assert_eq!(response.status, StatusCode::ACCEPTED);
        assert_eq!(response.headers["retry-after"], expect);
    }
}

#[test]
fn a_publish_shows_its_warnings() {
    let published = |warnings: Vec<String>, is_unchanged| {
        Answer::Published(Published {
            package: crate::name::parse("x").unwrap(),
            version: crate::version::parse("1.0.0").unwrap(),
            warnings,
            is_unchanged,
        })
    };
    let asked = Asked::new("PUT", "/x");
    let response =
        encode(&asked.request(), &published(vec!["a".to_owned(), "b".to_owned()], false));
    assert_eq!(response.status, StatusCode::CREATED);
    assert_eq!(response.headers["npm-notice"], "a; b");
    let response = encode(&asked.request(), &published(Vec::new(), true));
    assert_eq!(response.status, StatusCode::OK);
    assert!(!response.headers.contains_key("npm-notice"));
}

#[test]
fn search_results_have_what_npm_prints() {
    let results = SearchResults {
        hits: vec![SearchHit {
            name: "x".to_owned(),
            version: "1.0.0".to_owned(),
            summary: "X.".to_owned(),
            keywords: vec!["k".to_owned()],
            owners: vec!["al".to_owned()],
            updated_at: Timestamp::from_secs(0),
        }],
        total: 9,
    };
    let (_, found) = encoded("GET", "/-/v1/search", &Answer::Found(results));
    insta::assert_json_snapshot!(found, @r#"
    {
      "objects": [
        {
          "package": {
            "name": "x",
            "version": "1.0.0",
            "description": "X.",
            "keywords": [
              "k"
            ],
            "date": "1970-01-01T00:00:00.000Z",
            "links": {},
            "publisher": {
              "username": "al",
              "email": ""
            },
            "maintainers": [
              {
                "username": "al",
                "email": ""
              }
            ]
          },
          "score": {
            "final": 1.0,
            "detail": {
              "quality": 1.0,
              "popularity": 1.0,
              "maintenance": 1.0
            }
          },
          "searchScore": 1.0
        }
      ],
      "total": 9,
      "time": "1970-01-01T00:00:00.000Z"
    }
    "#);
}
