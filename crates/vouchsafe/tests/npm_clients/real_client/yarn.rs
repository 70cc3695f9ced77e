//! Yarn, the modern one.

use serde_json::json;

use crate::stage::{PASSWORD, Stage, read};

/// An application that is a project of its own to Yarn.
fn project(stage: &Stage, folder: &str, dependencies: &serde_json::Value) -> std::path::PathBuf {
    stage.home.write(&format!("{folder}/yarn.lock"), "");
    stage.app(folder, dependencies)
}

fn yarn_package(stage: &Stage, folder: &str, name: &str, version: &str) -> std::path::PathBuf {
    stage.home.write(&format!("{folder}/yarn.lock"), "");
    let dir = stage.package(folder, name, version);
    stage.yarn(&dir, &["install"]).ok();
    dir
}

fn installed(stage: &Stage, dir: &std::path::Path, name: &str) -> String {
    stage.yarn(dir, &["node", "-p", &format!("require('{name}')")]).ok().stdout.trim().to_owned()
}

#[test]
fn packages_are_published_and_installed() {
    let stage = Stage::new();
    let plain = yarn_package(&stage, "plain", "left-lib", "1.0.0");
    stage.yarn(&plain, &["npm", "publish"]).ok();
    let scoped = yarn_package(&stage, "scoped", "@acme/left-lib", "1.0.0");
    stage.yarn(&scoped, &["npm", "publish", "--access", "public"]).ok();
    let next = yarn_package(&stage, "next", "left-lib", "2.0.0");
    stage.yarn(&next, &["npm", "publish", "--tag", "next"]).ok();

    // Yarn asks nobody before it publishes: the very same is no error, other bytes are.
    stage.yarn(&plain, &["npm", "publish"]).ok();
    stage.home.write("plain/index.js", "module.exports = 'other'\n");
    let again = stage.yarn(&plain, &["npm", "publish"]).fails();
    again.says("already exists, and a release never changes");

    let app = project(&stage, "app", &json!({}));
    stage.yarn(&app, &["add", "left-lib", "@acme/left-lib"]).ok();
    assert_eq!(installed(&stage, &app, "left-lib"), "1.0.0");
    assert_eq!(installed(&stage, &app, "@acme/left-lib"), "1.0.0");
    stage.yarn(&app, &["up", "left-lib@npm:next"]).ok();
    assert_eq!(installed(&stage, &app, "left-lib"), "2.0.0");
    stage.yarn(&app, &["npm", "info", "left-lib"]).ok().says("2.0.0");
    stage.yarn(&app, &["npm", "tag", "list", "left-lib"]).ok().says("next");
    stage.yarn(&app, &["npm", "tag", "add", "left-lib@1.0.0", "stable"]).ok();
    stage.yarn(&app, &["npm", "tag", "remove", "left-lib", "stable"]).ok();
    stage.yarn(&app, &["npm", "whoami"]).ok().says("ann");
}

#[test]
fn an_immutable_install_gives_what_the_lock_file_names() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("@acme/left-lib", "1.0.0");
    let wanted = json!({ "left-lib": "^1.0.0", "@acme/left-lib": "^1.0.0" });
    let app = project(&stage, "app", &wanted);
    stage.yarn(&app, &["install"]).ok();
    let lock = read(&app, "yarn.lock");
    // Yarn writes addresses only for tarballs that are not where a registry has them.
    assert!(lock.contains("left-lib@npm:1.0.0") && !lock.contains("__archiveUrl"), "{lock}");

    stage.publish("left-lib", "1.1.0");
    stage.yarn(&app, &["cache", "clean", "--all"]).ok();
    stage.yarn(&app, &["install", "--immutable"]).ok();
    assert_eq!(installed(&stage, &app, "left-lib"), "1.0.0");
    assert_eq!(read(&app, "yarn.lock"), lock);
    stage.app("app", &json!({ "left-lib": "^1.1.0" }));
    stage.yarn(&app, &["install", "--immutable"]).fails().says("YN0028");
}

#[test]
fn a_password_finishes_the_login_and_a_logout_forgets_it() {
    let mut stage = Stage::new();
    stage.server.user_with_password("bob", PASSWORD);
    stage.sign_out();
    // Yarn's own way of answering its prompts without a terminal.
    stage.home.set("YARN_IS_TEST_ENV", "1");
    stage.home.set("YARN_INJECT_NPM_USER", "bob");
    stage.home.set("YARN_INJECT_NPM_PASSWORD", PASSWORD);
    let app = project(&stage, "app", &json!({}));
    stage.yarn(&app, &["npm", "login"]).ok();
    stage.yarn(&app, &["npm", "whoami"]).ok().says("bob");
    stage.yarn(&app, &["npm", "logout"]).ok();
    stage.yarn(&app, &["npm", "whoami"]).fails();

    stage.home.set("YARN_INJECT_NPM_PASSWORD", "wrong");
    stage.yarn(&app, &["npm", "login"]).fails();
}

#[test]
fn the_age_gate_of_yarn_knows_when_a_release_came() {
    let mut stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("@acme/left-lib", "1.0.0");
    // One day, which is Yarn's own default.
    stage.home.set("YARN_NPM_MINIMAL_AGE_GATE", "1d");
    let young = project(&stage, "young", &json!({ "left-lib": "^1.0.0" }));
    stage.yarn(&young, &["install"]).fails();
    let trusted = project(&stage, "trusted", &json!({ "@acme/left-lib": "^1.0.0" }));
    stage.home.write("trusted/.yarnrc.yml", "npmPreapprovedPackages:\n  - \"@acme/*\"\n");
    stage.yarn(&trusted, &["install"]).ok();
}

#[test]
fn a_private_registry_asks_yarn_to_sign_in() {
    let stage = Stage::with_config("[access]\nread = \"signed-in\"\n");
    stage.publish("left-lib", "1.0.0");
    let app = project(&stage, "app", &json!({ "left-lib": "^1.0.0" }));
    stage.yarn(&app, &["install"]).ok();
    stage.sign_out();
    stage.yarn(&app, &["cache", "clean", "--all"]).ok();
    stage.yarn(&app, &["install"]).fails().says("Invalid authentication (as an anonymous user)");
}
