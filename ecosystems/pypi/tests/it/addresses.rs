//! Which address asks for what.

use vouchsafe_adapter::{Decoded, WireError};

use crate::samples::decode;

const PIP: &str = "application/vnd.pypi.simple.v1+json, \
    application/vnd.pypi.simple.v1+html; q=0.1, text/html; q=0.01";

fn shown(decoded: Result<Decoded, WireError>) -> String {
    match decoded {
        Ok(Decoded::Call(call)) => format!("{call:?}"),
        Ok(Decoded::Body(_)) => "body".to_owned(),
        Ok(Decoded::Fixed { response, is_public }) => {
            let location = response.headers.get("location").unwrap().to_str().unwrap();
            assert!(!is_public, "names of private projects are told to nobody");
            format!("{} {location}", response.status.as_u16())
        }
        Err(error) => format!("error: {error}"),
    }
}

#[track_caller]
fn check(method: &str, target: &str, accept: &str, expect: &[&str]) {
    let found = shown(decode(method, target, &[("accept", accept)]));
    for part in expect {
        assert!(found.contains(part), "{method} {target}: {found} has no {part:?}");
    }
}

#[test]
fn simple_pages_come_in_the_form_that_is_asked_for() {
    check("GET", "simple/", PIP, &["ListPackages", "simple-json"]);
    check("GET", "simple/", "*/*", &["ListPackages", "simple-html\""]);
    check("GET", "simple/foo/", PIP, &["ReadDocument", "\"foo\"", "simple-json"]);
    check("HEAD", "simple/foo/", "text/html", &["ReadDocument", "simple-html\""]);
    let json = "application/vnd.pypi.simple.v1%2Bjson";
    check("GET", &format!("simple/foo/?format={json}"), "text/html", &["simple-json"]);
    check("GET", "simple/foo/?format=xml", PIP, &["simple-json"]);
}

#[test]
fn other_spellings_of_a_page_are_redirected() {
    let canonical = "301 https://registry.example/pypi/simple/foo-bar/";
    check("GET", "simple/Foo_Bar/", PIP, &[canonical]);
    check("GET", "simple/foo-bar", PIP, &[canonical]);
    check("GET", "simple", PIP, &["301 https://registry.example/pypi/simple/"]);
    check("GET", "simple/foo-bar?format=a%0d%0ab", PIP, &[&format!("{canonical}?format=a%0D%0Ab")]);
    check("GET", "Foo_Bar/json", PIP, &["301 https://registry.example/pypi/foo-bar/json"]);
    check("GET", "Foo_Bar/1.0/json", PIP, &["301 https://registry.example/pypi/foo-bar/1/json"]);
}

#[test]
fn files_and_their_metadata_are_artifacts() {
    let wheel = "foo_bar-1.0+cpu-py3-none-any.whl";
    check("GET", &format!("files/foo-bar/{wheel}"), "*/*", &["ReadArtifact", wheel]);
    let sidecar = format!("{wheel}.metadata");
    check("GET", &format!("files/foo-bar/{sidecar}"), "*/*", &["ReadArtifact", &sidecar]);
    for odd in ["other-1.0.tar.gz", "x", "foo-bar.tar.gz", "foo_bar-1.0.tar.gz/"] {
        check("GET", &format!("files/foo-bar/{odd}"), "*/*", &["error: there is nothing"]);
    }
}

#[test]
fn the_json_api_shares_its_addresses_with_odd_project_names() {
    check("GET", "foo/json", "*/*", &["ReadDocument", "\"json\""]);
    check("GET", "foo/json/", "*/*", &["ReadDocument", "\"json\""]);
    check("GET", "foo/1.0.0/json", "*/*", &["ReadDocument", "\"json/1\""]);
    check("GET", "legacy/json", "*/*", &["ReadDocument", "\"legacy\""]);
    check("GET", "files/1.0/json", "*/*", &["ReadDocument", "\"files\"", "json/1"]);
    check("GET", "simple/1.0/json", "*/*", &["ReadDocument", "\"simple\"", "json/1"]);
    check("GET", "foo/one/json", "*/*", &["error: `one` is not a valid version"]);
}

#[test]
fn uploads_are_taken_with_and_without_the_slash() {
    let form = [("content-type", "multipart/form-data; boundary=x")];
    for target in ["legacy/", "legacy"] {
        assert_eq!(shown(decode("POST", target, &form)), "body");
    }
    let json = [("content-type", "application/json")];
    assert!(shown(decode("POST", "legacy/", &json)).contains("not `multipart/form-data`"));
    check("GET", "legacy/", "*/*", &["error: this address does not answer GET"]);
}

#[test]
fn what_is_not_built_says_so() {
    for (method, target) in [
        ("POST", ""),
        ("GET", "_/oidc/audience"),
        ("POST", "_/oidc/mint-token"),
        ("GET", "integrity/foo/1.0/foo-1.0.tar.gz/provenance"),
        ("POST", "danger-api/projects/foo/observations"),
        ("GET", "rss/updates.xml"),
    ] {
        check(method, target, "*/*", &["is not implemented"]);
    }
    check("GET", "", "*/*", &["nothing at this address"]);
    check("GET", "simple/a/b/", "*/*", &["nothing at this address"]);
    check("POST", "simple/", "*/*", &["does not answer POST"]);
    check("DELETE", "simple/foo/", "*/*", &["does not answer DELETE"]);
    check("PUT", "files/foo/foo-1.0.tar.gz", "*/*", &["does not answer PUT"]);
}
