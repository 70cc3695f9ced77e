//! Which call each address is.

use vouchsafe_adapter::{Decoded, Ecosystem as _, WireError};
use vouchsafe_domain::call::{Answer, Call, OwnerChange, Published, SearchHit, SearchResults};
use vouchsafe_domain::index::OwnerView;
use vouchsafe_domain::{ErrorCode, Refusal, RefusalKind, Timestamp};
use vouchsafe_ecosystem_cargo::Cargo;

use crate::fixtures::{Request, Sink, decode};

/// Checks the call without a body, in its debug form shortened to the parts that matter.
#[track_caller]
fn check_call(method: &str, target: &str, expect: &str) {
    let Decoded::Call(call) = decode(method, target).unwrap() else { panic!("not a call") };
    let found = match call {
        Call::ReadDocument { package, document } => {
            format!("read {} {}", document.as_str(), package.canonical())
        }
        Call::ReadArtifact { package, filename, .. } => {
            format!("download {} {filename}", package.canonical())
        }
        Call::SetYanked { package, version, yanked } => {
            format!("yank {package} {version} {yanked:?}")
        }
        Call::ListOwners { package } => format!("owners {package}"),
        Call::Search(query) => format!("search {:?} {} {}", query.text, query.offset, query.limit),
        other => format!("{other:?}"),
    };
    assert_eq!(found, expect);
}

#[test]
fn every_address_of_the_protocol_is_a_call() {
    check_call("GET", "index/1/a", "read index a");
    check_call("GET", "index/2/ab", "read index ab");
    check_call("HEAD", "index/3/a/abc", "read index abc");
    check_call("GET", "index/se/rd/serde", "read index serde");
    check_call("GET", "index/fo/o-/foo-bar", "read index foo-bar");
    check_call(
        "GET",
        "api/v1/crates/Foo-Bar/1.0.0+b/download",
        "download foo-bar foo-bar-1.0.0+b.crate",
    );
    check_call("DELETE", "api/v1/crates/a/1.0.0/yank", "yank a 1.0.0 Some(\"\")");
    check_call("PUT", "api/v1/crates/a/1.0.0/unyank", "yank a 1.0.0 None");
    check_call("GET", "api/v1/crates/a/owners", "owners a");
}

#[test]
fn a_search_is_paged_within_limits() {
    check_call("GET", "api/v1/crates?q=tls", "search \"tls\" 0 10");
    check_call("GET", "api/v1/crates?q=a&per_page=30&page=3", "search \"a\" 60 30");
    check_call("GET", "api/v1/crates?per_page=0&page=0", "search \"\" 0 1");
    check_call("GET", "api/v1/crates?per_page=5000&page=4294967295", "search \"\" 4294967295 100");
    check_call("GET", "api/v1/crates?per_page=x&page=-1", "search \"\" 0 10");
}

#[track_caller]
fn check_refused(method: &str, target: &str, expect: RefusalKind) {
    let error = decode(method, target).map(|_| ()).expect_err(target);
    assert_eq!(Refusal::from(error).kind, expect, "{method} {target}");
}

#[test]
fn an_index_path_must_be_the_one_of_the_name() {
    for wrong in [
        "index",
        "index/serde",
        "index/1/serde",
        "index/se/xx/serde",
        "index/Se/rd/Serde",
        "index/se/rd/SERDE",
        "index/se/rd/x/serde",
        "index/se/rd/serde/",
        "index/../rd/serde",
        "index/3/b/abc",
        "index/1/1",
        "index/-a/b-/-ab-",
        "index/co/nf/config.json",
    ] {
        check_refused("GET", wrong, RefusalKind::NotFound);
    }
}

#[test]
fn wrong_methods_and_unknown_addresses_are_told_apart() {
    check_refused("POST", "index/se/rd/serde", RefusalKind::MethodNotAllowed);
    check_refused("GET", "api/v1/crates/new", RefusalKind::MethodNotAllowed);
    check_refused("GET", "api/v1/crates/a/1.0.0/yank", RefusalKind::MethodNotAllowed);
    check_refused("PUT", "api/v1/crates/a/1.0.0/yank", RefusalKind::MethodNotAllowed);
    check_refused("POST", "api/v1/crates/a/owners", RefusalKind::MethodNotAllowed);
    check_refused("POST", "api/v1/trusted_publishing/tokens", RefusalKind::NotImplemented);
    check_refused("GET", "", RefusalKind::NotFound);
    check_refused("GET", "api/v1/crates/a", RefusalKind::NotFound);
    check_refused("GET", "api/v1/crates/a/1/download", RefusalKind::NotFound);
    check_refused("DELETE", "api/v1/crates/1a/1.0.0/yank", RefusalKind::Malformed);
    check_refused("DELETE", "api/v1/crates/a/one/yank", RefusalKind::Malformed);
}

