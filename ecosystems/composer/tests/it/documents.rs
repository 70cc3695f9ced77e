//! Version lists, the root and lists of names.

use serde_json::{Value, json};
use vouchsafe_adapter::Ecosystem as _;
use vouchsafe_domain::Timestamp;
use vouchsafe_domain::index::{DocumentKey, ListView, WithheldRelease};
use vouchsafe_ecosystem_composer::Composer;

use crate::fixtures::{expand, release, release_with, render, view};

#[test]
fn a_version_tells_all_that_composer_needs() {
    let manifest = r#"{"name":"acme/tool","type":"library","require":{"php":">=8.1"}}"#;
    let document = render(&view(vec![release_with("v1.2", manifest)]), "p2");
    let expected = json!({
        "minified": "composer/2.0",
        "packages": { "acme/tool": [{
            "name": "acme/tool",
            "version": "v1.2",
            "version_normalized": "1.2.0.0",
            "type": "library",
            "require": { "php": ">=8.1" },
            "dist": {
                "type": "zip",
                "url": "https://registry.example/composer/dist/acme/tool/acme-tool-v1.2.zip",
                "reference": "ab".repeat(20),
                "shasum": "cd".repeat(20),
            },
            "time": "2023-11-14T22:13:20+00:00",
            "published-time": "2023-11-14T22:13:20+00:00",
        }]},
    });
    assert_eq!(document, expected);
}

