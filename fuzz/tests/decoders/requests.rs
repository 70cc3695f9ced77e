//! Addresses, queries and headers of every adapter, and the small bodies that some of them take.

use http::{HeaderValue, Method, StatusCode};
use vouchsafe_adapter::{Decoded, Ecosystem, WireResponse};
use vouchsafe_domain::Refusal;
use vouchsafe_domain::call::Call;
use vouchsafe_domain::deploy::Deploy;
use vouchsafe_ecosystem_cargo::Cargo;
use vouchsafe_ecosystem_composer::Composer;
use vouchsafe_ecosystem_golang::Golang;
use vouchsafe_ecosystem_maven::Maven;
use vouchsafe_ecosystem_npm::Npm;
use vouchsafe_ecosystem_pypi::PyPi;

use crate::accepted::{check_name, check_version};
use crate::engine::target;
use crate::script::Script;
use crate::stage::{Request, feed};
use crate::words;

const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::PUT,
    Method::POST,
    Method::DELETE,
    Method::PATCH,
    Method::OPTIONS,
];

/// Bodies of sign-in, tokens, tags and owners.
const BODIES: &[&str] = &[
    r#"{"_id":"org.couchdb.user:ann","name":"ann","password":"secret","type":"user","roles":[]}"#,
    r#"{"password":"secret","readonly":false,"cidr_whitelist":["10.0.0.0/8"]}"#,
    r#"{"name":"ci","password":"secret","expires":30,"packages":["@acme/*"],"scopes":["@acme"]}"#,
    r#""1.0.0""#,
    r#"{"users":["ann","bob"]}"#,
    r#"{"downloads":[{"name":"acme/tool","version":"1.2.0.0","downloaded":true}]}"#,
    r#"{"reason":"broken","owners":["ann"]}"#,
    "<metadata><groupId>com.acme</groupId><versioning><versions><version>1.0</version></versions></versioning></metadata>",
    "1111111111111111111111111111111111111111  lib-1.0.jar",
    "",
];

const HEADERS: &[(&str, &str)] = &[
    ("accept", "application/vnd.npm.install-v1+json; q=1.0, application/json; q=0.8, */*"),
    ("accept", "application/vnd.pypi.simple.v1+json, text/html; q=0.01"),
    ("content-type", "multipart/form-data; boundary=\"x y\""),
    ("content-type", "application/json"),
    ("npm-otp", "123456"),
    ("npm-auth-type", "web"),
    ("npm-command", "unpublish"),
    ("user-agent", "npm/10.0.0 node/v20.0.0 linux x64"),
    ("accept", "application/problem+json, */*"),
    ("content-type", "application/zip"),
];

/// A segment that the server's edge would hand on.
fn segment(script: &mut Script<'_>) -> Option<String> {
    let text = match script.one_in(4) {
        true => script.text(words::SEGMENTS, 3),
        false => (*script.pick(words::SEGMENTS)).to_owned(),
    };
    let is_plain = !text.split('/').any(|part| matches!(part, "" | "." | ".."))
        && !text.chars().any(|c| c.is_control() || c == '\\');
    is_plain.then_some(text)
}

fn request(adapter: &dyn Ecosystem, script: &mut Script<'_>) -> Request {
    let method = script.pick(&METHODS);
    let segments: Vec<String> = (0..script.below(8)).filter_map(|_| segment(script)).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let mut request = Request::new(adapter, method, &segments);
    request.has_trailing_slash = script.one_in(3);
    for _ in 0..script.below(4) {
        let keys = [
            "q",
            "text",
            "size",
            "from",
            "per_page",
            "page",
            "format",
            "write",
            "user",
            "version",
            "vendor",
            "filter",
            "name",
            "namespace",
            "publishingType",
            "id",
        ];
        let key = (*script.pick(&keys)).to_owned();
        let values = ["0", "1", "-1", "4294967296", "true", "a b", "json", "\r\n", "é", "1e9"];
        request.query.push((key, script.text(&values, 3)));
    }
    for _ in 0..script.below(3) {
        let (name, value) = *script.pick(HEADERS);
        let value = script.spoil(value.as_bytes(), words::ANY);
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            request.headers.insert(name, value);
        }
    }
    request
}