#[test]
fn config_json_waits_for_the_credential_and_the_login_page_does_not() {
    let Ok(Decoded::Fixed { response, is_public: false }) = decode("GET", "index/config.json")
    else {
        panic!("config.json must need the right to read");
    };
    insta::assert_snapshot!(String::from_utf8(response.body).unwrap(), @r#"{"dl":"https://registry.example/cargo/api/v1/crates/{crate}/{version}/download","api":"https://registry.example/cargo","auth-required":true}"#);
    let Ok(Decoded::Fixed { response, is_public: true }) = decode("GET", "me") else {
        panic!("the login page must be public");
    };
    assert_eq!(response.status, 302);
    assert_eq!(response.headers["location"], "https://registry.example/me");
}

fn change_owners(method: &str, body: &[u8]) -> Result<OwnerChange, WireError> {
    let Decoded::Body(mut decoder) = decode(method, "api/v1/crates/a/owners").unwrap() else {
        panic!("a change of owners has a body");
    };
    let mut sink = Sink::default();
    decoder.push(body, &mut sink)?;
    match decoder.finish(&mut sink)? {
        Call::ChangeOwners { change, .. } => Ok(change),
        other => panic!("{other:?}"),
    }
}

#[test]
fn owners_are_added_and_removed_by_name() {
    let names = || vec!["ann".to_owned(), "bob".to_owned()];
    let body = br#"{"users":["ann","bob"]}"#;
    assert_eq!(change_owners("PUT", body).unwrap(), OwnerChange::Add(names()));
    assert_eq!(change_owners("DELETE", body).unwrap(), OwnerChange::Remove(names()));
    for bad in [&b""[..], b"{}", br#"{"users":[]}"#, br#"{"users":"ann"}"#, &[b' '; 70_000]] {
        assert!(change_owners("PUT", bad).is_err());
    }
}

#[track_caller]
fn encoded(method: &str, target: &str, answer: &Answer) -> String {
    let response = Cargo.encode(&Request::new(method, target).as_wire(), answer);
    assert_eq!(response.status, 200);
    String::from_utf8(response.body).unwrap()
}

#[test]
fn answers_have_the_shape_cargo_reads() {
    let done = Answer::Done;
    insta::assert_snapshot!(encoded("DELETE", "api/v1/crates/a/1.0.0/yank", &done), @r#"{"ok":true,"msg":"done"}"#);
    insta::assert_snapshot!(encoded("PUT", "api/v1/crates/a/owners", &done), @r#"{"ok":true,"msg":"added to `a`"}"#);
    insta::assert_snapshot!(encoded("DELETE", "api/v1/crates/a/owners", &done), @r#"{"ok":true,"msg":"removed from `a`"}"#);
    let owners = Answer::Owners(vec![OwnerView { number: 7, name: "ann".to_owned() }]);
    insta::assert_snapshot!(encoded("GET", "api/v1/crates/a/owners", &owners), @r#"{"users":[{"id":7,"login":"ann","name":null}]}"#);
    insta::assert_snapshot!(encoded("PUT", "api/v1/crates/a/owners", &owners), @r#"{"ok":true,"msg":"added to `a`"}"#);
    insta::assert_snapshot!(encoded("DELETE", "api/v1/crates/a/owners", &owners), @r#"{"ok":true,"msg":"removed from `a`"}"#);
    let published = Answer::Published(Published {
        package: Cargo.parse_name("a").unwrap(),
        version: Cargo.parse_version("1.0.0").unwrap(),
        warnings: vec!["scan pending".to_owned()],
        is_unchanged: false,
    });
    insta::assert_snapshot!(encoded("PUT", "api/v1/crates/new", &published), @r#"{"warnings":{"invalid_categories":[],"invalid_badges":[],"other":["scan pending"]}}"#);
    let hit = SearchHit {
        name: "a".to_owned(),
        version: "1.0.0".to_owned(),
        summary: "first".to_owned(),
        keywords: Vec::new(),
        owners: Vec::new(),
        updated_at: Timestamp::from_secs(0),
    };
    let found = Answer::Found(SearchResults { hits: vec![hit], total: 41 });
    insta::assert_snapshot!(encoded("GET", "api/v1/crates", &found), @r#"{"crates":[{"name":"a","max_version":"1.0.0","description":"first"}],"meta":{"total":41}}"#);
}

#[test]
fn a_refusal_is_text_where_cargo_prints_the_body_and_json_where_it_reads_errors() {
    let mut refusal = Refusal::new(RefusalKind::Withheld, ErrorCode::PolicyCooldown, "too young");
    refusal.docs_url = Some("https://registry.example/errors/policy.cooldown".to_owned());
    let body = |target: &str| {
        let request = Request::new("GET", target);
        let response = Cargo.encode_refusal(&request.as_wire(), &refusal);
        assert_eq!(response.status, 403);
        String::from_utf8(response.body).unwrap()
    };
    let text = "too young (see https://registry.example/errors/policy.cooldown)";
    assert_eq!(body("index/1/a"), format!("{text}\n"));
    assert_eq!(body("api/v1/crates/a/1.0.0/download"), format!("{text}\n"));
    let json = format!(r#"{{"errors":[{{"detail":"{text}"}}]}}"#);
    assert_eq!(body("api/v1/crates/a/owners"), json);
}

#[test]
fn a_missing_credential_is_challenged_with_the_login_page() {
    let refusal = Refusal::new(RefusalKind::Unauthenticated, ErrorCode::AuthRequired, "sign in");
    let request = Request::new("GET", "index/config.json");
    let response = Cargo.encode_refusal(&request.as_wire(), &refusal);
    assert_eq!(response.status, 401);
    let challenge = r#"Cargo login_url="https://registry.example/me""#;
    assert_eq!(response.headers["www-authenticate"], challenge);
}
