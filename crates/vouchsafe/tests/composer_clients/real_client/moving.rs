//! Versions of branches move, and whoever has locked one keeps it.

use serde_json::json;

use crate::stage::{COMPOSERS, Stage, archive, installed, lock_entry};

#[test]
fn update_takes_the_new_bytes_of_a_branch_and_an_old_lock_file_the_old_ones() {
    let stage = Stage::new();
    for composer in COMPOSERS {
        let name = format!("acme/{composer}");
        let send = |text: &str| {
            let answer = stage.upload(&name, "dev-main", &archive(&name, text, json!({})));
            assert_eq!(answer.status, 201, "{}", answer.text());
        };
        send("first");
        let dir = stage.locked(composer, composer, json!({ name.as_str(): "dev-main" }));
        assert_eq!(installed(&dir, &name), "first");
        let lock = std::fs::read(dir.join("composer.lock")).unwrap();
        let reference = lock_entry(&dir, &name)["dist"]["reference"].clone();

        send("second");
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, &name), "second");
        assert_ne!(lock_entry(&dir, &name)["dist"]["reference"], reference);

        std::fs::write(dir.join("composer.lock"), lock).unwrap();
        stage.forget(&dir);
        stage.run(composer, &dir, &["install"]).ok();
        assert_eq!(installed(&dir, &name), "first");
    }
}

#[test]
fn the_branch_of_a_version_line_is_chosen_by_its_constraint() {
    let stage = Stage::new();
    stage.publish("acme/tool", "1.0.0");
    stage.publish("acme/tool", "1.x-dev");
    stage.publish("acme/tool", "dev-feature-login");
    for composer in COMPOSERS {
        for (constraint, expected) in [
            ("^1.0", "1.0.0"),
            ("^1.0@dev", "1.x-dev"),
            ("1.x-dev", "1.x-dev"),
            ("dev-feature-login", "dev-feature-login"),
        ] {
            let dir = stage.project(
                &format!("{composer}-{expected}-{}", constraint.len()),
                json!({ "acme/tool": constraint }),
            );
            stage.run(composer, &dir, &["update"]).ok();
            assert_eq!(installed(&dir, "acme/tool"), expected, "{composer} {constraint}");
        }
    }
}
