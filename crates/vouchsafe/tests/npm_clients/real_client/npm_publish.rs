//! npm as maintainers use it.

use serde_json::{Value, json};

use crate::stage::{Stage, read};

#[test]
fn packages_are_published_viewed_and_found() {
    let stage = Stage::new();
    let dir = stage.package_with(
        "plain",
        "left-lib",
        "1.0.0",
        &json!({ "keywords": ["padding"], "repository": { "type": "git", "url": "git+https://git.example/x.git" } }),
    );
    stage.home.write("plain/README.md", "# left-lib\n");
    stage.npm(&dir, &["publish"]).ok().says("+ left-lib@1.0.0");
    let dir = stage.package("scoped", "@acme/left-lib", "0.1.0");
    stage.npm(&dir, &["publish"]).ok().says("+ @acme/left-lib@0.1.0");

    let view = stage.npm_anywhere(&["view", "left-lib", "--json"]).ok();
    let view: Value = serde_json::from_str(&view.stdout).unwrap();
    assert_eq!(view["version"], "1.0.0");
    assert_eq!(view["maintainers"], json!([{ "name": "ann", "email": "" }]));
    assert_eq!(view["keywords"], json!(["padding"]));
    let readme = stage.npm_anywhere(&["view", "left-lib", "readme"]).ok();
    assert_eq!(readme.stdout.trim(), "# left-lib");
    stage.npm_anywhere(&["view", "@acme/left-lib@0.1.0", "dist.tarball"]).ok().says(&stage.base());
    stage.npm_anywhere(&["view", "nowhere"]).fails().says("E404");

    stage.npm_anywhere(&["search", "padding"]).ok().says("left-lib");
    stage.npm_anywhere(&["ping"]).ok().says("PONG");
    assert_eq!(stage.npm_anywhere(&["whoami"]).ok().stdout.trim(), "ann");
    stage.npm_anywhere(&["profile", "get"]).ok().says("ann@example.org");
}

#[test]
fn a_version_is_published_once() {
    let stage = Stage::new();
    let dir = stage.package("lib", "left-lib", "1.0.0");
    stage.npm(&dir, &["publish"]).ok();
    let again = stage.npm(&dir, &["publish"]).fails();
    again.says("cannot publish over the previously published versions");
    // With --force npm asks the server, which has its own opinion.
    stage.home.write("lib/index.js", "module.exports = 'other'\n");
    let forced = stage.npm(&dir, &["publish", "--force"]).fails();
    forced
        .says("E403")
        .says("already exists, and a release never changes")
        .says("publish a new version");
}

#[test]
fn tags_are_published_added_listed_and_removed() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    let dir = stage.package("next", "left-lib", "2.0.0-rc.1");
    stage.npm(&dir, &["publish", "--tag", "next"]).ok();
    let tags = || stage.npm_anywhere(&["dist-tag", "ls", "left-lib"]).ok().stdout;
    assert_eq!(tags().trim(), "latest: 1.0.0\nnext: 2.0.0-rc.1");

    stage.npm_anywhere(&["dist-tag", "add", "left-lib@1.0.0", "stable"]).ok().says("+stable");
    assert_eq!(tags().trim(), "latest: 1.0.0\nnext: 2.0.0-rc.1\nstable: 1.0.0");
    stage.npm_anywhere(&["dist-tag", "rm", "left-lib", "next"]).ok().says("-next");
    assert_eq!(tags().trim(), "latest: 1.0.0\nstable: 1.0.0");

    stage.npm_anywhere(&["dist-tag", "add", "left-lib@9.9.9", "gone"]).fails().says("E404");
    let latest = stage.npm_anywhere(&["dist-tag", "rm", "left-lib", "latest"]).fails();
    latest.says("the tag `latest` cannot be removed");
    stage.npm_anywhere(&["dist-tag", "add", "left-lib@1.0.0", "^1.0"]).fails();
    assert_eq!(tags().trim(), "latest: 1.0.0\nstable: 1.0.0");
}

#[test]
fn the_first_release_is_the_latest_whatever_its_tag() {
    let stage = Stage::new();
    let dir = stage.package("lib", "left-lib", "1.0.0-rc.1");
    stage.npm(&dir, &["publish", "--tag", "next"]).ok();
    let tags = stage.npm_anywhere(&["dist-tag", "ls", "left-lib"]).ok().stdout;
    assert_eq!(tags.trim(), "latest: 1.0.0-rc.1\nnext: 1.0.0-rc.1");
}

#[test]
fn a_deprecation_warns_whoever_installs_and_can_be_undone() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    stage.publish("left-lib", "1.1.0");
    stage.npm_anywhere(&["deprecate", "left-lib@1.0.0", "pads on the wrong side"]).ok();
    let app = stage.app("app", &json!({ "left-lib": "1.0.0" }));
    stage.npm(&app, &["install"]).ok().says("pads on the wrong side");
    let fine = stage.app("fine", &json!({ "left-lib": "^1.0.0" }));
    let fine = stage.npm(&fine, &["install"]).ok();
    assert!(!fine.text().contains("wrong side"), "{}", fine.text());

    stage.npm_anywhere(&["undeprecate", "left-lib@1.0.0"]).ok();
    let view = stage.npm_anywhere(&["view", "left-lib@1.0.0", "deprecated"]).ok();
    assert_eq!(view.stdout.trim(), "");
}

