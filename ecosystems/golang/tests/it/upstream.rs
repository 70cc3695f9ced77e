//! Another module proxy: where it is asked, and what is believed.

use vouchsafe_adapter::{Ecosystem as _, FormatError, UpstreamDocument};
use vouchsafe_domain::Timestamp;
use vouchsafe_domain::index::ReleaseView;
use vouchsafe_ecosystem_golang::Golang;

use crate::fixtures::version;

const MODULE: &str = "example.com/Acme/lib";

fn document(bytes: &[u8]) -> UpstreamDocument<'_> {
    UpstreamDocument {
        url: "https://upstream.example/example.com/!acme/lib/@v/list",
        content_type: "text/plain",
        bytes,
        settings: None,
        last_modified: None,
    }
}

fn list(bytes: &[u8]) -> Result<Vec<String>, FormatError> {
    let index = Golang.parse_index(&Golang.parse_name(MODULE).unwrap(), &document(bytes))?;
    assert!(index.releases.iter().all(|release| release.artifacts.is_empty()));
    assert!(index.releases.iter().all(|release| release.published_at.is_none()));
    Ok(index.releases.iter().map(|release| release.version.display().to_owned()).collect())
}

#[track_caller]
fn check_list(text: &str, expect: &[&str]) {
    assert_eq!(list(text.as_bytes()).unwrap(), expect);
}

#[test]
fn a_list_is_read_line_by_line() {
    check_list("v1.0.0\nv1.1.0\n", &["v1.0.0", "v1.1.0"]);
    check_list("v1.1.0\r\n\n  v1.0.0  \nv1.1.0", &["v1.1.0", "v1.0.0"]);
    check_list("v1.0.0 2026-01-02T03:04:05Z\n", &["v1.0.0"]);
}

#[test]
fn a_module_without_tags_has_an_empty_list() {
    check_list("", &[]);
    check_list("\n", &[]);
}

#[test]
fn lines_that_are_no_version_are_left_out() {
    let long = format!("v1.0.0-{}", "a".repeat(1000));
    let lines = [
        "<!doctype html>",
        "latest",
        "main",
        "v1",
        "1.0.0",
        "V1.0.0",
        "v1.0.0+meta",
        "v01.0.0",
        "../v1.0.0",
        "v1.0.0/..",
        "v1.0.0\0",
        "v1.0.0-é",
        "not found: v9.0.0",
        &long,
        "v1.2.3",
    ];
    check_list(&lines.join("\n"), &["v1.2.3"]);
}

#[test]
fn a_list_without_end_is_refused() {
    let lines = |count: u32| -> String { (0..count).map(|n| format!("v0.0.{n}\n")).collect() };
    assert_eq!(list(lines(65_536).as_bytes()).unwrap().len(), 65_536);
    assert!(list(lines(65_537).as_bytes()).is_err());
    // Lines that are left out cost nothing.
    check_list(&"v1.0.0\n".repeat(100_000), &["v1.0.0"]);
    assert!(list(b"v1.0.0\n\xff\xfe").is_err());
}

fn info(asked: &str, json: &str) -> Result<ReleaseView, FormatError> {
    let module = Golang.parse_name(MODULE).unwrap();
    Golang.parse_release(&module, &version(asked), &document(json.as_bytes()))
}

#[track_caller]
fn check_info(asked: &str, json: &str, expect_version: &str, expect_secs: Option<i64>) {
    let release = info(asked, json).unwrap();
    assert_eq!(release.version.display(), expect_version);
    assert_eq!(release.published_at, expect_secs.map(Timestamp::from_secs));
    assert!(release.artifacts.is_empty());
}

#[test]
fn info_says_when_and_which() {
    let dated = r#"{"Version":"v1.0.0","Time":"2023-11-14T23:13:20+01:00"}"#;
    check_info("v1.0.0", dated, "v1.0.0", Some(1_700_000_000));
    check_info("latest", dated, "v1.0.0", Some(1_700_000_000));
    check_info("main", dated, "v1.0.0", Some(1_700_000_000));
    let more = r#"{"Version":"v1.0.0","Origin":{"VCS":"git","URL":"https://upstream.example"}}"#;
    check_info("v1.0.0", more, "v1.0.0", None);
}