fn check_call(adapter: &dyn Ecosystem, call: &Call) {
    match call {
        Call::ReadDocument { package, .. }
        | Call::ReadArtifact { package, .. }
        | Call::SetYanked { package, .. }
        | Call::SetTag { package, .. }
        | Call::RemoveTag { package, .. }
        | Call::ListOwners { package }
        | Call::ChangeOwners { package, .. }
        | Call::ReadDigest { package, .. }
        | Call::Remove { package, .. } => check_name(adapter, package),
        Call::CountInstalls(installed) => {
            for (package, version) in installed {
                check_name(adapter, package);
                check_version(adapter, version);
            }
        }
        Call::Deploy(
            Deploy::Stage { package, version, .. }
            | Deploy::Check { package, version, .. }
            | Deploy::ReadFile { package, version, .. }
            | Deploy::IsPublished { package, version },
        ) => {
            check_name(adapter, package);
            check_version(adapter, version);
        }
        Call::Deploy(Deploy::Finish { package, versions }) => {
            check_name(adapter, package);
            versions.iter().for_each(|version| check_version(adapter, version));
        }
        Call::Search(query) => assert!(query.limit <= 1_000, "{query:?}"),
        _ => {}
    }
}

fn check_response(request: &Request, response: &WireResponse) {
    if let Some(location) = response.headers.get("location") {
        let location = location.to_str().expect("an address is ASCII");
        assert!(location.starts_with("https://registry.example/"), "{request:?}: {location}");
    }
    let content_type = response.headers.get("content-type").map(|value| value.to_str().unwrap());
    if content_type.is_some_and(|value| value.starts_with("application/json")) {
        let parsed: Result<serde_json::Value, _> = serde_json::from_slice(&response.body);
        assert!(parsed.is_ok(), "{request:?}: {:?}", response.body);
    }
}

fn check_refused(adapter: &dyn Ecosystem, request: &Request, refusal: &Refusal) {
    let response = adapter.encode_refusal(&request.as_wire(), refusal);
    assert!(response.status.as_u16() >= 400, "{refusal:?} became {}", response.status);
    check_response(request, &response);
}

fn check(adapter: &dyn Ecosystem, script: &mut Script<'_>) {
    let request = request(adapter, script);
    match adapter.decode(&request.as_wire()) {
        Ok(Decoded::Call(call)) => check_call(adapter, &call),
        Ok(Decoded::Fixed { response, .. }) => {
            assert_ne!(response.status, StatusCode::INTERNAL_SERVER_ERROR);
            check_response(&request, &response);
        }
        Ok(Decoded::Body(decoder)) => {
            let body = script.pick(BODIES).as_bytes();
            let body = script.spoil(body, words::JSON);
            match feed(decoder, script.cut(&body)) {
                Ok((call, _)) => check_call(adapter, &call),
                Err(error) => check_refused(adapter, &request, &error.into()),
            }
        }
        Err(error) => check_refused(adapter, &request, &error.into()),
    }
}

#[test]
fn cargo_requests() {
    target!(5000).for_each(|input: &[u8]| check(&Cargo, &mut Script::new(input)));
}

#[test]
fn npm_requests() {
    target!(5000).for_each(|input: &[u8]| check(&Npm, &mut Script::new(input)));
}

#[test]
fn pypi_requests() {
    target!(5000).for_each(|input: &[u8]| check(&PyPi, &mut Script::new(input)));
}

#[test]
fn composer_requests() {
    target!(5000).for_each(|input: &[u8]| check(&Composer, &mut Script::new(input)));
}

#[test]
fn maven_requests() {
    target!(5000).for_each(|input: &[u8]| check(&Maven, &mut Script::new(input)));
}

#[test]
fn golang_requests() {
    target!(5000).for_each(|input: &[u8]| check(&Golang, &mut Script::new(input)));
}
