//! The sparse index on the wire: the settings, the lines, conditional requests, absence.

use std::collections::BTreeSet;

use vouchsafe_testkit::{Ran, http, packages};

use crate::stage::Stage;

/// Every key an index line or one of its dependencies may have (The Cargo Book, "Registry Index").
const LINE_KEYS: [&str; 11] = [
    "name",
    "vers",
    "deps",
    "cksum",
    "features",
    "features2",
    "yanked",
    "links",
    "rust_version",
    "pubtime",
    "v",
];
const DEPENDENCY_KEYS: [&str; 9] = [
    "name",
    "req",
    "features",
    "optional",
    "default_features",
    "target",
    "kind",
    "registry",
    "package",
];

fn keys(value: &serde_json::Value) -> BTreeSet<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

/// `YYYY-MM-DDTHH:MM:SSZ`: with anything else Cargo skips the line.
fn is_pubtime(text: &str) -> bool {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    shape == "0000-00-00T00:00:00Z"
}

#[test]
fn the_settings_name_downloads_and_api() {
    let stage = Stage::new("");
    let answer = http::get(stage.server.address(), "/cargo/index/config.json");
    let url = stage.server.url();
    let expected = serde_json::json!({
        "dl": format!("{url}/cargo/api/v1/crates/{{crate}}/{{version}}/download"),
        "api": format!("{url}/cargo"),
        "auth-required": false,
    });
    assert_eq!((answer.status, answer.json()), (200, expected));
}

#[test]
fn a_line_has_the_keys_of_the_schema_and_no_others() {
    let stage = Stage::new("");
    let krate = stage.krate("Exact-Line", "0.1.0-beta.2+build.7").manifest(
        "links = \"native\"\nrust-version = \"1.60\"\nbuild = \"build.rs\"\n[features]\nnew = [\"dep:friend\"]\nold = []\n\
         [dependencies]\nfriend = { package = \"real-friend\", version = \"1\", optional = true, registry = \"vouchsafe\" }",
    );
    stage.publish("real-friend", "1.0.0");
    krate.file("build.rs", "fn main() {}\n").write().publish().ok();
    let text = stage.index_text("ex/ac/exact-line");
    assert!(text.ends_with("}\n") && text.lines().count() == 1, "{text:?}");
    let line: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(keys(&line), LINE_KEYS.into_iter().collect());
    let mut dependency = keys(&line["deps"][0]);
    dependency.insert("registry");
    assert_eq!(dependency, DEPENDENCY_KEYS.into_iter().collect());
    assert_eq!(line["name"], "Exact-Line", "the index keeps the spelling");
    assert_eq!(line["vers"], "0.1.0-beta.2+build.7");
    assert_eq!(line["v"], 2);
    assert_eq!(line["features"], serde_json::json!({"old": []}));
    assert_eq!(line["features2"], serde_json::json!({"new": ["dep:friend"]}));
    assert!(is_pubtime(line["pubtime"].as_str().unwrap()), "{}", line["pubtime"]);

    // The digest is the one of the bytes that are handed out, under the version's raw spelling.
    for target in ["Exact-Line", "exact-line"] {
        let target = format!("/cargo/api/v1/crates/{target}/0.1.0-beta.2+build.7/download");
        let download = http::get(stage.server.address(), &target);
        assert_eq!(download.status, 200, "{target}: {}", download.text());
        assert_eq!(line["cksum"], packages::sha256_hex(&download.body));
    }
}

#[test]
fn a_plain_crate_has_neither_features2_nor_v() {
    let stage = Stage::new("");
    stage.publish("plain", "1.0.0");
    let line = stage.index_lines("pl/ai/plain").remove(0);
    let expected = ["name", "vers", "deps", "features", "cksum", "yanked", "pubtime"];
    assert_eq!(keys(&line), expected.into_iter().collect());
}

#[test]
fn only_the_yank_flag_of_a_line_ever_changes() {
    let stage = Stage::new("");
    stage.publish("steady", "1.0.0");
    let before = stage.index_text("st/ea/steady");
    let yank = |args: &[&str]| stage.home.run(stage.home.home(), "cargo", args).ok();
    yank(&["yank", "steady@1.0.0"]);
    assert_eq!(
        stage.index_text("st/ea/steady"),
        before.replace("\"yanked\":false", "\"yanked\":true")
    );
    yank(&["yank", "--undo", "steady@1.0.0"]);
    stage.publish("steady", "1.1.0");
    let after = stage.index_text("st/ea/steady");
    assert_eq!(after.lines().next(), before.lines().next());
}

#[test]
fn an_unchanged_index_file_is_not_sent_again() {
    let stage = Stage::new("");
    stage.publish("cached", "1.0.0");
    let address = stage.server.address();
    let target = "/cargo/index/ca/ch/cached";
    let first = http::get(address, target);
    let tag = first.header("etag").unwrap().to_owned();
    let ask = |tag: &str| http::send(address, "GET", target, &[("if-none-match", tag)], b"");
    let again = ask(&tag);
    assert_eq!(
        (again.status, again.body.len(), again.header("etag")),
        (304, 0, Some(tag.as_str()))
    );
    stage.publish("cached", "1.1.0");
    let changed = ask(&tag);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), Some(tag.as_str()));
}

#[test]
fn absence_is_404_and_nothing_else() {
    let stage = Stage::new("");
    stage.publish("present", "1.0.0");
    for path in [
        "ab/se/absent",
        "pr/es/presen",
        "pr/es/PRESENT",
        "3/p/present",
        "1/present",
        "pr/%C3%A9/pr%C3%A9sent",
        "pr/es/present/",
        "st/d_/st%20d",
        "config.toml",
        "",
    ] {
        let answer = http::get(stage.server.address(), &format!("/cargo/index/{path}"));
        assert_eq!(answer.status, 404, "{path}");
    }
    for target in ["present/1.0.1", "absent/1.0.0", "present/not-a-version"] {
        let target = format!("/cargo/api/v1/crates/{target}/download");
        assert_eq!(http::get(stage.server.address(), &target).status, 404, "{target}");
    }
}

mod real_client {
    use super::*;

    #[test]
    fn cargo_revalidates_what_it_has() {
        let stage = Stage::new("");
        // Large enough to be sent compressed, which has an entity tag of its own.
        for version in ["1.0.0", "1.0.1", "1.0.2", "1.0.3"] {
            stage.publish("cached", version);
        }
        let user = stage.krate("user", "0.1.0").manifest("[dependencies]\ncached = \"1\"").write();
        user.cargo(&["fetch"]).ok();
        let mut update = stage.home.command("cargo");
        update.arg("update").current_dir(&user.dir);
        update.env("CARGO_HTTP_DEBUG", "true").env("CARGO_LOG", "network=debug");
        let ran = Ran::of(update).ok();
        let text = ran.stderr.to_ascii_lowercase();
        assert!(text.contains("if-none-match: \""), "Cargo has kept the entity tag:\n{text}");
        assert!(text.contains("-gz\""), "the tag is the one of the compressed form:\n{text}");
        assert!(text.contains("304 not modified"), "{text}");
    }
}
