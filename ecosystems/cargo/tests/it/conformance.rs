//! The suite that every adapter passes.

use vouchsafe_adapter::WireResponse;
use vouchsafe_adapter::conformance::{Samples, check_adapter};
use vouchsafe_domain::index::{Document, DocumentKey};
use vouchsafe_ecosystem_cargo::Cargo;

use crate::fixtures::{line, release, view};

/// What Cargo's resolver takes from an index file.
fn selectable(document: &Document) -> Vec<String> {
    let lines = std::str::from_utf8(&document.body).unwrap().lines();
    lines
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap())
        .filter(|line| line["yanked"] == false)
        .map(|line| line["vers"].as_str().unwrap().to_owned())
        .collect()
}

/// What Cargo prints of a refusal.
fn refusal_text(response: &WireResponse) -> Option<String> {
    let body = String::from_utf8(response.body.clone()).ok()?;
    if response.headers.get("content-type")?.to_str().ok()?.starts_with("text/plain") {
        return Some(body);
    }
    let body: serde_json::Value = serde_json::from_str(&body).ok()?;
    body["errors"][0]["detail"].as_str().map(str::to_owned)
}

#[test]
fn the_adapter_conforms() {
    let versions = ["0.9.0", "1.0.0-rc.1", "1.0.0"];
    let samples = Samples {
        names: &[&["serde", "Serde", "SERDE"], &["foo-bar"], &["foo_bar"], &["a"]],
        bad_names: &["1a", "-a", "_a", "a.b", "é", "a::b", "@scope/a", &"a".repeat(65)],
        versions: &[
            &["0.0.1"],
            &["1.0.0-alpha"],
            &["1.0.0-alpha.1"],
            &["1.0.0-beta.2"],
            &["1.0.0-beta.11"],
            &["1.0.0", "1.0.0+a", "1.0.0+b.1"],
            &["1.2.0"],
            &["1.10.0"],
        ],
        bad_versions: &["1", "1.0", "v1.0.0", "01.0.0", "1.0.0-", "1.0.0+", "1.0.0-a..b", "*"],
        requests: &[
            ("GET", "index/config.json"),
            ("GET", "index/se/rd/serde"),
            ("GET", "index/1/a"),
            ("GET", "api/v1/crates/Serde/1.0.0+x/download"),
            ("PUT", "api/v1/crates/new"),
            ("DELETE", "api/v1/crates/serde/1.0.0/yank"),
            ("PUT", "api/v1/crates/serde/1.0.0/unyank"),
            ("GET", "api/v1/crates/serde/owners"),
            ("PUT", "api/v1/crates/serde/owners"),
            ("DELETE", "api/v1/crates/serde/owners"),
            ("GET", "api/v1/crates?q=x&per_page=10"),
            ("GET", "me"),
        ],
        view: view(versions.iter().map(|v| release(v, &line(v), 7)).collect()),
        documents: &[(DocumentKey::from_static("index"), selectable)],
        refusal_text,
        status_exceptions: &[],
    };
    assert_eq!(check_adapter(&Cargo, &samples), Vec::<String>::new());
}
