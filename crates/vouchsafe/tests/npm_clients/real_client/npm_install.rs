//! npm as everybody uses it.

use serde_json::{Value, json};

use crate::stage::{Stage, read};

/// Every address in a lock file.
fn resolved(lock: &str) -> Vec<String> {
    let lock: Value = serde_json::from_str(lock).unwrap();
    let packages = lock["packages"].as_object().unwrap().values();
    packages.filter_map(|package| Some(package["resolved"].as_str()?.to_owned())).collect()
}

#[test]
fn a_fresh_install_a_lock_file_and_a_clean_install_give_the_same() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("@acme/left-lib", "2.0.0");
    let app = stage.app("app", &json!({ "left-lib": "^1.0.0", "@acme/left-lib": "^2.0.0" }));
    stage.npm(&app, &["install"]).ok();
    let lock = read(&app, "package-lock.json");
    assert_eq!(
        resolved(&lock),
        [
            format!("{}/@acme/left-lib/-/left-lib-2.0.0.tgz", stage.base()),
            format!("{}/left-lib/-/left-lib-1.0.0.tgz", stage.base()),
        ]
    );
    assert_eq!(stage.installed(&app, "@acme/left-lib"), "2.0.0");

    // A newer release does not move what is locked.
    stage.publish("left-lib", "1.1.0");
    let empty_cache = stage.home.dir("cache").display().to_string();
    for args in [&["ci"][..], &["ci", "--cache", &empty_cache], &["install"]] {
        std::fs::remove_dir_all(app.join("node_modules")).unwrap();
        stage.npm(&app, args).ok();
        assert_eq!(stage.installed(&app, "left-lib"), "1.0.0", "{args:?}");
        assert_eq!(read(&app, "package-lock.json"), lock, "{args:?}");
    }
    stage.npm(&app, &["outdated"]).fails().says("1.1.0");
    stage.npm(&app, &["update"]).ok();
    assert_eq!(stage.installed(&app, "left-lib"), "1.1.0");
}

#[test]
fn ranges_tags_and_exact_versions_resolve() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("left-lib", "1.2.0");
    let rc = stage.package("rc", "left-lib", "2.0.0-rc.1");
    stage.npm(&rc, &["publish", "--silent", "--tag", "next"]).ok();
    let wanted =
        [("left-lib", "1.2.0"), ("left-lib@1.0", "1.0.0"), ("left-lib@next", "2.0.0-rc.1")];
    for (spec, expect) in wanted {
        let app = stage.app("app", &json!({}));
        stage.npm(&app, &["install", "--no-save", "--no-package-lock", spec]).ok();
        assert_eq!(stage.installed(&app, "left-lib"), expect, "{spec}");
    }
    let app = stage.app("app", &json!({}));
    stage.npm(&app, &["install", "left-lib@3"]).fails().says("ETARGET");
}

#[test]
fn a_tampered_lock_file_is_noticed() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("right-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "1.0.0" }));
    stage.npm(&app, &["install", "--package-lock-only"]).ok();
    let lock = read(&app, "package-lock.json");
    let swapped = lock.replace("/left-lib/-/left-lib-", "/right-lib/-/right-lib-");
    assert_ne!(lock, swapped);
    stage.home.write("app/package-lock.json", &swapped);
    let empty_cache = stage.home.dir("cache").display().to_string();
    stage.npm(&app, &["ci", "--cache", &empty_cache]).fails().says("EINTEGRITY");
}

#[test]
fn a_private_registry_serves_only_who_signs_in() {
    let stage = Stage::with_config("[access]\nread = \"signed-in\"\n");
    stage.publish("left-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "1.0.0" }));
    stage.npm(&app, &["install"]).ok();
    let read_only = stage.server.token("ann", &["--scope", "read"]);
    stage.use_token(&read_only);
    std::fs::remove_dir_all(app.join("node_modules")).unwrap();
    stage.npm(&app, &["ci", "--prefer-online"]).ok();

    stage.sign_out();
    let empty_cache = stage.home.dir("cache").display().to_string();
    std::fs::remove_dir_all(app.join("node_modules")).unwrap();
    for args in [
        &["ci", "--cache", &empty_cache][..],
        &["view", "left-lib"],
        &["view", "nowhere"],
        &["search", "left"],
        &["dist-tag", "ls", "left-lib"],
        &["owner", "ls", "left-lib"],
    ] {
        stage.npm(&app, args).fails().says("E401");
    }
    // Nothing is told about what exists, and nothing comes out by another door.
    for path in ["/left-lib", "/nowhere", "/left-lib/-/left-lib-1.0.0.tgz", "/left-lib/latest"] {
        let answer = stage.ask_as(None, "GET", path, &[], b"");
        assert_eq!(answer.status, 401, "{path}");
        assert!(!answer.text().contains("sha512"), "{}", answer.text());
    }
}
