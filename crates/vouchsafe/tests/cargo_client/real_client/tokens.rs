//! Publishing with tokens that may not, and what Cargo prints then.

use vouchsafe_testkit::{Ran, Sandbox, http};

use crate::stage::{BINARY, Krate, Project, Stage, cargo_as};

/// A stage where alice owns `guarded` 0.1.0 and has 0.1.1 on disk.
fn guarded() -> Stage {
    let stage = Stage::new("");
    stage.publish("guarded", "0.1.0");
    stage
}

#[track_caller]
fn check(stage: &Stage, token: &str, expected: &str) {
    let next = stage.krate("guarded", "0.1.1").write();
    let ran = next.publish_as(token).fails();
    let ran = ran.says("failed to publish guarded v0.1.1 to registry at").says(expected);
    ran.says(&format!("(see {}/errors/auth.", stage.server.url()));
    assert_eq!(stage.index_lines("gu/ar/guarded").len(), 1, "nothing was published");
}

#[test]
fn a_token_that_is_unknown_revoked_or_expired_is_refused_without_saying_which() {
    let stage = guarded();
    let refused = "(status 401 Unauthorized): the credential was not accepted: it is unknown, expired or revoked";
    check(&stage, "vsf_nonsense", refused);

    let revoked = stage.server.token("alice", &["--name", "to revoke"]);
    let list = stage.server.cli(&["token", "list", "--user", "alice", "--json"]).ok();
    let list: serde_json::Value = serde_json::from_str(&list.stdout).unwrap();
    let entry = list.as_array().unwrap().iter().find(|entry| entry["name"] == "to revoke").unwrap();
    let id = entry["id"].as_str().unwrap();
    stage.server.cli(&["token", "revoke", id, "--user", "alice"]).ok();
    check(&stage, &revoked, refused);

    let expired = stage.server.token("alice", &["--name", "to expire"]);
    let_expire(&stage, "to expire");
    check(&stage, &expired, refused);
}

/// Moves the end of a token into the past: waiting for it is no test.
fn let_expire(stage: &Stage, name: &str) {
    let script = format!(
        "import sqlite3, sys\n\
         store = sqlite3.connect(sys.argv[1], timeout=60)\n\
         with store: assert store.execute(\"UPDATE tokens SET expires_at = 1 WHERE name = '{name}'\").rowcount == 1\n"
    );
    let database = std::fs::read_dir(stage.server.data_dir()).unwrap().map(|e| e.unwrap().path());
    let database = database
        .into_iter()
        .find(|path| path.extension().is_some_and(|e| e == "sqlite" || e == "db"));
    let database = database.expect("the data folder has a database").display().to_string();
    stage.home.run(stage.home.home(), "python3", &["-c", &script, &database]).ok();
}

#[test]
fn a_token_may_do_what_its_scopes_and_packages_say_and_no_more() {
    let stage = guarded();
    let may = |args: &[&str]| stage.server.token("alice", args);
    let read = may(&["--scope", "read"]);
    check(
        &stage,
        &read,
        "(status 403 Forbidden): this token has neither the scope publish-new nor publish-update",
    );
    let new = may(&["--scope", "publish-new"]);
    check(&stage, &new, "(status 403 Forbidden): this token lacks the scope `publish-update`");
    let other = may(&["--package", "pkg:cargo/other*"]);
    check(&stage, &other, "(status 403 Forbidden): this token is not for pkg:cargo/guarded");

    let limits = ["--scope", "publish-update", "--package", "pkg:cargo/guard*"];
    let update = may(&[limits.as_slice(), &["--expires-days", "30"]].concat());
    let fresh = stage.krate("guard-rail", "0.1.0").write();
    fresh.publish_as(&update).fails().says("this token lacks the scope `publish-new`");
    let next = stage.krate("guarded", "0.1.1").write();
    next.publish_as(&update).ok();
    cargo_as(&stage.home, &next.dir, &update, &["yank", "guarded@0.1.1"])
        .fails()
        .says("this token lacks the scope `yank`");
    cargo_as(&stage.home, &next.dir, &update, &["owner", "--add", "alice"])
        .fails()
        .says("this token lacks the scope `owners`");
}

#[test]
fn the_token_of_somebody_else_is_refused_by_name() {
    let stage = guarded();
    let bob = stage.server.user_and_token("bob");
    check(&stage, &bob, "`bob` may not publish pkg:cargo/guarded: only its owners may");
}

#[test]
fn cargo_login_takes_a_token_on_standard_input_and_logout_forgets_it() {
    let stage = Stage::new("");
    let home = stage.another_home(None);
    let krate = Krate::new(&home, "logged-in", "0.1.0").write();
    krate.publish().fails().says("please run `cargo login --registry vouchsafe`");

    let mut login = home.command("cargo");
    login.args(["login", "--registry", "vouchsafe"]).current_dir(home.home());
    let page = format!("{}/cargo/me", stage.server.url());
    let ran = Ran::with_input(login, &format!("{}\n", stage.token)).ok();
    ran.says("token for `vouchsafe` saved");
    krate.publish().ok();

    let mut login = home.command("cargo");
    login.args(["login", "--registry", "vouchsafe"]).current_dir(home.home());
    Ran::with_input(login, "").fails().says(&page);
    // The page that Cargo names leads to where tokens are made.
    let answer = http::get(stage.server.address(), "/cargo/me");
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some(format!("{}/me", stage.server.url()).as_str()))
    );

    home.run(home.home(), "cargo", &["logout", "--registry", "vouchsafe"])
        .ok()
        .says("has been removed");
    let next = Krate::new(&home, "logged-in", "0.1.1").write();
    next.publish().fails().says("please run `cargo login --registry vouchsafe`");
}

#[test]
fn a_project_can_be_set_up_by_itself_and_does_not_publish_its_token() {
    let stage = Stage::new("");
    let home = Sandbox::new();
    // With a Git repository around it, as most crates have: Cargo then packages untracked files.
    home.run(home.home(), "cargo", &["new", "--lib", "--vcs", "git", "by-itself"]).ok();
    let krate = Project { home: &home, dir: home.home().join("by-itself") };
    let mut setup = home.command(BINARY);
    let url = stage.server.url();
    setup.args(["client", "setup", "cargo", "--url", &url, "--token", &stage.token, "--dir"]);
    Ran::of({
        setup.arg(&krate.dir);
        setup
    })
    .ok()
    .says(".gitignore keeps them out of version control");
    assert!(!home.home().join(".cargo/config.toml").exists(), "only the project is set up");
    let files = krate.cargo(&["package", "--list", "--allow-dirty"]).ok();
    assert!(!files.stdout.contains(".cargo"), "the token would be published:\n{}", files.stdout);
    krate.cargo(&["publish", "--no-verify", "--allow-dirty"]).ok();
}
