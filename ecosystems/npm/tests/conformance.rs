//! The suite that every adapter passes, on this one.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test that cannot go on says so by panicking"
)]

use serde_json::{Value, json};
use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_adapter::{Ecosystem, UpstreamDocument, WireResponse};
use vouchsafe_domain::RefusalKind;
use vouchsafe_domain::index::{Document, DocumentKey, PackageView};
use vouchsafe_ecosystem_npm::Npm;

const READING: &[(&str, &str)] = &[
    ("GET", "left-pad"),
    ("GET", "left-pad?write=true"),
    ("GET", "@acme%2fx"),
    ("GET", "@acme/x"),
    ("GET", "left-pad/1.0.0"),
    ("GET", "left-pad/-/left-pad-1.0.0.tgz"),
    ("GET", "@acme/x/-/@acme/x-1.0.0.tgz"),
    ("GET", "-/ping"),
    ("GET", "-/whoami"),
    ("GET", "-/v1/search?text=pad&size=20"),
    ("GET", "-/v1/done/abc"),
    ("GET", "-/package/left-pad/dist-tags"),
    ("GET", "-/package/@acme%2fx/collaborators"),
    ("GET", "-/package/@acme/x/visibility"),
    ("GET", "-/user/org.couchdb.user:alice"),
    ("GET", "-/user/alice/package"),
    ("GET", "-/npm/v1/user"),
    ("GET", "-/npm/v1/tokens"),
    ("GET", "-/npm/v1/keys"),
];

const WRITING: &[(&str, &str)] = &[
    ("PUT", "left-pad"),
    ("PUT", "@acme%2fx/-rev/1-a"),
    ("DELETE", "left-pad/-rev/1-a"),
    ("DELETE", "left-pad/-/left-pad-1.0.0.tgz/-rev/1-a"),
    ("PUT", "-/package/left-pad/dist-tags/next"),
    ("DELETE", "-/package/left-pad/dist-tags/next"),
    ("PUT", "-/user/org.couchdb.user:alice"),
    ("DELETE", "-/npm/v1/tokens/token/00000000-0000-7000-8000-000000000001"),
    ("DELETE", "-/user/token/vs_secret"),
];

const POSTED: &[(&str, &str)] = &[("POST", "-/v1/login"), ("POST", "-/npm/v1/tokens")];

fn view() -> PackageView {
    let version = |version: &str| {
        let tarball = format!("https://upstream.example/left-pad/-/left-pad-{version}.tgz");
        json!({ "name": "left-pad", "version": version, "dist": { "tarball": tarball } })
    };
    let document = json!({
        "name": "left-pad",
        "dist-tags": { "latest": "1.1.0", "next": "2.0.0-rc.1" },
        "versions": {
            "1.0.0": version("1.0.0"),
            "1.1.0": version("1.1.0"),
            "2.0.0-rc.1": version("2.0.0-rc.1"),
        },
        "time": { "modified": "2024-01-01T00:00:00.000Z", "1.0.0": "2023-01-01T00:00:00.000Z" },
    });
    let bytes = document.to_string().into_bytes();
    let document = UpstreamDocument {
        url: "https://upstream.example/left-pad",
        content_type: "application/json",
        bytes: &bytes,
        settings: None,
        last_modified: None,
    };
    let index = Npm.parse_index(&Npm.parse_name("left-pad").unwrap(), &document).unwrap();
    PackageView {
        name: index.name,
        base_url: "https://registry.example/npm".into(),
        releases: index.releases,
        withheld: Vec::new(),
        tags: index.tags,
        owners: Vec::new(),
        extras: index.extras,
        members: Vec::new(),
        created_at: index.created_at,
        modified_at: index.modified_at.unwrap(),
        revision: 1,
        is_hosted: false,
    }
}

/// What npm may pick: listed versions, and whatever a tag or a time speaks of.
fn selectable(document: &Document) -> Vec<String> {
    let packument: Value = serde_json::from_slice(&document.body).unwrap();
    let keys = |field: &str| -> Vec<String> {
        packument[field].as_object().unwrap().keys().cloned().collect()
    };
    let tags = packument["dist-tags"].as_object().unwrap().values();
    let tagged = tags.filter_map(Value::as_str).map(str::to_owned);
    let timed =
        keys("time").into_iter().filter(|key| !["created", "modified"].contains(&key.as_str()));
    keys("versions").into_iter().chain(tagged).chain(timed).collect()
}

/// What npm prints.
fn refusal_text(response: &WireResponse) -> Option<String> {
    let body: Value = serde_json::from_slice(&response.body).ok()?;
    Some(body["error"].as_str()?.to_owned())
}

#[track_caller]
fn check(requests: &[(&str, &str)], not_implemented: u16) {
    let samples = Samples {
        names: &[&["left-pad"], &["leftpad"], &["Left-Pad"], &["@acme/x"], &["@acme/y"], &["x"]],
        bad_names: &[
            "@acme",
            "@/x",
            "@acme/x/y",
            ".x",
            "_x",
            "-",
            "node_modules",
            "é",
            "@a/..",
            "x:y",
        ],
        versions: &[
            &["0.9.0"],
            &["1.0.0-alpha"],
            &["1.0.0-alpha.2"],
            &["1.0.0-alpha.10"],
            &["1.0.0", "1.0.0+one", "1.0.0+two"],
            &["1.2.0"],
            &["1.10.0"],
        ],
        bad_versions: &["1", "1.0", "v1.0.0", "01.0.0", "^1.0.0", "latest", "1.0.0-", "1.0.0+"],
        requests,
        view: view(),
        documents: &[
            (DocumentKey::from_static("packument"), selectable),
            (DocumentKey::from_static("packument-abbreviated"), selectable),
        ],
        refusal_text,
        status_exceptions: &[(RefusalKind::NotImplemented, not_implemented)],
    };
    assert_eq!(check_adapter(&Npm, &samples), Vec::<String>::new());
}

#[test]
fn the_suite_passes_on_what_is_read() {
    check(READING, 404);
}

#[test]
fn the_suite_passes_on_what_is_written() {
    check(WRITING, 400);
}

#[test]
fn the_suite_passes_on_what_is_posted() {
    check(POSTED, 501);
}
