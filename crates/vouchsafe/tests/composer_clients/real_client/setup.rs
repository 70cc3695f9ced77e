//! `vouchsafe client setup composer`, and then nothing but Composer's own commands.

use serde_json::json;

use crate::stage::{BINARY, COMPOSERS, PRIVATE, Stage, installed};

#[test]
fn a_prepared_project_requires_at_once() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/tool", "1.0.0");
    for composer in COMPOSERS {
        let dir = stage.home.dir(composer);
        stage.home.write(&format!("{composer}/composer.json"), "{}");
        let path = dir.display().to_string();
        let url = stage.server.url();
        let setup =
            ["client", "setup", "composer", "--url", &url, "--token", &stage.token, "--dir", &path];
        stage.home.run(&dir, BINARY, &setup).ok();
        stage.run(composer, &dir, &["require", "acme/tool"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), "1.0.0");
    }
}

#[test]
fn a_prepared_home_serves_every_project() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/tool", "1.0.0");
    let url = stage.server.url();
    let setup = ["client", "setup", "composer", "--url", &url, "--token", &stage.token];
    stage.home.run(stage.home.home(), BINARY, &setup).ok();
    for composer in COMPOSERS {
        let dir = stage.home.dir(composer);
        let manifest = json!({ "require": { "acme/tool": "^1.0" } });
        stage.home.write(&format!("{composer}/composer.json"), &manifest.to_string());
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), "1.0.0");
    }
}
