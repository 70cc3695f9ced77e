//! Require, update, install from a lock file, search and show.

use serde_json::json;

use crate::stage::{COMPOSERS, Stage, eventually, installed, lock_entry};

#[test]
fn a_package_and_what_it_needs_are_required_updated_and_installed() {
    let stage = Stage::new();
    stage.publish("acme/base", "1.0.0");
    stage.publish_with("acme/tool", "1.0.0", json!({ "require": { "acme/base": "^1.0" } }));
    for (round, composer) in COMPOSERS.iter().enumerate() {
        let dir = stage.project(composer, json!({}));
        stage.run(composer, &dir, &["require", "acme/tool:^1.0"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), format!("1.{round}.0"));
        assert!(dir.join("vendor/acme/base/composer.json").is_file());
        let locked = lock_entry(&dir, "acme/tool");
        assert_eq!(locked["dist"]["shasum"].as_str().unwrap().len(), 40, "{locked}");
        assert_eq!(locked["source"], serde_json::Value::Null);

        let newer = format!("1.{}.0", round + 1);
        stage.publish_with("acme/tool", &newer, json!({ "require": { "acme/base": "^1.0" } }));
        stage.forget(&dir);
        stage.run(composer, &dir, &["install"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), format!("1.{round}.0"), "the lock file counts");
        stage.run(composer, &dir, &["update"]).ok().says(&newer);
        assert_eq!(installed(&dir, "acme/tool"), newer, "published a moment ago, and seen");
    }
}

#[test]
fn constraints_and_stabilities_choose_as_composer_says() {
    let stage = Stage::new();
    for version in ["1.0.0", "v1.2.0", "1.10.0-beta1", "2.0.0-RC1", "2010.01.02", "1.5-p1"] {
        stage.publish("acme/tool", version);
    }
    for composer in COMPOSERS {
        for (number, (constraint, expected)) in [
            ("^1.0", "1.5-p1"),
            ("~1.0@beta", "1.10.0-beta1"),
            ("1.2.*", "v1.2.0"),
            ("*", "2010.01.02"),
            ("^2.0@RC", "2.0.0-RC1"),
        ]
        .iter()
        .enumerate()
        {
            let folder = format!("{composer}-{number}");
            let dir = stage.project(&folder, json!({ "acme/tool": constraint }));
            stage.run(composer, &dir, &["update"]).ok();
            assert_eq!(installed(&dir, "acme/tool"), *expected, "{composer} {constraint}");
        }
    }
}

#[test]
fn a_yanked_version_is_not_picked_anew_and_lock_files_go_on() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    stage.publish("acme/tool", "1.1.0");
    let dirs =
        COMPOSERS.map(|composer| stage.locked(composer, composer, json!({ "acme/tool": "^1.0" })));
    stage.server.cli(&["yank", "pkg:composer/acme/tool@1.1.0", "--reason", "broken"]).ok();
    eventually("the yank is seen", || stage.version_names("acme/tool") == ["1.0.0"]);
    for (composer, dir) in COMPOSERS.iter().zip(&dirs) {
        stage.forget(dir);
        stage.run(composer, dir, &["install"]).ok();
        assert_eq!(installed(dir, "acme/tool"), "1.1.0");
        let new = stage.project(&format!("new-{composer}"), json!({ "acme/tool": "^1.0" }));
        stage.run(composer, &new, &["update"]).ok();
        assert_eq!(installed(&new, "acme/tool"), "1.0.0");
        let pinned = stage.project(&format!("pin-{composer}"), json!({ "acme/tool": "1.1.0" }));
        stage.run(composer, &pinned, &["update"]).fails();
        stage.run(composer, dir, &["update"]).ok();
        assert_eq!(installed(dir, "acme/tool"), "1.0.0");
    }
}

#[test]
fn search_and_show_find_what_is_published() {
    let stage = Stage::new();
    stage.publish_with("acme/tool", "1.0.0", json!({ "description": "Turns screws" }));
    stage.publish("acme/tool", "1.1.0");
    stage.publish("acme/tool", "dev-main");
    stage.publish("other/thing", "1.0.0");
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({}));
        let run = |args: &[&str]| stage.run(composer, &dir, args).ok();
        run(&["search", "tool"]).says("acme/tool");
        let vendors = run(&["search", "--only-vendor", "acme"]);
        assert!(vendors.stdout.contains("acme"), "{}", vendors.text());
        let shown = run(&["show", "--available", "--all", "acme/tool"]);
        for version in ["1.0.0", "1.1.0", "dev-main"] {
            assert!(shown.stdout.contains(version), "{composer}: {}", shown.text());
        }
        run(&["show", "--available"]).says("acme/tool").says("other/thing");
        run(&["outdated"]);
    }
}

#[test]
fn a_successor_is_named_when_an_abandoned_package_is_installed() {
    let stage = Stage::new();
    stage.publish_with("acme/old", "1.0.0", json!({ "abandoned": "acme/new" }));
    stage.publish_with("acme/gone", "1.0.0", json!({ "abandoned": true }));
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({ "acme/old": "*", "acme/gone": "*" }));
        let ran = stage.run(composer, &dir, &["update"]).ok();
        let ran = ran.says("acme/old is abandoned").says("Use acme/new instead");
        ran.says("acme/gone is abandoned");
    }
}

#[test]
fn installations_are_counted() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    for (round, composer) in (1..).zip(COMPOSERS) {
        let dir = stage.project(composer, json!({ "acme/tool": "*" }));
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(stage.downloads("acme/tool"), round, "{composer}");
    }
}
