//! A registry that is read only by who has signed in (`access.read = "signed-in"`).

use vouchsafe_testkit::{Ran, http};

use crate::stage::{Krate, Stage, cargo_as};

const SIGNED_IN: &str = "[access]\nread = \"signed-in\"\n";

#[test]
fn cargo_signs_in_when_it_is_asked_to() {
    let stage = Stage::new(SIGNED_IN);
    let lib =
        stage.krate("secret-lib", "0.1.0").file("src/lib.rs", "pub const ANSWER: u32 = 42;\n");
    lib.write().cargo(&["publish"]).ok().says("Published secret-lib v0.1.0");
    let app = stage.krate("secret-app", "0.1.0");
    let app = app
        .manifest("[dependencies]\nsecret-lib = { version = \"0.1\", registry = \"vouchsafe\" }")
        .write();
    app.cargo(&["build"]).ok().says("Downloaded secret-lib v0.1.0");

    // Through source replacement, in a home that has never asked before.
    let fresh = stage.another_home(Some(&stage.token));
    let replaced = Krate::new(&fresh, "replaced-app", "0.1.0")
        .manifest("[dependencies]\nsecret-lib = \"0.1\"")
        .write();
    replaced.cargo(&["build"]).ok().says("Downloaded secret-lib v0.1.0");
    replaced.cargo(&["search", "secret"]).ok().says("secret-lib = \"0.1.0\"");
    replaced.cargo(&["owner", "--list", "secret-lib"]).ok().says("alice");
}

#[test]
fn without_a_token_cargo_says_how_to_get_one() {
    let stage = Stage::new(SIGNED_IN);
    stage.publish("secret-lib", "0.1.0");
    let stranger = stage.another_home(None);
    let app = Krate::new(&stranger, "app", "0.1.0")
        .manifest("[dependencies]\nsecret-lib = \"0.1\"")
        .write();
    let ran = app.cargo(&["build"]).fails().says("please run `cargo login --registry vouchsafe`");
    assert!(
        !ran.text().contains("no matching package"),
        "absence is not what is wrong:\n{}",
        ran.text()
    );

    let login = || {
        let mut login = stranger.command("cargo");
        login.args(["login", "--registry", "vouchsafe"]).current_dir(&app.dir);
        login
    };
    Ran::with_input(login(), "").fails().says(&format!("{}/me", stage.server.url()));
    Ran::with_input(login(), &format!("{}\n", stage.token)).ok();
    app.cargo(&["build"]).ok();
}

#[test]
fn a_wrong_token_is_refused_and_the_reason_printed() {
    let stage = Stage::new(SIGNED_IN);
    stage.publish("secret-lib", "0.1.0");
    let home = stage.another_home(None);
    let app =
        Krate::new(&home, "app", "0.1.0").manifest("[dependencies]\nsecret-lib = \"0.1\"").write();
    let ran = cargo_as(&home, &app.dir, "vsf_wrong", &["build"]).fails();
    ran.says("token rejected for `vouchsafe`")
        .says("please run `cargo login --registry vouchsafe`");
}

#[test]
fn a_token_for_one_crate_reads_that_crate() {
    let stage = Stage::new(SIGNED_IN);
    stage.publish("team-lib", "0.1.0");
    stage.publish("board-lib", "0.1.0");
    let token = stage.server.token("alice", &["--scope", "read", "--package", "pkg:cargo/team*"]);
    let home = stage.another_home(Some(&token));
    let user = |folder: &str, dependency: &str| {
        let user = Krate::new(&home, folder, "0.1.0");
        user.manifest(&format!("[dependencies]\n{dependency} = \"0.1\"")).write().cargo(&["fetch"])
    };
    user("team-app", "team-lib").ok();
    user("board-app", "board-lib").fails().says("this token is not for pkg:cargo/board-lib");
}

#[test]
fn nothing_is_told_without_a_token() {
    let stage = Stage::new(SIGNED_IN);
    stage.publish("secret-lib", "0.1.0");
    let address = stage.server.address();
    for target in [
        "/cargo/index/config.json",
        "/cargo/index/se/cr/secret-lib",
        "/cargo/index/ab/se/absent-lib",
        "/cargo/api/v1/crates/secret-lib/0.1.0/download",
        "/cargo/api/v1/crates/absent-lib/0.1.0/download",
        "/cargo/api/v1/crates?q=secret",
        "/cargo/api/v1/crates/secret-lib/owners",
        "/cargo/api/v1/crates/absent-lib/owners",
    ] {
        let answer = http::get(address, target);
        assert_eq!(answer.status, 401, "{target}");
        let challenge = format!("Cargo login_url=\"{}/me\"", stage.server.url());
        assert_eq!(answer.header("www-authenticate"), Some(challenge.as_str()), "{target}");
        let bearer = format!("Bearer {}", stage.token);
        for authorization in [stage.token.as_str(), &bearer] {
            let answer =
                http::send(address, "GET", target, &[("authorization", authorization)], b"");
            let expected = if target.contains("absent") { 404 } else { 200 };
            assert_eq!(answer.status, expected, "{target} with a token");
            if answer.status == 200 && !target.contains("/api/v1/crates?") {
                let caching = answer.header("cache-control").unwrap();
                assert!(
                    caching.contains("private") || caching.contains("no-store"),
                    "{target}: {caching}"
                );
            }
        }
    }
    let config = http::send(
        address,
        "GET",
        "/cargo/index/config.json",
        &[("authorization", &stage.token)],
        b"",
    );
    assert_eq!(config.json()["auth-required"], true);
}
