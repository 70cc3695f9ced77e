//! Releases that policy withholds, as the three clients meet them.

use serde_json::json;
use vouchsafe_testkit::{Ran, Reply};

use crate::stage::{Stage, read};
use crate::upstream::{self, NAME};

/// A stage that proxies the upstream, with a cooldown and a denial.
fn guarded() -> (Stage, vouchsafe_testkit::FakeUpstream) {
    let upstream = upstream::start();
    let config = format!("[policy]\ncooldown = \"3d\"\n\n{}", upstream::config(&upstream));
    let stage = Stage::with_config(&config);
    let reason = "steals tokens, see ticket 7";
    let denied = format!("pkg:npm/{NAME}@1.2.0");
    stage.server.cli(&["policy", "deny", &denied, "--reason", reason]).ok();
    wait_for_policy(&stage);
    (stage, upstream)
}

/// The command changed the data of a running server: it is heard of within its next look.
fn wait_for_policy(stage: &Stage) {
    let path = format!("/{NAME}/-/{NAME}-1.2.0.tgz");
    while stage.ask("GET", &path, b"").status != 403 {
        std::thread::yield_now();
    }
}

#[test]
fn the_index_has_the_newest_allowed_release_and_its_tags_fit() {
    let (stage, _upstream) = guarded();
    let packument = stage.packument(NAME);
    let versions: Vec<_> = packument["versions"].as_object().unwrap().keys().collect();
    assert_eq!(versions, ["1.0.0", "1.1.0"]);
    assert_eq!(packument["dist-tags"], json!({ "latest": "1.1.0", "stable": "1.1.0" }));
    assert!(packument["time"].get("2.0.0").is_none() && packument["time"].get("1.2.0").is_none());
    let view = stage.npm_anywhere(&["view", NAME, "dist-tags", "--json"]).ok();
    assert!(!view.stdout.contains("2.0.0"), "{}", view.stdout);
}

#[test]
fn each_client_installs_the_newest_allowed_release_from_here() {
    let (stage, upstream) = guarded();
    let wanted = json!({ NAME: "*" });
    let npm = stage.app("npm", &wanted);
    stage.npm(&npm, &["install"]).ok();
    assert_eq!(stage.installed(&npm, NAME), "1.1.0");
    let lock = read(&npm, "package-lock.json");
    assert!(lock.contains(&format!("{}/{NAME}/-/{NAME}-1.1.0.tgz", stage.base())), "{lock}");

    let pnpm = stage.app("pnpm", &wanted);
    stage.pnpm(&pnpm, &["install"]).ok();
    let lock = read(&pnpm, "pnpm-lock.yaml");
    assert!(lock.contains(&format!("{NAME}@1.1.0")), "{lock}");

    let yarn = stage.app("yarn", &wanted);
    stage.home.write("yarn/yarn.lock", "");
    stage.yarn(&yarn, &["install"]).ok();
    let lock = read(&yarn, "yarn.lock");
    assert!(lock.contains(&format!("{NAME}@npm:1.1.0")), "{lock}");

    assert_eq!(upstream.hits(&format!("/{NAME}/-/{NAME}-1.1.0.tgz")), 1);
    assert_eq!(upstream.hits(&format!("/{NAME}/-/{NAME}-2.0.0.tgz")), 0);
}

#[test]
fn an_exact_pin_on_a_withheld_release_is_refused_and_npm_says_why() {
    let (stage, _upstream) = guarded();
    let app = stage.app("app", &json!({ NAME: "2.0.0" }));
    let refused =
        stage.npm(&app, &["install"]).fails().says("E403").says("due to policy violations");
    refused.says("2.0.0 is younger than 3 days").says("/withheld/npm/left-lib@2.0.0");
    stage.pnpm(&app, &["install"]).fails().says("ERR_PNPM_NO_MATCHING_VERSION");
    stage.home.write("app/yarn.lock", "");
    stage.yarn(&app, &["install"]).fails().says("No candidates found");
    // Asked for by name, the version's own address says why.
    let answer = stage.ask("GET", &format!("/{NAME}/2.0.0"), b"");
    assert_eq!(answer.status, 403, "{}", answer.text());
    assert!(answer.text().contains("policy.cooldown"), "{}", answer.text());
}

#[test]
fn a_lock_file_that_names_a_release_denied_since_shows_the_reason() {
    let upstream = upstream::start();
    let stage = Stage::with_config(&upstream::config(&upstream));
    let wanted = json!({ NAME: "1.2.0" });
    let [npm, pnpm, yarn] = ["npm", "pnpm", "yarn"].map(|folder| stage.app(folder, &wanted));
    stage.home.write("yarn/yarn.lock", "");
    stage.npm(&npm, &["install"]).ok();
    stage.pnpm(&pnpm, &["install", "--no-frozen-lockfile"]).ok();
    stage.yarn(&yarn, &["install"]).ok();

    let reason = "steals tokens, see ticket 7";
    let denied = format!("pkg:npm/{NAME}@1.2.0");
    stage.server.cli(&["policy", "deny", &denied, "--reason", reason]).ok();
    wait_for_policy(&stage);
    let empty = stage.home.dir("empty").display().to_string();
    let says_why = |ran: Ran| {
        ran.fails().says("403").says(reason).says("/withheld/npm/left-lib");
    };
    says_why(stage.npm(&npm, &["ci", "--cache", &empty]));
    std::fs::remove_dir_all(pnpm.join("node_modules")).unwrap();
    says_why(stage.pnpm(&pnpm, &["install", "--frozen-lockfile", "--store-dir", &empty]));
    stage.yarn(&yarn, &["cache", "clean", "--all"]).ok();
    says_why(stage.yarn(&yarn, &["install", "--immutable"]));
}

