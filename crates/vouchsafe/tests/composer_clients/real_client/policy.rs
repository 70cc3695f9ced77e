//! Releases that are denied, as both Composers show it.

use serde_json::json;

use crate::stage::{COMPOSERS, Stage, eventually, installed};

#[test]
fn a_denied_release_is_passed_over_and_whoever_insists_reads_why() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    stage.publish("acme/tool", "1.1.0");
    stage.publish("acme/solo", "1.0.0");
    let dirs = COMPOSERS.map(|composer| {
        stage.locked(composer, composer, json!({ "acme/tool": "*", "acme/solo": "*" }))
    });
    let deny = |release: &str| {
        stage.server.cli(&["policy", "deny", release, "--reason", "steals passwords"]).ok();
    };
    deny("pkg:composer/acme/tool@1.1.0");
    deny("pkg:composer/acme/solo");
    eventually("the denials take effect", || {
        stage.version_names("acme/tool") == ["1.0.0"] && stage.versions("acme/solo").is_empty()
    });
    for (composer, locked) in COMPOSERS.iter().zip(&dirs) {
        let range = stage.project(&format!("range-{composer}"), json!({ "acme/tool": "^1.0" }));
        let ran = stage.run(composer, &range, &["update"]).ok();
        assert_eq!(installed(&range, "acme/tool"), "1.0.0");
        ran.says("1.1.0 is withheld").says("steals passwords");
        for (folder, pin) in
            [("pin", json!({ "acme/tool": "1.1.0" })), ("solo", json!({ "acme/solo": "*" }))]
        {
            let dir = stage.project(&format!("{folder}-{composer}"), pin);
            let ran = stage.run(composer, &dir, &["update"]).fails();
            ran.says("is withheld").says("steals passwords");
        }
        stage.forget(locked);
        let ran = stage.run(composer, locked, &["install"]).fails();
        ran.says("steals passwords");
    }
}
