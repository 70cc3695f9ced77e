//! Releases that policy withholds: what is resolved instead, and where the reason is printed.

use vouchsafe_testkit::http::{self, Answer};
use vouchsafe_testkit::packages;

use crate::sparse_upstream::{COOLDOWN, OLD, SparseUpstream, YOUNG};
use crate::stage::{Krate, Project, Stage};

/// Where the index has `fast-mover`.
const PATH: &str = "fa/st/fast-mover";

/// A stage whose upstream has `fast-mover` 1.0.0 (old) and 1.1.0 (young).
fn stage(more_config: &str) -> (SparseUpstream, Stage) {
    let upstream = SparseUpstream::start();
    upstream.add("fast-mover", "1.0.0", OLD);
    upstream.add("fast-mover", "1.1.0", YOUNG);
    let stage = Stage::new(&format!("{}{more_config}", upstream.config()));
    (upstream, stage)
}

fn user<'a>(stage: &'a Stage, folder: &str, requirement: &str) -> Krate<'a> {
    let line = format!("[dependencies]\nfast-mover = \"{requirement}\"");
    stage.krate(folder, "0.1.0").manifest(&line)
}

/// A lock file that was made before policy said anything.
fn locked_before(upstream: &SparseUpstream) -> String {
    let free = Stage::new(&upstream.config());
    let user = user(&free, "user", "1").write();
    user.cargo(&["generate-lockfile"]).ok();
    assert_eq!(user.locked("fast-mover"), "1.1.0");
    user.lock()
}

fn deny(stage: &Stage, purl: &str, reason: &str) {
    let is_denied =
        |index: &Answer| index.status == 403 || index.text().contains("\"yanked\":true");
    stage.cli_until(&["policy", "deny", purl, "--reason", reason], PATH, is_denied);
}

fn cooldown() -> String {
    format!("[policy]\ncooldown = \"{COOLDOWN}\"\n")
}

#[track_caller]
fn check_build_is_refused(project: &Project<'_>, stage: &Stage, reason: &str) {
    let ran = project.cargo(&["build", "--locked"]).fails();
    let page = format!("{}/withheld/cargo/fast-mover@1.1.0", stage.server.url());
    ran.says("got 403").says(reason).says(&page);
}

#[test]
fn a_young_release_is_passed_by() {
    let (_upstream, stage) = stage(&cooldown());
    let user = user(&stage, "user", "1").write();
    user.cargo(&["build"]).ok().says("Downloaded fast-mover v1.0.0");
    assert_eq!(user.locked("fast-mover"), "1.0.0");
}

#[test]
fn who_has_locked_a_young_release_reads_why_and_until_when() {
    let (upstream, stage) = stage(&cooldown());
    let lock = locked_before(&upstream);
    let user = user(&stage, "user", "1").file("Cargo.lock", &lock).write();
    let reason =
        "pkg:cargo/fast-mover@1.1.0 is younger than 7700 days and will be served from 2045-";
    check_build_is_refused(&user, &stage, reason);

    let exempt = ["policy", "exempt", "pkg:cargo/fast-mover@1.1.0", "--reason", "a fix we need"];
    stage.cli_until(&exempt, PATH, |index| !index.text().contains("\"yanked\":true"));
    user.cargo(&["build", "--locked"]).ok().says("Downloaded fast-mover v1.1.0");
}

#[test]
fn who_pins_a_young_release_without_a_lock_file_gets_no_other() {
    let (_upstream, stage) = stage(&cooldown());
    let user = user(&stage, "user", "=1.1.0").write();
    // The index has no place for a reason: Cargo knows only that a version is not to be chosen.
    user.cargo(&["build"]).fails().says("version 1.1.0 is yanked");
}

#[test]
fn a_denied_release_is_passed_by_and_refused_with_the_operators_words() {
    let (upstream, stage) = stage("");
    let lock = locked_before(&upstream);
    let reason = "steals credentials";
    deny(&stage, "pkg:cargo/fast-mover@1.1.0", reason);
    let fresh = user(&stage, "fresh", "1").write();
    fresh.cargo(&["build"]).ok().says("Downloaded fast-mover v1.0.0");
    let locked = user(&stage, "locked", "1");
    let locked =
        locked.file("Cargo.lock", &lock.replace("name = \"user\"", "name = \"locked\"")).write();
    check_build_is_refused(&locked, &stage, reason);
}

#[test]
fn a_crate_that_is_withheld_as_a_whole_is_refused_where_it_is_looked_up() {
    let (_upstream, stage) = stage("");
    deny(&stage, "pkg:cargo/fast-mover", "abandoned, use slow-mover");
    let user = user(&stage, "user", "1").write();
    let ran = user.cargo(&["build"]).fails();
    ran.says("got 403").says("abandoned, use slow-mover").says("/withheld/cargo/fast-mover@1.1.0");
}

#[test]
fn a_crate_that_is_young_as_a_whole_says_when_it_comes() {
    let upstream = SparseUpstream::start();
    upstream.add("fast-mover", "0.1.0", YOUNG);
    let stage = Stage::new(&format!("{}{}", upstream.config(), cooldown()));
    let user = user(&stage, "user", "0.1").write();
    let ran = user.cargo(&["build"]).fails();
    ran.says("got 403").says("will be served from 2045-").says("/withheld/cargo/fast-mover@0.1.0");
}

#[test]
fn a_hosted_release_is_denied_like_any_other() {
    let stage = Stage::new("");
    stage.publish("fast-mover", "1.0.0");
    stage.publish("fast-mover", "1.1.0");
    let user = user(&stage, "user", "1").write();
    user.cargo(&["generate-lockfile"]).ok();
    deny(&stage, "pkg:cargo/fast-mover@1.1.0", "under review");
    check_build_is_refused(&user, &stage, "under review");
    user.cargo(&["update"]).ok();
    user.cargo(&["build", "--locked"]).ok().says("Downloaded fast-mover v1.0.0");
}

#[test]
fn owners_can_go_on_publishing_while_their_crate_is_withheld() {
    let stage = Stage::new("[policy]\ncooldown = \"3d\"\ncool_hosted = true\n");
    // Not through `cargo publish`: it waits a minute for the version to be there.
    let body = packages::krate_publish_body("fast-mover", "1.0.0");
    let headers = [("authorization", stage.token.as_str())];
    let address = stage.server.address();
    let answer = http::send(address, "PUT", "/cargo/api/v1/crates/new", &headers, &body);
    assert_eq!(answer.status, 200, "{}", answer.text());
    let warnings = answer.json()["warnings"]["other"].to_string();
    let told = "pkg:cargo/fast-mover@1.0.0 is younger than 3 days and will be served from";
    assert!(warnings.contains(told), "{warnings}");

    assert_eq!(stage.index_lines(PATH)[0]["yanked"], true);
    let next = stage.krate("fast-mover", "1.0.1").write();
    next.cargo(&["publish", "--dry-run", "--no-verify"])
        .ok()
        .says("aborting upload due to dry run");
    stage.krate("fast-mover", "1.0.0").write().publish().fails().says("already exists");
    let user = user(&stage, "user", "1").write();
    user.cargo(&["build"]).fails().says("version 1.0.0 is yanked");
}
