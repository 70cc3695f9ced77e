use http::StatusCode;
use vouchsafe_adapter::Decoded;

use super::*;
use crate::testing::Asked;

/// A short text of a call, for tables.
fn shown(call: &Call) -> String {
    match call {
        Call::ReadDocument { package, document } => format!("{} of {package}", document.as_str()),
        Call::ReadArtifact { package, filename, .. } => format!("file {filename} of {package}"),
        Call::Remove { package, version: None } => format!("remove {package}"),
        Call::Remove { package, version: Some(version) } => format!("remove {package} {version}"),
        Call::ReadTags { package } => format!("tags of {package}"),
        Call::SetTag { package, tag, version } => format!("tag {tag} of {package} is {version}"),
        Call::RemoveTag { package, tag } => format!("untag {tag} of {package}"),
        Call::ReadVisibility { package } => format!("visibility of {package}"),
        Call::ListOwners { package } => format!("owners of {package}"),
        Call::Search(query) => format!("search {:?} {}+{}", query.text, query.offset, query.limit),
        Call::ReadAccount { name } => format!("account {name}"),
        Call::SignIn { name, password } => format!("sign in {name} {}", password.expose()),
        Call::PollWebLogin { poll_id } => format!("poll {}", poll_id.expose()),
        Call::RevokeToken { id } => format!("revoke token {id}"),
        Call::RevokeSecret { secret } => format!("revoke secret {}", secret.expose()),
        Call::ListPackagesOf { name } => format!("packages of {name}"),
        Call::CreateToken(draft) => format!(
            "token {:?} {:?} {:?} {:?}",
            draft.name,
            draft.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
            draft.packages,
            draft.expires_days
        ),
        other => format!("{other:?}"),
    }
}

#[track_caller]
fn check(method: &str, path: &str, body: &str, expect: &str) {
    let asked = Asked::new(method, path);
    let found = match asked.decode(body) {
        Ok((call, _)) => shown(&call),
        Err(error) => error.to_string(),
    };
    assert_eq!(found, expect, "{method} {path}");
}

#[test]
fn packages_are_read_at_all_spellings_of_their_name() {
    check("GET", "/lodash", "", "packument of lodash");
    check("HEAD", "/lodash", "", "packument of lodash");
    check("GET", "/JSONStream/", "", "packument of JSONStream");
    check("GET", "/@acme%2fleft-pad", "", "packument of @acme/left-pad");
    check("GET", "/@acme%2Fleft-pad", "", "packument of @acme/left-pad");
    check("GET", "/@acme/left-pad", "", "packument of @acme/left-pad");
    check("GET", "/lodash/4.17.21", "", "manifest/4.17.21 of lodash");
    check("GET", "/@acme/left-pad/latest", "", "manifest/latest of @acme/left-pad");
    check("GET", "/lodash/-/lodash-1.0.0.tgz", "", "file lodash-1.0.0.tgz of lodash");
    check("GET", "/@acme/x/-/x-1.0.0.tgz", "", "file x-1.0.0.tgz of @acme/x");
    check("GET", "/@acme%2fx/-/@acme/x-1.0.0.tgz", "", "file x-1.0.0.tgz of @acme/x");
    check("GET", "/@acme%2fx/-/@acme%2fx-1.0.0.tgz", "", "file x-1.0.0.tgz of @acme/x");
}

#[test]
fn paths_that_are_no_address_are_told_apart() {
    check("GET", "/", "", "there is nothing at this address");
    check("GET", "/-", "", "there is nothing at this address");
    check("GET", "/-/nothing", "", "there is nothing at this address");
    check("GET", "/lodash/^1.0.0", "", "there is nothing at this address");
    check("GET", "/lodash/-rev", "", "there is nothing at this address");
    check("GET", "/lodash/-/a%2fb.tgz", "", "there is nothing at this address");
    check("GET", "/lodash/-/.tgz", "", "there is nothing at this address");
    check("GET", "/a%2fb", "", "`a/b` is not a valid package name");
    check("GET", "/@a%2fb%2fc", "", "`@a/b/c` is not a valid package name");
    check("GET", "/_x", "", "`_x` is not a valid package name");
    check("POST", "/lodash", "", "this address does not answer POST");
    check("PUT", "/lodash/-/lodash-1.0.0.tgz", "", "this address does not answer PUT");
}

