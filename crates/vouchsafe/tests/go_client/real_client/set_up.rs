//! `vouchsafe client setup golang` and what `go` makes of it.

use vouchsafe_testkit::{FakeUpstream, Ran};

use crate::modules::{LONG_AGO, Module};
use crate::stage::{BINARY, Developer, config, start};

#[test]
fn go_fetches_from_the_registry_after_the_set_up_and_from_nowhere_else() {
    let upstream = FakeUpstream::start();
    let module = Module::on(&upstream, "corp.example/lib");
    module.list(&["v1.0.0"]);
    module.version("v1.0.0", LONG_AGO);
    let server = start(config(&upstream, ""));
    let developer = Developer::unprepared();
    let token = server.user_and_token("alice");
    let setup = |token: &str| {
        let mut setup = developer.home.command(BINARY);
        setup.args(["client", "setup", "golang", "--url", &server.url(), "--token", token]);
        Ran::of(setup)
    };
    setup(&token).ok().says("Go sends no credential over plain http").says("GONOSUMDB");
    setup(&token).ok().says("everything was set up already");
    assert!(!developer.home.home().join(".netrc").exists(), "a token lies about for nothing");
    let proxy = developer.go(&["env", "GOPROXY"]).ok().stdout;
    assert_eq!(proxy.trim(), format!("{}/golang", server.url()));
    developer.go_unlisted(&["get", "corp.example/lib"]).ok();
    assert_eq!(developer.required("corp.example/lib"), "v1.0.0");
}
