//! `cargo yank`: what resolution and lock files do.

use crate::stage::{Stage, cargo_as};

#[test]
fn a_yanked_version_is_not_chosen_but_stays_for_who_has_locked_it() {
    let stage = Stage::new("");
    stage.publish("shaky", "1.0.0");
    stage.publish("shaky", "1.1.0");
    let dependency = "[dependencies]\nshaky = { version = \"1\", registry = \"vouchsafe\" }";
    let locked = stage.krate("locked-user", "0.1.0").manifest(dependency).write();
    locked.cargo(&["generate-lockfile"]).ok();
    assert_eq!(locked.locked("shaky"), "1.1.0");

    let home = stage.home.home();
    let cargo = |args: &[&str]| stage.home.run(home, "cargo", args);
    cargo(&["yank", "shaky@1.1.0", "--registry", "vouchsafe"]).ok().says("Yank shaky@1.1.0");
    let yanked: Vec<_> =
        stage.index_lines("sh/ak/shaky").iter().map(|l| l["yanked"].clone()).collect();
    assert_eq!(yanked, [false, true]);

    let fresh = stage.krate("fresh-user", "0.1.0").manifest(dependency).write();
    fresh.cargo(&["generate-lockfile"]).ok();
    assert_eq!(fresh.locked("shaky"), "1.0.0");
    // Another machine, with nothing cached: the locked version is still downloaded.
    let elsewhere = stage.another_home(None);
    let clone = crate::stage::Krate::new(&elsewhere, "locked-user", "0.1.0");
    let clone = clone.manifest(dependency).file("Cargo.lock", &locked.lock()).write();
    clone.cargo(&["build", "--locked"]).ok().says("Downloaded shaky v1.1.0");
    locked.cargo(&["update"]).ok();
    assert_eq!(locked.locked("shaky"), "1.0.0", "an update leaves the yanked version");

    cargo(&["yank", "shaky@1.1.0", "--undo", "--registry", "vouchsafe"])
        .ok()
        .says("Unyank shaky@1.1.0");
    fresh.cargo(&["update"]).ok();
    assert_eq!(fresh.locked("shaky"), "1.1.0");
}

#[test]
fn a_crate_with_every_version_yanked_says_so() {
    let stage = Stage::new("");
    stage.publish("gone-bad", "1.0.0");
    stage.home.run(stage.home.home(), "cargo", &["yank", "gone-bad@1.0.0"]).ok();
    let user = stage.krate("unlucky", "0.1.0").manifest("[dependencies]\ngone-bad = \"1\"").write();
    user.cargo(&["generate-lockfile"]).fails().says("version 1.0.0 is yanked");
}

#[test]
fn yanking_needs_an_owner_and_something_to_yank() {
    let stage = Stage::new("");
    stage.publish("stable", "1.0.0");
    let bob = stage.server.user_and_token("bob");
    let home = stage.home.home();
    cargo_as(&stage.home, home, &bob, &["yank", "stable@1.0.0"])
        .fails()
        .says("only its owners may");
    let cargo = |args: &[&str]| stage.home.run(home, "cargo", args);
    cargo(&["yank", "stable@1.0.1"]).fails().says("pkg:cargo/stable@1.0.1 was not found");
    cargo(&["yank", "absent-crate@1.0.0"]).fails().says("status 404");
    // Twice is as good as once, in both directions.
    for args in [["yank", "stable@1.0.0"].as_slice(), &["yank", "--undo", "stable@1.0.0"]] {
        cargo(args).ok();
        cargo(args).ok();
    }
    assert_eq!(stage.index_lines("st/ab/stable")[0]["yanked"], false);
}
