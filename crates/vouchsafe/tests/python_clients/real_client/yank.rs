//! `vouchsafe yank`: the Python tools have no command for it, the operator has.

use crate::stage::Stage;

#[test]
fn a_yanked_release_is_passed_by_unless_it_is_pinned() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "");
    stage.publish("demo", "1.1", "");
    let reason = "writes to the \"wrong\" <folder>";
    let yank = stage.server.cli(&["yank", "pkg:pypi/Demo@1.1.0", "--reason", reason]);
    yank.ok().says("yanked pkg:pypi/demo@1.1");
    stage.wait_for("demo", |page| page["files"][1]["yanked"] == reason);

    stage.pip_install("pip", &["demo"]).ok();
    stage.has("pip", "demo-1.0.dist-info");
    stage.pip_install("pip-pinned", &["demo==1.1"]).ok().says(reason);
    stage.has("pip-pinned", "demo-1.1.dist-info");
    stage.uv_install("uv", &["demo"]).ok();
    stage.has("uv", "demo-1.0.dist-info");
    stage.uv_install("uv-pinned", &["demo==1.1"]).ok().says("is yanked");
    stage.uv_install("uv-range", &["demo>1.0"]).fails().says(reason);

    stage.server.cli(&["yank", "pkg:pypi/demo@1.1", "--undo"]).ok();
    stage.wait_for("demo", |page| page["files"][1]["yanked"] == false);
    stage.pip_install("again", &["demo"]).ok();
    stage.has("again", "demo-1.1.dist-info");
}

#[test]
fn the_json_api_names_the_newest_release_that_is_not_yanked() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "");
    stage.publish("demo", "1.1", "");
    stage.server.cli(&["yank", "pkg:pypi/demo@1.1"]).ok();
    stage.wait_for("demo", |page| page["files"][1]["yanked"] == true);
    let address = stage.server.address();
    let project = vouchsafe_testkit::http::get(address, "/pypi/demo/json").json();
    assert_eq!(project["info"]["version"], "1.0");
    let release = vouchsafe_testkit::http::get(address, "/pypi/demo/1.1/json").json();
    assert_eq!(release["info"]["yanked"], true);
}

#[test]
fn npm_clients_read_the_reason_as_a_deprecation() {
    let stage = Stage::new("");
    let bearer = format!("Bearer {}", stage.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let address = stage.server.address();
    let body = vouchsafe_testkit::packages::npm_publish_body("left", "1.0.0");
    let put = vouchsafe_testkit::http::send(address, "PUT", "/npm/left", &headers, &body);
    assert!(put.status < 300, "{}", put.text());
    stage.server.cli(&["yank", "pkg:npm/left@1.0.0", "--reason", "use right"]).ok();
    let started = std::time::Instant::now();
    loop {
        let page = vouchsafe_testkit::http::get(address, "/npm/left").json();
        if page["versions"]["1.0.0"]["deprecated"] == "use right" {
            break;
        }
        assert!(started.elapsed().as_secs() < 60, "never deprecated: {page}");
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_yanked_is_said_plainly() {
    let stage = Stage::new("");
    stage.publish("demo", "1.0", "");
    let yank = |purl: &str| stage.server.cli(&["yank", purl]).fails();
    yank("pkg:pypi/demo").says("pkg:pypi/demo@1.0.0");
    yank("pkg:pypi/demo@2.0").says("pkg:pypi/demo@2.0 was not found");
    yank("pkg:pypi/other@1.0").says("pkg:pypi/other (published here) was not found");
    yank("pkg:pypi/demo@not a version").says("`not a version` is not a valid version");
    yank("pkg:cobol/demo@1.0").says("no ecosystem `cobol`");
    yank("demo@1.0").says("is not a package URL");
}