#[test]
fn a_package_that_is_withheld_as_a_whole_shows_the_reason_in_each_client() {
    let upstream = upstream::start();
    let stage = Stage::with_config(&upstream::config(&upstream));
    let reason = "taken over, see ticket 8";
    stage.server.cli(&["policy", "deny", "pkg:npm/left-lib", "--reason", reason]).ok();
    let app = stage.app("app", &json!({ NAME: "*" }));
    stage.home.write("app/yarn.lock", "");
    while stage.ask("GET", "/left-lib", b"").status != 403 {
        std::thread::yield_now();
    }
    stage.npm(&app, &["install"]).fails().says("E403").says(reason);
    stage.pnpm(&app, &["install"]).fails().says("403").says(reason);
    stage.yarn(&app, &["install"]).fails().says("403").says(reason);
    assert_eq!(upstream.hits("/left-lib/-/left-lib-1.0.0.tgz"), 0);
}

#[test]
fn a_tarball_that_is_not_the_one_the_upstream_promised_is_not_installed() {
    let (stage, upstream) = guarded();
    let path = format!("/{NAME}/-/{NAME}-1.1.0.tgz");
    let other = vouchsafe_testkit::packages::npm_tarball(NAME, "1.0.0");
    upstream.on(&path, Reply::ok("application/octet-stream", other));
    let app = stage.app("app", &json!({ NAME: "1.1.0" }));
    stage.npm(&app, &["install", "--fetch-retries=0"]).fails();
    assert!(!app.join("node_modules/left-lib/package.json").exists());
}

#[test]
fn a_name_of_the_upstream_cannot_be_shadowed_by_accident() {
    let (stage, _upstream) = guarded();
    let dir = stage.package("mine", NAME, "9.0.0");
    let refused = stage.npm(&dir, &["publish"]).fails();
    refused.says("exists upstream").says("vouchsafe claim add pkg:npm/left-lib");
}

/// The restrictions are for wishes that nothing else satisfies, and for nothing else.
#[test]
fn restrictions_change_nothing_for_whoever_can_do_without_the_withheld_release() {
    let (stage, _upstream) = guarded();
    let ranges = ["^1.0.0", ">=1.0.0", "latest", "stable", "1.1.0", ">=1.1.0 || ^2.0.0"];
    for (place, range) in ranges.into_iter().enumerate() {
        let app = stage.app(&format!("app-{place}"), &json!({ NAME: range }));
        let installed = stage.npm(&app, &["install"]).ok();
        assert_eq!(stage.installed(&app, NAME), "1.1.0", "{range}");
        assert!(!installed.text().contains("policy"), "{}", installed.text());
    }
    let app = stage.home.dir("app-0");
    let range = stage.app("range", &json!({ NAME: "^2.0.0" }));
    stage.npm(&range, &["install"]).fails().says("E403").says("is younger than 3 days");
    let denied = stage.app("denied", &json!({ NAME: "~1.2.0" }));
    stage.npm(&denied, &["install"]).fails().says("E403").says("steals tokens, see ticket 7");
    stage.npm(&app, &["install", "left-lib@9.9.9"]).fails().says("ETARGET");
    stage.npm(&app, &["outdated"]).ok();
    let versions = stage.npm(&app, &["view", NAME, "versions", "--json"]).ok().stdout;
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&versions).unwrap(),
        json!(["1.0.0", "1.1.0"])
    );
    stage.npm(&app, &["ci"]).ok();
}

/// npm sends the whole packument back when it changes something.
#[test]
fn a_maintainer_whose_release_is_withheld_can_still_deprecate_tag_and_unpublish() {
    let stage = Stage::new();
    for version in ["1.0.0", "1.1.0", "1.2.0"] {
        stage.publish(NAME, version);
    }
    let denied = format!("pkg:npm/{NAME}@1.2.0");
    stage.server.cli(&["policy", "deny", &denied, "--reason", "see ticket 7"]).ok();
    wait_for_policy(&stage);
    stage.npm_anywhere(&["deprecate", "left-lib@1.0.0", "pads on the wrong side"]).ok();
    stage.npm_anywhere(&["owner", "ls", NAME]).ok().says("ann");
    stage.npm_anywhere(&["dist-tag", "add", "left-lib@1.0.0", "stable"]).ok();
    stage.npm_anywhere(&["unpublish", "left-lib@1.1.0", "--force"]).ok();
    let packument = stage.packument(NAME);
    assert_eq!(packument["versions"]["1.0.0"]["deprecated"], "pads on the wrong side");
    assert!(packument["versions"].get("1.1.0").is_none());
    assert!(packument["policyRestrictions"]["versions"].get("1.2.0").is_some());
}
