//! Other registries, read for the proxy.

use serde_json::{Value, json};
use vouchsafe_adapter::{Ecosystem as _, FormatError, UpstreamDocument};
use vouchsafe_domain::index::UpstreamIndex;
use vouchsafe_ecosystem_composer::Composer;

use crate::fixtures::{expand, render, view};

fn document<'a>(url: &'a str, bytes: &'a [u8]) -> UpstreamDocument<'a> {
    UpstreamDocument {
        url,
        content_type: "application/json",
        bytes,
        settings: None,
        last_modified: None,
    }
}

fn parse(body: &Value) -> Result<UpstreamIndex, FormatError> {
    let bytes = body.to_string().into_bytes();
    let url = "https://upstream.example/p2/acme/tool.json";
    Composer.parse_index(&Composer.parse_name("acme/tool").unwrap(), &document(url, &bytes))
}

fn versions(index: &UpstreamIndex) -> Vec<&str> {
    index.releases.iter().map(|release| release.version.display()).collect()
}

fn dist(reference: &str) -> Value {
    json!({
        "type": "zip",
        "url": format!("https://code.example/zipball/{reference}"),
        "reference": reference,
        "shasum": "",
    })
}

#[test]
fn a_short_list_is_expanded_and_served_from_here() {
    let index = parse(&json!({ "minified": "composer/2.0", "packages": { "acme/tool": [
        {
            "name": "acme/tool", "version": "v2.0.0", "version_normalized": "2.0.0.0",
            "license": ["MIT"], "bin": ["run"], "time": "2026-01-02T03:04:05+00:00",
            "source": { "type": "git", "url": "https://code.example/x.git", "reference": "f00d" },
            "dist": dist("f00d"), "notification-url": "https://upstream.example/n",
            "support": { "issues": "https://code.example/issues" }, "abandoned": "acme/new",
        },
        {
            "version": "v1.0.0", "version_normalized": "1.0.0.0", "bin": "__unset",
            "dist": dist("beef"), "abandoned": "__unset",
            "published-time": "2025-05-06T07:08:09+00:00",
        },
    ]}}))
    .unwrap();
    assert_eq!(versions(&index), ["v2.0.0", "v1.0.0"]);
    let [new, old] = index.releases.as_slice() else { panic!("two releases") };
    let file = &new.artifacts[0];
    assert_eq!(file.filename.as_str(), "acme-tool-v2.0.0-f00d.zip");
    assert_eq!(file.upstream_url.as_deref(), Some("https://code.example/zipball/f00d"));
    assert!(file.digests.is_empty());
    assert_eq!(new.published_at.unwrap().to_string(), "2026-01-02T03:04:05Z");
    assert_eq!(old.published_at.unwrap().to_string(), "2025-05-06T07:08:09Z");
    assert_eq!(new.deprecated.as_deref(), Some("acme/new"));
    assert_eq!(old.deprecated, None);

    let document = render(&view(vec![old.clone(), new.clone()]), "p2");
    let text = document.to_string();
    assert!(!text.contains("source") && !text.contains("zipball") && !text.contains("upstream"));
    let shown = expand(&document);
    assert_eq!(shown[0]["abandoned"], "acme/new");
    assert_eq!(shown[0]["dist"]["reference"], "f00d");
    assert_eq!(shown[0]["dist"]["shasum"], "");
    assert_eq!(shown[1].get("bin"), None);
    assert_eq!(shown[1]["license"], json!(["MIT"]));
    assert_eq!(shown[1]["time"], "2026-01-02T03:04:05+00:00");
    assert_eq!(shown[1]["published-time"], "2025-05-06T07:08:09+00:00");
}

#[test]
fn a_table_of_versions_in_the_root_is_read_too() {
    let sha1 = "0123456789abcdef0123456789abcdef01234567";
    let relative = json!({ "type": "tar", "url": "../dist/x.tar", "shasum": sha1 });
    let root = json!({ "packages": {
        "acme/other": { "1.0": {} },
        "acme/tool": {
            "1.0.0": { "name": "Acme/Tool", "version": "1.0.0", "dist": relative },
            "dev-main": { "name": "acme/tool", "version": "dev-main", "dist": dist("c0de") },
        },
    }});
    let index = parse(&root).unwrap();
    assert_eq!(versions(&index), ["1.0.0", "dev-main"]);
    let file = &index.releases[0].artifacts[0];
    assert_eq!(file.upstream_url.as_deref(), Some("https://upstream.example/p2/dist/x.tar"));
    assert_eq!(file.filename.as_str(), format!("acme-tool-1.0.0-{sha1}.tar"));
    assert_eq!(file.digests.iter().next().unwrap().to_hex(), sha1);
    assert_eq!(index.releases[0].published_at, None);
    let document = render(&view(vec![index.releases[0].clone()]), "p2");
    assert_eq!(expand(&document)[0]["dist"]["type"], "tar");
}

#[test]
fn what_cannot_be_served_is_left_out() {
    let with = |version: &str, key: &str, value: Value| {
        let mut entry =
            json!({ "name": "acme/tool", "version": version, "dist": dist("1"), "require": {} });
        entry[key] = value;
        entry
    };
    let url = |url: &str| json!({ "type": "zip", "url": url });
    let index = parse(&json!({ "packages": { "acme/tool": [
        with("1.0", "x", json!(1)),
        with("1.0.0", "x", json!("the same version again")),
        with("1.1", "name", json!("acme/other")),
        with("one", "x", json!(1)),
        with("dev-feature/x", "x", json!(1)),
        with("1.2", "dist", json!(null)),
        with("1.3", "dist", json!({ "type": "path", "url": "/etc" })),
        with("1.4", "dist", url("file:///etc/passwd")),
        with("1.5", "dist", url("https://user@code.example/x")),
        with("1.6", "dist", url("javascript:x")),
        with("1.7", "bin", json!(["../../x"])),
        with("1.8", "require", json!("x")),
        with("1.9", "version", json!(19)),
        { "name": "acme/tool", "version": "2.0", "type": "metapackage" },
    ]}}))
    .unwrap();
    assert_eq!(versions(&index), ["1.0", "2.0"]);
    assert!(index.releases[1].artifacts.is_empty());
}

