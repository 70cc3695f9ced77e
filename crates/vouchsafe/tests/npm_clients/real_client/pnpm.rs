//! pnpm.

use serde_json::json;

use crate::stage::{Stage, read};

#[test]
fn packages_are_published_and_installed() {
    let stage = Stage::new();
    for (folder, name) in [("plain", "left-lib"), ("scoped", "@acme/left-lib")] {
        let dir = stage.package(folder, name, "1.0.0");
        stage.pnpm(&dir, &["publish", "--no-git-checks"]).ok();
        stage.pnpm(&dir, &["publish", "--no-git-checks"]).fails().says("previously published");
    }
    let next = stage.package("next", "left-lib", "2.0.0");
    stage.pnpm(&next, &["publish", "--no-git-checks", "--tag", "next"]).ok();

    let app = stage.app("app", &json!({}));
    stage.pnpm(&app, &["add", "left-lib", "@acme/left-lib"]).ok();
    assert_eq!(stage.installed(&app, "left-lib"), "1.0.0");
    assert_eq!(stage.installed(&app, "@acme/left-lib"), "1.0.0");
    stage.pnpm(&app, &["add", "left-lib@next"]).ok();
    assert_eq!(stage.installed(&app, "left-lib"), "2.0.0");
    stage.pnpm(&app, &["view", "left-lib", "version"]).ok().says("1.0.0");
    assert_eq!(stage.pnpm(&app, &["whoami"]).ok().stdout.trim(), "ann");
    stage.pnpm(&app, &["add", "nowhere"]).fails().says("ERR_PNPM_FETCH_404");
}

#[test]
fn a_frozen_lock_file_installs_what_it_names() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("@acme/left-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "^1.0.0", "@acme/left-lib": "^1.0.0" }));
    stage.pnpm(&app, &["install", "--no-frozen-lockfile"]).ok();
    let lock = read(&app, "pnpm-lock.yaml");
    // A lock file of pnpm has no addresses: the tarballs are where the registry has them.
    assert!(lock.contains("left-lib@1.0.0") && !lock.contains("tarball:"), "{lock}");

    stage.publish("left-lib", "1.1.0");
    std::fs::remove_dir_all(app.join("node_modules")).unwrap();
    let store = stage.home.dir("store").display().to_string();
    stage.pnpm(&app, &["install", "--frozen-lockfile", "--store-dir", &store]).ok();
    assert_eq!(stage.installed(&app, "left-lib"), "1.0.0");
    assert_eq!(read(&app, "pnpm-lock.yaml"), lock);

    stage.home.write("app/package.json", r#"{"name":"app","dependencies":{"left-lib":"^1.1.0"}}"#);
    stage.pnpm(&app, &["install", "--frozen-lockfile"]).fails().says("OUTDATED_LOCKFILE");
}

#[test]
fn several_packages_of_a_workspace_are_published_in_one_go() {
    let stage = Stage::new();
    let root = stage.app("mono", &json!({}));
    stage.home.write("mono/pnpm-workspace.yaml", "packages:\n  - 'packages/*'\n");
    stage.package("mono/packages/one", "@acme/one", "1.0.0");
    let more = json!({ "dependencies": { "@acme/one": "workspace:^" } });
    stage.package_with("mono/packages/two", "@acme/two", "1.0.0", &more);
    stage.pnpm(&root, &["install", "--no-frozen-lockfile"]).ok();
    stage.pnpm(&root, &["-r", "publish", "--no-git-checks"]).ok();
    let two = stage.packument("@acme/two");
    assert_eq!(two["versions"]["1.0.0"]["dependencies"], json!({ "@acme/one": "^1.0.0" }));
}

#[test]
fn a_private_registry_asks_pnpm_to_sign_in() {
    let stage = Stage::with_config("[access]\nread = \"signed-in\"\n");
    stage.publish("left-lib", "1.0.0");
    let app = stage.app("app", &json!({ "left-lib": "^1.0.0" }));
    stage.pnpm(&app, &["install", "--no-frozen-lockfile"]).ok();
    stage.sign_out();
    std::fs::remove_dir_all(app.join("node_modules")).unwrap();
    let store = stage.home.dir("store").display().to_string();
    let args = ["install", "--frozen-lockfile", "--store-dir", &store];
    stage.pnpm(&app, &args).fails().says("ERR_PNPM_FETCH_401");
}
