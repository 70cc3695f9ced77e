//! A registry that is read by nobody without a credential.

use serde_json::{Value, json};
use vouchsafe_testkit::FakeUpstream;

use crate::stage::{COMPOSERS, PRIVATE, Stage, installed};

fn auth(stage: &Stage, kind: &str, token: &str) -> Value {
    let credential = match kind {
        "bearer" => json!(token),
        _ => json!({ "username": "__token__", "password": token }),
    };
    json!({ kind: { stage.server.address(): credential } })
}

#[test]
fn both_kinds_of_credential_install() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/tool", "1.0.0");
    let reader = stage.server.token("ann", &["--scope", "read"]);
    for composer in COMPOSERS {
        for kind in ["bearer", "http-basic"] {
            let folder = format!("{composer}-{kind}");
            let dir = stage.project(&folder, json!({ "acme/tool": "*" }));
            let text = auth(&stage, kind, &reader).to_string();
            stage.home.write(&format!("{folder}/auth.json"), &text);
            stage.run(composer, &dir, &["update"]).ok();
            stage.forget(&dir);
            stage.run(composer, &dir, &["install"]).ok();
            assert_eq!(installed(&dir, "acme/tool"), "1.0.0");
            stage.run(composer, &dir, &["search", "tool"]).ok().says("acme/tool");
        }
    }
    assert_eq!(stage.downloads("acme/tool"), 8, "reports are counted with credentials too");
}

#[test]
fn who_has_no_credential_or_a_wrong_one_reads_why() {
    let stage = Stage::with_config(PRIVATE);
    stage.publish("acme/tool", "1.0.0");
    for composer in COMPOSERS {
        let dir = stage.project(composer, json!({ "acme/tool": "*" }));
        let ran = stage.run(composer, &dir, &["update"]).fails();
        assert!(!dir.join("vendor/acme").exists());
        ran.says("Warning from").says("a token or password is needed");
        let wrong = auth(&stage, "bearer", "vsf_wrong").to_string();
        stage.home.write(&format!("{composer}/auth.json"), &wrong);
        stage.run(composer, &dir, &["update"]).fails().says("Warning from");
    }
}

#[test]
fn composer_asks_a_private_registry_for_its_own_names_only() {
    let stage = Stage::new();
    stage.publish_with("acme/tool", "1.0.0", json!({ "require": { "public/lib": "*" } }));
    let public = FakeUpstream::start();
    crate::upstream::announce(&public);
    crate::upstream::offer(&public, "public/lib", &[crate::upstream::old("1.0.0")]);
    crate::upstream::offer(&public, "acme/tool", &[crate::upstream::old("9.9.9")]);
    for composer in COMPOSERS {
        let repositories = json!([
            { "type": "composer", "url": stage.base() },
            { "type": "composer", "url": public.url() },
            { "packagist": false },
        ]);
        let dir = stage.project_with(
            composer,
            json!({ "acme/tool": "*" }),
            json!({ "repositories": repositories }),
        );
        stage.run(composer, &dir, &["update"]).ok();
        assert_eq!(installed(&dir, "acme/tool"), "1.0.0", "ours stands first");
        assert_eq!(installed(&dir, "public/lib"), "1.0.0");
    }
    let log = stage.server.log();
    assert!(log.is_empty() || !log.contains("p2/public"), "{log}");
    let asked = public.requests();
    assert!(asked.iter().all(|(path, _)| !path.contains("acme/tool")), "{asked:?}");
}
