//! What both Composers print when this registry says no.

use serde_json::json;

use crate::stage::{COMPOSERS, PRIVATE, Stage};

#[test]
fn a_missing_package_is_no_event_and_no_fault_of_the_network() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    for composer in COMPOSERS {
        for (folder, require) in
            [("name", json!({ "acme/missing": "*" })), ("version", json!({ "acme/tool": "^2.0" }))]
        {
            let dir = stage.project(&format!("{composer}-{folder}"), require);
            let ran = stage.run(composer, &dir, &["update"]).fails();
            let ran = ran.says("acme/");
            assert!(!ran.text().contains("Warning from"), "{}", ran.text());
            assert!(!ran.text().contains("could not be fully loaded"), "{}", ran.text());
        }
    }
}

#[test]
fn a_token_for_other_packages_is_told_so() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/tool", "1.0.0");
    let token =
        stage.server.token("ann", &["--scope", "read", "--package", "pkg:composer/acme/other*"]);
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({ "acme/tool": "*" }));
        let auth = json!({ "bearer": { stage.server.address(): token } });
        stage.home.write(&format!("{composer}/auth.json"), &auth.to_string());
        let ran = stage.run(composer, &dir, &["update"]).fails();
        ran.says("Warning from").says("this token").says("403");
        assert!(!dir.join("composer.lock").exists());
    }
}

#[test]
fn bytes_that_were_changed_on_the_way_are_not_installed() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    for composer in COMPOSERS {
        let dir = stage.locked(composer, composer, json!({ "acme/tool": "*" }));
        let lock = std::fs::read_to_string(dir.join("composer.lock")).unwrap();
        let shasum = crate::stage::lock_entry(&dir, "acme/tool")["dist"]["shasum"].clone();
        let other = "0".repeat(40);
        let lock = lock.replace(shasum.as_str().unwrap(), &other);
        std::fs::write(dir.join("composer.lock"), lock).unwrap();
        stage.forget(&dir);
        stage.run(composer, &dir, &["install"]).fails().says("checksum");
    }
}