fn versions(document: &Value) -> Vec<String> {
    expand(document).iter().map(|entry| entry["version"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_newest_comes_first_and_branches_have_a_list_of_their_own() {
    let all = ["dev-main", "1.0.0-RC1", "1.0.0", "1.x-dev", "2.0-dev", "2.0"];
    let view = view(all.iter().map(|version| release(version)).collect());
    assert_eq!(versions(&render(&view, "p2")), ["2.0", "1.0.0", "1.0.0-RC1"]);
    assert_eq!(versions(&render(&view, "p2-dev")), ["2.0-dev", "1.x-dev", "dev-main"]);
}

#[test]
fn only_what_differs_is_repeated() {
    let old = r#"{"name":"acme/tool","bin":["run"],"license":"MIT"}"#;
    let new = r#"{"name":"acme/tool","license":"MIT"}"#;
    let view = view(vec![release_with("1.0", old), release_with("2.0", new)]);
    let document = render(&view, "p2");
    let second = &document["packages"]["acme/tool"][1];
    assert_eq!(second["bin"], json!(["run"]));
    assert_eq!(second.get("license"), None);
    assert_eq!(second.get("name"), None);
    assert_eq!(expand(&document)[1]["license"], "MIT");
}

#[test]
fn a_package_without_versions_has_empty_lists_rather_than_none() {
    for document in ["p2", "p2-dev"] {
        let document = render(&view(Vec::new()), document);
        assert_eq!(document["packages"], json!({ "acme/tool": [] }));
        assert_eq!(document.get("warning"), None);
    }
    assert!(Composer.render(&view(Vec::new()), &DocumentKey::from_static("p3")).is_none());
}

#[test]
fn a_yanked_version_is_in_no_list() {
    let mut view = view(vec![release("1.0"), release("2.0")]);
    view.releases[1].yanked = Some("broken".to_owned());
    assert_eq!(versions(&render(&view, "p2")), ["1.0"]);
    assert!(!render(&view, "package").to_string().contains("2.0"));
}

#[test]
fn a_moving_version_is_its_newest_file() {
    let mut moving = release("dev-main");
    let mut newer = moving.artifacts[0].clone();
    newer.filename = "acme-tool-dev-main-000000000000.zip".parse().unwrap();
    newer.published_at = Some(Timestamp::from_secs(1_800_000_000));
    newer.extras = Some(r#"{"manifest":{"name":"acme/tool","license":"MIT"}}"#.into());
    moving.artifacts.insert(0, newer);
    let document = render(&view(vec![moving]), "p2-dev");
    let entry = &expand(&document)[0];
    assert!(entry["dist"]["url"].as_str().unwrap().ends_with("dev-main-000000000000.zip"));
    assert_eq!(entry["license"], "MIT");
    assert_eq!(entry["time"], "2027-01-15T08:00:00+00:00");
}

#[test]
fn withheld_versions_are_told_about_in_one_plain_line() {
    let held = |version: &str| WithheldRelease {
        release: release(version),
        reason: "too\r\nyoung <b>\u{1b}[31m".to_owned(),
    };
    let mut view = view(vec![release("1.0")]);
    view.withheld = vec![held("1.1"), held("1.2"), held("dev-main")];
    let document = render(&view, "p2");
    let note = "acme/tool 1.2 (and an older version) is withheld: too  young ‹b› [31m";
    assert_eq!(document["info"], note);
    assert_eq!(document.get("warning"), None);
    let document = render(&view, "p2-dev");
    assert!(document["warning"].as_str().unwrap().starts_with("acme/tool dev-main is withheld"));
}

#[test]
fn abandoned_is_true_or_the_replacement() {
    for (text, expect) in [
        ("use something else", json!(true)),
        ("", json!(true)),
        ("acme/better", json!("acme/better")),
    ] {
        let mut view = view(vec![release("1.0")]);
        view.releases[0].deprecated = Some(text.to_owned());
        assert_eq!(expand(&render(&view, "p2"))[0]["abandoned"], expect, "{text:?}");
    }
}

#[test]
fn a_metapackage_needs_no_file_and_everything_else_does() {
    let mut meta = release_with("1.0", r#"{"name":"acme/tool","type":"metapackage"}"#);
    let mut library = release("2.0");
    meta.artifacts.clear();
    library.artifacts.clear();
    assert_eq!(versions(&render(&view(vec![meta, library]), "p2")), ["1.0"]);
}

fn list(names: &[&str], has_upstream: bool, document: &str) -> Value {
    let list = ListView {
        names: names.iter().map(|name| Composer.parse_name(name).unwrap()).collect(),
        base_url: "https://registry.example/composer".into(),
        has_upstream,
    };
    let key = DocumentKey(document.to_owned().into());
    serde_json::from_slice(&Composer.render_list(&list, &key).unwrap().body).unwrap()
}

#[test]
fn the_root_has_absolute_addresses_and_announces_only_what_is_there() {
    let expected = json!({
        "packages": [],
        "metadata-url": "https://registry.example/composer/p2/%package%.json",
        "notify-batch": "https://registry.example/composer/downloads/",
        "search": "https://registry.example/composer/search.json?q=%query%",
        "list": "https://registry.example/composer/packages/list.json",
    });
    assert_eq!(list(&["acme/tool"], true, "root"), expected);
}

#[test]
fn a_registry_without_upstream_lists_its_names_so_that_no_other_is_asked_for() {
    let root = list(&["acme/a", "acme/b"], false, "root");
    assert_eq!(root["available-packages"], json!(["acme/a", "acme/b"]));
    assert_eq!(root.get("available-package-patterns"), None);
    // Composer takes an empty list for none at all.
    let root = list(&[], false, "root");
    assert_eq!(root["available-packages"], json!([]));
    assert_eq!(root["available-package-patterns"], json!(["-/-"]));
}

#[test]
fn name_lists_are_filtered() {
    let names = ["acme/logger", "acme/tool", "acme-x/tool"];
    let filtered = |document: &str| list(&names, true, document)["packageNames"].clone();
    assert_eq!(filtered("list::"), json!(names));
    assert_eq!(filtered("list:acme:"), json!(["acme/logger", "acme/tool"]));
    assert_eq!(filtered("list:acme:acme/t*"), json!(["acme/tool"]));
    assert_eq!(filtered("list::*tool"), json!(["acme/tool", "acme-x/tool"]));
    assert_eq!(filtered("list::a*e*t*l"), json!(["acme/tool", "acme-x/tool"]));
    assert_eq!(filtered("list::acme"), json!([]));
}