#[test]
fn unpublishing_removes_a_package_or_a_version() {
    check("DELETE", "/lodash/-rev/3-abc", "", "remove lodash");
    check("DELETE", "/lodash/-/lodash-1.0.0-b.1.tgz/-rev/3-abc", "", "remove lodash 1.0.0-b.1");
    check("DELETE", "/@acme/x/-/x-1.0.0.tgz/-rev/3-abc", "", "remove @acme/x 1.0.0");
    check("DELETE", "/lodash/-/other-1.0.0.tgz/-rev/3-abc", "", "there is nothing at this address");
}

#[test]
fn tags_are_read_set_and_removed() {
    check("GET", "/-/package/lodash/dist-tags", "", "tags of lodash");
    check("PUT", "/-/package/@a%2fb/dist-tags/next", r#""1.0.0""#, "tag next of @a/b is 1.0.0");
    check("POST", "/-/package/@a/b/dist-tags/next", r#""1.0.0""#, "tag next of @a/b is 1.0.0");
    check("DELETE", "/-/package/lodash/dist-tags/next", "", "untag next of lodash");
    check(
        "PUT",
        "/-/package/lodash/dist-tags/1.x",
        r#""1.0.0""#,
        "the dist-tag cannot be read: a dist-tag must not read as a version or version range",
    );
}

#[test]
fn questions_about_accounts_and_packages() {
    check("GET", "/-/package/@a%2fb/visibility", "", "visibility of @a/b");
    check("GET", "/-/package/lodash/collaborators", "", "owners of lodash");
    check("GET", "/-/whoami", "", "WhoAmI");
    check("GET", "/-/npm/v1/user", "", "WhoAmI");
    check("GET", "/-/user/alice/package", "", "packages of alice");
    check("GET", "/-/org/acme/package", "", "packages of acme");
    check("GET", "/-/user/org.couchdb.user:alice", "", "account alice");
    check("GET", "/-/v1/search?text=pad&size=1000&from=5", "", r#"search "pad" 5+250"#);
    check("GET", "/-/v1/search", "", r#"search "" 0+20"#);
    check("GET", "/-/v1/search?size=x", "", "the size cannot be read: it is not a number");
}

#[test]
fn signing_in_and_tokens() {
    let body = r#"{"name":"alice","password":"pw","type":"user"}"#;
    check("PUT", "/-/user/org.couchdb.user:alice", body, "sign in alice pw");
    check("PUT", "/-/user/org.couchdb.user:alice/-rev/1-0", body, "sign in alice pw");
    check(
        "PUT",
        "/-/user/org.couchdb.user:bob",
        body,
        "the request body cannot be read: it names another account",
    );
    check("POST", "/-/v1/login", "", "StartWebLogin");
    check("GET", "/-/v1/done/abc", "", "poll abc");
    check("GET", "/-/npm/v1/tokens", "", "ListTokens");
    let id = "00000000-0000-7000-8000-000000000001";
    let address = format!("/-/npm/v1/tokens/token/{id}");
    check("DELETE", &address, "", &format!("revoke token {id}"));
    check("DELETE", "/-/npm/v1/tokens/token/vs_secret", "", "revoke secret vs_secret");
    check("DELETE", "/-/user/token/vs_secret", "", "revoke secret vs_secret");
}

#[test]
fn a_new_token_may_do_what_was_asked_and_no_more() {
    let check = |body: &str, expect: &str| check("POST", "/-/npm/v1/tokens", body, expect);
    check(r#"{"password":"p","readonly":true}"#, r#"token "npm token create" ["read"] [] None"#);
    check(
        r#"{"name":"ci","packages":["a"],"scopes":["@s","t"],"expires":7,
            "packages_and_scopes_permission":"read-only"}"#,
        r#"token "ci" ["read"] ["pkg:npm/a", "pkg:npm/@s/*", "pkg:npm/@t/*"] Some(7)"#,
    );
    check(
        r#"{"packages_all":true,"packages_and_scopes_permission":"no-access"}"#,
        r#"token "npm token create" [] [] None"#,
    );
    check(
        r#"{"packages_and_scopes_permission":"read-write"}"#,
        "the request body cannot be read: it does not say for which packages \
         (`--packages`, `--scopes` or `--packages-all`)",
    );
    check(
        r#"{"cidr_whitelist":["10.0.0.0/8"]}"#,
        "binding a token to addresses is not implemented by this registry",
    );
    check(r#"{"packages":["../x"]}"#, "`../x` is not a valid package name");
    check(r#"{"scopes":["a/*"]}"#, "`a/*` is not a valid package name");
}

#[test]
fn a_password_never_reaches_an_error() {
    let asked = Asked::new("PUT", "/-/user/org.couchdb.user:alice");
    for body in [r#"{"name":"alice","password":["hunter2"]}"#, r#"{"password":"hunter2""#] {
        let error = asked.decode(body).unwrap_err().to_string();
        assert!(!error.contains("hunter2"), "{error}");
    }
}

#[test]
fn what_is_not_built_says_so() {
    for (method, path, what) in [
        ("POST", "/-/npm/v1/security/advisories/bulk", "auditing"),
        ("POST", "/-/npm/v1/security/audits/quick", "auditing"),
        ("GET", "/-/npm/v1/attestations/x@1.0.0", "reading attestations"),
        ("POST", "/-/npm/v1/oidc/token/exchange/package/x", "trusted publishing"),
        ("GET", "/-/package/x/trust", "configuring trusted publishing from npm"),
        ("POST", "/-/package/x/access", "changing the access of a single package"),
        ("POST", "/-/stage/package/x", "staged publishing"),
        ("PUT", "/-/org/acme/user", "the management of organizations"),
        ("PUT", "/-/org/acme/team", "the management of teams"),
        ("GET", "/-/team/acme/dev/user", "the management of teams"),
        ("PUT", "/-/user/v1/star", "starring"),
        ("PUT", "/-/user/package/@a%2fb/star", "starring"),
        ("POST", "/-/npm/v1/user", "changing the profile from npm"),
    ] {
        let expect = format!("{what} is not implemented by this registry");
        check(method, path, "", &expect);
    }
}

#[test]
fn ping_and_keys_are_fixed_and_public() {
    for (path, expect) in [("/-/ping", StatusCode::OK), ("/-/npm/v1/keys", StatusCode::NOT_FOUND)] {
        let asked = Asked::new("GET", path);
        let Ok(Decoded::Fixed { response, is_public: true }) = decode(&asked.request()) else {
            panic!("{path} is not fixed");
        };
        assert_eq!(response.status, expect);
    }
}

#[track_caller]
fn check_form(accept: &'static str, query: &str, expect: &str) {
    let asked = Asked::new("GET", &format!("/x{query}")).accept(accept);
    let (call, _) = asked.decode("").unwrap();
    assert_eq!(shown(&call), format!("{expect} of x"), "{accept}");
}

#[test]
fn the_abbreviated_form_is_for_those_who_prefer_it() {
    let npm = "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*";
    check_form(npm, "", ABBREVIATED);
    check_form(npm, "?write=true", FULL);
    check_form(ABBREVIATED_TYPE, "", ABBREVIATED);
    check_form("application/json", "", FULL);
    check_form("*/*", "", FULL);
    check_form("", "", FULL);
    check_form("application/json, application/vnd.npm.install-v1+json;q=0.5", "", FULL);
    check_form("application/vnd.npm.install-v1+json;q=0", "", FULL);
}
