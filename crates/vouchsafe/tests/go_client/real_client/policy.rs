//! Withheld, denied and missing modules, as a person at a terminal meets them.

use vouchsafe_testkit::FakeUpstream;

use crate::modules::{LONG_AGO, Module, an_hour_ago};
use crate::stage::{Developer, config, eventually, get, start};

const MODULE: &str = "corp.example/lib";

#[test]
fn an_older_version_is_resolved_while_the_newest_is_cooling_down() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0", "v1.1.0", "v1.2.0"]);
    module.version("v1.0.0", LONG_AGO);
    module.version("v1.1.0", LONG_AGO);
    module.version("v1.2.0", &an_hour_ago());
    let server = start(config(&upstream, "[policy]\ncooldown = \"3d\"\n"));
    let developer = Developer::at(&server);
    let versions = developer.go_unlisted(&["list", "-m", "-versions", MODULE]).ok().stdout;
    assert_eq!(versions.trim(), "corp.example/lib v1.0.0 v1.1.0");
    developer.go_unlisted(&["get", &format!("{MODULE}@latest")]).ok();
    assert_eq!(developer.required(MODULE), "v1.1.0");
    let pinned = developer.go_unlisted(&["get", &format!("{MODULE}@v1.2.0")]).fails();
    pinned
        .says("v1.2.0.info: 403")
        .says("server response:")
        .says("pkg:golang/corp.example/lib@v1.2.0 is younger than 3 days")
        .says(&format!("See {}/withheld/golang/corp.example/lib@v1.2.0", server.url()));
    developer.start_over("\nrequire corp.example/lib v1.2.0\n");
    developer.go_unlisted(&["mod", "download"]).fails().says("is younger than 3 days");
}

#[test]
fn a_denied_release_is_not_resolved_any_more_and_the_reason_is_shown() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0", "v1.1.0"]);
    module.version("v1.0.0", LONG_AGO);
    module.version("v1.1.0", LONG_AGO);
    let server = start(config(&upstream, ""));
    let developer = Developer::at(&server);
    developer.go_unlisted(&["get", MODULE]).ok();
    assert_eq!(developer.required(MODULE), "v1.1.0");
    let deny = ["policy", "deny", "pkg:golang/corp.example/lib@v1.1.0", "--reason", "steals keys"];
    server.cli(&deny).ok();
    eventually("the server refuses it", || {
        get(&server, "corp.example/lib/@v/v1.1.0.zip").status == 403
    });
    developer.forget_modules();
    let download = developer.go_unlisted(&["mod", "download"]).fails();
    download.says("is denied by this registry: steals keys");
    developer.start_over("");
    developer.go_unlisted(&["get", MODULE]).ok();
    assert_eq!(developer.required(MODULE), "v1.0.0");
}

#[test]
fn a_pseudo_version_comes_with_what_it_requires() {
    const COMMIT: &str = "v0.0.0-20200517100000-0123456789ab";
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&[]);
    module.info("latest", COMMIT, LONG_AGO);
    module.info("main", COMMIT, LONG_AGO);
    module.version_requiring(COMMIT, LONG_AGO, "\nrequire corp.example/base v1.0.0\n");
    let base = Module::on(&upstream, "corp.example/base");
    base.list(&["v1.0.0"]);
    base.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, "[policy]\ncooldown = \"3d\"\n"));
    let developer = Developer::at(&server);
    for query in ["latest", "main"] {
        developer.start_over("");
        developer.go_unlisted(&["get", &format!("{MODULE}@{query}")]).ok();
        assert_eq!(developer.required(MODULE), COMMIT);
    }
    developer.go_unlisted(&["list", "-m", "all"]).ok().says("corp.example/base v1.0.0");
}

#[test]
fn a_module_that_nobody_has_is_not_found() {
    let upstream = FakeUpstream::start();
    let server = start(config(&upstream, ""));
    let developer = Developer::at(&server);
    let unknown = developer.go_unlisted(&["get", "corp.example/nothing"]).fails();
    unknown.says("pkg:golang/corp.example/nothing was not found");
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let missing = developer.go_unlisted(&["get", &format!("{MODULE}@v7.0.0")]).fails();
    missing.says("server response:").says("was not found");
}

#[test]
fn a_private_registry_says_what_is_missing() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, MODULE);
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, "[access]\nread = \"signed-in\"\n"));
    let developer = Developer::at(&server);
    let token = server.user_and_token("alice");
    let login = format!("machine {}\nlogin __token__\npassword {token}\n", server.address());
    developer.home.write(".netrc", &login);
    let refused = developer.go_unlisted(&["get", MODULE]).fails();
    refused.says("401").says("server response:").says("auth.required");
    assert_eq!(upstream.all_hits(), 0, "nobody is asked for somebody without a token");
}