#[test]
fn references_become_no_path() {
    let index = parse(&json!({ "packages": { "acme/tool": [
        { "version": "1.0", "dist": dist("../../x/%2e") },
        { "version": "1.1", "dist": dist("a b\r\n") },
        { "version": "1.2", "dist": dist(&"f".repeat(500)) },
    ]}}))
    .unwrap();
    let names: Vec<_> = index.releases.iter().map(|r| r.artifacts[0].filename.as_str()).collect();
    let plain = ["acme-tool-1.0-x2e.zip", "acme-tool-1.1.zip", "acme-tool-1.2.zip"];
    assert_eq!(names, plain);
}

#[test]
fn documents_that_make_no_sense_are_refused() {
    let name = Composer.parse_name("acme/tool").unwrap();
    let parse_bytes = |bytes: &[u8]| {
        Composer.parse_index(&name, &document("https://upstream.example/x", bytes)).is_err()
    };
    assert!(parse_bytes(b"<html>"));
    assert!(parse_bytes(b"[]"));
    assert!(parse_bytes(b"{}"));
    assert!(parse_bytes("[".repeat(100_000).as_bytes()));
    assert!(parse(&json!({ "packages": [] })).is_err());
    assert!(parse(&json!({ "packages": { "acme/tool": [1] } })).is_err());
    assert!(parse(&json!({ "packages": { "acme/other": [] } })).is_err());
    assert!(parse(&json!({ "packages": { "acme/tool": [] } })).unwrap().releases.is_empty());
}

#[test]
fn a_short_list_is_no_bomb() {
    let mut entries = vec![json!({
        "version": "1.0", "dist": dist("1"), "description": "x".repeat(1024 * 1024),
    })];
    entries.extend((0..200).map(|minor| json!({ "version": format!("1.{minor}") })));
    // The same when nothing of it would be kept.
    for key in ["description", "unknown"] {
        entries[0][key] = entries[0]["description"].take();
        let body = json!({ "minified": "composer/2.0", "packages": { "acme/tool": entries } });
        assert!(parse(&body).unwrap_err().to_string().contains("too large altogether"), "{key}");
    }
}

#[track_caller]
fn check_address(settings: Option<&str>, expect: Option<&str>) {
    let name = Composer.parse_name("acme/tool").unwrap();
    let url = "https://upstream.example/composer/packages.json";
    let document = settings.map(|settings| document(url, settings.as_bytes()));
    let request = Composer.upstream_index_by(&name, document.as_ref());
    assert_eq!(request.map(|request| request.path).as_deref(), expect, "{settings:?}");
}

#[test]
fn the_settings_say_where_versions_are() {
    assert_eq!(Composer.upstream_settings().unwrap().path, "packages.json");
    let usual = Some("p2/acme/tool.json");
    check_address(None, usual);
    check_address(Some("not json"), usual);
    let cdn = r#"{"metadata-url":"https://cdn.example/p2/%package%.json"}"#;
    check_address(Some(cdn), Some("https://cdn.example/p2/acme/tool.json"));
    let rooted = r#"{"metadata-url":"/p2/%package%.json"}"#;
    check_address(Some(rooted), Some("https://upstream.example/p2/acme/tool.json"));
    let relative = r#"{"metadata-url":"p3/%package%.json"}"#;
    check_address(Some(relative), Some("https://upstream.example/composer/p3/acme/tool.json"));
}

#[test]
fn settings_that_hold_all_versions_are_taken_apart() {
    let name = Composer.parse_name("acme/tool").unwrap();
    let part = |settings: &str| {
        let settings = document("https://upstream.example/packages.json", settings.as_bytes());
        let part = Composer.index_in_settings(&name, &settings);
        part.map(|part| String::from_utf8(part).unwrap())
    };
    let ours = r#"{"packages":{"acme/tool":{"1.0.0":{"version":"1.0.0"}}}}"#;
    assert_eq!(part(ours).as_deref(), Some(ours));
    let more = ours.replace(r#"{"acme/tool""#, r#"{"acme/other":{},"acme/tool""#);
    assert_eq!(part(&more).as_deref(), Some(ours), "what others have is none of its business");
    assert_eq!(part(r#"{"packages":{"acme/other":{}}}"#), None);
    assert_eq!(part(r#"{"packages":[],"metadata-url":"/p2/%package%.json"}"#), None);
    assert_eq!(part("<html>"), None);
    assert!(Composer.check_settings(b"<html>").is_err());
    assert!(Composer.check_settings(ours.as_bytes()).is_ok());
}

#[test]
fn the_settings_say_what_is_not_there() {
    check_address(Some(r#"{"packages":{"acme/other":{}}}"#), None);
    check_address(Some(r#"{"packages":[]}"#), None);
    let listed = |key: &str, name: &str| {
        format!(r#"{{"metadata-url":"https://u.example/%package%.json","{key}":["{name}"]}}"#)
    };
    let there = Some("https://u.example/acme/tool.json");
    check_address(Some(&listed("available-packages", "Acme/Tool")), there);
    check_address(Some(&listed("available-packages", "acme/other")), None);
    check_address(Some(&listed("available-package-patterns", "acme/*")), there);
}