#[test]
fn a_time_that_cannot_be_read_stays_unknown() {
    for time in ["", "yesterday", "0001-01-01T00:00:00Z", "-1"] {
        check_info("v1.0.0", &format!(r#"{{"Version":"v1.0.0","Time":"{time}"}}"#), "v1.0.0", None);
    }
    check_info("v1.0.0", r#"{"Version":"v1.0.0","Time":null}"#, "v1.0.0", None);
}

#[test]
fn info_about_another_version_is_refused() {
    assert!(info("v1.0.0", r#"{"Version":"v1.0.1"}"#).is_err());
    assert!(info("v1.0.0", r#"{"Version":"v1.0.0+incompatible"}"#).is_err());
    assert!(info("main", r#"{"Version":"main"}"#).is_err());
    assert!(info("v1.0", r#"{"Version":"v1.0"}"#).is_err());
}

#[test]
fn info_that_cannot_be_read_is_refused() {
    let large = format!(r#"{{"Version":"v1.0.0","Origin":"{}"}}"#, "a".repeat(70_000));
    let deep = format!(r#"{{"Version":"v1.0.0","Origin":{}}}"#, "[".repeat(10_000));
    let twice = r#"{"Version":"v1.0.0","Version":"v1.0.0"}"#;
    for bad in
        ["", "null", "[]", "{}", r#"{"Version":1}"#, r#"{"Version":"../v1"}"#, twice, &large, &deep]
    {
        assert!(info("v1.0.0", bad).is_err(), "{bad:.40} was accepted");
    }
}

#[test]
fn the_upstream_is_asked_in_escaped_spelling() {
    let module = Golang.parse_name(MODULE).unwrap();
    assert_eq!(Golang.upstream_index(&module).path, "example.com/!acme/lib/@v/list");
    let path = |raw: &str| Golang.upstream_release(&module, &version(raw)).unwrap().path;
    assert_eq!(path("v1.0.0-RC1"), "example.com/!acme/lib/@v/v1.0.0-!r!c1.info");
    assert_eq!(path("Main"), "example.com/!acme/lib/@v/!main.info");
    assert_eq!(path("latest"), "example.com/!acme/lib/@latest");
}

#[track_caller]
fn check_file(raw_version: &str, filename: &str, expect: Option<&str>) {
    let module = Golang.parse_name(MODULE).unwrap();
    let filename = filename.parse().unwrap();
    let found = Golang.upstream_artifact(&module, &version(raw_version), &filename);
    assert_eq!(found.and_then(|file| file.upstream_url).as_deref(), expect);
    assert!(Golang.upstream_digest(&module, &version(raw_version), &filename).is_none());
}

#[test]
fn a_release_has_two_files_and_no_other() {
    check_file("v1.0.0-RC1", "v1.0.0-RC1.mod", Some("example.com/!acme/lib/@v/v1.0.0-!r!c1.mod"));
    check_file("v1.0.0", "v1.0.0.zip", Some("example.com/!acme/lib/@v/v1.0.0.zip"));
    check_file("v1.0.0", "v1.0.1.zip", None);
    check_file("v1.0.0", "v1.0.0.info", None);
    check_file("v1.0.0", "v1.0.0-a.zip", None);
    check_file("v1.0.0", "v1.0.0.zip.zip", None);
    check_file("main", "main.zip", None);
}

#[test]
fn only_queries_change_their_meaning() {
    for (raw, expect) in
        [("v1.0.0", false), ("v0.0.0-20180101000000-aaaaaaaaaaaa", false), ("main", true)]
    {
        assert_eq!(Golang.may_change(&version(raw)), expect, "{raw}");
    }
}