#[test]
fn a_release_is_unpublished_and_its_version_stays_taken() {
    let stage = Stage::with_config("[access]\nunpublish = \"owners\"\n");
    stage.publish("left-lib", "1.0.0");
    stage.publish("left-lib", "1.1.0");
    stage.npm_anywhere(&["unpublish", "left-lib@1.1.0"]).ok().says("- left-lib@1.1.0");
    let versions = stage.npm_anywhere(&["view", "left-lib", "versions", "--json"]).ok().stdout;
    assert_eq!(serde_json::from_str::<Value>(&versions).unwrap(), json!(["1.0.0"]));
    assert_eq!(stage.packument("left-lib")["dist-tags"], json!({ "latest": "1.0.0" }));
    assert_eq!(stage.ask("GET", "/left-lib/-/left-lib-1.1.0.tgz", b"").status, 404);

    let dir = stage.home.dir("left-lib-1.1.0");
    let again = stage.npm(&dir, &["publish"]).fails();
    again.says("E403").says("was removed, and a removed version is never used again");

    stage.npm_anywhere(&["unpublish", "left-lib", "--force"]).ok().says("- left-lib");
    stage.npm_anywhere(&["view", "left-lib"]).fails().says("E404");
    let dir = stage.package("again", "left-lib", "3.0.0");
    stage.npm(&dir, &["publish"]).fails().says("a removed name is never used again");
}

#[test]
fn the_last_version_goes_with_its_package() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    // Within the 72 hours that the default policy leaves.
    stage.npm_anywhere(&["unpublish", "left-lib@1.0.0", "--force"]).ok();
    stage.npm_anywhere(&["view", "left-lib"]).fails().says("E404");
}

#[test]
fn where_nothing_is_removed_npm_says_so_and_nothing_is() {
    let stage = Stage::with_config("[access]\nunpublish = \"never\"\n");
    stage.publish("left-lib", "1.0.0");
    stage.publish("left-lib", "1.1.0");
    for wanted in [&["left-lib@1.1.0"][..], &["left-lib", "--force"]] {
        let mut args = vec!["unpublish"];
        args.extend(wanted);
        let refused = stage.npm_anywhere(&args).fails();
        refused.says("E403").says("this registry removes nothing; yank or deprecate instead");
    }
    assert_eq!(stage.packument("left-lib")["versions"].as_object().unwrap().len(), 2);
    assert_eq!(stage.ask("GET", "/left-lib/-/left-lib-1.1.0.tgz", b"").status, 200);
}

#[test]
fn owners_are_added_listed_and_removed_and_one_stays() {
    let stage = Stage::new();
    let bob = stage.server.user_and_token("bob");
    stage.publish("left-lib", "1.0.0");
    let owners = || stage.npm_anywhere(&["owner", "ls", "left-lib"]).ok().stdout;
    assert_eq!(owners().trim(), "ann <>");
    stage.npm_anywhere(&["owner", "add", "nobody", "left-lib"]).fails().says("`nobody`");
    stage.npm_anywhere(&["owner", "add", "bob", "left-lib"]).ok().says("+ bob");
    assert_eq!(owners().trim(), "ann <>\nbob <>");
    stage.npm_anywhere(&["access", "list", "packages", "bob"]).ok().says("left-lib: read-write");
    stage
        .npm_anywhere(&["access", "list", "collaborators", "left-lib"])
        .ok()
        .says("bob: read-write");
    stage.npm_anywhere(&["access", "get", "status", "left-lib"]).ok().says("left-lib: public");
    let access = stage.npm_anywhere(&["access", "set", "mfa=publish", "left-lib"]).fails();
    access.says("changing the access of a single package is not implemented");

    stage.use_token(&bob);
    stage.npm_anywhere(&["owner", "rm", "ann", "left-lib"]).ok().says("- ann");
    stage.npm_anywhere(&["owner", "rm", "bob", "left-lib"]).fails();
    assert_eq!(owners().trim(), "bob <>");
    stage.use_token(&stage.token);
    let dir = stage.package("late", "left-lib", "1.1.0");
    stage.npm(&dir, &["publish"]).fails().says("E403");
}

#[test]
fn what_is_published_has_the_dependencies_of_its_package_json() {
    let stage = Stage::new();
    stage.publish("left-lib", "1.0.0");
    let dir = stage.package_with(
        "rich",
        "@acme/rich",
        "1.0.0",
        &json!({
            "dependencies": { "left-lib": "^1.0.0" }, "bin": "cli.js",
            "scripts": { "postinstall": "node -e 0" }, "engines": { "node": ">=1" },
        }),
    );
    stage.home.write("rich/cli.js", "#!/usr/bin/env node\nconsole.log(require('left-lib'))\n");
    stage.npm(&dir, &["publish"]).ok();
    let app = stage.app("app", &json!({ "@acme/rich": "1" }));
    stage.npm(&app, &["install"]).ok();
    let ran = stage.home.run(&app, "npm", &["exec", "--offline", "rich"]).ok();
    assert_eq!(ran.stdout.trim(), "1.0.0");
    assert!(read(&app, "package-lock.json").contains("\"hasInstallScript\": true"));
}
